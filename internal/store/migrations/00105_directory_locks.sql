-- +goose Up
-- Who locked a user: the directory opens again whom it locked itself, and nobody else. locked_at: when it locked the user, 0 once the user
-- is opened. held_at: when it first wanted somebody open whom an administrator had locked.
ALTER TABLE provisioned_users ADD COLUMN locked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE provisioned_users ADD COLUMN held_at BIGINT NOT NULL DEFAULT 0;
-- Whom it removed before comes back as before.
UPDATE provisioned_users SET locked_at = gone_at;
