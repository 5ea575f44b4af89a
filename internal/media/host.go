package media

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/media/negotiate"
)

// Config is where a Host's media come and go.
type Config struct {
	// Address is bound by legs that name no other; usually the unspecified one.
	// The zero value is 0.0.0.0.
	Address netip.Addr
	// Public is told to the other end instead of the bound address: of a
	// machine behind a router that maps ports one to one. One a family. Without
	// it, a leg tells what it binds, or else an address that this machine has.
	Public []netip.Addr
	// From and To bound the UDP ports of legs, inclusive; a leg takes an even
	// one, and the odd one above it when the other end sends RTCP apart. Both
	// zero take what the system gives.
	From, To uint16
	// SilentAfter is how long nothing may come before a leg says Silent, and
	// says so again. 0 is 20 s.
	SilentAfter time.Duration
	// ReportEvery is how often a leg reports by RTCP, on average (RFC 3550
	// section 6.2). 0 is 5 s.
	ReportEvery time.Duration
	// Browser is for legs of browsers.
	Browser BrowserConfig
	// Now is the wall clock; nil is the machine's. It stands in reports only.
	Now func() time.Time
}

// Host owns the sockets, the pace and the reports of all legs of this process.
type Host struct {
	config Config
	began  time.Time
	paces  []*pace
	ports  *ports
	browse *browsers
	own    map[bool]netip.Addr // this machine's, where nothing else is said

	bridges atomic.Uint64 // ids, which order locks

	mu      sync.Mutex
	lines   map[*line]struct{}
	running bool
	stop    chan struct{}
	done    sync.WaitGroup
}

// NewHost makes a host; legs can be made once it was started.
func NewHost(c Config) *Host {
	if !c.Address.IsValid() {
		c.Address = netip.IPv4Unspecified()
	}
	if c.SilentAfter == 0 {
		c.SilentAfter = 20 * time.Second
	}
	if c.ReportEvery == 0 {
		c.ReportEvery = 5 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	h := &Host{config: c, began: time.Now(), lines: map[*line]struct{}{}, ports: newPorts(c.From, c.To), own: ownAddresses()}
	h.paces = newPaces()
	return h
}

// now is the time that passes, unmoved by the wall clock.
func (h *Host) now() time.Duration { return time.Since(h.began) }

// Start begins the pace and the reports, and opens the port of the browsers.
func (h *Host) Start(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running {
		return nil
	}
	b, err := newBrowsers(h.config)
	if err != nil {
		return err
	}
	h.browse = b
	h.running, h.stop = true, make(chan struct{})
	for _, p := range h.paces {
		h.done.Go(func() { p.run(h.stop, h.now) })
	}
	h.done.Go(h.keep)
	return nil
}

// Stop closes all legs and ends everything.
func (h *Host) Stop(context.Context) error {
	h.mu.Lock()
	if !h.running {
		h.mu.Unlock()
		return nil
	}
	h.running = false
	lines := make([]*line, 0, len(h.lines))
	for l := range h.lines {
		lines = append(lines, l)
	}
	h.mu.Unlock()
	for _, l := range lines {
		l.Close()
	}
	close(h.stop)
	h.done.Wait()
	return h.browse.close()
}

// Legs is how many are open.
func (h *Host) Legs() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.lines)
}

func (h *Host) add(l *line) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.running {
		return errs.New(errs.Unavailable, "Calls are not available at the moment. Please try again.")
	}
	h.lines[l] = struct{}{}
	return nil
}

// spawn runs f in a goroutine that Stop waits for.
func (h *Host) spawn(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running {
		h.done.Go(f)
	} else {
		go f() // its leg is closed already, so it ends at once
	}
}

func (h *Host) remove(l *line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.lines, l)
}

// public is the address that the other end of a socket is told.
func (h *Host) public(bound netip.Addr) netip.Addr {
	for _, a := range h.config.Public {
		if a.Is4() == bound.Is4() {
			return a
		}
	}
	if !bound.IsUnspecified() {
		return bound
	}
	return h.own[bound.Is4()]
}

// ownAddresses finds an address of this machine for each family (true is IPv4),
// one that others can reach if there is any.
func ownAddresses() map[bool]netip.Addr {
	own := map[bool]netip.Addr{true: netip.AddrFrom4([4]byte{127, 0, 0, 1}), false: netip.IPv6Loopback()}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return own // calls within the machine still work
	}
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		found := prefix.Addr().Unmap()
		if now := own[found.Is4()]; found.IsGlobalUnicast() && (now.IsLoopback() || now.IsPrivate() && !found.IsPrivate()) {
			own[found.Is4()] = found
		}
	}
	return own
}

// ports hands out pairs of ports, the one given back last at the end, so that
// late packets of a call that has ended do not meet the next one.
type ports struct {
	mu   sync.Mutex
	free []uint16 // even ones
	any  bool
}

func newPorts(from, to uint16) *ports {
	if from == 0 && to == 0 {
		return &ports{any: true}
	}
	p := &ports{}
	for n := (int(from) + 1) &^ 1; n < int(to); n += 2 {
		p.free = append(p.free, uint16(n))
	}
	// Not the same order after each start: strangers know less, and packets of
	// calls before the start meet fewer others.
	for i := len(p.free) - 1; i > 0; i-- {
		k := int(random32()) % (i + 1)
		p.free[i], p.free[k] = p.free[k], p.free[i]
	}
	return p
}

func (p *ports) take() (uint16, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return 0, false
	}
	n := p.free[0]
	p.free = p.free[1:]
	return n, true
}

func (p *ports) give(n uint16) {
	if p.any {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, n)
}

// listen opens a leg's socket.
func (p *ports) listen(a netip.Addr) (*net.UDPConn, error) {
	if p.any {
		return bind(netip.AddrPortFrom(a, 0))
	}
	p.mu.Lock()
	tries := len(p.free)
	p.mu.Unlock()
	var err error
	for range tries {
		n, ok := p.take()
		if !ok {
			break
		}
		var c *net.UDPConn
		if c, err = bind(netip.AddrPortFrom(a, n)); err == nil {
			return c, nil
		}
		p.give(n) // somebody else's at the moment
		if !errors.Is(err, errInUse) {
			break
		}
	}
	return nil, errs.Wrap(errs.Unavailable, err, "No port is free for another call. Please try again.")
}

func bind(at netip.AddrPort) (*net.UDPConn, error) {
	network := "udp4"
	if at.Addr().Is6() {
		network = "udp6"
	}
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, fmt.Errorf("opening a media port: %w", err)
	}
	return c, nil
}

// random32 is unpredictable to strangers.
func random32() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return binary.BigEndian.Uint32(b[:]) >> 1
}

// NewBridge makes an empty bridge.
func (h *Host) NewBridge() *Bridge {
	id := h.bridges.Add(1)
	// By the id's hash, because ids of one use follow each other in equal steps.
	share := id * 0x9E37_79B9_7F4A_7C15 >> 33 % uint64(len(h.paces))
	return &Bridge{host: h, id: id, pace: h.paces[share]}
}

// session makes the offers and answers of a leg's socket.
func (h *Host) session(p negotiate.Policy, c *net.UDPConn) (*negotiate.Session, error) {
	bound := c.LocalAddr().(*net.UDPAddr).AddrPort()
	at := netip.AddrPortFrom(h.public(bound.Addr().Unmap()), bound.Port())
	return negotiate.New(p, at, rand.Reader)
}
