package provider

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"
)

// Of a message that has none of the fields by which it is known a server may say that there
// is no header: it is a message all the same, and none that is gone.
func TestAMessageWithoutAHeaderIsThere(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		_, _ = theirs.Write([]byte("* OK [CAPABILITY IMAP4rev1] ready\r\n"))
		for lines := bufio.NewScanner(theirs); lines.Scan(); {
			tag, asked, _ := strings.Cut(lines.Text(), " ")
			said := tag + " OK done\r\n"
			if strings.HasPrefix(asked, "UID FETCH ") {
				const of = "BODY[HEADER.FIELDS (\"MESSAGE-ID\" \"FROM\" \"TO\" \"DATE\" \"SUBJECT\")] "
				said = "* 1 FETCH (UID 7 " + of + "NIL)\r\n* 2 FETCH (UID 8 " + of + "{15}\r\nSubject: Hi\r\n\r\n)\r\n" + said
			}
			if _, err := theirs.Write([]byte(said)); err != nil {
				return
			}
		}
	}()
	b := boxOver(&Network{Patience: time.Minute}, ours, "mail.example")
	defer b.Close()
	if err := b.do(t.Context(), b.c.WaitGreeting); err != nil {
		t.Fatal(err)
	}
	heads, err := b.Heads(t.Context(), []uint32{7, 8})
	if err != nil || len(heads) != 2 {
		t.Fatalf("%d heads, %v", len(heads), err)
	}
	if heads[0].UID != 7 || heads[0].Mail.ID != "" || len(heads[0].Mail.From) != 0 || heads[1].UID != 8 || heads[1].Mail.Subject.Reveal() != "Hi" {
		t.Errorf("%d and %d", heads[0].UID, heads[1].UID)
	}
}
