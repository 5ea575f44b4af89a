package api

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// SetupHead is what every set-up object has beside its own fields.
type SetupHead struct {
	ID         string    `json:"id"`
	Version    int64     `json:"version"`
	Position   int64     `json:"position"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	ArchivedAt time.Time `json:"archived_at,omitzero"`
}

func (h *SetupHead) setHead(o SetupObject) {
	*h = SetupHead{o.ID, o.Version, o.Position, o.CreatedAt, o.UpdatedAt, o.ArchivedAt}
}

// MembersInput is what makes the members of a queue.
type MembersInput struct {
	Members    []string `json:"members,omitempty" doc:"User ids."`
	MemberRule string   `json:"member_rule,omitempty" maxLength:"500"`
}

// ServingView is who would serve a queue now.
type ServingView struct {
	Agents     []string `json:"agents" doc:"User ids; may be empty while nobody matches."`
	MemberRule string   `json:"member_rule" doc:"As it would be stored, with ids for names."`
}

type membersInput struct{ Body MembersInput }

// Seen is the version that the caller saw.
type Seen struct {
	Version int64 `json:"version" doc:"The version you saw; 409 if someone was faster."`
}

func (v Seen) seen() int64 { return v.Version }

// The objects as answered, and as sent to change them.
type (
	QueueObject struct {
		SetupHead
		setup.Queue
	}
	QueueChange struct {
		Seen
		setup.Queue
	}
	SkillObject struct {
		SetupHead
		setup.Skill
	}
	SkillChange struct {
		Seen
		setup.Skill
	}
	TeamObject struct {
		SetupHead
		setup.Team
	}
	TeamChange struct {
		Seen
		setup.Team
	}
	SiteObject struct {
		SetupHead
		setup.Site
	}
	SiteChange struct {
		Seen
		setup.Site
	}
	DispositionObject struct {
		SetupHead
		setup.Disposition
	}
	DispositionChange struct {
		Seen
		setup.Disposition
	}
	ReasonObject struct {
		SetupHead
		setup.Reason
	}
	ReasonChange struct {
		Seen
		setup.Reason
	}
	// RejectReasonObject is a reason for rejecting emails as answered.
	RejectReasonObject struct {
		SetupHead
		setup.RejectReason
	}
	// RejectReasonChange changes one.
	RejectReasonChange struct {
		Seen
		setup.RejectReason
	}
	LabelObject struct {
		SetupHead
		setup.Label
	}
	LabelChange struct {
		Seen
		setup.Label
	}
	HoursObject struct {
		SetupHead
		setup.Hours
	}
	HoursChange struct {
		Seen
		setup.Hours
	}
	EntryPointObject struct {
		SetupHead
		setup.EntryPoint
	}
	EntryPointChange struct {
		Seen
		setup.EntryPoint
	}
	CannedReplyObject struct {
		SetupHead
		setup.CannedReply
	}
	CannedReplyChange struct {
		Seen
		setup.CannedReply
	}
	ConsentTextObject struct {
		SetupHead
		setup.ConsentText
	}
	ConsentTextChange struct {
		Seen
		setup.ConsentText
	}
	FlowObject struct {
		SetupHead
		setup.Flow
	}
	FlowChange struct {
		Seen
		setup.Flow
	}
	// RecordingRuleObject is a rule for recordings as answered.
	RecordingRuleObject struct {
		SetupHead
		setup.RecordingRule
	}
	// RecordingRuleChange changes one.
	RecordingRuleChange struct {
		Seen
		setup.RecordingRule
	}
	// QualityFormObject is an evaluation form as answered.
	QualityFormObject struct {
		SetupHead
		setup.QualityForm
	}
	// QualityFormChange changes one.
	QualityFormChange struct {
		Seen
		setup.QualityForm
	}
	// QualitySampleObject is a sampling rule as answered.
	QualitySampleObject struct {
		SetupHead
		setup.QualitySample
	}
	// QualitySampleChange changes one.
	QualitySampleChange struct {
		Seen
		setup.QualitySample
	}
	// ContactListObject is a contact list as answered.
	ContactListObject struct {
		SetupHead
		setup.ContactList
	}
	// ContactListChange changes one.
	ContactListChange struct {
		Seen
		setup.ContactList
	}
	// CampaignObject is a campaign as answered.
	CampaignObject struct {
		SetupHead
		setup.Campaign
	}
	// CampaignChange changes one.
	CampaignChange struct {
		Seen
		setup.Campaign
	}
	// FieldObject is a custom field as answered.
	FieldObject struct {
		SetupHead
		setup.Field
	}
	// FieldChange changes one.
	FieldChange struct {
		Seen
		setup.Field
	}
	AlertRuleObject struct {
		SetupHead
		setup.AlertRule
	}
	AlertRuleChange struct {
		Seen
		setup.AlertRule
	}
	RulesObject struct {
		SetupHead
		setup.Rules
	}
	RulesChange struct {
		Seen
		setup.Rules
	}
)

// VersionOf is an object of the set-up as it once was.
type VersionOf[B any] struct {
	Version   int64     `json:"version"`
	ChangedBy string    `json:"changed_by"`
	ChangedAt time.Time `json:"changed_at"`
	Body      B         `json:"body"`
}

type setupListInput struct {
	Archived bool `query:"archived" doc:"Also those out of use."`
}

type setupCreateInput[B any] struct{ Body B }

type setupPutInput[C any] struct {
	ByID
	Body C
}

type rulesPutInput struct{ Body RulesChange }

type setupRestoreInput struct {
	ByID
	Body Seen
}

type setupOrderInput struct {
	Body struct {
		IDs []string `json:"ids" maxItems:"1000" doc:"All that are in use, in their new order."`
	} `nameHint:"SetupOrder"`
}

type setupSeveralInput struct{ Body appsetup.Several }

type tryInput struct{ Body appsetup.Try }

type setupDeleteInput struct {
	ByID
	Version int64 `query:"version" required:"true" doc:"The version you saw."`
}

// headed is a pointer to an object type above.
type headed[O any] interface {
	*O
	setHead(SetupObject)
}

func objectOf[O any, P headed[O]](o SetupObject, err error) (O, error) {
	var out O
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(o.Body, &out); err != nil {
		return out, errs.Wrap(errs.Internal, err, "This object cannot be read.")
	}
	P(&out).setHead(o)
	return out, nil
}

// bodyOf is what a caller sent, without the version beside it.
func bodyOf(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "This object cannot be written.")
	}
	return b, nil
}

func (s *Server) setupRoutes() {
	setupKind[setup.Queue, QueueObject, QueueChange](s, setup.KindQueue, "Queue", func(c QueueChange) any { return c.Queue })
	handle(s, "POST", "/api/v1/queues/members", needs(access.SetupRead), about{id: "queueMembers", tag: setupTag, summary: "Who would serve a queue",
		detail: "Tries members and a rule before they are saved; the faults are those that saving would tell."},
		func(ctx context.Context, c *caller, in *membersInput) (*reply[ServingView], error) {
			agents, rule, err := s.Setup.Serving(ctx, c.Actor, in.Body.Members, in.Body.MemberRule)
			return answer(ServingView{append([]string{}, agents...), rule}, err)
		})
	setupKind[setup.Skill, SkillObject, SkillChange](s, setup.KindSkill, "Skill", func(c SkillChange) any { return c.Skill })
	setupKind[setup.Team, TeamObject, TeamChange](s, setup.KindTeam, "Team", func(c TeamChange) any { return c.Team })
	setupKind[setup.Site, SiteObject, SiteChange](s, setup.KindSite, "Site", func(c SiteChange) any { return c.Site })
	setupKind[setup.Disposition, DispositionObject, DispositionChange](s, setup.KindDisposition, "Disposition", func(c DispositionChange) any { return c.Disposition })
	setupKind[setup.Reason, ReasonObject, ReasonChange](s, setup.KindReason, "Reason", func(c ReasonChange) any { return c.Reason })
	setupKind[setup.Label, LabelObject, LabelChange](s, setup.KindLabel, "Label", func(c LabelChange) any { return c.Label })
	setupKind[setup.RejectReason, RejectReasonObject, RejectReasonChange](s, setup.KindRejectReason, "RejectReason", func(c RejectReasonChange) any { return c.RejectReason })
	setupKind[setup.Hours, HoursObject, HoursChange](s, setup.KindHours, "Hours", func(c HoursChange) any { return c.Hours })
	setupKind[setup.EntryPoint, EntryPointObject, EntryPointChange](s, setup.KindEntryPoint, "EntryPoint", func(c EntryPointChange) any { return c.EntryPoint })
	setupKind[setup.CannedReply, CannedReplyObject, CannedReplyChange](s, setup.KindCanned, "CannedReply", func(c CannedReplyChange) any { return c.CannedReply })
	setupKind[setup.ConsentText, ConsentTextObject, ConsentTextChange](s, setup.KindConsentText, "ConsentText", func(c ConsentTextChange) any { return c.ConsentText })
	setupKind[setup.Flow, FlowObject, FlowChange](s, setup.KindFlow, "Flow", func(c FlowChange) any { return c.Flow })
	setupKind[setup.AlertRule, AlertRuleObject, AlertRuleChange](s, setup.KindAlertRule, "AlertRule", func(c AlertRuleChange) any { return c.AlertRule })
	setupKind[NewConnection, ConnectionObject, ConnectionChange](s, setup.KindConnection, "Connection", func(c ConnectionChange) any { return c.Connection })
	setupKind[NewWebhook, WebhookObject, WebhookChange](s, setup.KindWebhook, "Webhook", func(c WebhookChange) any { return c.Webhook })
	s.webhookRoutes()
	s.trunkRoutes()
	s.phoneRoutes()
	s.mailboxRoutes()
	s.ringGroupRoutes()
	s.promptRoutes()
	setupKind[setup.RecordingRule, RecordingRuleObject, RecordingRuleChange](s, setup.KindRecordingRule, "RecordingRule", func(c RecordingRuleChange) any { return c.RecordingRule })
	setupVersions[setup.Flow](s, setup.KindFlow, "Flow")
	setupVersions[setup.ConsentText](s, setup.KindConsentText, "ConsentText")

	s.tryRoutes()
	s.emptyRoutes()
	s.signInRuleRoutes()
	s.firstStepRoutes()
	s.flowRoutes()
	s.hoursRoutes()

	handle(s, "GET", "/api/v1/rules", needs(access.SetupRead), about{id: "rules", tag: setupTag, summary: "The tenant's own rules"},
		func(ctx context.Context, c *caller, _ *none) (*reply[RulesObject], error) {
			return answer(objectOf[RulesObject](s.Setup.Get(ctx, c.Actor, setup.KindRules, "")))
		})
	handle(s, "PUT", "/api/v1/rules", needs(access.Retention), about{id: "putRules", tag: setupTag, summary: "Change the tenant's rules"},
		func(ctx context.Context, c *caller, in *rulesPutInput) (*reply[RulesObject], error) {
			if err := s.mayPutRules(ctx, c, in.Body.Rules); err != nil {
				return nil, err
			}
			return answer(put[RulesObject](ctx, s, c, setup.KindRules, "", in.Body.Version, in.Body.Rules, appsetup.Extra{}))
		})
}

// tryRoutes answer what a set-up would come to, and store nothing.
func (s *Server) tryRoutes() {
	handle(s, "POST", "/api/v1/queues/try", needs(access.SetupWrite), about{id: "tryQueue", tag: setupTag, summary: "Try a queue as edited",
		detail: "The routing engine itself answers what would happen to made-up interactions: who would be offered which, when, where it would go on to, and what keeps the others from it. Whoever is offered one takes it and keeps it. Nothing is stored."},
		func(ctx context.Context, c *caller, in *tryInput) (*reply[ListOf[appsetup.Tried]], error) {
			items, err := s.Setup.Try(ctx, c.Actor, in.Body)
			return list(items, "", err)
		})
}

const setupTag = "Set-up"

// readSetup is who may list a kind.
func readSetup(k setup.Kind) Guard {
	return needs(appsetup.Reads(k))
}

func setupKind[B, O any, C interface{ seen() int64 }, P headed[O]](s *Server, k setup.Kind, name string, own func(C) any) {
	path := "/api/v1/" + string(k)
	read, write := readSetup(k), needs(appsetup.Writes(k))
	handle(s, "GET", path, read, about{id: "list" + name, tag: setupTag, summary: "List " + string(k)},
		func(ctx context.Context, c *caller, in *setupListInput) (*reply[ListOf[O]], error) {
			objects, err := s.Setup.List(ctx, c.Actor, k, in.Archived)
			if err != nil {
				return nil, err
			}
			items := make([]O, 0, len(objects))
			for _, o := range objects {
				item, err := objectOf[O, P](o, nil)
				if err != nil {
					return nil, err
				}
				items = append(items, item)
			}
			return list(items, "", nil)
		})
	handle(s, "POST", path, write, about{id: "create" + name, tag: setupTag, summary: "Add to " + string(k), status: 201, body: bodyOfKind[k]},
		func(ctx context.Context, c *caller, in *setupCreateInput[B]) (*reply[O], error) {
			own, beside := apart(in.Body)
			body, err := bodyOf(own)
			if err != nil {
				return nil, err
			}
			return answer(objectOf[O, P](s.Setup.CreateWith(ctx, c.Actor, k, body, beside)))
		})
	lighten(s, reflect.TypeFor[B](), k)
	handle(s, "GET", path+"/{id}", read, about{id: "get" + name, tag: setupTag, summary: "One of " + string(k)},
		func(ctx context.Context, c *caller, in *ByID) (*reply[O], error) {
			return answer(objectOf[O, P](s.Setup.Get(ctx, c.Actor, k, in.ID)))
		})
	handle(s, "PUT", path+"/{id}", write, about{id: "put" + name, tag: setupTag, summary: "Change one of " + string(k), body: bodyOfKind[k]},
		func(ctx context.Context, c *caller, in *setupPutInput[C]) (*reply[O], error) {
			return answer(put[O, P](ctx, s, c, k, in.ID, in.Body.seen(), own(in.Body), besideOf(in.Body)))
		})
	handle(s, "DELETE", path+"/{id}", write, about{id: "archive" + name, tag: setupTag, summary: "Take one of " + string(k) + " out of use",
		detail: "It stays readable for the records that name it."},
		func(ctx context.Context, c *caller, in *setupDeleteInput) (*none, error) {
			err := s.Setup.Archive(ctx, c.Actor, k, in.ID, in.Version)
			return done(conflicting(err, func() (O, error) { return objectOf[O, P](s.Setup.Get(ctx, c.Actor, k, in.ID)) }))
		})
	setupMoves[O, P](s, k, name)
}

// mustSend are the fields without which an object of a kind cannot be made; what
// else is left out is empty or has its default. A change (PUT) replaces all of
// an object and names every field, so that nothing is emptied by accident.
var mustSend = map[setup.Kind][]string{
	setup.KindQueue:        {"name"},
	setup.KindDisposition:  {"name"},
	setup.KindHours:        {"name", "time_zone", "weekly"},
	setup.KindEntryPoint:   {"name", "channel", "flow", "languages", "theme", "attachments"},
	setup.KindFlow:         {"name", "graph"},
	setup.KindCanned:       {"title", "body", "language"},
	setup.KindConsentText:  {"name", "purpose", "text"},
	setup.KindAlertRule:    {"name", "measure"},
	setup.KindTrunk:        {"name", "country"},
	setup.KindPhone:        {"name"},
	setup.KindRingGroup:    {"name", "extension", "members"},
	setup.KindMailbox:      {"name", "address", "imap", "smtp", "entry_point"},
	setup.KindRejectReason: {"name"},
	setup.KindConnection:   {"name", "address"},
	setup.KindWebhook:      {"name", "address", "events"},
	setup.KindPrompt:       {"name", "language", "text"},

	setup.KindRecordingRule: {"name", "percent"},
	setup.KindQualityForm:   {"name", "questions"},
	setup.KindQualitySample: {"name", "form"},
	setup.KindContactList:   {"name"},
	setup.KindCampaign:      {"name", "queue"},
	setup.KindField:         {"entity", "key", "label", "type", "class"},
}

// lighten makes the schema of a new object ask for no more than mustSend.
func lighten(s *Server, body reflect.Type, k setup.Kind) {
	fields, listed := mustSend[k]
	if !listed {
		return
	}
	r := s.openapi.Components.Schemas
	schema := r.SchemaFromRef(r.Schema(body, true, "").Ref)
	schema.Required = fields
	schema.PrecomputeMessages()
}

// setupMoves brings objects of a kind back, puts them in order, and moves several at once.
func setupMoves[O any, P headed[O]](s *Server, k setup.Kind, name string) {
	path, write := "/api/v1/"+string(k), needs(appsetup.Writes(k))
	handle(s, "POST", path+"/{id}/restore", write, about{id: "restore" + name, tag: setupTag, summary: "Bring one of " + string(k) + " back into use"},
		func(ctx context.Context, c *caller, in *setupRestoreInput) (*reply[O], error) {
			o, err := objectOf[O, P](s.Setup.Restore(ctx, c.Actor, k, in.ID, in.Body.Version))
			return answer(o, conflicting(err, func() (O, error) { return objectOf[O, P](s.Setup.Get(ctx, c.Actor, k, in.ID)) }))
		})
	handle(s, "PUT", path+"/order", write, about{id: "order" + name, tag: setupTag, summary: "Put " + string(k) + " in order"},
		func(ctx context.Context, c *caller, in *setupOrderInput) (*none, error) {
			return done(s.Setup.Order(ctx, c.Actor, k, in.Body.IDs))
		})
	handle(s, "POST", path+"/several", write, about{id: "several" + name, tag: setupTag, summary: "Take several of " + string(k) + " out of use, or bring them back",
		detail: "Says of each what becomes of it, or why it is refused: what uses it, say. Nothing is done without `seen` of such an answer, and nothing when something else would be done than what was seen."},
		func(ctx context.Context, c *caller, in *setupSeveralInput) (*reply[appsetup.SeveralObjects], error) {
			out, err := s.Setup.Several(ctx, c.Actor, k, in.Body)
			for i := range out.Objects {
				out.Objects[i].Problem, _ = wording.In(c.language(), out.Objects[i].Problem)
			}
			return answer(out, err)
		})
}

func put[O any, P headed[O]](ctx context.Context, s *Server, c *caller, k setup.Kind, object string, version int64, own any, beside appsetup.Extra) (O, error) {
	body, err := bodyOf(own)
	if err != nil {
		var none O
		return none, err
	}
	out, err := objectOf[O, P](s.Setup.PutWith(ctx, c.Actor, k, object, version, body, beside))
	return out, conflicting(err, func() (O, error) { return objectOf[O, P](s.Setup.Get(ctx, c.Actor, k, object)) })
}

func setupVersions[B any](s *Server, k setup.Kind, name string) {
	handle(s, "GET", "/api/v1/"+string(k)+"/{id}/versions", needs(access.SetupRead), about{id: "versionsOf" + name, tag: setupTag, summary: "How it was before, newest first"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ListOf[VersionOf[B]]], error) {
			versions, err := s.Setup.Versions(ctx, c.Actor, k, in.ID)
			if err != nil {
				return nil, err
			}
			items := make([]VersionOf[B], len(versions))
			for i, v := range versions {
				items[i] = VersionOf[B]{Version: v.Version, ChangedBy: v.ChangedBy, ChangedAt: v.ChangedAt}
				if err := json.Unmarshal(v.Body, &items[i].Body); err != nil {
					return nil, errs.Wrap(errs.Internal, err, "This version cannot be read.")
				}
			}
			return list(items, "", nil)
		})
}
