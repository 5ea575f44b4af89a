-- +goose Up
-- What somebody did before, and when, is found by its kind (core/unusual).
CREATE INDEX audit_habits ON audit (tenant_id, actor_id, action, at);
