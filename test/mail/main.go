package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"nubitalk/internal/channel/email/mailtest"
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &process{ctx: ctx}
	defer p.end()
	serve(p, mailtest.Start(p, flag.Args()...))
}

// told is a line of the output.
type told struct {
	IMAP        int               `json:"imap,omitempty"` // ports, with TLS at once
	SMTP        int               `json:"smtp,omitempty"`
	Certificate string            `json:"certificate,omitempty"` // file
	Password    string            `json:"password,omitempty"`    // every account's
	Mail        map[string]string `json:"mail,omitempty"`        // of a folder, by name
}

// asked is a line of the input.
type asked struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Message string `json:"message"` // is delivered, if there is one
	Account string `json:"account"` // else what lies there is told
	Folder  string `json:"folder"`
}

func serve(p *process, provider *mailtest.Provider) {
	out, in := json.NewEncoder(os.Stdout), json.NewDecoder(os.Stdin)
	lines := make(chan asked)
	go func() {
		defer close(lines)
		for {
			var a asked
			if in.Decode(&a) != nil {
				return
			}
			lines <- a
		}
	}()
	answer := told{IMAP: provider.IMAPS, SMTP: provider.SMTPS, Certificate: provider.CertFile, Password: mailtest.Password}
	for {
		if out.Encode(answer) != nil {
			return // nobody listens any more
		}
		select {
		case <-p.ctx.Done():
			return
		case a, more := <-lines:
			if !more {
				return
			}
			answer = told{}
			if a.Message != "" {
				provider.Deliver(a.From, a.To, a.Message)
			} else {
				answer.Mail = provider.Mail(a.Account, a.Folder)
			}
		}
	}
}

// process is a test that is the whole program.
type process struct {
	ctx  context.Context
	ends []func()
}

func (p *process) Helper()                  {}
func (p *process) Context() context.Context { return p.ctx }
func (p *process) Cleanup(end func())       { p.ends = append(p.ends, end) }

func (p *process) end() {
	for _, end := range slices.Backward(p.ends) {
		end()
	}
}

func (p *process) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	p.end()
	os.Exit(1)
}

func (p *process) Fatalf(format string, args ...any) { p.Fatal(fmt.Sprintf(format, args...)) }
