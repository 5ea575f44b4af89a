package store

import (
	"strconv"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
)

// Within narrows a list to what an actor may know of by a permission: what belongs
// to a part of the tenant, and what User had itself. nil narrows nothing; the zero
// value leaves nothing.
type Within struct {
	access.RolePart
	User string
}

// WithinOf is how a permission narrows lists for an actor.
func WithinOf(a access.Actor, p access.Permission) *Within {
	switch access.Reach(a, p) {
	case access.Tenant:
		return nil
	case access.SomeOf:
		w := &Within{RolePart: access.PartOf(a, p)}
		if access.HasOwn(p) {
			w.User = a.User
		}
		return w
	case access.Own:
		return &Within{User: a.User}
	}
	return &Within{}
}

// binding puts a value into a statement's parameters and answers with its place.
type binding func(v any) string

// binder begins with the parameters that a statement has.
func binder(args *[]any) binding {
	return func(v any) string {
		*args = append(*args, v)
		return "$" + strconv.Itoa(len(*args))
	}
}

func (b binding) list(values []string) string {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = b(v)
	}
	return "(" + strings.Join(marks, ", ") + ")"
}

// inTeams is the condition that a user is in one of the teams. The column is a list
// of ids as JSON, and ids have neither quotes nor wildcards.
func (b binding) inTeams(column string, teams []string) string {
	var any []string
	for _, t := range teams {
		any = append(any, column+" LIKE "+b(`%"`+strings.ReplaceAll(t, "_", `\_`)+`"%`)+` ESCAPE '\'`)
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

// ofTeams is the condition that a column names a user of one of the teams.
func (b binding) ofTeams(column string, teams []string) string {
	return column + " IN (SELECT p.user_id FROM users p WHERE p.tenant_id = $1 AND " + b.inTeams("p.teams", teams) + ")"
}

// either is true if one of the conditions is, and never if there is none.
func either(conditions []string) string {
	if len(conditions) == 0 {
		return "1 = 0"
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// interactions is the condition, with AND before it, on a row that has an
// interaction's queue, agent and campaign ("": it has none), and its id to find who else held it; "" without one.
func (w *Within) interactions(b binding, queue, agent, campaign, id string) string {
	if w == nil {
		return ""
	}
	var any []string
	if len(w.Queues) > 0 {
		any = append(any, queue+" IN "+b.list(w.Queues))
	}
	if len(w.Teams) > 0 {
		any = append(any, b.ofTeams(agent, w.Teams))
	}
	if len(w.Campaigns) > 0 && campaign != "" {
		any = append(any, campaign+" IN "+b.list(w.Campaigns))
	}
	if w.User != "" && id != "" {
		any = append(any, id+" IN (SELECT s.interaction_id FROM segments s WHERE s.tenant_id = $1 AND s.holder_kind = 'agent' AND s.holder_id = "+b(w.User)+")")
	}
	return " AND " + either(any)
}

// evaluations is the condition, with AND before it, on an evaluation e of an
// interaction i; "" without one.
func (w *Within) evaluations(b binding) string {
	if w == nil {
		return ""
	}
	var any []string
	if len(w.Queues) > 0 {
		any = append(any, "i.queue_id IN "+b.list(w.Queues))
	}
	if len(w.Teams) > 0 {
		any = append(any, b.ofTeams("e.agent_id", w.Teams))
	}
	if len(w.Campaigns) > 0 {
		any = append(any, "i.campaign_id IN "+b.list(w.Campaigns))
	}
	return " AND " + either(any)
}

// ContactWithin says whether a contact has an interaction that belongs to a part.
func (tx *Tx) ContactWithin(contactID string, p access.RolePart) (bool, error) {
	args := []any{string(tx.scope.Tenant), contactID}
	b := binder(&args)
	var n int
	_, err := tx.one(`SELECT count(*) FROM (SELECT 1 AS hit FROM interactions i WHERE i.tenant_id = $1 AND i.contact_id = $2 AND i.mailbox = ''`+
		(&Within{RolePart: p}).interactions(b, "i.queue_id", "i.agent_id", "i.campaign_id", "")+` LIMIT 1) AS hits`, args, num(&n))
	return n > 0, err
}

// Belongs is what an interaction belongs to: the queue that it is in or was in last,
// the teams of who has it or had it last, and the campaign in which it was called.
func (tx *Tx) Belongs(queue, agent, campaign string) (p access.RolePart, err error) {
	if queue != "" {
		p.Queues = []string{queue}
	}
	if campaign != "" {
		p.Campaigns = []string{campaign}
	}
	if agent == "" {
		return p, nil
	}
	p.Teams, err = get(tx, "user", func(r row, t *[]string) error { return r.Scan(fromJSON(t)) },
		`SELECT teams FROM users WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), agent)
	if errs.Is(err, errs.NotFound) {
		err = nil
	}
	return p, err
}
