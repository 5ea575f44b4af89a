package flow

import (
	"strings"
	"time"
)

// Given is a person's agreement to a consent text, as it was shown.
type Given struct {
	Text     string // id of the consent text
	Version  int64
	Language string // of the words that were shown
}

// Shown is the consent text that a run waits for an answer to.
type Shown struct {
	Version  int64  `json:"version"`
	Language string `json:"language"`
}

// The choices of a consent, as values and in words.
const (
	consentYes = "yes"
	consentNo  = "no"
)

var (
	agrees  = map[string]string{"en": "Yes, I agree", "pt": "Sim, concordo"}
	refuses = map[string]string{"en": "No", "pt": "Não"}
)

// askConsent shows a consent text and waits; a text that is not in use any more
// asks nothing.
func (r *run) askConsent(n Node) (next way) {
	var words map[string]string
	var version int64
	if r.w.Consent != nil {
		words, version = r.w.Consent(n.Consent)
	}
	language := chosen(words, r.s.Language, r.w.Languages)
	if language == "" {
		return way{"none", n.None}
	}
	r.s.Shown = &Shown{version, language}
	r.act(Action{Say: clip(words[language], MaxSaid), Buttons: []Button{{consentYes, r.say(agrees)}, {consentNo, r.say(refuses)}}})
	r.s.Waiting = true
	r.s.Deadline = r.w.Now.UTC().Add(time.Duration(n.Seconds) * time.Second)
	return way{}
}

// consented takes the answer; other words bring the question again.
func (r *run) consented(n Node, in Input) (next way, moved bool) {
	words := strings.TrimSpace(in.Text)
	if in.Choice == "" && words == "" {
		return way{}, false
	}
	shown := r.s.Shown
	switch {
	case in.Choice == consentYes || in.Choice == "" && !in.Masked && strings.EqualFold(words, r.say(agrees)):
		r.s.Shown = nil
		r.actions = append(r.actions, Action{Given: &Given{n.Consent, shown.Version, shown.Language}})
		return way{"yes", n.Yes}, true
	case in.Choice == consentNo || in.Choice == "" && !in.Masked && strings.EqualFold(words, r.say(refuses)):
		r.s.Shown = nil
		r.actions = append(r.actions, Action{Refused: n.Consent})
		return way{"no", n.No}, true
	case in.Choice != "":
		return way{}, false
	}
	return way{again, r.s.Node}, true
}

func (c *checker) consent(at string, n Node) {
	c.pointer(at+".yes", n.Yes, true)
	c.pointer(at+".no", n.No, true)
	c.pointer(at+".none", n.None, true)
	if n.Seconds < 1 || n.Seconds > MaxSeconds {
		c.faults.Add(at+".seconds", "is %d; %d to %d are accepted.", n.Seconds, 1, MaxSeconds)
	}
	written, known := c.refs.ConsentText(n.Consent)
	if !known {
		c.faults.Add(at+".consent", "must name an existing consent text.")
		return
	}
	for _, language := range c.languages {
		if !written[language] {
			c.faults.Add(at+".consent", "names a text that is not written in %s, in which this flow is used.", language)
		}
	}
}
