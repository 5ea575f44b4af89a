package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// PhoneCall is a call that a phone made, or forwarded, and that left by a trunk and
// was answered.
type PhoneCall struct {
	ID         string     `json:"id"`
	Phone      string     `json:"phone"`
	User       string     `json:"user,omitempty" doc:"Whose phone it was then; absent: nobody's."`
	Trunk      string     `json:"trunk"`
	Number     string     `json:"number,omitempty" doc:"The last two digits of the number that was called; no more of it is kept. Absent for calls before that was so."`
	Emergency  bool       `json:"emergency,omitempty"`
	Forwarded  bool       `json:"forwarded,omitempty" doc:"It was not dialled at the phone: it came to its extension, whose calls are forwarded there."`
	StartedAt  time.Time  `json:"started_at"`
	AnsweredAt time.Time  `json:"answered_at"`
	EndedAt    *time.Time `json:"ended_at,omitempty" doc:"Absent while it runs."`
	Q850       int        `json:"q850,omitempty" doc:"Why it ended (ITU-T Q.850)."`
}

// PhoneCallSearch narrows a list of such calls; its zero value finds all.
type PhoneCallSearch struct {
	Phone, User, Cursor string
	Limit               int
}

// PhoneCalls are calls that phones made and that left by a trunk, the newest first.
func (m *Manager) PhoneCalls(ctx context.Context, a access.Actor, q PhoneCallSearch) (items []PhoneCall, next string, err error) {
	f := store.OfficeCallFilter{Within: store.WithinOf(a, access.CallExport), Phone: q.Phone, User: q.User, Limit: limitOf(q.Limit) + 1}
	if f.Before, err = store.ReadCursor(q.Cursor, id.Leg); err != nil {
		return nil, "", err
	}
	var rows []store.OfficeCallRow
	err = m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.OfficeCallsNewest(f)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if n := f.Limit - 1; len(rows) > n {
		rows = rows[:n]
		next = store.Cursor{At: rows[n-1].StartedAt, ID: rows[n-1].ID}.String()
	}
	for _, r := range rows {
		c := PhoneCall{ID: r.ID, Phone: r.PhoneID, User: r.UserID, Trunk: r.TrunkID, Number: r.Called, Emergency: r.Emergency, Forwarded: r.Forwarded, StartedAt: r.StartedAt, AnsweredAt: r.AnsweredAt, Q850: r.Q850}
		if !r.EndedAt.IsZero() {
			c.EndedAt = &r.EndedAt
		}
		items = append(items, c)
	}
	return items, next, nil
}
