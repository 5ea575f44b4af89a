package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"nubitalk/internal/channel/email/mailtest"
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := mailtest.Outside(ctx, func(t mailtest.T) { serve(ctx, mailtest.Start(t, flag.Args()...)) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// told is a line of the output.
type told struct {
	IMAP        int               `json:"imap,omitempty"` // ports, with TLS at once
	SMTP        int               `json:"smtp,omitempty"`
	Certificate string            `json:"certificate,omitempty"` // file
	Password    string            `json:"password,omitempty"`    // every account's
	Tokens      string            `json:"tokens,omitempty"`      // address of what gives tokens in its place
	Client      string            `json:"client,omitempty"`      // by which it knows us, with its secret
	Secret      string            `json:"secret,omitempty"`
	Mail        map[string]string `json:"mail,omitempty"` // of a folder, by name
}

// asked is a line of the input.
type asked struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Message string `json:"message"` // is delivered, if there is one
	Account string `json:"account"` // else what lies there is told
	Folder  string `json:"folder"`
}

func serve(ctx context.Context, provider *mailtest.Provider) {
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
	answer := told{IMAP: provider.IMAPS, SMTP: provider.SMTPS, Certificate: provider.CertFile, Password: mailtest.Password,
		Tokens: provider.Tokens.URL, Client: mailtest.Client, Secret: mailtest.ClientSecret}
	for {
		if out.Encode(answer) != nil {
			return // nobody listens any more
		}
		select {
		case <-ctx.Done():
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
