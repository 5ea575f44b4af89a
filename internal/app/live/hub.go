package live

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
)

// Outbox is where a connection's frames go. Its methods never wait.
type Outbox interface {
	// Send takes a whole frame, which is shared and must not be changed.
	Send(frame []byte)
	// Recheck says that the account may have changed: ask again who it is. If it
	// is nobody any more, reason says why.
	Recheck(reason string)
}

// VisitorOutbox is where a visitor's frames go. Its methods never wait.
type VisitorOutbox interface {
	Send(frame []byte)
	// Missed says that frames were lost: the visitor must ask again.
	Missed()
}

// Reader says whether an actor may read an interaction now.
type Reader interface {
	MayRead(ctx context.Context, a access.Actor, interaction string) error
}

// Floor is told how many live desks a user has on this node.
type Floor interface {
	Connected(ctx context.Context, t id.Tenant, user string, n int) error
}

// Bus is where events come from.
type Bus interface {
	Subscribe(fn func(bus.Event)) (cancel func())
}

// Config is what a hub works with.
type Config struct {
	Bus    Bus
	Reader Reader
	Floor  Floor
	Clock  clock.Clock
	Log    *slog.Logger
	// Events and Bytes bound a room's ring; 0 means 1,024 and 1 MiB.
	Events int
	Bytes  int
}

// How long a room without anybody is kept, so that who comes back gets what it
// missed, and how long telling the floor may take.
const (
	keepEmpty = 10 * time.Minute
	tellTime  = 10 * time.Second
)

// accountChanged is the kind of the event by which app/account tells that
// sessions ended or roles changed. It is not for browsers.
const accountChanged = "account.changed"

// Hub is the live connections of one node.
type Hub struct {
	Config
	epoch string // of this start; cursors of another are not known here

	mu     sync.Mutex
	rooms  map[id.Tenant]*room
	cancel func()

	conns    atomic.Int64
	visitors atomic.Int64
}

// New makes a hub.
func New(c Config) *Hub {
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Events <= 0 {
		c.Events = 1024
	}
	if c.Bytes <= 0 {
		c.Bytes = 1 << 20
	}
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return &Hub{Config: c, epoch: strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])), rooms: map[id.Tenant]*room{}}
}

// Start begins to listen.
func (h *Hub) Start(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cancel == nil {
		h.cancel = h.Bus.Subscribe(h.hear)
	}
	return nil
}

// Stop ends listening. Connections are api's to close.
func (h *Hub) Stop(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cancel != nil {
		h.cancel()
		h.cancel = nil
	}
	return nil
}

// End lets everybody of a tenant ask again who they are, because it ended.
func (h *Hub) End(t id.Tenant, reason string) {
	h.mu.Lock()
	r := h.rooms[t]
	h.mu.Unlock()
	if r != nil {
		r.end(reason)
	}
}

// Count is how many users' and visitors' connections are open on this node.
func (h *Hub) Count() (users, visitors int) { return int(h.conns.Load()), int(h.visitors.Load()) }

func (h *Hub) list() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		out = append(out, r)
	}
	return out
}

// enter finds or opens a tenant's room and keeps it from being closed until
// leave.
func (h *Hub) enter(t id.Tenant) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[t]
	if r == nil {
		h.closeEmpty()
		r = newRoom(h, t)
		h.rooms[t] = r
	}
	r.inside++
	return r
}

func (h *Hub) leave(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.inside--
	r.emptySince = h.Clock.Now()
}

// closeEmpty drops rooms where nobody has been for a while.
func (h *Hub) closeEmpty() {
	for t, r := range h.rooms {
		if r.inside == 0 && h.Clock.Now().Sub(r.emptySince) > keepEmpty {
			delete(h.rooms, t)
		}
	}
}

// hear takes one event from the bus.
func (h *Hub) hear(e bus.Event) {
	if e.Kind == bus.Overflow && e.Tenant == "" {
		for _, r := range h.list() {
			r.lost()
		}
		return
	}
	h.mu.Lock()
	r := h.rooms[e.Tenant]
	h.mu.Unlock()
	if r == nil {
		return // nobody is here, and nobody was lately
	}
	switch e.Kind {
	case bus.Overflow:
		r.lost()
	case accountChanged:
		r.recheck(e.Data)
	default:
		r.deliver(e)
	}
}

// change is the part of app/account's event that matters here.
type change struct {
	User     string   `json:"user"`
	Sessions []string `json:"sessions"`
	Reason   string   `json:"reason"`
}

func readChange(data json.RawMessage) change {
	var c change
	if json.Unmarshal(data, &c) != nil {
		return change{} // better to ask too many
	}
	return c
}
