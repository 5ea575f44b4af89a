package server

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/core/dialplan"
	"nubitalk/internal/core/office"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// readAgain is how long after a failure the set-up is read again.
const readAgain = time.Second

// comeBackSoon is when a trunk may try again whose call came to a node that does
// not run its tenant's calls.
const comeBackSoon = time.Second

// lines are a tenant's trunks and phones as they were read.
type lines struct {
	plan   []dialplan.Trunk
	trunks []*trunk
	phones []*phone
	office *office.Directory
}

// follow reads the set-up as it changes. What was read before holds until then:
// calls come while a set-up changes, and while the database is away.
func (p *telephone) follow(ctx context.Context) {
	look := time.NewTicker(lookAtLines)
	defer look.Stop()
	for {
		again := make(<-chan time.Time)
		if _, err := p.refresh(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("trunks and phones could not be read", "code", errs.As(err).Code)
			again = time.After(readAgain)
		}
		wake(p.step)
		select {
		case <-ctx.Done():
			return
		case <-p.changed:
		case <-again:
		case <-look.C:
			p.lookAtLines()
		}
	}
}

// read gives the plan in force; it waits only for the first.
func (p *telephone) read(ctx context.Context) (*dialplan.Plan, error) {
	p.mu.Lock()
	plan := p.plan
	p.mu.Unlock()
	if plan != nil {
		return plan, nil
	}
	return p.refresh(ctx)
}

// refresh reads what changed since it was read last.
func (p *telephone) refresh(ctx context.Context) (plan *dialplan.Plan, err error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	p.mu.Lock()
	plan = p.plan
	stale, all := p.stale, p.all || plan == nil
	p.stale, p.all = map[id.Tenant]bool{}, false
	p.mu.Unlock()
	if !all && len(stale) == 0 {
		return plan, nil
	}
	defer func() {
		if err != nil { // it is to be read still
			p.mu.Lock()
			for t := range stale {
				p.outdated(t)
			}
			p.all = p.all || all
			p.mu.Unlock()
		}
	}()
	slugs, err := p.slugs(ctx)
	if err != nil {
		return nil, err
	}
	tenants, err := p.followed(ctx, slugs, stale)
	if err != nil {
		return nil, err
	}
	operator := p.book.now()
	now := make(map[id.Tenant]*lines, len(tenants))
	var every []dialplan.Trunk
	trunks, phones, offices := map[string]*trunk{}, map[string]*phone{}, map[id.Tenant]*office.Directory{}
	for _, t := range tenants {
		l := p.lines[t]
		if l == nil || all || stale[t] {
			if l, err = p.linesOf(ctx, t); err != nil {
				return nil, err
			}
		}
		now[t] = l
		every = append(every, l.plan...)
		offices[t] = l.office
		for _, w := range l.trunks {
			trunks[w.id] = w
		}
		for _, ph := range l.phones {
			phones[ph.Account] = ph
		}
	}
	for i := range operator { // to which calls come that are nobody's
		every = append(every, operator[i].Plan())
	}
	plan = dialplan.New(every)
	p.lines = now
	p.mu.Lock()
	p.plan, p.offices = plan, offices
	p.takeLines(operator, slugs, trunks)
	p.take(trunks)
	gone := p.takePhones(phones)
	p.mu.Unlock()
	p.forgetPhones(gone)
	return plan, nil
}

// lookAtLines takes a change of the operator's lines.
func (p *telephone) lookAtLines() {
	if p.book.look() {
		p.mu.Lock()
		p.outdated("")
		p.mu.Unlock()
	}
}

// followed are those of the tenants that may have trunks and phones, by id: where the
// floor rests there are none, but for a change of this moment.
func (p *telephone) followed(ctx context.Context, slugs map[id.Tenant]string, stale map[id.Tenant]bool) ([]id.Tenant, error) {
	var awake []id.Tenant
	err := p.db.SystemRead(ctx, func(tx *store.Tx) (err error) {
		awake, err = tx.TenantsAwake(false)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := map[id.Tenant]bool{}
	for _, t := range awake {
		all[t] = true
	}
	maps.Copy(all, stale)
	for t := range p.lines {
		all[t] = true
	}
	maps.DeleteFunc(all, func(t id.Tenant, _ bool) bool { return slugs[t] == "" })
	return slices.Sorted(maps.Keys(all)), nil
}

// slugs are the short names of the tenants that work.
func (p *telephone) slugs(ctx context.Context) (map[id.Tenant]string, error) {
	var out map[id.Tenant]string
	err := p.db.SystemRead(ctx, func(tx *store.Tx) error {
		orgs, err := tx.Organisations()
		out = map[id.Tenant]string{}
		for _, o := range orgs {
			if o.Kind == "tenant" && o.Status == "active" {
				out[o.ID] = o.Slug
			}
		}
		return err
	})
	return out, err
}

// linesOf reads a tenant's trunks and phones, with what they prove themselves by.
func (p *telephone) linesOf(ctx context.Context, t id.Tenant) (*lines, error) {
	l := &lines{}
	own, err := p.setups.app.Phones(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, one := range own {
		if len(one.Breaks) > 0 {
			p.log.Warn("a phone is not let in: encryption.connections does not allow it", "tenant", t, "phone", one.ID, "fields", one.Breaks)
		}
		l.phones = append(l.phones, p.phoneOf(t, one))
	}
	groups, err := p.setups.app.RingGroups(ctx, t)
	if err != nil {
		return nil, err
	}
	forwards, err := p.forwards.All(ctx, t, forwarders(l.phones))
	if err != nil {
		return nil, err
	}
	l.office = officeOf(l.phones, groups, forwards)
	list, err := p.setups.app.Trunks(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		one.Trunk.Gateways = p.reachable(t, one.ID, one.Trunk.Gateways)
		w := &trunk{id: one.ID, owner: t, set: one.Trunk, gone: one.Gone, breaks: one.Breaks, cap: &gateway.Cap{}, out: map[id.Tenant]int{}}
		if len(one.Breaks) > 0 {
			p.log.Warn("a trunk carries no calls: encryption.connections does not allow it", "tenant", t, "trunk", one.ID, "fields", one.Breaks)
		}
		if one.Line != "" {
			if l := p.book.now().Find(one.Line); l != nil {
				w.password = l.Password
			}
		} else if w.password, err = p.setups.app.Secret(ctx, t, setup.KindTrunk, one.ID, setup.Password); err != nil {
			return nil, err
		}
		l.plan, l.trunks = append(l.plan, one.Plan), append(l.trunks, w)
	}
	return l, nil
}

// take puts trunks to work that were read; those that are as before stay, and so
// do the calls that were counted. p.mu is held.
func (p *telephone) take(fresh map[string]*trunk) {
	for tid, w := range fresh {
		if old := p.trunks[tid]; old != nil {
			if old.same(w) {
				fresh[tid] = old
				if l := p.byLine[old.set.Name]; l != nil && old.owner == "" {
					l.trunk = old
				}
				continue
			}
			w.cap, w.out = old.cap, old.out
		}
		w.cap.Calls, w.cap.PerSecond = w.set.MaxCalls, float64(w.set.CallsASecond)
	}
	p.trunks = fresh
}

// reachable are the gateways that the operator lets be reached: to the others nothing is sent,
// and nothing is taken from them.
func (p *telephone) reachable(t id.Tenant, trunk string, all []setup.TrunkGateway) []setup.TrunkGateway {
	if p.allowed == nil {
		return all
	}
	var out []setup.TrunkGateway
	for _, g := range all {
		if a, err := netip.ParseAddr(g.Host); err == nil && p.allowed.Address(a) || err != nil && p.allowed.Name(g.Host) {
			out = append(out, g)
		} else {
			p.log.Warn("a gateway of a trunk is not among outside.allowed", "tenant", t, "trunk", trunk)
		}
	}
	return out
}
