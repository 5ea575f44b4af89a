package speech

import (
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// Speaker says a text in a language ("en", "pt-BR") as samples of one channel,
// 16 bits, 8 kHz. The samples are shared and must not be changed. It fails with
// errs.NotFound when it cannot say this at all, so that another may.
type Speaker interface {
	Speak(ctx context.Context, language string, text secret.Text) ([]int16, error)
}

// Unsaid says that no speaker can say a text.
func unsaid() error { return errs.New(errs.NotFound, "This text cannot be spoken here.") }

// Chain asks one speaker after the other, until one can.
type Chain []Speaker

// Speak implements Speaker.
func (c Chain) Speak(ctx context.Context, language string, text secret.Text) ([]int16, error) {
	for _, s := range c {
		pcm, err := s.Speak(ctx, language, text)
		if !errs.Is(err, errs.NotFound) {
			return pcm, err
		}
	}
	return nil, unsaid()
}

// Limits of a Memory.
const (
	keepBytes = 32 << 20         // of sound
	keepFor   = 10 * time.Minute // since it was last said
	atOnce    = 4                // texts that are made at the same time
)

// Memory remembers what a speaker said lately. Two who want the same text at the
// same time have it made once.
type Memory struct {
	of   Speaker
	now  func() time.Time
	gate chan struct{}

	mu     sync.Mutex
	said   map[key]*list.Element
	recent *list.List // of *entry, the latest first
	bytes  int
}

// key is a text without the text: memory has no words.
type key [sha256.Size]byte

type entry struct {
	key  key
	done chan struct{}
	pcm  []int16
	err  error
	at   time.Time
}

// NewMemory remembers for a speaker; now is the clock.
func NewMemory(of Speaker, now func() time.Time) *Memory {
	return &Memory{of: of, now: now, gate: make(chan struct{}, atOnce), said: map[key]*list.Element{}, recent: list.New()}
}

// Speak implements Speaker.
func (m *Memory) Speak(ctx context.Context, language string, text secret.Text) ([]int16, error) {
	k := key(sha256.Sum256([]byte(language + "\x00" + text.Reveal())))
	e, first := m.find(k)
	if first {
		m.make(ctx, e, language, text)
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !first && errors.Is(e.err, context.Canceled) && ctx.Err() == nil {
		return m.Speak(ctx, language, text) // who had it made went away
	}
	return e.pcm, e.err
}

// find gives the entry of a text, and whether the caller has to make it.
func (m *Memory) find(k key) (e *entry, first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	if at := m.said[k]; at != nil {
		m.recent.MoveToFront(at)
		e = at.Value.(*entry)
		e.at = m.now()
		return e, false
	}
	e = &entry{key: k, done: make(chan struct{}), at: m.now()}
	m.said[k] = m.recent.PushFront(e)
	return e, true
}

func (m *Memory) make(ctx context.Context, e *entry, language string, text secret.Text) {
	defer close(e.done)
	select {
	case m.gate <- struct{}{}:
		e.pcm, e.err = m.of.Speak(ctx, language, text)
		<-m.gate
	case <-ctx.Done():
		e.err = context.Canceled
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.said[e.key]
	if at == nil || at.Value != e {
		return // forgotten meanwhile
	}
	if e.err != nil {
		if ctx.Err() != nil {
			e.err = context.Canceled
		}
		m.drop(at)
		return
	}
	m.bytes += 2 * len(e.pcm)
	m.forget()
}

// forget drops what was not said for long, and what is over the bound.
func (m *Memory) forget() {
	for at := m.recent.Back(); at != nil; at = m.recent.Back() {
		e := at.Value.(*entry)
		if m.bytes <= keepBytes && m.now().Sub(e.at) < keepFor {
			return
		}
		select {
		case <-e.done:
		default:
			return // it is being made
		}
		m.drop(at)
	}
}

func (m *Memory) drop(at *list.Element) {
	e := m.recent.Remove(at).(*entry)
	delete(m.said, e.key)
	if e.err == nil {
		m.bytes -= 2 * len(e.pcm)
	}
}
