package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Service is a part that runs.
type Service interface {
	// Start returns when the part is ready for use, or why it cannot be. ctx
	// bounds only the start.
	Start(ctx context.Context) error
	// Stop drains and ends the part; ctx bounds how long it may take. A part
	// that was never started, or is stopped already, returns nil.
	Stop(ctx context.Context) error
}

// Named is a Service with the name that logs and health show.
type Named struct {
	Name string
	Service
}

// Group starts its parts in order and stops them in reverse order.
type Group struct {
	mu      sync.Mutex
	parts   []Named
	running []Named
}

// Add appends a part. Call it before Start.
func (g *Group) Add(name string, s Service) { g.parts = append(g.parts, Named{name, s}) }

// Start starts all parts; when one fails, those already running are stopped.
func (g *Group) Start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.parts[len(g.running):] {
		if err := p.Start(ctx); err != nil {
			err = fmt.Errorf("starting %s: %w", p.Name, err)
			return errors.Join(err, g.stop(context.WithoutCancel(ctx)))
		}
		g.running = append(g.running, p)
	}
	return nil
}

// Stop stops all running parts, the last started first, and reports all faults.
func (g *Group) Stop(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stop(ctx)
}

func (g *Group) stop(ctx context.Context) error {
	var errs []error
	for i := len(g.running) - 1; i >= 0; i-- {
		if err := g.running[i].Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", g.running[i].Name, err))
		}
	}
	g.running = nil
	return errors.Join(errs...)
}

// Func makes a Service of two functions; either may be nil.
type Func struct {
	OnStart func(context.Context) error
	OnStop  func(context.Context) error
}

func (f Func) Start(ctx context.Context) error {
	if f.OnStart == nil {
		return nil
	}
	return f.OnStart(ctx)
}

func (f Func) Stop(ctx context.Context) error {
	if f.OnStop == nil {
		return nil
	}
	return f.OnStop(ctx)
}
