-- +goose Up
-- The campaign in which an agent called the person.
ALTER TABLE interactions ADD COLUMN campaign_id TEXT NOT NULL DEFAULT '';
