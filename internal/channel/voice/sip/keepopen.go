package sip

import (
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

// keepOpenEvery is how often a phone over UDP is written to: routers forget who is
// behind them after 30 s and more (RFC 4787 §4.3, RFC 5626 §4.4.2).
const keepOpenEvery = 25 * time.Second

// keepOpen begins to write to an account's places over UDP, so that the way to them
// stays open; it ends by itself with the last of them. p.mu is held.
func (p *phones) keepOpen(e *Endpoint, account string) {
	if p.ended || p.open[account] != nil {
		return
	}
	if p.open == nil {
		p.open = map[string]*time.Timer{}
	}
	p.open[account] = time.AfterFunc(e.cfg.KeepOpen, func() { e.ping(account) })
}

// ping asks each of an account's places over UDP what it can do (OPTIONS), by the way
// that it registered. What it answers, and whether, changes nothing: a
// registration lapses by its own time.
func (e *Endpoint) ping(account string) {
	var places []Binding
	e.phones.mu.Lock()
	for _, b := range e.phones.book.Bindings(account, time.Now()) {
		if b.Source.Transport == UDP {
			places = append(places, b)
		}
	}
	delete(e.phones.open, account)
	if len(places) > 0 && !e.isStopped() {
		e.phones.keepOpen(e, account)
	} else {
		places = nil
	}
	e.phones.mu.Unlock()
	from := wire.NewAddress("", wire.NewURI("sip", "", e.cfg.Realm, 0, ""), "")
	for _, b := range places {
		e.ask(question{method: wire.Options, uri: b.Contact, from: from, to: wire.NewAddress("", b.Contact, ""), callID: token(), tag: token(), seq: 1,
			hop: Target{Transport: UDP, Host: b.Source.Host, Port: b.Source.Port, Flow: b.Source.Flow, Fixed: true}}, func(*wire.Message, int, uint32) {})
	}
}
