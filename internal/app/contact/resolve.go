package contact

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// maxName is the most characters of a contact's name.
const maxName = 80

// known is an address in the form in which it is looked up.
type known struct {
	kind, value string
	index       secret.Index
}

// Resolve finds the contact of an arrival by its addresses, or makes one, and
// records the consent. The first address that is known decides, in the order
// email, phone, social, visitor (among several of one kind the oldest); contacts
// are never merged. Addresses that are not known yet are added to the contact;
// those that belong to somebody else, or are none, are left alone.
func (s *Service) Resolve(tx *store.Tx, a channel.Arrival, interaction string) (string, error) {
	addresses, err := s.lookUp(tx, a.Addresses)
	if err != nil {
		return "", err
	}
	contact, err := s.find(tx, addresses)
	if err != nil {
		return "", err
	}
	if contact == "" {
		if contact, err = s.create(tx, a); err != nil {
			return "", err
		}
	} else if err := s.complete(tx, contact, a); err != nil {
		return "", err
	}
	for _, k := range addresses {
		if err := s.addAddress(tx, contact, k); err != nil && !errs.Is(err, errs.Conflict) {
			return "", err
		}
	}
	return contact, s.consent(tx, contact, interaction, a.Consent)
}

// lookUp normalises addresses, the most telling kinds first.
func (s *Service) lookUp(tx *store.Tx, in []channel.Address) ([]known, error) {
	var out []known
	region := ""
	for _, kind := range privacy.AddressKinds {
		for _, a := range in {
			if a.Kind != kind {
				continue
			}
			if kind == privacy.Phone && region == "" {
				org, err := tx.Organisation()
				if err != nil {
					return nil, err
				}
				region = privacy.RegionOf(org.TimeZone)
			}
			k, err := s.known(tx, kind, a.Value.Reveal(), region)
			if errs.Is(err, errs.Invalid) {
				continue // an anonymous caller, a mistyped address: the work goes on
			}
			if err != nil {
				return nil, err
			}
			out = append(out, k)
		}
	}
	return out, nil
}

func (s *Service) known(tx *store.Tx, kind, value, region string) (known, error) {
	value, err := privacy.NormalAddress(kind, value, region)
	if err != nil {
		return known{}, err
	}
	index, err := s.Keys.AddressIndex(tx.Context(), tx.Tenant(), kind, value)
	return known{kind, value, index}, err
}

// find answers the contact that the addresses lead to, "" if none does.
func (s *Service) find(tx *store.Tx, addresses []known) (string, error) {
	for _, kind := range privacy.AddressKinds {
		var oldest store.AddressRow
		for _, k := range addresses {
			if k.kind != kind {
				continue
			}
			row, err := s.living(tx, k)
			if err != nil {
				return "", err
			}
			if row.ContactID != "" && (oldest.ContactID == "" || row.CreatedAt.Before(oldest.CreatedAt)) {
				oldest = row
			}
		}
		if oldest.ContactID != "" {
			return oldest.ContactID, nil
		}
	}
	return "", nil
}

// living answers the row of an address whose contact can be worked with, else
// an empty one.
func (s *Service) living(tx *store.Tx, k known) (store.AddressRow, error) {
	row, err := tx.AddressByIndex(k.kind, k.index)
	if errs.Is(err, errs.NotFound) {
		return store.AddressRow{}, nil
	}
	if err != nil {
		return row, err
	}
	// A key that is gone: the person was erased after the backup from which this
	// row came back. Nobody can read what it holds, and the address is free.
	_, err = s.Keys.SealContact(tx.Context(), tx.Tenant(), row.ContactID, "probe", nil)
	if errs.Is(err, errs.Gone) {
		return store.AddressRow{}, tx.DeleteAddress(k.kind, k.index)
	}
	if err != nil {
		return row, err
	}
	// From here an erasure waits for us, or has taken the address away before.
	if err := tx.TouchContact(row.ContactID, s.Clock.Now()); err != nil && !errs.Is(err, errs.NotFound) {
		return row, err
	}
	again, err := tx.AddressByIndex(k.kind, k.index)
	if errs.Is(err, errs.NotFound) {
		return store.AddressRow{}, nil
	}
	return again, err
}

func (s *Service) create(tx *store.Tx, a channel.Arrival) (string, error) {
	ctx, t, now := tx.Context(), tx.Tenant(), s.Clock.Now()
	contact, err := s.ready.take(ctx, t)
	if err != nil {
		return "", err
	}
	sealed, err := s.sealProfile(tx, contact, profile{Name: cleanName(a.Name.Reveal())})
	if err != nil {
		return "", err
	}
	return contact, tx.InsertContact(store.ContactRow{ID: contact, ProfileSealed: sealed, Language: a.Language, CreatedAt: now, SeenAt: now})
}

// complete takes over a name from the arrival of a known contact that had none.
// A different name changes nothing: it belongs to that conversation.
func (s *Service) complete(tx *store.Tx, contact string, a channel.Arrival) error {
	name := cleanName(a.Name.Reveal())
	if name == "" {
		return nil
	}
	row, err := tx.Contact(contact)
	if err != nil {
		return err
	}
	p, err := s.openProfile(tx, row)
	if err != nil || p.Name != "" || !row.RestrictedAt.IsZero() {
		return err
	}
	p.Name = name
	if row.ProfileSealed, err = s.sealProfile(tx, contact, p); err != nil {
		return err
	}
	err = tx.UpdateContact(row)
	if errs.Is(err, errs.Conflict) {
		return nil // someone is correcting the contact at this moment: theirs counts
	}
	return err
}

// addAddress gives a contact an address; Conflict when it is another's.
func (s *Service) addAddress(tx *store.Tx, contact string, k known) error {
	sealed, err := s.Keys.SealContact(tx.Context(), tx.Tenant(), contact, addressAt(k.kind, k.index), []byte(k.value))
	if err != nil {
		return err
	}
	inForce, added, err := tx.AddAddress(store.AddressRow{ContactID: contact, Kind: k.kind, AddressIndex: k.index, AddressSealed: sealed, CreatedAt: s.Clock.Now()})
	if err == nil && !added && inForce.ContactID != contact {
		return errs.New(errs.Conflict, "This address belongs to another contact.")
	}
	return err
}

// Consented records what a person agreed to in a conversation.
func (s *Service) Consented(tx *store.Tx, contact, interaction string, c channel.Consent) error {
	return s.consent(tx, contact, interaction, &c)
}

// consent records a person's agreement, with the text and version shown, in the
// contact's consents and in the audit log (notice C13, C14).
func (s *Service) consent(tx *store.Tx, contact, interaction string, c *channel.Consent) error {
	if c == nil {
		return nil
	}
	row := store.ConsentRow{ID: s.IDs.New(id.Consent), ContactID: contact, InteractionID: interaction, Purpose: c.Purpose, ConsentTextID: c.Text,
		TextVersion: c.Version, Language: c.Language, GivenAt: s.Clock.Now()}
	if err := tx.InsertConsent(row); err != nil {
		return err
	}
	return s.Audit.Append(tx, contact, "consent.given", row.ID, c.Purpose)
}

func (s *Service) sealProfile(tx *store.Tx, contact string, p profile) (secret.Sealed, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The contact could not be stored.")
	}
	return s.Keys.SealContact(tx.Context(), tx.Tenant(), contact, profileAt(contact), b)
}

func (s *Service) openProfile(tx *store.Tx, row store.ContactRow) (p profile, err error) {
	b, err := s.Keys.OpenContact(tx.Context(), tx.Tenant(), row.ID, profileAt(row.ID), row.ProfileSealed)
	if err != nil || b.Empty() {
		return p, err
	}
	if err := json.Unmarshal(b.Reveal(), &p); err != nil {
		return p, errs.Wrap(errs.Internal, err, "The contact could not be read.")
	}
	return p, nil
}

// cleanName makes one line of a name: no control characters, no marks that turn
// the direction of what stands around it.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.C, r) && r != 0x200d, r == utf8.RuneError: // the joiner is part of some scripts and emoji
			return -1
		}
		return r
	}, norm.NFC.String(s))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > maxName {
		s = strings.TrimSpace(string([]rune(s)[:maxName]))
	}
	return s
}
