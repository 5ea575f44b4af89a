package setup

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Archive takes an object out of use. It is Conflict while another object uses
// it, or while open work is in a queue; the error says which.
func (s *Service) Archive(ctx context.Context, a access.Actor, k core.Kind, object string, version int64) error {
	if err := allowed(a, Writes(k)); err != nil {
		return err
	}
	if k == core.KindRules {
		return errs.New(errs.Conflict, "A tenant always has rules.")
	}
	var changed bool
	err := s.change(ctx, a.Tenant, func(tx *store.Tx, st *state) error {
		changed = false
		row, err := seen(tx, k, object, version)
		if err != nil || !row.ArchivedAt.IsZero() {
			return err
		}
		if err := st.inUse(k, object); err != nil {
			return err
		}
		if err := noWork(tx, k, object); err != nil {
			return err
		}
		row.ArchivedAt = s.Clock.Now()
		row.UpdatedAt, changed = row.ArchivedAt, true
		if err := tx.UpdateSetup(row); err != nil {
			return err
		}
		if err := s.numbers(tx, k, row.ID, nil); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, ActionArchived, thing(k), row.ID, nil)
	})
	if err == nil && changed {
		s.tell(a.Tenant, k, object)
	}
	return err
}

// noWork checks that no open interaction is in a queue.
func noWork(tx *store.Tx, k core.Kind, object string) error {
	if k != core.KindQueue {
		return nil
	}
	open, err := tx.OpenInteractions()
	if err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(i store.InteractionRow) bool { return i.QueueID != object })
	return working(len(open))
}

// working is Conflict where interactions are in a queue.
func working(open int) error {
	switch open {
	case 0:
		return nil
	case 1:
		return errs.New(errs.Conflict, "An open interaction is in this queue. Move or finish it first.")
	}
	return errs.New(errs.Conflict, "%d open interactions are in this queue. Move or finish them first.", open)
}

func tooMany(k core.Kind) error {
	return errs.New(errs.Conflict, "There are %d of these already, which is the most that is accepted.", most(k))
}

// Restore brings an archived object back: where it was in its kind's order if nothing
// else is there, or at the end. It is checked as if it were new.
func (s *Service) Restore(ctx context.Context, a access.Actor, k core.Kind, object string, version int64) (Object, error) {
	if err := allowed(a, Writes(k)); err != nil {
		return Object{}, err
	}
	var row store.SetupRow
	var secrets map[string][]string
	var changed bool
	err := s.change(ctx, a.Tenant, func(tx *store.Tx, st *state) (err error) {
		changed = false
		if row, err = seen(tx, k, object, version); err != nil {
			return err
		}
		if secrets, err = secretNames(tx, k); err != nil || row.ArchivedAt.IsZero() {
			return err
		}
		o, err := core.Stored(k, row.Body)
		if err != nil {
			return err
		}
		if err := mayTell(a, o); err != nil {
			return err
		}
		if len(st.objects[k]) >= most(k) {
			return tooMany(k)
		}
		if err := st.check(row.ID, o); err != nil {
			return err
		}
		if err := s.numbers(tx, k, row.ID, o); err != nil {
			return err
		}
		row.ArchivedAt, row.UpdatedAt, row.Position, changed = time.Time{}, s.Clock.Now(), st.place(k, row.Position), true
		if err := tx.UpdateSetup(row); err != nil {
			return err
		}
		if err := wakes(tx, k); err != nil {
			return err
		}
		row.Version++
		if err := s.keep(tx, row, a.User); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, ActionRestored, thing(k), row.ID, nil)
	})
	if err != nil {
		return Object{}, err
	}
	if changed {
		s.tell(a.Tenant, k, row.ID)
	}
	return objectOf(row, secrets), nil
}

// Order puts the objects of a kind into a new order. ids names every object in
// use exactly once.
func (s *Service) Order(ctx context.Context, a access.Actor, k core.Kind, ids []string) error {
	if err := allowed(a, Writes(k)); err != nil {
		return err
	}
	err := s.change(ctx, a.Tenant, func(tx *store.Tx, st *state) error {
		rows := st.rows[k]
		unique := slices.Compact(slices.Sorted(slices.Values(ids)))
		known := !slices.ContainsFunc(unique, func(id string) bool { _, ok := rows[id]; return !ok })
		if len(unique) != len(ids) || len(ids) != len(rows) || !known {
			return errs.Bad("ids", "must name each %s in use exactly once; look at the list again.", k.Word())
		}
		now := s.Clock.Now()
		for i, id := range ids {
			row := rows[id]
			if row.Position == int64(i+1) {
				continue
			}
			row.Position, row.UpdatedAt = int64(i+1), now
			if err := tx.UpdateSetup(row); err != nil {
				return err
			}
			row.Version++
			if err := s.keep(tx, row, a.User); err != nil {
				return err
			}
		}
		return s.Audit.Record(tx, a, ActionOrdered, thing(k), "", nil)
	})
	if err == nil {
		s.tell(a.Tenant, k, "")
	}
	return err
}

// DropUser takes a user out of every queue and ring group and off its phones,
// inside the transaction that deletes the user. It gives the changes to tell after
// the commit (Tell). It is Conflict for a queue's last member: a queue that names
// nobody and has no rule is open to all agents, which nobody asked for.
func (s *Service) DropUser(tx *store.Tx, a access.Actor, userID string) ([]Change, error) {
	if err := s.turn(tx); err != nil {
		return nil, err
	}
	// Not who else works with them: several hundred users may go one after another.
	st, err := loadObjects(tx, core.KindQueue, core.KindRingGroup, core.KindPhone)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, u := range st.usersOf(core.KindUser, userID) {
		q, ok := u.Object.(core.Queue)
		if !ok {
			continue
		}
		before := q
		q = without(q, userID)
		if len(before.Members) > 0 && len(q.Members) == 0 && q.MemberRule == "" {
			return nil, errs.New(errs.Conflict, "This user is the last member of the queue %s. Name other members there first.", quoted(q.Name))
		}
		row := st.rows[core.KindQueue][u.id]
		row.Body, row.UpdatedAt = encode(q), s.Clock.Now()
		if err := tx.UpdateSetup(row); err != nil {
			return nil, err
		}
		if err := s.Audit.Record(tx, a, ActionChanged, thing(core.KindQueue), row.ID, detail(differing(encode(before), encode(q)))); err != nil {
			return nil, err
		}
		changes = append(changes, Change{tx.Tenant(), core.KindQueue, u.id})
	}
	groups, err := s.dropRung(tx, st, a, userID)
	if err != nil {
		return nil, err
	}
	phones, err := s.dropPhones(tx, st, a, userID)
	return append(append(changes, groups...), phones...), err
}

// without is the queue without a user; a step that was there for that user alone
// goes.
func without(q core.Queue, userID string) core.Queue {
	drop := func(members []string) []string {
		return slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == userID })
	}
	q.Members = drop(q.Members)
	steps, ease := []core.Step{}, 0
	for _, s := range q.Steps {
		left := drop(s.Members)
		if len(left) < len(s.Members) && len(left) == 0 && s.MemberRule == "" && s.Ease == ease {
			continue
		}
		s.Members, ease = left, s.Ease
		steps = append(steps, s)
	}
	q.Steps = steps
	return q
}

// Tell passes on changes that were made inside a transaction of the caller's.
func (s *Service) Tell(changes []Change) {
	for _, c := range changes {
		s.tell(c.Tenant, c.Kind, c.ID)
	}
}
