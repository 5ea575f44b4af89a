package crash

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/server/drive"
	"nubitalk/internal/store/storetest"
)

// PostgreSQL is gone for a while under load: readiness says so, callers are told
// to come back, live connections stay, and afterwards everything goes on with
// nothing acknowledged lost or doubled.
func TestTheDatabaseIsRestarted(t *testing.T) {
	ctx, cancel := limit(t, 10*time.Minute)
	defer cancel()
	away := 2 * time.Second
	if d, err := time.ParseDuration(os.Getenv("OUTAGE")); err == nil {
		away = d
	}
	server := storetest.NewServer(t)
	n := newNode(t, server.URL())
	p := n.start(t)
	c := drive.Client()
	l := &load{t: t, base: p.BaseURL, entry: n.entry, seed: 1}
	watcher, err := drive.SignIn(ctx, c, p.BaseURL, n.agents[0])
	if err != nil {
		t.Fatal(err)
	}
	desk, err := watcher.Live(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	desk.Stay()
	t.Cleanup(desk.Close)
	v, _, err := drive.Chat(ctx, c, p.BaseURL, n.entry, "Inês", "", "hello", "first")
	if err != nil {
		t.Fatal(err)
	}
	page, err := v.Socket(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	page.Stay()
	t.Cleanup(page.Close)
	end := l.begin(n.agents)
	l.more(ctx, t, 50)

	server.Stop()
	if state := until(ctx, t, c, p.BaseURL, http.StatusServiceUnavailable); !strings.Contains(state, `{"name":"database","ok":false}`) {
		t.Errorf("readiness without the database: %s", state)
	}
	_, err = v.Say(ctx, "while-away", "is anybody there")
	told(t, "a message without the database", err)
	told(t, "a desk without the database", watcher.Do(ctx, "PATCH", "me", map[string]any{"version": 1, "language": "pt"}, nil))
	pause(ctx, away)
	server.Start()
	until(ctx, t, c, p.BaseURL, http.StatusOK)
	l.more(ctx, t, 50)
	for ctx.Err() == nil {
		if _, err = v.Say(ctx, "while-away", "is anybody there"); err == nil {
			break
		}
		told(t, "the same message afterwards", err)
		pause(ctx, 30*time.Millisecond)
	}
	if err != nil {
		t.Fatalf("the same message afterwards: %v", err)
	}
	reaches(ctx, t, page, "is anybody there")
	if err := desk.Send(ctx, map[string]string{"type": "ping"}); err != nil {
		t.Fatalf("the agent's live connection: %v", err)
	}
	reaches(ctx, t, desk, `"pong"`)
	if err := v.Do(ctx, "POST", "/end", nil, nil); err != nil {
		t.Error(err)
	}
	l.drain.Store(true)
	l.settle(t)
	end()
	l.check(t)
	stop(t, p)
}

// more waits until so many more messages were acknowledged.
func (l *load) more(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	count := func() (sum int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, k := range l.talks {
			sum += len(k.acked)
		}
		return sum
	}
	for least := count() + n; count() < least; pause(ctx, 20*time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatal("nothing goes on")
		}
	}
}

// reaches reads until a frame has a text.
func reaches(ctx context.Context, t *testing.T, l *drive.Live, text string) {
	t.Helper()
	for {
		b, err := l.Raw(ctx)
		if err != nil {
			t.Fatalf("a live connection ended before %q: %v", text, err)
		}
		if strings.Contains(string(b), text) {
			return
		}
	}
}
