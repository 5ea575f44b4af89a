package acd

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestByID compares the table with Go's map while things come and go: what stands
// behind a place that becomes free is still found.
func TestByID(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	table := newByID(func(n *named) *named { return n })
	want := map[string]*named{}
	for i := range 20_000 {
		id := strconv.Itoa(r.IntN(300))
		switch have := want[id]; {
		case have == nil && r.IntN(3) > 0:
			n := &named{id: id}
			table.put(n)
			want[id] = n
		case have != nil:
			table.drop(have)
			delete(want, id)
			table.drop(have) // who is not there changes nothing
		}
		if table.size != len(want) {
			t.Fatalf("step %d: %d are in it, not %d", i, table.size, len(want))
		}
		other := strconv.Itoa(r.IntN(300))
		if got := table.get(other); got != want[other] {
			t.Fatalf("step %d: %s is %v, not %v", i, other, got, want[other])
		}
		if got := table.peek(other); got != want[other] {
			t.Fatalf("step %d: by its hash, %s is %v, not %v", i, other, got, want[other])
		}
	}
	n := 0
	for is := range table.all() {
		n++
		if want[is.id] != is {
			t.Fatalf("%s is in it but is not wanted", is.id)
		}
	}
	sorted := table.sorted()
	if n != len(want) || len(sorted) != n {
		t.Fatalf("all are %d and sorted %d, not %d", n, len(sorted), len(want))
	}
	for i := 1; i < len(sorted); i++ {
		if sorted[i-1].id >= sorted[i].id {
			t.Fatalf("%s stands before %s", sorted[i-1].id, sorted[i].id)
		}
	}
}
