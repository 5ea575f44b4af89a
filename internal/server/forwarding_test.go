package server

import (
	"encoding/json"
	"strings"
	"testing"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/app/forward"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// goesOn chooses where calls to a phone go on, and waits until calls do.
func (c *company) goesOn(t *testing.T, u *drive.User, phone string, to m) forward.Forwarding {
	t.Helper()
	body := m{"always": "", "busy": "", "unanswered": "", "seconds": 20}
	for k, v := range to {
		body[k] = v
	}
	var out forward.Forwarding
	must(t, u.Do(t.Context(), "PUT", "desk/forwarding/"+phone, body, &out))
	_, err := c.node.parts.telephone.refresh(t.Context()) // what is changed is read in its own time
	must(t, err)
	return out
}

// Calls go on as their phone's user chose: to a colleague or a group, outside by
// what the user may call, and to nobody twice.
func TestCallsToAnExtensionGoOn(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		boID, cyID, dyID := acme.agent(t, "bo"), acme.agent(t, "cy"), acme.user(t, "dy", access.Administrator)
		bo, cy, admin := acme.signIn(t, "bo"), acme.signIn(t, "cy"), acme.signIn(t, "ana")
		called := make(chan *dialled, 4)
		op := newExchange(t, node, func(l *sip.Leg) {
			d := &dialled{leg: l, events: make(chan sip.Event, 64)}
			l.Events(func(e sip.Event) { d.events <- e })
			called <- d
		})
		bos := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		cys := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		dys := acme.ownPhone(t, node, conf, "Dy's", dyID, "23")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		theirs := books.ownPhone(t, node, conf, "Theirs", "", "26")
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) {
			v.Outgoing = setup.TrunkOutgoing{Allowed: true}
			v.Numbers[0].Rings = bos.id
		})

		// What cannot be chosen.
		for _, x := range []struct {
			who   *drive.User
			path  string
			to    m
			code  int
			field string
		}{
			{bo, "desk/forwarding/" + cys.id, m{}, 404, ""},
			{bo, "desk/forwarding/" + theirs.id, m{}, 404, ""},
			{admin, "phones/" + theirs.id + "/forwarding", m{}, 404, ""},
			{bo, "phones/" + bos.id + "/forwarding", m{}, 403, ""},
			{bo, "desk/forwarding/" + bos.id, m{"always": "21"}, 422, "always"},
			{bo, "desk/forwarding/" + bos.id, m{"always": "26"}, 422, "always"},
			{bo, "desk/forwarding/" + bos.id, m{"busy": "112"}, 422, "busy"},
			{bo, "desk/forwarding/" + bos.id, m{"busy": "210000001"}, 422, "busy"},
			{bo, "desk/forwarding/" + bos.id, m{"unanswered": "+34910000000"}, 422, "unanswered"},
			{bo, "desk/forwarding/" + bos.id, m{"seconds": 4}, 422, "seconds"},
			{admin, "phones/" + dys.id + "/forwarding", m{"always": "210000007"}, 422, "always"},
			{admin, "phones/" + hall.id + "/forwarding", m{"always": "210000007"}, 422, "always"},
		} {
			body := m{"always": "", "busy": "", "unanswered": "", "seconds": 20}
			for k, v := range x.to {
				body[k] = v
			}
			err := x.who.Do(ctx, "PUT", x.path, body, nil)
			refused(t, err, x.code)
			if x.field != "" && !strings.Contains(err.Error(), x.field) {
				t.Errorf("%s %v: %v", x.path, x.to, err)
			}
		}

		// Always, to a colleague; what the colleague's phone is told.
		if f := acme.goesOn(t, bo, bos.id, m{"always": "22"}); f.Always != (forward.Target{To: "22", Name: "Cy's"}) || f.Extension != "21" {
			t.Errorf("%+v", f)
		}
		call := hall.calls(t, "21")
		rings := wait(t, cys.arrived)
		if from, d := rings.leg.From(), rings.leg.Invite().All("Diversion"); from.Display.Reveal() != "Hall · Bo's" || len(d) != 1 || !strings.HasPrefix(d[0], `"Bo's" <sip:21@`) || !strings.HasSuffix(d[0], ";reason=unconditional;counter=1") {
			t.Errorf("the phone is shown %s, %q", from.Display.Reveal(), d)
		}
		rings.pickUp(t, 900)
		call.connected(t, 500)
		call.hears(t, "who calls", []float64{900}, 500)
		rings.hears(t, "who is called", []float64{500}, 900)
		aside(t, cy, 1)
		aside(t, bo, 0)
		// It is busy now, so the next one goes on from there, too.
		acme.goesOn(t, cy, cys.id, m{"busy": "23"})
		second := hall.calls(t, "21")
		third := wait(t, dys.arrived)
		if d := third.leg.Invite().All("Diversion"); len(d) != 2 || !strings.Contains(d[0], "sip:22@") || !strings.Contains(d[0], "user-busy") || !strings.Contains(d[1], "sip:21@") {
			t.Errorf("%q", d)
		}
		second.leg.Hangup(sip.Reason{})
		await[sip.Ended](t, third)
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, rings)
		n.quiet(t)
		faults := cy.Do(ctx, "PUT", "desk/forwarding/"+cys.id, m{"always": "21", "busy": "", "unanswered": "", "seconds": 20}, nil)
		refused(t, faults, 422)
		if !strings.Contains(faults.Error(), "22 → 21 → 22") {
			t.Errorf("a circle: %v", faults)
		}
		select {
		case <-bos.arrived:
			t.Error("the phone rang whose calls always go on")
		default:
		}

		// Two choose at a time: the second is told of the first's choice, which stays.
		seen := acme.goesOn(t, bo, bos.id, m{"unanswered": "22"})
		theirChoice := acme.goesOn(t, bo, bos.id, m{"unanswered": "23", "version": seen.Version})
		stale := m{"always": "", "busy": "22", "unanswered": "", "seconds": 20, "version": seen.Version}
		for who, path := range map[*drive.User]string{bo: "desk/forwarding/" + bos.id, admin: "phones/" + bos.id + "/forwarding"} {
			err := who.Do(ctx, "PUT", path, stale, nil)
			refused(t, err, 409)
			var now forward.Forwarding
			must(t, json.Unmarshal(err.(*drive.Problem).Current, &now))
			if now != theirChoice || now.Unanswered.To != "23" {
				t.Errorf("%s: told %+v, want %+v", path, now, theirChoice)
			}
		}
		// And so where calls went on no more meanwhile, or not before.
		nowhere := acme.goesOn(t, bo, bos.id, m{"version": theirChoice.Version})
		refused(t, bo.Do(ctx, "PUT", "desk/forwarding/"+bos.id, m{"always": "", "busy": "22", "unanswered": "", "seconds": 20, "version": theirChoice.Version}, nil), 409)
		acme.goesOn(t, bo, bos.id, m{"busy": "22", "version": nowhere.Version})
		refused(t, bo.Do(ctx, "PUT", "desk/forwarding/"+bos.id, m{"always": "", "busy": "", "unanswered": "", "seconds": 20, "version": nowhere.Version}, nil), 409)

		// Outside, on the account of who forwards: the caller's phone is nobody's.
		if f := acme.goesOn(t, bo, bos.id, m{"busy": "210 000 007"}); f.Busy.To != "+351210000007" || f.Always.To != "" {
			t.Errorf("%+v", f)
		}
		call = hall.calls(t, "21")
		declines := wait(t, bos.arrived)
		declines.leg.Ring()
		declines.leg.Reject(603, sip.Reason{})
		out := wait(t, called)
		if d := out.leg.Invite().All("Diversion"); out.leg.Invite().URI.User.Reveal() != "+351210000007" || len(d) != 1 || strings.Contains(d[0], "sip:21@") || !strings.Contains(d[0], "sip:+351210000001@") || !strings.HasSuffix(d[0], ";reason=user-busy;counter=1") {
			t.Errorf("the trunk is told %q", d)
		}
		out.pickUp(t, 900)
		call.connected(t, 500)
		call.hears(t, "who calls", []float64{900}, 500)
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, out)
		list := func() (all []floor.PhoneCall) {
			t.Helper()
			var page struct{ Items []floor.PhoneCall }
			must(t, admin.Do(ctx, "GET", "phone-calls?user="+boID, nil, &page))
			return page.Items
		}
		within(t, "the call is not noted", func() bool { got := list(); return len(got) == 1 && got[0].EndedAt != nil })
		if got := list()[0]; got.Phone != bos.id || !got.Forwarded || got.Number != "•••07" {
			t.Errorf("%+v", got)
		}
		n.quiet(t)

		// A call from outside goes on outside; one that was forwarded too often does not.
		acme.goesOn(t, bo, bos.id, m{"always": "210000007"})
		in := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		out = wait(t, called)
		out.leg.Reject(486, sip.Reason{})
		in.refusedWith(t, "a call from outside whose number outside is busy", 486)
		n.quiet(t)
		in = op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		out = wait(t, called)
		out.leg.Ring()
		await[sip.Ringing](t, in)
		in.leg.Hangup(sip.Reason{}) // the cancel crosses the answer
		out.pickUp(t, 900)
		await[sip.Failed](t, in)
		await[sip.Ended](t, out)
		n.quiet(t)

		// Who may not call outside any more has the phone rung in its place.
		u, err := n.parts.accounts.User(ctx, acme.admin, boID)
		must(t, err)
		must(t, admin.Do(ctx, "PATCH", "users/"+boID, m{"version": u.Version, "roles": []string{"administrator"}}, nil))
		call = hall.calls(t, "21")
		rings = wait(t, bos.arrived)
		if d := rings.leg.Invite().All("Diversion"); len(d) != 0 {
			t.Errorf("%q", d)
		}
		rings.leg.Reject(486, sip.Reason{})
		call.refusedWith(t, "a call that may not go on outside", 486)
		select {
		case <-called:
			t.Error("a call left that may not")
		default:
		}

		// It is there again when an archived phone is brought back, and holds for calls.
		o, err := n.parts.setup.Get(ctx, acme.admin, setup.KindPhone, cys.id)
		must(t, err)
		var chosen, back forward.Forwarding
		must(t, admin.Do(ctx, "GET", "phones/"+cys.id+"/forwarding", nil, &chosen))
		must(t, n.parts.setup.Archive(ctx, acme.admin, setup.KindPhone, cys.id, o.Version))
		refused(t, admin.Do(ctx, "GET", "phones/"+cys.id+"/forwarding", nil, nil), 404)
		o, err = n.parts.setup.Restore(ctx, acme.admin, setup.KindPhone, cys.id, o.Version+1)
		must(t, err)
		must(t, admin.Do(ctx, "GET", "phones/"+cys.id+"/forwarding", nil, &back))
		if back != chosen || back.Busy.To != "23" {
			t.Errorf("a phone that was brought back has %+v, want %+v", back, chosen)
		}

		// It holds over a restart, and goes with the phone's user.
		kept := func() (rows []store.ForwardRow) {
			t.Helper()
			must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) (err error) {
				rows, err = tx.Forwards()
				return err
			}))
			return rows
		}
		if len(kept()) != 2 {
			t.Errorf("%d choices are kept", len(kept()))
		}
		n.stop(t)
		n = start(t, conf, nil)
		acme.node, admin.Base = n, n.URL()
		var f forward.Forwarding
		must(t, admin.Do(ctx, "GET", "phones/"+bos.id+"/forwarding", nil, &f))
		if f.Always.To != "+351210000007" {
			t.Errorf("after a restart: %+v", f)
		}
		o, err = n.parts.setup.Get(ctx, acme.admin, setup.KindPhone, bos.id)
		must(t, err)
		body := m{}
		must(t, json.Unmarshal(o.Body, &body))
		body["version"], body["user"], body["confirm_plain"] = o.Version, dyID, true
		must(t, admin.Do(ctx, "PUT", "phones/"+bos.id, body, nil))
		if left := kept(); len(left) != 1 || left[0].PhoneID != cys.id {
			t.Errorf("what the one before chose is kept for the next: %+v", left)
		}
		must(t, n.parts.accounts.DeleteUser(ctx, acme.admin, cyID))
		if left := kept(); len(left) != 0 {
			t.Errorf("kept of a user who left: %+v", left)
		}
	})
}

// A call leaves again only if it was forwarded less than five times, by whom it
// came and here; else the phone rings. Exchanges that forward to each other stop.
func TestACallIsForwardedOutsideFiveTimesAtMost(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		boID := acme.agent(t, "bo")
		bo := acme.signIn(t, "bo")
		called := make(chan *dialled, 4)
		op := newExchange(t, node, func(l *sip.Leg) {
			d := &dialled{leg: l, events: make(chan sip.Event, 64)}
			l.Events(func(e sip.Event) { d.events <- e })
			called <- d
		})
		bos := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) {
			v.Outgoing = setup.TrunkOutgoing{Allowed: true}
			v.Numbers[0].Rings = bos.id
		})
		acme.goesOn(t, bo, bos.id, m{"always": "210000007"})

		op.headers = []wire.Header{{Name: "Diversion", Value: "<sip:+351210000009@operator.example>;reason=unconditional;counter=4"}}
		in := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		out := wait(t, called)
		out.pickUp(t, 900)
		in.connected(t, 500)
		in.hears(t, "who calls", []float64{900}, 500)
		in.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, out)

		op.headers[0].Value = strings.Replace(op.headers[0].Value, "counter=4", "counter=5", 1)
		in = op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		rings := wait(t, bos.arrived)
		rings.pickUp(t, 900)
		in.connected(t, 500)
		in.hears(t, "who calls a phone that rings", []float64{900}, 500)
		if len(called) > 0 {
			t.Error("it left, too")
		}
	})
}
