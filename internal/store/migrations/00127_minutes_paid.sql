-- +goose Up
-- Until when a call that left has its minutes, where those of its trunk are bounded (ADR 0088); 0: they are not, or it has none yet. While the
-- call runs they count as used up to then; its end gives back what was not talked.
ALTER TABLE call_legs ADD COLUMN paid_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE office_calls ADD COLUMN paid_until BIGINT NOT NULL DEFAULT 0;
