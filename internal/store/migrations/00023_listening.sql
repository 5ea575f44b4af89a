-- +goose Up
-- What a recording looks like, once somebody opened it (sealed under the recording's own key; empty before): drawing it
-- again takes no second reading of all its sound.
ALTER TABLE recordings ADD COLUMN wave_sealed BYTEA NOT NULL DEFAULT '';
