package floor_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/core/setup"
)

// An email's goal counts the time in which its queue is open, a chat's the clock: live,
// after a restart, in alerts and in history. What the queue counts can be changed. Another
// tenant's queue of the same name has no hours.
func TestAnEmailsGoalCountsOpeningHours(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.floor.Drive(acd.Email, letters{map[string]int{}})
		g, err := flow.Parse([]byte(`{"start":"q","nodes":{"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		set := func(tenant id.Tenant, change func(*setup.Queue)) {
			t.Helper()
			p := h.plans.of(tenant)
			q := p.Queues[queueID]
			change(&q)
			p.Queues = maps.Clone(p.Queues)
			p.Queues[queueID] = q
			h.plans.set(tenant, p)
			h.reload(tenant)
		}
		for _, tenant := range []id.Tenant{a, b} {
			p := h.plans.of(tenant)
			p.Rules.IdleMinutes = 100000
			p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g}
			p.EntryPoints["ent_mail"+string(tenant)] = setup.EntryPoint{Name: "Mail", Channel: acd.Email, Flow: "flo_2", Languages: []string{"en"}}
			if tenant == a {
				p.Hours = map[string]setup.Hours{"hou_1": setup.DefaultHours("Office", "Europe/Lisbon")} // Monday to Friday, 9 to 18
			}
			h.plans.set(tenant, p)
			set(tenant, func(q *setup.Queue) { q.ServiceSeconds, q.Hours = 4*3600, "hou_1" })
		}
		at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) }
		mail := func(tenant id.Tenant) {
			t.Helper()
			_, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: tenant, Channel: acd.Email, EntryPoint: "ent_mail" + string(tenant), Language: "en"})
			h.no(err)
		}
		due := func(tenant id.Tenant) map[acd.Channel]time.Time {
			t.Helper()
			s, err := h.floor.Snapshot(ctx, supervisor(tenant))
			h.no(err)
			all := map[acd.Channel]time.Time{"first": s.Queues[0].DueAt}
			for _, it := range s.Waiting {
				all[it.Channel] = it.DueAt
			}
			return all
		}
		is := func(what string, got map[acd.Channel]time.Time, want map[acd.Channel]time.Time) {
			t.Helper()
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s:\n%s", what, d)
			}
		}
		r := setup.DefaultAlertRule("Service level", "service_level_ignored", 80, 0)
		r.HoldSeconds, r.MinContacts, r.Always = 0, 1, true
		h.rule(a, r)

		h.clock.Set(at(3, 17, 0)) // a Tuesday
		mail(a)
		mail(b)
		is("an email", due(a), map[acd.Channel]time.Time{"first": at(4, 12, 0), acd.Email: at(4, 12, 0)})
		is("where there are no hours", due(b), map[acd.Channel]time.Time{"first": at(3, 21, 0), acd.Email: at(3, 21, 0)})
		h.clock.Set(at(3, 17, 29).Add(59 * time.Second))
		h.queue(a, "Maria")
		both := map[acd.Channel]time.Time{"first": at(3, 21, 30), acd.Chat: at(3, 21, 30), acd.Email: at(4, 12, 0)}
		is("a chat beside it", due(a), both)
		h.close()
		h.open("nod_1")
		h.floor.Drive(acd.Email, letters{map[string]int{}})
		is("after a restart", due(a), both)

		h.clock.Set(at(3, 21, 30))
		h.wake(a)
		h.next("the chat to be late", time.Microsecond)
		h.clock.Set(at(3, 23, 0))
		h.says("the chat is late, the email is not", h.after(0), "que_1 warning 0 of 80")
		if v := h.view(a); v.Level != (measure.Ratio{Of: 1}) {
			t.Errorf("%+v are in the goal while one is late", v.Level)
		}
		h.clock.Set(at(4, 12, 0))
		h.ready(a, 0)
		for _, o := range h.desk(a, 0).Offers {
			_, err := h.floor.Accept(ctx, actor(a, 0), o.ID)
			h.no(err)
		}
		if d := h.desk(a, 0); len(d.Work) != 2 || !d.Work[0].DueAt.IsZero() || !d.Work[1].DueAt.IsZero() {
			t.Errorf("%+v", d.Work)
		}
		level := func() measure.Ratio {
			t.Helper()
			sum := measure.Ratio{}
			for _, s := range h.day(a, "2026-11-03").Queues[0].Slots {
				sum.Part, sum.Of = sum.Part+s.Level.Part, sum.Of+s.Level.Of
			}
			return sum
		}
		if got := level(); got != (measure.Ratio{Part: 1, Of: 2}) {
			t.Errorf("the day had %+v in the goal", got)
		}
		set(a, func(q *setup.Queue) { q.ServiceHours = setup.HoursOfNone })
		if got := level(); got != (measure.Ratio{Of: 2}) {
			t.Errorf("by the clock %+v", got)
		}
		set(a, func(q *setup.Queue) { q.ServiceHours = setup.HoursOfAll })
		if got := level(); got != (measure.Ratio{Part: 2, Of: 2}) {
			t.Errorf("all in opening hours %+v", got)
		}
		mail(a)
		is("until the hours change", due(a), map[acd.Channel]time.Time{"first": at(4, 16, 0), acd.Email: at(4, 16, 0)})
		h.plans.change(a, func(p *floor.Plan) { p.Hours["hou_1"] = setup.DefaultHours("Office", "America/New_York") }) // from 14 to 23 UTC
		h.reload(a)
		is("the hours are others", due(a), map[acd.Channel]time.Time{"first": at(4, 18, 0), acd.Email: at(4, 18, 0)})
	})
}
