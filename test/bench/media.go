package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
)

// The figures of sound put the media part into a process of its own (this
// program again, with -media), so that its CPU can be told from the callers'.

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// mediaCall is what the child connects: offers of two parties.
type mediaCall struct {
	Caller  string // SDP of a phone
	Callee  string // SDP of a phone, or …
	Browser string // … of a browser, or neither: the caller waits and hears music
	Bare    bool   // only pass packets on, as they are: what the machine asks for that
}

// mediaAnswer is what it says to them.
type mediaAnswer struct{ Caller, Callee, Browser string }

// mediaCount is what it has done so far.
type mediaCount struct{ Received, Sent, Dropped, Allocations uint64 }

// mediaAsk asks for the count, and says whether the calls are recorded from then on.
type mediaAsk struct{ Record bool }

// mediaChild is the process that is measured: it answers the calls on its first
// line of input, and says its count at each further one.
func mediaChild(in io.Reader, out io.Writer) error {
	host := media.NewHost(media.Config{Address: loopback})
	if err := host.Start(context.Background()); err != nil {
		return err
	}
	defer func() { _ = host.Stop(context.Background()) }()
	lines := json.NewDecoder(bufio.NewReader(in))
	var calls []mediaCall
	if err := lines.Decode(&calls); err != nil {
		return fmt.Errorf("reading the calls: %w", err)
	}
	var legs []media.Leg
	answers := make([]mediaAnswer, len(calls))
	var bare atomic.Uint64
	for i, c := range calls {
		if c.Bare {
			if err := forward(c, &answers[i], &bare); err != nil {
				return err
			}
			continue
		}
		both, err := connect(host, c, &answers[i])
		if err != nil {
			return err
		}
		legs = append(legs, both...)
	}
	say := json.NewEncoder(out)
	if err := say.Encode(answers); err != nil {
		return err
	}
	var kept *recorded
	defer func() { _ = kept.end() }()
	for {
		var ask mediaAsk
		if err := lines.Decode(&ask); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case ask.Record && kept == nil:
			var err error
			if kept, err = record(legs); err != nil {
				return fmt.Errorf("recording the calls: %w", err)
			}
		case !ask.Record && kept != nil:
			if err := kept.end(); err != nil {
				return fmt.Errorf("ending the recordings: %w", err)
			}
			kept = nil
		}
		n := mediaCount{Received: bare.Load(), Sent: bare.Load()}
		for _, l := range legs {
			c := l.Counts()
			n.Received += c.Received
			n.Sent += c.Sent
			n.Dropped += c.Forged + c.Replayed + c.Strangers + c.Useless
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		n.Allocations = m.Mallocs
		if err := say.Encode(n); err != nil {
			return err
		}
	}
}

func connect(host *media.Host, c mediaCall, a *mediaAnswer) ([]media.Leg, error) {
	caller, err := host.NewRTP(media.RTPConfig{})
	if err != nil {
		return nil, err
	}
	answer, err := caller.Answer([]byte(c.Caller))
	if err != nil {
		return nil, err
	}
	a.Caller = string(answer)
	if c.Callee == "" && c.Browser == "" {
		caller.Music(audio.Tone{Hertz: []float64{440}}.Source())
		return []media.Leg{caller}, nil
	}
	var other media.Leg
	if c.Browser != "" {
		desk, err := host.NewBrowser(g711.A, nil)
		if err != nil {
			return nil, err
		}
		if a.Browser, err = desk.Answer(context.Background(), c.Browser); err != nil {
			return nil, err
		}
		other = desk
	} else {
		callee, err := host.NewRTP(media.RTPConfig{})
		if err != nil {
			return nil, err
		}
		if answer, err = callee.Answer([]byte(c.Callee)); err != nil {
			return nil, err
		}
		a.Callee = string(answer)
		other = callee
	}
	bridge := host.NewBridge()
	return []media.Leg{caller, other}, errors.Join(bridge.Join(caller, media.Talk), bridge.Join(other, media.Talk))
}

// forward passes packets on between two phones without looking at them.
func forward(c mediaCall, a *mediaAnswer, n *atomic.Uint64) error {
	var sockets [2]*net.UDPConn
	var remote [2]netip.AddrPort
	for i, side := range []struct {
		offer  string
		answer *string
	}{{c.Caller, &a.Caller}, {c.Callee, &a.Callee}} {
		var err error
		if sockets[i], err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0))); err != nil {
			return err
		}
		s, err := negotiate.New(negotiate.Policy{Security: negotiate.Accepted}, sockets[i].LocalAddr().(*net.UDPAddr).AddrPort(), rand.Reader)
		if err != nil {
			return err
		}
		answer, agreed, err := s.Answer([]byte(side.offer))
		if err != nil {
			return err
		}
		*side.answer, remote[i] = string(answer), agreed.Remote
	}
	for i := range sockets {
		go func() {
			buffer := make([]byte, 2048)
			for {
				k, _, err := sockets[i].ReadFromUDPAddrPort(buffer)
				if err != nil {
					return
				}
				if _, err := sockets[1-i].WriteToUDPAddrPort(buffer[:k], remote[1-i]); err == nil {
					n.Add(1)
				}
			}
		}()
	}
	return nil
}

// mediaProcess is the child as its parent sees it.
type mediaProcess struct {
	cmd   *exec.Cmd
	ask   mediaAsk
	in    io.WriteCloser
	out   *json.Decoder
	calls []mediaAnswer
}

func (r *run) mediaProcess(calls []mediaCall) (*mediaProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &mediaProcess{cmd: exec.CommandContext(r.ctx, self, "-media")}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := json.NewEncoder(p.in).Encode(calls); err != nil {
		return nil, errors.Join(err, p.close())
	}
	if err := p.out.Decode(&p.calls); err != nil {
		return nil, errors.Join(fmt.Errorf("no answers: %w", err), p.close())
	}
	return p, nil
}

func (p *mediaProcess) close() error {
	_ = p.in.Close()
	return p.cmd.Wait()
}

// usage is the process's CPU and count at a moment.
func (p *mediaProcess) usage() (time.Duration, mediaCount, error) {
	var n mediaCount
	if err := json.NewEncoder(p.in).Encode(p.ask); err != nil {
		return 0, n, err
	}
	if err := p.out.Decode(&n); err != nil {
		return 0, n, err
	}
	used, err := cpu(p.cmd.Process.Pid)
	return used, n, err
}

// perPacket measures while the talkers talk: CPU and allocations of the process
// for a packet that it passed on.
func (p *mediaProcess) perPacket(r *run, seconds int) (cost time.Duration, allocations float64, n mediaCount, err error) {
	if err = r.pause(2 * time.Second); err != nil {
		return
	}
	cpu0, n0, err := p.usage()
	if err != nil {
		return
	}
	if err = r.pause(time.Duration(seconds) * time.Second); err != nil {
		return
	}
	cpu1, n1, err := p.usage()
	if err != nil {
		return
	}
	n = mediaCount{Received: n1.Received - n0.Received, Sent: n1.Sent - n0.Sent, Dropped: n1.Dropped}
	if n.Sent == 0 {
		return 0, 0, n, errors.New("nothing was passed on")
	}
	return (cpu1 - cpu0) / time.Duration(n.Sent), float64(n1.Allocations-n0.Allocations) / float64(n.Sent), n, nil
}

// epoch is the moment that the times in packets count from.
var epoch = time.Now()

// latencies are the times that packets took.
type latencies struct {
	mu  sync.Mutex
	all []float64 // ms
}

func (l *latencies) take(payload []byte) {
	took := time.Since(epoch) - time.Duration(binary.BigEndian.Uint64(payload))
	if took < 0 || took > time.Minute {
		return // the relay's own silence, before both were there
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, float64(took)/float64(time.Millisecond))
}

// at gives the value below which a share of them is.
func (l *latencies) at(share float64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return 0
	}
	slices.Sort(l.all)
	return l.all[min(int(share*float64(len(l.all))), len(l.all)-1)]
}

// sender is somebody who can be heard.
type sender interface{ Speak(octets []byte) error }

// speak has all of them send 50 packets a second, spread over time.
func speak(ctx context.Context, all []sender) {
	octets := make([]byte, audio.Samples)
	for i := range octets {
		octets[i] = byte(i)
	}
	began, sent := time.Now(), 0
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// When it was sent: sound passes unchanged between phones of one law.
		due := int(float64(time.Since(began)) / float64(audio.FrameTime) * float64(len(all)))
		for ; sent < due; sent++ {
			binary.BigEndian.PutUint64(octets, uint64(time.Since(epoch)))
			_ = all[sent%len(all)].Speak(octets) // what is lost is not counted
		}
	}
}

// srtpRelay is the cost of a packet between two phones: decrypted, renumbered,
// encrypted with another key, sent. Before and after it, the cost of passing plain
// packets on untouched, which is the machine's at that moment.
func srtpRelay(r *run) error {
	var bare, own latencies
	before, _, _, err := r.phones(true, max(r.seconds/2, 1), &bare)
	if err != nil {
		return err
	}
	cost, allocations, n, err := r.phones(false, r.seconds, &own)
	if err != nil {
		return err
	}
	after, _, _, err := r.phones(true, max(r.seconds/2, 1), &bare)
	if err != nil {
		return err
	}
	r.figure("srtp_relay", us(cost), "µs", atMost, 17,
		fmt.Sprintf("CPU a packet; AES-256-GCM both sides, %d calls, %d packets, %d dropped; %.2f core for 100 calls", r.calls, n.Sent, n.Dropped, us(cost)/100))
	r.figure("srtp_relay_over_bare", 2*us(cost)/(us(before)+us(after)), "times", noGoal, 0,
		fmt.Sprintf("against passing plain packets on untouched, which cost %.1f and %.1f µs before and after", us(before), us(after)))
	r.figure("srtp_relay_allocs", allocations, "", noGoal, 0, "allocations a packet, all of them from reports every 5 s; a test holds a packet's own at none")
	how := fmt.Sprintf("wall, from one phone's sending to the other's reading, %d calls; bare %.2g and %.2g ms", r.calls, bare.at(0.5), bare.at(0.99))
	r.figure("relay_latency_p50", own.at(0.5), "ms", atMost, 1, how)
	r.figure("relay_latency_p99", own.at(0.99), "ms", atMost, 5, how)
	return nil
}

// phones has pairs of phones talk through the process.
func (r *run) phones(bare bool, seconds int, took *latencies) (cost time.Duration, allocations float64, n mediaCount, err error) {
	err = r.talking(bare, took, func(child *mediaProcess) error {
		cost, allocations, n, err = child.perPacket(r, seconds)
		return err
	})
	return cost, allocations, n, err
}

// talking runs fn while pairs of phones talk through the process.
func (r *run) talking(bare bool, took *latencies, fn func(*mediaProcess) error) error {
	calls := make([]mediaCall, r.calls)
	policy := negotiate.Policy{}
	if bare {
		policy.Security = negotiate.Plain // nobody is there who could open and seal
	}
	var phones []*mediatest.Phone
	defer func() {
		for _, p := range phones {
			p.Close()
		}
	}()
	for i := range calls {
		calls[i].Bare = bare
		for _, to := range []*string{&calls[i].Caller, &calls[i].Callee} {
			p, err := mediatest.NewPhone(policy, loopback, netip.Addr{})
			if err != nil {
				return err
			}
			p.Hear(took.take)
			phones = append(phones, p)
			offer, err := p.Offer()
			if err != nil {
				return err
			}
			*to = string(offer)
		}
	}
	child, err := r.mediaProcess(calls)
	if err != nil {
		return err
	}
	defer func() { _ = child.close() }()
	var senders []sender
	for i, a := range child.calls {
		for k, answer := range []string{a.Caller, a.Callee} {
			p := phones[2*i+k]
			if err := p.Accept([]byte(answer)); err != nil {
				return err
			}
			senders = append(senders, p)
		}
	}
	ctx, stop := context.WithCancel(r.ctx)
	defer stop()
	go speak(ctx, senders)
	return fn(child)
}

// sipBrowser is the same between a phone and a browser.
func sipBrowser(r *run) error {
	calls := make([]mediaCall, r.calls)
	phones := make([]*mediatest.Phone, len(calls))
	browsers := make([]*mediatest.Browser, len(calls))
	defer func() {
		for i := range calls {
			if phones[i] != nil {
				phones[i].Close()
			}
			if browsers[i] != nil {
				browsers[i].Close()
			}
		}
	}()
	for i := range calls {
		var err error
		if phones[i], err = mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{}); err != nil {
			return err
		}
		phones[i].Deaf()
		offer, err := phones[i].Offer()
		if err != nil {
			return err
		}
		calls[i].Caller = string(offer)
		if browsers[i], err = mediatest.NewBrowser(); err != nil {
			return err
		}
		if calls[i].Browser, err = browsers[i].Offer(false); err != nil {
			return err
		}
	}
	child, err := r.mediaProcess(calls)
	if err != nil {
		return err
	}
	defer func() { _ = child.close() }()
	var senders []sender
	for i, a := range child.calls {
		if err := errors.Join(phones[i].Accept([]byte(a.Caller)), browsers[i].Accept(a.Browser)); err != nil {
			return err
		}
		senders = append(senders, phones[i], browsers[i])
	}
	for _, b := range browsers {
		if err := b.Connected(r.ctx); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(r.ctx)
	defer stop()
	go speak(ctx, senders)
	cost, allocations, n, err := child.perPacket(r, r.seconds)
	if err != nil {
		return err
	}
	r.figure("sip_browser", us(cost), "µs", atMost, 50,
		fmt.Sprintf("CPU a packet, mean of both directions; %d calls, %d packets, %d dropped, %.1f allocations a packet; %.0f calls a core", len(calls), n.Sent, n.Dropped, allocations, 1e6/us(cost)/100))
	return nil
}

// callerWaits is the cost of music: a frame made, encoded, encrypted and sent
// every 20 ms to each of many who wait.
func callerWaits(r *run) error {
	calls := make([]mediaCall, 5*r.calls)
	phones := make([]*mediatest.Phone, len(calls))
	defer func() {
		for _, p := range phones {
			if p != nil {
				p.Close()
			}
		}
	}()
	for i := range calls {
		var err error
		if phones[i], err = mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{}); err != nil {
			return err
		}
		phones[i].Deaf()
		offer, err := phones[i].Offer()
		if err != nil {
			return err
		}
		calls[i].Caller = string(offer)
	}
	child, err := r.mediaProcess(calls)
	if err != nil {
		return err
	}
	defer func() { _ = child.close() }()
	cost, _, n, err := child.perPacket(r, r.seconds)
	if err != nil {
		return err
	}
	memory, err := resident(child.cmd.Process.Pid)
	if err != nil {
		return err
	}
	r.figure("caller_waits", us(cost), "µs", noGoal, 0,
		fmt.Sprintf("CPU for 20 ms of music; AES-256-GCM, %d callers, %d packets; %.2f core for 100; the process has %.0f KB a caller, all in all", len(calls), n.Sent, us(cost)/200, float64(memory)/1024/float64(len(calls))))
	return nil
}

// mixFour is package audio's own benchmark.
func mixFour(r *run) error {
	cmd := exec.CommandContext(r.ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkMixFour$", "-benchtime", "1s", "-count", "3", "./internal/media/audio")
	cmd.Dir = r.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	var took []float64
	for _, m := range benchLine.FindAllSubmatch(out, -1) {
		ns, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return err
		}
		took = append(took, ns)
	}
	if len(took) != 3 {
		return fmt.Errorf("the benchmark printed too few figures:\n%s", out)
	}
	r.figure("mix_four", median(took)/1000, "µs", atMost, 1.3, "CPU for 20 ms of four parties who all hear the others, as samples")
	return nil
}

var benchLine = regexp.MustCompile(`(?m)^Benchmark\S+\s+\d+\s+[\d.]+ ns/op\s+([\d.]+) cpu-ns/op`)

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
