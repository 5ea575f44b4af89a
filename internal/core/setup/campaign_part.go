package setup

import (
	"slices"

	"nubitalk/internal/core/access"
)

// Calling are the campaigns that call a contact list.
func Calling(all map[string]Campaign, list string) (out []string) {
	for id, m := range all {
		if slices.Contains(m.Lists, list) {
			out = append(out, id)
		}
	}
	return out
}

// Manages says whether an actor manages one of some campaigns.
func Manages(a access.Actor, campaigns []string) bool {
	return access.Over(a, access.CampaignManage, access.Some(a.Tenant, access.RolePart{Campaigns: campaigns})) > access.Own
}

// ManagesAll says whether it manages each of them, and what changes with them.
func ManagesAll(a access.Actor, campaigns []string) bool {
	return access.Reach(a, access.CampaignManage) == access.Tenant || len(campaigns) > 0 && !slices.ContainsFunc(campaigns, func(c string) bool { return !Manages(a, []string{c}) })
}
