package memory

import (
	"runtime/debug"
	"testing"
)

func TestABusyProgramHasRoomForGarbage(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		live        int64
		usual, want int
	}{
		{0, 80, 400},
		{4 * mb, 80, 400}, // not more
		{20 * mb, 80, 240},
		{48 * mb, 80, 100},
		{60 * mb, 80, 80},
		{2000 * mb, 80, 80}, // as ever
		{20 * mb, 300, 300}, // never less than usual
		{20 * mb, -1, -1},
	} {
		if got := percent(c.live, c.usual); got != c.want {
			t.Errorf("%d MB alive, usually %d: %d, not %d", c.live/mb, c.usual, got, c.want)
		}
	}
}

func TestTheCollectorIsSetForABusyTime(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(80)
	defer debug.SetGCPercent(before)
	set := func(want int, when string) {
		t.Helper()
		got := debug.SetGCPercent(80)
		if debug.SetGCPercent(got); got != want {
			t.Errorf("%s it is %d, not %d", when, got, want)
		}
	}
	w := newWidth()
	made := int64(0)
	look := func(makes, live int64) {
		made += makes << 20
		w.look(sight{allocated: made, live: live << 20})
	}
	look(300, 20) // the start
	look(30, 20)
	set(80, "after a busy moment")
	look(30, 20)
	set(240, "while much is made")
	release := Reserve(1 << 20)
	set(-1, "while something large is built")
	look(1, 20)
	set(-1, "while something large is built still")
	release()
	set(80, "afterwards")
	for range lasting {
		look(30, 2000)
	}
	set(80, "where much is alive")
	look(30, 30)
	set(160, "where little is")
	w.end()
	set(80, "at the end")
	t.Setenv("GOGC", "60")
	if newWidth() != nil {
		t.Error("what the operator has set is changed")
	}
}
