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
	period = 30 * time.Second
	// skew is how many steps a clock may be off, each way (RFC 6238 section 5.2).
	skew = 1
)

// StepAt is the number of the step that a time is in (RFC 6238 section 4.2).
func StepAt(now time.Time) int64 { return now.Unix() / int64(period/time.Second) }

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

// Check answers with the step that a code is of, if it is one of now or of a
// step beside it and later than after: a code is good once (RFC 6238 section
// 5.2). All steps are looked at, whatever fits.
func Check(secret []byte, got string, after int64, now time.Time) (step int64, ok bool) {
	for n := StepAt(now) - skew; n <= StepAt(now)+skew; n++ {
		if subtle.ConstantTimeCompare([]byte(Code(secret, n)), []byte(got)) == 1 && n > after && !ok {
			step, ok = n, true
		}
	}
	return step, ok
}

// Text is a secret as it is typed into an app.
func Text(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// Address is what an app reads from a picture: the Key URI Format.
func Address(issuer, account string, secret []byte) string {
	q := url.Values{"secret": {Text(secret)}, "issuer": {issuer}, "digits": {fmt.Sprint(Digits)}, "period": {fmt.Sprint(int(period / time.Second))}, "algorithm": {"SHA1"}}
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
