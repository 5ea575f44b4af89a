package totp

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 1.2; apps know no other
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

const (
	// SecretBytes is the length of a secret (RFC 4226 section 4, R6: 160 bits).
	SecretBytes = 20
	// Digits is the length of a code.
	Digits = 6
	// Period is how long a code lasts.
	Period = 30 * time.Second
	// drift is how many steps away from now Drift looks, each way: five minutes.
	drift = int64(5 * time.Minute / Period)
)

// StepAt is the number of the step that a time is in (RFC 6238 section 4.2).
func StepAt(now time.Time) int64 { return now.Unix() / int64(Period/time.Second) }

// Code is the code of a step (RFC 4226 section 5.3).
func Code(secret []byte, step int64) string { return code(secret, step, Digits) }

func code(secret []byte, step int64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

// Check answers with the step that a code is of: that of now, or none. Clocks that
// are off are given no room (RFC 6238 section 5.2 allows some, and asks for little).
// A step that is not later than after was used, and is no good again.
func Check(secret []byte, got string, after int64, now time.Time) (step int64, ok bool) {
	step = StepAt(now)
	return step, fits(secret, got, step) && step > after
}

// Ended answers with the step right before now's, if that is what a code is of and
// the step is later than after: it was good until a moment ago.
func Ended(secret []byte, got string, after int64, now time.Time) (step int64, ok bool) {
	step = StepAt(now) - 1
	return step, fits(secret, got, step) && step > after
}

// Drift is how far from now an app's clock is that shows this code, within five
// minutes; negative if it is behind. The nearest step that fits is told, in whole steps.
func Drift(secret []byte, got string, now time.Time) (off time.Duration, ok bool) {
	for n := int64(1); n <= drift; n++ {
		for _, steps := range []int64{-n, n} {
			if fits(secret, got, StepAt(now)+steps) {
				return time.Duration(steps) * Period, true
			}
		}
	}
	return 0, false
}

func fits(secret []byte, got string, step int64) bool {
	return subtle.ConstantTimeCompare([]byte(Code(secret, step)), []byte(got)) == 1
}

// Text is a secret as it is typed into an app.
func Text(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// Address is what an app reads from a picture: the Key URI Format.
func Address(issuer, account string, secret []byte) string {
	q := url.Values{"secret": {Text(secret)}, "issuer": {issuer}, "digits": {fmt.Sprint(Digits)}, "period": {fmt.Sprint(int(Period / time.Second))}, "algorithm": {"SHA1"}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account}
	// Apps take + for itself and not for a space.
	query := q.Encode()
	out := make([]byte, 0, len(query))
	for i := range len(query) {
		if query[i] == '+' {
			out = append(out, "%20"...)
			continue
		}
		out = append(out, query[i])
	}
	u.RawQuery = string(out)
	return u.String()
}
