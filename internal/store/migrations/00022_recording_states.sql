-- +goose Up
-- How the recording of an interaction stands: who began, paused or stopped it, and what its person was told and
-- agreed to. It is there from the first such decision on, and goes with the interaction.
CREATE TABLE recording_states (
    tenant_id      TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    started        BIGINT NOT NULL,
    paused         BIGINT NOT NULL,
    stopped        BIGINT NOT NULL,
    refused        BIGINT NOT NULL,
    by_id          TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    changed_at     BIGINT NOT NULL,
    agreed         TEXT   NOT NULL,
    told           TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id)
);
