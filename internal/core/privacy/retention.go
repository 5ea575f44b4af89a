package privacy

import "time"

// Rules are a tenant's choices of how long things are kept, in days. A number
// below 1 means that nothing is due: a rule that was lost must not erase.
type Rules struct {
	ConversationDays int
	RecordDays       int
	AuditDays        int
}

// How long things stay that no tenant chooses.
const (
	SessionsAfterEnd = 24 * time.Hour     // an ended session, for the list of one's sessions
	ReplyMemory      = 24 * time.Hour     // answers to repeated calls
	DeletedMessage   = 24 * time.Hour     // a message by voice that its user deleted, to be taken back
	ArchivedForward  = 24 * time.Hour     // where calls of an archived phone went on, to be there when it is brought back
	UnsentUpload     = 24 * time.Hour     // a file that no message carries
	StrayFile        = 7 * 24 * time.Hour // a stored file that no row names
)

// Due says what is to go at a time: whatever ended, closed or happened before
// each of these. A zero time means that nothing is due.
type Due struct {
	Conversations time.Time // by closing
	Deleted       time.Time // messages by voice, by when they were deleted
	Forwards      time.Time // where calls of phones went on, by when the phone was archived
	Records       time.Time // by closing
	Contacts      time.Time // by when they were last seen; only those without any record
	AgentStates   time.Time // by their end, as calls that phones made
	Alerts        time.Time // by when they were cleared
	Audit         time.Time // by when it happened
	APIKeys       time.Time // by when they were revoked or ran out
	Sessions      time.Time // by their end
	Replies       time.Time // by when they were made
	Uploads       time.Time // by when they were made
	StrayFiles    time.Time // by when they were written
}

// DueAt decides what is due at now. A conversation never outlives its record.
func DueAt(r Rules, now time.Time) Due {
	conversation := r.ConversationDays
	if r.RecordDays > 0 && r.RecordDays < conversation {
		conversation = r.RecordDays
	}
	return Due{
		Conversations: daysBefore(now, conversation),
		Deleted:       now.Add(-DeletedMessage),
		Forwards:      now.Add(-ArchivedForward),
		Records:       daysBefore(now, r.RecordDays),
		Contacts:      daysBefore(now, r.RecordDays),
		AgentStates:   daysBefore(now, r.RecordDays),
		Alerts:        daysBefore(now, r.RecordDays),
		Audit:         daysBefore(now, r.AuditDays),
		APIKeys:       daysBefore(now, r.AuditDays), // the log may still name them
		Sessions:      now.Add(-SessionsAfterEnd),
		Replies:       now.Add(-ReplyMemory),
		Uploads:       now.Add(-UnsentUpload),
		StrayFiles:    now.Add(-StrayFile),
	}
}

func daysBefore(now time.Time, days int) time.Time {
	if days < 1 {
		return time.Time{}
	}
	return now.Add(-time.Duration(days) * 24 * time.Hour)
}
