-- +goose Up
-- The interaction in which an email goes on that was merged into it; both messages lie at their provider as they did.
ALTER TABLE interactions ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
CREATE INDEX interactions_merged ON interactions (tenant_id, merged_into) WHERE merged_into <> '';
