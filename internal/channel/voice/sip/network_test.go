package sip

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

func TestIPv6(t *testing.T) {
	if c, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6")
	} else {
		_ = c.Close()
	}
	cert, _ := certificate(t)
	listeners := []Listener{
		{Transport: UDP, Address: "[::1]:0"}, {Transport: TCP, Address: "[::1]:0"},
		{Transport: TLS, Address: "[::1]:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}},
	}
	b := start(t, Config{Listeners: listeners}, &owner{incoming: func(l *Leg) { l.Events(func(Event) {}); l.Answer(sdp("v=0")) }})
	a := start(t, Config{Listeners: listeners}, &owner{})
	for _, transport := range []string{UDP, TCP, TLS} {
		events := make(chan Event, 8)
		leg, err := a.Call(request(target(b, transport), events))
		if err != nil {
			t.Fatal(err)
		}
		expect[Answered](t, events)
		leg.Hangup(Reason{})
		if got := expect[Ended](t, events); got.By != dialog.ByUs {
			t.Errorf("%s: %+v", transport, got)
		}
	}
}

// testNames is a Resolver that knows some names.
type testNames struct {
	addrs map[string][]netip.Addr
	srv   map[string][]*net.SRV
	asked atomic.Int64
}

func (n *testNames) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.asked.Add(1)
	if a := n.addrs[strings.TrimSuffix(host, ".")]; a != nil {
		return a, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: "masked", IsNotFound: true}
}

func (n *testNames) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if s := n.srv[service+"."+proto+"."+name]; s != nil {
		return "", s, nil
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: "masked", IsNotFound: true}
}

func TestAdvertisedHosts(t *testing.T) {
	seen := make(chan string, 4)
	b := start(t, Config{}, &owner{incoming: func(l *Leg) {
		l.Events(func(Event) {})
		seen <- l.Invite().Top.Host + " " + wire.HostPort(l.Invite().Contact[0].URI.Host, l.Invite().Contact[0].URI.Port)
		l.Reject(486, Reason{})
	}})
	for advertise, want := range map[string]string{"SIP.Example": "sip.example sip.example:7000", "[2001:DB8::1]": "2001:db8::1 [2001:db8::1]:7000"} {
		a := start(t, Config{Listeners: []Listener{{Transport: UDP, Address: "0.0.0.0:0", Advertise: advertise, AdvertisePort: 7000}}}, &owner{})
		events := make(chan Event, 4)
		if _, err := a.Call(request(target(b, UDP), events)); err != nil {
			t.Fatal(err)
		}
		if got := await(t, seen); got != want {
			t.Errorf("%s is seen as %q", advertise, got)
		}
		// The answers come back by rport and are taken.
		if got := expect[Failed](t, events); got.Code != 486 {
			t.Errorf("%s: %d", advertise, got.Code)
		}
	}
	// Any address of both kinds: the one toward the other end is shown.
	a := start(t, Config{Listeners: []Listener{{Transport: UDP, Address: "[::]:0"}}}, &owner{})
	events := make(chan Event, 4)
	if _, err := a.Call(request(target(b, UDP), events)); err != nil {
		t.Fatal(err)
	}
	if got := await(t, seen); !strings.HasPrefix(got, "127.0.0.1 ") {
		t.Errorf("it is seen as %q", got)
	}
	expect[Failed](t, events)
}

func TestNames(t *testing.T) {
	b := start(t, Config{}, &owner{incoming: func(l *Leg) { l.Events(func(Event) {}); l.Reject(486, Reason{}) }})
	local := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	names := &testNames{
		addrs: map[string][]netip.Addr{"gateway.example": local, "real.example": local},
		srv:   map[string][]*net.SRV{"sip.udp.operator.example": {{Target: "dead.example.", Port: 5060}, {Target: "real.example.", Port: uint16(target(b, UDP).Port)}}},
	}
	a := start(t, Config{Resolver: names}, &owner{})
	for _, c := range []struct {
		hop  Target
		code int
	}{
		{Target{Transport: TLS, Host: "gateway.example", Port: target(b, TLS).Port}, 486},
		{Target{Transport: TLS, Host: "real.example", Port: target(b, TLS).Port}, 503}, // the certificate has another name
		{Target{Transport: UDP, Host: "operator.example"}, 486},
		{Target{Transport: UDP, Host: "nobody.example"}, 503},
		{Target{Transport: TCP, Host: "127.0.0.1", Port: freePort(t)}, 503},
	} {
		for range 2 {
			events := make(chan Event, 8)
			r := request(target(b, UDP), events)
			r.Hop = c.hop
			if _, err := a.Call(r); err != nil {
				t.Fatal(err)
			}
			if got := expect[Failed](t, events); got.Code != c.code {
				t.Errorf("%+v: %d", c.hop, got.Code)
			}
		}
	}
}

func TestLargeInvites(t *testing.T) {
	arrived := make(chan string, 4)
	incoming := func(l *Leg) {
		l.Events(func(Event) {})
		transport, _ := l.Source()
		arrived <- transport
		l.Reject(486, Reason{})
	}
	port := freePort(t)
	listeners := []Listener{{Transport: UDP, Address: fmt.Sprintf("127.0.0.1:%d", port)}, {Transport: TCP, Address: fmt.Sprintf("127.0.0.1:%d", port)}}
	both := start(t, Config{Listeners: listeners}, &owner{incoming: incoming})
	onlyUDP := start(t, Config{Listeners: []Listener{{Transport: UDP, Address: "127.0.0.1:0"}}}, &owner{incoming: incoming})
	a := start(t, Config{}, &owner{})
	for want, to := range map[string]*Endpoint{TCP: both, UDP: onlyUDP} {
		events := make(chan Event, 8)
		r := request(target(to, UDP), events)
		r.Body = sdp(strings.Repeat("x", 3000))
		if _, err := a.Call(r); err != nil {
			t.Fatal(err)
		}
		if got := await(t, arrived); got != want {
			t.Errorf("it came over %s, not %s", got, want)
		}
		expect[Failed](t, events)
	}
}

func TestConnections(t *testing.T) {
	e := start(t, Config{Limits: Limits{ConnectionsPerSource: 3, Partial: 300 * time.Millisecond}}, &owner{})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", e.Address(1))
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	options := func(n int) string {
		return fmt.Sprintf("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK%d\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: o%d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", n, n)
	}
	// answer reads one answer and gives its Call-ID.
	answer := func(r *bufio.Reader) (callID string) {
		t.Helper()
		line, err := r.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "SIP/2.0 200") {
			t.Fatalf("%q, %v", line, err)
		}
		for line != "\r\n" {
			if line, err = r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			if id, ok := strings.CutPrefix(line, "Call-ID: "); ok {
				callID = strings.TrimSpace(id)
			}
		}
		return callID
	}
	// A ping between messages, and messages in pieces.
	c := dial()
	r := bufio.NewReader(c)
	_, _ = io.WriteString(c, "\r\n\r\n")
	if pong, err := r.ReadString('\n'); err != nil || pong != "\r\n" {
		t.Errorf("a ping gets %q, %v", pong, err)
	}
	text := options(1) + options(2)
	for i := range len(text) {
		_, _ = io.WriteString(c, text[i:i+1])
	}
	if got := map[string]bool{answer(r): true, answer(r): true}; !got["o1"] || !got["o2"] {
		t.Errorf("answers to %v", got)
	}
	_, _ = io.WriteString(c, "\r\n")
	_, _ = io.WriteString(c, "\r\n")
	if pong, err := r.ReadString('\n'); err != nil || pong != "\r\n" {
		t.Errorf("a ping in two pieces gets %q, %v", pong, err)
	}
	// What has no end ends the connection.
	for name, text := range map[string]string{
		"a negative length": "OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n", "too large": strings.Repeat("x", 70000), "half a message": "OPTIONS sip:x SIP/2.0\r\n",
	} {
		c := dial()
		_, _ = io.WriteString(c, text)
		if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
		_ = c.Close()
	}
	// One address gets three.
	until(t, "one connection is left", func() bool { return e.Stats().Connections == 1 })
	dial()
	dial()
	if _, err := io.ReadAll(dial()); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("a fourth: %v", err)
	}
}
