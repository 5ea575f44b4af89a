package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/server/drive"
)

// startWithin bounds a start of the program, on a machine that others use too.
const startWithin = 2 * time.Minute

// program is the binary that is measured.
func (r *run) program() (string, error) { return r.built(&r.bin, "nubitalk") }

// built is bin/NAME if it is newer than every source, and otherwise one that is built
// now, in the same way; at keeps which.
func (r *run) built(at *string, name string) (string, error) {
	if *at != "" {
		return *at, nil
	}
	made := filepath.Join(r.root, "bin", name)
	if fresh(made, r.root) {
		*at = made
		return made, nil
	}
	// As `make build` does it, because the size is one of the figures.
	bin := filepath.Join(r.work, name)
	cmd := exec.CommandContext(r.ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -funcalign=16", "-o", bin, "./cmd/"+name)
	cmd.Dir, cmd.Env = r.root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	*at = bin
	return bin, nil
}

// fresh says whether nothing that is built into a binary is newer than it.
func fresh(bin, root string) bool {
	info, err := os.Stat(bin)
	if err != nil {
		return false
	}
	fresh := true
	for _, dir := range []string{"cmd", "internal", "web/packed", "deploy", "docs/notice", "go.mod"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			i, err := d.Info()
			if err == nil && i.ModTime().After(info.ModTime()) {
				fresh = false
				return fs.SkipAll
			}
			return err
		})
		if err != nil || !fresh {
			return false
		}
	}
	return true
}

// demonstration makes a data folder with the demonstration's organisations and
// its week of history, once.
func (r *run) demonstration() error {
	if r.data != "" {
		return nil
	}
	bin, err := r.built(&r.demoBin, "nubitalk-demo")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.ctx, startWithin)
	defer cancel()
	dir := filepath.Join(r.work, "data")
	p, err := drive.Run(ctx, bin, dir, "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.demo = p.Demo
	if err := p.Stop(ctx); err != nil {
		return err
	}
	r.data = dir
	return nil
}

// installation is a data folder of its own for one bench: a copy of the
// demonstration's.
func (r *run) installation(name string) (string, error) {
	if err := r.demonstration(); err != nil {
		return "", err
	}
	dir := filepath.Join(r.work, name)
	return dir, copyPrivate(dir, r.data)
}

// copyPrivate copies a folder for nobody but the owner, as the program wants it.
func copyPrivate(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o600)
	})
}

// serve starts the program over a data folder.
func (r *run) serve(dir, listen string, args ...string) (*drive.Program, error) {
	bin, err := r.program()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.ctx, startWithin)
	defer cancel()
	if listen == "" {
		if listen, err = freeport.Address(); err != nil {
			return nil, err
		}
	}
	return drive.Serve(ctx, bin, dir, listen, args...)
}

// clockTick is the unit of the times in /proc: the kernel's USER_HZ, which is
// 100 on every Linux.
const clockTick = 10 * time.Millisecond

// cpu is the time that a process has spent on processors, its own and the
// kernel's for it.
func cpu(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name in parentheses may hold anything; fields 14 and 15 follow it
	// (proc_pid_stat(5)).
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is not as it should be", pid)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * clockTick, err
}

// resident is the memory that a process holds, in bytes (VmRSS).
func resident(pid int) (int64, error) { return memory(pid, "VmRSS:") }

// peak is the most that a process held since peakAnew, in bytes (VmHWM).
func peak(pid int) (int64, error) { return memory(pid, "VmHWM:") }

// peakAnew begins peak anew (proc_pid_clear_refs(5)).
func peakAnew(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o200)
}

func memory(pid int, what string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, what); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no %s", pid, what)
}

// settled is a process's memory once it does not grow or shrink by more than a
// hundredth over two seconds, or after half a minute.
func (r *run) settled(pid int) (int64, error) {
	last, err := resident(pid)
	for range 15 {
		if err != nil || r.pause(2*time.Second) != nil {
			break
		}
		now := int64(0)
		if now, err = resident(pid); max(now-last, last-now) < last/100 {
			return now, err
		}
		last = now
	}
	return last, err
}

// pause waits, or says that the run was ended.
func (r *run) pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}
