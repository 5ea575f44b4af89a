package account

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
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

// SignOn is how an organisation's users sign in with its own OpenID provider.
type SignOn struct {
	Enabled    bool        `json:"enabled" doc:"Users may sign in by it. Before, it can only be tested."`
	Name       string      `json:"name" minLength:"1" maxLength:"60" doc:"Of the provider, as users know it."`
	Issuer     string      `json:"issuer" maxLength:"400" doc:"The provider's issuer identifier, e.g. https://login.example.com. Its /.well-known/openid-configuration says the rest."`
	Client     string      `json:"client" minLength:"1" maxLength:"200" doc:"client_id, as the provider gave it."`
	Scopes     []string    `json:"scopes" maxItems:"10" doc:"Asked for beside openid, where the provider tells claims by them, e.g. profile, groups."`
	NameClaim  string      `json:"name_claim" maxLength:"100" doc:"The claim that holds user names, e.g. preferred_username; empty: none is looked at."`
	Link       bool        `json:"link" doc:"At the first sign-in, link the user whose user name name_claim holds, if it is linked to nobody yet."`
	Create     bool        `json:"create" doc:"At the first sign-in of somebody whom nobody is linked to, make a user; named by name_claim, else by a pseudonym."`
	Display    bool        `json:"display" doc:"Keep the claim name as the user's display name, sealed. Personal data; nothing needs it."`
	RolesClaim string      `json:"roles_claim" maxLength:"100" doc:"The claim whose values give roles at each sign-in, e.g. groups; empty: roles are given here."`
	Roles      []ClaimRole `json:"roles" maxItems:"100" doc:"Which value gives which role. Who has none of them is refused."`
	Only       bool        `json:"only" doc:"Users sign in by the provider only, but for break_glass. Switched on by who is signed in by it."`
	SignOut    bool        `json:"sign_out,omitempty" doc:"Who signs out here is signed out at the provider, too, where it offers that (RP-initiated logout)."`
	// What the provider has to say of how somebody proved to be itself.
	SecondFactor bool     `json:"second_factor,omitempty" doc:"Who signs in by the provider must have shown a second factor there, and the provider must say so: in acr with one of classes, or without classes in amr (RFC 8176: mfa, mca, otp, hwk, swk, sc, sms or tel; fido)."`
	Classes      []string `json:"classes,omitempty" maxItems:"10" doc:"With second_factor: values of acr of which each says that a second factor was shown, e.g. http://schemas.openid.net/pape/policies/2007/06/multi-factor. The provider is asked for them (acr_values)."`
	// DeviceContext stands for the state of the device, which the provider knows from its management.
	DeviceContext string `json:"device_context,omitempty" maxLength:"200" doc:"A value of acr or acrs by which the provider says that the device is in order, such as an authentication context whose rules demand a compliant device (Entra: c1). Whoever may administer proves anew who it is there alone, and the provider must say this; only break_glass does it with its password. Empty: not looked at."`
	LogoutTyped   bool   `json:"logout_typed,omitempty" doc:"Of back-channel logout only tokens are taken that say that they are logout tokens (typ logout+jwt), as the standard recommends; else also those that say JWT or nothing, as older providers write them."`
	BreakGlass    string `json:"break_glass" maxLength:"64" doc:"Id of an administrator who may always sign in with its password, for the day when the provider is down."`
}

// ClaimRole gives a role to who has a value.
type ClaimRole struct {
	Value string           `json:"value" minLength:"1" maxLength:"200"`
	Role  access.Role      `json:"role"`
	Part  *access.RolePart `json:"part,omitempty" doc:"For these teams, queues and campaigns only; absent: for everything. Once a row of a role has one, what the role is given for is decided by these rows alone, and no longer by the part that was chosen here."`
}

// SignOnView is an organisation's sign-on as administrators see it.
type SignOnView struct {
	SignOn
	HasSecret    bool      `json:"has_secret"`
	Redirect     string    `json:"redirect" doc:"The redirect URI to register with the provider: this one alone."`
	Logout       string    `json:"logout" doc:"The back-channel logout URI, where the provider offers that."`
	SignedOut    string    `json:"signed_out" doc:"The post-logout redirect URI to register with the provider, for sign_out."`
	Linked       int       `json:"linked" doc:"Users who are linked."`
	BreakGlassAt time.Time `json:"break_glass_at,omitzero" doc:"When break_glass was used last."`
	UpdatedAt    time.Time `json:"updated_at,omitzero"`
	Version      int64     `json:"version" doc:"0: there is none yet."`
}

func signOnWhere() string { return "sign_ons.secret" }

// mayRuleSignIn lets in administrators who are signed in: whoever chooses the provider
// can become anybody.
func mayRuleSignIn(in Session) error {
	if err := usersOnly(in); err != nil {
		return err
	}
	if in.Kind != KindTenant || in.Actor.Support != nil { // support does not change who may come in
		return errs.New(errs.Forbidden, "This is for organisations that handle work.")
	}
	if !slices.Contains(in.Actor.Roles, access.Administrator) {
		return errs.New(errs.Forbidden, "This is for administrators: who says who comes in can become anybody.")
	}
	return nil
}

// readSignOn gives a row's content; NotFound where the organisation has none.
func readSignOn(tx *store.Tx) (SignOn, store.SignOnRow, error) {
	var o SignOn
	row, err := tx.SignOn()
	if err == nil && json.Unmarshal([]byte(row.Config), &o) != nil {
		err = errs.New(errs.Internal, "The sign-on could not be read.")
	}
	return o, row, err
}

func (s *Service) signOn(ctx context.Context, t id.Tenant) (o SignOn, row store.SignOnRow, err error) {
	err = s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		o, row, err = readSignOn(tx)
		return err
	})
	return o, row, err
}

// SignOn is the organisation's, empty if it has none.
func (s *Service) SignOn(ctx context.Context, in Session, base string) (SignOnView, error) {
	if err := mayRuleSignIn(in); err != nil {
		return SignOnView{}, err
	}
	var v SignOnView
	err := s.Store.Read(ctx, in.Actor.Tenant, func(tx *store.Tx) error {
		o, row, err := readSignOn(tx)
		if errs.Is(err, errs.NotFound) {
			err = nil
		}
		if err != nil {
			return err
		}
		v = SignOnView{SignOn: o, HasSecret: len(row.Secret) > 0, BreakGlassAt: row.BreakGlassAt, UpdatedAt: row.UpdatedAt, Version: row.Version}
		v.Linked, err = tx.CountIdentities()
		return err
	})
	v.SignedOut = signedOutAt(base)
	v.Redirect, v.Logout = signOnRedirect(base, in.Actor.Tenant), base+"/api/v1/sign-in/provider/"+string(in.Actor.Tenant)+"/logout"
	v.Scopes, v.Roles = append([]string{}, v.Scopes...), append([]ClaimRole{}, v.Roles...)
	if v.Version == 0 { // where it is set up anew, the standard's way is the usual one
		v.LogoutTyped = true
	}
	return v, err
}

// signOnRedirect is where an organisation's provider sends browsers back to. It is
// another for each organisation, so that no provider's answer is taken for another's
// (RFC 9700, 4.4.2.2).
func signOnRedirect(base string, t id.Tenant) string { return base + "/app/sign-in/" + string(t) }

// PutSignOn changes it. secretNow replaces the client's secret unless it is empty.
func (s *Service) PutSignOn(ctx context.Context, in Session, version int64, o SignOn, secretNow secret.Text) error {
	if err := mayRuleSignIn(in); err != nil {
		return err
	}
	a := in.Actor
	if err := checkSignOn(&o); err != nil {
		return err
	}
	config, err := json.Marshal(o)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The sign-on could not be written.")
	}
	var sealed secret.Sealed
	if !secretNow.Empty() {
		if sealed, err = s.Vault.SealTenant(ctx, a.Tenant, signOnWhere(), []byte(secretNow.Reveal())); err != nil {
			return err
		}
	}
	var ended []store.SessionRow
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		ended = nil
		was, row, err := readSignOn(tx)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if row.Version != version {
			return errs.New(errs.Conflict, "This was changed by someone else in the meantime.")
		}
		if err := s.lettable(tx, in, was, o, len(sealed) > 0, len(row.Secret) > 0); err != nil {
			return err
		}
		if was.Issuer != "" && was.Issuer != o.Issuer {
			if err := tx.DeleteIdentities(); err != nil {
				return err
			}
		}
		if was.Enabled && (!o.Enabled || movedTo(was, o)) {
			ended, err = s.leaveProvider(tx, a)
			if errs.Is(err, errs.Conflict) { // nobody else changed anything: it stands beside its field
				err = errs.Bad(leftBy(was, o), "would leave no administrator who can sign in; give one a password first")
			}
			if err != nil {
				return err
			}
		}
		row.Config, row.UpdatedAt = string(config), s.now()
		if len(sealed) > 0 {
			row.Secret = sealed
		}
		if err := tx.PutSignOn(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "sign_on.changed", "organisation", string(a.Tenant),
			map[string]string{"enabled": fmt.Sprint(o.Enabled), "only": fmt.Sprint(o.Only), "create": fmt.Sprint(o.Create), "link": fmt.Sprint(o.Link), "second_factor": fmt.Sprint(o.SecondFactor), "device_context": fmt.Sprint(o.DeviceContext != "")})
	})
	if err == nil {
		s.tellEnded(a, ended)
	}
	return err
}

// movedTo says whether another provider is asked, or as another client.
func movedTo(was, o SignOn) bool { return was.Issuer != o.Issuer || was.Client != o.Client }

// leftBy is the field by which the provider is not asked any more.
func leftBy(was, o SignOn) string {
	switch {
	case was.Issuer != o.Issuer:
		return "issuer"
	case was.Client != o.Client:
		return "client"
	}
	return "enabled"
}

// leaveProvider is for when the provider is not asked any more: somebody who rules
// must be able to come in without it, and who came in by it goes, but for the actor,
// whose session shows nothing of the next provider.
func (s *Service) leaveProvider(tx *store.Tx, a access.Actor) ([]store.SessionRow, error) {
	if err := s.keepWayIn(tx, false); err != nil {
		return nil, err
	}
	users, err := tx.Users()
	var ended []store.SessionRow
	for _, u := range users {
		rows, err := tx.EndProviderSessions(u.ID, "", a.Session, s.now())
		if err != nil {
			return nil, err
		}
		ended = append(ended, rows...)
	}
	if err == nil {
		err = tx.ForgetProviderSession(a.Session)
	}
	return ended, err
}

// keepWayIn refuses what leaves no administrator who can sign in: with a password, a
// passkey, or if byProvider by the provider. Its lease is keepRuler's.
func (s *Service) keepWayIn(tx *store.Tx, byProvider bool) error {
	if _, _, err := tx.Lease("rulers", "accounts", time.Minute, s.now()); err != nil {
		return err
	}
	users, err := tx.Users()
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Status != string(Active) || !has(u.Roles, access.Administrator) {
			continue
		}
		if able, err := comesIn(tx, u); err != nil || able && (byProvider || byItself(u)) {
			return err
		}
	}
	return errs.New(errs.Conflict, "No administrator could sign in any more. Give one a password first.")
}

// byItself says whether a user can sign in without the organisation's provider.
func byItself(u store.UserRow) bool {
	return u.PasswordHash != "" || slices.Contains(u.Factors, string(Passkey))
}

// comesIn says whether a user can sign in at all.
func comesIn(tx *store.Tx, u store.UserRow) (bool, error) {
	if byItself(u) {
		return true, nil
	}
	o, _, err := readSignOn(tx)
	if err == nil && o.Enabled {
		_, err = tx.IdentityOf(u.ID)
	}
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil && o.Enabled, err
}

// tellEnded tells of sessions that ended, of whomever, and of the actor's.
func (s *Service) tellEnded(a access.Actor, rows []store.SessionRow) {
	if len(rows) > 0 {
		s.tell(a.Tenant, Change{Sessions: sessionIDs(rows), Reason: EndedByAdmin})
		return
	}
	s.tell(a.Tenant, Change{User: a.User})
}

// lettable refuses what would lock its users out, or let a provider be reached with
// another's secret.
func (s *Service) lettable(tx *store.Tx, in Session, was, o SignOn, newSecret, hasSecret bool) error {
	var f errs.Fields
	moved := movedTo(was, o)
	if !newSecret && (!hasSecret || moved && was.Issuer != "") {
		f.Add("secret", "is missing; the provider gives one with the client")
	}
	if o.Only && !o.Enabled {
		f.Add("only", "needs the sign-on to be enabled")
	}
	if o.Only && (!was.Only || moved) {
		switch {
		case moved:
			f.Add("only", "must be off while the provider or the client changes, so that nobody is locked out if it does not work")
		case !in.ByProvider:
			f.Add("only", "is switched on by somebody who is signed in by the provider, so that it is known to work; sign in by it first")
		}
	}
	if o.DeviceContext != "" && !o.Enabled {
		f.Add("device_context", "needs the sign-on to be enabled")
	}
	if o.BreakGlass != "" || o.Only || o.DeviceContext != "" {
		// Nobody locks that one meanwhile (keepRuler).
		if _, _, err := tx.Lease("rulers", "accounts", time.Minute, s.now()); err != nil {
			return err
		}
		u, err := tx.User(o.BreakGlass)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if err != nil || u.Status != string(Active) || !has(u.Roles, access.Administrator) || u.PasswordHash == "" {
			f.Add("break_glass", "must be an active administrator who has a password")
		}
	}
	if err := f.Err(); err != nil || len(o.Roles) == 0 {
		return err
	}
	return s.mayGiveByTable(tx, in.Actor, was.Roles, o.Roles)
}

func checkSignOn(o *SignOn) error {
	var f errs.Fields
	o.Name = checkText(&f, "name", o.Name, 1, 60)
	o.Client = checkText(&f, "client", o.Client, 1, 200)
	o.NameClaim, o.RolesClaim = checkText(&f, "name_claim", o.NameClaim, 0, 100), checkText(&f, "roles_claim", o.RolesClaim, 0, 100)
	o.Issuer = strings.TrimSpace(o.Issuer)
	if u, err := url.Parse(o.Issuer); err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(o.Issuer, "#") || len(o.Issuer) > 400 {
		f.Add("issuer", "must be an https address without a ? and a #, exactly as the provider writes it")
	}
	for i, scope := range o.Scopes {
		if scope == "" || len(scope) > 100 || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			f.Add(fmt.Sprintf("scopes[%d]", i), "must be a scope's name, without spaces")
		}
	}
	for i, class := range o.Classes {
		if class == "" || len(class) > 200 || strings.ContainsFunc(class, func(r rune) bool { return r <= ' ' || r > '~' }) {
			f.Add(fmt.Sprintf("classes[%d]", i), "must be a value of acr, without spaces")
		}
	}
	if c := o.DeviceContext; len(c) > 200 || strings.ContainsFunc(c, func(r rune) bool { return r <= ' ' || r > '~' }) {
		f.Add("device_context", "must be a value of acr, without spaces")
	}
	o.Scopes = slices.DeleteFunc(append([]string{}, o.Scopes...), func(scope string) bool { return scope == "openid" || scope == "offline_access" })
	if o.Link && o.NameClaim == "" {
		f.Add("name_claim", "is missing; users are linked by it")
	}
	for i, r := range o.Roles {
		o.Roles[i].Value = checkText(&f, fmt.Sprintf("roles[%d].value", i), r.Value, 1, 200)
		checkRoles(&f, fmt.Sprintf("roles[%d].role", i), KindTenant, []access.Role{r.Role})
	}
	if o.RolesClaim != "" && len(o.Roles) == 0 {
		f.Add("roles", "must give at least one value a role, else nobody can sign in")
	}
	if o.RolesClaim == "" {
		o.Roles = nil
	}
	return f.Err()
}

// RemoveSignOn ends it: users sign in by other means again, and all links go.
func (s *Service) RemoveSignOn(ctx context.Context, in Session) error {
	if err := mayRuleSignIn(in); err != nil {
		return err
	}
	a := in.Actor
	var ended []store.SessionRow
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if err := tx.DeleteSignOn(); err != nil {
			return err
		}
		if ended, err = s.leaveProvider(tx, a); err != nil {
			return err
		}
		if err := tx.DeleteIdentities(); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "sign_on.removed", "organisation", string(a.Tenant), nil)
	})
	if err == nil {
		s.tellEnded(a, ended)
	}
	return err
}

// LinkUser says by hand who a user is to the provider: its sub there.
func (s *Service) LinkUser(ctx context.Context, in Session, user string, subject secret.Text) error {
	if err := mayRuleSignIn(in); err != nil {
		return err
	}
	a := in.Actor
	if _, err := s.user(ctx, a.Tenant, user); err != nil {
		return err
	}
	o, _, err := s.signOn(ctx, a.Tenant)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.Conflict, "Your organisation has no provider of its own yet. Set it up first.")
	}
	if err != nil {
		return err
	}
	index, err := s.subjectIndex(ctx, a.Tenant, o.Issuer, subject.Reveal())
	if err != nil {
		return err
	}
	var ended []string
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		u, err := tx.User(user)
		if err == nil && u.Status == string(Deleted) {
			err = noSuchUser()
		}
		if err != nil {
			return err
		}
		if other, err := tx.Identity(index); err == nil && other.UserID != user {
			return errs.Bad("subject", "is another user's already")
		}
		if _, err := tx.DeleteIdentityOf(user); err != nil {
			return err
		}
		rows, err := tx.EndProviderSessions(user, "", "", s.now())
		if err != nil {
			return err
		}
		ended = sessionIDs(rows)
		if err := tx.InsertIdentity(store.IdentityRow{Subject: index, UserID: user, CreatedAt: s.now()}); err != nil {
			return err
		}
		lost := u.EndLostAt
		if takenOver(&u, a, s.now()); !u.EndLostAt.Equal(lost) {
			if err := tx.UpdateUser(u); err != nil {
				return err
			}
		}
		return s.Audit.Record(tx, a, "identity.linked", "user", user, map[string]string{"by": "administrator"})
	})
	if err == nil {
		s.tell(a.Tenant, Change{User: user, Sessions: ended, Reason: EndedByAdmin})
	}
	return err
}

// UnlinkUser ends a link, and the sessions that came by it.
func (s *Service) UnlinkUser(ctx context.Context, in Session, user string) error {
	if err := mayRuleSignIn(in); err != nil {
		return err
	}
	a := in.Actor
	var ended []string
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		linked, err := tx.UnlinkIdentityOf(user, s.now())
		if err == nil && !linked {
			err = errs.New(errs.NotFound, "This user is not linked.")
		}
		if err == nil {
			err = s.keepWayIn(tx, true)
		}
		if err != nil {
			return err
		}
		rows, err := tx.EndProviderSessions(user, "", "", s.now())
		if err != nil {
			return err
		}
		ended = sessionIDs(rows)
		return s.Audit.Record(tx, a, "identity.unlinked", "user", user, nil)
	})
	if err == nil {
		s.tell(a.Tenant, Change{User: user, Sessions: ended, Reason: EndedByAdmin})
	}
	return err
}

func sessionIDs(rows []store.SessionRow) (ids []string) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

// subjectIndex is what is stored of who somebody is to a provider.
func (s *Service) subjectIndex(ctx context.Context, t id.Tenant, issuer, subject string) ([]byte, error) {
	return s.Vault.Digest(ctx, t, "identities.subject", fmt.Appendf(nil, "%q %q", issuer, subject))
}

// registration is what we are to an organisation's provider.
func (s *Service) registration(ctx context.Context, t id.Tenant, o SignOn, row store.SignOnRow) (openid.Registration, error) {
	plain, err := s.Vault.OpenTenant(ctx, t, signOnWhere(), row.Secret)
	if err != nil {
		return openid.Registration{}, err
	}
	return openid.Registration{Issuer: o.Issuer, Client: o.Client, Secret: secret.New(string(plain.Reveal())), Scopes: o.Scopes, Classes: o.wanted(), LogoutTyped: o.LogoutTyped}, nil
}

// keepGlass refuses to lose the account for emergencies.
func keepGlass(tx *store.Tx, leaving string) error {
	o, _, err := readSignOn(tx)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err == nil && o.BreakGlass == leaving {
		err = isGlass()
	}
	return err
}

func isGlass() error {
	return errs.New(errs.Conflict, "This is your organisation's account for emergencies, when its provider is down. Name another one first, under Single sign-on.")
}
