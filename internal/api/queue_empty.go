package api

import (
	"context"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/core/access"
)

type emptyQueueInput struct {
	ByID
	Body struct {
		To string `json:"to" minLength:"1" maxLength:"64" doc:"The queue to which it goes."`
	} `nameHint:"EmptyQueue"`
}

// emptyRoutes are of queues that are to be taken out of use while work is in them.
func (s *Server) emptyRoutes() {
	handle(s, "GET", "/api/v1/queues/{id}/open", needs(access.SetupWrite), about{id: "queueOpen", tag: setupTag, summary: "What is open in a queue",
		detail: "As long as something is, the queue cannot be taken out of use."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.QueueOpen], error) {
			return answer(s.Floor.OpenIn(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/queues/{id}/empty", needs(access.SetupWrite), about{id: "emptyQueue", tag: setupTag, summary: "Move all that waits in a queue to another one", once: true, status: 200,
		detail: "In its order, with the time that it has waited; also what comes back to the queue later. It answers with what is still open in it: what agents have ends with them."},
		func(ctx context.Context, c *caller, in *emptyQueueInput) (*reply[floor.QueueOpen], error) {
			return answer(s.Floor.EmptyQueue(ctx, c.Actor, in.ID, in.Body.To))
		})
}
