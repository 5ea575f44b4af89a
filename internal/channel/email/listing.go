package email

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/channel/email/provider"
)

// listing is what a search in a folder found, so that the next asks for what changed
// since (CONDSTORE, RFC 7162), where the provider says that: a folder with a backlog is
// not listed anew for each message that comes.
type listing struct {
	at    uint64 // how the folder stood; 0: there is none
	next  uint32 // the number that its next message would have
	q     provider.Search
	found []uint32
	whole time.Time // when all of it was searched
}

// wholeEvery is how often all of a folder is searched again: what was deleted is in no
// change, and a provider may forget one.
const wholeEvery = time.Hour

// find gives what a search finds in the folder as it was opened.
func (k *seen) find(ctx context.Context, b box, opened provider.Folder, q provider.Search, now time.Time) ([]uint32, error) {
	last := k.last
	k.last = listing{} // a search that fails leaves none
	next := listing{at: opened.Changed, next: opened.Next, q: q, whole: last.whole}
	var err error
	switch {
	case !last.goesOn(opened, q, now):
		next.whole = now
		next.found, err = b.Find(ctx, q)
	case last.at == opened.Changed:
		next.found = last.still(q)
	default:
		var changed, found []uint32
		changed, found, err = b.Changes(ctx, last.at, q)
		next.found = slices.DeleteFunc(last.still(q), func(uid uint32) bool { _, is := slices.BinarySearch(changed, uid); return is })
		next.found = append(next.found, found...)
		slices.Sort(next.found)
	}
	if err != nil {
		return nil, err
	}
	k.last = next
	return next.found, nil
}

// goesOn says whether a search can go on from what was found.
func (l listing) goesOn(opened provider.Folder, q provider.Search, now time.Time) bool {
	return l.at != 0 && opened.Changed >= l.at && now.Sub(l.whole) < wholeEvery && q.Since.IsZero() && l.q.Since.IsZero() && q.Unread == l.q.Unread &&
		(opened.Next == l.next || opened.Changed > l.at) // else something came, and the number does not say so
}

// still is what was found that a search finds from a later number on: what lies between
// was looked at.
func (l listing) still(q provider.Search) []uint32 {
	if q.Unread {
		return slices.Clone(l.found)
	}
	from, _ := slices.BinarySearch(l.found, q.From)
	return slices.Clone(l.found[from:])
}
