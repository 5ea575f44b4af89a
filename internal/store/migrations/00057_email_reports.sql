-- +goose Up
-- What a mail server reported of an answer afterwards (RFC 3464). message is a keyed digest of the answer's id, by which a report finds it; report is the
-- identity of the report, so that one is taken once. Neither the recipient nor a word of the report is stored.
ALTER TABLE email_sends ADD COLUMN message BYTEA NOT NULL DEFAULT '';
ALTER TABLE email_sends ADD COLUMN report BYTEA NOT NULL DEFAULT '';
ALTER TABLE email_sends ADD COLUMN delivery TEXT NOT NULL DEFAULT '';
ALTER TABLE email_sends ADD COLUMN delivery_status TEXT NOT NULL DEFAULT '';
ALTER TABLE email_sends ADD COLUMN reported_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX email_sends_message ON email_sends (tenant_id, message);
