package dialplan

import (
	"slices"
	"time"
)

// Slice is how much of a day's minutes a call gets at a time, where they are bounded.
// It takes the next one before it ends, so that calls at the same time do not use up
// together what is there once (as quotas are granted and used, RFC 8506 §5.1.2).
const Slice = time.Minute

// Talk is a call that left and was answered.
type Talk struct {
	ID, Trunk string
	Counts    []string // as Attempt.Counts
	Answered  time.Time
	Ended     time.Time // zero while it runs
	Paid      time.Time // until when one that runs has its minutes; zero: it has none
}

// Used is what a call has used of a day's minutes: while it runs, all that it has got.
func (t Talk) Used(now time.Time) time.Duration {
	end := t.Ended
	if end.IsZero() {
		if end = now; t.Paid.After(now) {
			end = t.Paid
		}
	}
	return max(0, end.Sub(t.Answered))
}

// Spent sums calls up, as Usage.Spent.
func Spent(talks []Talk, now time.Time) map[string]map[string]time.Duration {
	sums := map[string]map[string]time.Duration{}
	for _, t := range talks {
		if sums[t.Trunk] == nil {
			sums[t.Trunk] = map[string]time.Duration{}
		}
		for _, key := range t.Counts {
			sums[t.Trunk][key] += t.Used(now)
		}
	}
	return sums
}

// left is what is left of a day's minutes for calls that count under some keys; bounded
// is false where nothing bounds them.
func (r Rules) left(counts []string, spent map[string]time.Duration) (left time.Duration, bounded bool) {
	for key, most := range r.Bounds() {
		if d := most - spent[key]; slices.Contains(counts, key) && (!bounded || d < left) {
			left, bounded = d, true
		}
	}
	return left, bounded
}

// Slice is the next slice of a call that counts under some keys, of which some is spent,
// and what is left beside it; a slice of 0 is the end. bounded is false where
// nothing bounds the minutes any more.
func (r Rules) Slice(counts []string, spent map[string]time.Duration) (slice, left time.Duration, bounded bool) {
	left, bounded = r.left(counts, spent)
	slice = min(max(0, left), Slice)
	return slice, max(0, left-slice), bounded
}

// Extend gives a call the next slice: until when it is paid then. talks are all of its
// day, as they are stored; more is false when there is nothing to be had. most is when
// it ends if no other one uses the minutes.
func (r Rules) Extend(call Talk, talks []Talk, now time.Time) (until, most time.Time, bounded, more bool) {
	from := call.Answered // what it talked before it is stored counts
	for _, t := range talks {
		if t.ID == call.ID {
			from = now
			if t.Paid.After(now) {
				from = t.Paid
			}
		}
	}
	slice, left, bounded := r.Slice(call.Counts, Spent(talks, now)[call.Trunk])
	until = from.Add(slice)
	return until, until.Add(left), bounded, slice > 0
}

// Bounds are the bounds of a day's minutes by the keys of Usage.Spent.
func (r Rules) Bounds() map[string]time.Duration {
	bounds := map[string]time.Duration{}
	under := func(key string, minutes int) {
		if was, ok := bounds[key]; minutes > 0 && (!ok || time.Duration(minutes)*time.Minute < was) {
			bounds[key] = time.Duration(minutes) * time.Minute
		}
	}
	under("", r.MaxMinutes)
	for _, l := range r.Limits {
		under(l.Prefix, l.Minutes)
	}
	return bounds
}
