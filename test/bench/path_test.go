//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/app/live"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
	"nubitalk/internal/vault/vaulttest"
)

const (
	tenant = storetest.TenantA
	queue  = "que_1"
	worker = "usr_1"
	talks  = 50 // conversations at once
)

// path is the way of a message inside the program, without sockets: chat, store,
// vault, bus and the hub of live connections, over SQLite.
type path struct {
	db    *store.DB
	vault *vault.Vault
	ids   *id.Source
	plan  floor.Plan
	entry string
}

// outbox counts what an agent's connection would send.
type outbox struct{ added atomic.Int64 }

func (o *outbox) Send(f []byte) {
	if len(f) > len(messageAdded) && string(f[:len(messageAdded)]) == string(messageAdded) {
		o.added.Add(1)
	}
}
func (*outbox) Recheck(string) {}
func (*outbox) Missed()        {}

// BenchmarkMessagePath is a message from chat.Say to the outboxes of the agent
// and the visitor; profile it with -cpuprofile.
func BenchmarkMessagePath(b *testing.B) {
	h := &path{ids: id.NewSource(time.Now, nil), entry: "ent_" + string(tenant)[4:], db: storetest.Open(b, store.SQLite)}
	storetest.Organisations(b, h.db, tenant)
	h.vault = vaulttest.New(b, tenant)
	blobs, err := blob.OpenDir(b.TempDir())
	fatal(b, err)
	carrier, err := bus.Open(bus.Config{Name: "bench"})
	fatal(b, err)
	b.Cleanup(carrier.Close)
	h.furnish(b)
	log, now := slog.New(slog.DiscardHandler), clock.Real{}
	m := floor.New(floor.Deps{DB: h.db, Vault: h.vault, Bus: carrier, Clock: now, IDs: h.ids, Setup: h, Contacts: h, Node: "nod_1", Log: log})
	c := chat.New(chat.Deps{DB: h.db, Vault: h.vault, Blobs: blobs, Bus: carrier, Clock: now, IDs: h.ids, Setup: h, People: h, Floor: m, Log: log})
	m.Drive(acd.Chat, c)
	fatal(b, m.Start(b.Context()))
	fatal(b, c.Begin(b.Context()))
	b.Cleanup(func() { _ = c.Halt(context.Background()); _ = m.Stop(context.Background()) })
	hub := live.New(live.Config{Bus: carrier, Reader: h, Floor: m})
	fatal(b, hub.Start(b.Context()))
	actor := access.Actor{Tenant: tenant, User: worker, Roles: []access.Role{access.Agent}}
	desk, page := &outbox{}, &outbox{}
	hub.Join(actor, "", desk)
	_, err = m.SetPresence(b.Context(), actor, worker, acd.Ready, "")
	fatal(b, err)
	var visitors []chat.Visitor
	for i := range talks {
		s, err := c.Start(b.Context(), h.entry, chat.Start{Name: secret.New("Ana"), Language: "en", ClientID: fmt.Sprint("first", i)})
		fatal(b, err)
		v, err := c.Visitor(b.Context(), secret.New(s.Token))
		fatal(b, err)
		hub.JoinVisitor(tenant, v.Interaction, page)
		d, err := m.Desk(b.Context(), actor)
		fatal(b, err)
		for _, o := range d.Offers {
			_, err := m.Accept(b.Context(), actor, o.ID)
			fatal(b, err)
		}
		visitors = append(visitors, v)
	}
	before, heard := spent(), desk.added.Load()
	var next atomic.Int64
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := next.Add(1)
			text := secret.New(fmt.Sprintf("Where is my parcel? It was sent a week ago, number %d", n))
			if _, err := c.Say(b.Context(), visitors[n%talks], fmt.Sprint(n), text); err != nil {
				b.Error(err)
			}
		}
	})
	for desk.added.Load()-heard < int64(b.N) && !b.Failed() {
		time.Sleep(time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64((spent()-before).Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
}

func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func fatal(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (h *path) furnish(b *testing.B) {
	raw, err := json.Marshal(flow.Graph{Start: "q", Nodes: map[string]flow.Node{"q": {Type: flow.Enqueue, Queue: queue}}})
	fatal(b, err)
	g, err := flow.Parse(raw)
	fatal(b, err)
	q := setup.DefaultQueue("Billing")
	q.Members = []string{worker}
	e := setup.DefaultEntryPoint("Web shop", "flo_1", "")
	e.ConsentText = ""
	h.plan = floor.Plan{TimeZone: time.UTC, Rules: setup.DefaultRules(), Queues: map[string]setup.Queue{queue: q},
		EntryPoints: map[string]setup.EntryPoint{h.entry: e}, Flows: map[string]floor.PlannedFlow{"flo_1": {Version: 1, Graph: g}}}
	fatal(b, h.db.Write(b.Context(), tenant, func(tx *store.Tx) error {
		return tx.InsertUser(store.UserRow{ID: worker, UserName: "a7", UserNameKey: "a7", Status: "active", Roles: []string{"agent"},
			Capacity: map[string]int{"chat": talks}, Language: "en", CreatedAt: time.Now()})
	}))
}

// What the parts ask of others.

func (h *path) Consented(*store.Tx, string, string, channel.Consent) error { return nil }

func (h *path) Plan(context.Context, id.Tenant) (floor.Plan, error) { return h.plan, nil }
func (h *path) Flow(_ context.Context, _ id.Tenant, f string, _ int64) (floor.PlannedFlow, error) {
	return h.plan.Flows[f], nil
}
func (h *path) EntryPoint(_ context.Context, e string) (id.Tenant, setup.EntryPoint, error) {
	if v, ok := h.plan.EntryPoints[e]; ok {
		return tenant, v, nil
	}
	return "", setup.EntryPoint{}, errs.New(errs.NotFound, "There is no such chat.")
}
func (h *path) ConsentText(context.Context, id.Tenant, string) (setup.ConsentText, int64, error) {
	return setup.DefaultConsentText(), 1, nil
}
func (h *path) QueueName(context.Context, id.Tenant, string) string { return "Billing" }
func (h *path) Rules(context.Context, id.Tenant) (setup.Rules, error) {
	return h.plan.Rules, nil
}
func (h *path) PublicName(context.Context, id.Tenant, string) string { return "Heron" }
func (h *path) MayRead(context.Context, access.Actor, string) error  { return nil }
func (h *path) Resolve(tx *store.Tx, a channel.Arrival, _ string) (string, error) {
	c := h.ids.New(id.Contact)
	if err := h.vault.CreateContact(tx.Context(), a.Tenant, c); err != nil {
		return "", err
	}
	return c, tx.InsertContact(store.ContactRow{ID: c, Language: a.Language, CreatedAt: time.Now(), SeenAt: time.Now()})
}
