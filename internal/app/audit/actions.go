package audit

// Action is one of Actions; a line of an older version may have another.
type Action string

// Actions are the words of everything that is written to the log. Screens say
// each in the reader's language; a test finds one that is written and not here.
var Actions = []string{
	"sign_in", "sign_in.refused", "sign_in.locked", "sign_in.break_glass", "sign_on.changed", "sign_on.removed", "identity.linked", "identity.unlinked", "sign_out", "session.ended", "sessions.ended", "password.changed", "password.reset", "factor.added", "factor.removed", "factors.reset", "recovery_codes.made",
	"user.created", "user.changed", "user.deleted", "role.created", "role.changed", "role.deleted", "api_key.created", "api_key.revoked",
	"organisation.created", "organisation.changed", "organisation.moved", "organisation.ended", "organisation.erased", "support.asked", "support.granted", "support.opened", "support.used", "support.left", "support.ended", "keys.rotation_started", "keys.rotated",
	"setup.created", "setup.changed", "setup.archived", "setup.restored", "setup.ordered",
	"trunk.plain_allowed", "trunk.plain_ended",
	"phone.plain_allowed", "phone.plain_ended", "phone.password_made", "phone.forwarding_changed",
	"greeting.set", "greeting.removed",
	"prompt.sound_set", "prompt.sound_removed", "prompt.sound_made_right", "prompt.sound_as_uploaded",
	"contact.seen", "contact.rectified", "contact.exported", "contact.erasure_begun", "contact.erasure_refused", "contact.erased", "consent.given", "consent.withdrawn",
	"interaction.move", "interaction.taken_over", "callback.cancelled", "interaction.hint", "call.monitored", "call.ended", "call.secure_begun", "call.secure_ended", "call.exported", "call.numbers_exported", "recording.listened", "recording.exported", "recording.begun", "recording.paused", "recording.resumed", "recording.stopped", "recording.screen_ended", "quality.assigned", "quality.drawn", "quality.completed", "quality.acknowledged", "quality.disputed", "quality.settled", "quality.withdrawn", "quality.calibration_begun", "quality.calibration_ended", "quality.exported", "recording.shared", "recording.share_ended", "recording.hold_placed", "recording.hold_ended", "alert.acknowledged", "agent.presence", "retention.ended", Trimmed,
}
