-- +goose Up
-- Who is in a contact list (ADR 0065). The number stands with the contact; here is its blind index.
CREATE TABLE list_contacts (
    tenant_id     TEXT   NOT NULL,
    entry_id      TEXT   NOT NULL,
    list_id       TEXT   NOT NULL,
    seq           BIGINT NOT NULL,
    contact_id    TEXT   NOT NULL,
    address_index BYTEA  NOT NULL,
    time_zone     TEXT   NOT NULL,
    added_at      BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, entry_id),
    UNIQUE (tenant_id, list_id, seq),
    UNIQUE (tenant_id, list_id, contact_id)
);
CREATE INDEX list_contacts_of ON list_contacts (tenant_id, contact_id, list_id);

-- How each of them stands in a campaign. A row comes to be when the campaign gets that far in its lists.
CREATE TABLE campaign_contacts (
    tenant_id      TEXT   NOT NULL,
    campaign_id    TEXT   NOT NULL,
    entry_id       TEXT   NOT NULL,
    list_id        TEXT   NOT NULL,
    seq            BIGINT NOT NULL,
    place          BIGINT NOT NULL,
    contact_id     TEXT   NOT NULL,
    time_zone      TEXT   NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('pending', 'claimed', 'dialing', 'retry_at', 'done', 'excluded')),
    reason         TEXT   NOT NULL,
    agent_id       TEXT   NOT NULL,
    until          BIGINT NOT NULL,
    due_at         BIGINT NOT NULL,
    attempts       BIGINT NOT NULL,
    outcome        TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    again_at       BIGINT NOT NULL,
    again_own      BIGINT NOT NULL,
    changed_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, entry_id)
);
CREATE INDEX campaign_contacts_next ON campaign_contacts (tenant_id, campaign_id, time_zone, state, due_at, place);
CREATE INDEX campaign_contacts_list ON campaign_contacts (tenant_id, campaign_id, list_id, seq);
CREATE INDEX campaign_contacts_of ON campaign_contacts (tenant_id, contact_id, campaign_id, entry_id);
CREATE INDEX campaign_contacts_entry ON campaign_contacts (tenant_id, entry_id);
CREATE INDEX campaign_contacts_call ON campaign_contacts (tenant_id, interaction_id);
CREATE INDEX campaign_contacts_held ON campaign_contacts (tenant_id, state, agent_id);

-- Numbers that campaigns do not call: blind indexes alone, which nobody can read back (ADR 0066).
CREATE TABLE do_not_call (
    tenant_id     TEXT   NOT NULL,
    address_index BYTEA  NOT NULL,
    added_at      BIGINT NOT NULL,
    added_by      TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, address_index)
);
