package account

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// administrative are the permissions of which each lets its holder decide what others may do
// or how the organisation works.
var administrative = []access.Permission{access.SetupWrite, access.UserWrite, access.RoleManage, access.KeyManage, access.UserProvision, access.OrgWrite, access.OrgArchive}

func administers(a access.Actor) bool {
	return slices.ContainsFunc(administrative, func(p access.Permission) bool { return access.Reach(a, p) > access.None })
}

// looksAtDevice says whether who it is has to be proved at the provider, which looks at the
// device: of whoever may administer, but for the account for emergencies.
func (o SignOn) looksAtDevice(a access.Actor) bool {
	return o.DeviceContext != "" && a.User != o.BreakGlass && administers(a)
}

// inOrder says whether the provider confirms the device: by acr (OpenID Connect Core 1.0, 2), or
// among acrs, where Entra ID names the authentication contexts that were met.
func (o SignOn) inOrder(who openid.Identity) bool {
	return o.DeviceContext == "" || who.Text("acr") == o.DeviceContext || slices.Contains(who.List("acrs"), o.DeviceContext)
}

func noDevice() error {
	return errs.New(errs.Forbidden, "Your company's sign-in did not confirm this device. Use a device that your company manages and that is in order, or ask your administrator.")
}

// provedHere refuses a password or a passkey as the proof of whoever has to prove at the
// provider who it is. That the account for emergencies did without is noted.
func (s *Service) provedHere(tx *store.Tx, a access.Actor, by string) error {
	o, _, err := readSignOn(tx)
	switch {
	case errs.Is(err, errs.NotFound) || err == nil && o.DeviceContext == "":
		return nil
	case err != nil:
		return err
	case o.looksAtDevice(a):
		return settled{errs.New(errs.Forbidden, "Your organisation asks its own sign-in whether this device is in order. Please prove there who you are.")}
	case a.User != o.BreakGlass:
		return nil
	}
	if err := tx.BrokeGlass(s.now()); err != nil {
		return err
	}
	return s.Audit.Record(tx, a, "sign_in.break_glass", "user", a.User, map[string]string{"by": by})
}

// provedAt is when who opens a session has proved to be itself, as far as that counts: where the
// device is looked at, only what the provider says of it does.
func provedAt(tx *store.Tx, a access.Actor, p proof, at time.Time) (time.Time, error) {
	o, _, err := readSignOn(tx)
	if errs.Is(err, errs.NotFound) {
		return at, nil
	}
	if err != nil || o.looksAtDevice(a) && (p.provider == nil || !p.provider.device) {
		return time.Time{}, err
	}
	return at, nil
}

// deviceProof says whether who holds a session proves anew who it is at the provider alone.
func (s *Service) deviceProof(ctx context.Context, in Session) (bool, error) {
	if in.Actor.Support != nil || in.Kind != KindTenant {
		return false, nil
	}
	o, _, err := s.signOn(ctx, in.Actor.Tenant)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil && o.looksAtDevice(in.Actor), err
}
