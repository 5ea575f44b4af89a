-- +goose Up
-- What samples of the first steps made, so that it can be taken out again.
CREATE TABLE sample_objects (
    tenant_id TEXT   NOT NULL REFERENCES organisations (tenant_id),
    object_id TEXT   NOT NULL,
    sample    TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    added_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, object_id)
);
