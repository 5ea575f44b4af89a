-- +goose Up
-- The flow of this interaction waits for an answer that nobody may see: what its person writes now goes to the flow alone.
ALTER TABLE interactions ADD COLUMN masked BIGINT NOT NULL DEFAULT 0;
