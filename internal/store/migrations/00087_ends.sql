-- +goose Up
-- When an organisation ends, if its end was begun; until then it is suspended (ADR 0063).
ALTER TABLE organisations ADD COLUMN ends_at BIGINT NOT NULL DEFAULT 0;

-- The end of an organisation: who began it, and what was erased, with the certificate of that. It outlives the organisation.
CREATE TABLE organisation_ends (
    tenant_id   TEXT   NOT NULL PRIMARY KEY REFERENCES organisations (tenant_id),
    home_id     TEXT   NOT NULL,
    user_id     TEXT   NOT NULL,
    was         TEXT   NOT NULL,
    began_at    BIGINT NOT NULL,
    ends_at     BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    code_hash   BYTEA  NOT NULL,
    facts       TEXT   NOT NULL,
    certificate TEXT   NOT NULL,
    signature   BYTEA  NOT NULL,
    public_key  BYTEA  NOT NULL
);
