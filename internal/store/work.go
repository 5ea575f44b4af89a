package store

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// SegmentRow is the part of an interaction that one flow, queue or agent held.
type SegmentRow struct {
	InteractionID string
	Number        int64  // 1 is the first
	HolderKind    string // flow, queue, agent
	HolderID      string
	StartedAt     time.Time
	EndedAt       time.Time // zero while it runs
	Cause         string    // why it ended
}

const segmentColumns = "interaction_id, number, holder_kind, holder_id, started_at, ended_at, cause"

func scanSegment(r row, s *SegmentRow) error {
	return r.Scan(&s.InteractionID, &s.Number, &s.HolderKind, &s.HolderID, at(&s.StartedAt), at(&s.EndedAt), &s.Cause)
}

// PutSegments adds segments, or ends those with the same number; of one that is
// there twice the later holds.
func (tx *Tx) PutSegments(list []SegmentRow) error {
	type key struct {
		interaction string
		number      int64
	}
	place := map[key]int{}
	var rows []SegmentRow
	for _, s := range list {
		k := key{s.InteractionID, s.Number}
		if i, twice := place[k]; twice {
			rows[i] = s
			continue
		}
		place[k] = len(rows)
		rows = append(rows, s)
	}
	for some := range slices.Chunk(rows, rowsAtOnce) {
		args := make([]any, 1, 7*len(some)+1)
		args[0] = string(tx.scope.Tenant)
		for _, s := range some {
			args = append(args, s.InteractionID, s.Number, s.HolderKind, s.HolderID, us(s.StartedAt), us(s.EndedAt), s.Cause)
		}
		if _, err := tx.exec(segmentTexts()[len(some)], args...); err != nil {
			return err
		}
	}
	return nil
}

var segmentTexts = sync.OnceValue(func() []string {
	return rowTexts("INSERT INTO segments (tenant_id, "+segmentColumns+") VALUES ", func(i int) string {
		n := 7*i + 2
		return fmt.Sprintf("($1, $%d, $%d, $%d, $%d, $%d, $%d, $%d)", n, n+1, n+2, n+3, n+4, n+5, n+6)
	}, " ON CONFLICT (tenant_id, interaction_id, number) DO UPDATE SET ended_at = excluded.ended_at, cause = excluded.cause")
})

// PutSegment is PutSegments of one.
func (tx *Tx) PutSegment(s SegmentRow) error { return tx.PutSegments([]SegmentRow{s}) }

// Segments are an interaction's segments in order.
func (tx *Tx) Segments(interactionID string) ([]SegmentRow, error) {
	return list(tx, scanSegment, `SELECT `+segmentColumns+` FROM segments WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY number`, string(tx.scope.Tenant), interactionID)
}

// EachOpenSegment goes over the segments that run. Kind by kind and with a range,
// SQLite takes segments_ended; else it would walk over all of the tenant's.
func (tx *Tx) EachOpenSegment(fn func(SegmentRow) error) error {
	if err := tx.usable(false); err != nil {
		return err
	}
	for _, kind := range []string{"flow", "queue", "agent"} {
		err := tx.walk(`SELECT `+segmentColumns+` FROM segments WHERE tenant_id = $1 AND holder_kind = $2 AND ended_at BETWEEN 0 AND 0`,
			[]any{string(tx.scope.Tenant), kind}, func(r row) error {
				var s SegmentRow
				if err := scanSegment(r, &s); err != nil {
					return err
				}
				return fn(s)
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// OfferRow is an interaction shown to one agent.
type OfferRow struct {
	ID            string
	InteractionID string
	UserID        string
	QueueID       string
	OfferedAt     time.Time
	Deadline      time.Time
	EndedAt       time.Time // zero while it is pending
	Outcome       string
}

const offerColumns = "offer_id, interaction_id, user_id, queue_id, offered_at, deadline, ended_at, outcome"

func scanOffer(r row, o *OfferRow) error {
	return r.Scan(&o.ID, &o.InteractionID, &o.UserID, &o.QueueID, at(&o.OfferedAt), at(&o.Deadline), at(&o.EndedAt), &o.Outcome)
}

// InsertOffer adds an offer. A second pending one for the same interaction is
// Conflict: never two agents for one interaction.
func (tx *Tx) InsertOffer(o OfferRow) error {
	_, err := tx.exec(`INSERT INTO offers (tenant_id, `+offerColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(tx.scope.Tenant), o.ID, o.InteractionID, o.UserID, o.QueueID, us(o.OfferedAt), us(o.Deadline), us(o.EndedAt), o.Outcome)
	return err
}

// EndOffer ends a pending offer; Conflict if it has ended already.
func (tx *Tx) EndOffer(offerID, outcome string, now time.Time) error {
	n, err := tx.exec(`UPDATE offers SET ended_at = $3, outcome = $4 WHERE tenant_id = $1 AND offer_id = $2 AND ended_at = 0`, string(tx.scope.Tenant), offerID, us(now), outcome)
	return tx.swapped("offer", n, err, `SELECT ended_at FROM offers WHERE tenant_id = $1 AND offer_id = $2`, string(tx.scope.Tenant), offerID)
}

// Offer is an offer by its id.
func (tx *Tx) Offer(offerID string) (OfferRow, error) {
	return get(tx, "offer", scanOffer, `SELECT `+offerColumns+` FROM offers WHERE tenant_id = $1 AND offer_id = $2`, string(tx.scope.Tenant), offerID)
}

// PendingOffers are the tenant's offers that have not ended, by interaction.
func (tx *Tx) PendingOffers() ([]OfferRow, error) {
	return list(tx, scanOffer, `SELECT `+offerColumns+` FROM offers WHERE tenant_id = $1 AND ended_at = 0 ORDER BY interaction_id`, string(tx.scope.Tenant))
}

// OffersOf are an interaction's offers in order.
func (tx *Tx) OffersOf(interactionID string) ([]OfferRow, error) {
	return list(tx, scanOffer, `SELECT `+offerColumns+` FROM offers WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY offered_at, offer_id`,
		string(tx.scope.Tenant), interactionID)
}

// AgentRow is where an agent stands now.
type AgentRow struct {
	UserID    string
	Presence  string
	ReasonID  string
	Since     time.Time
	IdleSince time.Time
	Missed    int       // offers missed in a row
	LastOffer time.Time // when it was last offered work
}

const agentColumns = "user_id, presence, reason_id, since, idle_since, missed, last_offer"

func scanAgent(r row, a *AgentRow) error {
	return r.Scan(&a.UserID, &a.Presence, &a.ReasonID, at(&a.Since), at(&a.IdleSince), num(&a.Missed), at(&a.LastOffer))
}

// PutAgent stores where an agent stands. When the presence or its reason
// changed, the agent's history gets a new state.
func (tx *Tx) PutAgent(a AgentRow) error {
	t := string(tx.scope.Tenant)
	var presence, reason string
	known, err := tx.one(`SELECT presence, reason_id FROM agents WHERE tenant_id = $1 AND user_id = $2 /*pg FOR UPDATE pg*/`, []any{t, a.UserID}, &presence, &reason)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT INTO agents (tenant_id, `+agentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant_id, user_id) DO UPDATE SET presence = excluded.presence, reason_id = excluded.reason_id, since = excluded.since,
		idle_since = excluded.idle_since, missed = excluded.missed, last_offer = excluded.last_offer`,
		t, a.UserID, a.Presence, a.ReasonID, us(a.Since), us(a.IdleSince), a.Missed, us(a.LastOffer)); err != nil {
		return err
	}
	if known && presence == a.Presence && reason == a.ReasonID {
		return nil
	}
	return tx.addAgentState(AgentStateRow{UserID: a.UserID, Since: a.Since, Presence: a.Presence, ReasonID: a.ReasonID})
}

// Agent is where one agent stands.
func (tx *Tx) Agent(userID string) (AgentRow, error) {
	return get(tx, "agent", scanAgent, `SELECT `+agentColumns+` FROM agents WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID)
}

// Agents are all agents that ever had a presence, by id.
func (tx *Tx) Agents() ([]AgentRow, error) {
	return list(tx, scanAgent, `SELECT `+agentColumns+` FROM agents WHERE tenant_id = $1 ORDER BY user_id`, string(tx.scope.Tenant))
}

// DeleteAgent forgets where an agent stands; its history stays.
func (tx *Tx) DeleteAgent(userID string) error {
	_, err := tx.exec(`DELETE FROM agents WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID)
	return err
}

// AgentStateRow is one span of an agent's day.
type AgentStateRow struct {
	UserID   string
	Since    time.Time
	Until    time.Time // zero while it lasts
	Presence string
	ReasonID string
}

const agentStateColumns = "user_id, since, until, presence, reason_id"

func scanAgentState(r row, a *AgentStateRow) error {
	return r.Scan(&a.UserID, at(&a.Since), at(&a.Until), &a.Presence, &a.ReasonID)
}

// addAgentState ends the running span and begins another. Two within one
// microsecond are one: the later counts.
func (tx *Tx) addAgentState(a AgentStateRow) error {
	t := string(tx.scope.Tenant)
	if _, err := tx.exec(`UPDATE agent_states SET until = CASE WHEN since < $3 THEN $3 ELSE since END WHERE tenant_id = $1 AND user_id = $2 AND until = 0`,
		t, a.UserID, us(a.Since)); err != nil {
		return err
	}
	_, err := tx.exec(`INSERT INTO agent_states (tenant_id, `+agentStateColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, user_id, since) DO UPDATE SET until = 0, presence = excluded.presence, reason_id = excluded.reason_id`,
		t, a.UserID, us(a.Since), us(a.Until), a.Presence, a.ReasonID)
	return err
}

// AgentStates are an agent's spans that touch a time range, in order.
func (tx *Tx) AgentStates(userID string, from, to time.Time) ([]AgentStateRow, error) {
	return list(tx, scanAgentState, `SELECT `+agentStateColumns+` FROM agent_states WHERE tenant_id = $1 AND user_id = $2 AND since < $4 AND (until = 0 OR until > $3)
		ORDER BY since`, string(tx.scope.Tenant), userID, us(from), us(to))
}

// DeleteAgentStates removes spans that ended before a time.
func (tx *Tx) DeleteAgentStates(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM agent_states WHERE tenant_id = $1 AND until > 0 AND until < $2`, string(tx.scope.Tenant), us(before))
}
