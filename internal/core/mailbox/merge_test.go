package mailbox

import "testing"

func TestWhichEmailsAreJoined(t *testing.T) {
	mine, waits := Piece{Email: true, Holder: "bo"}, Piece{Email: true, Reached: true}
	for name, c := range map[string]struct {
		into, from Piece
		want       Refusal
	}{
		"both are mine":                 {mine, mine, ""},
		"one waits in a queue of mine":  {mine, waits, ""},
		"one is offered to me":          {mine, Piece{Email: true, Offered: "bo"}, ""},
		"one is a chat":                 {mine, Piece{Holder: "bo"}, NoEmail},
		"into a chat":                   {Piece{Holder: "bo"}, mine, NoEmail},
		"I began one":                   {mine, Piece{Email: true, Begun: true, Holder: "bo"}, NoEmail},
		"into one that I began":         {Piece{Email: true, Begun: true, Holder: "bo"}, mine, NoEmail},
		"into one that waits":           {waits, mine, NotHeld},
		"into a colleague's":            {Piece{Email: true, Holder: "cy"}, mine, NotHeld},
		"into one that is handled":      {Piece{Email: true, Holder: "bo", Handled: true}, mine, NotHeld},
		"one is handled":                {mine, Piece{Email: true, Holder: "bo", Handled: true}, Done},
		"a colleague has one":           {mine, Piece{Email: true, Holder: "cy", Reached: true}, Taken},
		"one is offered to a colleague": {mine, Piece{Email: true, Offered: "cy", Reached: true}, Taken},
		"one waits elsewhere":           {mine, Piece{Email: true}, NotServed},
	} {
		if got := Joins(c.into, c.from, "bo"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
