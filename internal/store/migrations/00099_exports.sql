-- +goose Up
-- Exports of all that an organisation has (ADR 0069): who began one, why, and which of its volumes were fetched. No copy of
-- anything is kept: a volume is read as it is fetched.
CREATE TABLE organisation_exports (
    tenant_id TEXT   NOT NULL REFERENCES organisations (tenant_id),
    export_id TEXT   NOT NULL,
    user_id   TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    recipient TEXT   NOT NULL,
    sound     TEXT   NOT NULL,
    volumes   TEXT   NOT NULL,
    begun_at  BIGINT NOT NULL,
    ends_at   BIGINT NOT NULL,
    ended_at  BIGINT NOT NULL,
    ended_by  TEXT   NOT NULL,
    version   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, export_id)
);

-- An organisation that begins its own end: who asked for it, and who else agreed.
ALTER TABLE organisation_ends ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE organisation_ends ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organisation_ends ADD COLUMN asked_days BIGINT NOT NULL DEFAULT 0;
