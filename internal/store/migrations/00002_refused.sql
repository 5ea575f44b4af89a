-- +goose Up
-- Who declined or missed waiting work, and until when it is kept from them: a restart must not offer it to them again at once.
ALTER TABLE interactions ADD COLUMN refused TEXT NOT NULL DEFAULT '{}';
