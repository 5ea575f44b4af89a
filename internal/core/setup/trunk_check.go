package setup

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/dialplan"
)

var (
	hostName   = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)
	sipUser    = regexp.MustCompile(`^[A-Za-z0-9_.!~*'()&=+$,;?/-]+$`) // RFC 3261 section 25.1, user without escapes
	sipAccount = regexp.MustCompile(`^[!#-\[\]-~]+$`)                  // what a digest's user name may hold unescaped
	dialPrefix = regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
)

func (t Trunk) Validate(refs Refs) error {
	var c checks
	c.name("name", t.Name, 1, 80)
	if !dialplan.KnownCountry(t.Country) {
		c.Add("country", "is %q; a country is written with two letters, such as PT.", short(t.Country))
	}
	c.oneOf("number_form", string(t.NumberForm), namesOf(dialplan.Forms)...)
	if t.Line != "" {
		t.checkCarried(&c)
	} else {
		t.checkGateways(&c)
		t.checkSources(&c)
		t.checkAccount(&c)
	}
	c.oneOf("encryption", string(t.Encryption), string(EncryptionRequired), string(EncryptionPlain))
	for i, s := range t.SRTP {
		c.oneOf(at("srtp", i), s, SRTPSuites...)
	}
	c.number("max_calls", t.MaxCalls, 0, 10000)
	c.number("calls_a_second", t.CallsASecond, 0, 1000)
	t.checkNumbers(&c, refs)
	t.checkCaller(&c)
	t.checkOutgoing(&c)
	c.uses(t, refs)
	return c.Err()
}

// CheckSecrets tells what is missing beside the trunk's secrets, by name.
func (t Trunk) CheckSecrets(has map[string]bool) error {
	var c checks
	switch {
	case has[Password] && t.Line != "":
		c.Add(Password, "is the business of the operator's line; leave it out.")
	case !has[Password] && t.Registration.On:
		c.Add(Password, "is missing; the registration proves itself with it.")
	case !has[Password] && t.AskPassword:
		c.Add(Password, "is missing; calls from the trunk must prove it.")
	case has[Password] && t.Username == "":
		c.Add("username", "is missing; a password goes with a user name.")
	}
	return c.Err()
}

func (t Trunk) checkGateways(c *checks) {
	c.count("gateways", len(t.Gateways), maxGateways)
	if len(t.Gateways) == 0 && (t.Outgoing.Allowed || t.Registration.On) {
		c.Add("gateways", "is empty; name at least one, since calls or the registration go there.")
	}
	for i, g := range t.Gateways {
		path := at("gateways", i)
		if _, err := netip.ParseAddr(g.Host); err != nil && (!hostName.MatchString(g.Host) || len(g.Host) > 253) {
			c.Add(path+".host", "is %q; a name such as sip.operator.example or an address is accepted.", short(g.Host))
		}
		c.number(path+".port", g.Port, 0, 65535)
		c.oneOf(path+".transport", g.Transport, "tls", "tcp", "udp")
		c.number(path+".priority", g.Priority, 0, 100)
		c.number(path+".weight", g.Weight, 0, 1000)
	}
}

// checkSources refuses networks that hold half of the world: who may call by
// such a trunk would be nobody's choice.
func (t Trunk) checkSources(c *checks) {
	c.count("sources", len(t.Sources), maxSources)
	for i, s := range t.Sources {
		p, ok := source(s)
		switch least := 16; {
		case !ok:
			c.Add(at("sources", i), "is %q; an address such as 203.0.113.7 or a network such as 203.0.113.0/28 is accepted.", short(s))
		case p.Addr().Is6() && p.Bits() < 32, p.Addr().Is4() && p.Bits() < least:
			c.Add(at("sources", i), "is a network of too many addresses; name the trunk's own, at most a /16 (IPv6: a /32).")
		}
	}
}

func (t Trunk) checkAccount(c *checks) {
	c.name("username", t.Username, 0, 120)
	if t.Username != "" && !sipAccount.MatchString(t.Username) {
		c.Add("username", "may hold letters, digits and signs without spaces, quotation marks and backslashes only.")
	}
	r := t.Registration
	c.number("registration.expiry_seconds", r.ExpirySeconds, 0, 86400)
	if r.On && r.Domain == "" {
		c.Add("registration.domain", "is missing; name the registrar, such as operator.example.")
	}
	if _, err := netip.ParseAddr(r.Domain); r.Domain != "" && err != nil && (!hostName.MatchString(r.Domain) || len(r.Domain) > 253) {
		c.Add("registration.domain", "is %q; a name such as sip.operator.example or an address is accepted.", short(r.Domain))
	}
	if r.On && t.Account() == "" {
		c.Add("registration.user", "is missing; name the account at the registrar, here or as user name.")
	}
	if r.User != "" && (len(r.User) > 120 || !sipUser.MatchString(r.User)) {
		c.Add("registration.user", "is no user part of a SIP address; letters, digits and . - _ + are accepted.")
	}
	if r.On && r.User == "" && t.Username != "" && !sipUser.MatchString(t.Username) {
		c.Add("registration.user", "is missing; the user name cannot stand in a SIP address.")
	}
	if t.Caller.Tells == dialplan.InAsserted && t.Account() == "" {
		c.Add("caller.tells", "needs an account, which From would have; give a user name.")
	}
}

// checkNumbers checks the numbers and that calls to them can arrive at all.
func (t Trunk) checkNumbers(c *checks, refs Refs) {
	c.count("numbers", len(t.Numbers), maxTrunkNumbers)
	seen := make(map[string]bool, len(t.Numbers))
	arrives := false
	for i, n := range t.Numbers {
		path := at("numbers", i)
		if _, ok := dialplan.Normal(n.Number, ""); !ok {
			c.Add(path+".number", "is no telephone number; write it with its country, such as +351 210 000 000.")
		} else if seen[n.Number] {
			c.Add(path+".number", "is listed twice.")
		}
		seen[n.Number] = true
		arrives = arrives || n.EntryPoint != "" || n.Rings != ""
		if n.EntryPoint != "" && n.Rings != "" {
			c.Add(path+".rings", "is named beside an entry point; a number leads to one of them.")
		}
		c.takesCalls(path+".entry_point", n.EntryPoint, refs)
		c.rings(path+".rings", n.Rings, refs)
	}
	if arrives && t.Line == "" && len(t.Sources) == 0 && !t.Registration.On && !t.AskPassword {
		c.Add("sources", "is empty, so nobody's calls would be taken; name the addresses that calls come from, register, or ask for the password.")
	}
}

// takesCalls checks that an entry point is one for calls.
func (c *checks) takesCalls(path, entryPoint string, refs Refs) {
	if ch := refs.ChannelOf(entryPoint); ch != "" && ch != acd.Voice {
		c.Add(path, "is an entry point for %s; calls arrive at one for calls.", string(ch))
	}
}

func (t Trunk) checkCaller(c *checks) {
	c.oneOf("caller.rule", string(t.Caller.Rule), string(dialplan.Chosen), string(dialplan.ByQueue), string(dialplan.Fixed))
	c.oneOf("caller.tells", string(t.Caller.Tells), string(dialplan.InFrom), string(dialplan.InAsserted), string(dialplan.InBoth))
	own := func(path, number string) {
		if !slices.ContainsFunc(t.Numbers, func(n TrunkNumber) bool { return n.Number == number }) {
			c.Add(path, "is not one of the trunk's numbers.")
		}
	}
	if t.Caller.Number != "" {
		own("caller.number", t.Caller.Number)
	}
	c.count("caller.queues", len(t.Caller.Queues), 2000)
	seen := map[string]bool{}
	for i, q := range t.Caller.Queues {
		path := at("caller.queues", i)
		switch {
		case q.Queue == "":
			c.Add(path+".queue", "is missing; name a queue.")
		case seen[q.Queue]:
			c.Add(path+".queue", "is listed twice.")
		}
		seen[q.Queue] = true
		own(path+".number", q.Number)
	}
	if t.Outgoing.Allowed && len(t.Numbers) == 0 {
		c.Add("numbers", "is empty; a call that leaves shows one of the trunk's numbers.")
	}
}

func (t Trunk) checkOutgoing(c *checks) {
	o := t.Outgoing
	c.prefixes("outgoing.prefixes", o.Prefixes)
	c.prefixes("outgoing.forbidden", o.Forbidden)
	for i, p := range o.Prefixes {
		if j := slices.IndexFunc(o.Forbidden, func(f string) bool { return strings.HasPrefix(p, f) }); j >= 0 {
			c.Add(at("outgoing.prefixes", i), "never comes to it: numbers that begin with %s are forbidden.", o.Forbidden[j])
		}
	}
	c.number("outgoing.max_calls", o.MaxCalls, 0, 10000)
	c.number("outgoing.max_minutes", o.MaxMinutes, 0, 1000000)
	c.count("outgoing.limits", len(o.Limits), 100)
	seen := map[string]bool{}
	for i, l := range o.Limits {
		path := at("outgoing.limits", i)
		c.prefix(path+".prefix", l.Prefix)
		if seen[l.Prefix] {
			c.Add(path+".prefix", "is listed twice.")
		}
		seen[l.Prefix] = true
		c.number(path+".minutes", l.Minutes, 1, 1000000)
	}
}

func (c *checks) prefixes(path string, list []string) {
	c.count(path, len(list), maxPrefixes)
	for i, p := range list {
		c.prefix(at(path, i), p)
	}
}

func (c *checks) prefix(path, p string) {
	if !dialPrefix.MatchString(p) {
		c.Add(path, "is %q; a prefix is written with its country, such as +351 or +34 91.", short(p))
	}
}
