-- +goose Up
-- A supervisor looks at what an agent was offered today, and how that ended.
CREATE INDEX offers_user ON offers (tenant_id, user_id, offered_at);
