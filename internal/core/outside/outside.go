package outside

import (
	"net/netip"
	"net/url"
	"strings"

	"nubitalk/internal/base/errs"
)

// inside are the networks that are nobody's public address, or another one's in
// disguise (IANA's special-purpose registries, RFC 6890): this host and its own
// networks, carrier-grade NAT, link-local, documentation, benchmarks, multicast,
// and what is not given out. Of IPv6 only 2000::/3 is given out, so that mapped
// and translated IPv4 (::ffff:0:0/96, 64:ff9b::/96), unique local and link-local
// addresses are not in it.
var inside = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23",     // Teredo, ORCHID and other protocols
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4
	"3fff::/20",     // documentation
)

var given = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// Public says whether an address is one on the public network.
func Public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" || a.Is6() && !given.Contains(a) {
		return false
	}
	for _, p := range inside {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Address reads the address of a system outside: https, a host, a port and the
// beginning of a path if they are needed, and nothing else. A host that is
// written as a network address must be a public one.
func Address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "" {
		return nil, errs.New(errs.Invalid, "must be an address such as https://api.example.com/v1.")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(text, "#") || strings.Contains(u.Path, "/..") || u.RawPath != "" {
		return nil, errs.New(errs.Invalid, "must be an address without a name, a password, a ? and a #.")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	a, err := netip.ParseAddr(host)
	if err == nil && !Public(a) || err != nil && !named(host) {
		return nil, errs.New(errs.Invalid, "must be on the public network; addresses inside the house are not asked.")
	}
	return u, nil
}

// named says whether a host is a name of the public network: at least two parts,
// the last of which is no number and no name that means a local one.
func named(host string) bool {
	i := strings.LastIndexByte(host, '.')
	if i < 1 {
		return false
	}
	switch last := host[i+1:]; last {
	case "localhost", "local", "internal", "localdomain", "lan", "home", "arpa", "onion":
		return false
	default:
		return last != "" && strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
	}
}

// Origin is what an address's secrets belong to: host and port.
func Origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}
