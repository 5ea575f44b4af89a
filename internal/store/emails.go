package store

import (
	"time"

	"nubitalk/internal/base/errs"
)

// EmailFolderRow is how far a folder of a mailbox is done.
type EmailFolderRow struct {
	MailboxID string
	Folder    string
	Validity  int64
	From      int64 // the number from which on every message is looked at
	Since     time.Time
	Anew      bool
}

const emailFolderColumns = "mailbox_id, folder, validity, from_uid, since, anew"

func scanEmailFolder(r row, f *EmailFolderRow) error {
	return r.Scan(&f.MailboxID, &f.Folder, &f.Validity, &f.From, at(&f.Since), yes(&f.Anew))
}

// PutEmailFolder stores how far a folder is done.
func (tx *Tx) PutEmailFolder(f EmailFolderRow) error {
	_, err := tx.exec(`INSERT INTO email_folders (tenant_id, `+emailFolderColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (tenant_id, mailbox_id, folder) DO UPDATE SET validity = excluded.validity, from_uid = excluded.from_uid, since = excluded.since, anew = excluded.anew`,
		string(tx.scope.Tenant), f.MailboxID, f.Folder, f.Validity, f.From, us(f.Since), bit(f.Anew))
	return err
}

// EmailFolder is how far a folder is done.
func (tx *Tx) EmailFolder(mailboxID, folder string) (EmailFolderRow, error) {
	return get(tx, "folder", scanEmailFolder, `SELECT `+emailFolderColumns+` FROM email_folders WHERE tenant_id = $1 AND mailbox_id = $2 AND folder = $3`,
		string(tx.scope.Tenant), mailboxID, folder)
}

// EmailRow says where the message of an interaction is at its provider, and by what
// it is known again.
type EmailRow struct {
	InteractionID string
	Identity      []byte // a keyed digest
	MailboxID     string
	Folder        string
	Validity      int64
	UID           int64
	Automatic     string    // why nothing may be answered automatically; "" if something may
	Answers       string    // the interaction whose answer it answers; "" if none
	DoneAt        time.Time // zero until the provider was told that it is handled
}

const emailColumns = "interaction_id, identity, mailbox_id, folder, validity, uid, automatic, answers, done_at"

func scanEmail(r row, e *EmailRow) error {
	return r.Scan(&e.InteractionID, bin(&e.Identity), &e.MailboxID, &e.Folder, &e.Validity, &e.UID, &e.Automatic, &e.Answers, at(&e.DoneAt))
}

// InsertEmail adds a message; Conflict if it is known already.
func (tx *Tx) InsertEmail(e EmailRow) error {
	_, err := tx.exec(`INSERT INTO emails (tenant_id, `+emailColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(tx.scope.Tenant), e.InteractionID, e.Identity, e.MailboxID, e.Folder, e.Validity, e.UID, e.Automatic, e.Answers, us(e.DoneAt))
	return err
}

// Email is the message of an interaction.
func (tx *Tx) Email(interactionID string) (EmailRow, error) {
	return get(tx, "message", scanEmail, `SELECT `+emailColumns+` FROM emails WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID)
}

// EmailKnown is the message with an identity.
func (tx *Tx) EmailKnown(identity []byte) (EmailRow, error) {
	return get(tx, "message", scanEmail, `SELECT `+emailColumns+` FROM emails WHERE tenant_id = $1 AND identity = $2`, string(tx.scope.Tenant), identity)
}

// ShelfFlow is the flow of the program's own in which an email is put aside.
const ShelfFlow = "shelf"

// PutAside says that an interaction is an email that is put aside.
func (r InteractionRow) PutAside() bool { return r.State == "in_flow" && r.FlowID == ShelfFlow }

// CountOpenEmails says how many messages of a mailbox are neither handled nor put aside.
func (tx *Tx) CountOpenEmails(mailboxID string) (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM emails WHERE tenant_id = $1 AND mailbox_id = $2 AND done_at = 0 AND NOT EXISTS (SELECT 1 FROM interactions
		WHERE interactions.tenant_id = emails.tenant_id AND interactions.interaction_id = emails.interaction_id AND interactions.state = 'in_flow' AND interactions.flow_id = $3)`,
		[]any{string(tx.scope.Tenant), mailboxID, ShelfFlow}, &n)
	return n, err
}

// MergedEmails are the interactions whose emails go on in one, merged into it at once or
// by way of others, who arrived first first.
func (tx *Tx) MergedEmails(interactionID string) (all []string, err error) {
	rows, err := tx.merged(interactionID)
	for _, m := range rows {
		if m.email {
			all = append(all, m.id)
		}
	}
	return all, err
}

// MergedWork are the interactions that point to one as where they go on, whether their
// emails are theirs still or were given to it.
func (tx *Tx) MergedWork(interactionID string) (all []string, err error) {
	rows, err := tx.merged(interactionID)
	for _, m := range rows {
		all = append(all, m.id)
	}
	return all, err
}

func (tx *Tx) merged(interactionID string) (all []merged, err error) {
	for next := []string{interactionID}; len(next) > 0; next = next[1:] {
		rows, err := list(tx, func(r row, m *merged) error { return r.Scan(&m.id, yes(&m.email)) },
			`SELECT i.interaction_id, CASE WHEN e.interaction_id IS NULL THEN 0 ELSE 1 END FROM interactions i LEFT JOIN emails e ON e.tenant_id = i.tenant_id AND e.interaction_id = i.interaction_id
			WHERE i.tenant_id = $1 AND i.merged_into = $2 AND i.merged_into <> '' ORDER BY i.arrived_at, i.interaction_id`, string(tx.scope.Tenant), next[0])
		if err != nil {
			return nil, err
		}
		for _, m := range rows {
			next, all = append(next, m.id), append(all, m)
		}
	}
	return all, nil
}

type merged struct {
	id    string
	email bool // it has its email still: that was not taken out again
}

// SplitEmail gives the email of an interaction to a new one, in which it goes on; Conflict
// if it is not there any more, or of is not where it went on until now.
func (tx *Tx) SplitEmail(interactionID, of, to string) error {
	gone := errs.New(errs.Conflict, "This email was taken out already, or its work is closed.")
	root, err := tx.Merged(interactionID)
	if err != nil {
		return err
	}
	was, err := tx.Interaction(interactionID)
	if err != nil {
		return err
	}
	if root.ID != of || !root.ClosedAt.IsZero() || was.MergedInto == "" {
		return gone
	}
	n, err := tx.exec(`UPDATE emails SET interaction_id = $3, done_at = 0 WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID, to)
	if err == nil && n != 1 {
		return gone
	}
	if err != nil {
		return err
	}
	was.MergedInto = to
	return tx.UpdateInteraction(was)
}

// Merged is the interaction in which an email goes on: itself, if it was merged into none.
func (tx *Tx) Merged(interactionID string) (InteractionRow, error) {
	way, err := tx.WentOn(interactionID)
	if err != nil {
		return InteractionRow{}, err
	}
	return way[len(way)-1], nil
}

// WentOn are an interaction and those in which its email went on, the last one last.
func (tx *Tx) WentOn(interactionID string) (way []InteractionRow, err error) {
	for range mostMerges {
		i, err := tx.Interaction(interactionID)
		if err != nil {
			return nil, err
		}
		if way = append(way, i); i.MergedInto == "" {
			break
		}
		interactionID = i.MergedInto
	}
	return way, nil
}

// GoesOn says whether an interaction is open, or its email goes on in one that is.
func (tx *Tx) GoesOn(i InteractionRow) (bool, error) {
	if i.ClosedAt.IsZero() || i.MergedInto == "" {
		return i.ClosedAt.IsZero(), nil
	}
	on, err := tx.Merged(i.ID)
	if errs.Is(err, errs.NotFound) { // that was erased
		return false, nil
	}
	return err == nil && on.ClosedAt.IsZero(), err
}

// mostMerges is how far one merged into the other is followed: more than the floor
// makes.
const mostMerges = 100

// MoveEmail notes where a message is now.
func (tx *Tx) MoveEmail(e EmailRow) error {
	n, err := tx.exec(`UPDATE emails SET folder = $3, validity = $4, uid = $5 WHERE tenant_id = $1 AND interaction_id = $2`,
		string(tx.scope.Tenant), e.InteractionID, e.Folder, e.Validity, e.UID)
	return must("message", n, err)
}

// EmailDone notes that the provider was told.
func (tx *Tx) EmailDone(interactionID string, now time.Time) error {
	n, err := tx.exec(`UPDATE emails SET done_at = $3 WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID, us(now))
	return must("message", n, err)
}

// EmailSendRow is an answer that was begun.
type EmailSendRow struct {
	InteractionID string
	ClientID      string // the sender's own id of it
	UserID        string
	Kind          string // "": an answer; forward
	State         string // held, sending, sent, failed, unsure, undone
	Reason        string // why it failed
	BegunAt       time.Time
	EndedAt       time.Time
	Message       []byte   // a keyed digest of its id
	Reached       []string // interactions that went on in this one and whose senders it reaches
	// What a mail server reported afterwards: "", delayed or failed; the code of RFC 3463;
	// the report's identity.
	Delivery       string
	DeliveryStatus string
	ReportedAt     time.Time
	Report         []byte
}

const emailSendColumns = "interaction_id, client_id, user_id, kind, state, reason, begun_at, ended_at, message, reached, delivery, delivery_status, reported_at, report"

func scanEmailSend(r row, s *EmailSendRow) error {
	return r.Scan(&s.InteractionID, &s.ClientID, &s.UserID, &s.Kind, &s.State, &s.Reason, at(&s.BegunAt), at(&s.EndedAt), bin(&s.Message), fromJSON(&s.Reached), &s.Delivery, &s.DeliveryStatus, at(&s.ReportedAt), bin(&s.Report))
}

// BeginEmailSend notes that an answer is being sent; Conflict if that one was begun
// before.
func (tx *Tx) BeginEmailSend(s EmailSendRow) error {
	_, err := tx.exec(`INSERT INTO email_sends (tenant_id, `+emailSendColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		string(tx.scope.Tenant), s.InteractionID, s.ClientID, s.UserID, s.Kind, s.State, s.Reason, us(s.BegunAt), us(s.EndedAt), raw(s.Message), jsonList(s.Reached), s.Delivery, s.DeliveryStatus, us(s.ReportedAt), raw(s.Report))
	return err
}

// EndEmailSend notes what became of an answer.
func (tx *Tx) EndEmailSend(s EmailSendRow) error {
	n, err := tx.exec(`UPDATE email_sends SET state = $4, reason = $5, ended_at = $6 WHERE tenant_id = $1 AND interaction_id = $2 AND client_id = $3`,
		string(tx.scope.Tenant), s.InteractionID, s.ClientID, s.State, s.Reason, us(s.EndedAt))
	return must("answer", n, err)
}

// ChangeEmailSend makes an answer what to says, if it is still as from says; else nothing
// is changed, and false is answered: somebody was faster. What was reported of what was
// sent before under its id is forgotten.
func (tx *Tx) ChangeEmailSend(from, to EmailSendRow) (bool, error) {
	n, err := tx.exec(`UPDATE email_sends SET user_id = $4, state = $5, reason = $6, begun_at = $7, ended_at = $8, message = $11, kind = $13, reached = $14, delivery = '', delivery_status = '', reported_at = 0, report = $12
		WHERE tenant_id = $1 AND interaction_id = $2 AND client_id = $3 AND state = $9 AND begun_at = $10`,
		string(tx.scope.Tenant), from.InteractionID, from.ClientID, to.UserID, to.State, to.Reason, us(to.BegunAt), us(to.EndedAt), from.State, us(from.BegunAt), raw(to.Message), []byte{}, to.Kind, jsonList(to.Reached))
	return n == 1, err
}

// EmailSent is the answer with a digest of its id.
func (tx *Tx) EmailSent(message []byte) (EmailSendRow, error) {
	return get(tx, "answer", scanEmailSend, `SELECT `+emailSendColumns+` FROM email_sends WHERE tenant_id = $1 AND message = $2`, string(tx.scope.Tenant), raw(message))
}

// ReportEmailSend notes what a mail server reported of an answer.
func (tx *Tx) ReportEmailSend(s EmailSendRow) error {
	n, err := tx.exec(`UPDATE email_sends SET delivery = $4, delivery_status = $5, reported_at = $6, report = $7 WHERE tenant_id = $1 AND interaction_id = $2 AND client_id = $3`,
		string(tx.scope.Tenant), s.InteractionID, s.ClientID, s.Delivery, s.DeliveryStatus, us(s.ReportedAt), raw(s.Report))
	return must("answer", n, err)
}

// EmailSends are the answers of an interaction, the first begun first.
func (tx *Tx) EmailSends(interactionID string) ([]EmailSendRow, error) {
	return list(tx, scanEmailSend, `SELECT `+emailSendColumns+` FROM email_sends WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY begun_at, client_id`,
		string(tx.scope.Tenant), interactionID)
}

// AcknowledgementRow says that the receipt of an email was acknowledged to its sender.
type AcknowledgementRow struct {
	Sender        []byte // a keyed digest
	InteractionID string
	SentAt        time.Time
}

const acknowledgementColumns = "sender, interaction_id, sent_at"

func scanAcknowledgement(r row, a *AcknowledgementRow) error {
	return r.Scan(bin(&a.Sender), &a.InteractionID, at(&a.SentAt))
}

// ClaimAcknowledgement notes that a sender is written to now; false if it was at or
// after since.
func (tx *Tx) ClaimAcknowledgement(a AcknowledgementRow, since time.Time) (claimed bool, err error) {
	n, err := tx.exec(`INSERT INTO email_acknowledgements (tenant_id, `+acknowledgementColumns+`) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id, sender) DO UPDATE SET interaction_id = excluded.interaction_id, sent_at = excluded.sent_at WHERE email_acknowledgements.sent_at < $5`,
		string(tx.scope.Tenant), raw(a.Sender), a.InteractionID, us(a.SentAt), us(since))
	return n > 0, err
}

// CountAcknowledgements says how many were sent for messages of a mailbox since a time.
func (tx *Tx) CountAcknowledgements(mailboxID string, since time.Time) (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM email_acknowledgements JOIN emails ON emails.tenant_id = email_acknowledgements.tenant_id AND emails.interaction_id = email_acknowledgements.interaction_id
		WHERE email_acknowledgements.tenant_id = $1 AND email_acknowledgements.sent_at >= $2 AND emails.mailbox_id = $3`, []any{string(tx.scope.Tenant), us(since), mailboxID}, &n)
	return n, err
}

// Acknowledgement is the last one to a sender.
func (tx *Tx) Acknowledgement(sender []byte) (AcknowledgementRow, error) {
	return get(tx, "acknowledgement", scanAcknowledgement, `SELECT `+acknowledgementColumns+` FROM email_acknowledgements WHERE tenant_id = $1 AND sender = $2`,
		string(tx.scope.Tenant), raw(sender))
}

// AcknowledgementOf is when the receipt of an interaction's email was acknowledged, as
// long as that is remembered.
func (tx *Tx) AcknowledgementOf(interactionID string) (AcknowledgementRow, error) {
	return get(tx, "acknowledgement", scanAcknowledgement, `SELECT `+acknowledgementColumns+` FROM email_acknowledgements WHERE tenant_id = $1 AND interaction_id = $2`,
		string(tx.scope.Tenant), interactionID)
}

// ReleaseAcknowledgement forgets one that could not be sent.
func (tx *Tx) ReleaseAcknowledgement(a AcknowledgementRow) error {
	_, err := tx.exec(`DELETE FROM email_acknowledgements WHERE tenant_id = $1 AND sender = $2 AND interaction_id = $3`, string(tx.scope.Tenant), raw(a.Sender), a.InteractionID)
	return err
}

// DeleteAcknowledgements forgets those before a time.
func (tx *Tx) DeleteAcknowledgements(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM email_acknowledgements WHERE tenant_id = $1 AND sent_at < $2`, string(tx.scope.Tenant), us(before))
}
