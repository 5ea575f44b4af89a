package setup

import (
	"encoding/json"
	"slices"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

func TestSetMember(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	supervisor, queue := as(shop, access.Supervisor), h.fresh[shop].Queue
	user := func(name string) string {
		row := store.UserRow{ID: "usr_" + name, UserName: name, UserNameKey: name, Status: "active", Roles: []string{"agent"}, Language: "en", CreatedAt: start, UpdatedAt: start}
		if err := h.DB.Write(ctx, shop, func(tx *store.Tx) error { return tx.InsertUser(row) }); err != nil {
			t.Fatal(err)
		}
		return row.ID
	}
	ana, rui := user("ana"), user("rui")
	members := func() []string {
		o, err := h.Get(ctx, supervisor, core.KindQueue, queue)
		if err != nil {
			t.Fatal(err)
		}
		var q core.Queue
		if err := json.Unmarshal(o.Body, &q); err != nil {
			t.Fatal(err)
		}
		return q.Members
	}
	set := func(userID string, member bool) error { return h.SetMember(ctx, supervisor, queue, userID, member) }
	wantCode(t, set(ana, true), errs.Conflict, "Every agent serves")
	o, err := h.Get(ctx, admin(shop), core.KindQueue, queue)
	if err != nil {
		t.Fatal(err)
	}
	var q core.Queue
	if err := json.Unmarshal(o.Body, &q); err != nil {
		t.Fatal(err)
	}
	q.Members = []string{ana}
	if _, err := h.Put(ctx, admin(shop), core.KindQueue, queue, o.Version, encode(q)); err != nil {
		t.Fatal(err)
	}
	h.changes, h.audit = nil, nil
	for range 2 { // a repeat changes nothing
		if err := set(rui, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := set(ana, false); err != nil || !slices.Equal(members(), []string{rui}) {
		t.Fatalf("%v %v", err, members())
	}
	wantCode(t, set(rui, false), errs.Conflict, "last member")
	wantCode(t, set("usr_of_books", true), errs.Invalid, "members")
	if len(h.changes) != 2 || len(h.audit) != 2 || h.audit[0] != "ten_shop usr_x setup.changed queue que members" {
		t.Errorf("%v %v", h.changes, h.audit)
	}
	wantCode(t, h.SetMember(ctx, as(books, access.Supervisor), queue, ana, true), errs.NotFound, "")
	for _, r := range []access.Role{access.Agent, access.Monitor, access.Administrator} {
		wantCode(t, h.SetMember(ctx, as(shop, r), queue, ana, true), errs.Forbidden, "")
	}
}

// Who has a role for a team gives its agents no queue that the role is not given for.
func TestMembersOfAPart(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	queue := h.fresh[shop].Queue
	for name, teams := range map[string][]string{"ana": {"team_north"}, "rui": {}, "eva": {"team_north"}} {
		row := store.UserRow{ID: "usr_" + name, UserName: name, UserNameKey: name, Status: "active", Roles: []string{"agent"}, Teams: teams, Language: "en", CreatedAt: start, UpdatedAt: start}
		if err := h.DB.Write(ctx, shop, func(tx *store.Tx) error { return tx.InsertUser(row) }); err != nil {
			t.Fatal(err)
		}
	}
	o, err := h.Get(ctx, admin(shop), core.KindQueue, queue)
	if err != nil {
		t.Fatal(err)
	}
	var q core.Queue
	if err := json.Unmarshal(o.Body, &q); err != nil {
		t.Fatal(err)
	}
	q.Members = []string{"usr_ana"}
	if _, err := h.Put(ctx, admin(shop), core.KindQueue, queue, o.Version, encode(q)); err != nil {
		t.Fatal(err)
	}
	lead := func(in access.RolePart) access.Actor {
		a := as(shop, access.Supervisor)
		a.Parts = map[access.Role]access.RolePart{access.Supervisor: in}
		return a
	}
	north := []string{"team_north"}
	for _, member := range []bool{true, false} {
		for _, other := range []access.RolePart{{Teams: north}, {Teams: north, Queues: []string{"que_other"}}} {
			wantCode(t, h.SetMember(ctx, lead(other), queue, "usr_eva", member), errs.Forbidden, "not given for this queue")
		}
		wantCode(t, h.SetMember(ctx, lead(access.RolePart{Teams: north}), "que_none", "usr_eva", member), errs.Forbidden, "not given for this queue")
		both := lead(access.RolePart{Teams: north, Queues: []string{queue}})
		if err := h.SetMember(ctx, both, queue, "usr_eva", member); err != nil {
			t.Error(err)
		}
		wantCode(t, h.SetMember(ctx, both, queue, "usr_rui", member), errs.NotFound, "no such agent")
	}
}
