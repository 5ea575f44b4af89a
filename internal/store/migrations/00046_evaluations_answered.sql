-- +goose Up
-- Until when an agent may answer to an evaluation of its work, and hears the recording for it; 0: there is nothing to answer.
ALTER TABLE evaluations ADD COLUMN answer_until BIGINT NOT NULL DEFAULT 0;
-- What was completed before has 30 days since then.
UPDATE evaluations SET answer_until = completed_at + 2592000000000 WHERE state IN ('completed', 'settled') AND origin <> 'calibration';
CREATE INDEX evaluations_answer ON evaluations (tenant_id, agent_id, answer_until) WHERE answer_until > 0;
-- An export goes on after what it had last.
DROP INDEX evaluations_scored;
CREATE INDEX evaluations_scored ON evaluations (tenant_id, completed_at, evaluation_id) WHERE completed_at > 0;
