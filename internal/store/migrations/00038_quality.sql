-- +goose Up
-- Evaluations of recordings: who evaluates whose, with which version of a form, and what it came to. words_sealed is what
-- is said about it (comments at moments, the agent's answer), under the contact's key, since it tells of the call.
CREATE TABLE evaluations (
    tenant_id      TEXT   NOT NULL,
    evaluation_id  TEXT   NOT NULL,
    form_id        TEXT   NOT NULL,
    form_version   BIGINT NOT NULL,
    recording_id   TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    agent_id       TEXT   NOT NULL,
    evaluator_id   TEXT   NOT NULL,
    origin         TEXT   NOT NULL,
    sample_id      TEXT   NOT NULL,
    week           TEXT   NOT NULL,
    calibration_id TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    answers        TEXT   NOT NULL,
    score          BIGINT NOT NULL,
    passed         BIGINT NOT NULL,
    fatal          BIGINT NOT NULL,
    words_sealed   BYTEA  NOT NULL,
    assigned_by    TEXT   NOT NULL,
    assigned_at    BIGINT NOT NULL,
    completed_at   BIGINT NOT NULL,
    answered_at    BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, evaluation_id)
);
CREATE INDEX evaluations_in ON evaluations (tenant_id, interaction_id);
CREATE INDEX evaluations_newest ON evaluations (tenant_id, assigned_at, evaluation_id);
CREATE INDEX evaluations_of ON evaluations (tenant_id, agent_id, assigned_at, evaluation_id);
CREATE INDEX evaluations_by ON evaluations (tenant_id, evaluator_id, state);
CREATE INDEX evaluations_scored ON evaluations (tenant_id, completed_at) WHERE completed_at > 0;
CREATE INDEX evaluations_calibrate ON evaluations (tenant_id, calibration_id, evaluator_id);
-- A conversation is drawn once, whatever the rule and the week.
CREATE UNIQUE INDEX evaluations_drawn ON evaluations (tenant_id, interaction_id) WHERE origin = 'sample';
CREATE INDEX evaluations_week ON evaluations (tenant_id, sample_id, week) WHERE origin = 'sample';

-- Calibrations: several evaluate one recording without seeing each other's answers until it has ended.
CREATE TABLE calibrations (
    tenant_id      TEXT   NOT NULL,
    calibration_id TEXT   NOT NULL,
    form_id        TEXT   NOT NULL,
    form_version   BIGINT NOT NULL,
    recording_id   TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    agent_id       TEXT   NOT NULL,
    begun_by       TEXT   NOT NULL,
    begun_at       BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, calibration_id)
);
CREATE INDEX calibrations_in ON calibrations (tenant_id, interaction_id);
CREATE INDEX calibrations_newest ON calibrations (tenant_id, begun_at, calibration_id);

-- What sampling draws from: recordings that ended in a week.
CREATE INDEX recordings_ended ON recordings (tenant_id, ended_at);
