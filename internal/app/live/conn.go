package live

import (
	"context"
	"encoding/json"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
)

// maxWatched is how many interactions one connection may follow.
const maxWatched = 50

// watchAgain is how long after coming back a client may say again what it
// watches and get what it missed of it.
const watchAgain = 30 * time.Second

// Conn is one live connection of a user. Its fields belong to the room's lock.
type Conn struct {
	room    *room
	out     Outbox
	actor   access.Actor
	sent    uint64
	watches map[string]struct{}
	since   uint64    // the cursor it came back with; the ring's end if it did not
	resume  time.Time // until when what it watches again is resumed too; zero if it did not come back
	resumed map[string]struct{}
	gone    bool
}

// hello answers a client's first frame.
type hello struct {
	Type    string `json:"type"`
	Cursor  string `json:"cursor"`
	Resumed bool   `json:"resumed"`
}

// Join adds a connection. The answer to its hello, what it missed since cursor,
// and all that happens from now on go to out in this order.
func (h *Hub) Join(a access.Actor, cursor string, out Outbox) *Conn {
	r := h.enter(a.Tenant)
	c := &Conn{room: r, out: out, actor: a, watches: map[string]struct{}{}}
	r.mu.Lock()
	var missed [][]byte
	seq, resumed := h.parseCursor(cursor)
	if resumed {
		missed, resumed = r.since(a, seq)
	}
	if resumed {
		c.since, c.resume, c.resumed = seq, h.Clock.Now().Add(watchAgain), map[string]struct{}{}
	} else {
		c.since = r.seq
	}
	// Its own cursor, not the latest: what it missed is still to come.
	b, _ := json.Marshal(hello{"hello", h.cursor(c.since), resumed}) // strings only
	out.Send(b)
	for _, m := range missed {
		out.Send(m)
	}
	c.sent = r.seq
	r.conns[c] = struct{}{}
	put(r.byUser, a.User, c)
	c.index()
	r.mu.Unlock()
	h.conns.Add(1)
	c.tellFloor()
	return c
}

// index notes which permissions the actor holds for the tenant.
func (c *Conn) index() {
	for _, rule := range access.Table() {
		index(c.room.byWatch, rule.Permission, c, holds(c.actor, rule.Permission))
		index(c.room.byPart, rule.Permission, c, part(c.actor, rule.Permission))
	}
}

func index(by map[access.Permission]map[*Conn]struct{}, p access.Permission, c *Conn, in bool) {
	if in {
		put(by, p, c)
	} else {
		drop(by, p, c)
	}
}

// Leave removes the connection; a second call does nothing.
func (c *Conn) Leave() {
	r := c.room
	r.mu.Lock()
	if c.gone {
		r.mu.Unlock()
		return
	}
	c.gone = true
	delete(r.conns, c)
	if len(r.conns) == 0 {
		r.unseen = r.hub.Clock.Now()
	}
	drop(r.byUser, c.actor.User, c)
	for _, rule := range access.Table() {
		drop(r.byWatch, rule.Permission, c)
		drop(r.byPart, rule.Permission, c)
	}
	for i := range c.watches {
		drop(r.watched, i, c)
	}
	r.mu.Unlock()
	r.hub.conns.Add(-1)
	c.tellFloor()
	r.hub.leave(r)
}

// tellFloor says how many desks the user has now. Counts are read and told one
// after another, so the last one told is the last one true.
func (c *Conn) tellFloor() {
	if access.Reach(c.actor, access.DeskUse) == access.None {
		return
	}
	r := c.room
	r.telling.Lock()
	defer r.telling.Unlock()
	r.mu.Lock()
	n := len(r.byUser[c.actor.User])
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), tellTime)
	defer cancel()
	if err := r.hub.Floor.Connected(ctx, r.tenant, c.actor.User, n); err != nil {
		r.hub.Log.Warn("the floor could not be told who is connected", "tenant", r.tenant, "user", c.actor.User, "error", err)
	}
}

// Become gives the connection what its actor is now. What it saw so far may be
// too much or too little, so it is told to fetch again.
func (c *Conn) Become(a access.Actor) {
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.gone {
		return
	}
	c.actor = a
	c.index()
	for i := range c.watches {
		delete(c.watches, i)
		drop(r.watched, i, c)
	}
	c.out.Send(r.resync())
}

// Resync hands over the frame that tells a slow reader to fetch again. No event
// comes between what the frame's cursor names and what is sent after it.
func (c *Conn) Resync(restart func(frame []byte)) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	restart(c.room.resync())
}

// Watch follows one interaction that the actor may read. On a connection that
// has just come back, what was missed of it since its cursor is sent first.
func (c *Conn) Watch(ctx context.Context, interaction string) error {
	if !id.Valid(id.Interaction, interaction) {
		return errs.Bad("interaction", "must be the id of an interaction")
	}
	r := c.room
	r.mu.Lock()
	a, n := c.actor, len(c.watches)
	r.mu.Unlock()
	if n >= maxWatched {
		return errs.New(errs.Limited, "At most %d conversations can be watched at a time.", maxWatched)
	}
	if err := r.hub.Reader.MayRead(ctx, a, interaction); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.gone {
		return nil
	}
	c.watches[interaction] = struct{}{}
	put(r.watched, interaction, c)
	if _, done := c.resumed[interaction]; !done && r.hub.Clock.Now().Before(c.resume) {
		c.resumed[interaction] = struct{}{}
		for _, f := range r.ofInteraction(c.actor, interaction, c.since) {
			c.out.Send(f)
		}
	}
	return nil
}

// Unwatch ends Watch.
func (c *Conn) Unwatch(interaction string) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	delete(c.watches, interaction)
	drop(c.room.watched, interaction, c)
}

// stillMayRead asks again about a watched interaction whose holder may have
// changed. The room's lock is held. Who reads all of the tenant keeps reading.
func (c *Conn) stillMayRead(interaction string) {
	if holds(c.actor, access.WorkRead) {
		return
	}
	a := c.actor
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), tellTime)
		defer cancel()
		if c.room.hub.Reader.MayRead(ctx, a, interaction) != nil {
			c.Unwatch(interaction)
		}
	}()
}

// VisitorConn is one socket of a conversation's visitor.
type VisitorConn struct {
	room        *room
	interaction string
	out         VisitorOutbox
	gone        bool
}

// JoinVisitor adds a visitor's socket to its conversation.
func (h *Hub) JoinVisitor(t id.Tenant, interaction string, out VisitorOutbox) *VisitorConn {
	r := h.enter(t)
	v := &VisitorConn{room: r, interaction: interaction, out: out}
	r.mu.Lock()
	put(r.visitors, interaction, v)
	r.mu.Unlock()
	h.visitors.Add(1)
	return v
}

// Leave removes the socket; a second call does nothing.
func (v *VisitorConn) Leave() {
	r := v.room
	r.mu.Lock()
	if v.gone {
		r.mu.Unlock()
		return
	}
	v.gone = true
	drop(r.visitors, v.interaction, v)
	r.mu.Unlock()
	r.hub.visitors.Add(-1)
	r.hub.leave(r)
}
