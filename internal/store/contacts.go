package store

import (
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// ContactRow is a person that the tenant talks with. It holds no address; those
// are AddressRow.
type ContactRow struct {
	ID            string
	ProfileSealed secret.Sealed
	Language      string
	RestrictedAt  time.Time // processing is restricted since; zero: not
	CreatedAt     time.Time
	SeenAt        time.Time
	Version       int64
}

const contactColumns = "contact_id, profile_sealed, language, restricted_at, created_at, seen_at, version"

func scanContact(r row, c *ContactRow) error {
	return r.Scan(&c.ID, sealed(&c.ProfileSealed), &c.Language, at(&c.RestrictedAt), at(&c.CreatedAt), at(&c.SeenAt), &c.Version)
}

// InsertContact adds a contact, at version 1.
func (tx *Tx) InsertContact(c ContactRow) error {
	_, err := tx.exec(`INSERT INTO contacts (tenant_id, `+contactColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`,
		string(tx.scope.Tenant), c.ID, raw(c.ProfileSealed), c.Language, us(c.RestrictedAt), us(c.CreatedAt), us(c.SeenAt))
	return err
}

// UpdateContact changes a contact if its version still is c.Version.
func (tx *Tx) UpdateContact(c ContactRow) error {
	n, err := tx.exec(`UPDATE contacts SET profile_sealed = $4, language = $5, restricted_at = $6, seen_at = $7, version = version + 1
		WHERE tenant_id = $1 AND contact_id = $2 AND version = $3`,
		string(tx.scope.Tenant), c.ID, c.Version, raw(c.ProfileSealed), c.Language, us(c.RestrictedAt), us(c.SeenAt))
	return tx.swapped("contact", n, err, `SELECT version FROM contacts WHERE tenant_id = $1 AND contact_id = $2`, string(tx.scope.Tenant), c.ID)
}

// TouchContact notes that a contact was in touch; the version stays.
func (tx *Tx) TouchContact(contactID string, now time.Time) error {
	n, err := tx.exec(`UPDATE contacts SET seen_at = $3 WHERE tenant_id = $1 AND contact_id = $2`, string(tx.scope.Tenant), contactID, us(now))
	return must("contact", n, err)
}

// Contact is a contact by its id.
func (tx *Tx) Contact(contactID string) (ContactRow, error) {
	return get(tx, "contact", scanContact, `SELECT `+contactColumns+` FROM contacts WHERE tenant_id = $1 AND contact_id = $2`, string(tx.scope.Tenant), contactID)
}

// ContactFilter says which contacts are looked for; what is empty does not matter.
type ContactFilter struct {
	Part         *access.RolePart // those of whose work this part of the tenant has something
	Field, Value string           // a custom field that tells nothing about a person, and its value as it is stored
}

// ContactsAfter are at most limit contacts after an id, by id.
func (tx *Tx) ContactsAfter(after string, f ContactFilter, limit int) ([]ContactRow, error) {
	args := []any{string(tx.scope.Tenant), after, limit}
	where := ""
	if f.Field != "" {
		bind := binder(&args)
		where = " AND contact_id IN (SELECT v.object_id FROM field_values v WHERE v.tenant_id = $1 AND v.entity = 'contact' AND v.field_id = " + bind(f.Field) + " AND v.plain = " + bind(f.Value) +
			" AND v.plain <> '' AND length(v.plain) <= 60)"
	}
	if f.Part != nil {
		where += " AND EXISTS (SELECT 1 FROM interactions i WHERE i.tenant_id = contacts.tenant_id AND i.contact_id = contacts.contact_id AND i.mailbox = ''" +
			(&Within{RolePart: *f.Part}).interactions(binder(&args), "i.queue_id", "i.agent_id", "i.campaign_id", "") + ")"
	}
	return list(tx, scanContact, `SELECT `+contactColumns+` FROM contacts WHERE tenant_id = $1 AND contact_id > $2`+where+` ORDER BY contact_id LIMIT $3`, args...)
}

// IdleContacts are at most limit contacts last seen before a time that have no
// interaction left: what retention removes after their records.
func (tx *Tx) IdleContacts(before time.Time, limit int) ([]ContactRow, error) {
	return list(tx, scanContact, `SELECT `+contactColumns+` FROM contacts WHERE tenant_id = $1 AND seen_at < $2
		AND NOT EXISTS (SELECT 1 FROM interactions i WHERE i.tenant_id = contacts.tenant_id AND i.contact_id = contacts.contact_id)
		ORDER BY seen_at LIMIT $3`, string(tx.scope.Tenant), us(before), limit)
}

// AddressRow is one way to reach a contact, found by its blind index.
type AddressRow struct {
	ContactID     string
	Kind          string // phone, email, social, visitor
	AddressIndex  secret.Index
	AddressSealed secret.Sealed
	CreatedAt     time.Time
}

const addressColumns = "contact_id, kind, address_index, address_sealed, created_at"

func scanAddress(r row, a *AddressRow) error {
	return r.Scan(&a.ContactID, &a.Kind, indexed(&a.AddressIndex), sealed(&a.AddressSealed), at(&a.CreatedAt))
}

// AddAddress gives a contact an address. If someone has it already, nothing
// changes and added is false: the row in force names whose it is.
func (tx *Tx) AddAddress(a AddressRow) (inForce AddressRow, added bool, err error) {
	n, err := tx.exec(`INSERT INTO contact_addresses (tenant_id, `+addressColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, kind, address_index) DO NOTHING`,
		string(tx.scope.Tenant), a.ContactID, a.Kind, raw(a.AddressIndex), raw(a.AddressSealed), us(a.CreatedAt))
	if err != nil || n > 0 {
		return a, err == nil, err
	}
	inForce, err = tx.AddressByIndex(a.Kind, a.AddressIndex)
	return inForce, false, err
}

// AddressByIndex is an address by its blind index.
func (tx *Tx) AddressByIndex(kind string, index secret.Index) (AddressRow, error) {
	return get(tx, "address", scanAddress, `SELECT `+addressColumns+` FROM contact_addresses WHERE tenant_id = $1 AND kind = $2 AND address_index = $3`,
		string(tx.scope.Tenant), kind, raw(index))
}

// AddressesOf are a contact's addresses, by age.
func (tx *Tx) AddressesOf(contactID string) ([]AddressRow, error) {
	return list(tx, scanAddress, `SELECT `+addressColumns+` FROM contact_addresses WHERE tenant_id = $1 AND contact_id = $2 ORDER BY created_at, kind, address_index`,
		string(tx.scope.Tenant), contactID)
}

// DeleteAddress takes an address away.
func (tx *Tx) DeleteAddress(kind string, index secret.Index) error {
	n, err := tx.exec(`DELETE FROM contact_addresses WHERE tenant_id = $1 AND kind = $2 AND address_index = $3`, string(tx.scope.Tenant), kind, raw(index))
	return must("address", n, err)
}

// ConsentRow is a contact's agreement to one version of a text (notice C13, C14).
type ConsentRow struct {
	ID            string
	ContactID     string
	InteractionID string
	Purpose       string
	ConsentTextID string
	TextVersion   int64
	Language      string
	GivenAt       time.Time
	WithdrawnAt   time.Time
}

const consentColumns = "consent_id, contact_id, interaction_id, purpose, consent_text_id, text_version, language, given_at, withdrawn_at"

func scanConsent(r row, c *ConsentRow) error {
	return r.Scan(&c.ID, &c.ContactID, &c.InteractionID, &c.Purpose, &c.ConsentTextID, &c.TextVersion, &c.Language, at(&c.GivenAt), at(&c.WithdrawnAt))
}

// InsertConsent records a consent.
func (tx *Tx) InsertConsent(c ConsentRow) error {
	_, err := tx.exec(`INSERT INTO consents (tenant_id, `+consentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(tx.scope.Tenant), c.ID, c.ContactID, c.InteractionID, c.Purpose, c.ConsentTextID, c.TextVersion, c.Language, us(c.GivenAt), us(c.WithdrawnAt))
	return err
}

// Consent is a consent by its id.
func (tx *Tx) Consent(consentID string) (ConsentRow, error) {
	return get(tx, "consent", scanConsent, `SELECT `+consentColumns+` FROM consents WHERE tenant_id = $1 AND consent_id = $2`, string(tx.scope.Tenant), consentID)
}

// ConsentsOf are a contact's consents, by age, withdrawn ones included.
func (tx *Tx) ConsentsOf(contactID string) ([]ConsentRow, error) {
	return list(tx, scanConsent, `SELECT `+consentColumns+` FROM consents WHERE tenant_id = $1 AND contact_id = $2 ORDER BY given_at, consent_id`,
		string(tx.scope.Tenant), contactID)
}

// WithdrawConsent notes when a consent was withdrawn; the first time stays.
func (tx *Tx) WithdrawConsent(consentID string, now time.Time) error {
	n, err := tx.exec(`UPDATE consents SET withdrawn_at = CASE WHEN withdrawn_at = 0 THEN $3 ELSE withdrawn_at END WHERE tenant_id = $1 AND consent_id = $2`,
		string(tx.scope.Tenant), consentID, us(now))
	return must("consent", n, err)
}
