package setup

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"nubitalk/internal/core/acd"
)

// Kind names a kind of set-up object; it is the path segment of its API and the
// `kind` column of its row.
type Kind string

const (
	KindQueue       Kind = "queues"
	KindSkill       Kind = "skills"
	KindTeam        Kind = "teams"
	KindSite        Kind = "sites"
	KindDisposition Kind = "dispositions"
	KindReason      Kind = "reasons"
	KindHours       Kind = "hours"
	KindEntryPoint  Kind = "entry-points"
	KindCanned      Kind = "canned-replies"
	KindConsentText Kind = "consent-texts"
	KindLabel       Kind = "labels"
	KindFlow        Kind = "flows"
	KindAlertRule   Kind = "alert-rules"
	KindTrunk       Kind = "trunks"
	KindPhone       Kind = "phones"
	KindConnection  Kind = "connections"
	KindWebhook     Kind = "webhooks"
	KindPrompt      Kind = "prompts"
	KindRingGroup   Kind = "ring-groups"
	KindMailbox     Kind = "mailboxes"

	KindRejectReason  Kind = "reject-reasons"
	KindRecordingRule Kind = "recording-rules"
	KindQualityForm   Kind = "quality-forms"
	KindQualitySample Kind = "quality-samples"
	KindField         Kind = "fields"
	KindContactList   Kind = "contact-lists"
	KindCampaign      Kind = "campaigns"

	KindRules Kind = "rules" // exactly one object per tenant
)

// Followed are the kinds of what needs its tenant's floor though nobody works: calls and
// emails come by it, or it is watched.
var Followed = []Kind{KindTrunk, KindPhone, KindMailbox, KindAlertRule}

// Queue is where interactions wait.
type Queue struct {
	Name            string          `json:"name" minLength:"1" maxLength:"80" doc:"Shown to agents and supervisors."`
	Channels        []acd.Channel   `json:"channels" doc:"Channels that may enter; empty means all."`
	Priority        int             `json:"priority" default:"5" minimum:"1" maximum:"10" doc:"1 is low, 10 is high."`
	Needs           []acd.SkillNeed `json:"needs" doc:"Skills that an agent must have."`
	Members         []string        `json:"members" doc:"User ids of the agents that serve the queue; with no rule either, every agent serves it."`
	MemberRule      string          `json:"member_rule" maxLength:"500" doc:"Agents whom it holds for are members too: \"tea_…\" in teams, site == \"sit_…\", skill(\"ski_…\") >= 5, language == \"pt\", joined with and, or, not. Names are taken too and stored as ids. It is asked again whenever a user changes."`
	OfferSeconds    int             `json:"offer_seconds" default:"20" minimum:"5" maximum:"300"`
	WrapUpSeconds   int             `json:"wrap_up_seconds" minimum:"0" maximum:"3600" doc:"0 means none, unless wrap_up_open."`
	WrapUpOpen      bool            `json:"wrap_up_open" doc:"Wrap-up lasts until the agent ends it."`
	MaxMissed       int             `json:"max_missed" default:"2" minimum:"1" maximum:"20" doc:"Offers missed in a row before the agent is set to missed."`
	ServiceSeconds  int             `json:"service_seconds" default:"60" minimum:"1" maximum:"86400" doc:"Service level goal: answered within so many seconds…"`
	ServicePercent  int             `json:"service_percent" default:"80" minimum:"1" maximum:"100" doc:"…for so many percent."`
	ServiceHours    ServiceHours    `json:"service_hours,omitempty" enum:"email,all,none" doc:"Of which work the goal counts the time of the queue's opening hours alone: email (also when missing), all, or none. Of other work, and in a queue without hours, it counts the clock."`
	ShortSeconds    int             `json:"short_seconds" minimum:"0" maximum:"300" doc:"Leaving sooner counts as a short abandon."`
	Hours           string          `json:"hours" doc:"Id of the opening hours; empty means always open."`
	Dispositions    []string        `json:"dispositions" doc:"Ids offered after the contact; empty means all."`
	DispositionMust bool            `json:"disposition_must" doc:"A disposition must be chosen before closing."`

	Wants           []acd.SkillNeed `json:"wants" doc:"Preferred skills: agents who have them come first."`
	Choice          acd.Choice      `json:"choice" enum:"longest_idle,most_proficient,least_loaded,round_robin" doc:"Which of the agents with room gets the work; longest_idle when missing."`
	Steps           []Step          `json:"steps" doc:"Loosening after given waits, at most six, each later than the one before."`
	AffinitySeconds int             `json:"affinity_seconds" minimum:"0" maximum:"3600" doc:"How long work is kept for the agent who had the person last, while that agent is at work."`
	AutoAccept      bool            `json:"auto_accept" doc:"Offers are accepted as they are made."`
	Overflow        []Overflow      `json:"overflow" doc:"Where work goes that cannot stay; the first rule that holds applies."`
	CloseWaiting    bool            `json:"close_waiting" doc:"When the hours end, the rules for closed also send on what waits; otherwise it is still served."`
	Music           string          `json:"music" doc:"Id of the prompt that callers hear while they wait or are held; empty: the house's own music."`
	CallBackSeconds int             `json:"call_back_seconds,omitempty" minimum:"0" maximum:"900" doc:"How often callers who wait are offered to be called back, at their place; 0: never, else from 10."`
	CallBackKey     string          `json:"call_back_key,omitempty" maxLength:"1" pattern:"^[0-9*#]?$" doc:"The key by which they accept that; empty: 1."`
}

// ServiceHours says of which work a service level counts opening hours alone.
type ServiceHours string

const (
	HoursOfEmail ServiceHours = "email"
	HoursOfAll   ServiceHours = "all"
	HoursOfNone  ServiceHours = "none"
)

// Of says whether the goal counts opening hours for a channel's work.
func (h ServiceHours) Of(c acd.Channel) bool {
	return h == HoursOfAll || h != HoursOfNone && c == acd.Email
}

// OffersBack is how often, and by which key, callers who wait are offered to be called
// back; 0: they are not.
func (q Queue) OffersBack() (every time.Duration, key byte) {
	return time.Duration(q.CallBackSeconds) * time.Second, cmp.Or(q.CallBackKey, "1")[0]
}

// Step loosens what a queue asks for once work has waited.
type Step struct {
	AfterSeconds int      `json:"after_seconds" minimum:"1" maximum:"86400"`
	Ease         int      `json:"ease" minimum:"0" maximum:"10" doc:"Levels off every skill that is asked for; 10 asks for none."`
	Members      []string `json:"members,omitempty" doc:"User ids of agents who also serve the queue from now on."`
	MemberRule   string   `json:"member_rule,omitempty" maxLength:"500" doc:"As the queue's member_rule: these agents also serve it from now on."`
}

// Overflow sends work to another queue, or ends it.
type Overflow struct {
	When         acd.OverflowWhen `json:"when" enum:"wait,length,nobody,closed" doc:"wait: it has waited for after_seconds. length: it comes and so many wait already. nobody: it has waited for after_seconds and none of the queue's agents is at work. closed: it comes outside the queue's hours."`
	AfterSeconds int              `json:"after_seconds,omitempty" minimum:"0" maximum:"86400"`
	Length       int              `json:"length,omitempty" minimum:"0" maximum:"100000"`
	ToQueue      string           `json:"to_queue,omitempty" doc:"Queue id; empty ends the work as overflowed."`
}

// Skill is what an agent can do.
type Skill struct {
	Name string `json:"name" minLength:"1" maxLength:"80"`
}

// Team is a group of users who work together.
type Team struct {
	Name string `json:"name" minLength:"1" maxLength:"80"`
}

// Site is a place where users work.
type Site struct {
	Name string `json:"name" minLength:"1" maxLength:"80"`
}

// Disposition is a coded result.
type Disposition struct {
	Name  string `json:"name" minLength:"1" maxLength:"80"`
	Group string `json:"group" maxLength:"80" doc:"Shown as a heading; may be empty."`
}

// Reason is why an agent is not ready.
type Reason struct {
	Name string `json:"name" minLength:"1" maxLength:"80"`
}

// Label is an optional tag on an interaction (notice C31).
type Label struct {
	Name string `json:"name" minLength:"1" maxLength:"40"`
}

// Hours are opening hours in a time zone.
type Hours struct {
	Name     string      `json:"name" minLength:"1" maxLength:"80"`
	TimeZone string      `json:"time_zone" doc:"IANA name, e.g. Europe/Lisbon."`
	Weekly   []Opening   `json:"weekly"`
	Dates    []Exception `json:"dates" doc:"Holidays and special days; they win over the week."`
}

// Opening is one span of one weekday.
type Opening struct {
	Day  int    `json:"day" minimum:"0" maximum:"6" doc:"0 is Sunday."`
	From string `json:"from" doc:"HH:MM"`
	To   string `json:"to" doc:"HH:MM, 24:00 for midnight; must be after from."`
}

// Exception is one date.
type Exception struct {
	Date string `json:"date" doc:"YYYY-MM-DD"`
	Name string `json:"name" maxLength:"80"`
	Open []Span `json:"open" doc:"Empty means closed all day."`
}

// Span is a part of a day.
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// EntryPoint is where work arrives. Chat fields matter for a chat widget only.
type EntryPoint struct {
	Name        string      `json:"name" minLength:"1" maxLength:"80"`
	Channel     acd.Channel `json:"channel"`
	Enabled     bool        `json:"enabled"`
	Flow        string      `json:"flow" doc:"Id of the flow it runs."`
	Origins     []string    `json:"origins" doc:"Web origins that may show the widget, e.g. https://shop.example; empty means any."`
	Languages   []string    `json:"languages" doc:"en, pt; the first is the default."`
	ConsentText string      `json:"consent_text" doc:"Id of the consent text shown before a chat; empty means none is asked."`
	AskName     Ask         `json:"ask_name" default:"no"`
	AskEmail    Ask         `json:"ask_email" default:"no"`
	Theme       Theme       `json:"theme"`
	Attachments Attachments `json:"attachments"`
	Survey      bool        `json:"survey" doc:"Ask for satisfaction at the end."`
	Transcript  bool        `json:"transcript" doc:"The visitor may download the conversation."`
	Calls       Calls       `json:"calls,omitempty" enum:"off,agent,both" doc:"Whether a chat may be spoken, too: off, agent (the agent offers it), both (the visitor may ask as well). Empty is off."`
	Video       bool        `json:"video,omitempty" doc:"… and whether either side may show its camera then."`
}

// Calls says who may make a chat one that is spoken.
type Calls string

const (
	CallsOff   Calls = "off"
	CallsAgent Calls = "agent"
	CallsBoth  Calls = "both"
)

// Ask says whether a pre-chat field is shown.
type Ask string

const (
	AskNo       Ask = "no"
	AskOptional Ask = "optional"
	AskRequired Ask = "required"
)

// Theme is how the widget looks.
type Theme struct {
	Title    map[string]string `json:"title" doc:"By language."`
	Welcome  map[string]string `json:"welcome" doc:"By language."`
	Accent   string            `json:"accent" doc:"#rrggbb"`
	Position string            `json:"position" enum:"right,left"`
	Mode     string            `json:"mode" enum:"auto,light,dark"`
}

// Attachments limits what a visitor may send.
type Attachments struct {
	Allowed bool     `json:"allowed"`
	MaxMB   int      `json:"max_mb" minimum:"1" maximum:"25"`
	Types   []string `json:"types" doc:"Media types, e.g. image/png, application/pdf."`
}

// CannedReply is a prepared answer. Body may hold {{visitor}}, {{agent}},
// {{queue}}, {{date}} and {{time}}.
type CannedReply struct {
	Title    string `json:"title" minLength:"1" maxLength:"80"`
	Shortcut string `json:"shortcut" maxLength:"32" doc:"Typed after / in the reply box."`
	Body     string `json:"body" minLength:"1" maxLength:"4000"`
	Language string `json:"language"`
	Queue    string `json:"queue" doc:"Only for this queue; empty means all."`
}

// ConsentText is the text that a person agrees to; each change is a new version
// and old versions are kept as evidence (notice C13, C14).
type ConsentText struct {
	Name    string            `json:"name" minLength:"1" maxLength:"80"`
	Purpose string            `json:"purpose" enum:"service,marketing,recording"`
	Text    map[string]string `json:"text" doc:"By language."`
	Link    string            `json:"link" doc:"Address of the tenant's privacy policy."`
}

// Flow is a graph that an entry point runs; core/flow checks and runs it.
type Flow struct {
	Name  string          `json:"name" minLength:"1" maxLength:"80"`
	Graph json.RawMessage `json:"graph" doc:"What runs."`
	Draft json.RawMessage `json:"draft" doc:"A graph that somebody works on and that does not run; it may be unfinished. null if there is none."`
}

// Rules are the tenant's own choices.
type Rules struct {
	ConversationDays int `json:"conversation_days" minimum:"1" maximum:"3650" doc:"Closed conversations are erased after so many days."`
	MessageDays      int `json:"message_days,omitempty" minimum:"0" maximum:"3650" doc:"Messages left by voice are erased after so many days, and with their conversation at the latest. 0 or missing: with it."`
	RecordDays       int `json:"record_days" minimum:"1" maximum:"3650" doc:"Interaction records (address, time, duration) are erased after so many days."`
	AuditDays        int `json:"audit_days" minimum:"90" maximum:"3650"`
	ChatCapacity     int `json:"chat_capacity" minimum:"1" maximum:"20" doc:"Chats at once per agent, unless the user has an own limit."`
	IdleMinutes      int `json:"idle_minutes" minimum:"1" maximum:"1440" doc:"A visitor who is gone for so long has left."`
	SessionHours     int `json:"session_hours" minimum:"1" maximum:"168" doc:"A sign-in ends after so many hours."`

	SignIn SignInRule `json:"sign_in,omitzero" doc:"How users sign in. Missing: no second factor is asked for, passwords have 10 characters, a session ends after 120 minutes without use, from any network. On a change, missing: it stays as it is."`

	Unusual UnusualRule `json:"unusual,omitzero" doc:"Which exports and sign-ins are unusual, and raise alerts. Missing: all kinds do, with the product's own amounts; in a change: they stay as they are."`

	Monitoring Monitoring `json:"monitoring,omitempty" default:"announced" enum:"announced,silent,off" doc:"Whether supervisors may listen to calls. announced: a tone tells all who talk, and the agent sees who listens; silent: listening is told to nobody, where the law of the country allows that; off: nobody may. Missing: announced."`

	Listening Listening `json:"listening,omitzero" doc:"Who listens to recordings. Missing: supervisors and privacy officers, without saying why."`

	Evaluations EvaluationRule `json:"evaluations,omitzero" doc:"How agents answer to evaluations of their work. Missing: within 14 days, and they hear the recording meanwhile."`

	Screen ScreenLimits `json:"screen,omitzero" doc:"How screens are recorded. Missing: 5 pictures a second of 1920 by 1080 points, 1000 kilobits a second, whatever the agent chooses."`

	CallBack CallBackRule `json:"call_back,omitzero" doc:"How callers are called back who keep their place. Missing: 3 times, 15 minutes apart."`

	Park ParkRule `json:"park,omitzero" doc:"Where calls are parked. Missing: 700 for the first free one of 701 to 709, for 2 minutes."`

	Blend []Exclude `json:"blend" doc:"The blended rule: which work leaves no room for which. As it comes: a call leaves room for nothing else, a chat none for a call."`
}

// Listening says who listens to recordings, beside those who always may.
type Listening struct {
	Agents bool `json:"agents" doc:"Agents listen to recordings of conversations that they held last."`
	Reason bool `json:"reason" doc:"Who opens a recording says why; the audit log notes it."`
}

// EvaluationRule says how agents answer to evaluations of their work.
type EvaluationRule struct {
	AnswerDays int  `json:"answer_days" minimum:"1" maximum:"90" doc:"Days after the completion, or the settlement of a dispute, in which the agent may answer."`
	Hear       bool `json:"hear" doc:"As long as it may, and while its dispute is open, the agent hears the recording that was evaluated."`
}

// OrUsual is the rule, or that which holds where none was chosen.
func (e EvaluationRule) OrUsual() EvaluationRule {
	if e == (EvaluationRule{}) {
		return EvaluationRule{AnswerDays: 14, Hear: true}
	}
	return e
}

// CallBackRule says how often, and how far apart, somebody is called back who was
// not reached.
type CallBackRule struct {
	Attempts int `json:"attempts" minimum:"1" maximum:"10" doc:"Calls in all; whom the last one does not reach is the agent's to close."`
	Minutes  int `json:"minutes" minimum:"1" maximum:"1440" doc:"From one that reached nobody until the person waits for an agent again, at its old place."`
}

// OrUsual is the rule, or that which holds where none was chosen.
func (c CallBackRule) OrUsual() CallBackRule {
	if c == (CallBackRule{}) {
		return CallBackRule{Attempts: 3, Minutes: 15}
	}
	return c
}

// ParkRule says where calls are parked, and for how long.
type ParkRule struct {
	Number  string `json:"number" minLength:"2" maxLength:"6" doc:"The number to which calls are transferred to be parked in the first free slot. Slots are the numbers that follow it: 701, 702 … after 700."`
	Slots   int    `json:"slots" minimum:"1" maximum:"99" doc:"How many calls can be parked at once."`
	Seconds int    `json:"seconds" minimum:"5" maximum:"3600" doc:"After so long who parked a call is rung; where that is not answered, the call goes to its queue."`
	Queue   string `json:"queue" doc:"The queue to which calls between phones go then, which have none; empty: they are parked again."`
}

// OrUsual is the rule, or that which holds where none was chosen.
func (p ParkRule) OrUsual() ParkRule {
	if p == (ParkRule{}) {
		return ParkRule{Number: "700", Slots: 9, Seconds: 120}
	}
	return p
}

// Numbers are the slots, in their order.
func (p ParkRule) Numbers() []string {
	first, err := strconv.Atoi(p.Number)
	if err != nil {
		return nil
	}
	list := make([]string, p.Slots)
	for i := range list {
		list[i] = strconv.Itoa(first + i + 1)
	}
	return list
}

// Parks says whether a number is for parked calls; slot is which, "" for the first
// free one.
func (p ParkRule) Parks(number string) (slot string, ok bool) {
	switch {
	case number == p.Number:
		return "", true
	case slices.Contains(p.Numbers(), number):
		return number, true
	}
	return "", false
}

// ScreenLimits bound what is recorded of agents' screens.
type ScreenLimits struct {
	Pictures int     `json:"pictures" minimum:"1" maximum:"15" doc:"A second, at most."`
	Width    int     `json:"width" minimum:"640" maximum:"3840" doc:"Points, at most; a larger screen is made smaller."`
	Height   int     `json:"height" minimum:"360" maximum:"2160" doc:"Points, at most."`
	Kilobits int     `json:"kilobits" minimum:"100" maximum:"4000" doc:"A second: what the browser aims at."`
	Surface  Surface `json:"surface" enum:"any,monitor,window,browser" doc:"What agents share: a whole screen (monitor), a window, a tab of their browser, or any of these."`
}

// Surface is what an agent shares.
type Surface string

const (
	AnySurface Surface = "any"
	Monitor    Surface = "monitor"
	Window     Surface = "window"
	Tab        Surface = "browser" // as browsers call a tab
)

// Surfaces are all of them.
var Surfaces = []Surface{AnySurface, Monitor, Window, Tab}

// DefaultScreen lets text be read and costs an agent little.
func DefaultScreen() ScreenLimits {
	return ScreenLimits{Pictures: 5, Width: 1920, Height: 1080, Kilobits: 1000, Surface: AnySurface}
}

// Monitoring says whether supervisors may listen to calls, and whether that is
// told.
type Monitoring string

const (
	MonitoringAnnounced Monitoring = "announced"
	MonitoringSilent    Monitoring = "silent"
	MonitoringOff       Monitoring = "off"
)

// Exclude is one part of the blended rule.
type Exclude struct {
	Holding acd.Channel   `json:"holding" enum:"voice,chat,email,social"`
	Not     []acd.Channel `json:"not" doc:"Channels that an agent who holds such work is not offered."`
}
