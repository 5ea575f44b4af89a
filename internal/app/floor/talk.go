package floor

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/talk"
)

// Talk says whether the person of a chat wants it to be spoken, too, or no longer.
// Repeats are harmless.
func (m *Manager) Talk(ctx context.Context, t id.Tenant, interaction string, wanted bool) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil && !wanted:
			return nil
		case it == nil || it.Channel != acd.Chat:
			return errs.New(errs.Conflict, "The conversation has ended.")
		case wanted && it.Talk == talk.None && it.Calls != setup.CallsBoth:
			return errs.New(errs.Forbidden, "Talking is not asked for here.")
		}
		return f.wantTalk(it, talk.Visitor, wanted, now)
	})
}

// AgentTalk is Talk for who holds the chat.
func (m *Manager) AgentTalk(ctx context.Context, a access.Actor, interaction string, wanted bool) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error {
		if wanted && it.Talk == talk.None && (it.Channel != acd.Chat || it.Calls == "") {
			return errs.New(errs.Conflict, "This conversation cannot be spoken: its entry point does not allow it.")
		}
		return f.wantTalk(it, talk.Agent, wanted, now)
	})
}

// wantTalk carries out what a side wants.
func (f *floor) wantTalk(it *item, side talk.Side, wanted bool, now time.Time) error {
	if wanted && it.State != string(acd.Active) {
		return errs.New(errs.Conflict, "Nobody is handling this conversation at the moment.")
	}
	next, turn := it.Talk.Want(side, wanted)
	if turn == talk.Begun {
		if err := f.beginTalk(it, side, now); err != nil {
			return err
		}
	}
	if turn == talk.Ended {
		f.step(acd.Rechannel{Work: it.ID, Channel: acd.Chat, Back: true}, now)
	}
	if turn != talk.Unchanged {
		agent := ""
		if side == talk.Agent {
			agent = it.Agent
		}
		it.Talk = next
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.Event(turn), Agent: agent})
	}
	return nil
}

// beginTalk makes a chat take the place of a call with its agent.
func (f *floor) beginTalk(it *item, side talk.Side, now time.Time) error {
	if q, ok := f.plan.Queues[it.Queue]; ok && len(q.Channels) > 0 && !slices.Contains(q.Channels, acd.Voice) {
		return errs.New(errs.Conflict, "This queue takes no calls.")
	}
	f.step(acd.Rechannel{Work: it.ID, Channel: acd.Voice}, now)
	switch f.engine.Refusal() {
	case "", acd.RefusedUnchanged:
		return nil
	}
	if side == talk.Agent {
		return errs.New(errs.Conflict, "You have no place for a call: finish another one first.")
	}
	return errs.New(errs.Conflict, "The other side cannot talk at the moment. Go on writing.")
}

// endTalk lets a chat be written only, when something else than a side's wish ends
// its sound, or nobody is there to answer a question.
func (f *floor) endTalk(it *item, now time.Time) {
	if it.Talk == talk.Running {
		_ = f.wantTalk(it, talk.Visitor, false, now) // an end is never refused
	}
	it.Talk = talk.None
}

// unasked forgets the question whether to talk when the one who would answer is
// not with the person any more.
func (it *item) unasked() {
	if it.Talk != talk.Running && it.State != string(acd.Active) {
		it.Talk = talk.None
	}
}

// allowTalk tells an interaction what its entry point says of talking, and whether
// that is new.
func (f *floor) allowTalk(it *item) (changed bool) {
	e, calls, video := f.plan.EntryPoints[it.EntryPoint], it.Calls, it.Video
	it.Calls, it.Video = "", false
	if it.Channel == acd.Chat && e.Calls != setup.CallsOff {
		it.Calls, it.Video = e.Calls, e.Calls != "" && e.Video
	}
	return it.Calls != calls || it.Video != video
}

// spoken is the channel whose place the interaction takes.
func (it *item) spoken() acd.Channel {
	if it.Talk == talk.Running {
		return acd.Voice
	}
	return it.Channel
}

// drivenBy is the channel that carries out what happens to the interaction: that of
// calls also for the moment in which a chat ceases to be one.
func (it *item) drivenBy() acd.Channel {
	if it.row.Talk == string(talk.Running) {
		return acd.Voice
	}
	return it.spoken()
}
