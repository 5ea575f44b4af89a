package sip

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
)

// BenchmarkCall makes whole calls between two endpoints over loopback: INVITE,
// 100, 180, 200, ACK, BYE, 200. cpu-µs/call is the processor time of both ends'
// SIP work together, sockets included.
func BenchmarkCall(b *testing.B) {
	for _, transport := range []string{UDP, TCP, TLS} {
		b.Run(transport, func(b *testing.B) {
			t := &testing.T{}
			answer := sdp("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/SAVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=crypto:1 AEAD_AES_256_GCM inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n")
			listeners := everywhere(t)
			callee := New(Config{Listeners: listeners, Limits: Limits{Mailboxes: 1 << 30}, Product: "Nubitalk"}, &owner{incoming: func(l *Leg) {
				l.Events(func(Event) {})
				l.Ring()
				l.Answer(answer)
			}})
			caller := New(Config{Listeners: listeners, Limits: Limits{Mailboxes: 1 << 30}, Product: "Nubitalk", ClientTLS: clientTLS(t)}, &owner{})
			for _, e := range []*Endpoint{callee, caller} {
				if err := e.Start(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			few := make(chan struct{}, 32)
			to := target(callee, transport)
			b.ReportAllocs()
			before := processorTime()
			for b.Loop() {
				few <- struct{}{}
				var leg *Leg
				ready := make(chan struct{})
				r := request(to, nil)
				r.Body = answer
				r.Events = func(e Event) {
					switch e.(type) {
					case Answered:
						<-ready
						leg.Hangup(dialog.Reason{Q850: 16})
					case Ended, Failed:
						<-few
					}
				}
				var err error
				if leg, err = caller.Call(r); err != nil {
					b.Fatal(err)
				}
				close(ready)
			}
			for range cap(few) {
				few <- struct{}{}
			}
			used := processorTime() - before
			b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/call")
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/float64(b.N), "heap-B/call")
			caller.kill()
			callee.kill()
		})
	}
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
