package voice

import (
	"context"
	"math"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/media/audio"
)

// When a call pays for its trunk's minutes: the next slice this long before the end of
// the one it has; where there is none it is told so long before the end, and asks
// again meanwhile, for another call may give back what it did not use.
const (
	payEarly  = 15 * time.Second
	tellEarly = 10 * time.Second
	payAgain  = time.Second
)

// reasonMinutes is why a call ends whose trunk has no minutes left.
var reasonMinutes = sip.Reason{Q850: normalClearing, Text: "minutes used up"}

// minutesTone tells those who talk that their call ends: three short tones that fall.
var minutesTone = sync.OnceValue(func() []int16 {
	pcm := make([]int16, audio.Rate*3/4)
	third := len(pcm) / 3
	for i := range pcm {
		hertz := []float64{950, 800, 650}[min(2, i/third)]
		fade := math.Min(1, math.Min(float64(i%third), float64(third-i%third))/80)
		pcm[i] = int16(6000 * fade * math.Sin(2*math.Pi*hertz*float64(i)/audio.Rate))
	}
	return pcm
})

// meter pays for a line's time, slice by slice, and ends it when there is no more. It
// goes with the line from one call to another.
type meter struct {
	l    *line
	t    id.Tenant
	stop chan struct{} // closed when the line has ended

	mu sync.Mutex
	of Minutes
}

// pays has a line pay from now on, as what is noted of it says; where it does already,
// for what is noted of it now.
func (l *line) pays(t id.Tenant, of Minutes) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.done:
		return
	case l.meter != nil:
		l.meter.notedAs(of)
		return
	}
	l.meter = &meter{l: l, t: t, stop: make(chan struct{}), of: of}
	l.s.running.Go(l.meter.run)
}

// notedAs has the meter pay for another record: what the one before had ends with it.
func (m *meter) notedAs(of Minutes) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if of.Record != m.of.Record {
		of.Until = m.of.Until
		m.of = of
	}
}

func (m *meter) now() Minutes {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of
}

// run pays until the line has ended, or nothing bounds it any more.
func (m *meter) run() {
	told := false
	for {
		of := m.now()
		paid, err := m.l.s.Network.Pay(context.Background(), m.t, of)
		if err == nil && paid.Until.IsZero() {
			m.l.lasts(time.Time{})
			return
		}
		if paid.Until.After(of.Until) { // one that was taken up again has what it had, at least
			m.mu.Lock()
			m.of.Until = paid.Until
			m.mu.Unlock()
			of.Until = paid.Until
		}
		if err == nil {
			told = false
			m.l.lasts(paid.Most)
		}
		left := of.Until.Sub(m.l.s.Clock.Now())
		wait := max(left-payEarly, min(left, payAgain))
		if err != nil {
			wait = min(left, payAgain)
			switch {
			case left <= 0:
				m.l.s.Log.Info("a call ends with its trunk's minutes", "tenant", m.t, "trunk", of.Trunk, "code", errs.As(err).Code)
				m.l.minutesOver()
				wait = payAgain // where it was between two calls it is said again
			case left <= tellEarly && !told:
				told = true
				m.l.warn()
			}
		}
		select {
		case <-m.stop:
			return
		case <-m.l.s.halting:
			return
		case <-time.After(max(wait, time.Millisecond)):
		}
	}
}

// owner is the call that a line is in.
func (l *line) owner() (*officeCall, *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.office, l.call
}

// lasts notes when a line ends if no other call uses its trunk's minutes.
func (l *line) lasts(at time.Time) {
	switch o, c := l.owner(); {
	case o != nil:
		o.post(func() { l.ends = at })
	case c != nil:
		c.post(func() {
			l.ends = at
			c.tellHanded()
		})
	}
}

// minutesOver ends a line whose minutes are used up.
func (l *line) minutesOver() {
	switch o, c := l.owner(); {
	case o != nil:
		o.post(func() {
			if l == o.caller || l == o.callee {
				o.stop(reasonMinutes)
			}
		})
	case c != nil:
		c.post(func() {
			if c.current(l.party) {
				l.leg.Hangup(reasonMinutes)
			}
		})
	}
}

// warn tells those who talk with a line that it ends soon.
func (l *line) warn() {
	switch o, c := l.owner(); {
	case o != nil:
		o.post(func() {
			for _, end := range []*line{o.caller, o.callee} {
				if end != nil && end.rtp != nil && (l == o.caller || l == o.callee) {
					end.rtp.Play(audio.NewClip(minutesTone()))
				}
			}
		})
	case c != nil:
		c.post(func() {
			if !c.current(l.party) {
				return
			}
			for _, p := range c.parties() {
				if p != c.caller || !c.apart() {
					p.leg.Play(audio.NewClip(minutesTone()))
				}
			}
		})
	}
}

// bound has a telephone pay for its trunk's minutes, if they are bounded.
func (c *call) bound(l *line) {
	row := l.party.noted.row
	if l.ends.IsZero() || row.TrunkID == "" {
		return
	}
	answered := row.AnsweredAt
	if answered.IsZero() {
		answered = c.s.Clock.Now()
	}
	l.pays(c.who.Tenant, Minutes{Record: row.ID, Trunk: row.TrunkID, Counts: row.Counts, StartedAt: row.StartedAt, AnsweredAt: answered})
}
