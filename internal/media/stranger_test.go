package media_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"nubitalk/internal/media"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/negotiate"
)

// hello is the beginning of DTLS: a record with a ClientHello that asks for nothing.
func hello() []byte {
	body := make([]byte, 60)
	body[0], body[1] = 0xFE, 0xFD
	handshake := append([]byte{1, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0, byte(len(body))}, body...)
	return append([]byte{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(handshake))}, handshake...)
}

// TestStrangersAtTheBrowsersPort: garbage, STUN with names that nobody has, DTLS
// of somebody else, from many ports, do no harm to a call and leave nothing behind.
func TestStrangersAtTheBrowsersPort(t *testing.T) {
	for _, shared := range []bool{true, false} {
		t.Run(fmt.Sprintf("one port %v", shared), func(t *testing.T) {
			c := media.Config{}
			if shared {
				c.Browser.Port = freePort(t)
			} else {
				c.From = freePort(t) - 200
				c.To = c.From + 100
			}
			h := host(t, c)
			caller := connect(t, h, 500, opts{})
			a := newAgent(t, h, g711.A)
			bridge := h.NewBridge()
			join(t, bridge, caller, media.Talk)
			join(t, bridge, a, media.Talk)
			b := a.open(t, 900)
			browserHears(t, b, hz(500), 900)
			caller.hears(t, hz(900), 500)

			ports := []uint16{c.Browser.Port}
			if !shared {
				ports = nil
				for p := c.From; p <= c.To; p++ {
					ports = append(ports, p)
				}
			}
			r := rand.New(rand.NewPCG(1, 1))
			attack := func(rounds int) {
				for i := range rounds {
					s, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", ports[i%len(ports)]))
					if err != nil {
						t.Fatal(err)
					}
					check, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(fmt.Sprintf("x%d:y", r.Int())), stun.NewShortTermIntegrity("guess"), stun.Fingerprint)
					if err != nil {
						t.Fatal(err)
					}
					noise := make([]byte, r.IntN(1400))
					for k := range noise {
						noise[k] = byte(r.Int())
					}
					rtp := append([]byte{0x80, 8}, make([]byte, 186)...)
					for _, p := range [][]byte{hello(), check.Raw, noise, rtp, {}, {20}, {0, 1}} {
						_, _ = s.Write(p) // a port that nobody has refuses it
					}
					_ = s.Close()
				}
			}
			attack(50) // whatever is made once
			runtime.GC()
			goroutines := runtime.NumGoroutine()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			attack(1500)
			browserHears(t, b, hz(500), 900)
			caller.hears(t, hz(900), 500)
			if n := runtime.NumGoroutine(); n > goroutines+10 {
				t.Errorf("%d goroutines became %d", goroutines, n)
			}
			// What the phones of this test keep is about 100 KB a second.
			grew := func() int64 {
				runtime.GC()
				runtime.ReadMemStats(&after)
				return int64(after.HeapAlloc) - int64(before.HeapAlloc)
			}
			if g := grew(); g > 4<<20 {
				t.Errorf("the heap grew by %d KB", g>>10)
			}
			if q := a.Quality(); q.In.Packets == 0 {
				t.Errorf("%+v", q)
			}
			for _, p := range b.Heard() {
				if p.PayloadType != 8 {
					t.Fatalf("a stranger's packet of type %d was heard", p.PayloadType)
				}
			}
		})
	}
}

// TestAHostLeavesNothingBehind: calls of all kinds come and go.
func TestAHostLeavesNothingBehind(t *testing.T) {
	h := host(t, media.Config{})
	round := func() {
		caller := connect(t, h, 500, opts{})
		a := newAgent(t, h, g711.A)
		bridge := h.NewBridge()
		join(t, bridge, caller, media.Talk)
		join(t, bridge, a, media.Talk)
		b := a.open(t, 900)
		browserHears(t, b, hz(500))
		a.Play(tone(700))
		a.Close()
		caller.Close()
		b.Close()
		caller.phone.Close()
		bridge.Close()
	}
	round()
	settled := func(most int) bool {
		for end := time.Now().Add(3 * time.Minute); runtime.NumGoroutine() > most; {
			if time.Now().After(end) {
				return false
			}
			time.Sleep(10 * time.Millisecond) // until, not how long
		}
		return true
	}
	base := runtime.NumGoroutine()
	for range 10 {
		round()
	}
	if !settled(base + 3) {
		buffer := make([]byte, 1<<16)
		t.Errorf("%d goroutines became %d\n%s", base, runtime.NumGoroutine(), buffer[:runtime.Stack(buffer, true)])
	}
	if h.Legs() != 0 {
		t.Errorf("%d legs", h.Legs())
	}
}

// TestManyCallsLeaveNoMemory: legs that were agreed on, joined and closed.
func TestManyCallsLeaveNoMemory(t *testing.T) {
	h := host(t, media.Config{})
	round := func(n int) {
		for range n {
			one, two := connectQuietly(t, h), connectQuietly(t, h)
			bridge := h.NewBridge()
			join(t, bridge, one, media.Talk)
			join(t, bridge, two, media.Talk)
			one.Play(tone(500))
			one.Close()
			two.Close()
		}
	}
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	round(50)
	before := heap()
	round(1000)
	if grew := heap() - before; grew > 500<<10 {
		t.Errorf("1,000 calls left %d KB", grew>>10)
	}
}

// connectQuietly is a leg that agreed with somebody who never sends.
func connectQuietly(t *testing.T, h *media.Host) *media.RTPLeg {
	t.Helper()
	l, err := h.NewRTP(media.RTPConfig{Policy: negotiate.Policy{Security: negotiate.Accepted}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Answer([]byte("v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n")); err != nil {
		t.Fatal(err)
	}
	return l
}
