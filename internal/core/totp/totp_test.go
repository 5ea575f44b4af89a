package totp

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238 appendix B for SHA-1, which have eight digits, and of
// RFC 4226 appendix D.
func TestVectorsOfTheRFCs(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130"} {
		if got := code(secret, StepAt(time.Unix(at, 0)), 8); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	for n, want := range strings.Fields("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489") {
		if got := Code(secret, int64(n)); got != want {
			t.Errorf("counter %d: %s, want %s", n, got, want)
		}
	}
}

func TestACodeIsGoodOnceAndForAWhile(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := time.Unix(1_800_000_000, 0)
	this := StepAt(now)
	for _, test := range []struct {
		step, after int64
		ok          bool
	}{{this, 0, true}, {this - 1, 0, true}, {this + 1, 0, true}, {this - 2, 0, false}, {this + 2, 0, false},
		{this, this, false}, {this - 1, this, false}, {this + 1, this, true}} {
		step, ok := Check(secret, Code(secret, test.step), test.after, now)
		if ok != test.ok || ok && step != test.step {
			t.Errorf("%+d after %+d: %d, %v", test.step-this, test.after-this, step, ok)
		}
	}
	if _, ok := Check(secret, "", 0, now); ok {
		t.Error("nothing is a code")
	}
}

func TestAnAddressIsReadByApps(t *testing.T) {
	u, err := url.Parse(Address("Nubitalk · Acme", "ana+1", []byte("12345678901234567890")))
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Nubitalk · Acme:ana+1" {
		t.Fatalf("%v, %v", u, err)
	}
	q := u.Query()
	if q.Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || q.Get("issuer") != "Nubitalk · Acme" || strings.Contains(u.RawQuery, "+") {
		t.Errorf("%v", u)
	}
}
