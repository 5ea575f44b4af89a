package vault

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// cache holds unwrapped keys, at most size of them, each for at most ttl, whether it
// is asked for or not. An entry loaded while something was forgotten is not kept: its
// key may be the destroyed one.
type cache[K comparable, V any] struct {
	ttl time.Duration
	now func() time.Time

	mu    sync.Mutex
	lru   *simplelru.LRU[K, cached[V]]
	drops uint64 // how often something was forgotten
	swept bool   // it will be
}

type cached[V any] struct {
	value V
	since time.Time
}

func newCache[K comparable, V any](size int, ttl time.Duration, now func() time.Time) *cache[K, V] {
	lru, err := simplelru.NewLRU[K, cached[V]](size, nil)
	if err != nil {
		panic("vault: a cache of no size: " + err.Error()) // sizes are constants or checked by Open
	}
	return &cache[K, V]{ttl: ttl, now: now, lru: lru}
}

// get answers what is kept, or the mark that put wants back.
func (c *cache[K, V]) get(k K, now time.Time) (v V, mark uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.lru.Get(k)
	if age := now.Sub(e.since); ok && (age > c.ttl || age < 0) {
		c.lru.Remove(k)
		return v, c.drops, false
	}
	return e.value, c.drops, ok
}

// mark is what put wants back from who makes a value itself.
func (c *cache[K, V]) mark() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

func (c *cache[K, V]) put(k K, v V, now time.Time, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops != mark {
		return
	}
	c.lru.Add(k, cached[V]{v, now})
	c.willSweep()
}

// sweeps is how many times in a ttl what is too old is looked for.
const sweeps = 5

// willSweep has the cache swept in a while; c.mu is held.
func (c *cache[K, V]) willSweep() {
	if !c.swept {
		c.swept = true
		time.AfterFunc(c.ttl/sweeps, c.sweep)
	}
}

// sweep removes what would be too old at the next sweep.
func (c *cache[K, V]) sweep() {
	c.dropOlder(c.ttl - c.ttl/sweeps)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.swept = false
	if c.lru.Len() > 0 {
		c.willSweep()
	}
}

// dropOlder removes what was put that long ago, or more. It is no forgetting: what is
// loaded meanwhile is kept.
func (c *cache[K, V]) dropOlder(than time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for _, k := range c.lru.Keys() {
		e, _ := c.lru.Peek(k)
		if age := now.Sub(e.since); age >= than || age < 0 {
			c.lru.Remove(k)
		}
	}
}

func (c *cache[K, V]) drop(match func(K) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	for _, k := range c.lru.Keys() {
		if match(k) {
			c.lru.Remove(k)
		}
	}
}

func (c *cache[K, V]) dropKey(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.lru.Remove(k)
}

func (c *cache[K, V]) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Len()
}
