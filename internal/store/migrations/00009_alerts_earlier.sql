-- +goose Up
-- Who acknowledged an alert before it became worse, and when.
ALTER TABLE alerts ADD COLUMN earlier_by TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN earlier_at BIGINT NOT NULL DEFAULT 0;
