-- +goose Up
-- Types are PostgreSQL's. For SQLite BIGINT becomes INTEGER, BYTEA becomes BLOB, and tables become STRICT;
-- /*sqlite … sqlite*/ is uncommented there. For PostgreSQL TEXT gets the order of its bytes, as in SQLite.
-- Times are UTC microseconds since 1970; 0 means "not yet". Columns named *_sealed hold only what vault sealed.
-- tenant_id is the organisation that owns the row and comes first in every key.

CREATE TABLE organisations (
    tenant_id    TEXT   NOT NULL PRIMARY KEY,
    kind         TEXT   NOT NULL CHECK (kind IN ('operator', 'reseller', 'tenant')),
    parent_id    TEXT   NOT NULL,
    slug         TEXT   NOT NULL UNIQUE,
    name         TEXT   NOT NULL,
    status       TEXT   NOT NULL CHECK (status IN ('active', 'suspended', 'closed')),
    language     TEXT   NOT NULL,
    time_zone    TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL
);

CREATE TABLE users (
    tenant_id      TEXT   NOT NULL REFERENCES organisations (tenant_id),
    user_id        TEXT   NOT NULL,
    user_name      TEXT   NOT NULL,
    user_name_key  TEXT   NOT NULL,
    status         TEXT   NOT NULL CHECK (status IN ('active', 'locked', 'deleted')),
    roles          TEXT   NOT NULL,
    skills         TEXT   NOT NULL,
    capacity       TEXT   NOT NULL,
    profile_sealed BYTEA  NOT NULL,
    password_hash  TEXT   NOT NULL,
    must_change    BIGINT NOT NULL,
    failures       BIGINT NOT NULL,
    failing_since  BIGINT NOT NULL,
    locked_until   BIGINT NOT NULL,
    language       TEXT   NOT NULL,
    signed_in_at   BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    UNIQUE (tenant_id, user_name_key)
);

CREATE TABLE sessions (
    tenant_id   TEXT   NOT NULL,
    session_id  TEXT   NOT NULL,
    user_id     TEXT   NOT NULL,
    token_hash  BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE UNIQUE INDEX sessions_token ON sessions (tenant_id, token_hash);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);

CREATE TABLE api_keys (
    tenant_id   TEXT   NOT NULL REFERENCES organisations (tenant_id),
    key_id      TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    token_hash  BYTEA  NOT NULL,
    roles       TEXT   NOT NULL,
    scopes      TEXT   NOT NULL,
    created_by  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT NOT NULL,
    revoked_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key_id)
);
CREATE UNIQUE INDEX api_keys_token ON api_keys (tenant_id, token_hash);

-- What an administrator sets up: one row per object, its body checked by core/setup.
CREATE TABLE setup (
    tenant_id   TEXT   NOT NULL REFERENCES organisations (tenant_id),
    kind        TEXT   NOT NULL,
    object_id   TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    position    BIGINT NOT NULL,
    archived_at BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, object_id)
);

-- Every version of what must stay as evidence (consent texts) or be rolled back (flows).
CREATE TABLE setup_versions (
    tenant_id   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    object_id   TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    body        TEXT   NOT NULL,
    changed_by  TEXT   NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, object_id, version),
    FOREIGN KEY (tenant_id, kind, object_id) REFERENCES setup (tenant_id, kind, object_id)
);

CREATE TABLE contacts (
    tenant_id      TEXT   NOT NULL REFERENCES organisations (tenant_id),
    contact_id     TEXT   NOT NULL,
    profile_sealed BYTEA  NOT NULL,
    language       TEXT   NOT NULL,
    restricted_at  BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    seen_at        BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, contact_id)
);
CREATE INDEX contacts_seen ON contacts (tenant_id, seen_at);

CREATE TABLE contact_addresses (
    tenant_id      TEXT   NOT NULL,
    contact_id     TEXT   NOT NULL,
    kind           TEXT   NOT NULL CHECK (kind IN ('phone', 'email', 'social', 'visitor')),
    address_index  BYTEA  NOT NULL,
    address_sealed BYTEA  NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, address_index),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, contact_id)
);
CREATE INDEX contact_addresses_contact ON contact_addresses (tenant_id, contact_id);

CREATE TABLE consents (
    tenant_id       TEXT   NOT NULL,
    consent_id      TEXT   NOT NULL,
    contact_id      TEXT   NOT NULL,
    interaction_id  TEXT   NOT NULL,
    purpose         TEXT   NOT NULL,
    consent_text_id TEXT   NOT NULL,
    text_version    BIGINT NOT NULL,
    language        TEXT   NOT NULL,
    given_at        BIGINT NOT NULL,
    withdrawn_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, consent_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, contact_id)
);
CREATE INDEX consents_contact ON consents (tenant_id, contact_id);

-- left_at: when the person left. erased_at: when retention erased the conversation and only the record stayed.
CREATE TABLE interactions (
    tenant_id       TEXT   NOT NULL REFERENCES organisations (tenant_id),
    interaction_id  TEXT   NOT NULL,
    channel         TEXT   NOT NULL,
    entry_point_id  TEXT   NOT NULL,
    flow_id         TEXT   NOT NULL,
    flow_version    BIGINT NOT NULL,
    flow_sealed     BYTEA  NOT NULL,
    contact_id      TEXT   NOT NULL,
    name_sealed     BYTEA  NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('arriving', 'in_flow', 'queued', 'offered', 'active', 'held', 'wrapping', 'closed')),
    close_reason    TEXT   NOT NULL,
    queue_id        TEXT   NOT NULL,
    agent_id        TEXT   NOT NULL,
    preferred_id    TEXT   NOT NULL,
    only_preferred  BIGINT NOT NULL,
    priority        BIGINT NOT NULL,
    needs           TEXT   NOT NULL,
    language        TEXT   NOT NULL,
    disposition_id  TEXT   NOT NULL,
    labels          TEXT   NOT NULL,
    rating          BIGINT NOT NULL,
    left_message    BIGINT NOT NULL,
    consulted       TEXT   NOT NULL,
    front           BIGINT NOT NULL,
    extended        BIGINT NOT NULL,
    arrived_at      BIGINT NOT NULL,
    queued_at       BIGINT NOT NULL,
    place           BIGINT NOT NULL,
    offered_at      BIGINT NOT NULL,
    answered_at     BIGINT NOT NULL,
    wrap_from       BIGINT NOT NULL,
    wrap_until      BIGINT NOT NULL,
    left_at         BIGINT NOT NULL,
    closed_at       BIGINT NOT NULL,
    erased_at       BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, contact_id)
);
CREATE INDEX interactions_open ON interactions (tenant_id, arrived_at, interaction_id) WHERE closed_at = 0;
CREATE INDEX interactions_arrived ON interactions (tenant_id, arrived_at, interaction_id);
CREATE INDEX interactions_closed ON interactions (tenant_id, closed_at) WHERE closed_at > 0;
CREATE INDEX interactions_kept ON interactions (tenant_id, closed_at) WHERE closed_at > 0 AND erased_at = 0;
CREATE INDEX interactions_contact ON interactions (tenant_id, contact_id, arrived_at, interaction_id);
CREATE INDEX interactions_agent ON interactions (tenant_id, agent_id, arrived_at, interaction_id);
CREATE INDEX interactions_queue ON interactions (tenant_id, queue_id, arrived_at, interaction_id);

CREATE TABLE segments (
    tenant_id      TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    number         BIGINT NOT NULL,
    holder_kind    TEXT   NOT NULL CHECK (holder_kind IN ('flow', 'queue', 'agent')),
    holder_id      TEXT   NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    cause          TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id, number),
    FOREIGN KEY (tenant_id, interaction_id) REFERENCES interactions (tenant_id, interaction_id)
)/*sqlite  WITHOUT ROWID sqlite*/;
CREATE INDEX segments_holder ON segments (tenant_id, holder_kind, holder_id, started_at);

CREATE TABLE offers (
    tenant_id      TEXT   NOT NULL,
    offer_id       TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    user_id        TEXT   NOT NULL,
    queue_id       TEXT   NOT NULL,
    offered_at     BIGINT NOT NULL,
    deadline       BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    outcome        TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, offer_id),
    FOREIGN KEY (tenant_id, interaction_id) REFERENCES interactions (tenant_id, interaction_id)
);
CREATE INDEX offers_interaction ON offers (tenant_id, interaction_id);
-- Never two agents for one interaction: the database refuses it as well.
CREATE UNIQUE INDEX offers_pending ON offers (tenant_id, interaction_id) WHERE ended_at = 0;

CREATE TABLE agents (
    tenant_id   TEXT   NOT NULL,
    user_id     TEXT   NOT NULL,
    presence    TEXT   NOT NULL,
    reason_id   TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    idle_since  BIGINT NOT NULL,
    missed      BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);

CREATE TABLE agent_states (
    tenant_id   TEXT   NOT NULL,
    user_id     TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    presence    TEXT   NOT NULL,
    reason_id   TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, user_id, since)
);

-- Chat: one row per conversation, beside its interaction.
CREATE TABLE chats (
    tenant_id        TEXT   NOT NULL,
    interaction_id   TEXT   NOT NULL,
    token_hash       BYTEA  NOT NULL,
    last_seq         BIGINT NOT NULL,
    visitor_got_seq  BIGINT NOT NULL,
    visitor_read_seq BIGINT NOT NULL,
    agent_read_seq   BIGINT NOT NULL,
    visitor_seen_at  BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    survey_sealed    BYTEA  NOT NULL,
    indexed          BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id),
    FOREIGN KEY (tenant_id, interaction_id) REFERENCES interactions (tenant_id, interaction_id)
);
CREATE UNIQUE INDEX chats_token ON chats (tenant_id, token_hash);
-- indexed: 0 the words stand with the messages, 1 closed and waiting to enter message_tokens, 2 there.
CREATE INDEX chats_talking ON chats (tenant_id, interaction_id) WHERE indexed < 2;
CREATE INDEX chats_waiting ON chats (tenant_id, interaction_id) WHERE indexed = 1;

CREATE TABLE messages (
    tenant_id      TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    seq            BIGINT NOT NULL,
    message_id     TEXT   NOT NULL,
    author_kind    TEXT   NOT NULL CHECK (author_kind IN ('visitor', 'agent', 'bot', 'system')),
    author_id      TEXT   NOT NULL,
    kind           TEXT   NOT NULL CHECK (kind IN ('text', 'note', 'attachment', 'buttons', 'form', 'event')),
    client_id      TEXT   NOT NULL,
    body_sealed    BYTEA  NOT NULL,
    tokens         BYTEA  NOT NULL,
    at             BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, interaction_id, seq),
    FOREIGN KEY (tenant_id, interaction_id) REFERENCES interactions (tenant_id, interaction_id)
);
-- A repeated send (same client_id) is the same message.
CREATE UNIQUE INDEX messages_client ON messages (tenant_id, interaction_id, author_id, client_id) WHERE client_id <> '';

-- Keyed tokens of a closed conversation's words; tells nothing without the tenant's key. messages.tokens has them too,
-- and says which rows to remove: there is no key by interaction here.
CREATE TABLE message_tokens (
    tenant_id      TEXT   NOT NULL,
    token          BYTEA  NOT NULL,
    interaction_id TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, token, interaction_id)
)/*sqlite  WITHOUT ROWID sqlite*/;

CREATE TABLE attachments (
    tenant_id      TEXT   NOT NULL,
    attachment_id  TEXT   NOT NULL,
    interaction_id TEXT   NOT NULL,
    author_kind    TEXT   NOT NULL,
    author_id      TEXT   NOT NULL,
    name_sealed    BYTEA  NOT NULL,
    media_type     TEXT   NOT NULL,
    size           BIGINT NOT NULL,
    blob_key       TEXT   NOT NULL,
    seq            BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, attachment_id),
    FOREIGN KEY (tenant_id, interaction_id) REFERENCES interactions (tenant_id, interaction_id)
);
CREATE INDEX attachments_interaction ON attachments (tenant_id, interaction_id);
CREATE INDEX attachments_unsent ON attachments (tenant_id, created_at) WHERE seq = 0;

CREATE TABLE audit (
    tenant_id   TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    actor_kind  TEXT   NOT NULL,
    actor_id    TEXT   NOT NULL,
    action      TEXT   NOT NULL,
    object_kind TEXT   NOT NULL,
    object_id   TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    prev_hash   BYTEA  NOT NULL,
    hash        BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_object ON audit (tenant_id, object_id, seq);

-- The end of each tenant's chain: it orders those who append, and shows when the last rows are missing.
CREATE TABLE audit_heads (
    tenant_id   TEXT   NOT NULL,
    seq         BIGINT NOT NULL,
    hash        BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- Side effects that must happen, inserted in the transaction that wants them.
CREATE TABLE jobs (
    tenant_id    TEXT   NOT NULL,
    job_id       TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    object_id    TEXT   NOT NULL,
    run_at       BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    last_error   TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, job_id)
);
CREATE INDEX jobs_due ON jobs (run_at);

CREATE TABLE idempotency (
    tenant_id   TEXT   NOT NULL,
    actor_id    TEXT   NOT NULL,
    key_hash    BYTEA  NOT NULL,
    request_hash BYTEA NOT NULL,
    status      BIGINT NOT NULL,
    reply_sealed BYTEA NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, actor_id, key_hash)
);
CREATE INDEX idempotency_age ON idempotency (tenant_id, created_at);

-- Who owns a tenant's floor. fence grows by one at each change of holder; every write of the floor checks it.
CREATE TABLE leases (
    tenant_id  TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    holder     TEXT   NOT NULL,
    fence      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- +goose Down
-- Migrations only go forward.
