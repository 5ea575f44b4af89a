package sip

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// item is one thing in a mailbox: a message, or something to do. With neither,
// timers are due.
type item struct {
	m   *wire.Message
	src dialog.Source
	do  func()
	// begin is do for the first thing in a mailbox.
	begin func(*mailbox)
}

// mailbox is one Call-ID's. Its fields but the first block belong to whoever
// runs it.
type mailbox struct {
	e      *Endpoint
	callID string

	mu      sync.Mutex
	queue   []item
	running bool
	dead    bool
	timer   *time.Timer
	wake    time.Time // when timer fires; zero: it is not set

	legs    []*Leg
	view    atomic.Pointer[[]*Leg] // the same, for others to read
	outside *dialog.Outside
	watcher *watcher // the subscription, or nil
}

// post puts something into the mailbox, and says whether it is in. Messages of
// others may not be in because there are too many; wishes of ours always are.
func (b *mailbox) post(i item) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead {
		return false
	}
	if i.m != nil && len(b.queue) >= b.e.cfg.Limits.Queue {
		b.e.count.dropped.Add(1)
		return true
	}
	b.queue = append(b.queue, i)
	if !b.running {
		b.running = true
		go b.run()
	}
	return true
}

// run works until the mailbox is empty.
func (b *mailbox) run() {
	var batch []item
	for {
		b.mu.Lock()
		batch, b.queue = b.queue, batch[:0]
		if len(batch) == 0 {
			b.rest()
			return
		}
		b.mu.Unlock()
		for i := range batch {
			b.handle(&batch[i])
			batch[i] = item{}
		}
	}
}

// rest sets the timer, or forgets a mailbox that has nothing left. b.mu is held
// and given back.
func (b *mailbox) rest() {
	b.running = false
	b.queue = nil
	next := b.next()
	if next.IsZero() && len(b.legs) == 0 && b.outside == nil {
		b.dead = true
		if b.timer != nil {
			b.timer.Stop()
		}
		b.mu.Unlock()
		b.e.boxes.remove(b)
		return
	}
	switch {
	case next.IsZero():
		if b.timer != nil {
			b.timer.Stop()
		}
	case b.timer == nil:
		b.timer = time.AfterFunc(time.Until(next), b.tick)
	case !next.Equal(b.wake):
		b.timer.Reset(time.Until(next))
	}
	b.wake = next
	b.mu.Unlock()
}

func (b *mailbox) tick() {
	b.mu.Lock()
	b.wake = time.Time{}
	b.mu.Unlock()
	b.post(item{})
}

// kill forgets a mailbox of an endpoint that has stopped.
func (b *mailbox) kill() {
	b.mu.Lock()
	b.dead = true
	if b.timer != nil {
		b.timer.Stop()
	}
	b.mu.Unlock()
	b.e.boxes.remove(b)
}

func (b *mailbox) next() time.Time {
	var at time.Time
	sooner := func(t time.Time) {
		if at.IsZero() || !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	for _, l := range b.legs {
		sooner(l.d.Next())
	}
	if b.outside != nil {
		sooner(b.outside.Next())
	}
	if b.watcher != nil {
		sooner(b.watcher.ends)
	}
	return at
}

func (b *mailbox) handle(i *item) {
	switch {
	case i.m != nil:
		b.message(i.m, i.src)
	case i.do != nil:
		i.do()
	case i.begin != nil:
		i.begin(b)
	default:
		now := time.Now()
		for _, l := range slices.Clone(b.legs) {
			l.d.At(now).Tick()
			b.flush(l)
		}
		if b.outside != nil {
			b.outside.At(now).Tick()
		}
		if b.watcher != nil && !now.Before(b.watcher.ends) {
			b.ended("timeout", false)
		}
	}
	if b.outside != nil {
		b.flushOutside()
	}
	if slices.ContainsFunc(b.legs, func(l *Leg) bool { return l.d.Done() }) {
		b.legs = slices.DeleteFunc(b.legs, func(l *Leg) bool { return l.d.Done() })
		b.show()
	}
}

func (b *mailbox) message(m *wire.Message, src dialog.Source) {
	now := time.Now()
	for _, l := range b.legs {
		if l.d.Owns(m) {
			l.d.At(now).Receive(m, src)
			b.flush(l)
			return
		}
	}
	if b.outside != nil && b.outside.Owns(m) {
		b.outside.At(now).Receive(m)
		return
	}
	switch {
	case !m.IsRequest() || m.Method == wire.Ack:
		b.e.count.dropped.Add(1)
	case m.Method == wire.Subscribe:
		b.subscribe(m, src, now)
	case m.To.Tag() != "" || m.Method == wire.Cancel:
		b.e.refuse(m, src, 481, "")
	case slices.ContainsFunc(b.legs, func(l *Leg) bool { return l.d.Merges(m) }):
		b.e.refuse(m, src, 482, "")
	case m.Method == wire.Invite:
		b.arrive(m, src, now)
	case m.Method == wire.Register || m.Method == wire.Options:
		b.serve(m, src, now)
	default:
		b.e.refuse(m, src, 481, "")
	}
}

// add puts a leg into the mailbox.
func (b *mailbox) add(l *Leg) {
	b.legs = append(b.legs, l)
	b.show()
}

// show lets others see which legs there are.
func (b *mailbox) show() {
	legs := slices.Clone(b.legs)
	b.view.Store(&legs)
}

// seen are the mailbox's legs, for who does not run it.
func (b *mailbox) seen() []*Leg {
	if legs := b.view.Load(); legs != nil {
		return *legs
	}
	return nil
}

// flush does what a leg wants done: first what is to be sent, then what its
// owner is told. The owner's answers come into the mailbox.
func (b *mailbox) flush(l *Leg) {
	out := l.d.Take()
	// What others may ask is true before the other end can know of it.
	if l.d.State() == dialog.Over && !l.counted {
		l.counted = true
		b.e.calls.Add(-1)
	}
	l.state.Store(int32(l.d.State()))
	l.waiting.Store(l.d.Waiting())
	if t := l.tags.Load(); t == nil || t.remote != l.d.RemoteTag() {
		l.tags.Store(&tags{l.d.LocalTag(), l.d.RemoteTag()})
	}
	for _, s := range out.Sends {
		branch := s.Branch
		b.e.net.send(s, func() {
			b.post(item{do: func() {
				l.d.At(time.Now()).SendFailed(branch)
				b.flush(l)
			}})
		})
	}
	for _, e := range out.Events {
		if l.events != nil {
			l.events(e)
		}
	}
	if l.counted && !l.slim {
		// What is kept for repetitions needs nothing of what its owner was told.
		s := &Leg{e: l.e, callID: l.callID, about: nothing, d: l.d, counted: true, slim: true}
		s.box.Store(b)
		s.state.Store(int32(Over))
		s.waiting.Store(l.waiting.Load())
		s.tags.Store(l.tags.Load())
		if i := slices.Index(b.legs, l); i >= 0 {
			b.legs[i] = s
			b.show()
		}
	}
}

func (b *mailbox) flushOutside() {
	out := b.outside.Take()
	for _, s := range out.Sends {
		branch := s.Branch
		b.e.net.send(s, func() {
			b.post(item{do: func() {
				if b.outside != nil {
					b.outside.At(time.Now()).SendFailed(branch)
				}
			}})
		})
	}
	if b.outside.Done() {
		b.outside = nil
	}
}

// busy says whether any call is not over yet, or something of ours is not
// answered.
func (s *boxes) busy() bool {
	for _, b := range s.all() {
		for _, l := range b.seen() {
			if (l.State() != Over || l.waiting.Load()) && !l.left.Load() {
				return true
			}
		}
	}
	return false
}

// nothing is what is known of a leg that has ended.
var nothing = &about{}

// shardCount spreads mailboxes over locks.
const shardCount = 64

// boxes finds mailboxes by Call-ID.
type boxes struct {
	seed   maphash.Seed
	shards [shardCount]struct {
		mu sync.Mutex
		m  map[string]*mailbox
	}
	size atomic.Int64
}

func (s *boxes) init() {
	s.seed = maphash.MakeSeed()
	for i := range s.shards {
		s.shards[i].m = map[string]*mailbox{}
	}
}

func (s *boxes) shard(callID string) int {
	return int(maphash.String(s.seed, callID) % shardCount)
}

// find gives the mailbox of a Call-ID, or nil.
func (s *boxes) find(callID string) *mailbox {
	sh := &s.shards[s.shard(callID)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.m[callID]
}

// post puts something into the mailbox of a Call-ID, if there is one.
func (s *boxes) post(callID string, i item) bool {
	b := s.find(callID)
	return b != nil && b.post(i)
}

// create makes the mailbox of a Call-ID and puts the first thing into it, or
// into the one that is there.
func (s *boxes) create(e *Endpoint, callID string, first item) {
	sh := &s.shards[s.shard(callID)]
	for {
		sh.mu.Lock()
		b := sh.m[callID]
		if b == nil {
			b = &mailbox{e: e, callID: callID}
			sh.m[callID] = b
			s.size.Add(1)
		}
		sh.mu.Unlock()
		if b.post(first) {
			return
		}
		s.remove(b) // it died between the two
	}
}

func (s *boxes) remove(b *mailbox) {
	sh := &s.shards[s.shard(b.callID)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.m[b.callID] == b {
		delete(sh.m, b.callID)
		s.size.Add(-1)
	}
}

func (s *boxes) all() []*mailbox {
	var all []*mailbox
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for _, b := range sh.m {
			all = append(all, b)
		}
		sh.mu.Unlock()
	}
	return all
}
