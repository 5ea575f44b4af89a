package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
)

// Reject ends an email that is answered to nobody, for a reason of the set-up at a
// version. holder is who had it when that was decided, "" if nobody had: who handles it
// rejects it, and what waits is rejected by who manages the floor.
func (m *Manager) Reject(ctx context.Context, a access.Actor, interaction, holder, reason string, version int64) error {
	return m.doAbout(ctx, a.Tenant, acd.Subject{Agent: a.User, Work: interaction}, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || holder == "" && !f.may(a, access.FloorManage, it) ||
			holder != "" && !access.May(a, access.WorkHandle, access.Thing{Tenant: f.tenant, Holders: []string{holder}, In: f.belongs(it)}) {
			return errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
		}
		switch {
		case it.Channel != acd.Email || it.Outgoing:
			return errs.New(errs.Conflict, "Only emails that people wrote are rejected.")
		case it.heldBy() != holder || it.State == string(acd.Wrapping) || it.State == "arriving":
			return errs.New(errs.Conflict, "Somebody else has it meanwhile.")
		}
		f.note(a.User, "email.rejected", interaction, reason)
		f.reject(it, reason, version, now)
		return nil
	})
}

// heldBy is who has an interaction; "" if nobody has.
func (it *item) heldBy() string {
	if it.State == string(acd.Active) || it.State == string(acd.Wrapping) {
		return it.Agent
	}
	return ""
}

func (f *floor) reject(it *item, reason string, version int64, now time.Time) {
	f.touch(it)
	it.RejectedFor, it.row.RejectedVersion = reason, version
	if by := it.parkedBy; it.onShelf() {
		defer f.tellShelved(by)
	}
	if it.running {
		f.closeFlow(it, acd.Rejected, "rejected", now)
		return
	}
	f.step(acd.Close{Work: it.ID, Reason: acd.Rejected}, now)
}
