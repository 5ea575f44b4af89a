package auth

import (
	"errors"
	"slices"
	"strings"

	"github.com/icholy/digest"

	"nubitalk/internal/base/secret"
)

// Algorithms of RFC 8760 that this program speaks, the better first.
const (
	SHA256 = "SHA-256"
	MD5    = "MD5"
)

// Credentials are what a trunk gave us to prove who we are.
type Credentials struct {
	// Realms are those that may be answered; a challenge of any other realm is
	// not, whoever sends it, because the answer helps to guess the password.
	Realms   []string
	Username secret.Text
	Password secret.Text
	// MD5 says that a challenge with MD5 may be answered too.
	MD5 bool
}

// Empty says whether there are none.
func (c Credentials) Empty() bool { return c.Username.Empty() || len(c.Realms) == 0 }

var (
	// ErrForeign: no challenge is of a realm that may be answered.
	ErrForeign = errors.New("the challenge is of a foreign realm")
	// ErrWeak: the realm is right, but there is no algorithm that may be used.
	ErrWeak = errors.New("the challenge has no algorithm that may be used")
)

// Request is what a reply is computed for.
type Request struct {
	Method string
	URI    string
	// Cnonce is fresh randomness; Count is how often this nonce is used with
	// it, from 1.
	Cnonce string
	Count  int
}

// Answer picks the best of several challenges, values of WWW-Authenticate or
// Proxy-Authenticate, and gives the value of Authorization or
// Proxy-Authorization. SHA-256 goes before MD5 whatever the order; stale says
// that the challenge only asks for a new nonce.
func Answer(challenges []string, r Request, c Credentials) (value string, stale bool, err error) {
	var best *digest.Challenge
	err = ErrForeign
	for _, text := range challenges {
		chal, e := digest.ParseChallenge(text)
		if e != nil || !slices.Contains(c.Realms, chal.Realm) || chal.Nonce == "" {
			continue
		}
		chal.QOP = trim(chal.QOP)
		if len(chal.QOP) > 0 && !slices.Contains(chal.QOP, "auth") {
			err = ErrWeak
			continue
		}
		chal.QOP = slices.DeleteFunc(chal.QOP, func(q string) bool { return q != "auth" })
		rank := rankOf(chal.Algorithm)
		if rank == 0 || rank == 1 && !c.MD5 || chal.Userhash && rank == 1 {
			err = ErrWeak
			continue
		}
		if best == nil || rank > rankOf(best.Algorithm) {
			best = chal
		}
	}
	if best == nil {
		return "", false, err
	}
	cred, err := digest.Digest(best, digest.Options{
		Method: r.Method, URI: r.URI, Count: r.Count, Cnonce: r.Cnonce,
		Username: c.Username.Reveal(), Password: c.Password.Reveal(),
	})
	if err != nil {
		return "", false, ErrWeak
	}
	return cred.String(), best.Stale, nil
}

func trim(words []string) []string {
	var out []string
	for _, w := range words {
		if w = strings.ToLower(strings.TrimSpace(w)); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// rankOf orders algorithms; 0 is one that is not spoken.
func rankOf(algorithm string) int {
	switch strings.ToUpper(algorithm) {
	case SHA256:
		return 2
	case "", MD5:
		return 1
	}
	return 0
}
