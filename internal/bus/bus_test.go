package bus

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

var ids = id.NewSource(time.Now, nil)

var (
	acme  = id.Tenant(ids.New(id.TenantKind))
	bravo = id.Tenant(ids.New(id.TenantKind))
)

// xorVault seals by a key per tenant: enough to see what is sealed, and that a
// tenant's key opens only its own.
type xorVault struct{ salt byte }

func (v xorVault) seal(_ context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error) {
	return v.mix([]byte(string(t)+where+"\x00"+string(plain)), t), nil
}

func (v xorVault) open(_ context.Context, t id.Tenant, where string, s secret.Sealed) (secret.Bytes, error) {
	plain, ok := strings.CutPrefix(string(v.mix(s, t)), string(t)+where+"\x00")
	if !ok {
		return secret.Bytes{}, errors.New("not sealed with this key")
	}
	return secret.NewBytes([]byte(plain)), nil
}

func (v xorVault) mix(b []byte, t id.Tenant) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = b[i] ^ v.salt ^ t[len(t)-1-i%8]
	}
	return out
}

// cluster starts a NATS server on loopback with a password.
func cluster(t testing.TB, port int) (*natsserver.Server, string) {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true,
		Username: "nubitalk", Password: "pw", MaxPayload: MaxEvent + 64<<10,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the test's message server did not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s, "nats://nubitalk:pw@" + s.Addr().String()
}

func open(t testing.TB, conf Config) *Bus {
	t.Helper()
	b, err := Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// onBoth runs a test with a server in the process and with an external one. The
// two buses it is given are one and the same in the process, two nodes outside.
func onBoth(t *testing.T, run func(t *testing.T, a, b *Bus)) {
	t.Run("in the process", func(t *testing.T) {
		a := open(t, Config{})
		run(t, a, a)
	})
	t.Run("external", func(t *testing.T) {
		_, url := cluster(t, -1)
		v := xorVault{7}
		conf := Config{URL: url, Seal: v.seal, Open: v.open}
		run(t, open(t, conf), open(t, conf))
	})
}

// collect gathers events until it has n.
type collect struct {
	mu   sync.Mutex
	got  []Event
	want int
	done chan struct{}
}

func newCollect(n int) *collect { return &collect{want: n, done: make(chan struct{})} }

func (c *collect) add(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, e)
	if len(c.got) == c.want {
		close(c.done)
	}
}

func (c *collect) wait(t testing.TB) []Event {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(2 * time.Minute):
		t.Fatal("the events did not come")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got
}

func TestEventsArriveWholeAndInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, a, b *Bus) {
		const n = 2000
		here, there := newCollect(n), newCollect(n)
		defer a.Subscribe(here.add)()
		defer b.Subscribe(there.add)()
		var want []Event
		for i := range n {
			e := Event{
				Tenant: acme, Kind: "message.added", Users: []string{"usr_1", "usr_2"}, Watch: access.FloorWatch,
				Interaction: "int_1", Data: json.RawMessage(fmt.Sprintf(`{"seq":%d}`, i)), Visitor: json.RawMessage(`{"a":"ção"}`),
			}
			if i%2 == 1 {
				e = Event{Tenant: bravo, Kind: "queue.changed", Data: json.RawMessage(fmt.Sprint(i))}
			}
			want = append(want, e)
			if err := a.Publish(e); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(want, here.wait(t)); d != "" {
			t.Error("the publishing node saw something else:", d)
		}
		if d := cmp.Diff(want, there.wait(t)); d != "" {
			t.Error("the other node saw something else:", d)
		}
	})
}

func TestASlowSubscriberIsToldWhatItMissedAndNobodyElseIs(t *testing.T) {
	b := open(t, Config{QueueEvents: 10})
	running, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := newCollect(1 + 10 + 1) // the one it hangs on, a full queue, the notice
	defer b.Subscribe(func(e Event) {
		once.Do(func() { close(running); <-release })
		slow.add(e)
	})()
	seen := make(chan Event)
	defer b.Subscribe(func(e Event) { seen <- e })()
	publish := func(tenant id.Tenant, n int) {
		t.Helper()
		if err := b.Publish(Event{Tenant: tenant, Kind: "k", Data: json.RawMessage(fmt.Sprint(n))}); err != nil {
			t.Fatal(err)
		}
		if e := <-seen; e.Kind == Overflow {
			t.Error("a quick reader was told that it missed something")
		}
	}
	publish(acme, 0)
	<-running
	for i := range 10 { // the queue takes these; of acme's five, all are missed
		publish(bravo, i)
	}
	for i := range 5 {
		publish(acme, 1+i)
	}
	close(release)
	got := slow.wait(t)
	last := got[len(got)-1]
	if last.Kind != Overflow || last.Tenant != acme {
		t.Errorf("the reader was told %+v, not that it missed events of %s", last, acme)
	}
	for i, e := range got[1:11] {
		if e.Tenant != bravo || string(e.Data) != fmt.Sprint(i) {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	if b.Stats().Overflows != 1 {
		t.Errorf("%d overflows are counted", b.Stats().Overflows)
	}
}

func TestAQueueIsBoundedInBytesToo(t *testing.T) {
	s := newSubscriber(1000, 10_000, nil, nil)
	big := Event{Tenant: acme, Kind: "k", Data: bytes.Repeat([]byte("1"), 4000)}
	for range 5 {
		s.put(big)
	}
	if len(s.queue) != 2 {
		t.Errorf("%d events of 4 kB wait in 10 kB", len(s.queue))
	}
	if _, told := s.lost[acme]; !told {
		t.Error("the loss is not noted")
	}
	s.put(Event{Tenant: bravo, Kind: "k"})
	if len(s.queue) != 3 {
		t.Error("another tenant's small event found no room")
	}
	s = newSubscriber(1000, 100, nil, nil)
	s.put(big)
	if len(s.queue) != 1 {
		t.Error("one event larger than the whole queue must still pass")
	}
}

func TestManyLosersAreToldAsOne(t *testing.T) {
	s := newSubscriber(1, 100, nil, nil)
	for i := range maxLost + 10 {
		s.miss(id.Tenant(fmt.Sprint("ten_", i)))
	}
	if _, all := s.lost[""]; !all || len(s.lost) != 1 {
		t.Errorf("%d tenants are kept apart", len(s.lost))
	}
}

func TestRequestsReachTheOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, a, b *Bus) {
		ctx := t.Context()
		subject := "floor." + string(acme)
		cancel, err := b.Serve(subject, func(ctx context.Context, data []byte) ([]byte, error) {
			if _, ok := ctx.Deadline(); !ok {
				t.Error("the command has no deadline")
			}
			switch string(data) {
			case "bad":
				return nil, &errs.Error{Code: errs.Invalid, Text: "No.", Fields: []errs.Field{{Path: "x", Problem: "is bad"}}, RetryAfter: time.Second, Cause: errors.New("private")}
			case "huge":
				return make([]byte, MaxEvent), nil
			}
			return append([]byte("did "), data...), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Request(ctx, subject, []byte("this"))
		if err != nil || string(got) != "did this" {
			t.Fatalf("%q, %v", got, err)
		}
		if got, err = a.Request(ctx, subject, nil); err != nil || string(got) != "did " {
			t.Errorf("an empty command: %q, %v", got, err)
		}
		_, err = a.Request(ctx, subject, []byte("bad"))
		want := &errs.Error{Code: errs.Invalid, Text: "No.", Fields: []errs.Field{{Path: "x", Problem: "is bad"}}, RetryAfter: time.Second}
		if d := cmp.Diff(want, errs.As(err)); d != "" {
			t.Error(d)
		}
		if _, err = a.Request(ctx, subject, []byte("huge")); !errs.Is(err, errs.TooLarge) {
			t.Errorf("a huge answer: %v", err)
		}
		if _, err = a.Request(ctx, subject, make([]byte, MaxEvent)); !errs.Is(err, errs.TooLarge) {
			t.Errorf("a huge command: %v", err)
		}
		if _, err = a.Request(ctx, "floor."+string(bravo), nil); !errs.Is(err, errs.Unavailable) {
			t.Errorf("nobody serves bravo: %v", err)
		}
		cancel()
		cancel()
		if err := b.conn.Flush(); err != nil {
			t.Fatal(err)
		}
		if _, err = a.Request(ctx, subject, nil); !errs.Is(err, errs.Unavailable) {
			t.Errorf("after cancel: %v", err)
		}
	})
}

func TestANodeServesAllTenants(t *testing.T) {
	onBoth(t, func(t *testing.T, a, b *Bus) {
		cancel, err := b.Serve("node.nod_1.*", func(_ context.Context, data []byte) ([]byte, error) { return data, nil })
		if err != nil {
			t.Fatal(err)
		}
		defer cancel()
		for _, tenant := range []id.Tenant{acme, bravo} {
			got, err := a.Request(t.Context(), "node.nod_1."+string(tenant), []byte(tenant))
			if err != nil || string(got) != string(tenant) {
				t.Errorf("%q, %v", got, err)
			}
		}
		if _, err := a.Request(t.Context(), "node.nod_2."+string(acme), nil); !errs.Is(err, errs.Unavailable) {
			t.Errorf("another node: %v", err)
		}
	})
}

func TestOneOfTwoOwnersGetsARequest(t *testing.T) {
	onBoth(t, func(t *testing.T, a, b *Bus) {
		var mu sync.Mutex
		n := 0
		count := func(context.Context, []byte) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			n++
			return nil, nil
		}
		for _, bus := range []*Bus{a, b} {
			cancel, err := bus.Serve("floor."+string(acme), count)
			if err != nil {
				t.Fatal(err)
			}
			defer cancel()
		}
		for range 50 {
			if _, err := a.Request(t.Context(), "floor."+string(acme), nil); err != nil {
				t.Fatal(err)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if n != 50 {
			t.Errorf("50 requests were served %d times", n)
		}
	})
}

func TestARequestEndsWithItsContextAndClose(t *testing.T) {
	b := open(t, Config{})
	began, served := make(chan bool, 2), make(chan error, 2)
	if _, err := b.Serve("slow", func(ctx context.Context, _ []byte) ([]byte, error) {
		began <- true
		<-ctx.Done()
		served <- ctx.Err()
		return nil, ctx.Err()
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Request(ctx, "slow", nil); !errs.Is(err, errs.Unavailable) {
		t.Errorf("%v", err)
	}
	<-served
	asked := make(chan error, 1)
	go func() {
		_, err := b.Request(t.Context(), "slow", nil)
		asked <- err
	}()
	<-began
	<-began
	b.Close()
	b.Close()
	if err := <-asked; err == nil {
		t.Error("a request that was cut off succeeded")
	}
	if err := b.Publish(Event{Tenant: acme, Kind: "k"}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("publishing on a closed bus: %v", err)
	}
	b.Subscribe(func(Event) {})()
}

func TestContentIsSealedOnAnExternalCluster(t *testing.T) {
	_, url := cluster(t, -1)
	spy, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer spy.Close()
	wire, err := spy.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	if err := spy.Flush(); err != nil {
		t.Fatal(err)
	}
	v := xorVault{7}
	a := open(t, Config{URL: url, Seal: v.seal, Open: v.open})
	got := newCollect(1)
	defer a.Subscribe(got.add)()
	const canary = "Maria da Silva"
	if _, err := a.Serve("floor."+string(acme), func(_ context.Context, d []byte) ([]byte, error) { return d, nil }); err != nil {
		t.Fatal(err)
	}
	if err := a.Publish(Event{Tenant: acme, Kind: "message.added", Data: json.RawMessage(`"` + canary + `"`)}); err != nil {
		t.Fatal(err)
	}
	if out, err := a.Request(t.Context(), "floor."+string(acme), []byte(canary)); err != nil || string(out) != canary {
		t.Fatal(out, err)
	}
	if e := got.wait(t)[0]; string(e.Data) != `"`+canary+`"` {
		t.Errorf("%s", e.Data)
	}
	if _, err := a.Request(t.Context(), "floor.nobody", nil); !errs.Is(err, errs.Invalid) {
		t.Errorf("a command without a tenant was let out: %v", err)
	}
	// Everything of a is past the server before the spy's own last word is.
	const last = "spy.last"
	if err := errors.Join(a.conn.Flush(), spy.Publish(last, nil)); err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	for {
		m, err := wire.NextMsg(30 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject == last {
			break
		}
		fmt.Fprintln(&seen, m.Subject, m.Header)
		seen.Write(m.Data)
	}
	if !strings.Contains(seen.String(), string(acme)) {
		t.Fatal("the spy saw nothing, so the check proves nothing")
	}
	if strings.Contains(seen.String(), canary) {
		t.Error("content travels in the clear")
	}
}

func TestWhatIsNotSealedWithTheTenantsKeyIsRefusedAndTold(t *testing.T) {
	_, url := cluster(t, -1)
	good, bad := xorVault{7}, xorVault{9}
	var logs bytes.Buffer
	a := open(t, Config{URL: url, Seal: good.seal, Open: good.open, Log: slog.New(slog.NewJSONHandler(&logs, nil))})
	got := make(chan Event)
	defer a.Subscribe(func(e Event) { got <- e })()
	intruder, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer intruder.Close()
	plain := `{"t":"` + string(acme) + `","k":"message.added","d":"forged"}`
	underBravo, _ := good.seal(t.Context(), bravo, whereEvent, []byte(plain))
	otherKey, _ := bad.seal(t.Context(), acme, whereEvent, []byte(plain))
	for _, m := range []struct {
		tenant id.Tenant
		data   string
	}{
		{acme, "p" + plain}, {acme, ""}, {acme, "s" + string(otherKey)}, {bravo, "s" + string(underBravo)},
	} {
		if err := intruder.Publish("nubitalk.event."+string(m.tenant), []byte(m.data)); err != nil {
			t.Fatal(err)
		}
		if err := intruder.Flush(); err != nil {
			t.Fatal(err)
		}
		if e := <-got; e.Kind != Overflow || e.Tenant != m.tenant {
			t.Errorf("a forged event was delivered: %+v", e)
		}
	}
	if n := a.Stats().Refused; n != 4 {
		t.Errorf("%d are counted as refused", n)
	}
	if strings.Contains(logs.String(), "forged") {
		t.Error("the log quotes content")
	}
}

func TestLosingTheClusterIsTold(t *testing.T) {
	s, url := cluster(t, -1)
	port := s.Addr().(*net.TCPAddr).Port
	v := xorVault{7}
	b := open(t, Config{URL: url, Seal: v.seal, Open: v.open})
	got := newCollect(2)
	defer b.Subscribe(got.add)()
	s.Shutdown()
	s.WaitForShutdown()
	cluster(t, port)
	deadline := time.Now().Add(2 * time.Minute)
	for b.Stats().Overflows == 0 && time.Now().Before(deadline) {
		_ = b.conn.FlushTimeout(100 * time.Millisecond) // waits for the line
	}
	if err := b.Healthy(); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(Event{Tenant: acme, Kind: "after"}); err != nil {
		t.Fatal(err)
	}
	events := got.wait(t)
	if events[0].Kind != Overflow || events[0].Tenant != "" {
		t.Errorf("first came %+v", events[0])
	}
	if events[1].Kind != "after" {
		t.Errorf("then came %+v", events[1])
	}
}

func TestBadInputIsRefused(t *testing.T) {
	b := open(t, Config{})
	for _, e := range []Event{
		{Kind: "k"}, {Tenant: acme}, {Tenant: acme, Kind: Overflow}, {Tenant: "a.b", Kind: "k"},
		{Tenant: "*", Kind: "k"}, {Tenant: ">", Kind: "k"}, {Tenant: "a b", Kind: "k"},
	} {
		if err := b.Publish(e); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	huge := make([]byte, MaxEvent)
	if _, err := rand.Read(huge); err != nil {
		t.Fatal(err)
	}
	data, _ := json.Marshal(huge)
	if err := b.Publish(Event{Tenant: acme, Kind: "k", Data: data}); !errs.Is(err, errs.TooLarge) {
		t.Errorf("huge: %v", err)
	}
	for _, subject := range []string{"", "a..b", "a.*", ">", "a b"} {
		if _, err := b.Request(t.Context(), subject, nil); !errs.Is(err, errs.Invalid) {
			t.Errorf("asking %q: %v", subject, err)
		}
		if subject == "a.*" {
			continue // any tenant
		}
		if _, err := b.Serve(subject, nil); !errs.Is(err, errs.Invalid) {
			t.Errorf("serving %q: %v", subject, err)
		}
	}
	v := xorVault{}
	for _, c := range []Config{
		{URL: "nats://127.0.0.1:1"}, {Seal: v.seal}, {Prefix: "a.b"}, {URL: "://", Seal: v.seal, Open: v.open},
	} {
		if _, err := Open(c); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", c.URL, err)
		}
	}
	if _, err := Open(Config{URL: "nats://127.0.0.1:1", Seal: v.seal, Open: v.open}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a cluster that is not there: %v", err)
	}
}

func TestOnlyLoopbackGoesWithoutTLS(t *testing.T) {
	for urls, want := range map[string]bool{
		"nats://127.0.0.1:4222": true, "nats://localhost:4222, nats://[::1]:4222": true,
		"nats://10.0.0.1:4222": false, "nats://127.0.0.1:1,nats://nats.example:2": false, "nats://localhost.example:1": false,
	} {
		if got, err := allLoopback(urls); err != nil || got != want {
			t.Errorf("%s: %v, %v", urls, got, err)
		}
	}
}

func TestSubjectsNameTheirTenant(t *testing.T) {
	for subject, want := range map[string]id.Tenant{
		"floor." + string(acme): acme, string(bravo) + ".x": bravo, "opr_1.a": "opr_1", "a.b": "", "usr_1": "",
	} {
		if got := TenantOf(subject); got != want {
			t.Errorf("%s: %q", subject, got)
		}
	}
}
