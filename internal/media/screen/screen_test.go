package screen_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/media/screen"
)

var limits = screen.Limits{Pictures: 5, Width: 1280, Height: 720, Kilobits: 1000}

// piece is what Chromium's MediaRecorder made of two seconds of a tab that turned
// from red to green in the middle.
func piece(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/piece.webm")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAFilmOfABrowserIsRead(t *testing.T) {
	f, err := screen.Read(piece(t))
	if err != nil || f.Width != 640 || f.Height != 360 || len(f.Pictures) != 3 || !f.Pictures[0].Key || f.Pictures[1].Key || f.Pictures[2].At != 1016*time.Millisecond {
		t.Fatalf("%v, %+v", err, f)
	}
}

func TestWhatIsNoFilmIsRefused(t *testing.T) {
	whole := piece(t)
	change := func(old, new string) []byte {
		if !bytes.Contains(whole, []byte(old)) {
			t.Fatalf("%q is not in it", old)
		}
		return bytes.Replace(bytes.Clone(whole), []byte(old), []byte(new), 1)
	}
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"text":            []byte("card 4111 1111 1111 1111"),
		"torn":            whole[:len(whole)-1],
		"longer":          append(bytes.Clone(whole), 0),
		"another kind":    change("webm", "mkvv"),
		"another codec":   change("V_VP8", "V_VP9"),
		"sound":           change("\x83\x81\x01", "\x83\x81\x02"),
		"another scale":   change("\x2a\xd7\xb1\x83\x0f\x42\x40", "\x2a\xd7\xb1\x83\x0f\x42\x41"),
		"no first key":    change("\x10\x34\x00\x9d", "\x11\x34\x00\x9d"),
		"no picture":      change("\x9d\x01\x2a", "\x9d\x01\x2b"),
		"another's track": change("\xd7\x81\x01", "\xd7\x81\x02"),
	} {
		if _, err := screen.Read(b); err == nil {
			t.Errorf("%s is taken for a film", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(piece(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		film, err := screen.Read(b)
		if err != nil {
			return
		}
		var out bytes.Buffer
		j, err := screen.Join(&out, film.Width, film.Height)
		if err != nil || j.Append(0, film) != nil {
			t.Fatal(err)
		}
		again, err := screen.Read(out.Bytes())
		if err != nil || len(again.Pictures) != len(film.Pictures) {
			t.Fatalf("what is joined does not read: %v", err)
		}
	})
}

func TestFilmsAreJoinedInTheirPlaces(t *testing.T) {
	f, err := screen.Read(piece(t))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	j, err := screen.Join(&out, f.Width, f.Height)
	if err != nil || j.Append(0, f) != nil || j.Append(time.Hour, f) != nil {
		t.Fatal(err)
	}
	all, err := screen.Read(out.Bytes())
	if err != nil || len(all.Pictures) != 6 || all.Pictures[5].At != time.Hour+1016*time.Millisecond || !bytes.Equal(all.Pictures[5].Data, f.Pictures[2].Data) {
		t.Fatalf("%v, %+v", err, len(all.Pictures))
	}
}

// stretched is a film that goes on for long.
func stretched(t *testing.T) []byte {
	t.Helper()
	f, err := screen.Read(piece(t))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	j, err := screen.Join(&out, f.Width, f.Height)
	if err != nil || j.Append(0, f) != nil || j.Append(5*time.Second, f) != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPiecesComeInOrderOrNotAtAll(t *testing.T) {
	clk := clock.NewVirtual(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	r := screen.New(clk, clk.Now())
	film := piece(t)
	clk.Advance(20 * time.Second)
	at := func(number int, at time.Duration) screen.Piece {
		return screen.Piece{Number: number, At: at, Length: 2 * time.Second, WebM: film}
	}
	for _, c := range []struct {
		name string
		p    screen.Piece
		code errs.Code
	}{
		{"the second first", at(2, 2*time.Second), errs.Conflict},
		{"before it began", at(1, -time.Second), errs.Invalid},
		{"of the future", at(1, 19*time.Second), errs.Invalid},
		{"too long", screen.Piece{Number: 1, Length: time.Minute, WebM: film}, errs.Invalid},
		{"too short", screen.Piece{Number: 1, Length: time.Millisecond, WebM: film}, errs.Invalid},
		{"no film", screen.Piece{Number: 1, Length: time.Second, WebM: []byte("4111")}, errs.Unsupported},
		{"too large", screen.Piece{Number: 1, Length: time.Second, WebM: make([]byte, 4<<20)}, errs.TooLarge},
		{"pictures past its end", screen.Piece{Number: 1, Length: 500 * time.Millisecond, WebM: stretched(t)}, errs.TooLarge},
	} {
		if _, err := r.Offer(c.p, limits); !errs.Is(err, c.code) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	small := limits
	small.Width = 320
	if _, err := r.Offer(at(1, 0), small); !errs.Is(err, errs.TooLarge) {
		t.Errorf("a larger screen: %v", err)
	}
	if r.Next() != 1 {
		t.Fatalf("it waits for %d", r.Next())
	}
	keep := func(p screen.Piece) {
		t.Helper()
		if kept, err := r.Offer(p, limits); err != nil || !kept {
			t.Errorf("%v, %v", kept, err)
		}
	}
	keep(at(1, 0))
	keep(at(2, 2*time.Second))
	keep(at(1, 0)) // again
	keep(at(2, 2*time.Second))
	if _, err := r.Offer(at(3, time.Second), limits); !errs.Is(err, errs.Invalid) {
		t.Errorf("over another: %v", err)
	}
	keep(at(3, 4*time.Second))
	keep(at(4, 6*time.Second))
	if _, err := r.Offer(at(5, 8*time.Second), limits); !errs.Is(err, errs.Unavailable) {
		t.Errorf("more than fits: %v", err)
	}
	for n := range 4 {
		if p, ok := r.Take(false); !ok || p.At != time.Duration(2*n)*time.Second {
			t.Errorf("%d: %v, %v", n, ok, p.At)
		}
	}
	keep(at(5, 8*time.Second))
	r.Close()
	if _, err := r.Offer(at(6, 10*time.Second), limits); !errs.Is(err, errs.Gone) {
		t.Errorf("after its end: %v", err)
	}
}

// Whatever a browser sends, and whenever: nothing that is kept is of the time of
// a pause, and each piece stays as it came.
func TestNothingOfAPauseIsKept(t *testing.T) {
	film := piece(t)
	for shift := -3 * time.Second; shift <= 5*time.Second; shift += 50 * time.Millisecond {
		for _, late := range []bool{false, true} {
			clk := clock.NewVirtual(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
			r := screen.New(clk, clk.Now())
			clk.Advance(10 * time.Second)
			from := r.Pause()
			if r.Pause() != from {
				t.Fatal("a second pause has another beginning")
			}
			offer := func() {
				_, _ = r.Offer(screen.Piece{Number: 1, At: from + shift, Length: 2 * time.Second, WebM: film}, limits)
			}
			clk.Advance(3 * time.Second)
			if !late {
				offer()
			}
			until, ok := r.Resume()
			if !ok || until-from != 3*time.Second {
				t.Fatalf("%v, %v", ok, until)
			}
			clk.Advance(5 * time.Second)
			offer()
			for p, ok := r.Take(true); ok; p, ok = r.Take(true) {
				if p.At < until && from < p.At+p.Length {
					t.Errorf("%v late %v: %v+%v of a pause %v-%v", shift, late, p.At, p.Length, from, until)
				}
				if shift > -2*time.Second && shift < 3*time.Second {
					t.Errorf("%v late %v is kept", shift, late)
				}
			}
			if (shift < -2300*time.Millisecond || shift >= 3*time.Second && late) && r.Next() != 2 {
				t.Errorf("%v late %v was not taken", shift, late)
			}
		}
	}
}
