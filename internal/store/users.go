package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// UserRow is an account in an organisation.
type UserRow struct {
	ID            string
	UserName      string
	UserNameKey   string // normalised; unique in the organisation
	Status        string // active, locked, deleted
	Roles         []string
	Parts         map[access.Role]access.RolePart // those of Roles that it has for a part of the tenant only
	Skills        map[string]int                  // skill id -> proficiency 1-10
	Teams         []string                        // ids
	Site          string                          // id; "" for none
	Capacity      map[string]int                  // channel -> interactions at once; missing means the tenant's rule
	ProfileSealed secret.Sealed
	PasswordHash  string
	MustChange    bool
	Failures      int // wrong passwords in a row
	FailingSince  time.Time
	LockedUntil   time.Time
	Language      string
	Factors       []string // kinds of second factor that it has
	// Invitation is open, withdrawn or used; "" when there was none. Its code's hash
	// stays, so that whoever comes with the code is told.
	Invitation      string
	InvitationHash  []byte
	InvitationUntil time.Time
	SignedInAt      time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
	// EndSince is since when it may agree to the end of its organisation, with a password
	// and factors that nobody else gave it; EndLostAt when somebody took that away.
	EndSince, EndLostAt time.Time
	Version             int64
	// Custom are those of Roles that the tenant made for itself, as they were read
	// with the row; writing it writes Roles alone.
	Custom []access.Custom `store:"read"`
	// ByDirectory: locked, and it was the directory that did it. Read with the row.
	ByDirectory bool `store:"read"`
}

const userColumns = `user_id, user_name, user_name_key, status, roles, skills, capacity, profile_sealed, password_hash, must_change, failures, failing_since,
	locked_until, language, signed_in_at, created_at, updated_at, teams, site, factors, role_parts, invitation, invitation_hash, invitation_until, end_since, end_lost_at, version`

// userRead are the columns of a row that is read.
const userRead = userColumns + `, CASE WHEN status = 'locked' AND EXISTS (SELECT 1 FROM provisioned_users p WHERE p.tenant_id = users.tenant_id AND p.user_id = users.user_id AND p.locked_at > 0) THEN 1 ELSE 0 END`

func scanUser(r row, u *UserRow) error {
	return r.Scan(&u.ID, &u.UserName, &u.UserNameKey, &u.Status, fromJSON(&u.Roles), fromJSON(&u.Skills), fromJSON(&u.Capacity), sealed(&u.ProfileSealed),
		&u.PasswordHash, yes(&u.MustChange), num(&u.Failures), at(&u.FailingSince), at(&u.LockedUntil), &u.Language, at(&u.SignedInAt), at(&u.CreatedAt), at(&u.UpdatedAt), fromJSON(&u.Teams), &u.Site, fromJSON(&u.Factors), fromJSON(&u.Parts), &u.Invitation, bin(&u.InvitationHash), at(&u.InvitationUntil), at(&u.EndSince), at(&u.EndLostAt), &u.Version, yes(&u.ByDirectory))
}

// InsertUser adds a user, at version 1. A user name that is taken is Conflict.
func (tx *Tx) InsertUser(u UserRow) error {
	_, err := tx.exec(`INSERT INTO users (tenant_id, `+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, 1)`,
		string(tx.scope.Tenant), u.ID, u.UserName, u.UserNameKey, u.Status, jsonList(u.Roles), jsonMap(u.Skills), jsonMap(u.Capacity), raw(u.ProfileSealed), u.PasswordHash,
		bit(u.MustChange), u.Failures, us(u.FailingSince), us(u.LockedUntil), u.Language, us(u.SignedInAt), us(u.CreatedAt), us(u.UpdatedAt), jsonList(u.Teams), u.Site, jsonList(u.Factors),
		jsonMap(u.Parts), u.Invitation, raw(u.InvitationHash), us(u.InvitationUntil), us(u.EndSince), us(u.EndLostAt))
	return err
}

// UpdateUser changes a user if its version still is u.Version.
func (tx *Tx) UpdateUser(u UserRow) error {
	n, err := tx.exec(`UPDATE users SET user_name = $4, user_name_key = $5, status = $6, roles = $7, skills = $8, capacity = $9, profile_sealed = $10, password_hash = $11,
		must_change = $12, failures = $13, failing_since = $14, locked_until = $15, language = $16, signed_in_at = $17, updated_at = $18, teams = $19, site = $20, factors = $21, role_parts = $22, invitation = $23, invitation_hash = $24, invitation_until = $25, end_since = $26, end_lost_at = $27, version = version + 1
		WHERE tenant_id = $1 AND user_id = $2 AND version = $3`,
		string(tx.scope.Tenant), u.ID, u.Version, u.UserName, u.UserNameKey, u.Status, jsonList(u.Roles), jsonMap(u.Skills), jsonMap(u.Capacity), raw(u.ProfileSealed),
		u.PasswordHash, bit(u.MustChange), u.Failures, us(u.FailingSince), us(u.LockedUntil), u.Language, us(u.SignedInAt), us(u.UpdatedAt), jsonList(u.Teams), u.Site, jsonList(u.Factors),
		jsonMap(u.Parts), u.Invitation, raw(u.InvitationHash), us(u.InvitationUntil), us(u.EndSince), us(u.EndLostAt))
	return tx.swapped("user", n, err, `SELECT version FROM users WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), u.ID)
}

// User is a user by its id.
func (tx *Tx) User(userID string) (UserRow, error) {
	return tx.resolveUser(get(tx, "user", scanUser, `SELECT `+userRead+` FROM users WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID))
}

// UserByName is a user by its normalised user name.
func (tx *Tx) UserByName(key string) (UserRow, error) {
	return tx.resolveUser(get(tx, "user", scanUser, `SELECT `+userRead+` FROM users WHERE tenant_id = $1 AND user_name_key = $2`, string(tx.scope.Tenant), key))
}

// UserByInvitation is the user whose invitation has a code of this hash.
func (tx *Tx) UserByInvitation(hash []byte) (UserRow, error) {
	if len(hash) == 0 {
		return UserRow{}, errs.New(errs.NotFound, "This user does not exist.")
	}
	return tx.resolveUser(get(tx, "user", scanUser, `SELECT `+userRead+` FROM users WHERE tenant_id = $1 AND invitation_hash = $2`, string(tx.scope.Tenant), raw(hash)))
}

// Users are all users, by id.
func (tx *Tx) Users() ([]UserRow, error) {
	return tx.resolveUsers(list(tx, scanUser, `SELECT `+userRead+` FROM users WHERE tenant_id = $1 ORDER BY user_id`, string(tx.scope.Tenant)))
}

// UsersAfter are at most limit users after an id, by id.
// within narrows them to users of its teams, and to its user.
func (tx *Tx) UsersAfter(after string, within *Within, limit int) ([]UserRow, error) {
	args := []any{string(tx.scope.Tenant), after, limit}
	where := ""
	if within != nil {
		b := binder(&args)
		any := []string{"user_id = " + b(within.User)}
		if len(within.Teams) > 0 {
			any = append(any, b.inTeams("teams", within.Teams))
		}
		where = " AND " + either(any)
	}
	return tx.resolveUsers(list(tx, scanUser, `SELECT `+userRead+` FROM users WHERE tenant_id = $1 AND user_id > $2`+where+` ORDER BY user_id LIMIT $3`, args...))
}

// DeletedUsers are those of the ids that are deleted users', by id.
func (tx *Tx) DeletedUsers(ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{string(tx.scope.Tenant)}
	return list(tx, func(r row, s *string) error { return r.Scan(s) },
		`SELECT user_id FROM users WHERE tenant_id = $1 AND status = 'deleted' AND user_id IN `+binder(&args).list(ids)+` ORDER BY user_id`, args...)
}

// LoseEnd notes that somebody took from a user the right to agree to the end of its
// organisation. That stays of a user who is erased.
func (tx *Tx) LoseEnd(userID string, now time.Time) error {
	n, err := tx.exec(`UPDATE users SET end_lost_at = $3 WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID, us(now))
	return must("user", n, err)
}

// TalkPhone is the phone by which a user talks; "" is the browser.
func (tx *Tx) TalkPhone(userID string) (string, error) {
	return get(tx, "user", func(r row, s *string) error { return r.Scan(s) }, `SELECT talk_phone FROM users WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID)
}

// SetTalkPhone remembers by which phone a user talks.
func (tx *Tx) SetTalkPhone(userID, phone string) error {
	_, err := tx.exec(`UPDATE users SET talk_phone = $3 WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID, phone)
	return err
}

// WrongCodes are how many codes of second factors were wrong since the last right
// one: from browsers that are not known, and from those that are.
func (tx *Tx) WrongCodes(userID string) (strangers, known int, err error) {
	found, err := tx.one(`SELECT wrong_codes, wrong_codes_known FROM users WHERE tenant_id = $1 AND user_id = $2`, []any{string(tx.scope.Tenant), userID}, num(&strangers), num(&known))
	if err == nil && !found {
		err = errs.New(errs.NotFound, "This user does not exist.")
	}
	return strangers, known, err
}

// CountWrongCode counts one more.
func (tx *Tx) CountWrongCode(userID string, known bool) error {
	n, err := tx.exec(`UPDATE users SET wrong_codes = wrong_codes + 1 - $3, wrong_codes_known = wrong_codes_known + $3 WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID, bit(known))
	return must("user", n, err)
}

// ForgetWrongCodes ends the counting: of strangers', of known browsers', or both.
func (tx *Tx) ForgetWrongCodes(userID string, strangers, known bool) error {
	n, err := tx.exec(`UPDATE users SET wrong_codes = wrong_codes * (1 - $3), wrong_codes_known = wrong_codes_known * (1 - $4) WHERE tenant_id = $1 AND user_id = $2`,
		string(tx.scope.Tenant), userID, bit(strangers), bit(known))
	return must("user", n, err)
}

// EraseUser leaves of a user only the id that records point at: status deleted,
// no name, profile, password, factors, identity, roles, sessions or presence, no number that calls are
// forwarded to, no greeting of its mailbox, no photo, nothing that was shared with
// it, and no evaluation of its work; and when it lost the right to agree to the end of its organisation. Its API keys are revoked.
func (tx *Tx) EraseUser(userID string, now time.Time) error {
	t := string(tx.scope.Tenant)
	n, err := tx.exec(`UPDATE users SET user_name = user_id, user_name_key = user_id, status = 'deleted', roles = '[]', role_parts = '{}', skills = '{}', teams = '[]', site = '', talk_phone = '', capacity = '{}', profile_sealed = $3,
		password_hash = '', must_change = 0, failures = 0, failing_since = 0, locked_until = 0, wrong_codes = 0, wrong_codes_known = 0, language = '', factors = '[]', invitation = '', invitation_hash = $3, invitation_until = 0, end_since = 0, signed_in_at = 0, updated_at = $4, version = version + 1
		WHERE tenant_id = $1 AND user_id = $2`, t, userID, []byte{}, us(now))
	if err := must("user", n, err); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2`, t, userID); err != nil {
		return err
	}
	if _, err := tx.DeleteFactorsOf(userID); err != nil {
		return err
	}
	if _, err := tx.DeleteIdentityOf(userID); err != nil {
		return err
	}
	if err := tx.DeleteProvisioned(userID); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM agents WHERE tenant_id = $1 AND user_id = $2`, t, userID); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM forwards WHERE tenant_id = $1 AND user_id = $2`, t, userID); err != nil {
		return err
	}
	if _, err := tx.DeleteGreeting(userID); err != nil {
		return err
	}
	if _, err := tx.DeletePhoto(userID); err != nil {
		return err
	}
	if err := tx.deleteFieldValuesOf("user", userID); err != nil {
		return err
	}
	if err := tx.eraseEvaluator(userID); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM recording_shares WHERE tenant_id = $1 AND user_id = $2`, t, userID); err != nil {
		return err
	}
	_, err = tx.exec(`UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1 AND created_by = $2 AND revoked_at = 0`, t, userID, us(now))
	return err
}

// SessionRow is a sign-in.
type SessionRow struct {
	ID        string
	UserID    string
	TokenHash []byte
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // zero while it lasts
	ProvedAt  time.Time // when its holder last proved to be the user
	MustSetUp bool      // opened without the second factor that the rules ask for
	// ByProvider: the organisation's own provider opened it. ProviderSession is a keyed
	// index of the provider's name for it; "" if it has none.
	ByProvider      bool
	ProviderSession string
	// NextHash is of the token that its holder was given for proving again who it is, at
	// NextProvedAt, and has not used yet; empty if none.
	NextHash     []byte
	NextProvedAt time.Time
	// EarlierHash is of the token before, which is good until EarlierUntil.
	EarlierHash  []byte
	EarlierUntil time.Time
}

const sessionColumns = "session_id, user_id, token_hash, created_at, seen_at, expires_at, ended_at, proved_at, must_set_up, by_provider, provider_session, next_hash, next_proved_at, earlier_hash, earlier_until"

func scanSession(r row, s *SessionRow) error {
	return r.Scan(&s.ID, &s.UserID, bin(&s.TokenHash), at(&s.CreatedAt), at(&s.SeenAt), at(&s.ExpiresAt), at(&s.EndedAt), at(&s.ProvedAt), yes(&s.MustSetUp), yes(&s.ByProvider), &s.ProviderSession,
		bin(&s.NextHash), at(&s.NextProvedAt), bin(&s.EarlierHash), at(&s.EarlierUntil))
}

// InsertSession adds a session.
func (tx *Tx) InsertSession(s SessionRow) error {
	_, err := tx.exec(`INSERT INTO sessions (tenant_id, `+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		string(tx.scope.Tenant), s.ID, s.UserID, raw(s.TokenHash), us(s.CreatedAt), us(s.SeenAt), us(s.ExpiresAt), us(s.EndedAt), us(s.ProvedAt), bit(s.MustSetUp), bit(s.ByProvider), s.ProviderSession,
		raw(s.NextHash), us(s.NextProvedAt), raw(s.EarlierHash), us(s.EarlierUntil))
	return err
}

// Session is a session by its id, ended or not.
func (tx *Tx) Session(sessionID string) (SessionRow, error) {
	return get(tx, "session", scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE tenant_id = $1 AND session_id = $2`, string(tx.scope.Tenant), sessionID)
}

// SessionByToken is a session by its token's hash, ended or not.
func (tx *Tx) SessionByToken(hash []byte) (SessionRow, error) {
	return get(tx, "session", scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE tenant_id = $1 AND token_hash = $2`, string(tx.scope.Tenant), raw(hash))
}

// SessionByNext is a session by the hash of the token that it was given and has not used yet.
func (tx *Tx) SessionByNext(hash []byte) (SessionRow, error) {
	return get(tx, "session", scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE tenant_id = $1 AND next_hash = $2`, string(tx.scope.Tenant), raw(hash))
}

// SessionByEarlier is a session by the hash of the token that it had before.
func (tx *Tx) SessionByEarlier(hash []byte) (SessionRow, error) {
	return get(tx, "session", scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE tenant_id = $1 AND earlier_hash = $2`, string(tx.scope.Tenant), raw(hash))
}

// SessionsOf are a user's sessions that have not ended, by age.
func (tx *Tx) SessionsOf(userID string) ([]SessionRow, error) {
	return list(tx, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND ended_at = 0 ORDER BY created_at, session_id`,
		string(tx.scope.Tenant), userID)
}

// TouchSession notes that a session was used, and until when it lasts.
func (tx *Tx) TouchSession(sessionID string, seen, expires time.Time) error {
	n, err := tx.exec(`UPDATE sessions SET seen_at = $3, expires_at = $4 WHERE tenant_id = $1 AND session_id = $2 AND ended_at = 0`,
		string(tx.scope.Tenant), sessionID, us(seen), us(expires))
	return must("session", n, err)
}

// OfferToken gives a session another token, in place of one that it was given and never used,
// because its holder proved to be the user.
func (tx *Tx) OfferToken(sessionID string, hash []byte, proved time.Time) error {
	n, err := tx.exec(`UPDATE sessions SET next_hash = $3, next_proved_at = $4 WHERE tenant_id = $1 AND session_id = $2 AND ended_at = 0`,
		string(tx.scope.Tenant), sessionID, raw(hash), us(proved))
	return must("session", n, err)
}

// TakeToken makes the token that a session was given its own, because it was used; the one
// before is good until earlierUntil. NotFound if somebody was faster, or it has ended.
func (tx *Tx) TakeToken(hash []byte, earlierUntil time.Time) error {
	n, err := tx.exec(`UPDATE sessions SET token_hash = next_hash, proved_at = next_proved_at, earlier_hash = token_hash, earlier_until = $3, next_hash = $4, next_proved_at = 0
		WHERE tenant_id = $1 AND next_hash = $2 AND ended_at = 0`, string(tx.scope.Tenant), raw(hash), us(earlierUntil), raw([]byte(nil)))
	return must("session", n, err)
}

// ProveSession notes that who holds a session proved again to be its user.
func (tx *Tx) ProveSession(sessionID string, now time.Time) error {
	n, err := tx.exec(`UPDATE sessions SET proved_at = $3 WHERE tenant_id = $1 AND session_id = $2 AND ended_at = 0`, string(tx.scope.Tenant), sessionID, us(now))
	return must("session", n, err)
}

// EndSession ends a session; one that ended before stays as it was.
func (tx *Tx) EndSession(sessionID string, now time.Time) error {
	_, err := tx.exec(`UPDATE sessions SET ended_at = $3 WHERE tenant_id = $1 AND session_id = $2 AND ended_at = 0`, string(tx.scope.Tenant), sessionID, us(now))
	return err
}

// EndSessionsOf ends all sessions of a user but one ("" for none), and gives
// those it ended.
func (tx *Tx) EndSessionsOf(userID, except string, now time.Time) ([]SessionRow, error) {
	return list(tx, scanSession, `UPDATE sessions SET ended_at = $4 WHERE tenant_id = $1 AND user_id = $2 AND session_id <> $3 AND ended_at = 0 RETURNING `+sessionColumns,
		string(tx.scope.Tenant), userID, except, us(now))
}

// DeleteSessions removes sessions that expired or ended before a time.
func (tx *Tx) DeleteSessions(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM sessions WHERE tenant_id = $1 AND (expires_at < $2 OR (ended_at > 0 AND ended_at < $2))`, string(tx.scope.Tenant), us(before))
}

// APIKeyRow is a program's key.
type APIKeyRow struct {
	ID        string
	Name      string
	TokenHash []byte
	Roles     []string
	Parts     map[access.Role]access.RolePart // as in UserRow
	Scopes    []string                        // permissions it is narrowed to; nil means all that its roles give
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	UsedAt    time.Time
	RevokedAt time.Time
	// EarlierHash is that of the secret before its rotation, which is good until EarlierUntil.
	EarlierHash  []byte
	EarlierUntil time.Time
	Custom       []access.Custom `store:"read"` // as in UserRow
}

// Good says whether the key opens anything: it was not revoked, and has not ended.
func (k APIKeyRow) Good(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

const apiKeyColumns = "key_id, name, token_hash, roles, scopes, role_parts, created_by, created_at, expires_at, used_at, revoked_at, earlier_hash, earlier_until"

func scanAPIKey(r row, k *APIKeyRow) error {
	var scopes string
	if err := r.Scan(&k.ID, &k.Name, bin(&k.TokenHash), fromJSON(&k.Roles), &scopes, fromJSON(&k.Parts), &k.CreatedBy, at(&k.CreatedAt), at(&k.ExpiresAt), at(&k.UsedAt), at(&k.RevokedAt), bin(&k.EarlierHash), at(&k.EarlierUntil)); err != nil {
		return err
	}
	if scopes == "[]" { // an empty list allows nothing, unlike nil
		k.Scopes = []string{}
		return nil
	}
	return fromJSON(&k.Scopes).Scan(scopes)
}

// InsertAPIKey adds a key.
func (tx *Tx) InsertAPIKey(k APIKeyRow) error {
	scopes := "null"
	if k.Scopes != nil {
		scopes = jsonList(k.Scopes)
	}
	_, err := tx.exec(`INSERT INTO api_keys (tenant_id, `+apiKeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, string(tx.scope.Tenant), k.ID, k.Name,
		raw(k.TokenHash), jsonList(k.Roles), scopes, jsonMap(k.Parts), k.CreatedBy, us(k.CreatedAt), us(k.ExpiresAt), us(k.UsedAt), us(k.RevokedAt), raw(k.EarlierHash), us(k.EarlierUntil))
	return err
}

// APIKey is a key by its id.
func (tx *Tx) APIKey(keyID string) (APIKeyRow, error) {
	return tx.resolveKey(get(tx, "API key", scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys WHERE tenant_id = $1 AND key_id = $2`, string(tx.scope.Tenant), keyID))
}

// APIKeyByToken is a key by its token's hash.
func (tx *Tx) APIKeyByToken(hash []byte) (APIKeyRow, error) {
	return tx.resolveKey(get(tx, "API key", scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys WHERE tenant_id = $1 AND token_hash = $2`, string(tx.scope.Tenant), raw(hash)))
}

// APIKeyByEarlier is a key by the hash of the secret before its rotation.
func (tx *Tx) APIKeyByEarlier(hash []byte) (APIKeyRow, error) {
	return tx.resolveKey(get(tx, "API key", scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys WHERE tenant_id = $1 AND earlier_hash = $2`, string(tx.scope.Tenant), raw(hash)))
}

// RotateAPIKey gives a key that is not revoked another secret and end; the secret
// that it had is good until earlierUntil.
func (tx *Tx) RotateAPIKey(k APIKeyRow) error {
	n, err := tx.exec(`UPDATE api_keys SET token_hash = $3, earlier_hash = $4, earlier_until = $5, expires_at = $6 WHERE tenant_id = $1 AND key_id = $2 AND revoked_at = 0 AND token_hash = $4`,
		string(tx.scope.Tenant), k.ID, raw(k.TokenHash), raw(k.EarlierHash), us(k.EarlierUntil), us(k.ExpiresAt))
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This key was changed by someone else in the meantime.")
	}
	return err
}

// APIKeys are at most limit keys after an id, by id, revoked ones included.
func (tx *Tx) APIKeys(after string, limit int) ([]APIKeyRow, error) {
	return tx.resolveKeys(list(tx, scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys WHERE tenant_id = $1 AND key_id > $2 ORDER BY key_id LIMIT $3`, string(tx.scope.Tenant), after, limit))
}

// TouchAPIKey notes that a key was used.
func (tx *Tx) TouchAPIKey(keyID string, now time.Time) error {
	n, err := tx.exec(`UPDATE api_keys SET used_at = $3 WHERE tenant_id = $1 AND key_id = $2`, string(tx.scope.Tenant), keyID, us(now))
	return must("API key", n, err)
}

// RevokeAPIKey ends a key; one revoked before stays as it was.
func (tx *Tx) RevokeAPIKey(keyID string, now time.Time) error {
	n, err := tx.exec(`UPDATE api_keys SET revoked_at = CASE WHEN revoked_at = 0 THEN $3 ELSE revoked_at END WHERE tenant_id = $1 AND key_id = $2`,
		string(tx.scope.Tenant), keyID, us(now))
	return must("API key", n, err)
}

// DeleteAPIKeys removes keys revoked before a time.
func (tx *Tx) DeleteAPIKeys(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM api_keys WHERE tenant_id = $1 AND revoked_at > 0 AND revoked_at < $2`, string(tx.scope.Tenant), us(before))
}
