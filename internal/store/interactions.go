package store

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/acd"
)

// InteractionRow is one piece of work from arrival to close.
type InteractionRow struct {
	ID              string
	Channel         string
	EntryPointID    string
	FlowID          string
	FlowVersion     int64
	FlowSealed      secret.Sealed // where its flow stands
	ContactID       string
	NameSealed      secret.Sealed // display name of the person's choice
	State           string
	CloseReason     string
	QueueID         string
	AgentID         string // who holds it, is offered it, or held it last
	PreferredID     string
	OnlyPreferred   bool
	Priority        int
	Needs           []acd.SkillNeed
	Wants           []acd.SkillNeed // preferred skills
	Language        string
	DispositionID   string
	Labels          []string
	Rating          int // 1-5; 0 if none
	LeftMessage     bool
	Consulted       []string       // colleagues asked for help
	Refused         map[string]int // who declined or missed it since it last was queued, and until when it is kept from them (microseconds)
	Front           bool           // it waits before all others of its queue
	Extended        bool           // its wrap-up was extended once
	ArrivedAt       time.Time
	QueuedAt        time.Time
	Place           time.Time // its place in the queue
	EnteredAt       time.Time // when it came to its queue
	OfferedAt       time.Time
	AnsweredAt      time.Time
	WrapFrom        time.Time
	WrapUntil       time.Time
	LeftAt          time.Time // when the person left
	ClosedAt        time.Time
	ErasedAt        time.Time // when retention erased its conversation
	Outgoing        bool      // an agent began it
	Masked          bool      // its flow waits for an answer that nobody may see
	Outside         bool      // its call was handed over to an outside number
	Apart           bool      // its person is in a secure flow, apart from its agent
	Slot            string    // where it is parked; "": it is not
	ParkedBy        string    // the user who parked it, until somebody has it again
	ParkedPhone     string    // the phone by which it was parked, if it was by one
	ParkedAt        time.Time
	Talk            string        // whether it is spoken, too (core/talk)
	Mailbox         string        // the user for whom a message by voice is taken
	Callback        bool          // its person wants to be called back
	Attempts        int           // calls back that reached nobody
	ReachSealed     secret.Sealed // the number for that, where it is not the one that called
	RejectedFor     string        // the reason for which an email was rejected
	RejectedVersion int64         // … at which version of it
	CampaignID      string        // the campaign in which its agent called
	MergedInto      string        // the interaction in which an email goes on that was merged into it
	Version         int64
}

const interactionColumns = `interaction_id, channel, entry_point_id, flow_id, flow_version, flow_sealed, contact_id, name_sealed, state, close_reason, queue_id, agent_id,
	preferred_id, only_preferred, priority, needs, language, disposition_id, labels, rating, left_message, consulted, front, extended, arrived_at, queued_at, place, offered_at, answered_at,
	wrap_from, wrap_until, left_at, closed_at, erased_at, refused, wants, entered_at, outgoing, masked, outside, talk, mailbox, callback, attempts, reach_sealed, apart, slot, parked_by, parked_phone, parked_at, rejected_for, rejected_version, merged_into, campaign_id, version`

func scanInteraction(r row, i *InteractionRow) error {
	return r.Scan(&i.ID, &i.Channel, &i.EntryPointID, &i.FlowID, &i.FlowVersion, sealed(&i.FlowSealed), &i.ContactID, sealed(&i.NameSealed), &i.State, &i.CloseReason,
		&i.QueueID, &i.AgentID, &i.PreferredID, yes(&i.OnlyPreferred), num(&i.Priority), fromJSON(&i.Needs), &i.Language, &i.DispositionID, fromJSON(&i.Labels),
		num(&i.Rating), yes(&i.LeftMessage), fromJSON(&i.Consulted), yes(&i.Front), yes(&i.Extended), at(&i.ArrivedAt), at(&i.QueuedAt), at(&i.Place), at(&i.OfferedAt), at(&i.AnsweredAt), at(&i.WrapFrom),
		at(&i.WrapUntil), at(&i.LeftAt), at(&i.ClosedAt), at(&i.ErasedAt), fromJSON(&i.Refused), fromJSON(&i.Wants), at(&i.EnteredAt), yes(&i.Outgoing), yes(&i.Masked), yes(&i.Outside), &i.Talk, &i.Mailbox, yes(&i.Callback), num(&i.Attempts), sealed(&i.ReachSealed), yes(&i.Apart), &i.Slot, &i.ParkedBy, &i.ParkedPhone, at(&i.ParkedAt), &i.RejectedFor, &i.RejectedVersion, &i.MergedInto, &i.CampaignID, &i.Version)
}

// InsertInteraction adds an interaction, at version 1. For one that is closed already
// ConversationClosed is for who adds it, once its conversation is there.
func (tx *Tx) InsertInteraction(i InteractionRow) error {
	_, err := tx.exec(`INSERT INTO interactions (tenant_id, `+interactionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, 1)`,
		string(tx.scope.Tenant), i.ID, i.Channel, i.EntryPointID, i.FlowID, i.FlowVersion, raw(i.FlowSealed), i.ContactID, raw(i.NameSealed), i.State, i.CloseReason,
		i.QueueID, i.AgentID, i.PreferredID, bit(i.OnlyPreferred), i.Priority, jsonList(i.Needs), i.Language, i.DispositionID, jsonList(i.Labels), i.Rating,
		bit(i.LeftMessage), jsonList(i.Consulted), bit(i.Front), bit(i.Extended), us(i.ArrivedAt), us(i.QueuedAt), us(i.Place), us(i.OfferedAt), us(i.AnsweredAt), us(i.WrapFrom), us(i.WrapUntil),
		us(i.LeftAt), us(i.ClosedAt), us(i.ErasedAt), jsonMap(i.Refused), jsonList(i.Wants), us(i.EnteredAt), bit(i.Outgoing), bit(i.Masked), bit(i.Outside), i.Talk, i.Mailbox, bit(i.Callback), i.Attempts, raw(i.ReachSealed), bit(i.Apart), i.Slot, i.ParkedBy, i.ParkedPhone, us(i.ParkedAt), i.RejectedFor, i.RejectedVersion, i.MergedInto, i.CampaignID)
	return err
}

// interactionChanges are the columns that change, in the order of changing: the lists
// first.
var interactionChanges = strings.Fields(`needs wants labels consulted refused
	flow_id flow_version flow_sealed name_sealed state close_reason queue_id agent_id preferred_id only_preferred priority language disposition_id rating left_message
	queued_at place offered_at answered_at wrap_from wrap_until left_at closed_at erased_at front extended entered_at masked outside talk callback attempts reach_sealed apart
	slot parked_by parked_phone parked_at rejected_for rejected_version merged_into`)

// interactionLists is how many of them are lists.
const interactionLists = 5

func (i InteractionRow) changing() []any {
	return []any{jsonList(i.Needs), jsonList(i.Wants), jsonList(i.Labels), jsonList(i.Consulted), jsonMap(i.Refused),
		i.FlowID, i.FlowVersion, raw(i.FlowSealed), raw(i.NameSealed), i.State, i.CloseReason, i.QueueID, i.AgentID, i.PreferredID, bit(i.OnlyPreferred), i.Priority, i.Language, i.DispositionID, i.Rating, bit(i.LeftMessage),
		us(i.QueuedAt), us(i.Place), us(i.OfferedAt), us(i.AnsweredAt), us(i.WrapFrom), us(i.WrapUntil), us(i.LeftAt), us(i.ClosedAt), us(i.ErasedAt), bit(i.Front), bit(i.Extended), us(i.EnteredAt), bit(i.Masked), bit(i.Outside), i.Talk, bit(i.Callback), i.Attempts, raw(i.ReachSealed), bit(i.Apart),
		i.Slot, i.ParkedBy, i.ParkedPhone, us(i.ParkedAt), i.RejectedFor, i.RejectedVersion, i.MergedInto}
}

// UpdateInteraction changes an interaction if its version still is i.Version.
// Channel, entry point, mailbox, campaign, contact and arrival never change. Closing it lets
// the words of its conversation enter the search index.
func (tx *Tx) UpdateInteraction(i InteractionRow) error {
	return tx.updateInteraction(i, interactionChanges, i.changing())
}

// ChangeInteraction is UpdateInteraction for who knows how it is stored at that version:
// only what differs is written, and only the indexes over that. Lists are written always,
// because theirs may be shared with was.
func (tx *Tx) ChangeInteraction(was, i InteractionRow) error {
	columns, values := slices.Clone(interactionChanges[:interactionLists]), i.changing()
	some := slices.Clone(values[:interactionLists])
	for n, before := range was.changing() {
		if n >= interactionLists && !sameValue(before, values[n]) {
			columns, some = append(columns, interactionChanges[n]), append(some, values[n])
		}
	}
	return tx.updateInteraction(i, columns, some)
}

// sameValue compares two values of one column.
func sameValue(a, b any) bool {
	if x, ok := a.([]byte); ok {
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	}
	return a == b
}

func (tx *Tx) updateInteraction(i InteractionRow, columns []string, values []any) error {
	args := append(make([]any, 0, 3+len(values)), string(tx.scope.Tenant), i.ID, i.Version)
	var sql strings.Builder
	sql.WriteString(`UPDATE interactions SET `)
	for n, column := range columns {
		sql.WriteString(column + ` = $` + strconv.Itoa(len(args)+n+1) + `, `)
	}
	sql.WriteString(`version = version + 1 WHERE tenant_id = $1 AND interaction_id = $2 AND version = $3`)
	n, err := tx.exec(sql.String(), append(args, values...)...)
	if err := tx.swapped("interaction", n, err, `SELECT version FROM interactions WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), i.ID); err != nil {
		return err
	}
	if i.ClosedAt.IsZero() {
		return nil
	}
	return tx.ConversationClosed(i.ID)
}

// SetRating records the person's answer to the satisfaction question; the
// version stays, so that whoever holds the interaction is not in conflict.
func (tx *Tx) SetRating(interactionID string, rating int) error {
	n, err := tx.exec(`UPDATE interactions SET rating = $3 WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID, rating)
	return must("interaction", n, err)
}

// Interaction is an interaction by its id.
func (tx *Tx) Interaction(interactionID string) (InteractionRow, error) {
	return get(tx, "interaction", scanInteraction, `SELECT `+interactionColumns+` FROM interactions WHERE tenant_id = $1 AND interaction_id = $2`,
		string(tx.scope.Tenant), interactionID)
}

// Party is who takes part in an interaction, and in which state: what every
// message needs to know of it.
type Party struct {
	State     string
	AgentID   string
	ContactID string
	Consulted []string
	Masked    bool // what the person writes is for its flow alone
	Apart     bool // the person is in a secure flow: it writes nothing
}

// Party is who takes part in an interaction.
func (tx *Tx) Party(interactionID string) (Party, error) {
	return get(tx, "interaction", func(r row, p *Party) error {
		return r.Scan(&p.State, &p.AgentID, &p.ContactID, fromJSON(&p.Consulted), yes(&p.Masked), yes(&p.Apart))
	},
		`SELECT state, agent_id, contact_id, consulted, masked, apart FROM interactions WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID)
}

const openInteractions = `SELECT ` + interactionColumns + ` FROM interactions WHERE tenant_id = $1 AND closed_at = 0 ORDER BY arrived_at, interaction_id`

// OpenInteractions are all that are not closed, by arrival: what a floor is
// rebuilt from.
func (tx *Tx) OpenInteractions() ([]InteractionRow, error) {
	return list(tx, scanInteraction, openInteractions,
		string(tx.scope.Tenant))
}

// CountOpenInteractions says how many that are.
func (tx *Tx) CountOpenInteractions() (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM interactions WHERE tenant_id = $1 AND closed_at = 0`, []any{string(tx.scope.Tenant)}, &n)
	return n, err
}

// EachOpenInteraction is OpenInteractions for who need not hold all at once.
func (tx *Tx) EachOpenInteraction(fn func(InteractionRow) error) error {
	if err := tx.usable(false); err != nil {
		return err
	}
	return tx.walk(openInteractions,
		[]any{string(tx.scope.Tenant)}, func(r row) error {
			var i InteractionRow
			if err := scanInteraction(r, &i); err != nil {
				return err
			}
			return fn(i)
		})
}

// InteractionsOf are at most limit interactions of a contact, newest first,
// those before the given one (zero Cursor: from the newest).
func (tx *Tx) InteractionsOf(contactID string, before Cursor, limit int) ([]InteractionRow, error) {
	before = before.orNewest()
	return list(tx, scanInteraction, `SELECT `+interactionColumns+` FROM interactions WHERE tenant_id = $1 AND contact_id = $2 AND (arrived_at, interaction_id) < ($3, $4)
		ORDER BY arrived_at DESC, interaction_id DESC LIMIT $5`, string(tx.scope.Tenant), contactID, us(before.At), before.ID, limit)
}

// LastAgent is who last answered a contact; "" for none.
func (tx *Tx) LastAgent(contactID string) (agent string, err error) {
	_, err = tx.one(`SELECT agent_id FROM interactions WHERE tenant_id = $1 AND contact_id = $2 AND answered_at > 0 AND agent_id <> ''
		ORDER BY arrived_at DESC, interaction_id DESC LIMIT 1`, []any{string(tx.scope.Tenant), contactID}, &agent)
	return agent, err
}

// ClosedInteractions are at most limit records closed before a time, the longest
// closed first: what retention removes.
func (tx *Tx) ClosedInteractions(before time.Time, limit int) ([]InteractionRow, error) {
	return list(tx, scanInteraction, `SELECT `+interactionColumns+` FROM interactions WHERE tenant_id = $1 AND closed_at > 0 AND closed_at < $2
		ORDER BY closed_at LIMIT $3`, string(tx.scope.Tenant), us(before), limit)
}

// ClosedConversations are at most limit interactions closed before a time whose
// conversation is still kept, the longest closed first.
func (tx *Tx) ClosedConversations(before time.Time, limit int) ([]InteractionRow, error) {
	return list(tx, scanInteraction, `SELECT `+interactionColumns+` FROM interactions WHERE tenant_id = $1 AND closed_at > 0 AND erased_at = 0 AND closed_at < $2
		ORDER BY closed_at LIMIT $3`, string(tx.scope.Tenant), us(before), limit)
}
