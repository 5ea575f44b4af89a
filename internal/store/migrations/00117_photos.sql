-- +goose Up
-- What colleagues see of a user beside its name, if it wants to: a small square picture, sealed under the tenant's key. It is a row and no
-- file, so that it goes with its user in one transaction (ADR 0076).
CREATE TABLE photos (
    tenant_id    TEXT   NOT NULL,
    user_id      TEXT   NOT NULL,
    photo_sealed BYTEA  NOT NULL,
    set_by       TEXT   NOT NULL,
    set_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
