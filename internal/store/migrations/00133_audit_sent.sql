-- +goose Up
-- Up to which entry an organisation's audit log was sent to the operator's collector (ADR 0093); 0: none of it.
ALTER TABLE audit_heads ADD COLUMN sent BIGINT NOT NULL DEFAULT 0;
