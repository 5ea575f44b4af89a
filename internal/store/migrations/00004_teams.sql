-- +goose Up
-- Where users work and with whom: queues choose their members by it.
ALTER TABLE users ADD COLUMN teams TEXT NOT NULL DEFAULT '[]';
ALTER TABLE users ADD COLUMN site TEXT NOT NULL DEFAULT '';
