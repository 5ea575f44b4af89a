package dialog

import (
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

// session is the session timer (RFC 4028): whoever refreshes does so at half of
// the interval; a call that is not refreshed ends a little before its end.
type session struct {
	interval  time.Duration // agreed; 0: no session timer
	asking    time.Duration // what our requests ask for
	minSE     time.Duration // the longest minimum that anyone asked for
	refresh   bool          // we refresh
	refreshAt time.Time
	expiresAt time.Time
}

// Bounds of RFC 4028 §4 and §5, and one of ours against overflow.
const (
	leastSE    = 90 * time.Second
	usualSE    = 1800 * time.Second
	longestSE  = 24 * time.Hour
	uac, uas   = "uac", "uas"
	graceAtEnd = 32 * time.Second
)

func (e *Env) minSE() time.Duration { return max(e.MinSE, leastSE) }
func (e *Env) sessionExpires() time.Duration {
	if e.SessionExpires == 0 {
		return max(usualSE, e.minSE())
	}
	return max(e.SessionExpires, e.minSE())
}

// sessionExpires reads Session-Expires: interval and refresher, "" where none is
// named.
func sessionExpires(m *wire.Message) (interval time.Duration, refresher string, ok bool) {
	value, params, _ := strings.Cut(m.Get("Session-Expires"), ";")
	interval, ok = seconds(value)
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(k), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return interval, refresher, ok
}

func minSE(m *wire.Message) time.Duration {
	value, _, _ := strings.Cut(m.Get("Min-SE"), ";")
	d, _ := seconds(value)
	return d
}

func seconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil || n == 0 {
		return 0, false
	}
	return min(time.Duration(n)*time.Second, longestSE), true
}

// sessionWanted sets what a call of ours asks for.
func (l *Leg) sessionWanted() { l.asking = l.env.sessionExpires() }

// sessionAsk puts the session timer into a request.
func (l *Leg) sessionAsk(m *wire.Message) {
	value := ""
	switch {
	case l.interval > 0: // §7.4: keep what was agreed
		role := uas
		if l.refresh {
			role = uac // whoever sends this request is its UAC
		}
		value = strconv.Itoa(int(l.interval/time.Second)) + ";refresher=" + role
	case l.asking > 0:
		value = strconv.Itoa(int(l.asking / time.Second))
	default:
		return
	}
	m.Add("Session-Expires", value)
	if least := max(l.minSE, l.env.minSE()); least > leastSE {
		m.Add("Min-SE", strconv.Itoa(int(least/time.Second)))
	}
}

// sessionAsked looks at the timer that a request asks for; a Fault refuses it
// (§9).
func (l *Leg) sessionAsked(m *wire.Message, _ bool) *wire.Fault {
	interval, _, ok := sessionExpires(m)
	if !ok {
		return nil
	}
	least := l.env.minSE()
	if interval < least && m.Lists("Supported", "timer") {
		return &wire.Fault{Code: 422, Why: wire.Phrase(422), Headers: []wire.Header{
			{Name: "Min-SE", Value: strconv.Itoa(int(least / time.Second))},
		}}
	}
	return nil
}

// sessionAgreed puts the timer into our 2xx to req (§9, table 2), and starts it
// where the dialog stands.
func (l *Leg) sessionAgreed(r, req *wire.Message) {
	interval, refresher, ok := sessionExpires(req)
	can := req.Lists("Supported", "timer")
	least := max(minSE(req), l.env.minSE())
	switch {
	case !ok && !can:
		if l.interval == 0 {
			return
		}
		interval = l.interval // a request that forgets the timer does not end it
	case !ok:
		interval = max(l.env.sessionExpires(), least)
	default:
		interval = max(min(interval, max(l.env.sessionExpires(), least)), least)
	}
	switch {
	case !can:
		refresher = uas
	case refresher != uas:
		refresher = uac
	}
	l.interval, l.refresh = interval, refresher == uas
	r.Add("Session-Expires", strconv.Itoa(int(interval/time.Second))+";refresher="+refresher)
	if refresher == uac {
		r.Add("Require", "timer")
	}
}

// sessionGiven takes what the 2xx to our request says.
func (l *Leg) sessionGiven(m *wire.Message) {
	interval, refresher, ok := sessionExpires(m)
	if !ok {
		l.interval, l.refresh = 0, false
		l.refreshAt, l.expiresAt = time.Time{}, time.Time{}
		return
	}
	l.interval = max(interval, leastSE)
	l.refresh = refresher != uas
	l.sessionStarts()
}

// sessionStarts begins the interval anew.
func (l *Leg) sessionStarts() {
	if l.interval == 0 {
		return
	}
	l.expiresAt = l.now.Add(l.interval - min(graceAtEnd, l.interval/3)) // §10
	l.refreshAt = time.Time{}
	if l.refresh {
		l.refreshAt = l.now.Add(l.interval / 2)
	}
}

// sessionTooShort takes a 422, and says whether it may be tried again.
func (l *Leg) sessionTooShort(m *wire.Message) bool {
	least := minSE(m)
	if least == 0 || least <= l.minSE {
		return false
	}
	l.minSE = least
	l.asking = max(l.asking, least)
	if l.interval > 0 {
		l.interval = max(l.interval, least)
	}
	return true
}

func (l *Leg) tickSession() {
	if isDue(l.expiresAt, l.now) {
		r := Reason{SIP: 408, Text: "Session expired"}
		l.bye(l.peer, r)
		l.end(Ended{ByTimer, r})
		return
	}
	if isDue(l.refreshAt, l.now) {
		l.refreshAt = time.Time{}
		if l.wanted == nil && l.ours == nil {
			l.wanted = &want{refresh: true}
		}
	}
}
