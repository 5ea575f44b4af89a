package setup

import (
	"context"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// RingGroup is a ring group in use.
type RingGroup struct {
	ID string
	core.RingGroup
	Says core.Prompt // what is said where nobody answers
}

// RingGroups are a tenant's ring groups in use. It asks for no permission: it is
// for the parts that run calls.
func (s *Service) RingGroups(ctx context.Context, t id.Tenant) ([]RingGroup, error) {
	var list []RingGroup
	err := s.DB.Read(ctx, t, func(tx *store.Tx) error {
		list = list[:0]
		rows, err := tx.SetupOf(string(core.KindRingGroup))
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !r.ArchivedAt.IsZero() {
				continue
			}
			o, err := core.Stored(core.KindRingGroup, r.Body)
			if err != nil {
				return errs.Wrap(errs.Internal, err, "A stored %s cannot be read.", core.KindRingGroup.Word())
			}
			g := RingGroup{ID: r.ID, RingGroup: o.(core.RingGroup)}
			if g.Then.Prompt != "" {
				row, err := find(tx, core.KindPrompt, g.Then.Prompt)
				if err != nil {
					return err
				}
				says, err := core.Stored(core.KindPrompt, row.Body)
				if err != nil {
					return errs.Wrap(errs.Internal, err, "A stored %s cannot be read.", core.KindPrompt.Word())
				}
				g.Says = says.(core.Prompt)
			}
			list = append(list, g)
		}
		return nil
	})
	return list, err
}

// dropRung takes a user out of the ring groups. It is Conflict for the last
// member: nobody said whom the group's callers reach then.
func (s *Service) dropRung(tx *store.Tx, st *state, a access.Actor, userID string) (changes []Change, err error) {
	for _, u := range st.usersOf(core.KindUser, userID) {
		before, ok := u.Object.(core.RingGroup)
		if !ok {
			continue
		}
		after := before
		after.Members = slices.DeleteFunc(slices.Clone(before.Members), func(m string) bool { return m == userID })
		if len(after.Members) == 0 {
			return nil, errs.New(errs.Conflict, "This user is the last member of the ring group %s. Name other members there first.", quoted(before.Name))
		}
		row := st.rows[core.KindRingGroup][u.id]
		row.Body, row.UpdatedAt = encode(after), s.Clock.Now()
		if err := tx.UpdateSetup(row); err != nil {
			return nil, err
		}
		if err := s.Audit.Record(tx, a, ActionChanged, thing(core.KindRingGroup), row.ID, detail(differing(encode(before), encode(after)))); err != nil {
			return nil, err
		}
		changes = append(changes, Change{tx.Tenant(), core.KindRingGroup, u.id})
	}
	return changes, nil
}
