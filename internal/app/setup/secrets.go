package setup

import (
	"context"
	"maps"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
)

// Vault seals secrets of set-up objects under the tenant's key.
type Vault interface {
	SealTenant(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error)
	OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
}

// Extra is what a change carries beside an object's body.
type Extra struct {
	// Secrets are new values by name; a secret that is not named stays as it is.
	Secrets map[string]secret.Text
	// Remove names secrets to be removed.
	Remove []string
	// Plain confirms that a trunk or a phone lets voices pass unencrypted.
	Plain bool
}

// extra is an Extra whose values are sealed.
type extra struct {
	sealed map[string]secret.Sealed
	remove []string
	plain  bool
}

// longestSecret is how many bytes a secret may have.
const longestSecret = 1024

// seal seals new secrets, each bound to its place.
func (s *Service) seal(ctx context.Context, t id.Tenant, k core.Kind, object string, x Extra) (extra, error) {
	out := extra{sealed: map[string]secret.Sealed{}, remove: x.Remove, plain: x.Plain}
	var faults errs.Fields
	for _, name := range slices.Sorted(maps.Keys(x.Secrets)) {
		v := x.Secrets[name]
		switch {
		case !slices.Contains(k.Secrets(), name) || name == core.RefreshToken: // that is made
			faults.Add(name, "is not known here.")
		case v.Len() > longestSecret:
			faults.Add(name, "is too long; at most %d bytes are accepted.", longestSecret)
		case k == core.KindWebhook && !v.Empty() && v.Len() < webhook.LeastSecret:
			faults.Add(name, "is too short; at least %d bytes are needed.", webhook.LeastSecret)
		case slices.Contains(x.Remove, name):
			faults.Add(name, "is given and removed at once; do one of them.")
		case !v.Empty():
			sealed, err := s.Vault.SealTenant(ctx, t, secretPlace(k, object, name), []byte(v.Reveal()))
			if err != nil {
				return out, err
			}
			out.sealed[name] = sealed
		}
	}
	return out, faults.Err()
}

func secretPlace(k core.Kind, object, name string) string {
	return "setup." + string(k) + "." + name + "/" + object
}

// names are the secrets that change, where those of has are set.
func (x extra) names(has []string) []string {
	list := slices.Collect(maps.Keys(x.sealed))
	for _, name := range x.remove {
		if slices.Contains(has, name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// beside stores what belongs to an object beside its body, and checks that both
// fit; before is nil for a new object.
func (s *Service) beside(tx *store.Tx, a access.Actor, object string, before, o core.Object, x extra) error {
	k := o.Kind()
	for name, sealed := range x.sealed {
		if err := tx.PutSetupSecret(store.SetupSecretRow{Kind: string(k), ID: object, Field: name, Sealed: sealed, SetAt: s.Clock.Now()}); err != nil {
			return err
		}
	}
	for _, name := range x.remove {
		if err := tx.DeleteSetupSecret(string(k), object, name); err != nil {
			return err
		}
	}
	names, err := secretNames(tx, k)
	if err != nil {
		return err
	}
	if v, ok := o.(core.Secretive); ok {
		has := map[string]bool{}
		for _, name := range names[object] {
			has[name] = true
		}
		if err := v.CheckSecrets(has); err != nil {
			return err
		}
	}
	if n, ok := o.(core.Connection); ok {
		if was, _ := before.(core.Connection); n.Moved(was) && slices.Contains(names[object], core.ConnectionSecret) && len(x.sealed) == 0 {
			return errs.Bad(core.ConnectionSecret, "must be given again: the address leads to another host than the secret was given for.")
		}
	}
	if n, ok := o.(core.Mailbox); ok {
		if was, known := before.(core.Mailbox); known {
			if err := mailSecrets(tx, object, was, n, x); err != nil {
				return err
			}
		}
	}
	if n, ok := o.(core.Field); ok {
		if was, known := before.(core.Field); known {
			if err := fieldChange(tx, object, was, n); err != nil {
				return err
			}
		}
	}
	if err := s.plain(tx, a, object, before, o, x.plain); err != nil {
		return err
	}
	if was, ok := before.(core.Phone); ok && was.User != o.(core.Phone).User { // what its calls went on to was the other's choice
		if err := tx.DeleteForward(object); err != nil {
			return err
		}
	}
	return s.numbers(tx, k, object, o)
}

// mailSecrets keeps a mailbox's secrets from whom they were not given for: what is not
// given anew is asked for, or forgotten where it is not needed now and would be later.
func mailSecrets(tx *store.Tx, object string, was, now core.Mailbox, x extra) error {
	given := func(name string) bool { return len(x.sealed[name]) > 0 }
	if now.Moved(was) && now.Sign == core.MailPassword && !given(core.Password) {
		return errs.Bad(core.Password, "must be given again: the address leads to another host than the secret was given for.")
	}
	for name, forget := range map[string]bool{
		core.RefreshToken: now.Moved(was) || now.Asks(was),
		core.Password:     now.Moved(was) && !given(core.Password),
		core.ClientSecret: now.OAuth.Another(was.OAuth) && !given(core.ClientSecret),
	} {
		if !forget {
			continue
		}
		if err := tx.DeleteSetupSecret(string(core.KindMailbox), object, name); err != nil {
			return err
		}
	}
	return nil
}

// secretNames are the secrets that are set, by object.
func secretNames(tx *store.Tx, k core.Kind) (map[string][]string, error) {
	if len(k.Secrets()) == 0 {
		return nil, nil
	}
	return tx.SetupSecretNames(string(k))
}

// Connection is a connection in use with what its header carries, for the part
// that asks it. It asks for no permission and is behind no door.
func (s *Service) Connection(ctx context.Context, t id.Tenant, object string) (core.Connection, secret.Text, error) {
	var row store.SetupRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = find(tx, core.KindConnection, object)
		return err
	})
	if err != nil {
		return core.Connection{}, secret.Text{}, err
	}
	if !row.ArchivedAt.IsZero() {
		return core.Connection{}, secret.Text{}, errs.New(errs.NotFound, "There is no %s with this id.", core.KindConnection.Word())
	}
	o, err := core.Stored(core.KindConnection, row.Body)
	if err != nil {
		return core.Connection{}, secret.Text{}, err
	}
	value, err := s.Secret(ctx, t, core.KindConnection, object, core.ConnectionSecret)
	return o.(core.Connection), value, err
}

// Secret opens a secret of an object, for the part that proves itself with it;
// empty when none is set. It asks for no permission and is behind no door.
func (s *Service) Secret(ctx context.Context, t id.Tenant, k core.Kind, object, name string) (secret.Text, error) {
	var row store.SetupSecretRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.SetupSecret(string(k), object, name)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return secret.Text{}, nil
	}
	if err != nil {
		return secret.Text{}, err
	}
	plain, err := s.Vault.OpenTenant(ctx, t, secretPlace(k, object, name), row.Sealed)
	return secret.New(string(plain.Reveal())), err
}

// longestToken is how many bytes a provider's token may have.
const longestToken = 16 << 10

// KeepToken stores the token with which a mailbox's provider lets us in, for the part
// that renews it. It asks for no permission and is behind no door. Conflict: the mailbox
// is not the one any more that it was given for.
func (s *Service) KeepToken(ctx context.Context, t id.Tenant, mailbox string, of core.Mailbox, token secret.Text) error {
	return s.keepToken(ctx, t, mailbox, of, token, func(*store.Tx) error { return nil })
}

// SignedIn stores it after somebody let us in, and tells who uses the mailbox.
func (s *Service) SignedIn(ctx context.Context, a access.Actor, mailbox string, of core.Mailbox, token secret.Text) error {
	err := s.keepToken(ctx, a.Tenant, mailbox, of, token, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "setup.changed", string(core.KindMailbox), mailbox, map[string]string{"fields": core.RefreshToken})
	})
	if err == nil {
		s.tell(a.Tenant, core.KindMailbox, mailbox)
	}
	return err
}

func (s *Service) keepToken(ctx context.Context, t id.Tenant, mailbox string, of core.Mailbox, token secret.Text, also func(*store.Tx) error) error {
	if token.Empty() || token.Len() > longestToken {
		return errs.New(errs.Invalid, "The provider gave no token that can be kept.")
	}
	sealed, err := s.Vault.SealTenant(ctx, t, secretPlace(core.KindMailbox, mailbox, core.RefreshToken), []byte(token.Reveal()))
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, t, func(tx *store.Tx) error {
		row, err := find(tx, core.KindMailbox, mailbox)
		if err != nil {
			return err
		}
		if !row.ArchivedAt.IsZero() {
			return errs.New(errs.NotFound, "There is no %s with this id.", core.KindMailbox.Word())
		}
		o, err := core.Stored(core.KindMailbox, row.Body)
		if err != nil {
			return err
		}
		if now := o.(core.Mailbox); now.Moved(of) || now.Asks(of) {
			return errs.New(errs.Conflict, "The mailbox was changed in the meantime. Sign in again.")
		}
		if err := tx.PutSetupSecret(store.SetupSecretRow{Kind: string(core.KindMailbox), ID: mailbox, Field: core.RefreshToken, Sealed: sealed, SetAt: s.Clock.Now()}); err != nil {
			return err
		}
		return also(tx)
	})
}
