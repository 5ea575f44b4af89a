package main

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// Sizes of flood_calls.
const (
	spared    = 50                   // calls that run meanwhile
	floodRate = 10 * 400             // messages a second: ten times the calls a second that are the goal
	floodStep = 5 * time.Millisecond // between bursts
)

// strangersFlood lets calls wait in a queue while strangers send INVITE, REGISTER
// and noise, and looks whether every call is still heard, and one that begins in
// the middle of it is answered.
func strangersFlood(r *run) error {
	l, err := r.openLine("flood")
	if err != nil {
		return err
	}
	defer l.Kill()
	x, stop, err := r.openExchange()
	if err != nil {
		return err
	}
	defer stop()
	all := make([]*caller, spared+1)
	defer func() {
		for _, c := range all {
			if c != nil {
				c.phone.Close()
			}
		}
	}()
	err = each(spared, 8, func(i int) (err error) {
		all[i], err = x.call(r.ctx, l.sip, i)
		return err
	})
	if err != nil {
		return err
	}
	before, err := r.settled(l.PID())
	if err != nil {
		return err
	}
	used, err := cpu(l.PID())
	if err != nil {
		return err
	}
	took := time.Duration(r.seconds) * time.Second
	sent := make(chan int, 1)
	go func() { sent <- flood(l.sip, took) }()
	if err := r.pause(took / 2); err != nil {
		return err
	}
	began := time.Now()
	if all[spared], err = x.call(r.ctx, l.sip, spared); err != nil {
		return fmt.Errorf("a call that began in the flood: %w", err)
	}
	answered := time.Since(began)
	n := <-sent
	after, err := cpu(l.PID())
	if err != nil {
		return err
	}
	for _, c := range all {
		c.phone.Forget()
	}
	if err := r.pause(time.Second); err != nil {
		return err
	}
	kept := 0
	for _, c := range all {
		if len(c.phone.Heard()) > 0 {
			kept++
		}
	}
	memory, err := r.settled(l.PID())
	if err != nil {
		return err
	}
	r.figure("flood_calls", 100*float64(kept)/float64(len(all)), "%", atLeast, 100,
		fmt.Sprintf("of %d calls heard on after %d messages of strangers in %v; one that began meanwhile was answered in %.0f ms", len(all), n, took, answered.Seconds()*1e3))
	r.figure("flood_memory", float64(memory-before)/1e6, "MB", atMost, 50, "grown by it")
	r.figure("flood_cpu", float64((after-used).Microseconds())/float64(n), "µs", noGoal, 0, "server CPU a message, the calls' music included")
	return nil
}

// flood sends for a while from an address that no trunk has, and gives how many
// messages went.
func flood(to string, long time.Duration) (n int) {
	conns := make([]net.Conn, 16)
	for i := range conns {
		d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, byte(2+i))}}
		c, err := d.Dial("udp", to)
		if err != nil {
			return n
		}
		defer c.Close()
		conns[i] = c
	}
	burst := int(floodRate * floodStep / time.Second)
	for began := time.Now(); time.Since(began) < long; time.Sleep(floodStep) {
		for range burst {
			n++
			c := conns[n%len(conns)]
			method := []string{"INVITE", "REGISTER", "OPTIONS", "BYE", ""}[n%5]
			message := "\x16\x03\x01 noise " + strings.Repeat("x", n%1000)
			if method != "" {
				message = fmt.Sprintf("%s sip:%d@%s SIP/2.0\r\nVia: SIP/2.0/UDP %v;branch=z9hG4bKf%d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%d@%s>;tag=f%d\r\nTo: <sip:%d@%s>\r\n"+
					"Call-ID: flood-%d\r\nCSeq: 1 %s\r\nContact: <sip:%d@%v>\r\nContent-Length: 0\r\n\r\n", method, n, to, c.LocalAddr(), n, n, to, n, n, to, n, method, n, c.LocalAddr())
			}
			_, _ = c.Write([]byte(message)) // what does not fit is lost, as on a real line
		}
	}
	return n
}
