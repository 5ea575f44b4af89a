package api

import (
	"cmp"
	"context"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
)

type alertsInput struct {
	Page
	State string `query:"state" enum:"open,cleared" doc:"Only those that last, or only past ones; absent: all."`
	Rule  string `query:"rule" maxLength:"64" doc:"Of this alert rule."`
	Queue string `query:"queue" maxLength:"64" doc:"About this queue."`
	User  string `query:"user" maxLength:"64" doc:"About this agent."`
}

func (s *Server) alertRoutes() {
	const tag = "Alerts"
	handle(s, "GET", "/api/v1/alerts", needs(access.FloorWatch), about{id: "alerts", tag: tag, summary: "Alerts, the last raised first",
		detail: "Each is told live too, with `alert.changed`. Those that last come with the floor as well."},
		func(ctx context.Context, c *caller, in *alertsInput) (*reply[ListOf[floor.Alert]], error) {
			if in.Queue != "" && in.User != "" {
				return nil, errs.Bad("query.user", "cannot be given with a queue")
			}
			return list(s.Floor.Alerts(ctx, c.Actor, floor.AlertSearch{State: in.State, Rule: in.Rule, Subject: cmp.Or(in.Queue, in.User), Cursor: in.Cursor, Limit: in.Limit}))
		})
	handle(s, "POST", "/api/v1/alerts/{id}/acknowledge", needs(access.AlertManage), about{id: "acknowledgeAlert", tag: tag, summary: "Say that one has seen an alert",
		detail: "Whoever is first stays; a repeat answers the same. When an alert becomes worse it asks to be seen again."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.Alert], error) {
			return answer(s.Floor.Acknowledge(ctx, c.Actor, in.ID))
		})
}
