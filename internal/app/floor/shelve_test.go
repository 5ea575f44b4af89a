package floor_test

import (
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// letters drives emails; dropped are those whose copy went.
type letters struct{ dropped map[string]int }

func (l letters) Carry(_ *store.Tx, w channel.Work, _ []channel.Act) (func(), error) {
	if w.Shelved {
		l.dropped[w.ID]++
	}
	return nil, nil
}
func (letters) Waits(id.Tenant, string, []string, int) {}

// An email that is put aside is nobody's until its time, also over a kill, and then comes
// back to its agent while at work, else to the queue; its agent and who runs the floor see
// it and may take it back before, and nobody else.
func TestAnEmailIsPutAsideUntilItsTime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, driver := t.Context(), letters{map[string]int{}}
		h.floor.Drive(acd.Email, driver)
		g, err := flow.Parse([]byte(`{"start":"q","nodes":{"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		for _, tenant := range []id.Tenant{a, b} {
			h.plans.change(tenant, func(p *floor.Plan) { p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g} })
			h.plans.change(tenant, func(p *floor.Plan) {
				p.EntryPoints["ent_mail"+string(tenant)] = setup.EntryPoint{Name: "Mail", Channel: acd.Email, Flow: "flo_2", Languages: []string{"en"}}
			})
			h.reload(tenant)
		}
		mail := func(tenant id.Tenant, n int) string {
			t.Helper()
			i, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: tenant, Channel: acd.Email, EntryPoint: "ent_mail" + string(tenant), Language: "en"})
			h.no(err)
			offers := h.desk(tenant, n).Offers
			at := slices.IndexFunc(offers, func(o floor.Offer) bool { return o.Interaction.ID == i })
			if at < 0 {
				t.Fatalf("agent %d is not offered it", n)
			}
			_, err = h.floor.Accept(ctx, actor(tenant, n), offers[at].ID)
			h.no(err)
			return i
		}
		aside := func(n int, interaction string, d time.Duration) {
			t.Helper()
			it, err := h.floor.Shelve(ctx, actor(a, n), interaction, h.clock.Now().Add(d))
			h.no(err)
			if it.State != "in_flow" || it.Agent != "" || !it.Shelved.Equal(h.clock.Now().Add(d)) || driver.dropped[interaction] == 0 {
				t.Fatalf("%+v, dropped %d times", it, driver.dropped[interaction])
			}
		}
		listed := func(who func() ([]floor.ShelvedEmail, error)) (all []string) {
			t.Helper()
			list, err := who()
			h.no(err)
			for _, s := range list {
				all = append(all, s.Interaction)
			}
			return all
		}
		h.ready(a, 0)
		h.ready(b, 0)
		theirs := mail(b, 0)
		back := mail(a, 0)
		for what, until := range map[string]time.Time{"over": h.clock.Now(), "too far": h.clock.Now().AddDate(1, 1, 0)} {
			if _, err := h.floor.Shelve(ctx, actor(a, 0), back, until); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := h.floor.Shelve(ctx, actor(a, 1), back, h.clock.Now().Add(time.Hour)); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's: %v", err)
		}
		if _, err := h.floor.Shelve(ctx, actor(b, 0), back, h.clock.Now().Add(time.Hour)); !errs.Is(err, errs.NotFound) {
			t.Errorf("another tenant's: %v", err)
		}
		aside(0, back, 10*time.Minute)
		away := mail(a, 0)
		aside(0, away, 20*time.Minute)
		early := mail(a, 0)
		aside(0, early, 30*time.Minute)
		if len(h.desk(a, 0).Work) != 0 {
			t.Error("it is still its agent's work")
		}
		own := func() ([]floor.ShelvedEmail, error) { return h.floor.Shelved(ctx, actor(a, 0)) }
		if got := listed(own); !slices.Equal(got, []string{back, away, early}) {
			t.Errorf("its agent sees %v", got)
		}
		if got := listed(func() ([]floor.ShelvedEmail, error) { return h.floor.Shelved(ctx, supervisor(a)) }); len(got) != 3 {
			t.Errorf("who runs the floor sees %v", got)
		}
		for name, who := range map[string]func() ([]floor.ShelvedEmail, error){
			"a colleague":    func() ([]floor.ShelvedEmail, error) { return h.floor.Shelved(ctx, actor(a, 1)) },
			"another tenant": func() ([]floor.ShelvedEmail, error) { return h.floor.Shelved(ctx, supervisor(b)) },
		} {
			if got := listed(who); len(got) != 0 {
				t.Errorf("%s sees %v", name, got)
			}
		}

		// The program is killed, and all wait on.
		h.takeOver("nod_2")
		h.floor.Drive(acd.Email, driver)
		h.ready(a, 0)
		if got := listed(own); !slices.Equal(got, []string{back, away, early}) {
			t.Fatalf("after a kill its agent sees %v", got)
		}
		if it, err := h.floor.Interaction(ctx, a, away); err != nil || it.Shelved.IsZero() {
			t.Errorf("%+v %v", it, err)
		}
		if _, err := h.floor.Unshelve(ctx, actor(a, 1), early); !errs.Is(err, errs.NotFound) {
			t.Errorf("a colleague takes it: %v", err)
		}
		if it, err := h.floor.Unshelve(ctx, actor(a, 0), early); err != nil || it.State != "active" || it.Agent != agent(0) || !it.Shelved.IsZero() {
			t.Errorf("taken back early: %+v %v", it, err)
		}
		if _, err := h.floor.Unshelve(ctx, actor(a, 0), early); !errs.Is(err, errs.NotFound) {
			t.Errorf("taken back twice: %v", err)
		}

		// Its time has come: its agent is at work, and has it offered as soon as there is
		// room; a colleague who has room is not.
		h.ready(a, 1)
		h.pass(a, 10*time.Minute)
		if r := h.row(a, back); r.State != "queued" {
			t.Fatalf("its agent has no room, and it is %s, with %s", r.State, r.AgentID)
		}
		h.no(h.floor.Close(ctx, a, early, acd.Completed))
		if r := h.row(a, back); r.State != "offered" || r.AgentID != agent(0) {
			t.Fatalf("it is %s, with %s", r.State, r.AgentID)
		}
		// It refuses, and it is anybody's.
		_ = h.floor.Decline(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		if r := h.row(a, back); r.State != "offered" || r.AgentID != agent(1) {
			t.Errorf("refused, it is %s, with %s", r.State, r.AgentID)
		}
		// Who is not at work any more does not keep it from others.
		_, err = h.floor.SetPresence(ctx, actor(a, 0), agent(0), acd.NotReady, "")
		h.no(err)
		_, err = h.floor.Accept(ctx, actor(a, 1), h.desk(a, 1).Offers[0].ID)
		h.no(err)
		h.no(h.floor.Close(ctx, a, back, acd.Completed))
		h.pass(a, 10*time.Minute)
		if r := h.row(a, away); r.State != "offered" || r.AgentID != agent(1) {
			t.Errorf("its agent is away, and it is %s, with %s", r.State, r.AgentID)
		}
		if got := listed(own); len(got) != 0 {
			t.Errorf("%v is still put aside", got)
		}
		if r := h.row(b, theirs); r.State != "active" {
			t.Errorf("another tenant's is %s", r.State)
		}
	})
}

// Why an email cannot be begun is told of the mailbox from which it was to be written, the
// only thing that its agent chose.
func TestAnEmailIsBegunForAQueueThatTakesEmails(t *testing.T) {
	h := newHouse(t, storetest.Open(t, store.SQLite))
	h.ready(a, 0)
	begin := func() error {
		_, _, err := h.floor.Arrive(t.Context(), channel.Arrival{Tenant: a, Channel: acd.Email, EntryPoint: "ent_1", Language: "en", Outgoing: &channel.Outgoing{Agent: agent(0), Queue: "que_1"}})
		return err
	}
	q := h.plans.of(a).Queues["que_1"]
	q.Channels = []acd.Channel{acd.Voice}
	h.plans.change(a, func(p *floor.Plan) { p.Queues["que_1"] = q })
	h.reload(a)
	if fields := errs.As(begin()).Fields; len(fields) != 1 || fields[0].Path != "mailbox" {
		t.Errorf("of a queue without emails: %+v", fields)
	}
	q.Channels = append(q.Channels, acd.Email)
	h.plans.change(a, func(p *floor.Plan) { p.Queues["que_1"] = q })
	h.reload(a)
	if err := begin(); err != nil {
		t.Error(err)
	}
}
