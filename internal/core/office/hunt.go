package office

import (
	"time"

	"nubitalk/internal/base/secret"
)

// RingFor is how long an extension is rung when nothing says otherwise.
const RingFor = time.Minute

// Bounds of one call's search.
const (
	leastRing = time.Second      // less is no ringing
	mostHops  = 8                // groups and extensions that it may go through
	mostTime  = 10 * time.Minute // of all ringing
)

// Do is what a Step asks for.
type Do uint8

const (
	Refuse Do = iota // the call ends here, with Code
	Ring             // ring the phones of Lines for For
	Arrive           // the call goes on at EntryPoint
	Say              // Words are said, and the call ends
	Take             // a message is taken for User, with Words as its greeting
	Leave            // the call goes on to Number, on the account of the last of By
)

// Step is what is to be done next.
type Step struct {
	Do         Do
	Lines      []Line
	For        time.Duration
	Group      string // name of the group whose members are rung; "" of none
	EntryPoint string
	Words      Words
	User       string      // whose mailbox it is
	Number     secret.Text // outside
	By         []Diversion // forwardings that the call came through, the first one first
	Code       int         // SIP status with which the call is refused
}

// Outcome is what became of a step, as far as nobody answered; of several, the
// greatest tells most.
type Outcome uint8

const (
	Absent   Outcome = iota // no phone is registered
	NoAnswer                // its time is over
	Busy                    // who was called is in another call
	Declined                // who was called refuses
	Barred                  // an outside number may not be called, or not now
)

// code is how a caller is told (RFC 3261 §21.4, §21.6).
func (o Outcome) code() int {
	switch o {
	case Busy:
		return 486
	case Declined:
		return 603
	}
	return 480
}

// Hunt is the search of one call for somebody who answers.
type Hunt struct {
	d       *Directory
	pick    func(n int) int
	group   Group // that is rung now; without an id, an extension is
	line    Line  // the extension that is rung now; none while a group is
	by      []Diversion
	leaving bool   // the call is on its way outside
	rest    []Line // members still to be rung
	left    time.Duration
	spent   time.Duration
	been    map[string]bool // extensions
	outcome Outcome
	steps   int // that were told of
	alike   bool
}

// Start begins a call to an extension. pick gives a number from 0 to below n, as
// chance has it.
func (d *Directory) Start(extension string, pick func(n int) int) (*Hunt, Step) {
	h := &Hunt{d: d, pick: pick, been: map[string]bool{}, alike: true}
	return h, h.enter(extension)
}

// Next says how it goes on when nobody answered the last step, which took so long.
func (h *Hunt) Next(o Outcome, took time.Duration) Step {
	if o == Barred { // it tells of no one who was called
		if h.leaving {
			return h.cameBack(o)
		}
		o = Absent
	}
	if h.steps > 0 && o != h.outcome {
		h.alike = false
	}
	h.steps++
	h.outcome = max(h.outcome, o)
	h.spent += took
	h.left -= took
	switch {
	case h.leaving:
		return h.cameBack(o)
	case h.group.ID != "":
		return h.member()
	}
	why := NotAnswered
	if o == Busy || o == Declined {
		why = UserBusy
	}
	if s, ok := h.forward(why); ok {
		return s
	}
	return h.over()
}

// enter goes to an extension, once.
func (h *Hunt) enter(extension string) Step {
	if h.been[extension] || len(h.been) >= mostHops {
		return h.over()
	}
	h.been[extension], h.group, h.line = true, Group{}, Line{}
	if l, ok := h.d.lines[extension]; ok {
		h.line = l
		if s, ok := h.forward(Unconditional); ok {
			return s
		}
		return h.ring([]Line{l}, h.patience())
	}
	g, ok := h.d.groups[extension]
	if !ok {
		return Step{Do: Refuse, Code: 404}
	}
	h.group, h.rest, h.left = g, h.d.members(g), g.Most
	if g.Order == Random {
		for i := len(h.rest) - 1; i > 0; i-- {
			j := h.pick(i + 1)
			h.rest[i], h.rest[j] = h.rest[j], h.rest[i]
		}
	}
	return h.member()
}

// member rings who is next in the group, or goes on after it.
func (h *Hunt) member() Step {
	if len(h.rest) == 0 || h.left < leastRing {
		return h.then()
	}
	if h.group.Order == Simultaneous {
		all := h.rest
		h.rest = nil
		return h.ring(all, h.left)
	}
	one := h.rest[:1]
	h.rest = h.rest[1:]
	return h.ring(one, min(h.group.Each, h.left))
}

func (h *Hunt) ring(lines []Line, most time.Duration) Step {
	if most = min(most, mostTime-h.spent); most < leastRing {
		return h.over()
	}
	return Step{Do: Ring, Lines: lines, For: most, Group: h.group.Name, By: h.by}
}

// then is what is done when nobody in the group answered.
func (h *Hunt) then() Step {
	t := h.group.Then
	switch {
	case t.Target != "" && h.d.found[t.Target] != "":
		return h.enter(h.d.found[t.Target])
	case t.EntryPoint != "":
		return Step{Do: Arrive, EntryPoint: t.EntryPoint}
	case t.Say.Prompt != "":
		return Step{Do: Say, Words: t.Say}
	}
	return h.over()
}

// over ends the search. Of several who did not answer for different reasons, none
// is the call's.
func (h *Hunt) over() Step {
	if !h.alike {
		return Step{Do: Refuse, Code: NoAnswer.code()}
	}
	return Step{Do: Refuse, Code: h.outcome.code()}
}
