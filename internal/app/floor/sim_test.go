package floor_test

import (
	"os"
	"strconv"
	"testing"

	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// setting is a number from the environment.
func setting(name string, missing uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return missing
}

// Stories on the production floor. SEEDS and FIRST choose which; `make sim
// FLOOR=1` runs many.
func TestStories(t *testing.T) {
	db := sqliteDatabase(t)
	first := setting("FIRST", 0)
	for seed := first; seed < first+setting("SEEDS", 15); seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			playSeed(t, db, seed)
		})
	}
}

func playSeed(t *testing.T, db database, seed uint64) {
	t.Helper()
	if f := play(t, db, newStory(seed, 60), false); f != nil {
		short := shrink(f, func(s story) *failure { return play(t, db, s, true) })
		t.Fatalf("seed %d: %s\nthe shortest story that fails:\n%v", seed, f.what, short)
	}
}

func TestStoriesOverPostgres(t *testing.T) {
	db := func(t *testing.T) store.Config {
		c := storetest.Config(t, store.Postgres)
		if err := storetest.Reopen(t, c).Close(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for seed := range setting("SEEDS_POSTGRES", 2) {
		playSeed(t, db, seed)
	}
}

// A store that loses what it acknowledged is noticed, and told as a short story.
func TestALostWriteIsNoticed(t *testing.T) {
	db := sqliteDatabase(t)
	for seed := range uint64(10) {
		s := newStory(seed, 60)
		s.lies = true
		f := play(t, db, s, false)
		if f == nil {
			continue
		}
		short := shrink(f, func(s story) *failure { return play(t, db, s, true) })
		if len(short.story.turns) > 10 || len(short.log) == 0 {
			t.Fatalf("the short story is not: %v", short)
		}
		return
	}
	t.Fatal("nobody noticed")
}
