package setup

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// tenant is one tenant's set-up as an object sees it: id -> languages of its
// texts.
type tenant map[string][]string

func (t tenant) Has(k Kind, id string) bool           { _, ok := t[string(k)+"/"+id]; return ok }
func (t tenant) WrittenIn(k Kind, id string) []string { return t[string(k)+"/"+id] }
func (t tenant) Languages() []string                  { return []string{"en", "pt"} }
func (t tenant) Graph(string) *flow.Graph             { return nil }
func (t tenant) Channels() []string                   { return nil }
func (t tenant) Self() string                         { return "" }
func (t tenant) Queues() map[string]Queue             { return nil }
func (t tenant) Names(k Kind) map[string]string {
	names := map[string]string{}
	for key := range t {
		if id, ok := strings.CutPrefix(key, string(k)+"/"); ok {
			names[id] = strings.ToUpper(id)
		}
	}
	return names
}

// ChannelOf: entry points of chat are named so.
func (t tenant) ChannelOf(entryPoint string) acd.Channel {
	switch {
	case !t.Has(KindEntryPoint, entryPoint):
		return ""
	case strings.HasPrefix(entryPoint, "ent_chat"):
		return acd.Chat
	}
	return acd.Voice
}
func (t tenant) RingGroups() map[string]RingGroup { return nil }

func (t tenant) ExtensionOf(string) string { return "" }
func (t tenant) Agents() []Agent           { return nil }

var (
	shop = tenant{
		"queues/que_1": nil, "teams/tea_1": nil, "reasons/rea_1": nil, "skills/ski_1": nil, "hours/hou_1": nil, "users/usr_1": nil, "dispositions/dis_1": nil,
		"entry-points/ent_chat": nil, "entry-points/ent_tel": nil,
		"flows/flo_1": {"en", "pt"}, "flows/flo_en": {"en"}, "consent-texts/cst_1": {"en", "pt"}, "consent-texts/cst_en": {"en"},
	}
	books = tenant{"queues/que_2": nil, "hours/hou_2": nil}
)

// Every default of a kind passes the kind's own checks.
func TestDefaultsAreValid(t *testing.T) {
	objects := []Object{DefaultQueue("Service"), DefaultRules(), DefaultHours("Office", "Europe/Lisbon"), DefaultConsentText(),
		DefaultEntryPoint("Web chat", "flo_1", "cst_1"), DefaultFlow("Welcome", "que_1", "hou_1")}
	for _, r := range append(DefaultReasons("en"), DefaultReasons("pt")...) {
		objects = append(objects, r)
	}
	for _, d := range append(DefaultDispositions("en"), DefaultDispositions("pt")...) {
		objects = append(objects, d)
	}
	for _, l := range append(DefaultLabels("en"), DefaultLabels("pt")...) {
		objects = append(objects, l)
	}
	for _, r := range DefaultCannedReplies() {
		objects = append(objects, r)
	}
	taken := map[string]bool{}
	for _, o := range objects {
		if err := o.Validate(shop); err != nil {
			t.Errorf("%s %q: %v", o.Kind(), o.Called(), err)
		}
		for _, u := range o.Unique() {
			key := string(o.Kind()) + u.Path + u.Key
			if taken[key] {
				t.Errorf("%s %q: %s is not unique", o.Kind(), o.Called(), u.Path)
			}
			taken[key] = true
		}
	}
	if err := DefaultFlow("Welcome", "que_1", "hou_1").Validate(books); !errs.Is(err, errs.Invalid) {
		t.Error("a flow of one tenant was accepted in another:", err)
	}
}

func TestFaults(t *testing.T) {
	queue := func(change func(*Queue)) Object { q := DefaultQueue("Q"); change(&q); return Clean(q) }
	entry := func(change func(*EntryPoint)) Object {
		e := DefaultEntryPoint("Web", "flo_1", "cst_1")
		change(&e)
		return Clean(e)
	}
	rules := func(change func(*Rules)) Object { r := DefaultRules(); change(&r); return r }
	reply := func(body string) Object { return Clean(CannedReply{Title: "T", Body: body, Language: "en"}) }
	cases := []struct {
		o    Object
		at   string
		says string
	}{
		{queue(func(q *Queue) { q.Name = "  " }), "name", "missing"},
		{queue(func(q *Queue) { q.Name = strings.Repeat("é", 81) }), "name", "81 characters"},
		{queue(func(q *Queue) { q.Name = "Sales\u202e" }), "name", "invisible"},
		{queue(func(q *Queue) { q.Priority = 11 }), "priority", "1 to 10"},
		{queue(func(q *Queue) { q.Channels = []acd.Channel{"fax"} }), "channels[0]", "fax"},
		{queue(func(q *Queue) { q.Needs = []acd.SkillNeed{{Skill: "ski_1", Level: 3}, {Skill: "ski_9", Level: 3}} }), "needs[1].skill", "does not exist"},
		{queue(func(q *Queue) { q.Needs = []acd.SkillNeed{{Skill: "ski_1", Level: 3}, {Skill: "ski_1", Level: 3}} }), "needs[1].skill", "twice"},
		{queue(func(q *Queue) { q.Needs = []acd.SkillNeed{{Skill: "ski_1"}} }), "needs[0].level", "1 to 10"},
		{queue(func(q *Queue) { q.Members = []string{"usr_1", "usr_2"} }), "members[1]", "user"},
		{queue(func(q *Queue) { q.Hours = "hou_2" }), "hours", "opening hours"},
		{queue(func(q *Queue) { q.OfferSeconds = 4 }), "offer_seconds", "5 to 300"},
		{Reason{Name: "Not_Ready"}, "name", "system's own"},
		{rules(func(r *Rules) { r.ConversationDays = 400 }), "conversation_days", "outlive"},
		{rules(func(r *Rules) { r.AuditDays = 1 }), "audit_days", "90 to 3650"},
		{entry(func(e *EntryPoint) { e.Channel = "fax" }), "channel", "chat"},
		{entry(func(e *EntryPoint) { e.Flow = "" }), "flow", "missing"},
		{entry(func(e *EntryPoint) { e.Flow = "flo_9" }), "flow", "does not exist"},
		{entry(func(e *EntryPoint) { e.Flow = "flo_en" }), "languages[1]", "flow has no texts"},
		{entry(func(e *EntryPoint) { e.ConsentText = "cst_en" }), "languages[1]", "consent text has no texts"},
		{entry(func(e *EntryPoint) { e.Languages = nil }), "languages", "at least one"},
		{entry(func(e *EntryPoint) { e.Languages = []string{"en", "xx"} }), "languages[1]", "xx"},
		{entry(func(e *EntryPoint) { e.AskName = "maybe" }), "ask_name", "optional"},
		{entry(func(e *EntryPoint) { e.Theme.Accent = "teal" }), "theme.accent", "#rrggbb"},
		{entry(func(e *EntryPoint) { e.Theme.Position = "up" }), "theme.position", "left"},
		{entry(func(e *EntryPoint) { e.Attachments.Types = []string{"text/html"} }), "attachments.types[0]", "image/png"},
		{entry(func(e *EntryPoint) { e.Attachments.MaxMB = 26 }), "attachments.max_mb", "1 to 25"},
		{reply("Hello {{visiter}}"), "body", "{{visiter}}"},
		{reply("Hello {{visitor}"), "body", "other half"},
		{reply(""), "body", "1 to 4000"},
		{Clean(CannedReply{Title: "T", Body: "b", Language: "en", Shortcut: "two words"}), "shortcut", "letters"},
		{Clean(CannedReply{Title: "T", Body: "b", Language: "de"}), "language", "en, pt"},
		{Clean(CannedReply{Title: "T", Body: "b", Language: "en", Queue: "que_2"}), "queue", "does not exist"},
		{Clean(ConsentText{Name: "C", Purpose: "fun", Text: map[string]string{"en": "x"}}), "purpose", "service"},
		{Clean(ConsentText{Name: "C", Purpose: "service"}), "text", "missing"},
		{Clean(ConsentText{Name: "C", Purpose: "service", Text: map[string]string{"en": "x"}, Link: "javascript:alert(1)"}), "link", "https"},
		{Clean(Flow{Name: "F", Graph: json.RawMessage(`{"start":"a","nodes":{"a":{"type":"queue","queue":"que_2"}}}`)}), "graph.nodes.a.queue", "existing"},
		{Clean(Flow{Name: "F", Graph: json.RawMessage(`{`)}), "graph", "JSON"},
		{Clean(Flow{Name: "F"}), "graph", "JSON"},
	}
	for _, c := range cases {
		err := c.o.Validate(shop)
		found := slices.ContainsFunc(errs.As(orNil(err)).Fields, func(f errs.Field) bool {
			return f.Path == c.at && strings.Contains(f.Problem, c.says)
		})
		if !found {
			t.Errorf("%s: want %s: …%s…, got %v", c.o.Kind(), c.at, c.says, err)
		}
	}
}

func orNil(err error) error {
	if err == nil {
		return errs.New(errs.Internal, "no fault")
	}
	return err
}

func TestOrigins(t *testing.T) {
	for origin, want := range map[string]bool{
		"https://shop.example": true, "https://shop.example:8443": true, "http://localhost:8080": true, "http://127.0.0.1:1": true,
		"http://[::1]:80": true, "http://shop.example": false, "https://shop.example/x": false, "https://*.example": false,
		"https://u:p@shop.example": false, "null": false, "": false, "file:///": false, "javascript:alert(1)": false, "https://": false,
	} {
		if isOrigin(origin) != want {
			t.Errorf("%q: %v", origin, !want)
		}
	}
}

// All faults of one object are told in one answer.
func TestAllFaultsAtOnce(t *testing.T) {
	err := Queue{}.Validate(shop)
	var paths []string
	for _, f := range errs.As(err).Fields {
		paths = append(paths, f.Path)
	}
	want := []string{"name", "priority", "offer_seconds", "max_missed", "service_seconds", "service_percent"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
}

func TestDecode(t *testing.T) {
	o, err := Decode(KindQueue, json.RawMessage(`{"name":" Big   Sales ","priority":3,"members":["usr_1","usr_1"]}`))
	if err != nil {
		t.Fatal(err)
	}
	q := o.(Queue)
	if q.Name != "Big Sales" || len(q.Members) != 1 || q.Needs == nil {
		t.Errorf("%+v", q)
	}
	for name, c := range map[string]struct {
		kind     Kind
		raw, say string
	}{
		"unknown field": {KindQueue, `{"name":"a","colour":"red"}`, "colour"},
		"wrong type":    {KindQueue, `{"name":7}`, "name"},
		"deep type":     {KindHours, `{"weekly":[{"day":"Monday"}]}`, "weekly.day"},
		"no object":     {KindSkill, `[]`, "JSON object"},
		"null":          {KindSkill, `null`, "JSON object"},
		"no JSON":       {KindSkill, `{`, "JSON object"},
		"unknown kind":  {"planets", `{}`, "no set-up of this kind"},
	} {
		if _, err := Decode(c.kind, json.RawMessage(c.raw)); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each kind can be decoded, has words for people and an id prefix.
func TestKinds(t *testing.T) {
	for _, k := range Kinds {
		o, err := Decode(k, json.RawMessage(`{}`))
		if err != nil || o.Kind() != k || k.Word() == "" || (k.Prefix() == "") != (k == KindRules) {
			t.Errorf("%s: %v", k, err)
		}
	}
}

// Whatever bytes come, Decode and Validate answer; what passes comes out of
// storage the same.
func FuzzObject(f *testing.F) {
	for _, o := range []Object{DefaultQueue("Q"), DefaultRules(), DefaultHours("H", "Europe/Lisbon"), DefaultEntryPoint("E", "flo_1", "cst_1"),
		DefaultConsentText(), DefaultFlow("F", "que_1", "hou_1"), DefaultCannedReplies()[0], lines(nil)} {
		raw, _ := json.Marshal(o)
		f.Add(slices.Index(Kinds, o.Kind()), raw)
	}
	f.Fuzz(func(t *testing.T, i int, raw []byte) {
		kind := Kinds[uint(i)%uint(len(Kinds))]
		o, err := Decode(kind, raw)
		if err != nil || o.Validate(shop) != nil {
			return
		}
		stored, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(kind, stored)
		if err != nil {
			t.Fatal(err)
		}
		twice, _ := json.Marshal(again)
		if string(twice) != string(stored) {
			t.Fatalf("not the same after storing:\n%s\n%s", stored, twice)
		}
	})
}

func TestNames(t *testing.T) {
	if NameKey(" Big  SALES É") != NameKey("big sales é") {
		t.Error("case and spaces count")
	}
	taken := map[string]bool{"sales": true, "sales 2": true}
	if got := FreeName("Sales", func(k string) bool { return taken[k] }); got != "Sales 3" {
		t.Error(got)
	}
}

func TestExpand(t *testing.T) {
	b := Blanks{Visitor: "Rita", Agent: "a7", Queue: "Sales"}.At(noon, "pt")
	for body, want := range map[string]string{
		"Hello {{visitor}}, this is {{ agent }}.": "Hello Rita, this is a7.",
		"{{date}}, {{time}}":                      "23 de novembro de 2026, 12:00",
		"plain":                                   "plain",
	} {
		if got := Expand(body, b); got != want {
			t.Errorf("%q", got)
		}
	}
	if got := Expand("Thank you, {{visitor}}. Bye {{visitor}}!", Blanks{}); got != "Thank you. Bye!" {
		t.Errorf("%q", got)
	}
	if got := Expand("{{visitor}}", Blanks{Visitor: "{{agent}}", Agent: "x"}); got != "{{agent}}" {
		t.Errorf("%q", got)
	}
	if got := (Blanks{}).At(noon, "en").Date; got != "23 November 2026" {
		t.Error(got)
	}
}

// WCAG's own examples, and: every accent gets readable companions.
func TestColours(t *testing.T) {
	colour := func(s string) Colour { c, _ := ParseColour(s); return c }
	if got := fmt.Sprintf("%.2f %.2f", Contrast(colour(White), colour(Black)), Contrast(colour("#777777"), colour(White))); got != "21.00 4.48" {
		t.Error(got)
	}
	for accent, ink := range map[string]string{"#0b6e6e": White, "#ffd400": Ink, "#000000": White} {
		if look, err := NewLook(accent); err != nil || look.Ink != ink {
			t.Errorf("%s: %+v %v", accent, look, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := Colour{rapid.Byte().Draw(t, "r"), rapid.Byte().Draw(t, "g"), rapid.Byte().Draw(t, "b")}
		look, err := NewLook(c.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]string{{look.Accent, look.Ink}, {look.OnLight, LightSurface}, {look.OnLight, White}, {look.OnDark, DarkSurface}, {look.OnDark, "#1d1c1b"}} {
			if r := Contrast(colour(pair[0]), colour(pair[1])); r < TextContrast {
				t.Fatalf("%s on %s: %.2f", pair[0], pair[1], r)
			}
		}
	})
	for _, bad := range []string{"", "#fff", "#gggggg", "0b6e6e0", "#+12345"} {
		if _, err := ParseColour(bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

var _ flow.Refs = flowRefs{shop}
