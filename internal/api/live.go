package api

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"nubitalk/internal/app/live"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
)

// Times and sizes of a user's live connection.
const (
	helloTime  = 10 * time.Second // for the first frame to come
	pingEvery  = 25 * time.Second
	pongTime   = 20 * time.Second
	checkEvery = time.Minute // the session: an open desk is use of it
	silence    = 24 * time.Hour
	liveFrame  = 4 << 10 // most bytes of a client's frame
	liveQueue  = 1 << 20 // most bytes that wait for a slow reader
)

// Codes of our own with which a socket closes; 4000-4999 are for applications
// (RFC 6455 section 7.4.2).
const (
	closedSession = websocket.StatusCode(4401)
	closedGone    = websocket.StatusCode(4410)
)

// clientFrame is what a signed-in user's client sends.
type clientFrame struct {
	Type        string `json:"type"`
	Cursor      string `json:"cursor"`
	Interaction string `json:"interaction"`
}

// readClientFrame decodes a frame; it refuses what is not one.
func readClientFrame(b []byte) (clientFrame, error) {
	var f clientFrame
	if err := json.Unmarshal(b, &f); err != nil || f.Type == "" {
		return clientFrame{}, errs.New(errs.Invalid, "A frame must be a JSON object with a type.")
	}
	return f, nil
}

func (s *Server) liveRoutes() {
	handleSocket(s, "/api/v1/live", Guard{Permission: access.SignedIn, Keys: true}, about{id: "live", tag: "Live", summary: "Events as they happen (WebSocket)"}, s.live)
}

func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	if s.sockets.refusing() {
		writeProblem(w, r, restarting())
		return
	}
	sock, err := upgrade(w, r, true, liveFrame, liveQueue)
	if err != nil {
		return // Accept has answered
	}
	c := *callerOf(r.Context()) // the request ends with this function
	s.sockets.serve(sock, func() { s.contained(c.id, sock, func() { s.serveLive(sock, c) }) })
}

func restarting() error {
	return &errs.Error{Code: errs.Unavailable, Text: "The server is restarting. Please try again in a moment.", RetryAfter: 2 * time.Second}
}

// contained runs a socket's goroutine: a panic ends that socket only.
func (s *Server) contained(request string, sock *socket, fn func()) {
	defer func() {
		if fault := recover(); fault != nil {
			s.log.Error("a live connection panicked", "request", request, "kind", typeName(fault), "stack", places(debug.Stack()))
			sock.drop()
		}
	}()
	fn()
}

// liveOut is a user's socket as the hub sees it.
type liveOut struct {
	*socket
	recheck chan struct{}
	reason  atomic.Pointer[string]
}

// Recheck wakes the keeper; several become one.
func (o *liveOut) Recheck(reason string) {
	if reason != "" {
		o.reason.Store(&reason)
	}
	select {
	case o.recheck <- struct{}{}:
	default:
	}
}

func (s *Server) serveLive(sock *socket, c caller) {
	defer sock.drop()
	first, err := sock.read(helloTime)
	if err != nil {
		return
	}
	f, err := readClientFrame(first)
	if err != nil || f.Type != "hello" {
		sock.goodbye(websocket.StatusPolicyViolation, "say hello first")
		return
	}
	out := &liveOut{socket: sock, recheck: make(chan struct{}, 1)}
	var conn *live.Conn
	joined := make(chan struct{})
	sock.onFull = func() { <-joined; conn.Resync(sock.restart) }
	conn = s.Live.Join(c.Actor, f.Cursor, out)
	close(joined)
	defer conn.Leave()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go s.contained(c.id, sock, func() { s.keepLive(ctx, sock, out, conn, c) })
	limit := rate.NewLimiter(20, 100)
	for {
		b, err := sock.read(silence) // the keeper's pings notice a dead line
		if err != nil {
			return
		}
		if !limit.AllowN(time.Now(), 1) {
			sock.goodbye(websocket.StatusPolicyViolation, "too many frames")
			return
		}
		s.clientSays(ctx, sock, conn, b, c.liveLanguage())
	}
}

// clientSays carries out one frame of the client.
func (s *Server) clientSays(ctx context.Context, sock *socket, conn *live.Conn, b []byte, l wording.Language) {
	f, err := readClientFrame(b)
	if err != nil {
		sock.Send(errorFrame("", err, l))
		return
	}
	switch f.Type {
	case "watch":
		ctx, cancel := context.WithTimeout(ctx, callTime)
		defer cancel()
		if err := conn.Watch(ctx, f.Interaction); err != nil {
			sock.Send(errorFrame(f.Interaction, s.fault(ctx, err), l))
		}
	case "unwatch":
		conn.Unwatch(f.Interaction)
	case "ping":
		sock.Send(pong)
	}
	// Other types are of newer clients.
}

var pong = []byte(`{"type":"pong"}`)

// errorFrame tells what a frame of the client could not do. about is the
// interaction or the client_id that it named.
func errorFrame(about string, err error, l wording.Language) []byte {
	p := problemOf(err).in(l)
	b, e := json.Marshal(struct {
		Type string       `json:"type"`
		Data errorDetails `json:"data"`
	}{"error", errorDetails{About: about, Problem: p, RetryAfterMS: p.retryAfter.Milliseconds()}})
	if e != nil {
		return []byte(`{"type":"error","data":{"code":"internal"}}`)
	}
	return b
}

type errorDetails struct {
	About string `json:"about,omitempty"`
	*Problem
	RetryAfterMS int64 `json:"retry_after_ms,omitempty"`
}

// keepLive notices a dead line, and asks again who the caller is: when told, when
// the session or the key comes to its end, and every minute, which also notes that
// the session is in use.
func (s *Server) keepLive(ctx context.Context, sock *socket, out *liveOut, conn *live.Conn, c caller) {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	every := checkEvery
	if c.Support != nil {
		every = supportCheck
	}
	check := time.NewTicker(every)
	defer check.Stop()
	end := time.NewTimer(s.untilEnd(&c))
	defer end.Stop()
	for {
		fresh, ends := false, c.session.ExpiresAt
		select {
		case <-ctx.Done():
			return
		case <-ping.C:
			waiting, cancel := context.WithTimeout(ctx, pongTime)
			err := sock.ws.Ping(waiting)
			cancel()
			if err != nil {
				sock.drop()
				return
			}
			continue
		case <-check.C:
		case <-end.C:
			ends = time.Time{} // it has another one, or the clock was set
		case <-out.recheck:
			fresh = true
		}
		if !s.stillSignedIn(ctx, sock, out, conn, &c, fresh) {
			return
		}
		if !c.session.ExpiresAt.Equal(ends) {
			end.Reset(s.untilEnd(&c))
		}
	}
}

// untilEnd is how long a session or a key lasts, a moment more; what has no end is asked
// for by the minute.
func (s *Server) untilEnd(c *caller) time.Duration {
	if c.session.ExpiresAt.IsZero() {
		return silence
	}
	return max(time.Second, c.session.ExpiresAt.Sub(s.clock.Now())+time.Millisecond)
}

// stillSignedIn asks who holds the session, or the key. fresh: something changed.
func (s *Server) stillSignedIn(ctx context.Context, sock *socket, out *liveOut, conn *live.Conn, c *caller, fresh bool) bool {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	now, err := s.Accounts.Still(ctx, c.session, c.token, fresh)
	switch {
	case errs.Is(err, errs.Unauthorised) || err == nil && (now.MustChange || now.MustSetUp || now.AllowedFrom(c.peer) != nil):
		s.endLive(sock, out)
		return false
	case err != nil: // the store is away: nothing is known to have changed
		s.log.Warn("a session could not be checked", "request", c.id, "cause", errs.As(err).Error())
		if fresh {
			time.AfterFunc(time.Second, func() { out.Recheck("") })
		}
		return true
	case fresh && !sameRights(now.Actor, c.Actor):
		c.Actor = now.Actor
		conn.Become(now.Actor)
	}
	c.session.ExpiresAt = now.ExpiresAt
	return true
}

func (s *Server) endLive(sock *socket, out *liveOut) {
	reason := "expired"
	if r := out.reason.Load(); r != nil {
		reason = *r
	}
	sock.Send([]byte(`{"type":"session.ended","data":{"reason":` + strconv.Quote(reason) + `}}`))
	sock.close(closedSession, "session ended")
}

func sameRights(a, b access.Actor) bool {
	// A session's user and a key's scopes never change.
	return slices.Equal(a.Roles, b.Roles) && slices.EqualFunc(a.Custom, b.Custom, access.Custom.Equal)
}
