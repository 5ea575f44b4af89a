package chat

import (
	"context"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// draft is a message to be written.
type draft struct {
	interaction string
	author      string // kind
	user        string // user id of an agent
	kind        string
	clientID    string
	body        body
	open        bool // the conversation must be open for its visitor
	holder      bool // the user must hold it, unless it is a note
	after       func(tx *store.Tx, seq int64) error
}

// append writes one message in its own transaction and lets everybody see it.
// fresh is false when the same clientID was written before.
func (s *Service) append(ctx context.Context, t id.Tenant, d draft) (m Message, fresh bool, err error) {
	tokens, err := s.tokens(ctx, t, d) // here, as others wait for the transaction
	if err != nil {
		return Message{}, false, err
	}
	var w written
	err = s.DB.Write(ctx, t, func(tx *store.Tx) (err error) {
		w, err = s.write(tx, d, tokens, mayWrite)
		return err
	})
	if err != nil {
		return Message{}, false, err
	}
	if w.fresh {
		s.tell(t, w.party, w.Message)
	}
	return w.Message, w.fresh, nil
}

// masked stands for the words of an answer that nobody may see, however long.
const masked = "••••"

// anyway lets everything be written.
func anyway(store.Party, draft) error { return nil }

func mayWrite(p store.Party, d draft) error {
	switch {
	case d.open && (p.State == "wrapping" || p.State == "closed"):
		return errs.New(errs.Conflict, "The conversation has ended.")
	case p.Apart && d.author == ByVisitor:
		return errs.New(errs.Conflict, "What you write would be seen. Key it in with the keypad of the call; you can write again afterwards.")
	case d.kind == KindNote && p.State == "closed":
		return errs.New(errs.Conflict, "The interaction is closed.")
	case d.kind == KindHint && p.State != "active":
		return errs.New(errs.Conflict, "Nobody is handling this conversation at the moment, so there is nobody to give a hint to.")
	case d.holder && p.State != "active":
		return errs.New(errs.Conflict, "Nobody is handling this conversation at the moment, so it cannot be answered.")
	}
	return nil
}

// written is a message with whether it is new, and who takes part.
type written struct {
	Message
	fresh bool
	party store.Party
}

// write seals and stores one message and its search tokens, if those who take
// part may.
func (s *Service) write(tx *store.Tx, d draft, tokens [][]byte, may func(store.Party, draft) error) (written, error) {
	ctx, t := tx.Context(), tx.Tenant()
	row := store.MessageRow{InteractionID: d.interaction, ID: s.IDs.New(id.Message), AuthorKind: d.author, AuthorID: d.user, Kind: d.kind, ClientID: d.clientID, Tokens: tokens, At: s.Clock.Now()}
	if d.kind == KindHint { // a note to whoever does not know hints, so that nobody takes it for more
		row.Kind, d.body.Hint = KindNote, true
	}
	var p store.Party
	stored, fresh, err := tx.InsertMessage(row, func(who store.Party, row *store.MessageRow) (err error) {
		p = who
		if err := may(p, d); err != nil {
			return err
		}
		if p.Masked && d.author == ByVisitor && d.kind == KindText { // its words are for the flow alone
			d.body, row.Tokens = body{Text: masked, Masked: true}, nil
		}
		row.BodySealed, err = s.seal(ctx, t, p.ContactID, d.interaction, row.ID, d.body)
		return err
	})
	if err != nil {
		return written{}, err
	}
	if !fresh {
		m, err := s.unseal(ctx, t, p.ContactID, stored)
		return written{m, false, p}, err
	}
	if d.after != nil {
		if err := d.after(tx, stored.Seq); err != nil {
			return written{}, err
		}
	}
	return written{message(stored, d.body), true, p}, nil
}

// writeAnyway writes what is part of a larger change and needs no leave.
func (s *Service) writeAnyway(tx *store.Tx, d draft) (written, error) {
	tokens, err := s.tokens(tx.Context(), tx.Tenant(), d)
	if err != nil {
		return written{}, err
	}
	return s.write(tx, d, tokens, anyway)
}

// tokens are the keyed tokens of a message's words, by which authorised users
// find it (notice C37).
func (s *Service) tokens(ctx context.Context, t id.Tenant, d draft) ([][]byte, error) {
	if d.author == ByBot || d.author == BySystem {
		return nil, nil
	}
	text := d.body.Text
	if d.body.Attachment != nil {
		text = d.body.Attachment.Name
	}
	words := privacy.Words(text)
	if len(words) == 0 {
		return nil, nil
	}
	return s.Vault.WordTokens(ctx, t, words)
}

// tell lets the visitor and the users whom it concerns see a new message.
func (s *Service) tell(t id.Tenant, p store.Party, m Message) {
	e := bus.Event{Tenant: t, Kind: "message.added", Users: parties(p), Interaction: m.Interaction, Data: must(m)}
	switch seen := forVisitor(m); {
	case Internal(m.Kind):
	case m.Author == seen.Author: // nothing is kept from the visitor
		e.Visitor = framed("message", e.Data)
	default:
		e.Visitor = frame("message", seen)
	}
	s.publish(e)
}

// parties are the users whom a conversation concerns. Others follow it only by
// watching, which asks for access.WorkRead.
func parties(p store.Party) []string {
	users := slices.Clone(p.Consulted)
	if p.AgentID != "" && (p.State == "active" || p.State == "wrapping" || p.State == "held") {
		users = append(users, p.AgentID)
	}
	return users
}

// Messages answers in order of seq: those above after, or the last ones below
// before; at most limit (0: MaxHistory).
func (s *Service) Messages(ctx context.Context, t id.Tenant, interaction string, after, before int64, limit int) ([]Message, error) {
	if limit <= 0 || limit > MaxHistory {
		limit = MaxHistory
	}
	out, _, err := s.page(ctx, t, interaction, after, before, limit)
	return out, err
}

func (s *Service) page(ctx context.Context, t id.Tenant, interaction string, after, before int64, limit int) ([]Message, int64, error) {
	var rows []store.MessageRow
	var p store.Party
	var last int64
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		if p, err = tx.Party(interaction); err != nil {
			return err
		}
		c, err := tx.Chat(interaction)
		if err != nil {
			return err
		}
		last = c.LastSeq
		rows, err = tx.Messages(interaction, after, before, limit)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	out := make([]Message, 0, len(rows))
	for _, r := range rows {
		m, err := s.unseal(ctx, t, p.ContactID, r)
		if err != nil {
			return nil, 0, err
		}
		out = append(out, m)
	}
	return out, last, nil
}

// Send writes an agent's message or note, or a supervisor's hint. The same
// clientID again is the same message.
func (s *Service) Send(ctx context.Context, a access.Actor, interaction, clientID, kind string, text secret.Text) (Message, error) {
	var f errs.Fields
	if kind != KindText && !Internal(kind) {
		f.Add("kind", "must be text, note or hint")
	}
	checkText(&f, "text", text, true)
	checkClientID(&f, clientID)
	if err := f.Err(); err != nil {
		return Message{}, err
	}
	d := draft{interaction: interaction, author: ByAgent, user: a.User, kind: kind, clientID: clientID, holder: kind == KindText,
		body: body{Text: text.Reveal(), Name: s.People.PublicName(ctx, a.Tenant, a.User)}}
	if kind == KindHint && s.Audit != nil {
		d.after = func(tx *store.Tx, _ int64) error {
			return s.Audit.Append(tx, a.User, "interaction.hint", interaction, "")
		}
	}
	m, _, err := s.append(ctx, a.Tenant, d)
	return m, err
}

func checkClientID(f *errs.Fields, c string) {
	if c == "" || len(c) > 64 || strings.ContainsFunc(c, func(r rune) bool { return r <= ' ' || r > '~' }) {
		f.Add("client_id", "must be 1 to 64 visible ASCII characters, new for each message")
	}
}

// Marks says how far each side has got.
func (s *Service) Marks(ctx context.Context, t id.Tenant, interaction string) (Marks, error) {
	var c store.ChatRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		c, err = tx.Chat(interaction)
		return err
	})
	return Marks{VisitorGot: c.VisitorGotSeq, VisitorRead: c.VisitorReadSeq, AgentRead: c.AgentReadSeq}, err
}

// Read notes that the agent's side has read up to seq.
func (s *Service) Read(ctx context.Context, a access.Actor, interaction string, seq int64) error {
	return s.mark(ctx, a.Tenant, interaction, store.Marks{AgentRead: seq})
}

// VisitorRead notes that the visitor has read up to seq.
func (s *Service) VisitorRead(ctx context.Context, v Visitor, seq int64) error {
	return s.mark(ctx, v.Tenant, v.Interaction, store.Marks{VisitorRead: seq})
}

// Delivered notes that messages up to seq reached the visitor's browser.
func (s *Service) Delivered(ctx context.Context, v Visitor, seq int64) error {
	return s.mark(ctx, v.Tenant, v.Interaction, store.Marks{VisitorGot: seq})
}

// mark moves marks forward, never past the last message, and tells both sides.
func (s *Service) mark(ctx context.Context, t id.Tenant, interaction string, m store.Marks) error {
	var now store.Marks
	var p store.Party
	var changed bool
	err := s.DB.Write(ctx, t, func(tx *store.Tx) (err error) {
		if now, changed, err = tx.RaiseMarks(interaction, m); err != nil || !changed {
			return err
		}
		p, err = tx.Party(interaction)
		return err
	})
	if err != nil || !changed {
		return err
	}
	in := Marks(now)
	s.publish(bus.Event{Tenant: t, Kind: "message.marks", Users: parties(p), Interaction: interaction, Visitor: frame("marks", in), Data: must(struct {
		Interaction string `json:"interaction"`
		Marks
	}{interaction, in})})
	return nil
}

// typing is the live event of that kind.
type typing struct {
	Interaction string `json:"interaction"`
	AuthorKind  string `json:"author_kind"`
	Author      string `json:"author,omitempty"`
}

// Typing tells the visitor that the agent is writing. Nothing is stored.
func (s *Service) Typing(ctx context.Context, a access.Actor, interaction string) error {
	p, err := s.party(ctx, a.Tenant, interaction)
	if err != nil || p.State != "active" {
		return err
	}
	s.publish(bus.Event{Tenant: a.Tenant, Kind: "typing", Users: p.Consulted, Interaction: interaction, Data: must(typing{interaction, ByAgent, a.User}), Visitor: frame("typing", struct{}{})})
	return nil
}

// VisitorTyping tells the agent that the visitor is writing.
func (s *Service) VisitorTyping(ctx context.Context, v Visitor) error {
	p, err := s.party(ctx, v.Tenant, v.Interaction)
	if err != nil {
		return err
	}
	if users := parties(p); len(users) > 0 && !p.Apart {
		s.publish(bus.Event{Tenant: v.Tenant, Kind: "typing", Users: users, Interaction: v.Interaction, Data: must(typing{v.Interaction, ByVisitor, ""})})
	}
	return nil
}

func (s *Service) party(ctx context.Context, t id.Tenant, interaction string) (p store.Party, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		p, err = tx.Party(interaction)
		return err
	})
	return p, err
}
