package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/drive"
)

// Sizes of the figures of calls by telephone.
const (
	queued     = 1000            // calls of calls_cpu
	queuedRate = 100             // calls that begin in a second
	waits      = time.Second     // how long a caller waits with music before hanging up
	rateFor    = 8 * time.Second // each step of calls_per_second
	firstRate  = 200
	rateStep   = 100
	lastRate   = 1000
	memoryRate = 150
	calmWithin = 40 * time.Second // for goroutines and heap to be back where they were
)

//go:embed calls.xml
var callsScenario []byte

// line is an installation with a trunk, whose number leads to a queue.
type line struct {
	*drive.Program
	agents  []*agentPhone // who serve it
	data    string        // of the program
	dir     string        // of sipp's files
	sip     string        // host:port
	metrics string        // host:port
}

const lineNumber = "210000001"

// openLine starts the program with a UDP listener for telephones; its journal is
// durable, as always.
func (r *run) openLine(name string) (*line, error) {
	return r.openServedLine(name, 0)
}

// openServedLine is openLine with agents who serve its queue.
func (r *run) openServedLine(name string, agents int) (*line, error) {
	if _, err := exec.LookPath("sipp"); err != nil {
		return nil, errors.New("sipp is missing: run scripts/need sipp")
	}
	dir, err := r.installation(name)
	if err != nil {
		return nil, err
	}
	users, err := drive.Hire(r.ctx, dir, agents)
	if err != nil {
		return nil, err
	}
	l := &line{data: dir, dir: filepath.Join(r.work, name+"-sipp")}
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(l.dir, "calls.xml"), callsScenario, 0o600); err != nil {
		return nil, err
	}
	if l.sip, err = freeport.Address(); err != nil {
		return nil, err
	}
	if l.metrics, err = freeport.Address(); err != nil {
		return nil, err
	}
	if l.Program, err = r.serve(dir, "", "--sip-listen", "udp://"+l.sip, "--metrics-listen", l.metrics); err != nil {
		return nil, err
	}
	if err := r.furnish(l, users); err != nil {
		l.Kill()
		return nil, err
	}
	return l, nil
}

// furnish sets up queue, flow, entry point, trunk and the agents' phones by the
// API.
func (r *run) furnish(l *line, users []*drive.User) error {
	ctx := r.ctx
	login, err := r.demo.Login("demo", "administrator")
	if err != nil {
		return err
	}
	admin, err := drive.SignIn(ctx, drive.Client(), l.BaseURL, login)
	if err != nil {
		return err
	}
	members := []string{}
	for _, u := range users {
		a, err := newAgentPhone(ctx, l, admin, u, len(members)+1)
		if err != nil {
			return err
		}
		l.agents, members = append(l.agents, a), append(members, a.id)
	}
	type m = map[string]any
	var queue, flow, entry, trunk struct{ ID string }
	for _, o := range []struct {
		kind string
		in   func() any
		out  any
	}{
		{"queues", func() any {
			return m{"name": "Telephones", "channels": []string{"voice"}, "members": members, "wrap_up_seconds": 0}
		}, &queue},
		{"flows", func() any {
			return m{"name": "Telephones", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": queue.ID}}}}
		}, &flow},
		{"entry-points", func() any {
			point := setup.DefaultEntryPoint("Telephones", flow.ID, "")
			point.Channel = acd.Voice
			return point
		}, &entry},
		{"trunks", func() any {
			return m{"name": "Exchange", "enabled": true, "country": "PT", "sources": []string{"127.0.0.1"},
				"numbers": []m{{"number": lineNumber, "entry_point": entry.ID}}}
		}, &trunk},
	} {
		if err := admin.Do(ctx, "POST", o.kind, o.in(), o.out); err != nil {
			return fmt.Errorf("%s: %w", o.kind, err)
		}
	}
	for {
		var now struct{ Running bool }
		if err := admin.Do(ctx, "GET", "trunks/"+trunk.ID+"/status", nil, &now); err != nil || now.Running {
			return err
		}
		if err := r.pause(50 * time.Millisecond); err != nil {
			return err
		}
	}
}

// load is what sipp's callers saw.
type load struct {
	failed  int
	answers []float64 // ms from INVITE to 200, sorted
	took    time.Duration
}

// dial has sipp call n times, so many a second; each caller hangs up after a
// while.
func (l *line) dial(ctx context.Context, n, rate int, stays time.Duration) (load, error) {
	from, err := freeport.Address()
	if err != nil {
		return load{}, err
	}
	_, port, _ := net.SplitHostPort(from)
	limit := time.Duration(n/rate)*time.Second + stays + time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit+10*time.Second)
	defer cancel()
	sink, err := listenAway()
	if err != nil {
		return load{}, err
	}
	defer sink.Close()
	_, heard, _ := net.SplitHostPort(sink.LocalAddr().String())
	cmd := exec.CommandContext(ctx, "sipp", "-sf", "calls.xml", "-i", "127.0.0.1", "-p", port, "-s", lineNumber, "-key", "sink", heard,
		"-m", strconv.Itoa(n), "-r", strconv.Itoa(rate), "-l", strconv.Itoa(4*n), "-d", strconv.FormatInt(stays.Milliseconds(), 10),
		"-trace_rtt", "-rtt_freq", "1", "-buff_size", "4000000",
		"-timeout", strconv.Itoa(int(limit.Seconds())), "-timeout_error", "-nostdin", l.sip)
	cmd.Dir = l.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	out, err := cmd.CombinedOutput()
	got := load{took: time.Since(began)}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 1: // calls failed
	case err != nil:
		return got, fmt.Errorf("sipp: %w\n%s", err, out[max(0, len(out)-3000):])
	}
	if got.failed, err = sippFailed(out); err != nil {
		return got, err
	}
	got.answers, err = sippTimes(filepath.Join(l.dir, fmt.Sprintf("calls_%d_rtt.csv", cmd.Process.Pid)))
	return got, err
}

// listenAway takes the music of all callers, so that none of it meets a closed
// port.
func listenAway() (net.PacketConn, error) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		b := make([]byte, 2048)
		for err == nil {
			_, _, err = c.ReadFrom(b)
		}
	}()
	return c, nil
}

// sippFailed reads the total of failed calls from sipp's last screen.
func sippFailed(out []byte) (int, error) {
	at := bytes.LastIndex(out, []byte("Failed call"))
	if at < 0 {
		return 0, fmt.Errorf("sipp says nothing of failed calls:\n%s", out[max(0, len(out)-3000):])
	}
	row, _, _ := bytes.Cut(out[at:], []byte{'\n'})
	columns := strings.Split(string(row), "|")
	return strconv.Atoi(strings.TrimSpace(columns[len(columns)-1]))
}

// sippTimes reads sipp's response times, in ms.
func sippTimes(file string) ([]float64, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := csv.NewReader(f)
	c.Comma, c.FieldsPerRecord = ';', -1
	rows, err := c.ReadAll()
	if err != nil {
		return nil, err
	}
	var all []float64
	for _, row := range rows[min(1, len(rows)):] {
		v, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	slices.Sort(all)
	if len(all) == 0 {
		return nil, errors.New("sipp measured no call")
	}
	return all, nil
}

// queuedCalls is what calls cost that come by a trunk, are answered, wait in a
// queue with music, and are hung up; each noted in journal and record.
func queuedCalls(r *run) error {
	l, err := r.openLine("calls")
	if err != nil {
		return err
	}
	defer l.Kill()
	if _, err := l.dial(r.ctx, queuedRate, queuedRate, waits); err != nil { // warm
		return err
	}
	before, err := cpu(l.PID())
	if err != nil {
		return err
	}
	got, err := l.dial(r.ctx, queued, queuedRate, waits)
	if err != nil {
		return err
	}
	after, err := cpu(l.PID())
	if err != nil {
		return err
	}
	if got.failed > 0 {
		return fmt.Errorf("%d of %d calls failed", got.failed, queued)
	}
	r.figure("calls_cpu", (after-before).Seconds()*1000/queued, "s", atMost, 1.7,
		fmt.Sprintf("server CPU for 1,000 calls by UDP and SRTP, %d a second, each %v in the queue with music", queuedRate, waits))
	r.figure("call_answered_p50", got.answers[len(got.answers)/2], "ms", noGoal, 0, "wall, INVITE to 200, at that rate, beside sipp")
	r.figure("call_answered_p99", got.answers[len(got.answers)*99/100], "ms", noGoal, 0, "the same")
	return nil
}

// callsPerSecond raises the rate until a call fails.
func callsPerSecond(r *run) error {
	l, err := r.openLine("rate")
	if err != nil {
		return err
	}
	defer l.Kill()
	best, p99 := 0, 0.0
	for rate := firstRate; rate <= lastRate; rate += rateStep {
		n := int(rateFor.Seconds()) * rate
		got, err := l.dial(r.ctx, n, rate, waits/2)
		if err != nil {
			return err
		}
		if got.failed > 0 || got.took > 2*rateFor {
			break
		}
		best, p99 = rate, got.answers[len(got.answers)*99/100]
	}
	r.figure("calls_per_second", float64(best), "calls/s", atLeast, 400,
		fmt.Sprintf("none failed, into a queue, each %v there; answered within %.0f ms (p99); sipp shares the processors", waits/2, p99))
	return nil
}

// callsMemory is what is left of many calls once they are over.
func callsMemory(r *run) error {
	l, err := r.openLine("memory")
	if err != nil {
		return err
	}
	defer l.Kill()
	if _, err := l.dial(r.ctx, queuedRate, queuedRate, waits); err != nil { // what is made once is made
		return err
	}
	if err := r.pause(calmWithin); err != nil {
		return err
	}
	before, err := l.gauges(r.ctx)
	if err != nil {
		return err
	}
	got, err := l.dial(r.ctx, r.telephones, memoryRate, waits)
	if err != nil {
		return err
	}
	if err := r.pause(calmWithin); err != nil {
		return err
	}
	memory, err := resident(l.PID())
	if err != nil {
		return err
	}
	after, err := l.gauges(r.ctx)
	if err != nil {
		return err
	}
	r.figure("calls_memory", float64(memory)/1e6, "MB", atMost, 200,
		fmt.Sprintf("resident, %v after %d calls, %d of them failed", calmWithin, r.telephones, got.failed))
	r.figure("calls_left_goroutines", after["go_goroutines"]-before["go_goroutines"], "", atMost, 0, fmt.Sprintf("more than the %.0f before", before["go_goroutines"]))
	r.figure("calls_left_heap", (after[heap]-before[heap])/1e6, "MB", noGoal, 0, fmt.Sprintf("more than the %.0f MB before", before[heap]/1e6))
	return nil
}

const heap = "go_memstats_heap_alloc_bytes"

// gauges reads the program's metrics that have no labels.
func (l *line) gauges(ctx context.Context) (map[string]float64, error) {
	q, err := http.NewRequestWithContext(ctx, "GET", "http://"+l.metrics+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var page bytes.Buffer
	if _, err := page.ReadFrom(res.Body); err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for row := range strings.Lines(page.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(row), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] = v
		}
	}
	if all["go_goroutines"] == 0 || all[heap] == 0 {
		return nil, fmt.Errorf("the metrics are not as they should be:\n%s", page.String())
	}
	return all, nil
}
