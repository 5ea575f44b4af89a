package floor

import (
	"slices"
	"time"

	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

// step feeds the engine and takes over what it decided.
func (f *floor) step(ev acd.Event, now time.Time) {
	f.apply(f.engine.Step(ev, now), now)
}

func (f *floor) apply(cmds []acd.Command, now time.Time) {
	for _, c := range cmds {
		switch c := c.(type) {
		case *acd.WorkChanged:
			if it := f.items[c.Work]; it != nil {
				f.workChanged(it, *c, now)
			}
		case *acd.OfferMade:
			f.offerMade(*c, now)
		case *acd.OfferEnded:
			f.offerEnded(*c, now)
		case *acd.AgentChanged:
			f.batch.agents[c.Agent] = *c
		}
	}
}

// workChanged takes over the engine's new state of one interaction: what the
// record says, which segment runs, what the person is told.
func (f *floor) workChanged(it *item, c acd.WorkChanged, now time.Time) {
	before := it.State
	held := before == string(acd.Active) || before == string(acd.Wrapping)
	if it.Queue != "" {
		f.batch.queues[it.Queue] = true
	}
	if c.Queue != "" {
		f.batch.queues[c.Queue] = true
	}
	f.touch(it)
	if it.later { // it comes back
		return
	}
	it.State = string(c.State)
	it.row.Front, it.row.Extended, it.row.Refused = c.Front, c.Extended, refused(f.engine.Refused(it.ID))
	if w, ok := f.engine.Work(it.ID); ok { // overflow and a lost agent end a transfer to one agent
		it.row.OnlyPreferred = w.Only
	}
	switch c.State {
	case acd.Queued:
		f.enqueued(it, c, held, now)
	case acd.Offered:
		it.Agent = c.Agent
	case acd.Active:
		f.answered(it, c, held, now)
	case acd.Wrapping:
		it.WrapFrom, it.WrapUntil = keep(it.WrapFrom, now), c.WrapUntil
		if before == string(acd.Active) {
			f.act(it, channel.Act{Kind: channel.ActEvent, Event: it.ending(channel.EventEnded)})
		}
	case acd.Closed:
		f.closed(it, c, before, now)
	}
	it.Apart = it.Apart && it.State == string(acd.Active)
	it.unasked()
}

func (f *floor) enqueued(it *item, c acd.WorkChanged, held bool, now time.Time) {
	moved := it.Queue != c.Queue
	agent := it.Agent
	it.Queue, it.Agent = c.Queue, ""
	if it.QueuedAt.IsZero() {
		it.QueuedAt = now
	}
	if w, ok := f.engine.Work(it.ID); ok {
		it.place, it.entered = w.Queued, w.Entered
	}
	if it.Outgoing && it.segment == 0 {
		return // its agent takes it in the same moment: it never waited
	}
	if it.segKind != "queue" || it.segOwner != c.Queue {
		f.segment(it, "queue", c.Queue, c.Cause, now)
	}
	f.nowDue(it)
	switch {
	case held:
		it.Consulted = nil
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventAgentLeft, Agent: agent})
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventQueued})
	case moved:
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventQueued})
	}
}

func (f *floor) answered(it *item, c acd.WorkChanged, taken bool, now time.Time) {
	if former := it.Agent; taken && former != c.Agent {
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventAgentLeft, Agent: former})
	}
	it.Agent, it.was = c.Agent, former{}
	it.unparked()
	it.Consulted = slices.DeleteFunc(slices.Clone(it.Consulted), func(u string) bool { return u == c.Agent })
	if it.AnsweredAt.IsZero() {
		it.AnsweredAt = now
	}
	f.segment(it, "agent", c.Agent, c.Cause, now)
	unasked := c.Cause == acd.CauseAccepted && f.plan.Queues[c.Queue].AutoAccept
	f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventAgentJoined, Agent: c.Agent, Unasked: unasked})
}

func (f *floor) closed(it *item, c acd.WorkChanged, before string, now time.Time) {
	it.CloseReason, it.ClosedAt = string(c.Reason), now
	it.unparked()
	if it.Queue == "" && c.Reason == acd.Overflowed { // it never got into the queue that it came for
		it.Queue = c.Queue
		it.QueuedAt = keep(it.QueuedAt, now)
		f.segment(it, "queue", c.Queue, c.Cause, now) // so that history counts it as well
	}
	if it.CloseReason == "" {
		it.CloseReason = string(acd.Completed)
	}
	f.countEnd(it, "", now)
	f.endSegment(it, c.Cause, now)
	if before != string(acd.Wrapping) { // in wrap-up the person was told already
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: it.ending(endedBy(c.Reason))})
	}
	if it.Agent != "" && it.AnsweredAt.IsZero() {
		it.Agent = "" // it was only offered
	}
	delete(f.timed, it.ID)
}

// ending is what the person is told of the end of an agent's work.
func (it *item) ending(e channel.Event) channel.Event {
	if it.Outside {
		return channel.EventHandedOver
	}
	return e
}

func endedBy(reason acd.CloseReason) channel.Event {
	if reason == acd.Overflowed {
		return channel.EventUnanswered
	}
	return channel.EventEnded
}

func keep(old, now time.Time) time.Time {
	if old.IsZero() {
		return now
	}
	return old
}

func (f *floor) offerMade(c acd.OfferMade, now time.Time) {
	it := f.items[c.Work]
	if it == nil {
		return
	}
	o := &Offer{ID: c.Offer, User: c.Agent, OfferedAt: now, Deadline: c.Deadline}
	f.offers[c.Offer] = o
	f.touch(it)
	o.Interaction.ID = c.Work
	f.batch.offers = append(f.batch.offers, store.OfferRow{ID: c.Offer, InteractionID: c.Work, UserID: c.Agent, QueueID: it.Queue, OfferedAt: now, Deadline: c.Deadline})
	f.batch.offered = append(f.batch.offered, o)
}

func (f *floor) offerEnded(c acd.OfferEnded, now time.Time) {
	delete(f.offers, c.Offer)
	if f.lapsed == nil || len(f.lapsed) >= mostEnded {
		f.lapsed = map[string]endedOffer{}
	}
	f.lapsed[c.Offer] = endedOffer{c.Agent, c.Outcome}
	row := store.OfferRow{ID: c.Offer, Outcome: string(c.Outcome), EndedAt: now}
	for i, o := range f.batch.offers {
		if o.ID == c.Offer { // made and ended within one batch
			f.batch.offers[i].Outcome, f.batch.offers[i].EndedAt = row.Outcome, now
			f.tellOfferEnded(c)
			return
		}
	}
	f.batch.ended = append(f.batch.ended, row)
	f.tellOfferEnded(c)
}

// segment ends the running segment and begins another.
func (f *floor) segment(it *item, kind, owner, cause string, now time.Time) {
	f.countEnd(it, kind, now)
	again := kind == "queue" && it.segKind == "flow" && it.segOwner == laterFlow
	f.endSegment(it, cause, now)
	it.again = again
	it.segment++
	it.segKind, it.segOwner, it.segFrom = kind, owner, now
	f.batch.segments = append(f.batch.segments, store.SegmentRow{InteractionID: it.ID, Number: it.segment, HolderKind: kind, HolderID: owner, StartedAt: now})
	if kind == "queue" {
		f.countEntry(it)
	}
}

func (f *floor) endSegment(it *item, cause string, now time.Time) {
	if it.segKind == "" {
		return
	}
	f.batch.segments = append(f.batch.segments, store.SegmentRow{InteractionID: it.ID, Number: it.segment, HolderKind: it.segKind, HolderID: it.segOwner, StartedAt: it.segFrom, EndedAt: now, Cause: cause})
	it.segKind, it.DueAt = "", time.Time{}
}
