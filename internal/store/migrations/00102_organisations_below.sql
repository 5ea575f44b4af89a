-- +goose Up
-- What is below an organisation is found without looking at all of them.
CREATE INDEX organisations_below ON organisations (parent_id, tenant_id);
