-- +goose Up
-- Keys of tenants and contacts, each wrapped by another key: nothing here opens anything without the root key.
-- owner_id is '' for a tenant's own keys, else the contact's id.
CREATE TABLE wrapped_keys (
    tenant_id  TEXT   NOT NULL,
    purpose    TEXT   NOT NULL,
    owner_id   TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    wrapped    BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, purpose, owner_id, version)
);

-- +goose Down
-- Migrations only go forward.
