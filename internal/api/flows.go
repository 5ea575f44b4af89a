package api

import (
	"context"

	"nubitalk/internal/app/floor"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
)

// Sizes of requests with graphs, in bytes: each of a flow's two graphs may be as
// large as a graph may be, and whoever sends more learns which one is too large.
const (
	maxFlow    = 2*maxTryFlow + 64<<10
	maxTryFlow = flow.MaxBytes + 64<<10
)

// bodyOfKind is the size of a request with set-up of a kind; 0: maxBody.
var bodyOfKind = map[setup.Kind]int64{setup.KindFlow: maxFlow}

// FlowFault is what is wrong at one place of a graph.
type FlowFault struct {
	Field   string `json:"field" doc:"Like graph.nodes.topic.options[1].next" example:"graph.nodes.topic.options[1].next"`
	Message string `json:"message"`
}

type (
	flowCheckInput struct{ Body appsetup.FlowCheck }
	flowTryInput   struct{ Body appsetup.FlowTry }
)

// flowRoutes are those of flows that no other kind of set-up has; they store
// nothing.
func (s *Server) flowRoutes() {
	handle(s, "GET", "/api/v1/flows/{id}/today", needs(access.SetupWrite), about{id: "flowToday", tag: setupTag, summary: "How a flow is gone through today",
		detail: "How often each way was taken since midnight, or since the organisation's floor was last opened (after a restart), and how many stand at each step now."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.FlowToday], error) {
			return answer(s.Floor.FlowToday(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/flows/check", needs(access.SetupWrite), about{id: "checkFlow", tag: setupTag, summary: "What is wrong with a graph",
		detail: "Says every fault that saving a flow with this graph would tell, each with its place; none if it could be saved. Nothing is stored.", once: true, body: maxTryFlow},
		func(ctx context.Context, c *caller, in *flowCheckInput) (*reply[ListOf[FlowFault]], error) {
			faults, err := s.Setup.CheckFlow(ctx, c.Actor, in.Body)
			items := make([]FlowFault, len(faults))
			for i, f := range faults {
				said, _ := wording.In(c.language(), f.Problem)
				items[i] = FlowFault{f.Path, said}
			}
			return list(items, "", err)
		})
	handle(s, "POST", "/api/v1/flows/try", needs(access.SetupWrite), about{id: "tryFlow", tag: setupTag, summary: "Walk a flow",
		detail: "Takes a made-up run one step on, with the interpreter that entry points use, and answers what the person would be told and which ways were taken. Send the answered state back with what the person does next. The graph may be unfinished. Nothing is stored.", once: true, body: maxTryFlow},
		func(ctx context.Context, c *caller, in *flowTryInput) (*reply[appsetup.FlowTried], error) {
			return answer(s.Setup.TryFlow(ctx, c.Actor, in.Body))
		})
}
