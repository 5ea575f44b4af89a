package account

import (
	"sync"
	"time"

	"nubitalk/internal/base/id"
)

// How long a recognised token is believed without asking the store, and how
// many are kept. What ends a session is told over the bus and takes effect at
// once; the time only bounds what a lost event can do.
const (
	believeFor = 20 * time.Second
	keepTokens = 50_000
)

// recognised is what is remembered of a token.
type recognised struct {
	session Session
	checked time.Time // when the store was asked
	seen    time.Time // as stored, for the idle end
	until   time.Time // the token is good, if it is the one before; zero else
	offered bool      // the token is the session's next one, and was not used yet
}

// cache remembers recognised tokens. Its lock is never held while anything else
// is waited for.
type cache struct {
	mu      sync.Mutex
	byHash  map[tokenHash]recognised
	changes uint64 // grows with every forget, so that an answer from before it is not kept
}

func newCache() *cache { return &cache{byHash: map[tokenHash]recognised{}} }

// get answers with a fresh enough entry, and the number of changes so far.
func (c *cache) get(h tokenHash, now time.Time) (r recognised, changes uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok = c.byHash[h]
	if ok && (now.Sub(r.checked) >= believeFor || now.Before(r.checked)) {
		delete(c.byHash, h)
		ok = false
	}
	return r, c.changes, ok
}

// put keeps an entry unless something was forgotten since changes was read.
func (c *cache) put(h tokenHash, r recognised, changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != changes {
		return
	}
	if len(c.byHash) >= keepTokens {
		c.trim(r.checked)
	}
	c.byHash[h] = r
}

// trim makes room: first what is stale, else anything.
func (c *cache) trim(now time.Time) {
	for h, r := range c.byHash {
		if now.Sub(r.checked) >= believeFor {
			delete(c.byHash, h)
		}
	}
	for h := range c.byHash {
		if len(c.byHash) < keepTokens*9/10 {
			return
		}
		delete(c.byHash, h)
	}
}

// forget drops what a user's sessions (user "": the whole tenant's) are known
// by.
func (c *cache) forget(t id.Tenant, user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for h, r := range c.byHash {
		a := r.session.Actor
		if (a.Tenant == t || r.session.home() == t) && (user == "" || a.User == user) {
			delete(c.byHash, h)
		}
	}
}

func (c *cache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	clear(c.byHash)
}

// forgetToken drops one token.
func (c *cache) forgetToken(h tokenHash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.byHash, h)
}

// note remembers that a use was written down, so that it is written once.
func (c *cache) note(h tokenHash, seen time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.byHash[h]; ok {
		r.seen = seen
		c.byHash[h] = r
	}
}
