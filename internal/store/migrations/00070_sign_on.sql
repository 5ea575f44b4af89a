-- +goose Up
-- How an organisation's users sign in with its own OpenID provider: one row each. config is checked by app/account and names no
-- person; secret_sealed is what the provider knows us by.
CREATE TABLE sign_ons (
    tenant_id      TEXT   NOT NULL REFERENCES organisations (tenant_id),
    config         TEXT   NOT NULL,
    secret_sealed  BYTEA  NOT NULL,
    break_glass_at BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
);
-- Whom the provider means: subject is a keyed index of issuer and sub, and nothing else of what the provider tells is here.
CREATE TABLE identities (
    tenant_id  TEXT   NOT NULL,
    subject    BYTEA  NOT NULL,
    user_id    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE UNIQUE INDEX identities_user ON identities (tenant_id, user_id);
-- Whether the provider opened a session, and a keyed index of the provider's own name for it, so that it can end it.
ALTER TABLE sessions ADD COLUMN by_provider BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN provider_session TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_provider ON sessions (tenant_id, provider_session);
