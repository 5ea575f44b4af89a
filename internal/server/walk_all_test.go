package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nubitalk/internal/server/drive"
)

// Every operation of the API is sent what is broken, of the wrong type, huge or
// odd: each time the answer is a problem document that blames the caller, and
// the node goes on.
func TestNoInputIsAFaultOfOurs(t *testing.T) {
	w := newWalk(t)
	calls := 0
	for _, o := range w.ops {
		t.Run(o.method+o.path, func(t *testing.T) { calls += w.paths(t, o) + w.queries(t, o) + w.inputs(t, o) })
	}
	t.Run("frames", w.frames)
	t.Logf("%d calls: %v", calls, w.answers)
	if refused := w.answers[401] + w.answers[403]; calls < 1000 || refused > calls/20 || w.answers[200] == 0 || w.answers[201] == 0 {
		t.Errorf("of %d calls %d were not let in, so little was checked: %v", calls, refused, w.answers)
	}
	if r, _ := get(t, browser(t), w.node.URL()+"/readyz"); r.StatusCode != http.StatusOK {
		t.Errorf("the node is not ready any more: %d", r.StatusCode)
	}
	w.node.stop(t)
	if log := w.node.logs.String(); strings.Contains(log, "panick") {
		t.Error("something panicked:\n" + log)
	}
}

// paths asks for what is not there.
func (w *walk) paths(t *testing.T, o operation) (calls int) {
	if !strings.Contains(o.path, "{") {
		return 0
	}
	body, kind := "", ""
	if o.body != nil && !o.form {
		body, kind = asJSON(w.right(o.body, 0)), jsonKind
	}
	for _, id := range []string{"x", "%00", "%ff", "..%2f..%2fetc", "%E2%80%AE", strings.Repeat("9", 6000), "usr_00000000000000000000000000", "int_zzzzzzzzzzzzzzzzzzzzzzzzzz", "'%20OR%201=1", "*"} {
		w.refuses(t, o, address(o.path, id, nil), kind, body)
		calls++
	}
	if id := w.foreign[strings.Split(strings.TrimPrefix(o.path, "/api/v1/"), "/")[0]]; id != "" && strings.HasPrefix(o.path, "/api/") {
		w.refuses(t, o, address(o.path, id, nil), kind, body) // another tenant's
		calls++
	}
	return calls
}

// queries sends cursors, limits, times and words that are none.
func (w *walk) queries(t *testing.T, o operation) (calls int) {
	path := address(o.path, w.real(o.path), nil)
	if o.method == http.MethodGet && !strings.HasPrefix(o.path, "/api/docs") && o.path != "/api/v1/openapi.json" {
		w.refuses(t, o, query(path, "nonsense", "1"), "", "")
		calls++
	}
	for _, p := range o.params {
		if p.in == "header" {
			for _, key := range []string{strings.Repeat("k", 500), "\x80\xff", " "} {
				w.ask(t, o, address(o.path, "x", nil), jsonKind, "{}", p.name, key)
				calls++
			}
		}
		if p.in != "query" {
			continue
		}
		for _, v := range []string{"\x00", "\xff\xfe", strings.Repeat("a", 20_000), "-1", "9223372036854775808", "0", "1e9", "%", "' OR 1=1", "٣", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "aW50XzAx", "", "true"} {
			w.ask(t, o, query(path, p.name, v), "", "")
			calls++
		}
		if k := kindOf(p.schema); k == "integer" || k == "boolean" || p.schema["format"] == "date-time" {
			w.refuses(t, o, query(path, p.name, "nonsense"), "", "")
			calls++
		}
	}
	return calls
}

func (w *walk) inputs(t *testing.T, o operation) (calls int) {
	if o.body == nil {
		return 0
	}
	path := address(o.path, w.real(o.path), nil)
	if o.form {
		return w.forms(t, o, path)
	}
	for _, b := range brokenBodies {
		w.refuses(t, o, path, jsonKind, b)
	}
	right := w.right(o.body, 0)
	w.refuses(t, o, path, "text/html", asJSON(right))
	w.ask(t, o, path, jsonKind, "")
	calls = len(brokenBodies) + 2
	for _, p := range places(right, nil) {
		for _, raw := range wrong[p.kind] {
			if free(o.path, p.path) {
				w.ask(t, o, path, jsonKind, with(right, p.path, raw))
			} else {
				w.refuses(t, o, path, jsonKind, with(right, p.path, raw))
			}
			calls++
		}
		for _, raw := range append(odd[p.kind], "null") {
			w.ask(t, o, path, jsonKind, with(right, p.path, raw))
			calls++
		}
	}
	return calls
}

// free says that the document leaves a place open: what is in it is judged by a
// part of its own.
func free(path string, at []any) bool {
	if len(at) == 0 {
		return false
	}
	// Who signs in with a passkey is told nothing but no.
	return strings.HasPrefix(path, "/api/v1/flows") && (at[0] == "graph" || at[0] == "draft") || path == "/api/v1/sign-in/passkey" && at[0] == "credential"
}

// forms sends uploads that are cut, unnamed, doubled or not what they say.
func (w *walk) forms(t *testing.T, o operation, path string) (calls int) {
	part := func(name, file, kind, data string) string {
		return fmt.Sprintf("--x\r\nContent-Disposition: form-data; name=%q%s\r\nContent-Type: %s\r\n\r\n%s\r\n", name, file, kind, data)
	}
	const end = "--x--\r\n"
	id := part("client_id", "", "text/plain", "c1")
	for _, b := range []string{"", end, id + end, id, "--x\r\n\r\n", "--x", part("file", `; filename="a.txt"`, "text/plain", "hello") + end,
		id + part("file", `; filename="a.txt"`, "text/plain", "")[:60], part("client_id", "", "text/plain", strings.Repeat("x", 100)) + part("file", `; filename="a.txt"`, "text/plain", "hello") + end,
		part("client_id", "", "text/plain", "\x00") + part("file", `; filename="a.txt"`, "text/plain", "hello") + end, id + part("file", `; filename="a.html"`, "text/html", "<script>") + end,
		id + part("file", `; filename="a.png"`, "image/png", "no picture") + end} {
		w.refuses(t, o, path, "multipart/form-data; boundary=x", b)
		calls++
	}
	for i, name := range []string{`..\..\a.txt`, "\u202etxt.exe.txt", strings.Repeat("n", 5000) + ".txt", "", "\xff.txt", "a\r\nb.txt", "CON.txt"} {
		b := part("client_id", "", "text/plain", fmt.Sprintf("odd-%d", i)) + "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\nhello\r\n" + end
		w.ask(t, o, path, "multipart/form-data; boundary=x", b)
		calls++
	}
	for _, kind := range []string{"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + strings.Repeat("y", 200), jsonKind, "application/octet-stream", ""} {
		w.refuses(t, o, path, kind, id+part("file", `; filename="a.txt"`, "text/plain", "hello")+end)
		calls++
	}
	return calls
}

// oddFrames are sent on both live connections, as text.
var oddFrames = []string{"", "null", "[]", "7", `"hello"`, "{", "{}", `{"type":""}`, `{"type":7}`, `{"type":"hello"}`, `{"type":"nonsense"}`, `{"type":"watch"}`, `{"type":"watch","interaction":"x"}`,
	`{"type":"watch","interaction":"\u0000"}`, `{"type":"watch","interaction":{}}`, `{"type":"unwatch","interaction":"int_zz"}`, `{"type":"hello","cursor":"AAAA","after":-1}`,
	`{"type":"message"}`, `{"type":"message","client_id":"","text":"x"}`, `{"type":"message","client_id":"m","text":""}`, `{"type":"message","client_id":"m","text":"\u0000"}`,
	`{"type":"message","client_id":"m","text":"` + strings.Repeat("a", 3000) + `"}`, `{"type":"message","client_id":"c1","text":"again"}`, `{"type":"message","client_id":"` + strings.Repeat("i", 65) + `","text":"x"}`,
	`{"type":"choice","client_id":"c","value":"nonsense"}`, `{"type":"choice","client_id":"c","value":""}`, `{"type":"read","seq":-1}`, `{"type":"read","seq":9223372036854775807}`, `{"type":"read","seq":1e300}`,
	`{"type":"typing","text":7}`, `{"type":"survey","value":"9"}`, strings.Repeat("[", 3000), "\ufeff{}"}

// frames: each odd frame is answered or passed over, and the connection goes on.
func (w *walk) frames(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for name, open := range map[string]func() (*drive.Live, error){
		"user":    func() (*drive.Live, error) { return w.user.Live(ctx, "") },
		"visitor": func() (*drive.Live, error) { return w.visitor.Socket(ctx, 0) },
	} {
		l, err := open()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range oddFrames {
			if err := l.SendRaw(ctx, websocket.MessageText, []byte(f)); err != nil {
				t.Fatalf("%s: %q: %v", name, f, err)
			}
			if err := l.Send(ctx, map[string]string{"type": "ping"}); err != nil {
				t.Fatalf("%s: %q: %v", name, f, err)
			}
			hears(t, l, "pong")
		}
		l.Close()
		for f, why := range map[string]websocket.StatusCode{"\xff\xfe": websocket.StatusInvalidFramePayloadData, `{"type":"ping","text":"` + strings.Repeat("x", 1<<20) + `"}`: websocket.StatusMessageTooBig} { // these end it, and nothing else
			l, err := open()
			if err != nil {
				t.Fatal(err)
			}
			_ = l.SendRaw(ctx, websocket.MessageText, []byte(f)) // it may be closed while we write
			for err = nil; err == nil; {
				_, err = l.Next(ctx)
			}
			if got := websocket.CloseStatus(err); got != why && !(why == websocket.StatusMessageTooBig && ctx.Err() == nil) { // its goodbye may be lost while we still write
				t.Errorf("%s: %.20q is refused with %v, not %v: %v", name, f, got, why, err)
			}
			l.Close()
		}
		l, err = open() // binary is no frame of ours
		if err != nil {
			t.Fatal(err)
		}
		_ = l.SendRaw(ctx, websocket.MessageBinary, []byte{0, 1, 2})
		_ = l.Send(ctx, map[string]string{"type": "ping"})
		hears(t, l, "pong")
		l.Close()
	}
}

// FuzzBody puts any bytes in any place of any operation's body.
func FuzzBody(f *testing.F) {
	w := newWalk(f)
	var ops []operation
	for _, o := range w.ops {
		if o.body != nil && !o.form && !strings.HasSuffix(o.path, "/sign-in") && !strings.HasSuffix(o.path, "/password") { // hashing is slow
			ops = append(ops, o)
		}
	}
	for i := range ops {
		f.Add(i, 1, []byte(`"\u0000"`))
		f.Add(i, 0, []byte(`{"name":{"en":[]}}`))
	}
	f.Fuzz(func(t *testing.T, op, at int, raw []byte) {
		o := ops[int(uint(op)%uint(len(ops)))]
		right := w.right(o.body, 0)
		all := places(right, nil)
		p := all[int(uint(at)%uint(len(all)))]
		w.ask(t, o, address(o.path, w.real(o.path), nil), jsonKind, with(right, p.path, string(raw)))
	})
}
