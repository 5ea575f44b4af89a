-- +goose Up
-- Values of custom fields (ADR 0064). A value that tells nothing about a person stands in plain and can be searched; every other
-- is sealed: those of a contact and of its interactions under the contact's key, those of users and queues under the tenant's.
CREATE TABLE field_values (
    tenant_id  TEXT   NOT NULL,
    entity     TEXT   NOT NULL CHECK (entity IN ('contact', 'user', 'interaction', 'queue')),
    object_id  TEXT   NOT NULL,
    field_id   TEXT   NOT NULL,
    plain      TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, entity, object_id, field_id)
);
CREATE INDEX field_values_of ON field_values (tenant_id, field_id, object_id);
-- What interactions are searched by is short: choices, numbers, dates.
CREATE INDEX field_values_found ON field_values (tenant_id, field_id, plain, object_id) WHERE plain <> '' AND length(plain) <= 60;
