package outside

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Allowed are the hosts that the operator lets the program reach on organisations'
// behalf, whatever these set up; nil: all. It bounds what Permit permits, and opens
// nothing of its own.
type Allowed struct {
	names    []string // api.example.com; .example.com is all that ends so
	networks []netip.Prefix
}

// ReadAllowed reads a list of hosts: a name, *.example.com for the names below one, a
// network or an address. An empty list allows all.
func ReadAllowed(list []string) (*Allowed, error) {
	if len(list) == 0 {
		return nil, nil
	}
	a := &Allowed{}
	for _, text := range list {
		if p, err := netip.ParsePrefix(text); err == nil {
			a.networks = append(a.networks, p)
			continue
		}
		if one, err := netip.ParseAddr(text); err == nil && one.Zone() == "" {
			a.networks = append(a.networks, netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen()))
			continue
		}
		name := plainName(text)
		host := strings.TrimPrefix(name, "*.")
		if !named(host) || strings.ContainsAny(host, "*:/@ ?#[]") || strings.Contains(host, "..") {
			return nil, fmt.Errorf("%q must be a host such as api.example.com, *.example.com, or a network such as 192.0.2.0/24", text)
		}
		a.names = append(a.names, strings.TrimPrefix(name, "*"))
	}
	return a, nil
}

func plainName(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// Name says whether a host is allowed by its name, whatever address it has.
func (a *Allowed) Name(host string) bool {
	if a == nil {
		return true
	}
	host = plainName(host)
	return slices.ContainsFunc(a.names, func(n string) bool {
		return host == n || n[0] == '.' && strings.HasSuffix(host, n) && len(host) > len(n)
	})
}

// Address says whether an address is in one of the networks.
func (a *Allowed) Address(address netip.Addr) bool {
	return a == nil || slices.ContainsFunc(a.networks, func(p netip.Prefix) bool { return p.Contains(address.Unmap()) })
}

// Host says whether a host, a name or an address, is allowed before anything is asked
// about it. A name that only its addresses may allow is.
func (a *Allowed) Host(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return a.Address(address)
	}
	return a.Name(host) || len(a.networks) > 0
}
