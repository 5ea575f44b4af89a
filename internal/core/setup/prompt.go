package setup

import "strings"

// Prompt is something that is said or played to callers: its words, for those who
// read or cannot hear, and a sound that is stored apart. Without one its words are
// spoken by the machine.
type Prompt struct {
	Name     string `json:"name" minLength:"1" maxLength:"80"`
	Language string `json:"language" doc:"In which it is spoken, e.g. en."`
	Text     string `json:"text" minLength:"1" maxLength:"2000" doc:"What is said: shown in chats, and spoken where there is no sound. Of music, a word on it."`
}

func (Prompt) Kind() Kind         { return KindPrompt }
func (p Prompt) Called() string   { return p.Name }
func (p Prompt) Unique() []Unique { return byName(p.Name) }
func (Prompt) Uses() []Use        { return nil }

func (p Prompt) clean() Object {
	p.Name, p.Text = tidy(p.Name), tidyText(p.Text)
	return p
}

func (p Prompt) Validate(Refs) error {
	var c checks
	c.name("name", p.Name, 1, 80)
	c.oneOf("language", p.Language, Languages...)
	c.text("text", p.Text, 1, 2000)
	if strings.Contains(p.Text, "{{") || strings.Contains(p.Text, "}}") {
		c.Add("text", "has {{ or }}, which nothing fills in: a sound says the same to everybody.")
	}
	return c.Err()
}
