package account_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

const (
	operatorPassword = "a quiet river at night"
	goodPassword     = "seven green bicycles"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// errOf leaves out what was answered beside an error.
func errOf[T any](_ T, err error) error { return err }

func wantCode(t testing.TB, err error, code errs.Code) {
	t.Helper()
	if !errs.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

// line is the bus of one process: it hands events over at once, in order.
type line struct {
	mu   sync.Mutex
	subs []func(bus.Event)
	sent []bus.Event
}

func (l *line) Publish(e bus.Event) error {
	l.mu.Lock()
	l.sent = append(l.sent, e)
	subs := l.subs
	l.mu.Unlock()
	for _, fn := range subs {
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

// changes are the account.changed events of a tenant so far.
func (l *line) changes(t id.Tenant) (out []account.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.sent {
		var c account.Change
		if e.Kind == account.Changed && e.Tenant == t && json.Unmarshal(e.Data, &c) == nil {
			out = append(out, c)
		}
	}
	return out
}

// journal writes the audit log without its hashes, which are app/audit's.
type journal struct{ clock clock.Clock }

func (j journal) Record(tx *store.Tx, a access.Actor, action, kind, object string, detail map[string]string) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	_, err = tx.AppendAudit(store.AuditRow{At: j.clock.Now(), ActorKind: "user", ActorID: a.User, Action: action, ObjectKind: kind, ObjectID: object, Detail: string(text)},
		func(store.AuditRow) []byte { return []byte("h") })
	return err
}

// tenantRules are what tenants chose; others have the usual ones, with sessions of 8 hours.
type tenantRules map[id.Tenant]setup.Rules

func (r tenantRules) Rules(_ context.Context, t id.Tenant) (setup.Rules, error) {
	if chosen, ok := r[t]; ok {
		return chosen, nil
	}
	usual := setup.DefaultRules()
	usual.SessionHours = 8
	return usual, nil
}

// fixture is the service over real keepers on one engine, with an operator and
// two tenants, each with an administrator.
type fixture struct {
	*account.Service
	t     *testing.T
	deps  account.Deps
	db    *store.DB
	bus   *line
	clock *clock.Virtual
	rules tenantRules

	operator access.Actor
	a, b     tenant
}

type tenant struct {
	account.Organisation
	admin access.Actor
}

func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) { test(t, open(t, driver)) })
	}
}

func open(t *testing.T, driver string) *fixture {
	t.Helper()
	c := storetest.Config(t, driver)
	f := &fixture{t: t, db: storetest.Reopen(t, c), clock: clock.NewVirtual(start), bus: &line{}, rules: tenantRules{}}
	if driver == store.SQLite {
		c.DSN += ".keys"
	}
	keys, err := keystore.Open(t.Context(), keystore.Config{Driver: c.Driver, DSN: c.DSN})
	must(t, err)
	t.Cleanup(func() { must(t, keys.Close()) })
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	must(t, err)
	v, err := vault.Open(vault.Config{Root: root, Store: keys})
	must(t, err)
	f.deps = account.Deps{Store: f.db, Vault: v, Bus: f.bus, Audit: journal{f.clock}, Rules: f.rules, Clock: f.clock}
	f.Service = account.New(f.deps)
	f.NoWait()
	f.Cheap()
	must(t, f.Start(t.Context()))
	_, _, err = f.Install(t.Context(), account.NewOrganisation{Slug: "operator", Name: "The operator", Language: "en", TimeZone: "UTC", Administrator: "root"},
		secret.New(operatorPassword), false)
	must(t, err)
	in, err := f.SignIn(t.Context(), account.From{}, "operator", "root", secret.New(operatorPassword))
	must(t, err)
	f.operator = in.Session.Actor
	f.a, f.b = f.found("acme", "Acme"), f.found("books", "Porto Books")
	return f
}

// found makes a tenant below the operator and signs its administrator in.
func (f *fixture) found(slug, name string) tenant {
	f.t.Helper()
	org, user, once, err := f.CreateOrganisation(f.t.Context(), f.operator, account.NewOrganisation{Kind: account.KindTenant, Slug: slug, Name: name,
		Language: "pt", TimeZone: "Europe/Lisbon", Administrator: "admin"})
	must(f.t, err)
	return tenant{org, f.settle(slug, user.UserName, once).Session.Actor}
}

// settle signs in with a one-time password and chooses goodPassword.
func (f *fixture) settle(slug, name string, once secret.Text) account.SignedIn {
	f.t.Helper()
	in, err := f.SignIn(f.t.Context(), account.From{}, slug, name, once)
	must(f.t, err)
	must(f.t, errOf(f.SetPassword(f.t.Context(), in.Session, once, secret.New(goodPassword))))
	return in
}

// user makes a settled user of the first tenant.
func (f *fixture) user(name string, roles ...access.Role) (account.User, account.SignedIn) {
	f.t.Helper()
	u, once, err := f.CreateUser(f.t.Context(), f.a.admin, account.NewUser{UserName: name, Roles: roles})
	must(f.t, err)
	return u, f.settle("acme", name, once)
}

// audited counts the lines of an action in a tenant's audit log.
func (f *fixture) audited(t id.Tenant, action string) int {
	f.t.Helper()
	n := 0
	must(f.t, f.db.Read(f.t.Context(), t, func(tx *store.Tx) error {
		rows, err := tx.Audit(store.AuditFilter{Action: action, Limit: 200})
		n = len(rows)
		return err
	}))
	return n
}
