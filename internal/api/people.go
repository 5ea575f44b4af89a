package api

import (
	"context"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/userfile"
)

// maxUserFile is the request that carries a file of users, in base64.
const maxUserFile = userfile.MaxBytes/3*4 + 64<<10

// maxSeveralBody is the request that names several thousand users.
const maxSeveralBody = 512 << 10

type findUsersInput struct {
	Body struct {
		account.UserQuery
		Order string `json:"order,omitempty" enum:"name,signed_in,created" default:"name" doc:"signed_in: the latest first. created: the newest first."`
		From  int    `json:"from,omitempty" minimum:"0" doc:"How many to pass over."`
		Limit int    `json:"limit,omitempty" minimum:"1" maximum:"200" default:"50"`
	} `nameHint:"FindUsers"`
}

type deletedUsersInput struct {
	IDs []string `query:"ids" required:"true" maxItems:"100" doc:"Ids of users, as they stand in what users did."`
}

type previewImportInput struct {
	Body struct {
		File []byte `json:"file" doc:"The file as it is, in base64: at most 2 MB and 5,000 users."`
	}
}

type importInput struct {
	Body struct {
		File []byte `json:"file" doc:"The same file, in base64."`
		Seen string `json:"seen" maxLength:"64" doc:"Of the preview."`
		// Invite: who is new gets an invitation's code and not a one-time password.
		Invite bool  `json:"invite,omitempty" doc:"Invite who is new: the answer has codes of invitations instead of one-time passwords."`
		Days   int   `json:"days,omitempty" doc:"With invite: how long these are good, 1 to 30; absent: 7."`
		Lines  []int `json:"lines,omitempty" doc:"Only these lines of the file. Absent: all; one that is refused refuses the file then."`
	}
}

// ImportedUsers is what an import has done.
type ImportedUsers struct {
	account.UserImport
	Passwords []account.NewPassword `json:"passwords" nullable:"false" doc:"Of those who are new: one-time passwords, or codes of invitations. Shown once."`
}

type exportUsersInput struct {
	Profile bool `query:"profile" doc:"Also display names, email addresses and telephone numbers. Without it there is nothing of a person but the user name."`
}

// SeveralInput is a change of several users.
type SeveralInput struct {
	Users  []string              `json:"users,omitempty" doc:"Their ids; at most 5,000, or 500 to delete."`
	Found  *account.UserQuery    `json:"found,omitempty" doc:"Instead: all that are found so."`
	Change account.SeveralChange `json:"change"`
}

func (in SeveralInput) who() account.Several {
	return account.Several{Users: in.Users, Found: in.Found}
}

type severalInput struct{ Body SeveralInput }

type changeSeveralInput struct {
	Body struct {
		SeveralInput
		Seen string `json:"seen" maxLength:"64" doc:"Of the effect."`
	}
}

type inviteInput struct {
	Body struct {
		NewUserInput
		Days    int    `json:"days,omitempty" doc:"How long it is good, 1 to 30; absent: 7."`
		Mailbox string `json:"mailbox,omitempty" maxLength:"64" doc:"A mailbox by which the invitation is sent to the user's email address; absent: it is handed over."`
		Note    string `json:"note,omitempty" maxLength:"500" doc:"What the email says beside who invites and how to come in: plain text, in the user's language."`
	}
}

type letterInput struct {
	Body struct {
		UserName string `json:"user_name,omitempty" maxLength:"64"`
		Language string `json:"language" enum:"en,pt" doc:"The user's."`
		Note     string `json:"note,omitempty" maxLength:"500"`
	}
}

type inviteAgainInput struct {
	ByID
	Days    int    `query:"days" minimum:"1" maximum:"30" default:"7" doc:"How long it is good."`
	Mailbox string `query:"mailbox" maxLength:"64" doc:"A mailbox by which it is sent to the user's email address; absent: it is handed over."`
	Body    *struct {
		Note string `json:"note,omitempty" maxLength:"500" doc:"What the email says beside who invites and how to come in: plain text, in the user's language."`
	}
}

// InvitedUser shows the code, this once.
type InvitedUser struct {
	User       account.User    `json:"user"`
	Invitation account.Invited `json:"invitation"`
}

type welcomeInput struct {
	Body struct {
		Organisation string `json:"organisation" minLength:"1" maxLength:"64" doc:"Its short name."`
		Code         string `json:"code" minLength:"1" maxLength:"64"`
	}
}

type acceptInput struct {
	Body struct {
		Organisation string `json:"organisation" minLength:"1" maxLength:"64" doc:"Its short name."`
		Code         string `json:"code" minLength:"1" maxLength:"64"`
		Password     string `json:"password" minLength:"1" maxLength:"256" doc:"The one that is chosen."`
	}
}

// said says in the reader's language why users are refused.
func (c *caller) said(list []account.UserEffect) {
	for _, u := range list {
		for i := range u.Problems {
			u.Problems[i].Problem, _ = wording.In(c.language(), u.Problems[i].Problem)
		}
	}
}

// peopleRoutes are about many users, and about those who are yet to come.
func (s *Server) peopleRoutes() {
	const tag = "Users"
	write, proven := needs(access.UserWrite), Guard{Permission: access.UserWrite, Fresh: true}
	handle(s, "POST", "/api/v1/users/search", needs(access.UserRead), about{id: "findUsers", tag: tag, summary: "Look for users", once: true,
		detail: "It changes nothing. Part of a name is in the body, so that it stands in no address that others keep."},
		func(ctx context.Context, c *caller, in *findUsersInput) (*reply[account.FoundUsers], error) {
			return answer(s.Accounts.FindUsers(ctx, c.Actor, in.Body.UserQuery, in.Body.Order, in.Body.From, in.Body.Limit))
		})
	handle(s, "GET", "/api/v1/users/deleted", Guard{Permission: access.SignedIn, Keys: true, Support: true}, about{id: "deletedUsers", tag: tag, summary: "Which users are deleted",
		detail: "Of a deleted user only its id is left, in what it did. This says which of some ids are such users of the organisation, and nothing else of them."},
		func(ctx context.Context, c *caller, in *deletedUsersInput) (*reply[ListOf[string]], error) {
			gone, err := s.Accounts.DeletedUsers(ctx, c.Actor, in.IDs)
			return list(gone, "", err)
		})
	handle(s, "POST", "/api/v1/users/import/preview", write, about{id: "previewUserImport", tag: tag, summary: "What a file of users would do", once: true, body: maxUserFile,
		detail: "Reads CSV with a heading (user_name, roles, teams, site, skills, language, display_name, email, phone, in English or Portuguese and in any order) and says line by line what would become of whom. Nothing is done."},
		func(ctx context.Context, c *caller, in *previewImportInput) (*reply[account.UserImport], error) {
			out, err := s.Accounts.PreviewImport(ctx, c.Actor, in.Body.File)
			c.said(out.Users)
			return answer(out, err)
		})
	handle(s, "POST", "/api/v1/users/import", proven, about{id: "importUsers", tag: tag, summary: "Make and change users by a file", once: true, body: maxUserFile,
		detail: "Does what the preview said; when something else would be done than what was seen, it is refused. Nothing of the file is kept. Done again it changes nothing. " + provenText},
		func(ctx context.Context, c *caller, in *importInput) (*reply[ImportedUsers], error) {
			var invite *account.Inviting
			if in.Body.Invite {
				invite = &account.Inviting{Days: in.Body.Days}
			}
			out, made, err := s.Accounts.Import(ctx, c.Actor, in.Body.File, in.Body.Lines, in.Body.Seen, invite)
			c.said(out.Users)
			return answer(ImportedUsers{out, made}, err)
		})
	handle(s, "GET", "/api/v1/users/export", write, about{id: "exportUsers", tag: tag, summary: "The users as a file", raw: describeUserFile,
		detail: "CSV in UTF-8, as an import takes it; never passwords. It is noted in the audit log."},
		func(ctx context.Context, c *caller, in *exportUsersInput) (*streamOutput, error) {
			return &streamOutput{Body: s.stream(ctx, "users.csv", "text/csv; charset=utf-8", func(w io.Writer) error {
				return s.Accounts.ExportUsers(ctx, c.Actor, in.Profile, w)
			})}, nil
		})
	handle(s, "POST", "/api/v1/users/several/effect", write, about{id: "severalUsersEffect", tag: tag, summary: "What a change of several users would do", once: true, body: maxSeveralBody,
		detail: "Says of each what would change, or why it is refused. Nothing is done."},
		func(ctx context.Context, c *caller, in *severalInput) (*reply[account.SeveralEffect], error) {
			out, err := s.Accounts.SeveralEffect(ctx, c.Actor, in.Body.who(), in.Body.Change)
			c.said(out.Users)
			return answer(out, err)
		})
	handle(s, "POST", "/api/v1/users/several", write, about{id: "changeSeveralUsers", tag: tag, summary: "Change several users", body: maxSeveralBody,
		detail: "Does what the effect said, to those who are not refused; when something else would be done than what was seen, nothing is. The answer says what takes it back. For roles: " + provenText},
		func(ctx context.Context, c *caller, in *changeSeveralInput) (*reply[account.SeveralEffect], error) {
			b := in.Body
			if b.Change.GivesRoles() && !c.proven(s.clock.Now()) {
				return nil, confirmAgain()
			}
			out, err := s.Accounts.ChangeSeveral(ctx, c.Actor, b.who(), b.Change, b.Seen)
			c.said(out.Users)
			return answer(out, err)
		})
	handle(s, "POST", "/api/v1/users/invitations", proven, about{id: "inviteUser", tag: tag, summary: "Invite a user", status: 201, once: true,
		detail: "Makes a user who chooses the password, with a code that is good once and for a time. It is shown once, to be handed over, or sent by one of the organisation's mailboxes to who has an email address. " + provenText},
		func(ctx context.Context, c *caller, in *inviteInput) (*reply[InvitedUser], error) {
			u, invited, err := s.Accounts.InviteUser(ctx, c.Actor, in.Body.newUser(), account.Inviting{Days: in.Body.Days, Mailbox: in.Body.Mailbox, Base: s.base(c), Note: in.Body.Note})
			invited.NotMailed, _ = wording.In(c.language(), invited.NotMailed)
			return answer(InvitedUser{u, invited}, err)
		})
	handle(s, "POST", "/api/v1/users/invitations/letter", write, about{id: "invitationLetter", tag: tag, summary: "An invitation as it would be sent", once: true,
		detail: "With a note, in a language; … stands for the code. Nothing is sent."},
		func(ctx context.Context, c *caller, in *letterInput) (*reply[account.Letter], error) {
			return answer(s.Accounts.InvitationLetter(ctx, c.Actor, in.Body.UserName, in.Body.Language, account.Inviting{Base: s.base(c), Note: in.Body.Note}))
		})
	handle(s, "POST", "/api/v1/users/{id}/invitation", proven, about{id: "inviteAgain", tag: tag, summary: "Invite a user who has not come yet", once: true,
		detail: "For users who never signed in. An earlier invitation, or a one-time password, is good for nothing any more. " + provenText},
		func(ctx context.Context, c *caller, in *inviteAgainInput) (*reply[account.Invited], error) {
			by := account.Inviting{Days: in.Days, Mailbox: in.Mailbox, Base: s.base(c)}
			if in.Body != nil {
				by.Note = in.Body.Note
			}
			invited, err := s.Accounts.InviteAgain(ctx, c.Actor, in.ID, by)
			invited.NotMailed, _ = wording.In(c.language(), invited.NotMailed)
			return answer(invited, err)
		})
	handle(s, "DELETE", "/api/v1/users/{id}/invitation", write, about{id: "withdrawInvitation", tag: tag, summary: "Withdraw an invitation"},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.WithdrawInvitation(ctx, c.Actor, in.ID))
		})
}

// invitationRoutes are for who was invited, and has nothing but the code.
func (s *Server) invitationRoutes(tag string) {
	handle(s, "POST", "/api/v1/sign-in/invitation", needs(access.Public), about{id: "welcome", tag: tag, summary: "Whose an invitation is", once: true,
		detail: "Says the user name, and that an invitation is over, was used or withdrawn, to whoever has its code, and nothing to others."},
		func(ctx context.Context, _ *caller, in *welcomeInput) (*reply[account.Welcome], error) {
			return answer(s.Accounts.Welcome(ctx, in.Body.Organisation, secret.New(in.Body.Code)))
		})
	handle(s, "POST", "/api/v1/sign-in/invitation/accept", needs(access.Public), about{id: "acceptInvitation", tag: tag, summary: "Choose a password by an invitation", once: true,
		detail: "Each invitation once. Sets the session cookie."},
		func(ctx context.Context, c *caller, in *acceptInput) (*signInOutput, error) {
			got, err := s.Accounts.AcceptInvitation(ctx, c.from(), in.Body.Organisation, secret.New(in.Body.Code), secret.New(in.Body.Password))
			if err != nil {
				return nil, err
			}
			return s.signedIn(ctx, c, got), nil
		})
}

func describeUserFile(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
}
