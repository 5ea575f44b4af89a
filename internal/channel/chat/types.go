package chat

import "time"

// Author kinds.
const (
	Visitor = "visitor"
	Agent   = "agent"
	Bot     = "bot"
	System  = "system"
)

// Message kinds.
const (
	KindText       = "text"
	KindNote       = "note" // internal: never sent to the visitor
	KindAttachment = "attachment"
	KindButtons    = "buttons"
	KindForm       = "form"
	KindEvent      = "event"
)

// Message is one line of a conversation as authorised eyes see it. It is
// content: it goes to its visitor and to users who may read it, never to a log.
type Message struct {
	Interaction string      `json:"interaction"`
	Seq         int64       `json:"seq"`
	ID          string      `json:"id"`
	AuthorKind  string      `json:"author_kind" enum:"visitor,agent,bot,system"`
	Author      string      `json:"author,omitempty" doc:"User id of an agent; never told to a visitor."`
	AuthorName  string      `json:"author_name,omitempty" doc:"What the visitor sees: the display name, or the agent's public name."`
	Kind        string      `json:"kind" enum:"text,note,attachment,buttons,form,event"`
	Text        string      `json:"text,omitempty"`
	Buttons     []Button    `json:"buttons,omitempty"`
	Attachment  *Attachment `json:"attachment,omitempty"`
	Event       string      `json:"event,omitempty" doc:"queued, agent_joined, agent_left, transferred, ended, …"`
	ClientID    string      `json:"client_id,omitempty" doc:"The sender's own id of the message; a repeat is the same message."`
	At          time.Time   `json:"at"`
}

// Button is a choice that a bot offers.
type Button struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Attachment is a file sent in a conversation.
type Attachment struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size" doc:"Bytes."`
}

// Limits of the channel.
const (
	MaxText    = 4000     // characters of one message
	MaxName    = 80       // characters of a display name
	MaxFile    = 25 << 20 // bytes of one attachment, whatever the tenant chose
	MaxHistory = 500      // messages of one page
)
