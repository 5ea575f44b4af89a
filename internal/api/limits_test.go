package api

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
)

func TestLimitsMultiplied(t *testing.T) {
	if d := cmp.Diff(DefaultLimits, Times(1)); d != "" {
		t.Error(d)
	}
	now := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		factor float64
		want   int // sign-ins at once, of 200
	}{{1, 60}, {2, 120}, {0.01, 1}, {0, 200}} {
		l, got := newLimiters(Times(test.factor)).signIn, 0
		for range 200 {
			err := l.take("192.0.2.1", 1, now)
			if err == nil {
				got++
			} else if e := errs.As(err); e.Code != errs.Limited || e.RetryAfter <= 0 {
				t.Errorf("times %v: %v", test.factor, err)
			}
		}
		if got != test.want {
			t.Errorf("times %v lets %d through, not %d", test.factor, got, test.want)
		}
	}
}
