package alert

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func TestWhatAValueMeansBesideItsThresholds(t *testing.T) {
	high := Thresholds{Warning: Threshold{5, 3}, Critical: Threshold{10, 8}}
	low := Thresholds{LowIsBad: true, Warning: Threshold{80, 85}, Critical: Threshold{60, 70}}
	for _, tt := range []struct {
		name   string
		t      Thresholds
		values []float64
		want   []Level
	}{
		{"rises and falls", high, []float64{4, 5, 4, 3, 2.9, 5}, []Level{None, Warning, Warning, Warning, None, Warning}},
		{"at once critical, then through warning", high, []float64{12, 8, 7, 2}, []Level{Critical, Critical, Warning, None}},
		{"at once from critical to nothing", high, []float64{10, 0}, []Level{Critical, None}},
		{"a share falls and rises", low, []float64{80, 79.9, 84, 85}, []Level{None, Warning, Warning, None}},
		{"a share falls deep", low, []float64{59, 69, 70, 85}, []Level{Critical, Critical, Warning, None}},
		{"only critical", Thresholds{Critical: Threshold{5, 5}}, []float64{4, 5, 4}, []Level{None, Critical, None}},
		{"only warning", Thresholds{Warning: Threshold{1, 1}}, []float64{0, 1, 1000, 0}, []Level{None, Warning, Warning, None}},
		{"none at all", Thresholds{}, []float64{0, 1000}, []Level{None, None}},
	} {
		var s State
		for i, v := range tt.values {
			s = tt.t.Step(s, Read(v), at(i))
			if s.Level != tt.want[i] {
				t.Errorf("%s: %v at %d: %v, want %v", tt.name, v, i, s.Level, tt.want[i])
			}
		}
	}
}

func TestAChangeIsAskedForDuringTheWholeHold(t *testing.T) {
	th := Thresholds{Warning: Threshold{5, 4}, Hold: 10 * time.Second}
	type step struct {
		at   int
		r    Reading
		want Level
	}
	for name, steps := range map[string][]step{
		"raised after ten seconds":            {{0, Read(5), None}, {9, Read(7), None}, {10, Read(5), Warning}},
		"a swing begins anew":                 {{0, Read(5), None}, {9, Read(4), None}, {10, Read(5), None}, {19, Read(5), None}, {20, Read(5), Warning}},
		"clears after ten seconds":            {{0, Read(5), None}, {10, Read(5), Warning}, {11, Read(3), Warning}, {15, Read(4), Warning}, {16, Read(3), Warning}, {25, Read(3), Warning}, {26, Read(3), None}},
		"nothing to measure is no alarm":      {{0, Read(5), None}, {10, Read(5), Warning}, {11, Reading{Sort: Nothing}, Warning}, {21, Reading{Sort: Nothing}, None}},
		"what cannot be known stays":          {{0, Read(5), None}, {10, Read(5), Warning}, {11, Read(0), Warning}, {12, Reading{Sort: Unclear}, Warning}, {60, Reading{Sort: Unclear}, Warning}, {61, Read(0), Warning}, {71, Read(0), None}},
		"what cannot be known is not counted": {{0, Read(5), None}, {5, Reading{Sort: Unclear}, None}, {10, Read(5), None}, {20, Read(5), Warning}},
		"out of hours it ends at once":        {{0, Read(5), None}, {10, Read(5), Warning}, {11, Reading{Sort: Off}, None}, {12, Read(5), None}, {22, Read(5), Warning}},
		"the clock is set back":               {{100, Read(5), None}, {40, Read(5), None}, {49, Read(5), None}, {50, Read(5), Warning}, {10, Read(5), Warning}, {11, Read(0), Warning}, {21, Read(0), None}},
	} {
		var s State
		for _, st := range steps {
			s = th.Step(s, st.r, at(st.at))
			if s.Level != st.want {
				t.Errorf("%s: at %d: %v, want %v", name, st.at, s.Level, st.want)
			}
		}
	}
}

func TestDefaultsClearOnTheGoodSide(t *testing.T) {
	for _, m := range Measures {
		for v := 1; v <= m.Highest(); v += 1 + v/7 {
			c := DefaultClear(m, v)
			if m.LowIsBad() && c < v || !m.LowIsBad() && (c > v || c < 1) || c > m.Highest()+m.Highest()/5 {
				t.Fatalf("%s at %d clears at %d", m, v, c)
			}
		}
	}
	for _, tt := range []struct {
		m        Measure
		at, want int
	}{{Waiting, 5, 4}, {Waiting, 1, 1}, {LongestWaiting, 120, 96}, {AbandonRate, 10, 8}, {ServiceLevel, 80, 85}, {ServiceLevel, 98, 100}, {AgentsFree, 1, 1}, {AgentsAtWork, 10, 12}} {
		if got := DefaultClear(tt.m, tt.at); got != tt.want {
			t.Errorf("%s at %d clears at %d, want %d", tt.m, tt.at, got, tt.want)
		}
	}
}

// drawThresholds are any that core/setup lets through.
func drawThresholds(t *rapid.T) Thresholds {
	th := Thresholds{LowIsBad: rapid.Bool().Draw(t, "low is bad"), Hold: time.Duration(rapid.IntRange(0, 20).Draw(t, "hold")) * time.Second}
	// As if large were bad: warning clears and begins, critical clears and begins.
	a := rapid.IntRange(1, 20).Draw(t, "warning clears")
	b := a + rapid.IntRange(0, 5).Draw(t, "warning begins after")
	c := a + rapid.IntRange(0, 10).Draw(t, "critical clears after")
	d := max(b+1, c) + rapid.IntRange(0, 5).Draw(t, "critical begins after")
	which := rapid.SampledFrom([]string{"both", "warning", "critical"}).Draw(t, "levels")
	if which != "critical" {
		th.Warning = Threshold{At: b, Clear: a}
	}
	if which != "warning" {
		th.Critical = Threshold{At: d, Clear: c}
	}
	if th.LowIsBad {
		turn := func(x Threshold) Threshold {
			if x.At == 0 {
				return x
			}
			return Threshold{At: 50 - x.At, Clear: 50 - x.Clear}
		}
		th.Warning, th.Critical = turn(th.Warning), turn(th.Critical)
	}
	return th
}

// course is how a measure goes: from each second on it is as its piece says.
type piece struct {
	from  int
	sort  Sort
	value float64
	grows bool // one a second
}

func drawCourse(t *rapid.T, grows bool) []piece {
	var out []piece
	from := 0
	for range rapid.IntRange(1, 25).Draw(t, "pieces") {
		p := piece{from: from, value: float64(rapid.IntRange(0, 50).Draw(t, "value")), grows: grows && rapid.Bool().Draw(t, "grows")}
		if n := rapid.IntRange(0, 15).Draw(t, "sort"); n < 4 {
			p.sort = Sort(n)
		}
		out = append(out, p)
		from += rapid.IntRange(1, 30).Draw(t, "lasts")
	}
	return out
}

func reading(course []piece, second int) Reading {
	p := course[0]
	for _, next := range course {
		if next.from <= second {
			p = next
		}
	}
	if p.grows {
		p.value += float64(second - p.from)
	}
	return Reading{p.sort, p.value}
}

type change struct {
	At   int
	To   Level
	From Level
}

// polled looks every second.
func polled(th Thresholds, course []piece, until int) (out []change) {
	var s State
	for second := range until {
		before := s.Level
		if s = th.Step(s, reading(course, second), at(second)); s.Level != before {
			out = append(out, change{second, s.Level, before})
		}
	}
	return out
}

// woken looks when a piece begins and when it was told to, and sometimes forgets
// all but the State, as a restart does.
func woken(th Thresholds, course []piece, until int) (out []change) {
	var s State
	wake := map[int]bool{}
	for _, p := range course {
		wake[p.from] = true
	}
	for second := range until {
		if !wake[second] {
			continue
		}
		before, r := s.Level, reading(course, second)
		kept := State{ParseLevel(s.Level.String()), s.Warning, s.Critical} // as it is stored
		if s = th.Step(kept, r, at(second)); s.Level != before {
			out = append(out, change{second, s.Level, before})
		}
		if w, ok := th.Wake(s); ok {
			wake[int(w.Sub(start)/time.Second)] = true
		}
		if next, ok := th.Next(r.Value); ok && r.Sort == Value {
			wake[second+int(float64(next)-r.Value)] = true
		}
	}
	return out
}

// Looking only when told to, and forgetting all but the state in between, gives
// the same alerts at the same seconds as looking all the time.
func TestWakingUpIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		th := drawThresholds(t)
		course := drawCourse(t, !th.LowIsBad)
		until := course[len(course)-1].from + 100
		want, got := polled(th, course, until), woken(th, course, until)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// An alert is raised once and cleared once in turn, each only after the value
// asked for it during the whole hold, and so the two are never closer together.
func TestAlertsNeverFlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		th := drawThresholds(t)
		course := drawCourse(t, !th.LowIsBad)
		hold := int(th.Hold / time.Second)
		changes := polled(th, course, course[len(course)-1].from+100)
		last := change{At: -hold}
		for _, c := range changes {
			if c.From == c.To || c.From != last.To {
				t.Fatalf("%+v after %+v", c, last)
			}
			if reading(course, c.At).Sort == Off {
				if c.To != None {
					t.Fatalf("%+v while it is off", c)
				}
				last = change{At: c.At - hold}
				continue
			}
			if worse, before := c.To > c.From, last.To > last.From; worse != before && c.At-last.At < hold {
				t.Fatalf("%+v only %d s after %+v", c, c.At-last.At, last)
			}
			for second := max(0, c.At-hold); second <= c.At; second++ {
				if r := reading(course, second); !asks(th, c, r) {
					t.Fatalf("%+v, but at %d it was %+v", c, second, r)
				}
			}
			last = c
		}
	})
}

// asks says, in other words than the package's, whether a reading asks for a
// change.
func asks(th Thresholds, c change, r Reading) bool {
	if r.Sort == Unclear || r.Sort == Off {
		return false
	}
	past := func(edge int) bool { // on the bad side of an edge
		if th.LowIsBad {
			return r.Value < float64(edge)
		}
		return r.Value >= float64(edge)
	}
	good := r.Sort == Nothing
	if c.To > c.From {
		if good {
			return false
		}
		if c.To == Critical {
			return past(th.Critical.At)
		}
		return past(th.Warning.At)
	}
	if c.From == Critical && (c.To == Warning || th.Warning.At == 0) {
		return good || !past(th.Critical.Clear)
	}
	return good || !past(th.Warning.Clear)
}

// However the clock jumps, each alert is raised before it clears, and once the
// clock stands still again a value that stays is judged within the hold.
func TestClockJumps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		th := drawThresholds(t)
		var s State
		now := 0
		for range rapid.IntRange(1, 30).Draw(t, "looks") {
			now += rapid.IntRange(-200, 200).Draw(t, "jump")
			s = th.Step(s, Read(float64(rapid.IntRange(0, 50).Draw(t, "value"))), at(now))
			if !s.Warning.IsZero() && s.Warning.After(at(now)) || !s.Critical.IsZero() && s.Critical.After(at(now)) {
				t.Fatalf("%+v asks since a moment that is still to come", s)
			}
		}
		v := Read(float64(rapid.IntRange(0, 50).Draw(t, "value that stays")))
		s = th.Step(s, v, at(now))
		s = th.Step(s, v, at(now).Add(th.Hold))
		if next := th.Step(s, v, at(now).Add(time.Hour)); next != s || !s.Warning.IsZero() || !s.Critical.IsZero() {
			t.Fatalf("%+v is not settled: %+v", s, next)
		}
	})
}

func TestMeasuresAreWhole(t *testing.T) {
	for _, m := range Measures {
		if !m.Known() || m.Unit() == "" || m.Highest() < 100 {
			t.Errorf("%s is not whole", m)
		}
	}
	if Measure("weather").Known() {
		t.Error("weather is known")
	}
	for _, l := range []Level{None, Warning, Critical} {
		if ParseLevel(l.String()) != l {
			t.Errorf("%d is stored as %q", l, l)
		}
	}
}
