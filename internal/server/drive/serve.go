package drive

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Serve starts `nubitalk serve` over an existing data folder, without TLS and
// without limits of calls, and waits until it says that it is ready. args come
// after those and win.
func Serve(ctx context.Context, bin, dir, listen string, args ...string) (*Program, error) {
	p := &Program{done: make(chan struct{}), log: &tail{}, out: &tail{}}
	p.BaseURL = "http://" + listen
	p.cmd = exec.Command(bin, append([]string{"serve", "--data", dir, "--listen", listen, "--tls-mode", "off", "--limits-calls", "0",
		"--metrics-listen", "", "--log-level", "warn"}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = p.out, p.log, Environment(os.Environ())
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for !ready(ctx, c, p.BaseURL) {
		select {
		case <-p.done:
			return nil, fmt.Errorf("the program ended at its start: %w\n%s", p.err, p.log)
		case <-ctx.Done():
			p.Kill()
			return nil, fmt.Errorf("the program is not ready: %w\n%s", ctx.Err(), p.log)
		case <-time.After(2 * time.Millisecond):
		}
	}
	return p, nil
}

// Environment is one without settings of the program: an instance that is started for a
// check must not take the configuration, and so the database, of the one beside it.
func Environment(of []string) []string {
	return slices.DeleteFunc(slices.Clone(of), func(v string) bool { return strings.HasPrefix(v, "NUBITALK_") })
}

func ready(ctx context.Context, c *http.Client, base string) bool {
	r, err := http.NewRequestWithContext(ctx, "GET", base+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := c.Do(r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// FirstPage waits until a new installation says where it is set up.
func (p *Program) FirstPage(ctx context.Context) (string, error) {
	for {
		for line := range strings.Lines(p.out.String()) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, p.BaseURL+"/start?") {
				return line, nil
			}
		}
		select {
		case <-p.done:
			return "", fmt.Errorf("the program ended: %w\n%s", p.err, p.log)
		case <-ctx.Done():
			return "", fmt.Errorf("the program names no first page: %w", ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}
