package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// cost is what an argon2id hash takes, on one lane.
type cost struct {
	time   uint32
	memory uint32 // KiB
}

// passwordCost is OWASP's second choice: t=2 and 19 MiB.
var passwordCost = cost{2, 19 << 10}

const (
	saltLen = 16
	hashLen = 32
)

// Lengths of a password, in characters and bytes.
const (
	minPassword = 10 // the tenant's rules may ask for more
	maxPassword = 256
)

// hasher bounds how many hashes run at once, because each takes 19 MiB and tens
// of milliseconds of one processor.
type hasher struct {
	cost
	turns chan struct{}
	queue chan struct{} // who runs or waits; more are told to come back
	dummy string        // the hash of nobody's password
}

func newHasher(c cost, atOnce int) *hasher {
	atOnce = max(atOnce, 1)
	h := &hasher{cost: c, turns: make(chan struct{}, atOnce), queue: make(chan struct{}, 64*atOnce)}
	h.dummy = c.encode(make([]byte, saltLen), make([]byte, hashLen))
	return h
}

// turn waits for a place to work in.
func (h *hasher) turn(ctx context.Context) (leave func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, &errs.Error{Code: errs.Unavailable, Text: "Too many people are signing in at this moment. Please try again in a few seconds.", RetryAfter: 3 * time.Second}
	}
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, errs.As(ctx.Err())
	}
}

// make hashes a new password with a fresh salt.
func (h *hasher) make(ctx context.Context, password secret.Text) (string, error) {
	leave, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt) // never fails
	return h.encode(salt, h.derive(password, salt)), nil
}

// check says whether the password fits the hash. With an empty hash (no such
// user) it does the same work and says no.
func (h *hasher) check(ctx context.Context, hash string, password secret.Text) (bool, error) {
	leave, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	exists := hash != ""
	if !exists {
		hash = h.dummy
	}
	made, salt, want, err := decode(hash)
	if err != nil {
		return false, errs.Wrap(errs.Internal, err, "This account's password cannot be checked. Ask your administrator for a new one.")
	}
	return subtle.ConstantTimeCompare(made.derive(password, salt), want) == 1 && exists, nil
}

func (c cost) derive(password secret.Text, salt []byte) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password.Reveal())), salt, c.time, c.memory, 1, hashLen)
}

// prefix begins a hash of this cost in the PHC string format.
func (c cost) prefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$", argon2.Version, c.memory, c.time)
}

func (c cost) encode(salt, hash []byte) string {
	b64 := base64.RawStdEncoding
	return c.prefix() + b64.EncodeToString(salt) + "$" + b64.EncodeToString(hash)
}

// outdated says whether a hash was made at another cost than new ones are.
func (h *hasher) outdated(hash string) bool { return !strings.HasPrefix(hash, h.prefix()) }

// decode reads a hash of any cost within reason, so that the cost may change
// while old hashes still fit.
func decode(s string) (c cost, salt, hash []byte, err error) {
	head, parts, ok := cutAfter(s, "p=1$")
	if !ok {
		return c, nil, nil, errors.New("a password hash of unknown form")
	}
	if _, err := fmt.Sscanf(head, "$argon2id$v=19$m=%d,t=%d,p=1$", &c.memory, &c.time); err != nil || c.prefix() != head || c.memory > 1<<20 || c.time > 20 || c.time < 1 {
		return c, nil, nil, errors.New("a password hash of unknown parameters")
	}
	a, b, ok := strings.Cut(parts, "$")
	if !ok {
		return c, nil, nil, errors.New("a password hash without its parts")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(a); err != nil {
		return c, nil, nil, err
	}
	if hash, err = base64.RawStdEncoding.DecodeString(b); err == nil && len(hash) != hashLen {
		err = errors.New("a password hash of unknown length")
	}
	return c, salt, hash, err
}

func cutAfter(s, sep string) (head, rest string, ok bool) {
	i := strings.Index(s, sep)
	if i < 0 {
		return "", "", false
	}
	return s[:i+len(sep)], s[i+len(sep):], true
}

// characters is how long a password is.
func characters(password secret.Text) int {
	return utf8.RuneCountInString(norm.NFC.String(password.Reveal()))
}

// checkNewPassword says what is wrong with a password that someone chose. Names are
// the organisation's: with nothing but digits and signs added they are guessed first.
func checkNewPassword(path, userName string, password secret.Text, least int, names ...string) error {
	p := norm.NFC.String(password.Reveal())
	switch n := characters(password); {
	case n < max(least, minPassword):
		return errs.Bad(path, "must have at least %d characters", max(least, minPassword))
	case len(p) > maxPassword:
		return errs.Bad(path, "must have at most %d bytes", maxPassword)
	}
	low := strings.ToLower(p)
	if name := strings.ToLower(userName); len(name) >= 3 && strings.Contains(low, name) {
		return errs.Bad(path, "must not contain the user name")
	}
	if common(low) || slices.ContainsFunc(names, func(name string) bool { return letters(name) != "" && letters(name) == letters(low) }) {
		return errs.Bad(path, "is among those that are guessed first; several words in a row are easier to remember and harder to guess")
	}
	return nil
}

// letters are those of a name or a password, in lower case, and nothing else.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// common says whether a lower-case password is one that is tried first: few
// different characters, a run along the keyboard or the alphabet, one that was
// often in breaches, or a usual word with digits and signs around it.
func common(low string) bool {
	seen := map[rune]bool{}
	for _, r := range low {
		seen[r] = true
	}
	if len(seen) < 5 {
		return true
	}
	for _, row := range keyRuns {
		if strings.Contains(row, low) || strings.Contains(row+row, low) {
			return true
		}
	}
	word := strings.TrimFunc(low, func(r rune) bool { return !unicode.IsLetter(r) })
	word = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "@", "a", "$", "s").Replace(word)
	return commonWords[word] || guessed(word) || guessed(low)
}

var keyRuns = []string{"1234567890", "0987654321", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "abcdefghijklmnopqrstuvwxyz",
	"1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujmikolp"}

var commonWords = map[string]bool{"password": true, "passwort": true, "palavrapasse": true, "senha": true, "secret": true, "letmein": true,
	"welcome": true, "bemvindo": true, "benvindo": true, "admin": true, "administrator": true, "administrador": true, "changeme": true,
	"iloveyou": true, "monkey": true, "dragon": true, "football": true, "baseball": true, "benfica": true, "sporting": true, "futebol": true,
	"portugal": true, "lisboa": true, "summer": true, "winter": true, "spring": true, "autumn": true, "verao": true, "inverno": true,
	"qwerty": true, "princess": true, "princesa": true, "sunshine": true, "superman": true, "batman": true, "master": true, "trustno": true,
	"nubitalk": true, "callcenter": true, "contactcenter": true, "supervisor": true, "operator": true, "operador": true, "agent": true, "agente": true}

// oneTimeAlphabet leaves out what is mistaken for something else when read out.
const oneTimeAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"

// oneTimePassword makes a password of ours, which its user replaces: 138 random bits.
func oneTimePassword() secret.Text { return randomWords(7) }

// recoveryCode makes one of 28 characters: 138 random bits, so that its hash need not be
// slow (OWASP ASVS 5.0, 6.5.2) and nobody guesses it (11.5.1 asks for 128).
func recoveryCode() secret.Text { return randomWords(7) }

// randomWords makes groups of four characters.
func randomWords(groups int) secret.Text {
	out := make([]byte, 0, groups*5)
	var b [1]byte
	for n := 0; n < groups*4; {
		_, _ = rand.Read(b[:]) // never fails
		if int(b[0]) >= 256/len(oneTimeAlphabet)*len(oneTimeAlphabet) {
			continue // keeps every character equally likely
		}
		if n > 0 && n%4 == 0 {
			out = append(out, '-')
		}
		out = append(out, oneTimeAlphabet[int(b[0])%len(oneTimeAlphabet)])
		n++
	}
	return secret.New(string(out))
}
