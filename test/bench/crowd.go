package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"nubitalk/internal/server/drive"
)

// company is the demonstration's tenant at work over a served installation.
type company struct {
	*drive.Program
	entry  string
	agents []*desk
}

// desk is an agent with an open live connection who accepts every offer.
type desk struct {
	user  *drive.User
	live  *drive.Live
	heard func(frame []byte) // every message.added
	woke  chan struct{}
}

// salesAgents take the chats of the queue that the demonstration's flow ends
// in for the choice "shoes"; each can hold the most that a user may.
var salesAgents = []string{"a7", "b2", "c9", "e5", "f1"}

const (
	perAgent = 50
	choice   = "shoes"
)

// open signs the agents in and makes them ready. heard is called from each
// desk's own goroutine.
func (r *run) open(ctx context.Context, p *drive.Program, heard func([]byte)) (*company, error) {
	entry, err := r.demo.Entry("demo")
	if err != nil {
		return nil, err
	}
	c := &company{Program: p, entry: entry}
	if err := r.enlarge(ctx, p); err != nil {
		return nil, err
	}
	for _, l := range r.demo.All("demo", "agent") {
		for _, name := range salesAgents {
			if l.UserName != name {
				continue
			}
			u, err := drive.SignIn(ctx, drive.Client(), p.BaseURL, l)
			if err != nil {
				return nil, err
			}
			d := &desk{user: u, heard: heard, woke: make(chan struct{}, 1)}
			if d.live, err = u.Live(ctx, ""); err != nil {
				return nil, err
			}
			go d.listen(ctx)
			go d.work(ctx)
			if err := u.Do(ctx, "PUT", "desk/presence", map[string]string{"presence": "ready"}, nil); err != nil {
				return nil, err
			}
			c.agents = append(c.agents, d)
		}
	}
	return c, nil
}

// enlarge lets the agents hold as many chats as a user may.
func (r *run) enlarge(ctx context.Context, p *drive.Program) error {
	login, err := r.demo.Login("demo", "administrator")
	if err != nil {
		return err
	}
	admin, err := drive.SignIn(ctx, drive.Client(), p.BaseURL, login)
	if err != nil {
		return err
	}
	var users struct {
		Items []struct {
			ID       string `json:"id"`
			UserName string `json:"user_name"`
			Version  int64  `json:"version"`
		} `json:"items"`
	}
	if err := admin.Do(ctx, "GET", "users?limit=100", nil, &users); err != nil {
		return err
	}
	for _, u := range users.Items {
		for _, name := range salesAgents {
			if u.UserName == name {
				in := map[string]any{"version": u.Version, "capacity": map[string]int{"chat": perAgent}}
				if err := admin.Do(ctx, "PATCH", "users/"+u.ID, in, nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Types of frames, as they stand at a frame's beginning.
var (
	messageAdded = []byte(`{"type":"message.added"`)
	offerMade    = []byte(`{"type":"offer.made"`)
	message      = []byte(`{"type":"message"`)
	failure      = []byte(`{"type":"error"`)
	stopping     = []byte(`{"type":"stopping"`)
)

func (d *desk) listen(ctx context.Context) {
	defer context.AfterFunc(ctx, d.live.Close)()
	for {
		b, err := d.live.Raw(context.WithoutCancel(ctx)) // as in say
		if err != nil {
			return
		}
		switch {
		case bytes.HasPrefix(b, messageAdded):
			d.heard(b)
		case bytes.HasPrefix(b, offerMade):
			select {
			case d.woke <- struct{}{}:
			default:
			}
		}
	}
}

// work accepts what is offered, when it is told and every second.
func (d *desk) work(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.woke:
		case <-tick.C:
		}
		for {
			var now drive.Desk
			if err := d.user.Do(ctx, "GET", "desk", nil, &now); err != nil || len(now.Offers) == 0 {
				break
			}
			for _, o := range now.Offers {
				_ = d.user.Do(ctx, "POST", "offers/"+o.ID+"/accept", nil, nil) // it may have ended
			}
		}
	}
}

// talker is a visitor with a socket.
type talker struct {
	*drive.Visitor
	live  *drive.Live
	name  string
	sent  int
	acked []string // client ids
}

// arrive begins a conversation and opens its socket; with a choice it goes to
// the queue.
func (c *company) arrive(ctx context.Context, h *http.Client, name, choice string) (*talker, error) {
	v, first, err := drive.Chat(ctx, h, c.BaseURL, c.entry, name, "", "", "first-"+name)
	if err != nil {
		return nil, err
	}
	if choice != "" {
		if _, err := v.Choose(ctx, "choice-"+name, choice); err != nil {
			return nil, err
		}
	}
	t := &talker{Visitor: v, name: name}
	if t.live, err = v.Socket(ctx, first.Last); err == nil {
		context.AfterFunc(ctx, t.live.Close) // ends say
	}
	return t, err
}

// say writes a message and waits until it comes back, stored.
//
// A context that can end costs the socket a goroutine's turn for each frame, and
// this load shares the processors with the server.
func (t *talker) say(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	t.sent++
	id := fmt.Sprintf("%s-%d", t.name, t.sent)
	frame := fmt.Appendf(nil, `{"type":"message","client_id":"%s","text":"Where is my parcel? It was sent a week ago, number %s"}`, id, id)
	if err := t.live.SendRaw(ctx, websocket.MessageText, frame); err != nil {
		return err
	}
	mine := []byte(`"client_id":"` + id + `"`)
	for {
		b, err := t.live.Raw(ctx)
		switch {
		case err != nil:
			return err
		case bytes.HasPrefix(b, failure):
			return fmt.Errorf("%s was refused: %s", id, b)
		case bytes.HasPrefix(b, message) && bytes.Contains(b, mine):
			t.acked = append(t.acked, id)
			return nil
		}
	}
}

// each runs fn for 0..n-1, at most together at a time, and gives the first
// error.
func each(n, together int, fn func(i int) error) error {
	var next atomic.Int64
	var all sync.WaitGroup
	var once sync.Once
	var first error
	for range min(together, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := fn(i); err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
					return
				}
			}
		})
	}
	all.Wait()
	return first
}
