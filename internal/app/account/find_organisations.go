package account

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// OrganisationQuery says which organisations are looked for; what is empty does not
// matter.
type OrganisationQuery struct {
	Parent   id.Tenant // "": the actor's own
	Anywhere bool      // not only right below it
	Find     string    // part of a name or a short name, however it is accented
	Kind     Kind
	State    OrganisationState
	Over     bool // only tenants that are over a limit
}

// OrganisationState is how an organisation stands.
type OrganisationState string

// StateEnding is that of a suspended one whose end was begun; the others are Status.
const StateEnding OrganisationState = "ending"

// FoundOrganisations is a page of what was looked for.
type FoundOrganisations struct {
	Items  []FoundOrganisation       `json:"items" nullable:"false"`
	Next   string                    `json:"next,omitempty" doc:"Pass as cursor for the next page; absent at the end."`
	Counts map[OrganisationState]int `json:"counts" doc:"How many there are of each state, on all pages, whatever state was asked for."`
	Over   int                       `json:"over" doc:"How many tenants of these are over a limit, by what was counted last: at most an hour ago, and a day where nobody works."`
}

// FoundOrganisation is one of them, with the name of the one right above it.
type FoundOrganisation struct {
	Organisation
	Above string   `json:"above,omitempty" doc:"Name of the reseller right above it; absent right below the caller's own."`
	Over  []string `json:"over,omitempty" enum:"agents,numbers,storage_mb" doc:"Limits that it is over. What it has stays when a limit is lowered; storage is one when no room is left."`
}

// Organisations looks for organisations below the actor's own, by age. Their content is
// never part of it.
func (s *Service) Organisations(ctx context.Context, a access.Actor, q OrganisationQuery, cursor string, limit int) (FoundOrganisations, error) {
	out := FoundOrganisations{Items: []FoundOrganisation{}, Counts: map[OrganisationState]int{}}
	if err := mayBelow(a, access.OrgRead); err != nil {
		return out, err
	}
	if cursor != "" && !validTenant(cursor) {
		return out, errs.Bad("query.cursor", "must be next of the page before")
	}
	limit = pageSize(limit)
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		out.Items, out.Next = out.Items[:0], ""
		clear(out.Counts)
		found, names, err := s.Lines.Below(tx, a.Tenant, store.LineQuery{Parent: q.Parent, Anywhere: q.Anywhere, Find: q.Find, Kind: string(q.Kind)})
		if err != nil {
			return err
		}
		over, err := s.over(tx, found)
		if err != nil {
			return err
		}
		out.Over = len(over)
		for _, o := range found {
			state := stateOf(o)
			if q.Over && len(over[o.ID]) == 0 {
				continue
			}
			out.Counts[state]++
			if string(o.ID) <= cursor || q.State != "" && q.State != state || out.Next != "" {
				continue
			}
			if len(out.Items) == limit {
				out.Next = string(out.Items[limit-1].ID)
				continue
			}
			row, err := tx.OrganisationByID(o.ID)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, FoundOrganisation{organisationView(row, 0), names[o.ParentID], over[o.ID]})
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	for i := range out.Items {
		if out.Items[i].Users, err = s.countUsers(ctx, out.Items[i].ID); err != nil {
			return out, err
		}
	}
	return out, nil
}

// over are the limits past which tenants are that have not ended. What was counted is
// looked at where a limit is set at all.
func (s *Service) over(tx *store.Tx, found []store.OrganisationLine) (map[id.Tenant][]string, error) {
	limited := func(o store.OrganisationLine) bool {
		return Kind(o.Kind) == KindTenant && Status(o.Status) != Closed && (o.Limits.Agents != nil || o.Limits.Numbers != nil || o.Limits.StorageMB != nil)
	}
	if !slices.ContainsFunc(found, limited) {
		return nil, nil
	}
	has, err := tx.UsageLatest(s.now().UTC().AddDate(0, 0, -counted).Format(time.DateOnly))
	over := map[id.Tenant][]string{}
	for _, o := range found {
		if limited(o) {
			if of := o.Limits.Over(has[o.ID]); len(of) > 0 {
				over[o.ID] = of
			}
		}
	}
	return over, err
}

// counted is within how many days an organisation's amounts were counted, if the server ran.
const counted = 3

func stateOf(o store.OrganisationLine) OrganisationState {
	if o.Ending && Status(o.Status) == Suspended {
		return StateEnding
	}
	return OrganisationState(o.Status)
}
