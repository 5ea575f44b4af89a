package floor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
)

// Complaints about other systems, where the floor and not only the engine could
// be at fault.

// The person is long gone and nobody heard of it: the agent can end the contact
// and is free for the next.
func TestALostHangUpDoesNotHoldTheAgent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		p := h.plans.of(a)
		p.Rules.ChatCapacity = 1
		h.plans.set(a, p)
		if err := h.floor.Reload(ctx, a); err != nil {
			t.Fatal(err)
		}
		h.queue(a, "gone")
		next, other := h.queue(a, "next"), h.queue(b, "other")
		h.ready(a, 0)
		it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if it, err = h.floor.Finish(ctx, actor(a, 0), it.ID); err != nil {
			t.Fatal(err)
		}
		d := h.desk(a, 0)
		if len(d.Offers) != 0 || d.Me.Wrapping != 1 || d.Queues[0].AgentsReady != 0 {
			t.Errorf("in wrap-up it counts as free: %+v, offers %v, %d ready", d.Me, d.Offers, d.Queues[0].AgentsReady)
		}
		if err := h.floor.CustomerLeft(ctx, a, it.ID); err != nil { // the hang-up comes late
			t.Errorf("the late hang-up: %v", err)
		}
		for range 2 { // a repeat finds it closed
			_, err = h.floor.Complete(ctx, actor(a, 0), it.ID, "", nil)
			if err != nil && !errs.Is(err, errs.NotFound) {
				t.Fatal(err)
			}
		}
		if d = h.desk(a, 0); len(d.Work) != 0 || len(d.Offers) != 1 || d.Offers[0].Interaction.ID != next.Interaction {
			t.Errorf("after the close: %+v, offers %+v", d.Me, d.Offers)
		}
		if got := h.state(other).State; got != "queued" {
			t.Errorf("the other tenant's is %s", got)
		}
	})
}

// The decision is made, and the process ends before or after it is stored, with
// the agent none the wiser: the work has one holder or none, and goes on.
func TestARestartBetweenDecisionAndEffect(t *testing.T) {
	db := sqliteDatabase(t)
	for _, how := range []string{"die before", "die after", "refuse", "lose"} {
		for seed := range uint64(3) {
			s := story{seed: seed, turns: []turn{{kind: "arrive", wait: time.Second}, {kind: "arrive", c: 4}, {kind: "fault: " + map[string]string{
				"die before": "dies before", "die after": "dies after", "refuse": "refused commit", "lose": "lost answer"}[how]}, {kind: "again"}, {kind: "late accept"}}}
			if f := play(t, db, s, true); f != nil {
				t.Errorf("%s: %v", how, f)
			}
		}
	}
}

// Two windows of one desk take the same offer in the same moment, and a third
// agent tries too: one answer is yes.
func TestTwoAnswersAreNotBothAccepted(t *testing.T) {
	db := sqliteDatabase(t)
	config := db(t)
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, story{})
		defer w.close()
		if err := w.open(config, root); err != nil {
			t.Fatal(err)
		}
		for i := 0; len(w.seen[a].offers) == 0; i++ {
			if err := w.turn(turn{kind: "arrive", a: 8 * i, b: i, c: 1, wait: time.Second}); err != nil || i > 20 {
				t.Fatal("nothing is offered", err)
			}
		}
		o := w.seen[a].offers[0]
		release, answers := make(chan struct{}), make(chan error, 4)
		go func() { answers <- floor.Hold(w.ctx, w.node.floor, a, release) }()
		synctest.Wait()
		for _, user := range []string{o.UserID, o.UserID, "usr_4"} {
			go func() { answers <- answerOf(w.ctx, simActor(a, user), o.ID, false)(w.node.floor) }()
		}
		synctest.Wait()
		close(release)
		taken := -1 // the hold's own answer
		for range 4 {
			switch err := <-answers; {
			case err == nil:
				taken++
			case !errs.Is(err, errs.Conflict):
				t.Error(err)
			}
		}
		if err := w.check(); err != nil || taken != 1 {
			t.Errorf("%d answers were accepted; %v", taken, err)
		}
		if x, ok := w.seen[a].work(o.InteractionID); !ok || x.State != acd.Active || x.Agent != o.UserID {
			t.Errorf("it is %s with %s", x.State, x.Agent)
		}
	})
}
