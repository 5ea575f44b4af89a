package telemetry

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// NewLogger makes a logger that writes one JSON object a line.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(guard{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: ReplaceAttr})})
}

// NewTextLogger is NewLogger for a person at a terminal.
func NewTextLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(guard{slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: ReplaceAttr})})
}

// guard masks the message too, which ReplaceAttr sees only for some handlers.
type guard struct{ slog.Handler }

func (g guard) Handle(ctx context.Context, r slog.Record) error {
	if m := Mask(r.Message); m != r.Message {
		masked := slog.NewRecord(r.Time, r.Level, m, r.PC)
		r.Attrs(func(a slog.Attr) bool { masked.AddAttrs(a); return true })
		r = masked
	}
	return g.Handler.Handle(ctx, r)
}

func (g guard) WithAttrs(attrs []slog.Attr) slog.Handler { return guard{g.Handler.WithAttrs(attrs)} }
func (g guard) WithGroup(name string) slog.Handler       { return guard{g.Handler.WithGroup(name)} }

// ReplaceAttr is the guard for a slog handler: it lets through only values that
// cannot hold personal data by their kind.
func ReplaceAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindTime: // a line's own, too: lines of several machines stand in one order
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	case slog.KindString:
		a.Value = slog.StringValue(Mask(a.Value.String()))
	case slog.KindAny:
		a.Value = maskAny(a.Value.Any())
	}
	return a
}

func maskAny(v any) slog.Value {
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.StringValue(Mask(v.Error()))
	case time.Time:
		return slog.TimeValue(v.UTC())
	case slog.Level, time.Duration, *slog.Source:
		return slog.AnyValue(v)
	case secret.Sealed, secret.Index, []byte:
		return slog.StringValue(secret.Mask)
	case netip.Addr, netip.AddrPort, netip.Prefix:
		return slog.StringValue(secret.Mask) // a person's address is personal data
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.String: // id.Tenant, errs.Code and their like
		return slog.StringValue(Mask(r.String()))
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return slog.AnyValue(v)
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.String { // a list of ids
			parts := make([]string, min(r.Len(), 50))
			for i := range parts {
				parts[i] = Mask(r.Index(i).String())
			}
			return slog.StringValue(strings.Join(parts, " "))
		}
	}
	return slog.StringValue(fmt.Sprintf("(%T)", v))
}

var (
	emailLike = regexp.MustCompile(`[^\s"'<>(){}\[\],;=]+@[^\s"'<>(){}\[\],;=]+`)
	phoneLike = regexp.MustCompile(`\+[0-9][0-9 ().-]{5,}[0-9]`)
	hostLike  = regexp.MustCompile(`\[?[0-9a-fA-F]*[:.][0-9a-fA-F:.]+(%\w+)?\]?(:[0-9]+)?`)
)

// Mask hides what looks like an e-mail address or an international telephone
// number.
func Mask(s string) string {
	if strings.IndexByte(s, '@') >= 0 {
		s = emailLike.ReplaceAllString(s, secret.Mask)
	}
	if strings.IndexByte(s, '+') >= 0 {
		s = phoneLike.ReplaceAllString(s, secret.Mask)
	}
	return s
}

// MaskHosts hides IP addresses too, with their ports: for texts about a peer
// that may be a person's machine. Loopback addresses stay.
func MaskHosts(s string) string {
	return hostLike.ReplaceAllStringFunc(Mask(s), func(m string) string {
		host := strings.TrimSuffix(m, ":")
		addr, ok := parseHost(host)
		if !ok || addr.IsLoopback() || addr.IsUnspecified() {
			return m
		}
		return secret.Mask + m[len(host):]
	})
}

func parseHost(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr(), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a, err == nil
}

// HTTPErrorLog is for http.Server.ErrorLog, whose lines name the client's
// address: it masks them.
func HTTPErrorLog(l *slog.Logger) *log.Logger { return log.New(httpErrors{l}, "", 0) }

type httpErrors struct{ log *slog.Logger }

func (h httpErrors) Write(p []byte) (int, error) {
	line := strings.TrimSpace(string(p))
	level := slog.LevelWarn
	if strings.Contains(line, "TLS handshake error") || strings.Contains(line, "EOF") {
		level = slog.LevelDebug // scanners and closed laptops, all day long
	}
	h.log.Log(context.Background(), level, "http", "text", MaskHosts(line))
	return len(p), nil
}
