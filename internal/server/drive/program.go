package drive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Demo is what `nubitalk-demo --json` prints, or what is known of another instance.
type Demo struct {
	BaseURL     string       `json:"base_url"`
	Logins      []Login      `json:"logins"`
	EntryPoints []EntryPoint `json:"entry_points"`
	MetricsURL  string       `json:"metrics_url"`
	SIP         []string     `json:"sip"`
	Mail        Mail         `json:"mail"`
}

// Mail is the demo's own mail provider.
type Mail struct {
	Address     string `json:"address"` // a mailbox that is connected
	Spare       string `json:"spare"`   // an account that is not
	Password    string `json:"password"`
	IMAP        int    `json:"imap"`
	SMTP        int    `json:"smtp"`
	Certificate string `json:"certificate"`
}

// Login is a user to sign in as.
type Login struct {
	Organisation string   `json:"organisation"`
	UserName     string   `json:"user_name"`
	Password     string   `json:"password"`
	Roles        []string `json:"roles"`
}

// EntryPoint is where a visitor's chat arrives.
type EntryPoint struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	Channel      string `json:"channel"`
	Name         string `json:"name"`
}

// Login finds the first login of an organisation with a role.
func (d Demo) Login(organisation, role string) (Login, error) {
	all := d.All(organisation, role)
	if len(all) == 0 {
		return Login{}, fmt.Errorf("no login for %s/%s", organisation, role)
	}
	return all[0], nil
}

// All are the logins of an organisation with a role.
func (d Demo) All(organisation, role string) (out []Login) {
	for _, l := range d.Logins {
		for _, r := range l.Roles {
			if l.Organisation == organisation && r == role {
				out = append(out, l)
			}
		}
	}
	return out
}

// Entry finds the chat entry point of an organisation.
func (d Demo) Entry(organisation string) (string, error) {
	for _, e := range d.EntryPoints {
		if e.Organisation == organisation && e.Channel == "chat" {
			return e.ID, nil
		}
	}
	return "", fmt.Errorf("no chat entry point for %s", organisation)
}

// Build builds the program into dir and gives the path of the binary.
func Build(dir string, tags ...string) (string, error) { return build(dir, "nubitalk", tags) }

// BuildDemo builds the demonstration, which also serves as the program does.
func BuildDemo(dir string) (string, error) { return build(dir, "nubitalk-demo", nil) }

func build(dir, name string, tags []string) (string, error) {
	bin := filepath.Join(dir, name)
	args := []string{"build", "-trimpath", "-o", bin}
	for _, t := range tags {
		args = append(args, "-tags", t)
	}
	cmd := exec.Command("go", append(args, "nubitalk/cmd/"+name)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return bin, nil
}

// Program is a running process of the product.
type Program struct {
	Demo
	cmd  *exec.Cmd
	done chan struct{}
	err  error
	log  *tail
	out  *tail // of Serve
}

// Run starts `nubitalk-demo --json` with its data in dir and waits until it
// serves. listen is an address such as 127.0.0.1:0.
func Run(ctx context.Context, bin, dir, listen string, args ...string) (*Program, error) {
	p := &Program{done: make(chan struct{}), log: &tail{}}
	p.cmd = exec.Command(bin, append([]string{"--json", "--data", dir, "--listen", listen}, args...)...)
	p.cmd.Stderr, p.cmd.Env = p.log, Environment(os.Environ())
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	first := make(chan error, 1)
	go func() {
		r := bufio.NewReader(out)
		first <- json.NewDecoder(r).Decode(&p.Demo)
		_, _ = io.Copy(io.Discard, r)
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	select {
	case err := <-first:
		if err != nil {
			p.Kill()
			return nil, fmt.Errorf("the program said nothing useful: %w\n%s", err, p.log)
		}
	case <-ctx.Done():
		p.Kill()
		return nil, fmt.Errorf("the program did not start: %w\n%s", ctx.Err(), p.log)
	}
	return p, nil
}

// PID is the process id.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Log is what the program wrote to standard error, its last part.
func (p *Program) Log() string { return p.log.String() }

// Kill ends the process at once, as a power cut does.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Stop asks the process to end and waits for it.
func (p *Program) Stop(ctx context.Context) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("the program did not stop in time\n%s", p.log)
	}
}

// tail keeps the last part of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 1<<20; over > 0 {
		t.b = t.b[over:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// Client is an HTTP client for many connections to one loopback server.
func Client() *http.Client {
	return &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxConnsPerHost: 0, IdleConnTimeout: time.Minute}}
}
