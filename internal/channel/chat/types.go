package chat

import (
	"io"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/talk"
)

// Author kinds.
const (
	ByVisitor = "visitor"
	ByAgent   = "agent"
	ByBot     = "bot"
	BySystem  = "system"
)

// Message kinds.
const (
	KindText       = "text"
	KindNote       = "note" // internal: never sent to the visitor
	KindHint       = "hint" // a supervisor's, for who holds the work: never sent to the visitor
	KindAttachment = "attachment"
	KindButtons    = "buttons"
	KindForm       = "form"
	KindEvent      = "event"
)

// Internal says whether messages of a kind are for colleagues only.
func Internal(kind string) bool { return kind == KindNote || kind == KindHint }

// Message is one line of a conversation as authorised eyes see it. It is
// content: it goes to its visitor and to users who may read it, never to a log.
type Message struct {
	Interaction string      `json:"interaction"`
	Seq         int64       `json:"seq"`
	ID          string      `json:"id"`
	AuthorKind  string      `json:"author_kind" enum:"visitor,agent,bot,system"`
	Author      string      `json:"author,omitempty" doc:"User id of an agent; never told to a visitor."`
	AuthorName  string      `json:"author_name,omitempty" doc:"What the visitor sees: the display name, or the agent's public name."`
	Kind        string      `json:"kind" enum:"text,note,hint,attachment,buttons,form,event"`
	Text        string      `json:"text,omitempty"`
	Buttons     []Button    `json:"buttons,omitempty"`
	Attachment  *Attachment `json:"attachment,omitempty"`
	Event       string      `json:"event,omitempty" doc:"queued, agent_joined, agent_left, transferred, ended, …"`
	Digits      *Digits     `json:"digits,omitempty" doc:"Of a question that waits for digits."`
	Masked      bool        `json:"masked,omitempty" doc:"Of a question: nobody will see the answer. Of a visitor's message: it answered such a question, and its words are not kept."`
	ClientID    string      `json:"client_id,omitempty" doc:"The sender's own id of the message; a repeat is the same message."`
	At          time.Time   `json:"at"`

	prompt string // recorded, whose words Text is
}

// Digits is what a question for digits accepts.
type Digits struct {
	Min        int    `json:"min" doc:"Digits without which it is no answer."`
	Max        int    `json:"max" doc:"Digits that complete it."`
	Terminator string `json:"terminator,omitempty" enum:"#,*" doc:"The key that ends a shorter answer on the telephone."`
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

// Marks says how far each side has got.
type Marks struct {
	VisitorGot  int64 `json:"visitor_got"`
	VisitorRead int64 `json:"visitor_read"`
	AgentRead   int64 `json:"agent_read"`
}

// Upload is a file that someone sends.
type Upload struct {
	ClientID  string
	Name      secret.Text
	MediaType string // as the sender claims; the content is looked at all the same
	Size      int64
	Body      io.Reader
}

// EntryPointView is what the widget needs before a conversation.
type EntryPointView struct {
	ID          string          `json:"id"`
	Channel     string          `json:"channel" enum:"chat,voice" doc:"voice: the conversation is a call; connect its sound once it began."`
	Open        bool            `json:"open" doc:"False: show the leave-a-message form."`
	Language    string          `json:"language"`
	Languages   []string        `json:"languages"`
	Title       string          `json:"title"`
	Welcome     string          `json:"welcome"`
	Look        setup.Look      `json:"look" doc:"The colours of its theme's accent, or of the organisation's brand where the theme has not chosen one."`
	Brand       *VisitorBrand   `json:"brand,omitempty" doc:"Of the page to call from, where the organisation or one above it has a brand."`
	Position    string          `json:"position" enum:"right,left"`
	Mode        string          `json:"mode" enum:"auto,light,dark"`
	AskName     string          `json:"ask_name" enum:"no,optional,required"`
	AskEmail    string          `json:"ask_email" enum:"no,optional,required"`
	Consent     *ConsentRequest `json:"consent,omitempty" doc:"Absent: none is asked."`
	Attachments FileLimits      `json:"attachments"`
	Survey      bool            `json:"survey"`
	Transcript  bool            `json:"transcript"`
}

// ConsentRequest is the text that a visitor agrees to.
type ConsentRequest struct {
	Text    string `json:"text" doc:"Id of the consent text."`
	Version int64  `json:"version"`
	Words   string `json:"words" doc:"What is shown beside the box that is never ticked beforehand."`
	Link    string `json:"link" doc:"Address of the tenant's privacy policy; may be empty."`
}

// FileLimits says what may be sent.
type FileLimits struct {
	Allowed bool     `json:"allowed"`
	MaxMB   int      `json:"max_mb"`
	Types   []string `json:"types"`
}

// Start is how a conversation begins.
type Start struct {
	Name           secret.Text
	Email          secret.Text
	Language       string
	ConsentText    string
	ConsentVersion int64
	Message        secret.Text
	ClientID       string
	LeftMessage    bool
	Page           secret.Text // address of the page, without query; shown to the agent, never stored
}

// Started answers Start.
type Started struct {
	Token       string       `json:"token" doc:"Opens this conversation and nothing else."`
	Interaction string       `json:"interaction"`
	State       VisitorState `json:"state"`
	Messages    []Message    `json:"messages"`
}

// Visitor is a conversation's own person, known by its token.
type Visitor struct {
	Tenant      id.Tenant
	Interaction string
	Contact     string
	EntryPoint  string
	Origins     []string // the entry point's; empty means any
	Language    string   // the conversation's, as a code such as pt
	LeftMessage bool     // they left a message and do not wait, so they are never "gone"
}

// VisitorState is what a visitor is told of the conversation.
type VisitorState struct {
	State           string `json:"state" enum:"arriving,in_flow,queued,offered,active,held,wrapping,closed"`
	QueueName       string `json:"queue_name,omitempty"`
	Position        int    `json:"position" doc:"1 is next; 0 if not waiting."`
	EstimateSeconds int    `json:"estimate_seconds" doc:"-1 if unknown."`
	AgentName       string `json:"agent_name,omitempty"`
	AgentRead       int64  `json:"agent_read"`
	Open            bool   `json:"open" doc:"The visitor may write."`
	Survey          bool   `json:"survey" doc:"Ask for satisfaction now."`
	Transcript      bool   `json:"transcript" doc:"The conversation may be downloaded."`
	Ended           bool   `json:"ended"`
	Outside         bool   `json:"outside,omitempty" doc:"The call was handed over to an outside number and goes on: it ends with its sound."`
	Talk            *Talk  `json:"talk,omitempty" doc:"Absent: the conversation is written, and talking cannot be asked for."`
	Kept            bool   `json:"kept,omitempty" doc:"The visitor need not wait: the place is kept, and the answer comes later."`
}

// Talk is what a visitor is told of a conversation that is spoken, or may be.
type Talk struct {
	Stage  talk.Stage `json:"stage" enum:",asked_by_agent,asked_by_visitor,running"`
	MayAsk bool       `json:"may_ask,omitempty" doc:"The visitor may ask for it now."`
	Video  bool       `json:"video,omitempty" doc:"Either side may show its camera."`
	Secure bool       `json:"secure,omitempty" doc:"The visitor is asked to key in what nobody may see: it needs the keys of the call, and cannot write meanwhile."`
}

// Conversation is everything a visitor's browser shows.
type Conversation struct {
	Interaction string       `json:"interaction"`
	State       VisitorState `json:"state"`
	Messages    []Message    `json:"messages"`
	Last        int64        `json:"last" doc:"The highest sequence number so far; numbers between the messages shown belong to others and are no gap."`
	More        bool         `json:"more" doc:"There are more messages above the last one; ask again with after."`
}

// Limits of the channel.
const (
	MaxText    = 4000     // characters of one message
	MaxName    = 80       // characters of a display name
	MaxFile    = 25 << 20 // bytes of one attachment, whatever the tenant chose
	MaxHistory = 500      // messages of one page
)
