package setup

import (
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
)

// officeRefs knows a user, a phone with an extension and one without, entry
// points for calls and for chats, a prompt, and ring groups.
type officeRefs struct {
	Refs
	self   string
	groups map[string]RingGroup
}

func (r officeRefs) Has(k Kind, id string) bool {
	if _, ok := r.groups[id]; ok {
		return k == KindRingGroup
	}
	return map[string]Kind{"usr_1": KindUser, "phn_1": KindPhone, "phn_2": KindPhone, "ent_tel": KindEntryPoint, "ent_chat": KindEntryPoint, "pro_1": KindPrompt}[id] == k
}

func (r officeRefs) ChannelOf(entry string) acd.Channel {
	return map[string]acd.Channel{"ent_tel": acd.Voice, "ent_chat": acd.Chat}[entry]
}
func (r officeRefs) RingGroups() map[string]RingGroup { return r.groups }
func (r officeRefs) ExtensionOf(phone string) string  { return map[string]string{"phn_1": "21"}[phone] }
func (r officeRefs) Self() string                     { return r.self }

func TestRingGroup(t *testing.T) {
	group := func(change func(*RingGroup)) RingGroup {
		g := RingGroup{Name: " Sales ", Extension: " 30 ", Members: []string{"usr_1", "phn_1", "usr_1"}}
		change(&g)
		return Clean(g)
	}
	if g := group(func(*RingGroup) {}); g.Name != "Sales" || g.Extension != "30" || len(g.Members) != 2 || g.Order != RingAll || g.RingSeconds != 20 || g.MostSeconds != 60 {
		t.Errorf("%+v", g)
	}
	spare := map[string]RingGroup{"rng_2": {Name: "Spare", Then: RingThen{Rings: "rng_3"}}, "rng_3": {Name: "Last", Then: RingThen{Rings: "rng_1"}}, "rng_4": {Name: "Alone", Then: RingThen{Rings: "rng_5"}},
		"rng_5": {Name: "Round", Then: RingThen{Rings: "rng_4"}}}
	for name, c := range map[string]struct {
		change func(*RingGroup)
		wrong  string // the fields that are wrong
	}{
		"all is well":                    {func(g *RingGroup) {}, ""},
		"without an extension":           {func(g *RingGroup) { g.Extension = "" }, "extension"},
		"an emergency number":            {func(g *RingGroup) { g.Extension = "112" }, "extension"},
		"nobody in it":                   {func(g *RingGroup) { g.Members = nil }, "members"},
		"somebody unknown":               {func(g *RingGroup) { g.Members = []string{"phn_9", "usr_9", "que_1"} }, "members[0] members[1] members[2]"},
		"an order that is not known":     {func(g *RingGroup) { g.Order = "round" }, "order"},
		"too short and too long":         {func(g *RingGroup) { g.RingSeconds, g.MostSeconds = 4, 601 }, "ring_seconds most_seconds"},
		"then a phone":                   {func(g *RingGroup) { g.Then.Rings = "phn_1" }, ""},
		"then a phone without extension": {func(g *RingGroup) { g.Then.Rings = "phn_2" }, "then.rings"},
		"then an entry point":            {func(g *RingGroup) { g.Then.EntryPoint = "ent_tel" }, ""},
		"then a chat":                    {func(g *RingGroup) { g.Then.EntryPoint = "ent_chat" }, "then.entry_point"},
		"then a prompt":                  {func(g *RingGroup) { g.Then.Prompt = "pro_1" }, ""},
		"then two":                       {func(g *RingGroup) { g.Then = RingThen{Prompt: "pro_1", Rings: "phn_1"} }, "then"},
		"itself":                         {func(g *RingGroup) { g.Then.Rings = "rng_1" }, "then.rings then.rings"},
		"in a circle":                    {func(g *RingGroup) { g.Then.Rings = "rng_2" }, "then.rings"},
		"a circle of others":             {func(g *RingGroup) { g.Then.Rings = "rng_4" }, ""},
	} {
		err := group(c.change).Validate(officeRefs{self: "rng_1", groups: spare})
		var wrong []string
		if err != nil {
			for _, f := range errs.As(err).Fields {
				wrong = append(wrong, f.Path)
			}
		}
		if got := strings.Join(wrong, " "); got != c.wrong {
			t.Errorf("%s: wrong are %q, want %q: %v", name, got, c.wrong, err)
		}
	}
	err := group(func(g *RingGroup) { g.Then.Rings = "rng_2" }).Validate(officeRefs{self: "rng_1", groups: spare})
	if f := errs.As(err).Fields[0]; !strings.Contains(f.Problem, "“Sales” → “Spare” → “Last” → “Sales”") {
		t.Errorf("%v", f)
	}
}

func TestANumberRings(t *testing.T) {
	for name, c := range map[string]struct {
		number TrunkNumber
		wrong  string
	}{
		"a phone":               {TrunkNumber{Rings: "phn_1"}, ""},
		"one without extension": {TrunkNumber{Rings: "phn_2"}, "numbers[0].rings"},
		"a group":               {TrunkNumber{Rings: "rng_1"}, ""},
		"one that is gone":      {TrunkNumber{Rings: "rng_9"}, "numbers[0].rings"},
		"two":                   {TrunkNumber{Rings: "rng_1", EntryPoint: "ent_tel"}, "numbers[0].rings"},
	} {
		c.number.Number = "+351210000001"
		err := Clean(Trunk{Name: "Lines", Country: "PT", Sources: []string{"192.0.2.1"}, Numbers: []TrunkNumber{c.number}}).Validate(officeRefs{groups: map[string]RingGroup{"rng_1": {}}})
		got := ""
		if err != nil {
			got = errs.As(err).Fields[0].Path
		}
		if got != c.wrong {
			t.Errorf("%s: %v", name, err)
		}
	}
}
