-- +goose Up
-- The phone by which an agent talks in place of the browser; empty: the browser.
ALTER TABLE users ADD COLUMN talk_phone TEXT NOT NULL DEFAULT '';
