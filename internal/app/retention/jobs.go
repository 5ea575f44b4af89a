package retention

import (
	"context"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/store"
)

// Handler does what a job is for. It may be called again for the same job after
// a fault or a crash. It may finish the job itself in the transaction of its
// effect (store.Tx.FinishJob); otherwise the service does afterwards.
type Handler func(ctx context.Context, job store.JobRow) error

// Handle says who does jobs of a kind. Call it before Start.
func (s *Service) Handle(kind string, h Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[kind] = h
}

// HandleApart is Handle for jobs that wait for systems outside, which may be slow: they hold
// up no others, and no round waits for them.
func (s *Service) HandleApart(kind string, h Handler) {
	s.Handle(kind, h)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apart[kind] = true
}

const (
	atOnce      = 4  // jobs of one node at the same time
	atOnceApart = 64 // those apart, beside them
	hold        = 5 * time.Minute
	// patience is how long one job may take: less than hold, so that nobody else
	// begins it meanwhile.
	patience = hold - 30*time.Second

	firstRetry = 5 * time.Second
	lastRetry  = time.Hour
)

// RunJobs runs all jobs that are due now, and returns when none is left.
func (s *Service) RunJobs(ctx context.Context) error {
	for ctx.Err() == nil {
		var due []store.JobRow
		err := s.DB.System(ctx, func(tx *store.Tx) (err error) {
			due, err = tx.ClaimJobs(s.Clock.Now(), hold, atOnce)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		var all sync.WaitGroup
		for _, job := range due {
			s.mu.Lock()
			apart := s.apart[job.Kind]
			s.mu.Unlock()
			if !apart {
				all.Go(func() { s.runJob(ctx, job) })
				continue
			}
			select {
			case s.room <- struct{}{}:
				s.running.Go(func() {
					defer func() { <-s.room }()
					s.runJob(ctx, job)
				})
			default: // another node may have room, or this one soon
				s.later(ctx, job)
			}
		}
		all.Wait()
	}
	return nil
}

// later gives a job back that was not begun.
func (s *Service) later(ctx context.Context, job store.JobRow) {
	err := s.DB.Write(ctx, job.Tenant, func(tx *store.Tx) error {
		return tx.RetryJob(job, s.Clock.Now().Add(firstRetry), string(errs.Limited))
	})
	if err != nil && !errs.Is(err, errs.Conflict) {
		s.Log.Warn("a job could not be given back; it will be run later", "tenant", job.Tenant, "job", job.ID, "kind", job.Kind, "code", errs.As(err).Code)
	}
}

func (s *Service) runJob(ctx context.Context, job store.JobRow) {
	err := s.handle(ctx, job)
	ctx = context.WithoutCancel(ctx) // what was done must be noted, also when stopping
	note := s.DB.Write(ctx, job.Tenant, func(tx *store.Tx) error {
		if err == nil {
			return tx.FinishJob(job)
		}
		return tx.RetryJob(job, s.Clock.Now().Add(retryAfter(job.Attempts, err)), string(errs.As(err).Code))
	})
	if err != nil {
		s.Log.Warn("a job failed and will be tried again", "tenant", job.Tenant, "job", job.ID, "kind", job.Kind, "attempts", job.Attempts, "code", errs.As(err).Code, "error", err)
	}
	// Conflict: the handler finished it, or it took so long that another has it.
	if note != nil && !errs.Is(note, errs.Conflict) {
		s.Log.Warn("a job's end could not be noted; it will be run again", "tenant", job.Tenant, "job", job.ID, "kind", job.Kind, "code", errs.As(note).Code)
	}
}

func (s *Service) handle(ctx context.Context, job store.JobRow) (err error) {
	s.mu.Lock()
	h := s.handlers[job.Kind]
	s.mu.Unlock()
	if h == nil {
		return errs.New(errs.Unsupported, "This node does not know jobs of the kind %q.", job.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer func() {
		if p := recover(); p != nil { // one bad job must not end the others
			err = errs.New(errs.Internal, "A job of the kind %q panicked: %v", job.Kind, p)
		}
	}()
	return h(ctx, job)
}

// retryAfter doubles from firstRetry to lastRetry; a failure that names its own
// time is believed.
func retryAfter(attempts int, err error) time.Duration {
	if after := errs.As(err).RetryAfter; after > 0 {
		return min(after, lastRetry)
	}
	if errs.Is(err, errs.Unsupported) {
		return lastRetry // another node, or the next version, knows it
	}
	d := firstRetry
	for range attempts - 1 {
		if d *= 2; d >= lastRetry {
			return lastRetry
		}
	}
	return d
}
