package prompt

import (
	"container/list"
	"context"
	"sync"

	"nubitalk/internal/base/id"
)

// heardBytes bounds what is kept of sounds as callers hear them: an hour of them.
const heardBytes = 3600 * 8000 * 2

// memory keeps sounds that were made, those that were heard last, up to a bound.
// Who asks for one that is being made waits for it.
type memory struct {
	bound int

	mu    sync.Mutex
	bytes int
	used  *list.List // of *entry, the last used first
	known map[entryKey]*list.Element
}

type entryKey struct {
	tenant id.Tenant
	name   string
}

type entry struct {
	key  entryKey
	made chan struct{} // closed when pcm and err are there
	pcm  []int16
	err  error
}

func newMemory(bound int) *memory {
	return &memory{bound: bound, used: list.New(), known: map[entryKey]*list.Element{}}
}

// get gives what is kept under a name, or has it made, once for all who ask.
func (m *memory) get(ctx context.Context, t id.Tenant, name string, do func() ([]int16, error)) ([]int16, error) {
	key := entryKey{t, name}
	m.mu.Lock()
	if at := m.known[key]; at != nil {
		m.used.MoveToFront(at)
		e := at.Value.(*entry)
		m.mu.Unlock()
		select {
		case <-e.made:
			return e.pcm, e.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	e := &entry{key: key, made: make(chan struct{})}
	at := m.used.PushFront(e)
	m.known[key] = at
	m.mu.Unlock()

	e.pcm, e.err = do()
	close(e.made)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += 2 * len(e.pcm)
	if e.err != nil {
		m.drop(at)
	}
	for last := m.used.Back(); m.bytes > m.bound && last != nil; {
		before := last.Prev()
		select {
		case <-last.Value.(*entry).made:
			m.drop(last)
		default: // being made
		}
		last = before
	}
	return e.pcm, e.err
}

// drop forgets an entry that is made; the lock is held.
func (m *memory) drop(at *list.Element) {
	e := at.Value.(*entry)
	if m.known[e.key] != at {
		return
	}
	m.used.Remove(at)
	delete(m.known, e.key)
	m.bytes -= 2 * len(e.pcm)
}
