-- +goose Up
-- The sums of an organisation's days by month, so that a list of many organisations, their sums and their order come from
-- one row of each. What it had on the last day of them is in last_. Their month comes first: a list is about one month.
CREATE TABLE usage_months (
    tenant_id          TEXT   NOT NULL,
    month              TEXT   NOT NULL,
    agents             BIGINT NOT NULL,
    numbers            BIGINT NOT NULL,
    storage_bytes      BIGINT NOT NULL,
    voice              BIGINT NOT NULL,
    chat               BIGINT NOT NULL,
    email              BIGINT NOT NULL,
    call_seconds_in    BIGINT NOT NULL,
    call_seconds_out   BIGINT NOT NULL,
    recorded_seconds   BIGINT NOT NULL,
    last_day           TEXT   NOT NULL,
    last_agents        BIGINT NOT NULL,
    last_numbers       BIGINT NOT NULL,
    last_storage_bytes BIGINT NOT NULL,
    PRIMARY KEY (month, tenant_id)
)/*sqlite  WITHOUT ROWID sqlite*/;
CREATE INDEX usage_months_of ON usage_months (tenant_id, month);

INSERT INTO usage_months (tenant_id, month, agents, numbers, storage_bytes, voice, chat, email, call_seconds_in, call_seconds_out, recorded_seconds,
    last_day, last_agents, last_numbers, last_storage_bytes)
SELECT m.tenant_id, m.month, m.agents, m.numbers, m.storage_bytes, m.voice, m.chat, m.email, m.call_seconds_in, m.call_seconds_out, m.recorded_seconds,
    d.day, d.agents, d.numbers, d.storage_bytes
FROM (SELECT tenant_id, substr(day, 1, 7) AS month, max(day) AS day, max(agents) AS agents, max(numbers) AS numbers, max(storage_bytes) AS storage_bytes,
        sum(voice) AS voice, sum(chat) AS chat, sum(email) AS email, sum(call_seconds_in) AS call_seconds_in, sum(call_seconds_out) AS call_seconds_out,
        sum(recorded_seconds) AS recorded_seconds FROM usage_days GROUP BY tenant_id, substr(day, 1, 7)) m
    JOIN usage_days d ON d.tenant_id = m.tenant_id AND d.day = m.day;
