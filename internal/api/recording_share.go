package api

import (
	"context"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/core/access"
)

type shareInput struct {
	ByID
	Body struct {
		Users  []string `json:"users" minItems:"1" maxItems:"50" doc:"User ids. Who has one of these shares already gets the new reason and time."`
		Reason string   `json:"reason" enum:"quality,training,complaint,dispute,legal,other" doc:"Why. It stands in the audit log, also with each listening."`
		Days   int      `json:"days,omitempty" minimum:"1" maximum:"90" default:"7" doc:"How long they may hear it."`
	} `nameHint:"ShareRecording"`
}

type unshareInput struct {
	ByID
	Share string `path:"share" maxLength:"64"`
}

// recordingShareRoutes let named users hear recordings that are not their
// business otherwise.
func (s *Server) recordingShareRoutes() {
	const tag, path = "Recordings", "/api/v1/recordings/{id}/shares"
	share := needs(access.RecShare)
	handle(s, "GET", "/api/v1/recordings/shared", needs(access.RecListen), about{id: "sharedRecordings", tag: tag, summary: "Recordings that are shared with me now, the newest share first"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[recording.Share]], error) {
			items, err := s.Listening.SharedWith(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "GET", path, share, about{id: "recordingShares", tag: tag, summary: "With whom a recording is shared now"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ListOf[recording.Share]], error) {
			items, err := s.Listening.Shares(ctx, c.Actor, in.ID)
			return list(items, "", err)
		})
	handle(s, "POST", path, share, about{id: "shareRecording", tag: tag, summary: "Let named users hear a recording for some days", status: 200,
		detail: "They open it by its id, in the desktop at /app/recording/{id}. Each opening is noted in the audit log with the share. Nothing of the conversation is shown to them but the recording."},
		func(ctx context.Context, c *caller, in *shareInput) (*reply[ListOf[recording.Share]], error) {
			items, err := s.Listening.Share(ctx, c.Actor, in.ID, recording.NewShare{Users: in.Body.Users, Reason: in.Body.Reason, Days: in.Body.Days})
			return list(items, "", err)
		})
	handle(s, "DELETE", path+"/{share}", share, about{id: "unshareRecording", tag: tag, summary: "End a share at once", detail: "Also for who is listening by it at the moment."},
		func(ctx context.Context, c *caller, in *unshareInput) (*none, error) {
			return done(s.Listening.Unshare(ctx, c.Actor, in.ID, in.Share))
		})
}
