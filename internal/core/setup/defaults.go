package setup

import (
	"encoding/json"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// DefaultQueue is what a new queue starts from: 80 % answered within 60 s (a
// chat goal that most centers take), 20 s to accept, 30 s of wrap-up.
func DefaultQueue(name string) Queue {
	return Clean(Queue{
		Name: name, Priority: 5, OfferSeconds: 20, WrapUpSeconds: 30, MaxMissed: 2,
		ServiceSeconds: 60, ServicePercent: 80, ShortSeconds: 10,
	})
}

// DefaultRules are a new tenant's: conversations for 90 days, records for a
// year, the audit log for two.
func DefaultRules() Rules {
	return Rules{ConversationDays: 90, MessageDays: 30, RecordDays: 365, AuditDays: 730, ChatCapacity: 3, IdleMinutes: 10, SessionHours: 12, SignIn: DefaultSignIn(), Monitoring: MonitoringAnnounced}
}

// DefaultBlend: a call leaves room for nothing else, a chat none for a call;
// a call may interrupt email and social work.
func DefaultBlend() []Exclude {
	return []Exclude{
		{Holding: acd.Voice, Not: []acd.Channel{acd.Chat, acd.Email, acd.Social}},
		{Holding: acd.Chat, Not: []acd.Channel{acd.Voice}},
	}
}

// DefaultHours are weekdays from nine to six.
func DefaultHours(name, timeZone string) Hours {
	h := Hours{Name: name, TimeZone: timeZone}
	for day := 1; day <= 5; day++ {
		h.Weekly = append(h.Weekly, Opening{Day: day, From: "09:00", To: "18:00"})
	}
	return Clean(h)
}

// DefaultTheme is the widget's look when nothing is chosen.
func DefaultTheme() Theme {
	return Theme{
		Title:    map[string]string{"en": "Chat with us", "pt": "Fale connosco"},
		Welcome:  map[string]string{"en": "Hello! How can we help?", "pt": "Olá! Como podemos ajudar?"},
		Accent:   "#0b6e6e",
		Position: "right",
		Mode:     "auto",
	}
}

// DefaultAttachments allow pictures and PDF up to 10 MB.
func DefaultAttachments() Attachments {
	return Attachments{Allowed: true, MaxMB: 10, Types: []string{"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"}}
}

// DefaultConsentText says what a chat keeps, in the words of someone who wants
// to be understood. A tenant is the controller and puts its own in its place.
func DefaultConsentText() ConsentText {
	return Clean(ConsentText{
		Name:    "Chat",
		Purpose: "service",
		Text: map[string]string{
			"en": "We keep this conversation, with the name you give, to answer you and to look after your request. " +
				"It is stored encrypted, is seen only by the people who handle it, and is erased when we no longer need it. " +
				"You may ask us at any time to see it, correct it or erase it.",
			"pt": "Guardamos esta conversa, com o nome que indicar, para lhe responder e tratar do seu pedido. " +
				"Fica cifrada, só é vista por quem trata dela e é apagada quando deixar de ser precisa. " +
				"Pode pedir-nos a qualquer momento para a ver, corrigir ou apagar.",
		},
	})
}

// DefaultEntryPoint is a chat widget that runs a flow and asks for a consent.
func DefaultEntryPoint(name, flow, consentText string) EntryPoint {
	return Clean(EntryPoint{
		Name: name, Channel: acd.Chat, Enabled: true, Flow: flow, Languages: []string{"en", "pt"}, ConsentText: consentText,
		AskName: AskOptional, AskEmail: AskOptional, Theme: DefaultTheme(), Attachments: DefaultAttachments(), Survey: true, Transcript: true,
	})
}

// DefaultFlow greets and queues while open, and takes a message while closed, which
// waits in the queue until somebody answers it.
func DefaultFlow(name, queue, hours string) Flow {
	return NewFlow(name, flow.Graph{Start: "hours", Nodes: map[string]flow.Node{
		"hours": {Type: flow.Hours, Hours: hours, Open: "greet", Closed: "closed"},
		"greet": {Type: flow.Say, Next: "queue", Text: map[string]string{
			"en": "Hello {{name}}! You will be with one of us in a moment.",
			"pt": "Olá {{name}}! Dentro de momentos será atendido por um de nós.",
		}},
		"queue": {Type: flow.Enqueue, Queue: queue},
		"closed": {Type: flow.Form, Next: "thanks", Text: map[string]string{
			"en": "We are closed at the moment. Leave us a message and we will get back to you.",
			"pt": "De momento estamos fechados. Deixe-nos uma mensagem e entraremos em contacto.",
		}},
		"thanks": {Type: flow.Say, Next: "queue", Text: map[string]string{ // queued, so that somebody answers it
			"en": "Thank you, we have your message.",
			"pt": "Obrigado, recebemos a sua mensagem.",
		}},
	}})
}

// NewFlow makes a flow of a graph written in Go.
func NewFlow(name string, g flow.Graph) Flow { return Flow{Name: name, Graph: rawGraph(g)} }

func rawGraph(g flow.Graph) json.RawMessage {
	raw, err := json.Marshal(g)
	if err != nil {
		panic("setup: a graph is plain data: " + err.Error())
	}
	return raw
}

// DefaultReasons, DefaultDispositions and DefaultLabels are a new tenant's
// lists, in Portuguese for "pt", else in English.
func DefaultReasons(language string) []Reason {
	if language == "pt" {
		return []Reason{{Name: "Almoço"}, {Name: "Pausa"}, {Name: "Formação"}, {Name: "Reunião"}}
	}
	return []Reason{{Name: "Lunch"}, {Name: "Break"}, {Name: "Training"}, {Name: "Meeting"}}
}

func DefaultDispositions(language string) []Disposition {
	if language == "pt" {
		return []Disposition{
			{Name: "Esclarecido", Group: "Resolvido"}, {Name: "Encomenda alterada", Group: "Resolvido"}, {Name: "Reembolso tratado", Group: "Resolvido"},
			{Name: "Ligar de volta", Group: "Em aberto"}, {Name: "Passado a outra equipa", Group: "Em aberto"},
			{Name: "Reclamação", Group: "Outros"}, {Name: "Engano", Group: "Outros"}, {Name: "Abuso", Group: "Outros"},
		}
	}
	return []Disposition{
		{Name: "Answered", Group: "Solved"}, {Name: "Order changed", Group: "Solved"}, {Name: "Refund arranged", Group: "Solved"},
		{Name: "Call back", Group: "Open"}, {Name: "Passed on", Group: "Open"},
		{Name: "Complaint", Group: "Other"}, {Name: "Wrong place", Group: "Other"}, {Name: "Nuisance", Group: "Other"},
	}
}

func DefaultLabels(language string) []Label {
	if language == "pt" {
		return []Label{{Name: "A seguir"}, {Name: "Boa ideia"}, {Name: "Urgente"}}
	}
	return []Label{{Name: "Follow up"}, {Name: "Good idea"}, {Name: "Urgent"}}
}

// DefaultCannedReplies are a few answers in both languages.
func DefaultCannedReplies() []CannedReply {
	return []CannedReply{
		{Title: "Greeting", Shortcut: "hello", Language: "en", Body: "Hello {{visitor}}, my name is {{agent}}. How can I help?"},
		{Title: "One moment", Shortcut: "moment", Language: "en", Body: "One moment please, I am looking into it."},
		{Title: "Goodbye", Shortcut: "bye", Language: "en", Body: "Thank you for writing to us, {{visitor}}. Have a good day!"},
		{Title: "Saudação", Shortcut: "ola", Language: "pt", Body: "Olá {{visitor}}, chamo-me {{agent}}. Em que posso ajudar?"},
		{Title: "Um momento", Shortcut: "momento", Language: "pt", Body: "Um momento, por favor, estou a verificar."},
		{Title: "Despedida", Shortcut: "adeus", Language: "pt", Body: "Obrigado pelo seu contacto, {{visitor}}. Tenha um bom dia!"},
	}
}
