package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/usage"
)

// OrganisationRow is an operator, a reseller or a tenant.
type OrganisationRow struct {
	ID         id.Tenant
	Kind       string    // operator, reseller, tenant
	ParentID   id.Tenant // "" for the operator
	Slug       string    // what users type to sign in; unique in the installation
	Name       string
	Status     string // active, suspended, closed
	Language   string
	TimeZone   string // IANA name
	Limits     usage.Limits
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Version    int64
	EndsAt     time.Time // its end was begun, and comes then; zero: it goes on
	TrialUntil time.Time // it is suspended then; zero: it is not on trial
}

const organisationColumns = "tenant_id, kind, parent_id, slug, name, status, language, time_zone, limits, created_at, updated_at, version, ends_at, trial_until"

func scanOrganisation(r row, o *OrganisationRow) error {
	return r.Scan(tenantOf(&o.ID), &o.Kind, tenantOf(&o.ParentID), &o.Slug, &o.Name, &o.Status, &o.Language, &o.TimeZone, fromJSON(&o.Limits), at(&o.CreatedAt), at(&o.UpdatedAt), &o.Version, at(&o.EndsAt), at(&o.TrialUntil))
}

// InsertOrganisation adds an organisation, at version 1 (System). A slug that is
// taken is Conflict.
func (tx *Tx) InsertOrganisation(o OrganisationRow) error {
	_, err := tx.sysExec(`INSERT INTO organisations (`+organisationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13)`,
		string(o.ID), o.Kind, string(o.ParentID), o.Slug, o.Name, o.Status, o.Language, o.TimeZone, jsonOf(o.Limits), us(o.CreatedAt), us(o.UpdatedAt), us(o.EndsAt), us(o.TrialUntil))
	return err
}

// UpdateOrganisation changes what may change of an organisation, if its version
// still is o.Version (System).
func (tx *Tx) UpdateOrganisation(o OrganisationRow) error {
	n, err := tx.sysExec(`UPDATE organisations SET slug = $3, name = $4, status = $5, language = $6, time_zone = $7, updated_at = $8, limits = $9, parent_id = $10, ends_at = $11, trial_until = $12, version = version + 1
		WHERE tenant_id = $1 AND version = $2`, string(o.ID), o.Version, o.Slug, o.Name, o.Status, o.Language, o.TimeZone, us(o.UpdatedAt), jsonOf(o.Limits), string(o.ParentID), us(o.EndsAt), us(o.TrialUntil))
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

// below are the organisations anywhere below $1.
const below = ` WHERE parent_id = $1 OR parent_id IN (SELECT tenant_id FROM organisations WHERE parent_id = $1)
	OR parent_id IN (SELECT tenant_id FROM organisations WHERE parent_id IN (SELECT tenant_id FROM organisations WHERE parent_id = $1))`

// Under are an organisation, first, and all that are anywhere below it, by level
// and age (System).
func (tx *Tx) Under(t id.Tenant) ([]OrganisationRow, error) {
	own, err := tx.OrganisationByID(t)
	if err != nil {
		return nil, err
	}
	all, err := sysList(tx, scanOrganisation, `SELECT `+organisationColumns+` FROM organisations`+below+` ORDER BY created_at, tenant_id`, string(t))
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

// OrganisationLine is what an organisation is found by.
type OrganisationLine struct {
	ID, ParentID             id.Tenant
	Kind, Slug, Name, Status string
	Ending                   bool // its end was begun
	Limits                   usage.Limits

	words string // what its names are compared by, the name first
}

// Order is what organisations are put in order of their names by.
func (o OrganisationLine) Order() string { return o.words }

// OrganisationLines are all organisations, by id (System).
func (tx *Tx) OrganisationLines() ([]OrganisationLine, error) {
	return sysList(tx, func(r row, o *OrganisationLine) error {
		return r.Scan(tenantOf(&o.ID), tenantOf(&o.ParentID), &o.Kind, &o.Slug, &o.Name, &o.Status, yes(&o.Ending), fromJSON(&o.Limits))
	}, `SELECT tenant_id, parent_id, kind, slug, name, status, CASE WHEN ends_at > 0 THEN 1 ELSE 0 END, limits FROM organisations ORDER BY tenant_id`)
}

// OrganisationsStamp is another after each change of any organisation (System).
func (tx *Tx) OrganisationsStamp() (stamp [2]int64, err error) {
	return sysGet(tx, "list", func(r row, s *[2]int64) error { return r.Scan(&s[0], &s[1]) }, `SELECT count(*), CAST(coalesce(sum(version), 0) AS BIGINT) FROM organisations`)
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
