package dialog

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

// transfer is REFER both ways (RFC 3515): one at a time each way.
type transfer struct {
	asked    *serverTx // their REFER, which waits for our owner
	askedID  uint32    // its CSeq
	serving  bool      // they are told how it goes
	later    bool      // it was not the first, so NOTIFY names it
	hadOne   bool
	watching bool // we are told how ours goes
}

// subscription is how long the other end is told how its REFER goes, in seconds.
const subscription = "180"

// Refer asks the other end to call to. With replaces, the call that this value
// names is taken over (RFC 3891); it has the form "call-id;to-tag=…;from-tag=…".
// ReferStatus follows until it is final.
func (l *Leg) Refer(to wire.URI, replaces string) {
	if l.state != Standing || l.watching {
		return
	}
	target := to.Text()
	if replaces != "" {
		sep := "?"
		if to.Headers {
			sep = "&"
		}
		target += sep + "Replaces=" + strings.ReplaceAll(url.QueryEscape(replaces), "+", "%20")
	}
	m, hop := l.make(wire.Refer, l.peer)
	m.Add("Refer-To", "<"+target+">")
	m.Add("Referred-By", "<"+l.local.URI.Text()+">")
	l.watching = true
	l.request(m, hop, forTransfer).peer = l.peer
}

func (l *Leg) referAnswered(code int) {
	if !l.watching {
		return
	}
	if code >= 300 {
		l.watching = false
		l.emit(ReferStatus{Code: code, Final: true})
	}
	if code == 481 || code == 408 {
		l.gone()
	}
}

// notified takes a NOTIFY (RFC 3515 §2.4).
func (l *Leg) notified(tx *serverTx, m *wire.Message) {
	event, _, _ := strings.Cut(m.Get("Event"), ";")
	if !strings.EqualFold(strings.TrimSpace(event), "refer") {
		l.refuse(tx, 489)
		return
	}
	if !l.watching {
		l.refuse(tx, 481)
		return
	}
	l.respond(tx, l.reply(m, 200))
	state, _, _ := strings.Cut(m.Get("Subscription-State"), ";")
	final := strings.EqualFold(strings.TrimSpace(state), "terminated")
	code := fragment(m.Body)
	if code == 0 && !final {
		return
	}
	if final || code >= 200 {
		final = true
		l.watching = false
	}
	if code == 0 {
		code = 487
	}
	l.emit(ReferStatus{Code: code, Final: final})
}

// fragment reads the status code of a message/sipfrag; 0 where it has none.
func fragment(body []byte) int {
	line, _, _ := strings.Cut(string(body[:min(len(body), 128)]), "\n")
	fields := strings.Fields(line)
	if len(fields) < 2 || !strings.EqualFold(fields[0], wire.Version) {
		return 0
	}
	n, err := strconv.Atoi(fields[1])
	if err != nil || n < 100 || n > 699 {
		return 0
	}
	return n
}

// referred takes a REFER.
func (l *Leg) referred(tx *serverTx, m *wire.Message) {
	targets := m.All("Refer-To")
	if len(targets) != 1 {
		l.refuse(tx, 400)
		return
	}
	a, err := wire.ParseAddress(targets[0])
	switch {
	case err != nil:
		l.refuse(tx, 400)
		return
	case l.state != Standing || l.asked != nil || l.serving:
		l.refuse(tx, 491)
		return
	}
	to, replaces, ok := SplitRefer(a.URI)
	if !ok {
		l.refuse(tx, 400)
		return
	}
	by, _ := wire.ParseAddress(m.Get("Referred-By"))
	l.asked, l.askedID = tx, m.CSeq.Number
	l.later, l.hadOne = l.hadOne, true
	if !a.URI.SIP() && a.URI.Scheme != "tel" {
		l.RefuseRefer(416)
		return
	}
	l.emit(Refer{To: to, Replaces: replaces, ReferredBy: by})
}

// SplitRefer takes the header fields out of a Refer-To: only Replaces is
// understood, others are left out. ok is false where it cannot be read.
func SplitRefer(u wire.URI) (to wire.URI, replaces string, ok bool) {
	head, fields, has := strings.Cut(u.Text(), "?")
	if !has {
		return u, "", true
	}
	to, err := wire.ParseURI(head)
	if err != nil {
		return to, "", false
	}
	for f := range strings.SplitSeq(fields, "&") {
		k, v, _ := strings.Cut(f, "=")
		if !strings.EqualFold(k, "Replaces") {
			continue
		}
		replaces, err = url.PathUnescape(v)
		if err != nil || strings.ContainsAny(replaces, "\r\n\x00") {
			return to, "", false
		}
	}
	return to, replaces, true
}

// AcceptRefer takes what came as Refer. ReferProgress must follow.
func (l *Leg) AcceptRefer() {
	tx := l.asked
	if tx == nil || tx.req == nil {
		return
	}
	r := l.reply(tx.req, 202)
	l.contactFor(r, tx.to)
	l.respond(tx, r)
	l.asked, l.serving = nil, true
	l.ReferProgress(100)
}

// RefuseRefer refuses it; 603 is the usual code. What as an answer says of this call
// that it is not there, or cannot be reached by what its Contact names, is told by
// NOTIFY: the other end would give this call up, and not the one that it wished for
// (RFC 5057 §5.1).
func (l *Leg) RefuseRefer(code int) {
	if l.asked == nil {
		return
	}
	if slices.Contains(endDialogs, code) {
		l.AcceptRefer()
		l.ReferProgress(code)
		return
	}
	l.refuse(l.asked, code)
	l.asked = nil
}

// endDialogs are the refusals that end the dialog of the request, whatever it is
// (RFC 5057 §5.1); 481 ends at least what the request is about.
var endDialogs = []int{404, 410, 416, 481, 482, 484, 485, 502, 604}

// ReferProgress tells the other end how its REFER goes; a code of 200 or more
// ends that.
func (l *Leg) ReferProgress(code int) {
	if !l.serving || l.state != Standing {
		return
	}
	m, to := l.make(wire.Notify, l.peer)
	event := "refer"
	if l.later {
		event += ";id=" + strconv.FormatUint(uint64(l.askedID), 10)
	}
	m.Add("Event", event)
	if code >= 200 {
		m.Add("Subscription-State", "terminated;reason=noresource")
		l.serving = false
	} else {
		m.Add("Subscription-State", "active;expires="+subscription)
	}
	Body{"message/sipfrag;version=2.0", []byte("SIP/2.0 " + strconv.Itoa(code) + " " + wire.Phrase(code) + "\r\n")}.put(m)
	l.request(m, to, forNothing).peer = l.peer
}

// Inform sends an INFO with a body.
func (l *Leg) Inform(body Body) {
	if l.state != Standing {
		return
	}
	m, to := l.make(wire.Info, l.peer)
	body.put(m)
	l.request(m, to, forInfo).peer = l.peer
}

// Dial presses a key at the other end by INFO (application/dtmf-relay). Keys are
// 0-9, *, #, A-D and ! for flash.
func (l *Leg) Dial(key byte, d time.Duration) {
	if strings.IndexByte(keys, key) < 0 {
		return
	}
	l.Inform(Body{"application/dtmf-relay", []byte("Signal=" + string(key) + "\r\nDuration=" + strconv.Itoa(int(d/time.Millisecond)) + "\r\n")})
}

const keys = "0123456789*#ABCD!"

// informed takes an INFO.
func (l *Leg) informed(tx *serverTx, m *wire.Message) {
	switch wire.MediaType(m.ContentType) {
	case "application/dtmf-relay", "application/dtmf":
		d, ok := digit(m.Body)
		if !ok {
			l.refuse(tx, 400)
			return
		}
		l.respond(tx, l.reply(m, 200))
		l.emit(d)
	case "": // asks whether the dialog lives
		l.respond(tx, l.reply(m, 200))
	default:
		l.refuse(tx, 415)
	}
}

// digit reads "Signal=5\r\nDuration=160", or the key alone.
func digit(body []byte) (Digit, bool) {
	d := Digit{Duration: 250 * time.Millisecond}
	if len(body) > 256 {
		return d, false
	}
	signal := ""
	for line := range strings.SplitSeq(string(body), "\n") {
		line = strings.TrimSpace(line)
		k, v, has := strings.Cut(line, "=")
		switch {
		case line == "":
		case !has && signal == "":
			signal = line
		case strings.EqualFold(strings.TrimSpace(k), "Signal"):
			signal = strings.TrimSpace(v)
		case strings.EqualFold(strings.TrimSpace(k), "Duration"):
			if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && n > 0 {
				d.Duration = time.Duration(min(n, 10_000)) * time.Millisecond
			}
		}
	}
	switch strings.ToUpper(signal) {
	case "10":
		signal = "*"
	case "11":
		signal = "#"
	case "12", "13", "14", "15":
		signal = string("ABCD"[signal[1]-'2'])
	case "16", "FLASH":
		signal = "!"
	}
	if signal = strings.ToUpper(signal); len(signal) != 1 || strings.IndexByte(keys, signal[0]) < 0 {
		return d, false
	}
	d.Key = signal[0]
	return d, true
}
