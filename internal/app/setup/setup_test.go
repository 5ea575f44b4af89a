package setup

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/flow"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

const (
	shop  = id.Tenant("ten_shop")
	books = id.Tenant("ten_books")
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// house is a service over a real database with two tenants that have a fresh
// set-up each.
type house struct {
	*Service
	clock   *clock.Virtual
	fresh   map[id.Tenant]Fresh
	changes []Change
	audit   []string
}

func (h *house) Record(tx *store.Tx, a access.Actor, action, kind, object string, detail map[string]string) error {
	h.audit = append(h.audit, strings.TrimSpace(tx.Tenant().String()+" "+a.User+" "+action+" "+kind+" "+id.Kind(object)+" "+detail["fields"]))
	return nil
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return houseOn(t, store.SQLite)
}

// onEach runs a test on every engine.
func onEach(t *testing.T, test func(t *testing.T, h *house)) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) { test(t, houseOn(t, driver)) })
	}
}

func houseOn(t testing.TB, driver string) *house {
	t.Helper()
	ctx, db := context.Background(), storetest.Open(t, driver)
	h := &house{clock: clock.NewVirtual(start), fresh: map[id.Tenant]Fresh{}}
	h.Service = New(Deps{DB: db, Clock: h.clock, IDs: id.NewSource(h.clock.Now, nil), Audit: h, Vault: lock{}, Changed: func(c Change) { h.changes = append(h.changes, c) }})
	for ten, language := range map[id.Tenant]string{shop: "en", books: "pt"} {
		row := store.OrganisationRow{ID: ten, Kind: "tenant", Slug: strings.TrimPrefix(string(ten), "ten_"), Name: "N", Status: "active", Language: language,
			TimeZone: "Europe/Lisbon", CreatedAt: start, UpdatedAt: start}
		if err := db.System(ctx, func(tx *store.Tx) error { return tx.InsertOrganisation(row) }); err != nil {
			t.Fatal(err)
		}
		agent := store.UserRow{ID: "usr_of_" + row.Slug, UserName: "a7", UserNameKey: "a7", Status: "active", Roles: []string{"agent"}, Language: language, CreatedAt: start, UpdatedAt: start}
		if err := db.Write(ctx, ten, func(tx *store.Tx) error { return tx.InsertUser(agent) }); err != nil {
			t.Fatal(err)
		}
		err := db.Write(ctx, ten, func(tx *store.Tx) (err error) {
			h.fresh[ten], err = h.prepare(tx, language, "Europe/Lisbon")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	h.changes, h.audit = nil, nil
	return h
}

func admin(t id.Tenant) access.Actor {
	return access.Actor{Tenant: t, User: "usr_boss", Roles: []access.Role{access.Administrator}}
}

func as(t id.Tenant, r access.Role) access.Actor {
	return access.Actor{Tenant: t, User: "usr_x", Roles: []access.Role{r}}
}

func wantCode(t *testing.T, err error, code errs.Code, says string) {
	t.Helper()
	if !errs.Is(err, code) || !strings.Contains(err.Error(), says) {
		t.Errorf("want %s …%s…, got %v", code, says, err)
	}
}

// A fresh tenant can receive a chat: its entry point runs a flow that puts it
// into a queue that someone serves.
func TestFreshTenant(t *testing.T) {
	h := newHouse(t)
	for ten, fresh := range h.fresh {
		snap, err := h.Snapshot(t.Context(), ten)
		if err != nil {
			t.Fatal(err)
		}
		entry := snap.EntryPoints[fresh.EntryPoint]
		run, actions, err := flow.Start(snap.Flows[entry.Flow].Graph, "pt", nil, flow.World{Now: start, Languages: entry.Languages,
			IsOpen: func(id string) bool { return core.IsOpen(snap.Hours[id], start) }})
		if err != nil || !run.Done || len(actions) != 2 || actions[1].Queue != fresh.Queue {
			t.Errorf("%v %+v", err, actions)
		}
		if agents, _, err := h.Serving(t.Context(), admin(ten), snap.Queues[fresh.Queue].Members, ""); err != nil || len(agents) != 1 || snap.ConsentTexts[entry.ConsentText].Version != 1 || snap.TimeZone.String() != "Europe/Lisbon" {
			t.Errorf("%+v", snap)
		}
		if len(snap.Reasons) != 4 || len(snap.Dispositions) == 0 || len(snap.Canned) == 0 || !reflect.DeepEqual(snap.Rules, core.Clean(core.DefaultRules())) {
			t.Errorf("%+v", snap)
		}
	}
	if err := h.DB.Write(t.Context(), shop, func(tx *store.Tx) error { return h.Prepare(tx, "en", "Europe/Lisbon") }); err == nil {
		t.Error("set up twice")
	}
}

func TestCreateChangeArchiveRestore(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	made, err := Create(ctx, h.Service, a, core.Skill{Name: " Spanish "})
	if err != nil {
		t.Fatal(err)
	}
	if made.Value.Name != "Spanish" || made.Version != 1 || !id.Valid(id.Skill, made.ID) {
		t.Errorf("%+v", made)
	}
	h.clock.Advance(time.Minute)
	changed, err := Update(ctx, h.Service, a, made.ID, 1, core.Skill{Name: "Castilian"})
	if err != nil || changed.Version != 2 || !changed.UpdatedAt.Equal(start.Add(time.Minute)) || !changed.CreatedAt.Equal(start) {
		t.Errorf("%+v %v", changed, err)
	}
	_, err = Update(ctx, h.Service, a, made.ID, 1, core.Skill{Name: "Spanish"})
	wantCode(t, err, errs.Conflict, "someone else")
	same, err := Update(ctx, h.Service, a, made.ID, 2, core.Skill{Name: "Castilian"})
	if err != nil || same.Version != 2 {
		t.Errorf("the same again is a change: %+v %v", same, err)
	}
	if err := Archive[core.Skill](ctx, h.Service, a, made.ID, 2); err != nil {
		t.Fatal(err)
	}
	if _, err = Update(ctx, h.Service, a, made.ID, 3, core.Skill{Name: "x"}); !errs.Is(err, errs.Conflict) {
		t.Error("an archived object was changed:", err)
	}
	all, _ := List[core.Skill](ctx, h.Service, a, true)
	used, _ := List[core.Skill](ctx, h.Service, a, false)
	if len(all) != 1 || len(used) != 0 || all[0].ArchivedAt.IsZero() {
		t.Errorf("%+v %+v", all, used)
	}
	// the name is free while archived, and must be free to come back
	other, err := Create(ctx, h.Service, a, core.Skill{Name: "CASTILIAN"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Restore[core.Skill](ctx, h.Service, a, made.ID, 3)
	wantCode(t, err, errs.Invalid, "another skill")
	if _, err := Update(ctx, h.Service, a, other.ID, 1, core.Skill{Name: "Catalan"}); err != nil {
		t.Fatal(err)
	}
	back, err := Restore[core.Skill](ctx, h.Service, a, made.ID, 3)
	if err != nil || !back.ArchivedAt.IsZero() || back.Position <= other.Position || back.Version != 4 {
		t.Errorf("%+v %v", back, err)
	}
	wantAudit := []string{
		"ten_shop usr_boss setup.created skill ski", "ten_shop usr_boss setup.changed skill ski name", "ten_shop usr_boss setup.archived skill ski",
		"ten_shop usr_boss setup.created skill ski", "ten_shop usr_boss setup.changed skill ski name", "ten_shop usr_boss setup.restored skill ski",
	}
	if diff := cmp.Diff(wantAudit, h.audit); diff != "" {
		t.Error(diff)
	}
	c := Change{shop, core.KindSkill, made.ID}
	o := Change{shop, core.KindSkill, other.ID}
	if diff := cmp.Diff([]Change{c, c, c, o, o, c}, h.changes); diff != "" {
		t.Error(diff)
	}
}

func TestNamesAreUnique(t *testing.T) {
	h, a := newHouse(t), admin(shop)
	_, err := Create(t.Context(), h.Service, a, core.DefaultQueue("  service "))
	wantCode(t, err, errs.Invalid, "[name: is that of another queue")
	if _, err := Create(t.Context(), h.Service, admin(books), core.DefaultQueue("Service")); err != nil {
		t.Error("another tenant may have the same name:", err)
	}
	_, err = Create(t.Context(), h.Service, a, core.CannedReply{Title: "Other", Shortcut: "/HELLO", Language: "en", Body: "x"})
	wantCode(t, err, errs.Invalid, "[shortcut: ")
}

// What is in use is not taken away; the answer says by what.
func TestInUse(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	f := h.fresh[shop]
	wantCode(t, h.Archive(ctx, a, core.KindQueue, f.Queue, 1), errs.Conflict, "the flow “Welcome”")
	wantCode(t, h.Archive(ctx, a, core.KindFlow, f.Flow, 1), errs.Conflict, "the entry point “Web chat”")
	wantCode(t, h.Archive(ctx, a, core.KindConsentText, f.ConsentText, 1), errs.Conflict, "the entry point “Web chat”")
	wantCode(t, h.Archive(ctx, a, core.KindRules, "", 1), errs.Conflict, "always has rules")
	if err := h.Archive(ctx, a, core.KindEntryPoint, f.EntryPoint, 1); err != nil {
		t.Fatal(err)
	}
	if err := h.Archive(ctx, a, core.KindFlow, f.Flow, 1); err != nil {
		t.Fatal(err)
	}
	_, err := Restore[core.EntryPoint](ctx, h.Service, a, f.EntryPoint, 2)
	wantCode(t, err, errs.Invalid, "flow")
	if err := h.Archive(ctx, a, core.KindQueue, f.Queue, 1); err != nil {
		t.Fatal(err)
	}
}

// A queue with open work in it stays.
func TestQueueWithWork(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	q, err := Create(ctx, h.Service, admin(shop), core.DefaultQueue("Sales"))
	if err != nil {
		t.Fatal(err)
	}
	err = h.DB.Write(ctx, shop, func(tx *store.Tx) error {
		if err := tx.InsertContact(store.ContactRow{ID: "con_1", CreatedAt: start, SeenAt: start}); err != nil {
			return err
		}
		return tx.InsertInteraction(store.InteractionRow{ID: "int_1", Channel: "chat", ContactID: "con_1", State: "queued", QueueID: q.ID, ArrivedAt: start})
	})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.Archive(ctx, admin(shop), core.KindQueue, q.ID, 1), errs.Conflict, "open interaction")
}

// A change that would break what uses the object is refused, saying what.
func TestChangeThatBreaksAnother(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	f := h.fresh[shop]
	text, _ := Get[core.ConsentText](ctx, h.Service, a, f.ConsentText)
	delete(text.Value.Text, "pt")
	_, err := Update(ctx, h.Service, a, f.ConsentText, 1, text.Value)
	wantCode(t, err, errs.Conflict, "Web chat")

	welcome, _ := Get[core.Flow](ctx, h.Service, a, f.Flow)
	english := core.NewFlow("Welcome", flow.Graph{Start: "bye", Nodes: map[string]flow.Node{"bye": {Type: flow.Close, Text: map[string]string{"en": "Bye"}}}})
	_, err = Update(ctx, h.Service, a, f.Flow, welcome.Version, english)
	wantCode(t, err, errs.Invalid, "graph.nodes.bye.text.pt")
}

func TestVersions(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	f := h.fresh[shop]
	text, _ := Get[core.ConsentText](ctx, h.Service, a, f.ConsentText)
	first := text.Value.Text["en"]
	text.Value.Text["en"] = "Shorter."
	h.clock.Advance(time.Hour)
	if _, err := Update(ctx, h.Service, a, f.ConsentText, 1, text.Value); err != nil {
		t.Fatal(err)
	}
	versions, err := h.Versions(ctx, a, core.KindConsentText, f.ConsentText)
	if err != nil || len(versions) != 2 {
		t.Fatal(versions, err)
	}
	if versions[0].Version != 2 || versions[0].ChangedBy != "usr_boss" || !versions[0].ChangedAt.Equal(start.Add(time.Hour)) {
		t.Errorf("%+v", versions[0])
	}
	var old core.ConsentText
	if json.Unmarshal(versions[1].Body, &old) != nil || old.Text["en"] != first {
		t.Error("the evidence changed:", old.Text)
	}
	if g, err := h.FlowAt(ctx, shop, f.Flow, 1); err != nil || g.Graph.Start != "hours" {
		t.Error(g, err)
	}
	_, err = h.FlowAt(ctx, books, f.Flow, 1)
	wantCode(t, err, errs.NotFound, "")
	_, err = h.Versions(ctx, a, core.KindQueue, f.Queue)
	wantCode(t, err, errs.NotFound, "")
}

func TestOrder(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	names := func() (ids, names []string) {
		list, err := List[core.Reason](ctx, h.Service, a, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			ids, names = append(ids, e.ID), append(names, e.Value.Name)
		}
		return ids, names
	}
	ids, before := names()
	if diff := cmp.Diff([]string{"Lunch", "Break", "Training", "Meeting"}, before); diff != "" {
		t.Fatal(diff)
	}
	if err := h.Order(ctx, a, core.KindReason, []string{ids[3], ids[0], ids[1], ids[2]}); err != nil {
		t.Fatal(err)
	}
	if _, after := names(); after[0] != "Meeting" || after[3] != "Training" {
		t.Error(after)
	}
	for _, bad := range [][]string{nil, ids[:3], {ids[0], ids[0], ids[1], ids[2]}, {ids[0], ids[1], ids[2], "rea_x"}} {
		wantCode(t, h.Order(ctx, a, core.KindReason, bad), errs.Invalid, "ids")
	}
}

// The rules are in two hands: retention and the rest.
func TestRules(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	officer := as(shop, access.PrivacyOfficer)
	rules := core.DefaultRules()
	rules.ConversationDays = 30
	got, err := Update(ctx, h.Service, officer, "", 1, rules)
	if err != nil || got.Value.ConversationDays != 30 || got.Version != 2 {
		t.Fatal(got, err)
	}
	rules.ChatCapacity = 9
	_, err = Update(ctx, h.Service, officer, "", 2, rules)
	wantCode(t, err, errs.Invalid, "chat_capacity")
	if _, err := Update(ctx, h.Service, admin(shop), "", 2, rules); err != nil {
		t.Error(err)
	}
	_, err = Update(ctx, h.Service, as(shop, access.Supervisor), "", 3, rules)
	wantCode(t, err, errs.Forbidden, "")
	snap, _ := h.Snapshot(ctx, shop)
	other, _ := h.Snapshot(ctx, books)
	if !reflect.DeepEqual(snap.Rules, core.Clean(rules)) || !reflect.DeepEqual(other.Rules, core.Clean(core.DefaultRules())) {
		t.Error("the rules of the wrong tenant changed")
	}
}

// What is unusual is the administrator's to choose, and who leaves it out leaves it as it is.
func TestRulesOfWhatIsUnusual(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	rules := core.DefaultRules()
	if _, err := Update(ctx, h.Service, admin(shop), "", 1, rules); err != nil {
		t.Fatal(err)
	}
	snap, err := h.Snapshot(ctx, shop)
	if err != nil || snap.Rules.Unusual != core.DefaultUnusual() {
		t.Fatalf("%+v, %v", snap.Rules.Unusual, err)
	}
	rules = snap.Rules
	rules.Unusual.SignIns, rules.Unusual.Usual.Calls = false, 3
	_, err = Update(ctx, h.Service, as(shop, access.PrivacyOfficer), "", 1, rules)
	wantCode(t, err, errs.Invalid, "unusual")
	rules.Unusual.Usual.Calls = 0
	_, err = Update(ctx, h.Service, admin(shop), "", 1, rules)
	wantCode(t, err, errs.Invalid, "unusual.usual.calls")
	rules.Unusual.Usual.Calls = 3
	got, err := Update(ctx, h.Service, admin(shop), "", 1, rules)
	if err != nil || got.Value.Unusual != rules.Unusual {
		t.Fatalf("%+v, %v", got, err)
	}
	body := map[string]json.RawMessage{}
	if err := json.Unmarshal(encode(rules), &body); err != nil {
		t.Fatal(err)
	}
	delete(body, "unusual")
	body["chat_capacity"] = json.RawMessage("7")
	left, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Put(ctx, admin(shop), core.KindRules, "", got.Version, left); err != nil {
		t.Fatal(err)
	}
	snap, err = h.Snapshot(ctx, shop)
	if err != nil || snap.Rules.Unusual != rules.Unusual || snap.Rules.ChatCapacity != 7 {
		t.Errorf("%+v, %v", snap.Rules, err)
	}
	if other, err := h.Snapshot(ctx, books); err != nil || other.Rules.Unusual.OrUsual() != core.DefaultUnusual() {
		t.Errorf("the other organisation has %+v, %v", other.Rules.Unusual, err)
	}
}

// Who may do what, and nothing of another tenant.
func TestPermissionsAndTenants(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	f := h.fresh[shop]
	body := encode(core.Skill{Name: "X"})
	for _, r := range []access.Role{access.Agent, access.Supervisor, access.Monitor, access.PrivacyOfficer, access.OperatorRole, access.ResellerRole} {
		a := as(shop, r)
		_, err := h.Create(ctx, a, core.KindSkill, body)
		wantCode(t, err, errs.Forbidden, "")
		_, err = h.Put(ctx, a, core.KindQueue, f.Queue, 1, encode(core.DefaultQueue("X")))
		wantCode(t, err, errs.Forbidden, "")
		wantCode(t, h.Archive(ctx, a, core.KindLabel, "lab_x", 1), errs.Forbidden, "")
		_, err = h.Restore(ctx, a, core.KindLabel, "lab_x", 1)
		wantCode(t, err, errs.Forbidden, "")
		wantCode(t, h.Order(ctx, a, core.KindLabel, nil), errs.Forbidden, "")
	}
	thresholds(t, h)
	_, err := h.List(ctx, as(shop, access.OperatorRole), core.KindQueue, false)
	wantCode(t, err, errs.Forbidden, "")
	if list, err := h.List(ctx, as(shop, access.Agent), core.KindCanned, false); err != nil || len(list) == 0 {
		t.Error(list, err)
	}
	for _, k := range core.Kinds {
		for _, object := range []string{f.Queue, f.Flow, f.EntryPoint, f.ConsentText, f.Hours} {
			if k == core.KindRules {
				continue
			}
			_, err := h.Get(ctx, admin(books), k, object)
			wantCode(t, err, errs.NotFound, "")
			wantCode(t, h.Archive(ctx, admin(books), k, object, 1), errs.NotFound, "")
		}
	}
	// pointing at another tenant's object is pointing at nothing
	q := core.DefaultQueue("Theirs")
	q.Hours, q.Members = f.Hours, []string{"usr_of_shop"}
	_, err = Create(ctx, h.Service, admin(books), q)
	wantCode(t, err, errs.Invalid, "members[0]")
	wantCode(t, err, errs.Invalid, "[hours: ")
}

func TestBadInput(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	_, err := h.Create(ctx, a, "planets", json.RawMessage(`{}`))
	wantCode(t, err, errs.NotFound, "")
	_, err = h.Create(ctx, a, core.KindQueue, json.RawMessage(`{"name":1}`))
	wantCode(t, err, errs.Invalid, "name")
	_, err = h.Create(ctx, a, core.KindRules, encode(core.DefaultRules()))
	wantCode(t, err, errs.Conflict, "exactly one")
	_, err = h.Get(ctx, a, core.KindQueue, "que_gone")
	wantCode(t, err, errs.NotFound, "queue")
	if len(h.changes)+len(h.audit) != 0 {
		t.Error("something was told of what did not happen")
	}
}

// A queue without chosen members is served by every agent; who leaves is taken
// out of those that name it.
func TestMembers(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	q := core.DefaultQueue("Sales")
	q.Members = []string{"usr_of_shop"}
	sales, err := Create(ctx, h.Service, admin(shop), q)
	if err != nil {
		t.Fatal(err)
	}
	err = h.DB.Write(ctx, shop, func(tx *store.Tx) error {
		for name, row := range map[string]store.UserRow{
			"b2": {Roles: []string{"agent"}, Status: "active"}, "boss": {Roles: []string{"administrator"}, Status: "active"}, "gone": {Roles: []string{"agent"}, Status: "locked"},
		} {
			row.ID, row.UserName, row.UserNameKey, row.CreatedAt = "usr_"+name, name, name, start
			if err := tx.InsertUser(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	serving := func(members []string, rule string) []string {
		t.Helper()
		agents, _, err := h.Serving(ctx, admin(shop), members, rule)
		if err != nil {
			t.Error(err)
		}
		return agents
	}
	for _, c := range []struct{ got, want []string }{
		{serving(nil, ""), []string{"usr_b2", "usr_of_shop"}}, {serving(q.Members, ""), q.Members},
		{serving(nil, `language == "en"`), []string{"usr_of_shop"}}, {serving([]string{"usr_boss"}, `language == "en"`), []string{"usr_boss", "usr_of_shop"}},
		{serving(nil, `language == "pt"`), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	if _, _, err := h.Serving(ctx, admin(shop), []string{"usr_of_books"}, ""); !errs.Is(err, errs.Invalid) {
		t.Error("a user of another tenant:", err)
	}
	drop := func() ([]Change, error) {
		var changes []Change
		err := h.DB.Write(ctx, shop, func(tx *store.Tx) (err error) {
			changes, err = h.DropUser(tx, admin(shop), "usr_of_shop")
			return err
		})
		return changes, err
	}
	// The last member: without it the queue would be everybody's.
	if _, err := drop(); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "Sales") {
		t.Errorf("dropping the last member: %v", err)
	}
	q.Members = []string{"usr_b2", "usr_of_shop"}
	if _, err := Update(ctx, h.Service, admin(shop), sales.ID, sales.Version, q); err != nil {
		t.Fatal(err)
	}
	h.changes = nil
	changes, err := drop()
	if err != nil {
		t.Fatal(err)
	}
	h.Tell(changes)
	if got, err := Get[core.Queue](ctx, h.Service, admin(shop), sales.ID); err != nil || !slices.Equal(got.Value.Members, []string{"usr_b2"}) || got.Version != 3 {
		t.Error(got, err)
	}
	if diff := cmp.Diff([]Change{{shop, core.KindQueue, sales.ID}}, h.changes); diff != "" {
		t.Error(diff)
	}
}

// A body stored by another version of the program is still read.
func TestStoredByAnotherVersion(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	err := h.DB.Write(ctx, shop, func(tx *store.Tx) error {
		return tx.InsertSetup(store.SetupRow{Kind: "queues", ID: "que_old", Body: json.RawMessage(`{"name":"Old","colour":"red"}`), Position: 9, CreatedAt: start, UpdatedAt: start})
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := Get[core.Queue](ctx, h.Service, admin(shop), "que_old")
	if err != nil || q.Value.Name != "Old" || q.Value.Members == nil {
		t.Error(q, err)
	}
	if snap, err := h.Snapshot(ctx, shop); err != nil || snap.Queues["que_old"].Name != "Old" {
		t.Error(err)
	}
}

// A team or a site that somebody belongs to stays, and the answer says who does.
func TestTeamsAndSitesInUse(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	team, err := Create(ctx, h.Service, admin(shop), core.Team{Name: "Support"})
	if err != nil {
		t.Fatal(err)
	}
	site, err := Create(ctx, h.Service, admin(shop), core.Site{Name: "Lisbon"})
	if err != nil {
		t.Fatal(err)
	}
	belong := func(teams []string, site string) {
		t.Helper()
		err := h.DB.Write(ctx, shop, func(tx *store.Tx) error {
			u, err := tx.User("usr_of_shop")
			if err != nil {
				return err
			}
			u.Teams, u.Site = teams, site
			return tx.UpdateUser(u)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	belong([]string{"tea_x", team.ID}, site.ID)
	wantCode(t, Archive[core.Team](ctx, h.Service, admin(shop), team.ID, 1), errs.Conflict, "This team is used by the user “a7”")
	wantCode(t, Archive[core.Site](ctx, h.Service, admin(shop), site.ID, 1), errs.Conflict, "This site is used by the user “a7”")
	belong(nil, "")
	if err := Archive[core.Team](ctx, h.Service, admin(shop), team.ID, 1); err != nil {
		t.Error(err)
	}
	if err := Archive[core.Site](ctx, h.Service, admin(shop), site.ID, 1); err != nil {
		t.Error(err)
	}
}

// Whoever writes a rule writes names; it holds on to what they stand for.
func TestMemberRulesOutliveNames(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	team, err := Create(ctx, h.Service, a, core.Team{Name: "Support"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(ctx, h.Service, admin(books), core.Team{Name: "Fiction"}); err != nil {
		t.Fatal(err)
	}
	q := core.DefaultQueue("Help")
	q.MemberRule = `"Fiction" in teams`
	_, err = Create(ctx, h.Service, a, q)
	if wantCode(t, err, errs.Invalid, "accepted are “Support”"); errs.As(err).Fields[0].Path != "member_rule" {
		t.Errorf("%+v", errs.As(err).Fields)
	}
	q.MemberRule = `"support" in teams`
	made, err := Create(ctx, h.Service, a, q)
	if err != nil {
		t.Fatal(err)
	}
	want := `"` + team.ID + `" in teams`
	if made.Value.MemberRule != want {
		t.Errorf("stored as %s", made.Value.MemberRule)
	}
	if again, err := Update(ctx, h.Service, a, made.ID, 1, q); err != nil || again.Version != 1 {
		t.Errorf("the same by name is a change: %+v %v", again, err)
	}
	if _, err := Update(ctx, h.Service, a, team.ID, 1, core.Team{Name: "Help desk"}); err != nil {
		t.Fatal(err)
	}
	if now, err := Get[core.Queue](ctx, h.Service, a, made.ID); err != nil || now.Value.MemberRule != want {
		t.Errorf("%+v %v", now.Value, err)
	}
	wantCode(t, Archive[core.Team](ctx, h.Service, a, team.ID, 2), errs.Conflict, "This team is used by the queue “Help”")
}

// Who leaves is taken out of steps too; a queue that has a rule needs no member
// by name.
func TestLeavingASteppedQueue(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	byRule, all := core.DefaultQueue("By rule"), core.DefaultQueue("All")
	byRule.Members, byRule.MemberRule = []string{"usr_of_shop"}, `language == "pt"`
	all.Steps = []core.Step{{AfterSeconds: 10, Members: []string{"usr_of_shop"}}, {AfterSeconds: 20, Ease: 1, Members: []string{"usr_of_shop"}}}
	var ids []string
	for _, q := range []core.Queue{byRule, all} {
		made, err := Create(ctx, h.Service, a, q)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.ID)
	}
	err := h.DB.Write(ctx, shop, func(tx *store.Tx) error {
		_, err := h.DropUser(tx, a, "usr_of_shop")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := Get[core.Queue](ctx, h.Service, a, ids[0])
	two, err2 := Get[core.Queue](ctx, h.Service, a, ids[1])
	if err1 != nil || err2 != nil || len(one.Value.Members) != 0 || one.Value.MemberRule == "" {
		t.Errorf("%+v %v %v", one, err1, err2)
	}
	if steps := two.Value.Steps; len(steps) != 1 || steps[0].AfterSeconds != 20 || len(steps[0].Members) != 0 {
		t.Errorf("%+v", steps)
	}
}

// Alert rules are their supervisors' own, and name nothing of another tenant.
func thresholds(t *testing.T, h *house) {
	t.Helper()
	ctx := t.Context()
	for r, may := range map[access.Role]bool{access.Supervisor: true, access.Administrator: true, access.Agent: false, access.Monitor: false, access.PrivacyOfficer: false, access.OperatorRole: false} {
		a := as(shop, r)
		e, err := Create(ctx, h.Service, a, core.DefaultAlertRule("For "+string(r), alert.Waiting, 5, 0))
		if !may {
			wantCode(t, err, errs.Forbidden, "")
			continue
		}
		if err == nil {
			e.Value.Critical.At = 10
			e, err = Update(ctx, h.Service, a, e.ID, e.Version, e.Value)
		}
		if err == nil {
			err = h.Archive(ctx, a, core.KindAlertRule, e.ID, e.Version)
		}
		if err == nil {
			_, err = h.Restore(ctx, a, core.KindAlertRule, e.ID, e.Version+1)
		}
		if err != nil {
			t.Errorf("%s: %v", r, err)
		}
		theirs := core.DefaultAlertRule("Theirs", alert.Waiting, 5, 0)
		theirs.Queues = []string{h.fresh[books].Queue}
		_, err = Create(ctx, h.Service, a, theirs)
		wantCode(t, err, errs.Invalid, "queues[0]")
	}
}

// What a floor follows wakes it in the same transaction, so that nothing is waited for
// that never comes if the process ends right after.
func TestWhatAFloorFollowsWakesIt(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	sleep := func(ten id.Tenant) {
		t.Helper()
		err := h.DB.Write(ctx, ten, func(tx *store.Tx) error {
			l, _, err := tx.ClaimLease(store.FloorLease, "nod_1", time.Minute, start, store.LeaseRow{})
			if err == nil {
				_, err = tx.RestLease(store.FloorLease, "nod_1", l.Fence)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rests := func(what string, ten id.Tenant, want bool) {
		t.Helper()
		err := h.DB.Read(ctx, ten, func(tx *store.Tx) error {
			l, err := tx.LeaseOf(store.FloorLease)
			if err == nil && l.Resting() != want {
				t.Errorf("%s: the floor of %s rests: %t, want %t", what, ten, !want, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sleep(shop)
	sleep(books)
	if _, err := Create(ctx, h.Service, a, core.Skill{Name: "Spanish"}); err != nil {
		t.Fatal(err)
	}
	rests("after a skill was made", shop, true)
	made, err := Create(ctx, h.Service, a, core.AlertRule{Name: "Waiting", Enabled: true, Measure: "waiting", Always: true, Warning: core.AlertLevel{At: 5}})
	if err != nil {
		t.Fatal(err)
	}
	rests("after a rule was made", shop, false)
	rests("after another's rule was made", books, true)
	sleep(shop)
	if err := h.Archive(ctx, a, core.KindAlertRule, made.ID, made.Version); err != nil {
		t.Fatal(err)
	}
	rests("after the rule was archived", shop, true)
	if _, err := h.Restore(ctx, a, core.KindAlertRule, made.ID, made.Version+1); err != nil {
		t.Fatal(err)
	}
	rests("after the rule was restored", shop, false)
}
