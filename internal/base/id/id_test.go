package id

import (
	"testing"
	"time"
)

func TestIDsSortByAgeEvenWhenTheClockGoesBack(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	s := NewSource(func() time.Time { return now }, nil)
	last := ""
	for i := range 5000 {
		switch {
		case i%7 == 0:
			now = now.Add(time.Millisecond)
		case i%11 == 0:
			now = now.Add(-5 * time.Millisecond)
		}
		got := s.New(Message)
		if !Valid(Message, got) {
			t.Fatalf("%q is not valid", got)
		}
		if got <= last {
			t.Fatalf("%q does not sort after %q", got, last)
		}
		last = got
	}
}

func TestValidRefuses(t *testing.T) {
	for _, s := range []string{"", "msg", "msg_", "usr_01jd0000000000000000000000", "msg_01jd000000000000000000000", "msg_01JD0000000000000000000000",
		"msg_01jd00000000000000000000u0", "msg_81jd0000000000000000000000", "msg_01jd000000000000000000000'"} {
		if Valid(Message, s) {
			t.Errorf("%q was accepted", s)
		}
	}
}
