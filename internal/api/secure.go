package api

import (
	"context"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/access"
)

type secureInput struct {
	ByID
	Body voice.SecureWish `nameHint:"SecureWish"`
}

type secureCallInput struct {
	Body struct {
		voice.SecureWish
		Agent   string `json:"agent,omitempty" doc:"Id of the user who has the call."`
		Address string `json:"address,omitempty" maxLength:"254" doc:"Address of the person who is in the call, instead of the agent."`
		Kind    string `json:"kind,omitempty" enum:"phone,email,social,visitor" doc:"Of the address; phone if it is left out."`
	} `nameHint:"SecureCallWish"`
}

// SecureCall is a call whose person was sent into a secure flow.
type SecureCall struct {
	Interaction string             `json:"interaction"`
	Secure      *voice.SecureState `json:"secure"`
}

// secureRoutes send the person of a running call into a secure flow, and take it back.
func (s *Server) secureRoutes() {
	const tag = "Calls"
	const base = "/api/v1/interactions/{id}/secure-flow"
	const apart = "The person hears the flow and nobody else; nobody hears the person, its voice or its keys; sound and screen are not recorded until it is back. It is back when the flow has ended, or when somebody takes it back. Nothing of what is keyed in is stored. Each is noted in the audit log."
	control := needs(access.RecControl)
	handle(s, "GET", "/api/v1/secure-flows", control, about{id: "secureFlows", tag: tag, summary: "Flows into which the person of a call can be sent"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[voice.SecureFlow]], error) {
			all, err := s.Calls.SecureFlows(ctx, c.Tenant)
			return list(all, "", err)
		})
	handle(s, "POST", base, control, about{id: "beginSecureFlow", tag: tag, summary: "Send the person of a call into a secure flow, to key in a card's number", status: 202, once: true,
		detail: apart + " 409 while the call is held, somebody else is in it, or the person is in one already."},
		func(ctx context.Context, c *caller, in *secureInput) (*reply[SecureCall], error) {
			return s.beginSecure(ctx, c, in.ID, in.Body)
		})
	handle(s, "POST", "/api/v1/calls/secure-flow", control, about{id: "beginSecureFlowOf", tag: tag, summary: "The same for the running call of an agent or a person", status: 202, once: true,
		detail: "For a payment page that does not know the interaction. " + apart + " 404 when there is no such call."},
		func(ctx context.Context, c *caller, in *secureCallInput) (*reply[SecureCall], error) {
			interaction, err := s.callOf(ctx, c, in.Body.Agent, in.Body.Kind, secret.New(in.Body.Address))
			if err != nil {
				return nil, err
			}
			return s.beginSecure(ctx, c, interaction, in.Body.SecureWish)
		})
	handle(s, "GET", base, control, about{id: "secureFlow", tag: tag, summary: "How the secure flow of a call stands, or what it came to",
		detail: "How many keys were pressed for which answer, never which; once it has ended, the attributes that the flow set. 404 before there was one, 410 when the call has ended: its result goes with it."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[voice.SecureResult], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.RecControl, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Calls.SecureResult(ctx, c.Tenant, in.ID))
		})
	handle(s, "DELETE", base, control, about{id: "endSecureFlow", tag: tag, summary: "Take the person of a call back from a secure flow",
		detail: "At once; what was keyed in is forgotten. Repeats are harmless."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[SecureCall], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.RecControl, in.ID); err != nil {
				return nil, err
			}
			st, err := s.Calls.EndSecure(ctx, c.Tenant, in.ID, c.User)
			return answer(SecureCall{in.ID, st.Secure}, err)
		})
}

func (s *Server) beginSecure(ctx context.Context, c *caller, interaction string, w voice.SecureWish) (*reply[SecureCall], error) {
	if _, err := s.Floor.Work(ctx, c.Actor, access.RecControl, interaction); err != nil {
		return nil, err
	}
	st, err := s.Calls.BeginSecure(ctx, c.Tenant, interaction, c.User, w)
	return answer(SecureCall{interaction, st.Secure}, err)
}
