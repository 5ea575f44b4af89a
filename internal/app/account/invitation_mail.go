package account

import (
	"context"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/brand"
	"nubitalk/internal/store"
)

// Post sends what the organisation writes of its own accord, by one of its mailboxes.
type Post interface {
	// PostsFrom says whether a mailbox is one by which something can be sent.
	PostsFrom(ctx context.Context, t id.Tenant, mailbox string) (bool, error)
	// Notify sends a text to one address. An error says for a person why it was not.
	Notify(ctx context.Context, t id.Tenant, mailbox string, to, subject, text secret.Text) error
}

// patienceWithPost is how long somebody who invites waits for the mailbox's provider.
const patienceWithPost = 30 * time.Second

// checkPost adds what stands in the way of an email, before anybody is made or changed. path
// is the field that would have to hold an address.
func (s *Service) checkPost(ctx context.Context, f *errs.Fields, a access.Actor, in Inviting, p Profile, path string) error {
	if in.Mailbox == "" {
		return nil
	}
	can := false
	if s.Post != nil {
		var err error
		if can, err = s.Post.PostsFrom(ctx, a.Tenant, in.Mailbox); err != nil {
			return err
		}
	}
	if !can {
		at := "mailbox"
		if strings.HasPrefix(path, "query.") {
			at = path
		}
		f.Add(at, "is none of this organisation's mailboxes in use")
	}
	if p.Email == "" {
		f.Add(path, "cannot be sent to: the user has no email address; leave it out and hand the invitation over")
	}
	return nil
}

// post sends an invitation where that was asked for. What cannot be sent is handed over:
// the invitation stands in either case.
func (s *Service) post(ctx context.Context, a access.Actor, org store.OrganisationRow, u store.UserRow, p Profile, in Inviting, invited *Invited) {
	if in.Mailbox == "" {
		return
	}
	subject, text := invitationLetter(org, u, in, *invited, s.lookOf(ctx, a.Tenant))
	ctx, cancel := context.WithTimeout(ctx, patienceWithPost)
	defer cancel()
	if err := s.Post.Notify(ctx, a.Tenant, in.Mailbox, secret.New(p.Email), secret.New(subject), text); err != nil {
		invited.NotMailed = errs.As(err).Text
		return
	}
	invited.Mailed, invited.Code = true, ""
	err := s.Store.Write(context.WithoutCancel(ctx), a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "user.invitation_mailed", "user", u.ID, map[string]string{"mailbox": in.Mailbox})
	})
	if err != nil {
		s.Log.Warn("that an invitation was sent was not noted", "tenant", a.Tenant, "user", u.ID, "error", err)
	}
}

// invitationWords are the words of an invitation, by language.
var invitationWords = map[string]struct{ subject, text, support, privacy string }{
	"en": {"Your account at {organisation}", `Hello,

{organisation} has an account for you. {note}Choose your password here:

{link}

Your user name is {user}. The link is good once, until {until}. If it does not open, go to {page}, and type the organisation {slug} and the code {code}.

If you did not expect this, ignore it: nothing happens without you.
`, "Help: ", "Privacy: "},
	"pt": {"A sua conta em {organisation}", `Olá,

{organisation} tem uma conta para si. {note}Escolha aqui a sua palavra-passe:

{link}

O seu nome de utilizador é {user}. A ligação serve uma vez, até {until}. Se não abrir, vá a {page} e escreva a organização {slug} e o código {code}.

Se não esperava esta mensagem, ignore-a: sem si nada acontece.
`, "Ajuda: ", "Privacidade: "},
}

// MaxInvitationNote bounds what who invites adds, in characters.
const MaxInvitationNote = 500

// Letter is an invitation as it would be sent, with words in the place of what is not known yet.
type Letter struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// InvitationLetter shows an invitation with a note before anybody is written to.
func (s *Service) InvitationLetter(ctx context.Context, a access.Actor, userName, language string, in Inviting) (Letter, error) {
	if err := may(a, access.UserWrite); err != nil {
		return Letter{}, err
	}
	var f errs.Fields
	checkInvitationDays(&f, &in.Days)
	in.Note = checkLines(&f, "note", in.Note, MaxInvitationNote)
	if err := f.Err(); err != nil {
		return Letter{}, err
	}
	org, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return Letter{}, err
	}
	if userName = strings.TrimSpace(userName); userName == "" {
		userName = "…"
	}
	subject, text := invitationLetter(org, store.UserRow{UserName: userName, Language: language}, in,
		Invited{Organisation: org.Slug, Code: "…", Until: s.now().Add(time.Duration(in.Days) * 24 * time.Hour)}, s.lookOf(ctx, a.Tenant))
	return Letter{subject, text.Reveal()}, nil
}

// lookOf is how an organisation looks to who is invited.
func (s *Service) lookOf(ctx context.Context, t id.Tenant) brand.Appearance {
	look, err := s.BrandOf(ctx, t, "")
	if err != nil { // the letter is good without its last line
		s.Log.Warn("the brand of an invitation could not be read", "tenant", t, "error", err)
		return brand.Appearance{Product: brand.Product}
	}
	return *look.Look
}

// invitationLetter says what somebody needs to come in, in the user's language, with the note of who invites, and
// below who writes.
func invitationLetter(org store.OrganisationRow, u store.UserRow, by Inviting, in Invited, look brand.Appearance) (subject string, text secret.Text) {
	words, ok := invitationWords[u.Language]
	if !ok {
		words = invitationWords["en"]
	}
	until, zone := in.Until.UTC(), "UTC"
	if place, err := time.LoadLocation(org.TimeZone); err == nil {
		until, zone = in.Until.In(place), org.TimeZone
	}
	page, note := by.Base+"/app/invitation", ""
	if by.Note != "" {
		note = "\n\n" + by.Note + "\n\n"
	}
	fill := strings.NewReplacer("{organisation}", org.Name, "{user}", u.UserName, "{slug}", in.Organisation, "{code}", in.Code, "{page}", page, "{note}", note,
		"{link}", page+"#"+in.Organisation+"."+in.Code, "{until}", until.Format("2006-01-02 15:04")+" ("+zone+")")
	foot := "\n-- \n" + look.Product + "\n"
	if look.Support != "" {
		foot += words.support + look.Support + "\n"
	}
	if look.Privacy != "" {
		foot += words.privacy + look.Privacy + "\n"
	}
	return fill.Replace(words.subject), secret.New(fill.Replace(words.text) + foot)
}
