package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// Config says where messages travel. Its zero value is a server in the process.
type Config struct {
	// URL of an external cluster, e.g. "tls://nats1.internal:4222,tls://nats2.internal:4222";
	// "" for a server inside the process. Hosts other than loopback are reached
	// with TLS whatever the scheme says.
	URL string
	// TLS is for the external cluster: own authorities, client certificate. nil
	// means the machine's authorities.
	TLS *tls.Config
	// Credentials is the path of a NATS credentials file; "" for none.
	Credentials string
	// Certificate and Key are PEM files by which this node shows the cluster who it is; they
	// are read at each connection, so that they may be renewed meanwhile. "": none.
	Certificate, Key string
	// Name shows in the cluster's monitoring: the node's id.
	Name string
	// Prefix starts every subject, so that installations can share a cluster.
	// "" means "nubitalk".
	Prefix string
	// Seal and Open protect payloads under the tenant's key; vault's SealTenant
	// and OpenTenant. Both are needed for an external cluster.
	Seal func(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error)
	Open func(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
	// QueueEvents and QueueBytes bound what waits for one subscriber; 0 means
	// 16,384 events and 64 MiB.
	QueueEvents int
	QueueBytes  int
	// Log receives faults, with ids only. nil discards them.
	Log *slog.Logger
}

// What may wait between NATS and arrive, which never waits itself.
const (
	arriveEvents = 65536
	arriveBytes  = 128 << 20
)

// Bus carries events and commands. It is safe for use by several goroutines.
type Bus struct {
	conf   Config
	log    *slog.Logger
	embed  *natsserver.Server // nil with an external cluster
	conn   *nats.Conn
	events *nats.Subscription
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	serves sync.WaitGroup

	mu     sync.Mutex // guards subs and closed
	subs   map[*subscriber]struct{}
	closed bool

	published, received, overflows, refused atomic.Uint64
}

// Open connects, and starts the server in the process if there is no URL.
func Open(conf Config) (*Bus, error) {
	if conf.Prefix == "" {
		conf.Prefix = "nubitalk"
	}
	if err := checkToken("prefix", conf.Prefix); err != nil {
		return nil, err
	}
	if (conf.Seal == nil) != (conf.Open == nil) || conf.URL != "" && conf.Seal == nil {
		return nil, errs.Bad("seal", "an external cluster needs functions to seal and open payloads")
	}
	if conf.QueueEvents <= 0 {
		conf.QueueEvents = 16384
	}
	if conf.QueueBytes <= 0 {
		conf.QueueBytes = 64 << 20
	}
	if conf.Log == nil {
		conf.Log = slog.New(slog.DiscardHandler)
	}
	b := &Bus{conf: conf, log: conf.Log, subs: map[*subscriber]struct{}{}}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	if err := b.connect(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Bus) connect() error {
	opts := []nats.Option{
		nats.Name(b.conf.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.Timeout(5 * time.Second),
		nats.DrainTimeout(5 * time.Second),
		nats.ErrorHandler(b.fault),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if b.ctx.Err() == nil {
				b.log.Warn("the message cluster is away", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			b.log.Info("the message cluster is back")
			b.missed("")
		}),
	}
	var err error
	if b.conf.URL == "" {
		if b.embed, err = startEmbedded(b.conf.Name); err != nil {
			return err
		}
		opts = append(opts, nats.InProcessServer(b.embed))
		b.conn, err = nats.Connect("", opts...)
	} else {
		if opts, err = b.external(opts); err != nil {
			return err
		}
		b.conn, err = nats.Connect(b.conf.URL, opts...)
	}
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The message cluster cannot be reached.")
	}
	if b.conn.MaxPayload() < MaxEvent+1024 && b.embed == nil {
		b.log.Warn("the message cluster accepts only small messages; set its max_payload higher", "bytes", b.conn.MaxPayload(), "wanted", MaxEvent+1024)
	}
	b.events, err = b.conn.Subscribe(b.conf.Prefix+".event.>", b.arrive)
	if err != nil {
		return fmt.Errorf("subscribing to events: %w", err)
	}
	if err := b.events.SetPendingLimits(arriveEvents, arriveBytes); err != nil {
		return fmt.Errorf("bounding the event queue: %w", err)
	}
	// The subscription stands at the server before Open returns, so nothing
	// published later is missed.
	if err := b.conn.FlushTimeout(5 * time.Second); err != nil {
		return errs.Wrap(errs.Unavailable, err, "The message cluster does not answer.")
	}
	return nil
}

// external adds the options of an external cluster.
func (b *Bus) external(opts []nats.Option) ([]nats.Option, error) {
	loopback, err := allLoopback(b.conf.URL)
	if err != nil {
		return nil, err
	}
	if b.conf.TLS != nil || b.conf.Certificate != "" || !loopback {
		conf := &tls.Config{MinVersion: tls.VersionTLS12}
		if b.conf.TLS != nil {
			conf = b.conf.TLS.Clone()
		}
		if b.conf.Certificate != "" {
			conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				pair, err := tls.LoadX509KeyPair(b.conf.Certificate, b.conf.Key)
				if err != nil {
					return nil, fmt.Errorf("reading the certificate for the cluster: %w", err)
				}
				return &pair, nil
			}
		}
		opts = append(opts, nats.Secure(conf))
	}
	if b.conf.Credentials != "" {
		opts = append(opts, nats.UserCredentials(b.conf.Credentials))
	}
	return opts, nil
}

// allLoopback says whether every server of a comma separated list is on this
// machine.
func allLoopback(urls string) (bool, error) {
	all := true
	for _, s := range splitURLs(urls) {
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" {
			return false, errs.Bad("bus.url", "must be a list of addresses such as tls://nats1.example:4222")
		}
		ip := net.ParseIP(u.Hostname())
		if u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			all = false
		}
	}
	return all, nil
}

// fault is told of a slow subscription and of other faults of the connection.
func (b *Bus) fault(_ *nats.Conn, sub *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrSlowConsumer) && sub == b.events {
		b.missed("")
		return
	}
	b.log.Error("the message connection has a fault", "error", err)
}

// Healthy says whether the connection stands; nil if so.
func (b *Bus) Healthy() error {
	if b.conn.IsConnected() {
		return nil
	}
	return errs.New(errs.Unavailable, "The message cluster cannot be reached.")
}

// Stats are counters since Open, for metrics.
type Stats struct {
	Published uint64 // events sent by this node
	Received  uint64 // events that reached this node
	Overflows uint64 // times that a subscriber was told it missed some
	Refused   uint64 // payloads that could not be opened
	Waiting   int    // events waiting for the slowest subscriber
}

// Stats counts.
func (b *Bus) Stats() Stats {
	s := Stats{
		Published: b.published.Load(), Received: b.received.Load(),
		Overflows: b.overflows.Load(), Refused: b.refused.Load(),
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for sub := range b.subs {
		s.Waiting = max(s.Waiting, sub.waiting())
	}
	return s
}

// Close ends what is being served, sends what waits, ends subscriptions and
// stops the server in the process. It may be called twice.
func (b *Bus) Close() {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	b.closed = true
	subs := b.subs
	b.subs = nil
	b.mu.Unlock()

	b.cancel()
	b.serves.Wait()
	if b.conn != nil && b.conn.IsConnected() {
		// What other nodes wait for goes out before the line is cut; a cluster
		// that is away will not get it, and its nodes are told when it is back.
		if err := b.conn.FlushTimeout(2 * time.Second); err != nil {
			b.log.Warn("the last events may not have left", "error", err)
		}
	}
	if b.conn != nil {
		b.conn.Close()
	}
	for sub := range subs {
		sub.close()
	}
	if b.embed != nil {
		b.embed.Shutdown()
		b.embed.WaitForShutdown()
	}
}
