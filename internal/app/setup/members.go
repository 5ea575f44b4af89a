package setup

import (
	"context"

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
		st, err := load(tx)
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
