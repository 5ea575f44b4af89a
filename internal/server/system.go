package server

import (
	"context"
	"strings"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/core/access"
	"nubitalk/internal/server/transport"
)

// System tells operators of the installation, never of a tenant's content. The
// door has asked for access.SystemRead.
func (s *Server) System(ctx context.Context, _ access.Actor) (api.SystemView, error) {
	tenants, err := activeTenants(ctx, s.keepers.db)
	if err != nil {
		return api.SystemView{}, err
	}
	v := api.SystemView{Version: telemetry.ReadBuild().Version, StartedAt: s.started, Engine: s.conf.Database.Driver, Node: s.data.node, Tenants: len(tenants)}
	v.Live, v.Visitors = s.parts.live.Count()
	for _, p := range s.health.read(ctx).Parts {
		v.Parts = append(v.Parts, api.SystemPart{Name: p.Name, Works: p.OK})
	}
	v.Records, v.Memory = s.certs.Hello(), memoryEncryption(machine())
	for _, c := range s.certs.Standings() {
		v.Parts = append(v.Parts, api.SystemPart{Name: "certificate", Works: c.Well(), Note: standingNote(c)})
	}
	return v, nil
}

// standingNote says how a certificate stands with its responder.
func standingNote(c transport.Standing) string {
	names := strings.Join(c.Names, ", ")
	switch {
	case !c.Revoked.IsZero():
		return names + ": revoked since " + c.Revoked.Format(time.RFC3339)
	case !c.Stapled.IsZero():
		return names + ": clients get its responder's answer, which holds until " + c.Stapled.Format(time.RFC3339)
	case c.Must:
		return names + ": clients refuse it without its responder's answer, and there is none"
	case c.Asked:
		return names + ": its responder gives no answer"
	}
	return names + ": names no responder, or its chain lacks the issuer"
}

func unwell(all []transport.Standing) (n int) {
	for _, c := range all {
		if !c.Well() {
			n++
		}
	}
	return n
}
