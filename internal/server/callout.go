package server

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/dialplan"
)

// Leaves says by which gateways a call may leave.
func (p *telephone) Leaves(ctx context.Context, w voice.Wish) (voice.Leaving, error) {
	plan, err := p.read(ctx)
	if err != nil {
		return voice.Leaving{}, err
	}
	snap, err := p.setups.of(ctx, w.Tenant)
	if err != nil {
		return voice.Leaving{}, err
	}
	now := p.clock.Now().In(snap.TimeZone)
	usage, err := p.usage(ctx, w.Tenant, now)
	if err != nil {
		return voice.Leaving{}, err
	}
	way, refused := plan.Outgoing(dialplan.Wish{Tenant: w.Tenant, To: w.To, Caller: w.Caller, Queue: w.Queue}, usage, now)
	if refused != nil {
		return voice.Leaving{}, refused.Err()
	}
	out := voice.Leaving{To: way.To, Language: snap.Language, Emergency: way.Class == dialplan.Emergency}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range way.Attempts {
		t := p.trunks[a.Trunk.ID]
		if t == nil || t.began == nil { // it is being changed, or another node's
			continue
		}
		out.Attempts = append(out.Attempts, p.attempts(t, w.Tenant, a)...)
	}
	if len(out.Attempts) == 0 {
		return voice.Leaving{}, errs.New(errs.Unavailable, "The trunk is being changed.")
	}
	return out, nil
}

// Reaches gives a number as E.164 that a tenant's calls may leave to, at some hour.
func (p *telephone) Reaches(ctx context.Context, t id.Tenant, number secret.Text) (secret.Text, error) {
	plan, err := p.read(ctx)
	if err != nil {
		return secret.Text{}, err
	}
	if owner, ok := plan.Owner(number); ok && owner.Tenant == t {
		return secret.Text{}, errs.New(errs.Invalid, "This is a number of your own organisation. Name an extension in its place.")
	}
	way, refused := plan.Reaches(t, number)
	switch {
	case refused != nil && refused.Why == dialplan.NotANumber:
		return secret.Text{}, errs.New(errs.Invalid, "This is neither an extension nor a telephone number.")
	case refused != nil:
		return secret.Text{}, refused.Err()
	case way.Class == dialplan.Emergency:
		return secret.Text{}, errs.New(errs.Invalid, "Calls cannot go on to an emergency number.")
	}
	return way.To, nil
}

// Emergency says whether a number is one for emergencies that a tenant's call may
// leave to.
func (p *telephone) Emergency(t id.Tenant, number secret.Text) bool {
	plan, err := p.read(context.Background())
	return err == nil && plan.Emergency(t, number)
}

// Shows are the numbers that a tenant's calls may be chosen to show.
func (p *telephone) Shows(ctx context.Context, t id.Tenant) (numbers []string, leaves bool, err error) {
	plan, err := p.read(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, trunk := range plan.Trunks() {
		if !trunk.Enabled || !trunk.Out.Allowed {
			continue
		}
		for _, n := range trunk.Numbers {
			if n.Tenant == t {
				leaves = true
				if trunk.Caller.Rule == dialplan.Chosen && !slices.Contains(numbers, n.E164) {
					numbers = append(numbers, n.E164)
				}
			}
		}
	}
	return numbers, leaves, nil
}

// attempts are a trunk's gateways in the order in which a call tries them. p.mu is
// held.
func (p *telephone) attempts(t *trunk, tenant id.Tenant, a dialplan.Attempt) (out []voice.Attempt) {
	all := make([]gateway.Gateway, len(t.set.Gateways))
	for i, g := range t.set.Gateways {
		up, _ := t.began.watches[i].Up()
		all[i] = gateway.Gateway{Priority: g.Priority, Weight: g.Weight, Up: up}
	}
	var headers []wire.Header
	for _, i := range gateway.Order(all, rand.Uint64) {
		g, watch := t.set.Gateways[i], t.began.watches[i]
		domain := t.set.Registration.Domain
		if domain == "" {
			domain = g.Host
		}
		from := wire.NewAddress("", wire.NewURI("sip", a.Show.From, domain, 0, ""), "")
		headers = headers[:0:0]
		if a.Show.Anonymous {
			from = wire.NewAddress("Anonymous", wire.NewURI("sip", "anonymous", "anonymous.invalid", 0, ""), "")
			headers = append(headers, wire.Header{Name: "Privacy", Value: "id"})
		}
		if a.Show.Asserted != "" {
			headers = append(headers, wire.Header{Name: "P-Asserted-Identity", Value: "<" + wire.NewURI("sip", a.Show.Asserted, domain, 0, "").Text() + ">"})
		}
		letGo := func() {}
		went := func(code int, again time.Duration) {
			letGo()
			watch.Call(code, again)
		}
		out = append(out, voice.Attempt{Trunk: t.id, To: wire.NewURI("sip", a.To.Reveal(), g.Host, g.Port, hop(g).Transport), From: from, ContactUser: t.began.trunk.id, Hop: hop(g),
			Headers: headers, Credentials: t.credentials(), Media: t.policy(), Most: a.Most, Counts: a.Counts,
			Take: func() (func(), bool) { return p.takeOut(t, tenant, a, &letGo) }, Went: went})
	}
	return out
}

// takeOut counts a call that leaves; one for help always may. That others of the tenant
// are out already is looked at once more: some may have been let out at the same time.
// Where minutes are bounded a first slice is held until the attempt has ended, which letGo
// is for, or the call.
func (p *telephone) takeOut(t *trunk, tenant id.Tenant, a dialplan.Attempt, letGo *func()) (func(), bool) {
	emergency := a.Class == dialplan.Emergency
	p.mu.Lock()
	defer p.mu.Unlock()
	if most := t.set.Outgoing.MaxCalls; !emergency && most > 0 && t.out[tenant] >= most {
		return nil, false
	}
	over, ok := p.room(t, emergency)
	if !ok {
		return nil, false
	}
	t.out[tenant]++
	giver := p.giverOut(t, tenant, over)
	if a.Most == 0 {
		return giver, true
	}
	*letGo = p.hold(t.id, tenant, a.Counts)
	held := *letGo
	return func() {
		held()
		giver()
	}, true
}

// giverOut counts a call that left and has ended.
func (p *telephone) giverOut(t *trunk, tenant id.Tenant, over func()) func() {
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		over()
		t.out[tenant]--
	}
}
