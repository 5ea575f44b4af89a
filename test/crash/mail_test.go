package crash

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/channel/email/mailtest"
	"nubitalk/internal/server/drive"
)

const (
	shopBox  = "shop@crash.example"
	customer = "rita@crash.example"
)

// The program is killed when the provider has accepted an answer and has not said so yet.
// Afterwards nothing is sent by itself, whatever is repeated: the agent is asked, and only
// who says that it is to be sent again sends it again.
func TestKilledBetweenAcceptanceAndRecord(t *testing.T) {
	ctx, cancel := limit(t, 10*time.Minute)
	defer cancel()
	p := mailtest.Start(t, shopBox, customer)
	between := between(t, p.SMTPS)
	n := newNode(t, "")
	n.args = append(n.args, "--email-inside", "127.0.0.0/8", "--email-authority", p.CertFile)
	program := n.start(t)
	c := drive.Client()
	sign := func(login drive.Login) *drive.User {
		t.Helper()
		u, err := drive.SignIn(ctx, c, program.BaseURL, login)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	type m = map[string]any
	do := func(u *drive.User, method, path string, in, out any) {
		t.Helper()
		if err := u.Do(ctx, method, path, in, out); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	admin, agent := sign(n.admin), sign(n.agents[0])
	var queue, flow, point, box struct{ ID string }
	do(admin, "POST", "queues", m{"name": "Crash", "channels": []string{"email"}, "wrap_up_seconds": 0}, &queue)
	do(admin, "POST", "flows", m{"name": "Crash", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": queue.ID}}}}, &flow)
	do(admin, "POST", "entry-points", m{"name": "Crash", "channel": "email", "flow": flow.ID, "languages": []string{"en"}, "theme": m{"title": m{}, "welcome": m{}, "accent": "#336699", "position": "right", "mode": "auto"},
		"attachments": m{"allowed": false, "max_mb": 1, "types": []string{}}}, &point)
	do(admin, "POST", "mailboxes", m{"name": "Crash", "address": shopBox, "imap": m{"host": "localhost", "port": p.IMAPS}, "smtp": m{"host": "localhost", "port": between.port}, "password": mailtest.Password, "entry_point": point.ID}, &box)
	eventually(ctx, t, "the mailbox is not followed", func() bool {
		var now struct{ State string }
		do(admin, "GET", "mailboxes/"+box.ID+"/status", nil, &now)
		return now.State == "connected"
	})

	p.Deliver(customer, shopBox, "From: Rita <"+customer+">\nTo: "+shopBox+"\nSubject: Where is it\nMessage-ID: <1@crash.example>\n\nHello\n")
	ready := func() *drive.Live {
		t.Helper()
		line, err := agent.Live(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		line.Stay()
		until := func() bool { return agent.Do(ctx, "PUT", "desk/presence", m{"presence": "ready"}, nil) == nil }
		eventually(ctx, t, "the agent is not ready", until)
		return line
	}
	line := ready()
	interaction := ""
	eventually(ctx, t, "the message is not offered", func() bool {
		var d drive.Desk
		do(agent, "GET", "desk", nil, &d)
		for _, o := range d.Offers {
			_ = agent.Do(ctx, "POST", "offers/"+o.ID+"/accept", m{}, nil) // or it is gone already
		}
		for _, w := range d.Work {
			if w.Queue == queue.ID {
				interaction = w.ID
			} else { // what the demonstration left
				_ = agent.Do(ctx, "POST", "interactions/"+w.ID+"/finish", m{}, nil)
				_ = agent.Do(ctx, "POST", "interactions/"+w.ID+"/complete", m{}, nil)
			}
		}
		return interaction != ""
	})
	path := "interactions/" + interaction + "/email"
	answered := func() (n int) {
		for _, one := range p.Mail(customer, "INBOX") {
			if strings.Contains(one, "We look for it.") {
				n++
			}
		}
		return n
	}

	between.silent.Store(true) // from when the text is through
	said := make(chan error, 1)
	go func() {
		said <- agent.Do(ctx, "POST", path+"/reply", m{"client_id": "1", "text": "We look for it.\n" + strings.Repeat("And more of it.\n", between.after/8)}, nil)
	}()
	eventually(ctx, t, "the provider does not accept it", func() bool { return answered() == 1 })
	program.Kill()
	if err := <-said; err == nil {
		t.Fatal("it was answered that it was sent")
	}
	line.Close()
	between.silent.Store(false)
	between.cut()
	program = n.start(t)
	agent = sign(n.agents[0])
	line = ready()
	defer line.Close()

	var mail struct {
		Sends []struct {
			ClientID string `json:"client_id"`
			State    string
		}
	}
	eventually(ctx, t, "the message cannot be read again", func() bool { return agent.Do(ctx, "GET", path, nil, &mail) == nil })
	if len(mail.Sends) != 1 || mail.Sends[0].State != "unsure" {
		t.Fatalf("the agent is not asked: %+v", mail.Sends)
	}
	for _, id := range []string{"1", "2"} {
		if err := agent.Do(ctx, "POST", path+"/reply", m{"client_id": id, "text": "We look for it."}, nil); err == nil || !strings.Contains(err.Error(), "409") {
			t.Fatalf("%s is sent without the agent's word: %v", id, err)
		}
	}
	if n := answered(); n != 1 {
		t.Fatalf("%d answers arrived", n)
	}
	do(agent, "POST", path+"/reply", m{"client_id": "1", "text": "We look for it.", "again": true}, nil)
	eventually(ctx, t, "what the agent sends again does not arrive", func() bool { return answered() == 2 })
	stop(t, program)
	if n := answered(); n != 2 {
		t.Errorf("%d answers arrived", n)
	}
}

func eventually(ctx context.Context, t *testing.T, otherwise string, so func() bool) {
	t.Helper()
	for !so() {
		pause(ctx, 20*time.Millisecond)
		if ctx.Err() != nil {
			t.Fatal(otherwise)
		}
	}
}

// wire is what lies between the program and a server. While it is silent, nothing that
// the server says comes through once the program said more than after octets.
type wire struct {
	port   int
	after  int
	silent atomic.Bool

	mu   sync.Mutex
	open []net.Conn
}

func between(t *testing.T, port int) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{port: l.Addr().(*net.TCPAddr).Port, after: 16 << 10}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				_ = near.Close()
				continue
			}
			w.mu.Lock()
			w.open = append(w.open, near, far)
			w.mu.Unlock()
			var told atomic.Int64
			running.Go(func() { w.pass(far, near, func(n int) bool { told.Add(int64(n)); return true }) })
			running.Go(func() {
				w.pass(near, far, func(int) bool { return !w.silent.Load() || told.Load() < int64(w.after) })
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); w.cut(); running.Wait() })
	return w
}

// cut ends the connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		_ = c.Close()
	}
	w.open = nil
}

func (w *wire) pass(to, from net.Conn, through func(n int) bool) {
	buffer := make([]byte, 4<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && through(n) {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err == io.EOF {
				_ = to.Close()
			}
			return
		}
	}
}
