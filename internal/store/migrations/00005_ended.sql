-- +goose Up
-- The day's charts ask for what agents held in a time range, whoever and whichever interaction.
CREATE INDEX segments_ended ON segments (tenant_id, holder_kind, ended_at);
