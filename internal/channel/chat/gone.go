package chat

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

// gone watches for visitors who left without a word: no socket and no request
// for as long as the tenant's rule says. Its lock guards only its own maps and
// is never held across a call to another part.
type gone struct {
	s    *Service
	mu   sync.Mutex
	here map[string]*presence // open conversations by interaction
	due  dueHeap
	wake chan struct{}
	quit context.CancelFunc // nil while it does not watch
	done chan struct{}
}

type presence struct {
	Visitor
	sockets int
	due     time.Time // when it will have left; zero while a socket is open
}

type dueItem struct {
	at          time.Time
	interaction string
}

type dueHeap []dueItem

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueItem)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func newGone(s *Service) *gone {
	return &gone{s: s, here: map[string]*presence{}, wake: make(chan struct{}, 1)}
}

// begin lets g watch, and halt ends it.
func (g *gone) begin(ctx context.Context) {
	ctx, g.quit = context.WithCancel(context.WithoutCancel(ctx))
	g.done = make(chan struct{})
	go g.run(ctx)
}

func (g *gone) halt() {
	if g.quit == nil {
		return
	}
	g.quit()
	<-g.done
	g.quit = nil
}

// takeUp takes up the conversations that were open before a restart: their time
// runs from now. There may be very many, and none is due for minutes, so nobody
// waits for it; it tries until it can.
func (g *gone) takeUp(ctx context.Context) {
	pause := 100 * time.Millisecond
	for {
		err := g.takeUpAll(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		g.s.Log.Warn("open conversations could not be read; trying again", "code", errs.As(err).Code)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause = min(2*pause, 5*time.Second)
	}
}

func (g *gone) takeUpAll(ctx context.Context) error {
	var tenants []id.Tenant
	err := g.s.DB.SystemRead(ctx, func(tx *store.Tx) (err error) {
		tenants, err = tx.TenantsAwake(true) // where the floor rests no conversation is open
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range tenants {
		var talks []store.Talk
		err := g.s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
			talks, err = tx.Talks(string(acd.Chat))
			return err
		})
		if err != nil {
			return err
		}
		g.found(t, talks)
	}
	return nil
}

// found notes conversations that are open. What a visitor did meanwhile counts; a
// conversation that was closed meanwhile is forgotten when it is due.
func (g *gone) found(t id.Tenant, talks []store.Talk) {
	due := g.s.Clock.Now().Add(g.idle(t))
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range talks {
		if g.here[w.InteractionID] == nil {
			p := &presence{Visitor: Visitor{Tenant: t, Interaction: w.InteractionID, Contact: w.ContactID, EntryPoint: w.EntryPointID}}
			g.here[w.InteractionID] = p
			g.expect(p, due)
		}
	}
}

// expect notes when a visitor will have left who has no socket then.
func (g *gone) expect(p *presence, due time.Time) {
	p.due = time.Time{}
	if p.sockets == 0 && !p.LeftMessage {
		p.due = due
		heap.Push(&g.due, dueItem{due, p.Interaction})
	}
}

// arrived notes a conversation whose visitor has no socket yet.
func (g *gone) arrived(v Visitor, now time.Time) {
	idle := g.idle(v.Tenant)
	g.mu.Lock()
	p := g.here[v.Interaction]
	if p == nil {
		p = &presence{Visitor: v}
		g.here[v.Interaction] = p
	}
	g.expect(p, now.Add(idle))
	g.mu.Unlock()
	g.nudge()
}

// socket notes that a socket was opened (+1) or closed (-1).
func (g *gone) socket(v Visitor, change int, now time.Time) {
	idle := g.idle(v.Tenant)
	g.mu.Lock()
	p := g.here[v.Interaction]
	if p == nil {
		p = &presence{Visitor: v}
		g.here[v.Interaction] = p
	}
	p.sockets = max(0, p.sockets+change)
	g.expect(p, now.Add(idle))
	g.mu.Unlock()
	g.nudge()
}

func (g *gone) idle(t id.Tenant) time.Duration {
	if r, err := g.s.Setup.Rules(context.Background(), t); err == nil && r.IdleMinutes > 0 {
		return time.Duration(r.IdleMinutes) * time.Minute
	}
	return 10 * time.Minute
}

// keep notes that the visitor does not have to wait: it never is gone.
func (g *gone) keep(v Visitor) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.here[v.Interaction]
	if p == nil {
		p = &presence{Visitor: v}
		g.here[v.Interaction] = p
	}
	p.LeftMessage, p.due = true, time.Time{}
}

func (g *gone) forget(interaction string) {
	g.mu.Lock()
	delete(g.here, interaction)
	g.mu.Unlock()
}

func (g *gone) nudge() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// run sleeps until the next visitor may have left.
func (g *gone) run(ctx context.Context) {
	defer close(g.done)
	g.takeUp(ctx)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		left, next := g.left(g.s.Clock.Now())
		for _, v := range left {
			if err := g.s.Floor.CustomerLeft(context.Background(), v.Tenant, v.Interaction); err != nil && g.exists(v) {
				g.s.Log.Warn("a visitor who left was not noted; trying again", "tenant", v.Tenant, "interaction", v.Interaction, "code", errs.As(err).Code)
				g.arrived(v, g.s.Clock.Now().Add(10*time.Second-g.idle(v.Tenant)))
			}
		}
		timer.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-g.wake:
		case <-timer.C:
		}
	}
}

// exists is false once a conversation was erased, with its person or with all of
// its organisation; then nobody has to know who left.
func (g *gone) exists(v Visitor) bool {
	err := g.s.DB.Read(context.Background(), v.Tenant, func(tx *store.Tx) error {
		_, err := tx.Interaction(v.Interaction)
		return err
	})
	return !errs.Is(err, errs.NotFound)
}

// left takes out who has left by now, and says how long until the next may.
func (g *gone) left(now time.Time) (out []Visitor, next time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.due) > 0 {
		top := g.due[0]
		if top.at.After(now) {
			return out, top.at.Sub(now)
		}
		heap.Pop(&g.due)
		if p := g.here[top.interaction]; p != nil && p.due.Equal(top.at) { // else an older entry
			out = append(out, p.Visitor)
			delete(g.here, top.interaction)
		}
	}
	return out, time.Hour
}

// Here says whether the visitor has one socket more or less.
func (s *Service) Here(_ context.Context, v Visitor, here bool) error {
	change := -1
	if here {
		change = 1
	}
	s.gone.socket(v, change, s.Clock.Now())
	return nil
}
