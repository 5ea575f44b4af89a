package api

import (
	"context"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

type sampleInput struct {
	Body struct {
		Sample setup.Sample `json:"sample" enum:"chat,phone,email"`
		There  bool         `json:"there" doc:"true adds it, false takes it out again."`
	} `nameHint:"SampleWish"`
}

// firstStepRoutes lead a new tenant to its first conversation.
func (s *Server) firstStepRoutes() {
	const tag = "Set-up"
	write := needs(access.SetupWrite)
	handle(s, "GET", "/api/v1/first-steps", write, about{id: "firstSteps", tag: tag, summary: "How far a new tenant is to its first conversation"},
		func(ctx context.Context, c *caller, _ *none) (*reply[appsetup.FirstSteps], error) {
			return answer(s.Setup.FirstSteps(ctx, c.Actor))
		})
	handle(s, "PUT", "/api/v1/first-steps/samples", write, about{id: "putSample", tag: tag, summary: "Add a sample flow with its entry point, or take it out again",
		detail: "In the caller's language, for the queue on top. What is there already stays as it is. It is not taken out once something has arrived by it."},
		func(ctx context.Context, c *caller, in *sampleInput) (*reply[appsetup.FirstSteps], error) {
			var err error
			if in.Body.There {
				err = s.Setup.AddSample(ctx, c.Actor, in.Body.Sample, string(c.language()))
			} else {
				err = s.Setup.RemoveSample(ctx, c.Actor, in.Body.Sample)
			}
			if err != nil {
				return nil, err
			}
			return answer(s.Setup.FirstSteps(ctx, c.Actor))
		})
}
