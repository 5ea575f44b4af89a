-- +goose Up
-- Who took part in a call, by which way, how long and how well heard. dialog_sealed is what a call by telephone needs
-- to go on after a restart; it is emptied when the leg ends.
CREATE TABLE call_legs (
    tenant_id      TEXT   NOT NULL,
    leg_id         TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    part           TEXT   NOT NULL,
    user_id        TEXT   NOT NULL,
    way            TEXT   NOT NULL,
    trunk_id       TEXT   NOT NULL,
    suite          TEXT   NOT NULL,
    address_sealed BYTEA  NOT NULL,
    started_at     BIGINT NOT NULL,
    answered_at    BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    ended_by       TEXT   NOT NULL,
    sip_code       BIGINT NOT NULL,
    q850           BIGINT NOT NULL,
    lost           BIGINT NOT NULL,
    jitter         BIGINT NOT NULL,
    round_trip     BIGINT NOT NULL,
    mos            BIGINT NOT NULL,
    dialog_sealed  BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, leg_id)
);
CREATE INDEX call_legs_of ON call_legs (tenant_id, interaction_id, started_at);
CREATE INDEX call_legs_open ON call_legs (tenant_id, ended_at);
