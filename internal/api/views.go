package api

import (
	"encoding/json"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
)

// What the parts answer with. Types of a lower package stand here as aliases;
// a part that declares one of the others with the same fields gets one too.
type (
	Marks          = chat.Marks
	Upload         = chat.Upload
	EntryPointView = chat.EntryPointView
	Start          = chat.Start
	Started        = chat.Started
	Visitor        = chat.Visitor
	VisitorState   = chat.VisitorState
	Conversation   = chat.Conversation
	Search         = floor.Search
	Segment        = floor.Segment
)

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
