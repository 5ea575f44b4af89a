package order

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type pair struct {
	key, place int
	name       string
}

// TestAsSlicesSorts: every list comes out as slices sorts it.
func TestAsSlicesSorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.IntRange(-5, 5), 0, 200).Draw(t, "keys")
		list := make([]pair, len(keys))
		for i, k := range keys {
			list[i] = pair{k, i, string(rune('a' + i%26))}
		}
		byKey := func(a, b pair) int { return cmp.Compare(a.key, b.key) }
		whole := func(a, b pair) int { return cmp.Or(byKey(b, a), cmp.Compare(b.place, a.place)) }

		want, got := slices.Clone(list), slices.Clone(list)
		slices.SortStableFunc(want, byKey)
		Stable(got, byKey)
		if !slices.Equal(want, got) {
			t.Fatalf("stable: %v, want %v", got, want)
		}
		want, got = slices.Clone(list), slices.Clone(list)
		slices.SortFunc(want, whole)
		By(got, whole)
		if !slices.Equal(want, got) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
