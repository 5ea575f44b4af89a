package api

import (
	"context"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/core/access"
)

type securityAlertsInput struct {
	Page
	State string `query:"state" enum:"open,acknowledged" doc:"Only those that nobody has seen, or only those that somebody has; absent: all."`
}

func (s *Server) securityAlertRoutes() {
	const tag = "Alerts"
	handle(s, "GET", "/api/v1/security-alerts", needs(access.AuditRead), about{id: "securityAlerts", tag: tag, summary: "Security alerts, the last raised first",
		detail: "Unusual exports and sign-ins, and failed sign-ins that belong together. Each is told live too, with `security_alert.changed`. What is alike is counted in one until somebody has seen it. The audit log has the entries themselves."},
		func(ctx context.Context, c *caller, in *securityAlertsInput) (*reply[ListOf[audit.SecurityAlert]], error) {
			return list(s.Audit.SecurityAlerts(ctx, c.Actor, in.State, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/security-alerts/{id}/acknowledge", needs(access.AuditRead), about{id: "acknowledgeSecurityAlert", tag: tag, summary: "Say that one has seen a security alert",
		detail: "That ends it. Whoever is first stays; a repeat answers the same."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[audit.SecurityAlert], error) {
			return answer(s.Audit.AcknowledgeSecurityAlert(ctx, c.Actor, in.ID))
		})
}
