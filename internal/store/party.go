package store

// Party is who a conversation concerns now: what a message needs to know before
// it is written, in one small read.
type Party struct {
	State     string
	AgentID   string
	ContactID string
	Consulted []string
}

func scanParty(r row, p *Party) error {
	return r.Scan(&p.State, &p.AgentID, &p.ContactID, fromJSON(&p.Consulted))
}

// Party is who an interaction concerns now.
func (tx *Tx) Party(interactionID string) (Party, error) {
	return get(tx, "interaction", scanParty, `SELECT state, agent_id, contact_id, consulted FROM interactions WHERE tenant_id = $1 AND interaction_id = $2`,
		string(tx.scope.tenant), interactionID)
}
