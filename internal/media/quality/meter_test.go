package quality

import (
	"math"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"nubitalk/internal/media/audio"
)

const ms = time.Millisecond

func feed(m *Meter, n int, arrive func(i int) (time.Duration, bool)) {
	for i := range n {
		if at, ok := arrive(i); ok {
			m.Received(7, uint16(65_500+i), uint32(i*audio.Samples), at)
		}
	}
}

func TestLossAndJitterAreCounted(t *testing.T) {
	var m Meter
	feed(&m, 1000, func(i int) (time.Duration, bool) {
		return time.Duration(i)*20*ms + time.Duration(i%2)*10*ms, i%10 != 5
	})
	q := m.Quality()
	if q.In.Packets != 900 || q.In.Lost != 100 || math.Abs(q.In.Loss()-0.1) > 1e-9 {
		t.Errorf("%+v", q.In)
	}
	if q.In.Jitter < 7*ms || q.In.Jitter > 10*ms {
		t.Errorf("jitter %v of arrivals that swing by 10 ms", q.In.Jitter)
	}
	if q.Out.Packets != 0 || q.Out.MOS != 0 {
		t.Errorf("nobody reported, but out is %+v", q.Out)
	}
}

func TestASenderThatBeginsAnewIsNoLoss(t *testing.T) {
	var m Meter
	for i := range 100 {
		m.Received(7, uint16(i), uint32(i*160), time.Duration(i)*20*ms)
	}
	for i := range 100 {
		m.Received(7, uint16(40_000+i), uint32(9_000_000+i*160), time.Duration(100+i)*20*ms)
	}
	for i := range 100 {
		m.Received(8, uint16(i*2), uint32(i*160), time.Duration(200+i)*20*ms)
	}
	if q := m.Quality(); q.In.Packets != 300 || q.In.Lost != 99 {
		t.Errorf("%+v", q.In)
	}
}

func TestReportsBetweenTwoEnds(t *testing.T) {
	var a, b Meter
	wall := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	for i := range 500 {
		a.Sent(1, 160)
		b.Sent(2, 160)
		if i%5 != 0 {
			b.Received(1, uint16(i), uint32(i*160), time.Duration(i)*20*ms)
		}
		a.Received(2, uint16(i), uint32(i*160), time.Duration(i)*20*ms)
	}
	// a's report takes 30 ms to b, b waits 2 s, b's report takes 50 ms back.
	at := 10 * time.Second
	r, err := rtcp.Marshal(a.Report(1, "a", 80_000, wall, at))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reported(r, wall.Add(30*ms), at+30*ms); err != nil {
		t.Fatal(err)
	}
	r, err = rtcp.Marshal(b.Report(2, "b", 96_000, wall.Add(2030*ms), at+2030*ms))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Reported(r, wall.Add(2080*ms), at+2080*ms); err != nil {
		t.Fatal(err)
	}
	q := a.Quality()
	if d := q.RoundTrip - 80*ms; d < -ms || d > ms {
		t.Errorf("round trip %v, not 80 ms", q.RoundTrip)
	}
	if q.Out.Packets != 401 || q.Out.Lost != 99 { // the first of all was never expected
		t.Errorf("out %+v", q.Out)
	}
	if q.Out.Recent < 0.19 || q.Out.Recent > 0.2 || q.In.Recent != 0 {
		t.Errorf("recent loss in %.3f, out %.3f", q.In.Recent, q.Out.Recent)
	}
	if q.In.MOS < 4.3 || q.Out.MOS > 2.6 {
		t.Errorf("in %.2f, out %.2f", q.In.MOS, q.Out.MOS)
	}
}

func TestMOSIsTheFormula(t *testing.T) {
	for _, c := range []struct {
		loss  float64
		delay time.Duration
		want  float64
	}{
		{0, 0, 4.41},
		{0, 150 * ms, 4.33},
		{0.01, 50 * ms, 4.30},
		{0.05, 100 * ms, 3.85},
		{0, 400 * ms, 3.05},
		{1, time.Second, 1},
	} {
		if got := MOS(c.loss, c.delay); math.Abs(got-c.want) > 0.1 {
			t.Errorf("loss %.2f delay %v: %.2f, not %.2f", c.loss, c.delay, got, c.want)
		}
	}
	for l := 0.0; l < 1; l += 0.01 {
		if MOS(l+0.01, 0) > MOS(l, 0) {
			t.Errorf("more loss than %.2f sounds better", l)
		}
	}
}

func FuzzReported(f *testing.F) {
	var m Meter
	m.Sent(1, 160)
	m.Received(2, 1, 1, 0)
	r, err := rtcp.Marshal(m.Report(1, "x", 1, time.Unix(0, 0), 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Meter
		m.Sent(1, 160)
		_, _ = m.Reported(b, time.Unix(1, 0), time.Second)
		if q := m.Quality(); q.Out.Loss() < 0 || q.Out.Loss() > 1 || q.RoundTrip < 0 {
			t.Errorf("%+v", q)
		}
	})
}
