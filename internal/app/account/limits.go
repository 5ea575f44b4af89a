package account

import (
	"slices"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

// within refuses limits that the organisation above cannot give.
func within(tx *store.Tx, o store.OrganisationRow) error {
	var f errs.Fields
	if o.ParentID == "" {
		return nil
	}
	above, err := tx.HeldOrganisation(o.ParentID)
	if err != nil {
		return err
	}
	var beside []usage.Limits
	if !above.Limits.None() {
		err = eachBelow(tx, o.ParentID, func(other store.OrganisationRow) {
			if other.ID != o.ID {
				beside = append(beside, other.Limits)
			}
		})
	}
	if err != nil {
		return err
	}
	o.Limits.Within(&f, "limits", above.Limits, beside)
	return f.Err()
}

// holdsBelow refuses limits that are less than what the organisation has given
// to those below it already.
func holdsBelow(tx *store.Tx, o store.OrganisationRow) error {
	if Kind(o.Kind) != KindReseller {
		return nil
	}
	var given []usage.Limits
	if _, err := tx.HeldOrganisation(o.ID); err != nil {
		return err
	}
	if err := eachBelow(tx, o.ID, func(below store.OrganisationRow) { given = append(given, below.Limits) }); err != nil {
		return err
	}
	for i, l := range given {
		var f errs.Fields
		l.Within(&f, "limits", o.Limits, slices.Delete(slices.Clone(given), i, i+1))
		if len(f) > 0 {
			return errs.Bad(f[0].Path, "must not be less than what this reseller has given to its own organisations")
		}
	}
	return nil
}

// eachBelow goes through the organisations right below one that have not ended.
func eachBelow(tx *store.Tx, parent id.Tenant, each func(store.OrganisationRow)) error {
	for after := id.Tenant(""); ; {
		rows, err := tx.OrganisationsOf(parent, after, 200)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, o := range rows {
			if o.Status != string(Closed) {
				each(o)
			}
			after = o.ID
		}
	}
}

// isAgent says whether the account counts as an agent.
func isAgent(u store.UserRow) bool { return u.Status == string(Active) && u.UsesDesk() }

// roomForAgents refuses more agents than the organisation may have. The lease
// makes transactions that ask this wait for one another.
func (s *Service) roomForAgents(tx *store.Tx, more int64, path string) error {
	most, now, err := s.agents(tx)
	if err != nil || most == nil || now+more <= *most {
		return err
	}
	return fullOfAgents(path, more, *most, now)
}

// agents says how many agents the organisation may have, nil for any number, and
// how many it has then.
func (s *Service) agents(tx *store.Tx) (most *int64, now int64, err error) {
	org, err := tx.Organisation()
	if err != nil || org.Limits.Agents == nil {
		return nil, 0, err
	}
	if _, _, err := tx.Lease("agents", "accounts", time.Minute, s.now()); err != nil {
		return nil, 0, err
	}
	now, err = tx.DeskUsers()
	return org.Limits.Agents, now, err
}

func fullOfAgents(path string, more, most, now int64) error {
	if more == 1 {
		return errs.Bad(path, "cannot make one more agent: your organisation may have %d. Lock or delete an account, or ask who hosts you for more", most)
	}
	return errs.Bad(path, "cannot make %d more agents: your organisation may have %d and has %d. Lock or delete accounts, or ask who hosts you for more", more, most, now)
}

// agentRoom counts the agents of an organisation once for the changes of a
// transaction.
type agentRoom struct {
	s       *Service
	tx      *store.Tx
	counted bool
	most    *int64
	now     int64
}

// becomes refuses a change that would make one agent too many.
func (r *agentRoom) becomes(before, after store.UserRow, path string) error {
	if isAgent(before) || !isAgent(after) {
		if r.counted && isAgent(before) && !isAgent(after) {
			r.now--
		}
		return nil
	}
	if !r.counted {
		most, now, err := r.s.agents(r.tx)
		if err != nil {
			return err
		}
		r.counted, r.most, r.now = true, most, now
	}
	if r.most != nil && r.now >= *r.most {
		return fullOfAgents(path, 1, *r.most, r.now)
	}
	r.now++
	return nil
}

// changedOrganisation is what the audit log notes of a change.
func changedOrganisation(o store.OrganisationRow, c OrganisationChange) map[string]string {
	detail := map[string]string{"status": o.Status}
	if c.Limits != nil {
		detail["limits"] = "changed"
	}
	if c.TrialDays != nil {
		detail["trial_days"] = strconv.FormatInt(*c.TrialDays, 10)
	}
	return detail
}
