package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/app/recording"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/app/voicemail"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// called gives an entry point for calls a flow of steps, and is its id.
func (c *company) called(t *testing.T, start string, nodes m) string {
	t.Helper()
	var made struct{ ID string }
	must(t, c.signIn(t, "ana").Do(t.Context(), "POST", "flows", m{"name": "Calls of " + t.Name() + start, "graph": m{"start": start, "nodes": nodes}}, &made))
	point := setup.DefaultEntryPoint("Telephone", made.ID, "")
	point.Channel, point.Languages = acd.Voice, []string{"en"}
	entry, err := appsetup.Create(t.Context(), c.node.parts.setup, c.admin, point)
	must(t, err)
	must(t, c.node.parts.floor.Reload(t.Context(), c.ID))
	return entry.ID
}

// dials calls a number and is answered.
func (o *exchange) dials(t *testing.T, to, from string) *dialled {
	t.Helper()
	call := o.dial(t, to, from, negotiate.Policy{})
	must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
	return call
}

// spooled waits until so many octets of a tenant's recordings are on the disk, and
// gives all of them.
func (c *company) spooled(t *testing.T, size int) (all []byte) {
	t.Helper()
	within(t, "nothing is recorded", func() bool {
		all = nil
		files, _ := filepath.Glob(filepath.Join(c.node.parts.recording.Dir, string(c.ID), "*"))
		for _, f := range files {
			b, _ := os.ReadFile(f)
			all = append(all, b...)
		}
		return len(all) >= size
	})
	return all
}

// works is what an agent has on its desk.
func works(t *testing.T, u *drive.User) []floor.Interaction {
	t.Helper()
	var d floor.Desk
	must(t, u.Do(t.Context(), "GET", "desk", nil, &d))
	return d.Work
}

// second is what a second of sound takes on the disk, about.
const second = 8000

// A caller leaves a message: by key, by hanging up, by falling silent. It is work of
// the queue, heard by who has it and by nobody else, and its person is called back.
func TestACallerLeavesAMessage(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		entry := acme.called(t, "message", m{"message": m{"type": "voicemail", "text": m{"en": "Nobody is here."}, "queue": acme.queue, "seconds": 60, "none": "none"},
			"none": m{"type": "set", "priority": 2, "next": "end"}, "end": m{"type": "close"}})
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		acme.agent(t, "bo")
		acme.agent(t, "cy")
		books.agent(t, "bo")
		cy, theirs := acme.signIn(t, "cy"), books.signIn(t, "bo")

		call := op.dials(t, "210000001", "+351930000007")
		call.hears(t, "the caller", []float64{1000})
		call.Talk(500)
		plain := acme.spooled(t, 2*second)
		tone := make([]byte, 160)
		for i := range tone {
			tone[i] = plain[len(plain)-1]
		}
		if strings.Contains(string(plain), string(tone)) {
			t.Error("what is on the disk looks like sound")
		}
		must(t, call.Press('#'))
		await[sip.Ended](t, call)

		waiting := func() (list []struct {
			ID          string `json:"id"`
			LeftMessage bool   `json:"left_message"`
			State       string
		}) {
			t.Helper()
			sue := acme.signIn(t, "ana")
			var snap struct {
				Waiting []struct {
					ID          string `json:"id"`
					LeftMessage bool   `json:"left_message"`
					State       string
				}
				Queues []struct {
					ID                 string
					Waiting, Callbacks int
				}
			}
			must(t, sue.Do(ctx, "GET", "floor", nil, &snap))
			for _, q := range snap.Queues {
				if q.ID == acme.queue && q.Callbacks != len(snap.Waiting) {
					t.Errorf("%+v", snap)
				}
			}
			return snap.Waiting
		}
		within(t, "the message is no work", func() bool { return len(waiting()) == 1 })
		if w := waiting()[0]; !w.LeftMessage || w.State != "queued" {
			t.Errorf("%+v", w)
		}

		// The agent hears it.
		bo, _ := acme.ready(t, "bo")
		offer, interaction := acme.offered(t, bo)
		var list struct{ Items []recording.Item }
		refused(t, cy.Do(ctx, "GET", "interactions/"+interaction+"/recordings", nil, nil), 404)
		refused(t, theirs.Do(ctx, "GET", "interactions/"+interaction+"/recordings", nil, nil), 404)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		must(t, bo.Do(ctx, "GET", "interactions/"+interaction+"/recordings", nil, &list))
		if len(list.Items) != 1 || list.Items[0].Kind != "message" || list.Items[0].LengthMS < 1500 {
			t.Fatalf("%+v", list)
		}
		var opened recording.Listening
		must(t, bo.Do(ctx, "POST", "recordings/"+list.Items[0].ID+"/listen", m{}, &opened))
		made := acme.recordings(t, interaction)
		if d := has(made[0].pcm["person"], 500); d < 1500*time.Millisecond || has(made[0].pcm["person"], 1000) > 0 {
			t.Errorf("it holds %v of the caller's tone, %v of ours", d, has(made[0].pcm["person"], 1000))
		}
		refused(t, cy.Do(ctx, "POST", "interactions/"+interaction+"/call-back", m{}, nil), 404)
		refused(t, theirs.Do(ctx, "POST", "interactions/"+interaction+"/call-back", m{}, nil), 404)

		// The person is called back: once it is busy, then it answers.
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/call-back", m{}, nil))
		ringing := wait(t, others.arrived)
		if to := ringing.leg.Invite().URI.User.Reveal(); to != "+351930000007" {
			t.Errorf("%q is called", to)
		}
		refused(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/call-back", m{}, nil), 409)
		ringing.leg.Reject(486, sip.Reason{Q850: 17})
		within(t, "it is not noted that the person was busy", func() bool {
			w := works(t, bo)
			return len(w) == 1 && w[0].LeftMessage && w[0].Attempts == 1
		})
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/call-back", m{}, nil))
		agent := acme.agentSound(t, bo, interaction)
		agent.Talk(900)
		person := others.answer(t, 1300)
		person.hears(t, "the person", []float64{900})
		listens(t, "the agent", agent, []float64{1300})
		person.leg.Hangup(sip.Reason{Q850: 16})
		within(t, "the work does not wrap up", func() bool { w := works(t, bo); return len(w) == 1 && w[0].State == "wrapping" })
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))

		// Who hangs up has left it, too; who says nothing has not.
		must(t, bo.Do(ctx, "PUT", "desk/presence", m{"presence": "not_ready"}, nil))
		call = op.dials(t, "210000001", "+351930000008")
		call.hears(t, "the caller", []float64{1000})
		call.Talk(500)
		acme.spooled(t, second)
		call.leg.Hangup(sip.Reason{Q850: 16})
		within(t, "the message is no work", func() bool { return len(waiting()) == 1 })
		call = op.dials(t, "210000001", "+351930000009")
		call.hears(t, "the caller", []float64{1000})
		await[sip.Ended](t, call)
		if len(waiting()) != 1 {
			t.Error("silence is a message")
		}
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			rows, err := tx.SearchInteractions(store.InteractionFilter{Limit: 10})
			for _, r := range rows {
				kept, err := tx.Recordings(r.ID)
				if want := map[bool]int{true: 0, false: 1}[r.Priority == 2]; len(kept) != want || err != nil {
					t.Errorf("%s with priority %d has %d recordings", r.ID, r.Priority, len(kept))
				}
			}
			return err
		}))
	})
}

// A call that nobody picks up leaves a message for the phone's user, who hears it,
// marks it, deletes it and takes that back; it is nobody else's business. A colleague's
// message is one as well. Half of one is kept where the program ends in the middle.
func TestAMessageForAnExtension(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		boID := acme.agent(t, "bo")
		acme.agent(t, "cy")
		acme.user(t, "sue", access.Supervisor)
		books.agent(t, "bo")
		bo, cy, sue, theirs, admin := acme.signIn(t, "bo"), acme.signIn(t, "cy"), acme.signIn(t, "sue"), books.signIn(t, "bo"), acme.signIn(t, "ana")
		line, err := bo.Live(ctx, "")
		must(t, err)
		line.Stay()
		defer line.Close()
		bos := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Numbers[0].Rings = bos.id })
		refused(t, admin.Do(ctx, "PUT", "phones/"+hall.id+"/forwarding", m{"always": "voicemail", "busy": "", "unanswered": "", "seconds": 20}, nil), 422)
		refused(t, bo.Do(ctx, "PUT", "desk/forwarding/"+bos.id, m{"always": "", "busy": "", "unanswered": "voicemail", "seconds": 20, "greeting": "pro_01jd0000000000000000000000"}, nil), 422)
		if f := acme.goesOn(t, bo, bos.id, m{"busy": "voicemail", "unanswered": "voicemail"}); !f.Busy.Voicemail || !f.Unanswered.Voicemail || f.Always.Voicemail || !f.Mailbox {
			t.Errorf("%+v", f)
		}

		box := func() (b voicemail.Mailbox) {
			t.Helper()
			must(t, bo.Do(ctx, "GET", "desk/voicemails", nil, &b))
			return b
		}
		// From outside: the phone declines.
		call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		rings := wait(t, bos.arrived)
		rings.leg.Ring()
		rings.leg.Reject(603, sip.Reason{})
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		call.hears(t, "who calls", []float64{1000})
		call.Talk(500)
		acme.spooled(t, 4*second) // a machine that is busy with others makes fewer frames in that time
		must(t, call.Press('#'))
		await[sip.Ended](t, call)
		for {
			f, err := line.Next(ctx)
			must(t, err)
			if f.Type == voicemail.Changed {
				break
			}
		}
		b := box()
		if len(b.Items) != 1 || b.Fresh != 1 || b.Items[0].Number != "+351930000007" || b.Items[0].LengthMS < 1500 || !b.Items[0].HeardAt.IsZero() {
			t.Fatalf("%+v", b)
		}
		one := b.Items[0]

		// Heard by its user and nobody else.
		for _, u := range []*drive.User{cy, sue, theirs} {
			refused(t, u.Do(ctx, "GET", "interactions/"+one.ID, nil, nil), 404)
			refused(t, u.Do(ctx, "GET", "interactions/"+one.ID+"/recordings", nil, nil), 404)
			refused(t, u.Do(ctx, "POST", "recordings/"+one.Recording+"/listen", m{}, nil), 404)
			refused(t, u.Do(ctx, "PATCH", "desk/voicemails/"+one.ID, m{"heard": true}, nil), 404)
		}
		var found struct{ Items []floor.Interaction }
		must(t, sue.Do(ctx, "GET", "interactions", nil, &found))
		if len(found.Items) != 0 {
			t.Errorf("a supervisor finds %+v", found)
		}
		var opened recording.Listening
		must(t, bo.Do(ctx, "POST", "recordings/"+one.Recording+"/listen", m{}, &opened))
		if d := has(acme.recordings(t, one.ID)[0].pcm["person"], 500); d < 1500*time.Millisecond {
			t.Errorf("it holds %v of the caller's tone", d)
		}
		mark := func(what m) (v voicemail.LeftMessage) {
			t.Helper()
			must(t, bo.Do(ctx, "PATCH", "desk/voicemails/"+one.ID, what, &v))
			return v
		}
		if v := mark(m{"heard": true}); v.HeardAt.IsZero() || box().Fresh != 0 {
			t.Errorf("%+v", v)
		}
		if v := mark(m{"deleted": true}); !v.Deleted || len(box().Items) != 0 {
			t.Errorf("%+v", v)
		}
		if v := mark(m{"deleted": false, "heard": false}); v.Deleted || box().Fresh != 1 {
			t.Errorf("%+v", v)
		}

		// A colleague's, cut off by a restart in the middle.
		call = hall.calls(t, "21")
		rings = wait(t, bos.arrived)
		rings.leg.Reject(486, sip.Reason{})
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		call.hears(t, "the colleague", []float64{1000})
		call.Talk(700)
		acme.spooled(t, 2*second)
		n.stop(t)
		n = start(t, conf, nil)
		acme.node, bo.Base = n, n.URL()
		within(t, "the half of a message is lost", func() bool { return len(box().Items) == 2 })
		if half := box().Items[0]; half.Number != "" || half.Name != "Hall" || half.LengthMS < 1000 {
			t.Errorf("%+v", half)
		}

		// Deleted ones are erased a day later, with their sound; so are old ones.
		mark(m{"deleted": true})
		must(t, n.keepers.db.Write(ctx, acme.ID, func(tx *store.Tx) error {
			row, err := tx.Voicemail(one.ID)
			row.DeletedAt = row.DeletedAt.Add(-25 * time.Hour)
			if err != nil {
				return err
			}
			return tx.MarkVoicemail(row)
		}))
		_, err = n.parts.ending.Tenant(ctx, acme.ID)
		must(t, err)
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			if _, err := tx.Voicemail(one.ID); !errs.Is(err, errs.NotFound) {
				t.Errorf("a deleted message is kept: %v", err)
			}
			rows, err := tx.Recordings(one.ID)
			if len(rows) != 0 {
				t.Errorf("the sound of a deleted message is kept: %+v", rows)
			}
			return err
		}))
		refused(t, bo.Do(ctx, "PATCH", "desk/voicemails/"+one.ID, m{"deleted": false}, nil), 404)
	})
}
