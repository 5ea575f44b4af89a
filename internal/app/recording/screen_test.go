package recording_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/media/screen"
)

var _ recording.Source = (*screen.Reel)(nil)

var screenLimits = screen.Limits{Pictures: 5, Width: 1280, Height: 720, Kilobits: 1000}

func film(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("../../media/screen/testdata/piece.webm")
	must(t, err)
	return b
}

// shown is a recording of ben's screen, and how two seconds of it are sent.
func (f *fixture) shown(t *testing.T) (r *recording.Running, reel *screen.Reel, send func(at time.Duration)) {
	t.Helper()
	clk, webm := f.Clock.(*clock.Virtual), film(t)
	reel = screen.New(clk, clk.Now())
	r, err := f.Begin(t.Context(), recording.Start{Tenant: tenA, Interaction: f.works[tenA], Contact: f.contacts[tenA], Kind: recording.Screen, Parties: []string{ben.User}, Source: reel, At: clk.Now()})
	must(t, err)
	began := clk.Now()
	return r, reel, func(at time.Duration) {
		t.Helper()
		if more := at + 2*time.Second - clk.Now().Sub(began); more > 0 {
			clk.Advance(more)
		}
		_, err := reel.Offer(screen.Piece{Number: reel.Next(), At: at, Length: 2 * time.Second, WebM: webm}, screenLimits)
		must(t, err)
		must(t, r.Flush(t.Context()))
	}
}

// A screen is kept in its pieces; what a pause cuts, and what did not come, stands
// in the manifest. It is shown by its ticket, and exported as one film.
func TestAScreenIsRecorded(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		r, _, send := f.shown(t)
		for at := time.Duration(0); at < 8*time.Second; at += 2 * time.Second {
			send(at)
		}
		clk := f.Clock.(*clock.Virtual)
		clk.Advance(time.Second) // into a piece that will not be kept
		_, err := r.Pause(ctx, boss, "card")
		must(t, err)
		clk.Advance(4 * time.Second)
		_, err = r.Resume()
		must(t, err)
		send(13 * time.Second)
		send(20 * time.Second)
		must(t, r.End(ctx, ben.User, "closed"))
		until(t, "not all is uploaded", func() bool { return len(f.spooled()) == 0 })
		entries, _ := f.told(r.ID())
		if want := "segment 0s+6s, segment 6s+2s, gap 8s+1s piece, pause 9s+4s card, segment 13s+2s, gap 15s+5s absent, segment 20s+2s, stop 22s+0s closed"; entries != want {
			t.Errorf("got  %s\nwant %s", entries, want)
		}

		l := f.listeners(&rules{})
		opened, err := l.Listen(ctx, sue, r.ID(), "")
		must(t, err)
		if opened.Kind != recording.Screen || !slices.Equal(opened.Tracks, []string{ben.User}) || len(opened.Faults) != 0 {
			t.Errorf("%+v", opened)
		}
		for at, want := range map[time.Duration]time.Duration{0: 0, 3 * time.Second: 2 * time.Second, 10 * time.Second: -13 * time.Second, 21 * time.Second: 20 * time.Second, time.Minute: -1} {
			p, err := l.Picture(ctx, sue, r.ID(), opened.Ticket, at)
			must(t, err)
			if want < 0 && (len(p.WebM) != 0 || want < -1 && p.At != -want || want == -1 && p.At != -1) || want >= 0 && (p.At != want || p.Length != 2*time.Second || !bytes.Equal(p.WebM, film(t))) {
				t.Errorf("at %v: %v+%v, %d", at, p.At, p.Length, len(p.WebM))
			}
		}
		_, err = l.Picture(ctx, sue, r.ID(), "", 0)
		refusedBy(t, err, errs.Conflict)
		_, err = l.Picture(ctx, theirs, r.ID(), opened.Ticket, 0)
		refusedBy(t, err, errs.NotFound)
		_, err = l.Sound(ctx, sue, r.ID(), opened.Ticket, 0, time.Second)
		refusedBy(t, err, errs.Unsupported)
		_, err = l.Draw(ctx, sue, r.ID(), opened.Ticket)
		refusedBy(t, err, errs.Unsupported)
		if faults, err := l.Verify(ctx, sue, r.ID(), opened.Ticket); err != nil || len(faults) != 0 {
			t.Errorf("%v, %v", faults, err)
		}

		var zipped bytes.Buffer
		must(t, l.Export(ctx, dpo, recording.Export{Recordings: []string{r.ID()}, Reason: "legal"}, &zipped))
		files := unzipped(t, zipped.Bytes())
		joined, err := screen.Read(files[r.ID()+"/screen.webm"])
		must(t, err)
		if n := len(joined.Pictures); n != 18 || joined.Pictures[15].At != 20*time.Second {
			t.Errorf("%d pictures", n)
		}
		var m struct {
			Kind  string
			Marks []recording.Mark
		}
		must(t, json.Unmarshal(files[r.ID()+"/manifest.json"], &m))
		if m.Kind != recording.Screen || !slices.ContainsFunc(m.Marks, func(k recording.Mark) bool { return k.Kind == "pause" && k.AtMS == 9000 && k.LengthMS == 4000 }) {
			t.Errorf("%+v", m)
		}
	})
}

func refusedBy(t *testing.T, err error, code errs.Code) {
	t.Helper()
	if !errs.Is(err, code) {
		t.Errorf("%v, not %v", err, code)
	}
}

// What was kept of a screen opens after a crash; nothing of it was ever plain.
func TestAScreenOutlivesACrash(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, _, send := f.shown(t)
		send(0)
		send(2 * time.Second)
		for _, path := range f.spooled() {
			b, err := os.ReadFile(path)
			must(t, err)
			if bytes.Contains(b, []byte("webm")) || bytes.Contains(b, []byte("V_VP8")) || bytes.Contains(b, film(t)[300:340]) {
				t.Error("a plain picture is on the disk")
			}
		}
		g := f.another()
		rows, err := g.Of(t.Context(), tenA, f.works[tenA])
		must(t, err)
		if entries, _ := g.told(rows[0].ID); entries != "segment 0s+4s cut, stop 4s+0s crash" {
			t.Errorf("got %s", entries)
		}
	})
}
