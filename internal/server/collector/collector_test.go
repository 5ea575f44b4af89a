package collector_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/server/collector"
	"nubitalk/internal/server/collector/collectortest"
)

// both is a client's own log, and the one that goes to the collector, too.
type both struct {
	*collector.Client
	mu   sync.Mutex
	own  bytes.Buffer
	tees *slog.Logger
}

func (b *both) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.own.Write(p)
}

func (b *both) said() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.own.String()
}

func client(t *testing.T, c collector.Config) *both {
	t.Helper()
	b := &both{}
	log := telemetry.NewLogger(b, slog.LevelInfo)
	c.Log, c.Now, c.Retry = log, time.Now, func(int) time.Duration { return 10 * time.Millisecond }
	b.Client = collector.New(c)
	b.tees = b.Tee(log)
	return b
}

func (b *both) begin(t *testing.T) {
	t.Helper()
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.end(t) })
}

func (b *both) end(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	defer cancel()
	if err := b.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func trusting(file string) func() (*x509.CertPool, error) {
	return func() (*x509.CertPool, error) {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		return pool, nil
	}
}

var rfc5424 = regexp.MustCompile(`^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]+ nubitalk \d+ (log|audit) (-|\[audit@32473( [a-z_]+="([^"\\\]]|\\["\\\]])*")+\]) (.*)$`)

// Every line goes where it went and to the collector, with what keeps personal data out;
// what is sent at the end of the program arrives.
func TestTheLogIsSentAsItIsMade(t *testing.T) {
	a := collectortest.NewAuthority(t)
	there := collectortest.New(t, a, nil)
	c := client(t, collector.Config{Address: "tls://" + there.Address, Authorities: trusting(a.File)})
	c.tees.Warn("before the start", "tenant", "ten_1")
	c.begin(t)
	there.Wait(t, "the first line", func() bool { return there.Has("before the start") })
	part := c.tees.With("part", "floor").WithGroup("in")
	part.Info("took \"over\"\n]", "v", secret.New("Inês Canária"), "mail", "ines@example.pt")
	c.tees.Debug("not at this level")
	c.tees.Error("one that failed", "text", strings.Repeat("ã", 9000))
	c.end(t)
	all := there.Messages()
	if len(all) != 3 {
		t.Fatalf("%q", all)
	}
	for i, want := range []struct{ priority, text string }{
		{"28", `"msg":"before the start","tenant":"ten_1"}`}, {"30", `"part":"floor","in":{"v":"•••","mail":"•••"}}`}, {"27", "ããã"},
	} {
		m := rfc5424.FindStringSubmatch(all[i])
		if m == nil || m[1] != want.priority || !strings.HasSuffix(m[6], want.text) || len(all[i]) > 8192 {
			t.Errorf("message %d, %d octets: %q", i, len(all[i]), all[i])
		}
	}
	if s := c.said(); !strings.Contains(s, "took") || strings.Contains(s, "not at this level") {
		t.Error(s)
	}
}

// Nobody who logs waits for a collector that is away. What finds no room is counted, and
// told once it is there; what had room arrives.
func TestWhatWasDroppedIsTold(t *testing.T) {
	a := collectortest.NewAuthority(t)
	there := collectortest.New(t, a, nil)
	c := client(t, collector.Config{Address: "tls://" + there.Address, Authorities: trusting(a.File)})
	c.begin(t)
	there.Wait(t, "a connection", func() bool { return c.Connection() != 0 })
	there.Away()
	there.Wait(t, "the end of the connection", func() bool { return c.Connection() == 0 })
	long := strings.Repeat("x", 4000)
	for i := range 3000 {
		c.tees.Info("while nobody listened", "i", i, "text", long)
	}
	s := c.Stats()
	if s.Dropped == 0 || s.Waiting == 0 || int(s.Dropped)+s.Waiting < 3000 || s.Waiting > 1200 {
		t.Fatalf("%+v", s)
	}
	there.Again()
	there.Wait(t, "what was dropped", func() bool {
		return there.Has("were dropped", `"lines":`+strconv.FormatInt(s.Dropped, 10)+"}")
	})
	c.tees.Info("after it")
	there.Wait(t, "the line after it", func() bool { return there.Has("after it") })
	for i := range s.Waiting - 10 {
		if !there.Has(`"i":` + strconv.Itoa(i) + ",") {
			t.Fatalf("line %d had room and did not arrive", i)
		}
	}
	if !strings.Contains(c.said(), "cannot be reached, or went away") || !strings.Contains(c.said(), "is reached again") {
		t.Error(c.said())
	}
}

// A collector of another authority gets nothing; one that asks who we are takes only
// whom its authority signed.
func TestBothEndsProveThemselves(t *testing.T) {
	ours, others := collectortest.NewAuthority(t), collectortest.NewAuthority(t)
	there := collectortest.New(t, ours, ours)
	certificate, key := ours.Sign(t, "node")
	foreign, foreignKey := others.Sign(t, "node")
	for what, conf := range map[string]collector.Config{
		"no certificate":                  {Authorities: trusting(ours.File)},
		"another authority's":             {Authorities: trusting(ours.File), Certificate: foreign, Key: foreignKey},
		"a collector that is not trusted": {Authorities: trusting(others.File), Certificate: certificate, Key: key},
		"authorities that cannot be read": {Authorities: trusting("none"), Certificate: certificate, Key: key},
		"a certificate that is not there": {Authorities: trusting(ours.File), Certificate: "none", Key: "none"},
	} {
		conf.Address = "tls://" + there.Address
		c := client(t, conf)
		c.tees.Info("of " + what)
		c.begin(t)
		there.Wait(t, "a refusal of "+what, func() bool { return strings.Contains(c.said(), "cannot be reached, or went away") })
		c.end(t)
	}
	c := client(t, collector.Config{Address: "tls://" + there.Address, Authorities: trusting(ours.File), Certificate: certificate, Key: key})
	c.tees.Info("of one that is known")
	c.begin(t)
	there.Wait(t, "a line", func() bool { return there.Has("of one that is known") })
	if all := there.Messages(); len(all) != 1 {
		t.Errorf("%q", all)
	}
}

// A connection that ended takes nothing any more, and the next has another number.
func TestAConnectionIsKnownByItsNumber(t *testing.T) {
	a := collectortest.NewAuthority(t)
	there := collectortest.New(t, a, nil)
	c := client(t, collector.Config{Address: "tls://" + there.Address, Authorities: trusting(a.File)})
	m := []collector.Message{{Facility: collector.Audit, Severity: collector.Notice, At: time.Now(), Kind: "audit", Data: [][2]string{{"object", `a"b\c]d`}}, Text: []byte("{}")}}
	if err := c.Send(0, m); err == nil {
		t.Error("sent without a connection")
	}
	c.begin(t)
	there.Wait(t, "a connection", func() bool { return c.Connection() != 0 })
	first := c.Connection()
	if err := c.Send(first, m); err != nil {
		t.Fatal(err)
	}
	there.Wait(t, "the message", func() bool { return there.Has(`<109>1 `, ` audit [audit@32473 object="a\"b\\c\]d"] {}`) })
	if m := rfc5424.FindString(there.Messages()[0]); m == "" {
		t.Errorf("%q", there.Messages())
	}
	there.Away()
	there.Wait(t, "the end of the connection", func() bool { return c.Connection() == 0 })
	there.Again()
	there.Wait(t, "another connection", func() bool { return c.Connection() != 0 })
	if second := c.Connection(); second == first {
		t.Error("it has the same number")
	}
	if err := c.Send(first, m); err == nil {
		t.Error("sent on a connection that ended")
	}
}
