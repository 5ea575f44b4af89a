-- +goose Up
-- Calls that were handed over to an outside number, and how a call stood, to go on so after a restart.
ALTER TABLE interactions ADD COLUMN outside BIGINT NOT NULL DEFAULT 0;
ALTER TABLE call_legs ADD COLUMN stands TEXT NOT NULL DEFAULT '';
