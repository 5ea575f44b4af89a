package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
)

// apart refuses what cannot be done while the person is in a secure flow.
func apart() error {
	return errs.New(errs.Conflict, "The person is keying in something that nobody may hear. Wait until that has ended, or take the person back first.")
}

// Apart notes, durably, that the person of a running call is in a secure flow, apart
// from its agent: by whose wish, and in which flow. After a restart the two stay apart
// until Together.
func (m *Manager) Apart(ctx context.Context, t id.Tenant, interaction, by, flow string) error {
	return m.do(ctx, t, func(f *floor, _ time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil || it.State != string(acd.Active) || it.spoken() != acd.Voice:
			return errs.New(errs.Conflict, "Nobody is handling this call at the moment.")
		case len(it.Consulted) > 0:
			return errs.New(errs.Conflict, "Colleagues are consulted about this call. End that first.")
		}
		it.Apart = true
		f.touch(it)
		f.note(by, "call.secure_begun", interaction, flow)
		return nil
	})
}

// Together notes that the person is with its agent again, and what the secure flow
// came to. Repeats are harmless.
func (m *Manager) Together(ctx context.Context, t id.Tenant, interaction, by, outcome string) error {
	return m.do(ctx, t, func(f *floor, _ time.Time) error {
		it := f.items[interaction]
		if it == nil {
			return nil
		}
		if it.Apart {
			it.Apart = false
			f.touch(it)
		}
		f.note(by, "call.secure_ended", interaction, outcome)
		return nil
	})
}
