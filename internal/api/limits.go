package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"nubitalk/internal/base/errs"
)

// Limit is how many calls may come: so many a second, and so many at once. The
// zero value means the default, a negative PerSecond no limit.
type Limit struct {
	PerSecond float64
	Burst     int
}

// Limits bound what one caller can ask of the program.
type Limits struct {
	Address   Limit // calls from one address, whoever makes them
	SignIn    Limit // sign-ins from one address
	Start     Limit // conversations begun from one address
	Visitor   Limit // calls and frames with one conversation's token
	Listen    Limit // recordings, by one user or key
	Logout    Limit // sessions that a provider ends, from one address
	Provision Limit // calls of one tenant's directory (SCIM)
	Tenant    Limit // calls of all users and keys of one tenant
}

// DefaultLimits suit an office behind one address.
var DefaultLimits = Limits{
	Address:   Limit{200, 800},
	SignIn:    Limit{3, 60},
	Start:     Limit{2, 30},
	Visitor:   Limit{10, 40},
	Listen:    Limit{10, 100},
	Logout:    Limit{50, 1000},
	Provision: Limit{50, 300},
	Tenant:    Limit{1000, 3000},
}

// Times are the default limits multiplied; times 0 is no limits.
func Times(factor float64) Limits {
	times := func(l Limit) Limit {
		if factor <= 0 {
			return Limit{PerSecond: -1}
		}
		return Limit{l.PerSecond * factor, max(1, int(float64(l.Burst)*factor))}
	}
	d := DefaultLimits
	return Limits{times(d.Address), times(d.SignIn), times(d.Start), times(d.Visitor), times(d.Listen), times(d.Logout), times(d.Provision), times(d.Tenant)}
}

func (l Limit) or(d Limit) Limit {
	if l == (Limit{}) {
		return d
	}
	return l
}

// limiter keeps one bucket per caller. Full buckets are dropped when there are
// many, which changes nothing for their callers.
type limiter struct {
	Limit
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

const keepBuckets = 50_000

func newLimiter(l Limit) *limiter { return &limiter{Limit: l, buckets: map[string]*rate.Limiter{}} }

// take takes n calls out of a caller's bucket, or says how long to wait.
func (l *limiter) take(who string, n int, now time.Time) error {
	if l.PerSecond < 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[who]
	if b == nil {
		if len(l.buckets) >= keepBuckets {
			l.trim(now)
		}
		b = rate.NewLimiter(rate.Limit(l.PerSecond), l.Burst)
		l.buckets[who] = b
	}
	r := b.ReserveN(now, min(n, l.Burst))
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return &errs.Error{Code: errs.Limited, Text: "Too many requests. Please wait a moment and try again.", RetryAfter: wait}
	}
	return nil
}

// spend takes n calls even if they are not there, for what has happened
// already.
func (l *limiter) spend(who string, n int, now time.Time) {
	if l.PerSecond < 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.buckets[who]; b != nil {
		b.ReserveN(now, min(n, l.Burst))
	}
}

func (l *limiter) trim(now time.Time) {
	for who, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.Burst) || len(l.buckets) >= keepBuckets {
			delete(l.buckets, who)
		}
	}
}

// limiters are those of a server.
type limiters struct{ address, signIn, start, visitor, listen, logout, provision, tenant *limiter }

func newLimiters(l Limits) limiters {
	d := DefaultLimits
	return limiters{newLimiter(l.Address.or(d.Address)), newLimiter(l.SignIn.or(d.SignIn)), newLimiter(l.Start.or(d.Start)),
		newLimiter(l.Visitor.or(d.Visitor)), newLimiter(l.Listen.or(d.Listen)), newLimiter(l.Logout.or(d.Logout)), newLimiter(l.Provision.or(d.Provision)), newLimiter(l.Tenant.or(d.Tenant))}
}

// addressOf is who calls: the peer, or what a trusted proxy says of it; for
// limits an IPv6 caller is its /64 network, because one has them all.
func addressOf(r *http.Request, proxies []netip.Prefix) (peer netip.Addr, limited string) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err = netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, host
	}
	if trusted(peer, proxies) {
		// The rightmost address that is not a proxy of ours is the one that a
		// proxy of ours has seen.
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0; i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			if peer = hop; !trusted(hop, proxies) {
				break
			}
		}
	}
	peer = peer.Unmap().WithZone("")
	if peer.Is6() {
		if p, err := peer.Prefix(64); err == nil {
			return peer, p.String()
		}
	}
	return peer, peer.String()
}

func trusted(a netip.Addr, proxies []netip.Prefix) bool {
	for _, p := range proxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
