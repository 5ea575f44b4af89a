package account

import (
	"context"
	"sync"
	"time"

	"nubitalk/internal/base/secret"
)

// NoWait makes refusals come at once and collects how long they would have
// waited.
func (s *Service) NoWait() *[]time.Duration {
	var mu sync.Mutex // several may be refused at once
	var waits []time.Duration
	s.wait = func(_ context.Context, d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		waits = append(waits, d)
	}
	return &waits
}

// Cheap makes password hashes take no time to speak of.
func (s *Service) Cheap() { s.hash = newHasher(cost{1, 64}, 4) }

// Held lets no password be looked at until release; waiting is how many wait for that.
func (s *Service) Held() (waiting func() int, release func()) {
	h := s.hash
	for range cap(h.turns) {
		h.turns <- struct{}{}
	}
	return func() int { return len(h.queue) }, func() {
		for range cap(h.turns) {
			<-h.turns
		}
	}
}

// Costlier makes new password hashes take a little more.
func (s *Service) Costlier() { s.hash = newHasher(cost{2, 64}, 4) }

// DecodeHash reads what is stored of a password.
func DecodeHash(s string) error {
	_, _, _, err := decode(s)
	return err
}

// Remembered is how many tokens are believed without asking the store.
func (s *Service) Remembered() int {
	s.known.mu.Lock()
	defer s.known.mu.Unlock()
	return len(s.known.byHash)
}

// HashAndCheck makes a hash as New does and checks it.
func HashAndCheck(ctx context.Context, password secret.Text) (hash string, ok bool, err error) {
	h := newHasher(passwordCost, 1)
	if hash, err = h.make(ctx, password); err != nil {
		return "", false, err
	}
	ok, err = h.check(ctx, hash, password)
	return hash, ok, err
}

const BelieveFor = believeFor

var (
	ParseToken       = parseToken
	OneTimePassword  = oneTimePassword
	CheckNewPassword = checkNewPassword
	NameKey          = nameKey
)

// CloseDevice closes an account to one device, or to who holds one session.
func (s *Service) CloseDevice(user, device string) {
	for range maxFailures {
		s.devices.failed(user, device, s.now())
	}
}

const (
	StrangersCodes = strangersCodes
	KnownCodes     = knownCodes
)
