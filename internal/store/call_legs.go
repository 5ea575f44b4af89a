package store

import (
	"time"
)

// CallLegRow is a leg with what its call was.
type CallLegRow struct {
	LegRow
	ContactID    string
	EntryPointID string
	QueueID      string
	AgentID      string // who held the call last
	Outgoing     bool
}

// LegFilter narrows a list of legs; its zero value finds all.
type LegFilter struct {
	Queue, Entry string    // of the call
	Agent        string    // who held the call last, or had a part in it
	Within, Also *Within   // who asks may know of calls of these only; nil: of all
	Outgoing     *bool     // calls that an agent made, or those that arrived
	From         time.Time // began then or later
	To           time.Time // began before
	After        Cursor    // rows after this one; zero: from the oldest
	Limit        int       // 0 means 50
}

// CallLegs finds legs, the oldest first.
func (tx *Tx) CallLegs(f LegFilter) ([]CallLegRow, error) {
	args := []any{string(tx.scope.Tenant)}
	bind := binder(&args)
	from := f.From
	if f.After.At.After(from) {
		from = f.After.At
	}
	sql := `SELECT l.leg_id, l.interaction_id, l.part, l.user_id, l.way, l.trunk_id, l.suite, l.address_sealed, l.started_at, l.answered_at, l.ended_at, l.ended_by, l.sip_code, l.q850,
		l.lost, l.jitter, l.round_trip, l.mos, i.contact_id, i.entry_point_id, i.queue_id, i.agent_id, i.outgoing
		FROM call_legs l JOIN interactions i ON i.tenant_id = $1 AND i.interaction_id = l.interaction_id WHERE l.tenant_id = $1 AND l.started_at >= ` + bind(us(from))
	if !f.To.IsZero() {
		sql += " AND l.started_at < " + bind(us(f.To))
	}
	if !f.After.At.IsZero() {
		sql += " AND (l.started_at, l.leg_id) > (" + bind(us(f.After.At)) + ", " + bind(f.After.ID) + ")"
	}
	if f.Queue != "" {
		sql += " AND i.queue_id = " + bind(f.Queue)
	}
	if f.Entry != "" {
		sql += " AND i.entry_point_id = " + bind(f.Entry)
	}
	if f.Outgoing != nil {
		sql += " AND i.outgoing = " + bind(bit(*f.Outgoing))
	}
	if f.Agent != "" {
		user := bind(f.Agent)
		sql += " AND (i.agent_id = " + user + " OR EXISTS (SELECT 1 FROM call_legs o WHERE o.tenant_id = $1 AND o.interaction_id = l.interaction_id AND o.user_id = " + user + "))"
	}
	sql += f.Within.interactions(bind, "i.queue_id", "i.agent_id", "i.campaign_id", "") + f.Also.interactions(bind, "i.queue_id", "i.agent_id", "i.campaign_id", "")
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return list(tx, func(r row, l *CallLegRow) error {
		return r.Scan(&l.ID, &l.InteractionID, &l.Part, &l.UserID, &l.Way, &l.TrunkID, &l.Suite, sealed(&l.AddressSealed), at(&l.StartedAt), at(&l.AnsweredAt), at(&l.EndedAt), &l.EndedBy,
			num(&l.SIPCode), num(&l.Q850), num(&l.Lost), num(&l.Jitter), num(&l.RoundTrip), num(&l.MOS), &l.ContactID, &l.EntryPointID, &l.QueueID, &l.AgentID, yes(&l.Outgoing))
	}, sql+" ORDER BY l.started_at, l.leg_id LIMIT "+bind(f.Limit), args...)
}
