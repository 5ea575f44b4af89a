package server

import (
	"context"

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
	v.Records, v.Memory, v.Encrypts = s.certs.Hello(), memoryEncryption(s.machine), string(s.conf.Encryption.Rule())
	v.Certificates = []api.SystemCertificate{}
	for _, c := range s.certs.Standings() {
		v.Certificates = append(v.Certificates, certificateView(c))
	}
	return v, nil
}

// certificateView says how a certificate stands with its responder.
func certificateView(c transport.Standing) api.SystemCertificate {
	v := api.SystemCertificate{Names: c.Names, EndsAt: c.Until, Works: c.Well(), Must: c.Must, Responder: "none"}
	switch {
	case !c.Revoked.IsZero():
		v.Responder, v.RevokedAt = "revoked", &c.Revoked
	case !c.Stapled.IsZero():
		v.Responder, v.AnswerUntil = "good", &c.Stapled
	case c.Asked:
		v.Responder = "silent"
	}
	return v
}

func unwell(all []transport.Standing) (n int) {
	for _, c := range all {
		if !c.Well() {
			n++
		}
	}
	return n
}
