package localmail

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"
)

const (
	largest    = 40 << 20 // octets of a message
	recipients = 100
	patience   = 5 * time.Minute // of a command (RFC 5321, 4.5.3.2.7)
)

func (p *Provider) serveSubmission() {
	for {
		conn, err := p.submit.Accept()
		if err != nil {
			return // closed
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			_ = conn.Close()
			return
		}
		p.open[conn] = true
		p.mu.Unlock()
		p.running.Go(func() {
			(&submission{p: p, conn: conn, text: textproto.NewConn(conn)}).serve()
			_ = conn.Close()
			p.mu.Lock()
			delete(p.open, conn)
			p.mu.Unlock()
		})
	}
}

// submission is one connection.
type submission struct {
	p    *Provider
	conn net.Conn
	text *textproto.Conn

	in   bool // signed in
	from string
	to   []string
}

func (s *submission) say(line string) error { return s.text.PrintfLine("%s", line) }

func (s *submission) serve() {
	if s.say("220 127.0.0.1 ESMTP") != nil {
		return
	}
	for {
		_ = s.conn.SetDeadline(time.Now().Add(patience))
		line, err := s.text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		answer, goOn := s.command(strings.ToUpper(verb), rest)
		for _, one := range answer {
			if s.say(one) != nil {
				return
			}
		}
		if !goOn {
			return
		}
	}
}

func (s *submission) command(verb, rest string) (answer []string, goOn bool) {
	switch verb {
	case "EHLO":
		s.from, s.to = "", nil
		return []string{"250-127.0.0.1", "250-8BITMIME", "250-SIZE 41943040", "250 AUTH PLAIN"}, true
	case "HELO", "RSET":
		s.from, s.to = "", nil
		return []string{"250 2.0.0 ready"}, true
	case "NOOP":
		return []string{"250 2.0.0 ready"}, true
	case "QUIT":
		return []string{"221 2.0.0 bye"}, false
	case "AUTH":
		return []string{s.auth(rest)}, true
	case "MAIL", "RCPT", "DATA":
		if !s.in {
			return []string{"530 5.7.0 sign in first"}, true
		}
	default:
		return []string{"500 5.5.1 no such command"}, true
	}
	switch verb {
	case "MAIL":
		s.from, s.to = path(rest), nil
		return []string{"250 2.1.0 fine"}, true
	case "RCPT":
		to := path(rest)
		if to == "" {
			return []string{"501 5.1.3 no address"}, true
		}
		if len(s.to) == recipients {
			return []string{"452 4.5.3 too many"}, true
		}
		s.to = append(s.to, to)
		return []string{"250 2.1.5 fine"}, true
	}
	if len(s.to) == 0 {
		return []string{"503 5.5.1 to whom?"}, true
	}
	return s.data()
}

// path is what stands in the angle brackets of FROM:<…> and TO:<…>.
func path(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	at, _, _ := strings.Cut(rest, ">")
	return at
}

// auth is PLAIN, with its response in the command or after it (RFC 4954, 4).
func (s *submission) auth(rest string) string {
	way, response, _ := strings.Cut(rest, " ")
	if !strings.EqualFold(way, "PLAIN") {
		return "504 5.5.4 only PLAIN"
	}
	if response == "" {
		if s.say("334 ") != nil {
			return "421 4.4.2 gone"
		}
		var err error
		if response, err = s.text.ReadLine(); err != nil {
			return "421 4.4.2 gone"
		}
	}
	said, err := base64.StdEncoding.DecodeString(response)
	parts := bytes.Split(said, []byte{0})
	if err != nil || len(parts) != 3 {
		return "501 5.5.2 that is no response"
	}
	s.p.mu.Lock()
	known := s.p.accounts[strings.ToLower(string(parts[1]))] != nil
	s.p.mu.Unlock()
	if !known || subtle.ConstantTimeCompare(parts[2], []byte(s.p.password)) != 1 {
		return "535 5.7.8 not accepted"
	}
	s.in = true
	return "235 2.7.0 accepted"
}

func (s *submission) data() (answer []string, goOn bool) {
	if s.say("354 go on") != nil {
		return nil, false
	}
	lines := s.text.DotReader() // line ends become those of Unix
	read, err := io.ReadAll(io.LimitReader(lines, largest+1))
	if err != nil {
		return nil, false
	}
	from, to := s.from, s.to
	s.from, s.to = "", nil
	if len(read) > largest {
		if _, err := io.Copy(io.Discard, lines); err != nil {
			return nil, false
		}
		return []string{"552 5.3.4 too large"}, true
	}
	if s.p.Deliver(from, to, bytes.ReplaceAll(read, []byte("\n"), []byte("\r\n"))) != nil {
		return []string{"451 4.3.0 it could not be kept"}, true
	}
	return []string{"250 2.0.0 accepted"}, true
}
