package keystore

import (
	"bytes"
	"context"
	"embed"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store/engine"
)

// Config says where the keys are kept: not in the main database.
type Config struct {
	Driver string // sqlite or postgres
	DSN    string // the file, or the URL of a login that may create the schema
	Schema string // PostgreSQL schema; "" means nubitalk_keys
	Clock  clock.Clock
}

// Store keeps wrapped keys. It is safe for use by several goroutines.
type Store struct {
	db    engine.DB
	clock clock.Clock
}

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the key store and brings its schema up to date.
func Open(ctx context.Context, c Config) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if c.Schema == "" {
		c.Schema = "nubitalk_keys"
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	db, err := engine.Open(ctx, engine.Config{Driver: c.Driver, DSN: c.DSN, Schema: c.Schema, Migrations: files,
		SystemTables: []string{"wrapped_keys"}, Vacuum: []string{"wrapped_keys"}})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return &Store{db: db, clock: c.Clock}, nil
}

// Close ends the connections.
func (s *Store) Close() error { return s.db.Close() }

// Ping says whether the key store answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Columns lists every column of the real schema.
func (s *Store) Columns(ctx context.Context) ([]engine.Column, error) { return s.db.Columns(ctx) }

// Add stores one key for each owner, all or none. It answers errs.Conflict when
// one of them already has that version for the purpose.
func (s *Store) Add(ctx context.Context, t id.Tenant, purpose string, version int64, owners []string, wrapped [][]byte) error {
	if len(owners) != len(wrapped) {
		return errs.New(errs.Internal, "%d owners cannot have %d keys.", len(owners), len(wrapped))
	}
	return s.db.Write(ctx, engine.Scope{Tenant: t}, func(ctx context.Context, x engine.Session) error {
		for i, owner := range owners {
			n, err := x.Exec(ctx, `INSERT INTO wrapped_keys (tenant_id, purpose, owner_id, version, wrapped, created_at) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (tenant_id, purpose, owner_id, version) DO NOTHING`,
				[]any{string(t), purpose, owner, version, wrapped[i], clock.Micros(s.clock.Now())})
			if err != nil {
				return err
			}
			if n == 0 {
				return errs.New(errs.Conflict, "This version of the key exists already.")
			}
		}
		return nil
	})
}

// Get answers all versions of a key; an empty map if there is none.
func (s *Store) Get(ctx context.Context, t id.Tenant, purpose, owner string) (map[int64][]byte, error) {
	var out map[int64][]byte
	err := s.db.Read(ctx, engine.Scope{Tenant: t}, func(ctx context.Context, x engine.Session) error {
		out = map[int64][]byte{}
		return each(ctx, x, `SELECT version, wrapped FROM wrapped_keys WHERE tenant_id = $1 AND purpose = $2 AND owner_id = $3`, []any{string(t), purpose, owner},
			func(r engine.Row) error {
				var version int64
				var wrapped engine.Bytes
				err := r.Scan(&version, &wrapped)
				out[version] = wrapped
				return err
			})
	})
	return out, err
}

// together is how many keys one statement asks for.
const together = 200

var getMany = func() string {
	var b strings.Builder
	b.WriteString("SELECT owner_id, version, wrapped FROM wrapped_keys WHERE tenant_id = $1 AND purpose = $2 AND owner_id IN ($3")
	for i := 1; i < together; i++ {
		b.WriteString(", $" + strconv.Itoa(i+3))
	}
	return b.String() + ")"
}()

// GetMany answers all versions of the keys of several owners, by owner; one that
// has no key is missing.
func (s *Store) GetMany(ctx context.Context, t id.Tenant, purpose string, owners []string) (map[string]map[int64][]byte, error) {
	out := make(map[string]map[int64][]byte, len(owners))
	err := s.db.Read(ctx, engine.Scope{Tenant: t}, func(ctx context.Context, x engine.Session) error {
		clear(out)
		for some := range slices.Chunk(owners, together) {
			args := make([]any, 2, together+2)
			args[0], args[1] = string(t), purpose
			for i := range together {
				args = append(args, some[min(i, len(some)-1)]) // the last one again, so that the text stays the same
			}
			err := each(ctx, x, getMany, args, func(r engine.Row) error {
				var owner string
				var version int64
				var wrapped engine.Bytes
				err := r.Scan(&owner, &version, &wrapped)
				if out[owner] == nil {
					out[owner] = map[int64][]byte{}
				}
				out[owner][version] = wrapped
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// Replace changes the wrapping of a key, if it still is old: errs.Conflict when
// it is something else, errs.NotFound when it is gone.
func (s *Store) Replace(ctx context.Context, t id.Tenant, purpose, owner string, version int64, old, new []byte) error {
	key := []any{string(t), purpose, owner, version}
	return s.db.Write(ctx, engine.Scope{Tenant: t}, func(ctx context.Context, x engine.Session) error {
		found, same := false, false
		err := each(ctx, x, `SELECT wrapped FROM wrapped_keys WHERE tenant_id = $1 AND purpose = $2 AND owner_id = $3 AND version = $4 /*pg FOR UPDATE pg*/`, key,
			func(r engine.Row) error {
				var wrapped engine.Bytes
				err := r.Scan(&wrapped)
				found, same = true, bytes.Equal(wrapped, old)
				return err
			})
		switch {
		case err != nil:
			return err
		case !found:
			return errs.New(errs.NotFound, "This key does not exist.")
		case !same:
			return errs.New(errs.Conflict, "This key was wrapped anew in the meantime.")
		}
		_, err = x.Exec(ctx, `UPDATE wrapped_keys SET wrapped = $5 WHERE tenant_id = $1 AND purpose = $2 AND owner_id = $3 AND version = $4`, append(key, new))
		return err
	})
}

// Delete removes all versions of a key so that no file holds them any more.
// Deleting what is not there is no error.
func (s *Store) Delete(ctx context.Context, t id.Tenant, purpose, owner string) error {
	return s.remove(ctx, t, `DELETE FROM wrapped_keys WHERE tenant_id = $1 AND purpose = $2 AND owner_id = $3`, string(t), purpose, owner)
}

// DeleteTenant does the same for everything that a tenant has.
func (s *Store) DeleteTenant(ctx context.Context, t id.Tenant) error {
	return s.remove(ctx, t, `DELETE FROM wrapped_keys WHERE tenant_id = $1`, string(t))
}

// Shrink gives memory back that a busy time needed.
func (s *Store) Shrink(ctx context.Context) error { return s.db.Shrink(ctx) }

func (s *Store) remove(ctx context.Context, t id.Tenant, sql string, args ...any) error {
	err := s.db.Write(ctx, engine.Scope{Tenant: t}, func(ctx context.Context, x engine.Session) error {
		_, err := x.Exec(ctx, sql, args)
		return err
	})
	if err != nil {
		return err
	}
	return s.db.Scrub(ctx)
}

// Owners lists the owners that have a key for the purpose, in order, those after
// the given one, at most limit.
func (s *Store) Owners(ctx context.Context, t id.Tenant, purpose, after string, limit int) (out []string, err error) {
	err = s.db.Read(ctx, engine.Scope{Tenant: t}, func(ctx context.Context, x engine.Session) error {
		out, err = texts(ctx, x, `SELECT DISTINCT owner_id FROM wrapped_keys WHERE tenant_id = $1 AND purpose = $2 AND owner_id > $3 ORDER BY owner_id LIMIT $4`,
			string(t), purpose, after, limit)
		return err
	})
	return out, err
}

// Count says how many keys there are for the purpose, of all owners and in all
// versions, and how many of them are wrapped in an envelope that begins so.
func (s *Store) Count(ctx context.Context, t id.Tenant, purpose string, begins []byte) (all, such int, err error) {
	err = s.db.Read(ctx, engine.Scope{Tenant: t}, func(ctx context.Context, x engine.Session) error {
		return each(ctx, x, `SELECT count(*), count(*) FILTER (WHERE substr(wrapped, 1, $3) = $4) FROM wrapped_keys WHERE tenant_id = $1 AND purpose = $2`,
			[]any{string(t), purpose, len(begins), begins}, func(r engine.Row) error {
				var n, m int64
				err := r.Scan(&n, &m)
				all, such = int(n), int(m)
				return err
			})
	})
	return all, such, err
}

// AddedAt says when each version of a key was stored.
func (s *Store) AddedAt(ctx context.Context, t id.Tenant, purpose, owner string) (map[int64]time.Time, error) {
	var out map[int64]time.Time
	err := s.db.Read(ctx, engine.Scope{Tenant: t}, func(ctx context.Context, x engine.Session) error {
		out = map[int64]time.Time{}
		return each(ctx, x, `SELECT version, created_at FROM wrapped_keys WHERE tenant_id = $1 AND purpose = $2 AND owner_id = $3`, []any{string(t), purpose, owner},
			func(r engine.Row) error {
				var version, at int64
				err := r.Scan(&version, &at)
				out[version] = clock.FromMicros(at)
				return err
			})
	})
	return out, err
}

// Tenants lists the tenants that have keys.
func (s *Store) Tenants(ctx context.Context) ([]id.Tenant, error) {
	var found []string
	err := s.db.Read(ctx, engine.Scope{System: true}, func(ctx context.Context, x engine.Session) (err error) {
		found, err = texts(ctx, x, `SELECT DISTINCT tenant_id FROM wrapped_keys ORDER BY tenant_id`)
		return err
	})
	out := make([]id.Tenant, len(found))
	for i, t := range found {
		out[i] = id.Tenant(t)
	}
	return out, err
}

func texts(ctx context.Context, x engine.Session, sql string, args ...any) (out []string, err error) {
	err = each(ctx, x, sql, args, func(r engine.Row) error {
		var s string
		err := r.Scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

func each(ctx context.Context, x engine.Session, sql string, args []any, row func(engine.Row) error) error {
	c, err := x.Query(ctx, sql, args)
	if err != nil {
		return err
	}
	defer c.Close()
	for c.Next() {
		if err := row(c); err != nil {
			return err
		}
	}
	return c.Err()
}
