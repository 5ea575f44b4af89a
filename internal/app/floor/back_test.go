package floor_test

import (
	"reflect"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// calls drives calls that nobody hears; asked is how often a message was asked for, and
// wishes whether its person can be called back, by interaction.
type calls struct {
	asked  map[string]int
	wishes map[string]int // the step that asks
}

func (c calls) Carry(_ *store.Tx, w channel.Work, acts []channel.Act) (func(), error) {
	for _, a := range acts {
		if a.Kind == channel.ActMessage {
			c.asked[w.ID]++
		}
		if a.Kind == channel.ActBack {
			c.wishes[w.ID] = a.CallBack.Step
		}
	}
	return nil, nil
}
func (calls) Waits(id.Tenant, string, []string, int) {}

// What a caller said before the node ended is the message; also while the other node,
// which has it in its spool, is not back. Without any the caller is asked again.
func TestAMessageIsWhatWasSaidBeforeACrash(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, driver := t.Context(), calls{asked: map[string]int{}}
		h.floor.Drive(acd.Voice, driver)
		call := func(tenant id.Tenant) string {
			t.Helper()
			i, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: tenant, Channel: acd.Voice, Language: "en", Name: secret.New("Rita"), Mailbox: agent(0)})
			h.no(err)
			if driver.asked[i] != 1 {
				t.Fatalf("asked %d times for a message", driver.asked[i])
			}
			return i
		}
		said := func(i string, length time.Duration, ended bool) {
			row := store.RecordingRow{ID: h.ids.New(id.Recording), InteractionID: i, Kind: "message", Spool: "spo_1", StartedAt: h.clock.Now(), LengthMS: length.Milliseconds()}
			h.no(h.db.Write(ctx, a, func(tx *store.Tx) error {
				err := tx.InsertRecording(row)
				if err == nil && ended {
					row.EndedAt = h.clock.Now()
					err = tx.UpdateRecording(row)
				}
				return err
			}))
		}
		whole, far, breath, none := call(a), call(a), call(a), call(a)
		theirs := call(b)
		said(whole, 3*time.Second, true)
		said(far, 0, false)
		said(breath, 300*time.Millisecond, true)

		h.takeOver("nod_2")
		for name, c := range map[string]struct {
			interaction string
			tenant      id.Tenant
			kept        bool
		}{"whole": {whole, a, true}, "in another node's spool": {far, a, true}, "a breath": {breath, a, false}, "none": {none, a, false}, "another tenant's": {theirs, b, false}} {
			err := h.db.Read(ctx, c.tenant, func(tx *store.Tx) error {
				row, err := tx.Voicemail(c.interaction)
				if err == nil && row.UserID != agent(0) {
					t.Errorf("%s: it is for %s", name, row.UserID)
				}
				return err
			})
			if kept := err == nil; kept != c.kept || err != nil && !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: kept %v, %v", name, kept, err)
			}
			it, err := h.floor.Interaction(ctx, c.tenant, c.interaction)
			if over := errs.Is(err, errs.NotFound) || it.State == "closed"; over != c.kept {
				t.Errorf("%s: %+v, %v", name, it, err)
			}
		}
	})
}

// Who waits and wants to be called back has afterwards what it had: its place, the skills
// that it needs, and the rules for long waits, counted from when it came to its queue,
// also over a restart. What is promised is not ended by a rule, whether one comes due
// while it is asked or the queue is full meanwhile; who cannot be called back waits on as
// any other.
func TestWhoWantsToBeCalledBackKeepsWhatItHas(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, driver := t.Context(), calls{wishes: map[string]int{}}
		h.floor.Drive(acd.Voice, driver)
		phone := setup.EntryPoint{Name: "Phone", Channel: acd.Voice, Flow: "flo_2", Languages: []string{"en"}}
		g, err := flow.Parse([]byte(`{"start":"set","nodes":{"set":{"type":"set","skills":{"ski_1":5},"prefers":{"ski_2":3},"next":"q"},"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		for _, tenant := range []id.Tenant{a, b} {
			h.plans.change(tenant, func(p *floor.Plan) { p.EntryPoints["ent_phone"+string(tenant)] = phone })
			h.plans.change(tenant, func(p *floor.Plan) { p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g} })
			h.plans.change(tenant, func(p *floor.Plan) { p.Queues["que_2"] = setup.DefaultQueue("Night") })
			h.reload(tenant)
		}
		call := func(tenant id.Tenant) string {
			t.Helper()
			i, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: tenant, Channel: acd.Voice, EntryPoint: "ent_phone" + string(tenant), Language: "en"})
			h.no(err)
			return i
		}
		rules := func(queue string, o ...setup.Overflow) {
			q := h.plans.of(a).Queues[queue]
			q.Overflow = o
			h.plans.change(a, func(p *floor.Plan) { p.Queues[queue] = q })
			h.reload(a)
		}
		is := func(what, interaction, state, queue string) store.InteractionRow {
			t.Helper()
			r := h.row(a, interaction)
			if r.State != state || r.QueueID != queue {
				t.Fatalf("%s: %s %s in %s", what, r.State, r.CloseReason, r.QueueID)
			}
			return r
		}
		wants := func(interaction string) { t.Helper(); h.no(h.floor.WantsBack(ctx, a, interaction)) }
		took := func(interaction, way string) {
			t.Helper()
			h.no(h.floor.Took(ctx, a, interaction, flow.Outcome{Step: driver.wishes[interaction], Way: way}))
		}

		// At second 60 a rule sends all on, whose time there counts from then.
		rules("que_1", setup.Overflow{When: acd.OnWait, AfterSeconds: 60, ToQueue: "que_2"})
		rules("que_2", setup.Overflow{When: acd.OnWait, AfterSeconds: 120})
		kept, late, cannot, restarted, theirs := call(a), call(a), call(a), call(a), call(b)
		h.pass(a, 60*time.Second)
		before := is("sent on", kept, "queued", "que_2")
		h.pass(a, 70*time.Second)
		for _, i := range []string{kept, cannot, restarted} {
			wants(i)
			is("asked", i, "in_flow", "que_2")
		}
		// The queue is full by now, and closed to who comes.
		rules("que_2", setup.Overflow{When: acd.OnWait, AfterSeconds: 120}, setup.Overflow{When: acd.OnLength, Length: 1})
		took(kept, "kept")
		took(cannot, "failed")
		h.close()
		h.open("nod_1")
		h.floor.Drive(acd.Voice, driver)
		took(restarted, "kept") // too late: it is known already that nobody answers
		for what, i := range map[string]string{"can be called": kept, "cannot": cannot, "over a restart": restarted} {
			r := is(what, i, "queued", "que_2")
			if !r.Place.Equal(before.Place) || !r.EnteredAt.Equal(before.EnteredAt) || r.Callback != (i == kept) {
				t.Errorf("%s: callback %v, at %v since %v; it was at %v since %v", what, r.Callback, r.Place, r.EnteredAt, before.Place, before.EnteredAt)
			}
			if !reflect.DeepEqual(r.Needs, before.Needs) || !reflect.DeepEqual(r.Wants, before.Wants) || len(r.Needs) != 1 || len(r.Wants) != 1 {
				t.Errorf("%s: needs %v and wants %v; it was %v and %v", what, r.Needs, r.Wants, before.Needs, before.Wants)
			}
		}
		// While this one is asked, the time comes at which who waits is ended.
		h.pass(a, 40*time.Second)
		wants(late)
		h.pass(a, 20*time.Second)
		is("its time comes while it is asked", late, "in_flow", "que_2")
		took(late, "kept")
		for _, i := range []string{kept, late} {
			is("promised", i, "queued", "que_2")
		}
		for _, i := range []string{cannot, restarted} {
			if r := is("waits on as any other", i, "closed", "que_2"); r.CloseReason != string(acd.Overflowed) {
				t.Error(r.CloseReason)
			}
		}
		// A promise is sent on all the same.
		rules("que_2", setup.Overflow{When: acd.OnWait, AfterSeconds: 150, ToQueue: "que_1"})
		rules("que_1", setup.Overflow{When: acd.OnLength, Length: 1})
		h.pass(a, 30*time.Second)
		for _, i := range []string{kept, late} {
			is("sent on", i, "queued", "que_1")
		}
		if r := h.row(b, theirs); r.State != "queued" || r.QueueID != "que_1" || r.Callback {
			t.Errorf("another tenant's: %+v", r)
		}
		// Who does not wait cannot want it.
		if err := h.floor.WantsBack(ctx, a, kept); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		if err := h.floor.WantsBack(ctx, b, kept); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
	})
}

// Who left a message, before it came to its queue or while it waited there, waits for an
// answer: no rule for long waits or for full queues ends that, over a restart too.
func TestNoRuleEndsAMessageThatWasLeft(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, driver := t.Context(), calls{wishes: map[string]int{}}
		h.floor.Drive(acd.Voice, driver)
		busy := h.plans.of(a).Queues["que_1"]
		busy.Overflow = []setup.Overflow{{When: acd.OnWait, AfterSeconds: 60}, {When: acd.OnLength, Length: 2}}
		h.plans.change(a, func(p *floor.Plan) { p.Queues["que_1"] = busy })
		g, err := flow.Parse([]byte(`{"start":"q","nodes":{"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		h.plans.change(a, func(p *floor.Plan) { p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g} })
		h.plans.change(a, func(p *floor.Plan) {
			p.EntryPoints["ent_phone"] = setup.EntryPoint{Name: "Phone", Channel: acd.Voice, Flow: "flo_2", Languages: []string{"en"}}
		})
		h.reload(a)
		arrives := func(left bool) string {
			t.Helper()
			i, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: a, Channel: acd.Voice, EntryPoint: "ent_phone", Language: "en", LeftMessage: left})
			h.no(err)
			return i
		}
		waits, meanwhile := arrives(false), arrives(false)
		h.no(h.floor.KeepPlace(ctx, a, meanwhile))
		before, full := arrives(true), arrives(false)
		is := func(state, interaction, when string) {
			t.Helper()
			if r := h.row(a, interaction); r.State != state || state == "closed" && r.CloseReason != string(acd.Overflowed) {
				t.Errorf("%s: %s %s", when, r.State, r.CloseReason)
			}
		}
		is("closed", full, "who comes to a full queue")
		h.pass(a, 61*time.Second)
		is("closed", waits, "who waits")
		is("queued", meanwhile, "left while it waited")
		is("queued", before, "left before")
		h.close()
		h.open("nod_1")
		h.floor.Drive(acd.Voice, driver)
		h.pass(a, 61*time.Second)
		is("queued", meanwhile, "left while it waited, after a restart")
		is("queued", before, "left before, after a restart")
	})
}

// Who watches the room and reads no conversations learns no names of those who wait to be
// called back.
func TestWhoWaitsToBeCalledBackIsNamedToReadersOnly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, driver := t.Context(), calls{wishes: map[string]int{}}
		h.floor.Drive(acd.Voice, driver)
		g, err := flow.Parse([]byte(`{"start":"q","nodes":{"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		h.plans.change(a, func(p *floor.Plan) { p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g} })
		h.plans.change(a, func(p *floor.Plan) {
			p.EntryPoints["ent_phone"] = setup.EntryPoint{Name: "Phone", Channel: acd.Voice, Flow: "flo_2", Languages: []string{"en"}}
		})
		h.reload(a)
		i, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: a, Channel: acd.Voice, EntryPoint: "ent_phone", Language: "en", Name: secret.New("Maria")})
		h.no(err)
		h.no(h.floor.WantsBack(ctx, a, i))
		h.no(h.floor.Took(ctx, a, i, flow.Outcome{Step: driver.wishes[i], Way: "kept"}))
		room := access.Actor{Tenant: a, User: "usr_7", Support: &access.Support{Scopes: []access.SupportScope{access.SupportRoom}}}
		for name, who := range map[string]access.Actor{"Maria": supervisor(a), "": room} {
			list, err := h.floor.Callbacks(ctx, who)
			h.no(err)
			if len(list) != 1 || list[0].Interaction != i || list[0].Name != name {
				t.Errorf("%v sees %+v", who.Roles, list)
			}
		}
	})
}
