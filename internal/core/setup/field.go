package setup

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
)

// Limits of fields.
const (
	MaxFields    = 50 // of one entity, in use
	MaxChoices   = 100
	MaxFieldText = 2000 // characters of a value
)

// Field is a custom field: a question of the tenant's own that stands beside what
// every contact, user, interaction or queue has (notice C25, C26). Nothing waits for
// its answer (C27).
type Field struct {
	Entity    FieldEntity       `json:"entity" enum:"contact,user,interaction,queue" doc:"What has it; it never changes."`
	Key       string            `json:"key" minLength:"1" maxLength:"40" pattern:"^[a-z][a-z0-9_]*$" doc:"What programs call it; it never changes."`
	Label     map[string]string `json:"label" doc:"What people call it, by language."`
	Help      map[string]string `json:"help" doc:"Said beside it, by language; may be empty."`
	Type      FieldType         `json:"type" enum:"text,long_text,number,whole,yes_no,date,time,choice,choices,web,email,phone"`
	Required  bool              `json:"required" doc:"Once it has a value it cannot be emptied, and the form marks it. Nothing else waits for it."`
	MinLength int               `json:"min_length" minimum:"0" maximum:"2000" doc:"Characters, of text."`
	MaxLength int               `json:"max_length" minimum:"0" maximum:"2000" doc:"Characters, of text; 0: 2000."`
	Pattern   string            `json:"pattern" maxLength:"200" doc:"A regular expression (RE2) that all of a text must match; empty: any."`
	Least     string            `json:"least" maxLength:"32" doc:"The least number, the first date or time; empty: any."`
	Most      string            `json:"most" maxLength:"32" doc:"The greatest number, the last date or time; empty: any."`
	Choices   []FieldOption     `json:"choices" maxItems:"100" doc:"Of a choice, in their order."`
	Class     privacy.Class     `json:"class" enum:"none,pseudonym,address,display_name,content" doc:"What a value tells about a person. none: nothing; it is stored as it is and can be searched. Everything else is sealed and goes with the person."`
	Masked    bool              `json:"masked" doc:"Shown as dots until somebody asks, which the audit log notes."`
	SeenBy    []access.Role     `json:"seen_by" maxItems:"50" doc:"Roles that see it; empty: whoever sees the contact, user, interaction or queue."`
	ChangedBy []access.Role     `json:"changed_by" maxItems:"50" doc:"Roles that change it, of those that see it; empty: whoever may change the contact, user, interaction or queue."`
	Attribute string            `json:"attribute" maxLength:"40" doc:"Of interactions: a flow that sets this attribute fills the field, if the value fits. Empty: none does."`
}

// FieldEntity is what has a field.
type FieldEntity string

const (
	OfContact     FieldEntity = "contact"
	OfUser        FieldEntity = "user"
	OfInteraction FieldEntity = "interaction"
	OfQueue       FieldEntity = "queue"
)

// FieldEntities are all of them.
var FieldEntities = []FieldEntity{OfContact, OfUser, OfInteraction, OfQueue}

// FieldType says what values a field has.
type FieldType string

const (
	FieldText     FieldType = "text"
	FieldLongText FieldType = "long_text" // of several lines
	FieldNumber   FieldType = "number"
	FieldWhole    FieldType = "whole"
	FieldYesNo    FieldType = "yes_no"
	FieldDate     FieldType = "date" // 2026-11-29
	FieldTime     FieldType = "time" // 17:30
	FieldChoice   FieldType = "choice"
	FieldChoices  FieldType = "choices" // several of them
	FieldWeb      FieldType = "web"     // an address of a page
	FieldEmail    FieldType = "email"
	FieldPhone    FieldType = "phone"
)

// FieldTypes are all of them, in the order in which they are offered.
var FieldTypes = []FieldType{FieldText, FieldLongText, FieldNumber, FieldWhole, FieldYesNo, FieldDate, FieldTime, FieldChoice, FieldChoices, FieldWeb, FieldEmail, FieldPhone}

// FieldClasses are the classes that a field may have: words that the tenant chose
// (label) are "none" where they say nothing about a person; keys and passwords are
// nothing for a field.
var FieldClasses = []privacy.Class{privacy.None, privacy.Pseudonym, privacy.Address, privacy.DisplayName, privacy.Content}

// FieldOption is one of the values that a choice has.
type FieldOption struct {
	Value string            `json:"value" minLength:"1" maxLength:"40" pattern:"^[a-z0-9][a-z0-9_-]*$" doc:"What programs call it."`
	Label map[string]string `json:"label" doc:"What people call it, by language."`
}

// Sealed says whether values are stored under the key of whom they are about.
func (f Field) Sealed() bool { return f.Class != privacy.None }

// Searched says whether interactions or contacts are found by it. By one that is masked they are not:
// whoever searches would see what it holds, and nobody would know.
func (f Field) Searched() bool {
	return (f.Entity == OfInteraction || f.Entity == OfContact) && !f.Sealed() && !f.Masked && slices.Contains([]FieldType{FieldNumber, FieldWhole, FieldYesNo, FieldDate, FieldTime, FieldChoice}, f.Type)
}

// SeenByActor says whether somebody who sees what has the field sees it, too.
func (f Field) SeenByActor(a access.Actor) bool { return among(f.SeenBy, a) }

// ChangedByActor says whether somebody who may change what has the field may change
// it, too.
func (f Field) ChangedByActor(a access.Actor) bool { return f.SeenByActor(a) && among(f.ChangedBy, a) }

// among says whether somebody has one of the roles, itself or as the base of an own one.
func among(roles []access.Role, a access.Actor) bool {
	if len(roles) == 0 {
		return true
	}
	has := append(slices.Clone(a.Roles), a.Kinds()...)
	return slices.ContainsFunc(roles, func(r access.Role) bool { return slices.Contains(has, r) })
}

// BecomesType says whether every value of one type is one of another as it is stored.
func (t FieldType) BecomesType(o FieldType) bool {
	wider := map[FieldType][]FieldType{FieldText: {FieldLongText}, FieldWhole: {FieldNumber}, FieldWeb: {FieldText, FieldLongText}, FieldEmail: {FieldText, FieldLongText}, FieldPhone: {FieldText, FieldLongText},
		FieldDate: {FieldText, FieldLongText}, FieldTime: {FieldText, FieldLongText}}
	return t == o || slices.Contains(wider[t], o)
}

func (Field) Kind() Kind { return KindField }

func (f Field) Called() string {
	for _, l := range Languages {
		if f.Label[l] != "" {
			return f.Label[l]
		}
	}
	return f.Key
}

// Unique: one entity has each key and each label once.
func (f Field) Unique() []Unique {
	list := []Unique{{"key", string(f.Entity) + "/" + f.Key, f.Key}}
	for _, l := range slices.Sorted(maps.Keys(f.Label)) {
		list = append(list, Unique{"label." + l, string(f.Entity) + "/" + NameKey(f.Label[l]), f.Label[l]})
	}
	return list
}

func (Field) Uses() []Use { return nil }

func (f Field) clean() Object {
	f.Key, f.Label, f.Help = strings.TrimSpace(f.Key), tidyWords(f.Label), tidyWords(f.Help)
	f.Least, f.Most, f.Attribute = strings.TrimSpace(f.Least), strings.TrimSpace(f.Most), strings.TrimSpace(f.Attribute)
	f.SeenBy, f.ChangedBy = once(f.SeenBy), once(f.ChangedBy)
	if f.Class == "" {
		f.Class = privacy.Content // nobody said that it is nothing
	}
	if !f.Type.text() {
		f.MinLength, f.MaxLength, f.Pattern = 0, 0, ""
	}
	if !f.Type.ranges() {
		f.Least, f.Most = "", ""
	}
	if f.Entity != OfInteraction {
		f.Attribute = ""
	}
	f.Choices = slices.Clone(f.Choices)
	if f.Choices == nil || !f.Type.chooses() {
		f.Choices = []FieldOption{}
	}
	for i := range f.Choices {
		f.Choices[i].Value, f.Choices[i].Label = strings.TrimSpace(f.Choices[i].Value), tidyWords(f.Choices[i].Label)
	}
	return f
}

// tidyWords takes away languages in which nothing is said.
func tidyWords(texts map[string]string) map[string]string {
	out := map[string]string{}
	for l, t := range texts {
		if t = tidy(t); t != "" {
			out[l] = t
		}
	}
	return out
}

func (t FieldType) text() bool    { return t == FieldText || t == FieldLongText }
func (t FieldType) chooses() bool { return t == FieldChoice || t == FieldChoices }
func (t FieldType) ranges() bool {
	return slices.Contains([]FieldType{FieldNumber, FieldWhole, FieldDate, FieldTime}, t)
}

var (
	fieldKey    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	choiceValue = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
)

func (f Field) Validate(refs Refs) error {
	var c checks
	c.oneOf("entity", string(f.Entity), wordsOf(FieldEntities)...)
	c.oneOf("type", string(f.Type), wordsOf(FieldTypes)...)
	c.oneOf("class", string(f.Class), wordsOf(FieldClasses)...)
	if !fieldKey.MatchString(f.Key) {
		c.Add("key", "must have 1 to 40 letters a-z, digits and _, and begin with a letter.")
	}
	c.texts("label", f.Label, 1, 80, refs.Languages())
	c.texts("help", f.Help, 1, 300, nil)
	if (f.Type == FieldEmail || f.Type == FieldPhone) && f.Class == privacy.None {
		c.Add("class", "must say that it is about a person: an address reaches one.")
	}
	c.roles("seen_by", f.SeenBy)
	c.roles("changed_by", f.ChangedBy)
	if f.Attribute != "" && !fieldKey.MatchString(f.Attribute) {
		c.Add("attribute", "must have 1 to 40 letters a-z, digits and _, and begin with a letter.")
	}
	f.checkValues(&c, refs.Languages())
	return c.Err()
}

// checkValues checks what says which values there may be.
func (f Field) checkValues(c *checks, languages []string) {
	c.number("min_length", f.MinLength, 0, MaxFieldText)
	c.number("max_length", f.MaxLength, 0, MaxFieldText)
	if f.MaxLength > 0 && f.MinLength > f.MaxLength {
		c.Add("min_length", "is more than the greatest length.")
	}
	if len(f.Pattern) > 200 {
		c.Add("pattern", "has %d characters; at most %d are accepted.", len(f.Pattern), 200)
	} else if _, err := fieldPattern(f.Pattern); err != nil {
		c.Add("pattern", "is no regular expression that can be used (RE2).")
	}
	least, most := f.bound(c, "least", f.Least), f.bound(c, "most", f.Most)
	if least != nil && most != nil && f.compare(least, most) > 0 {
		c.Add("least", "is above the greatest value.")
	}
	if !f.Type.chooses() {
		return
	}
	c.count("choices", len(f.Choices), MaxChoices)
	if len(f.Choices) < 2 {
		c.Add("choices", "has fewer than two choices.")
	}
	seen := map[string]bool{}
	for i, o := range f.Choices {
		path := at("choices", i)
		if !choiceValue.MatchString(o.Value) {
			c.Add(path+".value", "must have 1 to 40 letters a-z, digits, - and _.")
		}
		if seen[o.Value] {
			c.Add(path+".value", "is listed twice.")
		}
		seen[o.Value] = true
		c.texts(path+".label", o.Label, 1, 80, languages)
	}
}

// roles checks roles of a tenant, built in or its own.
func (c *checks) roles(path string, roles []access.Role) {
	c.count(path, len(roles), 50)
	for i, r := range roles {
		if !slices.Contains(access.TenantRoles, r) && !access.IsCustom(r) {
			c.Add(at(path, i), "is not a role.")
		}
	}
}

func wordsOf[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// Advice says what a field's words look like; the form shows it (notice C28).
func (f Field) Advice() []privacy.Look {
	said := []string{strings.ReplaceAll(f.Key, "_", " ")}
	for _, texts := range append([]map[string]string{f.Label, f.Help}, choiceLabels(f.Choices)...) {
		for _, l := range slices.Sorted(maps.Keys(texts)) {
			said = append(said, texts[l])
		}
	}
	looks := privacy.LooksOf(said...)
	if f.Type == FieldEmail && !slices.Contains(looks, privacy.LooksEmail) {
		looks = append(looks, privacy.LooksEmail)
	}
	if f.Type == FieldPhone && !slices.Contains(looks, privacy.LooksPhone) {
		looks = append(looks, privacy.LooksPhone)
	}
	return looks
}

func choiceLabels(choices []FieldOption) (all []map[string]string) {
	for _, c := range choices {
		all = append(all, c.Label, map[string]string{"": strings.NewReplacer("_", " ", "-", " ").Replace(c.Value)})
	}
	return all
}
