-- +goose Up
-- Messages that callers left for a user whose phone nobody picked up. The message itself is a recording of the
-- interaction; one that was left for a queue is that queue's work and has no row here.
CREATE TABLE voicemails (
    tenant_id      TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    user_id        TEXT   NOT NULL,
    left_at        BIGINT NOT NULL,
    heard_at       BIGINT NOT NULL,
    deleted_at     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id)
);
CREATE INDEX voicemails_of ON voicemails (tenant_id, user_id, left_at);
-- Whose mailbox a call came to; '' of every other.
ALTER TABLE interactions ADD COLUMN mailbox TEXT NOT NULL DEFAULT '';
CREATE INDEX voicemails_deleted ON voicemails (tenant_id, deleted_at) WHERE deleted_at > 0;
