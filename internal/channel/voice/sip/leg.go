package sip

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// What legs tell and are told, from package dialog.
type (
	Event        = dialog.Event
	Ringing      = dialog.Ringing
	EarlyMedia   = dialog.EarlyMedia
	Answered     = dialog.Answered
	Failed       = dialog.Failed
	Acknowledged = dialog.Acknowledged
	Offered      = dialog.Offered
	Accepted     = dialog.Accepted
	Refused      = dialog.Refused
	Ended        = dialog.Ended
	Digit        = dialog.Digit
	Refer        = dialog.Refer
	ReferStatus  = dialog.ReferStatus

	Body   = dialog.Body
	Reason = dialog.Reason
	Target = dialog.Target
	State  = dialog.State
)

// SDP makes a session description's body.
func SDP(data []byte) Body { return dialog.SDP(data) }

// How far a leg has come.
const (
	Early     = dialog.Early
	Answering = dialog.Answering
	Standing  = dialog.Standing
	Over      = dialog.Over
)

// CallRequest is a call to be made, with what is told of it.
type CallRequest struct {
	dialog.Outgoing
	// Events is called with what happens, one event after another.
	Events func(Event)
}

// Leg is one call's signalling with one other end. Its methods put a wish into
// its mailbox and return; see the package about order.
type Leg struct {
	e      *Endpoint
	box    atomic.Pointer[mailbox]
	callID string
	state  atomic.Int32
	tags   atomic.Pointer[tags]
	// waiting says that a request of ours is not answered.
	waiting atomic.Bool
	// left says that the endpoint stops without ending it.
	left atomic.Bool

	*about // set before the leg is handed out

	// The mailbox's.
	d       *dialog.Leg
	events  func(Event)
	counted bool // no longer among the endpoint's calls
	slim    bool // left behind by one that ended
}

// about is what a leg's owner may ask of it.
type about struct {
	incoming bool
	from, to wire.Address
	invite   *wire.Message
	source   dialog.Source
	user     secret.Text
	replaces *Leg
}

// tags are what names a leg's dialog besides the Call-ID.
type tags struct{ local, remote string }

// Events sets who is told what happens. Handler.Incoming calls it before it
// returns.
func (l *Leg) Events(f func(Event)) { l.events = f }

// CallID is the leg's Call-ID. It names no person.
func (l *Leg) CallID() string { return l.callID }

// State is how far the leg has come; it may be outdated when it is read.
func (l *Leg) State() State { return State(l.state.Load()) }

// Incoming says whether the other end called.
func (l *Leg) Incoming() bool { return l.incoming }

// From is who calls, as the call says; nobody proved it.
func (l *Leg) From() wire.Address { return l.from }

// To is who was called, as the call says.
func (l *Leg) To() wire.Address { return l.to }

// Invite is the request that an incoming call began with: its Request-URI says
// which number was called, its body is the offer. nil for a call of ours.
func (l *Leg) Invite() *wire.Message { return l.invite }

// Offer is the body of an incoming call's INVITE.
func (l *Leg) Offer() Body {
	if l.invite == nil || len(l.invite.Body) == 0 {
		return Body{}
	}
	return Body{Type: l.invite.ContentType, Data: l.invite.Body}
}

// User is the account whose password the caller proved, or empty.
func (l *Leg) User() secret.Text { return l.user }

// Source is where an incoming call came from.
func (l *Leg) Source() (transport string, from netip.AddrPort) {
	a, _ := netip.ParseAddr(l.source.Host)
	return l.source.Transport, netip.AddrPortFrom(a, uint16(l.source.Port))
}

// Replaces is the leg that an incoming call takes the place of (RFC 3891), or
// nil. Who answers the call hangs that one up.
func (l *Leg) Replaces() *Leg { return l.replaces }

// Asserted is who a trusted trunk says the caller is (P-Asserted-Identity, RFC
// 3325), or an empty address. Whether to trust is for others.
func (l *Leg) Asserted() wire.Address {
	if l.invite == nil {
		return wire.Address{}
	}
	for _, v := range l.invite.All("P-Asserted-Identity") {
		if a, err := wire.ParseAddress(firstOf(v)); err == nil {
			return a
		}
	}
	return wire.Address{}
}

// Anonymous says whether the caller asks that the identity be kept private (RFC
// 3323).
func (l *Leg) Anonymous() bool {
	if l.invite == nil {
		return false
	}
	for v := range strings.SplitSeq(strings.ToLower(l.invite.Get("Privacy")), ";") {
		switch strings.TrimSpace(v) {
		case "id", "user", "header":
			return true
		}
	}
	return l.from.URI.Host == "anonymous.invalid"
}

// firstOf cuts the first value off a list.
func firstOf(list string) string {
	angle, quote := false, false
	for i := range len(list) {
		switch c := list[i]; {
		case c == '"':
			quote = !quote
		case c == '<' && !quote:
			angle = true
		case c == '>' && !quote:
			angle = false
		case c == ',' && !quote && !angle:
			return list[:i]
		}
	}
	return list
}

// wish has the mailbox do something with the leg.
func (l *Leg) wish(f func(*dialog.Leg)) {
	do := item{do: func() {
		f(l.d.At(time.Now()))
		l.box.Load().flush(l)
	}}
	if b := l.box.Load(); b != nil {
		b.post(do)
		return
	}
	l.e.boxes.post(l.callID, do) // the call that Call made has not begun
}

// Back has requests within the call go to where its messages come from, whatever
// the other end's Contact names.
func (l *Leg) Back() { l.wish((*dialog.Leg).Back) }

// Ring tells the caller that the called end is alerted (180).
func (l *Leg) Ring() { l.wish((*dialog.Leg).Ring) }

// Progress sends a provisional response, 101 to 199; with a body, early media
// begins. It is sent reliably where the caller can (RFC 3262).
func (l *Leg) Progress(code int, body Body) { l.wish(func(d *dialog.Leg) { d.Progress(code, body) }) }

// Answer takes an incoming call. Acknowledged follows.
func (l *Leg) Answer(body Body) { l.wish(func(d *dialog.Leg) { d.Answer(body) }) }

// Reject refuses an incoming call with a code from 300 to 699. Ended follows.
func (l *Leg) Reject(code int, r Reason, headers ...wire.Header) {
	l.wish(func(d *dialog.Leg) { d.Reject(code, r, headers...) })
}

// Redirect sends the caller elsewhere (302).
func (l *Leg) Redirect(to wire.URI) {
	l.Reject(302, Reason{}, wire.Header{Name: "Contact", Value: "<" + to.Text() + ">"})
}

// Hangup ends the leg, whatever its state. Ended or Failed follows.
func (l *Leg) Hangup(r Reason) { l.wish(func(d *dialog.Leg) { d.Hangup(r) }) }

// Acknowledge answers the offer of an Answered, where the call made none.
func (l *Leg) Acknowledge(body Body) { l.wish(func(d *dialog.Leg) { d.Acknowledge(body) }) }

// Reinvite offers a changed session. Accepted or Refused follows; glare is
// sorted out below. An empty body asks the other end for an offer.
func (l *Leg) Reinvite(body Body) { l.wish(func(d *dialog.Leg) { d.Reinvite(body) }) }

// AnswerOffer answers what came as Offered.
func (l *Leg) AnswerOffer(body Body) { l.wish(func(d *dialog.Leg) { d.AnswerOffer(body) }) }

// RefuseOffer refuses what came as Offered, usually with 488.
func (l *Leg) RefuseOffer(code int) { l.wish(func(d *dialog.Leg) { d.RefuseOffer(code) }) }

// Refer asks the other end to call to. With other, that leg's far end is called
// in its place (attended transfer, RFC 3891). ReferStatus follows.
func (l *Leg) Refer(to wire.URI, other *Leg) {
	if other == nil {
		l.wish(func(d *dialog.Leg) { d.Refer(to, "") })
		return
	}
	other.wish(func(o *dialog.Leg) {
		r := o.CallID() + ";to-tag=" + o.RemoteTag() + ";from-tag=" + o.LocalTag()
		l.wish(func(d *dialog.Leg) { d.Refer(to, r) })
	})
}

// AcceptRefer takes what came as Refer. ReferProgress must follow until a code
// of 200 or more.
func (l *Leg) AcceptRefer() { l.wish((*dialog.Leg).AcceptRefer) }

// RefuseRefer refuses it, usually with 603.
func (l *Leg) RefuseRefer(code int) { l.wish(func(d *dialog.Leg) { d.RefuseRefer(code) }) }

// ReferProgress tells the other end how its transfer goes.
func (l *Leg) ReferProgress(code int) { l.wish(func(d *dialog.Leg) { d.ReferProgress(code) }) }

// Inform sends an INFO.
func (l *Leg) Inform(body Body) { l.wish(func(d *dialog.Leg) { d.Inform(body) }) }

// Dial presses a key at the other end by INFO.
func (l *Leg) Dial(key byte, d time.Duration) { l.wish(func(g *dialog.Leg) { g.Dial(key, d) }) }

// Snapshot gives f what Endpoint.Restore needs to go on with the call after the
// process has ended; empty where there is no call to go on with. It holds
// numbers and media keys: seal it before it is stored. f is called in the
// mailbox, after what was wished before; call Snapshot after Answered,
// Acknowledged, Accepted, and after an AnswerOffer.
func (l *Leg) Snapshot(f func(secret.Bytes)) { l.wish(func(d *dialog.Leg) { f(d.Snapshot()) }) }

// shortHash makes a token of some words.
func shortHash(key []byte, words ...string) string {
	h := hmac.New(sha256.New, key)
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
