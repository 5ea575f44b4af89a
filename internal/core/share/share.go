package share

import (
	"maps"
	"slices"
	"time"
)

// Member is one of those who share a line.
type Member struct {
	Name string
	// Reserved are the places that are its own; 0 gives it the usual ones.
	Reserved int
}

// Verdict is what became of a call that wants a place.
type Verdict uint8

const (
	Taken    Verdict = iota
	Full             // every place of the line is taken
	Share            // the free ones are reserved for others
	TooFast          // more calls begin than the line bears
	Stranger         // the name is no member's
)

// Verdicts are those that refuse, by the word that figures name them with.
var Verdicts = map[Verdict]string{Full: "full", Share: "share", TooFast: "rate", Stranger: "stranger"}

// Pool is a line's places and the pace at which its calls begin.
//
// Places. Of C places, member i has r(i) reserved and u(i) taken; U is the sum of
// u. It gets one more if U < C and
//
//	u(i) < r(i)   or   C − U − Σ max(0, r(j) − u(j)) over j ≠ i  ≥ 1:
//
// its own reserve, or a free place that nobody has reserved. As Σ r ≤ C, a member
// below its reserve is never refused a place, and what is lent comes back as calls
// end; none is taken away. Reserves that are not given are equal: half of what the
// given ones leave, but a place each at least. Where there are more such members
// than places, nothing is reserved for them; the last free place is then for one
// who has none.
//
// Pace. R tokens come a second, and a second's worth is kept (one at least). Each
// of n members has its own R/n a second beside, a second's worth of it (one at
// least). A call takes a token of the line, and of the member if it has one. A
// member with a token of its own gets the line's last one; a member without leaves
// half of them.
//
// Stand counts whatever the bounds are: emergency calls, and calls that stand
// after a restart. A bound of 0 is none.
type Pool struct {
	places  int
	rate    float64
	members map[string]*member
	orderly bool // nothing could be reserved for some

	standing int // calls of all, also of those who are no members any more
	tokens   float64
	at       time.Time
	refused  map[Verdict]uint64
}

type member struct {
	reserved int
	standing int
	tokens   float64
	is       bool // a member now; else one whose calls stand still
}

// Set says how the line is shared from now on. Calls that stand stay.
func (p *Pool) Set(places int, perSecond float64, members []Member) {
	if p.members == nil {
		p.members, p.refused = map[string]*member{}, map[Verdict]uint64{}
	}
	if perSecond != p.rate {
		p.at = time.Time{} // begin with all tokens
	}
	p.places, p.rate = places, perSecond
	for _, m := range p.members {
		m.is, m.reserved = false, 0
	}
	left, without := places, 0
	for _, m := range members {
		own := p.members[m.Name]
		if own == nil {
			own = &member{}
			p.members[m.Name] = own
		}
		own.is = true
		own.reserved = max(0, min(m.Reserved, left))
		left -= own.reserved
		if m.Reserved == 0 {
			without++
		}
	}
	p.orderly = without > left
	if without > 0 && !p.orderly {
		each := max(1, left/(2*without))
		for _, m := range members {
			if m.Reserved == 0 {
				p.members[m.Name].reserved = each
			}
		}
	}
	maps.DeleteFunc(p.members, func(_ string, m *member) bool { return !m.is && m.standing == 0 })
}

// Take gives a member a place for a call that begins, or says why not.
func (p *Pool) Take(name string, now time.Time) Verdict {
	v := p.judge(name, now)
	if v != Taken {
		if p.refused == nil {
			p.refused = map[Verdict]uint64{}
		}
		p.refused[v]++
		return v
	}
	m := p.members[name]
	if p.rate > 0 {
		p.tokens--
		m.tokens = max(0, m.tokens-1)
	}
	m.standing++
	p.standing++
	return Taken
}

func (p *Pool) judge(name string, now time.Time) Verdict {
	m := p.members[name]
	if m == nil || !m.is {
		return Stranger
	}
	if p.places > 0 {
		switch free := p.places - p.standing; {
		case free < 1:
			return Full
		case m.standing < m.reserved:
		case free-p.kept(m) < 1, p.orderly && free == 1 && m.standing > 0:
			return Share
		}
	}
	if p.rate > 0 {
		p.fill(now)
		least := 1.0
		if m.tokens < 1 && p.count() > 1 {
			least += min(p.rate/2, p.most()-1)
		}
		if p.tokens < least {
			return TooFast
		}
	}
	return Taken
}

// kept are the free places that are reserved for others than one.
func (p *Pool) kept(but *member) (n int) {
	for _, m := range p.members {
		if m != but {
			n += max(0, m.reserved-m.standing)
		}
	}
	return n
}

func (p *Pool) count() (n int) {
	for _, m := range p.members {
		if m.is {
			n++
		}
	}
	return n
}

// most is how many tokens the line keeps.
func (p *Pool) most() float64 { return max(p.rate, 1) }

// fill adds what time brings.
func (p *Pool) fill(now time.Time) {
	own := p.rate / float64(max(1, p.count()))
	passed := now.Sub(p.at).Seconds()
	if p.at.IsZero() {
		passed = 1e9
	}
	if passed <= 0 {
		return
	}
	p.at = now
	p.tokens = min(p.most(), p.tokens+passed*p.rate)
	for _, m := range p.members {
		m.tokens = min(max(own, 1), m.tokens+passed*own)
	}
}

// Stand counts a call that stands, whatever the bounds are.
func (p *Pool) Stand(name string) {
	if p.members == nil {
		p.members = map[string]*member{}
	}
	m := p.members[name]
	if m == nil {
		m = &member{}
		p.members[name] = m
	}
	m.standing++
	p.standing++
}

// Give counts a call that has ended.
func (p *Pool) Give(name string) {
	m := p.members[name]
	if m == nil || m.standing == 0 {
		return
	}
	m.standing--
	p.standing--
	if !m.is && m.standing == 0 {
		delete(p.members, name)
	}
}

// Standing is how many calls stand.
func (p *Pool) Standing() int { return p.standing }

// Refused is how many calls were refused, by why.
func (p *Pool) Refused() map[Verdict]uint64 { return maps.Clone(p.refused) }

// Stand is how a member stands.
type Stand struct {
	Name            string
	Reserved, Calls int
}

// Stands are the members, in order of their names.
func (p *Pool) Stands() (list []Stand) {
	for _, name := range slices.Sorted(maps.Keys(p.members)) {
		if m := p.members[name]; m.is {
			list = append(list, Stand{name, m.reserved, m.standing})
		}
	}
	return list
}
