package provider

import (
	"bytes"
	"errors"
	"net"
	"strconv"
)

// guarded reads from an IMAP server what the library can take. go-imap v2 beta 8 never
// comes to an end with a list of capabilities that has a parenthesis in it, which a server
// that does harm may send at any time, and keeps a line of any length in memory. Neither is
// IMAP (RFC 9051, 9): the connection ends there.
type guarded struct {
	net.Conn
	line    lineState
	literal int64 // octets of a message that come, and are no lines
}

// longestLine is how long a line may be: the numbers of two million messages.
const longestLine = 16 << 20

var errNoIMAP = errors.New("the server says what is no IMAP")

// lineState is what is known of a line while it comes.
type lineState struct {
	size    int
	head    [64]byte // how it begins
	last    [24]byte // its latest octets, the newest at the end
	settled bool     // it is no list of capabilities
	caps    bool     // it is one
	quoted  bool     // within a text of a FETCH, whose line goes on after its end
	escaped bool
	fetch   bool
}

// untagged and code are how a list of capabilities begins: as an answer of its own, and as
// the code of another (RFC 9051, 7.2.2, 7.1).
var untagged, code = []byte("* CAPABILITY"), []byte("[CAPABILITY")

// begins says whether a list of capabilities does.
func (l *lineState) begins() bool {
	return l.size == len(untagged) && bytes.EqualFold(l.head[:l.size], untagged) || bytes.EqualFold(l.last[len(l.last)-len(code):], code)
}

func (g *guarded) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if !g.look(p[:n]) {
		_ = g.Conn.Close()
		return 0, errNoIMAP
	}
	return n, err
}

// look says whether octets may be passed on.
func (g *guarded) look(p []byte) bool {
	for len(p) > 0 {
		if g.literal > 0 {
			n := min(g.literal, int64(len(p)))
			g.literal -= n
			p = p[n:]
			continue
		}
		c := p[0]
		p = p[1:]
		l := &g.line
		if l.size < len(l.head) {
			l.head[l.size] = c
		}
		copy(l.last[:], l.last[1:])
		l.last[len(l.last)-1] = c
		if l.size++; l.size > longestLine {
			return false
		}
		if c == '\n' {
			g.ends()
			continue
		}
		switch {
		case l.caps && c == '(':
			return false
		case l.caps && c == ']':
			l.caps, l.settled = false, true
		case !l.settled && !l.caps:
			if c == '(' || c == '"' {
				l.settled = true
				l.fetch = isFetch(l.head[:min(l.size, len(l.head))])
			} else {
				l.caps = l.begins()
			}
		}
		if l.fetch {
			switch {
			case l.escaped:
				l.escaped = false
			case l.quoted && c == '\\':
				l.escaped = true
			case c == '"':
				l.quoted = !l.quoted
			}
		}
	}
	return true
}

// ends is the end of a line: a message may follow that is no line, and the line goes on
// after it.
func (g *guarded) ends() {
	l := &g.line
	if l.fetch && !l.quoted {
		if n, is := literal(l.last[:]); is {
			g.literal = n
			l.last = [24]byte{}
			return
		}
	}
	*l = lineState{quoted: l.fetch && l.quoted, fetch: l.fetch && l.quoted} // what goes on within a text is looked at as a line
}

// isFetch says whether a line is of a message: "* 1 FETCH (".
func isFetch(head []byte) bool {
	parts := bytes.SplitN(head, []byte(" "), 4)
	return len(parts) == 4 && string(parts[0]) == "*" && string(parts[2]) == "FETCH" && parts[3][0] == '('
}

// literal is how many octets follow a line that ends so (RFC 9051, 4.3).
func literal(end []byte) (int64, bool) {
	end, crlf := bytes.CutSuffix(end, []byte("}\r\n"))
	at := bytes.LastIndexByte(end, '{')
	if !crlf || at < 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(bytes.TrimSuffix(end[at+1:], []byte("+"))), 10, 62)
	return int64(n), err == nil
}
