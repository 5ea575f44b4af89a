package voice

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nubitalk/internal/channel"
)

// What an agent's phone does while the disk does not have the offer is taken up, in
// order, once it has.
func TestWhatAPhoneDoesWaitsForTheOffer(t *testing.T) {
	var did []string
	does := func(c *call, what string) { // as phoneTold
		fn := func() { did = append(did, what) }
		if !c.whenStored(fn) {
			fn()
		}
	}
	run := func(fns []func()) {
		for _, fn := range fns {
			fn()
		}
	}
	c := &call{s: &Service{}, work: channel.Work{State: queued}}
	does(c, "nothing foreseen")
	c.foresee("bo")
	c.foresee("cy") // the floor says of it in its turn
	if *c.holder.Load() != "bo" {
		t.Error("who is about to be offered it would be called meanwhile")
	}
	does(c, "rings")
	does(c, "picks up")
	run(c.stored()) // what was decided before: it waits still
	if want := []string{"nothing foreseen"}; !slices.Equal(did, want) || c.foreseen.agent != "bo" || c.sought != "bo" {
		t.Errorf("%v, of %+v, sought %s", did, c.foreseen, c.sought)
	}
	c.work = channel.Work{State: offered, Agent: "bo"}
	run(c.stored())
	does(c, "hangs up")
	if want := []string{"nothing foreseen", "rings", "picks up", "hangs up"}; !slices.Equal(did, want) {
		t.Errorf("%v", did)
	}
	if c.foresee("cy"); c.foreseen != nil {
		t.Error("it is with somebody")
	}

	c, did = &call{s: &Service{}, work: channel.Work{State: queued}}, nil
	c.foresee("bo")
	does(c, "picks up")
	c.unforeseen() // the disk did not take it
	if *c.holder.Load() != "" {
		t.Error("who is not offered it any more is called by nobody")
	}
	if want := []string{"picks up"}; !slices.Equal(did, want) || c.sought != "" {
		t.Errorf("%v, sought %s", did, c.sought)
	}
	if c.unforeseen(); len(did) != 1 {
		t.Error("it is taken up twice")
	}
}

// What a call was to do later is not held in memory once it is over.
func TestAnEndedCallHoldsNoTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox()
		m.later(time.Hour, func() { t.Error("it ran") })
		m.later(time.Second, func() {})
		m.later(time.Minute, func() {})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n, k := len(m.take()), len(m.timers); n != 1 || k != 2 {
			t.Errorf("%d waiting, %d timers", n, k)
		}
		m.end()
		m.later(time.Second, func() { t.Error("it ran") })
		if len(m.timers) != 0 {
			t.Errorf("%d timers", len(m.timers))
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if n := len(m.take()); n != 0 {
			t.Errorf("%d waiting", n)
		}
	})
}
