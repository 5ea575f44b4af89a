package store

import (
	"time"

	"nubitalk/internal/core/measure"
)

// What a day's figures are counted from. core/measure does the counting, so
// that live screens and history have one definition.

// LaterFlow holds who is called once more until it waits again. That wait is not
// one of the queue's: its contact was counted when it came.
const LaterFlow = "later"

// WaitRow is one contact's wait in a queue.
type WaitRow struct {
	StartedAt time.Time
	EndedAt   time.Time // zero while it waits
	End       measure.Ending
	Channel   string
}

// QueueWaits are the waits of contacts that came into a queue in [from, to), in
// order. A wait is a segment of the queue, so what was transferred on still
// counts here. Answered means that the next segment is an agent's; abandoned
// that there is no next one and the interaction closed as abandoned.
func (tx *Tx) QueueWaits(queueID string, from, to time.Time) ([]WaitRow, error) {
	return tx.queueWaits(queueID, -1, from, to)
}

// EndedWaits are QueueWaits without those who still wait.
func (tx *Tx) EndedWaits(queueID string, from, to time.Time) ([]WaitRow, error) {
	return tx.queueWaits(queueID, 0, from, to)
}

// queueWaits are those that ended after a time. How one ended is only looked up
// for those that did.
func (tx *Tx) queueWaits(queueID string, endedAfter int64, from, to time.Time) ([]WaitRow, error) {
	return list(tx, func(r row, w *WaitRow) error {
		return r.Scan(at(&w.StartedAt), at(&w.EndedAt), (*string)(&w.End), &w.Channel)
	},
		`SELECT s.started_at, s.ended_at, CASE WHEN s.ended_at = 0 THEN 'still_waiting' ELSE coalesce(
				(SELECT CASE n.holder_kind WHEN 'agent' THEN 'answered' ELSE 'removed' END FROM segments n
					WHERE n.tenant_id = s.tenant_id AND n.interaction_id = s.interaction_id AND n.number = s.number + 1),
				(SELECT CASE i.close_reason WHEN 'abandoned' THEN 'abandoned' ELSE 'removed' END FROM interactions i
					WHERE i.tenant_id = s.tenant_id AND i.interaction_id = s.interaction_id)) END,
			coalesce((SELECT i.channel FROM interactions i WHERE i.tenant_id = s.tenant_id AND i.interaction_id = s.interaction_id), '')
		FROM segments s
		WHERE s.tenant_id = $1 AND s.holder_kind = 'queue' AND s.holder_id = $2 AND s.started_at >= $3 AND s.started_at < $4 AND s.ended_at > $5
			AND NOT EXISTS (SELECT 1 FROM segments p WHERE p.tenant_id = s.tenant_id AND p.interaction_id = s.interaction_id AND p.number = s.number - 1
				AND p.holder_kind = 'flow' AND p.holder_id = '`+LaterFlow+`')
		ORDER BY s.started_at`, string(tx.scope.Tenant), queueID, us(from), us(to), endedAfter)
}

// AgentWorkRow is one contact held by one agent.
type AgentWorkRow struct {
	UserID    string
	QueueID   string // from which it came; "" for none
	StartedAt time.Time
	EndedAt   time.Time // zero while it is held
	WrapFrom  time.Time // when the interaction's wrap-up began
}

// AgentWork is what agents held at any time of [from, to): running work, then by
// the time it ended.
func (tx *Tx) AgentWork(from, to time.Time) ([]AgentWorkRow, error) {
	return tx.WorkOfAgent("", from, to)
}

// EndedWork is AgentWork without what is still held.
func (tx *Tx) EndedWork(from, to time.Time) ([]AgentWorkRow, error) {
	return tx.agentWork("", us(from)+1, farFuture, to)
}

// WorkOfAgent is AgentWork for one agent; "" means all.
func (tx *Tx) WorkOfAgent(user string, from, to time.Time) ([]AgentWorkRow, error) {
	running, err := tx.agentWork(user, 0, 0, to)
	if err != nil {
		return nil, err
	}
	done, err := tx.agentWork(user, us(from)+1, farFuture, to)
	return append(running, done...), err
}

// agentWork are segments that ended in a range, which finds them by its index.
func (tx *Tx) agentWork(user string, least, most int64, to time.Time) ([]AgentWorkRow, error) {
	return list(tx, func(r row, w *AgentWorkRow) error {
		return r.Scan(&w.UserID, &w.QueueID, at(&w.StartedAt), at(&w.EndedAt), at(&w.WrapFrom))
	}, `SELECT s.holder_id, coalesce((SELECT q.holder_id FROM segments q WHERE q.tenant_id = s.tenant_id AND q.interaction_id = s.interaction_id
			AND q.number < s.number AND q.holder_kind = 'queue' ORDER BY q.number DESC LIMIT 1), ''), s.started_at, s.ended_at, i.wrap_from
		FROM segments s JOIN interactions i ON i.tenant_id = s.tenant_id AND i.interaction_id = s.interaction_id
		WHERE s.tenant_id = $1 AND s.holder_kind = 'agent' AND s.ended_at >= $2 AND s.ended_at <= $3 AND s.started_at < $4
			AND ($5 = '' OR s.holder_id = $5)
		ORDER BY s.ended_at, s.started_at, s.interaction_id`, string(tx.scope.Tenant), least, most, us(to), user)
}

// AgentDays are all agents' spans that touch [from, to), by agent and time. An
// agent's latest span that began before is found by its key, so that years of
// history cost nothing.
func (tx *Tx) AgentDays(from, to time.Time) ([]AgentStateRow, error) {
	return list(tx, scanAgentState, `SELECT s.user_id, s.since, s.until, s.presence, s.reason_id FROM agents a CROSS JOIN agent_states s
		WHERE a.tenant_id = $1 AND s.tenant_id = a.tenant_id AND s.user_id = a.user_id AND s.since < $3 AND (s.until = 0 OR s.until > $2)
		AND s.since >= coalesce((SELECT max(l.since) FROM agent_states l WHERE l.tenant_id = a.tenant_id AND l.user_id = a.user_id AND l.since <= $2), 0)
		ORDER BY s.user_id, s.since`, string(tx.scope.Tenant), us(from), us(to))
}

// DaysOfAgent are one agent's spans that touch [from, to), by time.
func (tx *Tx) DaysOfAgent(user string, from, to time.Time) ([]AgentStateRow, error) {
	return list(tx, scanAgentState, `SELECT s.user_id, s.since, s.until, s.presence, s.reason_id FROM agent_states s
		WHERE s.tenant_id = $1 AND s.user_id = $2 AND s.since < $4 AND (s.until = 0 OR s.until > $3)
		AND s.since >= coalesce((SELECT max(l.since) FROM agent_states l WHERE l.tenant_id = $1 AND l.user_id = $2 AND l.since <= $3), 0)
		ORDER BY s.since`, string(tx.scope.Tenant), user, us(from), us(to))
}

// OutcomesOfAgent counts how offers ended that an agent was made in [from, to),
// by outcome; those still pending are left out.
func (tx *Tx) OutcomesOfAgent(user string, from, to time.Time) (map[string]int64, error) {
	type outcome struct {
		name  string
		count int64
	}
	rows, err := list(tx, func(r row, o *outcome) error { return r.Scan(&o.name, &o.count) }, `SELECT outcome, count(*) FROM offers
		WHERE tenant_id = $1 AND user_id = $2 AND offered_at >= $3 AND offered_at < $4 AND ended_at > 0 GROUP BY outcome`, string(tx.scope.Tenant), user, us(from), us(to))
	out := map[string]int64{}
	for _, o := range rows {
		out[o.name] = o.count
	}
	return out, err
}
