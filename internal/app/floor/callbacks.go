package floor

import (
	"cmp"
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
)

// WaitingCallback is a person who hung up and waits to be called back.
type WaitingCallback struct {
	Interaction string    `json:"interaction"`
	Name        string    `json:"name"`
	Queue       string    `json:"queue"`
	Since       time.Time `json:"since" doc:"When it came to the queue: its place counts from here."`
	Position    int       `json:"position,omitempty" doc:"Its place in line, 1 is next; absent while it waits to be called again."`
	Attempts    int       `json:"attempts" doc:"Calls that reached nobody."`
	Most        int       `json:"most" doc:"Calls in all, by the rules."`
	Next        time.Time `json:"next,omitzero" doc:"When it is back in line; absent: it is in it."`
}

// waitsForCall says whether nobody has an interaction whose person is to be called
// back.
func (it *item) waitsForCall() bool {
	again := it.running && it.row.FlowID == laterFlow
	return it.Callback && it.LeftMessage && (again || it.State == string(acd.Queued) || it.State == string(acd.Offered))
}

// Callbacks are a tenant's people who wait to be called back, who came first first.
func (m *Manager) Callbacks(ctx context.Context, a access.Actor) ([]WaitingCallback, error) {
	list := []WaitingCallback{}
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		most := f.plan.Rules.CallBack.OrUsual().Attempts
		for _, it := range f.kept {
			if !it.waitsForCall() || !f.may(a, access.FloorWatch, it) {
				continue
			}
			w := WaitingCallback{Interaction: it.ID, Name: f.seenBy(a, it).Name, Queue: it.Queue, Since: it.QueuedAt, Attempts: it.Attempts, Most: most}
			if it.running {
				w.Next = it.run.Deadline
			} else {
				w.Position, _ = f.waitOf(it, now)
			}
			list = append(list, w)
		}
		return nil
	})
	order.By(list, func(a, b WaitingCallback) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Interaction, b.Interaction))
	})
	return list, err
}

// CancelCallback ends the wait of a person who is not to be called back any more.
func (m *Manager) CancelCallback(ctx context.Context, a access.Actor, interaction string) error {
	return m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil || !f.may(a, access.FloorManage, it):
			return errs.New(errs.NotFound, "Nobody waits to be called back there.")
		case !it.waitsForCall():
			return errs.New(errs.Conflict, "Somebody has this callback already.")
		}
		f.note(a.User, "callback.cancelled", interaction, it.Queue)
		if it.running {
			f.closeFlow(it, acd.Rejected, "cancelled", now)
			return nil
		}
		f.step(acd.Close{Work: interaction, Reason: acd.Rejected}, now)
		return nil
	})
}
