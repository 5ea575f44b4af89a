package setup

import (
	"encoding/json"
	"slices"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// A queue as edited is tried on the tenant's own agents and rules, and nothing
// of it stays.
func TestTryAQueue(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	a, fresh := admin(shop), h.fresh[shop]
	stored, err := Get[core.Queue](ctx, h.Service, a, fresh.Queue)
	if err != nil {
		t.Fatal(err)
	}
	chat := []TryWork{{Channel: acd.Chat}}
	run := func(in Try) []TriedMoment {
		t.Helper()
		if in.Works == nil {
			in.Works = chat
		}
		out, err := h.Try(ctx, a, in)
		if err != nil {
			t.Fatal(err)
		}
		return out[0].Moments
	}
	edited := stored.Value
	if m := run(Try{ID: fresh.Queue, Queue: edited}); len(m) != 1 || m[0].Event != core.TrialOffered || m[0].User != "usr_of_shop" || m[0].Queue != fresh.Queue {
		t.Errorf("the only agent, free: %+v", m)
	}
	busy := []TryAgent{{User: "usr_of_shop", Holding: map[acd.Channel]int{acd.Chat: core.DefaultRules().ChatCapacity}}}
	m := run(Try{Queue: edited, Agents: busy})
	if len(m) != 1 || m[0].Event != core.TrialWaits || m[0].Queue != "" || len(m[0].Others) != 1 || m[0].Others[0].Reasons[0].Exclusion != acd.AtCapacity {
		t.Errorf("with all places taken: %+v", m)
	}
	call := []TryAgent{{User: "usr_of_shop", Holding: map[acd.Channel]int{acd.Voice: 1}}}
	if m := run(Try{Queue: edited, Agents: call}); m[0].Event != core.TrialWaits || m[0].Others[0].Reasons[0] != (TriedReason{Exclusion: acd.Excluded, Channel: acd.Voice}) {
		t.Errorf("on a call, by the tenant's blended rule: %+v", m)
	}
	byRule := edited
	byRule.MemberRule = `language == "pt"`
	if m := run(Try{Queue: byRule}); len(m) != 1 || m[0].Event != core.TrialWaits {
		t.Errorf("by a rule that takes nobody: %+v", m)
	}
	edited.Overflow = []core.Overflow{{When: acd.OnClosed}}
	edited.Hours = fresh.Hours
	for open, want := range map[string]core.TrialEvent{"open": core.TrialOffered, "closed": core.TrialEnds, "now": core.TrialOffered} { // it is Monday, 10 o'clock
		if m := run(Try{ID: fresh.Queue, Queue: edited, Open: open}); len(m) != 1 || m[0].Event != want {
			t.Errorf("%s: %+v", open, m)
		}
	}

	after, err := Get[core.Queue](ctx, h.Service, a, fresh.Queue)
	if err != nil || after.Version != stored.Version || len(h.changes)+len(h.audit) > 0 {
		t.Errorf("something stayed: %+v %v %v", after, h.changes, h.audit)
	}
}

func TestTryRefuses(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	_, err := h.Try(ctx, as(shop, access.Supervisor), Try{})
	wantCode(t, err, errs.Forbidden, "")

	good := core.DefaultQueue("New")
	bad := good
	bad.Steps = []core.Step{{AfterSeconds: 10}}
	_, err = h.Try(ctx, a, Try{ID: h.fresh[books].Queue, Queue: bad, Agents: []TryAgent{{User: "usr_of_books", Holding: map[acd.Channel]int{"fax": 1}}},
		Works: []TryWork{{Channel: acd.Chat, LastAgent: "usr_of_books", Skills: []acd.SkillNeed{{Skill: "ski_none", Level: 1}}}}})
	var paths []string
	for _, f := range errs.As(err).Fields {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	want := []string{"agents[0].holding", "agents[0].user", "id", "queue.steps[0].ease", "works[0].last_agent", "works[0].skills[0].skill"}
	if !slices.Equal(paths, want) {
		t.Errorf("%v, want %v", paths, want)
	}
	_, err = h.Try(ctx, a, Try{Queue: good})
	wantCode(t, err, errs.Invalid, "")
}

// An agent's own limits and skills hold where the try says nothing else.
func TestTryTakesUsersAsTheyAre(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	skill, err := Create(ctx, h.Service, a, core.Skill{Name: "Spanish"})
	if err != nil {
		t.Fatal(err)
	}
	able := store.UserRow{ID: "usr_two", UserName: "b2", UserNameKey: "b2", Status: "active", Roles: []string{"agent"}, Language: "en", Skills: map[string]int{skill.ID: 4},
		Capacity: map[string]int{"chat": 1}, CreatedAt: start, UpdatedAt: start}
	if err := h.DB.Write(ctx, shop, func(tx *store.Tx) error { return tx.InsertUser(able) }); err != nil {
		t.Fatal(err)
	}
	q := core.DefaultQueue("New")
	q.Needs = []acd.SkillNeed{{Skill: skill.ID, Level: 3}}
	out, err := h.Try(ctx, a, Try{Queue: q, Works: []TryWork{{Channel: acd.Chat}, {Channel: acd.Chat}}})
	if err != nil {
		t.Fatal(err)
	}
	told, _ := json.Marshal(out)
	if out[0].Moments[0].User != "usr_two" || out[1].Moments[0].Event != core.TrialWaits {
		t.Errorf("%s", told)
	}
	out, err = h.Try(ctx, a, Try{Queue: q, Agents: []TryAgent{{User: "usr_of_shop", Skills: map[string]int{skill.ID: 9}}, {User: "usr_two", Presence: acd.NotReady}}, Works: []TryWork{{Channel: acd.Chat}}})
	if err != nil || out[0].Moments[0].User != "usr_of_shop" {
		t.Errorf("%v %+v", err, out)
	}
}
