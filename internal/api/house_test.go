package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/app/account"
	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/export"
	"nubitalk/internal/app/live"
	"nubitalk/internal/app/usage"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/channel/openid/openidtest"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
)

const password = "seven green bicycles"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// line hands events over at once.
type line struct {
	mu   sync.Mutex
	subs []func(bus.Event)
}

func (l *line) Publish(e bus.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, fn := range l.subs {
		fn(e)
	}
	return nil
}

func (l *line) Subscribe(fn func(bus.Event)) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subs = append(l.subs, fn)
	return func() {}
}

// house is the doors over a real HTTP server, with real accounts, audit log,
// store and vault, and a world behind them.
type house struct {
	exports *export.Service
	db      *store.DB
	*world
	t         testing.TB
	url       string
	doors     *api.Server
	accounts  *account.Service
	hub       *live.Hub
	bus       *line
	log       *logBuffer
	ids       *id.Source
	rules     *chosenRules
	providers asks
	// passwords are those that differ from password, by user.
	passwords map[string]string

	operator, reseller *party
	a, b               *party
}

// party is one organisation with its users by role.
type party struct {
	account.Organisation
	*goods
	users map[access.Role]*who
	// idle is an agent who holds nothing.
	idle   *who
	partly []*who // who has roles for a part of it
	// role is one that it made for itself; nobody has it.
	role string
}

// kind is how somebody says who it is.
type kind string

const (
	aUser     kind = "user"
	aKey      kind = "key"
	aSupport  kind = "support" // a user of the operator, by the tenant's grant
	aVisitor  kind = "visitor"
	aStranger kind = "stranger" // with something that is nobody's
)

// who is somebody who asks; nil is somebody who says nothing.
type who struct {
	kind   kind
	name   string
	tenant id.Tenant
	user   string
	roles  []access.Role
	scopes []access.Permission
	parts  map[access.Role]access.RolePart
	// support is the tenant's grant, for who is of another organisation.
	support *access.Support
	header  string // name of the header that says who it is
	value   string
}

// chosenRules are the sign-in rules of tenants; who chose none has the usual ones.
type chosenRules struct{ by sync.Map }

func (r *chosenRules) Rules(_ context.Context, t id.Tenant) (setup.Rules, error) {
	if chosen, ok := r.by.Load(t); ok {
		return chosen.(setup.Rules), nil
	}
	return setup.DefaultRules(), nil
}

// choose changes the sign-in rule of a party.
func (r *chosenRules) choose(p *party, change func(*setup.SignInRule)) {
	rules := setup.DefaultRules()
	change(&rules.SignIn)
	r.by.Store(p.ID, setup.Clean(rules))
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var noLimits = api.Limits{Address: api.Limit{PerSecond: -1}, SignIn: api.Limit{PerSecond: -1}, Start: api.Limit{PerSecond: -1},
	Visitor: api.Limit{PerSecond: -1}, Tenant: api.Limit{PerSecond: -1}}

// build opens an empty house; found fills it.
func build(t testing.TB, limits api.Limits) *house {
	t.Helper()
	c := storetest.Config(t, store.SQLite)
	db := storetest.Reopen(t, c)
	keys, err := keystore.Open(t.Context(), keystore.Config{Driver: c.Driver, DSN: c.DSN + ".keys"})
	must(t, err)
	t.Cleanup(func() { must(t, keys.Close()) })
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	must(t, err)
	v, err := vault.Open(vault.Config{Root: root, Store: keys})
	must(t, err)
	h := &house{world: newWorld(), t: t, db: db, bus: &line{}, log: &logBuffer{}, ids: id.NewSource(clock.Real{}.Now, nil), passwords: map[string]string{}, rules: &chosenRules{}}
	h.accounts = account.New(account.Deps{Providers: &h.providers, Rules: h.rules, Store: db, Vault: v, Bus: h.bus, Audit: audit.New(db, clock.Real{})})
	must(t, h.accounts.Start(t.Context()))
	h.exports = export.New(export.Deps{DB: db, Vault: v, Audit: audit.New(db, clock.Real{}), Clock: clock.Real{}, IDs: h.ids})
	h.hub = live.New(live.Config{Bus: h.bus, Reader: h.world, Floor: h.world})
	must(t, h.hub.Start(t.Context()))
	h.doors = api.New(api.Config{Version: "1", PlainHTTP: true, Limits: limits, Log: slog.New(slog.NewJSONHandler(h.log, nil))}, api.Parts{
		Accounts: h.accounts, Usage: usage.New(db, clock.Real{}), Exports: h.exports, Webhooks: hooks{h.world}, Floor: h.world, History: h.world, Chat: h.world, Visitors: h.world, Calls: h.world, Screens: h.world, Setup: h.world, Prompts: h.world, Greetings: greetings{}, Listening: tapes{h.world}, Holds: holds{h.world}, Quality: evaluations{h.world}, Campaigns: campaigns{h.world}, Forwards: forwards{}, Voicemails: mailboxes{h.world}, Emails: mails{h.world}, Contacts: people{h.world}, Fields: ownFields{h.accounts, h.world},
		Audit: h.world, Refused: h.world, Privacy: h.world, System: h.world, Replies: h.world, Live: h.hub})
	server := httptest.NewServer(h.doors)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// found fills a house with an operator, a reseller and two tenants that have a
// user of each role.
func found(t testing.TB, limits api.Limits) *house {
	h := build(t, limits)
	org, root, err := h.accounts.Install(t.Context(), account.NewOrganisation{Slug: "operator", Name: "Operator", Language: "en", TimeZone: "UTC", Administrator: "root"},
		secret.New(password), false)
	must(t, err)
	h.operator = &party{Organisation: org, users: map[access.Role]*who{access.OperatorRole: h.signIn("operator", "root", password, root)}}
	boss := h.operator.users[access.OperatorRole]
	h.reseller = h.party(boss, account.KindReseller, "iberia", access.ResellerRole)
	h.a = h.party(boss, account.KindTenant, "acme", access.TenantRoles...)
	h.b = h.party(boss, account.KindTenant, "books", access.TenantRoles...)
	for _, p := range []*party{h.a, h.b} {
		p.goods = h.stock(p)
		h.tenants[p.ID] = p.goods
		u, once, err := h.accounts.CreateUser(t.Context(), p.users[access.Administrator].actor(), account.NewUser{UserName: "idle", Roles: []access.Role{access.Agent}})
		must(t, err)
		p.idle = h.settle(p.Slug, "idle", once, u)
		r, err := h.accounts.CreateRole(t.Context(), p.users[access.Administrator].actor(), account.NewRole{Name: "canary-of-" + p.Slug, Base: access.Agent, Permissions: map[access.Permission]string{access.DeskUse: "own"}})
		must(t, err)
		p.role = r.ID
	}
	return h
}

func (h *house) stock(p *party) *goods {
	return &goods{tenant: p.ID, canary: "canary-of-" + p.Slug, interaction: h.ids.New(id.Interaction), offer: h.ids.New(id.Offer), recording: h.ids.New(id.Recording), contact: h.ids.New(id.Contact),
		queue: h.ids.New(id.Queue), consent: h.ids.New(id.Consent), attachment: h.ids.New(id.Attachment), entry: h.ids.New(id.EntryPoint),
		token: "nbv_" + p.Slug, holder: p.users[access.Agent].user}
}

func (h *house) party(by *who, kind account.Kind, slug string, roles ...access.Role) *party {
	h.t.Helper()
	org, first, once, err := h.accounts.CreateOrganisation(h.t.Context(), by.actor(), account.NewOrganisation{Kind: kind, Slug: slug, Name: slug, Language: "en",
		TimeZone: "Europe/Lisbon", Administrator: "admin"})
	must(h.t, err)
	p := &party{Organisation: org, users: map[access.Role]*who{}}
	admin := h.settle(slug, "admin", once, first)
	p.users[first.Roles[0]] = admin
	for _, role := range roles {
		if p.users[role] != nil {
			continue
		}
		u, once, err := h.accounts.CreateUser(h.t.Context(), admin.actor(), account.NewUser{UserName: string(role), Roles: []access.Role{role}})
		must(h.t, err)
		p.users[role] = h.settle(slug, string(role), once, u)
	}
	return p
}

// settle chooses a password in place of the one-time one.
func (h *house) settle(slug, name string, once secret.Text, u account.User) *who {
	h.t.Helper()
	in, err := h.accounts.SignIn(h.t.Context(), account.From{}, slug, name, once)
	must(h.t, err)
	_, err = h.accounts.SetPassword(h.t.Context(), in.Session, once, secret.New(password))
	must(h.t, err)
	return asWho(slug, u, in)
}

func (h *house) signIn(slug, name, password string, u account.User) *who {
	h.t.Helper()
	in, err := h.accounts.SignIn(h.t.Context(), account.From{}, slug, name, secret.New(password))
	must(h.t, err)
	return asWho(slug, u, in)
}

func asWho(slug string, u account.User, in account.SignedIn) *who {
	return &who{kind: aUser, name: string(u.Roles[0]) + " of " + slug, tenant: in.Session.Actor.Tenant, user: u.ID, roles: u.Roles, parts: u.Parts, header: "Cookie", value: "nubitalk=" + in.Token.Reveal()}
}

func (w *who) actor() access.Actor {
	return access.Actor{Tenant: w.tenant, User: w.user, Roles: w.roles, Scopes: w.scopes, Parts: w.parts, Support: w.support}
}

// answered is what came back.
type answered struct {
	status int
	header http.Header
	body   string
}

// problem is the code of a problem document, or "".
func (a answered) problem() string {
	var p struct {
		Code string `json:"code"`
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") || json.Unmarshal([]byte(a.body), &p) != nil {
		return ""
	}
	return p.Code
}

// ask makes a call. body may be nil, a string (sent as it is) or a value.
func (h *house) ask(w *who, method, path string, body any, header ...string) answered {
	h.t.Helper()
	var r io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
		kind = ""
	case string:
		r = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		must(h.t, err)
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, h.url+path, r)
	must(h.t, err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if w != nil && w.header != "" {
		req.Header.Set(w.header, w.value)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	must(h.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(h.t, err)
	return answered{res.StatusCode, res.Header, string(b)}
}

// asks are the providers that a house reaches: one, once a test has one.
type asks struct{ account.Providers }

// reach lets it ask a provider.
func (h *house) reach(p *openidtest.Provider) {
	h.providers.Providers = openid.New(p.Client(), time.Now)
}
