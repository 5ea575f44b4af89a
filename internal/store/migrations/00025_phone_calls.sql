-- +goose Up
-- The last digits of the number that a phone's call reached, so that who sees the list knows a call again; the number itself is not kept.
ALTER TABLE office_calls ADD COLUMN called TEXT NOT NULL DEFAULT '';
CREATE INDEX office_calls_phone ON office_calls (tenant_id, phone_id, started_at, call_id);
CREATE INDEX office_calls_user ON office_calls (tenant_id, user_id, started_at, call_id);
