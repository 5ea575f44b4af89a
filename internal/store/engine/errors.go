package engine

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"nubitalk/internal/base/errs"
)

// Explain turns an engine's error into *errs.Error: what a caller can do about
// it, a sentence for a person, and the cause for the log. Causes of both engines
// name tables and constraints; PostgreSQL's detail, which may quote values, is
// not kept.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	var done *errs.Error
	if errors.As(err, &done) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errs.As(err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return explainSQLite(lite)
	}
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	if errors.As(err, &pg) {
		if errors.As(err, &connect) { // it answered, and lets nobody in
			return away(err, textGone)
		}
		return explainPostgres(pg)
	}
	var netErr net.Error
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return away(err, textFull)
	case errors.As(err, &connect):
		return away(err, textGone)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return away(err, "The database file cannot be opened. Check that its folder exists and may be written to.")
	case errors.As(err, &netErr), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), pgconn.SafeToRetry(err),
		strings.Contains(err.Error(), "conn closed"), strings.Contains(err.Error(), "closed pool"):
		return away(err, textGone)
	}
	return errs.As(err)
}

// retryAfter is what callers are told when the database is away.
const retryAfter = 2 * time.Second

func away(cause error, text string) error {
	return &errs.Error{Code: errs.Unavailable, Text: text, RetryAfter: retryAfter, Cause: cause}
}

const (
	textExists  = "Something with the same key exists already."
	textMissing = "This refers to something that does not exist, or something still refers to it."
	textGone    = "The database cannot be reached at the moment. Please try again."
	textBusy    = "The database is busy at the moment. Please try again."
	textFull    = "The disk is full. Nothing was lost; please try again when there is room."
)

// isBusy says whether another connection has the file for a moment.
func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func explainSQLite(e *sqlite.Error) error {
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return errs.Wrap(errs.Conflict, e, textExists)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return errs.Wrap(errs.Conflict, e, textMissing)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return away(e, textFull)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return away(e, textBusy)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM:
		return away(e, "The database file cannot be read or written at the moment. Please try again.")
	case sqlite3.SQLITE_READONLY:
		return errs.Wrap(errs.Internal, e, "A change was tried where only reading is possible.")
	case sqlite3.SQLITE_TOOBIG:
		return errs.Wrap(errs.TooLarge, e, "This is too large to be stored.")
	case sqlite3.SQLITE_INTERRUPT:
		return errs.Wrap(errs.Unavailable, e, "This took too long or was cancelled. Please try again.")
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return errs.Wrap(errs.Internal, e, "The database file is damaged. Restore it from a backup.")
	}
	return errs.As(e)
}

// pgError is what is kept of PostgreSQL's error: not its detail, which may quote
// a row.
type pgError struct{ code, text, constraint string }

func (e *pgError) Error() string {
	if e.constraint != "" {
		return e.text + " (" + e.constraint + ", SQLSTATE " + e.code + ")"
	}
	return e.text + " (SQLSTATE " + e.code + ")"
}

func explainPostgres(e *pgconn.PgError) error {
	cause := &pgError{code: e.Code, text: e.Message, constraint: e.ConstraintName}
	switch e.Code {
	case "23505":
		return errs.Wrap(errs.Conflict, cause, textExists)
	case "23503":
		return errs.Wrap(errs.Conflict, cause, textMissing)
	case "22021", "22P05":
		return errs.Wrap(errs.Invalid, cause, "A value has characters that are not valid text (UTF-8 without NUL is accepted).")
	case "53100":
		return away(cause, textFull)
	case "40001", "40P01", "55P03":
		return away(cause, textBusy)
	case "57014":
		return errs.Wrap(errs.Unavailable, cause, "This took too long or was cancelled. Please try again.")
	case "25006":
		return errs.Wrap(errs.Internal, cause, "A change was tried where only reading is possible.")
	}
	switch e.Code[:2] {
	case "08", "53", "57", "58":
		return away(cause, textGone)
	}
	return errs.As(cause)
}
