package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// Frame is what a live connection carries.
type Frame struct {
	Type   string          `json:"type"`
	Cursor string          `json:"cursor"`
	Data   json.RawMessage `json:"data"`
	// Resumed, of a greeting: all that was missed since the cursor comes with it.
	Resumed bool `json:"resumed"`
}

// Live is a live connection. The server asks every 25 seconds whether it is there, which
// is answered only while somebody reads, and gives it up after 45: whose is to stay, as a
// browser's does, is told to Stay.
type Live struct {
	// Cursor and Resumed are what the server's greeting said.
	Cursor  string
	Resumed bool

	c    *websocket.Conn
	kept *kept
}

// kept is what came and was not asked for yet.
type kept struct {
	came chan struct{}

	mu     sync.Mutex
	frames [][]byte
	err    error
}

// Live opens the user's live connection from a cursor ("" for now), and waits for the
// server's greeting: from then on what happens is heard.
func (u *User) Live(ctx context.Context, cursor string) (*Live, error) {
	l, err := dial(ctx, u.HTTP, u.Base+"/api/v1/live", http.Header{"Cookie": {u.Cookie.Name + "=" + u.Cookie.Value}, "Origin": {u.Base}})
	if err != nil {
		return nil, err
	}
	if err = l.greet(ctx, cursor); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Live) greet(ctx context.Context, cursor string) error {
	if err := l.Send(ctx, map[string]any{"type": "hello", "cursor": cursor}); err != nil {
		return err
	}
	f, err := l.Next(ctx)
	if err != nil {
		return err
	}
	if f.Type != "hello" {
		return fmt.Errorf("the first frame is %s", f.Type)
	}
	l.Cursor, l.Resumed = f.Cursor, f.Resumed
	return nil
}

// Socket opens the visitor's socket after a sequence number.
func (v *Visitor) Socket(ctx context.Context, after int64) (*Live, error) {
	l, err := dial(ctx, v.HTTP, v.Base+"/chat/v1/socket", nil)
	if err != nil {
		return nil, err
	}
	return l, l.Send(ctx, map[string]any{"type": "hello", "token": v.Token, "after": after})
}

func dial(ctx context.Context, c *http.Client, url string, h http.Header) (*Live, error) {
	plain := &http.Client{Transport: c.Transport} // the dial's context bounds it, not a time-out
	conn, res, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http"), &websocket.DialOptions{HTTPClient: plain, HTTPHeader: h})
	if err != nil {
		if res != nil {
			return nil, &Problem{Status: res.StatusCode, Detail: err.Error()}
		}
		return nil, err
	}
	conn.SetReadLimit(4 << 20)
	return &Live{c: conn}, nil
}

// Send writes a frame.
func (l *Live) Send(ctx context.Context, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.c.Write(ctx, websocket.MessageText, b)
}

// SendRaw writes a frame as it is.
func (l *Live) SendRaw(ctx context.Context, kind websocket.MessageType, b []byte) error {
	return l.c.Write(ctx, kind, b)
}

// Stay reads what comes at once, and keeps it for Next, until the connection ends.
func (l *Live) Stay() *Live {
	k := &kept{came: make(chan struct{}, 1)}
	l.kept = k
	go func() {
		for err := error(nil); err == nil; {
			var b []byte
			_, b, err = l.c.Read(context.Background())
			k.mu.Lock()
			if k.err = err; err == nil {
				k.frames = append(k.frames, b)
			}
			k.mu.Unlock()
			select {
			case k.came <- struct{}{}:
			default:
			}
		}
	}()
	return l
}

// next is the oldest that was kept; it waits for one.
func (k *kept) next(ctx context.Context) ([]byte, error) {
	for {
		k.mu.Lock()
		if len(k.frames) > 0 {
			b := k.frames[0]
			k.frames = k.frames[1:]
			k.mu.Unlock()
			return b, nil
		}
		err := k.err
		k.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-k.came:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Next reads the next frame.
func (l *Live) Next(ctx context.Context) (f Frame, err error) {
	b, err := l.Raw(ctx)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(b, &f)
}

// Raw reads the next frame as it came, for who reads very many.
func (l *Live) Raw(ctx context.Context) ([]byte, error) {
	if l.kept != nil {
		return l.kept.next(ctx)
	}
	_, b, err := l.c.Read(ctx)
	return b, err
}

// Close ends the connection at once.
func (l *Live) Close() { _ = l.c.CloseNow() }
