package sip

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// The event package that is spoken, and its body (RFC 3842 §3).
const (
	messageSummary = "message-summary"
	summaryType    = "application/simple-message-summary"
)

// How long a subscription lasts at least (423 below that), and at most, which is
// also what who asks for nothing gets (RFC 3842 §3.4); and how many an account has.
const (
	shortestSubscription = time.Minute
	longestSubscription  = time.Hour
	subscriptionsEach    = 8
)

// Messages are those that wait in an account's mailbox.
type Messages struct{ Fresh, Heard int }

// summary is the body that tells them (RFC 3842 §5.2).
func (m Messages) summary() string {
	waiting := "no"
	if m.Fresh > 0 {
		waiting = "yes"
	}
	return fmt.Sprintf("Messages-Waiting: %s\r\nVoice-Message: %d/%d\r\n", waiting, m.Fresh, m.Heard)
}

// watcher is an end that is told which messages wait: a subscription of a phone's, or
// a place where one is registered that subscribed to nothing. All but account and src
// belong to the mailbox of its Call-ID.
type watcher struct {
	account string
	src     dialog.Source // where it last wrote from, and NOTIFY goes to
	callID  string
	// subscribed: by SUBSCRIBE. Else it is told without having asked.
	subscribed bool
	local      wire.Address // ours, with its tag
	remote     wire.Address
	target     wire.URI // its Contact
	routes     []string
	id         string // of the Event field
	heard      uint32 // the last CSeq of its own
	seq        uint32 // of ours
	ends       time.Time

	told  string // what it was told last
	busy  bool   // and has not confirmed
	again bool   // something changed meanwhile
	over  bool
	// missed: it did not get the last notice, and is told once it registers again.
	missed atomic.Bool
}

// watchers are those of all accounts.
type watchers struct {
	mu    sync.Mutex
	of    map[string][]*watcher // by account
	total int                   // subscriptions
}

// subscribe handles a SUBSCRIBE (RFC 6665 §4.2.1).
func (b *mailbox) subscribe(m *wire.Message, src dialog.Source, now time.Time) {
	e := b.e
	user, ok := e.admitted(m, src, now)
	if !ok {
		return
	}
	refuse := func(code int, headers ...wire.Header) {
		r := m.Answer(code, e.tagFor(m))
		r.Headers = append(r.Headers, headers...)
		b.reply(m, src, r)
	}
	event, id := eventOf(m)
	lasts, given := readExpires(m.Get("Expires"))
	if !given {
		lasts = longestSubscription
	}
	lasts = min(lasts, longestSubscription)
	w := b.watcher
	switch {
	case event != messageSummary:
		refuse(489, wire.Header{Name: "Allow-Events", Value: messageSummary})
		return
	case m.Has("Accept") && !m.Lists("Accept", summaryType) && !m.Lists("Accept", "*/*") && !m.Lists("Accept", "application/*"):
		refuse(406, wire.Header{Name: "Accept", Value: summaryType})
		return
	case len(m.Contact) != 1 || !m.Contact[0].URI.SIP():
		refuse(400)
		return
	case lasts > 0 && lasts < shortestSubscription:
		refuse(423, wire.Header{Name: "Min-Expires", Value: strconv.Itoa(int(shortestSubscription / time.Second))})
		return
	case m.To.Tag() != "" && (w == nil || m.To.Tag() != w.local.Tag() || m.From.Tag() != w.remote.Tag() || id != w.id):
		refuse(481)
		return
	case m.To.Tag() != "" && m.CSeq.Number <= w.heard:
		refuse(500)
		return
	// An account asks for its own messages. Which mailboxes others have, or whether
	// they exist, the answer does not say.
	case user.Empty() || m.To.Tag() != "" && !user.Equal(secret.New(w.account)) || m.To.Tag() == "" && !user.Equal(m.To.URI.User):
		refuse(403)
		return
	}
	if _, ok := e.handler.Messages(user); !ok { // it has no mailbox, or that cannot be read now
		refuse(480)
		return
	}
	if m.To.Tag() == "" {
		if w != nil { // the phone begins anew
			b.unwatch()
		}
		w = &watcher{account: user.Reveal(), src: src, callID: b.callID, subscribed: true, local: m.To.WithTag(e.tagFor(m)), remote: m.From, routes: slices.Clone(m.RecordRoute), id: id}
		if code := e.watchers.add(w, e.cfg.Limits.Subscriptions); code != 0 {
			if code == 503 {
				e.count.full.Add(1)
				e.overloaded(m, src)
				return
			}
			refuse(code)
			return
		}
		b.watcher = w
	}
	e.watchers.mu.Lock()
	w.src = src
	e.watchers.mu.Unlock()
	w.target, w.heard, w.ends, w.told = m.Contact[0].URI, m.CSeq.Number, now.Add(lasts), ""
	r := m.Answer(200, w.local.Tag())
	r.RecordRoute = m.RecordRoute
	r.Contact = []wire.Address{e.watched(w)}
	r.Add("Expires", strconv.Itoa(int(lasts/time.Second)))
	b.reply(m, src, r)
	if lasts == 0 { // it ends, or was asked for once (§4.4.3)
		b.ended("timeout", true)
		return
	}
	b.tell(w)
}

// add takes a subscription in, or says with which code it is refused.
func (s *watchers) add(w *watcher, most int) (code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := 0
	for _, x := range s.of[w.account] {
		if x.subscribed {
			own++
		}
	}
	switch {
	case own >= subscriptionsEach:
		return 403
	case s.total >= most:
		return 503
	}
	s.put(w.account, append(slices.Clone(s.of[w.account]), w))
	s.total++
	return 0
}

// remove takes a subscription out.
func (s *watchers) remove(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.of[w.account], w); i >= 0 {
		s.put(w.account, slices.Delete(slices.Clone(s.of[w.account]), i, i+1))
		s.total--
	}
}

// all are an account's watchers.
func (s *watchers) all(account string) []*watcher {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.of[account])
}

// asks says whether a phone at a place has subscribed.
func (s *watchers) asks(account string, src dialog.Source) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.of[account], func(w *watcher) bool { return w.subscribed && w.src == src })
}

// MessagesChanged has an account's phones told which messages wait, where that is
// news to them.
func (e *Endpoint) MessagesChanged(user secret.Text) {
	for _, w := range e.watchers.all(user.Reveal()) {
		e.within(w, func(b *mailbox) { b.tell(w) })
	}
}

// within runs fn in a watcher's mailbox; that of a subscription which is gone is not
// made again.
func (e *Endpoint) within(w *watcher, fn func(*mailbox)) {
	switch {
	case !e.running.Load():
	case !w.subscribed:
		e.boxes.create(e, w.callID, item{begin: fn})
	default:
		e.boxes.post(w.callID, item{begin: fn})
	}
}

// placed keeps in step with the places where an account is registered: a new one is
// told at once, since a phone that was switched off, or a restart of ours, may have
// left it with an old light.
func (e *Endpoint) placed(account string) {
	e.phones.mu.Lock()
	fresh := e.watchers.at(account, e.cfg.Realm, e.phones.book.Bindings(account, time.Now()))
	e.phones.mu.Unlock()
	for _, w := range fresh {
		e.within(w, func(b *mailbox) { b.tell(w) })
	}
}

// at has an account's places told which messages wait, these and no others; fresh are
// those that were not, or missed it.
func (s *watchers) at(account, realm string, places []Binding) (fresh []*watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(s.of[account]), func(w *watcher) bool {
		if w.subscribed {
			return false
		}
		i := slices.IndexFunc(places, func(p Binding) bool { return p.Source == w.src && p.Contact.Text() == w.target.Text() })
		if i >= 0 {
			places = slices.Delete(places, i, i+1)
			if w.missed.CompareAndSwap(true, false) {
				fresh = append(fresh, w)
			}
		}
		return i < 0
	})
	for _, p := range places {
		own := wire.NewURI("sip", account, realm, 0, "")
		w := &watcher{account: account, src: p.Source, callID: token(), local: wire.NewAddress("", own, token()), remote: wire.NewAddress("", own, ""), target: p.Contact}
		kept, fresh = append(kept, w), append(fresh, w)
	}
	s.put(account, kept)
	return fresh
}

// put stores an account's watchers; s.mu is held.
func (s *watchers) put(account string, all []*watcher) {
	if len(all) == 0 {
		delete(s.of, account)
		return
	}
	if s.of == nil {
		s.of = map[string][]*watcher{}
	}
	s.of[account] = all
}

// deactivate ends an account's subscriptions: it has to prove itself anew (RFC 6665
// §4.1.3).
func (e *Endpoint) deactivate(account string) {
	for _, w := range e.watchers.all(account) {
		if w.subscribed {
			e.within(w, func(b *mailbox) {
				if b.watcher == w {
					b.ended("deactivated", false)
				}
			})
		}
	}
}

// unreached ends the subscriptions that were made over a connection which is gone.
func (e *Endpoint) unreached(flow uint64) {
	var gone []*watcher
	e.watchers.mu.Lock()
	for _, all := range e.watchers.of {
		for _, w := range all {
			if w.subscribed && w.src.Transport != UDP && w.src.Flow == flow {
				gone = append(gone, w)
			}
		}
	}
	e.watchers.mu.Unlock()
	for _, w := range gone {
		e.within(w, func(b *mailbox) {
			if b.watcher == w && w.src.Flow == flow {
				b.unwatch()
			}
		})
	}
}

// unwatch forgets the mailbox's subscription.
func (b *mailbox) unwatch() {
	if b.watcher != nil {
		b.watcher.over = true
		b.e.watchers.remove(b.watcher)
		b.watcher = nil
	}
}

// ended ends the mailbox's subscription and says why; with shows, also which messages
// wait (RFC 6665 §4.2.2).
func (b *mailbox) ended(why string, shows bool) {
	w := b.watcher
	body := ""
	if shows {
		if m, ok := b.e.handler.Messages(secret.New(w.account)); ok {
			body = m.summary()
		}
	}
	b.unwatch()
	b.notify(w, "terminated;reason="+why, body)
}

// tell tells a watcher which messages wait, if that is news to it.
func (b *mailbox) tell(w *watcher) {
	switch {
	case w.over:
		return
	case w.busy: // what it is told is in order
		w.again = true
		return
	case !w.subscribed && b.e.watchers.asks(w.account, w.src):
		w.told = ""
		return
	}
	m, ok := b.e.handler.Messages(secret.New(w.account))
	if !ok || m.summary() == w.told {
		return
	}
	w.told, w.busy = m.summary(), true
	state := "terminated;reason=noresource" // there is no subscription (RFC 6665 §4.1.3)
	if w.subscribed {
		state = "active;expires=" + strconv.Itoa(max(0, int(time.Until(w.ends)/time.Second)))
	}
	b.notify(w, state, w.told)
}

// notify sends a NOTIFY. Who does not take it is told nothing more: a subscription
// ends (RFC 6665 §4.2.2), a place gets none until it registers otherwise. A place that
// was out of reach is told at the next change, or as it registers again.
func (b *mailbox) notify(w *watcher, state, body string) {
	e := b.e
	w.seq++
	m := &wire.Message{
		Method: wire.Notify, URI: w.target, From: w.local, To: w.remote, CallID: w.callID, CSeq: wire.CSeq{Number: w.seq, Method: wire.Notify}, MaxForwards: 70,
		Route: w.routes, Contact: []wire.Address{e.watched(w)},
	}
	event := messageSummary
	if w.id != "" {
		event += ";id=" + w.id
	}
	m.Add("Event", event)
	m.Add("Subscription-State", state)
	if e.cfg.Product != "" {
		m.Add("User-Agent", e.cfg.Product)
	}
	if body != "" {
		m.ContentType, m.Body = summaryType, []byte(body)
	}
	if b.outside == nil {
		b.outside = dialog.NewOutside(&e.env)
	}
	b.outside.At(time.Now()).Ask(m, backTo(w.src), auth.Credentials{}, func(_ *wire.Message, code int) {
		w.busy = false
		switch {
		case w.over:
		case code < 300:
			if w.again {
				w.again = false
				b.tell(w)
			}
		case w.subscribed:
			b.unwatch()
		case outOfReach(code):
			w.told, w.again = "", false
			w.missed.Store(true)
		default:
			w.over = true
		}
	})
}

// outOfReach says of a refusal that it is of the moment (RFC 3261 §21.4.9, §21.4.18,
// §21.5.1, §21.5.4, §21.5.5); 408 is also what no answer at all comes to.
func outOfReach(code int) bool { return slices.Contains([]int{408, 480, 500, 503, 504}, code) }

// backTo is the way that a phone wrote by: what is told it goes nowhere else.
func backTo(src dialog.Source) Target {
	return Target{Transport: src.Transport, Host: src.Host, Port: src.Port, Flow: src.Flow, Fixed: true}
}

// watched is this end's Contact towards a watcher.
func (e *Endpoint) watched(w *watcher) wire.Address {
	l := e.net.local(backTo(w.src))
	return wire.NewAddress("", wire.NewURI("sip", w.account, l.Host, l.Port, w.src.Transport), "")
}

// eventOf is a request's event package and the subscription's id (RFC 6665 §8.2.1).
func eventOf(m *wire.Message) (name, id string) {
	name, params, _ := strings.Cut(m.Get("Event"), ";")
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(strings.TrimSpace(k), "id") {
			id = strings.TrimSpace(v)
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), id
}

// readExpires reads seconds; what cannot be read is as if it was not there (RFC 3261
// §20.19).
func readExpires(s string) (lasts time.Duration, given bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return time.Duration(n) * time.Second, err == nil
}
