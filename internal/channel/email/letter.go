package email

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
)

// letter is what leaves, and whom it reaches unseen, which its copy says.
type letter struct {
	provider.Letter
	bcc []message.Address
}

// kept is the letter as its sender keeps it.
func (l letter) kept() []byte { return message.WithBcc(l.Octets, l.bcc) }

// letter writes what leaves: an answer, or the message as it is passed on.
func (s *Service) letter(ctx context.Context, who access.Actor, interaction string, o opened, w Answer, nonce []byte) (letter, error) {
	d, bcc, faults := s.headed(o, w)
	if words, _ := written(w); strings.TrimSpace(words) == "" && !w.Forward { // what is passed on speaks for itself
		faults.Add("text", "is missing; write an answer.")
	}
	if err := faults.Err(); err != nil {
		return letter{}, err
	}
	return s.composed(ctx, who, interaction, o, w, d, bcc, nonce)
}

// headed is what leaves, by its header alone, and what is wrong with that.
func (s *Service) headed(o opened, w Answer) (d message.Draft, bcc []message.Address, faults errs.Fields) {
	from := o.own()
	if w.From != "" {
		if !o.box.Owns(w.From) {
			faults.Add("from", "is no address of this mailbox.")
		}
		from = sender(o.box, w.From)
	}
	d = message.Draft{Date: s.Clock.Now(), From: from, Subject: o.m.AnswerSubject()}
	switch {
	case o.fresh():
		d.Subject = w.Subject
		if strings.TrimSpace(w.Subject.Reveal()) == "" {
			faults.Add("subject", "is missing; say what it is about.")
		}
		if w.Forward {
			faults.Add("forward", "is of a message, and there is none.")
		}
	case w.Forward:
		d.Subject = o.m.ForwardSubject()
	}
	bcc = addressed(&d, o, w, &faults)
	return d, bcc, faults
}

// composed writes it, below its header.
func (s *Service) composed(ctx context.Context, who access.Actor, interaction string, o opened, w Answer, d message.Draft, bcc []message.Address, nonce []byte) (_ letter, err error) {
	words, markup := written(w)
	if d.Files, err = s.attached(who, interaction, w.Files); err != nil {
		return letter{}, err
	}
	threads, err := s.threads(ctx, who.Tenant)
	if err != nil {
		return letter{}, err
	}
	from := d.From.Address.Reveal()
	_, domain, _ := strings.Cut(from, "@")
	d.ID = threads.ID(interaction, nonce, domain)
	signature := o.box.Signature
	own, err := s.People.Signature(ctx, who.Tenant, who.User)
	if err != nil {
		return letter{}, err
	}
	if !own.Empty() {
		signature = strings.TrimPrefix(signature+"\n"+own.Reveal(), "\n")
	}
	if strings.Contains(signature, agentName) {
		signature = strings.ReplaceAll(signature, agentName, s.People.PublicName(ctx, who.Tenant, who.User))
	}
	if w.Forward {
		if err := forward(&d, o, w, words, markup, signature); err != nil {
			return letter{}, err
		}
	} else {
		answer(&d, o, w, words, markup, signature)
	}
	out := letter{provider.Letter{From: from, Octets: message.Write(d), Envelope: message.Local(d.ID)}, bcc}
	for _, a := range slices.Concat(d.To, d.Cc, bcc) {
		out.To = append(out.To, a.Address.Reveal())
	}
	return out, nil
}

// written is what an agent wrote: its text, and its HTML where it has some.
func written(w Answer) (words, markup string) {
	if w.HTML.Empty() {
		return strings.TrimRight(w.Text.Reveal(), " \r\n"), ""
	}
	markup = message.Written(w.HTML.Reveal())
	return message.TextOfWritten(markup), markup
}

// addressed says whom a letter reaches, each once. An address that is none is told at
// its own place.
func addressed(d *message.Draft, o opened, w Answer, faults *errs.Fields) (bcc []message.Address) {
	known := map[string]bool{}
	given := func(path string, list []secret.Text) (out []message.Address) {
		for i, text := range list {
			address, err := privacy.NormalAddress(privacy.Email, text.Reveal(), "")
			if err != nil {
				faults.Add(fmt.Sprintf("%s[%d]", path, i), "is no email address; one such as ana@shop.example is accepted.")
				continue
			}
			if key := strings.ToLower(address); o.box.Owns(address) || known[key] { // who answers all does not write to itself
				continue
			} else {
				known[key] = true
			}
			out = append(out, message.Address{Address: secret.New(address)})
		}
		return out
	}
	if len(w.To) > 0 || w.Forward || o.fresh() {
		d.To = given("to", w.To)
	} else {
		d.To = o.m.AnswerTo()
		for _, a := range d.To {
			known[strings.ToLower(a.Address.Reveal())] = true
		}
	}
	d.Cc, bcc = given("cc", w.Cc), given("bcc", w.Bcc)
	switch n, most := len(d.To)+len(d.Cc)+len(bcc), o.box.MostRecipients(); {
	case len(d.To) == 0 && len(*faults) == 0 && (w.Forward || o.fresh() || len(w.To) > 0):
		faults.Add("to", "is missing; say to whom it goes.")
	case len(d.To) == 0 && len(*faults) == 0:
		faults.Add("to", "is missing; the message says of nobody whom an answer reaches.")
	case n > most:
		faults.Add("to", "has %d addresses with Cc and Bcc; this mailbox writes to at most %d.", n, most)
	}
	return bcc
}

// answer makes a draft an answer to the message.
func answer(d *message.Draft, o opened, w Answer, words, markup, signature string) {
	d.InReplyTo, d.References = o.m.Answer()
	all := []*message.Message{o.m}
	for _, x := range o.beside {
		if same(o.m, x.m) || knows(*d, x.m) {
			all = append(all, x.m)
		}
	}
	if len(all) > 1 {
		parents, references := message.AnswerAll(all)
		if d.References = references; len(parents) > 0 {
			d.InReplyTo, d.Beside = parents[0], parents[1:]
		}
	}
	quote := ""
	if w.Quote {
		quote = quoted(unquoted(o.m))
	}
	d.Text = secret.New(below(words, signature, quote))
	if markup != "" {
		d.HTML = secret.New(belowHTML(markup, signature, quote))
	}
}

// knows says whether somebody whom a letter reaches, as all see, wrote a message or got
// it: the id of another person's message tells that there is one, and often where from.
func knows(d message.Draft, m *message.Message) bool {
	return slices.ContainsFunc(slices.Concat(m.From, m.ReplyTo, m.To, m.Cc), func(a message.Address) bool {
		return slices.ContainsFunc(slices.Concat(d.To, d.Cc), func(to message.Address) bool { return strings.EqualFold(to.Address.Reveal(), a.Address.Reveal()) })
	})
}

// sender is the mailbox as it writes, from one of its addresses.
func sender(m setup.Mailbox, address string) message.Address {
	return message.Address{Name: secret.New(m.Shown), Address: secret.New(address)}
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

// mostQuoted is how many lines of a message are quoted below an answer.
const mostQuoted = 500

// quoted is a text, without what that quotes itself, as it is quoted: so quotes do not
// grow from answer to answer.
func quoted(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if line == "--" { // a signature
			break
		}
		if out = append(out, strings.TrimRight("> "+line, " ")); len(out) == mostQuoted {
			break
		}
	}
	return strings.Join(out, "\n")
}
