package setup

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
)

func field(change func(*Field)) Field {
	f := Field{Entity: OfContact, Key: "tier", Label: map[string]string{"en": "Tier"}, Type: FieldText, Class: privacy.None}
	if change != nil {
		change(&f)
	}
	return Clean(f)
}

func choice(values ...string) []FieldOption {
	var out []FieldOption
	for _, v := range values {
		out = append(out, FieldOption{v, map[string]string{"en": strings.ToUpper(v)}})
	}
	return out
}

func TestFieldIsChecked(t *testing.T) {
	refs := fieldRefs{}
	for _, c := range []struct {
		change func(*Field)
		path   string
	}{
		{nil, ""},
		{func(f *Field) { f.Entity = "team" }, "entity"},
		{func(f *Field) { f.Key = "Tier" }, "key"},
		{func(f *Field) { f.Key = "1tier" }, "key"},
		{func(f *Field) { f.Key = strings.Repeat("k", 41) }, "key"},
		{func(f *Field) { f.Label = nil }, "label.en"},
		{func(f *Field) { f.Label = map[string]string{"pt": "Nível"} }, "label.en"},
		{func(f *Field) { f.Label["xx"] = "x" }, "label.xx"},
		{func(f *Field) { f.Help = map[string]string{"en": strings.Repeat("h", 301)} }, "help.en"},
		{func(f *Field) { f.Type = "map" }, "type"},
		{func(f *Field) { f.Class = privacy.Secret }, "class"},
		{func(f *Field) { f.Class = privacy.Label }, "class"},
		{func(f *Field) { f.Type = FieldEmail }, "class"},
		{func(f *Field) { f.Type = FieldPhone }, "class"},
		{func(f *Field) { f.Type, f.Class = FieldPhone, privacy.Address }, ""},
		{func(f *Field) { f.MinLength = 2001 }, "min_length"},
		{func(f *Field) { f.MinLength, f.MaxLength = 5, 4 }, "min_length"},
		{func(f *Field) { f.Pattern = "(" }, "pattern"},
		{func(f *Field) { f.Pattern = "a)|(b" }, "pattern"},
		{func(f *Field) { f.Pattern = "(?=x)" }, "pattern"}, // not in RE2: it could take for ever
		{func(f *Field) { f.Pattern = "[A-Z]{2}[0-9]+" }, ""},
		{func(f *Field) { f.Type, f.Least = FieldNumber, "x" }, "least"},
		{func(f *Field) { f.Type, f.Least, f.Most = FieldNumber, "9", "10" }, ""},
		{func(f *Field) { f.Type, f.Least, f.Most = FieldNumber, "10", "9" }, "least"},
		{func(f *Field) { f.Type, f.Most = FieldDate, "2026-13-01" }, "most"},
		{func(f *Field) { f.Type, f.Least, f.Most = FieldTime, "18:00", "09:00" }, "least"},
		{func(f *Field) { f.Type = FieldChoice }, "choices"},
		{func(f *Field) { f.Type, f.Choices = FieldChoice, choice("a", "a") }, "choices[1].value"},
		{func(f *Field) { f.Type, f.Choices = FieldChoice, choice("a", "B b") }, "choices[1].value"},
		{func(f *Field) { f.Type, f.Choices = FieldChoices, choice("a", "b") }, ""},
		{func(f *Field) { f.SeenBy = []access.Role{"boss"} }, "seen_by[0]"},
		{func(f *Field) { f.ChangedBy = []access.Role{access.OperatorRole} }, "changed_by[0]"},
		{func(f *Field) { f.SeenBy = []access.Role{access.Supervisor, "rol_01jdzzzzzzzzzzzzzzzzzzzzzz"} }, ""},
		{func(f *Field) { f.Entity, f.Attribute = OfInteraction, "Order No" }, "attribute"},
	} {
		err := field(c.change).Validate(refs)
		switch {
		case c.path == "" && err != nil:
			t.Errorf("%v", err)
		case c.path != "" && (err == nil || errs.As(err).Fields[0].Path != c.path):
			t.Errorf("want a fault in %s, got %v", c.path, err)
		}
	}
	if f := field(func(f *Field) { f.Class = "" }); f.Class != privacy.Content {
		t.Errorf("a class that nobody chose is %q", f.Class)
	}
	if f := field(func(f *Field) { f.Type, f.Pattern, f.MaxLength, f.Least = FieldYesNo, "x", 3, "1" }); f.Pattern != "" || f.MaxLength != 0 || f.Least != "" {
		t.Errorf("what does not belong to the type stays: %+v", f)
	}
}

func TestFieldValues(t *testing.T) {
	of := func(kind FieldType, change func(*Field)) Field {
		return field(func(f *Field) {
			f.Type, f.Class = kind, privacy.Content
			if kind.chooses() {
				f.Choices = choice("a", "b", "c")
			}
			if change != nil {
				change(f)
			}
		})
	}
	plain := func(f *Field) { f.Class = privacy.None }
	for _, c := range []struct {
		field Field
		raw   string
		want  string // "" none, "!…" a fault that says so
	}{
		{of(FieldText, nil), `null`, ``},
		{of(FieldText, nil), `"  "`, ``},
		{of(FieldText, nil), `" a <b> "`, `"a <b>"`},
		{of(FieldText, nil), `1`, `!text`},
		{of(FieldText, nil), `"a\nb"`, `!invisible`},
		{of(FieldText, nil), `"` + strings.Repeat("é", 2000) + `"`, `"` + strings.Repeat("é", 2000) + `"`},
		{of(FieldText, nil), `"` + strings.Repeat("é", 2001) + `"`, `!2001`},
		{of(FieldText, func(f *Field) { f.MinLength, f.MaxLength = 2, 3 }), `"a"`, `!2 to 3`},
		{of(FieldText, func(f *Field) { f.Pattern = "[A-Z]+|x" }), `"AB"`, `"AB"`},
		{of(FieldText, func(f *Field) { f.Pattern = "[A-Z]+|x" }), `"xA"`, `!form`},
		{of(FieldLongText, nil), `"a\nb"`, `"a\nb"`},
		{of(FieldNumber, nil), `1.50`, `1.5`},
		{of(FieldNumber, nil), `-0`, `0`},
		{of(FieldNumber, nil), `1e3`, `1000`},
		{of(FieldNumber, nil), `"1"`, `!number`},
		{of(FieldNumber, nil), `1e99`, `!15 digits`},
		{of(FieldNumber, nil), `9999999999999999`, `!15 digits`},
		{of(FieldNumber, func(f *Field) { f.Least, f.Most = "-1", "2.5" }), `-1.1`, `!below -1`},
		{of(FieldNumber, func(f *Field) { f.Least, f.Most = "-1", "2.5" }), `2.5`, `2.5`},
		{of(FieldNumber, func(f *Field) { f.Least, f.Most = "-1", "2.5" }), `2.6`, `!above 2.5`},
		{of(FieldWhole, nil), `7`, `7`},
		{of(FieldWhole, nil), `7.5`, `!whole`},
		{of(FieldYesNo, nil), `false`, `false`},
		{of(FieldYesNo, nil), `"yes"`, `!true or false`},
		{of(FieldDate, nil), `"2028-02-29"`, `"2028-02-29"`},
		{of(FieldDate, nil), `"2027-02-29"`, `!date`},
		{of(FieldDate, nil), `"1.2.2027"`, `!date`},
		{of(FieldDate, func(f *Field) { f.Least = "2026-01-01" }), `"2025-12-31"`, `!below 2026-01-01`},
		{of(FieldTime, nil), `"07:05"`, `"07:05"`},
		{of(FieldTime, nil), `"7:05"`, `!time`},
		{of(FieldTime, nil), `"24:00"`, `!time`},
		{of(FieldChoice, nil), `"b"`, `"b"`},
		{of(FieldChoice, nil), `"B"`, `!choices`},
		{of(FieldChoices, nil), `["c","a","c"]`, `["a","c"]`},
		{of(FieldChoices, nil), `[]`, ``},
		{of(FieldChoices, nil), `["a","x"]`, `!choices`},
		{of(FieldChoices, nil), `"a"`, `!list`},
		{of(FieldWeb, nil), `"https://example.com/a?b=c&d"`, `"https://example.com/a?b=c&d"`},
		{of(FieldWeb, nil), `"javascript:alert(1)"`, `!page`},
		{of(FieldWeb, nil), `"https://user:pass@example.com"`, `!page`},
		{of(FieldEmail, nil), `"Ana@Example.ORG"`, `"ana@example.org"`},
		{of(FieldEmail, nil), `"ana"`, `!email`},
		{of(FieldPhone, nil), `"912 345 678"`, `"+351912345678"`},
		{of(FieldPhone, nil), `"12"`, `!phone`},
		{of(FieldText, nil), `"4111 1111 1111 1111"`, `!payment card`},
		{of(FieldWhole, nil), `378282246310005`, `!payment card`},
		{of(FieldText, nil), `"ana@example.org"`, `"ana@example.org"`},
		{of(FieldText, plain), `"ana@example.org"`, `!email address`},
		{of(FieldLongText, plain), `"call +351 912 345 678"`, `!phone number`},
		{of(FieldText, plain), `"PT50 0002 0123 1234 5678 9015 4"`, `!bank account`},
		{of(FieldText, plain), `"order 12345"`, `"order 12345"`},
	} {
		var faults errs.Fields
		got := string(c.field.Value(&faults, "value", json.RawMessage(c.raw), "PT", false))
		said := ""
		for _, f := range faults {
			said += f.Problem
		}
		switch fault, is := strings.CutPrefix(c.want, "!"); {
		case is && (got != "" || !strings.Contains(said, fault)):
			t.Errorf("%s of %s: %q, said %q, want %q", c.raw, c.field.Type, got, said, fault)
		case !is && (got != c.want || said != ""):
			t.Errorf("%s of %s: %q, said %q", c.raw, c.field.Type, got, said)
		case is && strings.Contains(said, strings.Trim(c.raw, `"`)) && len(c.raw) > 6:
			t.Errorf("the fault repeats the value: %q", said)
		}
		if again := c.field.Value(&faults, "value", json.RawMessage(got), "PT", true); said == "" && string(again) != got {
			t.Errorf("%s is not its own form: %s", got, again)
		}
	}
	var faults errs.Fields
	of(FieldText, plain).Value(&faults, "changes[1].value", json.RawMessage(`"4111 1111 1111 1111"`), "", false)
	if len(faults) != 1 || faults[0].Path != "changes[1].sure" {
		t.Errorf("what confirms it is not named: %v", faults)
	}
	faults = nil
	if got := of(FieldText, plain).Value(&faults, "v", json.RawMessage(`"4111 1111 1111 1111"`), "", true); len(faults) > 0 || got == nil {
		t.Errorf("what its writer is sure of: %s, %v", got, faults)
	}
}

func FuzzFieldValue(f *testing.F) {
	f.Add("text", `"a"`)
	f.Add("number", `1e-7`)
	f.Add("choices", `["a"]`)
	f.Fuzz(func(t *testing.T, kind, raw string) {
		one := Clean(Field{Entity: OfContact, Key: "k", Type: FieldType(kind), Class: privacy.Content, Choices: choice("a", "b")})
		if !slices.Contains(FieldTypes, one.Type) {
			return
		}
		var faults errs.Fields
		got := one.Value(&faults, "v", json.RawMessage(raw), "PT", true)
		if got == nil {
			return
		}
		if again := one.Value(&faults, "v", got, "PT", true); len(faults) > 0 || string(again) != string(got) {
			t.Errorf("%s of %s became %s: %v", raw, kind, again, faults)
		}
	})
}

func TestWhoSeesAField(t *testing.T) {
	lead := access.Custom{ID: "rol_1", Base: access.Supervisor}
	ana, sue := access.Actor{Roles: []access.Role{access.Agent}}, access.Actor{Roles: []access.Role{"rol_1"}, Custom: []access.Custom{lead}}
	for _, c := range []struct {
		seen, changed []access.Role
		who           access.Actor
		sees, changes bool
	}{
		{nil, nil, ana, true, true},
		{[]access.Role{access.Supervisor}, nil, ana, false, false},
		{[]access.Role{access.Supervisor}, nil, sue, true, true}, // by the base of its own role
		{[]access.Role{"rol_1"}, nil, sue, true, true},
		{nil, []access.Role{access.Supervisor}, ana, true, false},
		{[]access.Role{access.Supervisor}, []access.Role{access.Agent}, ana, false, false},
		{[]access.Role{access.Agent}, nil, access.Actor{}, false, false}, // support has no role
	} {
		f := Field{SeenBy: c.seen, ChangedBy: c.changed}
		if f.SeenByActor(c.who) != c.sees || f.ChangedByActor(c.who) != c.changes {
			t.Errorf("%+v", c)
		}
	}
}

func TestAdviceOnAField(t *testing.T) {
	for _, c := range []struct {
		change func(*Field)
		want   []privacy.Look
	}{
		{nil, nil},
		{func(f *Field) { f.Key = "birth_date" }, []privacy.Look{privacy.LooksBirth}},
		{func(f *Field) { f.Label["pt"] = "Religião" }, []privacy.Look{privacy.LooksFaith}},
		{func(f *Field) { f.Help = map[string]string{"en": "As on the passport"} }, []privacy.Look{privacy.LooksIdentity}},
		{func(f *Field) { f.Type, f.Choices = FieldChoice, choice("married", "single") }, []privacy.Look{privacy.LooksFamily}},
		{func(f *Field) { f.Type = FieldPhone }, []privacy.Look{privacy.LooksPhone}},
	} {
		if got := field(c.change).Advice(); !slices.Equal(got, c.want) {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

// fieldRefs is a tenant that speaks English.
type fieldRefs struct{ Refs }

func (fieldRefs) Languages() []string { return []string{"en"} }
