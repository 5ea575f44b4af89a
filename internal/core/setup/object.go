package setup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// KindUser names users where set-up points at them; users are not set-up
// objects themselves.
const KindUser Kind = "users"

// Kinds are all kinds of set-up objects, in the order in which one needs the
// other.
var Kinds = []Kind{KindRules, KindSkill, KindTeam, KindSite, KindHours, KindReason, KindDisposition, KindLabel, KindRejectReason, KindQueue,
	KindConsentText, KindConnection, KindWebhook, KindPrompt, KindFlow, KindEntryPoint, KindCanned, KindAlertRule, KindPhone, KindRingGroup, KindTrunk, KindMailbox, KindContactList, KindCampaign, KindRecordingRule, KindQualityForm, KindQualitySample, KindField}

var prefixes = map[Kind]string{
	KindQueue: id.Queue, KindSkill: id.Skill, KindTeam: id.Team, KindSite: id.Site, KindDisposition: id.Disposition, KindReason: id.Reason, KindHours: id.Hours,
	KindEntryPoint: id.EntryPoint, KindCanned: id.Canned, KindConsentText: id.ConsentText, KindLabel: id.Label, KindFlow: id.Flow,
	KindAlertRule: id.AlertRule, KindTrunk: id.Trunk, KindPhone: id.Phone, KindConnection: id.Connection, KindWebhook: id.Webhook, KindPrompt: id.Prompt, KindRingGroup: id.RingGroup, KindMailbox: id.Mailbox, KindRejectReason: id.Reject, KindRecordingRule: id.RecordingRule, KindQualityForm: id.QualityForm, KindQualitySample: id.QualitySample, KindField: id.Field,
	KindContactList: id.ContactList, KindCampaign: id.Campaign,
}

var words = map[Kind]string{
	KindQueue: "queue", KindSkill: "skill", KindTeam: "team", KindSite: "site", KindDisposition: "disposition", KindReason: "reason", KindHours: "opening hours",
	KindEntryPoint: "entry point", KindCanned: "canned reply", KindConsentText: "consent text", KindLabel: "label",
	KindFlow: "flow", KindAlertRule: "alert rule", KindTrunk: "trunk", KindPhone: "phone", KindConnection: "connection", KindWebhook: "webhook", KindPrompt: "prompt", KindRingGroup: "ring group", KindMailbox: "mailbox", KindRejectReason: "reason for rejecting", KindRecordingRule: "recording rule", KindQualityForm: "evaluation form", KindQualitySample: "sampling rule", KindField: "field", KindContactList: "contact list", KindCampaign: "campaign", KindRules: "rules", KindUser: "user",
}

// Known says whether this is a kind of set-up object.
func (k Kind) Known() bool { return slices.Contains(Kinds, k) }

// Prefix is the prefix of the kind's ids ("que"); the rules' object has none.
func (k Kind) Prefix() string { return prefixes[k] }

// Word is what a person calls one object of the kind ("queue").
func (k Kind) Word() string { return words[k] }

// Versioned says whether every version of the kind's objects is kept: consent
// texts as evidence (notice C13, C14), flows to go back to, evaluation forms for
// the scores that were made with them, reasons for rejecting for the words that an
// agent saw before they were sent, fields for the values that were checked by them.
func (k Kind) Versioned() bool {
	return k == KindConsentText || k == KindFlow || k == KindQualityForm || k == KindRejectReason || k == KindField
}

// Secrets are the names of what a kind's objects have sealed beside their body:
// never shown again, and set or removed by name.
func (k Kind) Secrets() []string {
	switch k {
	case KindTrunk, KindPhone:
		return []string{Password}
	case KindMailbox:
		return []string{Password, ClientSecret, RefreshToken}
	case KindConnection:
		return []string{ConnectionSecret}
	case KindWebhook:
		return []string{WebhookSecret}
	}
	return nil
}

// Object is one set-up object of any kind.
type Object interface {
	Kind() Kind
	// Called is what people know it by.
	Called() string
	// Unique lists what no two objects of the kind may share.
	Unique() []Unique
	// Uses lists what it points at; empty pointers are left out.
	Uses() []Use
	// Validate tells every fault at once, each by its field's path with what is
	// accepted. Call it on a clean value.
	Validate(Refs) error
	clean() Object
}

// Secretive is an object of a kind with secrets.
type Secretive interface {
	// CheckSecrets tells what is missing, by the names of the secrets it has.
	CheckSecrets(has map[string]bool) error
}

// Unique is a value that only one object of a kind may have.
type Unique struct {
	Path string // the field to blame
	Key  string // equal keys are the same to a person's eye
	Says string // how to show it
}

// Use is one pointer from an object to another.
type Use struct {
	Path string
	Kind Kind
	ID   string
}

// Refs answers what an object may point at in one tenant.
type Refs interface {
	// Has says whether an object of the kind (or an active user) exists and is
	// not archived.
	Has(kind Kind, id string) bool
	// WrittenIn gives the languages of a consent text's texts, of those of a flow
	// and of the flows that it runs, and that of a prompt.
	WrittenIn(kind Kind, id string) []string
	// Graph is a flow's graph as it is published; nil if there is none.
	Graph(flow string) *flow.Graph
	// Languages are those in which flows must be written.
	Languages() []string
	// Channels are those of the entry points that run the flow which asks, or one
	// that runs it.
	Channels() []string
	// Self is the id of the object that asks; "" for a new one.
	Self() string
	// Queues are those in use, by id.
	Queues() map[string]Queue
	// Names are what people call the objects of a kind that are in use, by id.
	Names(kind Kind) map[string]string
	// ChannelOf is the channel of an entry point, "" if there is none.
	ChannelOf(entryPoint string) acd.Channel
	// RingGroups are those in use, by id.
	RingGroups() map[string]RingGroup
	// ExtensionOf is that of a phone; "" where it has none.
	ExtensionOf(phone string) string
	// Agents are the users who handle work.
	Agents() []Agent
}

// Clean gives the value as it is stored: spaces around names taken away, empty
// lists for missing ones, repeated list members once, texts filled in that have
// a default. It never makes a wrong value right.
func Clean[T Object](o T) T { return o.clean().(T) }

// Decode reads one object of a kind as an API client sends it and cleans it. It
// names every unknown field and every value of a wrong type.
func Decode(kind Kind, raw json.RawMessage) (Object, error) { return read(kind, raw, true) }

// Stored reads one object as it was stored, maybe by another version of the
// program: unknown fields are left out, missing ones get their defaults.
func Stored(kind Kind, raw json.RawMessage) (Object, error) { return read(kind, raw, false) }

func read(kind Kind, raw json.RawMessage, strict bool) (Object, error) {
	switch kind {
	case KindQueue:
		return decode[Queue](raw, strict)
	case KindSkill:
		return decode[Skill](raw, strict)
	case KindTeam:
		return decode[Team](raw, strict)
	case KindSite:
		return decode[Site](raw, strict)
	case KindDisposition:
		return decode[Disposition](raw, strict)
	case KindReason:
		return decode[Reason](raw, strict)
	case KindHours:
		return decode[Hours](raw, strict)
	case KindEntryPoint:
		return decode[EntryPoint](raw, strict)
	case KindCanned:
		return decode[CannedReply](raw, strict)
	case KindConsentText:
		return decode[ConsentText](raw, strict)
	case KindLabel:
		return decode[Label](raw, strict)
	case KindFlow:
		return decode[Flow](raw, strict)
	case KindAlertRule:
		return decode[AlertRule](raw, strict)
	case KindTrunk:
		return decode[Trunk](raw, strict)
	case KindPhone:
		return decode[Phone](raw, strict)
	case KindRingGroup:
		return decode[RingGroup](raw, strict)
	case KindMailbox:
		return decode[Mailbox](raw, strict)
	case KindRejectReason:
		return decode[RejectReason](raw, strict)
	case KindConnection:
		return decode[Connection](raw, strict)
	case KindWebhook:
		return decode[Webhook](raw, strict)
	case KindPrompt:
		return decode[Prompt](raw, strict)
	case KindRecordingRule:
		return decode[RecordingRule](raw, strict)
	case KindQualityForm:
		return decode[QualityForm](raw, strict)
	case KindQualitySample:
		return decode[QualitySample](raw, strict)
	case KindField:
		return decode[Field](raw, strict)
	case KindContactList:
		return decode[ContactList](raw, strict)
	case KindCampaign:
		return decode[Campaign](raw, strict)
	case KindRules:
		return decode[Rules](raw, strict)
	}
	return nil, errs.New(errs.NotFound, "There is no set-up of this kind.")
}

func decode[T Object](raw json.RawMessage, strict bool) (Object, error) {
	var v T
	var faults errs.Fields
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, errs.Wrap(errs.Invalid, err, "The %s must be a JSON object.", v.Kind().Word())
	}
	names := fieldNames(reflect.TypeFor[T]())
	for name := range m {
		if strict && !slices.Contains(names, name) {
			faults.Add(name, "is not known; accepted are %s.", strings.Join(names, ", "))
		}
	}
	order.By(faults, func(a, b errs.Field) int { return strings.Compare(a.Path, b.Path) })
	dec := json.NewDecoder(bytes.NewReader(raw))
	err := dec.Decode(&v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		faults.Add(wrong.Field, "has a value of the wrong type (%s).", wrong.Value)
	case err != nil:
		faults.Add("body", "cannot be read.")
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return Clean(v), nil
}

// fieldNames lists a struct's fields as JSON names them.
func fieldNames(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// NameKey folds what a person would take for the same name: case and spaces.
func NameKey(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), " "))
}

// FreeName adds a number to a name until taken does not know it: "Sales",
// "Sales 2", "Sales 3".
func FreeName(name string, taken func(key string) bool) string {
	free := name
	for n := 2; taken(NameKey(free)); n++ {
		free = fmt.Sprintf("%s %d", name, n)
	}
	return free
}

func byName(name string) []Unique { return []Unique{{"name", NameKey(name), name}} }

// uses builds a list of pointers.
type uses []Use

// rule adds what a member rule points at.
func (u *uses) rule(path, text string) {
	if text == "" {
		return
	}
	for _, n := range newMemberRule(text).named {
		if n.kind != "" {
			u.add(path, n.kind, n.said)
		}
	}
}

func (u *uses) add(path string, kind Kind, id string) {
	if id != "" {
		*u = append(*u, Use{path, kind, id})
	}
}
