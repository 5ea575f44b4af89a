-- +goose Up
-- To whom the receipt of an email was acknowledged, so that nobody is written to by a machine twice a day. sender is a keyed digest of the address.
CREATE TABLE email_acknowledgements (
    tenant_id      TEXT   NOT NULL,
    sender         BYTEA  NOT NULL,
    interaction_id TEXT   NOT NULL,
    sent_at        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, sender)
);
CREATE INDEX email_acknowledgements_of ON email_acknowledgements (tenant_id, interaction_id);
CREATE INDEX email_acknowledgements_sent ON email_acknowledgements (tenant_id, sent_at);
