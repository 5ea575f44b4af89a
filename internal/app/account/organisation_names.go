package account

import (
	"context"
	"slices"
	"strings"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// NamedOrganisation is how an organisation is called, for who reads of it in a log.
type NamedOrganisation struct {
	ID     id.Tenant `json:"id"`
	Name   string    `json:"name"`
	Closed bool      `json:"closed,omitempty" doc:"It has ended."`
}

// OrganisationNames are those of the ids that the actor may know: its own, those anywhere
// below it for who sees these, ended ones too, and those above it for who may let their
// people in. Of others nothing is told, not even whether they are.
func (s *Service) OrganisationNames(ctx context.Context, a access.Actor, ids []string) ([]NamedOrganisation, error) {
	if err := may(a, access.AuditRead); err != nil {
		return nil, err
	}
	out := []NamedOrganisation{}
	if len(ids) == 0 {
		return out, nil
	}
	var lines []store.OrganisationLine
	if err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) { lines, _, err = s.Lines.All(tx); return err }); err != nil {
		return nil, err
	}
	at := func(t id.Tenant) (store.OrganisationLine, bool) { // lines are in the order of ids
		i, found := slices.BinarySearchFunc(lines, t, func(o store.OrganisationLine, t id.Tenant) int { return strings.Compare(string(o.ID), string(t)) })
		if !found {
			return store.OrganisationLine{}, false
		}
		return lines[i], true
	}
	// above says whether an organisation is anywhere above another.
	above := func(t, other id.Tenant) bool {
		for o, found := at(other); found && o.ParentID != ""; o, found = at(o.ParentID) {
			if o.ParentID == t {
				return true
			}
		}
		return false
	}
	seesBelow, seesAbove := mayBelow(a, access.OrgRead) == nil, may(a, access.SupportGrant) == nil
	told := map[id.Tenant]bool{}
	for _, asked := range ids {
		t := id.Tenant(asked)
		o, found := at(t)
		if !found || told[t] {
			continue
		}
		if t == a.Tenant || seesBelow && above(a.Tenant, t) || seesAbove && above(t, a.Tenant) {
			told[t] = true
			out = append(out, NamedOrganisation{ID: t, Name: o.Name, Closed: Status(o.Status) == Closed})
		}
	}
	return out, nil
}
