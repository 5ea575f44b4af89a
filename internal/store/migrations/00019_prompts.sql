-- +goose Up
-- The sound of a prompt: which file it is, what its level check found, whether it is made right.
CREATE TABLE prompt_sounds (
    tenant_id  TEXT   NOT NULL,
    prompt_id  TEXT   NOT NULL,
    sound_id   TEXT   NOT NULL,
    size       BIGINT NOT NULL,
    facts      TEXT   NOT NULL,
    made_right BIGINT NOT NULL,
    set_by     TEXT   NOT NULL,
    set_at     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, prompt_id)
);
