package api

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"nubitalk/internal/base/errs"
)

// openSockets are the live connections of this node, those that have not said
// hello yet included.
type openSockets struct {
	mu       sync.Mutex
	all      map[*socket]struct{}
	stopping bool
	none     chan struct{} // closed when stopping and all have ended
}

func newOpenSockets() *openSockets {
	return &openSockets{all: map[*socket]struct{}{}, none: make(chan struct{})}
}

func (o *openSockets) refusing() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stopping
}

// serve runs fn for a socket on a goroutine of its own. One that was upgraded
// while the stop began is told so like the others.
func (o *openSockets) serve(sock *socket, fn func()) {
	o.mu.Lock()
	o.all[sock] = struct{}{}
	late := o.stopping
	o.mu.Unlock()
	if late {
		farewell(sock, 0)
	}
	go func() {
		defer o.ended(sock)
		fn()
	}()
}

func (o *openSockets) ended(sock *socket) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.all, sock)
	o.settle()
}

// settle tells who waits for the last one. The lock is held.
func (o *openSockets) settle() {
	if !o.stopping || len(o.all) > 0 {
		return
	}
	select {
	case <-o.none:
	default:
		close(o.none)
	}
}

func (o *openSockets) stop() []*socket {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopping = true
	o.settle()
	return o.list()
}

// list is a copy, so that nothing is written under the lock. It is held.
func (o *openSockets) list() []*socket {
	out := make([]*socket, 0, len(o.all))
	for sock := range o.all {
		out = append(out, sock)
	}
	return out
}

// GoodBye tells every live connection that the server restarts, when to come
// back (spread evenly over the given time, so that they do not all come at
// once), and closes them. New ones are refused from now on.
func (s *Server) GoodBye(spread time.Duration) {
	for _, sock := range s.sockets.stop() {
		farewell(sock, spread)
	}
}

func farewell(sock *socket, spread time.Duration) {
	after := time.Duration(0)
	if spread > 0 {
		after = rand.N(spread)
	}
	sock.Send([]byte(`{"type":"stopping","data":{"after_ms":` + strconv.FormatInt(after.Milliseconds(), 10) + `}}`))
	sock.close(websocket.StatusGoingAway, "restarting")
}

// Gone waits until the live connections have ended after GoodBye, and what each
// of them was doing with them. Those that are left when ctx ends are cut.
func (s *Server) Gone(ctx context.Context) error {
	select {
	case <-s.sockets.none:
		return nil
	case <-ctx.Done():
	}
	s.sockets.mu.Lock()
	left := s.sockets.list()
	s.sockets.mu.Unlock()
	if len(left) == 0 {
		return nil
	}
	for _, sock := range left {
		sock.drop()
	}
	return errs.Wrap(errs.Unavailable, ctx.Err(), "%d live connections had to be cut.", len(left))
}
