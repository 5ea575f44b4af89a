package voice

import (
	"context"
	"sync"
	"time"
)

// mailbox holds what a call has to do, in order. It has no bound of its own:
// what fills it is bounded by those who do (a floor's batches, 50 packets a
// second with keys, the browsers' requests).
type mailbox struct {
	mu      sync.Mutex
	waiting []func()
	ended   bool
	wake    chan struct{}
	timers  map[*time.Timer]struct{} // of what is to be put later
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// put queues fn; false means that nobody will ever run it.
func (m *mailbox) put(fn func()) bool {
	m.mu.Lock()
	if m.ended {
		m.mu.Unlock()
		return false
	}
	m.waiting = append(m.waiting, fn)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

// later queues fn after d, unless the call is over by then: what has ended is not held
// in memory by what it once was to do.
func (m *mailbox) later(d time.Duration, fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return
	}
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		m.mu.Lock()
		delete(m.timers, t) // t is set: the lock was held meanwhile
		m.mu.Unlock()
		m.put(fn)
	})
	if m.timers == nil {
		m.timers = map[*time.Timer]struct{}{}
	}
	m.timers[t] = struct{}{}
}

// take gives all that waits.
func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.waiting
	m.waiting = nil
	return all
}

// end refuses what comes from now on.
func (m *mailbox) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for t := range m.timers {
		t.Stop()
	}
	m.ended, m.waiting, m.timers = true, nil, nil
}

// run is the call's goroutine.
func (c *call) run() {
	defer c.s.forget(c)
	for !c.over {
		<-c.mail.wake
		for _, fn := range c.mail.take() {
			if !c.over {
				fn()
			}
		}
	}
	c.mail.end()
	close(c.ended)
}

// post has fn run in the call's goroutine.
func (c *call) post(fn func()) { c.mail.put(fn) }

// ask runs fn in the call's goroutine and waits for its answer.
func (c *call) ask(ctx context.Context, fn func() error) error {
	answer := make(chan error, 1)
	if !c.mail.put(func() { answer <- fn() }) {
		return gone()
	}
	select {
	case err := <-answer:
		return err
	case <-c.ended:
		select {
		case err := <-answer:
			return err
		default:
			return gone()
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}
