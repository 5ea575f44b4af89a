package sip

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/registrar"
	"nubitalk/internal/channel/voice/sip/wire"
)

// Transports.
const (
	UDP = wire.UDP
	TCP = wire.TCP
	TLS = wire.TLS
)

// Listener is one listening socket.
type Listener struct {
	// Transport is UDP, TCP or TLS.
	Transport string
	// Address is host:port as in net.Listen; an IPv6 host in brackets. Port 0
	// takes any free one.
	Address string
	// Advertise is the host that others reach this socket at, as it stands in
	// Via and Contact; "": the socket's own address.
	Advertise string
	// AdvertisePort is the port to go with it; 0: the socket's own.
	AdvertisePort int
	// TLS is the server's side of a TLS listener.
	TLS *tls.Config
}

// Resolver finds addresses of names; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// Limits bound what others can make this end keep; a zero value is the default.
type Limits struct {
	// Calls is how many calls may be set up or stand at a time (default 4,000);
	// more get 503.
	Calls int
	// Mailboxes is how many Call-IDs may be remembered, those of ended calls
	// and of registrations included (default 100,000).
	Mailboxes int
	// Queue is how many messages of one Call-ID may wait (default 64); more are
	// dropped.
	Queue int
	// Subscriptions is how many there may be to waiting messages (default 20,000);
	// more get 503.
	Subscriptions int
	// Connections is how many connections there may be (default 4,096), and
	// ConnectionsPerSource how many from one address (default 64).
	Connections, ConnectionsPerSource int
	// RefusalsPerSource is how many refusals without state one address gets a
	// second (default 500); more of its requests get no answer.
	RefusalsPerSource int
	// Idle is how long a connection may be silent (default 40 min: longer than
	// calls go without a refresh), and Partial how long a message may take to
	// arrive (default 20 s).
	Idle, Partial time.Duration
}

// Config is what an Endpoint needs.
type Config struct {
	Listeners []Listener
	// Product is shown as User-Agent and Server; "": nothing is.
	Product string
	Limits  Limits
	// Timers default to those of RFC 3261.
	Timers dialog.Timers
	// SessionExpires and MinSE are those of RFC 4028; 0: 1,800 s and 90 s.
	SessionExpires, MinSE time.Duration
	// ClientTLS gives the configuration for a connection to a host, so that each
	// trunk may have its own; nil: the system's authorities.
	ClientTLS func(host string) *tls.Config
	// Realm is the one that challenges name.
	Realm string
	// Algorithms are those that challenges offer, the better first; default
	// auth.SHA256 alone.
	Algorithms []string
	// Registrar bounds registrations of phones.
	Registrar registrar.Rules
	// KeepOpen is how often phones over UDP are written to, so that routers keep the
	// way to them open; 0: every 25 s.
	KeepOpen time.Duration
	// Resolver defaults to the system's.
	Resolver Resolver
	Log      *slog.Logger
}

// Handler decides about what arrives. See the package about order.
type Handler interface {
	// Admit is asked about each INVITE, REGISTER and OPTIONS outside a dialog, and
	// about each SUBSCRIBE, before anything is kept of it.
	Admit(Arrival) Admission
	// Secret gives what an account's password is checked with; ok is false for
	// an account that is not known, which strangers cannot tell from a wrong
	// password.
	Secret(realm, username string) (s auth.Secret, ok bool)
	// Incoming is a new call. It sets Leg.Events before it returns.
	Incoming(*Leg)
	// Reachable says that an account's Bindings are others than before.
	Reachable(user secret.Text)
	// Messages are those that wait for an account; ok is false where it has no
	// mailbox, or that cannot be read now.
	Messages(user secret.Text) (m Messages, ok bool)
}

// Arrival is a request that asks for admission.
type Arrival struct {
	Method string
	// Source is where it came from.
	Transport string
	Source    netip.AddrPort
	// User is the account whose password was proven, or empty.
	User secret.Text
	// Tried says that there were credentials, but not the right ones; ones that
	// are right but for their age are asked for again.
	Tried bool
	URI   wire.URI
	From  wire.Address
	To    wire.Address
	// Message has the rest.
	Message *wire.Message
}

// Admission is the answer to an Arrival.
type Admission struct {
	verdict    verdict
	code       int
	retryAfter time.Duration
	algorithms []string
}

type verdict uint8

const (
	ignore verdict = iota
	admit
	challenge
	refuse
)

// Admit lets it in.
func Admit() Admission { return Admission{verdict: admit} }

// Challenge asks for a password (401). algorithms are those of Config.Algorithms
// that are offered; none given: all. A phone that knows only MD5 (baresip 1.0 is
// one) gives up at a challenge with SHA-256 beside it, so it needs MD5 alone:
// let the listener or the trunk decide that, and not whether the account in From
// exists, or strangers learn which do.
func Challenge(algorithms ...string) Admission {
	return Admission{verdict: challenge, algorithms: algorithms}
}

// Refuse answers with a code from 400 to 699; with retryAfter, the other end is
// told when to come back.
func Refuse(code int, retryAfter time.Duration) Admission {
	return Admission{verdict: refuse, code: code, retryAfter: retryAfter}
}

// Ignore answers nothing, as if nobody listened.
func Ignore() Admission { return Admission{} }
