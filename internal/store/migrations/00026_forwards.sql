-- +goose Up
-- Where calls to a phone's extension go on: chosen by whose phone it is, sealed under the tenant's key because it may
-- be a person's own number.
CREATE TABLE forwards (
    tenant_id    TEXT   NOT NULL,
    phone_id     TEXT   NOT NULL,
    user_id      TEXT   NOT NULL,
    rules_sealed BYTEA  NOT NULL,
    set_by       TEXT   NOT NULL,
    set_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, phone_id)
);
-- Whether a call that left by a trunk was dialled at the phone, or forwarded by it.
ALTER TABLE office_calls ADD COLUMN forwarded BIGINT NOT NULL DEFAULT 0;
