package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nubitalk/internal/store"
)

// forbidden is what one of the engines does not know, or knows differently.
var forbidden = map[string]*regexp.Regexp{
	"ILIKE":                               regexp.MustCompile(`(?i)\bILIKE\b`),
	"bare LIKE (case differs)":            regexp.MustCompile(`(?i)\bLIKE\b`),
	"a :: cast":                           regexp.MustCompile(`::`),
	"= ANY":                               regexp.MustCompile(`(?i)\b(ANY|ALL)\s*\(`),
	"DISTINCT ON":                         regexp.MustCompile(`(?i)\bDISTINCT\s+ON\b`),
	"LATERAL":                             regexp.MustCompile(`(?i)\bLATERAL\b`),
	"DELETE USING":                        regexp.MustCompile(`(?i)\bDELETE\b[^;]*\bUSING\b`),
	"a CTE that writes":                   regexp.MustCompile(`(?i)\bAS\s*(NOT\s+)?(MATERIALIZED\s*)?\(\s*(INSERT|UPDATE|DELETE)\b`),
	"greatest and least":                  regexp.MustCompile(`(?i)\b(greatest|least)\s*\(`),
	"two-argument min and max":            regexp.MustCompile(`(?i)\b(min|max)\s*\([^()]*,`),
	"JSON operators":                      regexp.MustCompile(`->|@>|<@|#>|\?\||jsonb?_`),
	"$N IS NULL (its type is unknown)":    regexp.MustCompile(`(?i)\$\d+\s+IS\s+(NOT\s+)?NULL`),
	"lower and upper (ASCII in SQLite)":   regexp.MustCompile(`(?i)\b(lower|upper)\s*\(`),
	"the database's clock":                regexp.MustCompile(`(?i)\b(now\s*\(|current_timestamp|current_date|datetime\s*\(|strftime\s*\()`),
	"the database's chance":               regexp.MustCompile(`(?i)\brandom\s*\(`),
	"quoted names":                        regexp.MustCompile("\"|`"),
	"? and named parameters":              regexp.MustCompile(`\?|[@:][a-z]\w*`),
	"PostgreSQL's or SQLite's own tables": regexp.MustCompile(`(?i)\b(pg_\w+|sqlite_\w+|information_schema|pragma)\b`),
	"INSERT OR, REPLACE":                  regexp.MustCompile(`(?i)\bINSERT\s+OR\b|\bREPLACE\s+INTO\b`),
	"rowid":                               regexp.MustCompile(`(?i)\b(rowid|ctid)\b`),
	"a value written into the text":       regexp.MustCompile(`%[sdvq]`),
}

// onlyPostgres is the one thing that may stand in a comment for PostgreSQL.
var onlyPostgres = regexp.MustCompile(`/\*pg FOR (UPDATE|SHARE)( OF [a-z]+)?( SKIP LOCKED)? pg\*/`)

func lint(sql string) (faults []string) {
	sql = onlyPostgres.ReplaceAllString(sql, "")
	if strings.Contains(sql, "/*") || strings.Contains(sql, "--") {
		faults = append(faults, "a comment that is not a known fragment")
	}
	for name, re := range forbidden {
		if re.MatchString(sql) {
			faults = append(faults, name)
		}
	}
	return faults
}

var looksLikeSQL = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s|\s(FROM|WHERE|VALUES|SET)\s|^\s*(AND|ON CONFLICT|ORDER BY)\s`)

// Every SQL text of the program runs on both engines.
func TestOneTextForBothEngines(t *testing.T) {
	seen := 0
	for _, dir := range []string{".", "keystore"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				sql, err := strconv.Unquote(lit.Value)
				if err != nil || !looksLikeSQL.MatchString(sql) {
					return true
				}
				seen++
				for _, fault := range lint(sql) {
					t.Errorf("%s: %s in: %s", set.Position(lit.Pos()), fault, sql)
				}
				return true
			})
		}
	}
	if seen < 150 {
		t.Errorf("only %d texts were seen, so the check proves nothing", seen)
	}
}

func TestTheLintSees(t *testing.T) {
	for _, sql := range []string{
		"SELECT 1 WHERE a ILIKE $1", "SELECT 1 WHERE a LIKE $1", "SELECT a::text", "SELECT 1 WHERE a = ANY($1)", "SELECT DISTINCT ON (a) b FROM c",
		"SELECT 1 FROM a, LATERAL (SELECT 1) b", "DELETE FROM a USING b WHERE a.x = b.x", "WITH x AS (DELETE FROM a RETURNING b) SELECT b FROM x",
		"UPDATE a SET b = greatest(b, $1)", "UPDATE a SET b = max(b, $1)", "SELECT a->>'b' FROM c", "SELECT 1 WHERE $1 IS NULL", "SELECT lower(a) FROM b",
		"SELECT now()", "SELECT 1 WHERE a = ?", "SELECT \"a\" FROM b", "INSERT OR IGNORE INTO a VALUES ($1)", "SELECT 1 /*pg FOR UPDATE NOWAIT pg*/", "SELECT 1 -- why",
		"SELECT rowid FROM a", "SELECT 1 FROM pg_class", "SELECT a FROM b WHERE c = %s",
	} {
		if len(lint(sql)) == 0 {
			t.Errorf("not caught: %s", sql)
		}
	}
	for _, sql := range []string{
		"SELECT max(a) FROM b WHERE c = $2 AND d = $1 /*pg FOR UPDATE SKIP LOCKED pg*/", "INSERT INTO a (b) VALUES ($1) ON CONFLICT (b) WHERE c <> '' DO NOTHING RETURNING b",
		"SELECT count(*) FILTER (WHERE a > 1) FROM b", "SELECT 1 WHERE CAST($1 AS TEXT) IS NULL", "SELECT a FROM b WHERE (c, d) < ($1, $2) ORDER BY c DESC",
	} {
		if f := lint(sql); len(f) > 0 {
			t.Errorf("%s: %v", sql, f)
		}
	}
}

// Every table begins with the tenant, in its columns and in every key, so that
// no row can belong to two; only the plain types are used.
func TestSchemaRules(t *testing.T) {
	tables := 0
	create := regexp.MustCompile(`(?ms)^CREATE TABLE (\w+) \((.*?)^\)`)
	column := regexp.MustCompile(`^(\w+) +(TEXT|BIGINT|BYTEA) +NOT NULL( PRIMARY KEY| UNIQUE)?( CHECK \(.*\)| REFERENCES organisations \(tenant_id\))?$`)
	key := regexp.MustCompile(`^(PRIMARY KEY|UNIQUE|FOREIGN KEY) \(tenant_id[,)].*$`)
	index := regexp.MustCompile(`(?m)^CREATE (UNIQUE )?INDEX (\w+) ON (\w+) \((\w+)`)
	for _, dir := range []string{"migrations", "keystore/migrations"} {
		err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				return err
			}
			for _, m := range create.FindAllStringSubmatch(string(b), -1) {
				tables++
				for i, line := range strings.Split(strings.TrimSpace(m[2]), "\n") {
					line = strings.TrimSuffix(strings.TrimSpace(line), ",")
					c := column.FindStringSubmatch(line)
					switch {
					case i == 0 && (c == nil || c[1] != "tenant_id"):
						t.Errorf("%s does not begin with tenant_id: %s", m[1], line)
					case line == "PRIMARY KEY (month, tenant_id)" && m[1] == "usage_months": // one month of all tenants is read; the tenant is in the key all the same
					case c == nil && !key.MatchString(line):
						t.Errorf("%s: %s", m[1], line)
					}
				}
			}
			for _, m := range index.FindAllStringSubmatch(string(b), -1) {
				if m[4] != "tenant_id" && m[2] != "jobs_due" && m[2] != "support_grants_of" && m[2] != "organisations_below" && m[2] != "sign_up_links_code" && m[2] != "brands_link" { // due jobs, a person's grants, organisations, and codes and links that name nobody are looked for across tenants
					t.Errorf("index %s of %s does not begin with tenant_id", m[2], m[3])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if tables < 24 {
		t.Errorf("only %d tables were seen", tables)
	}
}

func TestTheFieldOfAParameter(t *testing.T) {
	for _, c := range []struct {
		sql  string
		n    int
		want string
	}{
		{"INSERT INTO a (tenant_id, b, c) VALUES ($1, $3, $2)", 2, "c"},
		{"UPDATE a SET b = $3, c=$2 WHERE tenant_id = $1", 3, "b"},
		{"UPDATE a SET b = $3, c=$2 WHERE tenant_id = $1", 2, "c"},
		{"SELECT 1 LIMIT $1", 1, "value 1"},
	} {
		if got := store.FieldOf(c.sql, c.n); got != c.want {
			t.Errorf("%s: parameter %d is %s", c.sql, c.n, got)
		}
	}
}
