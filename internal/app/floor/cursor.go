package floor

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// cursorAt names the row of a list after which it goes on.
func cursorAt(at time.Time, row string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(clock.Micros(at), 36) + " " + row))
}

// readCursor reads what cursorAt wrote, for rows of a kind.
func readCursor(s, kind string) (store.Cursor, error) {
	if s == "" {
		return store.Cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	at, row, ok := strings.Cut(string(raw), " ")
	us, perr := strconv.ParseInt(at, 36, 64)
	if err != nil || perr != nil || !ok || us <= 0 || !id.Valid(kind, row) {
		return store.Cursor{}, errs.Bad("cursor", "is not one that a list answered with")
	}
	return store.Cursor{At: clock.FromMicros(us), ID: row}, nil
}
