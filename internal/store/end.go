package store

import "nubitalk/internal/base/errs"

// tenantTable is how the end of an organisation empties a table: a part at a
// time, so that nobody else waits long for the database.
type tenantTable struct{ name, part string }

// tenantTables are all tables that hold a tenant's rows, those that point at
// others first. organisations itself stays: it says that the organisation ended.
// So do usage_days and usage_months, whose amounts are accounted for afterwards,
// and organisation_ends, which has the certificate.
var tenantTables = []tenantTable{
	{"message_tokens", `DELETE FROM message_tokens WHERE tenant_id = $1 AND token IN (SELECT token FROM message_tokens WHERE tenant_id = $1 ORDER BY token LIMIT $2)`},
	{"messages", `DELETE FROM messages WHERE tenant_id = $1 AND interaction_id IN (SELECT interaction_id FROM messages WHERE tenant_id = $1 ORDER BY interaction_id LIMIT $2)`},
	{"attachments", `DELETE FROM attachments WHERE tenant_id = $1 AND attachment_id IN (SELECT attachment_id FROM attachments WHERE tenant_id = $1 ORDER BY attachment_id LIMIT $2)`},
	{"recording_entries", `DELETE FROM recording_entries WHERE tenant_id = $1 AND recording_id IN (SELECT recording_id FROM recording_entries WHERE tenant_id = $1 ORDER BY recording_id LIMIT $2)`},
	{"field_values", `DELETE FROM field_values WHERE tenant_id = $1 AND object_id IN (SELECT object_id FROM field_values WHERE tenant_id = $1 ORDER BY entity, object_id LIMIT $2)`},
	{"campaign_contacts", `DELETE FROM campaign_contacts WHERE tenant_id = $1 AND entry_id IN (SELECT entry_id FROM campaign_contacts WHERE tenant_id = $1 ORDER BY entry_id LIMIT $2)`},
	{"list_contacts", `DELETE FROM list_contacts WHERE tenant_id = $1 AND entry_id IN (SELECT entry_id FROM list_contacts WHERE tenant_id = $1 ORDER BY entry_id LIMIT $2)`},
	{"do_not_call", `DELETE FROM do_not_call WHERE tenant_id = $1 AND address_index IN (SELECT address_index FROM do_not_call WHERE tenant_id = $1 ORDER BY address_index LIMIT $2)`},
	{"recordings", `DELETE FROM recordings WHERE tenant_id = $1 AND recording_id IN (SELECT recording_id FROM recordings WHERE tenant_id = $1 ORDER BY recording_id LIMIT $2)`},
	{"recording_holds", `DELETE FROM recording_holds WHERE tenant_id = $1 AND hold_id IN (SELECT hold_id FROM recording_holds WHERE tenant_id = $1 ORDER BY hold_id LIMIT $2)`},
	{"recording_shares", `DELETE FROM recording_shares WHERE tenant_id = $1 AND share_id IN (SELECT share_id FROM recording_shares WHERE tenant_id = $1 ORDER BY share_id LIMIT $2)`},
	{"evaluations", `DELETE FROM evaluations WHERE tenant_id = $1 AND evaluation_id IN (SELECT evaluation_id FROM evaluations WHERE tenant_id = $1 ORDER BY evaluation_id LIMIT $2)`},
	{"calibrations", `DELETE FROM calibrations WHERE tenant_id = $1 AND calibration_id IN (SELECT calibration_id FROM calibrations WHERE tenant_id = $1 ORDER BY calibration_id LIMIT $2)`},
	{"recording_states", `DELETE FROM recording_states WHERE tenant_id = $1 AND interaction_id IN (SELECT interaction_id FROM recording_states WHERE tenant_id = $1 ORDER BY interaction_id LIMIT $2)`},
	{"voicemails", `DELETE FROM voicemails WHERE tenant_id = $1 AND interaction_id IN (SELECT interaction_id FROM voicemails WHERE tenant_id = $1 ORDER BY interaction_id LIMIT $2)`},
	{"email_sends", `DELETE FROM email_sends WHERE tenant_id = $1 AND interaction_id IN (SELECT interaction_id FROM email_sends WHERE tenant_id = $1 ORDER BY interaction_id LIMIT $2)`},
	{"email_acknowledgements", `DELETE FROM email_acknowledgements WHERE tenant_id = $1 AND sender IN (SELECT sender FROM email_acknowledgements WHERE tenant_id = $1 ORDER BY sender LIMIT $2)`},
	{"emails", `DELETE FROM emails WHERE tenant_id = $1 AND interaction_id IN (SELECT interaction_id FROM emails WHERE tenant_id = $1 ORDER BY interaction_id LIMIT $2)`},
	{"email_folders", `DELETE FROM email_folders WHERE tenant_id = $1 AND mailbox_id IN (SELECT mailbox_id FROM email_folders WHERE tenant_id = $1 ORDER BY mailbox_id LIMIT $2)`},
	{"chats", `DELETE FROM chats WHERE tenant_id = $1 AND interaction_id IN (SELECT interaction_id FROM chats WHERE tenant_id = $1 ORDER BY interaction_id LIMIT $2)`},
	{"offers", `DELETE FROM offers WHERE tenant_id = $1 AND offer_id IN (SELECT offer_id FROM offers WHERE tenant_id = $1 ORDER BY offer_id LIMIT $2)`},
	{"segments", `DELETE FROM segments WHERE tenant_id = $1 AND interaction_id IN (SELECT interaction_id FROM segments WHERE tenant_id = $1 ORDER BY interaction_id LIMIT $2)`},
	{"call_legs", `DELETE FROM call_legs WHERE tenant_id = $1 AND leg_id IN (SELECT leg_id FROM call_legs WHERE tenant_id = $1 ORDER BY leg_id LIMIT $2)`},
	{"interactions", `DELETE FROM interactions WHERE tenant_id = $1 AND interaction_id IN (SELECT interaction_id FROM interactions WHERE tenant_id = $1 ORDER BY interaction_id LIMIT $2)`},
	{"consents", `DELETE FROM consents WHERE tenant_id = $1 AND consent_id IN (SELECT consent_id FROM consents WHERE tenant_id = $1 ORDER BY consent_id LIMIT $2)`},
	{"contact_addresses", `DELETE FROM contact_addresses WHERE tenant_id = $1 AND contact_id IN (SELECT contact_id FROM contact_addresses WHERE tenant_id = $1 ORDER BY contact_id LIMIT $2)`},
	{"contacts", `DELETE FROM contacts WHERE tenant_id = $1 AND contact_id IN (SELECT contact_id FROM contacts WHERE tenant_id = $1 ORDER BY contact_id LIMIT $2)`},
	{"agents", `DELETE FROM agents WHERE tenant_id = $1 AND user_id IN (SELECT user_id FROM agents WHERE tenant_id = $1 ORDER BY user_id LIMIT $2)`},
	{"agent_states", `DELETE FROM agent_states WHERE tenant_id = $1 AND user_id IN (SELECT user_id FROM agent_states WHERE tenant_id = $1 ORDER BY user_id LIMIT $2)`},
	{"office_calls", `DELETE FROM office_calls WHERE tenant_id = $1 AND call_id IN (SELECT call_id FROM office_calls WHERE tenant_id = $1 ORDER BY call_id LIMIT $2)`},
	{"forwards", `DELETE FROM forwards WHERE tenant_id = $1 AND phone_id IN (SELECT phone_id FROM forwards WHERE tenant_id = $1 ORDER BY phone_id LIMIT $2)`},
	{"greetings", `DELETE FROM greetings WHERE tenant_id = $1 AND user_id IN (SELECT user_id FROM greetings WHERE tenant_id = $1 ORDER BY user_id LIMIT $2)`},
	{"photos", `DELETE FROM photos WHERE tenant_id = $1 AND user_id IN (SELECT user_id FROM photos WHERE tenant_id = $1 ORDER BY user_id LIMIT $2)`},
	{"support_grants", `DELETE FROM support_grants WHERE tenant_id = $1 AND grant_id IN (SELECT grant_id FROM support_grants WHERE tenant_id = $1 ORDER BY grant_id LIMIT $2)`},
	{"sign_up_links", `DELETE FROM sign_up_links WHERE tenant_id = $1 AND link_id IN (SELECT link_id FROM sign_up_links WHERE tenant_id = $1 ORDER BY link_id LIMIT $2)`},
	{"brands", `DELETE FROM brands WHERE tenant_id = $1 AND tenant_id IN (SELECT tenant_id FROM brands WHERE tenant_id = $1 LIMIT $2)`},
	{"sample_objects", `DELETE FROM sample_objects WHERE tenant_id = $1 AND object_id IN (SELECT object_id FROM sample_objects WHERE tenant_id = $1 ORDER BY object_id LIMIT $2)`},
	{"alerts", `DELETE FROM alerts WHERE tenant_id = $1 AND alert_id IN (SELECT alert_id FROM alerts WHERE tenant_id = $1 ORDER BY alert_id LIMIT $2)`},
	{"webhook_deliveries", `DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND delivery_id IN (SELECT delivery_id FROM webhook_deliveries WHERE tenant_id = $1 ORDER BY delivery_id LIMIT $2)`},
	{"security_alerts", `DELETE FROM security_alerts WHERE tenant_id = $1 AND alert_id IN (SELECT alert_id FROM security_alerts WHERE tenant_id = $1 ORDER BY alert_id LIMIT $2)`},
	{"organisation_exports", `DELETE FROM organisation_exports WHERE tenant_id = $1 AND export_id IN (SELECT export_id FROM organisation_exports WHERE tenant_id = $1 ORDER BY export_id LIMIT $2)`},
	{"sign_ons", `DELETE FROM sign_ons WHERE tenant_id = $1 AND tenant_id IN (SELECT tenant_id FROM sign_ons WHERE tenant_id = $1 LIMIT $2)`},
	{"provisionings", `DELETE FROM provisionings WHERE tenant_id = $1 AND tenant_id IN (SELECT tenant_id FROM provisionings WHERE tenant_id = $1 LIMIT $2)`},
	{"provisioned_members", `DELETE FROM provisioned_members WHERE tenant_id = $1 AND group_id IN (SELECT group_id FROM provisioned_members WHERE tenant_id = $1 ORDER BY group_id LIMIT $2)`},
	{"provisioned_groups", `DELETE FROM provisioned_groups WHERE tenant_id = $1 AND group_id IN (SELECT group_id FROM provisioned_groups WHERE tenant_id = $1 ORDER BY group_id LIMIT $2)`},
	{"provisioned_users", `DELETE FROM provisioned_users WHERE tenant_id = $1 AND user_id IN (SELECT user_id FROM provisioned_users WHERE tenant_id = $1 ORDER BY user_id LIMIT $2)`},
	{"identities", `DELETE FROM identities WHERE tenant_id = $1 AND subject IN (SELECT subject FROM identities WHERE tenant_id = $1 ORDER BY subject LIMIT $2)`},
	{"factors", `DELETE FROM factors WHERE tenant_id = $1 AND factor_id IN (SELECT factor_id FROM factors WHERE tenant_id = $1 ORDER BY factor_id LIMIT $2)`},
	{"spent_challenges", `DELETE FROM spent_challenges WHERE tenant_id = $1 AND challenge IN (SELECT challenge FROM spent_challenges WHERE tenant_id = $1 ORDER BY challenge LIMIT $2)`},
	{"sessions", `DELETE FROM sessions WHERE tenant_id = $1 AND session_id IN (SELECT session_id FROM sessions WHERE tenant_id = $1 ORDER BY session_id LIMIT $2)`},
	{"api_keys", `DELETE FROM api_keys WHERE tenant_id = $1 AND key_id IN (SELECT key_id FROM api_keys WHERE tenant_id = $1 ORDER BY key_id LIMIT $2)`},
	{"roles", `DELETE FROM roles WHERE tenant_id = $1 AND role_id IN (SELECT role_id FROM roles WHERE tenant_id = $1 ORDER BY role_id LIMIT $2)`},
	{"idempotency", `DELETE FROM idempotency WHERE tenant_id = $1 AND actor_id IN (SELECT actor_id FROM idempotency WHERE tenant_id = $1 ORDER BY actor_id LIMIT $2)`},
	{"setup_versions", `DELETE FROM setup_versions WHERE tenant_id = $1 AND object_id IN (SELECT object_id FROM setup_versions WHERE tenant_id = $1 ORDER BY object_id LIMIT $2)`},
	{"setup_secrets", `DELETE FROM setup_secrets WHERE tenant_id = $1 AND object_id IN (SELECT object_id FROM setup_secrets WHERE tenant_id = $1 ORDER BY object_id LIMIT $2)`},
	{"prompt_sounds", `DELETE FROM prompt_sounds WHERE tenant_id = $1 AND prompt_id IN (SELECT prompt_id FROM prompt_sounds WHERE tenant_id = $1 ORDER BY prompt_id LIMIT $2)`},
	{"trunk_numbers", `DELETE FROM trunk_numbers WHERE tenant_id = $1 AND number IN (SELECT number FROM trunk_numbers WHERE tenant_id = $1 ORDER BY number LIMIT $2)`},
	{"setup", `DELETE FROM setup WHERE tenant_id = $1 AND object_id IN (SELECT object_id FROM setup WHERE tenant_id = $1 ORDER BY object_id LIMIT $2)`},
	{"users", `DELETE FROM users WHERE tenant_id = $1 AND user_id IN (SELECT user_id FROM users WHERE tenant_id = $1 ORDER BY user_id LIMIT $2)`},
	{"leases", `DELETE FROM leases WHERE tenant_id = $1 AND name IN (SELECT name FROM leases WHERE tenant_id = $1 ORDER BY name LIMIT $2)`},
	{"audit", `DELETE FROM audit WHERE tenant_id = $1 AND seq IN (SELECT seq FROM audit WHERE tenant_id = $1 ORDER BY seq LIMIT $2)`},
	{"audit_heads", `DELETE FROM audit_heads WHERE tenant_id = $1 AND tenant_id IN (SELECT tenant_id FROM audit_heads WHERE tenant_id = $1 LIMIT $2)`},
	// The job that carries the end out goes when it is finished.
	{"jobs", `DELETE FROM jobs WHERE tenant_id = $1 AND job_id IN (SELECT job_id FROM jobs WHERE tenant_id = $1 AND job_id <> $3 ORDER BY job_id LIMIT $2)`},
}

// endTogether is how many keys one call of EndTenantRows takes.
const endTogether = 500

// EndTenantRows removes a part of the rows of an organisation that ended, but
// for one job, and says how many of which table; table is "" when nothing is
// left. It refuses an organisation that is not closed.
func (tx *Tx) EndTenantRows(job string) (table string, n int64, err error) {
	org, err := tx.Organisation()
	if err != nil {
		return "", 0, err
	}
	if org.Status != "closed" {
		return "", 0, errs.New(errs.Conflict, "This organisation has not ended.")
	}
	for _, t := range tenantTables {
		args := []any{string(tx.scope.Tenant), endTogether}
		if t.name == "jobs" {
			args = append(args, job)
		}
		if n, err = tx.exec(t.part, args...); err != nil || n > 0 {
			return t.name, n, err
		}
	}
	return "", 0, nil
}

// InsertJobFor adds a job of an organisation from outside of it (System).
func (tx *Tx) InsertJobFor(j JobRow) error {
	_, err := tx.sysExec(`INSERT INTO jobs (`+jobColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(j.Tenant), j.ID, j.Kind, j.ObjectID, us(j.RunAt), j.Attempts, us(j.LockedUntil), j.LastError, us(j.CreatedAt))
	return err
}
