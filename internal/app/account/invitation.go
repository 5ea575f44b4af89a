package account

import (
	"context"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// A user who was invited has no password. Whoever has the code of the invitation
// chooses one, once, and is that user from then on.
const (
	invitationOpen      = "open"
	invitationWithdrawn = "withdrawn"
	invitationUsed      = "used"
)

// How long an invitation is good.
const (
	UsualInvitation = 7 // days
	maxInvitation   = 30
)

// Invitation is how a user stands who was invited and has not come yet.
type Invitation struct {
	State string    `json:"state" enum:"open,expired,withdrawn"`
	Until time.Time `json:"until,omitzero"`
}

// Invited is an invitation to hand over. The code is shown once.
type Invited struct {
	Organisation string    `json:"organisation" doc:"Its short name, to type with the code."`
	Code         string    `json:"code" doc:"Shown once; good once. The page is /app/invitation#organisation.code. Empty where it was sent by email: only who reads that has it."`
	Until        time.Time `json:"until"`
	Mailed       bool      `json:"mailed" doc:"It was sent to the user's email address."`
	NotMailed    string    `json:"not_mailed,omitempty" doc:"Why it was not, though that was asked for: hand the code over instead. In the reader's language."`
}

// Inviting is how somebody is invited.
type Inviting struct {
	Days    int    // 0: the usual
	Mailbox string // by which it is sent to the user's email address; "": it is handed over
	Base    string // how the desk is reached, for the link
	Note    string // what who invites adds to the email; may be empty
}

func (s *Service) invitationOf(u store.UserRow) *Invitation {
	switch {
	case u.Invitation == invitationWithdrawn:
		return &Invitation{State: invitationWithdrawn}
	case u.Invitation != invitationOpen:
		return nil
	case s.now().Before(u.InvitationUntil):
		return &Invitation{invitationOpen, u.InvitationUntil}
	}
	return &Invitation{"expired", u.InvitationUntil}
}

// newInvitation makes one for a row.
func (s *Service) newInvitation(org store.OrganisationRow, u *store.UserRow, days int) Invited {
	code := recoveryCode()
	u.PasswordHash, u.MustChange = "", false
	u.Invitation, u.InvitationHash, u.InvitationUntil = invitationOpen, invitationHash(code), s.now().Add(time.Duration(days)*24*time.Hour)
	return Invited{Organisation: org.Slug, Code: code.Reveal(), Until: u.InvitationUntil}
}

// invitationHash is of 138 random bits, which need no slow hash.
func invitationHash(code secret.Text) []byte {
	return digest("invitation " + strings.ToLower(strings.TrimSpace(code.Reveal())))
}

func checkInvitationDays(f *errs.Fields, days *int) {
	if *days == 0 {
		*days = UsualInvitation
	}
	if *days < 1 || *days > maxInvitation {
		f.Add("days", "must be 1 to %d", maxInvitation)
	}
}

// InviteUser makes a user who comes in by an invitation.
func (s *Service) InviteUser(ctx context.Context, a access.Actor, n NewUser, in Inviting) (User, Invited, error) {
	if err := may(a, access.UserWrite); err != nil {
		return User{}, Invited{}, err
	}
	org, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return User{}, Invited{}, err
	}
	var f errs.Fields
	checkNew(&f, org, &n)
	checkInvitationDays(&f, &in.Days)
	in.Note = checkLines(&f, "note", in.Note, MaxInvitationNote)
	if err := s.checkPost(ctx, &f, a, in, n.Profile, "profile.email"); err != nil {
		return User{}, Invited{}, err
	}
	if err := f.Err(); err != nil {
		return User{}, Invited{}, err
	}
	row, err := s.rowOf(ctx, org, n, "", false)
	if err != nil {
		return User{}, Invited{}, err
	}
	invited := s.newInvitation(org, &row, in.Days)
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := s.mayGive(tx, a, store.UserRow{}, &row, "roles"); err != nil {
			return err
		}
		if err := s.insertUser(tx, a, row, &agentRoom{s: s, tx: tx}); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "user.invited", "user", row.ID, nil)
	})
	if err != nil {
		return User{}, Invited{}, nameTaken(err, "user_name")
	}
	s.tellSetup(a.Tenant, row.ID)
	row.Version = 1
	s.post(ctx, a, org, row, n.Profile, in, &invited)
	u, err := s.view(ctx, a.Tenant, row)
	return u, invited, err
}

// InviteAgain invites a user who has never signed in: what it had until then, an
// invitation or a one-time password, is good for nothing any more.
func (s *Service) InviteAgain(ctx context.Context, a access.Actor, user string, in Inviting) (Invited, error) {
	if err := may(a, access.UserWrite); err != nil {
		return Invited{}, err
	}
	var f errs.Fields
	checkInvitationDays(&f, &in.Days)
	in.Note = checkLines(&f, "note", in.Note, MaxInvitationNote)
	org, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return Invited{}, err
	}
	now, err := s.user(ctx, a.Tenant, user)
	if err != nil {
		return Invited{}, err
	}
	if err := s.checkPost(ctx, &f, a, in, now.Profile, "query.mailbox"); err != nil {
		return Invited{}, err
	}
	if err := f.Err(); err != nil {
		return Invited{}, err
	}
	var invited Invited
	row, err := s.update(ctx, a, user, 0, "user.invited", func(tx *store.Tx, u *store.UserRow) (map[string]string, error) {
		if err := mayManage(a, *u); err != nil {
			return nil, err
		}
		if !u.SignedInAt.IsZero() || len(u.Factors) > 0 {
			return nil, errs.New(errs.Conflict, "This user has signed in before. Give it a one-time password instead.")
		}
		if u.Status != string(Active) {
			return nil, errs.New(errs.Conflict, "This account is locked. Unlock it first.")
		}
		if rules(*u, org) && u.PasswordHash != "" {
			if err := s.keepRuler(tx, org, u.ID); err != nil {
				return nil, err
			}
			if err := keepGlass(tx, u.ID); err != nil { // its password is for the day on which nothing else opens
				return nil, err
			}
		}
		invited = s.newInvitation(org, u, in.Days)
		return nil, nil
	})
	if err != nil {
		return Invited{}, err
	}
	s.tellSetup(a.Tenant, user)
	s.post(ctx, a, org, row, now.Profile, in, &invited)
	return invited, nil
}

// WithdrawInvitation lets an invitation be good for nothing any more.
func (s *Service) WithdrawInvitation(ctx context.Context, a access.Actor, user string) error {
	if err := may(a, access.UserWrite); err != nil {
		return err
	}
	_, err := s.update(ctx, a, user, 0, "user.invitation_withdrawn", func(_ *store.Tx, u *store.UserRow) (map[string]string, error) {
		if err := mayManage(a, *u); err != nil {
			return nil, err
		}
		if u.Invitation != invitationOpen {
			return nil, errs.New(errs.NotFound, "There is no invitation to withdraw.")
		}
		u.Invitation = invitationWithdrawn
		return nil, nil
	})
	if err == nil {
		s.tellSetup(a.Tenant, user)
	}
	return err
}

// Welcome is what somebody who holds an invitation is told before choosing a password.
type Welcome struct {
	Organisation   string     `json:"organisation" doc:"Its name."`
	UserName       string     `json:"user_name" doc:"With which one signs in from then on."`
	Until          time.Time  `json:"until"`
	PasswordLength int        `json:"password_length" doc:"Fewest characters of the password."`
	Brand          BrandShown `json:"brand" doc:"What its pages look like."`
}

// Welcome says whose an invitation is.
func (s *Service) Welcome(ctx context.Context, organisation string, code secret.Text) (Welcome, error) {
	began := s.now()
	org, u, least, err := s.invited(ctx, organisation, code)
	if err != nil {
		s.waitForGrid(ctx, began)
		return Welcome{}, err
	}
	look, err := s.BrandOf(ctx, org.ID, "")
	return Welcome{org.Name, u.UserName, u.InvitationUntil, least, look}, err
}

// AcceptInvitation lets whoever holds an invitation choose the password, and signs it in.
func (s *Service) AcceptInvitation(ctx context.Context, from From, organisation string, code, password secret.Text) (SignedIn, error) {
	began := s.now()
	in, err := s.acceptInvitation(ctx, from, organisation, code, password)
	if err != nil && !errs.Is(err, errs.Invalid) {
		s.waitForGrid(ctx, began)
	}
	return in, err
}

func (s *Service) acceptInvitation(ctx context.Context, from From, organisation string, code, password secret.Text) (SignedIn, error) {
	org, u, least, err := s.invited(ctx, organisation, code)
	if err != nil {
		return SignedIn{}, err
	}
	if err := checkNewPassword("password", u.UserName, password, least, org.Slug, org.Name); err != nil {
		return SignedIn{}, err
	}
	hash, err := s.hash.make(ctx, password)
	if err != nil {
		return SignedIn{}, err
	}
	// The row is read again within: of two who come with the code, one is let in.
	return s.openSession(ctx, org, u.ID, "", hash, proof{by: "invitation", from: from, despite: true, invitation: u.InvitationHash})
}

// useInvitation is within the transaction that opens the session. Who comes in another
// way, by the organisation's provider, is not invited any more.
func (s *Service) useInvitation(u *store.UserRow, hash []byte) error {
	if hash == nil {
		if u.Invitation == invitationOpen {
			u.Invitation, u.InvitationHash, u.InvitationUntil = "", nil, time.Time{}
		}
		return nil
	}
	if err := s.good(*u, hash); err != nil {
		return settled{err}
	}
	u.Invitation = invitationUsed
	return nil
}

// good refuses an invitation that is over.
func (s *Service) good(u store.UserRow, hash []byte) error {
	switch {
	case u.Invitation == invitationUsed || u.PasswordHash != "":
		return errs.New(errs.Conflict, "This invitation was used already. Sign in with the password that was chosen then, or ask your administrator.")
	case u.Invitation == invitationWithdrawn || u.Status != string(Active) || string(u.InvitationHash) != string(hash):
		return errs.New(errs.Conflict, "This invitation was withdrawn. Please ask your administrator.")
	case !s.now().Before(u.InvitationUntil):
		return errs.New(errs.Conflict, "This invitation is over. Please ask your administrator for another one.")
	}
	return nil
}

// invited is who has been invited by a code. An organisation that does not exist
// is answered like a code that does not.
func (s *Service) invited(ctx context.Context, organisation string, code secret.Text) (org store.OrganisationRow, u store.UserRow, least int, err error) {
	unknown := errs.New(errs.Unauthorised, "This invitation is not known. Look whether the organisation and the code are right; a later invitation replaces an earlier one.")
	err = s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		org, err = tx.OrganisationBySlug(strings.ToLower(strings.TrimSpace(organisation)))
		return err
	})
	hash := invitationHash(code)
	if err == nil {
		err = s.Store.Read(ctx, org.ID, func(tx *store.Tx) (err error) {
			u, err = tx.UserByInvitation(hash)
			return err
		})
	}
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) {
		return org, u, 0, unknown
	}
	if err == nil {
		err = s.good(u, hash)
	}
	if err == nil && org.Status != string(Active) {
		err = suspended()
	}
	if err != nil {
		return org, u, 0, err
	}
	rules, err := s.signInRules(ctx, org.ID)
	return org, u, max(rules.SignIn.PasswordLength, minPassword), err
}
