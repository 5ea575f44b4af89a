package mailbox

import (
	"slices"
	"testing"
	"time"
)

var day = time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)

func TestOpened(t *testing.T) {
	first := State{}.Opened(7, 12, day)
	if first != (State{Validity: 7, From: 12, Since: day}) {
		t.Errorf("the first look: %+v", first)
	}
	if q := first.Search(false); q.From != 12 || q.Unread || !q.Since.IsZero() {
		t.Errorf("%+v", q)
	}
	if again := first.Opened(7, 99, day.Add(time.Hour)); again != first {
		t.Errorf("nothing changed, but %+v", again)
	}
	anew := first.Opened(8, 5, day.Add(time.Hour))
	if anew != (State{Validity: 8, From: 5, Since: day, Anew: true}) {
		t.Errorf("numbered anew: %+v", anew)
	}
	if q := anew.Search(true); q.From != 5 || !q.Unread || !q.Since.Equal(day.AddDate(0, 0, -1)) {
		t.Errorf("%+v", q)
	}
	if empty := (State{}).Opened(1, 0, day); empty.From != 1 {
		t.Errorf("a provider that tells no next number: %+v", empty)
	}
}

func TestNextAndDone(t *testing.T) {
	s := State{Validity: 1, From: 10, Since: day}
	found := []uint32{3, 5, 10, 11, 12}
	for _, c := range []struct {
		known  []uint32
		newest bool
		room   int
		want   []uint32
		from   uint32 // after what was chosen is known
	}{
		{nil, false, 9, []uint32{10, 11, 12, 3, 5}, 13},
		{nil, true, 9, []uint32{12, 11, 10, 5, 3}, 13},
		{nil, true, 1, []uint32{12}, 10},  // 10 and 11 are left
		{nil, false, 1, []uint32{10}, 11}, // new mail before what lay there
		{[]uint32{10, 12}, false, 9, []uint32{11, 3, 5}, 13},
		{nil, false, 0, nil, 10},
		{nil, false, -4, nil, 10},
	} {
		known := map[uint32]bool{}
		for _, uid := range c.known {
			known[uid] = true
		}
		got := s.Next(found, known, c.newest, Room{Most: c.room})
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
		for _, uid := range got {
			known[uid] = true
		}
		if after := s.Done(found, known); after.From != c.from {
			t.Errorf("%+v: from %d", c, after.From)
		}
	}
	s.Anew = true
	if after := s.Done(found, map[uint32]bool{3: true, 10: true}); !after.Anew || after.From != 11 {
		t.Errorf("5 was not compared yet: %+v", after)
	}
	if after := s.Done(found, map[uint32]bool{3: true, 5: true}); after.Anew || after.From != 10 {
		t.Errorf("all of the old was compared: %+v", after)
	}
	if after := s.Done(nil, nil); after.Anew || after.From != 10 {
		t.Errorf("%+v", after)
	}
}

// What waited before leaves room for what comes while a folder is followed, in either
// order, and has all the room but that.
func TestNewMailIsNotKeptOut(t *testing.T) {
	s := State{Validity: 1, From: 10}
	found := []uint32{1, 2, 3, 10, 11, 12, 20, 21}
	for _, c := range []struct {
		newest bool
		room   Room
		want   []uint32
	}{
		{false, Room{4, 2, 20}, []uint32{10, 11, 20, 21}},
		{true, Room{4, 2, 20}, []uint32{21, 20, 12, 11}},
		{false, Room{2, 2, 20}, []uint32{20, 21}},
		{true, Room{1, 2, 20}, []uint32{21}},
		{false, Room{0, 2, 20}, nil},
		{false, Room{6, 2, 30}, []uint32{10, 11, 12, 20}},
		{false, Room{8, 2, 20}, []uint32{10, 11, 12, 20, 21, 1, 2, 3}},
		{false, Room{3, 5, 0}, []uint32{10, 11, 12}},
		{true, Room{-1, 2, 20}, nil},
	} {
		if got := s.Next(found, nil, c.newest, c.room); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
