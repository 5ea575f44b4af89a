package store

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// Cursor is a place in a list that goes from the newest to the oldest: the last
// row seen.
type Cursor struct {
	At time.Time
	ID string
}

// String is how a caller keeps it: opaque, in letters that stand in an address as they are.
func (c Cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(us(c.At), 36) + " " + c.ID))
}

// ReadCursor reads what String gave, of a list of a kind of ids; "" is the list's beginning.
func ReadCursor(s, kind string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	at, row, ok := strings.Cut(string(raw), " ")
	micros, perr := strconv.ParseInt(at, 36, 64)
	if err != nil || perr != nil || !ok || micros <= 0 || !id.Valid(kind, row) {
		return Cursor{}, errs.Bad("cursor", "is not one that this list gave")
	}
	return Cursor{At: clock.FromMicros(micros), ID: row}, nil
}

// farFuture is later than any row, in microseconds, and fits every engine.
const farFuture = 1 << 62

func (c Cursor) orNewest() Cursor {
	if c.At.IsZero() {
		return Cursor{At: time.UnixMicro(farFuture)}
	}
	return c
}
