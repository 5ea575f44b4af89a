package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nubitalk/internal/base/errs"
)

// CellKind says how a column of an exported table is to be read.
type CellKind byte

const (
	Plain  CellKind = iota // text or a number, as it is
	Moment                 // microseconds; 0 is none
	JSON                   // text that is JSON
	Octets                 // bytes, told in hex
	Sealed                 // what was sealed is text
	Kept                   // what was sealed is JSON
	Behind                 // needed to read the row, and not told
)

var cellMarks = map[byte]CellKind{'@': Moment, '$': JSON, '#': Octets, '*': Sealed, '%': Kept, '-': Behind}

// Exported is a table that an export of an organisation tells.
type Exported struct {
	Table   string
	Columns []string
	Kinds   []CellKind
	Page    int // rows at once, at most
	Octets  int // of these together, at most; a row that has more comes by itself

	keys        []int // of the columns: what tells rows apart, in order
	first, next string
}

// ExportedRow is one row: string, int64 or []byte for each column, and the contact
// under whose key it is sealed ("": the tenant's).
type ExportedRow struct {
	Cells   []any
	Contact string
}

const (
	underTenant  = "''"
	underContact = "t.contact_id"
	underWork    = "coalesce((SELECT i.contact_id FROM interactions i WHERE i.tenant_id = t.tenant_id AND i.interaction_id = t.interaction_id), '')"
	underObject  = "CASE t.entity WHEN 'contact' THEN t.object_id WHEN 'interaction' THEN coalesce((SELECT i.contact_id FROM interactions i WHERE i.tenant_id = t.tenant_id AND i.interaction_id = t.object_id), '') ELSE '' END"
)

// pageOctets bounds a page of rows: an email's text alone can be a megabyte.
const pageOctets = 4 << 20

// exported makes the entry of a table. Each column has its kind's mark behind it; the
// first keys columns tell rows apart (0: there is one row at most).
func exported(table string, keys, page int, contact, columns string) Exported {
	e := Exported{Table: table, Page: page, Octets: pageOctets}
	for i, c := range strings.Fields(columns) {
		kind := cellMarks[c[len(c)-1]]
		if kind != Plain {
			c = c[:len(c)-1]
		}
		e.Columns, e.Kinds = append(e.Columns, c), append(e.Kinds, kind)
		if i < keys {
			e.keys = append(e.keys, i)
		}
	}
	list := "SELECT t." + strings.Join(e.Columns, ", t.") + ", " + contact + " FROM " + table + " t WHERE t.tenant_id = $1"
	if keys == 0 {
		e.first = list
		return e
	}
	by := "t." + strings.Join(e.Columns[:keys], ", t.")
	marks := make([]string, keys)
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+2)
	}
	end := " ORDER BY " + by + " LIMIT "
	e.first = list + end + "$2"
	e.next = list + " AND (" + by + ") > (" + strings.Join(marks, ", ") + ")" + end + "$" + strconv.Itoa(keys+2)
	return e
}

// ExportedTables are the tables that an export of an organisation tells, in its order.
// The columns of them that it does not tell are in NotExported, and so are the other
// tables; a test finds what is in neither.
func ExportedTables() []Exported { return slices.Clone(exportedTables) }

var exportedTables = []Exported{
	exported("organisations", 0, 1, underTenant, "kind slug name status language time_zone limits$ created_at@ updated_at@ version ends_at@ trial_until@"),
	exported("usage_days", 1, 500, underTenant, "day agents numbers storage_bytes voice chat email call_seconds_in call_seconds_out recorded_seconds counted_at@"),
	exported("users", 1, 200, underTenant, "user_id user_name status roles$ role_parts$ skills$ teams$ site capacity$ must_change failures failing_since@ locked_until@ wrong_codes wrong_codes_known language talk_phone factors invitation invitation_until@ signed_in_at@ end_since@ end_lost_at@ created_at@ updated_at@ version profile_sealed%"),
	exported("roles", 1, 200, underTenant, "role_id name base grants$ created_at@ updated_at@ version"),
	exported("sign_ons", 0, 1, underTenant, "config$ break_glass_at@ updated_at@ version"),
	exported("provisionings", 0, 1, underTenant, "config$ created changed locked removed refused asked_at@ updated_at@ version"),
	exported("provisioned_users", 1, 500, underTenant, "user_id external_sealed* created_at@ gone_at@ locked_at@ held_at@"),
	exported("provisioned_groups", 1, 500, underTenant, "group_id name external_id created_at@ updated_at@ version"),
	exported("provisioned_members", 2, 500, underTenant, "group_id user_id"),
	exported("api_keys", 1, 500, underTenant, "key_id name roles$ scopes$ role_parts$ created_by created_at@ expires_at@ used_at@ revoked_at@ earlier_until@"),
	exported("sign_up_links", 1, 500, underTenant, "link_id name limits$ trial_days most used until_at@ user_id created_at@"),
	exported("brands", 0, 1, underTenant, "link config$ logo# updated_at@ version"),
	exported("sample_objects", 1, 500, underTenant, "object_id sample kind added_at@"),
	exported("support_grants", 1, 500, underTenant, "grant_id state home_id user_id user_name scopes$ interaction_id minutes reason_sealed* asked_at@ granted_by granted_at@ ends_at@ ended_by ended_at@ opened_at@ version"),
	exported("setup", 2, 50, underTenant, "kind object_id position body$ archived_at@ created_at@ updated_at@ version"),
	exported("setup_versions", 3, 50, underTenant, "kind object_id version body$ changed_by changed_at@"),
	exported("trunk_numbers", 2, 500, underTenant, "trunk_id number"),
	exported("forwards", 1, 200, underTenant, "phone_id user_id rules_sealed% set_by set_at@"),
	exported("prompt_sounds", 1, 200, underTenant, "prompt_id sound_id size facts$ made_right set_by set_at@"),
	exported("greetings", 1, 200, underTenant, "user_id facts$ set_by set_at@"),
	exported("photos", 1, 200, underTenant, "user_id set_by set_at@"),
	exported("contacts", 1, 500, underContact, "contact_id profile_sealed% language restricted_at@ created_at@ seen_at@ version"),
	exported("contact_addresses", 2, 500, underContact, "kind address_index- contact_id address_sealed* created_at@"),
	exported("consents", 1, 500, underContact, "consent_id contact_id interaction_id purpose consent_text_id text_version language given_at@ withdrawn_at@"),
	exported("field_values", 3, 500, underObject, "entity object_id field_id plain$ sealed% changed_at@"),
	exported("interactions", 1, 500, underContact, "interaction_id channel entry_point_id flow_id flow_version flow_sealed% contact_id name_sealed* state close_reason queue_id agent_id preferred_id only_preferred priority needs$ wants$ language disposition_id labels$ rating left_message consulted$ refused$ front extended outgoing masked outside apart talk mailbox callback attempts reach_sealed* slot parked_by parked_phone parked_at@ rejected_for rejected_version merged_into campaign_id arrived_at@ queued_at@ place entered_at@ offered_at@ answered_at@ wrap_from@ wrap_until@ left_at@ closed_at@ erased_at@ version"),
	exported("list_contacts", 1, 500, underTenant, "entry_id list_id seq contact_id time_zone added_at@"),
	exported("campaign_contacts", 2, 500, underTenant, "campaign_id entry_id list_id seq place contact_id time_zone state reason agent_id kept_for until@ due_at@ attempts outcome interaction_id again_at@ again_own changed_at@ version"),
	exported("segments", 2, 500, underTenant, "interaction_id number holder_kind holder_id started_at@ ended_at@ cause"),
	exported("offers", 1, 500, underTenant, "offer_id interaction_id user_id queue_id offered_at@ deadline@ ended_at@ outcome"),
	exported("call_legs", 1, 500, underWork, "leg_id interaction_id part user_id way trunk_id suite address_sealed* started_at@ answered_at@ ended_at@ ended_by sip_code q850 lost jitter round_trip mos counts stands paid_until@"),
	exported("office_calls", 1, 500, underTenant, "call_id user_id phone_id trunk_id emergency forwarded counts called started_at@ answered_at@ ended_at@ q850 paid_until@"),
	exported("chats", 1, 500, underWork, "interaction_id last_seq visitor_got_seq visitor_read_seq agent_read_seq visitor_seen_at@ expires_at@ survey_sealed*"),
	exported("messages", 2, 200, underWork, "interaction_id seq message_id author_kind author_id kind client_id body_sealed% at@"),
	exported("attachments", 1, 500, underWork, "attachment_id interaction_id author_kind author_id name_sealed* media_type size seq created_at@"),
	exported("voicemails", 1, 500, underTenant, "interaction_id user_id left_at@ heard_at@ deleted_at@"),
	exported("emails", 1, 500, underTenant, "interaction_id mailbox_id folder validity uid automatic answers done_at@"),
	exported("email_sends", 2, 500, underTenant, "interaction_id client_id user_id kind state reason begun_at@ ended_at@ delivery delivery_status reported_at@ reached$"),
	exported("recordings", 1, 500, underTenant, "recording_id interaction_id kind parties$ entries serial length_ms size paused_ms paused_by paused_reason started_at@ ended_at@ signature# keep_days keep_until@"),
	exported("recording_entries", 2, 500, underTenant, "recording_id number interaction_id kind at_ms length_ms file_id serial size hash# cut by_id reason chain#"),
	exported("recording_states", 1, 500, underTenant, "interaction_id started paused stopped refused by_id reason changed_at@ agreed$ told$"),
	exported("recording_holds", 1, 500, underTenant, "hold_id contact_id interaction_id recording_id reason reference_sealed* set_by set_at@ erasure_asked_at@"),
	exported("recording_shares", 1, 500, underTenant, "share_id recording_id interaction_id user_id reason shared_by shared_at@ ends_at@"),
	exported("evaluations", 1, 200, underWork, "evaluation_id form_id form_version recording_id interaction_id agent_id evaluator_id origin sample_id week calibration_id state answers$ score passed fatal words_sealed% assigned_by assigned_at@ completed_at@ answered_at@ answer_until@ version"),
	exported("calibrations", 1, 500, underTenant, "calibration_id form_id form_version recording_id interaction_id agent_id begun_by begun_at@ ended_at@"),
	exported("agent_states", 2, 500, underTenant, "user_id since@ until@ presence reason_id"),
	exported("alerts", 1, 500, underTenant, "alert_id rule_id measure activity subject_kind subject_id level worst value threshold warning_since@ critical_since@ raised_at@ level_at@ acknowledged_by acknowledged_at@ cleared_at@ cause earlier_by earlier_at@ called"),
	exported("organisation_exports", 1, 50, underTenant, "export_id user_id reason sound volumes$ begun_at@ ends_at@ ended_at@ ended_by version"),
	exported("security_alerts", 1, 500, underTenant, "alert_id kind user_id action why times raised_at@ last_at@ acknowledged_by acknowledged_at@"),
	exported("webhook_deliveries", 1, 500, underTenant, "delivery_id webhook_id event body state attempts status fault created_at@ due_at@ tried_at@ ended_at@"),
	exported("audit", 1, 500, underTenant, "seq at@ actor_kind actor_id action object_kind object_id detail prev_hash# hash#"),
}

// Why something is not in an export.
const (
	becauseCredential = "proves who somebody is, or opens something: it is of use to nobody else, and a danger"
	becauseIndex      = "is made of other values by a key, to find them; it tells nothing"
	becauseDerived    = "is made of other values, which are in the export"
	becauseMoment     = "is of the moment and of this program"
)

// NotExported says of each table, and each column ("table.column") of an exported one,
// that an export does not tell, why.
func NotExported() map[string]string {
	out := make(map[string]string, len(notExported))
	for k, v := range notExported {
		out[k] = v
	}
	return out
}

var notExported = map[string]string{
	"factors":                          becauseCredential,
	"identities":                       becauseIndex,
	"sessions":                         becauseCredential,
	"spent_challenges":                 becauseMoment,
	"setup_secrets":                    becauseCredential,
	"email_folders":                    becauseMoment,
	"email_acknowledgements":           becauseIndex,
	"message_tokens":                   becauseIndex,
	"agents":                           becauseMoment,
	"jobs":                             becauseMoment,
	"idempotency":                      becauseMoment,
	"leases":                           becauseMoment,
	"usage_months":                     "is the sums of usage_days, which are told",
	"audit_heads":                      "is the last entry of the audit log",
	"organisation_ends":                "is the certificate of the organisation's end, which is got by its code",
	"schema_versions":                  becauseMoment,
	"organisations.parent_id":          "is the provider's affair",
	"users.user_name_key":              becauseDerived,
	"users.invitation_hash":            becauseCredential,
	"users.password_hash":              becauseCredential,
	"roles.name_key":                   becauseDerived,
	"sign_ons.secret_sealed":           becauseCredential,
	"provisioned_users.external_index": becauseIndex,
	"provisioned_groups.name_key":      becauseDerived,
	"api_keys.token_hash":              becauseCredential,
	"api_keys.earlier_hash":            becauseCredential,
	"sign_up_links.code_hash":          becauseCredential,
	"support_grants.home_session":      becauseCredential,
	"support_grants.token_hash":        becauseCredential,
	"contact_addresses.address_index":  becauseIndex,
	"list_contacts.address_index":      becauseIndex,
	"do_not_call":                      becauseIndex,
	"call_legs.dialog_sealed":          becauseCredential,
	"greetings.sound_sealed":           "is a file of its own in the export",
	"photos.photo_sealed":              "is a file of its own in the export",
	"chats.token_hash":                 becauseCredential,
	"chats.indexed":                    becauseMoment,
	"messages.tokens":                  becauseIndex,
	"attachments.blob_key":             "is a file of its own in the export",
	"emails.identity":                  becauseIndex,
	"email_sends.message":              becauseIndex,
	"email_sends.report":               becauseIndex,
	"recordings.spool":                 becauseMoment,
	"recordings.key_sealed":            "is with the recording, in its proof",
	"recordings.head_sealed":           "is with the recording, in its proof",
	"recordings.wave_sealed":           becauseDerived,
	"organisation_exports.recipient":   "is of use only to who fetches the export",
}

// cell is a column of any of the three types.
type cell struct{ v *any }

func (c cell) Scan(src any) error {
	switch v := src.(type) {
	case string, int64:
		*c.v = v
	case []byte:
		*c.v = append([]byte{}, v...)
	default:
		return fmt.Errorf("store: a column has a %T", src)
	}
	return nil
}

// ExportedRows are the rows of a table after another one (nil: the first), in the
// order of what tells them apart; none of them, and there are no more.
func (tx *Tx) ExportedRows(e Exported, after []any) ([]ExportedRow, error) {
	args := []any{string(tx.scope.Tenant)}
	sql := e.first
	if after != nil {
		if len(e.keys) == 0 {
			return nil, nil
		}
		sql = e.next
		for _, k := range e.keys {
			args = append(args, after[k])
		}
	}
	if len(e.keys) > 0 {
		args = append(args, e.Page)
	}
	if err := tx.usable(false); err != nil {
		return nil, err
	}
	var rows []ExportedRow
	octets := 0
	err := tx.walkWhile(sql, args, func(r row) (bool, error) {
		out := ExportedRow{Cells: make([]any, len(e.Columns))}
		dest := make([]any, 0, len(e.Columns)+1)
		for i := range out.Cells {
			dest = append(dest, cell{&out.Cells[i]})
		}
		if err := r.Scan(append(dest, &out.Contact)...); err != nil {
			return false, err
		}
		for _, c := range out.Cells {
			switch v := c.(type) {
			case string:
				octets += len(v)
			case []byte:
				octets += len(v)
			}
		}
		rows = append(rows, out)
		return octets < e.Octets, nil
	})
	return rows, err
}

// CountExported says how many rows of a table the tenant has.
func (tx *Tx) CountExported(table string) (n int64, err error) {
	i := slices.IndexFunc(exportedTables, func(e Exported) bool { return e.Table == table })
	if i < 0 {
		return 0, errs.New(errs.Internal, "The table %q is in no export.", table)
	}
	_, err = tx.one("SELECT count(*) FROM "+exportedTables[i].Table+" WHERE tenant_id = $1", []any{string(tx.scope.Tenant)}, &n)
	return n, err
}
