-- +goose Up
-- Whether a session was opened without the second factor that the tenant's sign-in rules ask for: until there is one, it may do nothing else.
ALTER TABLE sessions ADD COLUMN must_set_up BIGINT NOT NULL DEFAULT 0;
