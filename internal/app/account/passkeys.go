package account

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store"
)

// Ceremony is what a browser needs to make or to show a passkey (WebAuthn level
// 3, section 5).
type Ceremony struct {
	Options json.RawMessage `json:"options" doc:"PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON."`
	State   string          `json:"state" doc:"To send along with the passkey's answer, within five minutes."`
}

// storedPasskey is what is sealed of a passkey. It is good only at the host it
// was made for, whatever a later request says of its host.
type storedPasskey struct {
	Host       string              `json:"host"`
	Credential webauthn.Credential `json:"credential"`
}

// holder is a user as WebAuthn sees it. Its handle names the tenant and the user
// by their ids, and is how a passkey says whose it is (at most 64 bytes).
type holder struct {
	t        id.Tenant
	user     string
	name     string
	passkeys []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(string(h.t) + "." + h.user) }
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.passkeys }

// party is this installation at the host that the browser shows. A passkey is
// bound to a name, so an address of numbers will not do.
func party(host string) (*webauthn.WebAuthn, error) {
	name := strings.ToLower(host)
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = strings.ToLower(h)
	}
	unusable := errs.New(errs.Invalid, "Passkeys need this service to be opened by a name, not by a number.")
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil || name == "" {
		return nil, unusable
	}
	origins := []string{"https://" + strings.ToLower(host)}
	if name == "localhost" { // browsers take it for secure
		origins = append(origins, "http://"+strings.ToLower(host))
	}
	w, err := webauthn.New(&webauthn.Config{RPID: name, RPDisplayName: "Nubitalk", RPOrigins: origins, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired}})
	if err != nil {
		return nil, unusable
	}
	return w, nil
}

// ceremony keeps in a ticket what the second half of WebAuthn needs of the first.
func (s *Service) ceremony(ctx context.Context, t id.Tenant, purpose, user string, data *webauthn.SessionData, options any) (Ceremony, error) {
	var c Ceremony
	kept, err := json.Marshal(data)
	if err == nil {
		c.Options, err = json.Marshal(options)
	}
	if err != nil {
		return c, errs.Wrap(errs.Internal, err, "A passkey could not be asked for.")
	}
	state, err := s.issue(ctx, t, purpose, ticket{User: user, Ceremony: kept})
	c.State = state.Reveal()
	return c, err
}

// BeginPasskey asks for a new passkey of the caller. host is what the browser
// shows.
func (s *Service) BeginPasskey(ctx context.Context, in Session, host string) (Ceremony, error) {
	row, err := s.ownRow(ctx, in)
	if err != nil {
		return Ceremony{}, err
	}
	w, err := party(host)
	if err != nil {
		return Ceremony{}, err
	}
	rows, err := s.factorsOf(ctx, in.Actor.Tenant, in.Actor.User)
	if err != nil {
		return Ceremony{}, err
	}
	h, err := s.holder(ctx, in.Actor.Tenant, row, rows, w.Config.RPID)
	if err != nil {
		return Ceremony{}, err
	}
	var have []protocol.CredentialDescriptor
	for _, p := range h.passkeys {
		have = append(have, p.Descriptor())
	}
	options, data, err := w.BeginRegistration(h, webauthn.WithExclusions(have))
	if err != nil {
		return Ceremony{}, errs.Wrap(errs.Internal, err, "A passkey could not be asked for.")
	}
	return s.ceremony(ctx, in.Actor.Tenant, forPasskey, in.Actor.User, data, options.Response)
}

// holder reads a user's passkeys for a host.
func (s *Service) holder(ctx context.Context, t id.Tenant, u store.UserRow, rows []store.FactorRow, host string) (holder, error) {
	h := holder{t: t, user: u.ID, name: u.UserName}
	for _, r := range rows {
		if FactorKind(r.Kind) != Passkey {
			continue
		}
		p, err := s.openPasskey(ctx, t, r)
		if err != nil {
			return h, err
		}
		if p.Host == host {
			h.passkeys = append(h.passkeys, p.Credential)
		}
	}
	return h, nil
}

func (s *Service) openPasskey(ctx context.Context, t id.Tenant, r store.FactorRow) (storedPasskey, error) {
	var p storedPasskey
	plain, err := s.Vault.OpenTenant(ctx, t, factorWhere(r.ID), r.SecretSealed)
	if err != nil {
		return p, err
	}
	if json.Unmarshal(plain.Reveal(), &p) != nil {
		return p, errs.New(errs.Internal, "A passkey could not be read.")
	}
	return p, nil
}

// AddPasskey adds the passkey that a browser made.
func (s *Service) AddPasskey(ctx context.Context, in Session, host string, state secret.Text, name string, made json.RawMessage) (AddedFactor, error) {
	row, err := s.ownRow(ctx, in)
	if err != nil {
		return AddedFactor{}, err
	}
	t, k, err := s.redeem(ctx, forPasskey, state)
	var data webauthn.SessionData
	if err != nil || t != in.Actor.Tenant || k.User != in.Actor.User || json.Unmarshal(k.Ceremony, &data) != nil {
		return AddedFactor{}, tookTooLong(err)
	}
	w, err := party(host)
	if err != nil {
		return AddedFactor{}, err
	}
	odd := errs.Bad("credential", "is not a passkey that was made for this account here")
	parsed, err := protocol.ParseCredentialCreationResponseBytes(made)
	if err != nil {
		return AddedFactor{}, odd
	}
	credential, err := w.CreateCredential(holder{t: t, user: row.ID, name: row.UserName}, data, parsed)
	if err != nil {
		return AddedFactor{}, odd
	}
	credential.Attestation = webauthn.CredentialAttestation{} // says which device it is, and nothing asks for that
	plain, err := json.Marshal(storedPasskey{Host: w.Config.RPID, Credential: *credential})
	if err != nil {
		return AddedFactor{}, errs.Wrap(errs.Internal, err, "The passkey could not be written.")
	}
	return s.addFactor(ctx, in, k, store.FactorRow{Kind: string(Passkey), Name: name, CredentialHash: digest(string(credential.ID))}, plain)
}

// BeginPasskeySignIn asks for any passkey of this host. It names nobody, so it
// tells nothing of who exists; whose the passkey is, it says itself.
func (s *Service) BeginPasskeySignIn(ctx context.Context, host string) (Ceremony, error) {
	w, err := party(host)
	if err != nil {
		return Ceremony{}, err
	}
	operator, err := s.operator(ctx)
	if err != nil {
		return Ceremony{}, err
	}
	options, data, err := w.BeginDiscoverableLogin()
	if err != nil {
		return Ceremony{}, errs.Wrap(errs.Internal, err, "A passkey could not be asked for.")
	}
	return s.ceremony(ctx, operator, forPasskeySignIn, "", data, options.Response)
}

// operator is the organisation of whoever runs the installation: its key seals
// what belongs to nobody yet.
func (s *Service) operator(ctx context.Context) (id.Tenant, error) {
	if known := s.root.Load(); known != nil {
		return *known, nil
	}
	var found id.Tenant
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.OperatorID()
		return err
	})
	if err == nil {
		s.root.Store(&found)
	}
	return found, err
}

// SignInPasskey answers with a new session for who shows a passkey. It verified
// its user itself, by finger or PIN, so no password is asked for; and it cannot
// be guessed, so a lock-out does not stand in its way.
func (s *Service) SignInPasskey(ctx context.Context, from From, host string, state secret.Text, shown json.RawMessage) (SignedIn, error) {
	began := s.now()
	in, err := s.signInPasskey(ctx, from, host, state, shown)
	if errs.Is(err, errs.Unauthorised) {
		s.waitForGrid(ctx, began)
	}
	return in, err
}

func (s *Service) signInPasskey(ctx context.Context, from From, host string, state secret.Text, shown json.RawMessage) (SignedIn, error) {
	v, err := s.verifyPasskey(ctx, host, state, shown)
	if err != nil {
		return SignedIn{}, err
	}
	if v.user.Status != string(Active) {
		return SignedIn{}, noPasskey()
	}
	if err := entered(v.org, v.user); err != nil {
		return SignedIn{}, err
	}
	return s.openSession(ctx, v.org, v.user.ID, v.user.PasswordHash, v.user.PasswordHash, proof{by: "passkey", from: from, device: s.knownDevice(ctx, v.org.ID, v.user.ID, from), despite: true, also: v.spend})
}

// ConfirmPasskey is Confirm with a passkey in place of the password.
func (s *Service) ConfirmPasskey(ctx context.Context, in Session, host string, state secret.Text, shown json.RawMessage) (next secret.Text, err error) {
	if err := usersOnly(in); err != nil {
		return next, err
	}
	v, err := s.verifyPasskey(ctx, host, state, shown)
	if err == nil && (v.org.ID != in.Actor.Tenant || v.user.ID != in.Actor.User) {
		err = noPasskey()
	}
	if err == nil {
		next, err = s.proved(ctx, in, "passkey", v.spend)
	}
	if errs.Is(err, errs.Unauthorised) {
		err = errs.Bad("credential", "is not a passkey of this account") // the session goes on
	}
	return next, err
}

func noPasskey() error {
	return errs.New(errs.Unauthorised, "This passkey is not known here. Please sign in with your password.")
}

// shownPasskey is one that fits, with what has to be written for it to count.
type shownPasskey struct {
	org   store.OrganisationRow
	user  store.UserRow
	spend func(*store.Tx) error
}

func (s *Service) verifyPasskey(ctx context.Context, host string, state secret.Text, shown json.RawMessage) (shownPasskey, error) {
	var v shownPasskey
	_, k, err := s.redeem(ctx, forPasskeySignIn, state)
	if err != nil {
		return v, err
	}
	w, err := party(host)
	if err != nil {
		return v, err
	}
	var data webauthn.SessionData
	parsed, err := protocol.ParseCredentialRequestResponseBytes(shown)
	if err != nil || json.Unmarshal(k.Ceremony, &data) != nil {
		return v, noPasskey()
	}
	tenant, user, _ := strings.Cut(string(parsed.Response.UserHandle), ".")
	if !validTenant(tenant) || !id.Valid(id.User, user) {
		return v, noPasskey()
	}
	t := id.Tenant(tenant)
	var rows []store.FactorRow
	if v.org, v.user, rows, err = s.readAccount(ctx, t, user); err != nil {
		if errs.Is(err, errs.Unauthorised) {
			err = noPasskey()
		}
		return v, err
	}
	h, err := s.holder(ctx, t, v.user, rows, w.Config.RPID)
	if err != nil {
		return v, err
	}
	_, credential, err := w.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, data, parsed)
	if err != nil || credential.Authenticator.CloneWarning {
		return v, noPasskey()
	}
	row, err := s.usedPasskey(ctx, t, rows, w.Config.RPID, credential)
	v.spend = func(tx *store.Tx) error {
		if err := tx.SpendChallenge(k.spent(), time.UnixMilli(k.Until)); err != nil {
			return onlyOnce(err, noPasskey())
		}
		return onlyOnce(tx.UseFactor(row, row.Step-1), noPasskey())
	}
	return v, err
}

// usedPasskey is the row of a passkey after this use of it.
func (s *Service) usedPasskey(ctx context.Context, t id.Tenant, rows []store.FactorRow, host string, credential *webauthn.Credential) (row store.FactorRow, err error) {
	want := digest(string(credential.ID))
	for _, r := range rows {
		if FactorKind(r.Kind) == Passkey && string(r.CredentialHash) == string(want) {
			row = r
		}
	}
	if row.ID == "" {
		return row, noPasskey()
	}
	plain, err := json.Marshal(storedPasskey{Host: host, Credential: *credential})
	if err != nil {
		return row, errs.Wrap(errs.Internal, err, "The passkey could not be written.")
	}
	row.Step, row.UsedAt = row.Step+1, s.now()
	row.SecretSealed, err = s.Vault.SealTenant(ctx, t, factorWhere(row.ID), plain)
	return row, err
}
