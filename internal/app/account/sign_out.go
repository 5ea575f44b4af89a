package account

import (
	"context"
	"encoding/base64"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store"
)

// patienceAtTheDoor is how long somebody who signs out waits for the provider.
const patienceAtTheDoor = 3 * time.Second

// mostHint is how many characters a browser keeps of an ID token, sealed; a longer one is left
// out, and the provider asks the person then.
const mostHint = 3800

// signedOutAt is where a provider sends browsers whose session it ended.
func signedOutAt(base string) string { return base + "/app/" }

func hintWhere(session string) string { return "account.sign_out_hint/" + session }

// hintFor seals the ID token of a session for its browser to keep: to the provider it says
// which of its sessions is to end, and here nothing of it is stored.
func (s *Service) hintFor(ctx context.Context, t id.Tenant, session string, token secret.Text) (secret.Text, error) {
	sealed, err := s.Vault.SealTenant(ctx, t, hintWhere(session), []byte(token.Reveal()))
	if err != nil || base64.RawURLEncoding.EncodedLen(len(sealed)) > mostHint {
		return secret.Text{}, err
	}
	return secret.New(base64.RawURLEncoding.EncodeToString(sealed)), nil
}

// hinted opens it; a hint that is another session's, or none, is empty.
func (s *Service) hinted(ctx context.Context, in Session, hint secret.Text) secret.Text {
	sealed, err := base64.RawURLEncoding.DecodeString(hint.Reveal())
	if err != nil || len(sealed) == 0 || len(sealed) > mostHint {
		return secret.Text{}
	}
	plain, err := s.Vault.OpenTenant(ctx, in.Actor.Tenant, hintWhere(in.Actor.Session), sealed)
	if err != nil {
		return secret.Text{}
	}
	return secret.New(string(plain.Reveal()))
}

// SignOut ends the session.
func (s *Service) SignOut(ctx context.Context, in Session) error {
	if in.APIKey {
		return errs.New(errs.Forbidden, "An API key has no session to end.")
	}
	a := in.Actor
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := tx.EndSession(a.Session, s.now()); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "sign_out", "session", a.Session, nil)
	})
	if err != nil {
		return err
	}
	s.tell(a.Tenant, Change{User: a.User, Sessions: []string{a.Session}, Reason: EndedSignedOut})
	return nil
}

// SignOutPage is the provider's page on which its own session ends, too, for who has signed out
// here; "" where the organisation does not want it, the provider does not offer it or another
// way led in. base is how the desk is reached, and hint what the browser kept of the sign-in.
func (s *Service) SignOutPage(ctx context.Context, in Session, base string, hint secret.Text) string {
	if !in.ByProvider || in.Actor.Support != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, patienceAtTheDoor)
	defer cancel()
	t := in.Actor.Tenant
	o, row, err := s.signOn(ctx, t)
	if err != nil || !o.Enabled || !o.SignOut {
		return ""
	}
	r, err := s.registration(ctx, t, o, row)
	page := ""
	if err == nil {
		page, err = s.Providers.SignOut(ctx, r, signedOutAt(base), s.hinted(ctx, in, hint))
	}
	if err != nil { // signed out here it is in any case
		s.Log.Warn("a session was ended here and not at the provider", "tenant", t, "error", err)
	}
	return page
}
