package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// Every column that is kept is told by an export, or is named with why it is not.
func TestAnExportTellsEveryColumnOrSaysWhyNot(t *testing.T) {
	told, left := map[string]bool{}, store.NotExported()
	for _, e := range store.ExportedTables() {
		for i, c := range e.Columns {
			if e.Kinds[i] != store.Behind {
				told[e.Table+"."+c] = true
			}
		}
	}
	used := map[string]bool{}
	for _, e := range privacy.Inventory() {
		if e.Kind != privacy.Column {
			continue
		}
		table, column, _ := strings.Cut(e.Place, ".")
		why := left[table]
		if why != "" {
			used[table] = true
		} else if why = left[e.Place]; why != "" {
			used[e.Place] = true
		}
		switch {
		case column == "tenant_id": // the manifest says it once
		case told[e.Place] && why != "":
			t.Errorf("%s is told, and is said not to be", e.Place)
		case !told[e.Place] && why == "":
			t.Errorf("%s is in no export, and nothing says why", e.Place)
		case told[e.Place] && (e.Class == privacy.Secret || e.Class == privacy.Credential):
			t.Errorf("%s opens something, and is told", e.Place)
		}
		delete(told, e.Place)
	}
	for place := range told {
		t.Errorf("%s is told and does not exist", place)
	}
	for place := range left {
		if !used[place] {
			t.Errorf("%s is said not to be told and does not exist", place)
		}
	}
}

// All rows of a table come once, in pages of any size, and those of nobody else.
func TestExportedRowsComeOnceInPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		everything(t, db)
		for _, e := range store.ExportedTables() {
			t.Run(e.Table, func(t *testing.T) {
				var want int64
				seen := map[string]bool{}
				read(t, db, tenA, func(tx *store.Tx) (err error) {
					if want, err = tx.CountExported(e.Table); err != nil {
						return err
					}
					e.Page = 1
					var after []any
					for range want + 2 {
						rows, err := tx.ExportedRows(e, after)
						if err != nil || len(rows) == 0 {
							return err
						}
						for _, r := range rows {
							key := fmt.Sprint(r.Cells...)
							if seen[key] {
								t.Fatalf("twice: %s", key)
							}
							seen[key] = true
							after = r.Cells
						}
					}
					return nil
				})
				if int64(len(seen)) != want || want == 0 && !slices.Contains([]string{"agent_states", "roles"}, e.Table) {
					t.Errorf("%d rows came of %d", len(seen), want)
				}
			})
		}
	})
}

// A page has no more than so many octets, whatever is in its rows; a row that is larger
// comes by itself.
func TestExportedRowsComeInPagesOfSoManyOctets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		everything(t, db)
		for _, e := range store.ExportedTables() {
			for _, most := range []int{1, 400, 1 << 20} {
				e.Octets = most
				var want int64
				got := int64(0)
				read(t, db, tenA, func(tx *store.Tx) (err error) {
					if want, err = tx.CountExported(e.Table); err != nil {
						return err
					}
					for after := []any(nil); ; {
						rows, err := tx.ExportedRows(e, after)
						if err != nil || len(rows) == 0 {
							return err
						}
						size := 0
						for _, r := range rows[:len(rows)-1] { // the last one may pass the bound
							for _, c := range r.Cells {
								switch v := c.(type) {
								case string:
									size += len(v)
								case []byte:
									size += len(v)
								}
							}
						}
						if size > most || most == 1 && len(rows) > 1 {
							t.Fatalf("%s: a page of %d rows, %d octets before the last one, with %d at most", e.Table, len(rows), size, most)
						}
						got, after = got+int64(len(rows)), rows[len(rows)-1].Cells
					}
				})
				if got != want {
					t.Errorf("%s: %d rows came of %d, with %d octets a page", e.Table, got, want, most)
				}
			}
		}
	})
}
