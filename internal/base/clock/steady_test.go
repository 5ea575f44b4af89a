package clock_test

import (
	"testing"
	"time"

	"nubitalk/internal/base/clock"
)

// machine is a wall clock that can be set, and the time that really passes.
type machine struct {
	wall   time.Time
	passed time.Duration
}

func (m *machine) steady() *clock.Steady {
	return clock.SteadyOf(func() time.Time { return m.wall }, func() time.Duration { return m.passed })
}

func (m *machine) pass(d time.Duration) { m.wall, m.passed = m.wall.Add(d), m.passed+d }

func TestSteadyDoesNotJump(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 5 * time.Hour, -5 * time.Hour, time.Second, -time.Second} {
		m := &machine{wall: time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)}
		s := m.steady()
		m.pass(time.Minute)
		if !s.Now().Equal(m.wall) {
			t.Fatalf("without a jump it is %s, not %s", s.Now(), m.wall)
		}
		before := s.Now()
		m.wall = m.wall.Add(jump)
		if !s.Now().Equal(before) {
			t.Errorf("a jump of %s moved it by %s", jump, s.Now().Sub(before))
		}
		for range 70 * 60 {
			m.pass(time.Minute)
			now := s.Now()
			if d := now.Sub(before); d < 54*time.Second || d > 66*time.Second {
				t.Fatalf("after a jump of %s a minute takes %s", jump, d)
			}
			before = now
		}
		if !s.Now().Equal(m.wall) {
			t.Errorf("after a jump of %s it does not come back to the wall clock: %s", jump, m.wall.Sub(s.Now()))
		}
	}
}

func TestSteadyFollowsAClockThatWasNonsense(t *testing.T) {
	m := &machine{wall: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := m.steady()
	m.wall = time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	if !s.Now().Equal(m.wall) {
		t.Error(s.Now())
	}
}

func TestTheMachinesOwnTimePasses(t *testing.T) {
	s := clock.NewSteady()
	last := s.Now()
	for range 1000 {
		now := s.Now()
		if now.Before(last) || time.Until(now).Abs() > time.Hour {
			t.Fatal(last, now)
		}
		last = now
	}
}
