package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

func TestUnnamed(t *testing.T) {
	for sql, want := range map[string]struct {
		text  string
		order []int
	}{
		"SELECT a FROM t WHERE b = $1":                           {"SELECT a FROM t WHERE b = ?", []int{0}},
		"UPDATE t SET a = $3 WHERE b = $1 AND c = $2":            {"UPDATE t SET a = ? WHERE b = ? AND c = ?", []int{2, 0, 1}},
		"INSERT INTO t VALUES ($1,$2,$10)":                       {"INSERT INTO t VALUES (?,?,?)", []int{0, 1, 9}},
		"SELECT '$1', \"$2\", 'it''s $3' -- $4\nFROM t LIMIT $5": {"SELECT '$1', \"$2\", 'it''s $3' -- $4\nFROM t LIMIT ?", []int{4}},
		"SELECT a FROM t WHERE b = $1 /*pg FOR UPDATE; $2 pg*/":  {"SELECT a FROM t WHERE b = ? /*pg FOR UPDATE; $2 pg*/", []int{0}},
		"SELECT a FROM t":                              {"SELECT a FROM t", nil},
		"SELECT a FROM t WHERE b = $1 OR c = $1":       {"SELECT a FROM t WHERE b = $1 OR c = $1", nil},
		"DELETE FROM t WHERE a = $1; DELETE FROM u":    {"DELETE FROM t WHERE a = $1; DELETE FROM u", nil},
		"SELECT a FROM t WHERE b = $1 AND c = :name":   {"SELECT a FROM t WHERE b = $1 AND c = :name", nil},
		"SELECT a FROM t WHERE b = $name":              {"SELECT a FROM t WHERE b = $name", nil},
		"SELECT a$1 FROM t WHERE b = $2":               {"SELECT a$1 FROM t WHERE b = $2", nil},
		"SELECT a FROM t WHERE b = $1a":                {"SELECT a FROM t WHERE b = $1a", nil},
		"SELECT a FROM t LIMIT $40000000000":           {"SELECT a FROM t LIMIT $40000000000", nil},
		"SELECT a FROM t WHERE b = $0":                 {"SELECT a FROM t WHERE b = $0", nil},
		"SELECT a FROM t WHERE b = ? AND c = $1":       {"SELECT a FROM t WHERE b = ? AND c = $1", nil},
		"SELECT a FROM t WHERE b = $1 AND c = 'open $": {"SELECT a FROM t WHERE b = ? AND c = 'open $", []int{0}},
	} {
		text, order := unnamed(sql)
		if text != want.text || !slices.Equal(order, want.order) || (order == nil) != (want.order == nil) {
			t.Errorf("%q became %q %v, not %q %v", sql, text, order, want.text, want.order)
		}
	}
}

// Each argument goes where its number stands, in whatever order, whether a
// parameter stands once or twice; one that nobody asks for is none, and one that
// is missing is said.
func TestArgumentsGoWhereTheirNumbersStand(t *testing.T) {
	c, err := dialSQLite(filepath.Join(t.TempDir(), "a.db"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	ctx := context.Background()
	args := []any{"one", 2, []byte("three"), int64(4)}
	for range 2 { // prepared, and used again
		for sql, want := range map[string]string{
			"SELECT $1, $2, $3, $4":               "one 2 three 4",
			"SELECT $4, $3, $2, $1":               "4 three 2 one",
			"SELECT $2, $4, '$1', $3":             "2 4 $1 three",
			"SELECT $4, $1, $4, $1":               "4 one 4 one",
			"SELECT 'a' /* $9 */, 'b', $3, $1":    "a b three one",
			"SELECT $3 -- $1\n, 1, 2, $4":         "three 1 2 4",
			"SELECT 1, 2, 3, '''$1'' and ' || $1": "1 2 3 '$1' and one",
		} {
			rows, err := c.Query(ctx, sql, args)
			if err != nil {
				t.Fatal(sql, err)
			}
			var values [4]whatever
			if !rows.Next() || rows.Scan(&values[0], &values[1], &values[2], &values[3]) != nil {
				t.Fatal(sql, rows.Err())
			}
			rows.Close()
			if got := fmt.Sprintf("%s %s %s %s", values[0], values[1], values[2], values[3]); got != want {
				t.Errorf("%s: %q, not %q", sql, got, want)
			}
		}
	}
	for _, sql := range []string{"SELECT $5", "SELECT $1, $5", "SELECT $5, $5"} {
		if _, err := c.Exec(ctx, sql, args); err == nil {
			t.Errorf("%s ran with %d arguments", sql, len(args))
		}
	}
	if _, err := c.Exec(ctx, "SELECT $1", []any{1.5}); err == nil {
		t.Error("a number with a fraction was bound")
	}
}

// whatever takes a column of any type.
type whatever string

func (w *whatever) Scan(v any) error {
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	*w = whatever(fmt.Sprint(v))
	return nil
}
