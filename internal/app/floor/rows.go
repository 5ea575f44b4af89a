package floor

import (
	"context"
	"encoding/json"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/store"
)

// rows are the batch's interactions as they will be stored.
func (f *floor) rows(ctx context.Context) ([]store.InteractionRow, error) {
	out := make([]store.InteractionRow, len(f.batch.order))
	for i, it := range f.batch.order {
		r, err := f.row(ctx, it)
		if err != nil {
			return nil, err
		}
		out[i] = r
	}
	return out, nil
}

func (f *floor) row(ctx context.Context, it *item) (store.InteractionRow, error) {
	r := it.row
	r.State, r.CloseReason, r.QueueID, r.AgentID = it.State, it.CloseReason, it.Queue, it.Agent
	r.Priority, r.Needs, r.Wants, r.Language = it.Priority, it.Needs, it.wants, it.Language
	r.Consulted = it.Consulted
	if it.CustomerGone && r.LeftAt.IsZero() {
		r.LeftAt = f.m.Clock.Now()
	}
	r.DispositionID, r.Labels, r.Rating = it.Disposition, it.Labels, it.Rating
	r.QueuedAt, r.Place, r.AnsweredAt, r.WrapFrom, r.WrapUntil, r.ClosedAt = it.QueuedAt, it.place, it.AnsweredAt, it.WrapFrom, it.WrapUntil, it.ClosedAt
	r.EnteredAt, r.LeftMessage, r.Masked, r.Outside, r.Apart = it.entered, it.LeftMessage, it.masked(), it.Outside, it.Apart
	r.RejectedFor, r.MergedInto = it.RejectedFor, it.MergedInto
	r.Talk = string(it.Talk)
	r.Callback, r.Attempts = it.Callback, it.Attempts
	r.Slot, r.ParkedBy, r.ParkedPhone, r.ParkedAt = it.Slot, it.parkedBy, it.parkedPhone, it.parkedAt
	if !it.reach.Empty() && len(r.ReachSealed) == 0 {
		sealed, err := f.m.Vault.SealContact(ctx, f.tenant, it.Contact, channel.ReachAt(it.ID), []byte(it.reach.Reveal()))
		if err != nil {
			return r, err
		}
		r.ReachSealed = sealed
	}
	if !it.running && it.graph == nil {
		return r, nil
	}
	if !it.running {
		it.run.Forget() // also those of a person who hung up
	}
	sealed, err := f.sealRun(ctx, it)
	if err != nil {
		return r, err
	}
	r.FlowSealed = sealed
	if !it.running {
		it.graph = nil // the flow is over: its state is sealed a last time
	}
	return r, nil
}

// storedRun is where a flow stands, as it is sealed.
type storedRun struct {
	flow.State
	Fed int64 `json:"fed"`
}

func (f *floor) sealRun(ctx context.Context, it *item) (secret.Sealed, error) {
	raw, err := json.Marshal(storedRun{it.run, it.fed})
	if err != nil {
		return nil, err
	}
	return f.m.Vault.SealContact(ctx, f.tenant, it.Contact, flowAt(it.ID), raw)
}

func (f *floor) agentRow(a acd.AgentChanged) store.AgentRow {
	return store.AgentRow{UserID: a.Agent, Presence: string(a.Presence), ReasonID: a.Reason, Since: a.Since, IdleSince: a.IdleSince, Missed: a.Missed, LastOffer: a.LastOffer}
}
