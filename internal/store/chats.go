package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// ChatRow is a conversation, beside its interaction.
type ChatRow struct {
	InteractionID  string
	TokenHash      []byte
	LastSeq        int64
	VisitorGotSeq  int64
	VisitorReadSeq int64
	AgentReadSeq   int64
	VisitorSeenAt  time.Time
	ExpiresAt      time.Time
	SurveySealed   secret.Sealed
}

const chatColumns = "interaction_id, token_hash, last_seq, visitor_got_seq, visitor_read_seq, agent_read_seq, visitor_seen_at, expires_at, survey_sealed"

func scanChat(r row, c *ChatRow) error {
	return r.Scan(&c.InteractionID, bin(&c.TokenHash), &c.LastSeq, &c.VisitorGotSeq, &c.VisitorReadSeq, &c.AgentReadSeq, at(&c.VisitorSeenAt), at(&c.ExpiresAt),
		sealed(&c.SurveySealed))
}

// InsertChat adds a conversation.
func (tx *Tx) InsertChat(c ChatRow) error {
	_, err := tx.exec(`INSERT INTO chats (tenant_id, `+chatColumns+`, indexed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)`, string(tx.scope.Tenant), c.InteractionID,
		raw(c.TokenHash), c.LastSeq, c.VisitorGotSeq, c.VisitorReadSeq, c.AgentReadSeq, us(c.VisitorSeenAt), us(c.ExpiresAt), raw(c.SurveySealed))
	return err
}

// Chat is the conversation of an interaction.
func (tx *Tx) Chat(interactionID string) (ChatRow, error) {
	return get(tx, "conversation", scanChat, `SELECT `+chatColumns+` FROM chats WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID)
}

// ChatByToken is a conversation by the hash of its visitor's token.
func (tx *Tx) ChatByToken(hash []byte) (ChatRow, error) {
	return get(tx, "conversation", scanChat, `SELECT `+chatColumns+` FROM chats WHERE tenant_id = $1 AND token_hash = $2`, string(tx.scope.Tenant), raw(hash))
}

// OpenChats are the conversations of all open interactions, by arrival.
func (tx *Tx) OpenChats() ([]ChatRow, error) {
	return list(tx, scanChat, `SELECT c.interaction_id, c.token_hash, c.last_seq, c.visitor_got_seq, c.visitor_read_seq, c.agent_read_seq, c.visitor_seen_at, c.expires_at,
		c.survey_sealed FROM interactions i CROSS JOIN chats c
		WHERE i.tenant_id = $1 AND i.closed_at = 0 AND c.tenant_id = i.tenant_id AND c.interaction_id = i.interaction_id ORDER BY i.arrived_at, i.interaction_id`, string(tx.scope.Tenant))
}

// Talk is an open conversation whose visitor is expected to be there.
type Talk struct{ InteractionID, ContactID, EntryPointID string }

// Talks are the open interactions of a channel, but for messages that were left, in
// the order of their arrival.
func (tx *Tx) Talks(channel string) ([]Talk, error) {
	return list(tx, func(r row, t *Talk) error { return r.Scan(&t.InteractionID, &t.ContactID, &t.EntryPointID) },
		`SELECT interaction_id, contact_id, entry_point_id FROM interactions WHERE tenant_id = $1 AND closed_at = 0 AND channel = $2 AND left_message = 0 ORDER BY arrived_at, interaction_id`,
		string(tx.scope.Tenant), channel)
}

// Marks are how far each side has come.
type Marks struct{ VisitorGot, VisitorRead, AgentRead int64 }

// RaiseMarks moves marks forward, never back and never past the last message,
// and gives those in force. What was read was got.
func (tx *Tx) RaiseMarks(interactionID string, m Marks) (inForce Marks, changed bool, err error) {
	t := string(tx.scope.Tenant)
	var old Marks
	var last int64
	found, err := tx.one(`SELECT last_seq, visitor_got_seq, visitor_read_seq, agent_read_seq FROM chats WHERE tenant_id = $1 AND interaction_id = $2 /*pg FOR UPDATE pg*/`,
		[]any{t, interactionID}, &last, &old.VisitorGot, &old.VisitorRead, &old.AgentRead)
	if err != nil {
		return Marks{}, false, err
	}
	if !found {
		return Marks{}, false, errs.New(errs.NotFound, "This conversation does not exist.")
	}
	inForce = Marks{
		VisitorGot:  max(old.VisitorGot, min(max(m.VisitorGot, m.VisitorRead), last)),
		VisitorRead: max(old.VisitorRead, min(m.VisitorRead, last)),
		AgentRead:   max(old.AgentRead, min(m.AgentRead, last)),
	}
	if inForce == old {
		return old, false, nil
	}
	_, err = tx.exec(`UPDATE chats SET visitor_got_seq = $3, visitor_read_seq = $4, agent_read_seq = $5 WHERE tenant_id = $1 AND interaction_id = $2`,
		t, interactionID, inForce.VisitorGot, inForce.VisitorRead, inForce.AgentRead)
	return inForce, true, err
}

// SeeVisitor notes when the visitor was last connected, and until when the
// conversation's token holds.
func (tx *Tx) SeeVisitor(interactionID string, seen, expires time.Time) error {
	n, err := tx.exec(`UPDATE chats SET visitor_seen_at = $3, expires_at = $4 WHERE tenant_id = $1 AND interaction_id = $2`,
		string(tx.scope.Tenant), interactionID, us(seen), us(expires))
	return must("conversation", n, err)
}

// SetSurvey keeps the visitor's comment on the service.
func (tx *Tx) SetSurvey(interactionID string, survey secret.Sealed) error {
	n, err := tx.exec(`UPDATE chats SET survey_sealed = $3 WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID, raw(survey))
	return must("conversation", n, err)
}

// MessageRow is one line of a conversation.
type MessageRow struct {
	InteractionID string
	Seq           int64 // given by InsertMessage: 1, 2, 3, … without gaps
	ID            string
	AuthorKind    string // visitor, agent, bot, system
	AuthorID      string
	Kind          string // text, note, attachment, buttons, form, event
	ClientID      string // the sender's own id; a repeat is the same message; "" for none
	BodySealed    secret.Sealed
	Tokens        [][]byte // keyed tokens of its words: what the conversation is found by
	At            time.Time
}

const messageColumns = "interaction_id, seq, message_id, author_kind, author_id, kind, client_id, body_sealed, tokens, at"

func scanMessage(r row, m *MessageRow) error {
	return r.Scan(&m.InteractionID, &m.Seq, &m.ID, &m.AuthorKind, &m.AuthorID, &m.Kind, &m.ClientID, sealed(&m.BodySealed), (*tokenList)(&m.Tokens), at(&m.At))
}

// InsertMessage adds a message at the end of its conversation and gives it the
// next sequence number, under the conversation's lock. When its author sent the
// same client id before, nothing is added: the stored message comes back with
// added false. seal makes the body once it is known who takes part and which
// number it gets, and may take its tokens away, or refuses the message; with nil
// m is complete.
func (tx *Tx) InsertMessage(m MessageRow, seal func(p Party, m *MessageRow) error) (stored MessageRow, added bool, err error) {
	t := string(tx.scope.Tenant)
	var p Party
	var indexed int64
	found, err := tx.one(`SELECT c.last_seq + 1, c.indexed, i.state, i.agent_id, i.contact_id, i.consulted, i.masked, i.apart FROM chats c
		JOIN interactions i ON i.tenant_id = c.tenant_id AND i.interaction_id = c.interaction_id
		WHERE c.tenant_id = $1 AND c.interaction_id = $2 /*pg FOR UPDATE OF c pg*/`,
		[]any{t, m.InteractionID}, &m.Seq, &indexed, &p.State, &p.AgentID, &p.ContactID, fromJSON(&p.Consulted), yes(&p.Masked), yes(&p.Apart))
	if err != nil {
		return m, false, err
	}
	if !found {
		return m, false, errs.New(errs.NotFound, "This conversation does not exist.")
	}
	if seal != nil {
		if err = seal(p, &m); err != nil {
			return m, false, err
		}
	}
	n, err := tx.exec(`INSERT INTO messages (tenant_id, `+messageColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (tenant_id, interaction_id, author_id, client_id) WHERE client_id <> '' DO NOTHING`,
		t, m.InteractionID, m.Seq, m.ID, m.AuthorKind, m.AuthorID, m.Kind, m.ClientID, raw(m.BodySealed), packTokens(m.Tokens), us(m.At))
	if err != nil {
		return m, false, err
	}
	if n == 0 {
		stored, err = tx.MessageByClient(m.InteractionID, m.AuthorID, m.ClientID)
		return stored, false, err
	}
	if _, err := tx.exec(`UPDATE chats SET last_seq = $3 WHERE tenant_id = $1 AND interaction_id = $2`, t, m.InteractionID, m.Seq); err != nil {
		return m, false, err
	}
	if indexed == wordsIndexed { // it was closed before
		err = tx.index(pairsOf(m.InteractionID, m.Tokens))
	}
	return m, true, err
}

// MessageByClient is a message by its sender's own id of it.
func (tx *Tx) MessageByClient(interactionID, authorID, clientID string) (MessageRow, error) {
	return get(tx, "message", scanMessage, `SELECT `+messageColumns+` FROM messages WHERE tenant_id = $1 AND interaction_id = $2 AND author_id = $3 AND client_id = $4
		AND client_id <> ''`, string(tx.scope.Tenant), interactionID, authorID, clientID)
}

// Message is a message by its number.
func (tx *Tx) Message(interactionID string, seq int64) (MessageRow, error) {
	return get(tx, "message", scanMessage, `SELECT `+messageColumns+` FROM messages WHERE tenant_id = $1 AND interaction_id = $2 AND seq = $3`,
		string(tx.scope.Tenant), interactionID, seq)
}

// Messages are at most limit messages in order: those after a number, or with
// before > 0 the last ones below it.
func (tx *Tx) Messages(interactionID string, after, before int64, limit int) ([]MessageRow, error) {
	t := string(tx.scope.Tenant)
	if before <= 0 {
		return list(tx, scanMessage, `SELECT `+messageColumns+` FROM messages WHERE tenant_id = $1 AND interaction_id = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
			t, interactionID, after, limit)
	}
	return list(tx, scanMessage, `SELECT `+messageColumns+` FROM (SELECT `+messageColumns+` FROM messages WHERE tenant_id = $1 AND interaction_id = $2 AND seq > $3 AND seq < $4
		ORDER BY seq DESC LIMIT $5) AS page ORDER BY seq`, t, interactionID, after, before, limit)
}

// AttachmentRow is a file sent in a conversation; its bytes are a sealed blob.
type AttachmentRow struct {
	ID            string
	InteractionID string
	AuthorKind    string
	AuthorID      string
	NameSealed    secret.Sealed
	MediaType     string
	Size          int64 // bytes
	BlobKey       string
	Seq           int64 // its message; 0 until there is one
	CreatedAt     time.Time
}

const attachmentColumns = "attachment_id, interaction_id, author_kind, author_id, name_sealed, media_type, size, blob_key, seq, created_at"

func scanAttachment(r row, a *AttachmentRow) error {
	return r.Scan(&a.ID, &a.InteractionID, &a.AuthorKind, &a.AuthorID, sealed(&a.NameSealed), &a.MediaType, &a.Size, &a.BlobKey, &a.Seq, at(&a.CreatedAt))
}

// InsertAttachment adds an attachment.
func (tx *Tx) InsertAttachment(a AttachmentRow) error {
	_, err := tx.exec(`INSERT INTO attachments (tenant_id, `+attachmentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, string(tx.scope.Tenant), a.ID,
		a.InteractionID, a.AuthorKind, a.AuthorID, raw(a.NameSealed), a.MediaType, a.Size, a.BlobKey, a.Seq, us(a.CreatedAt))
	return err
}

// Attachment is an attachment by its id.
func (tx *Tx) Attachment(attachmentID string) (AttachmentRow, error) {
	return get(tx, "attachment", scanAttachment, `SELECT `+attachmentColumns+` FROM attachments WHERE tenant_id = $1 AND attachment_id = $2`,
		string(tx.scope.Tenant), attachmentID)
}

// HasAttachment says whether there is one with an id.
func (tx *Tx) HasAttachment(attachmentID string) (bool, error) {
	var n int64
	_, err := tx.one(`SELECT count(*) FROM attachments WHERE tenant_id = $1 AND attachment_id = $2`, []any{string(tx.scope.Tenant), attachmentID}, &n)
	return n > 0, err
}

// AttachmentsOf are an interaction's attachments in order.
func (tx *Tx) AttachmentsOf(interactionID string) ([]AttachmentRow, error) {
	return list(tx, scanAttachment, `SELECT `+attachmentColumns+` FROM attachments WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY created_at, attachment_id`,
		string(tx.scope.Tenant), interactionID)
}

// UnsentAttachments are at most limit attachments made before a time that no
// message carries: an upload that was given up.
func (tx *Tx) UnsentAttachments(before time.Time, limit int) ([]AttachmentRow, error) {
	return list(tx, scanAttachment, `SELECT `+attachmentColumns+` FROM attachments WHERE tenant_id = $1 AND seq = 0 AND created_at < $2 ORDER BY created_at LIMIT $3`,
		string(tx.scope.Tenant), us(before), limit)
}

// SetAttachmentSeq says which message carries an attachment.
func (tx *Tx) SetAttachmentSeq(attachmentID string, seq int64) error {
	n, err := tx.exec(`UPDATE attachments SET seq = $3 WHERE tenant_id = $1 AND attachment_id = $2`, string(tx.scope.Tenant), attachmentID, seq)
	return must("attachment", n, err)
}

// DeleteAttachment removes an attachment's row; its blob is deleted apart.
func (tx *Tx) DeleteAttachment(attachmentID string) error {
	_, err := tx.exec(`DELETE FROM attachments WHERE tenant_id = $1 AND attachment_id = $2`, string(tx.scope.Tenant), attachmentID)
	return err
}
