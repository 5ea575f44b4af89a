package server

import (
	"context"

	"nubitalk/internal/api"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
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

// privacyDoors is the record of processing and the notice as the doors need
// them.
type privacyDoors struct{}

// Inventory lists every stored thing with its class.
func (privacyDoors) Inventory(context.Context, access.Actor) ([]api.InventoryEntry, error) {
	return each(privacy.Inventory(), func(e privacy.Entry) api.InventoryEntry {
		return api.InventoryEntry{Place: e.Place, Class: string(e.Class), Purpose: e.Purpose, Retention: e.Retention, Erased: e.Erased}
	}), nil
}

// Notice answers the last results of the notice's checks.
func (privacyDoors) Notice(context.Context, access.Actor) ([]api.Clause, error) {
	return nil, errs.New(errs.Unavailable, "The notice's checks have not been run here yet.")
}
