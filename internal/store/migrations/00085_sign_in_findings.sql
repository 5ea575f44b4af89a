-- +goose Up
-- Wrong codes of second factors since the last right one, from browsers that are not known and from those that are: who holds a
-- password is stopped for good, not only for minutes.
ALTER TABLE users ADD COLUMN wrong_codes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN wrong_codes_known BIGINT NOT NULL DEFAULT 0;
-- Of a user who was unlinked the identity stays, so that a locked one does not come in as somebody new.
ALTER TABLE identities ADD COLUMN unlinked_at BIGINT NOT NULL DEFAULT 0;
-- The secret that a key had before its rotation, and until when it is good.
ALTER TABLE api_keys ADD COLUMN earlier_hash BYTEA NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN earlier_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX api_keys_earlier ON api_keys (tenant_id, earlier_hash);
