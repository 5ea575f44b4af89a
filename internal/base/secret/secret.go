package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Mask is what a secret value prints as.
const Mask = "•••"

// Text is a personal or secret string: a name, an address, a message, a
// password. The zero value is an empty text.
type Text struct {
	_ [0]func() // not comparable with ==
	// Behind a pointer, because fmt reads unexported fields of an enclosing
	// struct without asking the methods below: it then prints the pointer.
	s *string
}

// New takes a plain string into custody.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{s: &s}
}

// Reveal gives the plain value. Each call is a place where it may leak.
func (t Text) Reveal() string {
	if t.s == nil {
		return ""
	}
	return *t.s
}

// Empty says whether there is nothing in it.
func (t Text) Empty() bool { return t.s == nil }

// Len is the length in bytes.
func (t Text) Len() int { return len(t.Reveal()) }

// Equal compares in constant time.
func (t Text) Equal(o Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(o.Reveal())) == 1
}

func (t Text) String() string               { return Mask }
func (t Text) GoString() string             { return Mask }
func (t Text) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, Mask) }
func (t Text) LogValue() slog.Value         { return slog.StringValue(Mask) }
func (t Text) MarshalText() ([]byte, error) { return []byte(Mask), nil }
func (t Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Mask + `"`), nil }

// Bytes is the same for binary values. The zero value is empty.
type Bytes struct {
	_ [0]func()
	b *[]byte // behind a pointer for the same reason
}

// NewBytes takes b into custody; the caller must not change it afterwards.
func NewBytes(b []byte) Bytes {
	if len(b) == 0 {
		return Bytes{}
	}
	return Bytes{b: &b}
}

// Reveal gives the plain value; it must not be changed.
func (b Bytes) Reveal() []byte {
	if b.b == nil {
		return nil
	}
	return *b.b
}

// Empty says whether there is nothing in it.
func (b Bytes) Empty() bool { return b.b == nil }

// Equal compares in constant time.
func (b Bytes) Equal(o Bytes) bool { return subtle.ConstantTimeCompare(b.Reveal(), o.Reveal()) == 1 }

func (b Bytes) String() string               { return Mask }
func (b Bytes) GoString() string             { return Mask }
func (b Bytes) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, Mask) }
func (b Bytes) LogValue() slog.Value         { return slog.StringValue(Mask) }
func (b Bytes) MarshalText() ([]byte, error) { return []byte(Mask), nil }
func (b Bytes) MarshalJSON() ([]byte, error) { return []byte(`"` + Mask + `"`), nil }

// Sealed is a value that vault has encrypted. Stores and blobs take personal
// data only in this type; nothing but vault makes one from plain data.
type Sealed []byte

// Index is a keyed blind index: the same address gives the same Index within
// one tenant, and tells nothing without the tenant's key.
type Index []byte
