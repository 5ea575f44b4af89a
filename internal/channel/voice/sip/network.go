package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// socketBuffer is what a UDP socket may hold before it is read: bursts of calls
// come faster than a busy machine reads.
const socketBuffer = 4 << 20

// network is the endpoint's sockets and connections.
type network struct {
	e       *Endpoint
	sockets []*socket // by flow-1
	ctx     context.Context
	names   names
	outside sync.Map // netip.Addr of a target → own address toward it
	outsize atomic.Int64

	mu      sync.Mutex
	flows   map[uint64]*conn
	byPeer  map[peerKey]*conn
	perIP   map[netip.Addr]int
	dialing map[peerKey]*dialing
	total   int
	next    uint64
	closed  bool
	wg      sync.WaitGroup
}

// peerKey finds the connection to another end.
type peerKey struct {
	transport string
	host      string // as the target names it: for TLS, what the certificate was checked for
	port      int
}

// socket is one listener.
type socket struct {
	Listener
	udp  *net.UDPConn
	tcp  net.Listener
	addr netip.AddrPort
	host string // addr's, or "" where it is any address
}

// firstConn is the first number of connections; those below are UDP sockets.
const firstConn = 1 << 16

func newNetwork(e *Endpoint) *network {
	return &network{
		e: e, flows: map[uint64]*conn{}, byPeer: map[peerKey]*conn{}, perIP: map[netip.Addr]int{}, dialing: map[peerKey]*dialing{},
		next: firstConn, names: newNames(e.cfg.Resolver),
	}
}

// open opens all listeners and begins to read.
func (n *network) open(ctx context.Context) error {
	n.mu.Lock()
	n.ctx, n.closed, n.sockets = ctx, false, nil
	n.mu.Unlock()
	var lc net.ListenConfig
	for _, l := range n.e.cfg.Listeners {
		s := &socket{Listener: l}
		var bound net.Addr
		switch l.Transport {
		case UDP:
			c, err := lc.ListenPacket(ctx, "udp", l.Address)
			if err != nil {
				return fmt.Errorf("listening for SIP over UDP: %w", err)
			}
			s.udp = c.(*net.UDPConn)
			_ = s.udp.SetReadBuffer(socketBuffer) // the system may allow less
			_ = s.udp.SetWriteBuffer(socketBuffer)
			bound = c.LocalAddr()
		case TCP, TLS:
			if l.Transport == TLS && l.TLS == nil {
				return errors.New("listening for SIP over TLS: there is no certificate")
			}
			c, err := lc.Listen(ctx, "tcp", l.Address)
			if err != nil {
				return fmt.Errorf("listening for SIP over %s: %w", l.Transport, err)
			}
			s.tcp, bound = c, c.Addr()
		default:
			return errors.New("listening for SIP: a transport that is not spoken")
		}
		s.addr, _ = netip.ParseAddrPort(bound.String())
		if a := s.addr.Addr().Unmap(); !a.IsUnspecified() {
			s.host = a.String()
		}
		n.sockets = append(n.sockets, s)
	}
	for i, s := range n.sockets {
		n.wg.Add(1)
		if s.udp != nil {
			go n.readUDP(s, uint64(i+1))
		} else {
			go n.accept(s)
		}
	}
	return nil
}

func (n *network) close() error {
	n.mu.Lock()
	n.closed = true
	var errs []error
	for _, s := range n.sockets {
		if s.udp != nil {
			errs = append(errs, s.udp.Close())
		} else {
			errs = append(errs, s.tcp.Close())
		}
	}
	for _, c := range n.flows {
		_ = c.c.Close()
	}
	n.mu.Unlock()
	n.wg.Wait()
	return errors.Join(errs...)
}

func (n *network) address(i int) string { return n.sockets[i].addr.String() }

func (n *network) connections() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return int64(n.total)
}

// readUDP delivers datagrams in the order in which they came.
func (n *network) readUDP(s *socket, flow uint64) {
	defer n.wg.Done()
	buf := make([]byte, wire.MaxMessage+1)
	var last netip.Addr // most datagrams come from a few gateways
	host := ""
	for {
		size, from, err := s.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || n.ctx.Err() != nil {
				return
			}
			continue // an ICMP error of an earlier datagram
		}
		data := buf[:size]
		if size < 20 { // RFC 5626 §4.4.1 and what NAT keep-alives look like
			continue
		}
		if addr := from.Addr().Unmap().WithZone(""); addr != last {
			last, host = addr, addr.String()
		}
		n.e.receive(data, dialog.Source{Transport: UDP, Host: host, Port: int(from.Port()), Flow: flow})
	}
}

// ours says whether a response was sent for a request of this endpoint: its
// topmost Via is the only one and names this end (RFC 3261 §18.1.2).
func (n *network) ours(m *wire.Message) bool {
	if len(m.Via) != 1 {
		return false
	}
	for _, s := range n.sockets {
		host := s.Advertise
		if host == "" {
			host = s.host
		}
		if host == "" || host == m.Top.Host {
			return true
		}
	}
	return false
}

// local is how this end shows itself to a target: the address of the socket that
// is used, or of one with the same transport.
func (n *network) local(to dialog.Target) dialog.Local {
	s := n.socketFor(to)
	if s == nil {
		return dialog.Local{Host: "localhost"}
	}
	l := dialog.Local{Host: s.Advertise, Port: s.AdvertisePort}
	if l.Port == 0 {
		l.Port = int(s.addr.Port())
	}
	if l.Host == "" {
		if l.Host = s.host; l.Host == "" {
			l.Host = n.toward(to.Host, s.addr.Addr().Unmap()).String()
		}
	}
	return l
}

// socketFor picks the listener that stands for this end toward a target.
func (n *network) socketFor(to dialog.Target) *socket {
	if to.Flow > 0 && to.Flow <= uint64(len(n.sockets)) {
		return n.sockets[to.Flow-1]
	}
	want, err := netip.ParseAddr(to.Host)
	if to.Flow >= firstConn {
		n.mu.Lock()
		if c := n.flows[to.Flow]; c != nil {
			want, err = c.remote.Addr(), nil
		}
		n.mu.Unlock()
	}
	return n.socketToward(to, want, err == nil)
}

// socketToward picks by transport first, then by kind of address.
func (n *network) socketToward(to dialog.Target, want netip.Addr, known bool) *socket {
	if to.Flow > 0 && to.Flow <= uint64(len(n.sockets)) {
		return n.sockets[to.Flow-1]
	}
	var best *socket
	rank := -1
	for _, s := range n.sockets {
		r := 0
		if s.Transport == to.Transport {
			r += 4
		}
		a := s.addr.Addr()
		if known {
			if a.Unmap().Is4() == want.Unmap().Is4() || a.IsUnspecified() && a.Is6() {
				r += 2
			}
			if a.IsLoopback() == want.IsLoopback() {
				r++
			}
		}
		if r > rank {
			best, rank = s, r
		}
	}
	return best
}

// toward is the own address that packets to a host leave from. Nothing is sent.
func (n *network) toward(host string, fallback netip.Addr) netip.Addr {
	a, err := netip.ParseAddr(host)
	if err != nil {
		a = netip.MustParseAddr("192.0.2.1") // the way out of the machine (RFC 5737)
	}
	if own, ok := n.outside.Load(a); ok {
		return own.(netip.Addr)
	}
	c, err := net.Dial("udp", netip.AddrPortFrom(a, 5060).String())
	if err != nil {
		return fallback
	}
	defer c.Close()
	own, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		return fallback
	}
	if n.outsize.Add(1) > 1024 {
		n.outside.Clear()
		n.outsize.Store(0)
	}
	n.outside.Store(a, own.Addr().Unmap())
	return own.Addr().Unmap()
}

// send puts a message on the wire. failed is called, from another goroutine,
// where that is not possible; nil: nobody minds. What is sent to one target
// leaves in order.
func (n *network) send(s dialog.Send, failed func()) {
	if failed == nil || s.Branch == "" {
		failed = func() {}
	}
	if s.To.Transport == UDP {
		n.sendUDP(s, failed)
		return
	}
	key := peerKey{s.To.Transport, s.To.Host, s.To.Port}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return
	}
	c := n.flows[s.To.Flow]
	if c == nil {
		c = n.byPeer[key]
	}
	if c == nil {
		if s.Branch == "" && s.To.Flow != 0 {
			// A response whose connection is gone: the other end, who closed it,
			// repeats its request.
			n.mu.Unlock()
			n.e.count.unsent.Add(1)
			return
		}
		d := n.dialing[key]
		if d == nil {
			if n.total >= n.e.cfg.Limits.Connections {
				n.mu.Unlock()
				n.e.count.unsent.Add(1)
				go failed()
				return
			}
			d = &dialing{}
			n.dialing[key] = d
			n.total++
			n.wg.Add(1)
			go n.dial(key, d)
		}
		if len(d.waiting) < maxWaiting {
			d.waiting = append(d.waiting, waiting{s.Data, failed})
			n.mu.Unlock()
			return
		}
		n.mu.Unlock()
		n.e.count.unsent.Add(1)
		go failed()
		return
	}
	n.mu.Unlock()
	n.write(c, s.Data, failed)
}

func (n *network) write(c *conn, data []byte, failed func()) {
	if err := c.write(data); err != nil {
		n.e.count.unsent.Add(1)
		_ = c.c.Close()
		go failed()
		return
	}
	n.e.count.sent.Add(1)
}

func (n *network) sendUDP(s dialog.Send, failed func()) {
	if a, err := netip.ParseAddr(s.To.Host); err == nil {
		port := s.To.Port
		if port == 0 {
			port = 5060
		}
		n.writeUDP(s, netip.AddrPortFrom(a, uint16(port)), failed)
		return
	}
	n.wg.Add(1)
	go func() { // a name has to be asked for
		defer n.wg.Done()
		found, err := n.names.find(n.ctx, s.To)
		if err != nil || len(found) == 0 {
			n.e.count.unsent.Add(1)
			failed()
			return
		}
		n.writeUDP(s, found[0], failed)
	}()
}

func (n *network) writeUDP(s dialog.Send, to netip.AddrPort, failed func()) {
	sock := n.socketToward(s.To, to.Addr(), true)
	if sock == nil || sock.udp == nil || len(s.Data) > wire.MaxMessage-100 {
		n.e.count.unsent.Add(1)
		go failed()
		return
	}
	if sock.addr.Addr().Is4() {
		to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	}
	if _, err := sock.udp.WriteToUDPAddrPort(s.Data, to); err != nil {
		n.e.count.unsent.Add(1)
		if !errors.Is(err, net.ErrClosed) {
			go failed()
		}
		return
	}
	n.e.count.sent.Add(1)
}

// clientTLS is the configuration for a connection to host.
func (n *network) clientTLS(host string) *tls.Config {
	var cfg *tls.Config
	if n.e.cfg.ClientTLS != nil {
		cfg = n.e.cfg.ClientTLS(host)
	}
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg.ServerName == "" {
		cfg = cfg.Clone()
		cfg.ServerName = host
	}
	return cfg
}

// dialing is a connection that is being made, with what waits for it.
type dialing struct{ waiting []waiting }

type waiting struct {
	data   []byte
	failed func()
}

// maxWaiting is how much may wait for one connection.
const maxWaiting = 256

// dialTimeout bounds finding, connecting and the handshake, so that a dead
// gateway is known long before a call's INVITE times out.
const dialTimeout = 4 * time.Second

func (n *network) dial(key peerKey, d *dialing) {
	defer n.wg.Done()
	ctx, cancel := context.WithTimeout(n.ctx, dialTimeout)
	defer cancel()
	var c *conn
	raw, err := n.connect(ctx, key)
	n.mu.Lock()
	delete(n.dialing, key)
	n.total--
	if err == nil && n.closed {
		err = net.ErrClosed
		_ = raw.Close()
	}
	if err == nil {
		c = n.keep(raw, key.transport)
		c.key = key
		n.byPeer[key] = c
		n.wg.Add(1)
	}
	queue := d.waiting
	n.mu.Unlock()
	for _, w := range queue {
		if c == nil {
			n.e.count.unsent.Add(1)
			w.failed()
		} else {
			n.write(c, w.data, w.failed)
		}
	}
	if c != nil {
		go n.read(c)
	}
}

// connect tries the addresses of a target, the first that answers is taken.
func (n *network) connect(ctx context.Context, key peerKey) (net.Conn, error) {
	found, err := n.names.find(ctx, dialog.Target{Transport: key.transport, Host: key.host, Port: key.port})
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	for _, a := range found {
		var c net.Conn
		if c, err = dialer.DialContext(ctx, "tcp", a.String()); err != nil {
			continue
		}
		if key.transport != TLS {
			return c, nil
		}
		t := tls.Client(c, n.clientTLS(key.host))
		if err = t.HandshakeContext(ctx); err == nil {
			return t, nil
		}
		_ = c.Close()
	}
	return nil, err
}

func portOf(p int, transport string) int {
	switch {
	case p != 0:
		return p
	case transport == TLS:
		return 5061
	}
	return 5060
}
