-- +goose Up
-- How a user who has no password yet comes in: by a code, good once and for a time (ADR 0061). invitation is open, withdrawn, used or empty.
ALTER TABLE users ADD COLUMN invitation TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN invitation_hash BYTEA NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN invitation_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX users_invitation ON users (tenant_id, invitation_hash);
