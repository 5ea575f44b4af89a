-- +goose Up
-- A conversation that is written may be spoken, too: who asked for that, or that both agreed ("" while it is written only).
ALTER TABLE interactions ADD COLUMN talk TEXT NOT NULL DEFAULT '';
