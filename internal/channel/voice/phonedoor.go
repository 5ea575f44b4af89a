package voice

import (
	"context"
	"hash/maphash"
	"net/netip"
	"strings"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/office"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
)

// Phone is a phone that may register.
type Phone struct {
	ID        string
	Name      string
	Account   string // its user name
	Tenant    id.Tenant
	User      string // "" where it is nobody's
	Extension string
	Media     negotiate.Policy
	// OnlyTLS: it is let in by TLS and not otherwise.
	OnlyTLS bool
	// AutoAnswer: it is asked to pick up by itself.
	AutoAnswer bool
	// Here: its tenant's calls are run on this node.
	Here bool
}

// Phones are the phones as they are set up; answers come from memory.
type Phones interface {
	// Phone is the phone that an account belongs to, if it may be used.
	Phone(account string) (Phone, bool)
	// PhoneByID finds one of a tenant's, PhonesOf those of a user.
	PhoneByID(t id.Tenant, phone string) (Phone, bool)
	PhonesOf(t id.Tenant, user string) []Phone
	// Extensions are a tenant's; never nil.
	Extensions(t id.Tenant) *office.Directory
}

// Messages are those by voice that wait for users.
type Messages interface {
	// Waiting says how many a user did not hear yet, and how many it did.
	Waiting(ctx context.Context, t id.Tenant, user string) (fresh, heard int, err error)
}

// comeBackAfter is when a phone tries again that came to a node which does not
// run its tenant's calls.
const comeBackAfter = 5 * time.Second

// countWithin bounds how long a phone's light waits for what is stored.
const countWithin = 5 * time.Second

// Messages are those of a phone's user.
func (d *door) Messages(account secret.Text) (m sip.Messages, ok bool) {
	if d.Phones == nil || d.Deps.Messages == nil {
		return m, false
	}
	p, ok := d.Phones.Phone(account.Reveal())
	if !ok || p.User == "" {
		return m, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), countWithin)
	defer cancel()
	var err error
	if m.Fresh, m.Heard, err = d.Deps.Messages.Waiting(ctx, p.Tenant, p.User); err != nil {
		d.Log.Warn("a phone was not told which messages wait", "tenant", p.Tenant, "phone", p.ID, "code", errs.As(err).Code)
		return m, false
	}
	return m, true
}

// admitPhone decides about a phone's REGISTER, SUBSCRIBE or INVITE. Who proves no password
// learns nothing: an account that does not exist, one that is switched off and a
// wrong password get the same answers. name is the account that asks, as it says.
func (d *door) admitPhone(a sip.Arrival, name string) sip.Admission {
	now := time.Now()
	source := a.Source.Addr().Unmap()
	if !a.User.Empty() {
		p, ok := d.Phones.Phone(a.User.Reveal())
		switch {
		case d.guard.full(source, now) && !(*Service)(d).sip.Bound(a.User, a.Transport, a.Source):
			return sip.Ignore()
		case !ok, p.OnlyTLS && a.Transport != sip.TLS:
			return sip.Refuse(403, 0)
		case !p.Here:
			return sip.Refuse(503, comeBackAfter)
		}
		return sip.Admit()
	}
	if a.Tried {
		if !d.guard.wrong(source, name, now) {
			return sip.Ignore()
		}
		return sip.Refuse(403, 0)
	}
	if d.guard.full(source, now) {
		return sip.Ignore()
	}
	if strings.HasSuffix(name, setup.MD5Name) {
		return sip.Challenge(auth.MD5)
	}
	return sip.Challenge(auth.SHA256)
}

// askedAs is the account's name that a request says it comes from.
func askedAs(a sip.Arrival) string {
	if a.Method == wire.Register {
		return a.To.URI.User.Reveal()
	}
	return a.From.URI.User.Reveal()
}

// isPhone says whether a name is one that phones have.
func isPhone(name string) bool { return strings.HasPrefix(name, id.Phone+"_") }

// known says whether a request comes from where a phone is registered: OPTIONS
// that keep its way open are answered.
func (d *door) known(a sip.Arrival) bool {
	name := a.From.URI.User.Reveal()
	return isPhone(name) && (*Service)(d).sip.Bound(secret.New(name), a.Transport, a.Source)
}

// Wrong passwords a minute: of one address, before nothing that comes from it is
// answered but by phones registered there; and against one account, from
// wherever, before wrong ones get no answer any more. The right password of
// another address is let in all the same, so nobody can lock a phone out.
const (
	wrongPerSource  = 30
	wrongPerAccount = 60
)

// guard counts wrong passwords. Its size is fixed: who shares a place shares a
// budget. Safe for concurrent use.
type guard struct {
	mu       sync.Mutex
	seed     maphash.Seed
	sources  [4096]tally
	accounts [4096]tally
}

type tally struct {
	minute int64
	count  int
}

func newGuard() *guard { return &guard{seed: maphash.MakeSeed()} }

// network is what one other end is taken for: an IPv6 host has a /64 of its own.
func network(a netip.Addr) netip.Addr {
	if a.Is6() && !a.Is4In6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// of is the tally of a key, emptied where its minute is over; g.mu is held.
func (g *guard) of(list *[4096]tally, key string, now time.Time) *tally {
	t := &list[maphash.String(g.seed, key)%uint64(len(list))]
	if m := now.Unix() / 60; t.minute != m {
		*t = tally{minute: m}
	}
	return t
}

// full says whether an address has guessed too often.
func (g *guard) full(source netip.Addr, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.of(&g.sources, network(source).String(), now).count >= wrongPerSource
}

// wrong counts a wrong password, and says whether it gets an answer.
func (g *guard) wrong(source netip.Addr, account string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, a := g.of(&g.sources, network(source).String(), now), g.of(&g.accounts, account, now)
	answered := s.count < wrongPerSource && a.count < wrongPerAccount
	s.count++
	a.count++
	return answered
}
