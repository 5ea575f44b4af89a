package message_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"nubitalk/internal/channel/email/message"
)

// page makes a page of a message's HTML, whose images are GIFs where there are some, and
// fails on anything in it that acts or is fetched.
func page(t *testing.T, source string) string {
	t.Helper()
	s := message.Safe(source, func(id string) string { return "/" + id })
	got := string(message.Page(s, func(at string, remote int) *message.Picture {
		switch {
		case at == "/logo", at == "" && s.Remote[remote] == "https://here.example/1":
			return &message.Picture{MediaType: "image/gif", Octets: []byte("GIF")}
		}
		return nil
	}, "en", `"Quoted" <b>`))
	_, body, ok := strings.Cut(got, `<body dir="auto">`)
	if !ok {
		t.Fatal(got)
	}
	for z := html.NewTokenizer(strings.NewReader(body)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		switch token.Data {
		case "script", "style", "iframe", "object", "embed", "form", "input", "button", "link", "meta", "base", "svg", "math", "video", "body", "html":
			t.Errorf("<%s> in %s", token.Data, body)
		}
		for _, a := range token.Attr {
			value := strings.ToLower(a.Val)
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "srcset", a.Key == "target" && value != "_blank", a.Key == "src" && !strings.HasPrefix(value, "data:image/"),
				a.Key == "href" && !strings.HasPrefix(value, "https://") && !strings.HasPrefix(value, "http://") && !strings.HasPrefix(value, "mailto:"),
				a.Key == "style" && (strings.Contains(value, "url") || strings.Contains(value, "position")), strings.HasPrefix(a.Key, "data-"):
				t.Errorf("%s=%q in %s", a.Key, a.Val, body)
			}
		}
		if token.Data == "a" && strings.Contains(token.String(), "href=\"http") && (!strings.Contains(token.String(), "noopener") || !strings.Contains(token.String(), "noreferrer")) {
			t.Errorf("%s lets its page reach ours", token)
		}
	}
	return body
}

func TestAPageActsOnNothing(t *testing.T) {
	for source, want := range map[string]string{
		`<img src="cid:logo" onload=alert(1) alt=Logo>`:                                            `<img alt="Logo" src="data:image/gif;base64,R0lG">`,
		`<img src="https://here.example/1"><img src="https://away.example/1" alt="Away">`:          `<img src="data:image/gif;base64,R0lG"><img alt="Away">`,
		`<img src="cid:other" alt="Other"><img src="/api/v1/users" alt="Ours">`:                    `<img alt="Other"><img alt="Ours">`,
		`<meta http-equiv=refresh content="0;url=https://evil.example">a<base href="//evil">`:      `a`,
		`<svg onload=alert(1)><a href="https://evil.example">x</a></svg>b`:                         `b`,
		`<div style="position:fixed;top:0;background:url(https://evil.example/p)">a</div>`:         `<div>a</div>`,
		`<form action="https://evil.example"><input name=password>a</form>`:                        `a`,
		`<a href="/api/v1/sign-out">a</a> <a href="//evil.example">b</a> <a href="https:x">c</a>`:  `a b c`,
		`<a href="javascript:alert(1)" onclick="x()">a</a><a href="data:text/html,x">b</a>`:        `ab`,
		`<blockquote data-quote="1">not one</blockquote>`:                                          `<blockquote>not one</blockquote>`,
		`<blockquote type="cite">a<blockquote class="gmail_quote">b</blockquote></blockquote>c`:    `<details><summary>&#34;Quoted&#34; &lt;b&gt;</summary><blockquote>a<blockquote>b</blockquote></blockquote></details>c`,
		`<blockquote>a<blockquote type=cite>b</blockquote></blockquote></blockquote></blockquote>`: `<blockquote>a<details><summary>&#34;Quoted&#34; &lt;b&gt;</summary><blockquote>b</blockquote></details></blockquote>`,
		`<blockquote type=cite>a</blockquote>b<blockquote type=cite>c</blockquote>`:                `<details><summary>&#34;Quoted&#34; &lt;b&gt;</summary><blockquote>a</blockquote></details>b<details><summary>&#34;Quoted&#34; &lt;b&gt;</summary><blockquote>c</blockquote></details>`,
	} {
		if got := page(t, source); got != want {
			t.Errorf("%s\n got %s\nwant %s", source, got, want)
		}
	}
}

// A link says where it leads, whatever its sender makes it look like.
func TestALinkSaysWhereItLeads(t *testing.T) {
	for source, other := range map[string]string{
		`<a href="https://evil.example/x" title="bank.example">https://bank.example/login</a>`:      "evil.example",
		`<a href="https://evil.example/">www.bank.example</a>`:                                      "evil.example",
		`<a href="https://evil.example/">Look: bank.example</a>`:                                    "evil.example",
		`<a href="https://evil.example/">evil.example is now https://bank.example/</a>`:             "evil.example",
		`<a href="https://evil.example/">` + strings.Repeat("so ", 300) + `<b>bank.example</b></a>`: "evil.example",
		`<a href="https://evil.example/">evil.example, Evil.Example and www.evil.example.</a>`:      "",
		`<a href="https://bank.example@evil.example/"><b>bank</b>.example</a>`:                      "evil.example",
		`<a href="https://bаnk.example/">bank.example</a>`:                                          "xn--bnk-6cd.example", // its а is Cyrillic
		`<a href="https://www.bank.example/x">bank.example</a>`:                                     "",
		`<a href="https://login.bank.example/x">www.bank.example</a>`:                               "",
		`<a href="https://evil.example/">Click here</a>`:                                            "",
		`<a href="mailto:a@bank.example">a@bank.example</a>`:                                        "",
	} {
		got := page(t, source)
		if strings.Contains(got, `class="leads"`) != (other != "") || !strings.Contains(got, `<b class="leads">(`+other+`)</b>`) && other != "" {
			t.Errorf("%s: %s", source, got)
		}
		if strings.Contains(source, "evil") && !strings.Contains(got, `title="https://evil.example/`) {
			t.Errorf("%s: %s", source, got)
		}
	}
}

// What a page carries is bounded.
func TestAPageIsBounded(t *testing.T) {
	big := &message.Picture{MediaType: "image/png", Octets: make([]byte, 5<<20)}
	s := message.Safe(strings.Repeat(`<img src="cid:x">`, 30), func(string) string { return "/0" })
	got := message.Page(s, func(string, int) *message.Picture { return big }, "en", "")
	if n := strings.Count(string(got), "data:image/png"); n != 2 {
		t.Errorf("%d images of 5 MB", n)
	}
}
