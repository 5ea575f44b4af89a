package api_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"nubitalk/internal/core/access"
)

// BenchmarkCall tells what a call costs from the door to the part behind it and
// back: reading, checking and writing, and who asks; no network.
func BenchmarkCall(b *testing.B) {
	h := found(b, noLimits)
	w := h.a.users[access.Agent]
	messages := "/api/v1/interactions/" + h.a.interaction + "/messages"
	call := func(b *testing.B, method, path, body string) {
		b.ReportAllocs()
		for b.Loop() {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set(w.header, w.value)
			if body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			res := httptest.NewRecorder()
			h.doors.ServeHTTP(res, r)
			if res.Code >= 300 {
				b.Fatal(res.Code, res.Body)
			}
		}
	}
	b.Run("GET", func(b *testing.B) { call(b, "GET", messages+"?after=1&limit=20", "") })
	b.Run("POST", func(b *testing.B) {
		call(b, "POST", messages, `{"client_id":"c1","text":"Good morning, what can I do for you?"}`)
	})
}

// BenchmarkIdleVisitor tells what one silent visitor's socket costs in memory:
// heap and stacks, the client's end included, kernel buffers not.
func BenchmarkIdleVisitor(b *testing.B) {
	h := found(b, noLimits)
	b.Run("plain", func(b *testing.B) {
		idle(b, h, func() (net.Conn, error) { return net.Dial("tcp", strings.TrimPrefix(h.url, "http://")) })
	})
	secure := httptest.NewTLSServer(h.doors)
	defer secure.Close()
	b.Run("TLS", func(b *testing.B) {
		idle(b, h, func() (net.Conn, error) {
			return tls.Dial("tcp", secure.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // ourselves
		})
	})
}

func idle(b *testing.B, h *house, dial func() (net.Conn, error)) {
	const n = 2000
	for b.Loop() {
		before := memory()
		conns := make([]net.Conn, n)
		for i := range conns {
			conns[i] = openVisitor(b, dial, h.a.token)
		}
		h.wait(func() bool { return h.here == n })
		b.ReportMetric(float64(memory()-before)/n, "B/socket")
		b.ReportMetric(float64(runtime.NumGoroutine())/n, "goroutines/socket")
		for _, c := range conns {
			_ = c.Close()
		}
		h.wait(func() bool { return h.here == 0 })
	}
}

func memory() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// openVisitor speaks the protocol with as little memory as can be.
func openVisitor(b *testing.B, dial func() (net.Conn, error), token string) net.Conn {
	conn, err := dial()
	must(b, err)
	hello := fmt.Sprintf(`{"type":"hello","token":%q,"after":3}`, token)
	_, err = conn.Write([]byte("GET /chat/v1/socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"))
	must(b, err)
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
	must(b, err)
	if res.StatusCode != http.StatusSwitchingProtocols {
		b.Fatal(res.Status)
	}
	_, err = conn.Write(append([]byte{0x81, 0x80 | byte(len(hello)), 0, 0, 0, 0}, hello...))
	must(b, err)
	return conn
}
