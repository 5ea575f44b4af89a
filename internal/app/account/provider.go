package account

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// ProviderStep is where a browser goes on to sign in.
type ProviderStep struct {
	Address string      `json:"address" doc:"Of the provider's page."`
	Flow    secret.Text `json:"-"` // for the browser to keep; who has none finishes nothing
}

// FlowTime is how long somebody has to sign in with a provider.
const FlowTime = ticketTime

// providerFlow is a sign-in that is under way, sealed in the browser's own cookie.
type providerFlow struct {
	openid.Flow
	Of    []byte `json:"of"`              // digest of whom was asked, and as whom
	Trial string `json:"trial,omitempty"` // the session of who only tries it
	Again bool   `json:"again,omitempty"` // somebody proves anew who it is
}

// BeginProvider begins a sign-in with an organisation's own provider. With again,
// the provider is to let the person prove anew who it is. earlier is the session that the
// browser has, if any: where whoever holds it may administer, the device is asked for, too.
func (s *Service) BeginProvider(ctx context.Context, organisation, base string, again bool, earlier Session) (ProviderStep, error) {
	none := errs.New(errs.NotFound, "No organisation of this name signs in with a provider of its own. Please sign in with your user name.")
	org, _, err := s.findAccount(ctx, strings.ToLower(strings.TrimSpace(organisation)), "")
	if err != nil {
		return ProviderStep{}, err
	}
	if org.ID == "" || org.Status != string(Active) && !ending(org) {
		return ProviderStep{}, none
	}
	o, row, err := s.signOn(ctx, org.ID)
	if errs.Is(err, errs.NotFound) || err == nil && !o.Enabled {
		return ProviderStep{}, none
	}
	if err != nil {
		return ProviderStep{}, err
	}
	device := again && earlier.Actor.Tenant == org.ID && o.looksAtDevice(earlier.Actor)
	return s.beginProvider(ctx, org.ID, o, row, base, again, device, "")
}

func (s *Service) beginProvider(ctx context.Context, t id.Tenant, o SignOn, row store.SignOnRow, base string, again, device bool, trial string) (ProviderStep, error) {
	r, err := s.registration(ctx, t, o, row)
	if err != nil {
		return ProviderStep{}, err
	}
	if device {
		r.Context = o.DeviceContext
	}
	f := providerFlow{Flow: openid.NewFlow(signOnRedirect(base, t)), Of: asked(o), Trial: trial, Again: again && trial == ""}
	if trial != "" {
		f.State = trialState + f.State
	}
	address, err := s.Providers.Address(ctx, r, f.Flow, again)
	if err != nil {
		return ProviderStep{}, providerRefusal(err)
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return ProviderStep{}, errs.Wrap(errs.Internal, err, "This step could not be begun.")
	}
	flow, err := s.issue(ctx, t, forProvider, ticket{Ceremony: plain})
	return ProviderStep{Address: address, Flow: flow}, err
}

// asked is a digest of whom a provider's sign-on asks: an answer is not taken to
// another that was set up meanwhile.
func asked(o SignOn) []byte { return digest(o.Issuer + "\x00" + o.Client) }

// finishProvider is what both ends of the walk have in common.
func (s *Service) finishProvider(ctx context.Context, t id.Tenant, flow secret.Text, a openid.Answer, trial string) (o SignOn, f providerFlow, k ticket, who openid.Identity, err error) {
	of, k, err := s.redeem(ctx, forProvider, flow)
	if err != nil {
		return o, f, k, who, err
	}
	if of != t || json.Unmarshal(k.Ceremony, &f) != nil || f.Trial != trial {
		return o, f, k, who, errTicket()
	}
	o, row, err := s.signOn(ctx, t)
	if errs.Is(err, errs.NotFound) || err == nil && (string(asked(o)) != string(f.Of) || !o.Enabled && trial == "") {
		return o, f, k, who, errTicket()
	}
	if err != nil {
		return o, f, k, who, err
	}
	r, err := s.registration(ctx, t, o, row)
	if err != nil {
		return o, f, k, who, err
	}
	who, err = s.Providers.Redeem(ctx, r, f.Flow, a)
	return o, f, k, who, err
}

// SignInProvider completes a sign-in: the browser came back from the provider, with
// the flow that it kept. earlier is the session that the browser has, if any: who only
// was to prove anew who it is keeps it, with another token.
func (s *Service) SignInProvider(ctx context.Context, from From, t id.Tenant, flow secret.Text, a openid.Answer, earlier Session) (SignedIn, error) {
	o, f, k, who, err := s.finishProvider(ctx, t, flow, a, "")
	if err != nil {
		return SignedIn{}, providerRefusal(err)
	}
	var in SignedIn
	if f.Again && earlier.Actor.Tenant == t && earlier.Actor.Support == nil && (earlier.ByProvider || o.looksAtDevice(earlier.Actor)) {
		in, err = s.proveByProvider(ctx, earlier, o, k, who)
	} else {
		in, err = s.admitKnown(ctx, from, t, o, k, who)
	}
	if errs.Is(err, errs.Forbidden) || errs.Is(err, errs.Unauthorised) || errs.Is(err, errs.Conflict) {
		if err := s.noteRefusal(ctx, t, o, who); err != nil {
			return SignedIn{}, err
		}
	}
	return in, err
}

// proveByProvider notes that who holds a session has proved at the provider to be its
// user. Nothing else of it changes, and nobody else comes in by it.
func (s *Service) proveByProvider(ctx context.Context, in Session, o SignOn, k ticket, who openid.Identity) (SignedIn, error) {
	subject, err := s.subjectIndex(ctx, in.Actor.Tenant, o.Issuer, who.Subject)
	if err != nil {
		return SignedIn{}, err
	}
	if _, err := o.rolesOf(who); err != nil {
		return SignedIn{}, err
	}
	if err := o.shown(who); err != nil {
		return SignedIn{}, err
	}
	if o.looksAtDevice(in.Actor) && !o.inOrder(who) {
		return SignedIn{}, noDevice()
	}
	token, h := newToken(sessionPrefix, in.Actor.Tenant)
	err = s.Store.Write(ctx, in.Actor.Tenant, func(tx *store.Tx) error {
		if err := tx.SpendChallenge(k.spent(), time.UnixMilli(k.Until)); err != nil {
			return onlyOnce(err, errTicket())
		}
		linked, err := tx.Identity(subject)
		if errs.Is(err, errs.NotFound) || err == nil && linked.UserID != in.Actor.User {
			return errs.New(errs.Forbidden, "At your organisation's provider you are somebody else than here. Please sign out first.")
		}
		if err != nil {
			return err
		}
		if who.Proved.IsZero() { // it does not say when
			who.Proved = in.ProvedAt
		}
		return tx.OfferToken(in.Actor.Session, h[:], who.Proved)
	})
	var final settled
	if errors.As(err, &final) {
		err = final.error
	}
	if err != nil {
		return SignedIn{}, err
	}
	in.ProvedAt = who.Proved
	return SignedIn{Session: in, Token: token, Again: true}, nil
}

// noteRefusal writes down that somebody whom the provider knows was refused here.
func (s *Service) noteRefusal(ctx context.Context, t id.Tenant, o SignOn, who openid.Identity) error {
	subject, err := s.subjectIndex(ctx, t, o.Issuer, who.Subject)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, t, func(tx *store.Tx) error {
		kind, object := "organisation", string(t)
		linked, err := tx.Identity(subject)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if linked.UserID != "" {
			kind, object = "user", linked.UserID
		}
		return s.Audit.Record(tx, access.Actor{Tenant: t, User: linked.UserID}, "sign_in.refused", kind, object, map[string]string{"by": "provider"})
	})
}

// admitKnown opens a session for whom the provider knows.
func (s *Service) admitKnown(ctx context.Context, from From, t id.Tenant, o SignOn, k ticket, who openid.Identity) (SignedIn, error) {
	org, err := s.ownOrganisation(ctx, t)
	if err != nil {
		return SignedIn{}, err
	}
	if org.Status != string(Active) && !ending(org) {
		return SignedIn{}, suspended()
	}
	if err := o.shown(who); err != nil {
		return SignedIn{}, err
	}
	by, err := o.rolesOf(who)
	if err != nil {
		return SignedIn{}, err
	}
	user, err := s.identified(ctx, org, o, who, by)
	if err != nil {
		return SignedIn{}, err
	}
	session := ""
	if who.Session != "" {
		index, err := s.sessionIndex(ctx, t, o.Issuer, who.Session)
		if err != nil {
			return SignedIn{}, err
		}
		session = index
	}
	subject, err := s.subjectIndex(ctx, t, o.Issuer, who.Subject)
	if err != nil {
		return SignedIn{}, err
	}
	p := proof{by: "provider", from: from, device: s.knownDevice(ctx, t, user.ID, from), despite: true, provider: &providerProof{claimed: by, session: session, proved: who.Proved, device: o.inOrder(who)},
		also: func(tx *store.Tx) error {
			if err := tx.SpendChallenge(k.spent(), time.UnixMilli(k.Until)); err != nil {
				return onlyOnce(err, errTicket())
			}
			linked, err := tx.Identity(subject) // and not to somebody else meanwhile
			if err != nil || linked.UserID != user.ID {
				return settled{errTicket()}
			}
			return tx.UseIdentity(subject, s.now())
		}}
	in, err := s.openSession(ctx, org, user.ID, user.PasswordHash, user.PasswordHash, p)
	if err == nil && o.SignOut {
		in.Hint, err = s.hintFor(ctx, t, in.Session.Actor.Session, who.Token)
	}
	return in, err
}

// providerProof is what a provider says of a sign-in.
type providerProof struct {
	claimed
	session string
	proved  time.Time
	device  bool // it says that it is in order, or need not
}

// rolesOf are the roles that a provider gives; none if they are given here.
func (o SignOn) rolesOf(who openid.Identity) (claimed, error) {
	if o.RolesClaim == "" {
		return claimed{}, nil
	}
	values := who.List(o.RolesClaim)
	by := claimedBy(o.Roles, func(value string) bool { return slices.Contains(values, value) })
	if len(by.roles) == 0 {
		return by, noRole()
	}
	return by, nil
}

func noRole() error {
	return errs.New(errs.Forbidden, "Your organisation's provider gives you no role here. Please ask your administrator.")
}

// identified finds whom a provider means: by issuer and sub alone. The first time,
// it may link a user, or make one, where the organisation wants it.
func (s *Service) identified(ctx context.Context, org store.OrganisationRow, o SignOn, who openid.Identity, by claimed) (store.UserRow, error) {
	subject, err := s.subjectIndex(ctx, org.ID, o.Issuer, who.Subject)
	if err != nil {
		return store.UserRow{}, err
	}
	user, found, err := s.matched(ctx, org.ID, o, who, subject)
	if err != nil || found == matchLinked {
		return user, err
	}
	a := access.Actor{Tenant: org.ID, User: user.ID}
	if found == matchNew {
		n := NewUser{UserName: who.Text(o.NameClaim), Roles: by.roles, Parts: by.over(nil)}
		if o.NameClaim == "" || n.UserName == "" {
			n.UserName = pseudonym()
		}
		if o.Display {
			n.Profile.DisplayName = firstCharacters(who.Text("name"), 80)
		}
		if user, err = s.newUserRow(ctx, org, n, secret.Text{}, false); err != nil {
			return user, claimFault(err)
		}
		a.User = user.ID
	}
	err = s.Store.Write(ctx, org.ID, func(tx *store.Tx) error {
		if found == matchNew {
			if err := tx.Resolve(&user); err != nil {
				return err
			}
			if err := s.insertUser(tx, a, user, &agentRoom{s: s, tx: tx}); err != nil {
				return err
			}
		}
		if err := tx.InsertIdentity(store.IdentityRow{Subject: subject, UserID: user.ID, CreatedAt: s.now()}); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "identity.linked", "user", user.ID, map[string]string{"by": string(found)})
	})
	if errs.Is(err, errs.Conflict) {
		return user, errs.New(errs.Conflict, "The user name that your organisation's provider gives is another user's already. Please ask your administrator.")
	}
	if err != nil {
		return user, claimFault(err)
	}
	s.tellSetup(org.ID, user.ID)
	if found == matchNew {
		user.Version = 1
	}
	return user, nil
}

// match is how a provider's identity leads to a user.
type match string

const (
	matchLinked match = "linked"
	matchName   match = "claim"
	matchNew    match = "created"
)

// matched finds the user that an identity is linked to, or may be.
func (s *Service) matched(ctx context.Context, t id.Tenant, o SignOn, who openid.Identity, subject []byte) (user store.UserRow, found match, err error) {
	err = s.Store.Read(ctx, t, func(tx *store.Tx) error {
		linked, err := tx.Identity(subject)
		if err == nil {
			found = matchLinked
			user, err = tx.User(linked.UserID)
			return err
		}
		if !errs.Is(err, errs.NotFound) {
			return err
		}
		if name := who.Text(o.NameClaim); o.Link && name != "" {
			u, err := tx.UserByName(nameKey(name))
			if err == nil && u.Status != string(Deleted) {
				if _, err := tx.IdentityOf(u.ID); err == nil {
					return errs.New(errs.Forbidden, "Your user here is linked to another identity at your organisation's provider. Please ask your administrator.")
				} else if !errs.Is(err, errs.NotFound) {
					return err
				}
				if rulesOthers(u) { // a claim that somebody can choose at the provider must not lead there
					return errs.New(errs.Forbidden, "Your user here manages others, and is linked to your organisation's provider by hand alone. Please ask another administrator.")
				}
				found, user = matchName, u
				return nil
			}
			if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Invalid) {
				return err
			}
		}
		if was, err := tx.WasIdentityOf(subject); err != nil {
			return err
		} else if was != "" {
			u, err := tx.User(was)
			if err != nil {
				return err
			}
			if u.Status == string(Locked) {
				return errs.New(errs.Forbidden, "Your user here is locked. Please ask your administrator.")
			}
		}
		if o.Create {
			found = matchNew
			return nil
		}
		return errs.New(errs.Forbidden, "Your organisation's provider knows you, but there is no user for you here. Please ask your administrator.")
	})
	return user, found, err
}

// rulesOthers says whether a user decides what others may do.
func rulesOthers(u store.UserRow) bool {
	a := u.Actor("")
	return slices.ContainsFunc([]access.Permission{access.UserWrite, access.RoleManage, access.KeyManage}, func(p access.Permission) bool { return access.Reach(a, p) > access.None })
}

// pseudonym is a user name that tells nothing.
func pseudonym() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return "user-" + hex.EncodeToString(b[:])
}

func firstCharacters(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// claimFault says of what is wrong with a user that it came from the provider: the
// person who signs in has no field to correct.
func claimFault(err error) error {
	if errs.Is(err, errs.Invalid) {
		return errs.Wrap(errs.Forbidden, err, "Your organisation's provider gives a user name that is not accepted here, or there is no room for one more user. Please ask your administrator.")
	}
	return err
}

func (s *Service) sessionIndex(ctx context.Context, t id.Tenant, issuer, session string) (string, error) {
	index, err := s.Vault.Digest(ctx, t, "sessions.provider_session", []byte(issuer+"\x00"+session))
	return hex.EncodeToString(index), err
}

// providerRefusal says why a sign-in with a provider did not work.
func providerRefusal(err error) error {
	var f *openid.Fault
	if !errors.As(err, &f) {
		return err
	}
	switch f.Reason {
	case openid.Unreachable:
		return errs.New(errs.Unavailable, "Your organisation's provider does not answer. Please try again in a moment, or ask your administrator.")
	case openid.Denied:
		return errs.New(errs.Unauthorised, "The sign-in was refused or cancelled at your organisation's provider.")
	case openid.Foreign, openid.CodeRefused, openid.Nonce:
		return errTicket()
	}
	return errs.New(errs.Unauthorised, "What your organisation's provider answers is not accepted (%s). Please ask your administrator, who can test it.", string(f.Reason))
}

// LogoutByProvider ends what a provider says has ended (back-channel logout).
func (s *Service) LogoutByProvider(ctx context.Context, t id.Tenant, token secret.Text) error {
	none := errs.New(errs.Invalid, "This logout token is not accepted.")
	if !validTenant(string(t)) || id.Kind(string(t)) != id.TenantKind {
		return none
	}
	o, row, err := s.signOn(ctx, t)
	if errs.Is(err, errs.NotFound) || err == nil && !o.Enabled {
		return none
	}
	if err != nil {
		return err
	}
	r, err := s.registration(ctx, t, o, row)
	if err != nil {
		return err
	}
	said, err := s.Providers.Logout(ctx, r, token.Reveal())
	if err != nil {
		return none
	}
	session := ""
	if said.Session != "" {
		if session, err = s.sessionIndex(ctx, t, o.Issuer, said.Session); err != nil {
			return err
		}
	}
	subject, err := s.subjectIndex(ctx, t, o.Issuer, said.Subject)
	if err != nil {
		return err
	}
	var user string
	var ended []string
	err = s.Store.Write(ctx, t, func(tx *store.Tx) error {
		user, ended = "", nil
		if err := tx.SpendChallenge(digest("logout "+o.Issuer+" "+said.ID), said.Expires); err != nil {
			return onlyOnce(err, none)
		}
		if said.Subject != "" {
			linked, err := tx.Identity(subject)
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			user = linked.UserID
		} else if user, err = tx.UserOfProviderSession(session); err != nil {
			return err
		}
		if user == "" {
			return nil
		}
		rows, err := tx.EndProviderSessions(user, session, "", s.now())
		if err != nil || len(rows) == 0 {
			return err
		}
		ended = sessionIDs(rows)
		return s.Audit.Record(tx, access.Actor{Tenant: t, User: user}, "sessions.ended", "user", user, map[string]string{"by": "provider"})
	})
	var final settled
	if errors.As(err, &final) {
		return final.error
	}
	if err == nil && len(ended) > 0 {
		s.tell(t, Change{User: user, Sessions: ended, Reason: EndedSignedOut})
	}
	return err
}

// onlyByProvider refuses other ways in where the organisation wants its provider's
// alone. glass says that this is the account for emergencies.
func onlyByProvider(tx *store.Tx, user string, p proof, now time.Time) (glass bool, err error) {
	if p.provider != nil {
		return false, nil
	}
	o, _, err := readSignOn(tx)
	switch {
	case errs.Is(err, errs.NotFound) || err == nil && !o.Only && (o.DeviceContext == "" || o.BreakGlass != user):
		return false, nil
	case err != nil:
		return false, err
	case o.BreakGlass != user:
		return false, settled{errs.New(errs.Forbidden, "Your organisation's users sign in with its own provider. Please choose that instead of a password.")}
	}
	return true, tx.BrokeGlass(now)
}

// rolesByProvider gives a user the roles that the provider gives, and says which if
// they changed. The last administrator stays one, and so does the account for
// emergencies.
func (s *Service) rolesByProvider(tx *store.Tx, org store.OrganisationRow, u *store.UserRow, p proof) (changed string, err error) {
	if p.provider == nil || p.provider.roles == nil {
		return "", nil
	}
	before := *u
	next := words(p.provider.roles)
	if slices.ContainsFunc(p.provider.roles, access.IsCustom) {
		if err := s.roleTurn(tx); err != nil {
			return "", err
		}
	}
	u.Roles = next
	if err := tx.Resolve(u); err != nil {
		return "", err
	}
	u.Roles = slices.DeleteFunc(next, func(r string) bool { // it was deleted meanwhile
		return access.IsCustom(access.Role(r)) && !slices.ContainsFunc(u.Custom, func(c access.Custom) bool { return string(c.ID) == r })
	})
	if next = u.Roles; len(next) == 0 {
		return "", settled{noRole()}
	}
	if rules(before, org) && !rules(*u, org) {
		err := s.keepRuler(tx, org, u.ID)
		if err == nil {
			err = keepGlass(tx, u.ID)
		}
		if errs.Is(err, errs.Conflict) {
			next = append(next, string(access.Administrator))
			slices.Sort(next)
			u.Roles = next
			if err := tx.Resolve(u); err != nil {
				return "", err
			}
		} else if err != nil {
			return "", err
		}
	}
	u.Parts = p.provider.over(before.Parts)
	if slices.Equal(before.Roles, u.Roles) && sameParts(before.Parts, u.Parts) {
		return "", nil
	}
	if !isAgent(before) && isAgent(*u) {
		if err := s.roomForAgents(tx, 1, "roles"); err != nil {
			return "", settled{claimFault(err)}
		}
	}
	return rolesSaid(u.Roles, partsOf(u.Roles, u.Parts)), nil
}
