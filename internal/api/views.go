package api

import (
	"time"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/contact"
	"nubitalk/internal/app/floor"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
)

// What the parts answer with. Types of the parts themselves stand here under the
// names that the OpenAPI document gives them.
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
	SetupObject    = appsetup.Object
	SetupVersion   = appsetup.Version
	Contact        = contact.Contact
	ContactAddress = contact.Address
	ContactConsent = contact.Consent
	ContactChange  = contact.Change
	ErasureReceipt = contact.Receipt
	AuditQuery     = audit.Query
	AuditEntry     = audit.Entry
)

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

	Certificates []SystemCertificate `json:"certificates" nullable:"false" doc:"Those in use at the TLS doors of this node; none where it made its own."`

	Tenants  int      `json:"tenants"`
	Live     int      `json:"live" doc:"Open live connections of this node."`
	Visitors int      `json:"visitors" doc:"Open visitors' sockets of this node."`
	Encrypts string   `json:"encrypts" enum:"chosen,required,strong" doc:"The rule for all connections: encryption.connections of the configuration."`
	Memory   string   `json:"memory,omitempty" doc:"What encrypts the memory of this node's machine; absent where the machine does not say that anything does."`
	Records  []string `json:"records,omitempty" doc:"Lines of DNS that have browsers use Encrypted Client Hello (tls.ech). Nothing puts them there by itself."`
}

// EncryptionView is the rule for all connections, and what it would stop.
type EncryptionView struct {
	Connections string `json:"connections" enum:"chosen,required,strong" doc:"The rule that holds: encryption.connections of the configuration."`
	Memory      string `json:"memory" enum:"any,encrypted" doc:"On which machines the program starts: encryption.memory of the configuration."`

	Rules []EncryptionEffect `json:"rules" nullable:"false" doc:"What each rule stops, or would."`
}

// EncryptionEffect is what a rule for all connections stops: counts, and nothing of what
// is set up.
type EncryptionEffect struct {
	Rule     string   `json:"rule" enum:"required,strong"`
	Settings []string `json:"settings" nullable:"false" doc:"Settings of the configuration and of the file of lines with which the program would not start."`
	Trunks   int      `json:"trunks" doc:"Trunks in use that would carry no calls."`
	Phones   int      `json:"phones" doc:"Phones in use that would not be let in."`

	Organisations []EncryptionBroken `json:"organisations" nullable:"false" doc:"Whose they are, those with the most first; at most 100."`
}

// EncryptionBroken is how much of an organisation a rule stops.
type EncryptionBroken struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Trunks int    `json:"trunks"`
	Phones int    `json:"phones"`
}

// SystemPart is the health of one part.
type SystemPart struct {
	Name  string `json:"name"`
	Works bool   `json:"works"`
	Note  string `json:"note,omitempty"`
}

// SystemCertificate is how a certificate stands with its responder (OCSP).
type SystemCertificate struct {
	Names       []string   `json:"names" nullable:"false"`
	EndsAt      time.Time  `json:"ends_at"`
	Works       bool       `json:"works" doc:"Clients accept it as far as its responder matters."`
	Responder   string     `json:"responder" enum:"none,silent,good,revoked" doc:"none: it names no responder, or its chain lacks the issuer. silent: there is no answer that holds."`
	Must        bool       `json:"must" doc:"Clients refuse it without an answer (must-staple)."`
	AnswerUntil *time.Time `json:"answer_until,omitempty" doc:"Until when the answer holds that clients get."`
	RevokedAt   *time.Time `json:"revoked_at,omitempty"`
}

// InteractionDetail is an interaction with what stands beside it on the desk.
type InteractionDetail struct {
	Interaction floor.Interaction   `json:"interaction"`
	Contact     *Contact            `json:"contact,omitempty" doc:"Absent when the caller may not see it."`
	Segments    []Segment           `json:"segments"`
	Legs        []floor.Leg         `json:"legs,omitempty" doc:"Of a call: who took part, by which way, from when to when, how it ended and was heard."`
	Earlier     []floor.Interaction `json:"earlier"`
	Marks       Marks               `json:"marks"`
}

// Reply is what a changing call answered.
type Reply struct {
	Status      int
	ContentType string
	Language    string // of an error's sentences
	Body        secret.Bytes
}
