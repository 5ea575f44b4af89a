package main

import (
	"fmt"
	"maps"
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
	return r.withMail("mails", []string{mailHelp, mailFrom}, func(o *mailOffice) error {
		o.provider.Drop(mailHelp, letters(mails))
		before, err := cpu(o.program.PID())
		if err != nil {
			return err
		}
		began := time.Now()
		box, err := o.connect(mailHelp, map[string]any{"unread": true})
		if err != nil {
			return err
		}
		if err := o.until(box, "the messages do not all become work", func(s mailStatus) bool { return s.Open == mails }); err != nil {
			return err
		}
		took := time.Since(began)
		after, err := cpu(o.program.PID())
		if err != nil {
			return err
		}
		r.figure("mail_cpu", float64((after-before).Microseconds())/1000/mails, "ms", atMost, 3, fmt.Sprintf("server CPU a message, of %d unread ones of a mailbox, each of a new person", mails))
		r.figure("mails_per_second", mails/took.Seconds(), "/s", atLeast, 100, "the same, wall, one mailbox, beside Dovecot")
		return nil
	})
}

// idleSeconds is how long mailboxes_cpu watches mailboxes to which nothing comes.
const idleSeconds = 20

// idleMailboxes is what mailboxes cost to which nothing comes: each is connected to a real
// Dovecot, and waits there (IDLE). Afterwards something comes to one of them.
func idleMailboxes(r *run) error {
	all := make([]string, r.mailboxes)
	for i := range all {
		all[i] = fmt.Sprintf("box%d@shop.test", i)
	}
	return r.withMail("mailboxes", append(all, mailFrom), func(o *mailOffice) error {
		before, err := r.settled(o.program.PID())
		if err != nil {
			return err
		}
		began := time.Now()
		boxes := make([]string, len(all))
		for i, address := range all {
			if boxes[i], err = o.connect(address, nil); err != nil {
				return err
			}
		}
		for _, box := range boxes {
			if err := o.until(box, "a mailbox is not followed", func(s mailStatus) bool { return s.State == "connected" }); err != nil {
				return err
			}
		}
		took := time.Since(began)
		after, err := r.settled(o.program.PID())
		if err != nil {
			return err
		}
		used, err := cpu(o.program.PID())
		if err != nil {
			return err
		}
		if err := r.pause(idleSeconds * time.Second); err != nil {
			return err
		}
		later, err := cpu(o.program.PID())
		if err != nil {
			return err
		}
		o.provider.Drop(all[len(all)/2], letters(1))
		if err := o.until(boxes[len(all)/2], "what comes to an idle mailbox is not work", func(s mailStatus) bool { return s.Open == 1 }); err != nil {
			return err
		}
		grown := float64(after-before) / 1e6
		r.figure("mailboxes_memory", grown, "MB", atMost, 200, fmt.Sprintf("growth of the resident memory with %d idle mailboxes at Dovecot, %.0f KB each; set up and connected in %.0f s", len(all), grown*1000/float64(len(all)), took.Seconds()))
		r.figure("mailboxes_cpu", float64((later-used).Milliseconds())/idleSeconds, "ms", noGoal, 0, "server CPU in a second in which nothing comes to them")
		return nil
	})
}

// mailBacklog is what a mailbox with many unread messages does: so many of them are work
// as may be, nobody handles them, and a message comes. It is timed from where the provider
// has it until it is in a queue, several times, in either order.
func mailBacklog(r *run) error {
	const news = 15
	for _, order := range []string{"newest", "oldest"} {
		err := r.withMail("backlog-"+order, []string{mailHelp, mailFrom}, func(o *mailOffice) error {
			o.provider.Drop(mailHelp, letters(r.backlog))
			before, err := r.settled(o.program.PID())
			if err != nil {
				return err
			}
			if err := peakAnew(o.program.PID()); err != nil {
				return err
			}
			box, err := o.connect(mailHelp, map[string]any{"unread": true, "order": order})
			if err != nil {
				return err
			}
			full := 0
			err = o.until(box, "the backlog does not become work", func(s mailStatus) bool {
				full = s.Open
				return s.Open >= 400 || s.Open == r.backlog
			})
			if err != nil {
				return err
			}
			most, err := peak(o.program.PID())
			if err != nil {
				return err
			}
			used, err := cpu(o.program.PID())
			if err != nil {
				return err
			}
			var took []float64
			for i := range news {
				from := time.Now()
				o.provider.Drop(mailHelp, []string{letter(1_000_000 + i)})
				if err := o.until(box, "what comes is kept out by the backlog", func(s mailStatus) bool { return s.Open == full+i+1 }); err != nil {
					return err
				}
				took = append(took, time.Since(from).Seconds()*1000)
			}
			later, err := cpu(o.program.PID())
			if err != nil {
				return err
			}
			r.figure("backlog_"+order, median(took), "ms", atMost, 1000, fmt.Sprintf("wall, from Dovecot's folder to a queue, while %d unread wait and %d are work; median of %d, Dovecot's own delay is in it", r.backlog, full, news))
			if order == "newest" {
				r.figure("backlog_memory", float64(most-before)/1e6, "MB", atMost, 64, "the most that the resident memory grew by, with that backlog")
				r.figure("backlog_cpu", float64((later-used).Milliseconds())/news, "ms", noGoal, 0, "server CPU for each message that comes then, with the questions of the bench")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mailOffice is a program with a provider, whose mailboxes lead to a queue.
type mailOffice struct {
	r        *run
	provider *mailtest.Provider
	program  *drive.Program
	admin    *drive.User
	entry    string
}

// withMail does something with an office of its own.
func (r *run) withMail(name string, addresses []string, fn func(*mailOffice) error) error {
	return mailtest.Outside(r.ctx, func(t mailtest.T) {
		o := &mailOffice{r: r, provider: mailtest.Start(t, addresses...)}
		err := o.open(name)
		if o.program != nil {
			defer o.program.Kill()
		}
		if err == nil {
			err = fn(o)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

func (o *mailOffice) open(name string) error {
	dir, err := o.r.installation(name)
	if err != nil {
		return err
	}
	if o.program, err = o.r.serve(dir, "", "--email-inside", "127.0.0.0/8", "--email-authority", o.provider.CertFile); err != nil {
		return err
	}
	login, err := o.r.demo.Login("demo", "administrator")
	if err != nil {
		return err
	}
	if o.admin, err = drive.SignIn(o.r.ctx, drive.Client(), o.program.BaseURL, login); err != nil {
		return err
	}
	type m = map[string]any
	var queue, flow, entry struct{ ID string }
	for _, one := range []struct {
		kind string
		in   func() any
		out  any
	}{
		{"queues", func() any { return m{"name": "Mail of the bench", "channels": []string{"email"}, "wrap_up_seconds": 0} }, &queue},
		{"flows", func() any {
			return m{"name": "Mail of the bench", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": queue.ID}}}}
		}, &flow},
		{"entry-points", func() any {
			return m{"name": "Mail of the bench", "channel": "email", "flow": flow.ID, "languages": []string{"en"}, "theme": m{"title": m{}, "welcome": m{}, "accent": "#336699", "position": "right", "mode": "auto"},
				"attachments": m{"allowed": false, "max_mb": 1, "types": []string{}}}
		}, &entry},
	} {
		if err := o.admin.Do(o.r.ctx, "POST", one.kind, one.in(), one.out); err != nil {
			return fmt.Errorf("%s: %w", one.kind, err)
		}
	}
	o.entry = entry.ID
	return nil
}

// connect sets a mailbox up and gives its id.
func (o *mailOffice) connect(address string, more map[string]any) (string, error) {
	type m = map[string]any
	body := m{"name": address, "address": address, "imap": m{"host": "localhost", "port": o.provider.IMAPS}, "smtp": m{"host": "localhost", "port": o.provider.SMTPS},
		"password": mailtest.Password, "entry_point": o.entry}
	maps.Copy(body, more)
	var box struct{ ID string }
	if err := o.admin.Do(o.r.ctx, "POST", "mailboxes", body, &box); err != nil {
		return "", fmt.Errorf("mailboxes: %w", err)
	}
	return box.ID, nil
}

type mailStatus struct {
	State string
	Open  int
}

// until waits until a mailbox stands as it should.
func (o *mailOffice) until(box, otherwise string, so func(mailStatus) bool) error {
	for began := time.Now(); ; {
		var now mailStatus
		if err := o.admin.Do(o.r.ctx, "GET", "mailboxes/"+box+"/status", nil, &now); err != nil {
			return err
		}
		if so(now) {
			return nil
		}
		if time.Since(began) > 3*time.Minute {
			return fmt.Errorf("%s: %+v", otherwise, now)
		}
		if err := o.r.pause(20 * time.Millisecond); err != nil {
			return err
		}
	}
}

func letters(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = letter(i)
	}
	return all
}

func letter(i int) string {
	return fmt.Sprintf("From: Person %[1]d <p%[1]d@home.test>\nTo: %[2]s\nSubject: Where is my order %[1]d?\nMessage-ID: <%[1]d@home.test>\n"+
		"Date: Sun, 29 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n"+
		"Hello,\nit should have come on Monday.\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>Hello,<br>it should have come <b>on Monday</b>.</p>\n--b--\n", i, mailHelp)
}
