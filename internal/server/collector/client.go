package collector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/telemetry"
)

const (
	mostLines = 8192    // that wait
	mostBytes = 4 << 20 // that they take
	together  = 64 << 10

	dialWithin  = 10 * time.Second
	writeWithin = 10 * time.Second
	// listen is how long a new connection is watched before it is used: who refuses our
	// certificate says so only after the handshake (TLS 1.3).
	listen = 500 * time.Millisecond
	// steady is how long a connection lasted that was a good one: after it the next is
	// tried at once.
	steady = 30 * time.Second

	// silent is how long a collector may acknowledge nothing, by TCP, before its connection
	// counts as ended. Settled is longer.
	silent = 20 * time.Second

	firstRetry = time.Second
	lastRetry  = time.Minute
)

// Settled is how long after Send a connection must still be open for what was sent to count
// as arrived: by then a machine or a network that is gone would have been noticed.
const Settled = time.Minute

// Config says where the collector is.
type Config struct {
	Address string // tls://HOST:PORT, or tcp://HOST:PORT on loopback
	// Authorities are those that the collector's certificate is trusted by; asked at each
	// connection. nil, or a nil pool: the machine's own.
	Authorities func() (*x509.CertPool, error)
	// Certificate and Key are PEM files by which this node shows the collector who it is;
	// they are read at each connection. "" for none.
	Certificate, Key string
	Log              *slog.Logger              // where it is told how the collector does
	Now              func() time.Time          // of the line that tells what was dropped
	Retry            func(n int) time.Duration // the pause after n attempts that failed; nil: from 1 s to 1 min
}

// Client is the way to the collector. It is safe for use by several goroutines.
type Client struct {
	conf          Config
	host, process string

	queue   chan []byte // framed lines
	bytes   atomic.Int64
	dropped atomic.Int64 // all
	told    int64        // of them, what the collector knows of
	sent    atomic.Int64
	unsure  []byte // what could not be written; goes first

	mu     sync.Mutex
	conn   net.Conn // nil while there is none
	number uint64   // of conn; grows

	stop context.CancelFunc // nil while not running
	done chan struct{}
}

// New makes a client that is not connected yet. Lines wait until Start.
func New(c Config) *Client {
	if c.Retry == nil {
		c.Retry = pause
	}
	host, _ := os.Hostname() // "-" without one
	return &Client{conf: c, host: host, process: strconv.Itoa(os.Getpid()), queue: make(chan []byte, mostLines)}
}

// pause doubles from firstRetry to lastRetry.
func pause(n int) time.Duration {
	d := firstRetry
	for range n - 1 {
		if d *= 2; d >= lastRetry {
			return lastRetry
		}
	}
	return d
}

// Stats is what became of the lines of the log.
type Stats struct {
	Connected bool
	Sent      int64
	Dropped   int64
	Waiting   int
}

// Stats tells it.
func (c *Client) Stats() Stats {
	return Stats{Connected: c.Connection() != 0, Sent: c.sent.Load(), Dropped: c.dropped.Load(), Waiting: len(c.queue)}
}

// put lets a line wait for the collector, if there is room.
func (c *Client) put(m Message) {
	line := m.frame(nil, c.host, c.process)
	n := int64(len(line))
	if c.bytes.Add(n) > mostBytes {
		c.bytes.Add(-n)
		c.dropped.Add(1)
		return
	}
	select {
	case c.queue <- line:
	default:
		c.bytes.Add(-n)
		c.dropped.Add(1)
	}
}

// Connection is the number of the connection that is open; 0 while there is none.
func (c *Client) Connection() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return 0
	}
	return c.number
}

// Send writes messages on a connection by its number. Unavailable says that this one is
// not open any more, or ended meanwhile: then nobody knows how much arrived. That it
// returns nil does not say that all has.
func (c *Client) Send(connection uint64, messages []Message) error {
	var b []byte
	for _, m := range messages {
		b = m.frame(b, c.host, c.process)
	}
	return c.write(connection, b)
}

func (c *Client) write(connection uint64, b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil || c.number != connection {
		return errs.New(errs.Unavailable, "The collector of the log is not connected.")
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := c.conn.Write(b); err != nil {
		c.conn.Close()
		c.conn = nil
		return errs.Wrap(errs.Unavailable, err, "The collector of the log does not take anything.")
	}
	return nil
}

// Start begins to connect; it does not wait for it.
func (c *Client) Start(context.Context) error {
	if c.stop != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.stop, c.done = cancel, make(chan struct{})
	go func() {
		defer close(c.done)
		c.run(ctx)
	}()
	return nil
}

// Stop sends what waits, if the collector takes it, and ends the connection.
func (c *Client) Stop(ctx context.Context) error {
	if c.stop == nil {
		return nil
	}
	c.stop()
	c.stop = nil
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return errs.As(ctx.Err())
	}
}

// run connects until ctx ends.
func (c *Client) run(ctx context.Context) {
	failed, away := 0, false
	for ctx.Err() == nil {
		began := time.Now()
		err := c.connect(ctx, func() {
			if away {
				c.conf.Log.Info("the collector of the log is reached again")
			}
			away = false
		})
		if ctx.Err() != nil {
			return
		}
		if !away {
			c.conf.Log.Warn("the collector of the log cannot be reached, or went away; lines wait for it as far as there is room", "error", telemetry.MaskHosts(err.Error()))
			away = true
		}
		if failed++; time.Since(began) >= steady {
			failed = 1
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.conf.Retry(failed)):
		}
	}
}

// connect makes a connection and writes to it until it or ctx ends.
func (c *Client) connect(ctx context.Context, reached func()) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	gone := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, conn) // a collector says nothing
		if err == nil {
			err = io.EOF
		}
		gone <- err
	}()
	select {
	case err := <-gone:
		return err
	case <-ctx.Done():
	case <-time.After(listen):
	}
	c.mu.Lock()
	c.number++
	c.conn = conn
	number := c.number
	c.mu.Unlock()
	defer c.forget(number)
	reached()
	if err := c.tell(number); err != nil {
		return err
	}
	for {
		select {
		case err := <-gone:
			return err
		case <-ctx.Done():
			return c.flush(conn, number, gone)
		case line := <-c.queue:
			if err := c.pass(number, line); err != nil {
				return err
			}
			if err := c.tell(number); err != nil {
				return err
			}
		}
	}
}

func (c *Client) forget(number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.number == number {
		c.conn = nil
	}
}

// tell sends what could not be written to the last connection, and says how many lines
// were dropped since.
func (c *Client) tell(number uint64) error {
	if len(c.unsure) > 0 {
		if err := c.write(number, c.unsure); err != nil {
			return err
		}
		c.unsure = nil
	}
	n := c.dropped.Load()
	if n == c.told {
		return nil
	}
	lost := n - c.told
	c.conf.Log.Warn("lines of the log were dropped, because the collector was away or too slow", "lines", lost)
	text := []byte(`{"time":"` + c.conf.Now().UTC().Format(time.RFC3339Nano) + `","level":"WARN","msg":"lines of the log were dropped, because the collector was away or too slow","lines":` + strconv.FormatInt(lost, 10) + `}`)
	err := c.write(number, Message{Facility: Daemon, Severity: severityWarning, At: c.conf.Now(), Kind: "log", Text: text}.frame(nil, c.host, c.process))
	if err == nil {
		c.told = n
	}
	return err
}

// pass writes a line, with those that wait behind it.
func (c *Client) pass(number uint64, line []byte) error {
	count := int64(1)
	c.bytes.Add(-int64(len(line)))
	for len(line) < together {
		select {
		case next := <-c.queue:
			c.bytes.Add(-int64(len(next)))
			line = append(line, next...)
			count++
			continue
		default:
		}
		break
	}
	if err := c.write(number, line); err != nil {
		c.unsure = line
		return err
	}
	c.sent.Add(count)
	return nil
}

// flush writes what waits, and waits for the collector to see the end (RFC 5425, 4.4).
func (c *Client) flush(conn net.Conn, number uint64, gone <-chan error) error {
	for {
		select {
		case line := <-c.queue:
			if err := c.pass(number, line); err != nil {
				return err
			}
			continue
		default:
		}
		break
	}
	closer, ok := conn.(interface{ CloseWrite() error })
	if !ok || closer.CloseWrite() != nil {
		return nil
	}
	select {
	case <-gone:
	case <-time.After(2 * time.Second):
	}
	return nil
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	scheme, address, _ := strings.Cut(c.conf.Address, "://")
	dialer := &net.Dialer{Control: noticed, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silent / 4, Interval: silent / 4, Count: 3}}
	if scheme == "tcp" {
		return dialer.DialContext(ctx, "tcp", address)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.conf.Authorities != nil {
		pool, err := c.conf.Authorities()
		if err != nil {
			return nil, err
		}
		conf.RootCAs = pool
	}
	if c.conf.Certificate != "" {
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.conf.Certificate, c.conf.Key)
			return &pair, err
		}
	}
	return (&tls.Dialer{NetDialer: dialer, Config: conf}).DialContext(ctx, "tcp", address)
}
