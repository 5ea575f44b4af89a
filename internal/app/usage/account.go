package usage

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

// AccountLine is a line of an account: what one organisation used in a month.
type AccountLine struct {
	Organisation id.Tenant `json:"organisation"`
	Name         string    `json:"name"`
	Above        string    `json:"above" doc:"Name of the organisation right above it."`
	core.Month
}

// Order is by what lines are put in order.
type Order string

// Query says which lines of an account are looked for; what is empty does not matter.
type Query struct {
	Month   string    // as 2026-11
	Parent  id.Tenant // anywhere below this one, which is below the actor's own
	Find    string    // part of a name or a short name, however it is accented
	Order   Order     // name, or an amount's name; "": name
	Reverse bool      // by name from the end; by an amount the least first
}

// AccountPage is a page of an account.
type AccountPage struct {
	Items []AccountLine `json:"items" nullable:"false"`
	Next  string        `json:"next,omitempty" doc:"Pass as cursor for the next page; absent at the end."`
	Count int           `json:"count" doc:"How many tenants there are, on all pages."`
	Sum   core.Amounts  `json:"sum" doc:"Of all of them, on all pages."`
}

// amounts are those that lines are put in order by.
var amounts = map[Order]func(*core.Amounts) int64{
	"name":             nil,
	"agents":           func(a *core.Amounts) int64 { return a.Agents },
	"numbers":          func(a *core.Amounts) int64 { return a.Numbers },
	"storage_bytes":    func(a *core.Amounts) int64 { return a.StorageBytes },
	"voice":            func(a *core.Amounts) int64 { return a.Voice },
	"chat":             func(a *core.Amounts) int64 { return a.Chat },
	"email":            func(a *core.Amounts) int64 { return a.Email },
	"call_seconds_in":  func(a *core.Amounts) int64 { return a.CallSecondsIn },
	"call_seconds_out": func(a *core.Amounts) int64 { return a.CallSecondsOut },
	"recorded_seconds": func(a *core.Amounts) int64 { return a.RecordedSeconds },
}

// place is where a line stands in its order; as JSON it is a page's cursor.
type place struct {
	Amount int64     `json:"n,omitempty"`
	Name   string    `json:"s,omitempty"`
	ID     id.Tenant `json:"i"`
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(q.Amount, p.Amount), strings.Compare(p.Name, q.Name), strings.Compare(string(p.ID), string(q.ID)))
}

func (p place) cursor() string {
	text, _ := json.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(text)
}

func placeOf(cursor string) (p place, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		err = errs.Bad("query.cursor", "must be next of the page before")
	}
	return p, err
}

// Page gives the lines of a month that are looked for, a page of them in their order, and
// the sums of all.
func (s *Service) Page(ctx context.Context, a access.Actor, q Query, cursor string, limit int) (AccountPage, error) {
	out := AccountPage{Items: []AccountLine{}}
	if err := isMonth("query.month", q.Month); err != nil {
		return out, err
	}
	amount, known := amounts[cmp.Or(q.Order, "name")]
	if !known {
		return out, errs.Bad("query.order", "must be name or the name of an amount")
	}
	var after place
	if cursor != "" {
		var err error
		if after, err = placeOf(cursor); err != nil {
			return out, err
		}
	}
	type standing struct {
		place
		at int // among the lines
	}
	lines, words, err := s.lines(ctx, a, q)
	if err != nil {
		return out, err
	}
	way := 1
	if q.Reverse {
		way = -1
	}
	var all []standing
	for i := range lines {
		l := &lines[i]
		out.Count++
		out.Sum = out.Sum.Plus(l.Amounts)
		p := place{ID: l.Organisation, Name: words[i]}
		if amount != nil {
			p.Amount = amount(&l.Amounts)
		}
		if cursor == "" || way*p.compare(after) > 0 {
			all = append(all, standing{p, i})
		}
	}
	order.By(all, func(x, y standing) int { return way * x.compare(y.place) })
	if limit <= 0 {
		limit = 50
	}
	if limit = min(limit, 200); len(all) > limit {
		all = all[:limit]
		out.Next = all[limit-1].cursor()
	}
	for _, x := range all {
		out.Items = append(out.Items, lines[x.at])
	}
	return out, nil
}

// Account gives each organisation anywhere below the actor's own, resellers left
// out, with what it used in a month, as 2026-11; by age.
func (s *Service) Account(ctx context.Context, a access.Actor, month string, each func(AccountLine) error) error {
	err := isMonth("month", month)
	var lines []AccountLine
	if err == nil {
		lines, _, err = s.lines(ctx, a, Query{Month: month})
	}
	for i := range lines {
		if err == nil {
			err = each(lines[i])
		}
	}
	return err
}

func isMonth(path, month string) error {
	if _, err := time.Parse("2006-01", month); err != nil {
		return errs.Bad(path, "must be a month, such as 2026-11")
	}
	return nil
}

// lines are those that a query is about, by age, and by what their names are put in order.
// One row is read of each tenant.
func (s *Service) lines(ctx context.Context, a access.Actor, q Query) (lines []AccountLine, words []string, err error) {
	if access.Reach(a, access.OrgRead) < access.Below {
		return nil, nil, errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	err = s.db.SystemRead(ctx, func(tx *store.Tx) error {
		found, names, err := s.Lines.Below(tx, a.Tenant, store.LineQuery{Parent: q.Parent, Anywhere: true, Find: q.Find, Kind: "tenant"})
		if err != nil {
			return err
		}
		own, err := tx.OrganisationByID(a.Tenant)
		if err != nil {
			return err
		}
		names[own.ID] = own.Name
		rows, err := tx.UsageOfMonth(q.Month)
		if err != nil {
			return err
		}
		used := make(map[id.Tenant]core.Month, len(rows))
		for _, r := range rows {
			used[r.Tenant] = r.Month
		}
		lines, words = make([]AccountLine, 0, len(rows)), make([]string, 0, len(rows))
		for _, o := range found {
			if m, any := used[o.ID]; any {
				lines, words = append(lines, AccountLine{o.ID, o.Name, names[o.ParentID], m}), append(words, o.Order())
			}
		}
		return nil
	})
	return lines, words, err
}
