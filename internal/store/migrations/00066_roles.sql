-- +goose Up
-- Roles that a tenant made for itself: each began as a copy of a built-in one (base), and gives what grants says, a scope by
-- permission (core/access). Users and API keys name them by id beside built-in ones (ADR 0050).
CREATE TABLE roles (
    tenant_id  TEXT   NOT NULL,
    role_id    TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    name_key   TEXT   NOT NULL,
    base       TEXT   NOT NULL,
    grants     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, role_id)
);
CREATE UNIQUE INDEX roles_name ON roles (tenant_id, name_key);
