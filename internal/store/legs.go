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

// SpentRow is how long a call that left has lasted.
type SpentRow struct {
	ID         string // of the leg, or the phone's call
	TrunkID    string
	Counts     []string
	AnsweredAt time.Time
	EndedAt    time.Time // zero while it runs
	PaidUntil  time.Time // until when it has its minutes; zero where they are not bounded
}

// Spent are the calls that left in [from, to) and were answered, those of phones
// among them.
func (tx *Tx) Spent(from, to time.Time) ([]SpentRow, error) {
	return list(tx, func(r row, s *SpentRow) error {
		return r.Scan(&s.ID, &s.TrunkID, fromJSON(&s.Counts), at(&s.AnsweredAt), at(&s.EndedAt), at(&s.PaidUntil))
	}, `SELECT leg_id AS id, trunk_id, counts, answered_at, ended_at, paid_until FROM call_legs WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3 AND part IN ('callee', 'outside') AND answered_at > 0
		UNION ALL SELECT call_id, trunk_id, counts, answered_at, ended_at, paid_until FROM office_calls WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3 ORDER BY answered_at, id`,
		string(tx.scope.Tenant), us(from), us(to))
}

// LockMinutes makes everybody else who takes minutes for a call of the organisation's
// wait for the end of the transaction.
func (tx *Tx) LockMinutes() error {
	_, err := tx.exec(`UPDATE organisations SET version = version WHERE tenant_id = $1`, string(tx.scope.Tenant))
	return err
}

// PayMinutes notes until when a leg that runs, or a phone's call, has its minutes; noted
// is false where none is stored that runs. answered holds where no answer is noted yet.
func (tx *Tx) PayMinutes(id string, answered, until time.Time) (noted bool, err error) {
	n, err := tx.exec(`UPDATE call_legs SET paid_until = $3, answered_at = CASE answered_at WHEN 0 THEN $4 ELSE answered_at END WHERE tenant_id = $1 AND leg_id = $2 AND ended_at = 0`,
		string(tx.scope.Tenant), id, us(until), us(answered))
	if err == nil && n == 0 {
		n, err = tx.exec(`UPDATE office_calls SET paid_until = $3 WHERE tenant_id = $1 AND call_id = $2 AND ended_at = 0`, string(tx.scope.Tenant), id, us(until))
	}
	return n > 0, err
}
