package registrar

import (
	"slices"
	"strconv"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// Rules bound registrations; a zero value is the default.
type Rules struct {
	// Shortest and Longest are how long a binding lasts at least (default 60 s;
	// who asks for less is told so with 423) and at most (default 1 h, which is
	// also what who asks for nothing gets).
	Shortest, Longest time.Duration
	// PerAccount is how many bindings an account may have (default 8).
	PerAccount int
}

// Binding is one place where an account can be reached.
type Binding struct {
	Contact wire.URI
	// Q orders the bindings of an account, 0 to 1,000; the higher first.
	Q int
	// Ends is when it lapses.
	Ends time.Time
	// Source is where the REGISTER came from; calls go there where the Contact
	// cannot be reached.
	Source dialog.Source
	CallID string
	CSeq   uint32
}

// Book is all bindings. The zero value has none and the usual Rules.
type Book struct {
	Rules Rules
	m     map[string][]Binding
}

func (b *Book) shortest() time.Duration {
	if b.Rules.Shortest > 0 {
		return b.Rules.Shortest
	}
	return time.Minute
}

func (b *Book) longest() time.Duration {
	if b.Rules.Longest > 0 {
		return max(b.Rules.Longest, b.shortest())
	}
	return max(time.Hour, b.shortest())
}

func (b *Book) perAccount() int {
	if b.Rules.PerAccount > 0 {
		return b.Rules.PerAccount
	}
	return 8
}

// Bindings are the places of an account that have not lapsed, the most wanted
// first.
func (b *Book) Bindings(account string, now time.Time) []Binding {
	all := slices.Clone(b.m[account])
	all = slices.DeleteFunc(all, func(x Binding) bool { return !x.Ends.After(now) })
	slices.SortStableFunc(all, func(x, y Binding) int { return y.Q - x.Q })
	return all
}

// Register does what a REGISTER of the account asks for, whole or not at all
// (§10.3). changed says that other places than before are bound.
func (b *Book) Register(account string, m *wire.Message, src dialog.Source, now time.Time) (changed bool, fault *wire.Fault) {
	old := b.Bindings(account, now)
	next := slices.Clone(old)
	expires, given, ok := lasting(m.Get("Expires"))
	if !ok {
		return false, refuse(400, "the Expires cannot be read")
	}
	stale := func(x Binding) bool { return x.CallID == m.CallID && x.CSeq >= m.CSeq.Number }
	if m.AnyContact {
		if !given || expires != 0 {
			return false, refuse(400, "the Contact is * without an Expires of 0")
		}
		if slices.ContainsFunc(next, stale) {
			return false, refuse(500, "out of order")
		}
		b.set(account, nil)
		return len(old) > 0, nil
	}
	for _, c := range m.Contact {
		if !c.URI.SIP() {
			return false, refuse(400, "a Contact that cannot be called")
		}
		lasts, own, ok := lasting(param(c, "expires"))
		switch {
		case !ok:
			return false, refuse(400, "a Contact's expires cannot be read")
		case own:
		case given:
			lasts = expires
		default:
			lasts = b.longest()
		}
		lasts = min(lasts, b.longest())
		if lasts > 0 && lasts < b.shortest() {
			f := refuse(423, "")
			f.Headers = []wire.Header{{Name: "Min-Expires", Value: strconv.Itoa(int(b.shortest() / time.Second))}}
			return false, f
		}
		i := slices.IndexFunc(next, func(x Binding) bool { return Same(x.Contact, c.URI) })
		if i >= 0 && stale(next[i]) {
			return false, refuse(500, "out of order")
		}
		if i >= 0 {
			next = slices.Delete(next, i, i+1)
		}
		if lasts == 0 {
			continue
		}
		if len(next) >= b.perAccount() {
			return false, refuse(403, "too many bindings")
		}
		next = append(next, Binding{
			Contact: c.URI, Q: quality(param(c, "q")), Ends: now.Add(lasts), Source: src, CallID: m.CallID, CSeq: m.CSeq.Number,
		})
	}
	b.set(account, next)
	return !slices.EqualFunc(old, b.Bindings(account, now), func(x, y Binding) bool {
		return Same(x.Contact, y.Contact) && x.Source == y.Source
	}), nil
}

func refuse(code int, why string) *wire.Fault {
	if why == "" {
		why = wire.Phrase(code)
	}
	return &wire.Fault{Code: code, Why: why}
}

func (b *Book) set(account string, all []Binding) {
	if len(all) == 0 {
		delete(b.m, account)
		return
	}
	if b.m == nil {
		b.m = map[string][]Binding{}
	}
	b.m[account] = all
}

// Restore puts back what was bound before a restart.
func (b *Book) Restore(account string, all []Binding) { b.set(account, slices.Clone(all)) }

// Lost forgets the bindings that were made over a connection which is gone (RFC
// 5626 §5.3), and says whether there were any.
func (b *Book) Lost(account string, flow uint64) bool {
	old := b.m[account]
	kept := slices.DeleteFunc(slices.Clone(old), func(x Binding) bool { return x.Source.Transport != wire.UDP && x.Source.Flow == flow })
	b.set(account, kept)
	return len(kept) < len(old)
}

// Lapse forgets what has ended, and gives the accounts that lost a place and
// when it must be called again; zero: nothing is bound.
func (b *Book) Lapse(now time.Time) (accounts []string, next time.Time) {
	for account, all := range b.m {
		kept := slices.DeleteFunc(slices.Clone(all), func(x Binding) bool { return !x.Ends.After(now) })
		if len(kept) < len(all) {
			accounts = append(accounts, account)
			b.set(account, kept)
		}
		for _, x := range kept {
			if next.IsZero() || x.Ends.Before(next) {
				next = x.Ends
			}
		}
	}
	slices.Sort(accounts)
	return accounts, next
}

// Same says whether two contacts are one (§19.1.4, without header fields): the
// user knows upper and lower case, the host does not, and the parameters that
// change where a request goes must agree.
func Same(a, b wire.URI) bool {
	if a.Scheme != b.Scheme || !a.User.Equal(b.User) || a.Host != b.Host || a.Port != b.Port {
		return false
	}
	for _, key := range []string{"transport", "user", "ttl", "method", "maddr", "line"} {
		x, hasX := a.Params.Get(key)
		y, hasY := b.Params.Get(key)
		if hasX != hasY || x != y {
			return false
		}
	}
	return true
}

func param(a wire.Address, key string) string {
	v, _ := a.Params.Get(key)
	return v
}

// lasting reads seconds; given is false where there are none. What is larger
// than 2^32-1 is as long as can be (§20.19).
func lasting(s string) (d time.Duration, given, ok bool) {
	if s == "" {
		return 0, false, true
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		n = 1<<32 - 1
	}
	return time.Duration(n) * time.Second, true, true
}

// quality reads a qvalue in thousandths; what cannot be read is the usual 1.
func quality(s string) int {
	q, err := strconv.ParseFloat(s, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 1000
	}
	return int(q * 1000)
}
