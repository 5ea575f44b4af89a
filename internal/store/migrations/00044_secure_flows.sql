-- +goose Up
-- Whether the person of a running call is in a secure flow, apart from its agent: what it keys in is nowhere, this says
-- only that a restart must not put the two together before it is over.
ALTER TABLE interactions ADD COLUMN apart BIGINT NOT NULL DEFAULT 0;
