package setup

import (
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
)

// floorRefs is a tenant with queues and agents.
type floorRefs struct {
	tenant
	self   string
	queues map[string]Queue
	agents []Agent
}

func (f floorRefs) Has(k Kind, id string) bool {
	_, queue := f.queues[id]
	_, named := f.Names(k)[id]
	return k == KindUser || queue || named || k == KindSkill
}
func (f floorRefs) Self() string             { return f.self }
func (f floorRefs) Queues() map[string]Queue { return f.queues }
func (f floorRefs) Agents() []Agent          { return f.agents }

func (f floorRefs) RingGroups() map[string]RingGroup { return nil }
func (f floorRefs) ExtensionOf(string) string        { return "" }
func (f floorRefs) Names(k Kind) map[string]string {
	if k == KindTeam {
		return map[string]string{"tea_1": "Support", "tea_2": "Sales"}
	}
	return map[string]string{"german": "GERMAN", "sales": "SALES"}
}

func TestContradictoryQueuesAreRefused(t *testing.T) {
	goesTo := func(name, to string) Queue {
		q := DefaultQueue(name)
		q.Overflow = []Overflow{{When: acd.OnWait, AfterSeconds: 60, ToQueue: to}}
		return q
	}
	agents := []Agent{{ID: "a", Skills: map[string]int{"german": 3, "billing": 9}}, {ID: "b", Skills: map[string]int{"sales": 5}, Teams: []string{"tea_1"}}}
	refs := floorRefs{self: "q0", queues: map[string]Queue{"q0": DefaultQueue("Billing"), "q1": goesTo("Sales", "q2"), "q2": goesTo("Night", "q0")}, agents: agents}
	need := func(skill string, level int) []acd.SkillNeed { return []acd.SkillNeed{{Skill: skill, Level: level}} }
	cases := []struct {
		name       string
		change     func(*Queue)
		path, says string // "": accepted
	}{
		{"as it is", func(*Queue) {}, "", ""},
		{"a circle", func(q *Queue) { q.Overflow = []Overflow{{When: acd.OnLength, Length: 3, ToQueue: "q1"}} }, "overflow[0].to_queue",
			"“Billing” → “Sales” → “Night” → “Billing”"},
		{"itself", func(q *Queue) { q.Overflow = []Overflow{{When: acd.OnNobody, ToQueue: "q0"}} }, "overflow[0].to_queue", "itself"},
		{"no circle", func(q *Queue) { q.Overflow = []Overflow{{When: acd.OnNobody, AfterSeconds: 5}} }, "", ""},
		{"never closed", func(q *Queue) { q.Overflow = []Overflow{{When: acd.OnClosed}} }, "overflow[0].when", "opening hours"},
		{"a wait of nothing", func(q *Queue) { q.Overflow = []Overflow{{When: acd.OnWait}} }, "overflow[0].after_seconds", "missing"},
		{"never reached", func(q *Queue) {
			q.Overflow = []Overflow{{When: acd.OnWait, AfterSeconds: 10}, {When: acd.OnWait, AfterSeconds: 20}}
		}, "overflow[1].when", "before it"},
		{"longest first", func(q *Queue) {
			q.Overflow = []Overflow{{When: acd.OnWait, AfterSeconds: 20}, {When: acd.OnWait, AfterSeconds: 10}}
		}, "", ""},
		{"nobody so good", func(q *Queue) { q.Needs = need("german", 4) }, "needs[0].skill", "“GERMAN” at level 4"},
		{"good after a step", func(q *Queue) {
			q.Needs, q.Steps = need("german", 4), []Step{{AfterSeconds: 30, Ease: 1}}
		}, "", ""},
		{"not among its members", func(q *Queue) { q.Needs, q.Members = need("german", 2), []string{"b"} }, "needs[0].skill", "GERMAN"},
		{"one who joins", func(q *Queue) {
			q.Needs, q.Members, q.Steps = need("german", 2), []string{"b"}, []Step{{AfterSeconds: 5, Members: []string{"a"}}}
		}, "", ""},
		{"never together", func(q *Queue) { q.Needs = append(need("german", 2), need("sales", 2)...) }, "needs", "together"},
		{"a step back", func(q *Queue) {
			q.Steps = []Step{{AfterSeconds: 30, Ease: 2}, {AfterSeconds: 60, Ease: 1, Members: []string{"b"}}}
		}, "steps[1].ease", "only loosens"},
		{"a step that is none", func(q *Queue) { q.Steps = []Step{{AfterSeconds: 30}} }, "steps[0].ease", "changes nothing"},
		{"steps out of order", func(q *Queue) {
			q.Steps = []Step{{AfterSeconds: 30, Ease: 1}, {AfterSeconds: 30, Ease: 2}}
		}, "steps[1].after_seconds", "not later"},
		{"seven steps", func(q *Queue) {
			for i := range 7 {
				q.Steps = append(q.Steps, Step{AfterSeconds: 10 * (i + 1), Ease: i + 1})
			}
		}, "steps", "at most 6"},
		{"a rule that takes nobody yet", func(q *Queue) { q.Needs, q.MemberRule = need("german", 2), `"tea_2" in teams` }, "", ""},
		{"a rule that takes who cannot", func(q *Queue) { q.Needs, q.MemberRule = need("german", 2), `"tea_1" in teams` }, "needs[0].skill", "GERMAN"},
		{"a rule and one by name", func(q *Queue) {
			q.Needs, q.MemberRule, q.Members = need("german", 2), `"tea_1" in teams`, []string{"a"}
		}, "", ""},
		{"a step that takes who can", func(q *Queue) {
			q.Needs, q.MemberRule, q.Steps = need("german", 2), `"tea_1" in teams`, []Step{{AfterSeconds: 9, MemberRule: `skill("german") > 1`}}
		}, "", ""},
		{"an unknown team", func(q *Queue) { q.MemberRule = `"tea_9" in teams` }, "member_rule", "“tea_9” is not a team in use; accepted are “Sales”, “Support”"},
		{"an unknown team in a step", func(q *Queue) { q.Steps = []Step{{AfterSeconds: 9, MemberRule: `"tea_9" in teams`}} }, "steps[0].member_rule", "tea_9"},
		{"an unknown language", func(q *Queue) { q.MemberRule = `language in ["en", "xx"]` }, "member_rule", "“xx” is no language that agents have; accepted are en, pt"},
		{"a rule that is none", func(q *Queue) { q.MemberRule = `teams` }, "member_rule", "accepted are"},
		{"an unknown choice", func(q *Queue) { q.Choice = "dice" }, "choice", "dice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			q := DefaultQueue("Billing")
			c.change(&q)
			err := Clean(q).Validate(refs)
			switch {
			case c.path == "" && err != nil:
				t.Fatal(errs.As(err).Fields)
			case c.path == "":
				return
			case err == nil:
				t.Fatal("accepted")
			}
			for _, f := range errs.As(err).Fields {
				if f.Path == c.path && strings.Contains(f.Problem, c.says) {
					return
				}
			}
			t.Errorf("%+v", errs.As(err).Fields)
		})
	}
	// An organisation that has no agents yet may begin with its queues.
	q := DefaultQueue("Billing")
	q.Needs = need("german", 10)
	refs.agents = nil
	if err := Clean(q).Validate(refs); err != nil {
		t.Error(err)
	}
}

func TestRouting(t *testing.T) {
	q := DefaultQueue("Billing")
	q.Needs = []acd.SkillNeed{{Skill: "german", Level: 6}, {Skill: "billing", Level: 2}}
	q.Steps = []Step{{AfterSeconds: 20, Ease: 3, Members: []string{"b"}, MemberRule: `"tea_1" in teams`}}
	q.Overflow = []Overflow{{When: acd.OnWait, AfterSeconds: 90, ToQueue: "q1"}}
	agents := []Agent{{ID: "a"}, {ID: "c", Teams: []string{"tea_1"}}}
	r := q.Routing("q0", q.Serving(agents), agents)
	if len(r.Steps) != 1 || r.Steps[0].After != 20*time.Second || len(r.Steps[0].Needs) != 1 || r.Steps[0].Needs[0] != (acd.SkillNeed{Skill: "german", Level: 3}) ||
		!r.Steps[0].Members["b"] || !r.Steps[0].Members["c"] || r.Steps[0].Members["a"] || len(r.Members) != 2 || r.Steps[0].Ease != 3 {
		t.Errorf("%+v", r.Steps)
	}
	if len(r.Overflow) != 1 || r.Overflow[0] != (acd.Overflow{When: acd.OnWait, After: 90 * time.Second, ToQueue: "q1"}) {
		t.Errorf("%+v", r.Overflow)
	}
	if q.Needs[0].Level != 6 {
		t.Error("the queue's own needs were changed")
	}
	b := Clean(Rules{}).BlendRule()
	if !b[acd.Chat][acd.Voice] || !b[acd.Voice][acd.Email] || b[acd.Email][acd.Voice] {
		t.Errorf("%v", b)
	}
	if b := Clean(Rules{Blend: []Exclude{}}).BlendRule(); len(b) != 0 {
		t.Errorf("none was asked for, %v", b)
	}
}
