package office

import "time"

// RingFor is how long an extension is rung when nothing says otherwise.
const RingFor = time.Minute

// Do is what a Step asks for.
type Do uint8

const (
	Refuse Do = iota // the call ends here, with Code
	Ring             // ring the phones of Lines for For
)

// Step is what is to be done next.
type Step struct {
	Do    Do
	Lines []Line
	For   time.Duration
	Code  int // SIP status with which the call is refused
}

// Outcome is what became of a step, as far as nobody answered; of several, the
// greatest tells most.
type Outcome uint8

const (
	Absent   Outcome = iota // no phone is registered
	NoAnswer                // its time is over
	Busy                    // who was called is in another call
	Declined                // who was called refuses
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
	d *Directory
}

// Start begins a call to an extension.
func (d *Directory) Start(extension string) (*Hunt, Step) {
	h := &Hunt{d: d}
	return h, h.enter(extension)
}

// Next says how it goes on when nobody answered.
func (h *Hunt) Next(o Outcome) Step { return Step{Do: Refuse, Code: o.code()} }

func (h *Hunt) enter(extension string) Step {
	if l, ok := h.d.lines[extension]; ok {
		return Step{Do: Ring, Lines: []Line{l}, For: RingFor}
	}
	return Step{Do: Refuse, Code: 404}
}
