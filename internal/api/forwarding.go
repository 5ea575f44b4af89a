package api

import (
	"context"

	"nubitalk/internal/app/forward"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

type forwardInput struct {
	ByID
	Body struct {
		Always     string `json:"always" maxLength:"40" doc:"An extension, an outside number as one would dial it, or voicemail: a message is taken for the phone's user. Empty: calls do not go on."`
		Busy       string `json:"busy" maxLength:"40" doc:"The same, for calls while the phone's user is in a call, or that are declined."`
		Unanswered string `json:"unanswered" maxLength:"40" doc:"The same, for calls that nobody picks up, also when no phone is registered."`
		Greeting   string `json:"greeting,omitempty" maxLength:"64" doc:"Id of the prompt that is heard before a message is taken; empty: the usual words are spoken."`
		Seconds    int    `json:"seconds" doc:"How long the phone rings before a call counts as unanswered: 5 to 60."`
		Version    int64  `json:"version,omitempty" doc:"As it was read: what somebody else chose meanwhile is told, and stays. 0 or absent: in place of whatever was chosen."`
	} `nameHint:"ForwardingInput"`
}

func (in *forwardInput) change() forward.Change {
	b := in.Body
	return forward.Change{Always: secret.New(b.Always), Busy: secret.New(b.Busy), Unanswered: secret.New(b.Unanswered), Greeting: b.Greeting, Seconds: b.Seconds, Version: b.Version}
}

// forwardRoutes let users, and who sets phones up, choose where calls to an
// extension go on.
func (s *Server) forwardRoutes() {
	const detail = "An outside number needs a user of the phone who has call.out, and a trunk whose rules let calls out to it; both are asked for anew with every call, and its minutes count as those of the user's own calls."
	// of is nil for one of the organisation's phones whose calls run here.
	of := func(ctx context.Context, a access.Actor, phone string) error {
		if _, err := s.Setup.Get(ctx, a, setup.KindPhone, phone); err != nil {
			return err
		}
		if s.Forwards == nil {
			return errs.New(errs.Conflict, "No telephone lines are set up on this server.")
		}
		return nil
	}
	handle(s, "GET", "/api/v1/desk/forwarding", needs(access.DeskUse), about{id: "ownForwarding", tag: "Desk", summary: "Where calls to my extensions go on"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[forward.Forwarding]], error) {
			if s.Forwards == nil {
				return list([]forward.Forwarding{}, "", nil)
			}
			own, err := s.Forwards.Own(ctx, c.Actor)
			return list(own, "", err)
		})
	handle(s, "PUT", "/api/v1/desk/forwarding/{id}", needs(access.DeskUse), about{id: "setOwnForwarding", tag: "Desk", summary: "Choose where calls to one of my extensions go on", detail: detail},
		func(ctx context.Context, c *caller, in *forwardInput) (*reply[forward.Forwarding], error) {
			if s.Forwards == nil {
				return nil, of(ctx, c.Actor, in.ID)
			}
			now, err := s.Forwards.SetOwn(ctx, c.Actor, in.ID, in.change())
			return answer(now, conflicting(err, func() (forward.Forwarding, error) { return s.Forwards.Of(ctx, c.Actor.Tenant, in.ID) }))
		})
	handle(s, "GET", "/api/v1/phones/{id}/forwarding", needs(appsetup.Writes(setup.KindPhone)), about{id: "forwarding", tag: setupTag, summary: "Where calls to a phone's extension go on"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[forward.Forwarding], error) {
			if err := of(ctx, c.Actor, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Forwards.Of(ctx, c.Actor.Tenant, in.ID))
		})
	handle(s, "PUT", "/api/v1/phones/{id}/forwarding", needs(appsetup.Writes(setup.KindPhone)), about{id: "setForwarding", tag: setupTag, summary: "Choose where calls to a phone's extension go on", detail: detail},
		func(ctx context.Context, c *caller, in *forwardInput) (*reply[forward.Forwarding], error) {
			if err := of(ctx, c.Actor, in.ID); err != nil {
				return nil, err
			}
			now, err := s.Forwards.Set(ctx, c.Actor, in.ID, in.change())
			return answer(now, conflicting(err, func() (forward.Forwarding, error) { return s.Forwards.Of(ctx, c.Actor.Tenant, in.ID) }))
		})
}
