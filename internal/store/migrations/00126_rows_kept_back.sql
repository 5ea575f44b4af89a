-- +goose Up
-- On PostgreSQL 00046 and 00105 changed no row of an installation that had some: the tables' owner, as whom migrations ran, did not see them.
-- What they left is done here. Who completed an evaluation since has noted until when it may be answered, and when it was.
UPDATE evaluations SET answer_until = completed_at + 2592000000000
    WHERE answer_until = 0 AND answered_at = 0 AND completed_at > 0 AND state IN ('completed', 'settled') AND origin <> 'calibration';
-- Whom a directory removed before 00105, and nobody touched since: who was changed later may have been opened, and locked by hand. SQLite kept
-- nothing back; there no row is meant.
UPDATE provisioned_users SET locked_at = gone_at
    WHERE locked_at = 0 AND gone_at > 0 /*sqlite AND gone_at < 0 sqlite*/ /*pg AND gone_at < (SELECT CAST(extract(epoch FROM min(tstamp)) * 1000000 AS BIGINT) FROM schema_versions WHERE version_id = 105) pg*/
    AND EXISTS (SELECT 1 FROM users u WHERE u.tenant_id = provisioned_users.tenant_id AND u.user_id = provisioned_users.user_id AND u.status = 'locked' AND u.updated_at <= provisioned_users.gone_at + 60000000);
