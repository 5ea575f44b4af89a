package account

import (
	"crypto/sha256"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
)

// Lock-out: so many failures within the window close an account for a while.
const (
	maxFailures = 5
	failWindow  = time.Minute
	lockTime    = 5 * time.Minute
)

// fail counts one more failure and says whether it closes the account.
func fail(failures int, since, now time.Time) (n int, from, lockedUntil time.Time) {
	if failures == 0 || now.Sub(since) > failWindow || now.Before(since) {
		failures, since = 0, now
	}
	failures++
	if failures >= maxFailures {
		return 0, time.Time{}, now.Add(lockTime)
	}
	return failures, since, time.Time{}
}

// Codes of an authenticator app can be guessed by who has the password: one of a million
// at a time, some of them a minute, for days. So many wrong ones since the last right one
// (NIST SP 800-63B-4, 3.2.2: at most 100) are the end of it, for browsers that are not
// known and for those that are, each by themselves: a stranger cannot use it up for those.
const (
	strangersCodes = 20
	knownCodes     = 100
)

// codesClosed says whether codes of six digits are not looked at any more.
func codesClosed(strangers, known int, device string) bool {
	if device != "" {
		return known >= knownCodes
	}
	return strangers >= strangersCodes
}

// noMoreCodes is the answer then. Recovery codes and passkeys cannot be guessed.
func noMoreCodes() error {
	return errs.New(errs.Limited, "Too many codes were wrong, so this app's codes are not taken here any more. Sign in with a recovery code, a passkey or a browser that you have used before, and choose a new password; or ask your administrator for one.")
}

// guesses counts failures in memory: of names that do not exist, so that a
// lock-out does not tell which do, and of known devices. It is bounded.
type guesses struct {
	mu     sync.Mutex
	byName map[[sha256.Size]byte]guess
}

type guess struct {
	failures    int
	since       time.Time
	lockedUntil time.Time
}

const keepGuesses = 20_000

func newGuesses() *guesses { return &guesses{byName: map[[sha256.Size]byte]guess{}} }

func guessKey(slug, name string) [sha256.Size]byte {
	return sha256.Sum256([]byte(slug + "\x00" + name))
}

// locked says until when a name is closed; zero if it is not.
func (g *guesses) locked(slug, name string, now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.byName[guessKey(slug, name)]; now.Before(e.lockedUntil) {
		return e.lockedUntil
	}
	return time.Time{}
}

// forget ends the counting of failures, but not a closing.
func (g *guesses) forget(slug, name string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if k := guessKey(slug, name); !now.Before(g.byName[k].lockedUntil) {
		delete(g.byName, k)
	}
}

// failed counts a failure and says until when the name is closed now.
func (g *guesses) failed(slug, name string, now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := guessKey(slug, name)
	e := g.byName[k]
	if now.Before(e.lockedUntil) { // a guess that came beside the one that closed it does not open it
		return e.lockedUntil
	}
	e.failures, e.since, e.lockedUntil = fail(e.failures, e.since, now)
	if len(g.byName) >= keepGuesses {
		for old, x := range g.byName { // stale ones first, else any
			if now.Sub(x.since) > failWindow && !now.Before(x.lockedUntil) || len(g.byName) >= keepGuesses {
				delete(g.byName, old)
			}
		}
	}
	g.byName[k] = e
	return e.lockedUntil
}

// turns lets one guess of a user be looked at after another on this node, so that many at
// once are no more of them before the account closes. Few users share a lock.
type turns [64]sync.Mutex

// of waits for a user's turn; call what it answers afterwards.
func (t *turns) of(user string) (leave func()) {
	sum := sha256.Sum256([]byte(user))
	m := &t[int(sum[0])%len(t)]
	m.Lock()
	return m.Unlock
}
