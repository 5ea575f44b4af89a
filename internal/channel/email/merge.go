package email

import (
	"context"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/mailbox"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// Duplicate is an email that can go on in another.
type Duplicate struct {
	Interaction string    `json:"interaction"`
	Sender      string    `json:"sender"`
	Name        string    `json:"name,omitempty"`
	Subject     string    `json:"subject"`
	Date        time.Time `json:"date,omitzero"`
	Same        bool      `json:"same_sender" doc:"The same address wrote both."`
	Contact     string    `json:"contact"`
	Mine        bool      `json:"mine" doc:"I have it; else it waits in a queue that I serve, or I put it aside."`
}

// mostDuplicates is how many emails are proposed for merging.
const mostDuplicates = 10

// Duplicates are emails that can go on in one that the actor has. Each is read, from
// memory or the provider; one that cannot be read now is left out.
func (s *Service) Duplicates(ctx context.Context, a access.Actor, interaction string) ([]Duplicate, error) {
	list := []Duplicate{}
	o, err := s.openOwn(ctx, a.Tenant, interaction)
	if err != nil {
		return list, err
	}
	found, err := s.Floor.Mergeable(ctx, a, interaction, mostDuplicates)
	if err != nil {
		return list, err
	}
	for _, other := range found {
		x, err := s.open(ctx, a.Tenant, other)
		if err != nil {
			continue
		}
		d := Duplicate{Interaction: other, Sender: senderOf(x.m), Subject: x.m.Subject.Reveal(), Date: x.m.Date, Same: same(o.m, x.m), Mine: x.agent == a.User, Contact: x.contact}
		if len(x.m.From) == 1 {
			d.Name = x.m.From[0].Name.Reveal()
		}
		list = append(list, d)
	}
	return list, nil
}

// senderOf is the address of who wrote a message; "" if it names nobody, or several.
func senderOf(m *message.Message) string {
	if len(m.From) != 1 {
		return ""
	}
	address, err := privacy.NormalAddress(privacy.Email, m.From[0].Address.Reveal(), "")
	if err != nil {
		return ""
	}
	return address
}

// same says whether one address wrote both.
func same(a, b *message.Message) bool {
	from := senderOf(a)
	return from != "" && strings.EqualFold(from, senderOf(b))
}

// Merge has an email go on in another, which the actor has. Where two different people
// wrote, senders must name the addresses of both, so that nobody joins them unseen.
func (s *Service) Merge(ctx context.Context, a access.Actor, into, from string, senders []string) error {
	if into == from {
		return errs.Bad("with", "is this email itself")
	}
	if err := s.Floor.MayMerge(ctx, a, into, from); err != nil { // before anything is said of either
		return err
	}
	both := map[string]opened{}
	for _, one := range []string{into, from} {
		o, err := s.openOwn(ctx, a.Tenant, one)
		if errs.Is(err, errs.Gone) && one == from {
			return errs.New(errs.Conflict, "The other email was handled already.")
		}
		if err != nil {
			return err
		}
		both[one] = o
	}
	if x, y := both[into].m, both[from].m; !same(x, y) {
		seen := func(m *message.Message) bool {
			return slices.ContainsFunc(senders, func(one string) bool { return strings.EqualFold(strings.TrimSpace(one), senderOf(m)) })
		}
		if !seen(x) || !seen(y) {
			return errs.Bad("senders", "must name the addresses of both: two different people wrote these emails")
		}
	}
	for _, one := range []string{into, from} { // what is being sent or rejected is of one of them
		if !s.begins(one) {
			return errs.New(errs.Conflict, "An answer is being sent just now, or it is being rejected.")
		}
		defer s.ends(one)
	}
	n := 0
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		for _, one := range []string{into, from} {
			all, err := tx.MergedEmails(one)
			if n += len(all); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && n+2 > core.MostJoined {
		err = errs.New(errs.Conflict, "At most %d emails go on in one.", core.MostJoined)
	}
	if err == nil {
		err = s.Floor.Merge(ctx, a, into, from)
	}
	if err == nil {
		s.tellAgent(a.Tenant, into, a.User)
	}
	return err
}

// Apart is how an email is taken out of the one into which it was merged.
type Apart struct {
	Email string // the interaction that it was
	Queue string // where it waits; "": the actor has it
	// Undo: it goes back to where it was, as long as nothing was sent since.
	Undo bool
}

// Split takes an email out of the one in which it goes on: it becomes work of its own.
func (s *Service) Split(ctx context.Context, a access.Actor, interaction string, w Apart) (string, error) {
	if !s.begins(interaction) {
		return "", errs.New(errs.Conflict, "An answer is being sent just now, or it is being rejected.")
	}
	defer s.ends(interaction)
	var was, it store.InteractionRow
	var sends []store.EmailSendRow
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		all, err := tx.MergedEmails(interaction)
		if err != nil {
			return err
		}
		if !slices.Contains(all, w.Email) {
			return errs.Bad("email", "is none that was merged into this one")
		}
		if was, err = tx.Interaction(w.Email); err != nil {
			return err
		}
		if it, err = tx.Interaction(interaction); err != nil {
			return err
		}
		sends, err = tx.EmailSends(interaction)
		return err
	})
	if err != nil {
		return "", err
	}
	since := func(x store.EmailSendRow) bool {
		return x.State != failed && x.State != undone && !x.BegunAt.Before(was.ClosedAt)
	}
	if w.Undo && slices.ContainsFunc(sends, since) {
		return "", errs.New(errs.Conflict, "Something was sent since they were merged. Take the email out in its own right instead.")
	}
	o, err := s.open(ctx, a.Tenant, w.Email)
	if err != nil {
		return "", err
	}
	place := channel.Placed{Of: interaction, By: a.User, Agent: a.User, Queue: was.QueueID}
	if place.Queue == "" { // it had come to none
		place.Queue = it.QueueID
	}
	switch {
	case w.Undo && (was.AnsweredAt.IsZero() || was.AgentID != a.User):
		place.Agent, place.Since = "", was.Place
	case w.Queue != "":
		place.Agent, place.Queue = "", w.Queue
	}
	work := arrivalOf(channel.Arrival{Tenant: a.Tenant, Channel: acd.Email, EntryPoint: was.EntryPointID, Language: was.Language, Placed: &place}, o.m)
	work.Open = func(tx *store.Tx, to, _ string) error {
		if err := tx.SplitEmail(w.Email, interaction, to); err != nil {
			return err
		}
		return tx.InsertChat(notesOnly(to, s.Clock.Now()))
	}
	made, _, err := s.Floor.Arrive(ctx, work)
	if err != nil {
		return "", err
	}
	s.held.forget(a.Tenant, w.Email)
	s.keep(ctx, a.Tenant, made, o.m)
	s.tellAgent(a.Tenant, interaction, a.User)
	return made, nil
}

// mergedMail is the message of an interaction that goes on in another.
type mergedMail struct {
	interaction string
	m           *message.Message
}

// reached are the emails that go on in one and that an answer to some addresses answers,
// too: those of whoever wrote them and is among them.
func reached(o opened, to []string) (all []string) {
	for _, x := range o.beside {
		if slices.ContainsFunc(slices.Concat(x.m.From, x.m.ReplyTo), func(a message.Address) bool {
			return slices.ContainsFunc(to, func(one string) bool { return strings.EqualFold(one, a.Address.Reveal()) })
		}) {
			all = append(all, x.interaction)
		}
	}
	return all
}

// beside are the messages that go on in an interaction beside its own, as far as they
// can still be read: what somebody deleted at the provider is left out.
func (s *Service) beside(ctx context.Context, t id.Tenant, o opened) (list []mergedMail, err error) {
	for _, one := range o.merged {
		x, err := s.open(ctx, t, one)
		if errs.Is(err, errs.Gone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, mergedMail{one, x.m})
	}
	return list, nil
}
