-- +goose Up
-- When work came to its queue (its place counts from before when it overflowed), the preferred skills that a flow found,
-- and when an agent was last offered work: a restart goes on with the same order and choice.
ALTER TABLE interactions ADD COLUMN entered_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE interactions ADD COLUMN wants TEXT NOT NULL DEFAULT '[]';
ALTER TABLE agents ADD COLUMN last_offer BIGINT NOT NULL DEFAULT 0;
