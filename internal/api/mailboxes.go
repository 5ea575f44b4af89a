package api

import (
	"context"
	"reflect"
	"slices"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/channel/email"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// Emails is channel/email: messages while they are handled, and how mailboxes stand.
type Emails interface {
	Read(ctx context.Context, t id.Tenant, interaction string) (email.Mail, error)
	File(ctx context.Context, t id.Tenant, interaction string, number int) (email.Content, error)
	Reply(ctx context.Context, a access.Actor, interaction string, w email.Answer) (email.Sent, error)
	Writers(ctx context.Context, t id.Tenant) ([]email.Writer, error)
	Compose(ctx context.Context, a access.Actor, mailbox string, to secret.Text) (interaction string, err error)
	Page(ctx context.Context, t id.Tenant, interaction string, remote bool, language, quoted string) ([]byte, error)
	// Preview is what the actor was writing as it would leave, as a page for a frame.
	Preview(ctx context.Context, a access.Actor, interaction, language string) ([]byte, error)
	Undo(ctx context.Context, a access.Actor, interaction, clientID string) error
	Rejection(ctx context.Context, t id.Tenant, interaction string) (email.Rejection, error)
	Reject(ctx context.Context, a access.Actor, interaction string, w email.RejectAs) (email.Rejecting, error)
	Duplicates(ctx context.Context, a access.Actor, interaction string) ([]email.Duplicate, error)
	Merge(ctx context.Context, a access.Actor, into, from string, senders []string) error
	Split(ctx context.Context, a access.Actor, interaction string, w email.Apart) (string, error)
	UndoReject(ctx context.Context, a access.Actor, interaction string) error
	Draft(ctx context.Context, a access.Actor, interaction string) (email.Draft, error)
	Write(ctx context.Context, a access.Actor, interaction string, version int, w email.DraftWords) (email.Draft, error)
	Discard(ctx context.Context, a access.Actor, interaction string) error
	Attach(ctx context.Context, a access.Actor, interaction string, f email.DraftFile) (email.DraftFile, error)
	Piece(ctx context.Context, a access.Actor, interaction, file string, from int64, octets []byte) (email.DraftFile, error)
	Detach(ctx context.Context, a access.Actor, interaction, file string) error
	Status(ctx context.Context, t id.Tenant, mailbox string) (email.Status, error)
	Try(ctx context.Context, t id.Tenant, mailbox string, m setup.Mailbox, password secret.Text) (provider.Trial, error)
	Discover(ctx context.Context, address string) (provider.Found, error)
	SignIn(ctx context.Context, a access.Actor, mailbox, back string) (string, error)
	SignedIn(ctx context.Context, a access.Actor, state, code, issuer string) (string, error)
}

// MailboxBeside is what is sent with a mailbox and never answered.
type MailboxBeside struct {
	Password    string `json:"password,omitempty" writeOnly:"true" maxLength:"1024" doc:"A new password. It is sealed and never shown again; absent or empty: it stays as it is, unless a server is another one."`
	PasswordSet bool   `json:"password_set,omitempty" doc:"As it was answered; it changes nothing."`
	Secret      string `json:"client_secret,omitempty" writeOnly:"true" maxLength:"1024" doc:"With sign oauth: a new secret of the client, if it has one. It is sealed and never shown again; absent or empty: it stays as it is, and is forgotten where the provider, the client's id or the token endpoint is another one."`
	SecretSet   bool   `json:"client_secret_set,omitempty" doc:"As it was answered; it changes nothing."`
	SignedIn    bool   `json:"signed_in,omitempty" doc:"As it was answered; it changes nothing."`
}

func (b MailboxBeside) beside() appsetup.Extra {
	x := appsetup.Extra{Secrets: map[string]secret.Text{}}
	for name, value := range map[string]string{setup.Password: b.Password, setup.ClientSecret: b.Secret} {
		if value != "" {
			x.Secrets[name] = secret.New(value)
		}
	}
	return x
}

type (
	// NewMailbox makes a mailbox.
	NewMailbox struct {
		setup.Mailbox
		MailboxBeside
	}
	MailboxObject struct {
		SetupHead
		setup.Mailbox
		PasswordSet bool `json:"password_set" doc:"There is a password."`
		SecretSet   bool `json:"client_secret_set" doc:"There is a client's secret."`
		SignedIn    bool `json:"signed_in" doc:"Somebody has signed in with the provider (sign oauth)."`
	}
	MailboxChange struct {
		Seen
		setup.Mailbox
		MailboxBeside
	}
)

func (o *MailboxObject) setHead(from SetupObject) {
	o.SetupHead.setHead(from)
	o.PasswordSet, o.SecretSet, o.SignedIn = slices.Contains(from.Secrets, setup.Password), slices.Contains(from.Secrets, setup.ClientSecret), slices.Contains(from.Secrets, setup.RefreshToken)
}

func (n NewMailbox) apart() any { return n.Mailbox }

// MailFault is why a mailbox's server cannot be used.
type MailFault struct {
	Step   string `json:"step" enum:"name,reach,secure,sign_in,folder,message" doc:"The step that failed: finding the server, connecting, TLS and its certificate, signing in, opening a folder."`
	Reason string `json:"reason" doc:"E.g. not_found, inside, refused, silent, no_tls, certificate_name, certificate_expired, certificate_unknown, not_this_server, denied, no_folder, busy."`
	Says   string `json:"says" doc:"The same for a person, with what to do, in the reader's language."`
}

func mailFault(c *caller, f *provider.Fault) *MailFault {
	if f == nil {
		return nil
	}
	says, _ := wording.In(c.language(), f.Says().Text)
	return &MailFault{string(f.Step), string(f.Reason), says}
}

// MailboxState is how a mailbox stands now.
type MailboxState struct {
	State string     `json:"state" enum:"off,connecting,connected,failing"`
	Since time.Time  `json:"since,omitzero"`
	Fault *MailFault `json:"fault,omitempty" doc:"With failing; it is tried again by itself."`
	Open  int        `json:"open" doc:"Messages that are work now. From 500 on the rest waits at the provider."`
}

// TryMailbox is a mailbox as it is edited.
type TryMailbox struct {
	ID string `json:"id,omitempty" maxLength:"64" doc:"Of the stored mailbox whose password is used where none is given and both servers are the same."`
	setup.Mailbox
	Password string `json:"password,omitempty" writeOnly:"true" maxLength:"1024"`
}

// TriedServer is what became of trying one server.
type TriedServer struct {
	OK    bool       `json:"ok"`
	Fault *MailFault `json:"fault,omitempty"`
}

// TriedMailbox is what became of trying a mailbox.
type TriedMailbox struct {
	IMAP    TriedServer `json:"imap"`
	SMTP    TriedServer `json:"smtp"`
	Folders []string    `json:"folders" doc:"The account's, if it could be signed in."`
	Sent    string      `json:"sent_folder,omitempty" doc:"That of what was sent, if the provider says which."`
}

// FoundServers are a provider's servers, as far as they could be found.
type FoundServers struct {
	IMAP setup.MailServer `json:"imap"`
	SMTP setup.MailServer `json:"smtp"`
	User string           `json:"user" doc:"The account's name, if the provider says how it is made of the address."`
	By   string           `json:"by" enum:"known,autoconfig,srv,none" doc:"How they were found; none: they were not, type them."`
}

type mailSignInInput struct {
	ByID
	Body struct {
		Back string `json:"back" minLength:"8" maxLength:"300" doc:"Where the provider sends the browser back to: the desk's address with /app/setup/mail-sign-in, as it is registered with the provider."`
	} `nameHint:"BeginMailSignIn"`
}

type mailSignedInInput struct {
	Body struct {
		State  string `json:"state" minLength:"1" maxLength:"4000"`
		Code   string `json:"code" minLength:"1" maxLength:"4000"`
		Issuer string `json:"iss,omitempty" maxLength:"400" doc:"RFC 9207: who the provider says that it is, where it does."`
	} `nameHint:"FinishMailSignIn"`
}

// MailSignIn is where a user goes on.
type MailSignIn struct {
	URL string `json:"url" doc:"The provider's page; it holds for a quarter of an hour, and for this user's session."`
}

// MailSignedIn is the mailbox whose provider lets us in.
type MailSignedIn struct {
	Mailbox string `json:"mailbox"`
}

type tryMailboxInput struct{ Body TryMailbox }

type discoverInput struct {
	Body struct {
		Address string `json:"address" minLength:"3" maxLength:"254"`
	} `nameHint:"DiscoverMailbox"`
}

func (s *Server) mailboxRoutes() {
	setupKind[NewMailbox, MailboxObject, MailboxChange](s, setup.KindMailbox, "Mailbox", func(c MailboxChange) any { return c.Mailbox })
	guard := needs(appsetup.Reads(setup.KindMailbox))
	handle(s, "GET", "/api/v1/mailboxes/{id}/status", guard, about{id: "mailboxStatus", tag: setupTag, summary: "How a mailbox stands now"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[MailboxState], error) {
			if _, err := s.Setup.Get(ctx, c.Actor, setup.KindMailbox, in.ID); err != nil {
				return nil, err
			}
			now, err := s.Emails.Status(ctx, c.Tenant, in.ID)
			return answer(MailboxState{now.State, now.Since, mailFault(c, now.Fault), now.Open}, err)
		})
	handle(s, "POST", "/api/v1/mailboxes/{id}/sign-in", guard, about{id: "mailSignIn", tag: setupTag, summary: "Begin to sign in with a mailbox's provider",
		detail: "Of a mailbox with sign oauth: answers the provider's page, where somebody lets us in (authorization code with PKCE). The provider sends the browser back with state, code and perhaps iss, which go to mailboxes/signed-in."},
		func(ctx context.Context, c *caller, in *mailSignInInput) (*reply[MailSignIn], error) {
			if _, err := s.Setup.Get(ctx, c.Actor, setup.KindMailbox, in.ID); err != nil {
				return nil, err
			}
			where, err := s.Emails.SignIn(ctx, c.Actor, in.ID, in.Body.Back)
			return answer(MailSignIn{where}, err)
		})
	handle(s, "POST", "/api/v1/mailboxes/signed-in", guard, about{id: "mailSignedIn", tag: setupTag, summary: "Finish to sign in with a mailbox's provider",
		detail: "What the provider sent the browser back with. It is refused to any other user or session than the one that began."},
		func(ctx context.Context, c *caller, in *mailSignedInInput) (*reply[MailSignedIn], error) {
			mailbox, err := s.Emails.SignedIn(ctx, c.Actor, in.Body.State, in.Body.Code, in.Body.Issuer)
			return answer(MailSignedIn{mailbox}, err)
		})
	handle(s, "POST", "/api/v1/mailboxes/try", guard, about{id: "tryMailbox", tag: setupTag, summary: "Try a mailbox as edited",
		detail: "Reaches both servers, signs in and opens the folders; says in which step it failed and why. Nothing is sent, changed or stored. It takes a minute at most."},
		func(ctx context.Context, c *caller, in *tryMailboxInput) (*reply[TriedMailbox], error) {
			m := setup.Clean(in.Body.Mailbox)
			if in.Body.ID != "" {
				if _, err := s.Setup.Get(ctx, c.Actor, setup.KindMailbox, in.Body.ID); err != nil {
					return nil, err
				}
			}
			if m.IMAP.Host == "" || m.SMTP.Host == "" {
				return nil, errs.Bad("imap.host", "is missing a server; name both hosts.")
			}
			t, err := s.Emails.Try(ctx, c.Tenant, in.Body.ID, m, secret.New(in.Body.Password))
			return answer(TriedMailbox{TriedServer{t.IMAP.OK, mailFault(c, t.IMAP.Fault)}, TriedServer{t.SMTP.OK, mailFault(c, t.SMTP.Fault)}, append([]string{}, t.Folders...), t.Sent}, err)
		})
	lighten(s, reflect.TypeFor[TryMailbox](), setup.KindMailbox)
	handle(s, "POST", "/api/v1/mailboxes/discover", guard, about{id: "discoverMailbox", tag: setupTag, summary: "Find a provider's servers from an address",
		detail: "Asks the address's domain for its settings (autoconfig, RFC 6186); what is found is a proposal, to be tried. Nothing is stored."},
		func(ctx context.Context, _ *caller, in *discoverInput) (*reply[FoundServers], error) {
			f, err := s.Emails.Discover(ctx, in.Body.Address)
			server := func(p provider.Server) setup.MailServer {
				return setup.MailServer{Host: p.Host, Port: p.Port, Security: setup.MailSecurity(p.Security)}
			}
			return answer(FoundServers{server(f.IMAP), server(f.SMTP), f.User, f.By}, err)
		})
}
