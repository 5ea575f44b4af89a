package message_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
)

// oneLine fails for what cannot be shown in one line: control characters, and what turns
// the direction of what follows.
func oneLine(t *testing.T, what, s string) {
	t.Helper()
	if s != strings.ToValidUTF8(s, "") || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' || r == '\u2066' }) {
		t.Errorf("%s is %q", what, s)
	}
}

// folded is a text as one field of a header.
func folded(s string) string {
	return strings.NewReplacer("\r", " ", "\n", "\r\n ").Replace(s)
}

// Whatever an Authentication-Results field says (RFC 8601): a few verdicts of methods that
// are known, none out of a comment, and none of another server's.
func FuzzVerdicts(f *testing.F) {
	f.Add("mx.example; spf=pass smtp.mailfrom=a@b.example; dkim=fail (bad) header.d=c.example")
	f.Add("mx.example; (dmarc=pass) spf=\"pass\"; dmarc=pass (p=none (nested)) header.from=x")
	f.Add("mx.example 1; none")
	f.Add("mx.example;" + strings.Repeat(" spf=pass;", 200))
	f.Add("(((((mx; spf=pass")
	f.Add("mx; dkim=pass\\; dmarc=pass")
	f.Fuzz(func(t *testing.T, field string) {
		m := read(t, "Authentication-Results: "+folded(field)+"\nAuthentication-Results: forged.example; dmarc=pass\nFrom: a@b.example\n\nx")
		for _, v := range m.Verdicts("") {
			if !slices.Contains([]string{"spf", "dkim", "dmarc", "arc"}, v.Method) || v.Result == "" || strings.ContainsAny(v.Result+v.Domain, " \t\r\n;()\"\\<>=@") {
				t.Errorf("%+v", v)
			}
		}
		if n := len(m.Verdicts("")); n > 50 {
			t.Errorf("%d verdicts", n)
		}
		if !strings.Contains(strings.ToLower(field), "=") && len(m.Verdicts("")) > 0 {
			t.Errorf("verdicts out of %q", field)
		}
	})
}

// Whatever a delivery report says (RFC 3464): so many recipients at most, status codes that
// are some, and ids that are no other tenant's.
func FuzzReport(f *testing.F) {
	threads := message.NewThreads(secret.NewBytes([]byte(strings.Repeat("k", 32))))
	ours := threads.ID("int_00000000000000000000000001", []byte("nonce678"), "shop.example")
	f.Add("Reporting-MTA: dns; mx.example\nOriginal-Envelope-Id: x\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1 (nobody)\n")
	f.Add("Action: delayed\nStatus: 4.x.y\nFinal-Recipient: a@b.example\n\nAction: FAILED\n Status: 5.1.1\n")
	f.Add(strings.Repeat("\nAction: failed\n", 3000))
	f.Add("Original-Envelope-Id:\n " + strings.Repeat("x", 5000) + "\n\n\n\n\n:\n::\nAction:\n")
	f.Fuzz(func(t *testing.T, status string) {
		m := read(t, "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=0f8\n\n--0f8\nContent-Type: message/delivery-status\n\n"+status+"\n--0f8--\n")
		if m.Report == nil {
			return
		}
		if len(m.Report.Delivery) > 1000 {
			t.Errorf("%d recipients", len(m.Report.Delivery))
		}
		for _, d := range m.Report.Delivery {
			if parts := strings.Split(d.Status, "."); d.Status != "" && (len(parts) != 3 || strings.Trim(d.Status, "0123456789.") != "") {
				t.Errorf("a status of %q", d.Status)
			}
			oneLine(t, "a recipient", d.Recipient.Reveal())
		}
		oneLine(t, "the envelope's id", m.Report.Envelope)
		if worst, bad := m.Report.Worst(); bad && worst.Action != "failed" && worst.Action != "delayed" {
			t.Errorf("the worst is %q", worst.Action)
		}
		if _, of := threads.Reported(m); of != "" && !strings.Contains(status, message.Local(ours)) {
			t.Errorf("%q is about %s", status, of)
		}
	})
}

// Whatever a message says it answers: it is one of ours only with an id that we signed.
func FuzzThreads(f *testing.F) {
	threads := message.NewThreads(secret.NewBytes([]byte(strings.Repeat("k", 32))))
	ours := threads.ID("int_00000000000000000000000001", []byte("nonce678"), "shop.example")
	f.Add("<" + ours + ">")
	f.Add("<x@y> <" + ours + "> (" + ours + ")")
	f.Add("<" + strings.Replace(ours, "int_00000000000000000000000001", "int_00000000000000000000000002", 1) + ">")
	f.Add("<" + strings.ToUpper(ours) + ">")
	f.Add("<" + ours[:len(ours)-15] + "@shop.example>")
	f.Add("<..@> <int_.x.y> <<<>>>")
	f.Fuzz(func(t *testing.T, field string) {
		for _, name := range []string{"In-Reply-To", "References"} {
			m := read(t, name+": "+folded(field)+"\nFrom: a@b.example\n\nx")
			if of := threads.Of(m); of != "" && (of != "int_00000000000000000000000001" || !strings.Contains(field, message.Local(ours))) {
				t.Errorf("%s: %q answers %s", name, field, of)
			}
			if _, references := m.Answer(); len(references) > 21 {
				t.Errorf("%d references", len(references))
			}
		}
	})
}

// Whatever a header says in encoded words (RFC 2047) and parameters (RFC 2231): names that
// are shown in one line and lead into no folder.
func FuzzHeader(f *testing.F) {
	f.Add("=?utf-8?q?Ol=C3=A1?= =?iso-8859-1?b?4Q==?=", "attachment; filename*0*=utf-8''a%20; filename*1=b.pdf")
	f.Add("=?utf-8?q?=0D=0ABcc:_x@y?=", "attachment; filename=\"..\\\\..\\\\x\"; filename*=utf-8''%2e%2e%2fetc%2fpasswd")
	f.Add("=?iso-2022-jp?b?GyRC?=", "inline; filename*=x'y'%zz")
	f.Add("=?utf-7?q?+AGE-?= =?x?q?", "attachment; filename*1=b; filename*0=a; filename=c")
	f.Add("=?utf-8*pt?q?a?=", "attachment; filename=a=b; ; ;")
	f.Fuzz(func(t *testing.T, text, disposition string) {
		m := read(t, "Subject: "+folded(text)+"\nFrom: "+folded(text)+" <a@b.example>\nContent-Type: application/pdf\nContent-Disposition: "+folded(disposition)+"\n\nx")
		oneLine(t, "the subject", m.Subject.Reveal())
		for _, a := range m.From {
			oneLine(t, "a name", a.Name.Reveal())
			oneLine(t, "an address", a.Address.Reveal())
		}
		for _, f := range m.Files {
			oneLine(t, "a file's name", f.Name.Reveal())
			if name := f.Name.Reveal(); strings.ContainsAny(name, `/\`) || len(name) > 200 || name == ".." {
				t.Errorf("a file is called %q", name)
			}
		}
		// What is answered and passed on with it has no header of its own making.
		somebody := message.Address{Name: secret.New(text), Address: secret.New("a@b.example")}
		d := message.Draft{ID: "a@shop.example", From: somebody, To: []message.Address{somebody}, Subject: secret.New(text), Text: secret.New(text), Files: []message.Attached{{Name: secret.New(text + disposition), MediaType: "application/pdf", Octets: secret.NewBytes([]byte("x"))}}}
		out := read(t, strings.ReplaceAll(string(message.Write(d)), "\r\n", "\n"))
		for name := range out.Fields(100) {
			if !slices.Contains([]string{"date", "from", "to", "subject", "message-id", "mime-version", "content-type", "content-transfer-encoding"}, name) {
				t.Errorf("%q makes a field %q", text, name)
			}
		}
		odd := strings.ContainsRune(strings.ToValidUTF8(text, "\uFFFD"), '\uFFFD') // which is read as a letter that was lost
		if len(out.Files) != 1 || len(out.Faults) > 0 && !(odd && slices.Equal(out.Faults, []message.Fault{message.Charset})) {
			t.Errorf("%d files, %v", len(out.Files), out.Faults)
		}
	})
}
