package flow

import "strings"

// worded are a node's texts by language; a recorded prompt counts as its
// language's text.
func (n Node) worded() map[string]string {
	if len(n.Prompt) == 0 {
		return n.Text
	}
	all := map[string]string{}
	for language, prompt := range n.Prompt {
		all[language] = prompt
	}
	for language, text := range n.Text {
		if strings.TrimSpace(text) != "" {
			all[language] = text
		}
	}
	return all
}

// told adds what a node says to an action: its text in the person's language, or
// the recorded prompt in that language with its words. A prompt that is not in use
// any more says nothing.
func (r *run) told(n Node, a Action) Action {
	language := chosen(n.worded(), r.s.Language, r.w.Languages)
	prompt := n.Prompt[language]
	if prompt == "" || n.Text[language] != "" {
		a.Say = fill(n.Text[language], r.s.Attributes)
		return a
	}
	if r.w.Prompt == nil {
		return a
	}
	if words, known := r.w.Prompt(prompt); known {
		a.Say, a.Prompt = clip(words, MaxSaid), prompt
	}
	return a
}

// words checks what a node says: in each language a text or a recorded prompt,
// which is spoken in that language.
func (c *checker) words(at string, n Node, must bool) {
	for language, prompt := range sorted(n.Prompt) {
		here := at + ".prompt." + clip(language, 10)
		spoken, known := c.refs.Prompt(prompt)
		switch {
		case !languageTag.MatchString(language):
			c.faults.Add(here, "is not under a language such as en or pt.")
		case !known:
			c.faults.Add(here, "must name an existing prompt.")
		case spoken != language:
			c.faults.Add(here, "names a prompt that is spoken in another language (%s).", spoken)
		case strings.TrimSpace(n.Text[language]) != "":
			c.faults.Add(here, "stands beside a text in the same language; give one of them.")
		}
	}
	texts := n.Text
	if len(n.Prompt) > 0 { // a language without both is told as one without a text
		texts = map[string]string{}
		for language, text := range n.Text {
			texts[language] = text
		}
		for language := range n.Prompt {
			if strings.TrimSpace(texts[language]) == "" {
				texts[language] = "-"
			}
		}
	}
	c.texts(at+".text", texts, MaxText, must)
}
