package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// binarySize is that of the stripped program.
func binarySize(r *run) error {
	bin, err := r.program()
	if err != nil {
		return err
	}
	info, err := os.Stat(bin)
	if err != nil {
		return err
	}
	r.figure("binary_size", float64(info.Size())/1e6, "MB", atMost, 70, "")
	return nil
}

// loaded finds what a page loads before anything is clicked.
var loaded = regexp.MustCompile(`<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"`)

// firstLoads are the bytes, compressed as they travel, of what a browser
// fetches for the desk's sign-in page and for a page with the widget.
func firstLoads(r *run) error {
	dist := filepath.Join(r.root, "web", "dist")
	page, err := os.ReadFile(filepath.Join(dist, "desktop", "index.html"))
	if err != nil {
		return fmt.Errorf("the pages are not built (make web): %w", err)
	}
	desk, files := packed(page), 1
	for _, m := range loaded.FindAllStringSubmatch(string(page), -1) {
		b, err := os.ReadFile(filepath.Join(dist, "desktop", strings.TrimPrefix(m[1], "/app/")))
		if err != nil {
			return err
		}
		desk += packed(b)
		files++
	}
	r.figure("desk_first_load", float64(desk)/1000, "KB gzip", atMost, 150, fmt.Sprintf("%d files", files))
	widget, err := os.ReadFile(filepath.Join(dist, "widget", "widget.js"))
	if err != nil {
		return err
	}
	r.figure("widget_first_load", float64(packed(widget))/1000, "KB gzip", atMost, 20, "")
	return nil
}

// packed is the length of b in gzip at its best.
func packed(b []byte) int {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a valid one
	_, _ = w.Write(b)                                       // to memory
	_ = w.Close()
	return out.Len()
}

var stepsLine = regexp.MustCompile(`(?m)^BenchmarkStep(Small|Middle|Large)\S*\s.*?([0-9.]+) cpu-ns/op`)

// acdStep is the engine's own benchmark, on the floors of a small, a middle-sized
// and a very large company, alternating: each cost is the median of three.
func acdStep(r *run) error {
	cmd := exec.CommandContext(r.ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkStep(Small|Middle|Large)$", "-benchtime", "1s", "-count", "3", "./internal/core/acd")
	cmd.Dir = r.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	took := map[string][]float64{}
	for _, m := range stepsLine.FindAllSubmatch(out, -1) {
		ns, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return err
		}
		took[string(m[1])] = append(took[string(m[1])], ns)
	}
	if len(took) != 3 {
		return fmt.Errorf("the benchmark printed too few figures:\n%s", out)
	}
	small, middle, large := median(took["Small"]), median(took["Middle"]), median(took["Large"])
	r.figure("acd_step", 1e9/middle, "steps/s", atLeast, 1e6, "a second of CPU; 1,000 agents, 50 queues, 500 waiting")
	r.figure("acd_growth", large/small, "times", atMost, 2,
		fmt.Sprintf("CPU of a step with 10,000 agents, 1,000 queues and 100,000 waiting (%.0f ns) against 100, 10 and 100 (%.0f ns); huge pages: %s; a line of memory takes %.0f ns within 256 KB and %.0f ns within 32 MB", large, small, hugePages(), lineTime(256<<10), lineTime(32<<20)))
	return nil
}

// lineTime is how long a cache line takes to read that is anywhere within so many
// bytes, each told where the next is, in ns: what a step in a large organisation
// waits for, and the small one does not.
func lineTime(size int) float64 {
	const line = 64 / 8 // words
	next := make([]uint64, size/8)
	order := rand.Perm(len(next) / line)
	for i, at := range order {
		next[at*line] = uint64(order[(i+1)%len(order)] * line)
	}
	const reads = 1 << 20
	at := uint64(0)
	for range len(order) {
		at = next[at]
	}
	began := time.Now()
	for range reads {
		at = next[at]
	}
	took := time.Since(began)
	runtime.KeepAlive(at)
	return float64(took.Nanoseconds()) / reads
}

// hugePages is when the system gives memory in large pages without being asked:
// always, madvise (hence never, here) or never. A step in a large heap costs half
// as much with them.
func hugePages() string {
	b, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	if err != nil {
		return "unknown"
	}
	_, rest, _ := bytes.Cut(b, []byte("["))
	mode, _, _ := bytes.Cut(rest, []byte("]"))
	return string(mode)
}
