package server

import (
	"context"

	"nubitalk/internal/api"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/core/access"
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
	return v, nil
}
