package chat

import (
	"context"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// patience is a set-up in which visitors may be away for so many minutes.
type patience struct {
	Setup
	minutes int
}

func (p patience) Rules(context.Context, id.Tenant) (setup.Rules, error) {
	return setup.Rules{IdleMinutes: p.minutes}, nil
}

type still time.Time

func (s still) Now() time.Time { return time.Time(s) }

// The open conversations of before a restart are read while visitors come back:
// what they did meanwhile counts.
func TestVisitorsComeBackWhileConversationsAreTakenUp(t *testing.T) {
	start := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	g := newGone(&Service{Deps: Deps{Setup: patience{minutes: 5}, Clock: still(start)}})
	who := func(tenant id.Tenant, interaction string) Visitor {
		return Visitor{Tenant: tenant, Interaction: interaction, Contact: "con_" + interaction}
	}
	g.socket(who("ten_a", "back"), 1, start)
	g.keep(who("ten_a", "callback"))
	g.socket(who("ten_b", "left"), 1, start)
	g.socket(who("ten_b", "left"), -1, start.Add(time.Minute))
	talk := func(interaction string) store.Talk {
		return store.Talk{InteractionID: interaction, ContactID: "con_" + interaction}
	}
	g.found("ten_a", []store.Talk{talk("back"), talk("callback"), talk("away")})
	g.found("ten_b", []store.Talk{talk("left"), talk("other")})
	for _, c := range []struct {
		after time.Duration
		want  []Visitor
		next  time.Duration
	}{
		{5*time.Minute - 1, nil, 1},
		{5 * time.Minute, []Visitor{who("ten_a", "away"), who("ten_b", "other")}, time.Minute},
		{6 * time.Minute, []Visitor{who("ten_b", "left")}, time.Hour},
	} {
		got, next := g.left(start.Add(c.after))
		if len(got) != len(c.want) || next != c.next {
			t.Errorf("after %s: %v, the next in %s", c.after, got, next)
			continue
		}
		seen := map[string]Visitor{}
		for _, v := range got {
			seen[v.Interaction] = v
		}
		for _, v := range c.want {
			if got := seen[v.Interaction]; got.Tenant != v.Tenant || got.Contact != v.Contact {
				t.Errorf("after %s, %s: %+v", c.after, v.Interaction, got)
			}
		}
	}
}
