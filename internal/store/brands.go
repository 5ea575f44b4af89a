package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// BrandRow is what an organisation chose for the look of its pages.
type BrandRow struct {
	Tenant    id.Tenant
	Link      string // shows the brand to who has not signed in; names nobody
	Config    string // JSON of brand.Brand
	Logo      []byte // PNG; empty: none of its own
	UpdatedAt time.Time
	Version   int64
}

const brandColumns = "tenant_id, link, config, logo, updated_at, version"

func scanBrand(r row, b *BrandRow) error {
	return r.Scan(tenantOf(&b.Tenant), &b.Link, &b.Config, bin(&b.Logo), at(&b.UpdatedAt), &b.Version)
}

// PutBrand stores the organisation's brand if it still is at b.Version, which is 0
// where there is none; it is at the next one then. The link of the first one stays.
func (tx *Tx) PutBrand(b BrandRow) error {
	n, err := tx.exec(`INSERT INTO brands (`+brandColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id) DO UPDATE SET config = excluded.config, logo = excluded.logo, updated_at = excluded.updated_at, version = excluded.version
		WHERE brands.version = excluded.version - 1`,
		string(tx.scope.Tenant), b.Link, b.Config, raw(b.Logo), us(b.UpdatedAt), b.Version+1)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This was changed by someone else in the meantime.")
	}
	return err
}

// OwnBrand is that of the transaction's own organisation; NotFound where it chose
// nothing.
func (tx *Tx) OwnBrand() (BrandRow, error) {
	return get(tx, "brand", scanBrand, `SELECT `+brandColumns+` FROM brands WHERE tenant_id = $1`, string(tx.scope.Tenant))
}

// Brand is an organisation's own; NotFound where it chose nothing (System).
func (tx *Tx) Brand(t id.Tenant) (BrandRow, error) {
	return sysGet(tx, "brand", scanBrand, `SELECT `+brandColumns+` FROM brands WHERE tenant_id = $1`, string(t))
}

// BrandByLink is the one that a link shows (System).
func (tx *Tx) BrandByLink(link string) (BrandRow, error) {
	return sysGet(tx, "brand", scanBrand, `SELECT `+brandColumns+` FROM brands WHERE link = $1`, link)
}

// BrandsBelow are those of all organisations anywhere below one. Of a logo they say
// only whether there is one: its first octet (System).
func (tx *Tx) BrandsBelow(t id.Tenant) ([]BrandRow, error) {
	return sysList(tx, scanBrand, `SELECT tenant_id, link, config, CASE WHEN length(logo) > 0 THEN substr(logo, 1, 1) ELSE logo END, updated_at, version FROM brands WHERE tenant_id IN (SELECT tenant_id FROM organisations`+below+`)`, string(t))
}
