package setup

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/core/access"
)

// SignInRule is how the tenant's users sign in. How long a session lasts at most
// is Rules.SessionHours.
type SignInRule struct {
	SecondFactor   []access.Role `json:"second_factor" nullable:"false" maxItems:"5" enum:"administrator,supervisor,agent,monitor,privacy_officer" doc:"Roles that need a second factor. Who has none adds one at the next sign-in, before anything else."`
	PasswordLength int           `json:"password_length" minimum:"10" maximum:"64" doc:"Fewest characters of a password. Who signs in with a shorter one chooses another."`
	IdleMinutes    int           `json:"idle_minutes" minimum:"5" maximum:"1440" doc:"A session that nobody uses ends after so many minutes. An open page is use."`
	Networks       []string      `json:"networks" nullable:"false" maxItems:"50" doc:"From where users may sign in and work: addresses or networks (CIDR). Empty: from everywhere. API keys are not bound by it."`
}

// DefaultSignIn is what holds where nothing was chosen.
func DefaultSignIn() SignInRule {
	return SignInRule{SecondFactor: []access.Role{}, PasswordLength: 10, IdleMinutes: 120, Networks: []string{}}
}

const maxNetworks = 50

func (r SignInRule) clean() SignInRule {
	if r.SecondFactor == nil && r.Networks == nil && r.PasswordLength == 0 && r.IdleMinutes == 0 {
		return DefaultSignIn()
	}
	roles := []access.Role{}
	for _, role := range access.TenantRoles { // in the order of the roles page, each once
		if slices.Contains(r.SecondFactor, role) {
			roles = append(roles, role)
		}
	}
	for _, role := range r.SecondFactor { // what is unknown stays, for check to name
		if !slices.Contains(access.TenantRoles, role) {
			roles = append(roles, role)
		}
	}
	networks := []string{}
	for _, text := range r.Networks {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if p, ok := network(text); ok {
			text = p.String()
		}
		if !slices.Contains(networks, text) {
			networks = append(networks, text)
		}
	}
	r.SecondFactor, r.Networks = roles, networks
	return r
}

// network reads an address or a network as its network.
func network(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return p, false
		}
		a = a.Unmap()
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

func (r SignInRule) check(c *checks) {
	for i, role := range r.SecondFactor {
		c.oneOf(at("sign_in.second_factor", i), string(role), namesOf(access.TenantRoles)...)
	}
	c.number("sign_in.password_length", r.PasswordLength, 10, 64)
	c.number("sign_in.idle_minutes", r.IdleMinutes, 5, 1440)
	c.count("sign_in.networks", len(r.Networks), maxNetworks)
	for i, text := range r.Networks {
		if _, ok := network(text); !ok {
			c.Add(at("sign_in.networks", i), "is %q; an address or a network is accepted, like 192.0.2.7 or 192.0.2.0/24.", short(text))
		}
	}
}

// Allows says whether users may sign in and work from an address.
func (r SignInRule) Allows(from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	return len(r.Networks) == 0 || slices.ContainsFunc(r.Networks, func(text string) bool {
		p, ok := network(text)
		return ok && p.Contains(from)
	})
}

// NeedsSecond says whether somebody with these roles needs a second factor.
func (r SignInRule) NeedsSecond(roles []string) bool {
	return slices.ContainsFunc(r.SecondFactor, func(role access.Role) bool { return slices.Contains(roles, string(role)) })
}

// IdleEnd ends a session that nobody used.
func (r SignInRule) IdleEnd() time.Duration { return time.Duration(r.IdleMinutes) * time.Minute }
