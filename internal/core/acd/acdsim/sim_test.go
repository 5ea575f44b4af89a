package acdsim

import "testing"

// The slice of `make sim` that the tests run.
func TestStories(t *testing.T) {
	for seed := range uint64(600) {
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
