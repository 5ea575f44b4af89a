package floor

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

const (
	leaseName = store.FloorLease
	leaseTTL  = 15 * time.Second
	// releasedTogether is how many leases a node that stops gives up at a time.
	releasedTogether = 256
	// silence is how long another node's lease must have stayed as it is before it
	// is taken: three renewals, less a second so that the third look is enough.
	silence = leaseTTL - time.Second
)

// Plan is a tenant's set-up as its floor needs it.
type Plan struct {
	TimeZone     *time.Location
	Queues       map[string]setup.Queue
	Hours        map[string]setup.Hours
	EntryPoints  map[string]setup.EntryPoint
	Flows        map[string]PlannedFlow
	ConsentTexts map[string]PlannedConsent
	Prompts      map[string]string // words of recorded prompts
	Rejections   map[string]int64  // versions of reasons for rejecting emails
	Rules        setup.Rules
	AlertRules   map[string]setup.AlertRule
	Campaigns    map[string]setup.Campaign
	// What agents choose from; by id.
	Dispositions map[string]setup.Disposition
	Labels       map[string]setup.Label
	Reasons      map[string]setup.Reason
}

// PlannedConsent is a consent text in force.
type PlannedConsent struct {
	Version int64
	Purpose string
	Words   map[string]string // by language
}

// PlannedFlow is a flow ready to run.
type PlannedFlow struct {
	Name    string
	Version int64
	Graph   *flow.Graph
}

// Setup gives a tenant's plan.
type Setup interface {
	Plan(ctx context.Context, t id.Tenant) (Plan, error)
	// Flow is a flow at a version, for runs that began before it was changed.
	Flow(ctx context.Context, t id.Tenant, flow string, version int64) (PlannedFlow, error)
}

// Lookups asks systems outside on behalf of flows.
type Lookups interface {
	// Look carries out a request and gives the values that it asks for, within the
	// request's time. key makes a repeat recognisable.
	Look(ctx context.Context, t id.Tenant, key string, r flow.Request) (map[string]string, error)
}

// Webhooks tells other systems of events, in the floor's transaction.
type Webhooks interface {
	Tell(tx *store.Tx, events ...webhook.Event) error
}

// Auditor notes who moved whose work, inside the floor's transaction.
type Auditor interface {
	Append(tx *store.Tx, actor, action, object, detail string) error
}

// Campaigns stores what a call of a campaign came to, in the transaction that closes it;
// *campaign.Service is one.
type Campaigns interface {
	Ended(tx *store.Tx, interaction string) error
}

// Rows is the store as the floors use it (store.DB).
type Rows interface {
	Read(ctx context.Context, t id.Tenant, fn func(*store.Tx) error) error
	Write(ctx context.Context, t id.Tenant, fn func(*store.Tx) error) error
	Ahead(ctx context.Context, t id.Tenant, fn func(*store.Tx) error) (durable func() error, err error)
	SystemRead(ctx context.Context, fn func(*store.Tx) error) error
	Once() bool // a transaction's function runs once
}

// Events is the bus as the floors use it (bus.Bus).
type Events interface {
	Publish(e bus.Event) error
}

// Deps is what the floors need.
type Deps struct {
	DB       Rows
	Vault    *vault.Vault
	Bus      Events
	Clock    clock.Clock
	IDs      *id.Source
	Setup    Setup
	Contacts Contacts
	Lookups  Lookups // nil: every look-up fails
	Audit    Auditor
	Webhooks Webhooks // nil: no other system is told of alerts
	Fields   Fields   // nil: flows fill none
	// Campaigns is told of their calls that are closed; nil: there are none.
	Campaigns Campaigns
	Node      string // this node's id; holder of leases
	Log       *slog.Logger
	// Passed is a time that only passes, whatever is done to the clocks; nil means
	// Go's own.
	Passed func() time.Duration
	// Trunked says that somebody tells how trunks stand; TrunkHold is how long they
	// must stand otherwise before that is told, 0 means DefaultTrunkHold.
	Trunked   bool
	TrunkHold time.Duration
	// Recordings says how a tenant's recordings fare on this node, at once; nil: nobody
	// knows. RecordingHold is how long they must fare otherwise before that is told, 0
	// means DefaultRecordingHold.
	Recordings    func(t id.Tenant) RecordingStanding
	RecordingHold time.Duration
	// Grace is how long a lost browser's work stays; 0 means 15 s.
	Grace time.Duration
	// Rest is how long nothing must have been going on in a floor before it rests; 0:
	// none ever does. Needed says that a tenant needs its floor though nobody works: its
	// telephones or mailboxes are followed. Rested is told of a floor that rests now.
	Rest   time.Duration
	Needed func(context.Context, id.Tenant) (bool, error)
	Rested func(id.Tenant)
}

// Manager owns the floors that live on this node. Its methods are safe for use
// by several goroutines; each goes to the tenant's floor and waits for its
// commit.
type Manager struct {
	Deps
	drivers map[acd.Channel]channel.Driver

	mu      sync.Mutex
	floors  map[id.Tenant]*floor
	opening map[id.Tenant]chan struct{}  // being rebuilt, or going to rest; closed when that is over
	online  map[id.Tenant]map[string]int // live desks a user, kept over a floor's restart
	aside   map[id.Tenant]map[string]int // calls a user beside the floor's work, kept so, too
	watched map[id.Tenant]watched        // leases of other nodes
	closing bool
	cancel  context.CancelFunc
	ctx     context.Context
	wg      sync.WaitGroup
}

// watched is another node's lease, and since when it is as it is, by Passed.
type watched struct {
	lease store.LeaseRow
	since time.Duration
}

// New makes a Manager. Register the channels with Drive before Start.
func New(d Deps) *Manager {
	if d.TrunkHold == 0 {
		d.TrunkHold = DefaultTrunkHold
	}
	if d.RecordingHold == 0 {
		d.RecordingHold = DefaultRecordingHold
	}
	if d.Grace == 0 {
		d.Grace = 15 * time.Second
	}
	if d.Passed == nil {
		start := time.Now()
		d.Passed = func() time.Duration { return time.Since(start) }
	}
	return &Manager{Deps: d, drivers: map[acd.Channel]channel.Driver{}, floors: map[id.Tenant]*floor{}, opening: map[id.Tenant]chan struct{}{},
		online: map[id.Tenant]map[string]int{}, aside: map[id.Tenant]map[string]int{}, watched: map[id.Tenant]watched{}}
}

// Drive registers the driver of a channel.
func (m *Manager) Drive(ch acd.Channel, d channel.Driver) { m.drivers[ch] = d }

// Start takes the floors of all active tenants that no other node holds, and
// goes on trying for the others.
func (m *Manager) Start(ctx context.Context) error {
	m.mu.Lock()
	m.ctx, m.cancel = context.WithCancel(context.WithoutCancel(ctx))
	m.mu.Unlock()
	if err := m.claim(ctx); err != nil {
		m.cancel()
		return err
	}
	m.wg.Add(1)
	go m.keep()
	return nil
}

// Stop ends all floors after the work they have begun, and gives up the leases.
func (m *Manager) Stop(ctx context.Context) error {
	m.mu.Lock()
	if m.cancel == nil || m.closing {
		m.mu.Unlock()
		return nil
	}
	m.closing = true
	m.cancel()
	all := slices.Collect(maps.Values(m.floors))
	m.mu.Unlock()
	for _, f := range all {
		f.leave()
	}
	for _, f := range all {
		f.stop()
	}
	m.wg.Wait()
	// Many at a time: each waits for the disk, and those that wait together share a commit.
	var ends sync.WaitGroup
	slots, failed := make(chan struct{}, releasedTogether), make(chan error, 1)
	for _, f := range all {
		slots <- struct{}{}
		ends.Go(func() {
			defer func() { <-slots }()
			if err := m.release(ctx, f.tenant); err != nil {
				select {
				case failed <- err:
				default: // the first one is told
				}
			}
		})
	}
	ends.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// keep renews the leases and takes over floors whose holder is gone.
func (m *Manager) keep() {
	defer m.wg.Done()
	tick := time.NewTicker(leaseTTL / 3)
	defer tick.Stop()
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-tick.C:
			if err := m.claim(m.ctx); err != nil && m.ctx.Err() == nil {
				m.Log.Warn("floor leases were not renewed", "err", errs.As(err).Code)
			}
			m.restSome(m.ctx)
		}
	}
}

// claim renews or takes the lease of every active tenant whose floor does not rest.
func (m *Manager) claim(ctx context.Context) error {
	var tenants []id.Tenant
	m.mu.Lock()
	before := maps.Clone(m.floors) // one that is opened from now on may not be in the list
	m.mu.Unlock()
	err := m.DB.SystemRead(ctx, func(tx *store.Tx) (err error) {
		tenants, err = tx.TenantsAwake(false)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range tenants {
		if err := m.claimOne(ctx, t); err != nil {
			return err
		}
	}
	m.dropOthers(before, tenants)
	return nil
}

// claimOne renews or takes a tenant's lease. Another node's is taken when this one
// has seen it unchanged for long enough: nodes' clocks may differ.
func (m *Manager) claimOne(ctx context.Context, t id.Tenant) error {
	m.mu.Lock()
	seen := m.watched[t]
	m.mu.Unlock()
	if m.Passed()-seen.since < silence {
		seen.lease = store.LeaseRow{}
	}
	var lease store.LeaseRow
	var held bool
	err := m.DB.Write(ctx, t, func(tx *store.Tx) (err error) {
		lease, held, err = tx.ClaimLease(leaseName, m.Node, leaseTTL, m.Clock.Now(), seen.lease)
		return err
	})
	if err != nil {
		return err
	}
	fence := lease.Fence
	m.mu.Lock()
	f := m.floors[t]
	switch {
	case held:
		delete(m.watched, t)
	case m.watched[t].lease != lease:
		m.watched[t] = watched{lease, m.Passed()}
	}
	m.mu.Unlock()
	switch {
	case !held && f != nil:
		m.lost(f)
	case held && f != nil && f.fence != fence: // lost and won again in between
		m.lost(f)
		return m.open(ctx, t, fence)
	case held && f == nil:
		return m.open(ctx, t, fence)
	}
	return nil
}

// dropOthers ends those of the floors whose tenant is not active any more.
func (m *Manager) dropOthers(floors map[id.Tenant]*floor, list []id.Tenant) {
	active := make(map[id.Tenant]bool, len(list))
	for _, t := range list {
		active[t] = true
	}
	m.mu.Lock()
	maps.DeleteFunc(m.watched, func(t id.Tenant, _ watched) bool { return !active[t] })
	var gone []*floor
	for t, f := range floors {
		if !active[t] && m.floors[t] == f {
			gone = append(gone, f)
		}
	}
	m.mu.Unlock()
	for _, f := range gone {
		m.lost(f)
	}
}

// Open takes the floor of a tenant that was just created.
func (m *Manager) Open(ctx context.Context, t id.Tenant) error { return m.claimOne(ctx, t) }

// open rebuilds a tenant's floor and lets it run. Other tenants' floors are not
// held up meanwhile.
func (m *Manager) open(ctx context.Context, t id.Tenant, fence int64) error {
	m.mu.Lock()
	if m.closing || m.floors[t] != nil || m.opening[t] != nil {
		m.mu.Unlock()
		return nil
	}
	opened := make(chan struct{})
	defer close(opened)
	m.opening[t] = opened
	f := newFloor(m, t, fence)
	maps.Copy(f.online, m.online[t])
	maps.Copy(f.aside, m.aside[t])
	m.mu.Unlock()
	err := f.rebuild(ctx)

	m.mu.Lock()
	delete(m.opening, t)
	if err != nil || m.closing {
		m.mu.Unlock()
		if err == nil { // nobody will run it: another node may
			err = m.release(ctx, t)
		}
		return err
	}
	came, aside := maps.Clone(m.online[t]), maps.Clone(m.aside[t])
	m.floors[t] = f
	m.wg.Add(1)
	go func() {
		defer m.wg.Done()
		f.run(m.ctx)
	}()
	m.mu.Unlock()
	return f.do(ctx, acd.Subject{}, func(f *floor, now time.Time) error {
		f.tellFollowers()
		// Who came or went while it was rebuilt.
		for _, user := range sortedKeys(came) {
			if came[user] != f.online[user] {
				f.connected(user, came[user], now)
			}
		}
		for _, user := range sortedKeys(aside) {
			f.elsewhere(user, aside[user], now)
		}
		return nil
	})
}

func (m *Manager) release(ctx context.Context, t id.Tenant) error {
	err := m.DB.Write(ctx, t, func(tx *store.Tx) error { return tx.ReleaseLease(leaseName, m.Node) })
	if errs.Is(err, errs.Fenced) {
		return nil
	}
	return err
}

// lost ends a floor that belongs to another node now, or to nobody.
func (m *Manager) lost(f *floor) {
	m.mu.Lock()
	if m.floors[f.tenant] == f {
		delete(m.floors, f.tenant)
	}
	m.mu.Unlock()
	f.stop()
	for _, d := range m.drivers {
		if d, ok := d.(channel.Follower); ok {
			d.Closed(f.tenant)
		}
	}
}

// tellFollowers gives channels that live where the floor is what is open.
func (f *floor) tellFollowers() {
	for ch, d := range f.m.drivers {
		d, ok := d.(channel.Follower)
		if !ok {
			continue
		}
		var open []channel.Work
		for _, it := range f.items {
			if it.drivenBy() == ch {
				open = append(open, f.work(it))
			}
		}
		d.Opened(f.tenant, open)
	}
}

// at finds the tenant's floor on this node.
func (m *Manager) at(t id.Tenant) (*floor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.floors[t]
	if f == nil {
		return nil, &errs.Error{Code: errs.Unavailable, Text: "This organisation's floor is starting. Please try again in a moment.", RetryAfter: time.Second}
	}
	return f, nil
}

// do runs fn on the tenant's floor and waits until what it changed is durable.
func (m *Manager) do(ctx context.Context, t id.Tenant, fn func(f *floor, now time.Time) error) error {
	return m.doAbout(ctx, t, acd.Subject{}, fn)
}

// doAbout is do for a call of which it is known whom it concerns: many that come
// together are then quicker.
func (m *Manager) doAbout(ctx context.Context, t id.Tenant, about acd.Subject, fn func(f *floor, now time.Time) error) error {
	f, err := m.need(ctx, t)
	if err != nil {
		return err
	}
	return f.do(ctx, about, fn)
}

// Reload lets a floor see changed set-up or users; it ends the floor of a tenant
// that works no more.
func (m *Manager) Reload(ctx context.Context, t id.Tenant) error {
	var org store.OrganisationRow
	err := m.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		org, err = tx.Organisation()
		return err
	})
	if err != nil {
		return err
	}
	if org.Status != "active" {
		m.mu.Lock()
		f := m.floors[t]
		m.mu.Unlock()
		if f != nil {
			m.lost(f)
		}
		return nil
	}
	if _, err := m.at(t); err != nil && m.Rest > 0 {
		if rests, _, err := m.rests(ctx, t); err != nil || rests {
			return m.reloadResting(ctx, t, err)
		}
	}
	plan, people, err := m.load(ctx, t)
	if err != nil {
		return err
	}
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		f.adopt(plan, people, now)
		return nil
	})
}
