-- +goose Up
-- What callers hear before they leave a user a message by voice: the user's own recording, sealed under the tenant's key.
-- It is a row and no file, so that it goes with its user in one transaction (ADR 0044).
CREATE TABLE greetings (
    tenant_id    TEXT   NOT NULL,
    user_id      TEXT   NOT NULL,
    facts        TEXT   NOT NULL,
    sound_sealed BYTEA  NOT NULL,
    set_by       TEXT   NOT NULL,
    set_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
