package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// ProvisioningRow is how an organisation's own directory makes users here.
type ProvisioningRow struct {
	Config  string // JSON of account.Provisioning
	Did     Provisioned
	AskedAt time.Time // when it last changed something, or was refused to
	// UpdatedAt and Version are Config's.
	UpdatedAt time.Time
	Version   int64
}

// Provisioned counts what a directory did.
type Provisioned struct{ Created, Changed, Locked, Removed, Refused int64 }

const provisioningColumns = "config, created, changed, locked, removed, refused, asked_at, updated_at, version"

func scanProvisioning(r row, p *ProvisioningRow) error {
	return r.Scan(&p.Config, &p.Did.Created, &p.Did.Changed, &p.Did.Locked, &p.Did.Removed, &p.Did.Refused, at(&p.AskedAt), at(&p.UpdatedAt), &p.Version)
}

// Provisioning is the organisation's; NotFound where nothing was chosen or done yet.
func (tx *Tx) Provisioning() (ProvisioningRow, error) {
	return get(tx, "provisioning", scanProvisioning, `SELECT `+provisioningColumns+` FROM provisionings WHERE tenant_id = $1`, string(tx.scope.Tenant))
}

// PutProvisioning stores its config if it still is at p.Version, which is 0 where none
// was chosen; it is at the next one then.
func (tx *Tx) PutProvisioning(p ProvisioningRow) error {
	n, err := tx.exec(`INSERT INTO provisionings (tenant_id, `+provisioningColumns+`) VALUES ($1, $2, 0, 0, 0, 0, 0, 0, $3, $4)
		ON CONFLICT (tenant_id) DO UPDATE SET config = excluded.config, updated_at = excluded.updated_at, version = excluded.version
		WHERE provisionings.version = excluded.version - 1`, string(tx.scope.Tenant), p.Config, us(p.UpdatedAt), p.Version+1)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This was changed by someone else in the meantime.")
	}
	return err
}

// CountProvisioned adds to what the directory did.
func (tx *Tx) CountProvisioned(d Provisioned, now time.Time) error {
	_, err := tx.exec(`INSERT INTO provisionings (tenant_id, `+provisioningColumns+`) VALUES ($1, '{}', $2, $3, $4, $5, $6, $7, 0, 0)
		ON CONFLICT (tenant_id) DO UPDATE SET created = provisionings.created + excluded.created, changed = provisionings.changed + excluded.changed, locked = provisionings.locked + excluded.locked,
		removed = provisionings.removed + excluded.removed, refused = provisionings.refused + excluded.refused, asked_at = excluded.asked_at`,
		string(tx.scope.Tenant), d.Created, d.Changed, d.Locked, d.Removed, d.Refused, us(now))
	return err
}

// ProvisionedUserRow is what the directory calls a user.
type ProvisionedUserRow struct {
	UserID    string
	Index     []byte // keyed, of what it calls it
	External  secret.Sealed
	CreatedAt time.Time
	GoneAt    time.Time // zero while it knows it
	LockedAt  time.Time // when it locked the user; zero if it did not, or the user was opened since
	HeldAt    time.Time // when it first wanted it open while an administrator's lock stood
}

const provisionedUserColumns = "user_id, external_index, external_sealed, created_at, gone_at, locked_at, held_at"

func scanProvisionedUser(r row, p *ProvisionedUserRow) error {
	return r.Scan(&p.UserID, bin(&p.Index), sealed(&p.External), at(&p.CreatedAt), at(&p.GoneAt), at(&p.LockedAt), at(&p.HeldAt))
}

// PutProvisionedUser notes what the directory calls a user.
func (tx *Tx) PutProvisionedUser(p ProvisionedUserRow) error {
	_, err := tx.exec(`INSERT INTO provisioned_users (tenant_id, `+provisionedUserColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant_id, user_id) DO UPDATE SET external_index = excluded.external_index, external_sealed = excluded.external_sealed, gone_at = excluded.gone_at,
			locked_at = excluded.locked_at, held_at = excluded.held_at`,
		string(tx.scope.Tenant), p.UserID, raw(p.Index), raw(p.External), us(p.CreatedAt), us(p.GoneAt), us(p.LockedAt), us(p.HeldAt))
	return err
}

// OpenedProvisioned notes that a user is open again: whoever locks it next is not the directory of before.
func (tx *Tx) OpenedProvisioned(userID string) error {
	_, err := tx.exec(`UPDATE provisioned_users SET locked_at = 0, held_at = 0 WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID)
	return err
}

// ProvisionedUser is a user's; NotFound if the directory never spoke of it.
func (tx *Tx) ProvisionedUser(userID string) (ProvisionedUserRow, error) {
	return get(tx, "user", scanProvisionedUser, `SELECT `+provisionedUserColumns+` FROM provisioned_users WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID)
}

// ProvisionedUsersBy are those whom the directory calls the same, by a keyed index.
func (tx *Tx) ProvisionedUsersBy(index []byte) ([]ProvisionedUserRow, error) {
	return list(tx, scanProvisionedUser, `SELECT `+provisionedUserColumns+` FROM provisioned_users WHERE tenant_id = $1 AND external_index = $2 ORDER BY user_id`, string(tx.scope.Tenant), raw(index))
}

// ProvisionedUsers are all that the directory spoke of, by id.
func (tx *Tx) ProvisionedUsers() ([]ProvisionedUserRow, error) {
	return list(tx, scanProvisionedUser, `SELECT `+provisionedUserColumns+` FROM provisioned_users WHERE tenant_id = $1 ORDER BY user_id`, string(tx.scope.Tenant))
}

// DeleteProvisioned forgets what the directory calls a user, and takes it out of all groups.
func (tx *Tx) DeleteProvisioned(userID string) error {
	if _, err := tx.exec(`DELETE FROM provisioned_members WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM provisioned_users WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID)
	return err
}

// ProvisionedGroupRow is a group of the directory.
type ProvisionedGroupRow struct {
	ID         string
	Name       string
	NameKey    string // normalised; unique in the organisation
	ExternalID string
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Version    int64
}

const provisionedGroupColumns = "group_id, name, name_key, external_id, created_at, updated_at, version"

func scanProvisionedGroup(r row, g *ProvisionedGroupRow) error {
	return r.Scan(&g.ID, &g.Name, &g.NameKey, &g.ExternalID, at(&g.CreatedAt), at(&g.UpdatedAt), &g.Version)
}

// InsertProvisionedGroup adds a group, at version 1. A name that is taken is Conflict.
func (tx *Tx) InsertProvisionedGroup(g ProvisionedGroupRow) error {
	_, err := tx.exec(`INSERT INTO provisioned_groups (tenant_id, `+provisionedGroupColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`,
		string(tx.scope.Tenant), g.ID, g.Name, g.NameKey, g.ExternalID, us(g.CreatedAt), us(g.UpdatedAt))
	return err
}

// UpdateProvisionedGroup changes a group if its version still is g.Version.
func (tx *Tx) UpdateProvisionedGroup(g ProvisionedGroupRow) error {
	n, err := tx.exec(`UPDATE provisioned_groups SET name = $4, name_key = $5, external_id = $6, updated_at = $7, version = version + 1 WHERE tenant_id = $1 AND group_id = $2 AND version = $3`,
		string(tx.scope.Tenant), g.ID, g.Version, g.Name, g.NameKey, g.ExternalID, us(g.UpdatedAt))
	return tx.swapped("group", n, err, `SELECT version FROM provisioned_groups WHERE tenant_id = $1 AND group_id = $2`, string(tx.scope.Tenant), g.ID)
}

// DeleteProvisionedGroup removes a group with its memberships.
func (tx *Tx) DeleteProvisionedGroup(groupID string) error {
	if _, err := tx.exec(`DELETE FROM provisioned_members WHERE tenant_id = $1 AND group_id = $2`, string(tx.scope.Tenant), groupID); err != nil {
		return err
	}
	n, err := tx.exec(`DELETE FROM provisioned_groups WHERE tenant_id = $1 AND group_id = $2`, string(tx.scope.Tenant), groupID)
	return must("group", n, err)
}

// ProvisionedGroup is a group by its id.
func (tx *Tx) ProvisionedGroup(groupID string) (ProvisionedGroupRow, error) {
	return get(tx, "group", scanProvisionedGroup, `SELECT `+provisionedGroupColumns+` FROM provisioned_groups WHERE tenant_id = $1 AND group_id = $2`, string(tx.scope.Tenant), groupID)
}

// ProvisionedGroups are all of them, by age.
func (tx *Tx) ProvisionedGroups() ([]ProvisionedGroupRow, error) {
	return list(tx, scanProvisionedGroup, `SELECT `+provisionedGroupColumns+` FROM provisioned_groups WHERE tenant_id = $1 ORDER BY group_id`, string(tx.scope.Tenant))
}

// ProvisionedMemberRow says that a user is in a group of the directory.
type ProvisionedMemberRow struct{ GroupID, UserID string }

func scanProvisionedMember(r row, m *ProvisionedMemberRow) error {
	return r.Scan(&m.GroupID, &m.UserID)
}

// InsertProvisionedMember puts a user into a group; one that is there stays.
func (tx *Tx) InsertProvisionedMember(m ProvisionedMemberRow) error {
	_, err := tx.exec(`INSERT INTO provisioned_members (tenant_id, group_id, user_id) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, group_id, user_id) DO NOTHING`, string(tx.scope.Tenant), m.GroupID, m.UserID)
	return err
}

// DeleteProvisionedMember takes a user out of a group.
func (tx *Tx) DeleteProvisionedMember(m ProvisionedMemberRow) error {
	_, err := tx.exec(`DELETE FROM provisioned_members WHERE tenant_id = $1 AND group_id = $2 AND user_id = $3`, string(tx.scope.Tenant), m.GroupID, m.UserID)
	return err
}

// ProvisionedMembers are all of them, by group and user.
func (tx *Tx) ProvisionedMembers() ([]ProvisionedMemberRow, error) {
	return list(tx, scanProvisionedMember, `SELECT group_id, user_id FROM provisioned_members WHERE tenant_id = $1 ORDER BY group_id, user_id`, string(tx.scope.Tenant))
}

// ProvisionedMembersOf are those of a group, by user.
func (tx *Tx) ProvisionedMembersOf(groupID string) ([]ProvisionedMemberRow, error) {
	return list(tx, scanProvisionedMember, `SELECT group_id, user_id FROM provisioned_members WHERE tenant_id = $1 AND group_id = $2 ORDER BY user_id`, string(tx.scope.Tenant), groupID)
}

// ProvisionedGroupsOf are the groups that a user is in, by age.
func (tx *Tx) ProvisionedGroupsOf(userID string) ([]ProvisionedGroupRow, error) {
	return list(tx, scanProvisionedGroup, `SELECT `+provisionedGroupColumns+` FROM provisioned_groups WHERE tenant_id = $1 AND group_id IN (SELECT group_id FROM provisioned_members WHERE tenant_id = $1 AND user_id = $2) ORDER BY group_id`,
		string(tx.scope.Tenant), userID)
}
