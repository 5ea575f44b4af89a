-- +goose Up
-- What is recorded: voice, screen, and messages that are left by voice. The sound itself is in sealed files
-- (docs/formats/recording.md); recording_entries is the manifest, in which each entry is chained to those before it.
CREATE TABLE recordings (
    tenant_id      TEXT   NOT NULL,
    recording_id   TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    kind           TEXT   NOT NULL,
    parties        TEXT   NOT NULL,
    spool          TEXT   NOT NULL,
    key_sealed     BYTEA  NOT NULL,
    head_sealed    BYTEA  NOT NULL,
    entries        BIGINT NOT NULL,
    serial         BIGINT NOT NULL,
    length_ms      BIGINT NOT NULL,
    size           BIGINT NOT NULL,
    paused_ms      BIGINT NOT NULL,
    paused_by      TEXT   NOT NULL,
    paused_reason  TEXT   NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, recording_id)
);
CREATE INDEX recordings_of ON recordings (tenant_id, interaction_id, started_at);
CREATE INDEX recordings_running ON recordings (tenant_id, recording_id) WHERE ended_at = 0;

CREATE TABLE recording_entries (
    tenant_id      TEXT   NOT NULL,
    recording_id   TEXT   NOT NULL,
    number         BIGINT NOT NULL,
    interaction_id TEXT   NOT NULL,
    kind           TEXT   NOT NULL,
    at_ms          BIGINT NOT NULL,
    length_ms      BIGINT NOT NULL,
    file_id        TEXT   NOT NULL,
    serial         BIGINT NOT NULL,
    size           BIGINT NOT NULL,
    hash           BYTEA  NOT NULL,
    cut            BIGINT NOT NULL,
    by_id          TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    chain          BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, recording_id, number)
);
CREATE INDEX recording_entries_of ON recording_entries (tenant_id, interaction_id);
CREATE INDEX recording_files ON recording_entries (tenant_id, file_id) WHERE file_id <> '';
