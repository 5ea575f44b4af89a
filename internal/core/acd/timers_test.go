package acd

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The timers fire in order of time and id, whatever was set, changed and
// stopped before.
func TestTimersFireInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h timers
		var owners []owner
		for i := range 40 {
			if i%3 == 0 {
				owners = append(owners, owner{a: &agent{named: named{id: fmt.Sprintf("a%d", i)}}})
			} else {
				owners = append(owners, owner{w: &work{named: named{id: fmt.Sprintf("w%d", i)}}})
			}
		}
		at := map[owner]int64{}
		for range rapid.IntRange(0, 800).Draw(t, "changes") {
			o := owners[rapid.IntRange(0, len(owners)-1).Draw(t, "owner")]
			if rapid.Bool().Draw(t, "stop") {
				o.timer().at = 0
				delete(at, o)
				continue
			}
			at[o] = int64(rapid.IntRange(1, 50).Draw(t, "at"))
			h.set(o, at[o])
		}
		if len(h.items) > 2*len(owners)+130 {
			t.Fatalf("%d entries for %d timers", len(h.items), len(at))
		}
		for len(at) > 0 {
			first := int64(math.MaxInt64)
			for _, when := range at {
				first = min(first, when)
			}
			if next, ok := h.next(); !ok || next != first {
				t.Fatalf("next is %d %v, want %d", next, ok, first)
			}
			now := first + int64(rapid.IntRange(0, 10).Draw(t, "later"))
			var want, got []timerItem
			for o, when := range at {
				if when <= now {
					want = append(want, timerItem{when, o})
					delete(at, o)
				}
			}
			slices.SortFunc(want, func(a, b timerItem) int {
				return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id(), b.id()))
			})
			for _, x := range h.due(now, nil) {
				if x.valid() { // firing clears the note
					got = append(got, x)
					x.timer().at = 0
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("due at %d: %v, want %v", now, got, want)
			}
		}
		if next, ok := h.next(); ok {
			t.Fatalf("still one at %d", next)
		}
	})
}
