-- +goose Up
-- The token that a session gets when its user proves again who it is: it takes the place of the one before when it is used for the
-- first time, and that one is good for some seconds more.
ALTER TABLE sessions ADD COLUMN next_hash BYTEA NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN next_proved_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN earlier_hash BYTEA NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN earlier_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_next ON sessions (tenant_id, next_hash);
CREATE INDEX sessions_earlier ON sessions (tenant_id, earlier_hash);
