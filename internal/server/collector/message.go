package collector

import (
	"strconv"
	"strings"
	"time"
)

// Facilities (RFC 5424, 6.2.1).
const (
	Daemon = 3  // the log of the program
	Audit  = 13 // audit logs
)

// Severities (RFC 5424, 6.2.1).
const (
	severityError   = 3
	severityWarning = 4
	Notice          = 5
	severityInfo    = 6
	severityDebug   = 7
)

// enterprise stands behind our name in the names of structured data, which need a
// number (RFC 5424, 7.2.2). We have none of our own: this is the one for examples
// (RFC 5612), which nobody else has either.
const enterprise = "@32473"

// Message is one syslog message.
type Message struct {
	Facility int
	Severity int
	At       time.Time
	Kind     string      // MSGID: "log", "audit"
	Data     [][2]string // names and values of structured data; none of it is no element
	Text     []byte      // UTF-8 without line ends
}

// frame appends the message as it goes over the wire: its length, a space, itself.
func (m Message) frame(to []byte, host, process string) []byte {
	b := m.append(nil, host, process)
	to = strconv.AppendInt(to, int64(len(b)), 10)
	to = append(to, ' ')
	return append(to, b...)
}

// append appends the message (RFC 5424, 6).
func (m Message) append(b []byte, host, process string) []byte {
	b = append(b, '<')
	b = strconv.AppendInt(b, int64(m.Facility*8+m.Severity), 10)
	b = append(b, ">1 "...)
	b = m.At.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	for _, word := range []string{host, "nubitalk", process, m.Kind} {
		b = append(append(b, ' '), header(word)...)
	}
	b = append(b, ' ')
	if len(m.Data) == 0 {
		b = append(b, '-')
	} else {
		b = append(append(append(b, '['), m.Kind...), enterprise...)
		for _, d := range m.Data {
			b = append(append(append(b, ' '), d[0]...), '=', '"')
			b = append(append(b, escaped.Replace(d[1])...), '"')
		}
		b = append(b, ']')
	}
	return append(append(b, ' '), m.Text...)
}

// escaped is what a value of structured data may not have as it is (RFC 5424, 6.3.3).
var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

// header is a word of the header: printable ASCII without spaces; "-" for none.
func header(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), 48)]
}
