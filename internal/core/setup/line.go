package setup

import (
	"regexp"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/dialplan"
)

// Line is a telephone line of the operator's of this installation. Tenants whom it
// gives numbers may have their trunks carried by it.
type Line struct {
	Name string
	// Connection is what a trunk of a tenant's own would say of its operator: its
	// country, how numbers are written and read, gateways, registration, sources,
	// account, encryption and suites. It has no numbers.
	Connection Trunk
	Password   secret.Text
	// MaxCalls is how many calls it bears at once, CallsASecond how many may begin
	// in a second; 0 means no bound.
	MaxCalls, CallsASecond int
	Shares                 []LineShare
}

// LineShare is what an organisation has of a line.
type LineShare struct {
	Organisation string // its short name
	Numbers      []NumberRange
	// Reserved are places that nobody else gets; 0 leaves that to core/share.
	Reserved int
}

// NumberRange is a range of numbers of one length, E.164 with "+", with both ends.
type NumberRange struct {
	First string `json:"first" doc:"E.164 with +."`
	Last  string `json:"last" doc:"Of the same length; the same as first for one number."`
}

// Has says whether a number is in the range.
func (r NumberRange) Has(e164 string) bool {
	return len(e164) == len(r.First) && r.First <= e164 && e164 <= r.Last
}

func (r NumberRange) meets(o NumberRange) bool {
	return len(r.First) == len(o.First) && r.First <= o.Last && o.First <= r.Last
}

// Door is the name with which a line's operator calls: the user part of the contact
// that is registered with it, and the user name of its password.
func (l *Line) Door() string { return Door(l.Name) }

// Door is Line.Door of a line with this name.
func Door(line string) string { return "line-" + line }

// Share is what an organisation has of the line; nil: nothing.
func (l *Line) Share(organisation string) *LineShare {
	for i := range l.Shares {
		if l.Shares[i].Organisation == organisation {
			return &l.Shares[i]
		}
	}
	return nil
}

// Gives says whether the line gives an organisation a number.
func (s *LineShare) Gives(e164 string) bool {
	return s != nil && slices.ContainsFunc(s.Numbers, func(r NumberRange) bool { return r.Has(e164) })
}

// Lines are all of the operator's.
type Lines []Line

// Find is a line by its name; nil: there is none.
func (l Lines) Find(name string) *Line {
	for i := range l {
		if l[i].Name == name {
			return &l[i]
		}
	}
	return nil
}

// Owner is the line that gives a number, and to whom; nil: none does.
func (l Lines) Owner(e164 string) (*Line, string) {
	for i := range l {
		for j := range l[i].Shares {
			if s := &l[i].Shares[j]; s.Gives(e164) {
				return &l[i], s.Organisation
			}
		}
	}
	return nil, ""
}

// Carried gives a trunk as it works: over its line if it names one, and with the
// numbers only that are its organisation's. ok is false when its line is not there, or
// gives the organisation nothing: then it carries no calls.
func (l Lines) Carried(t Trunk, organisation string) (carried Trunk, ok bool) {
	keep := func(number string) bool { line, _ := l.Owner(number); return line == nil }
	if t.Line != "" {
		line := l.Find(t.Line)
		var share *LineShare
		if line != nil {
			share = line.Share(organisation)
		}
		if share == nil {
			t.Numbers = nil
			return t, false
		}
		c := line.Connection
		t.Country, t.NumberForm, t.Gateways, t.Registration, t.Sources = c.Country, c.NumberForm, c.Gateways, c.Registration, c.Sources
		t.Username, t.AllowMD5, t.AskPassword, t.SRTP, t.Caller.Tells = c.Username, c.AllowMD5, c.AskPassword, c.SRTP, c.Caller.Tells
		if c.Encryption == EncryptionRequired {
			t.Encryption = EncryptionRequired
		}
		keep = share.Gives
	}
	t.Numbers = slices.Clone(t.Numbers)
	t.Numbers = slices.DeleteFunc(t.Numbers, func(n TrunkNumber) bool { return !keep(n.Number) })
	return t, true
}

// Plan gives the line as core/dialplan works with it: it lets nobody's calls out, and
// none of its numbers arrives anywhere but by the tenants' trunks.
func (l *Line) Plan() dialplan.Trunk { return l.Connection.Plan(l.Door(), "", nil) }

// CheckLine tells what is wrong between a trunk and the lines. What another
// organisation has is told as any number that is in use.
func (t Trunk) CheckLine(lines Lines, organisation string) error {
	var c checks
	var share *LineShare
	line := lines.Find(t.Line)
	if t.Line != "" {
		if line != nil {
			share = line.Share(organisation)
		}
		if share == nil {
			c.Add("line", "is %q; none of the operator's lines is called so here.", short(t.Line))
			return c.Err()
		}
		if t.Country != line.Connection.Country {
			c.Add("country", "must be %s, which is where the operator's line is.", line.Connection.Country)
		}
		if t.Plain() && line.Connection.Encryption == EncryptionRequired {
			c.Add("encryption", "must be required: the operator's line carries encrypted voices only.")
		}
	}
	for i, n := range t.Numbers {
		owner, whose := lines.Owner(n.Number)
		switch path := at("numbers", i) + ".number"; {
		case owner != nil && (whose != organisation || t.Line == ""):
			c.Add(path, "is in use already; a number belongs to one trunk.")
		case t.Line != "" && !share.Gives(n.Number):
			c.Add(path, "is none of the numbers that the operator's line gives you.")
		}
	}
	return c.Err()
}

// checkCarried refuses what a trunk leaves to its line.
func (t Trunk) checkCarried(c *checks) {
	for _, f := range []struct {
		path  string
		given bool
	}{{"gateways", len(t.Gateways) > 0}, {"registration.on", t.Registration.On}, {"sources", len(t.Sources) > 0}, {"username", t.Username != ""},
		{"allow_md5", t.AllowMD5}, {"ask_password", t.AskPassword}, {"srtp", len(t.SRTP) > 0}} {
		if f.given {
			c.Add(f.path, "is the business of the operator's line; leave it out.")
		}
	}
}

var lineName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// Validate tells what is wrong with a line, by its fields as the file of lines
// names them.
func (l *Line) Validate() error {
	var c checks
	if !lineName.MatchString(l.Name) {
		c.Add("name", "is %q; up to 40 small letters, digits and hyphens are accepted, such as lisbon-1.", short(l.Name))
	}
	t := l.Connection
	t.Outgoing.Allowed = true // its tenants' calls leave by it
	if !dialplan.KnownCountry(t.Country) {
		c.Add("country", "is %q; a country is written with two letters, such as PT.", short(t.Country))
	}
	c.oneOf("number_form", string(t.NumberForm), namesOf(dialplan.Forms)...)
	t.checkGateways(&c)
	t.checkSources(&c)
	t.checkAccount(&c)
	c.oneOf("encryption", string(t.Encryption), string(EncryptionRequired), string(EncryptionPlain))
	c.oneOf("caller.tells", string(t.Caller.Tells), string(dialplan.InFrom), string(dialplan.InAsserted), string(dialplan.InBoth))
	for i, s := range t.SRTP {
		c.oneOf(at("srtp", i), s, SRTPSuites...)
	}
	if len(t.Sources) == 0 && !t.Registration.On && !t.AskPassword {
		c.Add("sources", "is empty, so nobody's calls would be taken; name the addresses that calls come from, register, or ask for the password.")
	}
	if err := t.CheckSecrets(map[string]bool{Password: !l.Password.Empty()}); err != nil {
		c.Fields = append(c.Fields, errs.As(err).Fields...)
	}
	c.number("max_calls", l.MaxCalls, 0, 10000)
	c.number("calls_a_second", l.CallsASecond, 0, 1000)
	l.checkShares(&c)
	return c.Err()
}

func (l *Line) checkShares(c *checks) {
	seen, reserved := map[string]bool{}, 0
	var before []NumberRange
	for i, s := range l.Shares {
		path := at("organisations", i)
		switch {
		case !lineName.MatchString(s.Organisation):
			c.Add(path+".name", "is %q; name an organisation by its short name.", short(s.Organisation))
		case seen[s.Organisation]:
			c.Add(path+".name", "is listed twice.")
		}
		seen[s.Organisation] = true
		if len(s.Numbers) == 0 {
			c.Add(path+".numbers", "is empty; give the organisation a number, or leave it out.")
		}
		c.number(path+".reserved", s.Reserved, 0, 10000)
		if reserved += s.Reserved; s.Reserved > 0 && reserved > l.MaxCalls {
			c.Add(path+".reserved", "is too much: more places are reserved than the %d of max_calls.", l.MaxCalls)
		}
		for j, r := range s.Numbers {
			path := at(path+".numbers", j)
			_, ok := dialplan.Normal(r.First, "")
			_, also := dialplan.Normal(r.Last, "")
			switch {
			case !ok || !also || len(r.First) != len(r.Last) || r.First > r.Last:
				c.Add(path, "is no number or range of numbers; write +351210000000, or +351210000000..+351210000099.")
			case slices.ContainsFunc(before, r.meets):
				c.Add(path, "is given already; a number belongs to one organisation.")
			}
			before = append(before, r)
		}
	}
}

// Clash tells which numbers two lines both give, by the path in this one; "": none.
func (l *Line) Clash(o *Line) string {
	for i, s := range l.Shares {
		for j, r := range s.Numbers {
			for _, other := range o.Shares {
				if slices.ContainsFunc(other.Numbers, r.meets) {
					return at(at("organisations", i)+".numbers", j)
				}
			}
		}
	}
	return ""
}
