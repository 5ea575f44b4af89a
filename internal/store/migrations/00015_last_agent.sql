-- +goose Up
-- Who last answered a person is found without looking at the calls that nobody answered.
CREATE INDEX interactions_answered ON interactions (tenant_id, contact_id, arrived_at, interaction_id) WHERE answered_at > 0 AND agent_id <> '';
