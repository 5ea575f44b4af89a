package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
)

// names finds the addresses of targets (RFC 3263 §4.2: SRV, then A and AAAA) and
// remembers them for a while.
type names struct {
	r  Resolver
	mu sync.Mutex
	m  map[dialog.Target]found
}

type found struct {
	at    time.Time
	addrs []netip.AddrPort
}

// Names are asked for again after remember; after a failure, the old answer
// serves for trust.
const (
	remember = time.Minute
	trust    = time.Hour
	maxNames = 1024
)

var errNoAddress = errors.New("the name has no address")

func newNames(r Resolver) names { return names{r: r, m: map[dialog.Target]found{}} }

// find gives the addresses of a target, in the order in which they are tried.
func (n *names) find(ctx context.Context, to dialog.Target) ([]netip.AddrPort, error) {
	if a, err := netip.ParseAddr(to.Host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(a, uint16(portOf(to.Port, to.Transport)))}, nil
	}
	key := dialog.Target{Transport: to.Transport, Host: to.Host, Port: to.Port}
	n.mu.Lock()
	f, ok := n.m[key]
	n.mu.Unlock()
	if ok && time.Since(f.at) < remember {
		return f.addrs, nil
	}
	addrs, err := n.ask(ctx, key)
	if err != nil {
		if ok && time.Since(f.at) < trust {
			return f.addrs, nil
		}
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.m) >= maxNames {
		clear(n.m)
	}
	n.m[key] = found{time.Now(), addrs}
	return addrs, nil
}

func (n *names) ask(ctx context.Context, to dialog.Target) ([]netip.AddrPort, error) {
	var all []netip.AddrPort
	if to.Port == 0 {
		service, proto := "sip", "udp"
		switch to.Transport {
		case TCP:
			proto = "tcp"
		case TLS:
			service, proto = "sips", "tcp"
		}
		if _, records, err := n.r.LookupSRV(ctx, service, proto, to.Host); err == nil {
			for _, r := range records {
				addrs, err := n.r.LookupNetIP(ctx, "ip", r.Target)
				if err != nil {
					continue
				}
				for _, a := range addrs {
					all = append(all, netip.AddrPortFrom(a.Unmap(), r.Port))
				}
			}
		}
	}
	if len(all) == 0 {
		addrs, err := n.r.LookupNetIP(ctx, "ip", to.Host)
		if err != nil {
			return nil, fmt.Errorf("finding a gateway's address: %w", err)
		}
		for _, a := range addrs {
			all = append(all, netip.AddrPortFrom(a.Unmap(), uint16(portOf(to.Port, to.Transport))))
		}
	}
	if len(all) == 0 {
		return nil, errNoAddress
	}
	return all, nil
}
