package sip

import (
	"hash/maphash"
	"sync"
	"time"
)

// brake bounds how many answers one source gets that nothing is kept for. Its
// size is fixed: sources that share a place share a budget.
type brake struct {
	seed  maphash.Seed
	rate  int
	cells [4096]cell
}

type cell struct {
	mu     sync.Mutex
	second int64
	used   int
}

func newBrake(rate int) *brake { return &brake{seed: maphash.MakeSeed(), rate: rate} }

func (b *brake) allow(source string, now time.Time) bool {
	c := &b.cells[maphash.String(b.seed, source)%uint64(len(b.cells))]
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := now.Unix(); s != c.second {
		c.second, c.used = s, 0
	}
	if c.used >= b.rate {
		return false
	}
	c.used++
	return true
}
