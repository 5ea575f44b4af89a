package mailbox

import (
	"slices"
	"time"
)

// State is how far a folder is done; it is stored.
type State struct {
	Validity uint32 // 0: the folder was never looked at
	// From is the number from which on every message is looked at.
	From uint32
	// Since is when the folder was first looked at.
	Since time.Time
	// Anew: the provider numbered the folder anew, and what lies below From is compared
	// with what is known.
	Anew bool
}

// Opened goes on with a folder as the provider shows it: next is the number that its
// next message will have.
func (s State) Opened(validity, next uint32, now time.Time) State {
	next = max(next, 1)
	switch {
	case s.Validity == 0:
		return State{Validity: validity, From: next, Since: now}
	case s.Validity != validity:
		return State{Validity: validity, From: next, Since: s.Since, Anew: true}
	}
	return s
}

// Search is what to look for in a folder.
type Search struct {
	From   uint32    // all from this number on
	Unread bool      // and the unread ones before
	Since  time.Time // and those before that came on this day or later; zero: none
}

// Search says where messages may be that are not known; unread says whether those are
// wanted that lay unread in the folder before it was looked at.
func (s State) Search(unread bool) Search {
	q := Search{From: s.From, Unread: unread}
	if s.Anew {
		q.Since = s.Since.AddDate(0, 0, -1) // days are the provider's, in its zone
	}
	return q
}

// Room is how many messages may be looked at now.
type Room struct {
	Most int
	// Spare of them are only for messages that came while the folder was followed, with a
	// number from New on: what waited before never keeps those out.
	Spare int
	New   uint32
}

// Next chooses which of the found messages to look at now: those that came since first,
// then what lay there, each in the tenant's order. known are those that were looked at.
func (s State) Next(found []uint32, known map[uint32]bool, newestFirst bool, room Room) []uint32 {
	var fresh, old []uint32
	for _, uid := range found {
		switch {
		case known[uid]:
		case uid >= s.From:
			fresh = append(fresh, uid)
		default:
			old = append(old, uid)
		}
	}
	for _, list := range [][]uint32{fresh, old} {
		slices.Sort(list)
		if newestFirst {
			slices.Reverse(list)
		}
	}
	var chosen []uint32
	waited := 0
	for _, uid := range append(fresh, old...) {
		if len(chosen) >= room.Most {
			break
		}
		if uid < room.New {
			if waited >= room.Most-room.Spare {
				continue
			}
			waited++
		}
		chosen = append(chosen, uid)
	}
	return chosen
}

// Done goes on after messages were looked at: found is what the search gave, all of it.
func (s State) Done(found []uint32, known map[uint32]bool) State {
	left := false // below From
	first, last := uint32(0), uint32(0)
	for _, uid := range found {
		switch {
		case known[uid]:
			last = max(last, uid)
		case uid < s.From:
			left = true
		case first == 0 || uid < first:
			first = uid
		}
	}
	switch {
	case first > 0:
		s.From = first
	case last >= s.From:
		s.From = last + 1
	}
	s.Anew = s.Anew && left
	return s
}
