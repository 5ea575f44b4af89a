package live

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
)

// room is one tenant's connections and its latest events.
type room struct {
	hub        *Hub
	tenant     id.Tenant
	inside     int       // under Hub.mu
	emptySince time.Time // under Hub.mu

	mu       sync.Mutex
	seq      uint64 // of the latest event
	first    uint64 // of the oldest event in ring; seq+1 when it is empty
	ring     []past
	bytes    int
	conns    map[*Conn]struct{}
	byUser   map[string]map[*Conn]struct{}
	byWatch  map[access.Permission]map[*Conn]struct{} // who holds it for the tenant
	byPart   map[access.Permission]map[*Conn]struct{} // who holds it for a part of the tenant
	watched  map[string]map[*Conn]struct{}            // by interaction
	visitors map[string]map[*VisitorConn]struct{}     // by interaction
	unseen   time.Time                                // since when conns is empty

	telling sync.Mutex // the floor hears counts one after another
}

// past is an event as it was sent, with who may see it.
type past struct {
	frame       []byte
	users       []string
	watch       access.Permission
	only        bool
	interaction string
	in          access.RolePart // to what it belongs
	hint        bool            // who holds watch for a part sees it, too
	left        access.RolePart // where what it is about belonged before
	gone        []byte          // the frame for who knows of it by that alone; nil: none
}

func newRoom(h *Hub, t id.Tenant) *room {
	return &room{hub: h, tenant: t, first: 1, conns: map[*Conn]struct{}{}, byUser: map[string]map[*Conn]struct{}{},
		byWatch: map[access.Permission]map[*Conn]struct{}{}, byPart: map[access.Permission]map[*Conn]struct{}{}, watched: map[string]map[*Conn]struct{}{}, visitors: map[string]map[*VisitorConn]struct{}{}}
}

// frame is one event on the wire (docs/api.md). The bus carries nothing as data
// that is not JSON; kinds and cursors need no escaping.
func frame(kind, cursor string, data json.RawMessage) []byte {
	b := make([]byte, 0, len(kind)+len(cursor)+len(data)+len(`{"type":"","cursor":"","data":}`))
	b = append(append(append(b, `{"type":"`...), kind...), '"')
	if cursor != "" {
		b = append(append(append(b, `,"cursor":"`...), cursor...), '"')
	}
	if len(data) > 0 {
		b = append(append(b, `,"data":`...), data...)
	}
	return append(b, '}')
}

// deliver numbers an event, keeps it and sends it to those who may see it.
func (r *room) deliver(e bus.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Visitor != nil {
		for v := range r.visitors[e.Interaction] {
			v.out.Send(e.Visitor)
		}
	}
	if e.Data == nil {
		return
	}
	if len(r.conns) == 0 && r.hub.Clock.Now().Sub(r.unseen) > keepEmpty {
		r.forget() // nobody would come back for it
		return
	}
	r.seq++
	b := frame(e.Kind, r.hub.cursor(r.seq), e.Data)
	p := past{frame: b, users: e.Users, watch: e.Watch, only: e.Only, interaction: e.Interaction, in: e.In, hint: e.Hint}
	if e.Left != nil {
		p.left, p.gone = e.Left.In, r.gone(e)
	}
	r.remember(p)
	for _, u := range e.Users {
		if e.Only {
			r.send(both(r.byUser[u], r.byWatch[e.Watch]), b)
			r.sendPart(both(r.byUser[u], r.byPart[e.Watch]), p)
		} else {
			r.send(r.byUser[u], b)
		}
	}
	if e.Watch != "" && !e.Only {
		r.send(r.byWatch[e.Watch], b)
		r.sendPart(r.byPart[e.Watch], p)
	}
	if e.Interaction != "" {
		watching := r.watched[e.Interaction]
		r.send(watching, b)
		if e.Kind == "interaction.changed" {
			for c := range watching {
				c.stillMayRead(e.Interaction)
			}
		}
	}
}

// both are the connections that are in one and in the other.
func both(one, other map[*Conn]struct{}) map[*Conn]struct{} {
	in := map[*Conn]struct{}{}
	for c := range one {
		if _, ok := other[c]; ok {
			in[c] = struct{}{}
		}
	}
	return in
}

// send sends the latest event to each once.
func (r *room) send(to map[*Conn]struct{}, b []byte) {
	for c := range to {
		if c.sent < r.seq {
			c.sent = r.seq
			c.out.Send(b)
		}
	}
}

// sendPart sends to each what it may see of the latest event by a part of the tenant.
func (r *room) sendPart(to map[*Conn]struct{}, p past) {
	for c := range to {
		if b := p.ofPart(c.actor); b != nil {
			r.send(map[*Conn]struct{}{c: {}}, b)
		}
	}
}

// gone is the event for who knows of a thing only by where it was: agent.left for
// agent.changed.
func (r *room) gone(e bus.Event) []byte {
	data, _ := json.Marshal(map[string]string{"id": e.Left.ID})
	kind, _, _ := strings.Cut(e.Kind, ".")
	return frame(kind+".left", r.hub.cursor(r.seq), data)
}

func (r *room) remember(p past) {
	r.ring = append(r.ring, p)
	r.bytes += len(p.frame)
	drop := 0
	for len(r.ring)-drop > r.hub.Events || r.bytes > r.hub.Bytes && drop < len(r.ring) {
		r.bytes -= len(r.ring[drop].frame)
		r.ring[drop] = past{}
		drop++
	}
	r.ring = r.ring[drop:]
	r.first = r.seq - uint64(len(r.ring)) + 1
}

// forget makes every cursor so far unknown.
func (r *room) forget() {
	r.seq++ // a cursor at the number before must not look up to date
	r.ring, r.bytes, r.first = nil, 0, r.seq+1
}

// lost tells everybody to fetch again, because events were missed.
func (r *room) lost() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	for c := range r.conns {
		c.out.Send(r.resync())
	}
	for _, list := range r.visitors {
		for v := range list {
			v.out.Missed()
		}
	}
}

func (r *room) resync() []byte {
	return frame("resync", r.hub.cursor(r.seq), nil)
}

// recheck lets connections ask again who they are.
func (r *room) recheck(data json.RawMessage) {
	ch := readChange(data)
	r.mu.Lock()
	defer r.mu.Unlock()
	conns := r.conns
	if ch.User != "" {
		conns = r.byUser[ch.User]
	}
	for c := range conns {
		reason := ch.Reason
		if len(ch.Sessions) > 0 && !slices.Contains(ch.Sessions, c.actor.Session) {
			reason = ""
		}
		c.out.Recheck(reason)
	}
}

// end makes nothing of the past to be had, and sends everybody to the door.
func (r *room) end(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	for c := range r.conns {
		c.out.Recheck(reason)
	}
	for _, list := range r.visitors {
		for v := range list {
			v.out.Missed()
		}
	}
}

// since answers with what an actor may see of the events after seq; ok is false
// when they are not all known any more.
func (r *room) since(a access.Actor, seq uint64) (frames [][]byte, ok bool) {
	if seq > r.seq || seq+1 < r.first {
		return nil, false
	}
	for _, p := range r.after(seq) {
		if f := p.shown(a); f != nil {
			frames = append(frames, f)
		}
	}
	return frames, true
}

// after is the part of the ring above seq.
func (r *room) after(seq uint64) []past {
	return r.ring[max(0, len(r.ring)-int(r.seq-min(seq, r.seq))):]
}

// shown is what the actor saw of the event without watching its interaction; nil is
// nothing.
func (p past) shown(a access.Actor) []byte {
	mine := slices.Contains(p.users, a.User)
	switch {
	case p.only && !mine:
		return nil
	case mine && !p.only, p.watch != "" && holds(a, p.watch):
		return p.frame
	}
	return p.ofPart(a)
}

// ofPart is what the actor sees of the event by a part of the tenant; nil is nothing.
func (p past) ofPart(a access.Actor) []byte {
	if p.watch == "" {
		return nil
	}
	sees := func(in access.RolePart) bool {
		return access.Over(a, p.watch, access.Some(a.Tenant, in)) == access.SomeOf
	}
	switch {
	case p.hint && access.Reach(a, p.watch) == access.SomeOf, sees(p.in):
		return p.frame
	case p.gone != nil && sees(p.left):
		return p.gone
	}
	return nil
}

// ofInteraction answers with what the ring has of an interaction above seq and
// the actor did not see yet. The frames carry no cursor, because newer ones may
// have been sent before.
func (r *room) ofInteraction(a access.Actor, interaction string, seq uint64) (frames [][]byte) {
	for _, p := range r.after(seq) {
		var f struct {
			Type string          `json:"type"`
			Data json.RawMessage `json:"data"`
		}
		if p.interaction == interaction && p.shown(a) == nil && json.Unmarshal(p.frame, &f) == nil {
			frames = append(frames, frame(f.Type, "", f.Data))
		}
	}
	return frames
}

// part says whether the actor has the permission for a part of its tenant.
func part(a access.Actor, p access.Permission) bool { return access.Reach(a, p) == access.SomeOf }

// holds says whether the actor has the permission for its whole tenant.
func holds(a access.Actor, p access.Permission) bool {
	return access.May(a, p, access.Thing{Tenant: a.Tenant})
}

func put[K comparable, V comparable](m map[K]map[V]struct{}, k K, v V) {
	if m[k] == nil {
		m[k] = map[V]struct{}{}
	}
	m[k][v] = struct{}{}
}

func drop[K comparable, V comparable](m map[K]map[V]struct{}, k K, v V) {
	delete(m[k], v)
	if len(m[k]) == 0 {
		delete(m, k)
	}
}
