-- +goose Up
-- How long a recording is kept, as the rules said that fit its call: so many days after its end (0: as long as its
-- conversation). keep_until is when that is over; 0 while it is made, and where there are no days.
ALTER TABLE recordings ADD COLUMN keep_days BIGINT NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN keep_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX recordings_kept ON recordings (tenant_id, keep_until) WHERE keep_until > 0;

-- Legal holds: a recording (recording_id), or all of a contact's (recording_id ''), that nothing destroys while the row
-- is there. erasure_asked_at is when an erasure of the contact was refused because of it; 0 if none was.
CREATE TABLE recording_holds (
    tenant_id        TEXT   NOT NULL,
    hold_id          TEXT   NOT NULL,
    contact_id       TEXT   NOT NULL,
    interaction_id   TEXT   NOT NULL,
    recording_id     TEXT   NOT NULL,
    reason           TEXT   NOT NULL,
    reference_sealed BYTEA  NOT NULL,
    set_by           TEXT   NOT NULL,
    set_at           BIGINT NOT NULL,
    erasure_asked_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hold_id)
);
CREATE INDEX recording_holds_of ON recording_holds (tenant_id, contact_id, set_at);
CREATE UNIQUE INDEX recording_holds_once ON recording_holds (tenant_id, contact_id, recording_id);

-- Who may hear a recording for a while although it is not their business otherwise.
CREATE TABLE recording_shares (
    tenant_id      TEXT   NOT NULL,
    share_id       TEXT   NOT NULL,
    recording_id   TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    user_id        TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    shared_by      TEXT   NOT NULL,
    shared_at      BIGINT NOT NULL,
    ends_at        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, share_id)
);
CREATE UNIQUE INDEX recording_shares_of ON recording_shares (tenant_id, recording_id, user_id);
CREATE INDEX recording_shares_in ON recording_shares (tenant_id, interaction_id);
CREATE INDEX recording_shares_with ON recording_shares (tenant_id, user_id, shared_at);
CREATE INDEX recording_shares_ended ON recording_shares (tenant_id, ends_at);
