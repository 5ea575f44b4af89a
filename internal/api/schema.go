package api

import (
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/field"
	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
)

// huma keeps a choice in a variable of its package; it is set once for the
// process.
var humaChoices = sync.OnceFunc(func() { huma.DefaultArrayNullable = false })

// Words that have a closed set of values, told to clients as such.
type (
	presenceWord   string
	channelWord    string
	roleWord       string
	permissionWord string
	askWord        string
	actionWord     string
)

func words(list ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, w := range list {
		s.Enum = append(s.Enum, w)
	}
	return s
}

func (presenceWord) Schema(huma.Registry) *huma.Schema {
	return words(string(acd.Offline), string(acd.Ready), string(acd.NotReady), string(acd.Missed))
}

func (channelWord) Schema(huma.Registry) *huma.Schema {
	return words(string(acd.Voice), string(acd.Chat), string(acd.Email), string(acd.Social))
}

func (roleWord) Schema(huma.Registry) *huma.Schema {
	list := []string{}
	for _, r := range access.Roles() {
		list = append(list, string(r))
	}
	return &huma.Schema{Type: huma.TypeString, Pattern: "^(" + strings.Join(list, "|") + "|" + id.Role + "_[0-9a-z]+)$",
		PatternDescription: strings.Join(list, ", ") + ", or the id of a role of the organisation's own"}
}

func (permissionWord) Schema(huma.Registry) *huma.Schema {
	list := []string{}
	for _, rule := range access.Table() {
		list = append(list, string(rule.Permission))
	}
	return words(list...)
}

func (askWord) Schema(huma.Registry) *huma.Schema {
	return words(string(setup.AskNo), string(setup.AskOptional), string(setup.AskRequired))
}

func (actionWord) Schema(huma.Registry) *huma.Schema { return words(audit.Actions...) }

// schemaName names a type in the document: its own name, unless that says too
// little outside its package.
func schemaName(t reflect.Type, hint string) string {
	switch t {
	case reflect.TypeFor[ContactAddress]():
		return "ContactAddress"
	case reflect.TypeFor[ContactConsent]():
		return "ContactConsent"
	case reflect.TypeFor[ErasureReceipt]():
		return "ErasureReceipt"
	case reflect.TypeFor[AuditEntry]():
		return "AuditEntry"
	case reflect.TypeFor[ListOf[AuditEntry]]():
		return "ListOfAuditEntry"
	case reflect.TypeFor[field.Value]():
		return "FieldValue"
	case reflect.TypeFor[ListOf[field.Value]]():
		return "ListOfFieldValue"
	case reflect.TypeFor[field.Change]():
		return "FieldValueChange"
	case reflect.TypeFor[field.Held]():
		return "FieldHeld"
	case reflect.TypeFor[field.Advice]():
		return "FieldAdvice"
	case reflect.TypeFor[field.Looking]():
		return "FieldLook"
	case reflect.TypeFor[recording.Item]():
		return "Recording"
	case reflect.TypeFor[ListOf[recording.Item]]():
		return "ListOfRecording"
	case reflect.TypeFor[recording.Listening]():
		return "OpenedRecording"
	case reflect.TypeFor[recording.Mark]():
		return "RecordingMark"
	case reflect.TypeFor[recording.Damage]():
		return "RecordingFault"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// describeWords makes the document use the sets above.
func describeWords(r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[acd.Presence](), reflect.TypeFor[presenceWord]())
	r.RegisterTypeAlias(reflect.TypeFor[acd.Channel](), reflect.TypeFor[channelWord]())
	r.RegisterTypeAlias(reflect.TypeFor[access.Role](), reflect.TypeFor[roleWord]())
	r.RegisterTypeAlias(reflect.TypeFor[access.Permission](), reflect.TypeFor[permissionWord]())
	r.RegisterTypeAlias(reflect.TypeFor[audit.Action](), reflect.TypeFor[actionWord]())
	r.RegisterTypeAlias(reflect.TypeFor[setup.Ask](), reflect.TypeFor[askWord]())
}
