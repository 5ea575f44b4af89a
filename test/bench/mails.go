package main

import (
	"errors"
	"fmt"
	"time"

	"nubitalk/internal/channel/email/mailtest"
	"nubitalk/internal/server/drive"
)

// mails is how many messages mail_cpu routes: less than are work at a time.
const mails = 400

const (
	mailHelp = "help@shop.test"
	mailFrom = "rita@home.test"
)

// routedMails is what messages cost from the provider to a queue: a mailbox with unread
// messages is connected, and each is fetched, read, known by its identity, and made work
// of a person that never wrote before.
func routedMails(r *run) error {
	return mailtest.Outside(r.ctx, func(t mailtest.T) {
		if err := r.routeMails(mailtest.Start(t, mailHelp, mailFrom)); err != nil {
			t.Fatal(err)
		}
	})
}

func (r *run) routeMails(p *mailtest.Provider) error {
	ctx := r.ctx
	dir, err := r.installation("mails")
	if err != nil {
		return err
	}
	program, err := r.serve(dir, "", "--email-inside", "127.0.0.0/8", "--email-authority", p.CertFile)
	if err != nil {
		return err
	}
	defer program.Kill()
	login, err := r.demo.Login("demo", "administrator")
	if err != nil {
		return err
	}
	admin, err := drive.SignIn(ctx, drive.Client(), program.BaseURL, login)
	if err != nil {
		return err
	}
	letters := make([]string, mails)
	for i := range letters {
		letters[i] = fmt.Sprintf("From: Person %[1]d <p%[1]d@home.test>\nTo: %[2]s\nSubject: Where is my order %[1]d?\nMessage-ID: <%[1]d@home.test>\n"+
			"Date: Sun, 29 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n"+
			"Hello,\nit should have come on Monday.\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>Hello,<br>it should have come <b>on Monday</b>.</p>\n--b--\n", i, mailHelp)
	}
	p.Drop(mailHelp, letters)
	type m = map[string]any
	var queue, flow, entry, box struct{ ID string }
	for _, o := range []struct {
		kind string
		in   func() any
		out  any
	}{
		{"queues", func() any { return m{"name": "Mail", "channels": []string{"email"}, "wrap_up_seconds": 0} }, &queue},
		{"flows", func() any {
			return m{"name": "Mail", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": queue.ID}}}}
		}, &flow},
		{"entry-points", func() any {
			return m{"name": "Mail", "channel": "email", "flow": flow.ID, "languages": []string{"en"}, "theme": m{"title": m{}, "welcome": m{}, "accent": "#336699", "position": "right", "mode": "auto"},
				"attachments": m{"allowed": false, "max_mb": 1, "types": []string{}}}
		}, &entry},
	} {
		if err := admin.Do(ctx, "POST", o.kind, o.in(), o.out); err != nil {
			return fmt.Errorf("%s: %w", o.kind, err)
		}
	}
	before, err := cpu(program.PID())
	if err != nil {
		return err
	}
	began := time.Now()
	err = admin.Do(ctx, "POST", "mailboxes", m{"name": "Help", "address": mailHelp, "imap": m{"host": "localhost", "port": p.IMAPS}, "smtp": m{"host": "localhost", "port": p.SMTPS},
		"password": mailtest.Password, "entry_point": entry.ID, "unread": true}, &box)
	if err != nil {
		return fmt.Errorf("mailboxes: %w", err)
	}
	for {
		var now struct{ Open int }
		if err := admin.Do(ctx, "GET", "mailboxes/"+box.ID+"/status", nil, &now); err != nil {
			return err
		}
		if now.Open == mails {
			break
		}
		if time.Since(began) > 2*time.Minute {
			return errors.New("the messages do not all become work")
		}
		if err := r.pause(20 * time.Millisecond); err != nil {
			return err
		}
	}
	took := time.Since(began)
	after, err := cpu(program.PID())
	if err != nil {
		return err
	}
	r.figure("mail_cpu", float64((after-before).Microseconds())/1000/mails, "ms", atMost, 3, fmt.Sprintf("server CPU a message, of %d unread ones of a mailbox, each of a new person", mails))
	r.figure("mails_per_second", mails/took.Seconds(), "/s", atLeast, 100, "the same, wall, one mailbox, beside Dovecot")
	return nil
}
