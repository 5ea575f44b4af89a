package email

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

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
	held    = "held" // it waits, so that the agent can undo it
	sending = "sending"
	sent    = "sent"
	failed  = "failed"
	unsure  = "unsure"
	undone  = "undone"
)

// Reasons beside the state, besides those of the provider.
const stopped = "stopped" // the program ended while the answer was held: it was not sent

// notKept is the reason beside an answer that was sent and whose copy could not be put
// into the sent folder.
const notKept = "not_kept"

// Answer is what an agent writes.
type Answer struct {
	ClientID string // the sender's own id: a repeat is the same answer
	Text     secret.Text
	HTML     secret.Text   // in the place of the text, which is then made of it
	Quote    bool          // with what is answered below
	From     string        // one of the mailbox's addresses; "": the one that the message was sent to
	Files    []string      // of the draft
	Hold     bool          // for as long as the mailbox says, so that it can be undone
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
	ends := func() { s.ends(interaction) }
	defer func() { ends() }()
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
	letter, err := s.letter(ctx, a, interaction, o, w, nonce)
	if err != nil {
		return Sent{}, err
	}
	weight := int64(len(letter.Octets))
	if !s.carries(a.Tenant, weight) {
		return Sent{}, &errs.Error{Code: errs.Unavailable, Text: "Too many answers with large files leave at this moment. Send this one again in some seconds.", RetryAfter: 10 * time.Second}
	}
	ends = func() { s.carries(a.Tenant, -weight); s.ends(interaction) }
	digest, err := s.answerDigest(ctx, a.Tenant, letter.Envelope)
	if err != nil {
		return Sent{}, err
	}
	row := store.EmailSendRow{InteractionID: interaction, ClientID: w.ClientID, UserID: a.User, State: sending, BegunAt: s.Clock.Now().Truncate(time.Microsecond), Message: digest} // as it is stored
	wait := time.Duration(0)
	if w.Hold && o.box.HoldSeconds > 0 {
		row.State, wait = held, time.Duration(o.box.HoldSeconds)*time.Second
	}
	if err := s.begin(ctx, a.Tenant, row); err != nil {
		return Sent{}, err
	}
	key := draftKey{a.Tenant, interaction, a.User}
	if wait > 0 && s.hold(heldAnswer{tenant: a.Tenant, o: o, row: row, letter: letter, draft: key, wait: wait, ends: ends}) {
		ends = func() {} // when it has left, or was undone
		return Sent{ClientID: row.ClientID, User: row.UserID, State: held, BegunAt: row.BegunAt, LeavesAt: row.BegunAt.Add(wait)}, nil
	}
	if row.State == held { // nothing is held any more: the program is ending
		if row, err = s.leaves(ctx, a.Tenant, row); err != nil {
			return Sent{}, err
		}
	}
	// What was begun is brought to its end, whether the caller waits or not.
	out, err := s.send(context.WithoutCancel(ctx), a.Tenant, o, row, letter)
	if out.State == sent {
		s.drafts.forget(key)
	}
	return out, err
}

// begin stores that an answer is begun: a new one, or one that was not sent before. It is
// refused where another is faster, so that none is sent twice.
func (s *Service) begin(ctx context.Context, t id.Tenant, row store.EmailSendRow) error {
	return s.DB.Write(ctx, t, func(tx *store.Tx) error {
		rows, err := tx.EmailSends(row.InteractionID)
		if err != nil {
			return err
		}
		was := slices.IndexFunc(rows, func(x store.EmailSendRow) bool { return x.ClientID == row.ClientID })
		if was < 0 {
			return tx.BeginEmailSend(row)
		}
		return changed(tx.ChangeEmailSend(rows[was], row))
	})
}

func changed(ok bool, err error) error {
	if err == nil && !ok {
		return errs.New(errs.Conflict, "An answer is being sent just now.")
	}
	return err
}

// How much of answers that are held or being sent is in memory, as they are sent.
const (
	lettersOfTenant = 96 << 20
	lettersOfAll    = 384 << 20
)

// carries takes room for an answer, or gives it back; false where there is none.
func (s *Service) carries(t id.Tenant, by int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.letters.take(t, by)
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
func (s *Service) letter(ctx context.Context, who access.Actor, interaction string, o opened, w Answer, nonce []byte) (provider.Letter, error) {
	from := o.own()
	var faults errs.Fields
	if w.From != "" {
		if !o.box.Owns(w.From) {
			faults.Add("from", "is no address of this mailbox.")
		}
		from = sender(o.box, w.From)
	}
	d := message.Draft{Date: s.Clock.Now(), From: from, Subject: o.m.AnswerSubject(), To: o.m.AnswerTo()}
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
	words := strings.TrimRight(w.Text.Reveal(), " \r\n")
	markup := ""
	if !w.HTML.Empty() {
		markup = message.Written(w.HTML.Reveal())
		words = message.TextOfWritten(markup)
	}
	if strings.TrimSpace(words) == "" {
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
	files, err := s.attached(who, interaction, w.Files)
	if err != nil {
		return provider.Letter{}, err
	}
	threads, err := s.threads(ctx, who.Tenant)
	if err != nil {
		return provider.Letter{}, err
	}
	_, domain, _ := strings.Cut(from.Address.Reveal(), "@")
	d.ID, d.Files = threads.ID(interaction, nonce, domain), files
	d.InReplyTo, d.References = o.m.Answer()
	signature, quote := o.box.Signature, ""
	if strings.Contains(signature, agentName) {
		signature = strings.ReplaceAll(signature, agentName, s.People.PublicName(ctx, who.Tenant, who.User))
	}
	if w.Quote {
		quote = quoted(o.m.Text.Reveal())
	}
	d.Text = secret.New(below(words, signature, quote))
	if markup != "" {
		d.HTML = secret.New(belowHTML(markup, signature, quote))
	}
	letter := provider.Letter{From: from.Address.Reveal(), Octets: message.Write(d), Envelope: message.Local(d.ID)}
	for _, a := range slices.Concat(d.To, d.Cc) {
		letter.To = append(letter.To, a.Address.Reveal())
	}
	return letter, nil
}

// agentName stands in a signature for the name of who answers.
const agentName = "{{agent}}"

// below puts the signature and the quote below what was written.
func below(words, signature, quote string) string {
	if signature != "" {
		words += "\n\n-- \n" + signature
	}
	if quote != "" {
		words += "\n\n" + quote
	}
	return words
}

func belowHTML(markup, signature, quote string) string {
	if signature != "" {
		markup += "\n<p>-- <br>\n" + message.HTMLOf(signature) + "</p>"
	}
	if quote != "" {
		var plain []string
		for line := range strings.Lines(quote) {
			plain = append(plain, strings.TrimPrefix(strings.TrimPrefix(strings.TrimRight(line, "\n"), ">"), " "))
		}
		markup += "\n<blockquote type=\"cite\">" + message.HTMLOf(strings.Join(plain, "\n")) + "</blockquote>"
	}
	return "<!doctype html><html><body>" + markup + "</body></html>"
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
