package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/server/drive"
)

// otherFiles are what the program and the bench have open besides sockets.
const otherFiles = 300

// visitorsMemory is what the server's memory grows by for each visitor who has
// begun a conversation, been asked by the flow, and keeps a socket open without
// a word: after the conversations were made, before anything was restarted.
func visitorsMemory(r *run) error {
	n, how, err := openFiles(r.visitors)
	if err != nil {
		return err
	}
	dir, err := r.installation("visitors")
	if err != nil {
		return err
	}
	p, err := r.serve(dir, "")
	if err != nil {
		return err
	}
	defer p.Kill()
	entry, err := r.demo.Entry("demo")
	if err != nil {
		return err
	}
	c := &company{Program: p, entry: entry}
	idle, err := r.settled(p.PID())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	spent, err := cpu(p.PID())
	if err != nil {
		return err
	}
	h := drive.Client()
	all := make([]*talker, n)
	var arrived sync.Map // of *talker
	go keepAlive(ctx, &arrived)
	err = each(n, 32, func(i int) (err error) {
		if all[i], err = c.arrive(ctx, h, fmt.Sprintf("v%d", i), ""); err == nil {
			arrived.Store(all[i], true)
		}
		return err
	})
	if err != nil {
		return err
	}
	now, err := cpu(p.PID())
	if err != nil {
		return err
	}
	var here atomic.Int64
	err = each(n, 64, func(i int) error {
		if err := all[i].live.Send(ctx, map[string]string{"type": "ping"}); err != nil {
			return err
		}
		for {
			b, err := all[i].live.Raw(ctx)
			if err != nil {
				return fmt.Errorf("%s is not connected: %w", all[i].name, err)
			}
			if bytes.Equal(b, []byte(`{"type":"pong"}`)) {
				here.Add(1)
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	full, err := r.settled(p.PID())
	if err != nil {
		return err
	}
	r.figure("visitors_memory", float64(full-idle)/1000/float64(n), "KB", atMost, 40,
		fmt.Sprintf("resident, a visitor; %d connected%s; %.0f MB before, %.0f MB with them", here.Load(), how, float64(idle)/1e6, float64(full)/1e6))
	r.figure("visitors_cpu", float64((now-spent).Microseconds())/float64(n), "µs", noGoal, 0, "server CPU to begin a conversation and connect")
	for _, t := range all {
		t.live.Close()
	}
	return nil
}

// keepAlive pings for every visitor as the widget does; the server drops a
// socket that is silent for long. A broken one is noticed later, by its reader.
func keepAlive(ctx context.Context, arrived *sync.Map) {
	tick := time.NewTicker(25 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		arrived.Range(func(t, _ any) bool {
			_ = t.(*talker).live.Send(ctx, map[string]string{"type": "ping"})
			return ctx.Err() == nil
		})
	}
}

// openFiles is how many sockets a process may have here: n, or what the system
// allows.
func openFiles(n int) (int, string, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, "", err
	}
	if uint64(n+otherFiles) > limit.Max {
		higher := syscall.Rlimit{Cur: uint64(n + otherFiles), Max: uint64(n + otherFiles)}
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &higher) != nil {
			return int(limit.Max) - otherFiles, fmt.Sprintf(", not %d: this machine allows %d open files", n, limit.Max), nil
		}
	}
	return n, "", nil
}

// agentsBack is how long it takes until every agent's live connection is back,
// and its desk fetched, after the server was told to stop and started again at
// the same address. Each comes back as the desk does: after the time that the
// server tells, then with back-off and jitter.
func agentsBack(r *run) error {
	n, how, err := openFiles(r.agents)
	if err != nil {
		return err
	}
	dir, err := r.installation("agents")
	if err != nil {
		return err
	}
	users, err := drive.Hire(r.ctx, dir, n)
	if err != nil {
		return err
	}
	listen, err := freeport.Address()
	if err != nil {
		return err
	}
	p, err := r.serve(dir, listen)
	if err != nil {
		return err
	}
	defer func() { p.Kill() }()
	ctx, cancel := context.WithTimeout(r.ctx, 5*time.Minute)
	defer cancel()
	h := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}, Timeout: time.Minute}
	all := make([]*returner, n)
	err = each(n, 32, func(i int) error {
		users[i].HTTP, users[i].Base = h, p.BaseURL
		all[i] = &returner{user: users[i]}
		return all[i].connect(ctx)
	})
	if err != nil {
		return err
	}
	began := time.Now()
	back := make(chan error, n)
	for _, a := range all {
		go func() { back <- a.comeBack(ctx) }()
	}
	if err := p.Stop(ctx); err != nil {
		return err
	}
	if p, err = r.serve(dir, listen); err != nil {
		return err
	}
	down := time.Since(began)
	for range n {
		if err := <-back; err != nil {
			return err
		}
	}
	took := time.Since(began)
	used, err := cpu(p.PID())
	if err != nil {
		return err
	}
	r.figure("agents_back", took.Seconds(), "s", atMost, 30,
		fmt.Sprintf("wall, from the stop, which with the start took %.1f s; %d agents with their desks fetched%s", down.Seconds(), n, how))
	r.figure("agents_back_cpu", float64(used.Microseconds())/float64(n), "µs", noGoal, 0, "server CPU an agent, start included")
	for _, a := range all {
		a.live.Close()
	}
	return nil
}
