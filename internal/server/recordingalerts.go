package server

import (
	"context"
	"log/slog"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// recordingAlerts tells floors that their tenants' recordings fare otherwise than
// before. It is a base/service part.
type recordingAlerts struct {
	made  *recording.Service
	floor recordingFloor
	log   *slog.Logger

	wake   chan struct{}
	cancel context.CancelFunc
	ended  chan struct{}
}

// recordingFloor looks at how recordings fare.
type recordingFloor interface {
	RecordingsChanged(ctx context.Context, t id.Tenant) error
}

func newRecordingAlerts(log *slog.Logger) *recordingAlerts {
	return &recordingAlerts{log: log, wake: make(chan struct{}, 1)}
}

// changed is recording.Service.Changed.
func (a *recordingAlerts) changed() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// of is floor.Deps.Recordings.
func (a *recordingAlerts) of(t id.Tenant) floor.RecordingStanding {
	return floor.RecordingStanding(a.made.Standings()[t])
}

// Start begins to tell.
func (a *recordingAlerts) Start(ctx context.Context) error {
	ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	a.ended = make(chan struct{})
	go a.run(ctx)
	return nil
}

// Stop ends it.
func (a *recordingAlerts) Stop(context.Context) error {
	if a.cancel == nil {
		return nil
	}
	a.cancel()
	<-a.ended
	a.cancel = nil
	return nil
}

func (a *recordingAlerts) run(ctx context.Context) {
	defer close(a.ended)
	told := map[id.Tenant]recording.Standing{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		now := a.made.Standings()
		for t := range told {
			if _, still := now[t]; !still {
				a.tell(ctx, t)
			}
		}
		for t, st := range now {
			if told[t] != st {
				a.tell(ctx, t)
			}
		}
		told = now
	}
}

// tell has a floor look. One that is not here looks when it is opened.
func (a *recordingAlerts) tell(ctx context.Context, t id.Tenant) {
	if err := a.floor.RecordingsChanged(ctx, t); err != nil && !errs.Is(err, errs.Unavailable) && !errs.Is(err, errs.NotFound) && ctx.Err() == nil {
		a.log.Error("a floor was not told how its recordings fare", "tenant", t, "code", errs.As(err).Code)
	}
}
