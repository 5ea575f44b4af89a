-- +goose Up
-- The tenant's signature of a recording's manifest as far as it goes, made anew with each entry (docs/formats/recording.md);
-- empty for what was recorded before there were signatures.
ALTER TABLE recordings ADD COLUMN signature BYTEA NOT NULL DEFAULT '';
