package engine

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"nubitalk/internal/base/errs"
)

// versionTable is where goose notes which migrations ran.
const versionTable = "schema_versions"

func (e *liteEngine) Migrate(ctx context.Context) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: e.path}).EscapedPath()+"?_txlock=immediate&_pragma=busy_timeout(30000)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for try := range attempts {
		// another process may have done the same meanwhile: then it is looked at anew
		if err = up(ctx, goose.DialectSQLite3, db, e.files, forSQLite, nil); err == nil {
			return nil
		}
		if err := pause(ctx, try); err != nil {
			return Explain(err)
		}
	}
	return Explain(err)
}

func (e *pgEngine) Migrate(ctx context.Context) error {
	db, err := e.owner()
	if err != nil {
		return err
	}
	defer db.Close()
	if e.c.Schema != "" {
		if err := settle(ctx, db, "CREATE SCHEMA IF NOT EXISTS "+e.c.Schema); err != nil {
			return Explain(err)
		}
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	if err := up(ctx, goose.DialectPostgres, db, e.c.Migrations, textByBytes, openToOwner, goose.WithSessionLocker(locker)); err != nil {
		return Explain(err)
	}
	if err := e.ensureRole(ctx, db); err != nil {
		return Explain(err)
	}
	return Explain(e.ensureRowSecurity(ctx, db))
}

// owner connects as the login itself, without becoming the role.
func (e *pgEngine) owner() (*sql.DB, error) {
	pc, err := pgx.ParseConfig(e.c.DSN)
	if err != nil {
		return nil, errs.Bad("dsn", "is not a PostgreSQL URL")
	}
	e.inSchema(pc.RuntimeParams)
	return stdlib.OpenDB(*pc), nil
}

// Scrub removes the dead rows of the tables that ask for it. PostgreSQL keeps
// what they held in its log until that is recycled.
func (e *pgEngine) Scrub(ctx context.Context) error {
	if len(e.c.Vacuum) == 0 {
		return nil
	}
	db, err := e.owner()
	if err != nil {
		return err
	}
	defer db.Close()
	for _, t := range e.c.Vacuum {
		if _, err := db.ExecContext(ctx, "VACUUM "+t); err != nil {
			return Explain(err)
		}
	}
	return nil
}

// up runs the migrations that did not run yet, after ready, which may be nil and gets
// the text of those of them that change rows.
func up(ctx context.Context, d goose.Dialect, db *sql.DB, files fs.FS, rewrite func(string) string, ready func(ctx context.Context, db *sql.DB, text string) error, opts ...goose.ProviderOption) error {
	opts = append(opts, goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithVerbose(false))
	p, err := goose.NewProvider(d, db, rewrittenFS{files, rewrite}, opts...)
	if err != nil {
		return err
	}
	if ready != nil {
		text, err := changing(ctx, p, files)
		if err == nil && text != "" {
			err = ready(ctx, db, text)
		}
		if err != nil {
			return fmt.Errorf("before migrating the schema: %w", err)
		}
	}
	_, err = p.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrating the schema: %w", err)
	}
	return nil
}

// changesRows is in a migration that changes rows.
var changesRows = regexp.MustCompile(`(?m)^\s*(UPDATE|INSERT|DELETE)\b`)

// changing is the text of the migrations to come that change rows; none on a new database,
// which has none.
func changing(ctx context.Context, p *goose.Provider, files fs.FS) (text string, err error) {
	now, err := p.GetDBVersion(ctx)
	if err != nil || now == 0 {
		return "", err
	}
	for _, m := range p.ListSources() {
		if m.Version <= now {
			continue
		}
		b, err := fs.ReadFile(files, m.Path)
		if err != nil {
			return "", err
		}
		if changesRows.Match(b) {
			text += string(b)
		}
	}
	return text, nil
}

// openToOwner lets migrations see the rows of all tenants in the tables that their text
// names: they run as the tables' owner, from whom rows are kept otherwise. What the
// program works as is another role. ensureRowSecurity ends it, also after a migration
// that failed and is run again. Other tables are not locked.
func openToOwner(ctx context.Context, db *sql.DB, text string) error {
	tables, err := tableNames(db.QueryContext(ctx, "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relforcerowsecurity ORDER BY relname"))
	named := words.FindAllString(text, -1)
	for _, t := range tables {
		if err == nil && slices.Contains(named, t) {
			err = settle(ctx, db, "ALTER TABLE "+t+" NO FORCE ROW LEVEL SECURITY")
		}
	}
	return err
}

var (
	words       = regexp.MustCompile(`\w+`)
	bigint      = regexp.MustCompile(`\bBIGINT\b`)
	bytea       = regexp.MustCompile(`\bBYTEA\b`)
	textType    = regexp.MustCompile(`\bTEXT\b( +NOT NULL)`)
	endOfCreate = regexp.MustCompile(`(?m)^\)( WITHOUT ROWID)?;`)
	sqliteOnly  = strings.NewReplacer("/*sqlite ", "", " sqlite*/", "")
	pgOnly      = strings.NewReplacer("/*pg ", "", " pg*/", "")
)

// forSQLite writes PostgreSQL's types as SQLite's own and makes tables strict.
func forSQLite(text string) string {
	text = sqliteOnly.Replace(text)
	text = bytea.ReplaceAllString(bigint.ReplaceAllString(text, "INTEGER"), "BLOB")
	return endOfCreate.ReplaceAllStringFunc(text, func(end string) string {
		if strings.Contains(end, "WITHOUT") {
			return ") STRICT, WITHOUT ROWID;"
		}
		return ") STRICT;"
	})
}

// textByBytes gives text columns the order of their bytes, as in SQLite, so that
// lists come in one order on both engines.
func textByBytes(text string) string {
	return textType.ReplaceAllString(pgOnly.Replace(text), `TEXT COLLATE "C"$1`)
}

// rewrittenFS hands out files with their text rewritten.
type rewrittenFS struct {
	fs.FS
	rewrite func(string) string
}

func (r rewrittenFS) Open(name string) (fs.File, error) {
	f, err := r.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	return &rewrittenFile{bytes.NewReader([]byte(r.rewrite(string(b)))), info}, err
}

type rewrittenFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *rewrittenFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *rewrittenFile) Close() error               { return nil }

// settle runs a statement that creates something if it is missing. Two nodes, or
// for a role two databases of one server, may do so at the same moment, which
// PostgreSQL answers with an error: then it is tried again.
func settle(ctx context.Context, db *sql.DB, text string) (err error) {
	for try := range attempts {
		_, err = db.ExecContext(ctx, text)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || !slices.Contains([]string{"XX000", "23505", "42710", "42P06"}, pg.Code) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
	return err
}

// ensureRole makes the role that the program works as.
func (e *pgEngine) ensureRole(ctx context.Context, db *sql.DB) error {
	err := settle(ctx, db, fmt.Sprintf(`DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%[1]s') THEN CREATE ROLE %[1]s NOLOGIN; END IF;
		IF NOT pg_has_role(current_user, '%[1]s', 'MEMBER') THEN GRANT %[1]s TO CURRENT_USER; END IF;
	END $$`, e.c.Role))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return errs.Wrap(errs.Forbidden, err, "The database login may not create the role %[1]s. As an administrator run: CREATE ROLE %[1]s NOLOGIN; GRANT %[1]s TO the login.", e.c.Role)
	}
	return err
}

// ensureRowSecurity gives every table with a tenant_id its policies and grants.
// It looks first, so that a start of one node does not lock tables for others.
func (e *pgEngine) ensureRowSecurity(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", securityLock); err != nil {
		return err
	}
	tables, err := e.unprotected(ctx, tx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO `+e.c.Role+`', current_schema()); END $$`); err != nil {
		return err
	}
	for _, t := range tables {
		for _, stmt := range e.protect(t) {
			if _, err := tx.ExecContext(ctx, stmt); err != nil {
				return fmt.Errorf("row-level security of %s: %w", t, err)
			}
		}
	}
	return tx.Commit()
}

// securityLock keeps nodes from doing the same at once.
const securityLock = 0x6e756269 // "nubi"

// unprotected are the tables that lack a policy or a grant.
func (e *pgEngine) unprotected(ctx context.Context, tx *sql.Tx) ([]string, error) {
	return tableNames(tx.QueryContext(ctx, `SELECT c.relname::text FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
		AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND has_table_privilege($1, c.oid, 'SELECT')
			AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'own_tenant')
			AND (c.relname <> ALL (string_to_array($2, ' ')) OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'system')))
		ORDER BY c.relname`, e.c.Role, strings.Join(e.c.SystemTables, " ")))
}

func tableNames(rows *sql.Rows, err error) (out []string, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

func (e *pgEngine) protect(table string) []string {
	own := "tenant_id = (SELECT current_setting('app.tenant', true))"
	out := []string{
		"ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY",
		"ALTER TABLE " + table + " FORCE ROW LEVEL SECURITY",
		"DROP POLICY IF EXISTS own_tenant ON " + table,
		"CREATE POLICY own_tenant ON " + table + " USING (" + own + ") WITH CHECK (" + own + ")",
	}
	if slices.Contains(e.c.SystemTables, table) {
		all := "(SELECT current_setting('app.system', true)) = 'on'"
		out = append(out, "DROP POLICY IF EXISTS system ON "+table,
			"CREATE POLICY system ON "+table+" USING ("+all+") WITH CHECK ("+all+")")
	}
	rights := "SELECT, INSERT, UPDATE, DELETE"
	if slices.Contains(e.c.AppendOnly, table) {
		rights = "SELECT, INSERT, DELETE"
	}
	return append(out, "REVOKE ALL ON "+table+" FROM "+e.c.Role, "GRANT "+rights+" ON "+table+" TO "+e.c.Role)
}
