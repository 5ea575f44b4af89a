package setup

import (
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// Sample is a way in, with its flow, that a new tenant can begin with.
type Sample string

// Samples are all there are.
const (
	SampleChat  Sample = "chat"  // the web site's chat, with a bot's menu
	SamplePhone Sample = "phone" // a telephone menu
	SampleEmail Sample = "email" // an address that people write to
)

var Samples = []Sample{SampleChat, SamplePhone, SampleEmail}

// Channel is that of the sample's entry point; "" if there is no such sample.
func (s Sample) Channel() acd.Channel {
	return map[Sample]acd.Channel{SampleChat: acd.Chat, SamplePhone: acd.Voice, SampleEmail: acd.Email}[s]
}

var sampleNames = map[Sample]map[string]string{
	SampleChat:  {"en": "Sample: chat with a menu", "pt": "Exemplo: chat com menu"},
	SamplePhone: {"en": "Sample: telephone menu", "pt": "Exemplo: menu telefónico"},
	SampleEmail: {"en": "Sample: email", "pt": "Exemplo: email"},
}

// Name is what the sample's flow and entry point are called.
func (s Sample) Name(language string) string {
	if language != "pt" {
		language = "en"
	}
	return sampleNames[s][language]
}

// Flow puts into the queue at any hour, so that a try on a Sunday arrives, too.
func (s Sample) Flow(language, queue string) Flow {
	say := func(en, pt string) map[string]string { return map[string]string{"en": en, "pt": pt} }
	g := flow.Graph{Start: "queue", Nodes: map[string]flow.Node{"queue": {Type: flow.Enqueue, Queue: queue}}}
	if s != SampleEmail {
		g.Start = "greet"
		g.Nodes["queue"] = flow.Node{Type: flow.Enqueue, Queue: queue, Text: say("One moment, please. You will be with one of us right away.", "Um momento, por favor. Já será atendido por um de nós.")}
		g.Nodes["greet"] = flow.Node{Type: flow.Say, Next: "topic", Text: say("Welcome!", "Boas-vindas!")}
		g.Nodes["topic"] = flow.Node{Type: flow.Ask, Into: "topic", Text: say("What is it about?", "De que se trata?"), Options: []flow.Option{
			{Value: "order", Label: say("An order", "Uma encomenda"), Next: "queue"},
			{Value: "other", Label: say("Something else", "Outro assunto"), Next: "queue"},
		}}
	}
	return NewFlow(s.Name(language), g)
}

// EntryPoint is the sample's way in.
func (s Sample) EntryPoint(language, flow, consentText string) EntryPoint {
	if s == SampleEmail {
		consentText = ""
	}
	e := DefaultEntryPoint(s.Name(language), flow, consentText)
	e.Channel = s.Channel()
	if language == "pt" {
		e.Languages = []string{"pt", "en"}
	}
	return Clean(e)
}
