package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/campaign"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
)

const (
	tenA = storetest.TenantA
	tenB = storetest.TenantB
)

var (
	ana  = access.Actor{Tenant: tenA, User: "usr_ana", Roles: []access.Role{access.Agent}}
	rui  = access.Actor{Tenant: tenA, User: "usr_rui", Roles: []access.Role{access.Agent}}
	boss = access.Actor{Tenant: tenA, User: "usr_boss", Roles: []access.Role{access.Supervisor}}
	them = access.Actor{Tenant: tenB, User: "usr_ana", Roles: []access.Role{access.Agent, access.Supervisor}}
)

// house is the service over real keepers and contacts; calls are stored and end as the
// test says.
type house struct {
	*Service
	t     *testing.T
	clock *clock.Virtual
	plan  Plan
	audit []string
	lines bool // calls leave
	made  int
}

func (h *house) Campaigning(context.Context, id.Tenant) (Plan, error) { return h.plan, nil }

func (h *house) Serves(_ context.Context, _ id.Tenant, agent string) ([]string, error) {
	if agent == "usr_idle" {
		return nil, nil
	}
	return []string{"que_1"}, nil
}

func (h *house) Record(_ *store.Tx, a access.Actor, action, _, _ string, detail map[string]string) error {
	h.audit = append(h.audit, fmt.Sprint(a.User, " ", action, " ", detail))
	return nil
}

func (h *house) Append(_ *store.Tx, actor, action, _, _ string) error {
	h.audit = append(h.audit, actor+" "+action)
	return nil
}

// Resolve, Callee and Seen keep people as app/contact does, but for the sealing.
func (h *house) Resolve(tx *store.Tx, a channel.Arrival, _ string) (string, error) {
	value := a.Addresses[0].Value.Reveal()
	_, index, err := h.number(tx, value)
	if err != nil {
		return "", err
	}
	if known, err := tx.AddressByIndex("phone", index); err == nil {
		return known.ContactID, nil
	}
	who := h.IDs.New(id.Contact)
	if err := tx.InsertContact(store.ContactRow{ID: who, ProfileSealed: []byte(a.Name.Reveal()), CreatedAt: h.clock.Now()}); err != nil {
		return "", err
	}
	_, _, err = tx.AddAddress(store.AddressRow{ContactID: who, Kind: "phone", AddressIndex: index, AddressSealed: []byte(value), CreatedAt: h.clock.Now()})
	return who, err
}

func (h *house) Callee(tx *store.Tx, contact string, number secret.Index) (name, phone secret.Text, restricted bool, err error) {
	c, err := tx.Contact(contact)
	if err != nil {
		return name, phone, false, err
	}
	address, err := tx.AddressByIndex("phone", number)
	return secret.New(string(c.ProfileSealed)), secret.New(string(address.AddressSealed)), !c.RestrictedAt.IsZero(), err
}

func (h *house) Seen(context.Context, access.Actor, string) error { return nil }

// CallFor stores the interaction of a call as the floor does.
func (h *house) CallFor(ctx context.Context, t id.Tenant, agent, queue string, number, _ secret.Text, _, campaign string, called func(tx *store.Tx, interaction string) error) (string, error) {
	if !h.lines {
		return "", errs.New(errs.Conflict, "No telephone lines are set up on this server.")
	}
	h.made++
	interaction := fmt.Sprintf("int_%d", h.made)
	return interaction, h.DB.Write(ctx, t, func(tx *store.Tx) error {
		_, index, err := h.number(tx, number.Reveal())
		if err != nil {
			return err
		}
		who, err := tx.AddressByIndex("phone", index)
		if err != nil {
			return err
		}
		if err := tx.InsertInteraction(store.InteractionRow{ID: interaction, ContactID: who.ContactID, Channel: "voice", State: "active", QueueID: queue, AgentID: agent, CampaignID: campaign, Outgoing: true, ArrivedAt: h.clock.Now()}); err != nil {
			return err
		}
		return called(tx, interaction)
	})
}

// ends ends a call as voice and the floor do: with a SIP status, 200 for one that was
// answered, 0 for one that never left.
func (h *house) ends(interaction string, code int, disposition string) {
	h.t.Helper()
	h.leg(interaction, code)
	h.closes(interaction, disposition)
	if code == 0 {
		h.clock.Advance(legsCome)
	}
}

// leg notes how the callee's end went.
func (h *house) leg(interaction string, code int) {
	h.t.Helper()
	if code == 0 {
		return
	}
	l := store.LegRow{ID: "leg_" + interaction, InteractionID: interaction, Part: "callee", StartedAt: h.clock.Now(), EndedAt: h.clock.Now(), SIPCode: code}
	if code == 200 {
		l.AnsweredAt, l.SIPCode = h.clock.Now(), 0
	}
	h.must(h.DB.Write(h.t.Context(), tenA, func(tx *store.Tx) error { return tx.PutLeg(l) }))
}

// closes closes a call's work.
func (h *house) closes(interaction, disposition string) {
	h.t.Helper()
	h.must(h.DB.Write(h.t.Context(), tenA, func(tx *store.Tx) error {
		i, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		i.State, i.ClosedAt, i.DispositionID = "closed", h.clock.Now(), disposition
		if err := tx.UpdateInteraction(i); err != nil {
			return err
		}
		return h.Ended(tx, interaction)
	}))
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func each(t *testing.T, test func(h *house)) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) { test(newHouse(t, driver)) })
	}
}

func newHouse(t *testing.T, driver string) *house {
	c := storetest.Config(t, driver)
	h := &house{t: t, clock: clock.NewVirtual(time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)), lines: true}
	db := storetest.Reopen(t, c)
	storetest.Organisations(t, db, tenA, tenB)
	if driver == store.SQLite {
		c.DSN += ".keys"
	}
	keys, err := keystore.Open(t.Context(), keystore.Config{Driver: c.Driver, DSN: c.DSN})
	h.must(err)
	t.Cleanup(func() { keys.Close() })
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	h.must(err)
	v, err := vault.Open(vault.Config{Root: root, Store: keys})
	h.must(err)
	for _, tenant := range []id.Tenant{tenA, tenB} {
		h.must(v.CreateTenant(t.Context(), tenant))
	}
	ids := id.NewSource(h.clock.Now, nil)
	h.Service = New(Deps{DB: db, Setup: h, Floor: h, Calls: h, Contacts: h, Keys: v, Audit: h, Clock: h.clock, IDs: ids})
	week := []setup.Opening{}
	for day := range 7 {
		week = append(week, setup.Opening{Day: day, From: "09:00", To: "18:00"})
	}
	h.plan = Plan{TimeZone: time.UTC, Lists: map[string]setup.ContactList{"lst_1": {Name: "One"}, "lst_2": {Name: "Two"}}, Hours: map[string]setup.Hours{"hou_1": {Name: "Day", TimeZone: "UTC", Weekly: week}},
		Campaigns: map[string]setup.Campaign{"cmp_1": setup.Clean(setup.Campaign{Name: "C", State: setup.CampaignRunning, Queue: "que_1", Lists: []string{"lst_1", "lst_2"}, MaxAttempts: 2, BusyMinutes: 10, NoAnswerMinutes: 60, Notes: "Say hello",
			Outcomes: []setup.CampaignOutcome{{Disposition: "dis_sold"}, {Disposition: "dis_never", Then: core.NeverAgain}}})}}
	body, err := json.Marshal(h.plan.Campaigns["cmp_1"])
	h.must(err)
	h.must(db.Write(t.Context(), tenA, func(tx *store.Tx) error {
		return tx.InsertSetup(store.SetupRow{Kind: string(setup.KindCampaign), ID: "cmp_1", Body: body, CreatedAt: h.clock.Now(), UpdatedAt: h.clock.Now()})
	}))
	return h
}

func (h *house) state(state setup.CampaignState) {
	m := h.plan.Campaigns["cmp_1"]
	m.State = state
	h.plan.Campaigns["cmp_1"] = m
}

// list fills a list by a file.
func (h *house) list(list string, lines ...string) ContactImport {
	h.t.Helper()
	file := "phone,name,time zone\n"
	for _, l := range lines {
		file += l + strings.Repeat(",", 2-strings.Count(l, ",")) + "\n"
	}
	seen, err := h.PreviewImport(h.t.Context(), boss, list, []byte(file))
	h.must(err)
	did, err := h.Import(h.t.Context(), boss, list, []byte(file), seen.Seen)
	h.must(err)
	return did
}

func (h *house) next(a access.Actor) ContactPreview {
	h.t.Helper()
	o, err := h.Next(h.t.Context(), a, "cmp_1")
	h.must(err)
	if o.Next == nil {
		h.t.Fatalf("there is no contact: %+v", o)
	}
	return *o.Next
}

func (h *house) nobody(why string) NextContact {
	h.t.Helper()
	o, err := h.Next(h.t.Context(), ana, "cmp_1")
	h.must(err)
	if o.Next != nil || o.Why != why {
		h.t.Fatalf("%s at %s, want none for %s", o.Why, o.At, why)
	}
	return o
}

func (h *house) call(a access.Actor) (entry, interaction string) {
	h.t.Helper()
	p := h.next(a)
	interaction, err := h.Call(h.t.Context(), a, "cmp_1", p.ID)
	h.must(err)
	return p.ID, interaction
}

func (h *house) is(entry, state, reason string) store.CampaignContactRow {
	h.t.Helper()
	h.must(h.settle(h.t.Context(), tenA, h.plan))
	r := h.row(entry)
	if r.State != state || r.Reason != reason {
		h.t.Fatalf("it is %s (%s), want %s (%s)", r.State, r.Reason, state, reason)
	}
	return r
}

// row is how a contact stands, though nobody asked.
func (h *house) row(entry string) (r store.CampaignContactRow) {
	h.t.Helper()
	h.must(h.DB.Read(h.t.Context(), tenA, func(tx *store.Tx) (err error) { r, err = tx.CampaignContact("cmp_1", entry); return err }))
	return r
}

func code(t *testing.T, what string, err error, want errs.Code) {
	t.Helper()
	if err == nil || errs.As(err).Code != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

func TestAFileIsReadLineByLine(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351 910 000 001,Ana")
		_, err := h.AddNever(ctx, boss, []string{"+351910000003"})
		h.must(err)
		file := []byte("Telefone;Nome;Fuso horário;Cor\n+351910000001;Ana;;\n+351 910 000 002;Rui;Europe/Madrid;azul\n+351910000002;Rui;;\n+351910000003;Eva;;\nno number;Bob;;\n+351910000004;Zé;Mars/North;\n")
		got, err := h.PreviewImport(ctx, boss, "lst_1", file)
		h.must(err)
		if got.Count != (ContactCount{New: 1, There: 1, Twice: 1, Never: 1, Refused: 2}) || !slices.Equal(got.Ignored, []string{"Cor"}) {
			t.Errorf("%+v", got)
		}
		var lines []string
		for _, l := range got.Lines {
			lines = append(lines, fmt.Sprint(l.Line, " ", l.Verdict, " ", l.Earlier, " ", l.Field))
		}
		if want := []string{"2 there 0 ", "4 twice 3 ", "5 never 0 ", "6 refused 0 phone", "7 refused 0 time_zone"}; !slices.Equal(lines, want) {
			t.Errorf("%q, want %q", lines, want)
		}
		if sizes, err := h.Sizes(ctx, boss); err != nil || sizes[0].Contacts != 1 {
			t.Errorf("a preview did something: %v %v", sizes, err)
		}
		_, err = h.Import(ctx, boss, "lst_1", file, "other")
		code(t, "what was not seen", err, errs.Conflict)
		_, err = h.Import(ctx, boss, "lst_1", file, got.Seen)
		h.must(err)
		items, next, err := h.ListContacts(ctx, boss, "lst_1", "", 2)
		h.must(err)
		if len(items) != 2 || next == "" || items[1].Name != "Rui" || strings.Contains(items[1].Number, "910000") || items[1].TimeZone != "Europe/Madrid" {
			t.Errorf("%v %+v", next, items)
		}
		rest, next, err := h.ListContacts(ctx, boss, "lst_1", next, 2)
		if err != nil || len(rest) != 1 || next != "" || rest[0].Name != "Eva" {
			t.Errorf("%v %q %v", rest, next, err)
		}
		code(t, "out of another list", h.RemoveListed(ctx, boss, "lst_2", rest[0].ID), errs.NotFound)
		code(t, "another tenant's", h.RemoveListed(ctx, them, "lst_1", rest[0].ID), errs.NotFound)
		h.must(h.RemoveListed(ctx, boss, "lst_1", rest[0].ID))
		if sizes, err := h.Sizes(ctx, boss); err != nil || len(sizes) != 1 || sizes[0].Contacts != 2 {
			t.Errorf("%v %v", sizes, err)
		}
		_, err = h.PreviewImport(ctx, boss, "lst_9", file)
		code(t, "no list", err, errs.NotFound)
		for _, line := range h.audit {
			if strings.Contains(line, "910") || strings.Contains(line, "Rui") {
				t.Errorf("the audit log has something of a person: %s", line)
			}
		}
	})
}

// However many ask at once, and whatever becomes of them, a contact is with one agent.
func TestAContactIsWithOneAgent(t *testing.T) {
	each(t, func(h *house) {
		var lines []string
		for n := range 6 {
			lines = append(lines, fmt.Sprintf("+35191000%04d,", n))
		}
		h.list("lst_1", lines...)
		h.list("lst_2", lines[0]) // twice in the campaign
		var group errgroup.Group
		got := make([]ContactPreview, 6)
		for i := range got {
			a := ana
			a.User = fmt.Sprint("usr_", i)
			group.Go(func() error {
				o, err := h.Next(t.Context(), a, "cmp_1")
				if err == nil && o.Next != nil {
					got[i] = *o.Next
				}
				return err
			})
		}
		h.must(group.Wait())
		seen := map[string]bool{}
		for i, p := range got {
			if p.ID == "" || seen[p.ID] {
				t.Errorf("agent %d has %q, and others have %v", i, p.ID, seen)
			}
			seen[p.ID] = true
		}
		h.nobody("empty")
		same, err := h.Next(t.Context(), access.Actor{Tenant: tenA, User: "usr_0"}, "cmp_1")
		h.must(err)
		if same.Next == nil || same.Next.ID != got[0].ID || !same.Next.Until.Equal(got[0].Until) {
			t.Errorf("asking again gave %+v, and not %+v", same, got[0])
		}
		h.clock.Advance(5 * time.Minute) // all of them are gone
		code(t, "a call after its time", func() error {
			_, err := h.Call(t.Context(), access.Actor{Tenant: tenA, User: "usr_0"}, "cmp_1", got[0].ID)
			return err
		}(), errs.Conflict)
		if p := h.next(ana); !seen[p.ID] {
			t.Errorf("%v is none of those that were left", p)
		}
	})
}

func TestACallDecidesWhatBecomesOfItsContact(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351910000001,Ana")
		entry, call := h.call(ana)
		if p := h.is(entry, "dialing", ""); p.InteractionID != call || p.Attempts != 1 {
			t.Errorf("%+v", p)
		}
		code(t, "a second call", func() error { _, err := h.Call(ctx, ana, "cmp_1", entry); return err }(), errs.Conflict)
		h.nobody("empty")
		h.ends(call, 486, "")
		h.is(entry, "retry_at", "busy")
		if o := h.nobody("later"); !o.At.Equal(h.clock.Now().Add(10 * time.Minute)) {
			t.Errorf("the next is due at %s", o.At)
		}
		h.clock.Advance(10 * time.Minute)
		_, call = h.call(rui)
		h.ends(call, 0, "") // it never left
		if r := h.is(entry, "retry_at", ""); r.Attempts != 1 {
			t.Errorf("what never left counts: %+v", r)
		}
		_, call = h.call(rui)
		again := h.clock.Now().Add(2 * time.Hour)
		code(t, "in the past", h.Again(ctx, rui, call, h.clock.Now().Add(-1), false), errs.Invalid)
		code(t, "another tenant's", h.Again(ctx, them, call, again, false), errs.Conflict)
		h.must(h.Again(ctx, rui, call, again, true))
		h.ends(call, 200, "dis_sold")
		h.is(entry, "retry_at", "asked")
		h.clock.Advance(2 * time.Hour)
		h.nobody("empty") // for ana; it is rui's for an hour
		_, call = h.call(rui)
		h.ends(call, 200, "dis_never")
		h.is(entry, "excluded", "do_not_call")
		if never, err := h.AskNever(ctx, boss, "+351 910 000 001"); err != nil || !never.Listed {
			t.Errorf("%+v %v", never, err)
		}
		all, err := h.Progress(ctx, boss)
		h.must(err)
		if len(all) != 1 || all[0].Contacts != 1 || all[0].Excluded != 1 || all[0].Pending != 0 || all[0].Calls != 3 {
			t.Errorf("%+v", all)
		}
	})
}

func TestWhoMustNotBeCalled(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351910000001,Ana", "+351910000002,Rui", "+351910000003,Eva", "+351910000004,Zé")
		first := h.next(ana)
		if first.Name != "Ana" || first.Number != "+351910000001" || fmt.Sprint(first) != first.ID {
			t.Errorf("%s", first)
		}
		n, err := h.AddNever(ctx, boss, []string{"910 000 001", "x", "", "+351910000001"})
		if err != nil || n.Added != 1 || n.There != 1 || !slices.Equal(n.Refused, []string{"x"}) {
			t.Errorf("%+v %v", n, err)
		}
		_, err = h.Call(ctx, ana, "cmp_1", first.ID)
		code(t, "a number that came onto the list while it was looked at", err, errs.Conflict)
		h.is(first.ID, "excluded", "do_not_call")
		second := h.next(ana)
		h.must(h.Skip(ctx, ana, "cmp_1", second.ID, Skipping{Why: core.DoNotCall}))
		code(t, "a second skip", h.Skip(ctx, ana, "cmp_1", second.ID, Skipping{Why: core.Later}), errs.NotFound)
		if count, err := h.CountNever(ctx, boss); err != nil || count != 2 {
			t.Errorf("%d %v", count, err)
		}
		if never, err := h.AskNever(ctx, them, "+351910000001"); err != nil || never.Listed {
			t.Errorf("another tenant's list: %+v %v", never, err)
		}
		third := h.next(ana)
		h.must(h.DB.Write(ctx, tenA, func(tx *store.Tx) error { // its processing is restricted
			c, err := tx.Contact(third.Contact)
			if err == nil {
				c.RestrictedAt = h.clock.Now()
				err = tx.UpdateContact(c)
			}
			return err
		}))
		fourth := h.next(ana) // asked again, it is seen that the third must not be called
		if fourth.ID == third.ID {
			t.Error("a restricted person is given out")
		}
		h.is(third.ID, "excluded", "restricted")
		h.must(h.DB.Write(ctx, tenA, func(tx *store.Tx) error { _, err := tx.DeleteContact(fourth.Contact); return err })) // erased
		h.nobody("empty")
		code(t, "of nobody", func() error { _, err := h.Call(ctx, ana, "cmp_1", fourth.ID); return err }(), errs.NotFound)
		h.must(h.EndNever(ctx, boss, "+351910000001"))
		code(t, "off the list twice", h.EndNever(ctx, boss, "+351910000001"), errs.NotFound)
		code(t, "no number", h.EndNever(ctx, boss, "x"), errs.Invalid)
	})
}

func TestWhenACampaignCalls(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351910000001,Ana", "+12125550101,Bob,America/New_York")
		m := h.plan.Campaigns["cmp_1"]
		m.Hours = "hou_1"
		h.plan.Campaigns["cmp_1"] = m
		lisbon := h.next(ana) // 10:00 in UTC is 5:00 in New York
		if lisbon.Name != "Ana" {
			t.Errorf("%v", lisbon)
		}
		if o, err := h.Next(ctx, rui, "cmp_1"); err != nil || o.Why != "hours" || o.At.Hour() != 14 {
			t.Errorf("%+v %v", o, err)
		}
		h.must(h.Skip(ctx, ana, "cmp_1", lisbon.ID, Skipping{Why: core.Refused}))
		h.clock.Advance(4 * time.Hour)
		york := h.next(ana)
		if york.Name != "Bob" || york.TimeZone != "America/New_York" {
			t.Errorf("%v", york)
		}
		h.state(setup.CampaignPaused)
		_, err := h.Call(ctx, ana, "cmp_1", york.ID)
		code(t, "while it is paused", err, errs.Conflict)
		_, err = h.Next(ctx, ana, "cmp_1")
		code(t, "while it is paused", err, errs.Conflict)
		if d, err := h.Desk(ctx, ana); err != nil || len(d.Campaigns) != 0 {
			t.Errorf("%+v %v", d, err)
		}
		h.state(setup.CampaignRunning)
		if d, err := h.Desk(ctx, ana); err != nil || len(d.Campaigns) != 1 || d.Next == nil || d.Next.ID != york.ID {
			t.Errorf("%+v %v", d, err)
		}
		idle := ana
		idle.User = "usr_idle"
		_, err = h.Next(ctx, idle, "cmp_1")
		code(t, "who does not serve its queue", err, errs.NotFound)
		h.lines = false
		_, err = h.Call(ctx, ana, "cmp_1", york.ID)
		code(t, "without lines", err, errs.Conflict)
		h.is(york.ID, "claimed", "")
	})
}
