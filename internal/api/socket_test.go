package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nubitalk/internal/api"
	"nubitalk/internal/app/account"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
)

// wire is a client's end of a live connection.
type wire struct {
	t  testing.TB
	ws *websocket.Conn
}

type heard struct {
	Type    string          `json:"type"`
	Cursor  string          `json:"cursor"`
	Resumed bool            `json:"resumed"`
	Data    json.RawMessage `json:"data"`
}

func (h *house) dial(w *who, path string, header ...string) (*wire, *http.Response, error) {
	head := http.Header{}
	if w != nil {
		head.Set(w.header, w.value)
	}
	for i := 0; i+1 < len(header); i += 2 {
		head.Set(header[i], header[i+1])
	}
	ws, res, err := websocket.Dial(h.t.Context(), "ws"+strings.TrimPrefix(h.url, "http")+path, &websocket.DialOptions{HTTPHeader: head})
	if err != nil {
		return nil, res, err
	}
	ws.SetReadLimit(8 << 20)
	h.t.Cleanup(func() { _ = ws.CloseNow() })
	return &wire{h.t, ws}, res, nil
}

func (h *house) connect(w *who, path string, hello any) *wire {
	h.t.Helper()
	c, _, err := h.dial(w, path)
	must(h.t, err)
	c.say(hello)
	return c
}

func (c *wire) say(frame any) {
	c.t.Helper()
	b, ok := frame.(string)
	if !ok {
		j, err := json.Marshal(frame)
		must(c.t, err)
		b = string(j)
	}
	must(c.t, c.ws.Write(c.t.Context(), websocket.MessageText, []byte(b)))
}

// patience bounds a wait for something that must come; nothing depends on how
// long it takes.
const patience = 2 * time.Minute

// hear reads the next frame. That the set-up changed is left out: other tests of
// the same house change it.
func (c *wire) hear() heard {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		_, b, err := c.ws.Read(ctx)
		must(c.t, err)
		var f heard
		must(c.t, json.Unmarshal(b, &f))
		if f.Type != "setup.changed" {
			return f
		}
	}
}

// until hears frames up to one of a type.
func (c *wire) until(kind string) heard {
	c.t.Helper()
	for {
		if f := c.hear(); f.Type == kind {
			return f
		}
	}
}

// end waits for the close and answers its code.
func (c *wire) end() websocket.StatusCode {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		if _, _, err := c.ws.Read(ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

var hello = m{"type": "hello", "cursor": ""}

func liveConnection(t *testing.T, h *house) {
	agent := h.a.users[access.Agent]
	c := h.connect(agent, "/api/v1/live", hello)
	first := c.hear()
	if first.Type != "hello" || first.Resumed || first.Cursor == "" {
		t.Fatalf("%+v", first)
	}
	h.wait(func() bool { return h.desks[agent.user] == 1 })
	e := bus.Event{Tenant: h.a.ID, Kind: "offer.made", Users: []string{agent.user}, Data: json.RawMessage(`{"id":"off_1"}`)}
	must(t, h.bus.Publish(e))
	got := c.hear()
	if got.Type != "offer.made" || string(got.Data) != `{"id":"off_1"}` || got.Cursor == first.Cursor {
		t.Fatalf("%+v", got)
	}
	c.say(m{"type": "ping"})
	if f := c.hear(); f.Type != "pong" {
		t.Errorf("%+v", f)
	}
	_ = c.ws.CloseNow()
	h.wait(func() bool { return h.desks[agent.user] == 0 })
	must(t, h.bus.Publish(e))

	c = h.connect(agent, "/api/v1/live", m{"type": "hello", "cursor": got.Cursor})
	if f := c.hear(); !f.Resumed || f.Cursor != got.Cursor {
		t.Errorf("%+v", f)
	}
	if f := c.hear(); f.Type != "offer.made" || f.Cursor == got.Cursor {
		t.Errorf("%+v", f)
	}
}

func liveWatching(t *testing.T, h *house) {
	c := h.connect(h.a.users[access.Monitor], "/api/v1/live", hello)
	c.hear()
	c.say(m{"type": "watch", "interaction": h.b.interaction})
	if f := c.hear(); f.Type != "error" || !strings.Contains(string(f.Data), `"not_found"`) || !strings.Contains(string(f.Data), h.b.interaction) {
		t.Errorf("%+v", f)
	}
	for _, bad := range []string{"{", "[]", `{"type":""}`, `{"type":"watch","interaction":"x"}`} {
		c.say(bad)
		if f := c.hear(); f.Type != "error" || !strings.Contains(string(f.Data), `"invalid"`) {
			t.Errorf("%s: %+v", bad, f)
		}
	}
	c.say(m{"type": "unheard of"})
	c.say(m{"type": "watch", "interaction": h.a.interaction})
	c.say(m{"type": "ping"})
	c.hear() // after the pong the watch is in place
	must(t, h.bus.Publish(bus.Event{Tenant: h.a.ID, Kind: "message.added", Users: []string{h.a.holder}, Interaction: h.a.interaction, Data: json.RawMessage(`1`)}))
	if f := c.hear(); f.Type != "message.added" {
		t.Errorf("%+v", f)
	}
}

func liveEndsWithTheSession(t *testing.T, h *house) {
	admin := h.a.anyAdmin()
	for name, c := range map[string]struct {
		do     func(user string, w *who) error
		reason string
	}{
		"sign-out": {func(_ string, w *who) error {
			h.ask(w, "POST", "/api/v1/sign-out", nil)
			return nil
		}, account.EndedSignedOut},
		"by the administrator": {func(user string, _ *who) error { return h.accounts.EndSessions(t.Context(), admin.actor(), user) }, account.EndedByAdmin},
		"deleted":              {func(user string, _ *who) error { return h.accounts.DeleteUser(t.Context(), admin.actor(), user) }, account.EndedByAdmin},
	} {
		u, once, err := h.accounts.CreateUser(t.Context(), admin.actor(), account.NewUser{UserName: h.ids.New("u"), Roles: []access.Role{access.Agent}})
		must(t, err)
		w := h.settle("acme", u.UserName, once, u)
		conn := h.connect(w, "/api/v1/live", hello)
		conn.hear()
		must(t, c.do(u.ID, w))
		f := conn.until("session.ended")
		if string(f.Data) != `{"reason":"`+c.reason+`"}` {
			t.Errorf("%s: %s", name, f.Data)
		}
		if code := conn.end(); code != 4401 {
			t.Errorf("%s: closed with %d", name, code)
		}
	}
}

// A key's connection closes when the key expires, long before who it is is asked again.
func liveEndsWithTheKey(t *testing.T, h *house) {
	admin := h.a.anyAdmin()
	k, token, err := h.accounts.CreateAPIKey(t.Context(), admin.actor(), account.NewAPIKey{Name: "short", Roles: []access.Role{access.Administrator}, ExpiresAt: time.Now().Add(12 * time.Second)})
	must(t, err)
	c := h.connect(&who{kind: aKey, tenant: h.a.ID, user: k.ID, header: "Authorization", value: "Bearer " + token.Reveal()}, "/api/v1/live", hello)
	if f := c.until("session.ended"); string(f.Data) != `{"reason":"expired"}` {
		t.Errorf("%s", f.Data)
	}
	if code := c.end(); code != 4401 {
		t.Errorf("closed with %d", code)
	}
}

func liveFollowsRoles(t *testing.T, h *house) {
	admin := h.a.anyAdmin()
	u, once, err := h.accounts.CreateUser(t.Context(), admin.actor(), account.NewUser{UserName: "changing", Roles: []access.Role{access.Agent}})
	must(t, err)
	c := h.connect(h.settle("acme", "changing", once, u), "/api/v1/live", hello)
	c.hear()
	watch := func() {
		must(t, h.bus.Publish(bus.Event{Tenant: h.a.ID, Kind: "queue.changed", Watch: access.FloorWatch, Data: json.RawMessage(`1`)}))
	}
	watch() // not for agents
	_, err = h.accounts.UpdateUser(t.Context(), admin.actor(), u.ID, 0, account.UserChange{Roles: &[]access.Role{access.Supervisor}})
	must(t, err)
	for f := c.hear(); f.Type != "resync"; f = c.hear() {
		if f.Type == "queue.changed" {
			t.Fatalf("an agent heard %+v", f)
		}
	}
	watch()
	c.until("queue.changed")
}

func whoMayListen(t *testing.T, h *house) {
	refused := func(w *who, status int, header ...string) {
		t.Helper()
		_, res, err := h.dial(w, "/api/v1/live", header...)
		if err == nil || res == nil || res.StatusCode != status {
			t.Errorf("%v, %v, want %d", err, res, status)
		}
	}
	refused(nil, 401)
	refused(h.a.users[access.Agent], 403, "Origin", "https://evil.example")
	refused(&who{header: "Authorization", value: "Bearer " + h.a.token}, 401)
	if _, _, err := h.dial(h.a.users[access.Agent], "/api/v1/live", "Origin", h.url); err != nil {
		t.Errorf("from our own page: %v", err)
	}
	// A program's key hears what its roles may see.
	c := h.connect(h.key("listens", nil), "/api/v1/live", hello)
	c.hear()
	must(t, h.bus.Publish(bus.Event{Tenant: h.a.ID, Kind: "queue.changed", Watch: access.FloorWatch, Data: json.RawMessage(`1`)}))
	if f := c.hear(); f.Type != "queue.changed" {
		t.Errorf("%+v", f)
	}
	for _, frame := range []string{"{", `{"type":"watch"}`} {
		c := h.connect(h.a.users[access.Agent], "/api/v1/live", frame)
		if code := c.end(); code != websocket.StatusPolicyViolation {
			t.Errorf("%s: closed with %d", frame, code)
		}
	}
	c = h.connect(h.a.users[access.Agent], "/api/v1/live", `{"type":"hello","cursor":"`+strings.Repeat("x", 5<<10)+`"}`)
	if code := c.end(); code != websocket.StatusMessageTooBig {
		t.Errorf("too large a frame: closed with %d", code)
	}
}

// A reader that does not read is told to fetch again, and nothing is queued for
// it without end.
func slowReader(t *testing.T, h *house) {
	agent := h.a.users[access.Agent]
	c := h.connect(agent, "/api/v1/live", hello)
	c.hear()
	big := json.RawMessage(`"` + strings.Repeat("x", 200<<10) + `"`)
	const n = 200 // 40 MB: more than the sockets' buffers and the queue
	for range n {
		must(t, h.bus.Publish(bus.Event{Tenant: h.a.ID, Kind: "message.added", Users: []string{agent.user}, Data: big}))
	}
	events := 0
	for {
		f := c.hear()
		if f.Type == "resync" {
			break
		}
		if events++; events > n {
			t.Fatal("it was never told")
		}
	}
	if events == n {
		t.Error("everything was queued")
	}
	// It goes on from there. What was published before may still fill the queue,
	// and then it is told once more.
	for again := true; again; {
		must(t, h.bus.Publish(bus.Event{Tenant: h.a.ID, Kind: "offer.made", Users: []string{agent.user}, Data: json.RawMessage(`1`)}))
		for again = false; ; {
			f := c.hear()
			if again = f.Type == "resync"; again || f.Type == "offer.made" {
				break
			}
		}
	}
}

func goodBye(t *testing.T, h *house) {
	user := h.connect(h.a.users[access.Agent], "/api/v1/live", hello)
	user.hear()
	visitor := h.connect(nil, "/chat/v1/socket", m{"type": "hello", "token": h.a.token})
	visitor.until("message")
	silent, _, err := h.dial(h.a.users[access.Agent], "/api/v1/live") // it has not said hello
	must(t, err)
	h.doors.GoodBye(5 * time.Second)
	for _, c := range []*wire{user, visitor, silent} {
		f := c.until("stopping")
		var data struct {
			AfterMS *int `json:"after_ms"`
		}
		must(t, json.Unmarshal(f.Data, &data))
		if data.AfterMS == nil || *data.AfterMS < 0 || *data.AfterMS > 5000 {
			t.Errorf("%s", f.Data)
		}
		if code := c.end(); code != websocket.StatusGoingAway {
			t.Errorf("closed with %d", code)
		}
	}
	for _, path := range []string{"/api/v1/live", "/chat/v1/socket"} {
		_, res, err := h.dial(h.a.users[access.Agent], path)
		if err == nil || res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s while stopping: %v %v", path, err, res)
		}
	}
	must(t, h.doors.Gone(t.Context()))
	if users, visitors := h.hub.Count(); users+visitors > 0 {
		t.Errorf("%d users and %d visitors are left", users, visitors)
	}
}

func visitorSocket(t *testing.T, h *house) {
	c := h.connect(nil, "/chat/v1/socket", m{"type": "hello", "token": h.a.token, "after": 1})
	if f := c.hear(); f.Type != "state" {
		t.Fatalf("%+v", f)
	}
	for _, seq := range []string{`"seq":2`, `"seq":3`} {
		if f := c.hear(); f.Type != "message" || !strings.Contains(string(f.Data), seq) {
			t.Fatalf("%s %s", f.Type, f.Data)
		}
	}
	h.wait(func() bool { return h.here == 1 })

	// Reading from a browser answers pings by itself, which shows what it got.
	heardFrames := make(chan heard, 10)
	go func() {
		for {
			_, b, err := c.ws.Read(context.Background())
			if err != nil {
				close(heardFrames)
				return
			}
			var f heard
			_ = json.Unmarshal(b, &f)
			heardFrames <- f
		}
	}()
	h.wait(func() bool { return h.got[h.a.interaction] == 3 })
	message := func(seq int, author string) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"type":"message","data":{"seq":%d,"author_kind":%q}}`, seq, author))
	}
	must(t, h.bus.Publish(bus.Event{Tenant: h.a.ID, Kind: "message.added", Interaction: h.a.interaction, Data: json.RawMessage(`1`), Visitor: message(4, "visitor")}))
	must(t, h.bus.Publish(bus.Event{Tenant: h.a.ID, Kind: "message.added", Interaction: h.a.interaction, Data: json.RawMessage(`1`), Visitor: message(5, "agent")}))
	must(t, h.bus.Publish(bus.Event{Tenant: h.a.ID, Kind: "message.added", Interaction: h.a.interaction, Data: json.RawMessage(`1`)})) // a note
	must(t, h.bus.Publish(bus.Event{Tenant: h.b.ID, Kind: "message.added", Interaction: h.b.interaction, Data: json.RawMessage(`1`), Visitor: message(6, "agent")}))
	for range 2 {
		if f := <-heardFrames; f.Type != "message" {
			t.Errorf("%+v", f)
		}
	}
	h.wait(func() bool { return h.got[h.a.interaction] == 5 })

	c.say(m{"type": "message", "client_id": "c9", "text": "olá"})
	c.say(m{"type": "ping"})
	if f := <-heardFrames; f.Type != "pong" {
		t.Errorf("%+v", f)
	}
	h.mu.Lock()
	if !slices.Equal(h.said, []string{"c9:olá"}) {
		t.Errorf("%v", h.said)
	}
	h.mu.Unlock()
	for _, bad := range []m{{"type": "message", "text": "x"}, {"type": "message", "client_id": "x", "text": ""}, {"type": "choice", "client_id": "x"}, {"type": "read", "seq": -1}} {
		c.say(bad)
		if f := <-heardFrames; f.Type != "error" || !strings.Contains(string(f.Data), `"invalid"`) {
			t.Errorf("%v: %+v", bad, f)
		}
	}
	_ = c.ws.CloseNow()
	h.wait(func() bool { return h.here == 0 })
}

func whoMayVisit(t *testing.T, h *house) {
	h.a.origins = []string{"https://shop.example"}
	defer func() { h.a.origins = nil }()
	for name, c := range map[string]struct {
		origin string
		frame  any
		code   websocket.StatusCode
		says   string
	}{
		"unknown token": {"", m{"type": "hello", "token": "nbv_nobody"}, 4401, "unauthorised"},
		"over":          {"", m{"type": "hello", "token": "nbv_over"}, 4410, "gone"},
		"another page":  {"https://evil.example", m{"type": "hello", "token": h.a.token}, websocket.StatusPolicyViolation, "forbidden"},
		"no hello":      {"", m{"type": "message", "client_id": "x", "text": "x"}, websocket.StatusPolicyViolation, "invalid"},
		"no JSON":       {"", "x", websocket.StatusPolicyViolation, "invalid"},
		"bad after":     {"", m{"type": "hello", "token": h.a.token, "after": -1}, websocket.StatusPolicyViolation, "invalid"},
	} {
		conn, _, err := h.dial(nil, "/chat/v1/socket", "Origin", c.origin)
		must(t, err)
		conn.say(c.frame)
		if f := conn.hear(); f.Type != "error" || !strings.Contains(string(f.Data), `"`+c.says+`"`) {
			t.Errorf("%s: %+v", name, f)
		}
		if code := conn.end(); code != c.code {
			t.Errorf("%s: closed with %d, want %d", name, code, c.code)
		}
	}
	for _, origin := range []string{"https://shop.example", h.url} {
		conn, _, err := h.dial(nil, "/chat/v1/socket", "Origin", origin)
		must(t, err)
		conn.say(m{"type": "hello", "token": h.a.token})
		if f := conn.hear(); f.Type != "state" {
			t.Errorf("%s: %+v", origin, f)
		}
	}
}

func TestAVisitorWhoFloodsIsSlowedDown(t *testing.T) {
	limits := noLimits
	limits.Visitor = api.Limit{PerSecond: 0.01, Burst: 3}
	h := found(t, limits)
	c := h.connect(nil, "/chat/v1/socket", m{"type": "hello", "token": h.a.token, "after": 3})
	c.hear()
	for range 5 {
		c.say(m{"type": "message", "client_id": "x", "text": "x"})
	}
	f := c.until("error")
	var data struct {
		About, Code  string
		RetryAfterMS int `json:"retry_after_ms"`
	}
	must(t, json.Unmarshal(f.Data, &data))
	if data.About != "x" || data.Code != "rate_limited" || data.RetryAfterMS <= 0 {
		t.Errorf("%s", f.Data)
	}
}

// A frame may come in the same packet as the request that opens the socket.
func earlyFrame(t *testing.T, h *house) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	must(t, err)
	defer conn.Close()
	var b bytes.Buffer
	b.WriteString("GET /chat/v1/socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	payload := `{"type":"hello","token":"` + h.a.token + `"}`
	b.Write([]byte{0x81, 0x80 | byte(len(payload)), 0, 0, 0, 0})
	b.WriteString(payload)
	_, err = conn.Write(b.Bytes())
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(patience)))
	var seen []byte
	for !bytes.Contains(seen, []byte(`"type":"state"`)) {
		chunk := make([]byte, 4096)
		n, err := conn.Read(chunk)
		must(t, err)
		seen = append(seen, chunk[:n]...)
	}
}
