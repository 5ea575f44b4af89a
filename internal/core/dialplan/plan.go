package dialplan

import (
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"nubitalk/internal/base/id"
)

// Trunk is what the plan knows of one. Numbers are E.164 with "+".
type Trunk struct {
	ID      string
	Name    string
	Owner   id.Tenant // whose set-up it is
	Enabled bool
	// Door is the name with which its operator calls: the user part of the contact
	// that we registered, and the user name of the password; "" is ID.
	Door    string
	Country string // two letters
	Form    Form
	// Sources are where its calls come from. Registers says that they come to
	// the contact that we registered, AsksPassword that they must prove a
	// password too.
	Sources      []netip.Prefix
	Registers    bool
	AsksPassword bool
	Numbers      []Number
	Caller       Caller
	Out          Rules
}

// Number is one of a trunk's numbers, and where its calls arrive.
type Number struct {
	E164       string
	Tenant     id.Tenant // who has it
	EntryPoint string    // "" for a number that is only shown, or rings
	Rings      string    // id of the phone or ring group that its calls ring; "" for none
}

// Rule says who chooses the number that an outgoing call shows.
type Rule string

const (
	Chosen  Rule = "chosen" // the agent, else as ByQueue
	ByQueue Rule = "queue"  // the queue's number, else the default
	Fixed   Rule = "fixed"  // always the default
)

// Tells is where a trunk wants to read the shown number.
type Tells string

const (
	InFrom     Tells = "from"
	InAsserted Tells = "asserted" // P-Asserted-Identity (RFC 3325); From has the account
	InBoth     Tells = "both"
)

// Caller says which number an outgoing call shows.
type Caller struct {
	Rule      Rule
	Default   string            // E.164, one of Numbers
	Queues    map[string]string // by queue id
	Anonymous bool              // a call may withhold its number
	Tells     Tells
	Account   string // user part of From with InAsserted
}

// Rules bound the calls that leave.
type Rules struct {
	Allowed   bool
	Prefixes  []string // "+34"; none means the trunk's own country
	Forbidden []string // they win over Prefixes
	Premium   bool
	// Open says whether calls may leave at an instant; nil means always.
	Open func(time.Time) bool
	// MaxCalls is how many of a tenant's calls may be out at once, MaxMinutes how
	// long all of a day may last together; 0 means no bound.
	MaxCalls   int
	MaxMinutes int
	Limits     []Limit
}

// Limit bounds the minutes of a day to numbers that begin so.
type Limit struct {
	Prefix  string
	Minutes int
}

// Plan is all trunks, ready for look-up.
type Plan struct {
	trunks  []Trunk
	byID    map[string]int
	numbers map[string]int // E.164 to the trunk that has it
	ways    []way          // in which any of them reads numbers
	// spelt has each number as trunks write it, so that most calls are found
	// without being read.
	spelt map[string][]spelling
	// read remembers how else its own numbers were written, so that a number is read
	// once a spelling and not once a call. It changes no answer.
	read *readings
}

// readings are spellings of the plan's own numbers that were read. What others
// dial is not kept, and of the own no more than a few a number.
type readings struct {
	mu   sync.RWMutex
	most int
	of   map[reading]string // E.164
}

type reading struct {
	way     way
	written string // without separators
}

// spellings is how many are kept of a number, on average.
const spellings = 4

func (r *readings) find(k reading) (string, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	number, ok := r.of[k]
	return number, ok
}

func (r *readings) keep(k reading, number string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.of) < r.most {
		r.of[k] = number
	}
}

type spelling struct {
	trunk  int
	number string
}

// way is how a trunk reads numbers: the same for many.
type way struct {
	country string
	digits  bool
}

func (t *Trunk) way() way { return way{t.Country, t.Form == Digits} }

// New makes a Plan. Of trunks that claim the same number, the first has it; the
// order is that in which calls leave.
func New(trunks []Trunk) *Plan {
	p := &Plan{trunks: slices.Clone(trunks), byID: make(map[string]int, len(trunks)), numbers: map[string]int{}, spelt: map[string][]spelling{}}
	for i, t := range p.trunks {
		p.byID[t.ID] = i
		if !slices.Contains(p.ways, t.way()) {
			p.ways = append(p.ways, t.way())
		}
		for _, n := range t.Numbers {
			if _, taken := p.numbers[n.E164]; !taken {
				p.numbers[n.E164] = i
				for _, f := range [...]Form{Plus, t.Form} {
					s := Written(n.E164, f, t.Country)
					if own := (spelling{i, n.E164}); !slices.Contains(p.spelt[s], own) {
						p.spelt[s] = append(p.spelt[s], own)
					}
				}
			}
		}
	}
	p.read = &readings{most: spellings * len(p.numbers), of: map[reading]string{}}
	return p
}

// Trunk is one of the plan by its id, nil if there is none; it must not be
// changed.
func (p *Plan) Trunk(id string) *Trunk {
	if i, ok := p.byID[id]; ok {
		return &p.trunks[i]
	}
	return nil
}

// Trunks are all of the plan; they must not be changed.
func (p *Plan) Trunks() []Trunk { return p.trunks }

func (t *Trunk) number(e164 string) (Number, bool) {
	for _, n := range t.Numbers {
		if n.E164 == e164 {
			return n, true
		}
	}
	return Number{}, false
}

// serves says whether a tenant may use the trunk: its own, or one on which it
// was given a number.
func (t *Trunk) serves(tenant id.Tenant) bool {
	return t.Owner == tenant || slices.ContainsFunc(t.Numbers, func(n Number) bool { return n.Tenant == tenant })
}

func (t *Trunk) door() string {
	if t.Door != "" {
		return t.Door
	}
	return t.ID
}

func (t *Trunk) from(a netip.Addr) bool {
	a = a.Unmap()
	return slices.ContainsFunc(t.Sources, func(p netip.Prefix) bool { return p.Contains(a) })
}

func itoa(n int) string { return strconv.Itoa(n) }
