package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/usage"
)

// OrganisationRow is an operator, a reseller or a tenant.
type OrganisationRow struct {
	ID        id.Tenant
	Kind      string    // operator, reseller, tenant
	ParentID  id.Tenant // "" for the operator
	Slug      string    // what users type to sign in; unique in the installation
	Name      string
	Status    string // active, suspended, closed
	Language  string
	TimeZone  string // IANA name
	Limits    usage.Limits
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

const organisationColumns = "tenant_id, kind, parent_id, slug, name, status, language, time_zone, limits, created_at, updated_at, version"

func scanOrganisation(r row, o *OrganisationRow) error {
	return r.Scan(tenantOf(&o.ID), &o.Kind, tenantOf(&o.ParentID), &o.Slug, &o.Name, &o.Status, &o.Language, &o.TimeZone, fromJSON(&o.Limits), at(&o.CreatedAt), at(&o.UpdatedAt), &o.Version)
}

// InsertOrganisation adds an organisation, at version 1 (System). A slug that is
// taken is Conflict.
func (tx *Tx) InsertOrganisation(o OrganisationRow) error {
	_, err := tx.sysExec(`INSERT INTO organisations (`+organisationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)`,
		string(o.ID), o.Kind, string(o.ParentID), o.Slug, o.Name, o.Status, o.Language, o.TimeZone, jsonOf(o.Limits), us(o.CreatedAt), us(o.UpdatedAt))
	return err
}

// UpdateOrganisation changes what may change of an organisation, if its version
// still is o.Version (System).
func (tx *Tx) UpdateOrganisation(o OrganisationRow) error {
	n, err := tx.sysExec(`UPDATE organisations SET slug = $3, name = $4, status = $5, language = $6, time_zone = $7, updated_at = $8, limits = $9, parent_id = $10, version = version + 1
		WHERE tenant_id = $1 AND version = $2`, string(o.ID), o.Version, o.Slug, o.Name, o.Status, o.Language, o.TimeZone, us(o.UpdatedAt), jsonOf(o.Limits), string(o.ParentID))
	if err != nil || n > 0 {
		return err
	}
	if _, err := tx.OrganisationByID(o.ID); err != nil {
		return err
	}
	return conflict("organisation")
}

// Organisation is the transaction's own organisation.
func (tx *Tx) Organisation() (OrganisationRow, error) {
	return get(tx, "organisation", scanOrganisation, `SELECT `+organisationColumns+` FROM organisations WHERE tenant_id = $1`, string(tx.scope.Tenant))
}

// OrganisationByID is any organisation (System).
func (tx *Tx) OrganisationByID(t id.Tenant) (OrganisationRow, error) {
	return sysGet(tx, "organisation", scanOrganisation, `SELECT `+organisationColumns+` FROM organisations WHERE tenant_id = $1`, string(t))
}

// HeldOrganisation is OrganisationByID; others who call it for the same one wait
// until the transaction ends (System).
func (tx *Tx) HeldOrganisation(t id.Tenant) (OrganisationRow, error) {
	return sysGet(tx, "organisation", scanOrganisation, `SELECT `+organisationColumns+` FROM organisations WHERE tenant_id = $1 /*pg FOR UPDATE pg*/`, string(t))
}

// OrganisationBySlug is any organisation by what users type (System).
func (tx *Tx) OrganisationBySlug(slug string) (OrganisationRow, error) {
	return sysGet(tx, "organisation", scanOrganisation, `SELECT `+organisationColumns+` FROM organisations WHERE slug = $1`, slug)
}

// OperatorID is the organisation of whoever runs the installation (System).
func (tx *Tx) OperatorID() (id.Tenant, error) {
	return sysGet(tx, "operator", func(r row, t *id.Tenant) error { return r.Scan(tenantOf(t)) }, `SELECT tenant_id FROM organisations WHERE kind = 'operator' AND status = 'active' ORDER BY tenant_id LIMIT 1`)
}

// Organisations are all of them, by age (System).
func (tx *Tx) Organisations() ([]OrganisationRow, error) {
	return sysList(tx, scanOrganisation, `SELECT `+organisationColumns+` FROM organisations ORDER BY created_at, tenant_id`)
}

// OrganisationsOf are those right below a parent, after an id, at most limit
// (System).
func (tx *Tx) OrganisationsOf(parent, after id.Tenant, limit int) ([]OrganisationRow, error) {
	return sysList(tx, scanOrganisation, `SELECT `+organisationColumns+` FROM organisations WHERE parent_id = $1 AND tenant_id > $2 ORDER BY tenant_id LIMIT $3`,
		string(parent), string(after), limit)
}

// levels is how deep organisations can be below the operator: a reseller, a
// reseller of that one, a tenant.
const levels = 3

// Under are an organisation, first, and all that are anywhere below it, by level
// and age (System).
func (tx *Tx) Under(t id.Tenant) ([]OrganisationRow, error) {
	own, err := tx.OrganisationByID(t)
	if err != nil {
		return nil, err
	}
	all, err := tx.Organisations()
	if err != nil {
		return nil, err
	}
	tree, above := []OrganisationRow{own}, map[id.Tenant]bool{t: true}
	for range levels {
		next := map[id.Tenant]bool{}
		for _, o := range all {
			if above[o.ParentID] {
				tree, next[o.ID] = append(tree, o), true
			}
		}
		above = next
	}
	return tree, nil
}

// IsBelow says whether an organisation is anywhere below another (System).
func (tx *Tx) IsBelow(t, above id.Tenant) (bool, error) {
	for range levels {
		o, err := tx.OrganisationByID(t)
		if errs.Is(err, errs.NotFound) {
			return false, nil
		}
		if err != nil || o.ParentID == above {
			return err == nil, err
		}
		t = o.ParentID
	}
	return false, nil
}
