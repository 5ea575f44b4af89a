package floor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
)

// QueueOpen is what is open in a queue, and keeps it from being taken out of use.
type QueueOpen struct {
	Waiting map[string]int `json:"waiting" doc:"By channel: what waits for an agent, or is offered to one."`
	Later   int            `json:"later" doc:"What comes back to it at its time: put aside, parked, or to be called again."`
	Held    int            `json:"held" doc:"What agents handle or wrap up. It ends with them."`
}

// OpenIn says what is open in a queue.
func (m *Manager) OpenIn(ctx context.Context, a access.Actor, queue string) (QueueOpen, error) {
	var out QueueOpen
	err := m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error {
		if !f.knows(queue) {
			return errs.New(errs.NotFound, "This queue does not exist.")
		}
		out, _ = f.openIn(queue)
		return nil
	})
	return out, err
}

// EmptyQueue moves all that waits in a queue, or comes back to it, to another one, in its
// order and with the time that it has waited, and says what is still open in it.
func (m *Manager) EmptyQueue(ctx context.Context, a access.Actor, queue, to string) (QueueOpen, error) {
	var out QueueOpen
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		_, items := f.openIn(queue)
		target, known := f.plan.Queues[to]
		switch {
		case !f.knows(queue):
			return errs.New(errs.NotFound, "This queue does not exist.")
		case !known || to == queue:
			return errs.Bad("to", "is not another queue in use.")
		}
		for _, it := range items {
			if len(target.Channels) > 0 && !slices.Contains(target.Channels, it.Channel) {
				return errs.Bad("to", "does not take all that waits here; choose a queue for the same channels.")
			}
		}
		for _, it := range items {
			if err := f.takeAlong(it, to, now); err != nil {
				return err
			}
		}
		if len(items) > 0 {
			f.note(a.User, "queue.emptied", queue, to)
		}
		out, _ = f.openIn(queue)
		return nil
	})
	return out, err
}

// openIn counts what is open in a queue, and gives what can go to another one: by its
// place, and what is not in line after that.
func (f *floor) openIn(queue string) (QueueOpen, []*item) {
	out := QueueOpen{Waiting: map[string]int{}}
	var movable []*item
	for _, it := range f.items {
		switch {
		case it.Queue != queue || it.State == string(acd.Closed):
			continue
		case it.State == string(acd.Queued) || it.State == string(acd.Offered):
			out.Waiting[string(it.Channel)]++
		case it.running:
			out.Later++
		default:
			out.Held++
			continue
		}
		movable = append(movable, it)
	}
	slices.SortFunc(movable, func(a, b *item) int {
		if a.running != b.running {
			if a.running {
				return 1
			}
			return -1
		}
		return cmp.Or(a.place.Compare(b.place), byArrival(a, b))
	})
	return out, movable
}

// takeAlong takes work that waits, or comes back, to another queue.
func (f *floor) takeAlong(it *item, to string, now time.Time) error {
	if !it.running {
		it.was = former{to, it.place, now, it.row.Front} // its place there is by how long it waits
		return f.move(it, "", to, "", nil, now)
	}
	f.touch(it)
	f.batch.queues[it.Queue], f.batch.queues[to] = true, true
	it.Queue = to
	if g := f.ownFlow(it); g != nil { // it names the queue to which it comes back
		it.graph, it.here = g, g
	}
	if it.onShelf() {
		f.tellShelved(it.parkedBy)
	}
	return nil
}
