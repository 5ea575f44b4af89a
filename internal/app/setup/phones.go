package setup

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Phone is a phone in use, as the part that lets phones in works with it.
type Phone struct {
	ID string
	core.Phone
	// Password is empty where none was made yet.
	Password secret.Text
	// Breaks are as those of a Trunk.
	Breaks []string
}

// phonePasswordBytes are 120 bits: nobody guesses them, and they are 24 letters
// and digits to type.
const phonePasswordBytes = 15

// MakePhonePassword gives a phone a new password and answers it, once; the one
// before is void.
func (s *Service) MakePhonePassword(ctx context.Context, a access.Actor, phone string) (secret.Text, error) {
	if err := allowed(a, Writes(core.KindPhone)); err != nil {
		return secret.Text{}, err
	}
	var random [phonePasswordBytes]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	password := strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))
	sealed, err := s.Vault.SealTenant(ctx, a.Tenant, secretPlace(core.KindPhone, phone, core.Password), []byte(password))
	if err != nil {
		return secret.Text{}, err
	}
	err = s.change(ctx, a.Tenant, func(tx *store.Tx, _ *state) error {
		row, err := find(tx, core.KindPhone, phone)
		switch {
		case err != nil:
			return err
		case !row.ArchivedAt.IsZero():
			return errs.New(errs.Conflict, "This %s is archived. Restore it before you change it.", core.KindPhone.Word())
		}
		if err := tx.PutSetupSecret(store.SetupSecretRow{Kind: string(core.KindPhone), ID: phone, Field: core.Password, Sealed: sealed, SetAt: s.Clock.Now()}); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, ActionPhonePassword, thing(core.KindPhone), phone, nil)
	})
	if err != nil {
		return secret.Text{}, err
	}
	s.tell(a.Tenant, core.KindPhone, phone)
	return secret.New(password), nil
}

// Phones are a tenant's phones in use with their passwords, also those that are
// switched off. It asks for no permission: it is for the parts that let phones in.
func (s *Service) Phones(ctx context.Context, t id.Tenant) ([]Phone, error) {
	var list []Phone
	var secrets []store.SetupSecretRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) error {
		list = list[:0]
		rows, err := tx.SetupOf(string(core.KindPhone))
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !r.ArchivedAt.IsZero() {
				continue
			}
			o, err := core.Stored(core.KindPhone, r.Body)
			if err != nil {
				return errs.Wrap(errs.Internal, err, "A stored %s cannot be read.", core.KindPhone.Word())
			}
			one := Phone{ID: r.ID, Phone: o.(core.Phone), Breaks: pathsOf(s.Encryption.Breaks(o))}
			one.Enabled = one.Enabled && len(one.Breaks) == 0
			list = append(list, one)
		}
		secrets, err = tx.SetupSecrets(string(core.KindPhone), core.Password)
		return err
	})
	if err != nil {
		return nil, err
	}
	sealed := make(map[string]secret.Sealed, len(secrets))
	for _, r := range secrets {
		sealed[r.ID] = r.Sealed
	}
	for i := range list {
		v, ok := sealed[list[i].ID]
		if !ok {
			continue
		}
		plain, err := s.Vault.OpenTenant(ctx, t, secretPlace(core.KindPhone, list[i].ID, core.Password), v)
		if err != nil {
			return nil, err
		}
		list[i].Password = secret.New(string(plain.Reveal()))
	}
	return list, nil
}

// dropPhones takes a user off its phones, which are switched off with that: they
// were a person's, and nobody said who may call by them now.
func (s *Service) dropPhones(tx *store.Tx, st *state, a access.Actor, userID string) (changes []Change, err error) {
	for _, u := range st.usersOf(core.KindUser, userID) {
		before, ok := u.Object.(core.Phone)
		if !ok {
			continue
		}
		after := before
		after.User, after.Enabled = "", false
		row := st.rows[core.KindPhone][u.id]
		row.Body, row.UpdatedAt = encode(after), s.Clock.Now()
		if err := tx.UpdateSetup(row); err != nil {
			return nil, err
		}
		if err := s.Audit.Record(tx, a, ActionChanged, thing(core.KindPhone), row.ID, detail(differing(encode(before), encode(after)))); err != nil {
			return nil, err
		}
		changes = append(changes, Change{tx.Tenant(), core.KindPhone, u.id})
	}
	return changes, nil
}
