package store

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
)

// InteractionFilter narrows a search; its zero value finds everything.
type InteractionFilter struct {
	Reader   string   // who asks: what was left in another's mailbox is left out; "" leaves nothing out
	Contacts []string // any of these; empty: all. To find nobody, do not ask
	Agent    string   // who holds it or held it last
	Within   *Within  // who asks may know of these only; nil: of all
	Queue    string   // the queue it is in or was in last
	Channel  string
	States   []string  // any of these
	From     time.Time // arrived then or later
	To       time.Time // arrived before
	Tokens   [][]byte  // keyed word tokens; all must be in its conversation
	Recorded bool      // has a recording
	Field    string    // id of a custom field that has the plain Value, of at most 60 bytes
	Value    string
	Before   Cursor // rows after this one in the list; zero: from the newest
	Limit    int    // 0 means 50

	interactions []string // any of these
}

// Bounds of a search's lists.
const (
	maxTokens   = 16
	maxContacts = 500
)

// SearchInteractions finds interactions, newest first.
func (tx *Tx) SearchInteractions(f InteractionFilter) ([]InteractionRow, error) {
	if len(f.Tokens) > maxTokens {
		return nil, errs.Bad("words", "at most %d words can be searched at once", maxTokens)
	}
	if len(f.Contacts) > maxContacts {
		return nil, errs.Bad("person", "more than %d people match; narrow the search", maxContacts)
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	if len(f.Tokens) == 0 {
		return tx.search(f, nil, false)
	}
	tokens, rare, err := tx.rarestFirst(f.Tokens)
	if err != nil {
		return nil, err
	}
	var found []InteractionRow
	if rare > 0 {
		if found, err = tx.search(f, tokens, rare < commonFrom); err != nil {
			return nil, err
		}
	}
	open, err := tx.talking(tokens)
	if err != nil {
		return nil, err
	}
	for ids := range slices.Chunk(open, maxContacts) {
		f.interactions = ids
		more, err := tx.search(f, nil, false)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	slices.SortFunc(found, newestFirst)
	return found[:min(len(found), f.Limit)], nil
}

func newestFirst(a, b InteractionRow) int {
	return cmp.Or(b.ArrivedAt.Compare(a.ArrivedAt), cmp.Compare(b.ID, a.ID))
}

func (tx *Tx) search(f InteractionFilter, tokens [][]byte, rare bool) ([]InteractionRow, error) {
	sql, args := f.sql(string(tx.scope.Tenant), tokens, rare)
	return list(tx, scanInteraction, sql, args...)
}

// commonFrom is how many conversations make a word common: then it is cheaper to
// walk over the interactions by date and look whether they have it.
const commonFrom = 1000

// rarestFirst sorts the tokens by how many conversations have them, as far as
// that matters, and gives the least number.
func (tx *Tx) rarestFirst(tokens [][]byte) (sorted [][]byte, rare int, err error) {
	counts := make(map[string]int, len(tokens))
	for _, t := range tokens {
		if _, seen := counts[string(t)]; seen {
			continue
		}
		var n int
		if _, err := tx.one(`SELECT count(*) FROM (SELECT 1 AS hit FROM message_tokens WHERE tenant_id = $1 AND token = $2 LIMIT $3) AS hits`,
			[]any{string(tx.scope.Tenant), raw(t), commonFrom}, num(&n)); err != nil {
			return nil, 0, err
		}
		counts[string(t)] = n
		sorted = append(sorted, t)
	}
	slices.SortFunc(sorted, func(a, b []byte) int { return counts[string(a)] - counts[string(b)] })
	if len(sorted) > 0 {
		rare = counts[string(sorted[0])]
	}
	return sorted, rare, nil
}

// sql writes the statement. Every value is a parameter; only the number of
// conditions varies. CROSS JOIN makes SQLite begin with the rare word.
func (f InteractionFilter) sql(tenant string, tokens [][]byte, rare bool) (string, []any) {
	args := []any{tenant}
	bind := binder(&args)
	var b strings.Builder
	b.WriteString("SELECT i." + strings.ReplaceAll(interactionColumns, ", ", ", i.") + " FROM ")
	if len(tokens) > 0 && rare {
		b.WriteString("message_tokens t CROSS JOIN interactions i WHERE t.tenant_id = $1 AND t.token = " + bind(raw(tokens[0])) +
			" AND i.tenant_id = t.tenant_id AND i.interaction_id = t.interaction_id")
		tokens = tokens[1:]
	} else {
		b.WriteString("interactions i WHERE i.tenant_id = $1")
	}
	in := func(column string, values []string) {
		if len(values) == 0 {
			return
		}
		b.WriteString(" AND i." + column + " IN " + bind.list(values))
	}
	equal := func(column, v string) {
		if v != "" {
			b.WriteString(" AND i." + column + " = " + bind(v))
		}
	}
	if f.Reader != "" {
		b.WriteString(" AND i.mailbox IN ('', " + bind(f.Reader) + ")")
	}
	in("interaction_id", f.interactions)
	in("contact_id", f.Contacts)
	equal("agent_id", f.Agent)
	equal("queue_id", f.Queue)
	equal("channel", f.Channel)
	in("state", f.States)
	b.WriteString(f.Within.interactions(bind, "i.queue_id", "i.agent_id", "i.campaign_id", "i.interaction_id"))
	if f.Recorded {
		b.WriteString(" AND EXISTS (SELECT 1 FROM recordings r WHERE r.tenant_id = $1 AND r.interaction_id = i.interaction_id)")
	}
	if f.Field != "" {
		b.WriteString(" AND i.interaction_id IN (SELECT v.object_id FROM field_values v WHERE v.tenant_id = $1 AND v.entity = 'interaction' AND v.field_id = " + bind(f.Field) + " AND v.plain = " + bind(f.Value) +
			" AND v.plain <> '' AND length(v.plain) <= 60)")
	}
	for _, t := range tokens {
		b.WriteString(" AND EXISTS (SELECT 1 FROM message_tokens m WHERE m.tenant_id = $1 AND m.token = " + bind(raw(t)) + " AND m.interaction_id = i.interaction_id)")
	}
	if !f.From.IsZero() {
		b.WriteString(" AND i.arrived_at >= " + bind(us(f.From)))
	}
	if !f.To.IsZero() {
		b.WriteString(" AND i.arrived_at < " + bind(us(f.To)))
	}
	if !f.Before.At.IsZero() {
		b.WriteString(" AND (i.arrived_at, i.interaction_id) < (" + bind(us(f.Before.At)) + ", " + bind(f.Before.ID) + ")")
	}
	b.WriteString(" ORDER BY i.arrived_at DESC, i.interaction_id DESC LIMIT " + bind(f.Limit))
	return b.String(), args
}
