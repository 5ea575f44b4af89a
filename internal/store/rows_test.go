package store_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// kept stores a full row of a table and reads it back.
type kept struct {
	name   string
	insert func(*store.Tx) error
	want   any
	get    func(*store.Tx) (any, error)
}

func keep[R any](name string, row R, insert func(*store.Tx, R) error, get func(*store.Tx, R) (R, error)) kept {
	return kept{name, func(tx *store.Tx) error { return insert(tx, row) }, row, func(tx *store.Tx) (any, error) { return get(tx, row) }}
}

// only is the single row of a list.
func only[R any](rows []R, err error) (R, error) {
	var none R
	if err != nil {
		return none, err
	}
	if len(rows) != 1 {
		return none, errs.New(errs.NotFound, "%d rows", len(rows))
	}
	return rows[0], nil
}

func exportRow() store.ExportRow {
	e := fill[store.ExportRow](47)
	e.Version = 1
	return e
}

func tenantRows() []kept {
	user := fill[store.UserRow](1)
	user.Status, user.Version = "active", 1
	contact := fill[store.ContactRow](2)
	contact.ID, contact.Version = "con_full", 1
	setup := fill[store.SetupRow](3)
	setup.Body, setup.Version = json.RawMessage(`{"name":"Vendas"}`), 1
	setupVersion := fill[store.SetupVersionRow](4)
	setupVersion.Kind, setupVersion.ID, setupVersion.Body = setup.Kind, setup.ID, json.RawMessage(`[1]`)
	session := fill[store.SessionRow](5)
	link := fill[store.SignUpLinkRow](70)
	link.Tenant = tenA
	grant := fill[store.SupportGrantRow](44)
	grant.Tenant, grant.State, grant.Version = tenA, "granted", 1
	session.UserID = user.ID
	address := fill[store.AddressRow](6)
	address.ContactID, address.Kind = contact.ID, "email"
	consent := fill[store.ConsentRow](7)
	consent.ContactID = contact.ID
	interaction := fill[store.InteractionRow](8)
	interaction.ID, interaction.ContactID, interaction.State, interaction.Version = "int_full", contact.ID, "wrapping", 1
	listed, called, never := fill[store.ListContactRow](93), fill[store.CampaignContactRow](94), fill[store.DoNotCallRow](95)
	listed.ContactID, called.ContactID, called.State, called.Version = contact.ID, contact.ID, "dialing", 1
	value := fill[store.FieldValueRow](45)
	value.Entity = "queue"
	segment := fill[store.SegmentRow](9)
	segment.InteractionID, segment.HolderKind = interaction.ID, "agent"
	offer := fill[store.OfferRow](10)
	offer.InteractionID = interaction.ID
	agent := fill[store.AgentRow](11)
	agent.UserID = user.ID
	chat := fill[store.ChatRow](12)
	chat.InteractionID = interaction.ID
	message := fill[store.MessageRow](13)
	message.InteractionID, message.AuthorKind, message.Kind, message.Seq = interaction.ID, "visitor", "text", chat.LastSeq+1
	attachment := fill[store.AttachmentRow](14)
	attachment.InteractionID = interaction.ID
	key := fill[store.IdempotencyRow](15)
	job := fill[store.JobRow](16)
	apiKey := fill[store.APIKeyRow](17)
	role := fill[store.RoleRow](45)
	role.Version = 1
	alert, suspicion := fill[store.AlertRow](18), fill[store.SecurityAlertRow](112)
	suspicion.Kind = "export"
	delivery := fill[store.WebhookDeliveryRow](113)
	delivery.State = "waiting"
	factor := fill[store.FactorRow](43)
	brand := fill[store.BrandRow](72)
	brand.Tenant, brand.Version = tenA, 1
	signOn, identity := fill[store.SignOnRow](70), fill[store.IdentityRow](71)
	provisioning, provisioned, group := fill[store.ProvisioningRow](86), fill[store.ProvisionedUserRow](87), fill[store.ProvisionedGroupRow](88)
	provisioned.UserID, provisioning.Version, group.Version = user.ID, 1, 1
	member := store.ProvisionedMemberRow{GroupID: group.ID, UserID: user.ID}
	identity.UserID, signOn.Version = user.ID, 1
	factor.UserID, factor.Kind = user.ID, "totp"
	officeCall := fill[store.OfficeCallRow](30)
	forward := fill[store.ForwardRow](31)
	greeting := fill[store.GreetingRow](44)
	greeting.UserID = user.ID
	photo := fill[store.PhotoRow](111)
	photo.UserID = user.ID
	voicemail := fill[store.VoicemailRow](32)
	voicemail.InteractionID, voicemail.DeletedAt = interaction.ID, time.Time{}
	emailFolder := fill[store.EmailFolderRow](40)
	email := fill[store.EmailRow](41)
	email.InteractionID = interaction.ID
	acknowledged := fill[store.AcknowledgementRow](43)
	acknowledged.InteractionID = interaction.ID
	emailSend := fill[store.EmailSendRow](42)
	emailSend.InteractionID = interaction.ID
	alert.SubjectKind, alert.Level = "agent", "critical"
	leg := fill[store.LegRow](19)
	leg.InteractionID = interaction.ID
	recording := fill[store.RecordingRow](20)
	recording.InteractionID = interaction.ID
	recordingState := fill[store.RecordingStateRow](22)
	recordingState.InteractionID = interaction.ID
	hold, share := fill[store.RecordingHoldRow](32), fill[store.RecordingShareRow](33)
	share.InteractionID, share.RecordingID = interaction.ID, recording.ID
	evaluation, calibration := fill[store.EvaluationRow](34), fill[store.CalibrationRow](35)
	evaluation.InteractionID, evaluation.Version, evaluation.Origin = interaction.ID, 1, "sample"
	calibrated := fill[store.EvaluationRow](36)
	calibrated.InteractionID, calibrated.Version, calibrated.Origin = interaction.ID, 1, "calibration"
	entry := fill[store.RecordingEntryRow](21)
	entry.InteractionID, entry.RecordingID = interaction.ID, recording.ID
	return []kept{
		keep("users", user, (*store.Tx).InsertUser, func(tx *store.Tx, r store.UserRow) (store.UserRow, error) { return tx.User(r.ID) }),
		keep("users by name", user, nothing, func(tx *store.Tx, r store.UserRow) (store.UserRow, error) { return tx.UserByName(r.UserNameKey) }),
		keep("users by invitation", user, nothing, func(tx *store.Tx, r store.UserRow) (store.UserRow, error) {
			return tx.UserByInvitation(r.InvitationHash)
		}),
		keep("users listed", user, nothing, func(tx *store.Tx, r store.UserRow) (store.UserRow, error) { return only(tx.Users()) }),
		keep("sessions", session, (*store.Tx).InsertSession, func(tx *store.Tx, r store.SessionRow) (store.SessionRow, error) { return tx.Session(r.ID) }),
		keep("sessions by token", session, nothing, func(tx *store.Tx, r store.SessionRow) (store.SessionRow, error) {
			return tx.SessionByToken(r.TokenHash)
		}),
		keep("sessions by the next token", session, nothing, func(tx *store.Tx, r store.SessionRow) (store.SessionRow, error) { return tx.SessionByNext(r.NextHash) }),
		keep("sessions by the earlier token", session, nothing, func(tx *store.Tx, r store.SessionRow) (store.SessionRow, error) {
			return tx.SessionByEarlier(r.EarlierHash)
		}),
		keep("factors", factor, (*store.Tx).InsertFactor, func(tx *store.Tx, r store.FactorRow) (store.FactorRow, error) { return only(tx.FactorsOf(r.UserID)) }),
		keep("roles", role, (*store.Tx).InsertRole, func(tx *store.Tx, r store.RoleRow) (store.RoleRow, error) { return tx.Role(r.ID) }),
		keep("roles listed", role, nothing, func(tx *store.Tx, r store.RoleRow) (store.RoleRow, error) { return only(tx.Roles()) }),
		keep("sign_ons", signOn, (*store.Tx).PutSignOn, func(tx *store.Tx, r store.SignOnRow) (store.SignOnRow, error) {
			got, err := tx.SignOn()
			got.Version-- // it is stored as the next one
			return got, err
		}),
		keep("brands", brand, (*store.Tx).PutBrand, func(tx *store.Tx, _ store.BrandRow) (store.BrandRow, error) {
			got, err := tx.OwnBrand()
			got.Version-- // it is stored as the next one
			return got, err
		}),
		keep("identities", identity, (*store.Tx).InsertIdentity, func(tx *store.Tx, r store.IdentityRow) (store.IdentityRow, error) { return tx.Identity(r.Subject) }),
		keep("identities of a user", identity, nothing, func(tx *store.Tx, r store.IdentityRow) (store.IdentityRow, error) { return tx.IdentityOf(r.UserID) }),
		keep("provisionings", provisioning, func(tx *store.Tx, r store.ProvisioningRow) error {
			return firstOf(tx.PutProvisioning(r), tx.CountProvisioned(r.Did, r.AskedAt))
		}, func(tx *store.Tx, _ store.ProvisioningRow) (store.ProvisioningRow, error) {
			got, err := tx.Provisioning()
			got.Version-- // it is stored as the next one
			return got, err
		}),
		keep("provisioned_users", provisioned, (*store.Tx).PutProvisionedUser, func(tx *store.Tx, r store.ProvisionedUserRow) (store.ProvisionedUserRow, error) {
			return tx.ProvisionedUser(r.UserID)
		}),
		keep("provisioned_users by the directory's id", provisioned, nothing, func(tx *store.Tx, r store.ProvisionedUserRow) (store.ProvisionedUserRow, error) {
			return only(tx.ProvisionedUsersBy(r.Index))
		}),
		keep("provisioned_users listed", provisioned, nothing, func(tx *store.Tx, r store.ProvisionedUserRow) (store.ProvisionedUserRow, error) {
			return only(tx.ProvisionedUsers())
		}),
		keep("provisioned_groups", group, (*store.Tx).InsertProvisionedGroup, func(tx *store.Tx, r store.ProvisionedGroupRow) (store.ProvisionedGroupRow, error) {
			return tx.ProvisionedGroup(r.ID)
		}),
		keep("provisioned_groups listed", group, nothing, func(tx *store.Tx, r store.ProvisionedGroupRow) (store.ProvisionedGroupRow, error) {
			return only(tx.ProvisionedGroups())
		}),
		keep("provisioned_members", member, (*store.Tx).InsertProvisionedMember, func(tx *store.Tx, r store.ProvisionedMemberRow) (store.ProvisionedMemberRow, error) {
			return only(tx.ProvisionedMembers())
		}),
		keep("provisioned_members of a group", member, nothing, func(tx *store.Tx, r store.ProvisionedMemberRow) (store.ProvisionedMemberRow, error) {
			return only(tx.ProvisionedMembersOf(r.GroupID))
		}),
		keep("provisioned_groups of a user", group, nothing, func(tx *store.Tx, r store.ProvisionedGroupRow) (store.ProvisionedGroupRow, error) {
			return only(tx.ProvisionedGroupsOf(user.ID))
		}),
		keep("api_keys", apiKey, (*store.Tx).InsertAPIKey, func(tx *store.Tx, r store.APIKeyRow) (store.APIKeyRow, error) { return tx.APIKey(r.ID) }),
		keep("api_keys by token", apiKey, nothing, func(tx *store.Tx, r store.APIKeyRow) (store.APIKeyRow, error) { return tx.APIKeyByToken(r.TokenHash) }),
		keep("api_keys by the secret before", apiKey, nothing, func(tx *store.Tx, r store.APIKeyRow) (store.APIKeyRow, error) {
			return tx.APIKeyByEarlier(r.EarlierHash)
		}),
		keep("setup", setup, (*store.Tx).InsertSetup, func(tx *store.Tx, r store.SetupRow) (store.SetupRow, error) { return tx.Setup(r.Kind, r.ID) }),
		keep("setup listed", setup, nothing, func(tx *store.Tx, r store.SetupRow) (store.SetupRow, error) { return only(tx.SetupOf(r.Kind)) }),
		keep("setup_versions", setupVersion, (*store.Tx).InsertSetupVersion, func(tx *store.Tx, r store.SetupVersionRow) (store.SetupVersionRow, error) {
			return tx.SetupVersion(r.Kind, r.ID, r.Version)
		}),
		keep("contacts", contact, (*store.Tx).InsertContact, func(tx *store.Tx, r store.ContactRow) (store.ContactRow, error) { return tx.Contact(r.ID) }),
		keep("contact_addresses", address, func(tx *store.Tx, r store.AddressRow) error {
			_, added, err := tx.AddAddress(r)
			if err == nil && !added {
				err = errs.New(errs.Conflict, "not added")
			}
			return err
		}, func(tx *store.Tx, r store.AddressRow) (store.AddressRow, error) {
			return tx.AddressByIndex(r.Kind, r.AddressIndex)
		}),
		keep("contact_addresses listed", address, nothing, func(tx *store.Tx, r store.AddressRow) (store.AddressRow, error) {
			return only(tx.AddressesOf(r.ContactID))
		}),
		keep("field_values", value, func(tx *store.Tx, r store.FieldValueRow) error { return tx.PutFieldValue(r, time.Time{}) }, func(tx *store.Tx, r store.FieldValueRow) (store.FieldValueRow, error) {
			return only(tx.FieldValues(r.Entity, r.ObjectID))
		}),
		keep("list_contacts", listed, func(tx *store.Tx, r store.ListContactRow) error { _, err := tx.InsertListContact(r); return err }, func(tx *store.Tx, r store.ListContactRow) (store.ListContactRow, error) {
			return tx.ListContact(r.ID)
		}),
		keep("list_contacts of a list", listed, nothing, func(tx *store.Tx, r store.ListContactRow) (store.ListContactRow, error) {
			return only(tx.ListContacts(r.ListID, r.Seq-1, 2))
		}),
		keep("list_contacts of a contact", listed, nothing, func(tx *store.Tx, r store.ListContactRow) (store.ListContactRow, error) {
			return only(tx.ListsOf(r.ContactID))
		}),
		keep("campaign_contacts", called, func(tx *store.Tx, r store.CampaignContactRow) error {
			_, err := tx.InsertCampaignContact(r)
			return err
		}, func(tx *store.Tx, r store.CampaignContactRow) (store.CampaignContactRow, error) {
			return tx.CampaignContact(r.CampaignID, r.EntryID)
		}),
		keep("campaign_contacts of a contact", called, nothing, func(tx *store.Tx, r store.CampaignContactRow) (store.CampaignContactRow, error) {
			return only(tx.CampaignsOf(r.ContactID))
		}),
		keep("campaign_contacts that agents have", called, nothing, func(tx *store.Tx, r store.CampaignContactRow) (store.CampaignContactRow, error) {
			return only(tx.HeldContacts(r.AgentID))
		}),
		keep("campaign_contacts that are due", called, nothing, func(tx *store.Tx, r store.CampaignContactRow) (store.CampaignContactRow, error) {
			return only(tx.DueContacts(r.CampaignID, r.TimeZone, []string{r.ListID}, r.State, r.AgentID, r.DueAt, time.Time{}, 2))
		}),
		keep("do_not_call", never, func(tx *store.Tx, r store.DoNotCallRow) error { _, err := tx.PutDoNotCall(r); return err }, func(tx *store.Tx, r store.DoNotCallRow) (store.DoNotCallRow, error) {
			return tx.DoNotCall(r.AddressIndex)
		}),
		keep("consents", consent, (*store.Tx).InsertConsent, func(tx *store.Tx, r store.ConsentRow) (store.ConsentRow, error) { return tx.Consent(r.ID) }),
		keep("consents listed", consent, nothing, func(tx *store.Tx, r store.ConsentRow) (store.ConsentRow, error) {
			return only(tx.ConsentsOf(r.ContactID))
		}),
		keep("interactions", interaction, (*store.Tx).InsertInteraction, func(tx *store.Tx, r store.InteractionRow) (store.InteractionRow, error) { return tx.Interaction(r.ID) }),
		keep("interactions of a contact", interaction, nothing, func(tx *store.Tx, r store.InteractionRow) (store.InteractionRow, error) {
			return only(tx.InteractionsOf(r.ContactID, store.Cursor{}, 10))
		}),
		keep("segments", segment, (*store.Tx).PutSegment, func(tx *store.Tx, r store.SegmentRow) (store.SegmentRow, error) {
			return only(tx.Segments(r.InteractionID))
		}),
		keep("call_legs", leg, (*store.Tx).PutLeg, func(tx *store.Tx, r store.LegRow) (store.LegRow, error) { return only(tx.Legs(r.InteractionID)) }),
		keep("offers", offer, (*store.Tx).InsertOffer, func(tx *store.Tx, r store.OfferRow) (store.OfferRow, error) { return tx.Offer(r.ID) }),
		keep("offers listed", offer, nothing, func(tx *store.Tx, r store.OfferRow) (store.OfferRow, error) {
			return only(tx.OffersOf(r.InteractionID))
		}),
		keep("agents", agent, (*store.Tx).PutAgent, func(tx *store.Tx, r store.AgentRow) (store.AgentRow, error) { return tx.Agent(r.UserID) }),
		keep("agents listed", agent, nothing, func(tx *store.Tx, r store.AgentRow) (store.AgentRow, error) { return only(tx.Agents()) }),
		keep("office_calls", officeCall, (*store.Tx).PutOfficeCall, func(tx *store.Tx, r store.OfficeCallRow) (store.OfficeCallRow, error) {
			return only(tx.OfficeCalls(r.StartedAt, r.StartedAt.Add(time.Millisecond)))
		}),
		keep("forwards", forward, (*store.Tx).PutForward, func(tx *store.Tx, r store.ForwardRow) (store.ForwardRow, error) { return only(tx.Forwards()) }),
		keep("greetings", greeting, (*store.Tx).PutGreeting, func(tx *store.Tx, r store.GreetingRow) (store.GreetingRow, error) { return tx.Greeting(r.UserID) }),
		keep("photos", photo, (*store.Tx).PutPhoto, func(tx *store.Tx, r store.PhotoRow) (store.PhotoRow, error) { return tx.Photo(r.UserID) }),
		keep("voicemails", voicemail, (*store.Tx).PutVoicemail, func(tx *store.Tx, r store.VoicemailRow) (store.VoicemailRow, error) {
			return tx.Voicemail(r.InteractionID)
		}),
		keep("voicemails listed", voicemail, nothing, func(tx *store.Tx, r store.VoicemailRow) (store.VoicemailRow, error) {
			return only(tx.Voicemails(r.UserID, 10))
		}),
		keep("email_folders", emailFolder, (*store.Tx).PutEmailFolder, func(tx *store.Tx, r store.EmailFolderRow) (store.EmailFolderRow, error) {
			return tx.EmailFolder(r.MailboxID, r.Folder)
		}),
		keep("emails", email, (*store.Tx).InsertEmail, func(tx *store.Tx, r store.EmailRow) (store.EmailRow, error) { return tx.Email(r.InteractionID) }),
		keep("emails known", email, nothing, func(tx *store.Tx, r store.EmailRow) (store.EmailRow, error) { return tx.EmailKnown(r.Identity) }),
		keep("email_acknowledgements", acknowledged, func(tx *store.Tx, r store.AcknowledgementRow) error {
			_, err := tx.ClaimAcknowledgement(r, time.Time{})
			return err
		}, func(tx *store.Tx, r store.AcknowledgementRow) (store.AcknowledgementRow, error) {
			return tx.Acknowledgement(r.Sender)
		}),
		keep("email_acknowledgements of an interaction", acknowledged, nothing, func(tx *store.Tx, r store.AcknowledgementRow) (store.AcknowledgementRow, error) {
			return tx.AcknowledgementOf(r.InteractionID)
		}),
		keep("support_grants", grant, (*store.Tx).InsertSupportGrant, func(tx *store.Tx, r store.SupportGrantRow) (store.SupportGrantRow, error) {
			return tx.SupportGrant(r.ID)
		}),
		keep("support_grants by token", grant, nothing, func(tx *store.Tx, r store.SupportGrantRow) (store.SupportGrantRow, error) {
			return tx.SupportGrantByToken(r.TokenHash)
		}),
		keep("support_grants listed", grant, nothing, func(tx *store.Tx, r store.SupportGrantRow) (store.SupportGrantRow, error) {
			return only(tx.SupportGrants("", 10))
		}),
		keep("sign_up_links", link, (*store.Tx).InsertSignUpLink, func(tx *store.Tx, _ store.SignUpLinkRow) (store.SignUpLinkRow, error) {
			return only(tx.SignUpLinks("", 10))
		}),
		keep("sample_objects", fill[store.SampleObjectRow](71), (*store.Tx).InsertSampleObject, func(tx *store.Tx, _ store.SampleObjectRow) (store.SampleObjectRow, error) {
			return only(tx.SampleObjects())
		}),
		keep("usage_days", fill[store.UsageDayRow](43), func(tx *store.Tx, r store.UsageDayRow) error { return tx.PutUsageDays(r) }, func(tx *store.Tx, r store.UsageDayRow) (store.UsageDayRow, error) {
			return only(tx.UsageDays(r.Day, r.Day))
		}),
		keep("organisation_ends", fill[store.EndRow](46), (*store.Tx).PutEnd, func(tx *store.Tx, _ store.EndRow) (store.EndRow, error) { return tx.End() }),
		keep("organisation_exports", exportRow(), (*store.Tx).InsertExport, func(tx *store.Tx, r store.ExportRow) (store.ExportRow, error) { return tx.Export(r.ID) }),
		keep("organisation_exports listed", exportRow(), nothing, func(tx *store.Tx, _ store.ExportRow) (store.ExportRow, error) { return only(tx.Exports(10)) }),
		keep("email_sends", emailSend, (*store.Tx).BeginEmailSend, func(tx *store.Tx, r store.EmailSendRow) (store.EmailSendRow, error) {
			return only(tx.EmailSends(r.InteractionID))
		}),
		keep("email_sends by their id", emailSend, nothing, func(tx *store.Tx, r store.EmailSendRow) (store.EmailSendRow, error) {
			return tx.EmailSent(r.Message)
		}),
		keep("alerts", alert, (*store.Tx).PutAlert, func(tx *store.Tx, r store.AlertRow) (store.AlertRow, error) { return tx.Alert(r.ID) }),
		keep("alerts listed", alert, nothing, func(tx *store.Tx, r store.AlertRow) (store.AlertRow, error) {
			return only(tx.Alerts(store.AlertFilter{Subject: r.SubjectID}))
		}),
		keep("security_alerts", suspicion, (*store.Tx).PutSecurityAlert, func(tx *store.Tx, r store.SecurityAlertRow) (store.SecurityAlertRow, error) {
			return tx.SecurityAlert(r.ID)
		}),
		keep("webhook_deliveries", delivery, (*store.Tx).InsertWebhookDelivery, func(tx *store.Tx, r store.WebhookDeliveryRow) (store.WebhookDeliveryRow, error) {
			return tx.WebhookDelivery(r.WebhookID, r.ID)
		}),
		keep("webhook_deliveries due", delivery, nothing, func(tx *store.Tx, r store.WebhookDeliveryRow) (store.WebhookDeliveryRow, error) {
			return tx.NextWebhookDelivery(r.WebhookID)
		}),
		keep("webhook_deliveries listed", delivery, nothing, func(tx *store.Tx, r store.WebhookDeliveryRow) (store.WebhookDeliveryRow, error) {
			return only(tx.WebhookDeliveries(store.WebhookDeliveryFilter{Webhook: r.WebhookID, State: r.State}))
		}),
		keep("security_alerts listed", suspicion, nothing, func(tx *store.Tx, _ store.SecurityAlertRow) (store.SecurityAlertRow, error) {
			return only(tx.SecurityAlerts(store.SecurityAlertFilter{Seen: true}))
		}),
		keep("security_alerts by what they are about", suspicion, nothing, func(tx *store.Tx, r store.SecurityAlertRow) (store.SecurityAlertRow, error) {
			return tx.LastSecurityAlert(r.Kind, r.UserID, r.Action)
		}),
		keep("chats", chat, (*store.Tx).InsertChat, func(tx *store.Tx, r store.ChatRow) (store.ChatRow, error) { return tx.Chat(r.InteractionID) }),
		keep("chats by token", chat, nothing, func(tx *store.Tx, r store.ChatRow) (store.ChatRow, error) { return tx.ChatByToken(r.TokenHash) }),
		keep("messages", message, func(tx *store.Tx, r store.MessageRow) error {
			_, added, err := tx.InsertMessage(r, nil)
			if err == nil && !added {
				err = errs.New(errs.Conflict, "not added")
			}
			return err
		}, func(tx *store.Tx, r store.MessageRow) (store.MessageRow, error) {
			return tx.Message(r.InteractionID, r.Seq)
		}),
		keep("messages by client", message, nothing, func(tx *store.Tx, r store.MessageRow) (store.MessageRow, error) {
			return tx.MessageByClient(r.InteractionID, r.AuthorID, r.ClientID)
		}),
		keep("attachments", attachment, (*store.Tx).InsertAttachment, func(tx *store.Tx, r store.AttachmentRow) (store.AttachmentRow, error) { return tx.Attachment(r.ID) }),
		keep("attachments listed", attachment, nothing, func(tx *store.Tx, r store.AttachmentRow) (store.AttachmentRow, error) {
			return only(tx.AttachmentsOf(r.InteractionID))
		}),
		keep("recordings", recording, (*store.Tx).InsertRecording, func(tx *store.Tx, r store.RecordingRow) (store.RecordingRow, error) { return tx.Recording(r.ID) }),
		keep("recordings listed", recording, nothing, func(tx *store.Tx, r store.RecordingRow) (store.RecordingRow, error) {
			return only(tx.Recordings(r.InteractionID))
		}),
		keep("recordings that are kept long enough", recording, nothing, func(tx *store.Tx, r store.RecordingRow) (store.RecordingRow, error) {
			return only(tx.KeptRecordings(r.KeepUntil.Add(time.Second), 10))
		}),
		keep("recording_holds", hold, (*store.Tx).InsertRecordingHold, func(tx *store.Tx, r store.RecordingHoldRow) (store.RecordingHoldRow, error) {
			return tx.RecordingHold(r.ID)
		}),
		keep("recording_holds listed", hold, nothing, func(tx *store.Tx, r store.RecordingHoldRow) (store.RecordingHoldRow, error) {
			return only(tx.RecordingHolds())
		}),
		keep("recording_holds of a contact", hold, nothing, func(tx *store.Tx, r store.RecordingHoldRow) (store.RecordingHoldRow, error) {
			return only(tx.RecordingHoldsOf(r.ContactID))
		}),
		keep("recording_shares", share, (*store.Tx).PutRecordingShare, func(tx *store.Tx, r store.RecordingShareRow) (store.RecordingShareRow, error) {
			return tx.RecordingShare(r.RecordingID, r.UserID)
		}),
		keep("recording_shares of a recording", share, nothing, func(tx *store.Tx, r store.RecordingShareRow) (store.RecordingShareRow, error) {
			return only(tx.RecordingShares(r.RecordingID, r.EndsAt.Add(-time.Second)))
		}),
		keep("recording_shares with a user", share, nothing, func(tx *store.Tx, r store.RecordingShareRow) (store.RecordingShareRow, error) {
			return only(tx.RecordingSharesWith(r.UserID, r.EndsAt.Add(-time.Second), 10))
		}),
		keep("evaluations", evaluation, (*store.Tx).InsertEvaluation, func(tx *store.Tx, r store.EvaluationRow) (store.EvaluationRow, error) { return tx.Evaluation(r.ID) }),
		keep("evaluations listed", evaluation, nothing, func(tx *store.Tx, r store.EvaluationRow) (store.EvaluationRow, error) {
			return only(tx.Evaluations(store.EvaluationFilter{Agent: r.AgentID, Evaluator: r.EvaluatorID, Form: r.FormID, Interaction: r.InteractionID, States: []string{"x", r.State}, Limit: 10}))
		}),
		keep("evaluations of a calibration", calibrated, (*store.Tx).InsertEvaluation, func(tx *store.Tx, r store.EvaluationRow) (store.EvaluationRow, error) {
			return only(tx.Calibrated(r.CalibrationID))
		}),
		keep("calibrations", calibration, (*store.Tx).InsertCalibration, func(tx *store.Tx, r store.CalibrationRow) (store.CalibrationRow, error) { return tx.Calibration(r.ID) }),
		keep("calibrations listed", calibration, nothing, func(tx *store.Tx, r store.CalibrationRow) (store.CalibrationRow, error) {
			return only(tx.Calibrations(9))
		}),
		keep("recording_states", recordingState, (*store.Tx).PutRecordingState, func(tx *store.Tx, r store.RecordingStateRow) (store.RecordingStateRow, error) {
			return tx.RecordingState(r.InteractionID)
		}),
		keep("recording_entries", entry, (*store.Tx).InsertRecordingEntry, func(tx *store.Tx, r store.RecordingEntryRow) (store.RecordingEntryRow, error) {
			return only(tx.RecordingEntries(r.RecordingID))
		}),
		keep("idempotency", key, func(tx *store.Tx, r store.IdempotencyRow) error {
			_, reserved, err := tx.ReserveKey(r)
			if err == nil && !reserved {
				err = errs.New(errs.Conflict, "not reserved")
			}
			return err
		}, func(tx *store.Tx, r store.IdempotencyRow) (store.IdempotencyRow, error) {
			return tx.Key(r.ActorID, r.KeyHash)
		}),
		{"jobs", func(tx *store.Tx) error { return tx.InsertJob(job) }, withTenant(job, tenA), func(tx *store.Tx) (any, error) { return only(tx.Jobs(job.Kind)) }},
	}
}

func withTenant(j store.JobRow, t id.Tenant) store.JobRow {
	j.Tenant = t
	return j
}

func nothing[R any](*store.Tx, R) error { return nil }

// Every column of every row keeps its own value, and belongs to its tenant only.
func TestRowsAreKeptWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		for _, row := range tenantRows() {
			err := db.Write(t.Context(), tenA, row.insert)
			wantCode(t, row.name+": insert", err, "")
			err = db.Read(t.Context(), tenA, func(tx *store.Tx) error {
				got, err := row.get(tx)
				same(t, row.name, row.want, got)
				return err
			})
			wantCode(t, row.name+": read", err, "")
			err = db.Read(t.Context(), tenB, func(tx *store.Tx) error {
				_, err := row.get(tx)
				return err
			})
			wantCode(t, row.name+": read by another tenant", err, errs.NotFound)
			err = db.Read(t.Context(), tenA, row.insert)
			if err == nil && !strings.Contains(row.name, " ") { // those with two words only look
				t.Errorf("%s: a reader could write", row.name)
			}
		}
	})
}

// The zero value of every column is kept as well: empty lists, no bytes, no time.
func TestZeroValuesAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA)
		user := store.UserRow{ID: "usr_1", Status: "active", Version: 1}
		key := store.APIKeyRow{ID: "key_1", Scopes: []string{}} // narrowed to nothing, unlike nil
		interaction := store.InteractionRow{ID: "int_1", ContactID: "con_1", State: "queued", Version: 1}
		write(t, db, tenA, func(tx *store.Tx) error {
			if err := tx.InsertUser(user); err != nil {
				return err
			}
			if err := tx.InsertAPIKey(key); err != nil {
				return err
			}
			if err := tx.InsertContact(store.ContactRow{ID: "con_1"}); err != nil {
				return err
			}
			return tx.InsertInteraction(interaction)
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			u, err := tx.User("usr_1")
			wantCode(t, "user", err, "")
			same(t, "user", user, u)
			k, err := tx.APIKey("key_1")
			wantCode(t, "key", err, "")
			same(t, "key", key, k)
			i, err := tx.Interaction("int_1")
			wantCode(t, "interaction", err, "")
			same(t, "interaction", interaction, i)
			return nil
		})
	})
}

func TestOrganisations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		o := fill[store.OrganisationRow](1)
		o.ID, o.ParentID, o.Kind, o.Status, o.Version = tenA, "res_1", "tenant", "active", 1
		o2 := o
		o2.ID, o2.Slug, o2.CreatedAt = tenB, "other", o.CreatedAt.Add(1e9)
		err := db.System(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertOrganisation(o); err != nil {
				return err
			}
			return tx.InsertOrganisation(o2)
		})
		wantCode(t, "insert", err, "")
		err = db.SystemRead(t.Context(), func(tx *store.Tx) error {
			got, err := tx.OrganisationByID(o.ID)
			wantCode(t, "by id", err, "")
			same(t, "by id", o, got)
			got, err = tx.OrganisationBySlug("other")
			wantCode(t, "by slug", err, "")
			same(t, "by slug", o2, got)
			all, err := tx.Organisations()
			wantCode(t, "all", err, "")
			same(t, "all", []store.OrganisationRow{o, o2}, all)
			below, err := tx.OrganisationsOf("res_1", o.ID, 10)
			wantCode(t, "below", err, "")
			same(t, "below", []store.OrganisationRow{o2}, below)
			_, err = tx.OrganisationBySlug("none")
			wantCode(t, "unknown", err, errs.NotFound)
			tree, err := tx.Under(o.ID)
			wantCode(t, "under", err, "")
			same(t, "under", []store.OrganisationRow{o}, tree)
			is, err := tx.IsBelow(o.ID, "res_1")
			if err != nil || !is {
				t.Errorf("below its parent: %v, %v", is, err)
			}
			is, err = tx.IsBelow(o.ID, o2.ID)
			if err != nil || is {
				t.Errorf("below another: %v, %v", is, err)
			}
			return nil
		})
		wantCode(t, "read", err, "")
		read(t, db, tenB, func(tx *store.Tx) error {
			got, err := tx.Organisation()
			same(t, "own", o2, got)
			return err
		})
		o.Name, o.Slug, o.ParentID, o.Limits = "New name", "new", "res_2", usage.Limits{Channels: []acd.Channel{acd.Chat}}
		err = db.System(t.Context(), func(tx *store.Tx) error {
			if err := tx.UpdateOrganisation(o); err != nil {
				return err
			}
			wantCode(t, "stale", tx.UpdateOrganisation(o), errs.Conflict)
			gone := o
			gone.ID = "ten_none"
			wantCode(t, "missing", tx.UpdateOrganisation(gone), errs.NotFound)
			got, err := tx.OrganisationByID(o.ID)
			o.Version = 2
			same(t, "updated", o, got)
			return err
		})
		wantCode(t, "update", err, "")
		err = db.System(t.Context(), func(tx *store.Tx) error { return tx.InsertOrganisation(o2) })
		wantCode(t, "twice", err, errs.Conflict)
	})
}

// What is changed is changed for its tenant only, if nobody was faster.
func TestCompareAndSet(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error {
				return tx.InsertSetup(store.SetupRow{Kind: "queues", ID: "que_1", Body: json.RawMessage("{}")})
			})
		}
		user := fill[store.UserRow](20)
		user.ID, user.Status = "usr_1", "locked"
		contact := fill[store.ContactRow](21)
		contact.ID = "con_1"
		setup := fill[store.SetupRow](22)
		setup.Kind, setup.ID, setup.Body = "queues", "que_1", json.RawMessage(`{"a":1}`)
		work := fill[store.InteractionRow](23)
		work.ID, work.ContactID, work.State = "int_1", "con_1", "closed"
		for _, c := range []struct {
			name   string
			update func(tx *store.Tx, version int64, missing bool) error
			same   func(tx *store.Tx, changed bool) error
		}{
			{"user", func(tx *store.Tx, v int64, missing bool) error {
				u := user
				if u.Version = v; missing {
					u.ID = "usr_none"
				}
				return tx.UpdateUser(u)
			}, func(tx *store.Tx, changed bool) error {
				got, err := tx.User("usr_1")
				want := user
				want.Version, want.CreatedAt = 2, t0
				return compare(t, changed, want, got, err)
			}},
			{"contact", func(tx *store.Tx, v int64, missing bool) error {
				c := contact
				if c.Version = v; missing {
					c.ID = "con_none"
				}
				return tx.UpdateContact(c)
			}, func(tx *store.Tx, changed bool) error {
				got, err := tx.Contact("con_1")
				want := contact
				want.Version, want.CreatedAt = 2, at(1)
				return compare(t, changed, want, got, err)
			}},
			{"setup", func(tx *store.Tx, v int64, missing bool) error {
				s := setup
				if s.Version = v; missing {
					s.ID = "que_none"
				}
				return tx.UpdateSetup(s)
			}, func(tx *store.Tx, changed bool) error {
				got, err := tx.Setup("queues", "que_1")
				want := setup
				want.Version, want.CreatedAt = 2, got.CreatedAt
				return compare(t, changed, want, got, err)
			}},
			{"interaction", func(tx *store.Tx, v int64, missing bool) error {
				i := work
				if i.Version = v; missing {
					i.ID = "int_none"
				}
				return tx.UpdateInteraction(i)
			}, func(tx *store.Tx, changed bool) error {
				got, err := tx.Interaction("int_1")
				want := work
				want.Version, want.Channel, want.EntryPointID, want.ArrivedAt, want.Outgoing, want.Mailbox, want.CampaignID = 2, "chat", "", at(1), false, "", ""
				return compare(t, changed, want, got, err)
			}},
		} {
			for _, step := range []struct {
				what    string
				version int64
				missing bool
				code    errs.Code
			}{{"missing", 1, true, errs.NotFound}, {"too new", 2, false, errs.Conflict}, {"right", 1, false, ""}, {"stale", 1, false, errs.Conflict}} {
				err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { return c.update(tx, step.version, step.missing) })
				wantCode(t, c.name+" "+step.what, err, step.code)
			}
			read(t, db, tenA, func(tx *store.Tx) error { return c.same(tx, true) })
			read(t, db, tenB, func(tx *store.Tx) error { return c.same(tx, false) })
		}
	})
}

// compare checks a changed row, or that the other tenant's is still the first.
func compare[R any](t *testing.T, changed bool, want, got R, err error) error {
	t.Helper()
	if changed {
		same(t, "changed", want, got)
	} else if v := reflect.ValueOf(got).FieldByName("Version").Int(); v != 1 {
		t.Errorf("the other tenant's %T has version %d", got, v)
	}
	return err
}
