package bus

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

const whereEvent = "bus/event"

// Publish tells every node of an event, this one included. It does not wait for
// anyone to receive it; while an external cluster is away it keeps a few
// megabytes and then fails as Unavailable.
func (b *Bus) Publish(e Event) error {
	if err := e.check(); err != nil {
		return err
	}
	if b.embed != nil && b.conf.Seal == nil {
		return b.hand(e)
	}
	plain, err := json.Marshal(e)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "An event could not be written.")
	}
	frame, err := b.encode(e.Tenant, whereEvent, plain)
	if err != nil {
		return err
	}
	if err := b.conn.Publish(b.conf.Prefix+".event."+string(e.Tenant), frame); err != nil {
		return errs.Wrap(errs.Unavailable, err, "The message cluster cannot be reached.")
	}
	b.published.Add(1)
	return nil
}

// hand gives an event to this node's subscribers. With the server in the process
// there is no other node, and the way over the wire would only cost time. It
// refuses what the wire would refuse.
func (b *Bus) hand(e Event) error {
	for _, data := range []json.RawMessage{e.Data, e.Visitor} {
		if data != nil && !json.Valid(data) {
			return errs.New(errs.Internal, "An event could not be written.")
		}
	}
	if e.size() >= MaxEvent {
		return errs.New(errs.TooLarge, "This is too large to be passed on.")
	}
	e.Users = slices.Clone(e.Users) // the publisher may change its own
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errs.New(errs.Unavailable, "The message cluster cannot be reached.")
	}
	b.published.Add(1)
	b.received.Add(1)
	for s := range b.subs {
		s.put(e)
	}
	return nil
}

// Subscribe calls fn with every event that reaches this node, in the order in
// which each node published, from one goroutine, until cancel. When fn is so
// slow that its queue fills, it misses events and gets one of kind Overflow for
// each tenant concerned. cancel may be called from fn and more than once; a
// call of fn that runs at that moment still ends.
func (b *Bus) Subscribe(fn func(Event)) (cancel func()) {
	s := newSubscriber(b.conf.QueueEvents, b.conf.QueueBytes, fn, func() { b.overflows.Add(1) })
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return func() {}
	}
	b.subs[s] = struct{}{}
	b.mu.Unlock()
	go s.run()
	return func() {
		b.mu.Lock()
		delete(b.subs, s)
		b.mu.Unlock()
		s.close()
	}
}

// arrive runs on NATS's own goroutine for the one event subscription; it never
// waits.
func (b *Bus) arrive(m *nats.Msg) {
	b.received.Add(1)
	tenant := id.Tenant(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:])
	e, err := b.read(tenant, m.Data)
	if err != nil {
		b.refused.Add(1)
		b.log.Error("an event could not be read", "tenant", tenant, "error", err)
		b.missed(tenant)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		s.put(e)
	}
}

func (b *Bus) read(tenant id.Tenant, frame []byte) (Event, error) {
	var e Event
	plain, err := b.decode(tenant, whereEvent, frame)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(plain, &e); err != nil {
		// The decoder's text may quote content.
		return e, errors.New("an event is not the JSON it should be")
	}
	if e.Tenant != tenant {
		return e, errors.New("an event came under another tenant's subject")
	}
	return e, nil
}

// missed tells all subscribers that events of a tenant, or of all ("") were
// lost.
func (b *Bus) missed(t id.Tenant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		s.miss(t)
	}
}

// subscriber is one bounded queue and the goroutine that empties it.
type subscriber struct {
	fn        func(Event)
	overflows func()
	maxEvents int
	maxBytes  int

	mu     sync.Mutex
	wake   *sync.Cond
	queue  []Event
	bytes  int
	lost   map[id.Tenant]struct{} // tenants to tell of missed events
	closed bool
}

// maxLost is how many tenants are told one by one; beyond, all are.
const maxLost = 1024

func newSubscriber(maxEvents, maxBytes int, fn func(Event), overflows func()) *subscriber {
	s := &subscriber{fn: fn, overflows: overflows, maxEvents: maxEvents, maxBytes: maxBytes, lost: map[id.Tenant]struct{}{}}
	s.wake = sync.NewCond(&s.mu)
	return s
}

func (s *subscriber) put(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, behind := s.lost[e.Tenant]; behind {
		return // it fetches again anyway, and then sees this too
	}
	size := e.size()
	if len(s.queue) >= s.maxEvents || s.bytes+size > s.maxBytes && len(s.queue) > 0 {
		s.lose(e.Tenant)
		return
	}
	s.queue = append(s.queue, e)
	s.bytes += size
	s.wake.Signal()
}

func (s *subscriber) miss(t id.Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose(t)
	s.wake.Signal()
}

func (s *subscriber) lose(t id.Tenant) {
	if _, all := s.lost[""]; all {
		return
	}
	if t == "" || len(s.lost) >= maxLost {
		clear(s.lost)
		t = ""
	}
	if s.lost == nil {
		s.lost = map[id.Tenant]struct{}{}
	}
	s.lost[t] = struct{}{}
}

func (s *subscriber) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

func (s *subscriber) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.queue = nil
	s.wake.Signal()
}

// keptQueue is for how many events a subscriber that waits keeps room.
const keptQueue = 256

func (s *subscriber) run() {
	var batch []Event
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && len(s.lost) == 0 && !s.closed {
			s.wake.Wait()
		}
		if s.closed {
			s.mu.Unlock()
			return
		}
		// What came before the loss is delivered first, then the loss is told:
		// the reader's fetch happens after everything it saw.
		batch, s.queue = s.queue, batch[:0]
		s.bytes = 0
		lost := s.lost
		s.lost = nil
		s.mu.Unlock()
		for i := range batch {
			if s.ended() {
				return
			}
			s.fn(batch[i])
			batch[i] = Event{} // lets the content go
		}
		if cap(batch) > keptQueue { // of a burst
			batch = nil
		}
		for t := range lost {
			s.overflows()
			s.fn(Event{Tenant: t, Kind: Overflow})
		}
	}
}

func (s *subscriber) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
