package provider

import (
	"strings"
	"testing"
	"testing/iotest"
)

// What the library would never come to an end with is not passed on, wherever it comes;
// what servers say and messages hold is, however it comes in pieces.
func TestWhatIsNoIMAPEndsTheConnection(t *testing.T) {
	for name, c := range map[string]struct {
		said string
		ok   bool
	}{
		"a greeting":                {"* OK [CAPABILITY IMAP4rev1 IDLE] Dovecot (Debian) ready.\r\n", true},
		"capabilities":              {"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nT1 OK Capability completed (0.001 secs).\r\n", true},
		"a folder's name":           {"* LIST (\\HasNoChildren) \"/\" \"Capability (EU)\"\r\n", true},
		"a message":                 {"* 1 FETCH (UID 1 BODY[] {26}\r\n* CAPABILITY (\r\n\r\n* x (\r\n)\r\nT1 OK (done)\r\n", true},
		"two messages in one":       {"* 1 FETCH (BODY[HEADER] {4}\r\n(\r\n BODY[TEXT] {16}\r\n* CAPABILITY (\r\n)\r\n* OK x\r\n", true},
		"in the greeting":           {"* OK [CAPABILITY(d", false},
		"after a blank":             {"* OK [CAPABILITY IMAP4rev1 (d", false},
		"by itself":                 {"* capability  (\r\n", false},
		"in an answer":              {"T1 OK [CAPABILITY a(", false},
		"after a message":           {"* 1 FETCH (BODY[] {3}\r\nabc)\r\n* CAPABILITY (", false},
		"behind a number alone":     {"* OK x {99}\r\n* CAPABILITY (", false},
		"behind a number in a text": {"* 1 FETCH (ENVELOPE (\"x {99}\r\n\"))\r\n* CAPABILITY (", false},
		"behind a lower case":       {"* 1 fetch (BODY[] {99}\r\n* CAPABILITY (", false},
		"behind no number":          {"* 1 FETCH (BODY[] {-9}\r\n* CAPABILITY (", false},
		"a line without an end":     {"* OK " + strings.Repeat("x", longestLine), false},
	} {
		for _, pieces := range []bool{false, true} {
			if pieces && len(c.said) > 1000 {
				continue
			}
			conn := saying([]byte(c.said))
			if pieces {
				conn.Reader = iotest.OneByteReader(conn.Reader)
			}
			g := &guarded{Conn: conn}
			var got strings.Builder
			buf := make([]byte, 32<<10)
			var err error
			for err == nil {
				var n int
				n, err = g.Read(buf)
				got.Write(buf[:n])
			}
			if passed := got.String() == c.said; passed != c.ok || (err == errNoIMAP) == c.ok || conn.ended.Load() == c.ok {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
