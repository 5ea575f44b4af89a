-- +goose Up
-- What an organisation may have at most, as the one above it set it (core/usage).
ALTER TABLE organisations ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';

-- What an organisation had on a day, counted before anything of the day is forgotten. It outlives the organisation, so that
-- its last month can be accounted for.
CREATE TABLE usage_days (
    tenant_id        TEXT   NOT NULL,
    day              TEXT   NOT NULL,
    agents           BIGINT NOT NULL,
    numbers          BIGINT NOT NULL,
    storage_bytes    BIGINT NOT NULL,
    voice            BIGINT NOT NULL,
    chat             BIGINT NOT NULL,
    email            BIGINT NOT NULL,
    call_seconds_in  BIGINT NOT NULL,
    call_seconds_out BIGINT NOT NULL,
    recorded_seconds BIGINT NOT NULL,
    counted_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day)
);
-- What recordings and files take together is counted from these alone.
CREATE INDEX recordings_storage ON recordings (tenant_id, size);
CREATE INDEX attachments_storage ON attachments (tenant_id, size);
