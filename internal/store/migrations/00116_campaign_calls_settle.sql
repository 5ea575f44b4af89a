-- +goose Up
-- Who had agreed to call a contact keeps it, also when another agent looked at it.
ALTER TABLE campaign_contacts ADD COLUMN kept_for TEXT NOT NULL DEFAULT '';

-- Progress is read from the index alone.
CREATE INDEX campaign_contacts_count ON campaign_contacts (tenant_id, campaign_id, state, reason, outcome, attempts);

-- Calls that nobody asked about so far come to their end as those do from now on (ADR 0080).
INSERT INTO jobs (tenant_id, job_id, kind, object_id, run_at, attempts, locked_until, last_error, created_at)
    SELECT tenant_id, 'job_' || campaign_id || entry_id, 'campaign.settle', interaction_id, 0, 0, 0, '', 0 FROM campaign_contacts WHERE state = 'dialing' AND interaction_id <> '';
