package floor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing/synctest"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/store"
)

func simActor(t id.Tenant, user string) access.Actor {
	return access.Actor{Tenant: t, User: user, Roles: []access.Role{access.Agent}}
}

// turn lets the wait pass, does what the turn means now, and checks everything.
// simPriority is none, or 0 to 10.
func simPriority(n int) *int {
	if n--; n < 0 {
		return nil
	}
	return &n
}

func (w *world) turn(x turn) error {
	if err := w.pass(x.wait); err != nil {
		return err
	}
	t := simTenants[min(x.c%5, 1)^1] // four in five are the first tenant's
	var err error
	if do, ok := faults[x.kind]; ok {
		w.note("%s", x.kind)
		w.faulty = true
		err = do(w, t, x)
		w.faulty = false
	} else if call := w.meaning(t, x); call != nil {
		w.last = call
		err = call()
	}
	synctest.Wait()
	if err != nil {
		return err
	}
	return w.check()
}

// call does one thing that a person asks for. What is refused is no failure as
// long as it is refused for a reason that a person can be told.
func (w *world) call(what string, do func(m *floor.Manager) error) error {
	err := do(w.node.floor)
	code := errs.Code("done")
	if err != nil {
		code = errs.As(err).Code
	}
	w.note("%s: %s", what, code)
	switch {
	case code == errs.Unavailable && !w.faulty:
		return fmt.Errorf("%s: %w, and nothing was wrong", what, err)
	case code == errs.Internal || code == errs.Fenced:
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// pass lets time pass from timer to timer, so that each moment is seen.
func (w *world) pass(d time.Duration) error {
	end := time.Now().Add(d)
	for range 60 {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		next := left
		for _, t := range simTenants {
			_, now, wake, err := floor.Live(w.ctx, w.node.floor, t)
			if err != nil {
				return fmt.Errorf("the floor is gone: %w", err)
			}
			next = min(next, max(wake.Sub(now), time.Millisecond))
		}
		time.Sleep(next)
		synctest.Wait()
		if err := w.check(); err != nil {
			return err
		}
		if w.diligent {
			if err := w.handleAll(); err != nil {
				return err
			}
		}
	}
	time.Sleep(max(time.Until(end), 0))
	synctest.Wait()
	return nil
}

// one picks an open interaction in one of the states; any if none is named.
func (w *world) one(t id.Tenant, n int, states ...string) (store.InteractionRow, bool) {
	var of []store.InteractionRow
	for _, r := range w.seen[t].rows {
		if len(states) == 0 || slices.Contains(states, r.State) {
			of = append(of, r)
		}
	}
	if len(of) == 0 {
		return store.InteractionRow{}, false
	}
	return of[n%len(of)], true
}

// meaning finds what a turn means now; nil if there is nothing that it can mean.
func (w *world) meaning(t id.Tenant, x turn) func() error {
	user := simAgents[x.b%len(simAgents)]
	switch x.kind {
	case "arrive":
		return func() error { return w.arrive(t, x) }
	case "answer":
		if r, ok := w.one(t, x.a, "in_flow"); ok {
			w.seq++
			seq := w.seq
			return w.act(t, x.kind+" "+r.ID, func(m *floor.Manager) error { return m.CustomerInput(w.ctx, t, r.ID, seq, flow.Input{Choice: "bill"}) })
		}
	case "accept", "decline", "forged accept":
		if list := w.seen[t].offers; len(list) > 0 {
			o := list[x.a%len(list)]
			if x.kind != "forged accept" {
				user = o.UserID
			}
			return w.act(t, fmt.Sprintf("%s %s by %s", x.kind, o.InteractionID, user), answerOf(w.ctx, simActor(t, user), o.ID, x.kind == "decline"))
		}
	case "late accept":
		if list := w.ended[t]; len(list) > 0 {
			o := list[x.a%len(list)]
			return w.act(t, fmt.Sprintf("%s %s by %s", x.kind, o.InteractionID, o.UserID), answerOf(w.ctx, simActor(t, o.UserID), o.ID, false))
		}
	case "leave":
		if r, ok := w.one(t, x.a); ok {
			return w.act(t, x.kind+" "+r.ID, func(m *floor.Manager) error { return m.CustomerLeft(w.ctx, t, r.ID) })
		}
	case "close":
		if r, ok := w.one(t, x.a); ok {
			return w.act(t, x.kind+" "+r.ID, func(m *floor.Manager) error { return m.Close(w.ctx, t, r.ID, acd.Failed) })
		}
	case "finish", "complete", "extend", "transfer":
		return w.handle(t, x)
	case "move":
		if r, ok := w.one(t, x.a, "queued", "offered", "active"); ok {
			queue, to := w.target(x)
			return w.act(t, fmt.Sprintf("%s %s to %s%s", x.kind, r.ID, queue, to), func(m *floor.Manager) error {
				_, err := m.Move(w.ctx, supervisor(t), r.ID, queue, to, simPriority(x.c/16%12))
				return err
			})
		}
	case "presence":
		p := []acd.Presence{acd.Ready, acd.Ready, acd.Ready, acd.NotReady, acd.Offline}[x.a%5]
		return w.act(t, fmt.Sprintf("%s %s", user, p), func(m *floor.Manager) error {
			_, err := m.SetPresence(w.ctx, simActor(t, user), user, p, "")
			return err
		})
	case "desks":
		return w.desks(t, user, []int{0, 1, 1, 1, 2}[x.a%5])
	case "sleeping tab":
		return func() error { return w.sleepingTab(t, user, x) }
	case "setup":
		return func() error { return w.setup(t, x.a%6) }
	case "staff":
		return func() error { return w.staff(t, x) }
	case "again":
		return w.last
	case "cross":
		return func() error { return w.cross(t, x) }
	}
	return nil
}

func (w *world) act(t id.Tenant, what string, do func(m *floor.Manager) error) func() error {
	return func() error { return w.call(string(t)[len(t)-1:]+" "+what, do) }
}

func answerOf(ctx context.Context, by access.Actor, offer string, decline bool) func(m *floor.Manager) error {
	return func(m *floor.Manager) error {
		if decline {
			return m.Decline(ctx, by, offer)
		}
		_, err := m.Accept(ctx, by, offer)
		return err
	}
}

func (w *world) arrive(t id.Tenant, x turn) error {
	ch := simChannels[max(x.a%6-3, 0)]
	in := channel.Arrival{Tenant: t, Channel: ch, EntryPoint: simEntry(t, x.b%simQueues, x.b/4%3 == 0), Language: "en", Name: secret.New(fmt.Sprintf("person%d", x.a/8%5))}
	return w.call(fmt.Sprintf("%s arrive %s %s", string(t)[len(t)-1:], ch, in.EntryPoint), func(m *floor.Manager) error {
		it, _, err := m.Arrive(w.ctx, in)
		if err == nil {
			w.arrived[t] = append(w.arrived[t], it)
		}
		return err
	})
}

func (w *world) handle(t id.Tenant, x turn) func() error {
	r, ok := w.one(t, x.a, "active", "wrapping")
	if !ok {
		return nil
	}
	by := simActor(t, r.AgentID)
	if x.b%12 == 0 { // the wrong hand
		by = simActor(t, simAgents[x.b/12%4])
	}
	queue, to := w.target(x)
	return w.act(t, fmt.Sprintf("%s %s by %s", x.kind, r.ID, by.User), func(m *floor.Manager) (err error) {
		switch x.kind {
		case "finish":
			_, err = m.Finish(w.ctx, by, r.ID)
		case "complete":
			_, err = m.Complete(w.ctx, by, r.ID, "", nil)
		case "extend":
			_, err = m.Extend(w.ctx, by, r.ID)
		default:
			_, err = m.Transfer(w.ctx, by, r.ID, queue, to)
		}
		return err
	})
}

// target is where work is sent: a queue or a colleague.
func (w *world) target(x turn) (queue, user string) {
	if x.c%3 == 0 {
		return "", simAgents[x.b/16%4]
	}
	return simQueue(x.b / 16 % simQueues), ""
}

func (w *world) desks(t id.Tenant, user string, n int) func() error {
	return w.act(t, fmt.Sprintf("%s has %d desks", user, n), func(m *floor.Manager) error { return m.Connected(w.ctx, t, user, n) })
}

// sleepingTab: the browser is silent for a while and then comes back.
func (w *world) sleepingTab(t id.Tenant, user string, x turn) error {
	if err := w.desks(t, user, 0)(); err != nil {
		return err
	}
	if err := w.pass(time.Duration(x.a%25_000) * time.Millisecond); err != nil {
		return err
	}
	return w.desks(t, user, 1)()
}

func (w *world) setup(t id.Tenant, variant int) error {
	w.plans[t] = w.story.plan(t, variant)
	return w.call(fmt.Sprintf("%s set-up %d", string(t)[len(t)-1:], variant), func(m *floor.Manager) error { return m.Reload(w.ctx, t) })
}

// staff changes an agent's skills, or takes the agent away and back.
func (w *world) staff(t id.Tenant, x turn) error {
	i := x.b % len(simAgents)
	err := w.db.Write(w.ctx, t, func(tx *store.Tx) error {
		u, err := tx.User(simAgents[i])
		if err != nil {
			return err
		}
		u.Skills = w.story.skills(i, x.a%4)
		u.Status = []string{"active", "active", "locked"}[x.a/4%3]
		w.left[t][u.ID] = w.left[t][u.ID] || u.Status != "active"
		return tx.UpdateUser(u)
	})
	if err != nil {
		return err
	}
	return w.call(fmt.Sprintf("%s staff %s %d %d", string(t)[len(t)-1:], simAgents[i], x.a%4, x.a/4%3), func(m *floor.Manager) error { return m.Reload(w.ctx, t) })
}

// cross lets two or three things reach the floor in one batch, in this order.
func (w *world) cross(t id.Tenant, x turn) error {
	var calls []func() error
	if list := w.seen[t].offers; len(list) > 0 {
		o := list[x.a%len(list)]
		accept := w.act(t, "accept "+o.InteractionID, answerOf(w.ctx, simActor(t, o.UserID), o.ID, false))
		other := []func() error{
			w.act(t, "leave "+o.InteractionID, func(m *floor.Manager) error { return m.CustomerLeft(w.ctx, t, o.InteractionID) }),
			w.act(t, "accept again "+o.InteractionID, answerOf(w.ctx, simActor(t, o.UserID), o.ID, false)),
			w.act(t, "decline "+o.InteractionID, answerOf(w.ctx, simActor(t, o.UserID), o.ID, true)),
			w.act(t, "move "+o.InteractionID, func(m *floor.Manager) error {
				_, err := m.Move(w.ctx, supervisor(t), o.InteractionID, simQueue(x.c%simQueues), "", nil)
				return err
			}),
		}[x.b%4]
		calls = []func() error{accept, other}
		if x.b/4%2 == 0 {
			slices.Reverse(calls)
		}
	}
	for i := range 2 {
		y := turn{kind: []string{"arrive", "finish", "presence", "leave"}[(x.c/4+i)%4], a: x.b + i, b: x.a + i, c: x.c}
		if call := w.meaning(t, y); call != nil {
			calls = append(calls, call)
		}
	}
	w.note("together")
	release, held := make(chan struct{}), make(chan error, 1)
	m := w.node.floor
	go func() { held <- floor.Hold(w.ctx, m, t, release) }()
	synctest.Wait()
	w.crossing = true
	failed := make([]error, len(calls))
	done := make(chan struct{}, len(calls))
	for i, call := range calls {
		go func() { failed[i] = call(); done <- struct{}{} }()
		synctest.Wait()
	}
	close(release)
	for range calls {
		<-done
	}
	w.crossing = false
	for _, line := range slices.Sorted(slices.Values(w.crossed)) {
		w.note("%s", line)
	}
	w.crossed = nil
	return errors.Join(append(failed, <-held)...)
}

// faults are what goes wrong around the floor.
var faults = map[string]func(w *world, t id.Tenant, x turn) error{
	"fault: refused commit": func(w *world, t id.Tenant, x turn) error { return w.during(t, x, "refuse") },
	"fault: lost answer":    func(w *world, t id.Tenant, x turn) error { return w.during(t, x, "lose") },
	"fault: dies before":    func(w *world, t id.Tenant, x turn) error { return w.dying(t, x, "die before") },
	"fault: dies after":     func(w *world, t id.Tenant, x turn) error { return w.dying(t, x, "die after") },
	"fault: killed": func(w *world, _ id.Tenant, x turn) error {
		w.die(w.node)
		return w.next(x)
	},
	"restart": func(w *world, _ id.Tenant, x turn) error {
		if err := w.node.floor.Stop(w.ctx); err != nil {
			return err
		}
		return w.next(x)
	},
	"fault: fenced": (*world).fenced,
	"fault: clock": func(w *world, _ id.Tenant, x turn) error {
		w.offset.Add(int64(x.a%1200-600) * int64(time.Second))
		return nil
	},
}

// something is an ordinary turn for a fault to fall on.
func (w *world) something(t id.Tenant, x turn) func() error {
	for i := range 6 {
		y := turn{kind: []string{"accept", "finish", "arrive", "complete", "decline", "leave"}[(x.a+i)%6], a: x.b, b: x.c, c: x.a}
		if call := w.meaning(t, y); call != nil {
			return call
		}
	}
	return nil
}

// during does something whose write is refused, or stored with the answer lost.
func (w *world) during(t id.Tenant, x turn, how string) error {
	w.node.rows.fail(how)
	err := w.something(t, x)()
	synctest.Wait()
	w.node.rows.fail("")
	return err
}

// dying lets the process end in the middle of a write.
func (w *world) dying(t id.Tenant, x turn, how string) error {
	w.node.rows.fail(how)
	err := w.something(t, x)()
	w.die(w.node)
	return errors.Join(err, w.next(x))
}

// next starts the process again, or another, to which the desks come back.
func (w *world) next(x turn) error {
	name := w.node.name
	if x.b%3 == 0 {
		name = fmt.Sprintf("nod_%d", w.nodes+1)
	}
	if err := w.start(name); err != nil {
		return err
	}
	return w.comeBack(x.c)
}

func (w *world) comeBack(pattern int) error {
	for i, u := range simAgents {
		for _, t := range simTenants {
			if pattern>>i&1 == 0 {
				if err := w.desks(t, u, 1)(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fenced: a process is only slow; another takes its floors, and what the slow
// one then writes is refused.
func (w *world) fenced(t id.Tenant, x turn) error {
	old := w.node
	release := old.rows.stall()
	late, done := w.something(t, x), make(chan error, 1)
	go func() { done <- late() }()
	synctest.Wait()
	if err := w.start(fmt.Sprintf("nod_%d", w.nodes+1)); err != nil {
		release()
		return err
	}
	before, err := w.dump(t)
	if err != nil {
		return err
	}
	release()
	err = <-done
	synctest.Wait()
	after, e := w.dump(t)
	if e == nil && before != after {
		e = fmt.Errorf("a process without its lease wrote:\n%s\n%s", before, after)
	}
	err = errors.Join(err, e)
	err = errors.Join(err, old.floor.Stop(w.ctx))
	time.Sleep(6 * time.Second) // until leases are looked at again
	synctest.Wait()
	return errors.Join(err, w.await(), w.comeBack(x.c))
}
