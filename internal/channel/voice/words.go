package voice

import (
	"fmt"
	"strings"

	"nubitalk/internal/channel"
)

// words are what a call says of its own, in a caller's language.
type words struct{ portuguese bool }

func (c *call) words() words { return wordsIn(c.who.Language) }

func wordsIn(language string) words {
	return words{strings.HasPrefix(strings.ToLower(language), "pt")}
}

// Spoken is what a call says for an act, text by text, in a language.
func Spoken(language string, a channel.Act) []string { return wordsIn(language).spoken(a) }

func (w words) spoken(a channel.Act) (say []string) {
	if strings.TrimSpace(a.Text) != "" {
		say = append(say, a.Text)
	}
	for i, b := range a.Buttons[:min(len(a.Buttons), len(keysInOrder))] {
		say = append(say, w.press(b.Label, keysInOrder[i]))
	}
	return say
}

// offersBack tells who waits that it can be called back.
func (w words) offersBack(key byte) string {
	if w.portuguese {
		return w.press("Para lhe ligarmos de volta, sem perder o lugar", key)
	}
	return w.press("To be called back without losing your place", key)
}

// press names a choice with its key.
func (w words) press(label string, key byte) string {
	name := string(key)
	switch {
	case key == '*' && w.portuguese:
		name = "asterisco"
	case key == '*':
		name = "star"
	case key == '#' && w.portuguese:
		name = "cardinal"
	case key == '#':
		name = "hash"
	}
	if w.portuguese {
		return fmt.Sprintf("%s: prima %s.", label, name)
	}
	return fmt.Sprintf("%s: press %s.", label, name)
}

// agree says by which keys a person agrees to what it was told.
func (w words) agree() string {
	if w.portuguese {
		return "Se concorda, prima 1. Se não concorda, prima 2."
	}
	return "If you agree, press 1. If you do not, press 2."
}

func (w words) unknown() string {
	if w.portuguese {
		return "Essa tecla não é uma das opções."
	}
	return "That key is not one of the choices."
}

// tooFew says how many digits an answer needs.
func (w words) tooFew(least int) string {
	if w.portuguese {
		return fmt.Sprintf("São precisos pelo menos %d algarismos.", least)
	}
	return fmt.Sprintf("At least %d digits are needed.", least)
}

// interrupted says that what was asked for was not taken.
func (w words) interrupted() string {
	if w.portuguese {
		return "Houve uma interrupção. Por favor, não prima mais teclas. Volta já a falar com a pessoa que o atende."
	}
	return "There was an interruption. Please press no more keys. You will be back with the person you were talking to in a moment."
}

// messageLeft says that a message was taken.
func (w words) messageLeft() string {
	if w.portuguese {
		return "A sua mensagem foi gravada. Obrigado."
	}
	return "Your message was recorded. Thank you."
}

// Greeting are the usual words of the mailbox of somebody, by language.
func Greeting(name string) map[string]string {
	if name == "" {
		return map[string]string{"en": "Nobody can take your call. Please leave a message after the tone, and press hash when you are done.",
			"pt": "Ninguém pode atender. Deixe a sua mensagem depois do sinal e prima cardinal quando terminar."}
	}
	return map[string]string{"en": name + " cannot take your call. Please leave a message after the tone, and press hash when you are done.",
		"pt": name + " não pode atender. Deixe a sua mensagem depois do sinal e prima cardinal quando terminar."}
}

// place tells position and estimated wait (seconds; below 0 is unknown). Far back
// and over long times it rounds: who waits there wants no exact number, and what
// is said alike to many is spoken once.
func (w words) place(position, estimate int) string {
	before := roundedPlace(position)
	minutes := roundedMinutes(estimate)
	switch {
	case w.portuguese && position == 1:
		return "É a próxima pessoa a ser atendida." + w.wait(minutes, estimate)
	case w.portuguese && before > 0:
		return fmt.Sprintf("Tem mais de %d pessoas à sua frente.", before) + w.wait(minutes, estimate)
	case w.portuguese:
		return fmt.Sprintf("Está no lugar %d da fila.", position) + w.wait(minutes, estimate)
	case position == 1:
		return "You are next in line." + w.wait(minutes, estimate)
	case before > 0:
		return fmt.Sprintf("More than %d people are before you.", before) + w.wait(minutes, estimate)
	}
	return fmt.Sprintf("You are number %d in line.", position) + w.wait(minutes, estimate)
}

// longWait is the most that is told in minutes.
const longWait = 120

// roundedPlace is a round number below that of the people before a place, or 0
// for the first places, which are told as they are.
func roundedPlace(position int) int {
	for _, r := range []int{1000, 500, 200, 100, 50, 30, 20} {
		if position-1 > r {
			return r
		}
	}
	return 0
}

// roundedMinutes are full minutes: of more than ten in fives, of more than an
// hour in quarters of one.
func roundedMinutes(seconds int) int {
	minutes := (seconds + 59) / 60
	step := 1
	switch {
	case minutes > 60:
		step = 15
	case minutes > 10:
		step = 5
	}
	return (minutes + step - 1) / step * step
}

func (w words) wait(minutes, estimate int) string {
	switch {
	case estimate < 0:
		return ""
	case w.portuguese && minutes > longWait:
		return " A espera é de mais de duas horas."
	case minutes > longWait:
		return " The wait is more than two hours."
	case w.portuguese && minutes <= 1:
		return " A espera é de cerca de um minuto."
	case w.portuguese:
		return fmt.Sprintf(" A espera é de cerca de %d minutos.", minutes)
	case minutes <= 1:
		return " The wait is about one minute."
	}
	return fmt.Sprintf(" The wait is about %d minutes.", minutes)
}
