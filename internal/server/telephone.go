package server

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/app/contact"
	"nubitalk/internal/app/floor"
	"nubitalk/internal/app/forward"
	"nubitalk/internal/app/voicemail"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/dialplan"
	"nubitalk/internal/core/office"
	"nubitalk/internal/core/outside"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/share"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// lookEvery is how often gateways' names are looked up again.
const lookEvery = time.Minute

// telephone is the telephone network as trunks and phones are set up.
// Registrations and the watch over gateways are kept by the node on which the trunk's owner has its
// floor. One goroutine (follow) reads the set-up as it changes, another (run)
// keeps registrations in step with it; nobody who calls waits for either.
type telephone struct {
	db     *store.DB
	setups *setups
	bus    *bus.Bus
	clock  clock.Clock
	log    *slog.Logger
	phone  *sip.Endpoint

	forwards *forward.Service

	mu     sync.Mutex
	plan   *dialplan.Plan          // nil before the first reading
	stale  map[id.Tenant]bool      // whose set-up changed since it was read
	all    bool                    // anybody's may have changed
	trunks map[string]*trunk       // those of plan, by id
	here   map[id.Tenant]bool      // whose floors run here
	anew   map[id.Tenant]bool      // those of them that were not told yet how trunks stand
	places map[string][]netip.Addr // addresses of gateways' names
	phones map[string]*phone       // by account

	offices map[id.Tenant]*office.Directory
	minutes minutes

	realm   string
	conf    config.SIP
	allowed *outside.Allowed // gateways of organisations' trunks; nil: all
	rule    setup.EncryptionRule

	reading sync.Mutex           // held while the set-up is read; guards lines
	lines   map[id.Tenant]*lines // what was read last

	book    *lineBook
	figures *lineFigures           // nil in tests
	byLine  map[string]*line       // the operator's, by name; guarded by mu, as is pools
	pools   map[string]*share.Pool // of lines, also of those that are not there now

	changed, step chan struct{} // wake follow and run
	stood         chan struct{} // wakes run: a trunk stands otherwise
	floor         trunkFloor
	told          map[id.Tenant]map[string]floor.TrunkStanding // run's: what floors know
	quit          context.CancelFunc
	done          sync.WaitGroup
	hush          func()
}

// trunk is a trunk at work.
type trunk struct {
	id       string
	owner    id.Tenant
	set      setup.Trunk // over its line, if it names one
	gone     bool        // that line is not there
	breaks   []string    // its fields that the operator's rule does not allow
	password secret.Text
	cap      *gateway.Cap      // guarded by telephone.mu, as is out
	out      map[id.Tenant]int // calls that left, by whose they are

	// run's: what was begun, and for which set-up.
	began *begun
}

// begun is what a trunk keeps going.
type begun struct {
	trunk        *trunk
	registration *sip.Registering
	watches      []*sip.Watching
}

var _ voice.Network = (*telephone)(nil)

func newTelephone(k *keepers, s *setups, conf config.SIP, now clock.Clock, log *slog.Logger) *telephone {
	return &telephone{book: &lineBook{}, byLine: map[string]*line{}, pools: map[string]*share.Pool{}, phones: map[string]*phone{}, realm: conf.Realm, conf: conf, db: k.db, setups: s, bus: k.bus, clock: now, log: log, trunks: map[string]*trunk{}, here: map[id.Tenant]bool{}, anew: map[id.Tenant]bool{}, places: map[string][]netip.Addr{},
		stale: map[id.Tenant]bool{}, stood: make(chan struct{}, 1), told: map[id.Tenant]map[string]floor.TrunkStanding{}, changed: make(chan struct{}, 1), step: make(chan struct{}, 1)}
}

// Start begins to keep registrations and gateways.
func (p *telephone) Start(ctx context.Context) error {
	ctx, p.quit = context.WithCancel(context.WithoutCancel(ctx))
	p.hush = p.bus.Subscribe(p.hear)
	wake(p.changed)
	p.done.Go(func() { p.follow(ctx) })
	p.done.Go(func() { p.run(ctx) })
	return nil
}

// Stop ends what Start began; registrations end at the trunks too.
func (p *telephone) Stop(context.Context) error {
	if p.quit == nil {
		return nil
	}
	p.hush()
	p.quit()
	p.done.Wait()
	p.quit = nil
	return nil
}

// hear runs on the bus's goroutine and must not wait.
func (p *telephone) hear(e bus.Event) {
	switch e.Kind {
	case setupChanged:
		p.changes(e.Tenant)
	case voicemail.Changed:
		p.messagesChanged(e.Tenant, e.Users)
	case contact.KeyDestroyed: // with all that the person left
		p.messagesChanged(e.Tenant, nil)
	case bus.Overflow:
		p.changes(e.Tenant)
		p.messagesChanged(e.Tenant, nil)
	}
}

// changes has a tenant's set-up read anew; "" is everybody's.
func (p *telephone) changes(t id.Tenant) {
	p.mu.Lock()
	p.outdated(t)
	p.mu.Unlock()
	wake(p.changed)
}

// outdated notes that a tenant's set-up is to be read anew; "" is everybody's.
// p.mu is held.
func (p *telephone) outdated(t id.Tenant) {
	if t == "" {
		p.all = true
		return
	}
	p.stale[t] = true
}

// Here says that a tenant's floor runs on this node, or no longer does.
func (p *telephone) Here(t id.Tenant, here bool) {
	p.mu.Lock()
	if here {
		p.here[t], p.anew[t] = true, true
	} else {
		delete(p.here, t)
		delete(p.anew, t)
	}
	var gone []string
	for account, ph := range p.phones {
		if ph.Tenant == t && !here { // it registers where its calls are run now
			gone = append(gone, account)
		}
	}
	p.outdated(t) // it may be new
	p.mu.Unlock()
	p.forgetPhones(gone)
	wake(p.changed)
}

func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// run keeps registrations and gateways in step with the set-up.
func (p *telephone) run(ctx context.Context) {
	running := map[string]*begun{}
	defer func() {
		for _, b := range running {
			b.stop()
		}
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	p.keep(ctx, running)
	for {
		p.figures.stand(p.lineStates())
		again := make(<-chan time.Time)
		if !p.tell(ctx) && ctx.Err() == nil {
			again = time.After(readAgain)
		}
		select {
		case <-ctx.Done():
			return
		case <-p.stood:
		case <-again:
		case <-p.step:
			p.keep(ctx, running)
		case <-look.C:
			p.keep(ctx, running)
		}
	}
}

func (p *telephone) keep(ctx context.Context, running map[string]*begun) {
	p.mu.Lock()
	want := map[string]*trunk{}
	for _, t := range p.trunks {
		if t.set.Enabled && t.set.Line == "" && (t.owner == "" || p.here[t.owner]) { // of none: a line
			want[t.id] = t
		}
	}
	p.mu.Unlock()
	for _, t := range want {
		p.look(ctx, t)
	}
	for tid, b := range running {
		if want[tid] != b.trunk {
			b.stop()
			delete(running, tid)
		}
	}
	for tid, t := range want {
		if running[tid] == nil {
			running[tid] = p.begin(t)
		}
	}
	p.mu.Lock()
	for tid, t := range want {
		t.began = running[tid]
	}
	for _, t := range p.trunks {
		if l := p.lineOf(t); l != nil && t.set.Enabled && p.here[t.owner] {
			t.began = l.trunk.began
		}
	}
	p.mu.Unlock()
}

// look finds the addresses of a trunk's gateways, from which its calls may come.
func (p *telephone) look(ctx context.Context, t *trunk) {
	for _, g := range t.set.Gateways {
		if _, err := netip.ParseAddr(g.Host); err == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", g.Host)
		cancel()
		if err != nil {
			continue // what was found before still holds
		}
		for i := range found {
			found[i] = found[i].Unmap()
		}
		p.mu.Lock()
		p.places[g.Host] = found
		p.mu.Unlock()
	}
}

// begin registers with a trunk and watches its gateways.
func (p *telephone) begin(t *trunk) *begun {
	b := &begun{trunk: t}
	cred := t.credentials()
	for _, g := range t.set.Gateways {
		from := wire.NewURI("sip", t.set.Account(), g.Host, 0, "")
		b.watches = append(b.watches, p.phone.Watch(sip.WatchRequest{Hop: hop(g), From: from, Credentials: cred}, func(up bool) {
			p.log.Info("a gateway of a trunk changed", "tenant", t.owner, "trunk", t.id, "up", up)
			wake(p.stood)
		}))
	}
	if t.set.Registration.On && len(t.set.Gateways) > 0 {
		domain := t.set.Registration.Domain
		if domain == "" {
			domain = t.set.Gateways[0].Host
		}
		b.registration = p.phone.Register(sip.RegisterRequest{
			Registrar: wire.NewURI("sip", "", domain, 0, ""), AOR: wire.NewURI("sip", t.set.Account(), domain, 0, ""), ContactUser: t.id, Hop: hop(t.set.Gateways[0]),
			Credentials: cred, Expires: time.Duration(t.set.Registration.ExpirySeconds) * time.Second,
		}, func(st gateway.RegState) {
			p.log.Info("a registration with a trunk changed", "tenant", t.owner, "trunk", t.id, "state", st.String())
			wake(p.stood)
		})
	}
	return b
}

func (b *begun) stop() {
	if b.registration != nil {
		b.registration.Stop()
	}
	for _, w := range b.watches {
		w.Stop()
	}
}

func hop(g setup.TrunkGateway) sip.Target {
	transport := map[string]string{"udp": sip.UDP, "tcp": sip.TCP, "tls": sip.TLS}[g.Transport]
	return sip.Target{Transport: transport, Host: g.Host, Port: g.Port, Fixed: g.Transport != "udp"}
}

func (t *trunk) credentials() auth.Credentials {
	if t.set.Username == "" || t.password.Empty() {
		return auth.Credentials{}
	}
	var realms []string
	for _, g := range t.set.Gateways {
		realms = append(realms, g.Host)
	}
	if d := t.set.Registration.Domain; d != "" {
		realms = append(realms, d)
	}
	return auth.Credentials{Realms: realms, Username: secret.New(t.set.Username), Password: t.password, MD5: t.set.AllowMD5}
}

// policy is what a trunk's sound must be like.
func (t *trunk) policy() negotiate.Policy {
	pol := negotiate.Policy{}
	if t.set.Encryption == setup.EncryptionPlain {
		pol.Security = negotiate.Accepted
	}
	for _, s := range t.set.SRTP {
		pol.Suites = append(pol.Suites, map[string]negotiate.Suite{"AEAD_AES_256_GCM": negotiate.AES256GCM, "AEAD_AES_128_GCM": negotiate.AES128GCM,
			"AES_CM_128_HMAC_SHA1_80": negotiate.AESCM80, "AES_CM_128_HMAC_SHA1_32": negotiate.AESCM32}[s])
	}
	return pol
}

// Trusts says whether a trunk's calls may come from an address without a
// password.
func (p *telephone) Trusts(from netip.Addr, contact string) bool {
	plan, err := p.read(context.Background())
	if err != nil {
		return false
	}
	_, code := plan.Incoming(dialplan.Arrival{Source: from, Contact: p.contact(from, contact)})
	return code == dialplan.NotFound
}

// contact is the trunk that called the contact which it was given, if it did.
func (p *telephone) contact(from netip.Addr, user string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.trunks[user]
	if t == nil {
		return ""
	}
	for _, g := range t.set.Gateways {
		if a, err := netip.ParseAddr(g.Host); err == nil && a.Unmap() == from || slices.Contains(p.places[g.Host], from) {
			return user
		}
	}
	return ""
}

// Secret is what an account is checked with: that of a trunk which proves a
// password has the trunk's id for its name.
func (p *telephone) Secret(realm, user string) (auth.Secret, bool) {
	if _, err := p.read(context.Background()); err != nil {
		return auth.Secret{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.phoneSecret(user); ok {
		return s, true
	}
	t := p.trunks[user]
	if t == nil || !t.set.AskPassword || t.password.Empty() {
		return auth.Secret{}, false
	}
	return auth.NewSecret(user, realm, t.password, t.set.AllowMD5), true
}

// Arrives finds where a call leads.
func (p *telephone) Arrives(ctx context.Context, r voice.Ring) (voice.Route, error) {
	plan, err := p.read(ctx)
	if err != nil {
		return voice.Route{}, err
	}
	contact := ""
	if len(r.Called) > 0 {
		contact = p.contact(r.Source.Addr(), r.Called[0].Reveal())
	}
	l, code := plan.Incoming(dialplan.Arrival{Source: r.Source.Addr(), Contact: contact, Proven: r.Proven, Called: r.Called})
	switch code {
	case 0:
	case dialplan.NotFound:
		return voice.Route{}, errs.New(errs.NotFound, "Nobody has this number.")
	case dialplan.NoAnswer:
		return voice.Route{}, errs.New(errs.Conflict, "Nothing answers at this number.")
	default:
		return voice.Route{}, errs.New(errs.Forbidden, "No trunk lets this call in.")
	}
	if p.rule.Encrypted() && r.Transport != sip.TLS {
		return voice.Route{}, errs.New(errs.Forbidden, "Calls come by TLS alone.")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.trunks[l.Trunk.ID]
	if t == nil {
		return voice.Route{}, errs.New(errs.Unavailable, "The trunk is being changed.")
	}
	if l.Rings != "" && !p.here[l.Tenant] { // its phones are registered elsewhere
		return voice.Route{}, &errs.Error{Code: errs.Unavailable, Text: "The phones are registered at another node.", RetryAfter: comeBackSoon}
	}
	over, ok := p.room(t, false)
	if !ok {
		return voice.Route{}, &errs.Error{Code: errs.Limited, Text: "The trunk has as many calls as it may.", RetryAfter: 5 * time.Second}
	}
	route := voice.Route{Tenant: l.Tenant, EntryPoint: l.EntryPoint, Rings: l.Rings, Trunk: t.id, Media: t.policy(), Over: p.giver(over)}
	if number, ok := dialplan.Normal(r.Caller.Reveal(), l.Trunk.Country); ok {
		route.Caller = secret.New(number)
	}
	return route, nil
}

// Name is what a trunk is called.
func (p *telephone) Name(tid string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.trunks[tid]; t != nil {
		return t.set.Name
	}
	return ""
}

// giver counts a call that has ended.
func (p *telephone) giver(over func()) func() {
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		over()
	}
}

// Again is what a call goes on with after a restart.
func (p *telephone) Again(ctx context.Context, owner id.Tenant, tid string, left bool) (negotiate.Policy, auth.Credentials, func(), error) {
	if _, err := p.read(ctx); err != nil {
		return negotiate.Policy{}, auth.Credentials{}, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.trunks[tid]
	if t == nil || len(t.breaks) > 0 {
		return negotiate.Policy{}, auth.Credentials{}, nil, errs.New(errs.NotFound, "The trunk is not there any more.")
	}
	place := p.stand(t)
	over := p.giver(place)
	if left {
		t.out[owner]++
		over = p.giverOut(t, owner, place)
	}
	return t.policy(), t.credentials(), over, nil
}

// same says whether nothing of a trunk changed that concerns its work.
func (t *trunk) same(o *trunk) bool {
	return t.owner == o.owner && t.gone == o.gone && slices.Equal(t.breaks, o.breaks) && t.password.Equal(o.password) && reflect.DeepEqual(t.set, o.set)
}

// TrunkState says how a trunk stands on this node.
func (p *telephone) TrunkState(ctx context.Context, owner id.Tenant, tid string) (api.TrunkState, error) {
	if _, err := p.read(ctx); err != nil {
		return api.TrunkState{}, err
	}
	p.mu.Lock()
	t := p.trunks[tid]
	if t == nil || t.owner != owner {
		p.mu.Unlock()
		return api.TrunkState{}, errs.New(errs.NotFound, "The trunk is not there any more.")
	}
	b, calls, outgoing, health := t.began, t.cap.Standing(), 0, "gone"
	if l := p.lineOf(t); l != nil && !t.gone {
		health = l.trunk.began.health()
	}
	for _, n := range t.out {
		outgoing += n
	}
	p.mu.Unlock()
	st := api.TrunkState{Running: b != nil, Calls: calls, Outgoing: outgoing, NotAllowed: t.breaks}
	if t.set.Line != "" { // of whose machines they know nothing
		st.Running = b != nil || t.gone
		st.Line = &api.CarrierState{Name: t.set.Line, State: health}
		st.Registration, st.Gateways = (*begun)(nil).state(&setup.Trunk{})
		return st, nil
	}
	st.Registration, st.Gateways = b.state(&t.set)
	return st, nil
}

// state says how a registration and gateways stand.
func (b *begun) state(set *setup.Trunk) (reg api.RegistrationState, gateways []api.GatewayState) {
	reg, gateways = api.RegistrationState{State: "off"}, []api.GatewayState{}
	if b == nil {
		for _, g := range set.Gateways {
			gateways = append(gateways, api.GatewayState{Host: g.Host, Port: g.Port, Transport: g.Transport, State: "unknown"})
		}
		return reg, gateways
	}
	if r := b.registration; r != nil {
		code, since := r.Answer()
		reg = api.RegistrationState{State: map[gateway.RegState]string{gateway.Registered: "registered", gateway.Failing: "failing", gateway.Denied: "denied"}[r.State()], Since: since}
		if reg.State == "" {
			reg.State = "trying"
		}
		if code >= 300 {
			reg.Code = code
		}
	}
	for i, g := range b.trunk.set.Gateways {
		one := api.GatewayState{Host: g.Host, Port: g.Port, Transport: g.Transport, State: "down"}
		up, rtt := b.watches[i].Up()
		switch {
		case up && rtt > 0:
			one.State, one.RTT = "up", int(rtt.Milliseconds())
		case up:
			one.State = "unknown"
		}
		gateways = append(gateways, one)
	}
	return reg, gateways
}
