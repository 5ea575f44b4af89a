package store

import (
	"time"

	"nubitalk/internal/base/secret"
)

// LegRow is one party's part in a call.
type LegRow struct {
	ID            string
	InteractionID string
	Part          string        // caller, callee, agent, outside, …
	UserID        string        // "" for the tenant's customer
	Way           string        // browser, trunk, phone
	TrunkID       string        // "" but for a trunk's
	Suite         string        // of SRTP; "" is plain RTP, or a browser's DTLS-SRTP
	AddressSealed secret.Sealed // the number, under the contact's key
	StartedAt     time.Time
	AnsweredAt    time.Time     // zero: never
	EndedAt       time.Time     // zero while it runs
	EndedBy       string        // them, us, lost, …
	SIPCode, Q850 int           // 0: none was given
	Lost          int           // of a million packets that should have come
	Jitter        int           // microseconds
	RoundTrip     int           // microseconds; 0: unknown
	MOS           int           // hundredths; 0: unknown
	Counts        []string      // rules of the trunk under which its minutes count
	Stands        string        // of the tenant's customer: how the call stands while nobody changes it, as the channel notes it
	DialogSealed  secret.Sealed // to go on after a restart, under the contact's key; empty once it has ended
}

const legColumns = "leg_id, interaction_id, part, user_id, way, trunk_id, suite, address_sealed, started_at, answered_at, ended_at, ended_by, sip_code, q850, lost, jitter, round_trip, mos, counts, stands, dialog_sealed"

func scanLeg(r row, l *LegRow) error {
	return r.Scan(&l.ID, &l.InteractionID, &l.Part, &l.UserID, &l.Way, &l.TrunkID, &l.Suite, sealed(&l.AddressSealed), at(&l.StartedAt), at(&l.AnsweredAt), at(&l.EndedAt), &l.EndedBy,
		num(&l.SIPCode), num(&l.Q850), num(&l.Lost), num(&l.Jitter), num(&l.RoundTrip), num(&l.MOS), fromJSON(&l.Counts), &l.Stands, sealed(&l.DialogSealed))
}

// PutLeg stores a leg as it is now. What it began with does not change, and one
// that has ended stays as it is. A leg whose interaction is not there any more
// leaves nothing.
func (tx *Tx) PutLeg(l LegRow) error {
	_, err := tx.exec(`INSERT INTO call_legs (tenant_id, `+legColumns+`) SELECT $1, $2, i.interaction_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22
		FROM interactions i WHERE i.tenant_id = $1 AND i.interaction_id = $3
		ON CONFLICT (tenant_id, leg_id) DO UPDATE SET suite = excluded.suite, answered_at = excluded.answered_at, ended_at = excluded.ended_at, ended_by = excluded.ended_by,
		sip_code = excluded.sip_code, q850 = excluded.q850, lost = excluded.lost, jitter = excluded.jitter, round_trip = excluded.round_trip, mos = excluded.mos,
		stands = excluded.stands, dialog_sealed = excluded.dialog_sealed WHERE call_legs.ended_at = 0`,
		string(tx.scope.Tenant), l.ID, l.InteractionID, l.Part, l.UserID, l.Way, l.TrunkID, l.Suite, raw(l.AddressSealed), us(l.StartedAt), us(l.AnsweredAt), us(l.EndedAt), l.EndedBy,
		l.SIPCode, l.Q850, l.Lost, l.Jitter, l.RoundTrip, l.MOS, jsonList(l.Counts), l.Stands, raw(l.DialogSealed))
	return err
}

// Legs are an interaction's, in the order in which they began.
func (tx *Tx) Legs(interactionID string) ([]LegRow, error) {
	return list(tx, scanLeg, `SELECT `+legColumns+` FROM call_legs WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY started_at, leg_id`, string(tx.scope.Tenant), interactionID)
}

// OpenLegs are the tenant's legs that run.
func (tx *Tx) OpenLegs() ([]LegRow, error) {
	return list(tx, scanLeg, `SELECT `+legColumns+` FROM call_legs WHERE tenant_id = $1 AND ended_at BETWEEN 0 AND 0 ORDER BY interaction_id, leg_id`, string(tx.scope.Tenant))
}

// SpentRow is how long calls that left have lasted.
type SpentRow struct {
	TrunkID    string
	Counts     []string
	AnsweredAt time.Time
	EndedAt    time.Time // zero while it runs
}

// Spent are the calls that left since a time and were answered, those of phones
// among them.
func (tx *Tx) Spent(since time.Time) ([]SpentRow, error) {
	return list(tx, func(r row, s *SpentRow) error {
		return r.Scan(&s.TrunkID, fromJSON(&s.Counts), at(&s.AnsweredAt), at(&s.EndedAt))
	}, `SELECT trunk_id, counts, answered_at, ended_at FROM call_legs WHERE tenant_id = $1 AND started_at >= $2 AND part IN ('callee', 'outside') AND answered_at > 0
		UNION ALL SELECT trunk_id, counts, answered_at, ended_at FROM office_calls WHERE tenant_id = $1 AND started_at >= $2 ORDER BY answered_at, ended_at`,
		string(tx.scope.Tenant), us(since))
}
