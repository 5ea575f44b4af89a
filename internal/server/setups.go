package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	appsetup "nubitalk/internal/app/setup"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/campaign"
	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// setupChanged tells nodes and screens that a set-up object changed; its data
// is {kind, id}.
const setupChanged = "setup.changed"

// setups is every tenant's set-up in memory, as floors, channels and sign-in
// ask for it. A snapshot is read once for all who ask, and dropped when the
// tenant's set-up changes, on whatever node.
type setups struct {
	db     *store.DB
	app    *appsetup.Service
	bus    *bus.Bus
	log    *slog.Logger
	read   func(context.Context, id.Tenant) (appsetup.Snapshot, error) // the app's
	reload func(context.Context, id.Tenant) error                      // the floor's
	points func(context.Context, id.Tenant) ([]string, error)          // entryPoints

	looking chan struct{} // held by who reads entry points

	mu      sync.Mutex // guards what follows
	plans   map[id.Tenant]*reading
	stamp   uint64 // grows with each change, so that what a change overtook is not taken for known
	entries map[string]id.Tenant
	unread  map[id.Tenant]bool   // whose entry points are not in entries; nil: nobody's are
	touched map[id.Tenant]uint64 // stamps of their last changes
	wiped   uint64               // stamp at which all was forgotten last
	dirty   map[id.Tenant]bool   // whose floors are to be told; "" for all

	told   chan struct{} // wakes who tells them
	cancel func()
	quit   context.CancelFunc
	ended  chan struct{}
}

// readWithin bounds one reading of a set-up.
const readWithin = 20 * time.Second

// reading is a snapshot that is being read, or was. It is in plans until a change
// overtakes it.
type reading struct {
	done chan struct{} // closed when the rest is there
	snap *snapshot
	err  error
}

type snapshot struct {
	appsetup.Snapshot
	plan floor.Plan
}

func newSetups(db *store.DB, b *bus.Bus, log *slog.Logger) *setups {
	s := &setups{db: db, bus: b, log: log, plans: map[id.Tenant]*reading{}, entries: map[string]id.Tenant{}, touched: map[id.Tenant]uint64{}, dirty: map[id.Tenant]bool{}, told: make(chan struct{}, 1), looking: make(chan struct{}, 1)}
	s.points = s.entryPoints
	return s
}

// Start begins to hear of changes.
func (s *setups) Start(ctx context.Context) error {
	ctx, s.quit = context.WithCancel(context.WithoutCancel(ctx))
	s.ended = make(chan struct{})
	go s.tellFloors(ctx)
	s.cancel = s.bus.Subscribe(s.hear)
	return nil
}

// Stop ends it.
func (s *setups) Stop(context.Context) error {
	if s.quit == nil {
		return nil
	}
	s.cancel()
	s.quit()
	<-s.ended
	s.quit = nil
	return nil
}

// changed is app/setup's Changed: here at once, elsewhere by event.
func (s *setups) changed(c appsetup.Change) {
	s.forget(c.Tenant)
	data, err := json.Marshal(map[string]string{"kind": string(c.Kind), "id": c.ID})
	if err == nil {
		err = s.bus.Publish(bus.Event{Tenant: c.Tenant, Kind: setupChanged, Watch: access.SetupRead, Data: data})
	}
	if err != nil {
		s.log.Error("a change of the set-up could not be told", "tenant", c.Tenant, "error", err)
	}
}

// hear runs on the bus's goroutine and must not wait.
func (s *setups) hear(e bus.Event) {
	key := ofKey(e)
	if e.Kind != setupChanged && e.Kind != bus.Overflow && !key {
		return
	}
	if !ofUsers(e) && !key {
		s.forget(e.Tenant)
	}
	s.mu.Lock()
	s.dirty[e.Tenant] = true
	s.mu.Unlock()
	wake(s.told)
}

// ofUsers says that a user changed (app/account), of which no snapshot has
// anything; floors do.
func ofUsers(e bus.Event) bool {
	var changed struct{ Kind string }
	return e.Kind == setupChanged && json.Unmarshal(e.Data, &changed) == nil && changed.Kind == "users"
}

// ofKey says that an API key was revoked or changed: calls in which it takes part are
// told by the way that users are.
func ofKey(e bus.Event) bool {
	var c account.Change
	return e.Kind == account.Changed && json.Unmarshal(e.Data, &c) == nil && id.Kind(c.User) == id.APIKey
}

// forget drops what is known of a tenant, or of all ("").
func (s *setups) forget(t id.Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stamp++
	if t == "" {
		clear(s.plans)
		clear(s.entries)
		clear(s.touched)
		s.unread, s.wiped = nil, s.stamp
		return
	}
	delete(s.plans, t)
	s.touched[t] = s.stamp
	for entry, owner := range s.entries {
		if owner == t {
			delete(s.entries, entry)
		}
	}
	if s.unread != nil {
		s.unread[t] = true
	}
}

// tellFloors lets floors of this node see changes, one after the other; changes
// that came meanwhile are seen together.
func (s *setups) tellFloors(ctx context.Context) {
	defer close(s.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.told:
		}
		for _, t := range s.changedTenants(ctx) {
			// Unavailable: the floor is another node's.
			if err := s.reload(ctx, t); err != nil && !errs.Is(err, errs.Unavailable) && ctx.Err() == nil {
				s.log.Error("a floor could not take its changed set-up", "tenant", t, "error", err)
			}
		}
	}
}

// changedTenants are those whose floors are to be told; they are noted as told.
func (s *setups) changedTenants(ctx context.Context) []id.Tenant {
	s.mu.Lock()
	changed := s.dirty
	s.dirty = map[id.Tenant]bool{}
	s.mu.Unlock()
	if changed[""] {
		all, err := activeTenants(ctx, s.db)
		if err != nil {
			s.log.Error("the tenants could not be listed", "error", err)
		}
		for _, t := range all {
			changed[t] = true
		}
	}
	maps.DeleteFunc(changed, func(t id.Tenant, _ bool) bool { return id.Kind(string(t)) != id.TenantKind })
	return slices.Sorted(maps.Keys(changed))
}

// activeTenants lists the tenants that work.
func activeTenants(ctx context.Context, db *store.DB) ([]id.Tenant, error) {
	var out []id.Tenant
	err := db.SystemRead(ctx, func(tx *store.Tx) error {
		orgs, err := tx.Organisations()
		out = nil
		for _, o := range orgs {
			if o.Kind == "tenant" && o.Status == "active" {
				out = append(out, o.ID)
			}
		}
		return err
	})
	return out, err
}

// of answers a tenant's set-up.
func (s *setups) of(ctx context.Context, t id.Tenant) (*snapshot, error) {
	s.mu.Lock()
	r, found := s.plans[t]
	if !found {
		r = &reading{done: make(chan struct{})}
		s.plans[t] = r
	}
	s.mu.Unlock()
	if !found {
		s.fill(ctx, t, r)
	}
	select {
	case <-r.done:
		return r.snap, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fill reads a tenant's set-up, for all who wait for it: so it does not end with
// who asked first. One that failed is not kept.
func (s *setups) fill(ctx context.Context, t id.Tenant, r *reading) {
	defer close(r.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWithin)
	defer cancel()
	read, err := s.read(ctx, t)
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.plans[t] == r
	if err != nil {
		r.err = err
		if kept {
			delete(s.plans, t)
		}
		return
	}
	r.snap = &snapshot{Snapshot: read, plan: planOf(read)}
	if kept {
		for entry := range read.EntryPoints {
			s.entries[entry] = t
		}
	}
}

// planOf is a set-up as a floor needs it.
func planOf(read appsetup.Snapshot) floor.Plan {
	plan := floor.Plan{TimeZone: read.TimeZone, Queues: read.Queues, Hours: read.Hours, EntryPoints: read.EntryPoints,
		Flows: map[string]floor.PlannedFlow{}, ConsentTexts: map[string]floor.PlannedConsent{}, Prompts: map[string]string{}, Rejections: map[string]int64{}, Campaigns: read.Campaigns, Rules: read.Rules, AlertRules: read.AlertRules, Dispositions: read.Dispositions, Labels: read.Labels, Reasons: read.Reasons}
	for id, f := range read.Flows {
		plan.Flows[id] = floor.PlannedFlow{Name: f.Name, Version: f.Version, Graph: f.Graph}
	}
	for id, c := range read.ConsentTexts {
		plan.ConsentTexts[id] = floor.PlannedConsent{Version: c.Version, Purpose: c.Purpose, Words: c.Text}
	}
	for id, p := range read.Prompts {
		plan.Prompts[id] = p.Text
	}
	for id, r := range read.RejectReasons {
		plan.Rejections[id] = r.Version
	}
	return plan
}

// Plan is the set-up as a floor needs it.
func (s *setups) Plan(ctx context.Context, t id.Tenant) (floor.Plan, error) {
	snap, err := s.of(ctx, t)
	if err != nil {
		return floor.Plan{}, err
	}
	return snap.plan, nil
}

// Flow is a flow at a version, for runs that began before it was changed.
func (s *setups) Flow(ctx context.Context, t id.Tenant, flow string, version int64) (floor.PlannedFlow, error) {
	f, err := s.app.FlowAt(ctx, t, flow, version)
	return floor.PlannedFlow{Name: f.Name, Version: f.Version, Graph: f.Graph}, err
}

// EntryPoint finds an entry point and whose it is.
func (s *setups) EntryPoint(ctx context.Context, entryPoint string) (id.Tenant, setup.EntryPoint, error) {
	t, found, err := s.ownerOf(ctx, entryPoint)
	if err != nil {
		return "", setup.EntryPoint{}, err
	}
	if !found {
		return "", setup.EntryPoint{}, errs.New(errs.NotFound, "There is no such entry point.")
	}
	snap, err := s.of(ctx, t)
	if err != nil {
		return "", setup.EntryPoint{}, err
	}
	e, ok := snap.EntryPoints[entryPoint]
	if !ok { // archived a moment ago
		return "", setup.EntryPoint{}, errs.New(errs.NotFound, "There is no such entry point.")
	}
	return t, e, nil
}

// owner is the tenant of an entry point.
func (s *setups) owner(ctx context.Context, entryPoint string) (id.Tenant, bool) {
	if !id.Valid(id.EntryPoint, entryPoint) {
		return "", false
	}
	t, _, err := s.EntryPoint(ctx, entryPoint)
	return t, err == nil
}

// ConsentText answers a consent text in use and its version.
func (s *setups) ConsentText(ctx context.Context, t id.Tenant, text string) (setup.ConsentText, int64, error) {
	snap, err := s.of(ctx, t)
	if err != nil {
		return setup.ConsentText{}, 0, err
	}
	c, ok := snap.ConsentTexts[text]
	if !ok {
		return setup.ConsentText{}, 0, errs.New(errs.NotFound, "There is no such consent text.")
	}
	return c.ConsentText, c.Version, nil
}

// Campaigning is what campaigns need.
func (s *setups) Campaigning(ctx context.Context, t id.Tenant) (campaign.Plan, error) {
	snap, err := s.of(ctx, t)
	if err != nil {
		return campaign.Plan{}, err
	}
	return campaign.Plan{TimeZone: snap.TimeZone, Campaigns: snap.Campaigns, Lists: snap.ContactLists, Hours: snap.Hours}, nil
}

// QueueName is what people are told of a queue; "" if it is gone.
func (s *setups) QueueName(ctx context.Context, t id.Tenant, queue string) string {
	snap, err := s.of(ctx, t)
	if err != nil {
		return ""
	}
	return snap.Queues[queue].Name
}

// Rules are the tenant's own choices.
func (s *setups) Rules(ctx context.Context, t id.Tenant) (setup.Rules, error) {
	snap, err := s.of(ctx, t)
	if err != nil {
		return setup.Rules{}, err
	}
	return snap.Snapshot.Rules, nil
}

// OffersBack is how often, and by which key, a queue offers to call back who waits.
func (s *setups) OffersBack(ctx context.Context, t id.Tenant, queue string) (every time.Duration, key byte, err error) {
	snap, err := s.of(ctx, t)
	if err != nil {
		return 0, 0, err
	}
	every, key = snap.Queues[queue].OffersBack()
	return every, key, nil
}
