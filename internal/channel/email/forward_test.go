package email

import (
	"io"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
)

// withFiles is a message with a picture in its text, a file beside it, a program, and what
// it quotes itself.
const withFiles = "From: Rui <rui@example.org>\r\nTo: help@shop.example\r\nCc: eva@example.org\r\nSubject: The leak\r\nMessage-ID: <2@example.org>\r\nReferences: <1@example.org>\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\n" +
	"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nIt leaks.\r\n> much older\r\n" +
	"--a\r\nContent-Type: text/html\r\n\r\n<p>It <b>leaks</b>.</p><img src=cid:leak alt=leak><img src=http://elsewhere.example/x.png alt=Elsewhere><script>x</script><blockquote type=cite>much <blockquote>deeper</blockquote> older</blockquote><p>End</p>\r\n--a--\r\n" +
	"--m\r\nContent-Type: image/png; name=leak.png\r\nContent-ID: <leak>\r\nContent-Disposition: inline\r\n\r\nPNG\r\n" +
	"--m\r\nContent-Type: application/pdf; name=bill.pdf\r\nContent-Disposition: attachment; filename=bill.pdf\r\n\r\nPDF\r\n" +
	"--m\r\nContent-Type: application/octet-stream; name=run.exe\r\nContent-Disposition: attachment; filename=run.exe\r\n\r\nEXE\r\n--m--\r\n"

func texts(list ...string) (out []secret.Text) {
	for _, s := range list {
		out = append(out, secret.New(s))
	}
	return out
}

// A message is passed on with its header, what it says and the files that were chosen; its
// pictures stay where they are shown, nothing of it is fetched by who gets it, and it is no
// answer.
func TestAMessageIsPassedOn(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	m, err := message.Read(strings.NewReader(withFiles), message.Standard)
	if err != nil || len(m.Files) != 3 {
		t.Fatal(err, len(m.Files))
	}
	s.held.put(a.Tenant, interaction, m)
	w := Answer{ClientID: "1", Forward: true, Text: secret.New("Please look at this."), To: texts("plumber@pipes.example"), Original: []int{0, 1, 1}}
	got, err := s.Reply(t.Context(), a, interaction, w)
	if err != nil || got.State != sent || got.Kind != forwarded {
		t.Fatalf("%+v %v", got, err)
	}
	out := r.last(t)
	if out.Subject.Reveal() != "Fwd: The leak" || len(out.InReplyTo) != 0 || strings.Join(out.References, " ") != "1@example.org 2@example.org" || out.To[0].Address.Reveal() != "plumber@pipes.example" || len(out.To) != 1 {
		t.Errorf("%q answers %v, refers to %v, goes to %d", out.Subject.Reveal(), out.InReplyTo, out.References, len(out.To))
	}
	want := "Please look at this.\n\n-- \nBo\nYour shop\n\n---------- Forwarded message ----------\nFrom: Rui <rui@example.org>\nDate: Sun, 29 Nov 2026 10:00:00 +0000\nSubject: The leak\nTo: help@shop.example\nCc: eva@example.org\n\nIt leaks.\n"
	if out.Text.Reveal() != want {
		t.Errorf("it says\n%q, want\n%q", out.Text.Reveal(), want)
	}
	page := out.HTML.Reveal()
	for _, has := range []string{"<p>Please look at this.</p>", "Bo<br>\nYour shop", "<b>Forwarded message</b>", "From: Rui &lt;rui@example.org&gt;", "<p>It <b>leaks</b>.</p>", "Elsewhere", "<p>End</p>"} {
		if !strings.Contains(page, has) {
			t.Errorf("its HTML lacks %q:\n%s", has, page)
		}
	}
	for _, no := range []string{"older", "deeper", "script", "elsewhere.example", "data-remote"} {
		if strings.Contains(page, no) {
			t.Errorf("its HTML has %q:\n%s", no, page)
		}
	}
	if len(out.Files) != 2 || out.Files[1].Name.Reveal() != "bill.pdf" || out.Files[1].Inline || out.Files[0].MediaType != "image/png" || !strings.Contains(page, `src="cid:`+out.Files[0].ContentID+`"`) {
		t.Fatalf("it has %d files, and shows\n%s", len(out.Files), page)
	}
	if octets, _ := io.ReadAll(out.Files[0].Reader()); strings.TrimSpace(string(octets)) != "PNG" {
		t.Errorf("the picture is %q", octets)
	}

	// With what it quotes; without words of one's own, and without files.
	w = Answer{ClientID: "2", Forward: true, To: texts("plumber@pipes.example"), Quote: true}
	if got, err := s.Reply(t.Context(), a, interaction, w); err != nil || got.State != sent {
		t.Fatalf("%+v %v", got, err)
	}
	if out = r.last(t); !strings.Contains(out.Text.Reveal(), "> much older") || !strings.Contains(out.HTML.Reveal(), "deeper") || strings.Contains(out.HTML.Reveal(), "cid:") || len(out.Files) != 0 {
		t.Errorf("%d files, %s\n%s", len(out.Files), out.Text.Reveal(), out.HTML.Reveal())
	}
	mail, err := s.Read(t.Context(), a.Tenant, interaction)
	if err != nil || len(mail.Sends) != 2 || mail.Sends[0].Kind != forwarded {
		t.Errorf("%+v %v", mail.Sends, err)
	}
}

// A message that is little without its quotes is passed on with them, unless it is said
// that it is not; of any other they are left out, unless it is said that they are not.
func TestLittleIsPassedOnWithItsQuotes(t *testing.T) {
	long := strings.Repeat("Much that is new. ", 20)
	for name, c := range map[string]struct {
		text, kind string
		thin       bool
	}{
		"all quote":            {"> much older, and a good deal of it\r\n> and more of that", "text/plain", true},
		"a word above a quote": {"See below.\r\n\r\n> " + long, "text/plain", true},
		"HTML above a quote":   {"<p>See below.</p><blockquote type=cite>much older: " + long + "</blockquote>", "text/html", true},
		"more than a word":     {long + "\r\n\r\n> much older", "text/plain", false},
		"a short one":          {"Yes, please.", "text/plain", false},
		"nothing":              {"", "text/plain", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelay(t)
			s, a, interaction := writing(t, r, 0)
			m, err := message.Read(strings.NewReader("From: Rui <rui@example.org>\r\nTo: help@shop.example\r\nMessage-ID: <3@example.org>\r\nContent-Type: "+c.kind+"\r\n\r\n"+c.text+"\r\n"), message.Standard)
			if err != nil {
				t.Fatal(err)
			}
			s.held.put(a.Tenant, interaction, m)
			if mail, err := s.Read(t.Context(), a.Tenant, interaction); err != nil || mail.QuotesMatter != c.thin {
				t.Errorf("quotes matter: %v, %v", mail.QuotesMatter, err)
			}
			for i, w := range []Answer{{Unsaid: true}, {Quote: true}, {}} {
				w.ClientID, w.Forward, w.To = string(rune('1'+i)), true, texts("eva@example.org")
				if _, err := s.Reply(t.Context(), a, interaction, w); err != nil {
					t.Fatal(err)
				}
				quoted := strings.Contains(c.text, "older") || strings.Contains(c.text, "> Much")
				want := quoted && (w.Quote || w.Unsaid && c.thin)
				got := r.last(t)
				_, said, _ := strings.Cut(got.Text.Reveal(), "To: help@shop.example")
				if has := strings.Contains(said, "older") || strings.Contains(said, "> Much"); has != want {
					t.Errorf("quote %v: it says %q", w.Quote, said)
				}
				if has := strings.Contains(got.HTML.Reveal(), "older"); c.kind == "text/html" && has != want {
					t.Errorf("quote %v: its HTML says %q", w.Quote, got.HTML.Reveal())
				}
			}
		})
	}
}

// What a message of HTML alone quotes is in its text, too, and is no more passed on or
// quoted than that of others.
func TestQuotesOfHTMLAloneDoNotGrow(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	m, err := message.Read(strings.NewReader("From: Rui <rui@example.org>\r\nTo: help@shop.example\r\nMessage-ID: <3@example.org>\r\nContent-Type: text/html\r\n\r\n<p>New</p><div class=gmail_quote><blockquote class=gmail_quote>old</blockquote></div>\r\n"), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	s.held.put(a.Tenant, interaction, m)
	for i, w := range []Answer{{Text: secret.New("x"), Quote: true}, {Forward: true, To: texts("eva@example.org")}} {
		w.ClientID = string(rune('1' + i))
		if _, err := s.Reply(t.Context(), a, interaction, w); err != nil {
			t.Fatal(err)
		}
		if got := r.last(t); !strings.Contains(got.Text.Reveal(), "New") || strings.Contains(got.Text.Reveal()+got.HTML.Reveal(), "old") {
			t.Errorf("it says %q, %q", got.Text.Reveal(), got.HTML.Reveal())
		}
	}
}

// What cannot be passed on is told at its own place, and nothing is sent.
func TestWhatCannotBePassedOnIsTold(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	m, err := message.Read(strings.NewReader(withFiles), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	s.held.put(a.Tenant, interaction, m)
	box := s.Setup.(oneBox)
	box.m.MaxTo = 2
	s.Setup = box
	for path, w := range map[string]Answer{
		"to":          {Forward: true},
		"to[1]":       {Forward: true, To: texts("eva@example.org", "nobody\r\nBcc: x@example.org")},
		"bcc[0]":      {Forward: true, To: texts("eva@example.org"), Bcc: texts("eva")},
		"cc[0]":       {Text: secret.New("x"), Cc: texts("a@b@c")},
		"original[0]": {Forward: true, To: texts("eva@example.org"), Original: []int{3}},
		"original[1]": {Forward: true, To: texts("eva@example.org"), Original: []int{1, 2}}, // a program
	} {
		w.ClientID = path
		_, err := s.Reply(t.Context(), a, interaction, w)
		if f := errs.As(err).Fields; !errs.Is(err, errs.Invalid) || len(f) != 1 || f[0].Path != path || r.count() != 0 {
			t.Errorf("%s: %v, %+v", path, err, f)
		}
	}
	many := Answer{ClientID: "m", Text: secret.New("x"), To: texts("a@example.org"), Cc: texts("b@example.org"), Bcc: texts("c@example.org")}
	if _, err := s.Reply(t.Context(), a, interaction, many); !errs.Is(err, errs.Invalid) || r.count() != 0 {
		t.Errorf("more than the mailbox's: %v", err)
	}
	big := *m
	big.Files = append(big.Files[:1:1], message.File{Name: secret.New("big.pdf"), Size: 1<<20 + 1})
	s.held.put(a.Tenant, interaction, &big)
	if _, err := s.Reply(t.Context(), a, interaction, Answer{ClientID: "b", Forward: true, To: texts("a@example.org"), Original: []int{1}}); !errs.Is(err, errs.Invalid) || r.count() != 0 {
		t.Errorf("more than the mailbox's files: %v", err)
	}
}

// Who is reached unseen is in the envelope and in the copy that is kept, and in nothing
// that leaves; nobody is written to twice, nor the mailbox by itself.
func TestBccIsSeenByNobody(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	o, err := s.open(t.Context(), a.Tenant, interaction)
	if err != nil {
		t.Fatal(err)
	}
	w := Answer{Text: secret.New("x"), Cc: texts("eva@example.org", "Rui@Example.org", "sales@shop.example"), Bcc: texts("boss@shop.example", "EVA@example.org")}
	got, err := s.letter(t.Context(), a, interaction, o, w, []byte("nonce"))
	if err != nil {
		t.Fatal(err)
	}
	if to := strings.Join(got.To, " "); to != "rui@example.org eva@example.org boss@shop.example" {
		t.Errorf("it reaches %s", to)
	}
	if strings.Contains(string(got.Octets), "boss@") || !strings.HasPrefix(string(got.kept()), "Bcc: <boss@shop.example>\r\n") || !strings.HasSuffix(string(got.kept()), string(got.Octets)) {
		t.Errorf("it says\n%s\nand is kept as\n%s", got.Octets, got.kept())
	}
}
