package recording

import "time"

// Shorter is the shorter of two times for which a recording is kept, in days; 0
// is as long as its conversation, which is the longest.
func Shorter(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// KeepUntil is when a recording that ended at a time has been kept long enough;
// zero: with its conversation. The tenant's rule on conversations ends it before
// if that is sooner, and a hold keeps it longer.
func KeepUntil(ended time.Time, days int) time.Time {
	if ended.IsZero() || days <= 0 {
		return time.Time{}
	}
	return ended.Add(time.Duration(days) * 24 * time.Hour)
}

// HoldReason is why recordings may not be destroyed.
type HoldReason string

// HoldReasons are all of them: words to choose from, so that nobody's name gets
// into the audit log.
var HoldReasons = []HoldReason{"claim", "investigation", "authority", "duty", "other"}

// Hold keeps recordings from being destroyed: one, or all of a contact's.
type Hold struct {
	Contact     string
	Interaction string // of the one
	Recording   string // "": all of the contact's
}

// Holds says whether the hold is on a recording of its contact.
func (h Hold) Holds(recording string) bool { return h.Recording == "" || h.Recording == recording }

// Keeps says whether the hold keeps an interaction of its contact, which has
// recordings or has none: what is held needs its conversation to be found and
// opened.
func (h Hold) Keeps(interaction string, recorded bool) bool {
	return h.Recording == "" && recorded || h.Recording != "" && h.Interaction == interaction
}
