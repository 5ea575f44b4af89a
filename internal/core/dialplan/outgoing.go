package dialplan

import (
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// Wish is a call that a tenant wants to make.
type Wish struct {
	Tenant id.Tenant
	To     secret.Text // as it was typed
	// Caller is the number to show, one of the tenant's as it was chosen; "" takes
	// that of Queue, or the trunk's default.
	Caller    string
	Queue     string
	Anonymous bool
}

// Usage is what a tenant has used of trunks; a missing entry is zero.
type Usage struct {
	// Calls that are out now, by trunk.
	Calls map[string]int
	// Spent is how long the calls of the tenant's day have lasted, by trunk and by
	// the keys of Attempt.Counts.
	Spent map[string]map[string]time.Duration
}

// Way is how a call may leave: by the first attempt that is not turned down.
type Way struct {
	To       secret.Text // E.164, or an emergency number as dialled
	Class    Class       // as the first attempt's trunk sees it
	Attempts []Attempt
}

// Attempt is one trunk to try.
type Attempt struct {
	Trunk *Trunk
	Class Class // as this trunk sees the number
	// To is the number in the trunk's form.
	To   secret.Text
	Show Identity
	// Most is how long the call may last if no other one uses the minutes of the day
	// meanwhile: it gets them by slices (Rules.Slice); 0 means no bound.
	Most time.Duration
	// Counts are the keys of Usage.Spent under which the call counts: "" for all
	// calls of the trunk, and the prefix of each limit that holds for it.
	Counts []string
}

// Identity is what a call tells of who calls: the user parts of From and of
// P-Asserted-Identity in the trunk's form, "" for none.
type Identity struct {
	Number    string // E.164; what the record of the call has
	From      string
	Asserted  string
	Anonymous bool // From is anonymous (RFC 3323), with Privacy: id
}

// Why says what keeps a call from leaving, from the most general reason to the
// most particular.
type Why string

const (
	NoTrunk       Why = "no_trunk"        // none lets this tenant's calls out
	NotANumber    Why = "not_a_number"    // what was dialled is none
	NotYourNumber Why = "not_your_number" // the number to be shown is no trunk's of the tenant
	ForbiddenTo   Why = "forbidden"
	PremiumTo     Why = "premium"
	NotAllowedTo  Why = "not_allowed"
	AtNight       Why = "closed" // outside the trunk's hours
	TooManyCalls  Why = "too_many_calls"
	NoMinutes     Why = "no_minutes"
	MayNotHide    Why = "may_not_hide" // the number may not be withheld
	NoNumber      Why = "no_number"    // there is none to be shown
)

var whys = []Why{NoTrunk, NotANumber, NotYourNumber, ForbiddenTo, PremiumTo, NotAllowedTo, AtNight, TooManyCalls, NoMinutes, MayNotHide, NoNumber}

// Refusal is why a call does not leave; Trunk is the name of the one that came
// nearest to letting it out, "" for none.
type Refusal struct {
	Why   Why
	Trunk string
}

// Err says it in a person's words, without the number.
func (r *Refusal) Err() error {
	switch r.Why {
	case NotANumber:
		return errs.New(errs.Invalid, "This is not a telephone number.")
	case NotYourNumber:
		return errs.New(errs.Invalid, "The number to be shown is not one of your trunks'.")
	case ForbiddenTo:
		return errs.New(errs.Forbidden, "The trunk %s forbids calls to this number.", quoted(r.Trunk))
	case PremiumTo:
		return errs.New(errs.Forbidden, "The trunk %s does not call premium numbers.", quoted(r.Trunk))
	case NotAllowedTo:
		return errs.New(errs.Forbidden, "The trunk %s does not call this country or area.", quoted(r.Trunk))
	case AtNight:
		return errs.New(errs.Conflict, "The trunk %s lets no calls out at this hour.", quoted(r.Trunk))
	case TooManyCalls:
		return errs.New(errs.Conflict, "The trunk %s has as many calls out as it may. Try again when one has ended.", quoted(r.Trunk))
	case NoMinutes:
		return errs.New(errs.Conflict, "The minutes of today for such calls are used up on the trunk %s.", quoted(r.Trunk))
	case MayNotHide:
		return errs.New(errs.Forbidden, "The trunk %s does not let calls withhold their number.", quoted(r.Trunk))
	case NoNumber:
		return errs.New(errs.Conflict, "The trunk %s has no number to show.", quoted(r.Trunk))
	}
	return errs.New(errs.Forbidden, "No trunk lets calls out.")
}

func quoted(s string) string { return "“" + s + "”" }

// Outgoing says by which trunks a call may leave, in the plan's order, or why it
// may not.
func (p *Plan) Outgoing(w Wish, u Usage, now time.Time) (Way, *Refusal) {
	to := w.To.Reveal()
	var way Way
	refused := &Refusal{Why: NoTrunk}
	nearer := func(why Why, t *Trunk) {
		if slices.Index(whys, why) > slices.Index(whys, refused.Why) {
			refused = &Refusal{why, t.Name}
		}
	}
	for i := range p.trunks {
		t := &p.trunks[i]
		if !t.Enabled || !t.Out.Allowed || !t.serves(w.Tenant) {
			continue
		}
		d, ok := t.destination(to)
		if !ok || len(way.Attempts) > 0 && way.Class == Emergency && d.class != Emergency {
			nearer(NotANumber, t)
			continue
		}
		// A number without its country means what the first trunk makes of it, by
		// the others too: nobody else is called because a trunk is busy or may not.
		if d.class != Emergency {
			to = d.number
		}
		a := Attempt{Trunk: t, Class: d.class, To: secret.New(d.written)}
		why := t.Out.refuses(d, t.ID, u, now, &a)
		if why == "" {
			a.Show, why = t.show(w, d.class)
		}
		if why != "" {
			nearer(why, t)
			continue
		}
		if len(way.Attempts) == 0 {
			way.To, way.Class = secret.New(d.number), d.class
		}
		way.Attempts = append(way.Attempts, a)
	}
	if len(way.Attempts) > 0 {
		return way, nil
	}
	return Way{}, refused
}

// Emergency says whether a number is one for emergencies where a trunk is that lets
// the tenant's calls out.
func (p *Plan) Emergency(t id.Tenant, to secret.Text) bool {
	return slices.ContainsFunc(p.trunks, func(trunk Trunk) bool {
		if !trunk.Enabled || !trunk.Out.Allowed || !trunk.serves(t) {
			return false
		}
		_, ok := emergency(to.Reveal(), trunk.Country)
		return ok
	})
}

// destination is where a call goes, as a trunk sees it.
type destination struct {
	number, written string
	class           Class
	home            bool // in the trunk's own country
}

func (t *Trunk) destination(raw string) (destination, bool) {
	if s, ok := emergency(raw, t.Country); ok {
		return destination{s, s, Emergency, true}, true
	}
	n, e164 := parse(raw, t.Country)
	if n == nil {
		return destination{}, false
	}
	home := within(n, t.Country)
	return destination{e164, Written(e164, t.Form, t.Country), classOf(n, home), home}, true
}

// refuses judges a destination, and fills in what bounds the call.
func (r Rules) refuses(d destination, trunk string, u Usage, now time.Time, a *Attempt) Why {
	if d.class == Emergency {
		return ""
	}
	begins := func(prefix string) bool { return strings.HasPrefix(d.number, prefix) }
	switch {
	case slices.ContainsFunc(r.Forbidden, begins):
		return ForbiddenTo
	case d.class == Premium && !r.Premium:
		return PremiumTo
	case len(r.Prefixes) == 0 && !d.home, len(r.Prefixes) > 0 && !slices.ContainsFunc(r.Prefixes, begins):
		return NotAllowedTo
	case r.Open != nil && !r.Open(now):
		return AtNight
	case r.MaxCalls > 0 && u.Calls[trunk] >= r.MaxCalls:
		return TooManyCalls
	}
	a.Counts = []string{""}
	for _, l := range r.Limits {
		if begins(l.Prefix) {
			a.Counts = append(a.Counts, l.Prefix)
		}
	}
	left, bounded := r.left(a.Counts, u.Spent[trunk])
	if bounded && left <= 0 {
		return NoMinutes
	}
	a.Most = left
	return ""
}

// show decides which number a call shows. An emergency call always shows one,
// if there is any.
func (t *Trunk) show(w Wish, c Class) (Identity, Why) {
	number, why := t.shown(w)
	if why != "" && c != Emergency {
		return Identity{}, why
	}
	if why != "" {
		number, _ = t.shown(Wish{Tenant: w.Tenant})
	}
	id := Identity{Number: number}
	if number == "" {
		return id, ""
	}
	written := Written(number, t.Form, t.Country)
	if w.Anonymous && c != Emergency {
		if !t.Caller.Anonymous {
			return Identity{}, MayNotHide
		}
		id.Anonymous, id.Asserted = true, written
		return id, ""
	}
	switch t.Caller.Tells {
	case InAsserted:
		id.From, id.Asserted = t.Caller.Account, written
	case InBoth:
		id.From, id.Asserted = written, written
	default:
		id.From = written
	}
	return id, ""
}

// shown is the number to be shown, one of the tenant's own on this trunk.
func (t *Trunk) shown(w Wish) (string, Why) {
	mine := func(number string) bool {
		n, ok := t.number(number)
		return ok && n.Tenant == w.Tenant
	}
	if w.Caller != "" { // who chose a number of one trunk does not call by another
		number, ok := Normal(w.Caller, t.Country)
		if !ok || !mine(number) {
			return "", NotYourNumber
		}
		if t.Caller.Rule == Chosen {
			return number, ""
		}
	}
	if number := t.Caller.Queues[w.Queue]; w.Queue != "" && t.Caller.Rule != Fixed && mine(number) {
		return number, ""
	}
	if mine(t.Caller.Default) {
		return t.Caller.Default, ""
	}
	for _, n := range t.Numbers { // a tenant on another's trunk
		if n.Tenant == w.Tenant {
			return n.E164, ""
		}
	}
	return "", NoNumber
}
