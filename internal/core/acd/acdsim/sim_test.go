package acdsim

import (
	"slices"
	"testing"

	"nubitalk/internal/core/acd"
)

// The slice of `make sim` that the tests run.
func TestStories(t *testing.T) {
	for seed := range uint64(300) {
		if _, f := Play(NewStory(seed, 120), Quiet); f != nil {
			t.Fatalf("%v\nshrunk:\n%v", f.What, Shrink(f))
		}
	}
}

func TestSameSeedSameCommands(t *testing.T) {
	for seed := range uint64(50) {
		a, fa := Play(NewStory(seed, 150), Hashed)
		b, fb := Play(NewStory(seed, 150), Hashed)
		if fa != nil || fb != nil {
			t.Fatal(Shrink(fa))
		}
		if a != b {
			t.Fatalf("seed %d: %+v, then %+v", seed, a, b)
		}
	}
}

// What the engine says wrongly is noticed, and told as a short story.
func TestWrongCommandsAreNoticed(t *testing.T) {
	is := func(f func(acd.Command) bool) func([]acd.Command) []acd.Command {
		return func(cs []acd.Command) []acd.Command { return slices.DeleteFunc(slices.Clone(cs), f) }
	}
	spoilers := map[string]func([]acd.Command) []acd.Command{
		"a declined offer that never ends": is(func(c acd.Command) bool {
			o, ok := c.(*acd.OfferEnded)
			return ok && o.Outcome == acd.Declined
		}),
		"a close that is lost": is(func(c acd.Command) bool {
			w, ok := c.(*acd.WorkChanged)
			return ok && w.Cause == acd.CauseWrapUpEnded
		}),
		"work lost with its agent": is(func(c acd.Command) bool {
			w, ok := c.(*acd.WorkChanged)
			return ok && w.Cause == acd.CauseLost && w.State == acd.Queued
		}),
	}
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(100) {
				s := NewStory(seed, 150)
				s.spoil = spoil
				_, f := Play(s, Quiet)
				if f == nil {
					continue
				}
				short := Shrink(f)
				if short == nil || len(short.Story.Ops) > 12 || len(short.Log) == 0 {
					t.Fatalf("the short story is not: %v", short)
				}
				return
			}
			t.Fatal("nobody noticed")
		})
	}
}
