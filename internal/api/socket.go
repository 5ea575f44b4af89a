package api

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// Bounds of a live connection.
const (
	writeTime   = 15 * time.Second // for one frame to leave
	smallBuffer = 512              // bytes of a socket's own read and write buffers
)

// socket is the server's end of a WebSocket. It has no goroutine of its own:
// one reads, and one that writes lives only while something waits to be sent.
// Times are kept by the connection's deadlines, so that an idle socket costs no
// timer, no context and no more memory than it must.
type socket struct {
	ws     *websocket.Conn
	net    net.Conn
	most   int    // bytes that may wait
	onFull func() // what waited was dropped
	sent   func() // frames have been written; may be nil

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	writing bool
	held    bool
	full    bool // what waited was dropped; nothing more waits until restart
	closed  bool
	closing *goodbye
}

type goodbye struct {
	code   websocket.StatusCode
	reason string
}

// upgrade makes a WebSocket of a request. checkOrigin false leaves the origin
// to the caller.
func upgrade(w http.ResponseWriter, r *http.Request, checkOrigin bool, readLimit int64, most int) (*socket, error) {
	h := &hijacked{ResponseWriter: w}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{InsecureSkipVerify: !checkOrigin, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(readLimit)
	return &socket{ws: ws, net: h.conn, most: most}, nil
}

// hijacked takes the connection over with small buffers, in place of the 4 KiB
// that net/http has for each direction.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = conn
	_ = conn.SetDeadline(time.Time{}) // net/http's own deadlines end here
	early, _ := brw.Reader.Peek(brw.Reader.Buffered())
	read := bufio.NewReaderSize(&afterEarly{early: append([]byte(nil), early...), Conn: conn}, max(smallBuffer, len(early)))
	_, _ = read.Peek(len(early)) // moves what came early to where Accept looks for it
	return conn, bufio.NewReadWriter(read, bufio.NewWriterSize(conn, smallBuffer)), nil
}

// afterEarly reads what came with the request before what comes after it.
type afterEarly struct {
	early []byte
	net.Conn
}

func (a *afterEarly) Read(b []byte) (int, error) {
	if len(a.early) > 0 {
		n := copy(b, a.early)
		a.early = a.early[n:]
		return n, nil
	}
	return a.Conn.Read(b)
}

var errNotUTF8 = errors.New("api: a text frame is not UTF-8")

// read waits for one frame, at most for the given time. Text that is not UTF-8
// ends the socket (RFC 6455, section 8.1).
func (s *socket) read(within time.Duration) ([]byte, error) {
	kind, b, err := s.next(within)
	if err == nil && kind == websocket.MessageText && !utf8.Valid(b) {
		s.goodbye(websocket.StatusInvalidFramePayloadData, "text is not UTF-8")
		return nil, errNotUTF8
	}
	return b, err
}

func (s *socket) next(within time.Duration) (websocket.MessageType, []byte, error) {
	if err := s.net.SetReadDeadline(time.Now().Add(within)); err != nil {
		return 0, nil, err
	}
	return s.ws.Read(context.Background())
}

// Send queues a frame. When too much waits, all of it is dropped and onFull
// runs, once, on a goroutine of its own.
func (s *socket) Send(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.full || s.closing != nil {
		return
	}
	if s.bytes+len(frame) > s.most {
		s.waiting, s.bytes, s.full = nil, 0, true
		go s.onFull()
		return
	}
	s.put(frame)
}

// restart ends the state in which nothing is queued, with a first frame.
func (s *socket) restart(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full && !s.closed && s.closing == nil {
		s.full = false
		s.put(frame)
	}
}

func (s *socket) put(frame []byte) {
	s.waiting = append(s.waiting, frame)
	s.bytes += len(frame)
	s.wake()
}

// wake starts the writer if it does not run. The lock is held.
func (s *socket) wake() {
	if !s.writing {
		s.writing = true
		go s.write()
	}
}

// write sends what waits and ends.
func (s *socket) write() {
	for {
		s.mu.Lock()
		frames, bye := s.waiting, s.closing
		s.waiting, s.bytes = nil, 0
		if len(frames) == 0 && bye == nil || s.closed {
			s.writing = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, f := range frames {
			if s.writeNow(f) != nil {
				s.drop()
				break
			}
		}
		if s.sent != nil && len(frames) > 0 {
			s.sent()
		}
		if bye != nil {
			_ = s.net.SetWriteDeadline(time.Now().Add(writeTime))
			_ = s.ws.Close(bye.code, bye.reason) // waits a few seconds for the other side's goodbye
			s.drop()
		}
	}
}

// writeNow writes one frame and waits until it has left.
func (s *socket) writeNow(frame []byte) error {
	_ = s.net.SetWriteDeadline(time.Now().Add(writeTime))
	err := s.ws.Write(context.Background(), websocket.MessageText, frame)
	_ = s.net.SetWriteDeadline(time.Time{}) // pings keep their own time
	return err
}

// hold lets frames wait until release, for writeNow to come first.
func (s *socket) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing, s.held = true, true
}

// release ends hold; without one it does nothing.
func (s *socket) release() {
	s.mu.Lock()
	held := s.held
	s.held = false
	s.mu.Unlock()
	if held {
		go s.write()
	}
}

// goodbye is close for the goroutine that reads: it returns when the socket has
// ended, and until then lets the other side's goodbye be read.
func (s *socket) goodbye(code websocket.StatusCode, reason string) {
	s.close(code, reason)
	for {
		if _, _, err := s.next(2 * writeTime); err != nil {
			return
		}
	}
}

// close says goodbye after what waits has been sent, then ends the socket.
func (s *socket) close(code websocket.StatusCode, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.closing != nil {
		return
	}
	s.closing = &goodbye{code, reason}
	s.wake()
}

// drop ends the socket at once.
func (s *socket) drop() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		_ = s.ws.CloseNow()
	}
}
