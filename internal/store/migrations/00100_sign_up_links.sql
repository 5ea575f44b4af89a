-- +goose Up
-- Until when an organisation is tried; then it is suspended (ADR 0070). 0: it is not on trial.
ALTER TABLE organisations ADD COLUMN trial_until BIGINT NOT NULL DEFAULT 0;

-- Links by which strangers make a tenant below an operator or a reseller. System reads them, because whoever has the code names nobody.
CREATE TABLE sign_up_links (
    tenant_id  TEXT   NOT NULL REFERENCES organisations (tenant_id),
    link_id    TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    code_hash  BYTEA  NOT NULL,
    limits     TEXT   NOT NULL,
    trial_days BIGINT NOT NULL,
    most       BIGINT NOT NULL,
    used       BIGINT NOT NULL,
    until_at   BIGINT NOT NULL,
    user_id    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, link_id)
);
CREATE UNIQUE INDEX sign_up_links_code ON sign_up_links (code_hash);
