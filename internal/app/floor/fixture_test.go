package floor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
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

// house is two tenants with the production floor and chat on a real store.
type house struct {
	others  others        // what other systems are told
	rest    time.Duration // floor.Deps.Rest of nodes that are opened from now on
	needed  map[id.Tenant]bool
	asking  time.Duration // how long it takes to ask for that
	t       *testing.T
	db      *store.DB
	vault   *vault.Vault
	blobs   *blob.Store
	bus     *bus.Bus
	clock   *clock.Virtual
	now     clock.Clock // what the parts go by; clock itself unless a test says otherwise
	ids     *id.Source
	floor   *floor.Manager
	chat    *chat.Service
	plans   plans
	former  map[string]floor.PlannedFlow // flows as they were, by id and version
	logged  logged
	rows    floor.Rows                // nil: db as it is
	lookups floor.Lookups             // nil: every look-up fails
	fares   fares                     // how recordings do
	known   func(fresh string) string // whose arrival it is; nil: always a new person's
}

// fares is how tenants' recordings fare.
type fares struct {
	mu  sync.Mutex
	now map[id.Tenant]floor.RecordingStanding
}

func (f *fares) of(t id.Tenant) floor.RecordingStanding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now[t]
}

func (f *fares) set(t id.Tenant, s floor.RecordingStanding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		f.now = map[id.Tenant]floor.RecordingStanding{}
	}
	f.now[t] = s
}

// logged is what the parts of a house wrote to their log.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.buf.Bytes())
}

const (
	a, b   = storetest.TenantA, storetest.TenantB
	menuOf = "menu"
)

// passed is the time that passes in the house.
func (h *house) passed() time.Duration {
	return h.clock.Now().Sub(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC))
}

func newHouse(t *testing.T, db *store.DB) *house {
	h := &house{t: t, db: db, clock: clock.NewVirtual(time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC))}
	h.now = h.clock
	h.ids = id.NewSource(h.clock.Now, nil)
	storetest.Organisations(t, db, a, b)
	h.vault = vaulttest.New(t, a, b)
	var err error
	if h.blobs, err = blob.OpenDir(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if h.bus, err = bus.Open(bus.Config{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.bus.Close)
	for _, tenant := range []id.Tenant{a, b} {
		h.furnish(tenant)
	}
	h.open("nod_1")
	return h
}

// entry, queue and user are the same short names in both tenants.
func entry(t id.Tenant) string { return "ent_" + string(t)[4:] }

const queueID = "que_1"

func agent(n int) string { return []string{"usr_1", "usr_2", "usr_3"}[n] }

// furnish gives a tenant a queue, a flow with a menu, and three agents.
func (h *house) furnish(t id.Tenant) {
	graph := flow.Graph{Start: "hello", Nodes: map[string]flow.Node{
		"hello": {Type: flow.Say, Text: map[string]string{"en": "Hello {{name}}"}, Next: menuOf},
		menuOf:  {Type: flow.Ask, Text: map[string]string{"en": "What is it about?"}, Into: "topic", Options: []flow.Option{{Value: "bill", Label: map[string]string{"en": "A bill"}, Next: "q"}}},
		"q":     {Type: flow.Enqueue, Queue: queueID},
	}}
	raw, err := json.Marshal(graph)
	if err != nil {
		h.t.Fatal(err)
	}
	g, err := flow.Parse(raw)
	if err != nil {
		h.t.Fatal(err)
	}
	q := setup.DefaultQueue("Billing")
	q.Members = []string{agent(0), agent(1), agent(2)}
	q.WrapUpSeconds, q.DispositionMust = 30, false
	e := setup.DefaultEntryPoint("Web shop", "flo_1", "")
	e.ConsentText = ""
	h.plans.set(t, floor.Plan{TimeZone: time.UTC, Labels: map[string]setup.Label{"refund": {Name: "Refund"}, "late": {Name: "Late"}},
		Dispositions: map[string]setup.Disposition{"dis_1": {}, "dis_2": {}, "dis_3": {}}, Rules: setup.DefaultRules(), Queues: map[string]setup.Queue{queueID: q},
		EntryPoints: map[string]setup.EntryPoint{entry(t): e}, Flows: map[string]floor.PlannedFlow{"flo_1": {Version: 1, Graph: g}}})
	err = h.db.Write(h.t.Context(), t, func(tx *store.Tx) error {
		for i, u := range []string{agent(0), agent(1), agent(2)} {
			sealed, err := h.vault.SealTenant(tx.Context(), t, "users.profile/"+u, []byte("{}"))
			if err != nil {
				return err
			}
			name := []string{"a7", "b2", "c9"}[i]
			if err := tx.InsertUser(store.UserRow{ID: u, UserName: name, UserNameKey: name, Status: "active", Roles: []string{"agent"}, ProfileSealed: sealed, Language: "en", CreatedAt: h.clock.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// open starts a node: its floors and its chat channel.
func (h *house) open(node string) {
	log := slog.New(slog.NewJSONHandler(&h.logged, nil))
	rows := h.rows
	if rows == nil {
		rows = h.db
	}
	h.floor = floor.New(floor.Deps{Webhooks: &h.others, DB: rows, Vault: h.vault, Bus: h.bus, Clock: h.now, Passed: h.passed, IDs: h.ids, Setup: h, Contacts: h, Lookups: h.lookups, Trunked: true, Recordings: h.fares.of, Node: node, Log: log,
		Rest: h.rest, Needed: func(_ context.Context, t id.Tenant) (bool, error) { h.clock.Advance(h.asking); return h.needed[t], nil }})
	h.chat = chat.New(chat.Deps{DB: h.db, Vault: h.vault, Blobs: h.blobs, Bus: h.bus, Clock: h.now, IDs: h.ids, Setup: h, People: h, Floor: h.floor, Log: log})
	h.floor.Drive(acd.Chat, h.chat)
	if err := h.floor.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	if err := h.chat.Begin(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	m, c := h.floor, h.chat
	h.t.Cleanup(func() { _ = c.Halt(context.Background()); _ = m.Stop(context.Background()) })
}

// takeOver starts a node while another, which has not stopped in order, says no
// more: it takes the floors once it has watched their leases for long enough.
func (h *house) takeOver(node string) {
	h.t.Helper()
	h.open(node)
	h.clock.Advance(15 * time.Second)
	h.claim(h.floor)
}

// claim lets a node look at the leases, as it does every few seconds.
func (h *house) claim(m *floor.Manager) {
	h.t.Helper()
	if err := floor.Claim(h.t.Context(), m); err != nil {
		h.t.Fatal(err)
	}
}

// close stops the node in order; a crash is to open another without it.
func (h *house) close() {
	_ = h.chat.Halt(context.Background())
	if err := h.floor.Stop(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// What the parts ask of others.

// plans are the tenants' set-ups, which channels read at any time.
type plans struct {
	mu sync.Mutex
	m  map[id.Tenant]floor.Plan
}

// of gives a set-up whose maps are the caller's own: what is changed in them holds from
// set on, and nobody reads them meanwhile.
func (p *plans) of(t id.Tenant) floor.Plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	return apart(p.m[t])
}

// change replaces a set-up by what becomes of it.
func (p *plans) change(t id.Tenant, how func(*floor.Plan)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	plan := apart(p.m[t])
	how(&plan)
	p.m[t] = plan
}

func apart(p floor.Plan) floor.Plan {
	p.Queues, p.Hours, p.EntryPoints, p.Flows = maps.Clone(p.Queues), maps.Clone(p.Hours), maps.Clone(p.EntryPoints), maps.Clone(p.Flows)
	p.ConsentTexts, p.Prompts, p.Rejections = maps.Clone(p.ConsentTexts), maps.Clone(p.Prompts), maps.Clone(p.Rejections)
	p.AlertRules, p.Campaigns, p.Dispositions = maps.Clone(p.AlertRules), maps.Clone(p.Campaigns), maps.Clone(p.Dispositions)
	p.Labels, p.Reasons = maps.Clone(p.Labels), maps.Clone(p.Reasons)
	return p
}

func (p *plans) set(t id.Tenant, plan floor.Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil {
		p.m = map[id.Tenant]floor.Plan{}
	}
	p.m[t] = plan
}

func (p *plans) all() map[id.Tenant]floor.Plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.m)
}

func (h *house) Plan(_ context.Context, t id.Tenant) (floor.Plan, error) { return h.plans.of(t), nil }

func (h *house) Flow(_ context.Context, t id.Tenant, f string, version int64) (floor.PlannedFlow, error) {
	if old, ok := h.former[fmt.Sprint(f, version)]; ok {
		return old, nil
	}
	return h.plans.of(t).Flows[f], nil
}

func (h *house) EntryPoint(_ context.Context, e string) (id.Tenant, setup.EntryPoint, error) {
	for t, p := range h.plans.all() {
		if v, ok := p.EntryPoints[e]; ok {
			return t, v, nil
		}
	}
	return "", setup.EntryPoint{}, errs.New(errs.NotFound, "There is no such chat.")
}

func (h *house) ConsentText(context.Context, id.Tenant, string) (setup.ConsentText, int64, error) {
	return setup.DefaultConsentText(), 1, nil
}

func (h *house) QueueName(_ context.Context, t id.Tenant, q string) string {
	return h.plans.of(t).Queues[q].Name
}

func (h *house) Rules(_ context.Context, t id.Tenant) (setup.Rules, error) {
	return h.plans.of(t).Rules, nil
}

func (h *house) PublicName(_ context.Context, _ id.Tenant, user string) string {
	return "Agent " + user
}

func (h *house) Resolve(tx *store.Tx, a channel.Arrival, _ string) (string, error) {
	c := h.ids.New(id.Contact)
	if h.known != nil {
		if known := h.known(c); known != c {
			return known, nil
		}
	}
	if err := h.vault.CreateContact(tx.Context(), a.Tenant, c); err != nil {
		return "", err
	}
	sealed, err := h.vault.SealContact(tx.Context(), a.Tenant, c, "contacts.profile/"+c, []byte("{}"))
	if err != nil {
		return "", err
	}
	return c, tx.InsertContact(store.ContactRow{ID: c, ProfileSealed: sealed, Language: a.Language, CreatedAt: h.clock.Now(), SeenAt: h.clock.Now()})
}

func (h *house) Consented(tx *store.Tx, contact, interaction string, c channel.Consent) error {
	return tx.InsertConsent(store.ConsentRow{ID: h.ids.New(id.Consent), ContactID: contact, InteractionID: interaction, Purpose: c.Purpose, ConsentTextID: c.Text, TextVersion: c.Version, Language: c.Language, GivenAt: h.clock.Now()})
}

// Short ways to do what people do.

func actor(t id.Tenant, n int) access.Actor {
	return access.Actor{Tenant: t, User: agent(n), Roles: []access.Role{access.Agent}}
}

func supervisor(t id.Tenant) access.Actor {
	return access.Actor{Tenant: t, User: "usr_9", Roles: []access.Role{access.Supervisor}}
}

func (h *house) ready(t id.Tenant, n int) {
	h.t.Helper()
	if err := h.floor.Connected(h.t.Context(), t, agent(n), 1); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.floor.SetPresence(h.t.Context(), actor(t, n), agent(n), acd.Ready, ""); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) arrive(t id.Tenant, name string) chat.Visitor {
	h.t.Helper()
	s, err := h.chat.Start(h.t.Context(), entry(t), chat.Start{Name: secret.New(name), Language: "en", Message: secret.New("My order is late"), ClientID: "first"})
	if err != nil {
		h.t.Fatal(err)
	}
	v, err := h.chat.Visitor(h.t.Context(), secret.New(s.Token))
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// queue lets a visitor arrive and choose, so that it waits.
func (h *house) queue(t id.Tenant, name string) chat.Visitor {
	h.t.Helper()
	h.clock.Advance(time.Second) // who comes later waits behind
	v := h.arrive(t, name)
	if _, err := h.chat.Choose(h.t.Context(), v, "choice", "bill"); err != nil {
		h.t.Fatal(err)
	}
	return v
}

func (h *house) desk(t id.Tenant, n int) floor.Desk {
	h.t.Helper()
	d, err := h.floor.Desk(h.t.Context(), actor(t, n))
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

func (h *house) state(v chat.Visitor) chat.VisitorState {
	h.t.Helper()
	c, err := h.chat.Conversation(h.t.Context(), v, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return c.State
}

func (h *house) texts(v chat.Visitor) (out []string) {
	h.t.Helper()
	c, err := h.chat.Conversation(h.t.Context(), v, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, m := range c.Messages {
		out = append(out, m.AuthorKind+":"+m.Text+m.Event)
	}
	return out
}

func (h *house) interaction(t id.Tenant, i string) (row store.InteractionRow, err error) {
	err = h.db.Read(h.t.Context(), t, func(tx *store.Tx) error { row, err = tx.Interaction(i); return err })
	return row, err
}
