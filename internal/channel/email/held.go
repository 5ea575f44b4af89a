package email

import (
	"container/list"
	"maps"
	"slices"
	"sync"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/setup"
)

// How much of messages is kept in memory; more is fetched again when it is wanted.
const (
	mostOfTenant = 64 << 20
	mostOfAll    = 256 << 20
)

// inMemory are messages in memory, the longest unused of which goes first.
type inMemory struct {
	mu     sync.Mutex
	all    map[string]*list.Element // by interaction
	order  *list.List               // the latest used in front
	sizes  map[id.Tenant]int64
	size   int64
	tenant int64 // bounds
	whole  int64

	back map[backKey][]secret.Text // whom answers of open interactions did not reach
}

// backKey names an answer.
type backKey struct {
	tenant                id.Tenant
	interaction, clientID string
}

// mostReturned is how many addresses are kept of one answer.
const mostReturned = 2 * setup.MostRecipients

// returned keeps whom an answer did not reach.
func (h *inMemory) returned(t id.Tenant, interaction, clientID string, list []secret.Text) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := backKey{t, interaction, clientID}
	for _, one := range list {
		if !slices.ContainsFunc(h.back[k], func(x secret.Text) bool { return x.Equal(one) }) && len(h.back[k]) < mostReturned {
			h.back[k] = append(h.back[k], one)
		}
	}
}

// notReached are whom an answer did not reach, as far as that is remembered.
func (h *inMemory) notReached(t id.Tenant, interaction, clientID string) (list []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.back[backKey{t, interaction, clientID}] {
		list = append(list, one.Reveal())
	}
	return list
}

type kept struct {
	tenant      id.Tenant
	interaction string
	m           *message.Message
	size        int64
}

func newHeld() *inMemory {
	return &inMemory{all: map[string]*list.Element{}, order: list.New(), sizes: map[id.Tenant]int64{}, tenant: mostOfTenant, whole: mostOfAll, back: map[backKey][]secret.Text{}}
}

// weight is about what a message takes.
func weight(m *message.Message) int64 {
	n := int64(4<<10 + m.Text.Len() + m.HTML.Len() + m.Subject.Len())
	for _, f := range m.Files {
		n += f.Size + 256
	}
	return n
}

func (h *inMemory) put(t id.Tenant, interaction string, m *message.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(h.all[interaction])
	k := &kept{t, interaction, m, weight(m)}
	if k.size > h.tenant {
		return
	}
	h.all[interaction] = h.order.PushFront(k)
	h.sizes[t] += k.size
	h.size += k.size
	for e := h.order.Back(); e != nil && h.sizes[t] > h.tenant; {
		before := e.Prev()
		if e.Value.(*kept).tenant == t {
			h.drop(e)
		}
		e = before
	}
	for h.size > h.whole {
		h.drop(h.order.Back())
	}
}

func (h *inMemory) get(t id.Tenant, interaction string) *message.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.all[interaction]
	if e == nil || e.Value.(*kept).tenant != t {
		return nil
	}
	h.order.MoveToFront(e)
	return e.Value.(*kept).m
}

func (h *inMemory) forget(t id.Tenant, interaction string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.back, func(k backKey, _ []secret.Text) bool { return k.tenant == t && k.interaction == interaction })
	if e := h.all[interaction]; e != nil && e.Value.(*kept).tenant == t {
		h.drop(e)
	}
}

// forgetAll drops a tenant's.
func (h *inMemory) forgetAll(t id.Tenant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.back, func(k backKey, _ []secret.Text) bool { return k.tenant == t })
	for e := h.order.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*kept).tenant == t {
			h.drop(e)
		}
		e = next
	}
}

func (h *inMemory) drop(e *list.Element) {
	if e == nil {
		return
	}
	k := h.order.Remove(e).(*kept)
	delete(h.all, k.interaction)
	h.size -= k.size
	if h.sizes[k.tenant] -= k.size; h.sizes[k.tenant] <= 0 {
		delete(h.sizes, k.tenant)
	}
}
