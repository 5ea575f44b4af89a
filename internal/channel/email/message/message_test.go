package message_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"nubitalk/internal/channel/email/message"
)

// read reads a message that is written with plain line ends.
func read(t testing.TB, source string) *message.Message {
	t.Helper()
	m, err := message.Read(strings.NewReader(strings.ReplaceAll(source, "\n", "\r\n")), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func content(t testing.TB, f message.File) string {
	t.Helper()
	b, err := io.ReadAll(f.Reader())
	if err != nil || int64(len(b)) != f.Size {
		t.Fatalf("%d octets of %d, %v", len(b), f.Size, err)
	}
	return string(b)
}

func TestAnOrdinaryMessage(t *testing.T) {
	m := read(t, `Return-Path: <rita@example.org>
From: =?utf-8?q?Rita_Magalh=C3=A3es?= <rita@example.org>, "Silva, Rui" <rui@example.org>
To: Loja <loja@example.com>
Cc: undisclosed-recipients:;
Reply-To: rita+re@example.org
Subject: =?ISO-8859-1?B?RW5jb21lbmRhIG7jbyBjaGVnb3U=?=
 =?utf-8?q?_=E2=98=B9?=
Date: Mon, 23 Nov 2026 09:30:00 +0000 (WET)
Message-ID: <abc.1@example.org>
In-Reply-To: <before@example.com>
References: <first@example.com>
	<before@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer=_1"

This is for old programs.
--outer=_1
Content-Type: multipart/related; boundary=related

--related
Content-Type: multipart/alternative; boundary=alt

--alt
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Ol=E1, n=E3o chegou.   
Uma linha muito=
 longa.

--alt
Content-Type: text/html; charset=utf-8

<p>Olá, <b>não</b> chegou. <img src="cid:logo@x"></p>
--alt--
--related
Content-Type: image/png; name="logo.png"
Content-ID: <logo@x>
Content-Disposition: inline; filename="logo.png"
Content-Transfer-Encoding: base64

iVBO
Rw==
--related--
--outer=_1
Content-Type: application/pdf
Content-Disposition: attachment; filename*0*=utf-8''fatura%20n%C2%BA; filename*1=" 7.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--outer=_1
Content-Type: text/calendar; method=REQUEST; charset=utf-8

BEGIN:VCALENDAR
--outer=_1--
After all.
`)
	if m.ID != "abc.1@example.org" || !slices.Equal(m.InReplyTo, []string{"before@example.com"}) || !slices.Equal(m.References, []string{"first@example.com", "before@example.com"}) {
		t.Errorf("%q %q %q", m.ID, m.InReplyTo, m.References)
	}
	if got := m.Subject.Reveal(); got != "Encomenda não chegou ☹" {
		t.Errorf("subject %q", got)
	}
	if len(m.From) != 2 || m.From[0].Name.Reveal() != "Rita Magalhães" || m.From[0].Address.Reveal() != "rita@example.org" || m.From[1].Name.Reveal() != "Silva, Rui" {
		t.Errorf("from %d", len(m.From))
	}
	if len(m.Cc) != 0 || len(m.ReplyTo) != 1 || m.To[0].Address.Reveal() != "loja@example.com" {
		t.Error("to, cc or reply-to")
	}
	if m.Date.UTC().Format("2006-01-02 15:04") != "2026-11-23 09:30" {
		t.Error(m.Date)
	}
	if got := m.Text.Reveal(); got != "Olá, não chegou.\nUma linha muito longa.\n" {
		t.Errorf("text %q", got)
	}
	if got := m.HTML.Reveal(); got != `<p>Olá, <b>não</b> chegou. <img src="cid:logo@x"></p>` {
		t.Errorf("HTML %q", got)
	}
	if len(m.Files) != 3 || len(m.Faults) != 0 {
		t.Fatalf("%d files, %v", len(m.Files), m.Faults)
	}
	logo, pdf, cal := m.Files[0], m.Files[1], m.Files[2]
	if logo.ContentID != "logo@x" || !logo.Inline || logo.MediaType != "image/png" || content(t, logo) != "\x89PNG" {
		t.Errorf("%q %q", logo.ContentID, content(t, logo))
	}
	if pdf.Name.Reveal() != "fatura nº 7.pdf" || pdf.Inline || content(t, pdf) != "%PDF" {
		t.Errorf("%q %q", pdf.Name.Reveal(), content(t, pdf))
	}
	if cal.MediaType != "text/calendar" || content(t, cal) != "BEGIN:VCALENDAR" {
		t.Errorf("%q", content(t, cal))
	}
	if why := m.Automatic(); why != "" {
		t.Errorf("it is taken for a machine's: %s", why)
	}
	if printed := fmt.Sprintf("%v %+v %+v %#v %v %d", m, *m, m.From, m.Text, m.Files, m.Files); strings.Contains(printed, "rita@") || strings.Contains(printed, "chegou") || strings.Contains(printed, "example") || strings.Contains(printed, "137") {
		t.Errorf("it prints %s", printed)
	}
}

func TestCharsets(t *testing.T) {
	for name, octets := range map[string]string{
		"utf-8":            "ação €",
		"UTF8":             "ação €",
		"iso-8859-1":       "a\xe7\xe3o \x80",
		"iso-8859-15":      "a\xe7\xe3o \xa4",
		"windows-1252":     "a\xe7\xe3o \x80",
		"cp1252":           "a\xe7\xe3o \x80",
		"\"windows-1252\"": "a\xe7\xe3o \x80",
		"utf-16le":         "a\x00\xe7\x00\xe3\x00o\x00 \x00\xac\x20",
		"":                 "ação €",
		"x-nobody-knows":   "ação €",
		"us-ascii":         "a\xe7\xe3o \x80",
		"macintosh":        "a\x8d\x8bo \xdb",
		"unknown-8bit":     "a\xe7\xe3o \x80",
	} {
		body := base64.StdEncoding.EncodeToString([]byte(octets))
		m := read(t, "From: a@b.example\nContent-Type: text/plain; charset="+name+"\nContent-Transfer-Encoding: base64\n\n"+body)
		if got := m.Text.Reveal(); got != "ação €" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, c := range map[string][2]string{
		"iso-2022-jp": {"\x1b$B$3$s\x1b(B", "こん"}, "shift_jis": {"\x82\xb1\x82\xf1", "こん"}, "euc-kr": {"\xb0\xa1", "가"}, "ks_c_5601-1987": {"\xb0\xa1", "가"},
		"gb2312": {"\xc4\xe3", "你"}, "gb18030": {"\xc4\xe3", "你"}, "big5": {"\xa7A", "你"}, "koi8-r": {"\xf0\xd2", "Пр"}, "windows-1256": {"\xe3", "م"}, "iso-8859-8-i": {"\xf9", "ש"},
	} {
		m := read(t, "Subject: x\nContent-Type: text/plain; charset="+name+"\nContent-Transfer-Encoding: 8bit\n\n"+c[0])
		if got := m.Text.Reveal(); got != c[1] || len(m.Faults) != 0 {
			t.Errorf("%s: %q %v", name, got, m.Faults)
		}
	}
}

// What is wrong with a message is said, and what can be read is there.
func TestOddMessages(t *testing.T) {
	for _, c := range []struct {
		name, source string
		text         string
		files        int
		faults       []message.Fault
	}{
		{"nothing", "", "", 0, nil},
		{"no header", "\nHello", "Hello", 0, nil},
		{"only a header", "Subject: x", "", 0, nil},
		{"a line that is no field", "Subject: x\nthis is none\nFrom: a@b.c\n\nHello", "Hello", 0, []message.Fault{message.HeaderLine}},
		{"an mbox line", "From a@b.c Mon Nov 23\nSubject: x\n\nHello", "Hello", 0, nil},
		{"no boundary", "Content-Type: multipart/mixed\n\n--x\n\nHello", "", 1, nil},
		{"no last boundary", "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nHello", "Hello", 0, []message.Fault{message.NoEnd}},
		{"an inner part without an end", "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\nHello\n--x\n\nWorld\n--x--", "Hello\nWorld", 0, []message.Fault{message.NoEnd}},
		{"a boundary that begins like another", "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=xy\n\n--xy\n\nHello\n--xy--\n--x\n\nWorld\n--x--", "Hello\nWorld", 0, nil},
		{"a line that begins like a boundary", "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n--xylophone\n-- \nsignature\n--x--", "--xylophone\n-- \nsignature", 0, nil},
		{"a part without a blank line", "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n--x\n\nHello\n--x--", "Hello", 0, []message.Fault{message.HeaderLine}},
		{"an unknown encoding", "Content-Transfer-Encoding: uuencode\n\nHello", "Hello", 0, []message.Fault{message.Encoding}},
		{"base64 with noise", "Content-Transfer-Encoding: BASE64\n\nSGVs!bG8=", "Hello", 0, []message.Fault{message.Encoding}},
		{"base64 that is cut", "Content-Transfer-Encoding: base64\n\nSGVsbG8gV29yb", "Hello Wor", 0, []message.Fault{message.Encoding}},
		{"two texts of base64", "Content-Transfer-Encoding: base64\n\nSGVsbG8=\nSGVsbG8=", "HelloHello", 0, nil},
		{"broken quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\na=ZZb=c3=a7", "a=ZZbç", 0, []message.Fault{message.Encoding}},
		{"a content type that is broken", "Content-Type: text/plain; charset\n\nHello", "Hello", 0, nil},
		{"a content type that is none", "Content-Type: text\n\nHello", "Hello", 0, nil},
		{"an unknown charset", "Content-Type: text/plain; charset=klingon\n\nHello", "Hello", 0, []message.Fault{message.Charset}},
		{"octets that are not its charset's", "Content-Type: text/plain; charset=utf-8\n\na\xe7b", "a\uFFFDb", 0, []message.Fault{message.Charset}},
		{"NUL", "\na\x00b", "ab", 0, nil},
		{"addresses that are none", "From: rita at example\nTo: <a@b.c\nCc: x@y.z; q@r.s\n\nHello", "Hello", 0, []message.Fault{message.AddressLine}},
		{"HTML alone", "Content-Type: text/html\n\n<style>p{}</style><p>Hello</p><p>World</p>", "Hello\n\nWorld", 0, nil},
		{"text that is a file", "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n--x\nContent-Type: text/plain\nContent-Disposition: attachment\n\nfile\n--x--", "Hello", 1, nil},
		{"a message that is forwarded", "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n--x\nContent-Type: message/rfc822\n\nSubject: y\n\nWorld\n--x--", "Hello", 1, nil},
		{"a digest", "Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: y\n\nWorld\n--x--", "", 1, nil},
	} {
		for _, end := range []string{"\n", "\r\n"} {
			m, err := message.Read(strings.NewReader(strings.ReplaceAll(c.source, "\n", end)), message.Standard)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Text.Reveal(); got != c.text || len(m.Files) != c.files || !slices.Equal(m.Faults, c.faults) {
				t.Errorf("%s: %q, %d files, %v", c.name, got, len(m.Files), m.Faults)
			}
		}
	}
	if m := read(t, "To: <a@b.c\nCc: x@y.z; q@r.s\n\n"); len(m.To) != 1 || len(m.Cc) != 2 || m.Cc[1].Address.Reveal() != "q@r.s" {
		t.Errorf("%d %d", len(m.To), len(m.Cc))
	}
	broken := iotest.ErrReader(io.ErrUnexpectedEOF)
	if _, err := message.Read(io.MultiReader(strings.NewReader("Subject: x\n\nHello"), broken), message.Standard); err == nil {
		t.Error("a connection that breaks is taken for a message's end")
	}
}

func TestNamesOfFiles(t *testing.T) {
	for given, want := range map[string]string{
		`filename="../../etc/passwd"`: "passwd", `filename="C:\\x\\a.pdf"`: "a.pdf", `filename=".."`: "", `filename="a.pdf"; name=b`: "a.pdf",
		`filename="invoice` + "\u202e" + `fdp.exe"`: "invoicefdp.exe", `filename="=?utf-8?q?=C3=A7?=.txt"`: "ç.txt", `filename=` + strings.Repeat("a", 300): strings.Repeat("a", 200),
	} {
		m := read(t, "Content-Type: application/octet-stream\nContent-Disposition: attachment; "+given+"\n\nx")
		if len(m.Files) != 1 || m.Files[0].Name.Reveal() != want {
			t.Errorf("%s: %q", given, m.Files[0].Name.Reveal())
		}
	}
}

// hostile are messages of 25 MB that were made to cost much.
func hostile() map[string]string {
	const size = 25 << 20
	mixed := "Content-Type: multipart/mixed; boundary=x\r\n\r\n"
	var deep strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n", i, i)
	}
	fill := func(head, line string) string { return head + strings.Repeat(line, (size-len(head))/len(line)) }
	return map[string]string{
		"endless parts":      fill(mixed, "--x\r\n\r\n\r\n"),
		"boundaries alone":   fill(mixed, "--x\r\n"),
		"multiparts in turn": fill(mixed, "--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n"),
		"endless fields":     fill("", "X: y\r\n"),
		"an endless field":   "X: " + strings.Repeat("y", size-10),
		"endless folding":    fill("X: y\r\n", " z\r\n"),
		"deep":               fill(deep.String(), "abc\r\n"),
		"an endless line":    mixed + "--x\r\n\r\n" + strings.Repeat("-", size-60),
		"almost boundaries":  fill(mixed+"--x\r\n\r\n", "--y\r\n"),
		"endless text":       fill("Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n", "\x1b$B$3$s\x1b(B\r\n"),
		"endless HTML":       fill("Content-Type: text/html\r\n\r\n", "<div><b><p>"),
		"an endless tag":     fill("Content-Type: text/html\r\n\r\n<a ", "b=c "),
		"endless addresses":  fill("To: ", "a@b.c, "),
		"endless ids":        fill("References: ", "<a@b> "),
		"endless words":      fill("Subject: ", "=?utf-8?q?a?= "),
		"a big file":         fill(mixed+"--x\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n", strings.Repeat("QUJD", 19)+"\r\n"),
		"a file in hex":      fill(mixed+"--x\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", strings.Repeat("=41", 25)+"=\r\n"),
		"more than is taken": strings.Repeat("X: y\r\n\r\n", size/8+100),
	}
}

// No message costs more memory than was set as the bound: all that is ever asked for
// while it is read is less than that.
func TestHostileMessagesAreBounded(t *testing.T) {
	for name, source := range hostile() {
		var before, after runtime.MemStats
		r := strings.NewReader(source)
		runtime.ReadMemStats(&before)
		m, err := message.Read(r, message.Standard)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d MB", name, used>>20)
		}
		if name != "a big file" && name != "a file in hex" && name != "endless words" && len(m.Faults) == 0 {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	all := hostile()
	ordinary := strings.ReplaceAll("From: a@b.example\nTo: c@d.example\nSubject: =?utf-8?q?Ol=C3=A1?=\nMessage-ID: <a@b>\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\n"+
		strings.Repeat("A line of an ordinary message, of some length.\n", 40)+"--x\nContent-Type: text/html\n\n"+strings.Repeat("<p>A line of an ordinary message, of some length.</p>\n", 40)+"--x--\n", "\n", "\r\n")
	all["ordinary"] = ordinary
	for name, source := range all {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m, err := message.Read(strings.NewReader(source), message.Standard)
				if err != nil {
					b.Fatal(err)
				}
				message.Safe(m.HTML.Reveal(), func(string) string { return "" })
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "Subject: x\r\n\r\nHello", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVs\r\n--x--",
		"Content-Type: text/html\r\n\r\n<img src=cid:a><a href=javascript:x>", "Authentication-Results: mx; spf=pass (a\\)) smtp.mailfrom=a@b\r\nReferences: <a> <b\r\n\r\n",
		"Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=1B$B=\r\n=3D"} {
		f.Add([]byte(s))
	}
	small := message.Limits{Size: 64 << 10, Text: 4 << 10, Header: 4 << 10, Parts: 20, Depth: 4}
	f.Fuzz(func(t *testing.T, source []byte) {
		m, err := message.Read(bytes.NewReader(source), small)
		if err != nil {
			t.Fatal(err)
		}
		again, err := message.Read(iotest.OneByteReader(bytes.NewReader(source)), small)
		if err != nil || again.Text.Reveal() != m.Text.Reveal() || len(again.Files) != len(m.Files) {
			t.Fatal("it depends on how the octets come")
		}
		if len(m.Files) > 20 {
			t.Fatal("too many parts")
		}
		size := int64(0)
		for _, f := range m.Files {
			size += f.Size
		}
		if size > int64(len(source)) {
			t.Fatal("more came out than went in")
		}
		for _, s := range []string{m.Subject.Reveal(), m.Text.Reveal()} {
			if strings.ContainsAny(s, "\x00") || s != strings.ToValidUTF8(s, "") {
				t.Fatalf("%q", s)
			}
		}
		m.Automatic()
		m.Verdicts("")
		m.Answer()
		safe(t, message.Safe(m.HTML.Reveal(), func(string) string { return "/image" }))
	})
}

// What lies too deep is kept as one file, so that nothing is lost.
func TestPartsWithinParts(t *testing.T) {
	for _, deep := range []int{message.Standard.Depth, message.Standard.Depth + 1} {
		var b strings.Builder
		for i := range deep {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n", i, i)
		}
		b.WriteString("\nHello\n")
		for i := range deep {
			fmt.Fprintf(&b, "--x%d--\n", deep-1-i)
		}
		m := read(t, b.String())
		if deep == message.Standard.Depth {
			if m.Text.Reveal() != "Hello" || len(m.Files) != 0 || len(m.Faults) != 0 {
				t.Errorf("%q, %d files, %v", m.Text.Reveal(), len(m.Files), m.Faults)
			}
			continue
		}
		if len(m.Files) != 1 || !strings.Contains(content(t, m.Files[0]), "Hello") || !slices.Equal(m.Faults, []message.Fault{message.TooDeep}) {
			t.Errorf("%d files, %v", len(m.Files), m.Faults)
		}
	}
}
