-- +goose Up
-- Where a call is parked ('': nowhere), by whom and by which phone, and since when. Who parked it stays until somebody
-- has the call again, to be rung first.
ALTER TABLE interactions ADD COLUMN slot TEXT NOT NULL DEFAULT '';
ALTER TABLE interactions ADD COLUMN parked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE interactions ADD COLUMN parked_phone TEXT NOT NULL DEFAULT '';
ALTER TABLE interactions ADD COLUMN parked_at BIGINT NOT NULL DEFAULT 0;
