package setup

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMemberRules(t *testing.T) {
	a := Agent{ID: "usr_a", Skills: map[string]int{"ski_de": 6}, Teams: []string{"tea_1", "tea_2"}, Site: "sit_1", Language: "pt"}
	for text, want := range map[string]bool{
		`"tea_1" in teams`:                      true,
		`"tea_3" in teams`:                      false,
		`"tea_3" not in teams`:                  true,
		`not ("tea_1" in teams)`:                false,
		`site == "sit_1"`:                       true,
		`site != "sit_1"`:                       false,
		`site in ["sit_2", "sit_1"]`:            true,
		`skill("ski_de") >= 6`:                  true,
		`skill("ski_de") > 6`:                   false,
		`skill("ski_fr") == 0`:                  true,
		`language == "pt"`:                      true,
		`language in ["en"]`:                    false,
		`"tea_1" in teams and language == "en"`: false,
		`"tea_1" in teams && (language == "en" || site == "sit_1")`: true,
		`!("tea_3" in teams) or site == ""`:                         true,
	} {
		r := newMemberRule(text)
		if r.fault != "" || r.holds(a) != want {
			t.Errorf("%s: %v, fault %q", text, !want, r.fault)
		}
	}
}

func TestMemberRulesThatAreNone(t *testing.T) {
	for text, says := range map[string]string{
		`"tea_1" in`:              "cannot be understood",
		`team == "tea_1"`:         "team is not known (column 1)",
		`teams`:                   "yes-or-no",
		`true`:                    "cannot be asked",
		`site`:                    "yes-or-no",
		`site == language`:        "written out",
		`site in teams`:           "written out",
		`site in []`:              `["A", "B"]`,
		`"a" == "a"`:              "cannot be asked",
		`skill("ski_de")`:         "yes-or-no",
		`skill("ski_de") >= 11`:   "0 to 10",
		`skill("ski_de") >= "5"`:  "mismatched types",
		`skill("a", "b") > 1`:     "too many arguments",
		`skill(site) > 1`:         "written out",
		`len(teams) > 1`:          "len is not a known function",
		`any(teams, # == "x")`:    "not",
		`site matches "^s"`:       "matches is not accepted",
		`site.name == "x"`:        "parts",
		`skill("ski_de") + 1 > 2`: "not accepted",
		`let x = "a"; x in teams`: "x is not known",
		strings.Repeat("not ", 300) + `"a" in teams`: "longer than 500",
	} {
		if r := newMemberRule(text); !strings.Contains(r.fault, says) || r.holds(Agent{}) {
			t.Errorf("%s: %q", text, r.fault)
		}
	}
}

// Names that a person writes become ids, so that a new name changes nobody's
// queue.
func TestMemberRulesAreStoredWithIDs(t *testing.T) {
	refs := tenant{"teams/tea_1": nil, "teams/tea_2": nil, "sites/sit_1": nil, "skills/ski_1": nil} // named TEA_1…
	q := Queue{
		MemberRule: `"tea_1" in teams or "Tea_2 " in teams and site in ["SIT_1", "Ítaca", "sit_1"] and skill('SKI_1') > 3 or language == "pt"`,
		Steps:      []Step{{MemberRule: `"TEA_1" in teams`}, {MemberRule: `"TEA_1" in team`}},
	}
	steps := q.Steps
	got := q.Settle(refs)
	want := []string{`"tea_1" in teams or "tea_2" in teams and site in ["sit_1", "Ítaca", "sit_1"] and skill("ski_1") > 3 or language == "pt"`, `"tea_1" in teams`, `"TEA_1" in team`}
	if d := cmp.Diff(want, []string{got.MemberRule, got.Steps[0].MemberRule, got.Steps[1].MemberRule}); d != "" {
		t.Error(d)
	}
	if steps[0].MemberRule != `"TEA_1" in teams` {
		t.Error("the caller's queue was changed")
	}
	var used []string
	for _, u := range got.Uses() {
		used = append(used, u.Path+" "+u.ID)
	}
	if d := cmp.Diff([]string{"member_rule tea_1", "member_rule tea_2", "member_rule sit_1", "member_rule Ítaca", "member_rule sit_1", "member_rule ski_1", "steps[0].member_rule tea_1"}, used); d != "" {
		t.Error(d)
	}
}

func TestServing(t *testing.T) {
	agents := []Agent{{ID: "a", Teams: []string{"tea_1"}}, {ID: "b"}, {ID: "c", Teams: []string{"tea_1"}}}
	for name, c := range map[string]struct {
		q    Queue
		want []string
	}{
		"neither":           {Queue{}, []string{"a", "b", "c"}},
		"by name":           {Queue{Members: []string{"x", "b"}}, []string{"x", "b"}},
		"by rule":           {Queue{MemberRule: `"tea_1" in teams`}, []string{"a", "c"}},
		"by both":           {Queue{Members: []string{"c", "b"}, MemberRule: `"tea_1" in teams`}, []string{"c", "b", "a"}},
		"a rule for no one": {Queue{MemberRule: `"tea_2" in teams`}, nil},
	} {
		if got := c.q.Serving(agents); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// FuzzMemberRule: no rule panics, and what is settled once stays as it is.
func FuzzMemberRule(f *testing.F) {
	for _, s := range []string{`"TEA_1" in teams`, `site in ["SIT_1"]`, `skill("x") >= 5 and not (language == "pt")`, "\"\\u00e9\" in teams", "`TEA_1` in teams"} {
		f.Add(s)
	}
	refs := tenant{"teams/tea_1": nil, "sites/sit_1": nil}
	f.Fuzz(func(t *testing.T, text string) {
		r := newMemberRule(text)
		r.holds(Agent{Teams: []string{"tea_1"}, Site: text})
		once := settle(text, refs)
		if again := settle(once, refs); again != once {
			t.Fatalf("%q, then %q", once, again)
		}
		if r.fault == "" && newMemberRule(once).fault != "" {
			t.Fatalf("%q became %q", text, once)
		}
	})
}

func TestBelongs(t *testing.T) {
	ana := Agent{ID: "usr_1", Teams: []string{"tea_1"}, Skills: map[string]int{"ski_1": 5}}
	steps := []Step{{AfterSeconds: 10, Members: []string{"usr_2"}}, {AfterSeconds: 20, MemberRule: `skill("ski_1") >= 5`}, {AfterSeconds: 30, Members: []string{"usr_1"}}}
	for _, c := range []struct {
		q    Queue
		want Belonging
	}{
		{Queue{}, Belonging{Everyone: true}},
		{Queue{Members: []string{"usr_1"}}, Belonging{Named: true}},
		{Queue{Members: []string{"usr_2"}}, Belonging{}},
		{Queue{MemberRule: `"tea_1" in teams`}, Belonging{Rule: `"tea_1" in teams`}},
		{Queue{MemberRule: `"tea_2" in teams`}, Belonging{}},
		{Queue{Members: []string{"usr_1"}, MemberRule: `"tea_1" in teams`, Steps: steps}, Belonging{Named: true, Rule: `"tea_1" in teams`}},
		{Queue{Members: []string{"usr_2"}, Steps: steps}, Belonging{Step: 2, StepRule: `skill("ski_1") >= 5`}},
		{Queue{Members: []string{"usr_2"}, Steps: steps[2:]}, Belonging{Step: 1}},
	} {
		if got := c.q.Belongs(ana); got != c.want {
			t.Errorf("%+v: %+v", c.q, got)
		}
	}
}
