package message_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
)

// safe reads what was made safe as a browser does, and fails on anything that acts
// or is fetched.
func safe(t testing.TB, s message.Shown) {
	t.Helper()
	for z := html.NewTokenizer(strings.NewReader(s.HTML)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		switch token.Data {
		case "script", "style", "iframe", "frame", "object", "embed", "form", "input", "button", "link", "meta", "base", "svg", "math", "video", "audio", "source", "body", "html":
			t.Errorf("<%s> in %q", token.Data, s.HTML)
		}
		for _, a := range token.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "srcset", a.Key == "background", a.Key == "id", a.Key == "class", a.Key == "formaction", a.Key == "ping":
				t.Errorf("%s in %q", a.Key, s.HTML)
			case a.Key == "src" && !strings.HasPrefix(value, "/image"):
				t.Errorf("an image from %q", a.Val)
			case a.Key == "href" && (strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:") || strings.HasPrefix(value, "vbscript:")):
				t.Errorf("a link to %q", a.Val)
			case a.Key == "style" && (strings.Contains(value, "url") || strings.Contains(value, "position") || strings.Contains(value, "expression") || strings.Contains(value, "@")):
				t.Errorf("a style of %q", a.Val)
			}
		}
	}
}

func TestHTMLIsMadeSafe(t *testing.T) {
	image := func(id string) string {
		if id == "logo@x" {
			return "/image/1"
		}
		return ""
	}
	for source, want := range map[string]string{
		`<p style="color:red;position:fixed;background:url(https://x)">a</p>`:                  `<p style="color: red">a</p>`,
		`<script>alert(1)</script>a`:                                                           `a`,
		`<style>p{color:red}</style><b>a</b>`:                                                  `<b>a</b>`,
		`<img src="cid:logo@x" onerror=alert(1) alt="Logo">`:                                   `<img src="/image/1" alt="Logo">`,
		`<img src="cid:logo%40x">`:                                                             `<img src="/image/1">`,
		`<img src="cid:other">`:                                                                ``,
		`<img src="https://track.example/p.gif?u=1" width="1">`:                                `<img data-remote="0" width="1">`,
		`<img data-remote="7" src="data:image/png;base64,AAAA" width=1>`:                       `<img width="1">`,
		`<a href="javascript:alert(1)">a</a>`:                                                  `a`,
		`<form action=https://x><input name=a><button>b</button>c</form>`:                      `c`,
		`<svg><script>alert(1)</script></svg>a<math><mi>`:                                      `a`,
		`<iframe src=https://x>a</iframe>b<object data=x>c</object>`:                           `b`,
		`<a href="https://x.example/?a=1&amp;b=2">a</a>`:                                       `<a href="https://x.example/?a=1&amp;b=2" rel="nofollow noreferrer noopener" target="_blank">a</a>`,
		`<table background="https://x" bgcolor="#fff"><tr><td width="50%">a</td></tr></table>`: `<table bgcolor="#fff"><tr><td width="50%">a</td></tr></table>`,
		`<div dir="rtl">שלום</div>`:                                                            `<div dir="rtl">שלום</div>`,
		`<p><![CDATA[<script>alert(1)</script>]]>a</p>`:                                        `<p>alert(1)]]&gt;a</p>`,
	} {
		got := message.Safe(source, image)
		safe(t, got)
		if want != "" && got.HTML != want && !strings.Contains(source, "CDATA") || strings.Contains(got.HTML, "alert(1)<") {
			t.Errorf("%s\n got %s\nwant %s", source, got.HTML, want)
		}
	}
	got := message.Safe(`<img src=http://a.example/1><img src=https://b.example/2>`, image)
	if len(got.Remote) != 2 || got.Remote[1] != "https://b.example/2" || !strings.Contains(got.HTML, `data-remote="1"`) {
		t.Errorf("%+v", got)
	}
}

func TestWhatAMachineSentIsKnown(t *testing.T) {
	for field, want := range map[string]string{
		"Auto-Submitted: auto-replied":                              message.ByItself,
		"Auto-Submitted: auto-generated; owner-email=\"a@b.c\"":     message.ByItself,
		"auto-submitted: No":                                        "",
		"X-Autoreply: yes":                                          message.ByItself,
		"Return-Path: <>":                                           message.ToNobody,
		"Return-Path: <a@b.c>":                                      "",
		"List-Id: <x.example>":                                      message.OfList,
		"List-Unsubscribe: <mailto:a@b.c>":                          message.OfList,
		"Precedence: Bulk":                                          message.InBulk,
		"Precedence: first-class":                                   "",
		"X-Auto-Response-Suppress: DR, OOF, AutoReply":              message.InBulk,
		"X-Auto-Response-Suppress: None":                            "",
		"Content-Type: multipart/report; report-type=x; boundary=y": message.OfDelivery,
		"Reply-To: no-reply@b.c":                                    message.ByRobot,
		"Reply-To: <MAILER-DAEMON@b.c>":                             message.ByRobot,
		"Reply-To: x-request@b.c":                                   message.ByRobot,
		"Subject: Automatic reply: out of office":                   "",
	} {
		if got := read(t, "From: rita@example.org\n"+field+"\n\nHello").Automatic(); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	if got := read(t, "Subject: x\n\nHello").Automatic(); got != message.ToNobody {
		t.Errorf("without a sender: %q", got)
	}
}

func TestAReportOfADelivery(t *testing.T) {
	m := read(t, `From: MAILER-DAEMON@mx.example
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x

It could not be delivered.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; rita@example.org
Action: Failed
Status: 5.1.1
--x
Content-Type: text/rfc822-headers

Subject: Answer
Message-ID: <ours@shop.example>
--x--
`)
	r := m.Report
	if r == nil || len(r.Delivery) != 1 || r.Original != "ours@shop.example" {
		t.Fatalf("%+v", r)
	}
	if d, bad := r.Worst(); !bad || d.Action != "failed" || d.Status != "5.1.1" || d.Recipient.Reveal() != "rita@example.org" {
		t.Fatalf("%+v", d)
	}
	if m.Automatic() != message.OfDelivery || m.Text.Reveal() != "It could not be delivered." {
		t.Errorf("%s %q", m.Automatic(), m.Text.Reveal())
	}
}

func TestVerdictsAreTheProvidersOwn(t *testing.T) {
	m := read(t, `Authentication-Results: mx.provider.example 1;
 spf=pass (sender IP is 192.0.2.1; "ok") smtp.mailfrom=rita@Example.org;
 dkim=fail (bad\) signature) header.d=example.org header.s=s1;
 dmarc=pass action=none header.from=example.org; x-other=1
Authentication-Results: mx.forged.example; spf=pass smtp.mailfrom=bank.example
From: rita@example.org

Hello`)
	want := []message.Verdict{{"spf", "pass", "example.org"}, {"dkim", "fail", "example.org"}, {"dmarc", "pass", "example.org"}}
	for _, server := range []string{"", "MX.provider.example"} {
		got := m.Verdicts(server)
		if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
			t.Errorf("%q: %+v", server, got)
		}
	}
	if got := m.Verdicts("mx.another.example"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

const (
	work  = "int_00000000000000000000000001"
	other = "int_00000000000000000000000002"
)

func TestAnswersFindTheirConversation(t *testing.T) {
	mine := message.NewThreads(secret.NewBytes([]byte(strings.Repeat("a", 32))))
	foreign := message.NewThreads(secret.NewBytes([]byte(strings.Repeat("b", 32))))
	ours := mine.ID(work, []byte("12345678"), "shop.example")
	later := mine.ID(other, []byte("87654321"), "shop.example")
	if ours == mine.ID(work, []byte("12345679"), "shop.example") || len(ours) > 120 {
		t.Error(ours)
	}
	for name, c := range map[string]struct{ fields, want string }{
		"an answer":                   {"In-Reply-To: <" + ours + ">\n", work},
		"by references":               {"References: <x@y> <" + ours + "> <z@y>\n", work},
		"the nearest":                 {"References: <" + ours + "> <" + later + ">\n", other},
		"what it answers, before":     {"In-Reply-To: <" + ours + ">\nReferences: <" + ours + "> <" + later + ">\n", work},
		"another domain":              {"In-Reply-To: <" + strings.Replace(ours, "shop", "relay", 1) + ">\n", work},
		"another tenant's":            {"In-Reply-To: <" + foreign.ID(work, []byte("12345678"), "shop.example") + ">\n", ""},
		"another interaction written": {"In-Reply-To: <" + strings.Replace(ours, work, other, 1) + ">\n", ""},
		"without its signature":       {"In-Reply-To: <" + work + "..@shop.example>\n", ""},
		"the subject alone":           {"Subject: Re: " + work + " [" + ours + "]\n", ""},
		"none of ours":                {"In-Reply-To: <a.b.c@d>\nReferences: <a@b>\n", ""},
	} {
		if got := mine.Of(read(t, c.fields+"From: a@b.example\n\nHello")); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	failed := read(t, "Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nMessage-ID: <"+ours+">\n\nHello\n--x--\n")
	if got := mine.Of(failed); got != work {
		t.Errorf("a report: %q", got)
	}
}

func TestReferencesOfAnAnswer(t *testing.T) {
	reply, refs := read(t, "Message-ID: <c@x>\nReferences: <a@x> <b@x>\n\n").Answer()
	if reply != "c@x" || strings.Join(refs, " ") != "a@x b@x c@x" {
		t.Errorf("%s %v", reply, refs)
	}
	if _, refs = read(t, "Message-ID: <c@x>\nIn-Reply-To: <b@x>\n\n").Answer(); strings.Join(refs, " ") != "b@x c@x" {
		t.Errorf("%v", refs)
	}
	_, refs = read(t, "Message-ID: <last@x>\nReferences: <first@x> "+strings.Repeat("<m@x> ", 100)+"\n\n").Answer()
	if len(refs) != 20 || refs[0] != "first@x" || refs[19] != "last@x" {
		t.Errorf("%d %v", len(refs), refs)
	}
}
