package floor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
	"nubitalk/internal/vault/vaulttest"
)

var simTenants = []id.Tenant{a, b}

// world is a story being played: nodes with the production floor over one
// database, in a bubble where time passes only when nothing runs.
type world struct {
	t      *testing.T
	ctx    context.Context
	story  story
	db     *store.DB
	vault  *vault.Vault
	ids    *id.Source
	node   *simNode // the one that people speak to
	nodes  int
	offset atomic.Int64 // how far the wall clocks are off
	plans  map[id.Tenant]floor.Plan
	faulty bool // a fault is on: calls may be answered as unavailable
	last   func() error
	// diligent agents answer and finish at once; handled says that there was work.
	diligent, handled bool
	// timeless: one began at an earlier time than the one before it had. What is
	// stored lies ahead of it then and is cut when read, so times are not compared
	// any more.
	timeless bool
	seq      int64
	arrived  map[id.Tenant][]string // acknowledged
	ended    map[id.Tenant][]store.OfferRow
	seen     map[id.Tenant]*sight
	shown    map[id.Tenant]string
	left     map[id.Tenant]map[string]bool // agents who were taken away at least once
	log      []string

	mu       sync.Mutex
	crossing bool // calls meet: what they say is noted afterwards, in an order that is always the same
	crossed  []string
	early    []string // what was shown before it was stored
}

// simNode is one process: its floors, its way to the store and its clock.
type simNode struct {
	name  string
	floor *floor.Manager
	rows  *rows
	clock clock.Clock
}

// rows is the store with faults.
type rows struct {
	*store.DB
	mu   sync.Mutex
	next string        // what happens to the next write: "refuse", "lose", "die before", "die after"
	dead bool          // the process is gone: nothing reaches the store any more
	gate chan struct{} // while set, writes wait
	lies bool          // story.spoil: every seventh write is answered and not made
	n    int
}

var errFault = errs.New(errs.Unavailable, "The store did not answer.")

func (r *rows) Write(ctx context.Context, t id.Tenant, fn func(*store.Tx) error) error {
	r.mu.Lock()
	dead, next, gate := r.dead, r.next, r.gate
	r.next = ""
	r.n++
	lie := r.lies && r.n%7 == 0
	if next == "die before" || next == "die after" {
		r.dead = true
	}
	r.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if dead || next == "refuse" || next == "die before" {
		return errFault
	}
	if lie {
		return nil
	}
	err := r.DB.Write(ctx, t, fn)
	if next != "" {
		return errFault
	}
	return err
}

// Ahead has the same faults; what is lost is lost on the way to the disk.
func (r *rows) Ahead(ctx context.Context, t id.Tenant, fn func(*store.Tx) error) (durable func() error, err error) {
	r.mu.Lock()
	late := r.next == "lose"
	if late {
		r.next = ""
	}
	r.mu.Unlock()
	if late {
		stored, err := r.DB.Ahead(ctx, t, fn)
		return func() error { return errors.Join(errFault, stored()) }, err
	}
	return func() error { return nil }, r.Write(ctx, t, fn)
}

func (r *rows) Read(ctx context.Context, t id.Tenant, fn func(*store.Tx) error) error {
	if r.gone() {
		return errFault
	}
	return r.DB.Read(ctx, t, fn)
}

func (r *rows) SystemRead(ctx context.Context, fn func(*store.Tx) error) error {
	if r.gone() {
		return errFault
	}
	return r.DB.SystemRead(ctx, fn)
}

func (r *rows) gone() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.dead }

func (r *rows) fail(next string) { r.mu.Lock(); r.next = next; r.mu.Unlock() }

func (r *rows) kill() { r.mu.Lock(); r.dead = true; r.mu.Unlock() }

// stall lets writes wait until the returned function is called.
func (r *rows) stall() (release func()) {
	gate := make(chan struct{})
	r.mu.Lock()
	r.gate = gate
	r.mu.Unlock()
	return func() { r.mu.Lock(); r.gate = nil; r.mu.Unlock(); close(gate) }
}

// seeded gives the same bytes for the same seed.
type seeded struct{ r *rand.Rand }

func (s seeded) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s.r.Uint32())
	}
	return len(p), nil
}

// database makes an empty database of a story. SQLite's is a copy of one whose
// schema is in place.
type database func(t *testing.T) store.Config

func sqliteDatabase(t *testing.T) database {
	made := storetest.Config(t, store.SQLite)
	if err := storetest.Reopen(t, made).Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var n atomic.Int64
	return func(t *testing.T) store.Config {
		path := filepath.Join(dir, fmt.Sprintf("%d.db", n.Add(1)))
		from, err := os.ReadFile(made.DSN)
		if err == nil {
			err = os.WriteFile(path, from, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return store.Config{Driver: store.SQLite, DSN: path, Connections: 2}
	}
}

// play plays a story; nil if all went well. Within one instant goroutines may
// run in either order, so a seed gives the same turns, not always the same history.
func play(t *testing.T, db database, s story, tell bool) (f *failure) {
	config := db(t)
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s)
		at := -1
		defer w.close()
		err := w.open(config, root)
		for i := 0; err == nil && i < len(s.turns); i++ {
			at = i
			err = w.turn(s.turns[i])
		}
		if err == nil {
			at = len(s.turns)
			err = w.drain()
		}
		if err != nil {
			f = &failure{story: s, turn: at, what: err.Error()}
			if tell {
				f.log = w.log
			}
		}
	})
	if config.Driver == store.SQLite {
		for _, end := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(config.DSN + end)
		}
	}
	return f
}

func newRoot(t *testing.T) vault.RootKey {
	t.Helper()
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func newWorld(t *testing.T, s story) *world {
	return &world{t: t, ctx: context.WithoutCancel(t.Context()), story: s, plans: map[id.Tenant]floor.Plan{}, arrived: map[id.Tenant][]string{},
		ended: map[id.Tenant][]store.OfferRow{}, seen: map[id.Tenant]*sight{}, shown: map[id.Tenant]string{},
		left: map[id.Tenant]map[string]bool{a: {}, b: {}}}
}

func (w *world) open(config store.Config, root vault.RootKey) (err error) {
	if w.db, err = store.Open(w.ctx, config); err != nil {
		return err
	}
	if w.vault, err = vault.Open(vault.Config{Root: root, Store: vaulttest.NewStore()}); err != nil {
		return err
	}
	w.ids = id.NewSource(time.Now, seeded{w.story.from(9)})
	storetest.Organisations(w.t, w.db, simTenants...)
	for _, t := range simTenants {
		if err := w.vault.CreateTenant(w.ctx, t); err != nil {
			return err
		}
		w.plans[t] = w.story.plan(t, 0)
		err := w.db.Write(w.ctx, t, func(tx *store.Tx) error {
			for i, u := range simAgents {
				sealed, err := w.vault.SealTenant(tx.Context(), t, "users.profile/"+u, []byte("{}"))
				if err != nil {
					return err
				}
				row := store.UserRow{ID: u, UserName: u, UserNameKey: u, Status: "active", Roles: []string{"agent"}, ProfileSealed: sealed, Language: "en",
					Skills: w.story.skills(i, 0), Capacity: w.story.capacity(i), CreatedAt: time.Now(), Version: 1}
				if err := tx.InsertUser(row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := w.start("nod_1"); err != nil {
		return err
	}
	for i, u := range simAgents[:3] {
		for _, t := range simTenants {
			if err := w.ready(t, u); err != nil {
				return fmt.Errorf("agent %d: %w", i, err)
			}
		}
	}
	return w.check()
}

func (w *world) ready(t id.Tenant, user string) error {
	if err := w.node.floor.Connected(w.ctx, t, user, 1); err != nil {
		return err
	}
	_, err := w.node.floor.SetPresence(w.ctx, simActor(t, user), user, acd.Ready, "")
	return err
}

// start starts a process and speaks to it from now on. One of another name
// waits until the leases of the last are over.
func (w *world) start(name string) error {
	begun := time.Now()
	n := &simNode{name: name, rows: &rows{DB: w.db, lies: w.story.lies}, clock: clock.SteadyOf(func() time.Time { return time.Now().Add(w.off()) }, func() time.Duration { return time.Since(begun) })}
	n.floor = floor.New(floor.Deps{DB: n.rows, Vault: w.vault, Bus: witness{w}, Clock: n.clock, IDs: w.ids, Setup: simSetup{w}, Contacts: simSetup{w}, Node: name,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	for _, ch := range simChannels {
		n.floor.Drive(ch, simChannel{})
	}
	if w.node != nil && n.clock.Now().Before(w.node.clock.Now()) { // a steady clock may be ahead of the wall's, even after one that was set forward
		w.timeless = true
	}
	w.node = n
	w.nodes++
	if err := n.floor.Start(w.ctx); err != nil {
		return err
	}
	return w.await()
}

// off is how far the wall clocks are off.
func (w *world) off() time.Duration { return time.Duration(w.offset.Load()) }

// await lets time pass until the process that people speak to has the floors.
func (w *world) await() error {
	n := w.node
	for range 400 { // the clock may have been set back by minutes
		ok := true
		for _, t := range simTenants {
			_, _, _, err := floor.Live(w.ctx, n.floor, t)
			ok = ok && err == nil
		}
		if ok {
			return nil
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
	}
	return errors.New("no node takes the floors over")
}

// die ends a process without any order.
func (w *world) die(n *simNode) {
	n.rows.kill()
	_ = n.floor.Stop(w.ctx) // only its goroutines: the store does not hear of it
}

func (w *world) close() {
	if w.node != nil {
		_ = w.node.floor.Stop(w.ctx)
	}
	if w.db != nil {
		_ = w.db.Close()
	}
}

// note writes something down.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if w.crossing {
		w.mu.Lock()
		w.crossed = append(w.crossed, line)
		w.mu.Unlock()
		return
	}
	w.log = append(w.log, time.Now().Format("15:04:05.000 ")+line)
}

// witness is the bus: whatever is shown must be stored already.
type witness struct{ w *world }

func (x witness) Publish(e bus.Event) error {
	if e.Kind != "offer.made" {
		return nil
	}
	err := x.w.db.Read(x.w.ctx, e.Tenant, func(tx *store.Tx) error {
		list, err := tx.OffersOf(e.Interaction)
		for _, o := range list {
			if o.UserID == e.Users[0] && o.Outcome == "" {
				return nil
			}
		}
		if err == nil {
			x.w.mu.Lock()
			x.w.early = append(x.w.early, fmt.Sprintf("an offer of %s was shown to %s before it was stored", e.Interaction, e.Users[0]))
			x.w.mu.Unlock()
		}
		return err
	})
	return err
}

// simChannel carries out nothing.
type simChannel struct{}

func (simChannel) Carry(*store.Tx, channel.Work, []channel.Act) (func(), error) { return nil, nil }
func (simChannel) Waits(id.Tenant, string, []string, int)                       {}

// simSetup is what floors ask of others.
type simSetup struct{ w *world }

func (x simSetup) Plan(_ context.Context, t id.Tenant) (floor.Plan, error) { return x.w.plans[t], nil }

func (x simSetup) Flow(_ context.Context, t id.Tenant, f string, _ int64) (floor.PlannedFlow, error) {
	return x.w.plans[t].Flows[f], nil
}

// Resolve takes one of a few persons, who come again.
func (x simSetup) Resolve(tx *store.Tx, a channel.Arrival, _ string) (string, error) {
	c := "con_" + a.Name.Reveal()
	if _, err := tx.Contact(c); err == nil {
		return c, nil
	}
	if err := x.w.vault.CreateContact(tx.Context(), a.Tenant, c); err != nil && !errs.Is(err, errs.Conflict) {
		return "", err
	}
	sealed, err := x.w.vault.SealContact(tx.Context(), a.Tenant, c, "contacts.profile/"+c, []byte("{}"))
	if err != nil {
		return "", err
	}
	return c, tx.InsertContact(store.ContactRow{ID: c, ProfileSealed: sealed, Language: "en", CreatedAt: time.Now(), SeenAt: time.Now()})
}
