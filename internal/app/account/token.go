package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// Prefixes of tokens. A token is its prefix, the tenant's id, a dot, and 256
// random bits.
const (
	sessionPrefix = "nbs_"
	keyPrefix     = "nbk_"
	supportPrefix = "nbh_"
	tokenBytes    = 32
)

// tokenHash is what is stored of a token.
type tokenHash [sha256.Size]byte

func newToken(prefix string, t id.Tenant) (secret.Text, tokenHash) {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	s := prefix + string(t) + "." + base64.RawURLEncoding.EncodeToString(b[:])
	return secret.New(s), sha256.Sum256([]byte(s))
}

// parseToken reads what a caller sent: whose it says to be, and its hash.
func parseToken(token secret.Text) (prefix string, t id.Tenant, h tokenHash, ok bool) {
	s := token.Reveal()
	if len(s) > 128 {
		return "", "", h, false
	}
	for _, prefix = range []string{sessionPrefix, keyPrefix, supportPrefix} {
		rest, found := strings.CutPrefix(s, prefix)
		if !found {
			continue
		}
		tenant, random, found := strings.Cut(rest, ".")
		if !found || len(random) != base64.RawURLEncoding.EncodedLen(tokenBytes) || !validTenant(tenant) {
			return "", "", h, false
		}
		return prefix, id.Tenant(tenant), sha256.Sum256([]byte(s)), true
	}
	return "", "", h, false
}

func validTenant(s string) bool {
	return id.Valid(id.TenantKind, s) || id.Valid(id.Reseller, s) || id.Valid(id.Operator, s)
}
