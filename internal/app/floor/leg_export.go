package floor

import (
	"context"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// CallLeg is one end's part in a call, with what the call was.
type CallLeg struct {
	Interaction string `json:"interaction"`
	Direction   string `json:"direction" enum:"in,out" doc:"out: an agent made the call."`
	EntryPoint  string `json:"entry_point,omitempty"`
	Queue       string `json:"queue,omitempty"`
	Agent       string `json:"agent,omitempty" doc:"Who held the call last."`
	Leg
	// Number is masked unless somebody may see it and said why.
	Number string `json:"number,omitempty" doc:"Of the other end, by a trunk: its last two digits, or all of it where that was asked for. Absent: it is not known, or was erased."`
}

// LegSearch narrows a list of legs; its zero value finds all, with numbers masked.
type LegSearch struct {
	Queue, Agent, Entry string
	Direction           string // "in" or "out"
	From, To            time.Time
	Cursor              string
	Limit               int
	// Clear shows numbers, to who may see them; Reason says why.
	Clear  bool
	Reason string
}

// exportPage is how many legs are read at once.
const exportPage = 500

// leastReason is how many characters a reason has at least.
const leastReason = 5

func (q LegSearch) filter() (f store.LegFilter, err error) {
	f = store.LegFilter{Queue: q.Queue, Agent: q.Agent, Entry: q.Entry, From: q.From, To: q.To}
	if q.Direction != "" {
		out := q.Direction == "out"
		f.Outgoing = &out
	}
	f.After, err = store.ReadCursor(q.Cursor, id.Leg)
	return f, err
}

// CallLegs lists the ends of calls, the oldest first, with numbers masked.
func (m *Manager) CallLegs(ctx context.Context, a access.Actor, q LegSearch) (items []CallLeg, next string, err error) {
	f, err := q.filter()
	if err != nil {
		return nil, "", err
	}
	f.Within, f.Limit = store.WithinOf(a, access.CallExport), limitOf(q.Limit)+1
	rows, err := m.callLegs(ctx, a, f)
	if err != nil {
		return nil, "", err
	}
	if n := f.Limit - 1; len(rows) > n {
		rows = rows[:n]
		next = store.Cursor{At: rows[n-1].StartedAt, ID: rows[n-1].ID}.String()
	}
	for _, r := range rows {
		if l, shown, err := m.callLeg(ctx, a, r, false); err != nil {
			return nil, "", err
		} else if shown {
			items = append(items, l)
		}
	}
	return items, next, nil
}

// ExportLegs gives every leg that q finds to each, the oldest first. It is noted in
// the audit log before the first, with the reason where numbers are shown.
func (m *Manager) ExportLegs(ctx context.Context, a access.Actor, q LegSearch, each func(CallLeg) error) error {
	f, err := q.filter()
	if err != nil {
		return err
	}
	action, why := "call.exported", ""
	if q.Clear {
		action, why = "call.numbers_exported", strings.TrimSpace(q.Reason)
		if access.Reach(a, access.CallNumbers) == access.None {
			return errs.New(errs.Forbidden, "You are not allowed to see telephone numbers in an export.")
		}
		if len([]rune(why)) < leastReason {
			return errs.Bad("reason", "is missing; say why telephone numbers are needed")
		}
	}
	if m.Audit != nil {
		if err := m.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error { return m.Audit.Append(tx, a.User, action, "", why) }); err != nil {
			return err
		}
	}
	f.Within, f.Limit = store.WithinOf(a, access.CallExport), exportPage
	if q.Clear {
		f.Also = store.WithinOf(a, access.CallNumbers)
	}
	for {
		rows, err := m.callLegs(ctx, a, f)
		if err != nil {
			return err
		}
		for _, r := range rows {
			l, shown, err := m.callLeg(ctx, a, r, q.Clear)
			if err != nil {
				return err
			}
			if !shown {
				continue
			}
			if err := each(l); err != nil {
				return err
			}
		}
		if len(rows) < exportPage {
			return nil
		}
		last := rows[len(rows)-1]
		f.After = store.Cursor{At: last.StartedAt, ID: last.ID}
	}
}

func (m *Manager) callLegs(ctx context.Context, a access.Actor, f store.LegFilter) (rows []store.CallLegRow, err error) {
	err = m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.CallLegs(f)
		return err
	})
	return rows, err
}

// callLeg is a leg as the actor may see it; false: not at all.
func (m *Manager) callLeg(ctx context.Context, a access.Actor, r store.CallLegRow, clear bool) (CallLeg, bool, error) {
	if !legShown(a, r.LegRow) {
		return CallLeg{}, false, nil
	}
	l := CallLeg{Interaction: r.InteractionID, Direction: "in", EntryPoint: r.EntryPointID, Queue: r.QueueID, Agent: r.AgentID, Leg: legOf(r.LegRow)}
	if r.Outgoing {
		l.Direction = "out"
	}
	if len(r.AddressSealed) == 0 {
		return l, true, nil
	}
	number, err := m.Vault.OpenContact(ctx, a.Tenant, r.ContactID, "call_legs.address/"+r.ID, r.AddressSealed)
	switch {
	case errs.Is(err, errs.Gone) || errs.Is(err, errs.NotFound): // the person was erased
		return l, true, nil
	case err != nil:
		return CallLeg{}, false, err
	case clear:
		l.Number = string(number.Reveal())
	default:
		l.Number = privacy.LastDigits(string(number.Reveal()))
	}
	return l, true, nil
}
