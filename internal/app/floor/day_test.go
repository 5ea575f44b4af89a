package floor_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/core/setup"
)

func (h *house) day(t id.Tenant, date string) floor.Day {
	h.t.Helper()
	d, err := h.floor.Day(h.t.Context(), supervisor(t), date)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

// busyDay lets contacts wait, be answered, leave, be moved on and be handled.
func busyDay(h *house) {
	ctx := h.t.Context()
	no := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	first := h.queue(a, "Maria")
	h.clock.Advance(20 * time.Second)
	h.ready(a, 0)
	it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID) // 20 s
	no(err)
	_, err = h.floor.SetPresence(ctx, actor(a, 0), agent(0), "not_ready", "")
	no(err)
	short, long := h.queue(a, "Short"), h.queue(a, "Long")
	h.clock.Advance(2 * time.Second)
	no(h.chat.End(ctx, short))
	h.clock.Advance(20 * time.Minute)
	no(h.chat.End(ctx, long)) // in the next slot; it counts where it came
	_, err = h.floor.Finish(ctx, actor(a, 0), it.ID)
	no(err)
	h.clock.Advance(10 * time.Second)
	_, err = h.floor.Complete(ctx, actor(a, 0), it.ID, "", nil)
	no(err)
	h.queue(a, "Waits")
	h.clock.Advance(90 * time.Second) // later than the goal
	_ = first
}

func TestADayIsTheSameLiveAndAfterARestart(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, tenant := range []id.Tenant{a, b} { // nobody gives up waiting in two days
			plan := h.plans.of(tenant)
			plan.Rules.IdleMinutes = 2 * 24 * 60
			h.plans.set(tenant, plan)
		}
		busyDay(h)
		h.queue(b, "Another tenant's")
		got := h.day(a, "")
		ms := func(d time.Duration) int64 { return d.Milliseconds() }
		handled := 20*time.Minute + 14*time.Second
		want := []floor.DayQueue{{Date: "2026-11-03", Queue: queueID, Slots: []floor.DaySlot{
			{Slot: 40, Offered: 3, Answered: 1, Abandoned: 1, Short: 1, Level: measure.Ratio{Part: 1, Of: 2}, AnswerWait: ms(20 * time.Second), LongestWait: ms(20*time.Minute + 2*time.Second)},
			{Slot: 41, Offered: 1, Level: measure.Ratio{Of: 1}, LongestWait: ms(91 * time.Second), Handled: 1, Handle: ms(handled)},
		}}}
		if d := cmp.Diff(want, got.Queues); d != "" {
			t.Errorf("the day:\n%s", d)
		}
		busy, notReady := int64(0), int64(0)
		for _, s := range got.Agents {
			busy, notReady = busy+s.Busy, notReady+s.NotReady
		}
		if busy != ms(handled) || notReady != ms(92*time.Second) {
			t.Errorf("agents were busy for %d ms and not ready for %d: %+v", busy, notReady, got.Agents)
		}
		view := h.view(a)
		h.close()
		h.open("nod_1")
		if d := cmp.Diff(got, h.day(a, "")); d != "" {
			t.Errorf("after a restart:\n%s", d)
		}
		if d := cmp.Diff(view, h.view(a)); d != "" {
			t.Errorf("the queue after a restart:\n%s", d)
		}
		h.clock.Advance(24 * time.Hour)
		if got := h.day(a, ""); got.Date != "2026-11-04" || len(got.Queues[0].Slots) != 0 {
			t.Errorf("the next day begins with %+v", got.Queues)
		}
		past := h.day(a, "2026-11-03")
		want[0].Slots[1].LongestWait = ms(24*time.Hour + 91*time.Second) // it still waits
		if d := cmp.Diff(want, past.Queues); d != "" {
			t.Errorf("a day later:\n%s", d)
		}
		if o := h.day(b, "2026-11-03").Queues[0].Slots; len(o) != 1 || o[0].Offered != 1 {
			t.Errorf("the other tenant's day: %+v", o)
		}
	})
}

// view is the queue's live view, without what time alone changes.
func (h *house) view(t id.Tenant) floor.QueueView {
	h.t.Helper()
	s, err := h.floor.Snapshot(h.t.Context(), supervisor(t))
	if err != nil {
		h.t.Fatal(err)
	}
	v := s.Queues[0]
	v.EstimateSecs, v.EstimateError, v.AgentsOnline, v.AgentsReady = 0, 0, 0, 0
	return v
}

func TestADayChangesLive(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		events := make(chan bus.Event, 100)
		defer h.bus.Subscribe(func(e bus.Event) {
			if e.Kind == "day.changed" && e.Tenant == a {
				events <- e
			}
		})()
		v := h.queue(a, "Maria")
		h.clock.Advance(time.Minute)
		if err := h.chat.End(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		var last floor.DayQueue
		for range 2 {
			e := <-events
			if e.Watch != "floor.watch" || len(e.Users) != 0 {
				t.Errorf("told to %q %v", e.Watch, e.Users)
			}
			if err := json.Unmarshal(e.Data, &last); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(h.day(a, "").Queues[0], last); d != "" {
			t.Errorf("the last event says:\n%s", d)
		}
	})
}

func TestADateIsChecked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, date := range []string{"yesterday", "2026-13-01", "2026-11-04", "1999-01-01"} {
			if _, err := h.floor.Day(t.Context(), supervisor(a), date); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", date, err)
			}
		}
	})
}

// A changed goal counts for the whole day, as it does in history.
func TestAChangedGoalCountsForTheWholeDay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		busyDay(h)
		before := h.day(a, "").Queues[0].Slots[0].Level
		q := h.plans.of(a).Queues[queueID]
		q.ServiceSeconds = 10
		plan := h.plans.of(a)
		plan.Queues = map[string]setup.Queue{queueID: q}
		h.plans.set(a, plan)
		if err := h.floor.Reload(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		got := h.day(a, "").Queues
		if after := got[0].Slots[0].Level; after.Part != before.Part-1 {
			t.Errorf("the new goal was not used: %+v, then %+v", before, after)
		}
		h.close()
		h.open("nod_1")
		if d := cmp.Diff(got, h.day(a, "").Queues); d != "" {
			t.Errorf("after a restart:\n%s", d)
		}
	})
}

// Who is called back is one contact of the queue, whose wait began when it came and ends
// when an agent has it; nor is it another one each time that it is called anew, live, over
// restarts, and the day after.
func TestWhoIsCalledBackIsOfferedOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, driver := t.Context(), calls{wishes: map[string]int{}}
		h.floor.Drive(acd.Voice, driver)
		again := func() {
			t.Helper()
			h.close()
			h.open("nod_1")
			h.floor.Drive(acd.Voice, driver)
		}
		g, err := flow.Parse([]byte(`{"start":"q","nodes":{"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		for _, tenant := range []id.Tenant{a, b} {
			h.plans.change(tenant, func(p *floor.Plan) { p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g} })
			h.plans.change(tenant, func(p *floor.Plan) {
				p.EntryPoints["ent_phone"+string(tenant)] = setup.EntryPoint{Name: "Phone", Channel: acd.Voice, Flow: "flo_2", Languages: []string{"en"}}
			})
			h.reload(tenant)
		}
		call := func(tenant id.Tenant) string {
			t.Helper()
			i, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: tenant, Channel: acd.Voice, EntryPoint: "ent_phone" + string(tenant), Language: "en"})
			h.no(err)
			return i
		}
		counted := func(when, date string, want floor.DaySlot) {
			t.Helper()
			var got floor.DaySlot
			for _, s := range h.day(a, date).Queues[0].Slots {
				got.Offered, got.Answered, got.Abandoned = got.Offered+s.Offered, got.Answered+s.Answered, got.Abandoned+s.Abandoned
				got.AnswerWait, got.LongestWait = got.AnswerWait+s.AnswerWait, max(got.LongestWait, s.LongestWait)
			}
			if got != want {
				t.Fatalf("%s: %+v; not %+v", when, got, want)
			}
		}
		isCalled := func(who string) {
			t.Helper()
			h.ready(a, 0)
			it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
			h.no(err)
			if it.ID != who {
				t.Fatal("another one was offered")
			}
			h.no(h.floor.CallsBack(ctx, a, who))
			_, err = h.floor.SetPresence(ctx, actor(a, 0), agent(0), "not_ready", "")
			h.no(err)
		}

		who := call(a)
		call(b)
		h.pass(a, 5*time.Second)
		h.no(h.floor.WantsBack(ctx, a, who))
		counted("while it is asked", "", floor.DaySlot{Offered: 1, LongestWait: 5_000})
		again()
		if r := h.row(a, who); r.State != "queued" { // a restart ends the question
			t.Fatal(r.State)
		}
		h.no(h.floor.WantsBack(ctx, a, who))
		h.no(h.floor.Took(ctx, a, who, flow.Outcome{Step: driver.wishes[who], Way: "kept"}))
		h.pass(a, 5*time.Second)
		isCalled(who)
		first := floor.DaySlot{Offered: 1, Answered: 1, AnswerWait: 10_000, LongestWait: 10_000}
		counted("an agent has it", "", first)
		h.no(h.floor.NotBack(ctx, a, who))
		if r := h.row(a, who); r.State != "in_flow" {
			t.Fatal(r.State)
		}
		for range 61 { // as long as the rule says
			if h.row(a, who).State == "queued" {
				break
			}
			h.pass(a, time.Minute)
		}
		if r := h.row(a, who); r.State != "queued" || r.Attempts != 1 {
			t.Fatalf("%s after %d calls", r.State, r.Attempts)
		}
		h.pass(a, 20*time.Second)
		counted("it waits once more", "", first)
		again()
		counted("after a restart", "", first)
		isCalled(who)
		counted("it is called once more", "", first)
		_, err = h.floor.Finish(ctx, actor(a, 0), who)
		h.no(err)
		_, err = h.floor.Complete(ctx, actor(a, 0), who, "", nil)
		h.no(err)
		again()
		counted("it is over", "", first)

		// Who hangs up while it is asked has left the queue.
		left := call(a)
		h.pass(a, 30*time.Second)
		h.no(h.floor.WantsBack(ctx, a, left))
		h.no(h.floor.CustomerLeft(ctx, a, left))
		both := floor.DaySlot{Offered: 2, Answered: 1, Abandoned: 1, AnswerWait: 10_000, LongestWait: 30_000}
		counted("who left", "", both)
		date := h.day(a, "").Date
		h.clock.Advance(24 * time.Hour)
		counted("the day after", date, both)
	})
}
