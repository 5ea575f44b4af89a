package audit

// Action is one of Actions; a line of an older version may have another.
type Action string

// Actions are the words of everything that is written to the log. Screens say
// each in the reader's language; a test finds one that is written and not here.
var Actions = []string{
	"sign_in", "sign_in.refused", "sign_in.locked", "sign_in.codes_closed", "sign_in.break_glass", "sign_in.unusual", "sign_in.disowned", "sign_on.changed", "sign_on.removed", "identity.linked", "identity.unlinked", "sign_out", "session.ended", "sessions.ended", "password.changed", "password.reset", "factor.added", "factor.removed", "factors.reset", "recovery_codes.made",
	"user.created", "user.changed", "user.deleted", "user.invited", "user.invitation_withdrawn", "user.invitation_mailed", "user.lock_kept", "users.imported", "users.exported", "role.created", "role.changed", "role.deleted", "api_key.created", "api_key.rotated", "api_key.revoked", "provisioning.changed", "group.created", "group.changed", "group.removed",
	"organisation.created", "organisation.changed", "organisation.moved", "organisation.end_asked", "organisation.end_withdrawn", "organisation.end_begun", "organisation.end_called_off", "organisation.end_code", "organisation.ended", "organisation.erased", "organisation.export_begun", "organisation.export_fetched", "organisation.export_ended", "organisation.signed_up", "organisation.trial_over", "brand.changed", "sign_up_link.made", "sign_up_link.removed", "support.asked", "support.granted", "support.opened", "support.used", "support.left", "support.ended", "keys.rotation_started", "keys.rotated",
	"setup.created", "setup.changed", "setup.archived", "setup.restored", "setup.ordered",
	"trunk.plain_allowed", "trunk.plain_ended", "webhook.tried", "webhook.repeated",
	"contact_list.imported", "contact_list.removed", "do_not_call.added", "do_not_call.removed",
	"fields.changed", "field.shown", "field.emptied",
	"phone.plain_allowed", "phone.plain_ended", "phone.password_made", "phone.forwarding_changed",
	"greeting.set", "greeting.removed", "photo.set", "photo.removed",
	"prompt.sound_set", "prompt.sound_removed", "prompt.sound_made_right", "prompt.sound_as_uploaded",
	"contact.seen", "contact.rectified", "contact.exported", "contact.erasure_begun", "contact.erasure_refused", "contact.erased", "consent.given", "consent.withdrawn",
	"interaction.move", "interaction.to_flow", "queue.emptied", "interaction.taken_over", "email.rejected", "email.merged", "email.split", "callback.cancelled", "interaction.hint", "call.monitored", "call.ended", "call.secure_begun", "call.secure_ended", "call.exported", "call.numbers_exported", "recording.listened", "recording.exported", "recording.begun", "recording.paused", "recording.resumed", "recording.stopped", "recording.screen_ended", "quality.assigned", "quality.drawn", "quality.completed", "quality.acknowledged", "quality.disputed", "quality.settled", "quality.withdrawn", "quality.calibration_begun", "quality.calibration_ended", "quality.exported", "recording.shared", "recording.share_ended", "recording.hold_placed", "recording.hold_ended", "alert.acknowledged", "agent.presence", "retention.ended", Refused, Unusual, Trimmed,
}
