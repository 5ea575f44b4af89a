package setup

import (
	"testing"

	"nubitalk/internal/base/errs"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Who leaves is taken out of the ring groups, but not as the last member; an
// extension belongs to one phone or group, and a group is another tenant's to
// nobody.
func TestRingGroups(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	hall, err := Create(ctx, h.Service, a, core.Phone{Name: "Hall", Enabled: true, Extension: "21"})
	if err != nil {
		t.Fatal(err)
	}
	front, err := Create(ctx, h.Service, a, core.RingGroup{Name: "Front", Extension: "30", Members: []string{"usr_of_shop", hall.ID}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Create(ctx, h.Service, a, core.Phone{Name: "Door", Extension: "30"})
	wantCode(t, err, errs.Invalid, "extension")
	_, err = Create(ctx, h.Service, a, core.RingGroup{Name: "Back", Extension: "21", Members: []string{hall.ID}})
	wantCode(t, err, errs.Invalid, "extension")
	_, err = Create(ctx, h.Service, admin(books), core.RingGroup{Name: "Back", Extension: "30", Members: []string{hall.ID}, Then: core.RingThen{Rings: front.ID}})
	wantCode(t, err, errs.Invalid, "members[0]")
	wantCode(t, err, errs.Invalid, "then.rings")
	wantCode(t, h.Archive(ctx, a, core.KindPhone, hall.ID, hall.Version), errs.Conflict, "Front")

	drop := func() (changes []Change, err error) {
		err = h.DB.Write(ctx, shop, func(tx *store.Tx) error {
			changes, err = h.DropUser(tx, a, "usr_of_shop")
			return err
		})
		return changes, err
	}
	if changes, err := drop(); err != nil || len(changes) != 1 || changes[0].ID != front.ID || changes[0].Kind != core.KindRingGroup {
		t.Errorf("%+v, %v", changes, err)
	}
	groups, err := h.RingGroups(ctx, shop)
	if err != nil || len(groups) != 1 || len(groups[0].Members) != 1 || groups[0].Members[0] != hall.ID {
		t.Errorf("%+v, %v", groups, err)
	}
	if _, err := Create(ctx, h.Service, a, core.RingGroup{Name: "Alone", Extension: "31", Members: []string{"usr_of_shop"}}); err != nil {
		t.Fatal(err)
	}
	_, err = drop()
	wantCode(t, err, errs.Conflict, "Alone")
	if groups, err := h.RingGroups(ctx, books); err != nil || len(groups) != 0 {
		t.Errorf("another tenant has %+v, %v", groups, err)
	}
}
