package setup

import (
	"context"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Serving answers who would serve a queue with these members and this rule, and
// the rule as it would be stored. Faults are those that saving would tell.
func (s *Service) Serving(ctx context.Context, a access.Actor, members []string, rule string) (agents []string, stored string, err error) {
	if err := allowed(a, access.SetupRead); err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		st, err := s.load(tx)
		if err != nil {
			return err
		}
		r := refs{st, core.KindQueue, ""}
		q := core.Clean(core.Queue{Members: members, MemberRule: rule}).Settle(r)
		if err := q.CheckMembers(r); err != nil {
			return err
		}
		agents, stored = q.Serving(st.agents), q.MemberRule
		return nil
	})
	return agents, stored, err
}

// SetMember names a user as a member of a queue, or no longer, for who runs the
// floor. It changes nothing else of the queue, so that nobody's work is lost when
// several change it at once. Who has FloorManage for a part of the tenant needs both the
// user and the queue in it: NotFound and Forbidden otherwise. Conflict for a queue that takes every agent, and for
// the last member of one without a rule: that would open it to every agent.
func (s *Service) SetMember(ctx context.Context, a access.Actor, queue, userID string, member bool) error {
	if access.Reach(a, access.FloorManage) != access.SomeOf { // whose part of the tenant is looked at below
		if err := allowed(a, access.FloorManage); err != nil {
			return err
		}
	}
	changed := false
	err := s.change(ctx, a.Tenant, func(tx *store.Tx, st *state) error {
		changed = false
		if access.Reach(a, access.FloorManage) == access.SomeOf {
			in, err := tx.Belongs("", userID, "")
			if err != nil {
				return err
			}
			if !access.May(a, access.FloorManage, access.Some(a.Tenant, in)) {
				return errs.New(errs.NotFound, "There is no such agent.")
			}
			// Who serves a queue is given what is in it: that is for who has the queue, too.
			if !access.May(a, access.FloorManage, access.Some(a.Tenant, access.RolePart{Queues: []string{queue}})) {
				return errs.New(errs.Forbidden, "Your role is not given for this queue, so you do not change who serves it.")
			}
		}
		o, known := st.objects[core.KindQueue][queue]
		if !known {
			return errs.New(errs.NotFound, "There is no queue with this id.")
		}
		before := o.(core.Queue)
		q := before
		switch named := slices.Contains(q.Members, userID); {
		case named == member:
			return nil
		case len(q.Members) == 0 && q.MemberRule == "":
			return errs.New(errs.Conflict, "Every agent serves the queue %s. To choose who does, name its members in its set-up.", quoted(q.Name))
		case member:
			q.Members = append(slices.Clone(q.Members), userID)
		case len(q.Members) == 1 && q.MemberRule == "":
			return errs.New(errs.Conflict, "This is the last member of the queue %s. Without any, every agent would serve it.", quoted(q.Name))
		default:
			q.Members = slices.DeleteFunc(slices.Clone(q.Members), func(m string) bool { return m == userID })
		}
		if err := st.replace(queue, q); err != nil {
			return err
		}
		row := st.rows[core.KindQueue][queue]
		row.Body, row.UpdatedAt, changed = encode(q), s.Clock.Now(), true
		if err := tx.UpdateSetup(row); err != nil {
			return err
		}
		d := detail(differing(encode(before), encode(q)))
		d["user"] = userID
		return s.Audit.Record(tx, a, ActionChanged, thing(core.KindQueue), queue, d)
	})
	if err == nil && changed {
		s.tell(a.Tenant, core.KindQueue, queue)
	}
	return err
}
