package api

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// deadlined notes until when may be written.
type deadlined struct {
	net.Conn
	until time.Time
}

func (d *deadlined) SetWriteDeadline(t time.Time) error {
	d.until = t
	return d.Conn.SetWriteDeadline(t)
}

// A frame's deadline ends with the frame: the ping that follows half a minute later has
// its own.
func TestAFrameLeavesNoDeadlineBehind(t *testing.T) {
	until := make(chan time.Time, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sock, err := upgrade(w, r, false, 100, 100)
		if err != nil {
			t.Error(err)
			return
		}
		defer sock.drop()
		d := &deadlined{Conn: sock.net}
		sock.net = d
		if err := sock.writeNow([]byte("a")); err != nil {
			t.Error(err)
		}
		until <- d.until
	}))
	defer server.Close()
	ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if _, b, err := ws.Read(t.Context()); err != nil || string(b) != "a" {
		t.Errorf("%q %v", b, err)
	}
	if left := <-until; !left.IsZero() {
		t.Errorf("nothing may be written after %v", left)
	}
}
