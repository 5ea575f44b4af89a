package floor_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

const ruleID = "alr_1"

// rule puts a rule to work in a tenant.
func (h *house) rule(t id.Tenant, r setup.AlertRule) {
	h.t.Helper()
	h.rules(t, map[string]setup.AlertRule{ruleID: setup.Clean(r)})
}

func (h *house) rules(t id.Tenant, rules map[string]setup.AlertRule) {
	h.t.Helper()
	p := h.plans.of(t)
	p.AlertRules = rules
	h.plans.set(t, p)
	h.no(h.floor.Reload(h.t.Context(), t))
}

func (h *house) no(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// after lets time pass and the floor look at its clock.
func (h *house) after(d time.Duration) []floor.Alert {
	h.t.Helper()
	h.clock.Advance(d)
	h.wake(a) // what is due is done in this turn, after its calls
	return h.open1(a)
}

// open1 are a tenant's alerts that last, as its floor and its store agree on.
func (h *house) open1(t id.Tenant) []floor.Alert {
	h.t.Helper()
	s, err := h.floor.Snapshot(h.t.Context(), supervisor(t))
	h.no(err)
	stored, _, err := h.floor.Alerts(h.t.Context(), supervisor(t), floor.AlertSearch{State: "open"})
	h.no(err)
	byID := func(a, b floor.Alert) int { return strings.Compare(a.ID, b.ID) }
	live := slices.SortedFunc(slices.Values(s.Alerts), byID)
	slices.SortFunc(stored, byID)
	if d := cmp.Diff(live, stored, cmpopts.EquateEmpty()); d != "" {
		h.t.Fatal("the floor and its store differ:", d)
	}
	return s.Alerts
}

// brief is an alert in one line.
func brief(list []floor.Alert) (out []string) {
	for _, x := range list {
		line := fmt.Sprintf("%s %s %d of %d", cmpOr(x.Queue, x.User), x.Level, x.Value, x.Threshold)
		if x.AcknowledgedBy != "" {
			line += ", seen by " + x.AcknowledgedBy
		}
		if x.EarlierBy != "" {
			line += ", earlier by " + x.EarlierBy
		}
		if !x.ClearedAt.IsZero() {
			line += ", " + x.Cause
		}
		out = append(out, line)
	}
	return out
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (h *house) says(what string, got []floor.Alert, want ...string) {
	h.t.Helper()
	if d := cmp.Diff(want, brief(got)); d != "" {
		h.t.Fatalf("%s: %s", what, d)
	}
}

func (h *house) past(t id.Tenant) []floor.Alert {
	h.t.Helper()
	list, _, err := h.floor.Alerts(h.t.Context(), supervisor(t), floor.AlertSearch{State: "cleared"})
	h.no(err)
	return list
}

// heard collects a kind of live events.
func (h *house) heard(kind string) func() []bus.Event {
	var mu sync.Mutex
	var got []bus.Event
	asked := map[string]chan struct{}{} // by the word that its own subscriber must have heard
	h.t.Cleanup(h.bus.Subscribe(func(e bus.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind == kind {
			got = append(got, e)
		}
		if done := asked[e.Interaction]; e.Kind == "test.heard" && done != nil {
			close(done)
		}
	}))
	return func() []bus.Event {
		word, done := rand.Text(), make(chan struct{})
		mu.Lock()
		asked[word] = done
		mu.Unlock()
		h.no(h.bus.Publish(bus.Event{Tenant: a, Kind: "test.heard", Interaction: word, Watch: access.SignedIn, Data: json.RawMessage("{}")}))
		<-done
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

func (h *house) wake(t id.Tenant) time.Duration {
	h.t.Helper()
	_, now, wake, err := floor.Live(h.t.Context(), h.floor, t)
	h.no(err)
	return wake.Sub(now)
}

func TestAnAlertIsRaisedSeenAndCleared(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		events := h.heard("alert.changed")
		r := setup.DefaultAlertRule("Many wait", alert.Waiting, 2, 3)
		r.HoldSeconds = 10
		h.rule(a, r)
		h.queue(a, "Maria")
		h.says("one waits", h.after(time.Minute))
		second := h.queue(a, "Rui") // who comes waits from a second later on
		h.says("two wait, for less than the hold time", h.after(9*time.Second))
		h.says("two wait", h.after(time.Second), "que_1 warning 2 of 2")
		seen, err := h.floor.Acknowledge(ctx, supervisor(a), h.open1(a)[0].ID)
		h.no(err)
		other := supervisor(a)
		other.User = "usr_8"
		again, err := h.floor.Acknowledge(ctx, other, seen.ID)
		if err != nil || again != seen || seen.AcknowledgedBy != "usr_9" || seen.AcknowledgedAt.IsZero() {
			t.Fatalf("%+v, %+v, %v", seen, again, err)
		}
		h.says("seen", h.open1(a), "que_1 warning 2 of 2, seen by usr_9")

		third := h.queue(a, "Ana")
		h.says("three wait", h.after(10*time.Second), "que_1 critical 3 of 3, earlier by usr_9")

		before := h.open1(a)
		h.open("nod_1") // after a crash
		if d := cmp.Diff(before, h.open1(a)); d != "" {
			t.Fatal("a restart changed the alerts:", d)
		}
		h.says("nothing is repeated", h.after(time.Minute), "que_1 critical 3 of 3, earlier by usr_9")

		h.no(h.chat.End(ctx, third))
		h.says("two wait, which ends critical after the hold time", h.after(9*time.Second), "que_1 critical 3 of 3, earlier by usr_9")
		h.says("two wait again", h.after(time.Second), "que_1 warning 2 of 2, earlier by usr_9")
		h.no(h.chat.End(ctx, second))
		h.says("one waits again, for less than the hold time", h.after(9*time.Second), "que_1 warning 2 of 2, earlier by usr_9")
		h.says("one waits again", h.after(time.Second))
		h.says("history", h.past(a), "que_1 warning 2 of 2, earlier by usr_9, back")
		if p := h.past(a)[0]; p.Worst != "critical" || p.ID != seen.ID || p.ClearedAt.Sub(p.RaisedAt) < time.Minute {
			t.Errorf("%+v", p)
		}
		cleared, err := h.floor.Acknowledge(ctx, other, seen.ID)
		if err != nil || cleared.AcknowledgedBy != "usr_8" {
			t.Errorf("after it was cleared: %+v, %v", cleared, err)
		}
		h.says("history", h.past(a), "que_1 warning 2 of 2, seen by usr_8, earlier by usr_9, back")
		h.says("the other tenant has none", append(h.open1(b), h.past(b)...))
		for _, who := range []access.Actor{supervisor(b), supervisor(a)} {
			alertID := map[id.Tenant]string{b: seen.ID, a: "alt_nothing"}[who.Tenant]
			if _, err := h.floor.Acknowledge(ctx, who, alertID); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s of %s: %v", alertID, who.Tenant, err)
			}
		}

		h.drained()
		var told []string
		for _, e := range events() {
			var x floor.Alert
			h.no(json.Unmarshal(e.Data, &x))
			told = append(told, brief([]floor.Alert{x})...)
			if e.Tenant != a || e.Only || e.Watch != access.FloorWatch || len(e.Users) > 0 || x.ID != seen.ID {
				t.Errorf("%+v", e)
			}
		}
		want := []string{"que_1 warning 2 of 2", "que_1 warning 2 of 2, seen by usr_9", "que_1 critical 3 of 3, earlier by usr_9", "que_1 warning 2 of 2, earlier by usr_9",
			"que_1 warning 2 of 2, earlier by usr_9, back", "que_1 warning 2 of 2, seen by usr_8, earlier by usr_9, back"}
		if d := cmp.Diff(want, told); d != "" {
			t.Error(d)
		}
	})
}

// drained waits until the bus has passed on what was published.
func (h *house) drained() {
	h.t.Helper()
	done := make(chan struct{})
	var once sync.Once
	cancel := h.bus.Subscribe(func(e bus.Event) {
		if e.Kind == "test.last" {
			once.Do(func() { close(done) })
		}
	})
	defer cancel()
	h.no(h.bus.Publish(bus.Event{Tenant: a, Kind: "test.last", Watch: access.SignedIn, Data: json.RawMessage("{}")}))
	<-done
}

// A restart in the middle of the hold time changes nothing either.
func TestARestartKeepsTheHoldTime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := setup.DefaultAlertRule("Somebody waits", alert.Waiting, 1, 0)
		r.HoldSeconds = 60
		h.rule(a, r)
		v := h.queue(a, "Maria")
		h.after(40 * time.Second)
		h.open("nod_1")
		h.says("before", h.after(19*time.Second))
		h.says("after sixty seconds", h.after(time.Second), "que_1 warning 1 of 1")
		h.no(h.chat.End(t.Context(), v))
		h.after(40 * time.Second)
		h.open("nod_1")
		h.says("before", h.after(19*time.Second), "que_1 warning 1 of 1")
		h.says("after sixty seconds", h.after(time.Second))
		// One that comes to nothing leaves nothing.
		gone := h.queue(a, "Rui")
		h.after(10 * time.Second)
		h.no(h.chat.End(t.Context(), gone))
		h.after(time.Hour)
		h.no(h.db.Read(t.Context(), a, func(tx *store.Tx) error {
			rows, err := tx.OpenAlerts()
			if len(rows) > 0 {
				t.Errorf("%+v", rows)
			}
			return err
		}))
	})
}

// Times are looked at when they come to a threshold, and otherwise nothing is due.
func TestTheFloorWakesForThresholds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.plans.of(a)
		p.Rules.IdleMinutes = 1000
		q := p.Queues[queueID]
		q.ServiceSeconds = 600
		p.Queues = map[string]setup.Queue{queueID: q}
		h.plans.set(a, p)
		r := setup.DefaultAlertRule("Long wait", alert.LongestWaiting, 120, 300)
		r.HoldSeconds = 0
		h.rule(a, r)
		h.clock.Advance(settled)
		h.open1(a)
		h.idle("with a rule and nobody there")
		v := h.queue(a, "Maria")
		h.clock.Advance(3 * time.Second) // waiting people are told their place
		h.open1(a)
		h.next("the first threshold to come to", 96*time.Second-3*time.Second) // where it would clear
		h.says("at that", h.after(93*time.Second))
		h.next("where it begins", 24*time.Second)
		h.says("there", h.after(24*time.Second), "que_1 warning 120 of 120")
		h.says("later", h.after(180*time.Second), "que_1 critical 300 of 300")
		h.no(h.chat.End(t.Context(), v))
		h.says("gone", h.after(0))
		h.clock.Advance(3 * time.Second)
		h.open1(a)
		h.clock.Advance(time.Minute)
		h.open1(a)
		h.idle("after it")
	})
}

// settled is a time after which all desks are known.
const settled = 31 * time.Second

func (h *house) idle(when string) {
	h.t.Helper()
	if d := h.wake(a); d != time.Hour {
		h.t.Errorf("%s: something is due in %v", when, d)
	}
}

func (h *house) next(what string, want time.Duration) {
	h.t.Helper()
	if d := h.wake(a); d != want {
		h.t.Errorf("%s: due in %v, want %v", what, d, want)
	}
}

// Shares begin to count with enough contacts, change when somebody comes to wait
// longer than the goal, and begin anew at midnight.
func TestSharesAreWatched(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.plans.of(a)
		p.Rules.IdleMinutes = 100000
		h.plans.set(a, p)
		r := setup.DefaultAlertRule("Service level", alert.ServiceLevel, 80, 0)
		r.HoldSeconds, r.MinContacts = 0, 2
		h.rule(a, r)
		h.clock.Advance(settled)
		h.queue(a, "Maria")
		h.queue(a, "Rui") // a second later
		h.says("both within the goal", h.after(55*time.Second))
		h.next("Maria to be late", 4*time.Second+time.Microsecond)
		h.says("Maria is late, one contact tells nothing", h.after(4*time.Second+time.Microsecond))
		h.says("both are late", h.after(time.Second), "que_1 warning 0 of 80")
		h.clock.Advance(3 * time.Second)
		h.wake(a)
		h.clock.Set(time.Date(2026, 11, 3, 23, 59, 30, 0, time.UTC))
		h.wake(a)
		h.next("midnight", 30*time.Second)
		h.says("the next day", h.after(30*time.Second))
		h.says("history", h.past(a), "que_1 warning 0 of 80, back")
	})
}

// Agents are counted, but not before desks had time to come back.
func TestCountsOfAgentsAreWatched(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := setup.DefaultAlertRule("Nobody free", alert.AgentsFree, 1, 0)
		r.HoldSeconds = 0
		h.rule(a, r)
		h.says("while desks may still come back", h.after(29*time.Second))
		h.next("their time to be over", time.Second)
		h.says("nobody is there", h.after(time.Second), "que_1 warning 0 of 1")
		h.ready(a, 0)
		h.says("one is there", h.after(0))
		h.open("nod_1") // after a crash, whose desks are not back yet
		h.says("nobody is back", h.after(10*time.Second))
		h.no(h.floor.Connected(t.Context(), a, agent(0), 1))
		h.says("one is back", h.after(settled))
		_, err := h.floor.SetPresence(t.Context(), actor(a, 0), agent(0), acd.NotReady, "")
		h.no(err)
		h.says("one has a break", h.after(0), "que_1 warning 0 of 1")
	})
}

// The estimated wait grows while nobody is answered: the floor wakes when it comes
// to the threshold, and what cannot be known ends nothing.
func TestTheEstimatedWaitIsWatched(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		p := h.plans.of(a)
		p.Rules.IdleMinutes, p.Rules.ChatCapacity = 100000, 1
		q := p.Queues[queueID]
		q.WrapUpSeconds = 0
		p.Queues = map[string]setup.Queue{queueID: q}
		h.plans.set(a, p)
		r := setup.DefaultAlertRule("Long estimate", alert.EstimatedWait, 120, 0)
		r.HoldSeconds, r.Warning.Clear = 0, 120
		h.rule(a, r)
		h.clock.Advance(settled)
		for _, name := range []string{"Maria", "Rui", "Ana", "Ines", "Sofia"} {
			h.queue(a, name)
		}
		h.ready(a, 0)
		for range 4 { // one is answered every twenty seconds
			it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
			h.no(err)
			h.clock.Advance(20 * time.Second)
			_, err = h.floor.Finish(ctx, actor(a, 0), it.ID)
			h.no(err)
		}
		_, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		h.no(err)
		h.queue(a, "Olga")
		var raised []floor.Alert
		for waited := time.Duration(0); len(raised) == 0; {
			d := h.wake(a)
			if waited += d; waited > time.Hour {
				t.Fatal("never raised")
			}
			raised = h.after(d)
		}
		if v := raised[0].Value; v != 120 {
			t.Errorf("raised at %d: it was looked at too late", v)
		}
		h.no(h.floor.Connected(ctx, a, agent(0), 0))
		h.says("the only agent is gone while somebody waits", h.after(16*time.Second), "que_1 warning 120 of 120")
	})
}

func TestAgentsTimeInStateIsWatched(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		p := h.plans.of(a)
		p.Rules.IdleMinutes = 10000
		p.Reasons = map[string]setup.Reason{"rea_1": {Name: "Break"}, "rea_2": {Name: "Lunch"}}
		h.plans.set(a, p)
		rule := func(what alert.Activity, reasons ...string) setup.AlertRule {
			r := setup.DefaultAlertRule(string(what), alert.TimeInState, 600, 900)
			r.Activity, r.Reasons, r.HoldSeconds = what, reasons, 0
			return setup.Clean(r)
		}
		h.rules(a, map[string]setup.AlertRule{"alr_break": rule(alert.NotReady, "rea_1"), "alr_talk": rule(alert.Engaged), "alr_wrap": rule(alert.Wrapping), "alr_idle": rule(alert.Ready)})
		h.clock.Advance(settled)
		for n, reason := range []string{"rea_1", "rea_2"} {
			h.ready(a, n)
			_, err := h.floor.SetPresence(ctx, actor(a, n), agent(n), acd.NotReady, reason)
			h.no(err)
		}
		h.says("a break of ten minutes less a second", h.after(10*time.Minute-time.Second))
		h.says("a break of ten minutes", h.after(time.Second), "usr_1 warning 600 of 600")
		h.says("a break of fifteen minutes", h.after(5*time.Minute), "usr_1 critical 900 of 900")
		h.ready(a, 0)
		h.says("back at work", h.after(0))
		h.says("with nothing to do", h.after(10*time.Minute), "usr_1 warning 600 of 600")
		h.queue(a, "Maria")
		it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		h.no(err)
		h.says("with a contact", h.after(0))
		h.says("a long contact", h.after(10*time.Minute), "usr_1 warning 600 of 600")
		_, err = h.floor.Finish(ctx, actor(a, 0), it.ID)
		h.no(err)
		h.says("in wrap-up", h.after(0))
		if got := brief(h.past(a)); len(got) != 3 {
			t.Error(got)
		}
	})
}

func TestAlertsEndWithTheirRuleTheHoursAndTheQueue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.plans.of(a)
		p.Rules.IdleMinutes = 100000
		q := p.Queues[queueID]
		q.Hours = "hou_1"
		p.Queues = map[string]setup.Queue{queueID: q}
		p.Hours = map[string]setup.Hours{"hou_1": setup.Clean(setup.Hours{Name: "Day", TimeZone: "UTC", Weekly: []setup.Opening{{Day: 2, From: "09:00", To: "12:00"}}})}
		h.plans.set(a, p)
		r := setup.DefaultAlertRule("Somebody waits", alert.Waiting, 1, 0)
		r.HoldSeconds = 10
		always := r
		always.Always = true
		h.rules(a, map[string]setup.AlertRule{"alr_1": setup.Clean(r), "alr_2": setup.Clean(always)})
		h.queue(a, "Maria")
		h.says("open", h.after(10*time.Second), "que_1 warning 1 of 1", "que_1 warning 1 of 1")
		h.says("closed", h.after(2*time.Hour), "que_1 warning 1 of 1")
		h.says("history", h.past(a), "que_1 warning 1 of 1, closed")

		other := always
		other.Warning.At = 7
		h.rules(a, map[string]setup.AlertRule{"alr_1": setup.Clean(r), "alr_2": setup.Clean(other)})
		h.says("its threshold changed, which ends it after the hold time", h.after(9*time.Second), "que_1 warning 1 of 1")
		h.says("after the hold time", h.after(time.Second))
		h.rules(a, map[string]setup.AlertRule{"alr_2": setup.Clean(always)})
		h.says("and it comes back so too", h.after(10*time.Second), "que_1 warning 1 of 1")

		off := always
		off.Enabled = false
		h.rules(a, map[string]setup.AlertRule{"alr_2": setup.Clean(off)})
		h.says("switched off", h.after(0))
		h.says("history", h.past(a)[:1], "que_1 warning 1 of 1, rule")
		h.rules(a, map[string]setup.AlertRule{"alr_2": setup.Clean(always)})
		h.says("on again", h.after(10*time.Second), "que_1 warning 1 of 1")

		p = h.plans.of(a)
		p.Queues = map[string]setup.Queue{"que_2": setup.DefaultQueue("Other")}
		h.plans.set(a, p)
		h.no(h.floor.Reload(t.Context(), a))
		h.says("the queue is gone", h.after(0))
		h.says("history", h.past(a)[:1], "que_1 warning 1 of 1, gone")
	})
}

// What can be watched is what is defined, in the same unit.
func TestWatchedMeasuresAreDefined(t *testing.T) {
	units := map[string]string{}
	for _, d := range measure.Catalogue("en") {
		units[d.ID] = d.Unit
	}
	for _, m := range alert.Measures {
		if units[string(m)] != string(m.Unit()) {
			t.Errorf("%s is counted in %s, and defined in %q", m, m.Unit(), units[string(m)])
		}
	}
}

func TestAlertsCome(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := setup.DefaultAlertRule("Somebody waits", alert.Waiting, 1, 0)
		r.HoldSeconds = 0
		h.rule(a, r)
		for range 5 {
			v := h.queue(a, "Maria")
			h.says("raised", h.after(time.Second), "que_1 warning 1 of 1")
			h.no(h.chat.End(t.Context(), v))
			h.says("cleared", h.after(time.Second))
		}
		var all []string
		for cursor, n := "", 0; ; n++ {
			page, next, err := h.floor.Alerts(t.Context(), supervisor(a), floor.AlertSearch{Subject: queueID, Rule: ruleID, Cursor: cursor, Limit: 2})
			h.no(err)
			for _, x := range page {
				all = append(all, x.ID)
			}
			if cursor = next; next == "" || n > 5 {
				break
			}
		}
		if len(all) != 5 || !slices.IsSortedFunc(all, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Error("not each once, the last first:", all)
		}
		for _, bad := range []string{"zzz", "MQ", "cursor"} {
			if _, _, err := h.floor.Alerts(t.Context(), supervisor(a), floor.AlertSearch{Cursor: bad}); !errs.Is(err, errs.Invalid) {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}
		if page, _, err := h.floor.Alerts(t.Context(), supervisor(a), floor.AlertSearch{Subject: "que_9"}); err != nil || len(page) > 0 {
			t.Error(page, err)
		}
	})
}

// A trunk is watched without a rule: it is alarming once it stands badly for the
// hold time, for everybody who watches, over a restart; what is not known changes
// nothing, and a trunk that is out of use is alarming no more.
func TestTrunksAreWatched(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const one, two = "trk_1", "trk_2"
		stand := func(gateways, registration alert.Reading) {
			t.Helper()
			h.no(h.floor.Trunks(t.Context(), a, map[string]floor.TrunkStanding{one: {Name: "Main", Gateways: gateways, Registration: registration}, two: {Name: "Other"}}))
		}
		fine, unclear := alert.Read(0), alert.Reading{Sort: alert.Unclear}
		names := func(list []floor.Alert) (out []string) {
			for _, one := range list {
				out = append(out, string(one.Measure)+" "+one.Trunk+" "+one.Called+" "+one.Level+one.Cause)
			}
			return out
		}
		says := func(what string, list []floor.Alert, want ...string) {
			t.Helper()
			if got := names(list); !slices.Equal(got, want) {
				t.Errorf("%s: %q, not %q", what, got, want)
			}
		}
		stand(alert.Read(2), fine)
		says("at once", h.after(floor.DefaultTrunkHold-time.Second))
		stand(fine, fine)
		stand(alert.Read(2), fine) // it swings: the hold time begins anew
		says("it swings", h.after(floor.DefaultTrunkHold-time.Second))
		says("it is down", h.after(time.Second), "trunk_gateways trk_1 Main critical")
		stand(alert.Read(2), alert.Read(1))
		says("both", h.after(floor.DefaultTrunkHold), "trunk_gateways trk_1 Main critical", "trunk_registration trk_1 Main critical")
		if n := len(h.open1(b)); n > 0 {
			t.Errorf("another tenant has %d", n)
		}

		h.open("nod_1")
		says("a restart", h.after(time.Hour), "trunk_gateways trk_1 Main critical", "trunk_registration trk_1 Main critical")
		stand(unclear, fine)
		says("it registered again", h.after(floor.DefaultTrunkHold), "trunk_gateways trk_1 Main critical")
		h.no(h.floor.Trunks(t.Context(), a, map[string]floor.TrunkStanding{two: {Name: "Other"}}))
		says("out of use", h.open1(a))
		says("past", h.past(a), "trunk_registration trk_1 Main criticalback", "trunk_gateways trk_1 Main criticalgone")
	})
}

// Recordings are watched without a rule: that they lose something, have no room or wait
// for the file storage is alarming once it lasts for the hold time, for everybody who
// watches this organisation, over a restart, and ends by itself.
func TestRecordingsAreWatched(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		fare := func(s floor.RecordingStanding) {
			t.Helper()
			h.fares.set(a, s)
			h.no(h.floor.RecordingsChanged(t.Context(), a))
		}
		says := func(what string, list []floor.Alert, want ...string) {
			t.Helper()
			var got []string
			for _, one := range list {
				got = append(got, string(one.Measure)+" "+one.Level+one.Cause+one.Queue+one.User+one.Trunk)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, not %q", what, got, want)
			}
		}
		fare(floor.RecordingStanding{Lost: 1})
		says("at once", h.after(floor.DefaultRecordingHold-time.Second))
		fare(floor.RecordingStanding{})
		fare(floor.RecordingStanding{Lost: 1}) // it swings: the hold time begins anew
		says("it swings", h.after(floor.DefaultRecordingHold-time.Second))
		says("it lasts", h.after(time.Second), "recordings_lost critical")
		fare(floor.RecordingStanding{Lost: 2, Full: true, Waiting: 40})
		says("all", h.after(floor.DefaultRecordingHold), "recordings_full critical", "recordings_lost critical", "recordings_waiting warning")
		if n := len(h.open1(b)); n > 0 {
			t.Errorf("another tenant has %d", n)
		}

		h.open("nod_1")
		says("a restart", h.after(time.Hour), "recordings_full critical", "recordings_lost critical", "recordings_waiting warning")
		fare(floor.RecordingStanding{Waiting: 1})
		says("there is room", h.after(floor.DefaultRecordingHold), "recordings_waiting warning")
		fare(floor.RecordingStanding{})
		says("well", h.after(floor.DefaultRecordingHold))
		says("past", h.past(a), "recordings_full criticalback", "recordings_lost criticalback", "recordings_waiting warningback")
	})
}
