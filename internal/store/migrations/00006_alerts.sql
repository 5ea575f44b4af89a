-- +goose Up
-- Alerts of a tenant's thresholds. One whose raised_at is 0 waits for its hold time, and goes if nothing comes of it.
CREATE TABLE alerts (
    tenant_id       TEXT   NOT NULL,
    alert_id        TEXT   NOT NULL,
    rule_id         TEXT   NOT NULL,
    measure         TEXT   NOT NULL,
    activity        TEXT   NOT NULL,
    subject_kind    TEXT   NOT NULL CHECK (subject_kind IN ('queue', 'agent')),
    subject_id      TEXT   NOT NULL,
    level           TEXT   NOT NULL CHECK (level IN ('', 'warning', 'critical')),
    worst           TEXT   NOT NULL,
    value           BIGINT NOT NULL,
    threshold       BIGINT NOT NULL,
    warning_since   BIGINT NOT NULL,
    critical_since  BIGINT NOT NULL,
    raised_at       BIGINT NOT NULL,
    level_at        BIGINT NOT NULL,
    acknowledged_by TEXT   NOT NULL,
    acknowledged_at BIGINT NOT NULL,
    cleared_at      BIGINT NOT NULL,
    cause           TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, alert_id)
);
-- A rule alerts once for each of what it watches.
CREATE UNIQUE INDEX alerts_open ON alerts (tenant_id, rule_id, subject_id) WHERE cleared_at = 0;
CREATE INDEX alerts_raised ON alerts (tenant_id, raised_at, alert_id);
CREATE INDEX alerts_cleared ON alerts (tenant_id, cleared_at);
