package setup

import "strings"

// RejectReason is why an email is rejected: answered to nobody, or with a few words of the
// organisation's own.
type RejectReason struct {
	Name   string            `json:"name" minLength:"1" maxLength:"80" doc:"What agents choose, and what stands in the record."`
	Text   map[string]string `json:"text" doc:"Sent to who wrote, by language, in the email's where there is one; empty: nothing is. Never to what a machine sent, to lists, to the organisation's own mailboxes, and to one address once a day at most."`
	After  MailAfter         `json:"after" default:"mailbox" enum:"mailbox,flag,move" doc:"What is done with the message at the provider. mailbox: what its mailbox says. flag: it is marked as read. move: the same, and it goes to move_to. It is never deleted."`
	MoveTo string            `json:"move_to" maxLength:"200" doc:"The folder, with move; it is made if there is none."`
}

// MailAsMailbox: a rejected message is left as its mailbox says of handled ones.
const MailAsMailbox MailAfter = "mailbox"

func (RejectReason) Kind() Kind         { return KindRejectReason }
func (r RejectReason) Called() string   { return r.Name }
func (r RejectReason) Unique() []Unique { return byName(r.Name) }
func (RejectReason) Uses() []Use        { return nil }

func (r RejectReason) clean() Object {
	r.Name, r.Text, r.MoveTo = tidy(r.Name), tidyTexts(r.Text), strings.TrimSpace(r.MoveTo)
	if r.After == "" {
		r.After = MailAsMailbox
	}
	if r.After != MailMove {
		r.MoveTo = ""
	}
	return r
}

func (r RejectReason) Validate(Refs) error {
	var c checks
	c.name("name", r.Name, 1, 80)
	c.texts("text", r.Text, 1, 2000, nil)
	c.oneOf("after", string(r.After), string(MailAsMailbox), string(MailFlag), string(MailMove))
	if r.After == MailMove {
		c.name("move_to", r.MoveTo, 1, 200)
	}
	return c.Err()
}

// Then is what is done with a rejected message of a mailbox, and the folder of move.
func (r RejectReason) Then(m Mailbox) (after MailAfter, folder string) {
	if r.After == MailAsMailbox || r.After == "" {
		return m.After, m.MoveTo
	}
	return r.After, r.MoveTo
}
