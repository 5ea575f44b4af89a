package voice

import (
	"slices"
	"testing"
	"time"

	"nubitalk/internal/channel"
	"nubitalk/internal/core/flow"
)

func question(n int) channel.Act {
	a := channel.Act{Kind: channel.ActSay, Text: "What is it about?"}
	for i := range n {
		a.Buttons = append(a.Buttons, flow.Button{Value: string(rune('a' + i)), Label: "Choice"})
	}
	return a
}

func TestWhatIsSpoken(t *testing.T) {
	two := channel.Act{Kind: channel.ActSay, Text: "Em que podemos ajudar?", Buttons: []flow.Button{{Value: "a", Label: "Sapatos"}, {Value: "b", Label: "Fatura"}}}
	for _, c := range []struct {
		language string
		act      channel.Act
		want     []string
	}{
		{"pt-BR", two, []string{"Em que podemos ajudar?", "Sapatos: prima 1.", "Fatura: prima 2."}},
		{"en", two, []string{"Em que podemos ajudar?", "Sapatos: press 1.", "Fatura: press 2."}},
		{"", channel.Act{Text: " "}, nil},
	} {
		if got := Spoken(c.language, c.act); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", c.language, got)
		}
	}
	many := Spoken("en", question(14))
	if len(many) != 1+len(keysInOrder) || many[11] != "Choice: press star." || many[12] != "Choice: press hash." {
		t.Errorf("%q", many)
	}
	for want, got := range map[string]string{
		"You are next in line. The wait is about one minute.":                      wordsIn("en").place(1, 20),
		"You are number 3 in line. The wait is about 5 minutes.":                   wordsIn("en").place(3, 290),
		"You are number 2 in line.":                                                wordsIn("de").place(2, -1),
		"Está no lugar 4 da fila. A espera é de cerca de 2 minutos.":               wordsIn("pt").place(4, 61),
		"You are number 21 in line. The wait is about 10 minutes.":                 wordsIn("en").place(21, 600),
		"More than 20 people are before you. The wait is about 15 minutes.":        wordsIn("en").place(22, 601),
		"Tem mais de 1000 pessoas à sua frente. A espera é de mais de duas horas.": wordsIn("pt").place(5000, 9000),
		"More than 500 people are before you. The wait is about 75 minutes.":       wordsIn("en").place(1001, 61*60),
		"É a próxima pessoa a ser atendida. A espera é de cerca de um minuto.":     wordsIn("pt").place(1, 0),
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// A question keeps all that was said before it since the last answer, and its
// choices hold until the flow goes on.
func TestWhatAMenuRemembers(t *testing.T) {
	var m menu
	w := wordsIn("en")
	m.ask(w, channel.Act{Text: "Welcome."})
	m.ask(w, question(2))
	if len(m.question) != 4 || m.choices['1'] != "a" || m.choices['2'] != "b" || len(m.choices) != 2 {
		t.Fatalf("%q %v", m.question, m.choices)
	}
	m.script = nil
	m.again()
	if !slices.Equal(m.script, m.question) {
		t.Errorf("said again: %q", m.script)
	}
	m.answering = true
	m.ask(w, channel.Act{Text: "Your number, please.", Collect: true})
	if len(m.question) != 1 || len(m.choices) != 0 || !m.collects || m.answering {
		t.Errorf("%q %v", m.question, m.choices)
	}
	for _, c := range []struct {
		digits *flow.Digits
		keys   string
		kept   string
		trails byte
	}{
		{nil, "12*3#", "12*3", 0},
		{&flow.Digits{Min: 2, Max: 4, Terminator: "#"}, "12#", "12", 0},
		{&flow.Digits{Min: 2, Max: 4, Terminator: "#"}, "1234", "1234", '#'},
		{&flow.Digits{Min: 2, Max: 3}, "1*23", "123", 0},
	} {
		var m menu
		m.ask(w, channel.Act{Text: "Your number, please.", Collect: true, Digits: c.digits})
		complete := false
		for _, k := range []byte(c.keys) {
			if complete {
				t.Errorf("%q: complete before its end", c.keys)
			}
			complete, _ = m.press(k)
		}
		if string(m.keyed) != c.kept || !complete || m.trails != c.trails {
			t.Errorf("%q: %q %v %q", c.keys, m.keyed, complete, m.trails)
		}
	}
	m.keyed = []byte("12")
	m.answered()
	if m.collects || m.question != nil || m.keyed != nil {
		t.Errorf("%+v", m)
	}
}

// A caller is told its place at once, then when it has changed but not too often,
// and seldom when it has not.
func TestWhenAPlaceIsTold(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	was := told{said: "You are number 3 in line.", saidAt: at}
	for text, want := range map[string]time.Duration{was.said: 2 * time.Minute, "You are number 2 in line.": 45 * time.Second} {
		if got := was.next(text).Sub(at); got != want {
			t.Errorf("%q after %v, not %v", text, got, want)
		}
	}
	if next := (told{}).next("You are next in line."); next.After(at) {
		t.Errorf("the first is said at %v", next)
	}
}
