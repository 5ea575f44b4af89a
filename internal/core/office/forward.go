package office

import (
	"time"

	"nubitalk/internal/base/secret"
)

// Goal is where calls are forwarded to; the zero Goal is nowhere.
type Goal struct {
	Mailbox bool        // of the phone's user
	Object  string      // id of a phone or a ring group that has an extension
	Number  secret.Text // outside, E.164
}

// Empty says whether it is nowhere.
func (g Goal) Empty() bool { return !g.Mailbox && g.Object == "" && g.Number.Empty() }

// Forwards are where calls to an extension go on that its phones do not take.
type Forwards struct {
	Always Goal // without ringing
	Busy   Goal // whoever has the extension is in a call, or declines
	// Unanswered: nobody picked up within After, or no phone is registered.
	Unanswered Goal
	After      time.Duration // 0: RingFor
	// Greeting is what a mailbox says before it takes a message; none: the usual one.
	Greeting Words
}

// Empty says whether calls are not forwarded.
func (f Forwards) Empty() bool { return f.Always.Empty() && f.Busy.Empty() && f.Unanswered.Empty() }

// Reason is why a call was forwarded, by its name in RFC 5806 §10.1.
type Reason string

// Reasons.
const (
	Unconditional Reason = "unconditional"
	UserBusy      Reason = "user-busy"
	NotAnswered   Reason = "no-answer"
)

// Diversion is a forwarding that a call came through.
type Diversion struct {
	Line
	Why Reason
}

// goal is where calls go for a reason.
func (f Forwards) goal(why Reason) Goal {
	switch why {
	case Unconditional:
		return f.Always
	case UserBusy:
		return f.Busy
	}
	return f.Unanswered
}

// Circle says by which extensions calls to one come back to it though nobody was
// rung, if its calls were always forwarded to an object; nil where they do not. Such
// calls would reach nobody. Forwardings that wait for somebody not to answer are no
// circle: colleagues may stand in for each other.
func (d *Directory) Circle(extension string, to Goal) (way []string) {
	way = append(way, extension)
	for range len(d.lines) + 1 {
		next := d.found[to.Object]
		if next == "" {
			return nil
		}
		way = append(way, next)
		if next == extension {
			return way
		}
		to = d.forwards[next].Always
	}
	return nil // others go in a circle, which is theirs to mend
}

// forward sends the call on from the extension that was rung, if a reason says so;
// false where it leads nowhere, or to where the call was already.
func (h *Hunt) forward(why Reason) (Step, bool) {
	to := h.d.forwards[h.line.Extension].goal(why)
	if h.line.Extension == "" || to.Empty() {
		return Step{}, false
	}
	if to.Mailbox {
		if h.line.User == "" {
			return Step{}, false
		}
		h.by = append(h.by[:len(h.by):len(h.by)], Diversion{h.line, why})
		return Step{Do: Take, User: h.line.User, Words: h.d.forwards[h.line.Extension].Greeting, By: h.by}, true
	}
	next := h.d.found[to.Object]
	if to.Number.Empty() && (next == "" || h.been[next] || len(h.been) >= mostHops) {
		return Step{}, false
	}
	// A copy: steps that were told hold the one before.
	h.by = append(h.by[:len(h.by):len(h.by)], Diversion{h.line, why})
	if to.Number.Empty() {
		return h.enter(next), true
	}
	h.leaving = true
	return Step{Do: Leave, Number: to.Number, By: h.by}, true
}

// cameBack goes on when nobody outside answered. Where the call may not go there
// at all, it is as if it was not forwarded: better the phone rings than nobody.
func (h *Hunt) cameBack(o Outcome) Step {
	h.leaving = false
	if o != Barred {
		return h.over()
	}
	last := h.by[len(h.by)-1]
	h.by = h.by[:len(h.by)-1]
	if last.Why == Unconditional {
		return h.ring([]Line{h.line}, h.patience())
	}
	return h.over()
}

// patience is how long the extension is rung.
func (h *Hunt) patience() time.Duration {
	f := h.d.forwards[h.line.Extension]
	if f.Unanswered.Empty() || f.After <= 0 {
		return RingFor
	}
	return min(f.After, RingFor)
}
