package floor

import (
	"cmp"
	"slices"

	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// To which teams, queues and campaigns things belong, so that who has a role for a part of the
// tenant sees that part (core/access).

// belongs is what an interaction belongs to: the queue that it is in or was in last,
// the teams of who has it or had it last, and the campaign in which it was called.
func (f *floor) belongs(it *item) access.RolePart {
	p := access.RolePart{Teams: f.people[cmp.Or(it.Agent, it.row.AgentID)].who.Teams}
	if it.Queue != "" {
		p.Queues = []string{it.Queue}
	}
	if it.Campaign != "" {
		p.Campaigns = []string{it.Campaign}
	}
	return p
}

// goesAlong says whether an interaction belongs elsewhere now, because the teams of who
// has it or had it last are others.
func (f *floor) goesAlong(it *item, before map[string]person) bool {
	agent := cmp.Or(it.Agent, it.row.AgentID)
	return agent != "" && !slices.Equal(before[agent].who.Teams, f.people[agent].who.Teams)
}

// toldAlready notes where everything belongs as whoever is connected knows it.
func (f *floor) toldAlready() {
	for _, it := range f.items {
		it.told = f.belongs(it)
	}
	for user := range f.people {
		f.told[user] = f.around(user)
	}
}

// around is what an agent belongs to: its teams, and the queues that it serves.
func (f *floor) around(user string) access.RolePart {
	return access.RolePart{Teams: f.people[user].who.Teams, Queues: f.serves[user]}
}

// about is what an alert belongs to: the queue that it is about, or the teams of the
// agent.
func (f *floor) about(row store.AlertRow) access.RolePart {
	if row.SubjectKind == ofAgent {
		return access.RolePart{Teams: f.people[row.SubjectID].who.Teams}
	}
	return access.RolePart{Queues: []string{row.SubjectID}}
}

// may says whether an actor's permission reaches an interaction as more than its
// holder.
func (f *floor) may(a access.Actor, p access.Permission, it *item) bool {
	return access.Over(a, p, access.Some(f.tenant, f.belongs(it))) > access.Own
}

func (f *floor) mayAgent(a access.Actor, p access.Permission, user string) bool {
	return access.Over(a, p, access.Some(f.tenant, f.around(user))) > access.Own
}

func (f *floor) mayQueue(a access.Actor, p access.Permission, queue string) bool {
	return access.Over(a, p, access.Some(f.tenant, access.RolePart{Queues: []string{queue}})) > access.Own
}

// seenBy is an interaction for who sees that it is there; the name only for who may
// read it.
func (f *floor) seenBy(a access.Actor, it *item) Interaction {
	v := it.Interaction
	if !f.may(a, access.WorkRead, it) {
		v.Name = ""
	}
	return v
}

// mayAlert says whether an actor's permission reaches what an alert is about.
func (f *floor) mayAlert(a access.Actor, p access.Permission, row store.AlertRow) bool {
	return access.Over(a, p, access.Some(f.tenant, f.about(row))) > access.Own
}

// hiddenFrom are the agents whom an actor may not watch.
func (f *floor) hiddenFrom(a access.Actor) map[string]bool {
	out := map[string]bool{}
	if access.Reach(a, access.FloorWatch) == access.Tenant {
		return out
	}
	for user := range f.people {
		if !f.mayAgent(a, access.FloorWatch, user) {
			out[user] = true
		}
	}
	return out
}
