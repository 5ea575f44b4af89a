package acd

import (
	"fmt"
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
		for i := range 60 {
			if i%3 == 0 {
				owners = append(owners, owner{a: &agent{id: fmt.Sprintf("a%d", i)}})
			} else {
				owners = append(owners, owner{w: &work{id: fmt.Sprintf("w%d", i)}})
			}
		}
		at := map[owner]int64{}
		for range rapid.IntRange(0, 300).Draw(t, "changes") {
			o := owners[rapid.IntRange(0, len(owners)-1).Draw(t, "owner")]
			if *o.pos() > 0 && rapid.Bool().Draw(t, "stop") {
				h.stop(o)
				delete(at, o)
				continue
			}
			at[o] = int64(rapid.IntRange(1, 50).Draw(t, "at"))
			h.set(o, at[o])
		}
		var got, want []timerItem
		for o, when := range at {
			want = append(want, timerItem{when, o})
		}
		slices.SortFunc(want, func(a, b timerItem) int {
			if a.before(&b) {
				return -1
			}
			return 1
		})
		for len(h.items) > 0 {
			got = append(got, h.items[0])
			h.stop(h.items[0].owner)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("fired %v, want %v", got, want)
		}
	})
}
