package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
)

// A stop tells every browser, lets open requests and live connections end, and
// loses nothing that was acknowledged.
func TestAStopDrains(t *testing.T) {
	c := settings(t, t.TempDir())
	c.TLS.Mode = "off"
	c.Limits.Calls = 0
	address, err := freeport.Address() // the same after the restart
	if err != nil {
		t.Fatal(err)
	}
	c.Listen = address
	n := start(t, c, nil)
	ctx := t.Context()
	org, admin := install(t, n)
	openAlways(t, n, org)
	h := drive.Client()
	agent, err := drive.SignIn(ctx, h, n.URL(), drive.Login{Organisation: org.Slug, UserName: admin, Password: demo.Password})
	if err != nil {
		t.Fatal(err)
	}
	desk, err := agent.Live(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	desk.Stay()
	t.Cleanup(desk.Close)
	var entries struct{ Items []struct{ ID string } }
	if err := agent.Do(ctx, "GET", "entry-points", nil, &entries); err != nil || len(entries.Items) == 0 {
		t.Fatal(err, entries)
	}
	visitor, _, err := drive.Chat(ctx, h, n.URL(), entries.Items[0].ID, "Inês", "", "Hello", "c1")
	if err != nil {
		t.Fatal(err)
	}
	page, err := visitor.Socket(ctx, 0) // answers no goodbye until it reads
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(page.Close)
	if f, err := page.Next(ctx); err != nil || f.Type != "state" {
		t.Fatal(f, err)
	}

	writer, wrote := make(chan []string), make(chan struct{}) // writes until it is refused
	go func() {
		var acked []string
		for i := 0; ; i++ {
			id := fmt.Sprintf("m%d", i)
			if _, err := visitor.Say(ctx, id, "text of "+id); err != nil {
				writer <- acked
				return
			}
			if acked = append(acked, id); i == 0 {
				close(wrote)
			}
		}
	}()
	<-wrote
	slow := openRequest(t, address, visitor.Token, `{"client_id":"slow","text":"said while it stops"}`)

	stopped := make(chan error)
	go func() { stopped <- n.Stop(context.WithoutCancel(ctx)) }()
	hears(t, desk, "stopping")
	slow(http.StatusCreated, http.StatusOK)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	hears(t, page, "stopping")
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := n.parts.api.Gone(over); err != nil {
		t.Errorf("the stop did not wait: %v", err)
	}
	acked := append(<-writer, "c1", "slow")

	again := start(t, c, nil)
	if again.URL() != n.URL() {
		t.Fatal("it came back elsewhere")
	}
	conv, err := visitor.Conversation(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for conv.Messages != nil {
		for _, m := range conv.Messages {
			seen[m.ClientID]++
		}
		if !conv.More {
			break
		}
		if conv, err = visitor.Conversation(ctx, conv.Last); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range acked {
		if seen[id] != 1 {
			t.Errorf("acknowledged %s is there %d times", id, seen[id])
		}
	}
	if len(acked) < 3 {
		t.Error("nothing was written, so nothing was checked")
	}
}

func hears(t *testing.T, l *drive.Live, kind string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		f, err := l.Next(ctx)
		if err != nil {
			t.Fatalf("it was not told: %v", err)
		}
		if f.Type == kind {
			return
		}
	}
}

// openRequest begins to say something as a visitor, and gives what ends it. The
// server has begun with it: it asks for the body.
func openRequest(t *testing.T, address, token, body string) func(want ...int) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "POST /chat/v1/conversation/messages HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		address, token, len(body))
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return func(want ...int) {
		t.Helper()
		if _, err := io.WriteString(conn, body); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("an open request was cut: %v", err)
		}
		var m drive.Message
		if err := json.NewDecoder(res.Body).Decode(&m); err != nil {
			t.Fatal(err)
		}
		for _, code := range want {
			if res.StatusCode == code && m.Seq > 0 {
				return
			}
		}
		t.Fatalf("an open request was answered with %d %+v", res.StatusCode, m)
	}
}
