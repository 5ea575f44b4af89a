package api

import (
	"encoding/json"
	"io"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
)

// What the parts answer with, where no lower package has the type. A part that
// declares one of these with the same fields gets an alias here.

// Search are the filters of a search; the zero value of each means any.
type Search struct {
	Person  string      // contact id
	Address secret.Text // exact address
	Agent   string
	Queue   string
	From    time.Time // arrived at or after
	To      time.Time // arrived before
	Words   secret.Text
	State   string // one of the states, or "open"
	Cursor  string
	Limit   int
}

// Segment is the part of an interaction that one agent, flow or queue held.
type Segment struct {
	Number     int64     `json:"number"`
	HolderKind string    `json:"holder_kind" enum:"flow,queue,agent"`
	Holder     string    `json:"holder"`
	StartedAt  time.Time `json:"started_at"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	Cause      string    `json:"cause" doc:"Why it ended or moved on."`
}

// Marks says how far each side has read.
type Marks struct {
	VisitorGot  int64 `json:"visitor_got"`
	VisitorRead int64 `json:"visitor_read"`
	AgentRead   int64 `json:"agent_read"`
}

// Upload is a file that someone sends.
type Upload struct {
	ClientID  string
	Name      secret.Text
	MediaType string // as the sender claims; the part looks for itself
	Size      int64
	Body      io.Reader
}

// EntryPointView is what the widget needs before a conversation.
type EntryPointView struct {
	ID          string          `json:"id"`
	Open        bool            `json:"open" doc:"False: show the leave-a-message form."`
	Language    string          `json:"language"`
	Languages   []string        `json:"languages"`
	Title       string          `json:"title"`
	Welcome     string          `json:"welcome"`
	Accent      string          `json:"accent"`
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
	Page           secret.Text // address of the page, without query
}

// Started answers Start.
type Started struct {
	Token       string         `json:"token" doc:"Opens this conversation and nothing else."`
	Interaction string         `json:"interaction"`
	State       VisitorState   `json:"state"`
	Messages    []chat.Message `json:"messages"`
}

// Visitor is a conversation's own person, known by its token.
type Visitor struct {
	Tenant      id.Tenant
	Interaction string
	Contact     string
	EntryPoint  string
	Origins     []string // the entry point's; empty means any
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
}

// Conversation is everything a visitor's browser shows.
type Conversation struct {
	Interaction string         `json:"interaction"`
	State       VisitorState   `json:"state"`
	Messages    []chat.Message `json:"messages"`
	More        bool           `json:"more" doc:"There are more messages above the last one; ask again with after."`
}

// SetupObject is one object of the set-up; Body is its kind's type of core/setup.
type SetupObject struct {
	ID         string
	Version    int64
	Position   int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ArchivedAt time.Time
	Body       json.RawMessage
}

// SetupVersion is a set-up object as it once was.
type SetupVersion struct {
	Version   int64
	ChangedBy string
	ChangedAt time.Time
	Body      json.RawMessage
}

// Contact is a person or company that the tenant talks with, revealed.
type Contact struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Addresses    []ContactAddress  `json:"addresses"`
	Fields       map[string]string `json:"fields,omitempty" doc:"The tenant's own fields."`
	Consents     []ContactConsent  `json:"consents"`
	Language     string            `json:"language"`
	RestrictedAt time.Time         `json:"restricted_at,omitzero"`
	CreatedAt    time.Time         `json:"created_at"`
	SeenAt       time.Time         `json:"seen_at"`
	Version      int64             `json:"version"`
}

// ContactAddress is one way to reach a contact.
type ContactAddress struct {
	Kind  string `json:"kind" enum:"phone,email,social,visitor"`
	Value string `json:"value"`
}

// ContactConsent is one agreement with its evidence.
type ContactConsent struct {
	ID          string    `json:"id"`
	Purpose     string    `json:"purpose"`
	ConsentText string    `json:"consent_text"`
	TextVersion int64     `json:"text_version"`
	Language    string    `json:"language"`
	Interaction string    `json:"interaction,omitempty"`
	GivenAt     time.Time `json:"given_at"`
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
}

// ContactChange rectifies a contact; nil leaves a field as it is.
type ContactChange struct {
	Name       *secret.Text
	Language   *string
	Addresses  *[]ContactAddress
	Restricted *bool
}

// ErasureReceipt says what was erased and what had to stay, and why.
type ErasureReceipt struct {
	Contact  string        `json:"contact"`
	ErasedAt time.Time     `json:"erased_at"`
	Erased   []ErasedCount `json:"erased"`
	Kept     []KeptCount   `json:"kept"`
}

// ErasedCount counts what is gone.
type ErasedCount struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// KeptCount counts what stays.
type KeptCount struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
	Why   string `json:"why"`
}

// AuditQuery are the filters of the audit log; zero values mean any.
type AuditQuery struct {
	Object string
	Actor  string
	Action string
	From   time.Time
	To     time.Time
	Cursor string
	Limit  int
}

// AuditEntry is one line of the audit log: ids and actions, never content.
type AuditEntry struct {
	Seq        int64             `json:"seq"`
	At         time.Time         `json:"at"`
	ActorKind  string            `json:"actor_kind" doc:"user, api_key, visitor or system"`
	Actor      string            `json:"actor"`
	Action     string            `json:"action"`
	ObjectKind string            `json:"object_kind"`
	Object     string            `json:"object"`
	Detail     map[string]string `json:"detail,omitempty"`
	Hash       string            `json:"hash" doc:"Chains this line to all before it; base64."`
}

// InventoryEntry is one line of the record of processing.
type InventoryEntry struct {
	Place     string `json:"place" doc:"Table and column, blob prefix, event or cache."`
	Class     string `json:"class" enum:"none,pseudonym,address,display_name,content,label,secret,credential"`
	Purpose   string `json:"purpose"`
	Retention string `json:"retention"`
	Erased    string `json:"erased" doc:"How it ends."`
}

// Clause is one clause of the notice with its last check.
type Clause struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Status   string   `json:"status" enum:"proven,not_built,failed"`
	Evidence []string `json:"evidence"`
}

// SystemView is the installation's health and size.
type SystemView struct {
	Version   string       `json:"version"`
	StartedAt time.Time    `json:"started_at"`
	Engine    string       `json:"engine" enum:"sqlite,postgres"`
	Node      string       `json:"node"`
	Parts     []SystemPart `json:"parts"`
	Tenants   int          `json:"tenants"`
	Live      int          `json:"live" doc:"Open live connections of this node."`
	Visitors  int          `json:"visitors" doc:"Open visitors' sockets of this node."`
}

// SystemPart is the health of one part.
type SystemPart struct {
	Name  string `json:"name"`
	Works bool   `json:"works"`
	Note  string `json:"note,omitempty"`
}

// InteractionDetail is an interaction with what stands beside it on the desk.
type InteractionDetail struct {
	Interaction floor.Interaction   `json:"interaction"`
	Contact     *Contact            `json:"contact,omitempty" doc:"Absent when the caller may not see it."`
	Segments    []Segment           `json:"segments"`
	Earlier     []floor.Interaction `json:"earlier"`
	Marks       Marks               `json:"marks"`
}

// Reply is what a changing call answered.
type Reply struct {
	Status      int
	ContentType string
	Body        secret.Bytes
}
