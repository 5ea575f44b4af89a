package contact_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"nubitalk/internal/app/contact"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/store"
)

// wires carries events between nodes at once.
type wires struct {
	mu   sync.Mutex
	to   map[int]func(bus.Event)
	next int
	down bool
}

func (w *wires) Publish(e bus.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return errors.New("no connection")
	}
	for _, fn := range w.to {
		fn(e)
	}
	return nil
}

func (w *wires) Subscribe(fn func(bus.Event)) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	n := w.next
	w.to[n] = fn
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.to, n)
	}
}

// forgotten notes what a node was told to forget.
type forgotten struct {
	contact.Keys
	what chan string
}

func (f forgotten) Forget(t id.Tenant, contact string) { f.what <- string(t) + " " + contact }

func TestOtherNodesForgetDestroyedKeys(t *testing.T) {
	f := open(t, store.SQLite)
	w := &wires{to: map[int]func(bus.Event){}}
	here, there := f.deps, f.deps
	there.Keys, there.Bus = forgotten{f.vault, make(chan string, 10)}, w
	here.Bus = w
	heard := there.Keys.(forgotten).what
	node := contact.New(there)
	must(t, node.Start(t.Context()))
	f.Service = contact.New(here)
	want := func(what string) {
		t.Helper()
		select {
		case got := <-heard:
			if got != what {
				t.Errorf("forgot %q, want %q", got, what)
			}
		default:
			if what != "" {
				t.Errorf("forgot nothing, want %q", what)
			}
		}
	}
	ana := f.person(t, tenA, "ana@example.org")
	_, err := f.Erase(t.Context(), officer(tenA), ana.contact)
	must(t, err)
	want(string(tenA) + " " + ana.contact) // as the key goes
	want(string(tenA) + " " + ana.contact) // and as what it left does
	for _, c := range []struct {
		e    bus.Event
		want string
	}{
		{bus.Event{Tenant: tenA, Kind: contact.KeyDestroyed}, string(tenA) + " "},
		{bus.Event{Tenant: tenA, Kind: contact.KeyDestroyed, Data: json.RawMessage(`[]`)}, string(tenA) + " "},
		{bus.Event{Tenant: tenB, Kind: bus.Overflow}, string(tenB) + " "},
		{bus.Event{Kind: bus.Overflow}, " "},
		{bus.Event{Tenant: tenA, Kind: "message.added", Data: json.RawMessage(`{"contact":"con_1"}`)}, ""},
	} {
		must(t, w.Publish(c.e))
		want(c.want)
	}
	bob := f.person(t, tenA, "bob@example.org")
	w.down = true // they forget by themselves within minutes; the erasure does not wait
	_, err = f.Erase(t.Context(), officer(tenA), bob.contact)
	must(t, err)
	f.wantGone(t, tenA, bob)
	w.down = false
	must(t, node.Stop(t.Context()))
	must(t, w.Publish(bus.Event{Tenant: tenA, Kind: contact.KeyDestroyed}))
	want("")
	if _, err := f.Receipt(t.Context(), officer(tenA), bob.contact); errs.Is(err, errs.NotFound) {
		t.Error("no receipt")
	}
}
