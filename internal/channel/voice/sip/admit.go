package sip

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// admitted asks the handler about a request, answers it where it may not come
// in, and says whether it may, and for whom.
func (e *Endpoint) admitted(m *wire.Message, src dialog.Source, now time.Time) (user secret.Text, ok bool) {
	proof := auth.Result{}
	if values := m.All("Authorization"); len(values) > 0 && e.cfg.Realm != "" {
		proof = e.auth.Check(values, e.cfg.Realm, m.Method, m.URI.Text(), now, func(u string) (auth.Secret, bool) {
			return e.handler.Secret(e.cfg.Realm, u)
		})
	}
	user = secret.New(proof.User)
	addr, _ := netip.ParseAddr(src.Host)
	a := e.handler.Admit(Arrival{
		Method: m.Method, Transport: src.Transport, Source: netip.AddrPortFrom(addr, uint16(src.Port)),
		User: user, Tried: proof.Tried && proof.User == "" && !proof.Stale, URI: m.URI, From: m.From, To: m.To, Message: m,
	})
	switch a.verdict {
	case admit:
		return user, true
	case challenge:
		var headers []wire.Header
		for _, c := range e.auth.Challenges(e.cfg.Realm, proof.Stale, now, a.algorithms...) {
			headers = append(headers, wire.Header{Name: "WWW-Authenticate", Value: c})
		}
		e.refuse(m, src, 401, "", headers...)
	case refuse:
		var headers []wire.Header
		if a.retryAfter > 0 {
			headers = append(headers, wire.Header{Name: "Retry-After", Value: strconv.Itoa(int((a.retryAfter + time.Second - 1) / time.Second))})
		}
		code := a.code
		if code < 400 || code > 699 {
			code = 403
		}
		e.refuse(m, src, code, "", headers...)
	default:
		e.count.dropped.Add(1)
	}
	return secret.Text{}, false
}

// arrive handles an INVITE that begins a call.
func (b *mailbox) arrive(m *wire.Message, src dialog.Source, now time.Time) {
	e := b.e
	if e.calls.Load() >= int64(e.cfg.Limits.Calls) {
		e.count.full.Add(1)
		e.overloaded(m, src)
		return
	}
	user, ok := e.admitted(m, src, now)
	if !ok {
		return
	}
	var replaced *Leg
	if m.Has("Replaces") {
		var code int
		if values := m.All("Replaces"); len(values) == 1 {
			replaced, code = e.Replaced(values[0])
			if code == 0 && replaced.State() == Early && replaced.Incoming() { // §3: only the end that called has an early dialog to give
				code = 481
			}
		} else {
			code = 400
		}
		if code != 0 {
			e.refuse(m, src, code, "")
			return
		}
	}
	l := &Leg{e: e, callID: m.CallID, about: &about{incoming: true, from: m.From, to: m.To, invite: m, source: src, user: user, replaces: replaced}}
	l.box.Store(b)
	e.calls.Add(1)
	l.d = dialog.Arrive(&e.env, time.Now(), m, src)
	b.add(l)
	b.flush(l)
	if l.d.State() != dialog.Over {
		e.handler.Incoming(l)
	}
}

// Replaced finds the leg that the value of a Replaces field names, or the code that
// refuses it (RFC 3891 §3).
func (e *Endpoint) Replaced(value string) (*Leg, int) {
	r, err := ParseReplaces(value)
	if err != nil {
		return nil, 400
	}
	b := e.boxes.find(r.CallID)
	if b == nil {
		return nil, 481
	}
	for _, l := range b.seen() {
		if t := l.tags.Load(); t == nil || t.local != r.ToTag || t.remote != r.FromTag {
			continue
		}
		switch l.State() {
		case Over:
			return nil, 603
		case Standing, Answering:
			if r.EarlyOnly {
				return nil, 486
			}
		}
		return l, 0
	}
	return nil, 481
}

// Replaces names a dialog as its other end sees it (RFC 3891 §6.1).
type Replaces struct {
	CallID, ToTag, FromTag string
	EarlyOnly              bool
}

// ErrReplaces: the value of a Replaces field cannot be read.
var ErrReplaces = errors.New("sip: not the form of Replaces")

// ParseReplaces reads the value of a Replaces field.
func ParseReplaces(s string) (Replaces, error) {
	id, params, _ := strings.Cut(s, ";")
	r := Replaces{CallID: strings.TrimSpace(id)}
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		v = strings.TrimSpace(v)
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "to-tag":
			r.ToTag = v
		case "from-tag":
			r.FromTag = v
		case "early-only":
			r.EarlyOnly = true
		}
	}
	if r.CallID == "" || strings.ContainsAny(r.CallID, " \t") || r.ToTag == "" || r.FromTag == "" {
		return r, ErrReplaces
	}
	return r, nil
}
