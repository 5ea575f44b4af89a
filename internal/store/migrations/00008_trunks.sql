-- +goose Up
-- Secrets of set-up objects (a trunk's password), sealed; apart from their bodies, which are shown.
CREATE TABLE setup_secrets (
    tenant_id    TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    object_id    TEXT   NOT NULL,
    field        TEXT   NOT NULL,
    value_sealed BYTEA  NOT NULL,
    set_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, object_id, field)
);

-- A telephone number belongs to one trunk of the installation.
CREATE TABLE trunk_numbers (
    tenant_id TEXT NOT NULL,
    trunk_id  TEXT NOT NULL,
    number    TEXT NOT NULL UNIQUE,
    PRIMARY KEY (tenant_id, trunk_id, number)
);
