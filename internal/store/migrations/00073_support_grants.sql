-- +goose Up
-- A person of the organisation above whom a tenant lets in, or who asked to be let in (ADR 0054). Rows of every tenant can be
-- read by System, because whoever asked looks for them by its own id.
CREATE TABLE support_grants (
    tenant_id      TEXT   NOT NULL REFERENCES organisations (tenant_id),
    grant_id       TEXT   NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('asked', 'granted', 'ended')),
    home_id        TEXT   NOT NULL,
    user_id        TEXT   NOT NULL,
    user_name      TEXT   NOT NULL,
    scopes         TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    minutes        BIGINT NOT NULL,
    reason_sealed  BYTEA  NOT NULL,
    asked_at       BIGINT NOT NULL,
    granted_by     TEXT   NOT NULL,
    granted_at     BIGINT NOT NULL,
    ends_at        BIGINT NOT NULL,
    ended_by       TEXT   NOT NULL,
    ended_at       BIGINT NOT NULL,
    home_session   TEXT   NOT NULL,
    token_hash     BYTEA  NOT NULL,
    opened_at      BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, grant_id)
);
CREATE INDEX support_grants_of ON support_grants (home_id, user_id, grant_id);
CREATE INDEX support_grants_token ON support_grants (tenant_id, token_hash);
