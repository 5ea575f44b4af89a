-- +goose Up
-- Who may agree to the end of its organisation (ADR 0069). end_since: since when a user has had that right with a password and factors
-- that nobody else gave it; 0: since before this was noted. end_lost_at: when somebody took it away; 0: nobody did, or it is back.
ALTER TABLE users ADD COLUMN end_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN end_lost_at BIGINT NOT NULL DEFAULT 0;
