package store

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store/engine"
)

// Column types of Go values: what a scan function points at. Each is a plain
// conversion of the field's pointer, so nothing is allocated or reflected.
type (
	micros time.Time // BIGINT, microseconds; 0 is the zero time
	flag   bool      // BIGINT, 0 or 1
	number int       // BIGINT
)

func (m *micros) Scan(src any) error {
	n, err := asInt(src)
	*m = micros(clock.FromMicros(n))
	return err
}

func (f *flag) Scan(src any) error {
	n, err := asInt(src)
	*f = n != 0
	return err
}

func (n *number) Scan(src any) error {
	v, err := asInt(src)
	*n = number(v)
	return err
}

func asInt(src any) (int64, error) {
	n, ok := src.(int64)
	if !ok {
		return 0, fmt.Errorf("store: a column has a %T where an integer is expected", src)
	}
	return n, nil
}

func at(t *time.Time) *micros               { return (*micros)(t) }
func yes(b *bool) *flag                     { return (*flag)(b) }
func num(n *int) *number                    { return (*number)(n) }
func bin(b *[]byte) *engine.Bytes           { return (*engine.Bytes)(b) }
func sealed(b *secret.Sealed) *engine.Bytes { return (*engine.Bytes)(b) }
func indexed(b *secret.Index) *engine.Bytes { return (*engine.Bytes)(b) }
func us(t time.Time) int64                  { return clock.Micros(t) }
func tenantOf(t *id.Tenant) *string         { return (*string)(t) }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// raw is a byte value to bind: never nil, which would be NULL.
func raw[B ~[]byte](b B) []byte {
	if b == nil {
		return []byte{}
	}
	return []byte(b)
}

// jsonInto is TEXT that holds a list or a map as JSON.
type jsonInto[T any] struct{ to *T }

func (j jsonInto[T]) Scan(src any) error {
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("store: a column has a %T where JSON text is expected", src)
	}
	if s == "" || s == "[]" || s == "{}" || s == "null" {
		var none T
		*j.to = none
		return nil
	}
	return json.Unmarshal([]byte(s), j.to)
}

func fromJSON[T any](to *T) jsonInto[T] { return jsonInto[T]{to} }

// jsonList and jsonMap are the texts of a list and a map. They hold only
// strings and numbers, so they always have one.
func jsonList[E any](l []E) string {
	if len(l) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(l)
	return string(b)
}

func jsonMap[K comparable, V any](m map[K]V) string {
	if len(m) == 0 {
		return "{}"
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// jsonOf is the text of a struct of strings and numbers.
func jsonOf[T any](v T) string {
	b, _ := json.Marshal(v)
	return string(b)
}

var (
	insertColumns = regexp.MustCompile(`(?s)INSERT INTO \w+ \(([^)]*)\)\s*VALUES \(([^)]*)\)`)
	comparison    = regexp.MustCompile(`(\w+) *(?:=|<|>|<=|>=|<>) *\$(\d+)`)
)

// fieldOf names the column that parameter n of a statement is for.
func fieldOf(sql string, n int) string {
	want := "$" + strconv.Itoa(n)
	if m := insertColumns.FindStringSubmatch(sql); m != nil {
		names := strings.Split(m[1], ",")
		for i, v := range strings.Split(m[2], ",") {
			if strings.TrimSpace(v) == want && i < len(names) {
				return strings.TrimSpace(names[i])
			}
		}
	}
	for _, m := range comparison.FindAllStringSubmatch(sql, -1) {
		if "$"+m[2] == want {
			return m[1]
		}
	}
	return "value " + strconv.Itoa(n)
}
