package store

import (
	"encoding/json"
	"time"
)

// SetupRow is one object that an administrator set up.
type SetupRow struct {
	Kind       string
	ID         string
	Body       json.RawMessage
	Position   int64
	ArchivedAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Version    int64
}

const setupColumns = "kind, object_id, body, position, archived_at, created_at, updated_at, version"

func scanSetup(r row, s *SetupRow) error {
	var body string
	err := r.Scan(&s.Kind, &s.ID, &body, &s.Position, at(&s.ArchivedAt), at(&s.CreatedAt), at(&s.UpdatedAt), &s.Version)
	s.Body = json.RawMessage(body)
	return err
}

// InsertSetup adds an object, at version 1.
func (tx *Tx) InsertSetup(s SetupRow) error {
	_, err := tx.exec(`INSERT INTO setup (tenant_id, `+setupColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)`,
		string(tx.scope.Tenant), s.Kind, s.ID, string(s.Body), s.Position, us(s.ArchivedAt), us(s.CreatedAt), us(s.UpdatedAt))
	return err
}

// UpdateSetup changes an object if its version still is s.Version.
func (tx *Tx) UpdateSetup(s SetupRow) error {
	n, err := tx.exec(`UPDATE setup SET body = $5, position = $6, archived_at = $7, updated_at = $8, version = version + 1
		WHERE tenant_id = $1 AND kind = $2 AND object_id = $3 AND version = $4`,
		string(tx.scope.Tenant), s.Kind, s.ID, s.Version, string(s.Body), s.Position, us(s.ArchivedAt), us(s.UpdatedAt))
	return tx.swapped("object", n, err, `SELECT version FROM setup WHERE tenant_id = $1 AND kind = $2 AND object_id = $3`, string(tx.scope.Tenant), s.Kind, s.ID)
}

// Setup is an object by its kind and id, archived or not.
func (tx *Tx) Setup(kind, objectID string) (SetupRow, error) {
	return get(tx, "object", scanSetup, `SELECT `+setupColumns+` FROM setup WHERE tenant_id = $1 AND kind = $2 AND object_id = $3`, string(tx.scope.Tenant), kind, objectID)
}

// SetupOf are all objects of a kind, by position and age, archived ones
// included.
func (tx *Tx) SetupOf(kind string) ([]SetupRow, error) {
	return list(tx, scanSetup, `SELECT `+setupColumns+` FROM setup WHERE tenant_id = $1 AND kind = $2 ORDER BY position, object_id`, string(tx.scope.Tenant), kind)
}

// SetupIDs are the ids of the objects of a kind that are not archived.
func (tx *Tx) SetupIDs(kind string) ([]string, error) {
	return list(tx, func(r row, s *string) error { return r.Scan(s) }, `SELECT object_id FROM setup WHERE tenant_id = $1 AND kind = $2 AND archived_at = 0 ORDER BY object_id`, string(tx.scope.Tenant), kind)
}

// SetupAll are all objects of all kinds that are not archived, by kind, position
// and age.
func (tx *Tx) SetupAll() ([]SetupRow, error) {
	return list(tx, scanSetup, `SELECT `+setupColumns+` FROM setup WHERE tenant_id = $1 AND archived_at = 0 ORDER BY kind, position, object_id`, string(tx.scope.Tenant))
}

// SetupAfter are at most limit objects of a kind after a position and id.
func (tx *Tx) SetupAfter(kind string, position int64, after string, limit int) ([]SetupRow, error) {
	return list(tx, scanSetup, `SELECT `+setupColumns+` FROM setup WHERE tenant_id = $1 AND kind = $2 AND (position, object_id) > ($3, $4)
		ORDER BY position, object_id LIMIT $5`, string(tx.scope.Tenant), kind, position, after, limit)
}

// DeleteSetup removes an object with all its versions and secrets.
func (tx *Tx) DeleteSetup(kind, objectID string) error {
	if _, err := tx.exec(`DELETE FROM setup_versions WHERE tenant_id = $1 AND kind = $2 AND object_id = $3`, string(tx.scope.Tenant), kind, objectID); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM setup_secrets WHERE tenant_id = $1 AND kind = $2 AND object_id = $3`, string(tx.scope.Tenant), kind, objectID); err != nil {
		return err
	}
	n, err := tx.exec(`DELETE FROM setup WHERE tenant_id = $1 AND kind = $2 AND object_id = $3`, string(tx.scope.Tenant), kind, objectID)
	return must("object", n, err)
}

// SetupVersionRow is one version of an object, kept as evidence or to go back.
type SetupVersionRow struct {
	Kind      string
	ID        string
	Version   int64
	Body      json.RawMessage
	ChangedBy string
	ChangedAt time.Time
}

const setupVersionColumns = "kind, object_id, version, body, changed_by, changed_at"

func scanSetupVersion(r row, s *SetupVersionRow) error {
	var body string
	err := r.Scan(&s.Kind, &s.ID, &s.Version, &body, &s.ChangedBy, at(&s.ChangedAt))
	s.Body = json.RawMessage(body)
	return err
}

// InsertSetupVersion keeps a version; the same one again is Conflict.
func (tx *Tx) InsertSetupVersion(s SetupVersionRow) error {
	_, err := tx.exec(`INSERT INTO setup_versions (tenant_id, `+setupVersionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		string(tx.scope.Tenant), s.Kind, s.ID, s.Version, string(s.Body), s.ChangedBy, us(s.ChangedAt))
	return err
}

// SetupVersion is one version of an object.
func (tx *Tx) SetupVersion(kind, objectID string, version int64) (SetupVersionRow, error) {
	return get(tx, "version", scanSetupVersion, `SELECT `+setupVersionColumns+` FROM setup_versions WHERE tenant_id = $1 AND kind = $2 AND object_id = $3 AND version = $4`,
		string(tx.scope.Tenant), kind, objectID, version)
}

// SetupVersions are at most limit versions of an object, newest first, those
// before the given one (0: from the newest).
func (tx *Tx) SetupVersions(kind, objectID string, before int64, limit int) ([]SetupVersionRow, error) {
	return list(tx, scanSetupVersion, `SELECT `+setupVersionColumns+` FROM setup_versions WHERE tenant_id = $1 AND kind = $2 AND object_id = $3 AND ($4 = 0 OR version < $4)
		ORDER BY version DESC LIMIT $5`, string(tx.scope.Tenant), kind, objectID, before, limit)
}
