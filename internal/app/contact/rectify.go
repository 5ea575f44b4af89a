package contact

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// maxAddresses is the most addresses of one contact.
const maxAddresses = 20

// Update rectifies a contact (notice C17) if its version still is the one that
// the actor saw; Conflict if someone was faster.
func (s *Service) Update(ctx context.Context, a access.Actor, contact string, version int64, c Change) (out Contact, err error) {
	if c.Restricted != nil && access.Reach(a, access.ContactErase) == access.None {
		return Contact{}, errs.New(errs.Forbidden, "Only a privacy officer restricts a contact.")
	}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := s.may(tx, a, access.ContactWrite, contact); err != nil {
			return err
		}
		row, err := tx.Contact(contact)
		if err != nil {
			return err
		}
		row.Version = version
		changed, err := s.apply(tx, &row, c)
		if err != nil {
			return err
		}
		if err := tx.UpdateContact(row); err != nil {
			return err
		}
		if out, err = s.read(tx, contact); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "contact.rectified", "contact", contact, map[string]string{"fields": strings.Join(changed, ",")})
	})
	if err != nil {
		return Contact{}, err
	}
	return out, nil
}

// apply makes the change in the row and the addresses, and names what changed.
func (s *Service) apply(tx *store.Tx, row *store.ContactRow, c Change) (changed []string, err error) {
	var faults errs.Fields
	if c.Name != nil && utf8.RuneCountInString(c.Name.Reveal()) > maxName {
		faults.Add("name", "has more than %d characters", maxName)
	}
	if c.Language != nil && *c.Language != "" && (len(*c.Language) > 16 || strings.Trim(*c.Language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "") {
		faults.Add("language", "must be a language code such as en or pt")
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if c.Name != nil {
		p, err := s.openProfile(tx, *row)
		if err != nil {
			return nil, err
		}
		p.Name = cleanName(c.Name.Reveal())
		if row.ProfileSealed, err = s.sealProfile(tx, row.ID, p); err != nil {
			return nil, err
		}
		changed = append(changed, "name")
	}
	if c.Language != nil {
		row.Language = *c.Language
		changed = append(changed, "language")
	}
	if c.Restricted != nil {
		switch {
		case !*c.Restricted:
			if !row.RestrictedAt.IsZero() && s.Unrestricted != nil {
				if err := s.Unrestricted(tx, row.ID); err != nil {
					return nil, err
				}
			}
			row.RestrictedAt = time.Time{}
		case row.RestrictedAt.IsZero():
			row.RestrictedAt = s.Clock.Now()
		}
		changed = append(changed, "restricted")
	}
	if c.Addresses != nil {
		if err := s.setAddresses(tx, row.ID, *c.Addresses); err != nil {
			return nil, err
		}
		changed = append(changed, "addresses")
	}
	return changed, nil
}

// setAddresses makes the contact's addresses exactly these.
func (s *Service) setAddresses(tx *store.Tx, contact string, want []Address) error {
	if len(want) > maxAddresses {
		return errs.Bad("addresses", "has more than %d addresses", maxAddresses)
	}
	org, err := tx.Organisation()
	if err != nil {
		return err
	}
	var faults errs.Fields
	var keep []known
	for i, a := range want {
		k, err := s.known(tx, a.Kind, a.Value, privacy.RegionOf(org.TimeZone))
		if errs.Is(err, errs.Invalid) {
			for _, f := range errs.As(err).Fields {
				faults.Add(place(i, f.Path), "%s", f.Problem)
			}
			continue
		}
		if err != nil {
			return err
		}
		keep = append(keep, k)
		err = s.addAddress(tx, contact, k)
		if errs.Is(err, errs.Conflict) {
			faults.Add(place(i, "address"), "belongs to another contact")
			continue
		}
		if err != nil {
			return err
		}
	}
	if err := faults.Err(); err != nil {
		return err
	}
	have, err := tx.AddressesOf(contact)
	if err != nil {
		return err
	}
	for _, row := range have {
		wanted := slices.ContainsFunc(keep, func(k known) bool { return k.kind == row.Kind && equal(k.index, row.AddressIndex) })
		if wanted {
			continue
		}
		if err := tx.DeleteAddress(row.Kind, row.AddressIndex); err != nil {
			return err
		}
	}
	return nil
}

// place names a fault of the i-th address as the caller wrote it.
func place(i int, field string) string {
	if field == "address" {
		field = "value"
	}
	return "addresses[" + strconv.Itoa(i) + "]." + field
}

func equal(a, b secret.Index) bool { return string(a) == string(b) }

// WithdrawConsent notes that a person took an agreement back (GDPR Art. 7(3)).
// It stays as evidence of the time in which it was in force.
func (s *Service) WithdrawConsent(ctx context.Context, a access.Actor, contact, consent string) (out Contact, err error) {
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := s.may(tx, a, access.ContactWrite, contact); err != nil {
			return err
		}
		row, err := tx.Consent(consent)
		if err != nil {
			return err
		}
		if row.ContactID != contact {
			return errs.New(errs.NotFound, "This consent does not exist.")
		}
		if !row.WithdrawnAt.IsZero() {
			out, err = s.read(tx, contact)
			return err
		}
		if err := tx.WithdrawConsent(consent, s.Clock.Now()); err != nil {
			return err
		}
		if out, err = s.read(tx, contact); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "consent.withdrawn", "consent", consent, map[string]string{"contact": contact, "purpose": row.Purpose})
	})
	if err != nil {
		return Contact{}, err
	}
	return out, nil
}
