package media_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/media"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
)

// TestNoPacketGoesWhereABrowserPoints: an offer may name any address, inside of
// the house or of a stranger. Only what the browser itself sends from is answered.
func TestNoPacketGoesWhereABrowserPoints(t *testing.T) {
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprintf("one port %v", shared), func(t *testing.T) {
			c := media.Config{}
			if shared {
				c.Browser.Port = freePort(t)
			}
			foreign, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = foreign.Close() })
			listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = listener.Close() })
			port, tcp := foreign.LocalAddr().(*net.UDPAddr).Port, listener.Addr().(*net.TCPAddr).Port

			h := host(t, c)
			caller := connect(t, h, 500, opts{})
			a := newAgent(t, h, g711.A)
			bridge := h.NewBridge()
			join(t, bridge, caller, media.Talk)
			join(t, bridge, a, media.Talk)
			b, err := mediatest.NewBrowser()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.Close)
			for _, restart := range []bool{false, true} {
				offer, err := b.Offer(restart)
				if err != nil {
					t.Fatal(err)
				}
				var all strings.Builder
				for line := range strings.Lines(offer) {
					if !strings.HasPrefix(line, "a=candidate:") {
						all.WriteString(line)
					}
				}
				for _, kind := range []string{"host", "srflx raddr 10.0.0.1 rport 9", "relay raddr 10.0.0.1 rport 9"} {
					fmt.Fprintf(&all, "a=candidate:7 1 udp 2130706431 127.0.0.1 %d typ %s\r\n", port, kind)
				}
				fmt.Fprintf(&all, "a=ptime:20\ra=candidate:9 1 udp 2130706431 127.0.0.1 %d typ host\r\n", port) // a parser may end a line there
				fmt.Fprintf(&all, "a=candidate:8 1 tcp 2130706431 127.0.0.1 %d typ host tcptype passive\r\n", tcp)
				answer, err := a.Answer(within(t), all.String())
				if err != nil {
					t.Fatal(err)
				}
				if err := b.Accept(answer); err != nil {
					t.Fatal(err)
				}
				if !restart {
					if err := b.Connected(within(t)); err != nil {
						t.Fatal(err)
					}
					b.Talk(900)
				}
				caller.phone.Forget()
				caller.hears(t, hz(900), 500)
				browserHears(t, b, hz(500), 900)
			}

			// Loopback keeps the order: whatever had been sent comes before these.
			own := net.Dialer{Timeout: 30 * time.Second}
			for _, network := range []string{"udp4", "tcp4"} {
				to := map[string]int{"udp4": port, "tcp4": tcp}[network]
				conn, err := own.DialContext(t.Context(), network, fmt.Sprintf("127.0.0.1:%d", to))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := conn.Write([]byte("ours")); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				if network == "tcp4" {
					came, err := listener.Accept()
					if err != nil {
						t.Fatal(err)
					}
					if came.RemoteAddr().String() != conn.LocalAddr().String() {
						t.Error("a connection was made to where the browser pointed")
					}
					_ = came.Close()
					continue
				}
				buffer := make([]byte, 2048)
				n, from, err := foreign.ReadFrom(buffer)
				if err != nil {
					t.Fatal(err)
				}
				if string(buffer[:n]) != "ours" {
					t.Errorf("%d octets came from %v", n, from)
				}
			}
		})
	}
}
