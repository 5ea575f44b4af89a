-- +goose Up
-- Why an email was rejected: a reason of the set-up and its version, whose words its sender is told. Where it was said to whom is not stored.
ALTER TABLE interactions ADD COLUMN rejected_for TEXT NOT NULL DEFAULT '';
ALTER TABLE interactions ADD COLUMN rejected_version BIGINT NOT NULL DEFAULT 0;
