package setup

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/dialplan"
)

// Trunk connects to an operator of telephone lines. Its password is no part of
// it: secrets of set-up are sealed and stored apart.
type Trunk struct {
	Name         string            `json:"name" minLength:"1" maxLength:"80"`
	Enabled      bool              `json:"enabled" default:"true"`
	Line         string            `json:"line" maxLength:"40" doc:"Name of the operator's line that carries the trunk's calls, of those that GET /api/v1/trunks/lines lists; empty: the trunk has gateways of its own. With a line, gateways, registration, sources, the account and srtp are left out, and number_form and caller.tells are the line's."`
	Country      string            `json:"country" minLength:"2" maxLength:"2" doc:"Two-letter country in which the trunk is, e.g. PT: how numbers without a country are read, and where calls may go unless other prefixes are named."`
	NumberForm   dialplan.Form     `json:"number_form" default:"plus" enum:"plus,digits,double_zero,national" doc:"How the trunk wants numbers: plus is +351210000000, digits 351210000000, double_zero 00351210000000, national 210000000."`
	Gateways     []TrunkGateway    `json:"gateways" doc:"Where calls are sent to, and where the registration goes. At most 20."`
	Registration TrunkRegistration `json:"registration"`
	Sources      []string          `json:"sources" doc:"Addresses from which the trunk's calls come, e.g. 203.0.113.0/28 or 2001:db8::5."`
	Username     string            `json:"username" maxLength:"120" doc:"The account's name, with which calls and the registration prove themselves to the trunk."`
	AllowMD5     bool              `json:"allow_md5" doc:"Prove the password with MD5 too, if the trunk knows nothing better than that. SHA-256 is always preferred."`
	AskPassword  bool              `json:"ask_password" doc:"Calls from the trunk must prove the password too; their user name is this object's id."`
	Encryption   Encryption        `json:"encryption" default:"required" enum:"required,plain" doc:"required: calls without SRTP are refused. plain: voices may pass unencrypted; it needs confirm_plain and is noted in the audit log."`
	SRTP         []string          `json:"srtp" doc:"Suites offered, the preferred first; empty means all, the strongest first."`
	MaxCalls     int               `json:"max_calls" minimum:"0" maximum:"10000" doc:"Calls at once, both ways; 0 means no bound of its own."`
	CallsASecond int               `json:"calls_a_second" minimum:"0" maximum:"1000" doc:"Calls that begin in a second, both ways; 0 means no bound of its own."`
	Numbers      []TrunkNumber     `json:"numbers" doc:"The trunk's numbers. A number belongs to one trunk of the installation."`
	Caller       TrunkCaller       `json:"caller"`
	Outgoing     TrunkOutgoing     `json:"outgoing"`
}

// Encryption says whether voices on a trunk must be encrypted.
type Encryption string

const (
	EncryptionRequired Encryption = "required"
	EncryptionPlain    Encryption = "plain"
)

// TrunkGateway is one of the operator's machines.
type TrunkGateway struct {
	Host      string `json:"host" minLength:"1" maxLength:"253" doc:"A name or an IPv4 or IPv6 address."`
	Port      int    `json:"port,omitempty" minimum:"0" maximum:"65535" doc:"0: the transport's own, or what the name's SRV records say."`
	Transport string `json:"transport,omitempty" default:"tls" enum:"tls,tcp,udp"`
	Priority  int    `json:"priority,omitempty" minimum:"0" maximum:"100" doc:"The lowest is tried first."`
	Weight    int    `json:"weight,omitempty" minimum:"0" maximum:"1000" doc:"Share of calls among gateways of one priority."`
}

// TrunkRegistration is how the service registers with the trunk.
type TrunkRegistration struct {
	On            bool   `json:"on"`
	Domain        string `json:"domain,omitempty" maxLength:"253" doc:"The registrar's domain, e.g. operator.example."`
	User          string `json:"user,omitempty" maxLength:"120" doc:"The account's address at the domain; empty means username."`
	ExpirySeconds int    `json:"expiry_seconds,omitempty" minimum:"0" maximum:"86400" doc:"How long a registration shall last; 0 means an hour."`
}

// TrunkNumber is one of a trunk's numbers.
type TrunkNumber struct {
	Number     string `json:"number" maxLength:"64" doc:"With its country (+351…), with 00, or as within the trunk's country; stored with + and its country."`
	EntryPoint string `json:"entry_point,omitempty" doc:"Id of the entry point of channel voice where its calls arrive; empty, with rings empty, too: calls to it are refused, it is only shown."`
	Rings      string `json:"rings,omitempty" doc:"Id of the phone with an extension, or of the ring group, that its calls ring, in the place of an entry point."`
}

// TrunkCaller says which number outgoing calls show.
type TrunkCaller struct {
	Rule      dialplan.Rule  `json:"rule,omitempty" default:"queue" enum:"chosen,queue,fixed" doc:"chosen: the agent chooses among the numbers, else as queue. queue: the queue's number, else number. fixed: always number."`
	Number    string         `json:"number,omitempty" maxLength:"64" doc:"One of the trunk's; empty means the first."`
	Queues    []QueueNumber  `json:"queues,omitempty"`
	Anonymous bool           `json:"anonymous,omitempty" doc:"Calls may withhold the number."`
	Tells     dialplan.Tells `json:"tells,omitempty" default:"from" enum:"from,asserted,both" doc:"Where the trunk reads the number: From, P-Asserted-Identity (From has the account then), or both."`
}

// QueueNumber is the number that a queue's calls show.
type QueueNumber struct {
	Queue  string `json:"queue"`
	Number string `json:"number" maxLength:"64"`
}

// TrunkOutgoing bounds calls that leave by a trunk.
type TrunkOutgoing struct {
	Allowed    bool         `json:"allowed"`
	Prefixes   []string     `json:"prefixes,omitempty" doc:"What numbers may begin with, e.g. +351 or +34; empty means the trunk's own country."`
	Forbidden  []string     `json:"forbidden,omitempty" doc:"What they may not begin with; these win."`
	Premium    bool         `json:"premium,omitempty" doc:"Numbers that charge who calls them may be called."`
	Hours      string       `json:"hours,omitempty" doc:"Id of the opening hours within which calls may leave; empty means always."`
	MaxCalls   int          `json:"max_calls,omitempty" minimum:"0" maximum:"10000" doc:"Outgoing calls at once; 0 means no bound of its own."`
	MaxMinutes int          `json:"max_minutes,omitempty" minimum:"0" maximum:"1000000" doc:"Minutes of all outgoing calls of a day together; 0 means no bound."`
	Limits     []TrunkLimit `json:"limits,omitempty" doc:"Minutes a day to numbers that begin so."`
}

// TrunkLimit bounds the minutes of a day to some numbers.
type TrunkLimit struct {
	Prefix  string `json:"prefix" maxLength:"20"`
	Minutes int    `json:"minutes" minimum:"1" maximum:"1000000"`
}

// Password is the name of the trunk's one secret.
const Password = "password"

// SRTPSuites are those that are spoken, the strongest first (RFC 4568, RFC 7714).
var SRTPSuites = []string{"AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"}

// Bounds of one trunk.
const (
	maxGateways     = 20
	maxSources      = 100
	maxTrunkNumbers = 5000
	maxPrefixes     = 500
)

func (Trunk) Kind() Kind         { return KindTrunk }
func (t Trunk) Called() string   { return t.Name }
func (t Trunk) Unique() []Unique { return byName(t.Name) }

func (t Trunk) Uses() []Use {
	var u uses
	for i, n := range t.Numbers {
		u.add(at("numbers", i)+".entry_point", KindEntryPoint, n.EntryPoint)
		u.add(at("numbers", i)+".rings", rung(n.Rings), n.Rings)
	}
	for i, q := range t.Caller.Queues {
		u.add(at("caller.queues", i)+".queue", KindQueue, q.Queue)
	}
	u.add("outgoing.hours", KindHours, t.Outgoing.Hours)
	return u
}

func (t Trunk) clean() Object {
	t.Name, t.Country = tidy(t.Name), strings.ToUpper(strings.TrimSpace(t.Country))
	t.Username, t.Line = strings.TrimSpace(t.Username), strings.TrimSpace(t.Line)
	for field, otherwise := range map[*string]string{(*string)(&t.NumberForm): string(dialplan.Plus), (*string)(&t.Encryption): string(EncryptionRequired),
		(*string)(&t.Caller.Rule): string(dialplan.ByQueue), (*string)(&t.Caller.Tells): string(dialplan.InFrom)} {
		if *field == "" {
			*field = otherwise
		}
	}
	t.Gateways = slices.Clone(t.Gateways)
	for i, g := range t.Gateways {
		g.Host = strings.Trim(strings.ToLower(strings.TrimSuffix(strings.TrimSpace(g.Host), ".")), "[]")
		if g.Transport == "" {
			g.Transport = "tls"
		}
		t.Gateways[i] = g
	}
	t.Gateways = once(t.Gateways)
	t.Registration.Domain = strings.ToLower(strings.TrimSpace(t.Registration.Domain))
	t.Registration.User = strings.TrimSpace(t.Registration.User)
	sources := []string{}
	for _, s := range t.Sources {
		s = strings.TrimSpace(s)
		if p, ok := source(s); ok {
			s = p.String()
			if p.IsSingleIP() {
				s = p.Addr().String()
			}
		}
		sources = append(sources, s)
	}
	t.Sources, t.SRTP = once(sources), once(t.SRTP)
	t.Numbers = append([]TrunkNumber{}, t.Numbers...)
	for i := range t.Numbers {
		t.Numbers[i].Number = t.normal(t.Numbers[i].Number)
	}
	t.Caller.Number = t.normal(t.Caller.Number)
	t.Caller.Queues = append([]QueueNumber{}, t.Caller.Queues...)
	for i := range t.Caller.Queues {
		t.Caller.Queues[i].Number = t.normal(t.Caller.Queues[i].Number)
	}
	t.Outgoing.Prefixes, t.Outgoing.Forbidden = prefixList(t.Outgoing.Prefixes), prefixList(t.Outgoing.Forbidden)
	t.Outgoing.Limits = append([]TrunkLimit{}, t.Outgoing.Limits...)
	for i := range t.Outgoing.Limits {
		t.Outgoing.Limits[i].Prefix = tidyPrefix(t.Outgoing.Limits[i].Prefix)
	}
	return t
}

// normal gives a number in its one form, or as it was when it is none.
func (t Trunk) normal(number string) string {
	if e164, ok := dialplan.Normal(number, t.Country); ok {
		return e164
	}
	return tidy(number)
}

// source reads an address or a network of addresses.
func source(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}

// tidyPrefix writes 00 as + and takes separators away.
func tidyPrefix(s string) string {
	s = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(strings.TrimSpace(s))
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + rest
	}
	return s
}

func prefixList(list []string) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, tidyPrefix(s))
	}
	return once(out)
}

// Plan gives the trunk as core/dialplan works with it; hours are the owner's, by
// id.
func (t Trunk) Plan(trunk string, owner id.Tenant, hours map[string]Hours) dialplan.Trunk {
	p := dialplan.Trunk{
		ID: trunk, Name: t.Name, Owner: owner, Enabled: t.Enabled, Country: t.Country, Form: t.NumberForm, Registers: t.Registration.On, AsksPassword: t.AskPassword,
		Caller: dialplan.Caller{Rule: t.Caller.Rule, Default: t.Caller.Number, Queues: map[string]string{}, Anonymous: t.Caller.Anonymous, Tells: t.Caller.Tells, Account: t.Account()},
		Out: dialplan.Rules{Allowed: t.Outgoing.Allowed, Prefixes: t.Outgoing.Prefixes, Forbidden: t.Outgoing.Forbidden, Premium: t.Outgoing.Premium,
			MaxCalls: t.Outgoing.MaxCalls, MaxMinutes: t.Outgoing.MaxMinutes},
	}
	if t.Line != "" {
		p.Door = Door(t.Line)
	}
	for _, s := range t.Sources {
		if prefix, ok := source(s); ok {
			p.Sources = append(p.Sources, prefix)
		}
	}
	for _, n := range t.Numbers {
		p.Numbers = append(p.Numbers, dialplan.Number{E164: n.Number, Tenant: owner, EntryPoint: n.EntryPoint, Rings: n.Rings})
	}
	for _, q := range t.Caller.Queues {
		p.Caller.Queues[q.Queue] = q.Number
	}
	for _, l := range t.Outgoing.Limits {
		p.Out.Limits = append(p.Out.Limits, dialplan.Limit(l))
	}
	if h := t.Outgoing.Hours; h != "" {
		open, known := hours[h]
		p.Out.Open = func(at time.Time) bool { return known && IsOpen(open, at) }
	}
	return p
}

// Account is the user part of the address under which the trunk knows us.
func (t Trunk) Account() string {
	if t.Registration.User != "" {
		return t.Registration.User
	}
	return t.Username
}
