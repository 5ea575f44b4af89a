package config

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// Secret is a setting that must not print. Its value may be "@FILE", for a file
// that holds it (its last line end is cut off).
type Secret struct{ secret.Text }

// UnmarshalText takes the value or reads the file.
func (s *Secret) UnmarshalText(b []byte) error {
	path, ok := strings.CutPrefix(string(b), "@")
	if !ok {
		s.Text = secret.New(string(b))
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read the file that holds it: %w", err)
	}
	value := strings.TrimRight(string(content), "\r\n")
	if value == "" {
		return fmt.Errorf("the file %s is empty", path)
	}
	s.Text = secret.New(value)
	return nil
}

// Duration is a span such as 20s, 5m or 1h30m.
type Duration time.Duration

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return errors.New("must be a time such as 500ms, 20s, 5m or 1h30m")
	}
	if v < 0 {
		return errors.New("must not be negative")
	}
	*d = Duration(v)
	return nil
}

func (d Duration) String() string { return time.Duration(d).String() }

// Size is a number of bytes such as 64KiB or 10MB.
type Size int64

// units go from long to short, so that "KiB" is not taken for "B".
var units = []struct {
	name  string
	bytes float64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1},
}

// UnmarshalText reads it.
func (s *Size) UnmarshalText(b []byte) error {
	text, unit := strings.TrimSpace(string(b)), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n*unit > math.MaxInt64/2 || strings.ContainsAny(text, "xXpPeE_") {
		return errors.New("must be a size such as 64KiB, 10MB or 2GiB")
	}
	*s = Size(n * unit)
	return nil
}

func (s Size) String() string {
	for _, u := range units[:4] {
		if s > 0 && int64(s)%int64(u.bytes) == 0 {
			return strconv.FormatInt(int64(s)/int64(u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
