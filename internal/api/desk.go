package api

import (
	"context"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/measure"
)

type PresenceInput struct {
	Body struct {
		Presence acd.Presence `json:"presence" enum:"offline,ready,not_ready"`
		Reason   string       `json:"reason,omitempty" maxLength:"64" doc:"Id of a reason, with not_ready."`
	}
}

type agentPresenceInput struct {
	ByID
	PresenceInput
}

type completeInput struct {
	ByID
	Body struct {
		Disposition string   `json:"disposition,omitempty" maxLength:"64" doc:"Id; some queues ask for one."`
		Labels      []string `json:"labels,omitempty" maxItems:"20" doc:"Ids."`
	}
}

type resultInput struct {
	ByID
	Body struct {
		Disposition string   `json:"disposition,omitempty" maxLength:"64" doc:"Id; absent takes the choice back."`
		Labels      []string `json:"labels,omitempty" maxItems:"20" doc:"Ids; absent: none."`
	}
}

type transferInput struct {
	ByID
	Body struct {
		Queue string `json:"queue,omitempty" maxLength:"64"`
		User  string `json:"user,omitempty" maxLength:"64" doc:"Either a queue, a user or a flow."`
		Flow  string `json:"flow,omitempty" maxLength:"64" doc:"One of transferFlows: the person goes into it for good, and you are free at once."`
		Note  string `json:"note,omitempty" maxLength:"4000" doc:"For who takes over; the person never sees it."`
	}
}

type consultInput struct {
	ByID
	Body struct {
		User string `json:"user" minLength:"1" maxLength:"64"`
	}
}

type endConsultInput struct {
	ByID
	User string `path:"user" maxLength:"64"`
}

type moveInput struct {
	ByID
	Body struct {
		Queue    string `json:"queue,omitempty" maxLength:"64"`
		User     string `json:"user,omitempty" maxLength:"64"`
		Priority *int   `json:"priority,omitempty" minimum:"0" maximum:"10" doc:"Added to the queue's; absent: unchanged."`
	}
}

type skillInput struct {
	ByID
	Skill string `path:"skill" maxLength:"64"`
	Body  struct {
		Level int `json:"level" minimum:"0" maximum:"10" doc:"0 takes the skill away."`
		Was   int `json:"was" minimum:"0" maximum:"10" doc:"The level you saw; 409 if someone was faster."`
	} `nameHint:"SkillLevel"`
}

// SkillNow is the level that an agent has in a skill.
type SkillNow struct {
	Skill string `json:"skill"`
	Level int    `json:"level" doc:"0: none."`
}

type memberInput struct {
	ByID
	Queue string `path:"queue" maxLength:"64"`
	Body  struct {
		Member bool `json:"member"`
	} `nameHint:"NamedMember"`
}

type dayInput struct {
	Date string `query:"date" maxLength:"10" doc:"In the organisation's time zone, e.g. 2026-11-28; absent: today."`
}

type measuresInput struct {
	Language string `query:"language" enum:"en,pt" default:"en"`
}

func (s *Server) deskRoutes() {
	const tag = "Desk"
	use := needs(access.DeskUse)
	handle(s, "GET", "/api/v1/desk", use, about{id: "desk", tag: tag, summary: "Everything my desk starts from"},
		func(ctx context.Context, c *caller, _ *none) (*reply[floor.Desk], error) {
			return answer(s.Floor.Desk(ctx, c.Actor))
		})
	handle(s, "PUT", "/api/v1/desk/presence", use, about{id: "setPresence", tag: tag, summary: "Choose my presence",
		detail: "Chosen while engaged, it is kept as the next state."},
		func(ctx context.Context, c *caller, in *PresenceInput) (*reply[floor.AgentView], error) {
			return answer(s.Floor.SetPresence(ctx, c.Actor, c.User, in.Body.Presence, in.Body.Reason))
		})
	handle(s, "GET", "/api/v1/desk/colleagues", use, about{id: "colleagues", tag: tag, summary: "Who I can transfer to or consult"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[floor.AgentView]], error) {
			items, err := s.Floor.Colleagues(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "POST", "/api/v1/offers/{id}/accept", use, about{id: "acceptOffer", tag: tag, summary: "Accept an offer"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.Interaction], error) {
			return answer(s.Floor.Accept(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/offers/{id}/decline", use, about{id: "declineOffer", tag: tag, summary: "Decline an offer"},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Floor.Decline(ctx, c.Actor, in.ID))
		})
	s.workRoutes()
}

// workRoutes change an interaction that the caller holds.
func (s *Server) workRoutes() {
	const tag = "Interactions"
	const base = "/api/v1/interactions/{id}"
	hold := needs(access.WorkHandle)
	type changed = reply[floor.Interaction]
	handle(s, "POST", base+"/finish", hold, about{id: "finish", tag: tag, summary: "End the contact and wrap up"},
		func(ctx context.Context, c *caller, in *ByID) (*changed, error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.Finish(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", base+"/complete", hold, about{id: "complete", tag: tag, summary: "End the wrap-up and close"},
		func(ctx context.Context, c *caller, in *completeInput) (*changed, error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.Complete(ctx, c.Actor, in.ID, in.Body.Disposition, in.Body.Labels))
		})
	handle(s, "PUT", base+"/result", hold, about{id: "result", tag: tag, summary: "Note disposition and labels before the end",
		detail: "They stand if the wrap-up runs out, and wherever the desk is opened next."},
		func(ctx context.Context, c *caller, in *resultInput) (*changed, error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.Code(ctx, c.Actor, in.ID, in.Body.Disposition, in.Body.Labels))
		})
	handle(s, "POST", base+"/extend", hold, about{id: "extend", tag: tag, summary: "Lengthen a timed wrap-up, once"},
		func(ctx context.Context, c *caller, in *ByID) (*changed, error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.Extend(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", base+"/transfer", hold, about{id: "transfer", tag: tag, summary: "Hand on to a queue, a colleague or a flow"},
		func(ctx context.Context, c *caller, in *transferInput) (*changed, error) {
			b := in.Body
			switch {
			case b.Flow != "" && b.Queue == "" && b.User == "":
				return s.inForce(ctx, c, in.ID)(s.Floor.TransferToFlow(ctx, c.Actor, in.ID, b.Flow, secret.New(b.Note)))
			case b.Flow != "" || (b.Queue == "") == (b.User == ""):
				return nil, errs.Bad("queue", "give either a queue, a user or a flow")
			}
			return s.inForce(ctx, c, in.ID)(s.Floor.Transfer(ctx, c.Actor, in.ID, in.Body.Queue, in.Body.User, secret.New(in.Body.Note)))
		})
	handle(s, "GET", base+"/transfer-flows", hold, about{id: "transferFlows", tag: tag, summary: "Flows into which I can transfer the person",
		detail: "Those that the organisation marked for it, and whose steps the interaction's channel can take."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ListOf[floor.FlowTarget]], error) {
			all, err := s.Floor.FlowTargets(ctx, c.Actor, in.ID)
			return list(all, "", err)
		})
	handle(s, "POST", base+"/consult", hold, about{id: "consult", tag: tag, summary: "Ask a colleague to look and write notes"},
		func(ctx context.Context, c *caller, in *consultInput) (*changed, error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.Consult(ctx, c.Actor, in.ID, in.Body.User))
		})
	handle(s, "POST", base+"/consult/{user}/hand-over", hold, about{id: "handOver", tag: tag, summary: "Give my interaction to a colleague whom I consult", status: 200, once: true,
		detail: "At once, without an offer: the colleague holds it then. 409 when the colleague has no place for it."},
		func(ctx context.Context, c *caller, in *endConsultInput) (*changed, error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.HandOver(ctx, c.Actor, in.ID, in.User))
		})
	handle(s, "DELETE", base+"/consult/{user}", hold, about{id: "endConsult", tag: tag, summary: "End a consultation", status: 200},
		func(ctx context.Context, c *caller, in *endConsultInput) (*changed, error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.EndConsult(ctx, c.Actor, in.ID, in.User))
		})
}

// inForce answers a change of an interaction; one that came too late or does not
// fit gets the state that is in force beside the reason, as far as the caller may
// read it.
func (s *Server) inForce(ctx context.Context, c *caller, interaction string) func(floor.Interaction, error) (*reply[floor.Interaction], error) {
	return func(it floor.Interaction, err error) (*reply[floor.Interaction], error) {
		if !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.NotFound) {
			return answer(it, err)
		}
		now, e := s.Floor.Work(ctx, c.Actor, access.WorkRead, interaction)
		if e != nil {
			return nil, err
		}
		if now.State == "closed" && errs.Is(err, errs.NotFound) {
			err = errs.New(errs.Conflict, "This interaction is closed.")
		}
		return nil, conflicting(err, func() (floor.Interaction, error) { return now, nil })
	}
}

func (s *Server) floorRoutes() {
	const tag = "Floor"
	manage := needs(access.FloorManage)
	handle(s, "GET", "/api/v1/floor", needs(access.FloorWatch), about{id: "floor", tag: tag, summary: "Queues, agents and waiting work, now"},
		func(ctx context.Context, c *caller, _ *none) (*reply[floor.Snapshot], error) {
			return answer(s.Floor.Snapshot(ctx, c.Actor))
		})
	handle(s, "GET", "/api/v1/interactions/{id}/why", needs(access.FloorWatch), about{id: "why", tag: tag, summary: "Why it waits: who could take it, and what keeps each agent from it",
		detail: "Answered by the routing engine itself, for an open interaction. What it says holds in this moment; next_step and overflow are when it changes by itself."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.Why], error) {
			return answer(s.Floor.Why(ctx, c.Actor, in.ID))
		})
	handle(s, "GET", "/api/v1/users/{id}/why", needs(access.FloorWatch), about{id: "whyAgent", tag: tag, summary: "Why an agent gets nothing: what keeps it from the work that waits"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.WhyUser], error) {
			return answer(s.Floor.WhyAgent(ctx, c.Actor, in.ID))
		})
	handle(s, "GET", "/api/v1/floor/day", needs(access.FloorWatch), about{id: "day", tag: tag, summary: "A day's figures in quarter-hours",
		detail: "Queues by what came in, agents by how their time went. Today goes on with the live event `day.changed`."},
		func(ctx context.Context, c *caller, in *dayInput) (*reply[floor.Day], error) {
			return answer(s.Floor.Day(ctx, c.Actor, in.Date))
		})
	handle(s, "GET", "/api/v1/measures", needs(access.FloorWatch), about{id: "measures", tag: tag, summary: "What each figure means: its formula and its source"},
		func(_ context.Context, _ *caller, in *measuresInput) (*reply[ListOf[measure.Definition]], error) {
			return list(measure.Catalogue(in.Language), "", nil)
		})
	handle(s, "POST", "/api/v1/floor/interactions/{id}/move", manage, about{id: "move", tag: tag, summary: "Move waiting work or change its priority"},
		func(ctx context.Context, c *caller, in *moveInput) (*reply[floor.Interaction], error) {
			b := in.Body
			if b.Queue != "" && b.User != "" {
				return nil, errs.Bad("queue", "give a queue or a user, not both")
			}
			return s.inForce(ctx, c, in.ID)(s.Floor.Move(ctx, c.Actor, in.ID, b.Queue, b.User, b.Priority))
		})
	handle(s, "POST", "/api/v1/floor/interactions/{id}/take-over", manage, about{id: "takeOver", tag: tag, summary: "Take waiting or running work over",
		detail: "The caller holds it at once, in whatever presence, if it has a place for it. Who held it is told; the person sees who left and who joined."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.Interaction], error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.TakeOver(ctx, c.Actor, in.ID))
		})
	s.lookRoutes(manage)
	handle(s, "PUT", "/api/v1/floor/agents/{id}/presence", manage, about{id: "setAgentPresence", tag: tag, summary: "Change an agent's presence"},
		func(ctx context.Context, c *caller, in *agentPresenceInput) (*reply[floor.AgentView], error) {
			return answer(s.Floor.SetPresence(ctx, c.Actor, in.ID, in.Body.Presence, in.Body.Reason))
		})
}

// lookRoutes are about one agent or one queue of the floor.
func (s *Server) lookRoutes(manage Guard) {
	const tag = "Floor"
	watch := needs(access.FloorWatch)
	handle(s, "GET", "/api/v1/floor/agents/{id}", watch, about{id: "floorAgent", tag: tag, summary: "One agent: skills, queues and why, work in hand, figures of today"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.AgentDetail], error) {
			return answer(s.Floor.Agent(ctx, c.Actor, in.ID))
		})
	handle(s, "GET", "/api/v1/floor/queues/{id}", watch, about{id: "floorQueue", tag: tag, summary: "One queue: what waits, in order, and who handles the rest"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.QueueDetail], error) {
			return answer(s.Floor.Queue(ctx, c.Actor, in.ID))
		})
	handle(s, "PUT", "/api/v1/floor/agents/{id}/skills/{skill}", manage, about{id: "setAgentSkill", tag: tag, summary: "Change a skill of an agent",
		detail: "In force at once, also for what waits already. Only this skill is changed: two supervisors who change different ones do not get in each other's way."},
		func(ctx context.Context, c *caller, in *skillInput) (*reply[SkillNow], error) {
			level, err := s.Accounts.SetSkill(ctx, c.Actor, in.ID, in.Skill, in.Body.Level, in.Body.Was)
			now := SkillNow{in.Skill, level}
			return answer(now, conflicting(err, func() (SkillNow, error) { return now, nil }))
		})
	handle(s, "PUT", "/api/v1/floor/agents/{id}/queues/{queue}", manage, about{id: "setAgentQueue", tag: tag, summary: "Name an agent as a member of a queue, or no longer",
		detail: "In force at once, also for what waits already. Members by rule stay members: change the rule, or what it asks for."},
		func(ctx context.Context, c *caller, in *memberInput) (*none, error) {
			return done(s.Setup.SetMember(ctx, c.Actor, in.Queue, in.ID, in.Body.Member))
		})
}
