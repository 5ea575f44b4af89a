-- +goose Up
-- Those of the roles that are given for some teams and queues only, by role: {"supervisor": {"teams": ["team_…"], "queues": ["que_…"]}}.
ALTER TABLE users ADD COLUMN role_parts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE api_keys ADD COLUMN role_parts TEXT NOT NULL DEFAULT '{}';
