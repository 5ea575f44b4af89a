package office

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
)

// story is what a search did: who was rung for how long and on whose behalf.
func story(d *Directory, extension string, outcomes ...Outcome) (said []string) {
	h, s := d.Start(extension, first)
	for {
		by := ""
		for _, v := range s.By {
			by += fmt.Sprintf(" %s:%s", v.Extension, v.Why)
		}
		switch s.Do {
		case Ring:
			said = append(said, fmt.Sprintf("%s %s%s", told(s), s.For, by))
		case Take:
			return append(said, fmt.Sprintf("message for %s after %q%s", s.User, s.Words.Prompt, by))
		case Leave:
			said = append(said, fmt.Sprintf("out %s%s", s.Number.Reveal(), by))
		default:
			return append(said, fmt.Sprintf("%d%s", s.Code, by))
		}
		if len(outcomes) == 0 {
			return said
		}
		s = h.Next(outcomes[0], 0)
		outcomes = outcomes[1:]
	}
}

func TestCallsAreForwarded(t *testing.T) {
	phones := []Phone{{"phn_a", "usr_a", "21"}, {"phn_b", "usr_b", "22"}, {"phn_c", "usr_c", "23"}}
	groups := []Group{{"rng_1", "Sales", "30", []string{"phn_b", "phn_c"}, Simultaneous, 0, 40 * time.Second, Then{}}}
	out := Goal{Number: secret.New("+351910000007")}
	b, c, sales, gone, box := Goal{Object: "phn_b"}, Goal{Object: "phn_c"}, Goal{Object: "rng_1"}, Goal{Object: "phn_gone"}, Goal{Mailbox: true}
	for _, x := range []struct {
		what     string
		forwards map[string]Forwards
		outcomes []Outcome
		want     []string
	}{
		{"always", map[string]Forwards{"phn_a": {Always: b}}, []Outcome{Busy}, []string{"[[phn_b]] 1m0s 21:unconditional", "486"}},
		{"when busy", map[string]Forwards{"phn_a": {Busy: b}}, []Outcome{Busy, NoAnswer}, []string{"[[phn_a]] 1m0s", "[[phn_b]] 1m0s 21:user-busy", "480"}},
		{"declined is busy", map[string]Forwards{"phn_a": {Busy: b}}, []Outcome{Declined}, []string{"[[phn_a]] 1m0s", "[[phn_b]] 1m0s 21:user-busy"}},
		{"busy, and only the unanswered go on", map[string]Forwards{"phn_a": {Unanswered: b}}, []Outcome{Busy}, []string{"[[phn_a]] 1m0s", "486"}},
		{"unanswered", map[string]Forwards{"phn_a": {Unanswered: sales, After: 15 * time.Second}}, []Outcome{NoAnswer}, []string{"[[phn_a]] 15s", "[[phn_b] [phn_c]] 40s 21:no-answer"}},
		{"registered nowhere", map[string]Forwards{"phn_a": {Unanswered: b, After: 15 * time.Second}}, []Outcome{Absent}, []string{"[[phn_a]] 15s", "[[phn_b]] 1m0s 21:no-answer"}},
		{"unanswered, and only the busy go on", map[string]Forwards{"phn_a": {Busy: b, After: 15 * time.Second}}, []Outcome{NoAnswer}, []string{"[[phn_a]] 1m0s", "480"}},
		{"from one to the next", map[string]Forwards{"phn_a": {Always: b}, "phn_b": {Busy: c}}, []Outcome{Busy}, []string{"[[phn_b]] 1m0s 21:unconditional", "[[phn_c]] 1m0s 21:unconditional 22:user-busy"}},
		{"colleagues stand in for each other", map[string]Forwards{"phn_a": {Unanswered: b}, "phn_b": {Unanswered: Goal{Object: "phn_a"}}}, []Outcome{NoAnswer, NoAnswer}, []string{"[[phn_a]] 1m0s", "[[phn_b]] 1m0s 21:no-answer", "480"}},
		{"round in a circle", map[string]Forwards{"phn_a": {Always: b}, "phn_b": {Always: Goal{Object: "phn_a"}}}, []Outcome{Busy}, []string{"[[phn_b]] 1m0s 21:unconditional", "486"}},
		{"to who is not there any more", map[string]Forwards{"phn_a": {Always: gone}}, []Outcome{Busy}, []string{"[[phn_a]] 1m0s", "486"}},
		{"outside", map[string]Forwards{"phn_a": {Always: out}}, []Outcome{Busy}, []string{"out +351910000007 21:unconditional", "486"}},
		{"outside, where it may not go", map[string]Forwards{"phn_a": {Always: out, Busy: b}}, []Outcome{Barred, Busy}, []string{"out +351910000007 21:unconditional", "[[phn_a]] 1m0s", "[[phn_b]] 1m0s 21:user-busy"}},
		{"outside when busy, where it may not go", map[string]Forwards{"phn_a": {Busy: out}}, []Outcome{Busy, Barred}, []string{"[[phn_a]] 1m0s", "out +351910000007 21:user-busy", "486"}},
		{"outside by another", map[string]Forwards{"phn_a": {Always: b}, "phn_b": {Unanswered: out, After: 5 * time.Second}}, []Outcome{NoAnswer, NoAnswer}, []string{"[[phn_b]] 5s 21:unconditional", "out +351910000007 21:unconditional 22:no-answer", "480"}},
		{"a message", map[string]Forwards{"phn_a": {Unanswered: box, After: 15 * time.Second, Greeting: Words{Prompt: "pro_1"}}}, []Outcome{NoAnswer}, []string{"[[phn_a]] 15s", `message for usr_a after "pro_1" 21:no-answer`}},
		{"a message, always", map[string]Forwards{"phn_a": {Always: box}}, nil, []string{`message for usr_a after "" 21:unconditional`}},
		{"a message for who stands in", map[string]Forwards{"phn_a": {Always: b}, "phn_b": {Busy: box}}, []Outcome{Declined}, []string{"[[phn_b]] 1m0s 21:unconditional", `message for usr_b after "" 21:unconditional 22:user-busy`}},
	} {
		if got := story(New(phones, groups, x.forwards), "21", x.outcomes...); !slices.Equal(got, x.want) {
			t.Errorf("%s:\n got %q\nwant %q", x.what, got, x.want)
		}
	}

	nobodys := []Phone{{"phn_a", "", "21"}}
	if got := story(New(nobodys, nil, map[string]Forwards{"phn_a": {Always: box}}), "21", NoAnswer); !slices.Equal(got, []string{"[[phn_a]] 1m0s", "480"}) {
		t.Errorf("nobody's phone: %q", got)
	}

	// A group rings its members whatever they forward, and what it leads to is
	// forwarded.
	d := New(phones, append(groups, Group{"rng_2", "Desk", "31", []string{"phn_a"}, Simultaneous, 0, 40 * time.Second, Then{Target: "phn_b"}}), map[string]Forwards{"phn_a": {Always: b}, "phn_b": {Always: c}})
	if got, want := story(d, "31", Busy), []string{"[[phn_a]] 40s", "[[phn_c]] 1m0s 22:unconditional"}; !slices.Equal(got, want) {
		t.Errorf("a group: %q", got)
	}
	if d.Object("31") != "rng_2" || d.Object("22") != "phn_b" || d.Object("29") != "" {
		t.Error("extensions are not whose they are")
	}
}

func TestCirclesAreFound(t *testing.T) {
	phones := []Phone{{"phn_a", "", "21"}, {"phn_b", "", "22"}, {"phn_c", "", "23"}}
	d := New(phones, nil, map[string]Forwards{"phn_b": {Always: Goal{Object: "phn_c"}}, "phn_c": {Unanswered: Goal{Object: "phn_a"}}})
	if way := d.Circle("21", Goal{Object: "phn_b"}); way != nil {
		t.Errorf("who waits for an answer is no circle: %v", way)
	}
	if way := d.Circle("23", Goal{Object: "phn_b"}); !slices.Equal(way, []string{"23", "22", "23"}) {
		t.Errorf("a circle: %v", way)
	}
	if way := d.Circle("21", Goal{Object: "phn_a"}); !slices.Equal(way, []string{"21", "21"}) {
		t.Errorf("to itself: %v", way)
	}
	if d.Circle("21", Goal{Number: secret.New("+351910000007")}) != nil || d.Circle("21", Goal{Object: "phn_gone"}) != nil {
		t.Error("what leads out of the house is a circle")
	}
	d = New(phones, nil, map[string]Forwards{"phn_b": {Always: Goal{Object: "phn_c"}}, "phn_c": {Always: Goal{Object: "phn_b"}}})
	if way := d.Circle("21", Goal{Object: "phn_b"}); way != nil {
		t.Errorf("others' circle: %v", way)
	}
}
