package crash

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// checkOffers looks into the stopped installation's rows: no conversation was
// with two agents at a time, and each agent that held it had accepted it.
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
	for _, k := range l.talks {
		err := db.Read(ctx, tenant, func(tx *store.Tx) error {
			offers, err := tx.OffersOf(k.v.Interaction)
			if err != nil {
				return err
			}
			parts, err := tx.Segments(k.v.Interaction)
			offered += len(offers)
			checkTurns(t, k.v.Interaction, offers, parts)
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", k.v.Interaction, err)
		}
	}
	if offered == 0 {
		t.Error("nothing was offered, so nothing was checked")
	}
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
