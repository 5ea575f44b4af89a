package account

import (
	"cmp"
	"context"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

// What a sign-up link may be.
const (
	mostLinks       = 100 // that an organisation has
	mostSignUps     = 1000
	mostLinkDays    = 365
	mostTrialDays   = 365
	slugWords       = 30 // characters of the short name that come from the organisation's name
	slugRandom      = 6  // and after them
	slugAttempts    = 5
	signUpLinkNames = 60
)

// SignUpLink lets whoever has its code make a tenant.
type SignUpLink struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Limits    usage.Limits `json:"limits" doc:"Of each tenant that is made."`
	TrialDays int64        `json:"trial_days" doc:"0: no trial."`
	Most      int64        `json:"most" doc:"Tenants that it makes."`
	Used      int64        `json:"used" doc:"Tenants that it has made."`
	Until     time.Time    `json:"until"`
	CreatedAt time.Time    `json:"created_at"`
}

// SignUpTerms are what a link gives.
type SignUpTerms struct {
	Name      string
	Limits    usage.Limits
	TrialDays int64 // of each tenant, after which it is suspended; 0: no trial
	Most      int64 // tenants
	Days      int   // that the link is good
}

func linkView(l store.SignUpLinkRow) SignUpLink {
	return SignUpLink{ID: l.ID, Name: l.Name, Limits: l.Limits, TrialDays: l.TrialDays, Most: l.Most, Used: l.Used, Until: l.Until, CreatedAt: l.CreatedAt}
}

func signUpHash(code secret.Text) []byte {
	return digest("sign-up " + strings.ToLower(strings.TrimSpace(code.Reveal())))
}

// SignUpLinks are those of the actor's own organisation, the newest first.
func (s *Service) SignUpLinks(ctx context.Context, a access.Actor, cursor string, limit int) ([]SignUpLink, string, error) {
	if err := mayBelow(a, access.OrgRead); err != nil {
		return nil, "", err
	}
	if cursor != "" && !id.Valid(id.SignUpLink, cursor) {
		return nil, "", errs.Bad("query.cursor", "must be next of the page before")
	}
	limit = pageSize(limit)
	var rows []store.SignUpLinkRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.SignUpLinks(cursor, limit+1)
		return err
	})
	next := ""
	if len(rows) > limit {
		rows, next = rows[:limit], rows[limit-1].ID
	}
	out := make([]SignUpLink, 0, len(rows))
	for _, l := range rows {
		out = append(out, linkView(l))
	}
	return out, next, err
}

// MakeSignUpLink answers with a link and its code, which is shown once.
func (s *Service) MakeSignUpLink(ctx context.Context, a access.Actor, t SignUpTerms) (SignUpLink, secret.Text, error) {
	if err := mayBelow(a, access.OrgWrite); err != nil {
		return SignUpLink{}, secret.Text{}, err
	}
	var f errs.Fields
	t.Name = checkText(&f, "name", t.Name, 1, signUpLinkNames)
	between := func(path string, n, least, most int64) {
		if n < least || n > most {
			f.Add(path, "must be from %d to %d", least, most)
		}
	}
	between("most", t.Most, 1, mostSignUps)
	between("days", int64(t.Days), 1, mostLinkDays)
	between("trial_days", t.TrialDays, 0, mostTrialDays)
	if err := f.Err(); err != nil {
		return SignUpLink{}, secret.Text{}, err
	}
	if err := s.Store.System(ctx, func(tx *store.Tx) error { // as if the first were made now
		return within(tx, store.OrganisationRow{ParentID: a.Tenant, Limits: t.Limits})
	}); err != nil {
		return SignUpLink{}, secret.Text{}, err
	}
	code, now := recoveryCode(), s.now()
	row := store.SignUpLinkRow{ID: s.IDs.New(id.SignUpLink), Name: t.Name, CodeHash: signUpHash(code), Limits: t.Limits, TrialDays: t.TrialDays, Most: t.Most,
		Until: now.Add(time.Duration(t.Days) * 24 * time.Hour), UserID: a.User, CreatedAt: now}
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if n, err := tx.CountSignUpLinks(); err != nil || n >= mostLinks {
			return cmp.Or(err, error(errs.New(errs.Conflict, "There are %d sign-up links already. Remove those that are no longer needed.", n)))
		}
		if err := tx.InsertSignUpLink(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "sign_up_link.made", "sign_up_link", row.ID, nil)
	})
	return linkView(row), code, err
}

// RemoveSignUpLink lets nobody sign up by a link any more. Tenants that it made stay.
func (s *Service) RemoveSignUpLink(ctx context.Context, a access.Actor, link string) error {
	if err := mayBelow(a, access.OrgWrite); err != nil {
		return err
	}
	return s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		found, err := tx.DeleteSignUpLink(link)
		if err != nil {
			return err
		}
		if !found {
			return errs.New(errs.NotFound, "This link does not exist.")
		}
		return s.Audit.Record(tx, a, "sign_up_link.removed", "sign_up_link", link, nil)
	})
}

// SignUpOffer is what a link gives, for who has its code.
type SignUpOffer struct {
	By             string       `json:"by" doc:"Name of who offers it."`
	Limits         usage.Limits `json:"limits"`
	TrialDays      int64        `json:"trial_days" doc:"0: no trial."`
	Until          time.Time    `json:"until" doc:"The link is good until then."`
	PasswordLength int          `json:"password_length" doc:"Fewest characters of the password."`
	Brand          BrandShown   `json:"brand" doc:"What the pages of who offers it look like."`
}

// Offer says what a link gives.
func (s *Service) Offer(ctx context.Context, code secret.Text) (SignUpOffer, error) {
	l, by, err := s.linkBy(ctx, code)
	if err == nil && l.Used >= l.Most {
		err = linkOver()
	}
	if err != nil {
		return SignUpOffer{}, err
	}
	look, err := s.BrandOf(ctx, by.ID, "")
	return SignUpOffer{by.Name, l.Limits, l.TrialDays, l.Until, minPassword, look}, err
}

func linkOver() error {
	return errs.New(errs.Conflict, "This sign-up link is over or was used as often as it may be. Please ask who gave it to you for another one.")
}

// linkBy is a link that is good, but for how often it was used, and whose it is.
func (s *Service) linkBy(ctx context.Context, code secret.Text) (l store.SignUpLinkRow, by store.OrganisationRow, err error) {
	err = s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		if l, err = tx.SignUpLinkByCode(signUpHash(code)); err == nil {
			by, err = tx.OrganisationByID(l.Tenant)
		}
		return err
	})
	switch {
	case errs.Is(err, errs.NotFound):
		err = errs.New(errs.NotFound, "This sign-up link is not known, or was removed. Please ask who gave it to you.")
	case err == nil && (by.Status != string(Active) || !s.now().Before(l.Until)):
		err = linkOver()
	}
	return l, by, err
}

// NewSignUp is what somebody says who signs up: nothing of a person.
type NewSignUp struct {
	Name          string // of the organisation
	Administrator string // user name, better a pseudonym
	Password      secret.Text
	Language      string
	TimeZone      string // "": that of who offers it
}

// SignUp makes a tenant by a link, and signs its first administrator in, who is
// an agent too. The organisation's short name is made of its name and letters
// that nobody knows before, so that nobody learns which names are taken. Who asks
// again because the answer was lost comes into the same organisation.
func (s *Service) SignUp(ctx context.Context, from From, code secret.Text, n NewSignUp) (Organisation, SignedIn, error) {
	l, by, err := s.linkBy(ctx, code)
	if err != nil {
		return Organisation{}, SignedIn{}, err
	}
	org := NewOrganisation{Kind: KindTenant, Name: n.Name, Language: cmp.Or(n.Language, by.Language), TimeZone: cmp.Or(n.TimeZone, by.TimeZone),
		Administrator: n.Administrator, Limits: l.Limits, link: &l}
	var f errs.Fields
	org.Name = checkText(&f, "name", org.Name, 1, 80)
	org.Administrator = checkUserName(&f, "administrator", org.Administrator)
	checkLanguage(&f, "language", org.Language)
	checkZone(&f, "time_zone", org.TimeZone)
	if err := f.Err(); err != nil {
		return Organisation{}, SignedIn{}, err
	}
	if err := checkNewPassword("password", org.Administrator, n.Password, 0, org.Name); err != nil {
		return Organisation{}, SignedIn{}, err
	}
	words := slugOf(org.Name)
	org.Slug = words + randomSlug(digest("sign-up slug "+code.Reveal()+"\x00"+org.Name+"\x00"+org.Administrator))
	made, _, err := s.found(ctx, access.Actor{}, by.ID, org, n.Password, false)
	for i := 0; i < slugAttempts && errs.Is(err, errs.Conflict) && len(errs.As(err).Fields) > 0; i++ {
		if i == 0 { // it may be one's own, by an attempt whose answer was lost
			if in, failed := s.SignIn(ctx, from, org.Slug, org.Administrator, n.Password); failed == nil {
				own, err := s.ownOrganisation(ctx, in.Session.Actor.Tenant)
				return organisationView(own, 1), in, err
			}
		}
		org.Slug = words + randomSlug(digest(recoveryCode().Reveal()))
		made, _, err = s.found(ctx, access.Actor{}, by.ID, org, n.Password, false)
	}
	if e := errs.As(err); err != nil && e.Code == errs.Invalid && len(e.Fields) > 0 && strings.HasPrefix(e.Fields[0].Path, "limits") {
		err = errs.New(errs.Conflict, "Who gave you this link has no room for another organisation at the moment. Please ask there.")
	}
	if err != nil {
		return Organisation{}, SignedIn{}, err
	}
	err = s.Store.Write(ctx, by.ID, func(tx *store.Tx) error {
		return s.Audit.Record(tx, access.Actor{Tenant: by.ID}, "organisation.signed_up", "organisation", string(made.ID), map[string]string{"link": l.ID})
	})
	if err != nil {
		return made, SignedIn{}, err
	}
	in, err := s.SignIn(ctx, from, made.Slug, org.Administrator, n.Password)
	return made, in, err
}

// slugOf makes the readable part of a short name.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case !unicode.Is(unicode.Mn, r) && b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= slugWords {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s + "-"
	}
	return ""
}

func randomSlug(from []byte) string {
	out := make([]byte, slugRandom)
	for i := range out {
		out[i] = oneTimeAlphabet[int(from[i])%len(oneTimeAlphabet)]
	}
	return string(out)
}

// JobTrial suspends an organisation whose trial is over, unless it was given
// longer. RunTrial is its handler.
const JobTrial = "organisation.trial"

func (s *Service) trialUntil(days int64) time.Time {
	if days == 0 {
		return time.Time{}
	}
	return s.now().Add(time.Duration(days) * 24 * time.Hour)
}

// watchTrial lets a job look when an organisation's trial is over (System).
func (s *Service) watchTrial(tx *store.Tx, o store.OrganisationRow) error {
	if o.TrialUntil.IsZero() {
		return nil
	}
	return tx.InsertJobFor(store.JobRow{Tenant: o.ID, ID: s.IDs.New(id.Job), Kind: JobTrial, RunAt: o.TrialUntil, CreatedAt: s.now()})
}

// RunTrial suspends the job's organisation if its trial is over.
func (s *Service) RunTrial(ctx context.Context, job store.JobRow) error {
	var row store.OrganisationRow
	suspends := false
	err := s.Store.System(ctx, func(tx *store.Tx) (err error) {
		if row, err = tx.HeldOrganisation(job.Tenant); err != nil {
			return err
		}
		suspends = row.Status == string(Active) && !row.TrialUntil.IsZero() && !s.now().Before(row.TrialUntil)
		if !suspends {
			return nil
		}
		row.Status, row.UpdatedAt = string(Suspended), s.now()
		return tx.UpdateOrganisation(row)
	})
	if err != nil {
		return err
	}
	if row.Status == string(Suspended) { // also if an earlier run was broken off here
		s.tell(row.ID, Change{Reason: EndedSuspended})
	}
	if !suspends {
		return nil
	}
	return s.noteEnd(ctx, access.Actor{Tenant: row.ParentID}, row, "organisation.trial_over", nil)
}
