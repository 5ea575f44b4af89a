-- +goose Up
-- Whether a caller wants to be called back, how often that was tried, and the number that it keyed in for it, sealed
-- under its key (empty: the number from which it called).
ALTER TABLE interactions ADD COLUMN callback BIGINT NOT NULL DEFAULT 0;
ALTER TABLE interactions ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE interactions ADD COLUMN reach_sealed BYTEA NOT NULL DEFAULT '';
