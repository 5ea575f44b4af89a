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

// place tells position and estimated wait (seconds; below 0 is unknown).
func (w words) place(position, estimate int) string {
	minutes := (estimate + 59) / 60
	switch {
	case w.portuguese && position == 1:
		return "É a próxima pessoa a ser atendida." + w.wait(minutes, estimate)
	case w.portuguese:
		return fmt.Sprintf("Está no lugar %d da fila.", position) + w.wait(minutes, estimate)
	case position == 1:
		return "You are next in line." + w.wait(minutes, estimate)
	}
	return fmt.Sprintf("You are number %d in line.", position) + w.wait(minutes, estimate)
}

func (w words) wait(minutes, estimate int) string {
	switch {
	case estimate < 0:
		return ""
	case w.portuguese && minutes <= 1:
		return " A espera é de cerca de um minuto."
	case w.portuguese:
		return fmt.Sprintf(" A espera é de cerca de %d minutos.", minutes)
	case minutes <= 1:
		return " The wait is about one minute."
	}
	return fmt.Sprintf(" The wait is about %d minutes.", minutes)
}
