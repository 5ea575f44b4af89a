package chat

import (
	"context"
	"encoding/json"
	"log/slog"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// Floor is what chat asks of the floor.
type Floor interface {
	channel.Sink
	// Wait is a waiting person's place (0: does not wait) and estimate in
	// seconds (-1: unknown).
	Wait(ctx context.Context, t id.Tenant, interaction string) (position, estimate int, err error)
	// EntryOpen says whether somebody who arrives now would be served.
	EntryOpen(ctx context.Context, t id.Tenant, entryPoint string) (bool, error)
	// Rate keeps a person's satisfaction, 1-5.
	Rate(ctx context.Context, t id.Tenant, interaction string, rating int) error
}

// Setup is what chat asks of a tenant's set-up. Answers come from memory.
type Setup interface {
	EntryPoint(ctx context.Context, entryPoint string) (id.Tenant, setup.EntryPoint, error)
	ConsentText(ctx context.Context, t id.Tenant, text string) (setup.ConsentText, int64, error)
	QueueName(ctx context.Context, t id.Tenant, queue string) string
	Rules(ctx context.Context, t id.Tenant) (setup.Rules, error)
}

// People gives the name that visitors see of a user: a pseudonym, never more
// than the user chose to show.
type People interface {
	PublicName(ctx context.Context, t id.Tenant, user string) string
}

// Brands say what an organisation's pages look like, as far as it or one above it
// chose that.
type Brands interface {
	VisitorBrand(ctx context.Context, t id.Tenant) (VisitorBrand, error)
}

// VisitorBrand is what visitors see of a brand; "" is what nobody chose.
type VisitorBrand struct {
	Accent string `json:"-"` // #rrggbb
	Name   string `json:"name" doc:"Of the product."`
	Logo   string `json:"logo,omitempty" doc:"A PNG in base64."`
	Plate  string `json:"plate,omitempty" enum:"light,dark" doc:"On pages of this kind the logo stands on a plate of the other kind."`
}

// Deps is what the channel needs.
type Deps struct {
	DB     *store.DB
	Vault  *vault.Vault
	Blobs  *blob.Store
	Bus    *bus.Bus
	Clock  clock.Clock
	IDs    *id.Source
	Setup  Setup
	People People
	Brands Brands // nil in tests: nobody chose one
	Floor  Floor
	Audit  Auditor // nil in tests
	Log    *slog.Logger
}

// Auditor notes who gave a hint, inside the message's transaction.
type Auditor interface {
	Append(tx *store.Tx, actor, action, object, detail string) error
}

// Service is the chat channel of this node. It is safe for use by several
// goroutines; one goroutine of its own watches for visitors who are gone.
type Service struct {
	Deps
	gone *gone
}

var _ channel.Driver = (*Service)(nil)

// New makes the channel.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.gone = newGone(s)
	return s
}

// Begin begins to watch for visitors who are gone.
func (s *Service) Begin(ctx context.Context) error { s.gone.begin(ctx); return nil }

// Halt stops it.
func (s *Service) Halt(context.Context) error { s.gone.halt(); return nil }

// body is the sealed part of a message.
type body struct {
	Text       string      `json:"t,omitempty"`
	Name       string      `json:"n,omitempty"` // the author's name as the visitor saw it then
	Buttons    []Button    `json:"b,omitempty"`
	Attachment *Attachment `json:"a,omitempty"`
	Event      string      `json:"e,omitempty"`
	Hint       bool        `json:"h,omitempty"` // a note that is a supervisor's hint
	// Of a question: the keys that it waits for, and that its answer is masked. An
	// answer that is masked holds no words.
	Digits *flow.Digits `json:"d,omitempty"`
	Prompt string       `json:"p,omitempty"` // recorded, whose words the text is
	Masked bool         `json:"m,omitempty"`
}

func bodyAt(interaction, message string) string {
	return "messages.body/" + interaction + "/" + message
}

func (s *Service) seal(ctx context.Context, t id.Tenant, contact, interaction, message string, b body) (secret.Sealed, error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "A message could not be packed.")
	}
	return s.Vault.SealContact(ctx, t, contact, bodyAt(interaction, message), raw)
}

func (s *Service) unseal(ctx context.Context, t id.Tenant, contact string, r store.MessageRow) (Message, error) {
	raw, err := s.Vault.OpenContact(ctx, t, contact, bodyAt(r.InteractionID, r.ID), r.BodySealed)
	if err != nil {
		return Message{}, err
	}
	var b body
	if err := json.Unmarshal(raw.Reveal(), &b); err != nil {
		return Message{}, errs.Wrap(errs.Internal, err, "A message could not be read.")
	}
	return message(r, b), nil
}

func message(r store.MessageRow, b body) Message {
	kind := r.Kind
	if b.Hint {
		kind = KindHint
	}
	return Message{Interaction: r.InteractionID, Seq: r.Seq, ID: r.ID, AuthorKind: r.AuthorKind, Author: r.AuthorID, AuthorName: b.Name, Kind: kind, Text: b.Text,
		Buttons: b.Buttons, Attachment: b.Attachment, Event: b.Event, Digits: (*Digits)(b.Digits), Masked: b.Masked, ClientID: r.ClientID, At: r.At, prompt: b.Prompt}
}

// frame is what a visitor's socket carries.
func frame(kind string, data any) json.RawMessage { return framed(kind, must(data)) }

// framed is frame for what is JSON already.
func framed(kind string, data json.RawMessage) json.RawMessage {
	b := make([]byte, 0, len(data)+len(kind)+len(`{"type":"","data":}`))
	b = append(append(append(b, `{"type":"`...), kind...), `","data":`...)
	return append(append(b, data...), '}')
}

func must(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("chat: a view does not marshal: " + err.Error())
	}
	return b
}

func (s *Service) publish(e bus.Event) {
	if err := s.Bus.Publish(e); err != nil {
		s.Log.Warn("a live event was not published", "tenant", e.Tenant, "kind", e.Kind, "code", errs.As(err).Code)
	}
}
