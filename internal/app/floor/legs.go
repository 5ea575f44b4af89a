package floor

import (
	"context"
	"time"

	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Leg is one end's part in a call, as screens see it: without its number.
type Leg struct {
	ID         string    `json:"id"`
	Part       string    `json:"part" enum:"caller,callee,agent,colleague,supervisor,outside" doc:"callee: who was called. outside: a number that the agent or the flow called for the caller."`
	User       string    `json:"user,omitempty"`
	Way        string    `json:"way" enum:"browser,trunk,phone"`
	Trunk      string    `json:"trunk,omitempty" doc:"Id of the trunk."`
	Suite      string    `json:"suite,omitempty" doc:"Of SRTP, by a trunk or a phone; empty there is sound in the clear. A browser's is always encrypted."`
	StartedAt  time.Time `json:"started_at"`
	AnsweredAt time.Time `json:"answered_at,omitzero" doc:"Absent: never."`
	EndedAt    time.Time `json:"ended_at,omitzero" doc:"Absent: it runs."`
	EndedBy    string    `json:"ended_by,omitempty" doc:"them, us, lost, restart."`
	SIPCode    int       `json:"sip_code,omitempty" doc:"RFC 3261."`
	Q850       int       `json:"q850,omitempty" doc:"Cause by ITU-T Q.850."`
	Lost       int       `json:"lost_ppm" doc:"Of a million packets that should have come, in the worse direction."`
	Jitter     int       `json:"jitter_us" doc:"Microseconds, in the worse direction."`
	RoundTrip  int       `json:"round_trip_us,omitempty" doc:"Microseconds."`
	MOS        float64   `json:"mos,omitempty" doc:"Estimate of the mean opinion score, 1 to 5, of the worse direction."`
}

// Legs are the ends of a call in the order in which they began; none of what is
// no call. Work has been asked. Supervisors who took part are told only to who
// could have done so: whether that is announced is the tenant's rule.
func (m *Manager) Legs(ctx context.Context, a access.Actor, interaction string) ([]Leg, error) {
	var out []Leg
	err := m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.Legs(interaction)
		out = nil
		for _, r := range rows {
			if legShown(a, r) {
				out = append(out, legOf(r))
			}
		}
		return err
	})
	return out, err
}

// legShown says whether an actor may know of a leg.
func legShown(a access.Actor, r store.LegRow) bool {
	return r.Part != "supervisor" || access.Reach(a, access.FloorManage) != access.None
}

func legOf(r store.LegRow) Leg {
	return Leg{ID: r.ID, Part: r.Part, User: r.UserID, Way: r.Way, Trunk: r.TrunkID, Suite: r.Suite, StartedAt: r.StartedAt, AnsweredAt: r.AnsweredAt, EndedAt: r.EndedAt,
		EndedBy: r.EndedBy, SIPCode: r.SIPCode, Q850: r.Q850, Lost: r.Lost, Jitter: r.Jitter, RoundTrip: r.RoundTrip, MOS: float64(r.MOS) / 100}
}
