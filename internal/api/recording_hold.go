package api

import (
	"context"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	form "nubitalk/internal/core/recording"
)

// Holds is app/recording: what nothing destroys.
type Holds interface {
	Place(ctx context.Context, a access.Actor, in recording.NewHold) (recording.Hold, error)
	End(ctx context.Context, a access.Actor, hold string) error
	// List is all, or those on a contact's recordings.
	List(ctx context.Context, a access.Actor, contact string) ([]recording.Hold, error)
}

type placeHoldInput struct {
	Body struct {
		Recording string          `json:"recording,omitempty" maxLength:"64" doc:"A recording…"`
		Contact   string          `json:"contact,omitempty" maxLength:"64" doc:"…or a contact: all recordings of it, also those to come."`
		Reason    form.HoldReason `json:"reason" enum:"claim,investigation,authority,duty,other" doc:"claim: to establish, exercise or defend a legal claim. investigation: something is being looked into. authority: an authority or a court asks for it. duty: a law asks for it to be kept."`
		Reference string          `json:"reference,omitempty" maxLength:"80" doc:"The number of the case. It needs no personal data."`
	} `nameHint:"PlaceHold"`
}

type holdsInput struct {
	Contact string `query:"contact" maxLength:"64" doc:"Those on this contact's recordings."`
}

// recordingHoldRoutes keep recordings from being destroyed.
func (s *Server) recordingHoldRoutes() {
	const tag, path = "Recordings", "/api/v1/recording-holds"
	hold := needs(access.RecHold)
	handle(s, "GET", path, hold, about{id: "recordingHolds", tag: tag, summary: "Legal holds, the newest first"},
		func(ctx context.Context, c *caller, in *holdsInput) (*reply[ListOf[recording.Hold]], error) {
			items, err := s.Holds.List(ctx, c.Actor, in.Contact)
			return list(items, "", err)
		})
	handle(s, "POST", path, hold, about{id: "placeRecordingHold", tag: tag, summary: "Place a legal hold on a recording, or on all of a contact's", status: 201,
		detail: "While it is in force, neither retention nor an erasure of the contact destroys what it is on; an erasure is refused as a whole (409), and the hold says that one was asked for. The end of the organisation ends it, too."},
		func(ctx context.Context, c *caller, in *placeHoldInput) (*reply[recording.Hold], error) {
			b := in.Body
			return answer(s.Holds.Place(ctx, c.Actor, recording.NewHold{Recording: b.Recording, Contact: b.Contact, Reason: b.Reason, Reference: secret.New(b.Reference)}))
		})
	handle(s, "DELETE", path+"/{id}", needs(access.RecRelease), about{id: "endRecordingHold", tag: tag, summary: "End a legal hold",
		detail: "What it was on goes by its own time and the organisation's rules again; what is over by now goes within minutes."},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Holds.End(ctx, c.Actor, in.ID))
		})
}
