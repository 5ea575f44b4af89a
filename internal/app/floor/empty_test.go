package floor_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
)

// Who takes a queue out of use sees what is in it, and says where it goes: what waits goes
// on in its order, what is put aside comes back to the other queue, also after a restart,
// and what agents have ends with them. Another tenant's queue of the same name stays as it is.
func TestAQueueIsEmptiedIntoAnother(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.floor.Drive(acd.Email, letters{map[string]int{}})
		g, err := flow.Parse([]byte(`{"start":"q","nodes":{"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		for _, tenant := range []id.Tenant{a, b} {
			p := h.plans.of(tenant)
			other, calls := p.Queues[queueID], p.Queues[queueID]
			other.Name, calls.Name, calls.Channels = "Other", "Calls", []acd.Channel{acd.Voice}
			other.Members = []string{agent(1)}
			p.Queues = maps.Clone(p.Queues)
			p.Queues["que_2"], p.Queues["que_3"] = other, calls
			p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g}
			p.EntryPoints["ent_mail"+string(tenant)] = setup.EntryPoint{Name: "Mail", Channel: acd.Email, Flow: "flo_2", Languages: []string{"en"}}
			h.plans.set(tenant, p)
			h.reload(tenant)
		}
		open := func(tenant id.Tenant, queue string) floor.QueueOpen {
			t.Helper()
			out, err := h.floor.OpenIn(ctx, supervisor(tenant), queue)
			h.no(err)
			return out
		}
		same := func(what string, got floor.QueueOpen, waiting map[string]int, later, held int) {
			t.Helper()
			if !maps.Equal(got.Waiting, waiting) || got.Later != later || got.Held != held {
				t.Errorf("%s: %+v", what, got)
			}
		}
		same("nothing", open(a, queueID), nil, 0, 0)
		mail := func(tenant id.Tenant) string {
			t.Helper()
			i, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: tenant, Channel: acd.Email, EntryPoint: "ent_mail" + string(tenant), Language: "en"})
			h.no(err)
			h.clock.Advance(time.Second)
			return i
		}
		aside := mail(a)
		h.serve(0)
		_, err = h.floor.Shelve(ctx, actor(a, 0), aside, h.clock.Now().Add(time.Hour))
		h.no(err)
		if _, err := h.floor.EmptyQueue(ctx, supervisor(a), queueID, "que_3"); !errs.Is(err, errs.Invalid) {
			t.Errorf("an email that is put aside came to a queue for calls: %v", err)
		}
		held := mail(a)
		h.serve(0)
		first, there := mail(a), mail(a)
		_, err = h.floor.Move(ctx, supervisor(a), there, "que_2", "", nil)
		h.no(err)
		h.clock.Advance(time.Second)
		second := mail(a)
		chat := h.queue(a, "Maria")
		theirs := mail(b)
		all := map[string]int{"email": 2, "chat": 1}
		same("before", open(a, queueID), all, 1, 1)

		for to, want := range map[string]errs.Code{"que_3": errs.Invalid, queueID: errs.Invalid, "que_9": errs.Invalid} {
			if _, err := h.floor.EmptyQueue(ctx, supervisor(a), queueID, to); !errs.Is(err, want) || errs.As(err).Fields[0].Path != "to" {
				t.Errorf("to %s: %v", to, err)
			}
		}
		if _, err := h.floor.OpenIn(ctx, supervisor(a), "que_9"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		same("after refusals", open(a, queueID), all, 1, 1)
		for range 2 { // a repeat is harmless
			left, err := h.floor.EmptyQueue(ctx, supervisor(a), queueID, "que_2")
			h.no(err)
			same("what is left", left, nil, 0, 1)
			same("where it went", open(a, "que_2"), map[string]int{"email": 3, "chat": 1}, 1, 0)
		}
		same("another tenant's", open(b, queueID), map[string]int{"email": 1}, 0, 0)
		var line []string
		for _, i := range []string{first, second, chat.Interaction, aside, held, theirs} {
			tenant := a
			if i == theirs {
				tenant = b
			}
			row, err := h.interaction(tenant, i)
			h.no(err)
			line = append(line, row.QueueID)
		}
		if want := []string{"que_2", "que_2", "que_2", "que_2", queueID, queueID}; !slices.Equal(line, want) {
			t.Errorf("they are in %v", line)
		}
		for n, i := range []string{first, there, second, chat.Interaction} { // by when each came
			if why, err := h.floor.Why(ctx, supervisor(a), i); err != nil || why.Position != n+1 {
				t.Errorf("%d is at place %d, %v", n, why.Position, err)
			}
		}

		// Put aside it comes back to the other queue, also after a restart.
		h.close()
		h.open("nod_1")
		h.floor.Drive(acd.Email, letters{map[string]int{}})
		h.clock.Advance(2 * time.Hour)
		h.ready(b, 0) // each floor has looked at its clock
		if row, err := h.interaction(a, aside); err != nil || row.QueueID != "que_2" || row.State == "closed" {
			t.Errorf("what was put aside is in %s, %s, %v", row.QueueID, row.State, err)
		}
	})
}
