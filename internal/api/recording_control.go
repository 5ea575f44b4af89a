package api

import (
	"context"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/recording"
)

// RecordWish is what somebody wants of a recording.
type RecordWish struct {
	Action recording.Action `json:"action" enum:"start,pause,resume,stop" doc:"start: begin on demand, where the rules let it. pause: keep nothing from now on. resume: go on. stop: end it; what was recorded stays."`
	Reason string           `json:"reason,omitempty" doc:"A word for why, such as card or password: small letters and _, 32 at most. It is kept with the recording. What is no such word is left out, as it might be a person's data; what was asked for is done all the same."`
}

type recordInput struct {
	ByID
	Body RecordWish `nameHint:"RecordWish"`
}

type recordCallInput struct {
	Body struct {
		RecordWish
		Agent   string `json:"agent,omitempty" doc:"Id of the user who has the call."`
		Address string `json:"address,omitempty" maxLength:"254" doc:"Address of the person who is in the call, instead of the agent."`
		Kind    string `json:"kind,omitempty" enum:"phone,email,social,visitor" doc:"Of the address; phone if it is left out."`
	} `nameHint:"RecordCallWish"`
}

// RecordedCall is a call with how its recording stands now.
type RecordedCall struct {
	Interaction string               `json:"interaction"`
	Recording   voice.RecordingState `json:"recording"`
}

// recordingControlRoutes begin, pause, go on with and stop recordings.
func (s *Server) recordingControlRoutes() {
	const tag = "Calls"
	const repeats = "It holds before the answer comes, also after a crash. Repeats are harmless: the answer says how the recording stands now. Each change is noted in the audit log."
	control := needs(access.RecControl)
	handle(s, "POST", "/api/v1/interactions/{id}/recording", control, about{id: "record", tag: tag, summary: "Begin, pause, resume or stop the recording of a call",
		detail: "For desks, and for a CRM or a payment page with an API key. " + repeats + " 409 when the rules do not let the call be recorded on demand; 410 when it has ended."},
		func(ctx context.Context, c *caller, in *recordInput) (*reply[RecordedCall], error) {
			return s.record(ctx, c, in.ID, in.Body)
		})
	handle(s, "POST", "/api/v1/calls/recording", control, about{id: "recordCall", tag: tag, summary: "The same for the running call of an agent or a person",
		detail: "For systems that do not know the interaction. " + repeats + " 404 when there is no such call."},
		func(ctx context.Context, c *caller, in *recordCallInput) (*reply[RecordedCall], error) {
			interaction, err := s.callOf(ctx, c, in.Body.Agent, in.Body.Kind, secret.New(in.Body.Address))
			if err != nil {
				return nil, err
			}
			return s.record(ctx, c, interaction, in.Body.RecordWish)
		})
}

func (s *Server) record(ctx context.Context, c *caller, interaction string, w RecordWish) (*reply[RecordedCall], error) {
	if _, err := s.Floor.Work(ctx, c.Actor, access.RecControl, interaction); err != nil {
		return nil, err
	}
	if !recording.IsReason(w.Reason) {
		w.Reason = ""
	}
	st, err := s.Calls.Record(ctx, c.Tenant, interaction, w.Action, c.User, w.Reason)
	return answer(RecordedCall{interaction, st}, err)
}

// callOf finds the running call of a user or a person.
func (s *Server) callOf(ctx context.Context, c *caller, agent, kind string, address secret.Text) (interaction string, err error) {
	switch {
	case agent == "" && address.Empty():
		return "", errs.Bad("agent", "is missing; name the agent, or the person's address")
	case agent != "" && !address.Empty():
		return "", errs.Bad("address", "give the agent or the address, not both")
	case agent != "":
		interaction = s.Calls.CallOfUser(c.Tenant, agent)
	default:
		if kind == "" {
			kind = "phone"
		}
		contact, err := s.Contacts.Named(ctx, c.Tenant, kind, address)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return "", err
		}
		if contact != "" {
			interaction = s.Calls.CallOfContact(c.Tenant, contact)
		}
	}
	if interaction == "" {
		return "", errs.New(errs.NotFound, "There is no such call at the moment.")
	}
	return interaction, nil
}
