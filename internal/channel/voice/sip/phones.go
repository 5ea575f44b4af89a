package sip

import (
	"net/netip"
	"strconv"
	"sync"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/registrar"
	"nubitalk/internal/channel/voice/sip/wire"
)

// Binding is one place where a phone can be reached.
type Binding = registrar.Binding

// phones is the registrar with its lock and its alarm.
type phones struct {
	mu    sync.Mutex
	book  registrar.Book
	alarm *time.Timer
	ended bool
	// flows are the connections over which accounts registered.
	flows map[uint64]map[string]bool
	// open are those to whose places over UDP is written.
	open map[string]*time.Timer
}

// over notes that an account registered over a connection; p.mu is held.
func (p *phones) over(account string, src dialog.Source) {
	if src.Transport == UDP {
		return
	}
	if p.flows == nil {
		p.flows = map[uint64]map[string]bool{}
	}
	if p.flows[src.Flow] == nil {
		p.flows[src.Flow] = map[string]bool{}
	}
	p.flows[src.Flow][account] = true
}

// closed forgets the places that were reached over a connection: a phone behind
// it registers anew.
func (e *Endpoint) closed(flow uint64) {
	var gone []string
	e.phones.mu.Lock()
	for account := range e.phones.flows[flow] {
		if e.phones.book.Lost(account, flow) {
			gone = append(gone, account)
		}
	}
	delete(e.phones.flows, flow)
	e.phones.mu.Unlock()
	e.unreached(flow)
	for _, account := range gone {
		e.placed(account)
		e.handler.Reachable(secret.New(account))
	}
}

// Bound says whether an account is registered from an address, over a transport.
func (e *Endpoint) Bound(user secret.Text, transport string, from netip.AddrPort) bool {
	for _, b := range e.Bindings(user) {
		if a, err := netip.ParseAddr(b.Source.Host); err == nil && b.Source.Transport == transport && a.Unmap() == from.Addr().Unmap() && b.Source.Port == int(from.Port()) {
			return true
		}
	}
	return false
}

// Forget takes an account's places and subscriptions from it.
func (e *Endpoint) Forget(user secret.Text) {
	e.RestoreBindings(user, nil)
	e.placed(user.Reveal())
	e.deactivate(user.Reveal())
}

// Bindings are the places where an account can be reached, the most wanted
// first.
func (e *Endpoint) Bindings(user secret.Text) []Binding {
	e.phones.mu.Lock()
	defer e.phones.mu.Unlock()
	return e.phones.book.Bindings(user.Reveal(), time.Now())
}

// RestoreBindings puts back what was bound before a restart.
func (e *Endpoint) RestoreBindings(user secret.Text, all []Binding) {
	e.phones.mu.Lock()
	e.phones.book.Restore(user.Reveal(), all)
	e.phones.mu.Unlock()
	e.lapse()
}

// HopTo is where a call to a binding goes: the connection of its REGISTER while
// that is open, the address that it came from where the Contact's cannot be
// reached.
func HopTo(b Binding) Target { return dialog.HopBack(b.Contact, b.Source) }

// register handles a REGISTER that was let in.
func (b *mailbox) register(m *wire.Message, src dialog.Source, user secret.Text, now time.Time) {
	e := b.e
	tag := e.tagFor(m)
	// §10.3 step 4: an account registers itself and nobody else.
	if user.Empty() || !user.Equal(m.To.URI.User) {
		b.reply(m, src, m.Answer(403, tag))
		return
	}
	e.phones.mu.Lock()
	changed, fault := e.phones.book.Register(user.Reveal(), m, src, now)
	all := e.phones.book.Bindings(user.Reveal(), now)
	if fault == nil && len(all) > 0 {
		e.phones.over(user.Reveal(), src)
		e.phones.keepOpen(e, user.Reveal())
	}
	e.phones.mu.Unlock()
	if fault != nil {
		r := m.Answer(fault.Code, tag)
		r.Reason = fault.Why
		r.Headers = append(r.Headers, fault.Headers...)
		b.reply(m, src, r)
		return
	}
	e.lapse()
	r := m.Answer(200, tag)
	for _, x := range all {
		left := strconv.Itoa(int((x.Ends.Sub(now) + time.Second - 1) / time.Second))
		r.Add("Contact", "<"+x.Contact.Text()+">;expires="+left)
	}
	r.Add("Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	b.reply(m, src, r)
	e.placed(user.Reveal()) // also as before: it may have missed a notice
	if changed {
		e.handler.Reachable(user)
	}
}

// lapse forgets bindings that have ended, and sets the alarm for the next.
func (e *Endpoint) lapse() {
	e.phones.mu.Lock()
	gone, next := e.phones.book.Lapse(time.Now())
	if e.phones.alarm != nil {
		e.phones.alarm.Stop()
		e.phones.alarm = nil
	}
	if !next.IsZero() && !e.phones.ended {
		e.phones.alarm = time.AfterFunc(time.Until(next), e.lapse)
	}
	e.phones.mu.Unlock()
	for _, account := range gone {
		e.placed(account)
		e.handler.Reachable(secret.New(account))
	}
}
