package account

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// maxKeys is how many keys an organisation may have at a time.
const maxKeys = 200

func keyView(k store.APIKeyRow) APIKey {
	return APIKey{ID: k.ID, Name: k.Name, Parts: partsOf(k.Roles, k.Parts), Roles: wordsAs[access.Role](k.Roles), Scopes: wordsAs[access.Permission](k.Scopes), CreatedBy: k.CreatedBy,
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, UsedAt: k.UsedAt, RevokedAt: k.RevokedAt, EarlierUntil: k.EarlierUntil}
}

// APIKeys are the organisation's keys, by age, revoked ones included.
func (s *Service) APIKeys(ctx context.Context, a access.Actor) ([]APIKey, error) {
	if err := may(a, access.KeyManage); err != nil {
		return nil, err
	}
	var rows []store.APIKeyRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.APIKeys("", 1000)
		return err
	})
	out := make([]APIKey, 0, len(rows))
	for _, k := range rows {
		out = append(out, keyView(k))
	}
	return out, err
}

// CreateAPIKey makes a key with at most what its maker has. The key itself is
// shown once.
func (s *Service) CreateAPIKey(ctx context.Context, a access.Actor, n NewAPIKey) (APIKey, secret.Text, error) {
	if err := may(a, access.KeyManage); err != nil {
		return APIKey{}, secret.Text{}, err
	}
	org, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return APIKey{}, secret.Text{}, err
	}
	now := s.now()
	var f errs.Fields
	n.Name = checkText(&f, "name", n.Name, 1, 80)
	n.Roles = checkRoles(&f, "roles", Kind(org.Kind), n.Roles)
	if !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(now) {
		f.Add("expires_at", "must lie in the future")
	}
	if err := f.Err(); err != nil {
		return APIKey{}, secret.Text{}, err
	}
	token, h := newToken(keyPrefix, a.Tenant)
	row := store.APIKeyRow{ID: s.IDs.New(id.APIKey), Name: n.Name, TokenHash: h[:], Roles: words(n.Roles), Parts: n.Parts, CreatedBy: a.User, CreatedAt: now, ExpiresAt: n.ExpiresAt}
	if n.Scopes != nil {
		row.Scopes = words(n.Scopes)
	}
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := s.keyRoles(tx, a, &row); err != nil {
			return err
		}
		keys, err := tx.APIKeys("", 1000)
		if err != nil {
			return err
		}
		live := 0
		for _, k := range keys {
			if k.RevokedAt.IsZero() {
				live++
			}
		}
		if live >= maxKeys {
			return errs.New(errs.Conflict, "There are %d keys already. Revoke those that are no longer used.", live)
		}
		if err := tx.InsertAPIKey(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "api_key.created", "api_key", row.ID, nil)
	})
	if err != nil {
		return APIKey{}, secret.Text{}, err
	}
	return keyView(row), token, nil
}

// keyRoles reads the tenant's own ones among a key's roles, and checks what the
// key would have.
func (s *Service) keyRoles(tx *store.Tx, a access.Actor, row *store.APIKeyRow) error {
	of := store.UserRow{Roles: row.Roles}
	if slices.ContainsFunc(row.Roles, func(r string) bool { return access.IsCustom(access.Role(r)) }) {
		if err := s.roleTurn(tx); err != nil {
			return err
		}
	}
	if err := tx.Resolve(&of); err != nil {
		return err
	}
	row.Custom = of.Custom
	var f errs.Fields
	for _, r := range wordsAs[access.Role](row.Roles) {
		if access.IsCustom(r) && !slices.ContainsFunc(of.Custom, func(c access.Custom) bool { return c.ID == r }) {
			f.Add("roles", "%q is not a role here; %s", r, roleList(access.TenantRoles))
		}
	}
	if err := s.knownParts(tx, &f, "role_parts", nil, row.Actor(a.Tenant)); err != nil {
		return err
	}
	checkScopes(&f, a, row.Actor(a.Tenant))
	if slices.Contains(row.Scopes, string(access.UserProvision)) && len(keyExcess(*row, a)) > 0 {
		f.Add("scopes", "%q is more than you may do yourself", string(access.UserProvision))
	}
	return f.Err()
}

// checkScopes keeps a key from having more than its maker or than its roles
// give.
func checkScopes(f *errs.Fields, maker, key access.Actor) {
	scopes := key.Scopes
	if maker.Scopes != nil && scopes == nil {
		f.Add("scopes", "must be given, because the key that makes this one is limited itself")
		return
	}
	if scopes != nil && len(scopes) == 0 {
		f.Add("scopes", "must name at least one permission, or be left out for all that the roles give")
	}
	for _, p := range scopes {
		if access.Reach(key, p) == access.None {
			f.Add("scopes", "%q is not among what these roles give", string(p))
		}
	}
	for _, p := range access.Beyond(key, maker) {
		if scopes != nil {
			f.Add("scopes", "%q is more than you may do yourself", string(p))
			continue
		}
		f.Add("roles", "would let the key do more than you may yourself (%q); narrow it with scopes", string(p))
		return
	}
}

// maxOverlap is how long the secret that a key had is good after its rotation, at most.
const maxOverlap = 30 * 24 * time.Hour

// RotateAPIKey gives a key another secret, shown once. The one that it had is good for a
// while yet, so that programs can be given the new one without a gap. Its end may be
// another one then; zero leaves it.
func (s *Service) RotateAPIKey(ctx context.Context, a access.Actor, key string, overlap time.Duration, expires time.Time) (APIKey, secret.Text, error) {
	if err := may(a, access.KeyManage); err != nil {
		return APIKey{}, secret.Text{}, err
	}
	now := s.now()
	var f errs.Fields
	if overlap < 0 || overlap > maxOverlap {
		f.Add("overlap_hours", "must be 0 to %d", int(maxOverlap/time.Hour))
	}
	if !expires.IsZero() && !expires.After(now) {
		f.Add("expires_at", "must lie in the future")
	}
	if err := f.Err(); err != nil {
		return APIKey{}, secret.Text{}, err
	}
	token, h := newToken(keyPrefix, a.Tenant)
	var row store.APIKeyRow
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if row, err = tx.APIKey(key); err != nil {
			return err
		}
		if !row.Good(now) {
			return errs.New(errs.Conflict, "This key has ended. Make another one.")
		}
		if len(keyExcess(row, a)) > 0 { // whoever has its secret may do what it may
			return errs.New(errs.Forbidden, "This key may do more than you may yourself. Please ask an administrator.")
		}
		row.EarlierHash, row.EarlierUntil, row.TokenHash = row.TokenHash, now.Add(overlap), h[:]
		if !expires.IsZero() {
			row.ExpiresAt = expires
		}
		if err := tx.RotateAPIKey(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "api_key.rotated", "api_key", key, nil)
	})
	if err != nil {
		return APIKey{}, secret.Text{}, err
	}
	s.tell(a.Tenant, Change{User: key})
	return keyView(row), token, nil
}

// keyExcess are the permissions that a key has and a maker has not.
func keyExcess(row store.APIKeyRow, maker access.Actor) []access.Permission {
	key := row.Actor(maker.Tenant)
	if slices.Contains(key.Scopes, access.UserProvision) { // it acts with all that its roles give
		key.Scopes = nil
		return access.Excess(key, maker)
	}
	return access.Beyond(key, maker)
}

// RevokeAPIKey ends a key at once.
func (s *Service) RevokeAPIKey(ctx context.Context, a access.Actor, key string) error {
	if err := may(a, access.KeyManage); err != nil {
		return err
	}
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := tx.RevokeAPIKey(key, s.now()); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "api_key.revoked", "api_key", key, nil)
	})
	if err != nil {
		return err
	}
	s.tell(a.Tenant, Change{User: key, Sessions: []string{key}, Reason: EndedByAdmin})
	return nil
}
