-- +goose Up
-- Work that an agent began, by calling; and under which rules of its trunk a call that left counts.
ALTER TABLE interactions ADD COLUMN outgoing BIGINT NOT NULL DEFAULT 0;
ALTER TABLE call_legs ADD COLUMN counts TEXT NOT NULL DEFAULT '[]';
CREATE INDEX call_legs_started ON call_legs (tenant_id, started_at);
