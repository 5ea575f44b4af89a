package provider

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/channel/email/message"
)

// said is a connection to a server that says these octets, whatever it hears, and ends.
type said struct {
	io.Reader
	heard *bytes.Buffer
	ended *atomic.Bool
}

func saying(octets []byte) said {
	return said{bytes.NewReader(octets), &bytes.Buffer{}, &atomic.Bool{}}
}

func (s said) Write(b []byte) (int, error) {
	if s.ended.Load() {
		return 0, net.ErrClosed
	}
	return s.heard.Write(b)
}
func (s said) Close() error                     { s.ended.Store(true); return nil }
func (said) LocalAddr() net.Addr                { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (said) RemoteAddr() net.Addr               { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (said) SetDeadline(time.Time) error        { return nil }
func (said) SetReadDeadline(time.Time) error    { return nil }
func (said) SetWriteDeadline(t time.Time) error { return nil }

// Whatever an authority answers: tokens that are none but tokens and last a while, or a
// fault with words for it.
func FuzzTokens(f *testing.F) {
	f.Add(200, `{"access_token":"a","refresh_token":"b","expires_in":3600}`)
	f.Add(200, `{"access_token":"a","expires_in":"3600"}`)
	f.Add(200, `{"access_token":"a","expires_in":9223372036854775807}`)
	f.Add(200, `{"access_token":"a\u0001auth=Bearer x\r\n","refresh_token":"b\n"}`)
	f.Add(200, `{"access_token":["a"]}`)
	f.Add(400, `{"error":"invalid_grant","error_description":"withdrawn"}`)
	f.Add(401, `{"error":"invalid_client"}`)
	f.Add(503, `<html>`)
	f.Add(200, `null`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		got, err := tokens(status, strings.NewReader(body), "login.example")
		if err != nil {
			var fault *Fault
			if !errors.As(err, &fault) || fault.Reason == "" || fault.Says().Text == "" || !got.Access.Empty() {
				t.Errorf("%v", err)
			}
			return
		}
		if status != http.StatusOK || got.Access.Empty() || got.Lasts < time.Second || got.Lasts > longestLife {
			t.Errorf("%d: %v", status, got.Lasts)
		}
		for _, one := range []string{got.Access.Reveal(), got.Refresh.Reveal()} {
			if strings.ContainsAny(one, "\x00\x01\r\n") || one != strings.ToValidUTF8(one, "") {
				t.Errorf("%q is taken for a token", one)
			}
		}
	})
}

// Whatever stands where an IMAP server should: TLS begins only after its greeting and its
// agreement, with nothing behind that (RFC 9051, 11.1), and it is asked for only once.
func FuzzStartTLS(f *testing.F) {
	f.Add([]byte("* OK ready\r\nt OK begin\r\n"))
	f.Add([]byte("* OK ready\r\n* CAPABILITY IMAP4rev1\r\nt OK begin\r\n* PREAUTH take this\r\n"))
	f.Add([]byte("* BYE busy\r\n"))
	f.Add([]byte("220 mail ESMTP\r\n"))
	f.Add([]byte("* OK ready\r\nt NO\r\n"))
	f.Add([]byte("* ok ready\nt ok\n"))
	f.Add(bytes.Repeat([]byte("* x\r\n"), 5000))
	f.Fuzz(func(t *testing.T, octets []byte) {
		conn := saying(octets)
		err := startTLS(conn)
		if asked := strings.Count(conn.heard.String(), "STARTTLS"); asked > 1 || err == nil && asked != 1 {
			t.Errorf("it is asked for %d times", asked)
		}
		if err != nil {
			return
		}
		lines := bytes.SplitAfter(octets, []byte("\n"))
		last := len(lines) - 1
		if last < 2 || len(lines[last]) > 0 || !bytes.HasPrefix(bytes.ToUpper(lines[0]), []byte("* OK")) || !bytes.HasPrefix(bytes.ToUpper(lines[last-1]), []byte("T OK")) {
			t.Errorf("TLS begins after %q", octets)
		}
	})
}

// Whatever a submission server answers: a letter is sent only where it said that it takes
// it, and what it refuses has a reason with words for it; what it answered is never unsure.
func FuzzSubmission(f *testing.F) {
	const hello = "220 mail ESMTP\r\n250-mail\r\n250-SIZE 100\r\n250 DSN\r\n"
	for _, rest := range []string{"250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n", "250 ok\r\n550 5.1.1 nobody\r\n", "452 full\r\n", "250 ok\r\n251 will forward\r\n354 go on\r\n", "250 ok\r\n250 ok\r\n354 go on\r\n451 later\r\n", "421", "250-ok\r\n"} {
		f.Add([]byte(hello + rest))
	}
	f.Add([]byte("220 mail\r\n500 what\r\n250 mail\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n"))
	f.Add([]byte("* OK IMAP\r\n"))
	f.Add([]byte("554 no\r\n"))
	f.Add([]byte("220 mail\r\n250-mail\r\n250-SIZE -1\r\n250 SIZE 99999999999999999999\r\n"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		conn := saying(octets)
		c, err := smtp.NewClient(conn, "mail.example")
		if err == nil {
			if err = c.Hello("localhost"); err == nil {
				err = deliver(c, "mail.example", Letter{From: "help@shop.example", To: []string{"eva@example.org"}, Octets: []byte("Subject: x\r\n\r\nx\r\n"), Envelope: "a.b"})
			} else {
				err = greeting(err, "mail.example")
			}
		} else {
			err = greeting(err, "mail.example")
		}
		if err == nil {
			if heard := conn.heard.String(); !strings.Contains(heard, "\r\n.\r\n") || !bytes.Contains(octets, []byte("354")) || bytes.LastIndex(octets, []byte("25")) < bytes.Index(octets, []byte("354")) {
				t.Errorf("it is taken for sent after %q", octets)
			}
			return
		}
		fault := AsFault(err, StepMessage, "mail.example")
		if fault.Reason == "" || fault.Says().Text == "" {
			t.Errorf("%v has no words", err)
		}
		if fault.Unsure && (fault.Code != 0 || !strings.Contains(conn.heard.String(), "\r\n.\r\n")) {
			t.Errorf("it is unsure after %q", octets)
		}
	})
}

// Whatever an IMAP server says: reading ends, and what comes of it is messages with a
// number each.
func FuzzBox(f *testing.F) {
	f.Add([]byte("* OK [CAPABILITY IMAP4rev1 CONDSTORE] ready\r\n* FLAGS (\\Seen)\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 2] x\r\nT1 OK done\r\n" +
		"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (MESSAGE-ID FROM TO DATE SUBJECT)] {14}\r\nSubject: Hi\r\n\r\n)\r\nT2 OK done\r\n* 1 FETCH (BODY[]<0> {18}\r\nSubject: Hi\r\n\r\nHello UID 1)\r\nT3 OK done\r\n"))
	f.Add([]byte("* OK ready\r\nT1 OK done\r\n* 1 FETCH (UID 0 BODY[HEADER] NIL)\r\nT2 OK done\r\n* 1 FETCH (BODY[] {999999999999}\r\nx"))
	f.Add([]byte("* OK ready\r\n* SEARCH 1 2 x\r\nT1 NO [OVERQUOTA] full\r\n"))
	f.Add([]byte("* BYE too many connections\r\n"))
	f.Add([]byte("* OK ready\r\n* 1 FETCH (((((((("))
	f.Fuzz(func(t *testing.T, octets []byte) {
		b := boxOver(&Network{Patience: time.Minute}, saying(octets), "mail.example")
		defer b.Close()
		if err := b.do(t.Context(), b.c.WaitGreeting); err != nil {
			return
		}
		_, _ = b.Select(t.Context(), "INBOX")
		heads, _ := b.Heads(t.Context(), []uint32{1, 2})
		for _, h := range heads {
			if h.UID == 0 || h.Mail == nil {
				t.Errorf("%+v", h.UID)
			}
		}
		_, _ = b.Fetch(t.Context(), 1, message.Standard)
		_, _ = b.Find(t.Context(), Search{})
		_, _, _ = b.Changes(t.Context(), 1, Search{})
	})
}
