package retention

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Contacts erases a contact that has nothing left; *contact.Service is one.
type Contacts interface {
	// EraseIdle answers whether it erased the contact: not if it has interactions
	// or was seen since.
	EraseIdle(ctx context.Context, t id.Tenant, contact string, seenBefore time.Time) (bool, error)
}

// Blobs lists and removes stored files; *blob.Store is one.
type Blobs interface {
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error]
}

// Auditor notes what was ended, and removes the audit log's own beginning;
// *audit.Log is one.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
	Trim(tx *store.Tx, before time.Time) (int64, error)
}

// Deps are what the service works with.
type Deps struct {
	DB       *store.DB
	Blobs    Blobs
	Contacts Contacts
	Audit    Auditor
	Clock    clock.Clock
	Log      *slog.Logger
	Node     string // this node's id, new at each start; holder of leases
	// Messages is told of whose messages by voice one ended; may be nil.
	Messages func(t id.Tenant, user string)

	// Count counts what an organisation uses, before anything of it is forgotten.
	Count func(ctx context.Context, t id.Tenant) error

	Every time.Duration // between two rounds of deletion; 0 means 10 minutes
	Poll  time.Duration // between two looks for due jobs; 0 means 2 seconds
}

// Service ends what is due and runs jobs. Its methods are safe for use by
// several goroutines.
type Service struct {
	Deps
	kick chan struct{}

	mu       sync.Mutex
	handlers map[string]Handler
	apart    map[string]bool         // kinds whose jobs hold up no others
	room     chan struct{}           // for those
	running  sync.WaitGroup          // they
	swept    map[id.Tenant]time.Time // when files were last compared with rows
	stop     context.CancelFunc      // nil while not running
	done     chan struct{}
}

// New makes the service.
func New(d Deps) *Service {
	if d.Every <= 0 {
		d.Every = 10 * time.Minute
	}
	if d.Poll <= 0 {
		d.Poll = 2 * time.Second
	}
	if d.Count == nil {
		d.Count = func(context.Context, id.Tenant) error { return nil }
	}
	return &Service{Deps: d, kick: make(chan struct{}, 1), handlers: map[string]Handler{}, apart: map[string]bool{}, room: make(chan struct{}, atOnceApart), swept: map[id.Tenant]time.Time{}}
}

// Start begins both goroutines; the first round begins at once.
func (s *Service) Start(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		var j jump
		every(ctx, s.Every, nil, func() {
			if j.paused(s.Clock.Now(), time.Now(), s.Log) {
				return
			}
			s.logged("retention", s.Round(ctx))
		})
	})
	both.Go(func() { every(ctx, s.Poll, s.kick, func() { s.logged("jobs", s.RunJobs(ctx)) }) })
	done := s.done
	go func() {
		both.Wait()
		s.running.Wait()
		close(done)
	}()
	return nil
}

// Stop ends both, after what they are doing at this moment.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	stop, done := s.stop, s.done
	s.stop = nil
	s.mu.Unlock()
	if stop == nil { // jobs apart may have been run nevertheless
		done = make(chan struct{})
		go func() {
			s.running.Wait()
			close(done)
		}()
		stop = func() {}
	}
	stop()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errs.As(ctx.Err())
	}
}

// Kick makes the service look for due jobs at once.
func (s *Service) Kick() {
	select {
	case s.kick <- struct{}{}:
	default: // it will look anyway
	}
}

func (s *Service) logged(what string, err error) {
	if err != nil && !errs.Is(err, errs.Unavailable) {
		s.Log.Error(what+" failed", "code", errs.As(err).Code, "error", err)
	} else if err != nil {
		s.Log.Warn(what+" will be tried again", "code", errs.As(err).Code)
	}
}

// every runs do now, then after each interval or kick, until ctx ends.
func every(ctx context.Context, interval time.Duration, kick <-chan struct{}, do func()) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-kick:
		}
		if ctx.Err() != nil {
			return
		}
		do()
		timer.Reset(interval)
	}
}

const (
	jumpBy    = time.Hour // more than this is a jump, not a slow machine
	jumpPause = time.Hour
)

// jump notices that the wall clock was set forward, by comparing it with the
// time that really passed.
type jump struct {
	wall, mono time.Time
	until      time.Time // by mono
}

// paused says whether deletions wait, given the wall clock's time and a reading
// of the monotonic clock.
func (j *jump) paused(wall, mono time.Time, log *slog.Logger) bool {
	if !j.mono.IsZero() {
		if by := wall.Round(0).Sub(j.wall) - mono.Sub(j.mono); by > jumpBy {
			j.until = mono.Add(jumpPause)
			log.Error("the clock was set forward: nothing is deleted for an hour, so that it can be corrected", "hours", int(by/time.Hour))
		}
	}
	j.wall, j.mono = wall.Round(0), mono
	return mono.Before(j.until)
}
