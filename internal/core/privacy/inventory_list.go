package privacy

// group is a table, a kind of file, or one sort of other places, with what its
// parts have in common.
type group struct {
	kind                       Kind
	name                       string // the table; "" when the parts' names are whole
	purpose, retention, erased string
	parts                      []part
}

// part is one column or place. what is its own purpose where it has one.
type part struct {
	name  string
	class Class
	what  string
	guard string
}

const (
	byTenant     = "sealed under the tenant's key"
	byContact    = "sealed under the contact's key"
	hashed       = "only a hash is stored"
	indexed      = "keyed blind index; tells nothing without the tenant's key"
	tokens       = "keyed tokens; tell nothing without the tenant's key"
	inMemory     = "never written to disk"
	toAuthorised = "sent over TLS, only to those who may read it"
	amongNodes   = "sealed under the tenant's key when it leaves the process"

	whileTenant      = "as long as the organisation exists"
	whileUser        = "as long as the account exists"
	whileContact     = "until the person is erased, or its last record has gone and it was not seen for the time of the tenant's rule on records"
	whileRecord      = "the tenant's rule on records (record_days), counted from closing"
	whileRecording   = "the days of the recording rule that fits (keep_days), counted from its end, and at most the tenant's rule on conversations (conversation_days), counted from closing; longer only while a legal hold is in force"
	whileTalk        = "the tenant's rule on conversations (conversation_days), counted from closing"
	withTenant       = "ending the organisation: its keys are destroyed first, then its rows and files go; that it existed stays, with its name"
	withUser         = "deleting the user empties it; the user's id stays for the records that name it"
	withContact      = "erasure: the contact's key is destroyed first, then the row; retention does the same"
	withConversation = "erasure and retention: the contact's key or the row goes"
	withRecord       = "erasure empties it at once; retention deletes the row"
)

var tenantID = part{"tenant_id", None, "which organisation it belongs to", ""}

// none makes parts that tell nothing about a person by themselves.
func none(names ...string) []part {
	parts := []part{tenantID}
	for _, n := range names {
		parts = append(parts, part{n, None, "", ""})
	}
	return parts
}

func with(parts []part, more ...part) []part { return append(parts, more...) }

var inventory = []group{
	{Column, "organisations", "to run the service for an organisation", whileTenant, withTenant,
		none("kind", "parent_id", "slug", "name", "status", "language", "time_zone", "limits", "created_at", "updated_at", "version", "ends_at", "trial_until")},

	{Column, "organisation_ends", "to carry out the end of an organisation, and to show afterwards what was erased (C13, C20)", "stays: it is the proof that nothing else did", "not erased: ids, times, amounts, and the organisation's name", with(
		none("home_id", "was", "began_at", "ends_at", "ended_at", "facts", "certificate", "signature", "public_key", "asked_at", "asked_days"),
		part{"user_id", Pseudonym, "who began it", ""},
		part{"asked_by", Pseudonym, "who asked the organisation's others to agree to its end; empty once somebody did", ""},
		part{"code_hash", Credential, "to hand the certificate to its last administrators", hashed})},

	{Column, "usage_days", "to account for what an organisation uses, and to keep it within its limits: amounts of a day, of no person", "two years, also when the organisation has ended", "deleted by retention",
		none("day", "agents", "numbers", "storage_bytes", "voice", "chat", "email", "call_seconds_in", "call_seconds_out", "recorded_seconds", "counted_at")},

	{Column, "usage_months", "to account for what an organisation uses: the sums of usage_days by month, of no person", "as its days: two years, also when the organisation has ended", "deleted by retention",
		none("month", "agents", "numbers", "storage_bytes", "voice", "chat", "email", "call_seconds_in", "call_seconds_out", "recorded_seconds", "last_day", "last_agents", "last_numbers", "last_storage_bytes")},

	{Column, "users", "to let the tenant's staff sign in and receive work", whileUser, withUser, with(
		none("status", "roles", "role_parts", "skills", "teams", "site", "capacity", "must_change", "failures", "failing_since", "locked_until", "wrong_codes", "wrong_codes_known", "language", "talk_phone", "factors", "invitation", "invitation_until", "signed_in_at", "end_since", "end_lost_at", "created_at", "updated_at", "version"),
		part{"user_id", Pseudonym, "to name an account without naming a person", ""},
		part{"user_name", Pseudonym, "to sign in; may and should be a pseudonym (C24)", ""},
		part{"user_name_key", Pseudonym, "to find a user name however it is typed", ""},
		part{"profile_sealed", Address, "display name, email and phone of a user, all optional (C23)", byTenant},
		part{"invitation_hash", Credential, "to recognise who was invited and has no password yet", hashed},
		part{"password_hash", Credential, "to check a password", "argon2id"})},

	{Column, "sessions", "to keep a user signed in", "until sign-out or the tenant's rules on sessions (session_hours, sign_in.idle_minutes)", "deleted by retention a day after the end, and with the user", with(
		none("session_id", "created_at", "seen_at", "expires_at", "ended_at", "proved_at", "must_set_up", "by_provider", "next_proved_at", "earlier_until"),
		part{"user_id", Pseudonym, "", ""},
		part{"provider_session", Pseudonym, "to end a session when the organisation's own provider ends it", indexed},
		part{"token_hash", Credential, "to recognise a session", hashed},
		part{"next_hash", Credential, "to recognise a session by the token that its user was given for proving again who it is", hashed},
		part{"earlier_hash", Credential, "to recognise a session for some seconds by the token that it had before", hashed})},

	{Column, "support_grants", "to let a named person of the reseller or operator help, for a time, within what the tenant chose (C10, C11)", "the tenant's rule on the audit log (audit_days), counted from its end", "deleted by retention; erasing the person whose interaction it names empties that", with(
		none("grant_id", "state", "home_id", "scopes", "minutes", "asked_at", "granted_at", "ends_at", "ended_at", "home_session", "opened_at", "version"),
		part{"user_id", Pseudonym, "who is let in", ""},
		part{"user_name", Pseudonym, "who is let in, in words that the tenant knows", ""},
		part{"interaction_id", Pseudonym, "the one whose conversation may be read", ""},
		part{"granted_by", Pseudonym, "who let it in", ""},
		part{"ended_by", Pseudonym, "who ended it", ""},
		part{"reason_sealed", Label, "why, in its writer's words; its form says that it needs no personal data (C28)", byTenant},
		part{"token_hash", Credential, "to recognise who is in", hashed})},

	{Column, "organisation_exports", "to let a privacy officer fetch all that the organisation has (GDPR Art. 28(3)(g)), and to show who did and why; nothing that is exported is in it", "the tenant's rule on the audit log (audit_days), counted from its end", "deleted by retention", with(
		none("export_id", "reason", "recipient", "sound", "volumes", "begun_at", "ends_at", "ended_at", "version"),
		part{"user_id", Pseudonym, "who began it", ""},
		part{"ended_by", Pseudonym, "who ended it", ""})},
	{Column, "sign_up_links", "to let whoever has the code make an organisation below", "until it is removed, and with the organisation", withTenant, with(
		none("link_id", "limits", "trial_days", "most", "used", "until_at", "created_at"),
		part{"name", Label, "to tell links apart; needs no personal data (C28)", ""},
		part{"user_id", Pseudonym, "who made it", ""},
		part{"code_hash", Credential, "to know who may sign up", hashed})},

	{Column, "brands", "to show an organisation's pages, and those of organisations below it, as it chose", "as long as the organisation exists", withTenant, with(
		none("link", "updated_at", "version"),
		part{"config", Label, "a product's name, colours, an address for help and one of a privacy page; needs no personal data (C28)", ""},
		part{"logo", Label, "a picture that the organisation chose, without what such files say beside their pixels; everybody may see it", ""})},

	{Column, "sample_objects", "to take a sample of the first steps out again", "until it is taken out, and with the organisation", withTenant,
		none("object_id", "sample", "kind", "added_at")},

	{Column, "factors", "to know a user by more than a password", "until removed, and with the user", "deleting the user or resetting its second factors deletes them", with(
		none("factor_id", "kind", "step", "created_at", "used_at"),
		part{"user_id", Pseudonym, "", ""},
		part{"name", Label, "to tell one's factors apart; needs no personal data", ""},
		part{"secret_sealed", Credential, "an authenticator app's secret, a passkey's public key, or the hashes of recovery codes", byTenant},
		part{"credential_hash", Pseudonym, "to find a passkey again", hashed})},

	{Column, "sign_ons", "to let users sign in with the organisation's own OpenID provider", "until removed, or as long as the organisation exists", withTenant, with(
		none("break_glass_at", "updated_at", "version"),
		part{"config", Label, "the provider's address, which of its claims are looked at and what roles their values give; needs no personal data", ""},
		part{"secret_sealed", Credential, "by which the provider knows this service; never shown again", byTenant})},

	{Column, "identities", "to know a user again when the organisation's own provider says who signs in", "with the user; after unlinking only so that a locked user does not come in as a new one", "deleting the user deletes it", with(
		none("created_at", "used_at", "unlinked_at"),
		part{"user_id", Pseudonym, "", ""},
		part{"subject", Pseudonym, "the provider's name for the user", indexed})},

	{Column, "spent_challenges", "to accept the answer to a challenge once", "minutes, until the challenge has expired", "deleted by retention", with(
		none("expires_at"),
		part{"challenge", None, "", hashed})},

	{Column, "roles", "to say what a tenant's own roles allow", whileTenant, withTenant, with(
		none("role_id", "base", "grants", "created_at", "updated_at", "version"),
		part{"name", Label, "to tell roles apart, in the tenant's own words; needs no personal data", ""},
		part{"name_key", Label, "to keep names apart", ""})},

	{Column, "provisionings", "to let the organisation's own directory make, change and lock users (SCIM)", whileTenant, withTenant, with(
		none("created", "changed", "locked", "removed", "refused", "asked_at", "updated_at", "version"),
		part{"config", Label, "which of the directory's groups gives which role and team; needs no personal data", ""})},

	{Column, "provisioned_users", "to know again whom the organisation's own directory means", whileUser, withUser, with(
		none("created_at", "gone_at", "locked_at", "held_at"),
		part{"user_id", Pseudonym, "", ""},
		part{"external_index", Pseudonym, "to find a user by what the directory calls it", indexed},
		part{"external_sealed", Pseudonym, "what the directory calls it (externalId), told to the directory alone", byTenant})},

	{Column, "provisioned_groups", "to give roles and teams by the groups of the organisation's own directory", "until the directory removes them", withTenant, with(
		none("group_id", "created_at", "updated_at", "version"),
		part{"name", Label, "what the directory calls the group; needs no personal data", ""},
		part{"name_key", Label, "to keep names apart", ""},
		part{"external_id", Label, "the directory's own id of the group", ""})},

	{Column, "provisioned_members", "to know who is in which of these groups", "until the directory takes the user out", "deleted with the user or the group", with(
		none("group_id"),
		part{"user_id", Pseudonym, "", ""})},

	{Column, "api_keys", "to let the tenant's programs in", "until revoked or expired", "deleted by retention with the audit log's rule (audit_days)", with(
		none("key_id", "roles", "scopes", "role_parts", "created_at", "expires_at", "used_at", "revoked_at", "earlier_until"),
		part{"name", Label, "to tell keys apart", ""},
		part{"created_by", Pseudonym, "to know who made a key", ""},
		part{"token_hash", Credential, "to recognise a key", hashed},
		part{"earlier_hash", Credential, "to recognise a key by the secret that it had, for a while after its rotation", hashed})},

	{Column, "setup", "to keep what an administrator sets up", whileTenant, withTenant, with(
		none("kind", "object_id", "position", "archived_at", "created_at", "updated_at", "version"),
		part{"body", Label, "queues, skills, flows, texts and rules in the tenant's own words; needs no personal data, and its forms say so (C28)", ""})},

	{Column, "setup_versions", "to prove which text a person agreed to (C14), and to go back to an earlier flow", whileTenant, withTenant, with(
		none("kind", "object_id", "version", "changed_at"),
		part{"body", Label, "", ""},
		part{"changed_by", Pseudonym, "to make changes attributable (C11)", ""})},

	{Column, "prompt_sounds", "to play callers the prompts that an administrator uploaded", "until replaced or removed, or as long as the organisation exists", withTenant, with(
		none("prompt_id", "sound_id", "size", "facts", "made_right", "set_at"),
		part{"set_by", Pseudonym, "which user uploaded it", ""})},

	{Column, "setup_secrets", "to prove to an operator of telephone lines, and to systems that flows ask, who we are, and to let phones in", "until removed, or as long as the organisation exists", withTenant, with(
		none("kind", "object_id", "field", "set_at"),
		part{"value_sealed", Credential, "a trunk's or a phone's password, the secret of a connection; never shown again, in no export and no log", byTenant})},

	{Column, "trunk_numbers", "to know whose a called number is: it belongs to one trunk of the installation", "until the trunk gives it up, or as long as the organisation exists", withTenant,
		none("trunk_id", "number")},

	{Column, "contacts", "to know a person again who is in touch with the tenant", whileContact, withContact, with(
		none("language", "restricted_at", "created_at", "seen_at", "version"),
		part{"contact_id", Pseudonym, "to name a person without naming them", ""},
		part{"profile_sealed", DisplayName, "the name the person gave", byContact})},

	{Column, "contact_addresses", "to find a person by an address, and to answer", whileContact, withContact, with(
		none("kind", "created_at"),
		part{"contact_id", Pseudonym, "", ""},
		part{"address_index", Address, "to find the address without storing it in the clear", indexed},
		part{"address_sealed", Address, "to show and use the address (C30)", byContact})},

	{Column, "consents", "to demonstrate that consent was given, and to respect its withdrawal (C13, C14)", "as long as the contact exists", "erasure deletes the row; that consent had been given stays in the audit log, without the person", with(
		none("consent_id", "purpose", "consent_text_id", "text_version", "language", "given_at", "withdrawn_at"),
		part{"contact_id", Pseudonym, "", ""},
		part{"interaction_id", Pseudonym, "where it was given", ""})},

	{Column, "interactions", "to route work, and to report on it: who, when, how long (C29, C30)", whileRecord, withRecord, with(
		none("channel", "entry_point_id", "flow_id", "flow_version", "state", "close_reason", "queue_id", "only_preferred", "priority", "needs", "wants", "language", "left_message", "outgoing", "masked", "outside", "apart", "talk", "callback", "attempts", "slot", "parked_phone", "parked_at", "rejected_for", "rejected_version", "front", "extended",
			"arrived_at", "queued_at", "place", "entered_at", "offered_at", "answered_at", "wrap_from", "wrap_until", "left_at", "closed_at", "erased_at", "version"),
		part{"interaction_id", Pseudonym, "to name a piece of work", ""},
		part{"contact_id", Pseudonym, "whose it is; the address stands with the contact", ""},
		part{"agent_id", Pseudonym, "who handled it", ""},
		part{"preferred_id", Pseudonym, "who should handle it", ""},
		part{"consulted", Pseudonym, "colleagues asked for help", ""},
		part{"refused", Pseudonym, "who declined or missed it while it waits; empty once it is answered", ""},
		part{"name_sealed", DisplayName, "the display name of the conversation (C36)", byContact},
		part{"mailbox", Pseudonym, "for whom a message by voice was taken", ""},
		part{"campaign_id", None, "the campaign in which its agent called", ""},
		part{"merged_into", Pseudonym, "the interaction in which an email goes on that an agent merged into it", ""},
		part{"parked_by", Pseudonym, "who parked it, to be rung first; empty once somebody has it", ""},
		part{"reach_sealed", Address, "the number that a person keyed in to be called back at", byContact},
		part{"flow_sealed", Content, "what the person answered to the flow", byContact},
		part{"disposition_id", Label, "the coded result", ""},
		part{"labels", Label, "optional, at the tenant's discretion (C31)", ""},
		part{"rating", Content, "the person's satisfaction, 1 to 5", ""})},

	{Column, "segments", "to report who held an interaction, and how long", whileRecord, "with the interaction", with(
		none("number", "holder_kind", "started_at", "ended_at", "cause"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"holder_id", Pseudonym, "flow, queue or user", ""})},

	{Column, "call_legs", "to account for calls: who took part, by which way, how long, how well heard; and to go on with a call after a restart", whileRecord, "with the interaction", with(
		none("leg_id", "part", "way", "trunk_id", "suite", "started_at", "answered_at", "ended_at", "ended_by", "sip_code", "q850", "lost", "jitter", "round_trip", "mos", "counts", "stands", "paid_until"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"user_id", Pseudonym, "the staff's end", ""},
		part{"address_sealed", Address, "the number that called or was called (C30)", byContact},
		part{"dialog_sealed", Credential, "the call's own numbers and keys, while it lasts; emptied at its end", byContact})},

	{Column, "office_calls", "to account for calls that phones made and that left by a trunk: by which phone, when, under which of the trunk's rules", whileRecord + "; its end is when it was hung up", "deleted by retention", with(
		none("call_id", "phone_id", "trunk_id", "emergency", "forwarded", "counts", "started_at", "answered_at", "ended_at", "q850", "paid_until"),
		part{"called", Pseudonym, "the last two digits of the number that was called; the number itself is not kept", ""},
		part{"user_id", Pseudonym, "whose phone it was", ""})},

	{Column, "forwards", "to let calls to a phone's extension go on where its user wants them", "until the choice is taken back or the phone has another user, and a day after the phone is archived", "with the choice, and with the user", with(
		none("phone_id", "set_at"),
		part{"user_id", Pseudonym, "whose phone it is", ""},
		part{"set_by", Pseudonym, "who chose it: the user, or an administrator", ""},
		part{"rules_sealed", Address, "an extension, or a number outside, which may be the user's own", byTenant})},

	{Column, "greetings", "to greet callers by the user's own voice before they leave a message", "until the user, or an administrator, replaces it or takes it back", "with the user", with(
		none("facts", "set_at"),
		part{"user_id", Pseudonym, "whose mailbox it is", ""},
		part{"set_by", Pseudonym, "who recorded it: the user, or an administrator", ""},
		part{"sound_sealed", Content, "the recording", byTenant})},

	{Column, "photos", "to show colleagues a user's face beside its name, where the user wants that; nothing needs it, and it is advised against", "until the user, or an administrator, replaces it or takes it back", "with the user", with(
		none("set_at"),
		part{"user_id", Pseudonym, "whose photo it is", ""},
		part{"set_by", Pseudonym, "who chose it: the user, or an administrator", ""},
		part{"photo_sealed", Content, "the picture, 64 to 256 pixels wide, without anything else that its file had", byTenant})},

	{Column, "offers", "to report what was offered to whom, and that nobody is offered the same work twice", whileRecord, "with the interaction", with(
		none("offer_id", "queue_id", "offered_at", "deadline", "ended_at", "outcome"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"user_id", Pseudonym, "", ""})},

	{Column, "agents", "to route work to those who are ready", whileUser, "with the user", with(
		none("presence", "reason_id", "since", "idle_since", "missed", "last_offer"),
		part{"user_id", Pseudonym, "", ""})},

	{Column, "agent_states", "to report agents' time by state", whileRecord, "deleted by retention", with(
		none("since", "until", "presence", "reason_id"),
		part{"user_id", Pseudonym, "", ""})},

	{Column, "alerts", "to tell supervisors when a figure is past its threshold, and who saw to it", whileRecord + "; its end is when it was cleared", "deleted by retention", with(
		none("alert_id", "rule_id", "measure", "activity", "subject_kind", "level", "worst", "value", "threshold", "warning_since", "critical_since", "raised_at", "level_at", "acknowledged_at", "cleared_at", "cause", "earlier_at", "called"),
		part{"subject_id", Pseudonym, "the queue or the trunk, or the user whose time in a state it is about", ""},
		part{"acknowledged_by", Pseudonym, "who saw to it", ""},
		part{"earlier_by", Pseudonym, "who saw to it before it became worse", ""})},

	{Column, "security_alerts", "to tell who may read the audit log of unusual exports and sign-ins, of sign-ins that failed together and of requests that were refused again and again, and who saw to it", "the tenant's rule on the audit log (audit_days)", "deleted by retention", with(
		none("alert_id", "kind", "action", "why", "times", "raised_at", "last_at", "acknowledged_at"),
		part{"user_id", Pseudonym, "whose exports, sign-ins or requests they were, or the API key", ""},
		part{"acknowledged_by", Pseudonym, "who saw to it", ""})},

	{Column, "webhook_deliveries", "to tell the tenant's other systems of what they asked to be told, again where they did not answer, and to show what became of it", "a week", "deleted by retention", with(
		none("delivery_id", "webhook_id", "event", "state", "attempts", "status", "fault", "created_at", "due_at", "tried_at", "ended_at"),
		part{"body", Pseudonym, "ids of agents and users, names of queues, rules and trunks, figures", ""})},

	{Column, "chats", "to carry on a conversation", whileTalk, withConversation, with(
		none("last_seq", "visitor_got_seq", "visitor_read_seq", "agent_read_seq", "visitor_seen_at", "expires_at", "indexed"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"token_hash", Credential, "to let the visitor back into this conversation", hashed},
		part{"survey_sealed", Content, "the comment beside the rating", byContact})},

	{Column, "messages", "to keep conversations for the tenant's reporting and auditing (C35)", whileTalk, withConversation, with(
		none("seq", "message_id", "author_kind", "kind", "client_id", "at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"author_id", Pseudonym, "which user wrote it", ""},
		part{"body_sealed", Content, "what was written", byContact},
		part{"tokens", Content, "what the message is found by, and which tokens go with it", tokens})},

	{Column, "message_tokens", "to find a conversation by its words (C37)", whileTalk, withConversation, with(
		none(),
		part{"interaction_id", Pseudonym, "", ""},
		part{"token", Content, "", tokens})},

	{Column, "attachments", "to keep the files of a conversation", whileTalk, withConversation, with(
		none("attachment_id", "author_kind", "media_type", "size", "blob_key", "seq", "created_at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"author_id", Pseudonym, "", ""},
		part{"name_sealed", Content, "what the file is called", byContact})},

	{Column, "voicemails", "to tell a user which messages were left by voice, and which of them were heard", "the tenant's rule on messages by voice (message_days), and at most as long as the conversation; a deleted one for a day", withConversation, with(
		none("left_at", "heard_at", "deleted_at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"user_id", Pseudonym, "for whom it is", ""})},

	{Column, "email_folders", "to know how far each folder of a mailbox was looked at, so that no message is work twice", whileTenant, withTenant, with(
		none("mailbox_id", "validity", "from_uid", "since", "anew"),
		part{"folder", None, "the folder's name, as the organisation set it up", ""})},

	{Column, "emails", "to find the message of an interaction at its provider while it is handled, and to know it again afterwards (C38-C43); the message itself is never stored", whileRecord, "with the interaction", with(
		none("mailbox_id", "folder", "validity", "uid", "automatic", "done_at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"answers", Pseudonym, "the interaction that it goes on from", ""},
		part{"identity", Pseudonym, "by what it is known again", "a keyed digest of its headers, from which nothing can be read"})},

	{Column, "email_acknowledgements", "that a machine writes to nobody twice a day", "a day", "with the interaction, and after a day", with(
		none("sent_at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"sender", Pseudonym, "to whom", "a keyed digest of the address, from which nothing can be read"})},

	{Column, "email_sends", "that no answer is sent twice, and who sent it", whileRecord, "with the interaction", with(
		none("client_id", "kind", "state", "reason", "begun_at", "ended_at", "delivery", "delivery_status", "reported_at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"message", Pseudonym, "by what a delivery report finds it", "a keyed digest of its id, from which nothing can be read"},
		part{"reached", Pseudonym, "which emails that go on in one it answered", ""},
		part{"report", Pseudonym, "by what the report is known again", "a keyed digest of its headers, from which nothing can be read"},
		part{"user_id", Pseudonym, "who answered", ""})},

	{Column, "field_values", "to keep what the tenant asks for by fields of its own, which nothing needs (C25-C27)", "of a contact: " + whileContact + "; of a user: " + whileUser + "; of an interaction: what is sealed as long as the conversation (conversation_days), the rest as long as the record (record_days); of a queue: " + whileTenant, "erasure, retention and deletion of the user delete it with whom it is about; who changes the set-up can empty a field for all", with(
		none("entity", "field_id", "changed_at"),
		part{"object_id", Pseudonym, "whose value it is", ""},
		part{"plain", Label, "a value of a field that tells nothing about a person, as its form says", ""},
		part{"sealed", Content, "every other value", "sealed under the contact's key, of users and queues under the tenant's"})},

	{Column, "list_contacts", "to know whom a campaign is to call", whileContact, withContact + "; who may manage campaigns can take it out of the list", with(
		none("entry_id", "list_id", "seq", "added_at"),
		part{"contact_id", Pseudonym, "whom; the number stands with the contact", ""},
		part{"address_index", Address, "which of its numbers is called", indexed},
		part{"time_zone", Label, "when it may be called, as the file said", ""})},

	{Column, "campaign_contacts", "to call nobody twice, more often or at other times than the campaign says", whileContact, withContact, with(
		none("campaign_id", "entry_id", "list_id", "seq", "place", "state", "reason", "until", "due_at", "attempts", "again_at", "again_own", "changed_at", "version"),
		part{"contact_id", Pseudonym, "", ""},
		part{"time_zone", Label, "when it may be called, as the file said", ""},
		part{"agent_id", Pseudonym, "who has it, or who agreed to call it again", ""},
		part{"kept_for", Pseudonym, "who agreed to call it again, while an agent has it", ""},
		part{"outcome", Label, "the disposition that its agent chose last", ""},
		part{"interaction_id", Pseudonym, "the last call", ""})},

	{Column, "do_not_call", "to call nobody in a campaign who does not want that; it cannot be read back, only asked whether a number is in it", whileTenant, "who may manage campaigns takes a number off; it stays when its person is erased, or the person would be called again", with(
		none("added_at"),
		part{"address_index", Address, "the number", indexed},
		part{"added_by", Pseudonym, "who put it there", ""})},

	{Column, "recordings", "to keep what is recorded of a conversation, as the tenant set it up (C45-C49)", whileRecording, withConversation, with(
		none("recording_id", "kind", "spool", "entries", "serial", "length_ms", "size", "paused_ms", "paused_reason", "started_at", "ended_at", "keep_days", "keep_until"),
		part{"signature", None, "the organisation's signature of the manifest", ""},
		part{"interaction_id", Pseudonym, "", ""},
		part{"parties", Pseudonym, "whose tracks there are", ""},
		part{"paused_by", Pseudonym, "who paused it", ""},
		part{"key_sealed", Secret, "the recording's own key", byContact},
		part{"head_sealed", None, "the end of the manifest's chain", byContact},
		part{"wave_sealed", Content, "what it looks like: how loud it is when", byContact})},

	{Column, "recording_holds", "to keep recordings that a claim, an authority or a law asks for from being destroyed (GDPR Art. 17(3))", "until a privacy officer ends the hold", "the end of the hold deletes it; no erasure and no retention does while it is in force", with(
		none("hold_id", "reason", "set_at", "erasure_asked_at"),
		part{"contact_id", Pseudonym, "whose recordings are held", ""},
		part{"interaction_id", Pseudonym, "", ""},
		part{"recording_id", None, "the one that is held; empty: all of the contact's", ""},
		part{"reference_sealed", Label, "the number of the case, in the tenant's words; needs no personal data, and its form says so", byTenant},
		part{"set_by", Pseudonym, "who placed it", ""})},

	{Column, "evaluations", "to look at the quality of work by its recordings, and let agents answer", "the score as long as the record (record_days); what is said about it as long as the conversation (conversation_days)", "erasure of the person and retention delete it, what is said first; deletion of the agent's account deletes it", with(
		none("evaluation_id", "form_id", "form_version", "recording_id", "origin", "sample_id", "week", "calibration_id", "state", "answers", "score", "passed", "fatal", "assigned_at", "completed_at", "answered_at", "answer_until", "version"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"agent_id", Pseudonym, "whose work it is", ""},
		part{"evaluator_id", Pseudonym, "who looks at it", ""},
		part{"assigned_by", Pseudonym, "who wished it", ""},
		part{"words_sealed", Content, "comments at moments of the recording, and the agent's answer", byContact})},

	{Column, "calibrations", "to have evaluators judge alike", whileRecord, "erasure of the person and retention delete it, as does deletion of the agent's account", with(
		none("calibration_id", "form_id", "form_version", "recording_id", "begun_at", "ended_at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"agent_id", Pseudonym, "whose work it is", ""},
		part{"begun_by", Pseudonym, "who began it", ""})},

	{Column, "recording_shares", "to let named users hear a recording for a while", "until it ends, 90 days at most", "retention and its end delete it, as do erasure of the person, deletion of the user and the end of the recording", with(
		none("share_id", "recording_id", "reason", "shared_at", "ends_at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"user_id", Pseudonym, "who may hear it", ""},
		part{"shared_by", Pseudonym, "who shared it", ""})},

	{Column, "recording_entries", "to show that a recording is whole, and why a part of it is not there (C47-C49)", whileRecording, withConversation, with(
		none("recording_id", "number", "kind", "at_ms", "length_ms", "file_id", "serial", "size", "hash", "cut", "reason", "chain"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"by_id", Pseudonym, "who paused, went on or stopped", ""})},

	{Column, "recording_states", "to record a conversation only as far as its person was told and agreed, and to keep out what somebody paused (C47-C49)", whileTalk, withConversation, with(
		none("started", "paused", "stopped", "refused", "reason", "changed_at"),
		part{"interaction_id", Pseudonym, "", ""},
		part{"by_id", Pseudonym, "who began, paused, went on or stopped", ""},
		part{"agreed", None, "which consent texts its person agreed to", ""},
		part{"told", None, "which consent texts its person was told", ""})},

	{Column, "audit", "to show who saw, changed, exported or erased what (C10, C11)", "the tenant's rule on the audit log (audit_days)", "deleted by retention, the oldest first; never changed", with(
		none("seq", "at", "actor_kind", "action", "object_kind", "prev_hash", "hash"),
		part{"actor_id", Pseudonym, "who did it", ""},
		part{"object_id", Pseudonym, "what it was done to", ""},
		part{"detail", Pseudonym, "codes, counts and ids; of a sign-in, a keyed digest of the network that it came from; never content or an address", ""})},

	{Column, "audit_heads", "to show that the end of the log is not missing, and to send it to where the operator keeps it", whileTenant, withTenant,
		none("seq", "hash", "sent")},

	{Column, "jobs", "to carry out what must happen, such as an erasure", "until carried out", "deleted when carried out", with(
		none("job_id", "kind", "run_at", "attempts", "locked_until", "last_error", "created_at"),
		part{"object_id", Pseudonym, "what it concerns", ""})},

	{Column, "idempotency", "to answer a repeated call the same way", "24 hours", "deleted by retention", with(
		none("key_hash", "status", "created_at"),
		part{"actor_id", Pseudonym, "who called", ""},
		part{"request_hash", Content, "to tell a repeat from another request", hashed},
		part{"reply_sealed", Content, "what was answered", byTenant})},

	{Column, "leases", "to let one node own a tenant's floor", "rewritten all the time", withTenant,
		none("name", "holder", "fence", "expires_at")},

	{Column, "schema_versions", "to know which migrations ran", "for ever", "never; it tells nothing about anybody", []part{
		{"id", None, "", ""}, {"version_id", None, "", ""}, {"is_applied", None, "", ""}, {"tstamp", None, "", ""}}},

	{Key, "wrapped_keys", "to seal and open what belongs to a tenant or a contact; the operator's also to hide on the network which host is wanted", "a contact's: as long as the contact; a tenant's: as long as the organisation", "destroyed first of all when a person is erased or an organisation closed; no backup of the database holds it", with(
		none("purpose", "version", "created_at"),
		part{"owner_id", Pseudonym, "which contact's key it is", ""},
		part{"wrapped", Secret, "", "wrapped by the tenant's key, which the root key wraps"})},
	{Key, "schema_versions", "to know which migrations ran", "for ever", "never; it tells nothing about anybody", []part{
		{"id", None, "", ""}, {"version_id", None, "", ""}, {"is_applied", None, "", ""}, {"tstamp", None, "", ""}}},

	{File, "", "to keep the files of a conversation", whileTalk, withConversation, []part{
		{"attachments", Content, "the files that people and agents sent, under names made of ids", byContact},
		{"recordings", Content, "what was recorded, in segments under names made of ids", byContact}}},

	{File, "", "to play callers the prompts that an administrator uploaded", "until replaced or removed, or as long as the organisation exists", withTenant, []part{
		{"prompts", Label, "the voice or the music of a prompt, under names made of ids", byTenant}}},

	{Event, "", "to keep agents' and supervisors' screens current", "minutes, for those who reconnect", "overwritten by newer events", []part{
		{"offer.made", DisplayName, "to offer work to an agent", toAuthorised},
		{"offer.ended", Pseudonym, "", toAuthorised},
		{"interaction.changed", DisplayName, "", toAuthorised},
		{"agent.changed", Pseudonym, "", toAuthorised},
		{"queue.changed", None, "", toAuthorised},
		{"day.changed", None, "", toAuthorised},
		{"alert.changed", Pseudonym, "to tell supervisors of an alert", toAuthorised},
		{"alerts.changed", None, "", toAuthorised},
		{"security_alert.changed", Pseudonym, "to tell who may read the audit log of an alert", toAuthorised},
		{"message.added", Content, "to show a message as it arrives", toAuthorised},
		{"message.marks", Pseudonym, "", toAuthorised},
		{"call.changed", Pseudonym, "to show how a call's sound stands", toAuthorised},
		{"email.changed", None, "to tell an agent that a mail server reported of an answer", toAuthorised},
		{"voicemail.changed", None, "to tell a user that its messages by voice changed", toAuthorised},
		{"evaluation.changed", None, "to tell a user that an evaluation waits for it, or not any more", toAuthorised},
		{"handed.changed", Pseudonym, "to show calls that go on with an outside number or a phone", toAuthorised},
		{"shelved.changed", None, "to tell who put an email aside, and who manages the floor, that their list changed", toAuthorised},
		{"parked.changed", None, "to tell who may take parked calls that their list changed", toAuthorised},
		{"typing", Pseudonym, "", toAuthorised},
		{"setup.changed", None, "", toAuthorised},
		{"photos.changed", None, "to tell colleagues that somebody's photo changed", toAuthorised},
		{"support.changed", None, "to show who was let in, and who asks to be", toAuthorised},
		{"floor.rebuilt", None, "", toAuthorised},
		{"session.ended", None, "", toAuthorised}}},

	{Event, "", "to tell every node what it must forget or pass on", "not kept", "heard and forgotten", []part{
		{"account.changed", Pseudonym, "which user's sessions to ask about again", amongNodes},
		{"organisation.closed", None, "", amongNodes},
		{"keys.rotated", None, "", amongNodes},
		{"key.destroyed", Pseudonym, "which contact's key is gone", amongNodes},
		{"visitor.state", DisplayName, "to show a visitor the own conversation, wherever it is connected", amongNodes}}},

	{Frame, "", "to show a visitor the own conversation", "not kept", "sent and forgotten", []part{
		{"state", DisplayName, "place in the queue, and the agent's public name", toAuthorised},
		{"wait", None, "place in the queue", toAuthorised},
		{"message", Content, "", toAuthorised},
		{"marks", None, "", toAuthorised},
		{"typing", None, "", toAuthorised},
		{"ended", DisplayName, "", toAuthorised},
		{"stopping", None, "", toAuthorised}}},

	{Cache, "", "to answer quickly", "while the program runs", "forgotten when it changes, ends or is erased, and when the program stops", []part{
		{"vault: keys of contacts", Secret, "to seal and open without asking the key store each time; at most 5 minutes", inMemory},
		{"vault: keys of tenants", Secret, "the same; at most 5 minutes", inMemory},
		{"api: calls that were refused", Address, "to tell operators of a caller who tries to get around: counts of ten minutes by user, key or conversation, of strangers by network address; at most 10,000 callers", inMemory},
		{"account: recognised sessions", Pseudonym, "to recognise a session without asking the database each time", inMemory},
		{"floor: open interactions", DisplayName, "to route and show work that is open", inMemory},
		{"floor: ways of flows", None, "how often each way of a flow was taken today; figures only, of nobody", inMemory},
		{"floor: alerts", Pseudonym, "to raise and clear alerts", inMemory},
		{"floor: ended offers", Pseudonym, "to tell an agent who answers late how an offer ended", inMemory},
		{"voice: running calls", Content, "to say a menu and take keys; who is in a call, numbers and media keys of telephones", inMemory},
		{"telephone: trunks at work", Credential, "passwords with which trunks are proven, until the set-up changes", inMemory},
		{"telephone: phones at work", Credential, "hashes of passwords with which phones are let in, until the set-up changes", inMemory},
		{"sip: registrations of phones", Address, "where a phone is reached, until it leaves or its registration lapses, an hour at most; gone with a restart", inMemory},
		{"voice: wrong passwords of phones", None, "counts of a minute, by a keyed hash of the address or the account; of fixed size", inMemory},
		{"email: messages that are handled", Content, "to show and answer a message while it is handled; gone when its work is closed", inMemory},
		{"media: sound", Content, "on its way from one end of a call to the others, 200 ms at most", inMemory},
		{"speech: what was said", Content, "the sound of texts that menus say again and again, without the texts; at most 10 minutes after the last time", inMemory},
		{"live: recent events", Content, "to let a browser that lost its connection catch up", inMemory},
		{"setup: objects in force", Label, "to route by what the tenant set up", inMemory}}},

	{Browser, "", "to carry on after a reload", "see each", "see each", []part{
		{"cookie __Host-nubitalk", Credential, "keeps a user signed in; ends with the session", "HttpOnly, Secure, SameSite"},
		{"cookie __Host-nubitalk-device", Pseudonym, "tells a browser in which a user has signed in from strangers who guess its password; half a year after the last sign-in it ends", "HttpOnly, Secure, SameSite; what it says is sealed under the tenant's key"},
		{"cookie __Host-nubitalk-flow", Pseudonym, "binds a sign-in with the organisation's own provider to the browser that began it; five minutes", "HttpOnly, Secure, SameSite; what it says is sealed under the tenant's key"},
		{"localStorage nubitalk.<entry point>", Credential, "lets a visitor back into the own conversation; only after it began, removed when it ends. No words, no names, no cookies", ""},
		{"sessionStorage nubitalk.call.<entry point>", Credential, "lets a caller's page back into the own call after a reload; gone with the tab, removed when the call ends. No words, no names", ""},
		{"localStorage nubitalk.preferences", None, "how a user likes the screen, whether alerts are heard, which microphone and loudspeaker calls use", ""},
		{"localStorage nubitalk.flow.<user>.<flow>", Label, "a flow that an administrator worked on and has not saved; removed when it is saved or thrown away", ""},
		{"localStorage nubitalk.brand", None, "what the pages of the organisation that was signed in to last look like, and the link by which that is shown", ""},
		{"localStorage nubitalk.organisation", None, "the organisation typed at the last sign-in", ""}}},

	{Log, "", "to run the service", "by the operator's own rule", "rotated by the operator", []part{
		{"log lines", Pseudonym, "what happened, with ids and codes; personal values print as •••", ""},
		{"metrics", None, "counts and durations, without ids of persons", ""}}},

	{Log, "", "to keep a copy of the audit logs where nobody of the program can change it (only where the operator has them sent: log.audit)", "by the operator's own rule", "by the operator's own rule", []part{
		{"audit entries", Pseudonym, "who did what to which object: ids, codes and counts, with the hashes of the chain; never content, names or addresses", "sent over TLS to the operator's collector"}}},
}
