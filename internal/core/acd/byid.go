package acd

import (
	"hash/maphash"
	"iter"
	"slices"
	"strings"
)

// named is what the engine finds by an id.
type named struct {
	id  string
	tag uint64 // the id's hash; never 0
}

// byID finds things by their id. It is a table of hashes with linear probing: to
// find one, to see that there is none and to take one out each read one line of
// memory and not the ids, which Go's map keeps elsewhere.
type byID[T comparable] struct {
	slots []idSlot[T] // a power of two, at most half of them used
	size  int
	seed  maphash.Seed
	name  func(T) *named
}

type idSlot[T comparable] struct {
	tag uint64 // 0: free
	is  T
}

func newByID[T comparable](name func(T) *named) byID[T] {
	return byID[T]{slots: make([]idSlot[T], 16), seed: maphash.MakeSeed(), name: name}
}

func (t *byID[T]) tag(id string) uint64 { return maphash.String(t.seed, id) | 1<<63 }

// peek returns what has the hash of that id, without a look at it: the one of that
// id, but once in a very long time. It is T's zero value when there is none.
func (t *byID[T]) peek(id string) (none T) {
	tag := t.tag(id)
	for i := t.home(tag); ; i = t.after(i) {
		if s := &t.slots[i]; s.tag == tag || s.tag == 0 {
			return s.is
		}
	}
}

// get returns the one of that id, or T's zero value.
func (t *byID[T]) get(id string) (none T) {
	tag := t.tag(id)
	for i := t.home(tag); ; i = t.after(i) {
		switch s := &t.slots[i]; {
		case s.tag == 0:
			return none
		case s.tag == tag && t.name(s.is).id == id:
			return s.is
		}
	}
}

// put adds one whose id is not there yet.
func (t *byID[T]) put(is T) {
	if 2*(t.size+1) > len(t.slots) {
		old := t.slots
		t.slots = make([]idSlot[T], 2*len(old))
		for _, s := range old {
			if s.tag != 0 {
				t.place(s)
			}
		}
	}
	n := t.name(is)
	n.tag = t.tag(n.id)
	t.place(idSlot[T]{n.tag, is})
	t.size++
}

func (t *byID[T]) place(s idSlot[T]) {
	i := t.home(s.tag)
	for t.slots[i].tag != 0 {
		i = t.after(i)
	}
	t.slots[i] = s
}

// drop takes one out, if it is there. Those behind it that its slot kept from
// their place move up.
func (t *byID[T]) drop(is T) {
	i := t.home(t.name(is).tag)
	for t.slots[i].is != is {
		if t.slots[i].tag == 0 {
			return
		}
		i = t.after(i)
	}
	t.size--
	for j := t.after(i); t.slots[j].tag != 0; j = t.after(j) {
		home := t.home(t.slots[j].tag)
		if (j-home)&(len(t.slots)-1) >= (j-i)&(len(t.slots)-1) {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = idSlot[T]{}
}

func (t *byID[T]) home(tag uint64) int { return int(tag) & (len(t.slots) - 1) }
func (t *byID[T]) after(i int) int     { return (i + 1) & (len(t.slots) - 1) }

// all yields them in no order.
func (t *byID[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, s := range t.slots {
			if s.tag != 0 && !yield(s.is) {
				return
			}
		}
	}
}

// sorted is all of them by id.
func (t *byID[T]) sorted() []T {
	return slices.SortedFunc(t.all(), func(a, b T) int { return strings.Compare(t.name(a).id, t.name(b).id) })
}
