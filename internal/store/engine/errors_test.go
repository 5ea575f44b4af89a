package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"nubitalk/internal/base/errs"
)

// What a caller can do about an error is told by its code, and no row's value is
// kept in it.
func TestErrorsAreExplained(t *testing.T) {
	pg := func(code string) error {
		return &pgconn.PgError{Code: code, Message: "message", Detail: "Key (name)=(ana@example.org) exists", Hint: "ana@example.org", Where: "ana@example.org", ConstraintName: "users_pkey"}
	}
	for _, c := range []struct {
		err  error
		want errs.Code
		text string
	}{
		{pg("23505"), errs.Conflict, "exists"},
		{pg("23503"), errs.Conflict, "refers"},
		{pg("23514"), errs.Internal, ""},
		{pg("22021"), errs.Invalid, "UTF-8"},
		{pg("53100"), errs.Unavailable, "full"},
		{pg("53300"), errs.Unavailable, "reached"},
		{pg("57P01"), errs.Unavailable, "reached"},
		{pg("57P03"), errs.Unavailable, "reached"},
		{pg("08006"), errs.Unavailable, "reached"},
		{pg("58030"), errs.Unavailable, "reached"},
		{pg("40001"), errs.Unavailable, "busy"},
		{pg("55P03"), errs.Unavailable, "busy"},
		{pg("57014"), errs.Unavailable, "cancelled"},
		{pg("42501"), errs.Internal, ""},
		{pg("42P01"), errs.Internal, ""},
		{fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), errs.Unavailable, "reached"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, errs.Unavailable, "reached"},
		{&fs.PathError{Op: "open", Err: syscall.EACCES}, errs.Unavailable, "folder"},
		{&fs.PathError{Op: "write", Err: syscall.ENOSPC}, errs.Unavailable, "full"},
		{context.DeadlineExceeded, errs.Unavailable, "too long"},
		{errs.New(errs.Gone, "own"), errs.Gone, "own"},
		{errors.New("anything else"), errs.Internal, ""},
	} {
		e := errs.As(Explain(c.err))
		if e.Code != c.want || !strings.Contains(e.Text, c.text) {
			t.Errorf("%v: %s %q", c.err, e.Code, e.Text)
		}
		if strings.Contains(e.Error(), "ana@") || strings.Contains(fmt.Sprintf("%+v %#v", e, e.Cause), "ana@") {
			t.Errorf("%v: a value is kept in %v", c.err, e)
		}
	}
	if Explain(nil) != nil {
		t.Error("no error is an error")
	}
}
