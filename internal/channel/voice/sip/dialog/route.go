package dialog

import (
	"net/netip"
	"slices"

	"nubitalk/internal/channel/voice/sip/wire"
)

// Where requests go, and what the other end is told of where it reaches us.

// route sets Request-URI and Route of a request within the dialog with p, and
// says where it goes (RFC 3261 §12.2.1.1).
func (l *Leg) route(m *wire.Message, p *peer) Target {
	m.URI = p.target
	hop := p.target
	if len(p.routes) > 0 {
		m.Route = p.routes
		if first, err := wire.ParseAddress(p.routes[0]); err == nil {
			hop = first.URI
			if _, loose := hop.Params.Get("lr"); !loose {
				// A strict router gets its own address as Request-URI and the
				// target as last Route.
				m.URI = hop
				m.Route = append(slices.Clone(p.routes[1:]), "<"+p.target.Text()+">")
			}
		}
	}
	if l.back && p.src.Host != "" {
		return Target{Transport: p.src.Transport, Host: p.src.Host, Port: p.src.Port, Flow: p.src.Flow, Fixed: p.src.Transport == wire.UDP}
	}
	if len(p.routes) == 0 {
		return HopBack(hop, p.src)
	}
	to := HopOf(hop, p.src.Transport)
	if to.Transport == p.src.Transport && to.Host == p.src.Host {
		to.Flow = p.src.Flow
	}
	return to
}

// Back has requests of the dialog go to where its messages come from, whatever the
// other end's Contact names: it is a phone that proved who it is, behind a router
// or not.
func (l *Leg) Back() { l.back = true }

// HopBack is where requests go to who is at u and last wrote from src: over the
// same connection, and to the address that it wrote from where the one in u
// cannot be reached.
func HopBack(u wire.URI, src Source) Target {
	to := HopOf(u, src.Transport)
	if behindNAT(u.Host, src.Host) {
		to.Host, to.Port = src.Host, src.Port
	}
	if to.Transport == src.Transport {
		to.Flow = src.Flow
	}
	return to
}

// HopOf is where requests to a URI go, before names are resolved. usual is the
// transport for a URI that names none; "" is UDP.
func HopOf(u wire.URI, usual string) Target {
	t := Target{Transport: u.Transport(), Host: u.Host, Port: u.Port}
	if t.Transport != wire.UDP && t.Transport != wire.TCP && t.Transport != wire.TLS {
		t.Transport = usual
	} else {
		t.Fixed = t.Transport == wire.UDP
	}
	if t.Transport == "" {
		t.Transport = wire.UDP
	}
	return t
}

// behindNAT says whether a Contact's address cannot be reached from here, while
// the message came from another that can.
func behindNAT(contact, source string) bool {
	c, err := netip.ParseAddr(contact)
	if err != nil || contact == source {
		return false
	}
	s, err := netip.ParseAddr(source)
	if err != nil || c == s {
		return false
	}
	hidden := func(a netip.Addr) bool {
		return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsLoopback()
	}
	return hidden(c) && (!hidden(s) || c.IsUnspecified() || c.IsLoopback() != s.IsLoopback())
}

// contactFor puts our Contact, as the target sees us, into a message.
func (l *Leg) contactFor(m *wire.Message, to Target) {
	local := l.env.Local(to)
	m.Contact = []wire.Address{wire.NewAddress("", wire.NewURI("sip", l.contact, local.Host, local.Port, to.Transport), "")}
}
