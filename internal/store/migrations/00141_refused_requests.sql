-- +goose Up
-- Security alerts of requests that are refused again and again (ADR 0103). A table's check is no column that could be added to: the
-- alerts move to one that takes the two kinds more.
ALTER TABLE security_alerts RENAME TO security_alerts_before;
CREATE TABLE security_alerts (
    tenant_id       TEXT   NOT NULL,
    alert_id        TEXT   NOT NULL,
    kind            TEXT   NOT NULL CHECK (kind IN ('export', 'sign_in', 'many_users', 'many_networks', 'refused', 'refused_outside')),
    user_id         TEXT   NOT NULL,
    action          TEXT   NOT NULL,
    why             TEXT   NOT NULL,
    times           BIGINT NOT NULL,
    raised_at       BIGINT NOT NULL,
    last_at         BIGINT NOT NULL,
    acknowledged_by TEXT   NOT NULL,
    acknowledged_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, alert_id)
);
INSERT INTO security_alerts (tenant_id, alert_id, kind, user_id, action, why, times, raised_at, last_at, acknowledged_by, acknowledged_at)
    SELECT tenant_id, alert_id, kind, user_id, action, why, times, raised_at, last_at, acknowledged_by, acknowledged_at FROM security_alerts_before;
DROP TABLE security_alerts_before;
CREATE UNIQUE INDEX security_alerts_open ON security_alerts (tenant_id, kind, user_id, action) WHERE acknowledged_at = 0;
CREATE INDEX security_alerts_about ON security_alerts (tenant_id, kind, user_id, action, raised_at);
CREATE INDEX security_alerts_raised ON security_alerts (tenant_id, raised_at, alert_id);
CREATE INDEX security_alerts_last ON security_alerts (tenant_id, last_at);
