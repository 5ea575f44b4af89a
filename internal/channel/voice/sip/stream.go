package sip

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// conn is one connection.
type conn struct {
	c         net.Conn
	flow      uint64
	transport string
	remote    netip.AddrPort
	key       peerKey // of one that we made

	mu sync.Mutex // one message at a time
}

// writeTimeout bounds how long one message may take to be written: who does not
// read is cut off.
const writeTimeout = 3 * time.Second

func (c *conn) write(data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.c.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.c.Write(data)
	return err
}

// keep notes a connection; n.mu is held.
func (n *network) keep(raw net.Conn, transport string) *conn {
	remote, _ := netip.ParseAddrPort(raw.RemoteAddr().String())
	remote = netip.AddrPortFrom(remote.Addr().Unmap().WithZone(""), remote.Port())
	c := &conn{c: raw, flow: n.next, transport: transport, remote: remote}
	n.next++
	n.total++
	n.perIP[remote.Addr()]++
	n.flows[c.flow] = c
	return c
}

func (n *network) forget(c *conn) {
	_ = c.c.Close()
	defer n.e.closed(c.flow)
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.flows, c.flow)
	if n.byPeer[c.key] == c {
		delete(n.byPeer, c.key)
	}
	n.total--
	if n.perIP[c.remote.Addr()]--; n.perIP[c.remote.Addr()] <= 0 {
		delete(n.perIP, c.remote.Addr())
	}
}

// accept takes connections within the bounds.
func (n *network) accept(s *socket) {
	defer n.wg.Done()
	pause := 5 * time.Millisecond
	for {
		raw, err := s.tcp.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || n.ctx.Err() != nil {
				return
			}
			// No file left: those that are open go on.
			select {
			case <-time.After(pause):
			case <-n.ctx.Done():
				return
			}
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 5 * time.Millisecond
		remote, err := netip.ParseAddrPort(raw.RemoteAddr().String())
		n.mu.Lock()
		limits := &n.e.cfg.Limits
		if err != nil || n.closed || n.total >= limits.Connections || n.perIP[remote.Addr().Unmap().WithZone("")] >= limits.ConnectionsPerSource {
			n.mu.Unlock()
			_ = raw.Close()
			continue
		}
		if s.Transport == TLS {
			raw = tls.Server(raw, s.TLS)
		}
		c := n.keep(raw, s.Transport)
		n.wg.Add(1)
		n.mu.Unlock()
		go n.read(c)
	}
}

// read delivers a connection's messages in order, until it ends, is silent for
// too long, or sends what has no end (RFC 3261 §18.3).
func (n *network) read(c *conn) {
	defer n.wg.Done()
	defer n.forget(c)
	limits := &n.e.cfg.Limits
	src := dialog.Source{Transport: c.transport, Host: c.remote.Addr().String(), Port: int(c.remote.Port()), Flow: c.flow}
	if t, ok := c.c.(*tls.Conn); ok {
		_ = t.SetDeadline(time.Now().Add(limits.Partial))
		if t.Handshake() != nil {
			return
		}
		_ = t.SetDeadline(time.Time{})
	}
	var buf []byte
	chunk := make([]byte, 4096)
	partial := false
	for {
		if !partial {
			_ = c.c.SetReadDeadline(time.Now().Add(limits.Idle))
		}
		size, err := c.c.Read(chunk)
		if err != nil {
			return
		}
		buf = append(buf, chunk[:size]...)
		rest, ok := n.deliver(c, buf, src)
		if !ok {
			return
		}
		buf = append(buf[:0], rest...)
		if len(buf) == 0 {
			partial = false
			if cap(buf) > 64<<10 {
				buf = nil
			}
			continue
		}
		if !partial { // a message has begun: it may not dawdle
			partial = true
			_ = c.c.SetReadDeadline(time.Now().Add(limits.Partial))
		}
	}
}

var ping = []byte("\r\n\r\n")

// deliver takes whole messages off buf and gives what is left; ok is false where
// the connection must end.
func (n *network) deliver(c *conn, buf []byte, src dialog.Source) (rest []byte, ok bool) {
	for len(buf) > 0 {
		start, end, err := wire.Frame(buf)
		if bytes.HasPrefix(buf[:start], ping) { // RFC 5626 §3.5.1: a ping is answered with one line end
			if c.write(ping[:2]) != nil {
				return nil, false
			}
		}
		if errors.Is(err, wire.ErrPart) {
			if start == 2 && len(buf) == 2 {
				// One line end: a pong, or the first half of a ping.
				return buf, true
			}
			return buf[start:], true
		}
		if err != nil {
			n.e.count.garbage.Add(1)
			return nil, false
		}
		n.e.receive(buf[start:end], src)
		buf = buf[end:]
	}
	return nil, true
}
