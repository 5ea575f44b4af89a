package contact

import (
	"context"
	"encoding/json"
	"sync"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
)

const (
	batch    = 32 // keys made in one write of the key store
	lowWater = 8  // fewer than these ready: make another batch
)

// reserve holds contact ids whose keys exist already. An id that is never used
// (a stop, an arrival that was undone) leaves a key that opens nothing.
type reserve struct {
	deps Deps
	want chan id.Tenant // tenants that run low; nil tenants never wait for it

	mu   sync.Mutex
	ids  map[id.Tenant][]string
	stop func() // nil while not running
	done chan struct{}
}

func newReserve(d Deps) *reserve {
	return &reserve{deps: d, want: make(chan id.Tenant, 64), ids: map[id.Tenant][]string{}}
}

// take answers an id with a ready key, or makes one.
func (r *reserve) take(ctx context.Context, t id.Tenant) (string, error) {
	r.mu.Lock()
	var got string
	ready := r.ids[t]
	if n := len(ready); n > 0 {
		got, r.ids[t] = ready[n-1], ready[:n-1]
	}
	low, running := len(r.ids[t]) < lowWater, r.stop != nil
	r.mu.Unlock()
	if low && running {
		select {
		case r.want <- t:
		default: // it has enough to do; this tenant asks again at its next arrival
		}
	}
	if got != "" {
		return got, nil
	}
	got = r.deps.IDs.New(id.Contact)
	return got, r.deps.Keys.CreateContacts(ctx, t, []string{got})
}

// drop forgets the ready ids of a tenant whose keys are gone.
func (r *reserve) drop(t id.Tenant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, t)
}

func (r *reserve) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-r.want:
			r.refill(ctx, t)
		}
	}
}

func (r *reserve) refill(ctx context.Context, t id.Tenant) {
	r.mu.Lock()
	enough := len(r.ids[t]) >= lowWater
	r.mu.Unlock()
	if enough {
		return
	}
	fresh := make([]string, batch)
	for i := range fresh {
		fresh[i] = r.deps.IDs.New(id.Contact)
	}
	if err := r.deps.Keys.CreateContacts(ctx, t, fresh); err != nil {
		if ctx.Err() == nil { // arrivals make their own meanwhile
			r.deps.Log.Warn("keys for new contacts could not be made in advance", "tenant", t, "code", errs.As(err).Code)
		}
		return
	}
	r.mu.Lock()
	r.ids[t] = append(r.ids[t], fresh...)
	r.mu.Unlock()
}

func (s *Service) begin() {
	r := s.ready
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	unsubscribe := func() {}
	if s.Bus != nil {
		unsubscribe = s.Bus.Subscribe(s.heard)
	}
	done := make(chan struct{})
	r.stop, r.done = func() { unsubscribe(); cancel() }, done
	go func() {
		defer close(done)
		r.run(ctx)
	}()
}

func (s *Service) end() {
	r := s.ready
	r.mu.Lock()
	stop, done := r.stop, r.done
	r.stop = nil
	r.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
}

// destroyed is the data of a KeyDestroyed event.
type destroyed struct {
	Contact string `json:"contact"`
}

// heard forgets keys that were destroyed anywhere, and all of a tenant's (or of
// everybody) when events were missed.
func (s *Service) heard(e bus.Event) {
	var d destroyed
	switch e.Kind {
	case bus.Overflow:
	case KeyDestroyed:
		if len(e.Data) > 0 && json.Unmarshal(e.Data, &d) != nil {
			d.Contact = "" // forgetting too much is harmless
		}
		if d.Contact == "" {
			s.ready.drop(e.Tenant)
		}
	default:
		return
	}
	s.Keys.Forget(e.Tenant, d.Contact)
}

// ForgetTenant drops what is held in memory of a tenant whose keys are destroyed.
func (s *Service) ForgetTenant(t id.Tenant) {
	s.ready.drop(t)
	s.Keys.Forget(t, "")
}

// tellDestroyed makes other nodes forget a contact's key. If they cannot be
// reached, they forget it by themselves within minutes (vault.Config.CacheFor).
func (s *Service) tellDestroyed(t id.Tenant, contact string) {
	if s.Bus == nil {
		return
	}
	data, err := json.Marshal(destroyed{contact})
	if err == nil {
		err = s.Bus.Publish(bus.Event{Tenant: t, Kind: KeyDestroyed, Data: data})
	}
	if err != nil {
		s.Log.Warn("other nodes were not told of a destroyed key", "tenant", t, "contact", contact, "code", errs.As(err).Code)
	}
}
