-- +goose Up
-- Calls that phones made and that left by a trunk, once they were answered: for the minutes of the trunk's rules, and
-- to see which phone called out when. Whom they called is not kept.
CREATE TABLE office_calls (
    tenant_id   TEXT   NOT NULL,
    call_id     TEXT   NOT NULL,
    user_id     TEXT   NOT NULL,
    phone_id    TEXT   NOT NULL,
    trunk_id    TEXT   NOT NULL,
    emergency   BIGINT NOT NULL,
    counts      TEXT   NOT NULL,
    started_at  BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    q850        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, call_id)
);
CREATE INDEX office_calls_started ON office_calls (tenant_id, started_at);
CREATE INDEX office_calls_ended ON office_calls (tenant_id, ended_at);
