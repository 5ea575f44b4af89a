-- +goose Up
-- How far each folder of a mailbox at its provider is done; see core/mailbox.
CREATE TABLE email_folders (
    tenant_id  TEXT   NOT NULL,
    mailbox_id TEXT   NOT NULL,
    folder     TEXT   NOT NULL,
    validity   BIGINT NOT NULL,
    from_uid   BIGINT NOT NULL,
    since      BIGINT NOT NULL,
    anew       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, mailbox_id, folder)
);
-- Where the message of an interaction is at its provider, and by what it is known again. The message itself is never stored.
CREATE TABLE emails (
    tenant_id      TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    identity       BYTEA  NOT NULL,
    mailbox_id     TEXT   NOT NULL,
    folder         TEXT   NOT NULL,
    validity       BIGINT NOT NULL,
    uid            BIGINT NOT NULL,
    automatic      TEXT   NOT NULL,
    answers        TEXT   NOT NULL,
    done_at        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id)
);
-- A message is work once, in whatever mailbox it turns up.
CREATE UNIQUE INDEX emails_known ON emails (tenant_id, identity);
CREATE INDEX emails_open ON emails (tenant_id, mailbox_id) WHERE done_at = 0;
-- Answers: that one was begun is stored before the provider is asked, so that none is sent twice.
CREATE TABLE email_sends (
    tenant_id      TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    client_id      TEXT   NOT NULL,
    user_id        TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    begun_at       BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id, client_id)
);
