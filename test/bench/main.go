package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"nubitalk/internal/server/drive"
)

// bench takes one or more figures.
type bench struct {
	names []string // of its figures
	run   func(*run) error
}

var benches = []bench{
	{[]string{"binary_size"}, binarySize},
	{[]string{"desk_first_load", "widget_first_load"}, firstLoads},
	{[]string{"acd_step", "acd_growth"}, acdStep},
	{[]string{"wallboard_update", "wallboard_idle_second"}, wallboard},
	{[]string{"cold_start", "cold_start_cpu", "idle_memory"}, coldStart},
	{[]string{"message_latency_p50", "message_cpu_paced", "messages_per_second", "message_cpu"}, messages},
	{[]string{"free_to_offer", "free_to_offer_p99"}, freeToOffer},
	{[]string{"floor_restart", "floor_restart_cpu", "floor_restart_memory"}, floorRestart},
	{[]string{"agents_back", "agents_back_cpu"}, agentsBack},
	{[]string{"visitors_memory", "visitors_cpu"}, visitorsMemory},
	{[]string{"mix_four"}, mixFour},
	{[]string{"srtp_relay", "srtp_relay_over_bare", "srtp_relay_allocs", "relay_latency_p50", "relay_latency_p99"}, srtpRelay},
	{[]string{"recording_cpu", "recorded_calls_cpu", "recording_allocs"}, recordingCPU},
	{[]string{"pause_latency_p50", "pause_latency_p99", "pause_answer_p99"}, pauseLatency},
	{[]string{"recording_seek", "recording_seek_p99", "recording_seek_browser"}, recordingSeek},
	{[]string{"sip_browser"}, sipBrowser},
	{[]string{"caller_waits"}, callerWaits},
	{[]string{"calls_cpu", "call_answered_p50", "call_answered_p99"}, queuedCalls},
	{[]string{"call_to_phone_p50", "call_to_phone_p99", "call_to_phone_cpu"}, callToPhone},
	{[]string{"free_to_invite", "free_to_invite_p99"}, freeToInvite},
	{[]string{"calls_per_second"}, callsPerSecond},
	{[]string{"calls_back", "calls_back_last"}, callsBack},
	{[]string{"flood_calls", "flood_memory", "flood_cpu"}, strangersFlood},
	{[]string{"mail_cpu", "mails_per_second"}, routedMails},
	{[]string{"mailboxes_memory", "mailboxes_cpu"}, idleMailboxes},
	{[]string{"backlog_newest", "backlog_oldest", "backlog_memory", "backlog_cpu"}, mailBacklog},
	{[]string{"tenants_start", "tenants_idle", "tenants_idle_cpu", "tenants_stop", "tenants_list"}, manyTenants},
	{[]string{"calls_memory", "calls_left_goroutines", "calls_left_heap"}, callsMemory},
}

// run is what the benches share.
type run struct {
	ctx      context.Context
	name     string // the only figure wanted; "" for all
	root     string // of the source
	visitors int
	agents   int
	seconds  int
	calls    int
	// telephones is how many calls come by telephone for calls_memory.
	telephones int
	mailboxes  int // for mailboxes_memory
	tenants    int // for tenants_start and those with it
	backlog    int // unread messages for backlog_newest and backlog_oldest

	work string // a folder of ours
	bin  string // made when first needed
	// demoBin is the program that makes the demonstration's data; made when first needed.
	demoBin string
	data    string // of a demonstration, made when first needed
	demo    drive.Demo
}

func main() {
	r := &run{}
	flag.StringVar(&r.name, "name", "", "take only this figure")
	flag.StringVar(&r.bin, "bin", "", "measure this program instead of bin/nubitalk or one built now")
	flag.StringVar(&r.demoBin, "demo", "", "make the data with this program instead of bin/nubitalk-demo or one built now")
	flag.IntVar(&r.visitors, "visitors", 20000, "connected visitors for visitors_memory")
	flag.IntVar(&r.agents, "agents", 5000, "live connections for agents_back")
	flag.IntVar(&r.seconds, "seconds", 10, "length of messages_per_second, of flood_calls and of the figures of sound")
	flag.IntVar(&r.calls, "calls", 100, "calls for srtp_relay, recording_cpu and sip_browser; five times as many for caller_waits")
	flag.IntVar(&r.telephones, "telephones", 30000, "calls by telephone for calls_memory")
	flag.IntVar(&r.mailboxes, "mailboxes", 1000, "idle mailboxes for mailboxes_memory")
	flag.IntVar(&r.backlog, "backlog", 50000, "unread messages for backlog_newest and backlog_oldest")
	flag.IntVar(&r.tenants, "tenants", 10000, "organisations for tenants_start, tenants_idle and tenants_list")
	child := flag.Bool("media", false, "be the process that is measured for sound")
	flag.Parse()
	if *child {
		if err := mediaChild(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench: media:", err)
			os.Exit(1)
		}
		return
	}
	if err := r.all(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (r *run) all() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	r.ctx = ctx
	// The checkout in which it is run: its pages and its program are measured.
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("finding the checkout: %w", err)
	}
	r.root = filepath.Dir(strings.TrimSpace(string(module)))
	if r.work, err = os.MkdirTemp("", "nubitalk-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(r.work) }()
	var failed, known []string
	for _, b := range benches {
		known = append(known, b.names...)
		if r.name != "" && !slices.Contains(b.names, r.name) {
			continue
		}
		if err := b.run(r); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", strings.Join(b.names, ", "), err)
			failed = append(failed, b.names...)
		}
	}
	if r.name != "" && !slices.Contains(known, r.name) {
		return fmt.Errorf("there is no figure %q; there are %s", r.name, strings.Join(known, ", "))
	}
	if len(failed) > 0 {
		return fmt.Errorf("could not be taken: %s", strings.Join(failed, ", "))
	}
	return nil
}

// direction is where a goal lies.
type direction int

const (
	atMost direction = iota
	atLeast
	noGoal
)

// figure prints one line. how says what a reader must know, such as wall time.
func (r *run) figure(name string, value float64, unit string, to direction, goal float64, how string) {
	wanted, verdict := "", ""
	switch {
	case to == atMost:
		wanted = "goal ≤ " + number(goal)
		if value > goal {
			verdict = "over"
		}
	case to == atLeast:
		wanted = "goal ≥ " + number(goal)
		if value < goal {
			verdict = "under"
		}
	}
	if how != "" {
		how = "(" + how + ")"
	}
	fmt.Printf("%-22s %12s %-10s %-18s %-6s %s\n", name, number(value), unit, wanted, verdict, how)
}

// number has three significant digits, and all before the point.
func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
