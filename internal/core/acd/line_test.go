package acd

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A line holds what a sorted list would, through many blocks that are filled,
// split, emptied and joined.
func TestALineIsASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l line
		var want []*work
		made := 0
		spread := int64(rapid.SampledFrom([]int{1, 3, 1000, 1_000_000}).Draw(t, "spread"))
		at := func(w *work) int {
			i, _ := slices.BinarySearchFunc(want, w, func(a, b *work) int {
				if a.before(b) {
					return -1
				}
				return 1
			})
			return i
		}
		for range rapid.IntRange(1, 12).Draw(t, "phases") {
			what := rapid.SampledFrom([]string{"come", "come last", "leave first", "leave", "both"}).Draw(t, "what")
			for range rapid.IntRange(1, 400).Draw(t, "times") {
				if comes := what == "come" || what == "come last" || what == "both" && made%2 == 0; comes || len(want) == 0 {
					made++
					w := &work{named: named{id: fmt.Sprintf("w%05d", made)}}
					w.due, w.queued = rapid.Int64Range(0, spread).Draw(t, "due"), rapid.Int64Range(1, spread).Draw(t, "queued")
					if what == "come last" && len(want) > 0 {
						w.due += want[len(want)-1].due
					}
					l.insert(w)
					want = slices.Insert(want, at(w), w)
					continue
				}
				i := 0
				if what != "leave first" {
					i = rapid.IntRange(0, len(want)-1).Draw(t, "who")
				}
				l.remove(want[i])
				want = slices.Delete(want, i, i+1)
				made++
			}
			checkLine(t, &l, want)
		}
	})
}

func checkLine(t *rapid.T, l *line, want []*work) {
	var got []*work
	l.each(func(w *work) bool { got = append(got, w); return true })
	if !slices.Equal(got, want) || l.size != len(want) {
		t.Fatalf("%d stand in line, not %d, or in another order", l.size, len(want))
	}
	due, first, oldest := int64(none), (*work)(nil), int64(none)
	for i, w := range want {
		oldest = min(oldest, w.queued)
		if got := l.ahead(w); got != i {
			t.Fatalf("%d are ahead of number %d", got, i)
		}
	}
	if len(want) > 0 {
		due, first = want[0].due, want[0]
	}
	if d, w := l.first(); d != due || w != first {
		t.Fatalf("the first is %v, want %v", w, first)
	}
	if got := l.oldest(); got != oldest {
		t.Fatalf("the oldest is of %d, want %d", got, oldest)
	}
	for i, b := range l.blocks {
		if b.len() > blockSize || b.len() == 0 && len(l.blocks) > 1 {
			t.Fatalf("block %d of %d has %d", i, len(l.blocks), b.len())
		}
	}
}
