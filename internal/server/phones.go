package server

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/api"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/core/office"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
)

// phone is a phone in use.
type phone struct {
	voice.Phone
	secret  auth.Secret // with the realm
	enabled bool        // and with a password
	breaks  []string    // its fields that the operator's rule does not allow
}

var _ voice.Phones = (*telephone)(nil)

// phoneOf makes a phone ready to be let in. What is checked is made here, so that
// looking an account up takes as long for one that does not exist.
func (p *telephone) phoneOf(t id.Tenant, one appsetup.Phone) *phone {
	ph := &phone{breaks: one.Breaks, enabled: one.Enabled && !one.Password.Empty(), Phone: voice.Phone{ID: one.ID, Name: one.Name, Account: one.PhoneAccount(one.ID), Tenant: t, User: one.User, Extension: one.Extension,
		OnlyTLS: !one.Plain(), AutoAnswer: one.AutoAnswer}}
	if one.Plain() {
		ph.Media.Security = negotiate.Accepted
	}
	if p.rule.Strong() {
		ph.Media.Suites = negotiate.Strong()
	}
	if !one.Password.Empty() {
		ph.secret = auth.NewSecret(ph.Account, p.realm, one.Password, one.AllowMD5)
	}
	return ph
}

// takePhones puts phones to work that were read. Those that are not what they
// were have to register anew. p.mu is held.
func (p *telephone) takePhones(fresh map[string]*phone) (gone []string) {
	for account, old := range p.phones {
		now := fresh[account]
		if now == nil || now.enabled != old.enabled || now.OnlyTLS != old.OnlyTLS || now.Tenant != old.Tenant || now.User != old.User ||
			!now.secret.SHA256.Equal(old.secret.SHA256) || !now.secret.MD5.Equal(old.secret.MD5) {
			gone = append(gone, account)
		}
	}
	p.phones = fresh
	return gone
}

// forgetPhones takes the places of phones away.
func (p *telephone) forgetPhones(accounts []string) {
	for _, account := range accounts {
		p.phone.Forget(secret.New(account))
	}
}

// Phone is the phone that an account belongs to, if it may be used.
func (p *telephone) Phone(account string) (voice.Phone, bool) {
	if _, err := p.read(context.Background()); err != nil {
		return voice.Phone{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.usable(p.phones[account])
}

// messagesChanged has the phones of a tenant's users told which messages wait; nil: of
// all of them, "": of every tenant's.
func (p *telephone) messagesChanged(t id.Tenant, users []string) {
	var accounts []string
	p.mu.Lock()
	for account, ph := range p.phones {
		if (t == "" || ph.Tenant == t) && ph.User != "" && (users == nil || slices.Contains(users, ph.User)) {
			accounts = append(accounts, account)
		}
	}
	p.mu.Unlock()
	for _, account := range accounts {
		p.phone.MessagesChanged(secret.New(account))
	}
}

// usable is a phone as it may be used now; p.mu is held.
func (p *telephone) usable(ph *phone) (voice.Phone, bool) {
	if ph == nil || !ph.enabled {
		return voice.Phone{}, false
	}
	out := ph.Phone
	out.Here = p.here[ph.Tenant]
	return out, true
}

// PhoneByID is one of a tenant's phones, if it may be used.
func (p *telephone) PhoneByID(t id.Tenant, object string) (voice.Phone, bool) {
	ph, ok := p.Phone(object)
	if !ok {
		ph, ok = p.Phone(object + setup.MD5Name)
	}
	return ph, ok && ph.Tenant == t
}

// PhonesOf are the phones of a user that may be used.
func (p *telephone) PhonesOf(t id.Tenant, user string) (list []voice.Phone) {
	if _, err := p.read(context.Background()); err != nil || user == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ph := range p.phones {
		if one, ok := p.usable(ph); ok && one.Tenant == t && one.User == user {
			list = append(list, one)
		}
	}
	return list
}

// Extensions are a tenant's extensions.
func (p *telephone) Extensions(t id.Tenant) *office.Directory {
	if _, err := p.read(context.Background()); err != nil {
		return office.New(nil, nil, nil)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.offices[t]; d != nil {
		return d
	}
	return office.New(nil, nil, nil)
}

// officeOf is the extensions of those of a tenant's phones that may be used, and
// of its ring groups.
func officeOf(phones []*phone, groups []appsetup.RingGroup, forwards map[string]office.Forwards) *office.Directory {
	var list []office.Phone
	for _, ph := range phones {
		if ph.enabled {
			list = append(list, office.Phone{ID: ph.ID, User: ph.User, Extension: ph.Extension})
		}
	}
	var rung []office.Group
	for _, g := range groups {
		then := office.Then{Target: g.Then.Rings, EntryPoint: g.Then.EntryPoint, Say: office.Words{Prompt: g.Then.Prompt, Language: g.Says.Language, Text: g.Says.Text}}
		rung = append(rung, office.Group{ID: g.ID, Name: g.Name, Extension: g.Extension, Members: g.Members, Order: office.Order(g.Order),
			Each: time.Duration(g.RingSeconds) * time.Second, Most: time.Duration(g.MostSeconds) * time.Second, Then: then})
	}
	return office.New(list, rung, forwards)
}

// phoneSecret is what a phone's account is checked with; p.mu is held.
func (p *telephone) phoneSecret(account string) (auth.Secret, bool) {
	ph := p.phones[account]
	if ph == nil || !ph.enabled {
		return auth.Secret{}, false
	}
	return ph.secret, true
}

// PhoneState says how a phone stands on this node.
func (p *telephone) PhoneState(ctx context.Context, t id.Tenant, object string) (api.PhoneState, error) {
	if _, err := p.read(ctx); err != nil {
		return api.PhoneState{}, err
	}
	st := api.PhoneState{Running: true, Realm: p.realm, Servers: p.servers(), Bindings: []api.PhonePlace{}}
	ph, ok := p.PhoneByID(t, object)
	if !ok {
		st.NotAllowed = p.breaks(t, object)
		return st, nil
	}
	for _, b := range p.phone.Bindings(secret.New(ph.Account)) {
		st.Bindings = append(st.Bindings, api.PhonePlace{Transport: strings.ToLower(b.Source.Transport), Ends: b.Ends.Truncate(time.Second)})
	}
	return st, nil
}

// breaks are the fields of a phone that the operator's rule does not allow.
func (p *telephone) breaks(t id.Tenant, object string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, account := range []string{object, object + setup.MD5Name} {
		if ph := p.phones[account]; ph != nil && ph.Tenant == t {
			return ph.breaks
		}
	}
	return nil
}

// servers are where phones register: the public name, where there is one.
func (p *telephone) servers() []string {
	list := []string{}
	for i, l := range p.conf.Listen {
		transport, _, _ := config.SIPListener(l) // config.Check has refused others
		host, port, err := net.SplitHostPort(p.phone.Address(i))
		if err != nil {
			continue
		}
		if p.conf.Public != "" {
			host = p.conf.Public
		}
		list = append(list, transport+"://"+net.JoinHostPort(host, port))
	}
	return list
}
