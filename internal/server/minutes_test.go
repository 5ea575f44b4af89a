package server

import (
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// paid are the calls of phones by id, with what they have of the day's minutes.
func (c *company) paid(t *testing.T) map[string]store.SpentRow {
	t.Helper()
	all := map[string]store.SpentRow{}
	must(t, c.node.keepers.db.Read(t.Context(), c.ID, func(tx *store.Tx) error {
		rows, err := tx.Spent(time.Now().Add(-48*time.Hour), time.Now().Add(48*time.Hour))
		for _, r := range rows {
			all[r.ID] = r
		}
		return err
	}))
	return all
}

// Calls at the same time have the minutes of a trunk together once: each has a slice, and
// when all are given the next call is refused. What ends gives back what it did not talk,
// also what a process left that was killed. Another organisation's minutes are its own.
func TestCallsAtTheSameTimeShareTheMinutes(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		still := time.Now().UTC().Truncate(time.Second) // no slice ends, however slow the machine is
		n := start(t, conf, func(s *Server) { s.clock = clock.NewVirtual(still) })
		acme, books := house(t, n)
		op, called := newCalled(t, node)
		rules := func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true, MaxMinutes: 2} }
		trunk := acme.trunk(t, op, "+351210000001", "", rules)
		books.trunk(t, op, "+351220000001", "", rules)
		mine := acme.ownPhone(t, node, conf, "Bo's", acme.agent(t, "bo"), "21")
		theirs := books.ownPhone(t, node, conf, "Di's", books.agent(t, "di"), "21")

		talk := func(p *ownPhone, number string) (call, other *dialled) {
			t.Helper()
			call = p.calls(t, number)
			other = wait(t, called)
			other.pickUp(t, 900)
			call.connected(t, 500)
			return call, other
		}
		has := func(c *company, slices int) {
			t.Helper()
			within(t, "the calls that run do not have their slices, and no more", func() bool {
				got, running := time.Duration(0), 0
				for _, r := range c.paid(t) {
					if r.EndedAt.IsZero() {
						got += r.PaidUntil.Sub(r.AnsweredAt)
						running++
					}
				}
				return running == slices && got == time.Duration(slices)*time.Minute
			})
		}
		first, other := talk(mine, "210000007")
		has(acme, 1)
		talk(mine, "210000008")
		has(acme, 2)
		mine.calls(t, "210000009").refusedWith(t, "a call for which no minutes are left", 403)
		talk(theirs, "210000009")
		has(books, 1)

		first.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, other)
		has(acme, 1)
		talk(mine, "210000009")
		has(acme, 2)

		n.stop(t)
		n = start(t, conf, func(s *Server) { s.clock = clock.NewVirtual(still.Add(time.Second)) })
		acme.node, books.node = n, n
		within(t, "calls run still", func() bool {
			for _, r := range acme.paid(t) {
				if r.EndedAt.IsZero() {
					return false
				}
			}
			return true
		})
		must(t, n.keepers.db.Write(t.Context(), acme.ID, func(tx *store.Tx) error { // as a process that was killed leaves it
			at := still.Add(time.Second) // when this process began, which ends those from before
			row := store.OfficeCallRow{ID: "leg_killed", PhoneID: mine.id, TrunkID: trunk, Counts: []string{""}, StartedAt: at, AnsweredAt: at}
			if err := tx.PutOfficeCall(row); err != nil {
				return err
			}
			_, err := tx.PayMinutes(row.ID, at, at.Add(2*time.Minute))
			return err
		}))
		acme.works(t, trunk)
		mine.calls(t, "210000009").refusedWith(t, "a call while another one has all minutes", 403)
		n.stop(t)
		n = start(t, conf, func(s *Server) { s.clock = clock.NewVirtual(still.Add(2 * time.Second)) })
		acme.node = n
		within(t, "the call that was cut off runs still", func() bool { return !acme.paid(t)["leg_killed"].EndedAt.IsZero() })
		acme.works(t, trunk)
		talk(mine, "210000009")
		has(acme, 1)
	})
}

// A call whose trunk has no minutes left is ended, with nobody hanging up.
func TestACallEndsAsItsMinutesAreUsedUp(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		op, called := newCalled(t, node)
		trunk := acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true, MaxMinutes: 600} })
		mine := acme.ownPhone(t, node, conf, "Bo's", acme.agent(t, "bo"), "21")
		now := time.Now()
		must(t, n.keepers.db.Write(t.Context(), acme.ID, func(tx *store.Tx) error { // all but a few seconds of today's are talked
			return tx.PutOfficeCall(store.OfficeCallRow{ID: "leg_long", PhoneID: mine.id, TrunkID: trunk, Counts: []string{""}, StartedAt: now, AnsweredAt: now.Add(3*time.Second - 600*time.Minute), EndedAt: now})
		}))
		call := mine.calls(t, "210000007")
		other := wait(t, called)
		other.pickUp(t, 900)
		call.connected(t, 500)
		for _, end := range []*dialled{call, other} {
			await[sip.Ended](t, end)
		}
		within(t, "its end is not noted", func() bool {
			for id, r := range acme.paid(t) {
				if id != "leg_long" && !r.EndedAt.IsZero() {
					return true
				}
			}
			return false
		})
		mine.calls(t, "210000008").refusedWith(t, "a call for which no minutes are left", 403)
	})
}

// A trunk lets calls out within its hours, by the organisation's own clock, and refuses
// them outside, but for those for help.
func TestCallsLeaveWithinTheTrunksHours(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		now := time.Now().UTC()
		noon := time.Date(now.Year(), now.Month(), now.Day()+1, 12, 0, 0, 0, time.UTC)
		at := func(when time.Time) func(*Server) {
			return func(s *Server) { s.clock = ahead(time.Until(when)) }
		}
		n := start(t, conf, at(noon))
		acme, _ := house(t, n)
		op, called := newCalled(t, node)
		hours := setup.Hours{Name: "Day", TimeZone: "UTC"}
		for day := range 7 {
			hours.Weekly = append(hours.Weekly, setup.Opening{Day: day, From: "08:00", To: "20:00"})
		}
		open, err := appsetup.Create(t.Context(), n.parts.setup, acme.admin, hours)
		must(t, err)
		trunk := acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true, Hours: open.ID} })
		acme.user(t, "cy", access.Administrator)
		mine := acme.ownPhone(t, node, conf, "Bo's", acme.agent(t, "bo"), "21")
		rings := func(number, what string) {
			t.Helper()
			call := mine.calls(t, number)
			other := wait(t, called)
			if to := other.leg.Invite().URI.User.Reveal(); to != "+351"+number && to != number {
				t.Errorf("%s: the trunk is asked for %s", what, to)
			}
			other.leg.Reject(486, sip.Reason{})
			call.refusedWith(t, what, 486)
		}
		again := func(when time.Time) {
			t.Helper()
			n.stop(t)
			n = start(t, conf, at(when))
			acme.node = n
			acme.works(t, trunk)
		}
		rings("210000007", "a call at noon")
		again(noon.Add(10 * time.Hour))
		mine.calls(t, "210000007").refusedWith(t, "a call at ten in the evening", 403)
		rings("112", "a call for help at night")
		bo := acme.signIn(t, "bo")
		refused(t, bo.Do(t.Context(), "POST", "calls", m{"number": "210000007", "queue": acme.queue}, nil), 409)
		select {
		case <-called:
			t.Error("a call left at night")
		default:
		}
		again(noon.Add(24 * time.Hour))
		rings("210000007", "a call the next noon")
	})
}
