package voice

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/flow"
)

// transfer is a number to which a flow hands the call over.
type transfer struct {
	flow.Transfer
	begun bool // the words before are said: it is called
}

// begin calls the number of a flow's transfer once all is said.
func (c *call) begin() {
	t := c.transfer
	if t == nil || t.begun {
		return
	}
	t.begun = true
	if c.s.sip == nil {
		c.noTransfer(FailedUnreachable)
		return
	}
	wish := Wish{Tenant: c.who.Tenant, To: t.Number, Caller: t.Caller}
	c.s.running.Go(func() {
		way, err := c.s.Network.Leaves(context.Background(), wish)
		c.post(func() {
			switch {
			case c.transfer != t:
			case err != nil:
				c.s.Log.Warn("a flow's transfer did not leave", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
				c.noTransfer(FailedUnreachable)
			default:
				d := &dialing{number: way.To, attempts: way.Attempts, outside: true, handOver: true, within: time.Duration(t.Seconds) * time.Second}
				c.outside = outside{dialing: d}
				c.dial(d)
			}
		})
	})
}

// giveUp ends a flow's transfer to who answered but cannot have the call.
func (c *call) giveUp() {
	if c.transfer != nil {
		c.dropOutside()
		c.noTransfer(FailedUnreachable)
	}
}

// noTransfer tells the flow why it goes on. Without a flow's transfer it does
// nothing.
func (c *call) noTransfer(why Failure) {
	t := c.transfer
	if t == nil {
		return
	}
	c.transfer = nil
	o := flow.Outcome{Step: t.Step, Way: "failed"}
	switch why {
	case FailedBusy, FailedDeclined:
		o.Way = "busy"
	case FailedNoAnswer:
		o.Way = "none"
	}
	c.s.running.Go(func() {
		if err := c.s.Floor.NotReached(context.Background(), c.who.Tenant, c.who.Interaction, o); err != nil {
			c.s.Log.Warn("a flow was not told that nobody was reached", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		}
	})
}
