-- +goose Up
-- How an organisation's own directory makes, changes and locks users here (SCIM 2.0, ADR 0062), and how often it did.
CREATE TABLE provisionings (
    tenant_id  TEXT   NOT NULL REFERENCES organisations (tenant_id),
    config     TEXT   NOT NULL,
    created    BIGINT NOT NULL,
    changed    BIGINT NOT NULL,
    locked     BIGINT NOT NULL,
    removed    BIGINT NOT NULL,
    refused    BIGINT NOT NULL,
    asked_at   BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
);
-- What the directory calls a user. gone_at: it removed the user, who was locked here and is unknown to it until it sends it again.
CREATE TABLE provisioned_users (
    tenant_id       TEXT   NOT NULL,
    user_id         TEXT   NOT NULL,
    external_index  BYTEA  NOT NULL,
    external_sealed BYTEA  NOT NULL,
    created_at      BIGINT NOT NULL,
    gone_at         BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE INDEX provisioned_users_external ON provisioned_users (tenant_id, external_index);
CREATE TABLE provisioned_groups (
    tenant_id   TEXT   NOT NULL REFERENCES organisations (tenant_id),
    group_id    TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    name_key    TEXT   NOT NULL,
    external_id TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, group_id),
    UNIQUE (tenant_id, name_key)
);
CREATE TABLE provisioned_members (
    tenant_id TEXT NOT NULL,
    group_id  TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, group_id, user_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES provisioned_groups (tenant_id, group_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE INDEX provisioned_members_user ON provisioned_members (tenant_id, user_id);
