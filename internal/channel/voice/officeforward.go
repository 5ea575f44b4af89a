package voice

import (
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/office"
)

// mostDiverted is how often a call may have been forwarded, here and elsewhere as
// far as that is told, to go outside once more. Exchanges that forward to each
// other cost money for as long as nobody counts.
const mostDiverted = 5

// leaveFor calls the outside number to which calls are forwarded, on the account
// of who forwards them.
func (o *officeCall) leaveFor(step office.Step) {
	last := step.By[len(step.By)-1]
	if o.divertedBefore()+len(step.By) > mostDiverted {
		o.s.Log.Info("a call was forwarded too often to go outside", "tenant", o.from.Tenant, "phone", last.Phone)
		o.notForwarded(office.Barred)
		return
	}
	o.leave(step.Number, leaver{user: last.User, phone: last.Phone, forwarded: true})
}

// notForwarded goes on with the search when nobody outside answered.
func (o *officeCall) notForwarded(became office.Outcome) {
	o.out = nil
	o.do(o.hunt.Next(became, time.Since(o.since)))
}

// divertedBefore is how often a call was forwarded before it came here, as it says
// itself.
func (o *officeCall) divertedBefore() int {
	if !o.caller.leg.Incoming() { // we called it
		return 0
	}
	m := o.caller.leg.Invite()
	return timesDiverted(m.All("Diversion"), m.All("History-Info"))
}

// timesDiverted counts in the fields of RFC 5806 and RFC 7044, each of which tells
// it in its own way.
func timesDiverted(diversion, history []string) int {
	count := 0
	for _, field := range diversion {
		for one := range apart(field, ',') {
			times, first := 1, true
			for param := range apart(one, ';') {
				name, value, _ := strings.Cut(param, "=")
				n, err := strconv.Atoi(strings.TrimSpace(value)) // out of range it is the largest that there is
				if number := err == nil || errors.Is(err, strconv.ErrRange); number && !first && strings.EqualFold(strings.TrimSpace(name), "counter") {
					times = min(max(n, 1), mostDiverted)
				}
				first = false
			}
			count += times
		}
	}
	entries := 0
	for _, field := range history {
		for range apart(field, ',') {
			entries++
		}
	}
	return max(count, entries-1) // the first entry is whom the caller called
}

// apart are the parts of a field's value between separators that stand neither in
// quotes nor in an address.
func apart(value string, separator byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		begun, quoted, inside := 0, false, false
		for i := 0; i < len(value); i++ {
			switch c := value[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '<':
				inside = true
			case c == '>':
				inside = false
			case c == separator && !inside:
				if !yield(value[begun:i]) {
					return
				}
				begun = i + 1
			}
		}
		yield(value[begun:])
	}
}

// diversions tell a phone of the house who forwarded the call to it, the last one
// first (RFC 5806 §5).
func (o *officeCall) diversions() (list []wire.Header) {
	for i := len(o.step.By) - 1; i >= 0; i-- {
		v := o.step.By[i]
		who := wire.NewAddress(o.phoneName(v.Phone), wire.NewURI("sip", v.Extension, o.s.SIP.Realm, 0, ""), "")
		list = append(list, wire.Header{Name: "Diversion", Value: who.Text() + ";reason=" + string(v.Why) + ";counter=1"})
	}
	return list
}

// diverted tells an operator that a call was forwarded, how often, and why: by the
// number that the call shows, because extensions are nobody's business outside.
func (o *officeCall) diverted(from wire.Address) []wire.Header {
	if !o.out.by.forwarded {
		return nil
	}
	by := o.step.By
	return []wire.Header{{Name: "Diversion", Value: wire.NewAddress("", from.URI, "").Text() + ";reason=" + string(by[len(by)-1].Why) + ";counter=" + strconv.Itoa(o.divertedBefore()+len(by))}}
}

// phoneName is what a phone is called; "" when it is not there any more.
func (o *officeCall) phoneName(phone string) string {
	ph, _ := o.s.Phones.PhoneByID(o.from.Tenant, phone)
	return ph.Name
}
