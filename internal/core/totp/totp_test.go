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

func TestACodeIsGoodOnceAndInItsOwnStep(t *testing.T) {
	secret := []byte("12345678901234567890")
	begin := time.Unix(1_800_000_000, 0)
	this := StepAt(begin)
	for _, now := range []time.Time{begin, begin.Add(14 * time.Second), begin.Add(30*time.Second - time.Millisecond)} { // the whole step, to its last millisecond
		for _, test := range []struct {
			step, after int64
			ok, ended   bool
		}{{this, 0, true, false}, {this - 1, 0, false, true}, {this + 1, 0, false, false}, {this - 2, 0, false, false}, {this + 2, 0, false, false},
			{this, this - 1, true, false}, {this, this, false, false}, {this - 1, this - 1, false, false}, {this - 1, this, false, false}, {this + 1, this, false, false}} {
			got := Code(secret, test.step)
			step, ok := Check(secret, got, test.after, now)
			if ok != test.ok || ok && step != test.step {
				t.Errorf("%v: %+d after %+d: %d, %v", now.Sub(begin), test.step-this, test.after-this, step, ok)
			}
			step, ended := Ended(secret, got, test.after, now)
			if ended != test.ended || ended && step != test.step {
				t.Errorf("%v: %+d after %+d: ended is %d, %v", now.Sub(begin), test.step-this, test.after-this, step, ended)
			}
		}
	}
	if _, ok := Check(secret, Code(secret, this), 0, begin.Add(-time.Millisecond)); ok {
		t.Error("a millisecond before its step")
	}
	if _, ok := Check(secret, Code(secret, this), 0, begin.Add(Period)); ok {
		t.Error("in the first millisecond of the next step")
	}
	for _, got := range []string{"", "12345", Code(secret, this) + " "} {
		if _, ok := Check(secret, got, 0, begin); ok {
			t.Errorf("%q is no code", got)
		}
	}
}

func TestHowFarAClockIsOff(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := time.Unix(1_800_000_017, 0)
	for steps := int64(-12); steps <= 12; steps++ {
		off, ok := Drift(secret, Code(secret, StepAt(now)+steps), now)
		if want := steps != 0 && steps >= -10 && steps <= 10; ok != want || ok && off != time.Duration(steps)*30*time.Second {
			t.Errorf("%+d: %v, %v", steps, off, ok)
		}
	}
	if _, ok := Drift(secret, "", now); ok {
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
