package api

import (
	"context"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/core/access"
)

type parkInput struct {
	ByID
	Body struct {
		Slot string `json:"slot,omitempty" maxLength:"6" doc:"One of the rule's slots (park); absent: the first that is free."`
	} `nameHint:"Park"`
}

// parkedRoutes are about calls that wait for anybody to take them back.
func (s *Server) parkedRoutes() {
	const tag = "Calls"
	handle(s, "POST", "/api/v1/interactions/{id}/park", needs(access.CallPark), about{id: "park", tag: tag, summary: "Park a call", once: true,
		detail: "The person hears music, and anybody with `call.park` takes the call back, or any phone of the organisation that dials the slot. After the rule's time who parked it is rung, then the call goes to its queue. My work with it ends, without wrap-up. 409 where all slots are taken."},
		func(ctx context.Context, c *caller, in *parkInput) (*reply[floor.Interaction], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Floor.Park(ctx, c.Actor, in.ID, in.Body.Slot))
		})
	handle(s, "GET", "/api/v1/parked-calls", needs(access.CallPark), about{id: "parkedCalls", tag: tag, summary: "Calls that are parked, now",
		detail: "By their slots. `parked.changed` tells each change live."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[floor.ParkedCall]], error) {
			all, err := s.Floor.ParkedCalls(ctx, c.Actor)
			return list(all, "", err)
		})
	handle(s, "POST", "/api/v1/parked-calls/{id}/take", needs(access.CallPark), about{id: "unpark", tag: tag, summary: "Take a parked call back",
		detail: "By the interaction's id. I have it at once, in whatever state. 409 when somebody else has it, or I have no place for a call; 404 when the person has hung up."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.Interaction], error) {
			return answer(s.Floor.Unpark(ctx, c.Actor, in.ID))
		})
}
