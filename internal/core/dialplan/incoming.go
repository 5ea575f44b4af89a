package dialplan

import (
	"net/netip"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// Arrival is a call that comes in.
type Arrival struct {
	Source netip.Addr
	// Contact is the trunk whose registered contact was called from one of its
	// gateways, and Proven the trunk whose password was proven, both by
	// Trunk.Door; "" for none.
	Contact, Proven string
	// Called are the numbers that the request names, the most telling first: the
	// user parts of the Request-URI, of P-Called-Party-ID and of To.
	Called []secret.Text
}

// Landing is where a call arrives.
type Landing struct {
	Trunk      *Trunk
	Number     string // the called one, E.164
	Tenant     id.Tenant
	EntryPoint string
	Rings      string // a phone or a ring group, in the place of an entry point
}

// Codes of calls that do not land (RFC 3261 section 21.4).
const (
	Unauthorised = 401 // prove the password first
	Forbidden    = 403 // no trunk's call; the same for whatever was dialled
	NotFound     = 404 // a trunk's call to a number that is not its own
	NoAnswer     = 480 // its own number, but nothing answers there
)

// Incoming says where a call lands, or with which code it is refused. Strangers
// get one and the same answer whatever they dial, so that no number can be
// found by trying.
func (p *Plan) Incoming(a Arrival) (Landing, int) {
	for _, called := range a.Called {
		s, _ := plain(called.Reveal())
		for _, sp := range p.spelt[s] {
			if t := &p.trunks[sp.trunk]; t.admits(a) == 0 {
				return t.land(sp.number)
			}
		}
	}
	challenge, known := false, false
	for i := range p.trunks {
		switch p.trunks[i].admits(a) {
		case 0:
			known = true
		case Unauthorised:
			challenge = true
		}
	}
	if known { // a way of writing that is not the trunk's usual one
		for _, called := range a.Called {
			for _, w := range p.ways {
				if t, number := p.means(called, w); t != nil && t.admits(a) == 0 {
					return t.land(number)
				}
			}
		}
	}
	switch {
	case challenge && a.Proven == "":
		return Landing{}, Unauthorised
	case known:
		return Landing{}, NotFound
	}
	return Landing{}, Forbidden
}

// land gives where calls to one of the trunk's numbers arrive.
func (t *Trunk) land(number string) (Landing, int) {
	n, _ := t.number(number)
	if n.EntryPoint == "" && n.Rings == "" {
		return Landing{}, NoAnswer
	}
	return Landing{t, number, n.Tenant, n.EntryPoint, n.Rings}, 0
}

// Owner gives whose a number is that somebody wrote as it is dialled where a
// trunk is; ok is false when no trunk has it.
func (p *Plan) Owner(number secret.Text) (Landing, bool) {
	for _, w := range p.ways {
		if t, e164 := p.means(number, w); t != nil {
			n, _ := t.number(e164)
			return Landing{t, e164, n.Tenant, n.EntryPoint, n.Rings}, true
		}
	}
	return Landing{}, false
}

// means gives the trunk that has a number, as trunks that write numbers in this
// way would mean it; nil if none does.
func (p *Plan) means(called secret.Text, w way) (*Trunk, string) {
	s, ok := plain(called.Reveal())
	if !ok {
		return nil, ""
	}
	number, known := p.read.find(reading{w, s})
	if !known {
		if number, ok = w.normal(s); !ok {
			return nil, ""
		}
	}
	i, ok := p.numbers[number]
	if !ok || p.trunks[i].way() != w {
		return nil, ""
	}
	if !known {
		p.read.keep(reading{w, s}, number)
	}
	return &p.trunks[i], number
}

// admits says whether a call is the trunk's: 0, Unauthorised when it may be but
// has to prove it, Forbidden when it is not.
func (t *Trunk) admits(a Arrival) int {
	if !t.Enabled {
		return Forbidden
	}
	here := t.from(a.Source) || t.Registers && a.Contact == t.door()
	switch {
	case !t.AsksPassword && here:
		return 0
	case !t.AsksPassword, !here && (len(t.Sources) > 0 || t.Registers):
		return Forbidden
	case a.Proven == t.door():
		return 0
	}
	return Unauthorised
}
