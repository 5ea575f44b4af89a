package dialog

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/wire"
)

// Body is what a message carries. It never prints: session descriptions hold
// addresses and keys.
type Body struct {
	Type string // media type, such as "application/sdp"
	Data []byte
}

// SDP makes a session description's body.
func SDP(data []byte) Body { return Body{"application/sdp", data} }

// Empty says whether there is none.
func (b Body) Empty() bool { return len(b.Data) == 0 }

func (b Body) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, secret.Mask) }
func (b Body) MarshalText() ([]byte, error) { return []byte(secret.Mask), nil }

func bodyOf(m *wire.Message) Body {
	if len(m.Body) == 0 {
		return Body{}
	}
	return Body{m.ContentType, m.Body}
}

func (b Body) put(m *wire.Message) {
	if !b.Empty() {
		m.ContentType, m.Body = b.Type, b.Data
	}
}

// Reason is why a call ends (RFC 3326). The zero value says nothing.
type Reason struct {
	SIP  int    // status code, such as 486, or 0
	Q850 int    // cause of ITU-T Q.850, such as 17, or 0
	Text string // in either; never about a person
}

func (r Reason) add(m *wire.Message) {
	one := func(protocol string, cause int) {
		if cause == 0 {
			return
		}
		v := protocol + ";cause=" + strconv.Itoa(cause)
		if r.Text != "" {
			v += ";text=" + wire.Quote(r.Text)
		}
		m.Add("Reason", v)
	}
	one("SIP", r.SIP)
	one("Q.850", r.Q850)
}

func reasonOf(m *wire.Message) Reason {
	var r Reason
	for _, h := range m.All("Reason") {
		for v := range strings.SplitSeq(h, ",") {
			protocol, rest, _ := strings.Cut(strings.TrimSpace(v), ";")
			for p := range strings.SplitSeq(rest, ";") {
				k, value, _ := strings.Cut(strings.TrimSpace(p), "=")
				if !strings.EqualFold(k, "cause") {
					continue
				}
				n, err := strconv.Atoi(value)
				if err != nil || n < 0 || n > 999 {
					continue
				}
				switch strings.ToUpper(strings.TrimSpace(protocol)) {
				case "SIP":
					r.SIP = n
				case "Q.850":
					r.Q850 = n
				}
			}
		}
	}
	return r
}

// Event is what a Leg tells its owner. Events of a leg come one after another,
// in the order in which they happened.
type Event interface{ event() }

type (
	// Ringing: a called end was found (18x without media).
	Ringing struct {
		Code int // 180, 181, 182, 183
	}
	// EarlyMedia: a called end describes a session before it answers. Fork
	// tells forked ends apart; only the answered one's counts at last.
	EarlyMedia struct {
		Code int
		Fork string
		Body Body
	}
	// Answered: the called end answered. Body is its answer, or its offer where
	// the call made none: Acknowledge must then bring the answer. A body that
	// came early in the same fork is not repeated by all ends, so Body may be
	// empty.
	Answered struct {
		Fork string
		Body Body
	}
	// Failed: the call that we made was not answered. The leg has ended.
	Failed struct {
		Code       int // of the response; 408 without one; 487 after Hangup; 503 unreachable
		Reason     Reason
		RetryAfter time.Duration
		// Contacts are the places to try instead, for 3xx.
		Contacts []wire.Address
	}
	// Acknowledged: the caller has our answer; Body is the caller's answer where
	// Answer made the offer. From now on the call stands.
	Acknowledged struct{ Body Body }
	// Offered: the other end wants to change the session. AnswerOffer or
	// RefuseOffer must follow. Without a body it asks for an offer, which
	// AnswerOffer brings; its answer then comes as Accepted.
	Offered struct{ Body Body }
	// Accepted: the other end answered our offer.
	Accepted struct{ Body Body }
	// Refused: the other end did not take our offer, or gave none; the session
	// stays as it was.
	Refused struct{ Code int }
	// Ended: the leg is over. Nothing follows.
	Ended struct {
		By     End
		Reason Reason
	}
	// Digit: a key was pressed (INFO).
	Digit struct {
		Key      byte // 0-9, *, #, A-D, ! for flash
		Duration time.Duration
	}
	// Refer: the other end asks to be connected with To. AcceptRefer or
	// RefuseRefer must follow, and ReferProgress until a final code.
	Refer struct {
		To wire.URI
		// Replaces is the value of that header in To, taken out of it and
		// unescaped; "" for a blind transfer.
		Replaces   string
		ReferredBy wire.Address
	}
	// ReferStatus: how the other end gets on with our Refer. Final ends it.
	ReferStatus struct {
		Code  int
		Final bool
	}
)

func (Ringing) event()      {}
func (EarlyMedia) event()   {}
func (Answered) event()     {}
func (Failed) event()       {}
func (Acknowledged) event() {}
func (Offered) event()      {}
func (Accepted) event()     {}
func (Refused) event()      {}
func (Ended) event()        {}
func (Digit) event()        {}
func (Refer) event()        {}
func (ReferStatus) event()  {}

// End is who or what ended a leg.
type End uint8

const (
	ByThem        End = iota + 1 // BYE
	ByCancel                     // the caller gave up before we answered
	ByUs                         // Hangup or Reject
	ByNoAck                      // our answer was never acknowledged
	ByTimer                      // the session timer ran out (RFC 4028)
	ByGone                       // the other end no longer knows the dialog, or does not answer within it
	ByUnreachable                // nothing can be sent
)

func (e End) String() string {
	return [...]string{"", "them", "cancel", "us", "no ack", "session timer", "gone", "unreachable"}[e]
}
