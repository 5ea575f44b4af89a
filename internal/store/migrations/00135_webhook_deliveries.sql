-- +goose Up
-- What other systems are told: one row for each event and webhook, written with what the event is about. A job for each webhook
-- sends them (ADR 0095).
CREATE TABLE webhook_deliveries (
    tenant_id   TEXT   NOT NULL,
    delivery_id TEXT   NOT NULL,
    webhook_id  TEXT   NOT NULL,
    event       TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts    BIGINT NOT NULL,
    status      BIGINT NOT NULL,
    fault       TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    tried_at    BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, delivery_id)
);
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (tenant_id, webhook_id, created_at, delivery_id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (tenant_id, webhook_id, due_at, delivery_id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (tenant_id, created_at);
