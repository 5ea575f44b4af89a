package crash

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// served is what is stored of one conversation.
type served struct {
	row    store.InteractionRow
	offers []store.OfferRow
	parts  []store.SegmentRow
}

// checkOffers looks into the stopped installation's rows: no conversation was
// with two agents at a time, each agent that held it had accepted it, and nobody
// was passed over.
func (l *load) checkOffers(t *testing.T, config store.Config) {
	ctx := context.Background()
	db, err := store.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var tenant id.Tenant
	err = db.SystemRead(ctx, func(tx *store.Tx) error {
		o, err := tx.OrganisationBySlug("demo")
		tenant = o.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	offered := 0
	var all []served
	for _, k := range l.talks {
		err := db.Read(ctx, tenant, func(tx *store.Tx) error {
			var s served
			var err1, err2, err3 error
			s.row, err1 = tx.Interaction(k.v.Interaction)
			s.offers, err2 = tx.OffersOf(k.v.Interaction)
			s.parts, err3 = tx.Segments(k.v.Interaction)
			offered += len(s.offers)
			checkTurns(t, k.v.Interaction, s.offers, s.parts)
			all = append(all, s)
			return errors.Join(err1, err2, err3)
		})
		if err != nil {
			t.Errorf("%s: %v", k.v.Interaction, err)
		}
	}
	if offered == 0 {
		t.Error("nothing was offered, so nothing was checked")
	}
	if waited := checkOrder(t, all); waited == 0 {
		t.Error("nobody waited behind another, so the order was not checked")
	}
}

// checkOrder holds each first offer against all others who waited in the same
// queue for the same skills at that moment and had not been offered yet: whoever
// came before must have gone before. It counts the pairs that it compared.
func checkOrder(t *testing.T, all []served) (compared int) {
	type wait struct {
		part  store.SegmentRow
		offer time.Time // the first; zero if it never came
	}
	lines := map[string][]wait{} // by queue, priority and skills
	for _, s := range all {
		i := slices.IndexFunc(s.parts, func(p store.SegmentRow) bool { return p.HolderKind == "queue" })
		if i < 0 || s.row.PreferredID != "" {
			continue
		}
		w := wait{part: s.parts[i]}
		if len(s.offers) > 0 {
			w.offer = s.offers[0].OfferedAt
		}
		line := fmt.Sprint(w.part.HolderID, s.row.Priority, s.row.Needs, s.row.Wants)
		lines[line] = append(lines[line], w)
	}
	for line, waits := range lines {
		for _, a := range waits {
			for _, b := range waits {
				if a.offer.IsZero() || !b.part.StartedAt.Before(a.part.StartedAt) || b.part.EndedAt.IsZero() || !b.part.EndedAt.After(a.part.StartedAt) {
					continue // they did not wait together, b before a
				}
				compared++
				if b.part.EndedAt.After(a.offer) && (b.offer.IsZero() || b.offer.After(a.offer)) {
					t.Errorf("%s: %s came at %s and was offered at %s, before %s, which had come at %s", line,
						a.part.InteractionID, a.part.StartedAt, a.offer, b.part.InteractionID, b.part.StartedAt)
				}
			}
		}
	}
	return compared
}

func checkTurns(t *testing.T, interaction string, offers []store.OfferRow, parts []store.SegmentRow) {
	slices.SortFunc(offers, func(a, b store.OfferRow) int {
		return cmp.Or(a.OfferedAt.Compare(b.OfferedAt), cmp.Compare(a.ID, b.ID))
	})
	accepted, held := 0, 0
	for i, o := range offers {
		if o.Outcome == "" {
			t.Errorf("%s: the offer to %s never ended", interaction, o.UserID)
		}
		if o.Outcome == "accepted" {
			accepted++
		}
		if i > 0 && o.OfferedAt.Before(offers[i-1].EndedAt) {
			t.Errorf("%s: offered to %s while it was offered to %s", interaction, o.UserID, offers[i-1].UserID)
		}
	}
	for _, p := range parts {
		if p.HolderKind == "agent" {
			held++
		}
	}
	if accepted != held {
		t.Errorf("%s: %d agents accepted it and %d held it", interaction, accepted, held)
	}
}
