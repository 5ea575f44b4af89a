package store

import (
	"time"

	"nubitalk/internal/base/secret"
)

// PhotoRow is a user's photo, as colleagues see it.
type PhotoRow struct {
	UserID string
	Sealed secret.Sealed
	SetBy  string
	SetAt  time.Time
}

// PhotoOf says that a user has a photo, which teams the user is in, and since when
// it has this one.
type PhotoOf struct {
	UserID string
	Teams  []string
	SetAt  time.Time
}

const photoColumns = "user_id, photo_sealed, set_by, set_at"

func scanPhoto(r row, p *PhotoRow) error {
	return r.Scan(&p.UserID, sealed(&p.Sealed), &p.SetBy, at(&p.SetAt))
}

// PutPhoto gives a user a photo, in the place of one that it had. NotFound where
// there is no such user, or it was deleted meanwhile.
func (tx *Tx) PutPhoto(p PhotoRow) error {
	n, err := tx.exec(`INSERT INTO photos (tenant_id, `+photoColumns+`)
		SELECT tenant_id, user_id, $3, $4, $5 FROM users WHERE tenant_id = $1 AND user_id = $2 AND status <> 'deleted'
		ON CONFLICT (tenant_id, user_id) DO UPDATE SET photo_sealed = excluded.photo_sealed, set_by = excluded.set_by, set_at = excluded.set_at`,
		string(tx.scope.Tenant), p.UserID, raw(p.Sealed), p.SetBy, us(p.SetAt))
	return must("user", n, err)
}

// Photo is a user's.
func (tx *Tx) Photo(user string) (PhotoRow, error) {
	return get(tx, "photo", scanPhoto, `SELECT `+photoColumns+` FROM photos WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), user)
}

// Photos says who has a photo, by user.
func (tx *Tx) Photos() ([]PhotoOf, error) {
	return list(tx, func(r row, p *PhotoOf) error { return r.Scan(&p.UserID, fromJSON(&p.Teams), at(&p.SetAt)) },
		`SELECT f.user_id, u.teams, f.set_at FROM photos f JOIN users u ON u.tenant_id = f.tenant_id AND u.user_id = f.user_id WHERE f.tenant_id = $1 ORDER BY f.user_id`, string(tx.scope.Tenant))
}

// DeletePhoto takes a user's photo away, and says whether it had one.
func (tx *Tx) DeletePhoto(user string) (bool, error) {
	n, err := tx.exec(`DELETE FROM photos WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), user)
	return n > 0, err
}
