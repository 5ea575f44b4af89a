package mailbox

// Piece is an email's work, as joining it with another asks for it.
type Piece struct {
	Email   bool   // it is of no other channel
	Begun   bool   // an agent began it: nobody wrote
	Handled bool   // only its wrap-up is left
	Holder  string // who has it; "": nobody
	Offered string // to whom it is offered; "": to nobody
	Reached bool   // it waits in a queue that the actor serves, or the actor put it aside
}

// Refusal is why emails are not joined.
type Refusal string

// Refusals.
const (
	NoEmail   Refusal = "no_email"  // one of them is nothing that somebody wrote
	NotHeld   Refusal = "not_held"  // who joins them does not have the one that goes on
	Done      Refusal = "done"      // the other was handled already
	Taken     Refusal = "taken"     // somebody else has the other, or is offered it
	NotServed Refusal = "no_access" // the other is none that they would be offered
)

// Joins says why from cannot go on in into; "" if it can. Who joins them has the one that
// goes on; the other is theirs as well, or waits where they would be offered it.
func Joins(into, from Piece, by string) Refusal {
	switch {
	case !into.Email || !from.Email || into.Begun || from.Begun:
		return NoEmail
	case into.Holder != by || into.Handled:
		return NotHeld
	case from.Handled:
		return Done
	case from.Holder != "" && from.Holder != by, from.Offered != "" && from.Offered != by:
		return Taken
	case from.Holder == "" && from.Offered == "" && !from.Reached:
		return NotServed
	}
	return ""
}

// MostJoined is how many emails go on in one.
const MostJoined = 20
