package voice

import (
	"context"
	"errors"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel"
)

// offer is what a queue offers to a caller who waits in it: to be called back, at its
// place. The call's goroutine owns it.
type offer struct {
	turn int  // of the wait; what is late for it is void
	key  byte // 0: not before it was said once
}

// inLine says whether a call waits in a queue, also while an agent is asked to take it.
func inLine(w channel.Work) bool { return w.State == queued || w.State == offered }

// offersBack asks what the queue offers, as the caller comes to it, or is taken up in
// it after a restart.
func (c *call) offersBack() {
	c.offer = offer{turn: c.offer.turn + 1}
	turn, queue := c.offer.turn, c.work.Queue
	if !inLine(c.work) || c.s.Queues == nil || c.work.Outgoing || c.work.Kept {
		return
	}
	c.s.running.Go(func() {
		every, key, err := c.s.Queues.OffersBack(context.Background(), c.who.Tenant, queue)
		if err != nil {
			c.s.Log.Warn("it is not known what a queue offers to who waits", "tenant", c.who.Tenant, "queue", queue, "code", errs.As(err).Code)
			return
		}
		if every > 0 {
			c.post(func() { c.offerBack(turn, every, key) })
		}
	})
}

// offerBack says the offer when it is due, again and again, while the caller waits. Who
// cannot be called is offered nothing.
func (c *call) offerBack(turn int, every time.Duration, key byte) {
	if c.offer.turn != turn {
		return
	}
	c.later(every, func() {
		if c.offer.turn != turn || c.over {
			return
		}
		c.s.running.Go(func() {
			_, err := c.s.wayBack(context.Background(), c.who.Tenant, c.who.Interaction, "")
			c.post(func() {
				switch {
				case c.offer.turn != turn || c.over:
					return
				case errors.Is(err, errNoNumber):
					return // nor will it have one
				case err == nil && c.work.State == queued && c.here() && !c.menu.talking():
					c.offer.key = key
					c.readTones()
					c.menu.script = append(c.menu.script, c.words().offersBack(key))
					c.speak()
				}
				c.offerBack(turn, every, key)
			})
		})
	})
}

// offerKey takes a key by which a caller who waits accepts to be called back; false: it
// is none.
func (c *call) offerKey(k byte) bool {
	if c.work.State != queued || c.offer.key == 0 || k != c.offer.key {
		return false
	}
	c.offer.turn++
	c.offer.key = 0
	c.menu.hush()
	c.s.running.Go(func() {
		err := c.s.Floor.WantsBack(context.Background(), c.who.Tenant, c.who.Interaction)
		if err == nil {
			return
		}
		if !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Gone) { // an agent was faster
			c.s.Log.Warn("a caller who wants to be called back waits on", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		}
		c.post(c.offersBack)
	})
	return true
}
