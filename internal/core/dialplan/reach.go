package dialplan

import (
	"slices"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// Reaches says whether a tenant's calls may leave to a number at some hour: as
// Outgoing, whatever runs now, was spent, and is open.
func (p *Plan) Reaches(t id.Tenant, to secret.Text) (Way, *Refusal) {
	ever := Plan{trunks: slices.Clone(p.trunks)}
	for i := range ever.trunks {
		ever.trunks[i].Out.Open = nil
	}
	return ever.Outgoing(Wish{Tenant: t, To: to}, Usage{}, time.Time{})
}
