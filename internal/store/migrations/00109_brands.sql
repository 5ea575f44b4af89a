-- +goose Up
-- What an organisation's pages look like, where that is its own choice: one row each (ADR 0075). config is checked by core/brand and names
-- no person; logo is a PNG with its pixels alone, empty where there is none. link names nobody, and shows the brand to who has not signed
-- in yet. System reads them, because organisations below show what is above them.
CREATE TABLE brands (
    tenant_id  TEXT   NOT NULL REFERENCES organisations (tenant_id),
    link       TEXT   NOT NULL,
    config     TEXT   NOT NULL,
    logo       BYTEA  NOT NULL,
    updated_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
);
CREATE UNIQUE INDEX brands_link ON brands (link);
