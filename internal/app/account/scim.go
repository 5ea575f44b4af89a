package account

import (
	"context"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/scim"
	"nubitalk/internal/store"
)

// provisioner is who asks by SCIM: an actor with all that the roles of its key give, to be
// measured by what its givers may (mayManage, mayGive), and what the organisation chose.
type provisioner struct {
	access.Actor
	org   store.OrganisationRow
	rules Provisioning
}

func (s *Service) provisioner(ctx context.Context, a access.Actor) (provisioner, error) {
	if err := may(a, access.UserProvision); err != nil {
		return provisioner{}, err
	}
	if slices.Contains(a.Scopes, access.UserProvision) {
		a.Scopes = nil // the routes have seen to it that it does nothing else
	}
	d := provisioner{Actor: a}
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if d.org, err = tx.Organisation(); err != nil {
			return err
		}
		d.rules, _, err = readProvisioning(tx)
		return err
	})
	if err == nil && Kind(d.org.Kind) != KindTenant {
		err = errs.New(errs.Forbidden, "This is for organisations that handle work.")
	}
	return d, err
}

// ScimResources are those of a kind that pass a filter: all of them are counted, and those of a
// page are given.
func (s *Service) ScimResources(ctx context.Context, a access.Actor, kind string, f scim.Filter, page scim.Page) (found []scim.Record, total int, err error) {
	d, err := s.provisioner(ctx, a)
	if err != nil {
		return nil, 0, err
	}
	all := s.scimUsers
	if kind == "Group" {
		all = s.scimGroups
	}
	records, err := all(ctx, d, f)
	if err != nil {
		return nil, 0, err
	}
	from, to := page.Of(len(records))
	return records[from:to], len(records), nil
}

// ScimResource is one.
func (s *Service) ScimResource(ctx context.Context, a access.Actor, kind, object string) (scim.Record, error) {
	d, err := s.provisioner(ctx, a)
	if err != nil {
		return scim.Record{}, err
	}
	if kind == "Group" {
		return s.scimGroup(ctx, d, object)
	}
	r, _, _, err := s.scimUser(ctx, d, object)
	return r, err
}

// ScimCreate makes one.
func (s *Service) ScimCreate(ctx context.Context, a access.Actor, kind string, r map[string]any) (scim.Record, error) {
	d, err := s.provisioner(ctx, a)
	if err != nil {
		return scim.Record{}, err
	}
	var out scim.Record
	if kind == "Group" {
		out, err = s.scimPutGroup(ctx, d, "", 0, func(map[string]any) (map[string]any, error) { return r, nil })
	} else {
		out, err = s.scimCreateUser(ctx, d, r)
	}
	return out, s.countRefusal(ctx, d, err)
}

// ScimChange changes one. version is the one that the caller saw; 0: whichever.
func (s *Service) ScimChange(ctx context.Context, a access.Actor, kind, object string, version int64, change func(map[string]any) (map[string]any, error)) (scim.Record, error) {
	d, err := s.provisioner(ctx, a)
	if err != nil {
		return scim.Record{}, err
	}
	put := s.scimChangeUser
	if kind == "Group" {
		put = s.scimPutGroup
	}
	var out scim.Record
	for range 4 { // somebody else may be faster
		if out, err = put(ctx, d, object, version, change); !errs.Is(err, errs.Conflict) || len(errs.As(err).Fields) > 0 {
			break
		}
	}
	return out, s.countRefusal(ctx, d, err)
}

// ScimRemove removes one: of a user, what the organisation chose becomes.
func (s *Service) ScimRemove(ctx context.Context, a access.Actor, kind, object string, version int64) error {
	d, err := s.provisioner(ctx, a)
	if err != nil {
		return err
	}
	if kind == "Group" {
		err = s.scimRemoveGroup(ctx, d, object, version)
	} else {
		err = s.scimRemoveUser(ctx, d, object, version)
	}
	return s.countRefusal(ctx, d, err)
}

// countRefusal counts what was refused, and gives the error on.
func (s *Service) countRefusal(ctx context.Context, d provisioner, err error) error {
	if err == nil {
		return nil
	}
	if e := s.Store.Write(ctx, d.Tenant, func(tx *store.Tx) error { return tx.CountProvisioned(store.Provisioned{Refused: 1}, s.now()) }); e != nil {
		s.Log.Warn("a refusal of the directory's could not be counted", "tenant", d.Tenant, "error", e)
	}
	return err
}

// ScimVersion is the version of an entity tag; 0 if there is none.
func ScimVersion(tag string) int64 {
	tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	var n int64
	for _, r := range tag {
		if r < '0' || r > '9' || n > 1<<50 {
			return -1 // which no version is
		}
		n = n*10 + int64(r-'0')
	}
	return n
}
