package voice

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/office"
	"nubitalk/internal/media"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/store"
)

// arriveWithin bounds what is done until a call by telephone is answered.
const arriveWithin = 10 * time.Second

// Q.850 causes that this end gives.
const normalClearing = 16

// Network is the telephone network as it is set up: trunks and numbers.
type Network interface {
	// Trusts says whether a trunk's calls may come from an address without a
	// password; contact is the user part of the Request-URI.
	Trusts(from netip.Addr, contact string) bool
	// Arrives finds where a call leads. NotFound: nobody has the number; Forbidden: it
	// may not come this way; Conflict: nothing answers there; Unavailable and
	// Limited: not now.
	Arrives(ctx context.Context, r Ring) (Route, error)
	// Leaves says by which gateways a call may leave, the first one first, or why it
	// may not, in a person's words.
	Leaves(ctx context.Context, w Wish) (Leaving, error)
	// Reaches gives a number as E.164 that a tenant's calls may leave to, at some hour;
	// else it says why they may not. Numbers for emergencies are none.
	Reaches(ctx context.Context, t id.Tenant, number secret.Text) (secret.Text, error)
	// Emergency says whether a number is one for emergencies that a tenant's call may
	// leave to.
	Emergency(t id.Tenant, number secret.Text) bool
	// Shows are the numbers that a tenant's calls may be chosen to show, and whether
	// any call of its may leave.
	Shows(ctx context.Context, t id.Tenant) (numbers []string, leaves bool, err error)
	// Again is what a call by a trunk goes on with after a restart; NotFound when
	// the trunk is not there any more. left says that the call left by it; over is as
	// Route.Over.
	Again(ctx context.Context, t id.Tenant, trunk string, left bool) (p negotiate.Policy, c auth.Credentials, over func(), err error)
	// Pay gives a call that left by a trunk with bounded minutes, and was answered, its next
	// slice of them. Conflict: there are none.
	Pay(ctx context.Context, t id.Tenant, m Minutes) (Paid, error)
	// Name is what a trunk is called; "" when it is not there any more.
	Name(trunk string) string
	// Here says that a tenant's calls are run on this node, or no longer are.
	Here(t id.Tenant, here bool)
	// Secret is what an account of a telephone is checked with.
	Secret(realm, user string) (auth.Secret, bool)
}

// Ring is what a call that arrives says of itself.
type Ring struct {
	Transport string
	Source    netip.AddrPort
	// Proven is the account whose password was proven, or empty.
	Proven string
	// Called are the numbers that the request names, the most telling first: of the
	// Request-URI, P-Called-Party-ID and To.
	Called []secret.Text
	// Caller is the number as it came: the trunk's word where it gives one (RFC
	// 3325); empty where it is withheld.
	Caller  secret.Text
	Display secret.Text
}

// Route is where a call leads.
type Route struct {
	Tenant     id.Tenant
	EntryPoint string
	// Rings is the phone or the ring group that the call rings, in the place of an
	// entry point.
	Rings string
	Trunk string
	// Caller is the caller's number in E.164; may be empty.
	Caller secret.Text
	Media  negotiate.Policy
	// Over is called once when the call has ended; may be nil.
	Over func()
}

// Wish is a call that an agent wants to make.
type Wish struct {
	Tenant id.Tenant
	To     secret.Text // as it was typed
	Caller string      // number to show, one of the tenant's; "" leaves that to the trunk
	Queue  string
}

// Leaving is how a call leaves.
type Leaving struct {
	To       secret.Text // E.164, or an emergency number
	Language string      // the tenant's
	// Emergency: it is a number for emergencies, which everybody may call.
	Emergency bool
	Attempts  []Attempt // at least one
}

// Attempt is one gateway to try.
type Attempt struct {
	Trunk       string
	To          wire.URI
	From        wire.Address
	ContactUser string
	Hop         sip.Target
	Headers     []wire.Header
	Credentials auth.Credentials
	Media       negotiate.Policy
	// Most is how long the call may last at most, for which it pays by slices; 0 means no
	// bound. Counts are stored with the leg.
	Most   time.Duration
	Counts []string
	// Take counts the call at its trunk, or says that there is no room; over gives
	// it back. Went says how the attempt ended before an answer; 0 is an answer.
	Take func() (over func(), ok bool)
	Went func(code int, retryAfter time.Duration)
}

// Minutes are what a call pays from.
type Minutes struct {
	Record     string // the leg, or the phone's call, as it is stored
	Trunk      string
	Counts     []string // as Attempt.Counts
	StartedAt  time.Time
	AnsweredAt time.Time
	Until      time.Time // until when it has paid; zero: nothing yet
}

// Paid is until when a call has its minutes, and when it ends if no other one uses
// them; zero: nothing bounds it any more.
type Paid struct{ Until, Most time.Time }

// Beginning is a call by telephone that begins.
type Beginning struct {
	Tenant     id.Tenant
	EntryPoint string
	Number     secret.Text // E.164; empty if withheld
	Display    secret.Text // name that the caller's side gives; may be empty
	// Agent, Queue and Language are of a call that an agent makes; "" of one that
	// arrives.
	Agent, Queue, Language string
	// Campaign is the one in which the agent calls, and Called stores that it does, with
	// the call; nil for none.
	Campaign string
	Called   func(tx *store.Tx, interaction string) error
	// Mailbox is the user for whom a message is taken, in the place of an entry point;
	// Greeting is what it says, if that is a recorded prompt.
	Mailbox  string
	Greeting office.Words
	// Parking: a phone parks a call; Number and Display are of who waits.
	Parking *channel.Parking
}

// door is the Service as the sip.Handler that it is.
type door Service

var _ sip.Handler = (*door)(nil)

// Admit lets trunks in, and phones; strangers are asked for a password, whatever
// they want, so that they learn nothing.
func (d *door) Admit(a sip.Arrival) sip.Admission {
	name := askedAs(a)
	switch {
	case d.Phones != nil && (a.Method == wire.Register || a.Method == wire.Subscribe || a.Method == wire.Invite && isPhone(name)):
		return d.admitPhone(a, name)
	case d.Phones != nil && a.Method == wire.Options && d.known(a):
		return sip.Admit()
	case d.Network.Trusts(a.Source.Addr().Unmap(), a.URI.User.Reveal()):
		return sip.Admit()
	case a.Method == wire.Options:
		return sip.Ignore()
	case !a.User.Empty() && a.Method == wire.Register: // a trunk is registered with; it does not register
		return sip.Refuse(403, 0)
	case !a.User.Empty():
		return sip.Admit()
	}
	return sip.Challenge()
}

func (d *door) Secret(realm, user string) (auth.Secret, bool) { return d.Network.Secret(realm, user) }

func (d *door) Reachable(account secret.Text) { (*Service)(d).reachable(account) }

// Incoming takes a call.
func (d *door) Incoming(leg *sip.Leg) {
	s := (*Service)(d)
	if isPhone(leg.User().Reveal()) {
		s.dialled(leg)
		return
	}
	l := &line{s: s, leg: leg}
	leg.Events(l.told)
	if leg.Replaces() != nil {
		leg.Reject(notAllowed, sip.Reason{})
		l.end()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), arriveWithin)
	defer cancel()
	if err := s.arrive(ctx, l); err != nil {
		code, headers := refusal(err)
		leg.Reject(code, sip.Reason{}, headers...)
		l.end()
	}
}

func (s *Service) arrive(ctx context.Context, l *line) error {
	ring := ringOf(l.leg)
	route, err := s.Network.Arrives(ctx, ring)
	if err != nil {
		return err
	}
	l.over, l.trunk, l.number = route.Over, route.Trunk, route.Caller
	if l.rtp, err = s.Media.NewRTP(media.RTPConfig{Policy: route.Media, Latch: route.Media.Security == negotiate.Required, Listener: l.heard}); err != nil {
		return errs.Wrap(errs.Unavailable, err, "There is no port for the call's sound.")
	}
	body, err := l.describe(l.leg.Offer())
	if err != nil {
		return err
	}
	if route.Rings != "" {
		return s.ringsIn(l, route, ring, body)
	}
	who, err := s.Written.Begin(ctx, Beginning{Tenant: route.Tenant, EntryPoint: route.EntryPoint, Number: route.Caller, Display: ring.Display})
	if err != nil {
		return err
	}
	if c := s.find(who.Tenant, who.Interaction); c == nil || !l.join(c, body) { // it was closed as it came: out of hours, without words
		return errs.New(errs.Unavailable, "Nobody takes the call.")
	}
	return nil
}

// ringOf reads what a call says of itself.
func ringOf(leg *sip.Leg) Ring {
	transport, source := leg.Source()
	invite := leg.Invite()
	r := Ring{Transport: transport, Source: netip.AddrPortFrom(source.Addr().Unmap(), source.Port()), Proven: leg.User().Reveal(), Called: []secret.Text{userOf(invite.URI)}}
	if a, err := wire.ParseAddress(invite.Get("P-Called-Party-ID")); err == nil {
		r.Called = append(r.Called, userOf(a.URI))
	}
	r.Called = append(r.Called, userOf(leg.To().URI))
	if leg.Anonymous() {
		return r
	}
	from := leg.From()
	r.Display = from.Display
	if a := leg.Asserted(); !a.URI.User.Empty() {
		from = a
		if !a.Display.Empty() {
			r.Display = a.Display
		}
	}
	r.Caller = userOf(from.URI)
	return r
}

// userOf is a URI's number or name, without parameters (RFC 3966).
func userOf(u wire.URI) secret.Text {
	name, _, _ := strings.Cut(u.User.Reveal(), ";")
	return secret.New(name)
}

// refusal is how a call is refused.
func refusal(err error) (code int, headers []wire.Header) {
	var r negotiate.Refusal
	if errors.As(err, &r) {
		return 488, []wire.Header{{Name: "Warning", Value: warning(r)}}
	}
	e := errs.As(err)
	switch e.Code {
	case errs.NotFound, errs.Gone:
		return 404, nil
	case errs.Forbidden:
		return 403, nil
	case errs.Conflict:
		return 480, nil
	case errs.Invalid:
		return 400, nil
	case errs.Unsupported:
		return 415, nil
	}
	wait := max(1, int(e.RetryAfter.Seconds()))
	return 503, []wire.Header{{Name: "Retry-After", Value: strconv.Itoa(wait)}}
}
