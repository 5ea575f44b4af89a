package audit

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Refused is written when a caller asks again and again for what it may not.
const Refused = "requests.refused"

const (
	refusalsWaiting  = 100 // more at one time are not noted
	refusalsPatience = 10 * time.Second
)

// refusal is that somebody's requests were refused so often.
type refusal struct {
	by           access.Actor
	conversation string
	times        int
}

// Refusals notes whose requests are refused again and again. Who is refused waits for
// nothing: one goroutine writes what was noted.
type Refusals struct {
	to    *Log
	log   *slog.Logger
	queue chan refusal

	mu   sync.Mutex
	stop chan struct{} // nil while not running
	done chan struct{}
}

// NewRefusals makes one that writes to a log.
func NewRefusals(to *Log, log *slog.Logger) *Refusals {
	return &Refusals{to: to, log: log, queue: make(chan refusal, refusalsWaiting)}
}

// Note has it noted that requests were refused so often within a while: those of a user or
// an API key; of a visitor, whose tenant and conversation are known; or of somebody of whom
// nothing is, which stands in the operator's log. It does not wait.
func (r *Refusals) Note(by access.Actor, conversation string, times int) {
	select {
	case r.queue <- refusal{by, conversation, times}:
	default: // more than anybody could look at; each has a line of the program's log
	}
}

// Start begins to write.
func (r *Refusals) Start(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop != nil {
		return nil
	}
	stop, done := make(chan struct{}), make(chan struct{})
	r.stop, r.done = stop, done
	go func() {
		defer close(done)
		for {
			select {
			case one := <-r.queue:
				r.write(one)
			case <-stop:
				for range len(r.queue) {
					r.write(<-r.queue)
				}
				return
			}
		}
	}()
	return nil
}

// Stop writes what waits, and ends.
func (r *Refusals) Stop(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == nil {
		return nil
	}
	close(r.stop)
	r.stop = nil
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return errs.As(ctx.Err())
	}
}

func (r *Refusals) write(one refusal) {
	ctx, cancel := context.WithTimeout(context.Background(), refusalsPatience)
	defer cancel()
	if err := r.to.refused(ctx, one); err != nil {
		r.log.Warn("refused requests could not be noted", "tenant", one.by.Tenant, "caller", one.by.User, "times", one.times, "code", errs.As(err).Code, "error", err)
	}
}

// refused writes an entry, which may raise an alert.
func (l *Log) refused(ctx context.Context, r refusal) error {
	t := r.by.Tenant
	if t == "" {
		err := l.db.SystemRead(ctx, func(tx *store.Tx) (err error) {
			t, err = tx.OperatorID()
			return err
		})
		if errs.Is(err, errs.NotFound) { // nobody has set this installation up
			return nil
		}
		if err != nil {
			return err
		}
	}
	detail := map[string]string{"count": strconv.Itoa(r.times)}
	return l.db.Write(ctx, t, func(tx *store.Tx) error {
		switch {
		case r.by.User != "":
			return l.Record(tx, r.by, Refused, objectKinds[id.Kind(r.by.User)], r.by.User, detail)
		case r.conversation != "":
			return l.append(tx, ByVisitor, "", Refused, "interaction", r.conversation, detail)
		}
		return l.append(tx, ByVisitor, "", Refused, "organisation", string(t), detail)
	})
}
