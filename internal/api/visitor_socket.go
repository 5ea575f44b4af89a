package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/wording"
)

// Times and sizes of a visitor's socket. There may be very many, most of them
// silent: each costs one goroutine that waits in a read.
const (
	visitorSilence = 90 * time.Second // the widget pings every 25 s
	visitorFrame   = 32 << 10         // a message of 4,000 characters, escaped
	visitorQueue   = 256 << 10
	gotTime        = 30 * time.Second // for a browser to confirm what it got
)

// visitorClientFrame is what the widget sends.
type visitorClientFrame struct {
	Type     string `json:"type"`
	Token    string `json:"token"`
	After    int64  `json:"after"`
	ClientID string `json:"client_id"`
	Text     string `json:"text"`
	Value    string `json:"value"`
	Seq      int64  `json:"seq"`
}

// readVisitorFrame decodes a frame and refuses what REST would refuse too.
func readVisitorFrame(b []byte) (visitorClientFrame, error) {
	var f visitorClientFrame
	if err := json.Unmarshal(b, &f); err != nil || f.Type == "" {
		return visitorClientFrame{}, errs.New(errs.Invalid, "A frame must be a JSON object with a type.")
	}
	var faults errs.Fields
	if f.After < 0 {
		faults.Add("after", "must not be negative")
	}
	if f.Seq < 0 {
		faults.Add("seq", "must not be negative")
	}
	for path, v := range map[string]string{"token": f.Token, "client_id": f.ClientID, "text": f.Text, "value": f.Value} {
		if err := plainText(path, v); err != nil {
			faults.Add(path, "must be text without NUL characters")
		}
	}
	if f.Type == "message" || f.Type == "choice" {
		if n := len(f.ClientID); n < 1 || n > 64 {
			faults.Add("client_id", "must have 1 to 64 characters")
		}
		if f.Type == "message" && f.Text == "" {
			faults.Add("text", "must not be empty")
		}
		if n := len(f.Value); f.Type == "choice" && (n < 1 || n > 200) {
			faults.Add("value", "must have 1 to 200 characters")
		}
	}
	return f, faults.Err()
}

func (s *Server) visitorSocketRoutes() {
	handleSocket(s, "/chat/v1/socket", visitorToken, about{id: "visitorSocket", tag: visitorTag, summary: "The conversation as it happens (WebSocket)",
		detail: "The token comes in the first frame, so that it is in no address and no log."}, s.visitorSocket)
}

func (s *Server) visitorSocket(w http.ResponseWriter, r *http.Request) {
	if s.sockets.refusing() {
		writeProblem(w, r, restarting())
		return
	}
	sock, err := upgrade(w, r, false, visitorFrame, visitorQueue)
	if err != nil {
		return // Accept has answered
	}
	c := callerOf(r.Context())
	request, address, origin, host, asks := c.id, c.address, r.Header.Get("Origin"), r.Host, c.liveLanguage()
	// A goroutine of its own, because net/http's has a large stack and holds the
	// request.
	s.sockets.serve(sock, func() { s.contained(request, sock, func() { s.serveVisitor(sock, address, origin, host, asks) }) })
}

func (s *Server) serveVisitor(sock *socket, address, origin, host string, asks wording.Language) {
	defer sock.drop()
	v, after, err := s.visitorHello(sock, address, origin, host)
	l := cmp.Or(wording.Known(v.Language), asks)
	if err != nil {
		refuseVisitor(sock, err, l)
		return
	}
	out := &visitorOut{socket: sock, server: s, visitor: v}
	sock.onFull = out.Missed
	sock.sent = out.confirm
	sock.hold()
	conn := s.Live.JoinVisitor(v.Tenant, v.Interaction, out)
	defer conn.Leave()
	s.visitorHere(v, true)
	defer s.visitorHere(v, false)
	if err := s.visitorHistory(sock, out, v, after); err != nil {
		refuseVisitor(sock, err, l)
		return
	}
	sock.release()
	for {
		b, err := sock.read(visitorSilence)
		if err != nil {
			return
		}
		s.visitorSays(sock, v, b, l)
	}
}

// visitorHello reads the first frame and finds the conversation.
func (s *Server) visitorHello(sock *socket, address, origin, host string) (Visitor, int64, error) {
	b, err := sock.read(helloTime)
	if err != nil {
		return Visitor{}, 0, err
	}
	f, err := readVisitorFrame(b)
	if err != nil || f.Type != "hello" {
		return Visitor{}, 0, errs.New(errs.Invalid, "Say hello first.")
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	v, err := s.Visitors.Visitor(ctx, secret.New(f.Token))
	if err != nil {
		if errs.Is(err, errs.Unauthorised) {
			s.limits.address.spend(address, 5, s.clock.Now())
		}
		return Visitor{}, 0, err
	}
	if err := s.limits.visitor.take(v.Interaction, 1, s.clock.Now()); err != nil {
		return Visitor{}, 0, err
	}
	if origin != "" && !originIn(origin, host, v.Origins) {
		return Visitor{}, 0, errs.New(errs.Forbidden, "This page may not show this chat.")
	}
	return v, f.After, nil
}

func refuseVisitor(sock *socket, err error, l wording.Language) {
	sock.release()
	sock.Send(errorFrame("", err, l))
	code := websocket.StatusPolicyViolation
	switch errs.As(err).Code {
	case errs.Unauthorised:
		code = closedSession
	case errs.Gone, errs.NotFound:
		code = closedGone
	case errs.Unavailable, errs.Limited, errs.Internal, errs.Fenced:
		code = websocket.StatusTryAgainLater
	}
	sock.goodbye(code, "see the error before")
}

// visitorHistory writes the state and what the visitor has not seen, before
// anything that happens meanwhile.
func (s *Server) visitorHistory(sock *socket, out *visitorOut, v Visitor, after int64) error {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), callTime)
		conv, err := s.Visitors.Conversation(ctx, v, after)
		cancel()
		if err != nil {
			return err
		}
		if err := sock.writeNow(dataFrame("state", conv.State)); err != nil {
			return err
		}
		for _, m := range conv.Messages {
			if err := sock.writeNow(dataFrame("message", m)); err != nil {
				return err
			}
			if m.AuthorKind != "visitor" {
				out.note(m.Seq)
			}
			after = max(after, m.Seq)
		}
		if !conv.More || len(conv.Messages) == 0 {
			out.confirm()
			return nil
		}
	}
}

func dataFrame(kind string, data any) []byte {
	b, err := json.Marshal(struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}{kind, data})
	if err != nil {
		panic("api: a view does not marshal") // its types are ours
	}
	return b
}

// visitorSays carries out one frame of the widget.
func (s *Server) visitorSays(sock *socket, v Visitor, b []byte, l wording.Language) {
	f, err := readVisitorFrame(b)
	if err == nil && f.Type == "ping" {
		sock.Send(pong)
		return
	}
	if err == nil {
		if err = s.limits.visitor.take(v.Interaction, 1, s.clock.Now()); err != nil && f.Type == "typing" {
			return
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	if err == nil {
		err = s.visitorDoes(ctx, v, f)
	}
	if err != nil {
		sock.Send(errorFrame(f.ClientID, s.fault(ctx, err), l))
	}
}

func (s *Server) visitorDoes(ctx context.Context, v Visitor, f visitorClientFrame) error {
	var err error
	switch f.Type {
	case "message":
		_, err = s.Visitors.Say(ctx, v, f.ClientID, secret.New(f.Text)) // the hub brings it back
	case "choice":
		_, err = s.Visitors.Choose(ctx, v, f.ClientID, f.Value)
	case "typing":
		err = s.Visitors.VisitorTyping(ctx, v)
	case "read":
		err = s.Visitors.VisitorRead(ctx, v, f.Seq)
	case "end":
		err = s.Visitors.End(ctx, v)
	}
	return err // other types are of newer widgets
}

func (s *Server) visitorHere(v Visitor, here bool) {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	if err := s.Visitors.Here(ctx, v, here); err != nil {
		s.log.Warn("a visitor's coming or going could not be noted", "interaction", v.Interaction, "cause", errs.As(err).Error())
	}
}

// visitorOut is a visitor's socket as the hub sees it. It also finds out what
// reached the browser: after messages it sends a ping, whose pong can only come
// after them.
type visitorOut struct {
	*socket
	server  *Server
	visitor Visitor

	gotMu  sync.Mutex
	last   int64 // the highest seq sent that is not the visitor's own
	got    int64
	asking bool
}

// messageFrame begins a frame with a message. ownMessage is in one that the
// visitor wrote, and in no other: within a string its quotes would be escaped.
var (
	messageFrame = []byte(`{"type":"message"`)
	ownMessage   = []byte(`"author_kind":"visitor"`)
)

// Send is the socket's, and notes messages.
func (o *visitorOut) Send(frame []byte) {
	if bytes.HasPrefix(frame, messageFrame) {
		var m struct {
			Data struct {
				Seq int64 `json:"seq"`
			} `json:"data"`
		}
		if !bytes.Contains(frame, ownMessage) && json.Unmarshal(frame, &m) == nil {
			o.note(m.Data.Seq)
		}
	}
	o.socket.Send(frame)
}

func (o *visitorOut) note(seq int64) {
	o.gotMu.Lock()
	defer o.gotMu.Unlock()
	o.last = max(o.last, seq)
}

// Missed ends the socket: the widget comes back and asks for what it has not
// seen.
func (o *visitorOut) Missed() { o.close(websocket.StatusTryAgainLater, "come back and ask again") }

// confirm runs after frames were written.
func (o *visitorOut) confirm() {
	o.gotMu.Lock()
	defer o.gotMu.Unlock()
	if o.last > o.got && !o.asking {
		o.asking = true
		go o.ask()
	}
}

func (o *visitorOut) ask() {
	for {
		o.gotMu.Lock()
		seq := o.last
		if seq <= o.got {
			o.asking = false
			o.gotMu.Unlock()
			return
		}
		o.gotMu.Unlock()
		if !o.askOnce(seq) {
			o.gotMu.Lock()
			o.asking = false
			o.gotMu.Unlock()
			return
		}
		o.gotMu.Lock()
		o.got = seq
		o.gotMu.Unlock()
	}
}

func (o *visitorOut) askOnce(seq int64) bool {
	ctx, cancel := context.WithTimeout(context.Background(), gotTime)
	defer cancel()
	if o.ws.Ping(ctx) != nil {
		return false
	}
	if err := o.server.Visitors.Delivered(ctx, o.visitor, seq); err != nil {
		o.server.log.Warn("a delivery could not be noted", "interaction", o.visitor.Interaction, "cause", errs.As(err).Error())
	}
	return true
}
