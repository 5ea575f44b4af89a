package usage_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/usage"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

const res2 = id.Tenant("res_00000000000000000000000002")

// provider adds a reseller of the reseller, and so many tenants anywhere.
func (f *fixture) provider(tenants int) (all []id.Tenant) {
	must(f.t, f.db.System(f.t.Context(), func(tx *store.Tx) error {
		all = []id.Tenant{tenA, tenB}
		add := func(o store.OrganisationRow) error {
			o.Slug, o.Status, o.Language, o.TimeZone, o.CreatedAt, o.UpdatedAt = string(o.ID), "active", "en", "UTC", noon, noon
			return tx.InsertOrganisation(o)
		}
		if err := add(store.OrganisationRow{ID: res2, Kind: "reseller", ParentID: res, Name: "Norte"}); err != nil {
			return err
		}
		for i := range tenants {
			t := id.Tenant(fmt.Sprintf("ten_%026d", 100+i))
			all = append(all, t)
			// Some have the same name, and an accent is none.
			if err := add(store.OrganisationRow{ID: t, Kind: "tenant", ParentID: []id.Tenant{opr, res, res2}[i%3], Name: []string{"Água", "agua", "Loja", "Zé"}[i%4]}); err != nil {
				return err
			}
		}
		return nil
	}))
	return all
}

func (f *fixture) change(t id.Tenant, change func(*store.OrganisationRow)) {
	must(f.t, f.db.System(f.t.Context(), func(tx *store.Tx) error {
		o, err := tx.OrganisationByID(t)
		if err != nil {
			return err
		}
		change(&o)
		return tx.UpdateOrganisation(o)
	}))
}

// tree are the organisations anywhere below one, read one by one.
func (f *fixture) tree(t id.Tenant) (tree []store.OrganisationRow) {
	must(f.t, f.db.SystemRead(f.t.Context(), func(tx *store.Tx) (err error) { tree, err = tx.Under(t); return err }))
	return tree
}

// months are an organisation's, added up from its days.
func (f *fixture) months(t id.Tenant) map[string]core.Month {
	var days []core.Day
	must(f.t, f.db.Read(f.t.Context(), t, func(tx *store.Tx) error {
		rows, err := tx.UsageDays("", "9999")
		for _, r := range rows {
			days = append(days, core.Day{Day: r.Day, Amounts: r.Amounts})
		}
		return err
	}))
	out := map[string]core.Month{}
	for _, m := range core.Months(days) {
		out[m.Month] = m
	}
	return out
}

var orders = map[usage.Order]func(core.Amounts) int64{"": nil, "name": nil, "agents": func(a core.Amounts) int64 { return a.Agents }, "numbers": func(a core.Amounts) int64 { return a.Numbers },
	"storage_bytes": func(a core.Amounts) int64 { return a.StorageBytes }, "voice": func(a core.Amounts) int64 { return a.Voice }, "chat": func(a core.Amounts) int64 { return a.Chat },
	"email": func(a core.Amounts) int64 { return a.Email }, "call_seconds_in": func(a core.Amounts) int64 { return a.CallSecondsIn },
	"call_seconds_out": func(a core.Amounts) int64 { return a.CallSecondsOut }, "recorded_seconds": func(a core.Amounts) int64 { return a.RecordedSeconds }}

// Whatever was counted, moved, ended and forgotten: the lines, their order and pages and the
// sums above them are what the days of each organisation, read one by one, come to.
func TestSumsAreThoseOfTheDays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		all := f.provider(7)
		for seed := range uint64(3) {
			r := rand.New(rand.NewPCG(seed, 7))
			for step := range 25 {
				f.clock.Advance(time.Hour + time.Duration(r.IntN(40*24))*time.Hour)
				now := f.clock.Now()
				one := all[r.IntN(len(all))]
				switch r.IntN(6) {
				case 0:
					f.change(one, func(o *store.OrganisationRow) { o.ParentID = []id.Tenant{opr, res, res2}[r.IntN(3)] })
				case 1:
					f.change(one, func(o *store.OrganisationRow) { o.Status = []string{"closed", "active", "suspended"}[r.IntN(3)] })
				case 2:
					day, _, _ := core.Span(now.AddDate(0, 0, -r.IntN(900)))
					f.write(one, func(tx *store.Tx) error { _, err := tx.DeleteUsageDays(day); return err })
				case 3:
					day, _, _ := core.Span(now.AddDate(0, 0, -r.IntN(9)))
					f.write(one, func(tx *store.Tx) error { _, err := tx.DeleteUsageDaysAfter(day); return err })
				default:
					for _, one := range all {
						var rows []store.UsageDayRow
						for range r.IntN(6) {
							day, _, _ := core.Span(now.AddDate(0, 0, -r.IntN(60)))
							n := func() int64 { return r.Int64N(4) }
							rows = append(rows, store.UsageDayRow{Day: day, CountedAt: now, Amounts: core.Amounts{Agents: n(), Numbers: n(), StorageBytes: n(), Voice: n(), Chat: n(), Email: n(),
								CallSecondsIn: n(), CallSecondsOut: n(), RecordedSeconds: n()}})
						}
						f.write(one, func(tx *store.Tx) error { return tx.PutUsageDays(rows...) })
					}
				}
				f.compare(r, fmt.Sprintf("seed %d, step %d", seed, step))
				if t.Failed() {
					t.FailNow()
				}
			}
		}
	})
}

func (f *fixture) compare(r *rand.Rand, at string) {
	f.t.Helper()
	who := []id.Tenant{opr, res, res2}[r.IntN(3)]
	actor := actor(who, access.ResellerRole)
	if who == opr {
		actor.Roles = []access.Role{access.OperatorRole}
	}
	tree := f.tree(who)
	days := map[id.Tenant]map[string]core.Month{}
	names := map[id.Tenant]string{}
	sums := map[string]core.Amounts{}
	for _, o := range tree {
		days[o.ID], names[o.ID] = f.months(o.ID), o.Name
		for name, m := range days[o.ID] {
			sums[name] = sums[name].Plus(m.Amounts)
		}
	}

	// What those above are told of a year and more.
	own, err := f.Own(f.t.Context(), actor)
	must(f.t, err)
	this := f.clock.Now().Format("2006-01")
	first := time.Date(f.clock.Now().Year(), f.clock.Now().Month()-23, 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
	want := []core.Month{}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range sums {
			if name >= first && name <= this && !yield(name) {
				return
			}
		}
	}) {
		want = append(want, core.Month{Month: name, Amounts: sums[name]})
	}
	if d := gocmp.Diff(want, own.Months); d != "" {
		f.t.Errorf("%s: months of %s: %s", at, who, d)
	}

	// A page after the other, in some order.
	q := usage.Query{Month: f.clock.Now().AddDate(0, -r.IntN(3), 0).Format("2006-01"), Order: "name", Reverse: r.IntN(2) == 0}
	if r.IntN(3) == 0 {
		q.Find = "AGUA"
	}
	for o := range orders {
		if r.IntN(3) == 0 {
			q.Order = o
			break
		}
	}
	var lines []usage.AccountLine
	var sum core.Amounts
	for _, o := range tree {
		m, any := days[o.ID][q.Month]
		if o.Kind != "tenant" || !any || q.Find != "" && !strings.Contains("Água agua", o.Name) {
			continue
		}
		lines, sum = append(lines, usage.AccountLine{Organisation: o.ID, Name: o.Name, Above: names[o.ParentID], Month: m}), sum.Plus(m.Amounts)
	}
	slices.SortFunc(lines, func(a, b usage.AccountLine) int {
		by := 0
		if of := orders[q.Order]; of != nil {
			by = cmp.Compare(of(b.Amounts), of(a.Amounts))
		}
		plain := strings.NewReplacer("Á", "A", "é", "e")
		return cmp.Or(by, cmp.Compare(strings.ToLower(plain.Replace(a.Name)), strings.ToLower(plain.Replace(b.Name))), cmp.Compare(f.slug(tree, a), f.slug(tree, b)))
	})
	if q.Reverse {
		slices.Reverse(lines)
	}
	var got []usage.AccountLine
	for cursor := ""; ; {
		page, err := f.Page(f.t.Context(), actor, q, cursor, 1+r.IntN(3))
		must(f.t, err)
		if got = append(got, page.Items...); page.Count != len(lines) || page.Sum != sum {
			f.t.Errorf("%s: %+v: %d tenants and %+v, want %d and %+v", at, q, page.Count, page.Sum, len(lines), sum)
		}
		if cursor = page.Next; cursor == "" || len(got) > len(lines) {
			break
		}
	}
	if d := gocmp.Diff(lines, got); d != "" {
		f.t.Errorf("%s: %+v of %s: %s", at, q, who, d)
	}

	// The file for accounts has the same, by age.
	q.Find, got = "", nil
	must(f.t, f.Account(f.t.Context(), actor, q.Month, func(l usage.AccountLine) error { got = append(got, l); return nil }))
	n := 0
	for _, o := range tree {
		if m, any := days[o.ID][q.Month]; any && o.Kind == "tenant" {
			n++
			if !slices.Contains(got, usage.AccountLine{Organisation: o.ID, Name: o.Name, Above: names[o.ParentID], Month: m}) {
				f.t.Errorf("%s: %s is not in the file of %s", at, o.ID, q.Month)
			}
		}
	}
	if len(got) != n || !slices.IsSortedFunc(got, func(a, b usage.AccountLine) int { return cmp.Compare(a.Organisation, b.Organisation) }) {
		f.t.Errorf("%s: the file has %d lines, want %d by age", at, len(got), n)
	}
}

// slug is a line's short name, which tells those of one name apart.
func (f *fixture) slug(tree []store.OrganisationRow, l usage.AccountLine) string {
	i := slices.IndexFunc(tree, func(o store.OrganisationRow) bool { return o.ID == l.Organisation })
	return strings.ToLower(tree[i].Slug)
}

// Who is moved takes its months along at once, to whoever is above it now.
func TestAMoveTakesTheMonthsAlong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.provider(0)
		f.write(tenA, func(tx *store.Tx) error {
			return tx.PutUsageDays(store.UsageDayRow{Day: "2026-02-03", Amounts: core.Amounts{Chat: 5}}, store.UsageDayRow{Day: "2026-11-29", Amounts: core.Amounts{Agents: 2, Chat: 1}})
		})
		chats := func(who id.Tenant) (n int64) {
			t.Helper()
			own, err := f.Own(t.Context(), actor(who, access.ResellerRole))
			must(t, err)
			for _, m := range own.Months {
				n += m.Chat
			}
			if own.Now.Agents != 2*min(n, 1) {
				t.Errorf("%s has %d agents now", who, own.Now.Agents)
			}
			return n
		}
		f.change(tenA, func(o *store.OrganisationRow) { o.ParentID = res2 })
		if a, b := chats(res), chats(res2); a != 6 || b != 6 {
			t.Errorf("%d and %d", a, b)
		}
		f.change(tenA, func(o *store.OrganisationRow) { o.ParentID = res })
		if a, b := chats(res), chats(res2); a != 6 || b != 0 {
			t.Errorf("after it was moved: %d and %d", a, b)
		}
	})
}

func TestWhoMayNotIsToldNothingOfUse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.provider(0)
		for name, c := range map[string]struct {
			by     access.Actor
			q      usage.Query
			cursor string
			want   errs.Code
		}{
			"an administrator":      {actor(tenA, access.Administrator), usage.Query{Month: "2026-11"}, "", errs.Forbidden},
			"below another":         {actor(res2, access.ResellerRole), usage.Query{Month: "2026-11", Parent: res}, "", errs.NotFound},
			"below what is not":     {actor(res, access.ResellerRole), usage.Query{Month: "2026-11", Parent: "res_none"}, "", errs.NotFound},
			"no month":              {actor(res, access.ResellerRole), usage.Query{Month: "2026-13"}, "", errs.Invalid},
			"no order":              {actor(res, access.ResellerRole), usage.Query{Month: "2026-11", Order: "size"}, "", errs.Invalid},
			"another page's cursor": {actor(res, access.ResellerRole), usage.Query{Month: "2026-11"}, "zzz", errs.Invalid},
		} {
			page, err := f.Page(t.Context(), c.by, c.q, c.cursor, 10)
			if !errs.Is(err, c.want) || len(page.Items) > 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
