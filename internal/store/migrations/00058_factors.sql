-- +goose Up
-- What a user proves itself with beside the password: an authenticator app (totp), a passkey, or the one-time recovery codes.
-- secret_sealed holds the app's secret, the passkey's public key, or hashes of the codes that are left. credential_hash finds
-- a passkey again. step grows with every use, so that nothing is accepted twice: the app's time step, the passkey's counter,
-- the number of codes spent.
CREATE TABLE factors (
    tenant_id       TEXT   NOT NULL,
    factor_id       TEXT   NOT NULL,
    user_id         TEXT   NOT NULL,
    kind            TEXT   NOT NULL CHECK (kind IN ('totp', 'passkey', 'recovery')),
    name            TEXT   NOT NULL,
    secret_sealed   BYTEA  NOT NULL,
    credential_hash BYTEA  NOT NULL,
    step            BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    used_at         BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, factor_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE INDEX factors_user ON factors (tenant_id, user_id, factor_id);
-- Challenges that were answered, until they would have expired: none is answered twice.
CREATE TABLE spent_challenges (
    tenant_id  TEXT   NOT NULL,
    challenge  BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, challenge)
);
-- Which kinds of second factor a user has, so that recognising a session and listing users ask one table.
ALTER TABLE users ADD COLUMN factors TEXT NOT NULL DEFAULT '[]';
-- When who holds the session last proved to be the user: sensitive changes ask for it again after a while.
ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
