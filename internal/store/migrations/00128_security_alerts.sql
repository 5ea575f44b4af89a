-- +goose Up
-- Unusual exports and sign-ins, and failed sign-ins that belong together, for who may read the audit log. One lasts until somebody has seen
-- it; what is alike meanwhile is counted in it, so that there is one of each (ADR 0084).
CREATE TABLE security_alerts (
    tenant_id       TEXT   NOT NULL,
    alert_id        TEXT   NOT NULL,
    kind            TEXT   NOT NULL CHECK (kind IN ('export', 'sign_in', 'many_users', 'many_networks')),
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
CREATE UNIQUE INDEX security_alerts_open ON security_alerts (tenant_id, kind, user_id, action) WHERE acknowledged_at = 0;
CREATE INDEX security_alerts_about ON security_alerts (tenant_id, kind, user_id, action, raised_at);
CREATE INDEX security_alerts_raised ON security_alerts (tenant_id, raised_at, alert_id);
CREATE INDEX security_alerts_last ON security_alerts (tenant_id, last_at);
-- Sign-ins that failed of late, whoever's they were.
CREATE INDEX audit_refused ON audit (tenant_id, at) WHERE action IN ('sign_in.refused', 'sign_in.locked');
