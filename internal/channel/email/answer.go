package email

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// States of an answer.
const (
	sending = "sending"
	sent    = "sent"
	failed  = "failed"
	unsure  = "unsure"
)

// notKept is the reason beside an answer that was sent and whose copy could not be put
// into the sent folder.
const notKept = "not_kept"

// Answer is what an agent writes.
type Answer struct {
	ClientID string // the sender's own id: a repeat is the same answer
	Text     secret.Text
	Quote    bool          // with what is answered below
	To, Cc   []secret.Text // To empty: whom an answer reaches
	// Again: an earlier answer of which it is not known whether it was sent is no
	// reason not to send this one.
	Again bool
}

// mostRecipients is how many addresses an answer may have.
const mostRecipients = 50

// Reply answers the message of an interaction, once for each ClientID. The caller has
// checked who may.
func (s *Service) Reply(ctx context.Context, a access.Actor, interaction string, w Answer) (Sent, error) {
	o, err := s.open(ctx, a.Tenant, interaction)
	if err != nil {
		return Sent{}, err
	}
	if !s.begins(interaction) {
		return Sent{}, errs.New(errs.Conflict, "An answer is being sent just now.")
	}
	defer s.ends(interaction)
	if err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) { o.sends, err = s.sends(tx, interaction); return err }); err != nil {
		return Sent{}, err
	}
	was := slices.IndexFunc(o.sends, func(x Sent) bool { return x.ClientID == w.ClientID })
	if was >= 0 && o.sends[was].State == sent {
		return o.sends[was], nil
	}
	if !w.Again && slices.ContainsFunc(o.sends, func(x Sent) bool { return x.State == sending || x.State == unsure }) { // sending: of before this one began
		return Sent{}, errs.New(errs.Conflict, "It is not known whether an earlier answer was sent: the connection ended in between. Look into the sent folder at your provider, and send it again if it is not there.")
	}
	nonce := make([]byte, 10)
	_, _ = rand.Read(nonce) // never fails
	letter, err := s.letter(ctx, a.Tenant, interaction, o, w, nonce)
	if err != nil {
		return Sent{}, err
	}
	row := store.EmailSendRow{InteractionID: interaction, ClientID: w.ClientID, UserID: a.User, State: sending, BegunAt: s.Clock.Now()}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if was >= 0 {
			return tx.EndEmailSend(row)
		}
		return tx.BeginEmailSend(row)
	})
	if err != nil {
		return Sent{}, err
	}
	// What was begun is brought to its end, whether the caller waits or not.
	return s.send(context.WithoutCancel(ctx), a.Tenant, o, row, letter)
}

func (s *Service) begins(interaction string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sending[interaction] {
		return false
	}
	s.sending[interaction] = true
	return true
}

func (s *Service) ends(interaction string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sending, interaction)
}

// send asks the provider and stores what became of it.
func (s *Service) send(ctx context.Context, t id.Tenant, o opened, row store.EmailSendRow, letter provider.Letter) (Sent, error) {
	account, err := s.account(ctx, t, o.row.MailboxID, o.box)
	var fault *provider.Fault
	if err == nil {
		err = s.Network.Send(ctx, account, letter)
	}
	row.State = sent
	if err != nil {
		row.State, row.Reason = failed, string(errs.As(err).Code)
		if errors.As(err, &fault) {
			row.Reason = string(fault.Reason)
			if fault.Unsure {
				row.State = unsure
			}
		}
	}
	row.EndedAt = s.Clock.Now()
	note := func() error {
		return s.DB.Write(ctx, t, func(tx *store.Tx) error { return tx.EndEmailSend(row) })
	}
	if noted := note(); noted != nil { // it stays as begun, which is read as unsure
		return Sent{}, noted
	}
	if row.State == sent && o.box.SentFolder != setup.NoFolder {
		if kept := s.keepCopy(ctx, o, account, letter.Octets); kept != nil {
			s.Log.Warn("an answer was sent, but no copy of it could be kept at the provider", "tenant", t, "mailbox", o.row.MailboxID, "reason", provider.AsFault(kept, provider.StepMessage, "").Reason)
			row.Reason = notKept
			_ = note()
		}
	}
	out := Sent{ClientID: row.ClientID, User: row.UserID, State: row.State, Reason: row.Reason, BegunAt: row.BegunAt, EndedAt: row.EndedAt}
	switch {
	case fault != nil && fault.Unsure:
		return out, errs.Wrap(errs.Conflict, err, "It is not known whether the answer was sent: the connection ended in between. Look into the sent folder at your provider, and send it again if it is not there.")
	case fault != nil:
		return out, fault.Says()
	}
	return out, err
}

func (s *Service) keepCopy(ctx context.Context, o opened, account provider.Account, octets []byte) error {
	done, err := s.line(ctx, o.row.MailboxID)
	if err != nil {
		return err
	}
	defer done()
	b, err := s.Network.Open(ctx, account)
	if err != nil {
		return err
	}
	defer b.Close()
	folder := o.box.SentFolder
	if folder == "" {
		if _, folder, err = b.Folders(ctx); err != nil {
			return err
		}
		if folder == "" {
			return &provider.Fault{Step: provider.StepFolder, Reason: provider.NoFolder}
		}
	}
	return b.Keep(ctx, folder, octets)
}

// letter writes the answer.
func (s *Service) letter(ctx context.Context, t id.Tenant, interaction string, o opened, w Answer, nonce []byte) (provider.Letter, error) {
	from := o.own()
	d := message.Draft{Date: s.Clock.Now(), From: from, Subject: o.m.AnswerSubject(), To: o.m.AnswerTo()}
	var faults errs.Fields
	given := func(path string, list []secret.Text) (out []message.Address) {
		for _, text := range list {
			address, err := privacy.NormalAddress(privacy.Email, text.Reveal(), "")
			if err != nil {
				faults.Add(path, "has something that is no email address.")
				continue
			}
			if o.box.Owns(address) { // who answers all does not write to itself
				continue
			}
			out = append(out, message.Address{Address: secret.New(address)})
		}
		return out
	}
	if len(w.To) > 0 {
		d.To = given("to", w.To)
	}
	d.Cc = given("cc", w.Cc)
	if strings.TrimSpace(w.Text.Reveal()) == "" {
		faults.Add("text", "is missing; write an answer.")
	}
	switch n := len(d.To) + len(d.Cc); {
	case len(d.To) == 0 && len(faults) == 0:
		faults.Add("to", "is missing; the message says of nobody whom an answer reaches.")
	case n > mostRecipients:
		faults.Add("to", "has %d entries; at most %d are accepted.", n, mostRecipients)
	}
	if err := faults.Err(); err != nil {
		return provider.Letter{}, err
	}
	threads, err := s.threads(ctx, t)
	if err != nil {
		return provider.Letter{}, err
	}
	_, domain, _ := strings.Cut(from.Address.Reveal(), "@")
	d.ID = threads.ID(interaction, nonce, domain)
	d.InReplyTo, d.References = o.m.Answer()
	text := strings.TrimRight(w.Text.Reveal(), " \r\n")
	if sig := o.box.Signature; sig != "" {
		text += "\n\n-- \n" + sig
	}
	if w.Quote {
		text += "\n\n" + quoted(o.m.Text.Reveal())
	}
	d.Text = secret.New(text)
	letter := provider.Letter{From: from.Address.Reveal(), Octets: message.Write(d)}
	for _, a := range slices.Concat(d.To, d.Cc) {
		letter.To = append(letter.To, a.Address.Reveal())
	}
	return letter, nil
}

// sender is the mailbox as it writes, from one of its addresses.
func sender(m setup.Mailbox, address string) message.Address {
	return message.Address{Name: secret.New(m.Shown), Address: secret.New(address)}
}

// mostQuoted is how many lines of a message are quoted below an answer.
const mostQuoted = 500

// quoted is a text as it is quoted, without what that quotes itself, so that quotes do
// not grow from answer to answer.
func quoted(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if line == "--" { // a signature
			break
		}
		if strings.HasPrefix(line, ">") {
			continue
		}
		if out = append(out, strings.TrimRight("> "+line, " ")); len(out) == mostQuoted {
			break
		}
	}
	return strings.Join(out, "\n")
}
