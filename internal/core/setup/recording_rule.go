package setup

import (
	"cmp"
	"slices"
	"time"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/recording"
)

// RecordingRule says which calls are recorded, and what must have happened
// before. All rules that fit a call hold together, the strictest of each.
type RecordingRule struct {
	Name         string            `json:"name" minLength:"1" maxLength:"80"`
	Enabled      bool              `json:"enabled" default:"true"`
	Queues       []string          `json:"queues" doc:"Ids of the queues whose calls it fits; empty means all."`
	EntryPoints  []string          `json:"entry_points" doc:"Ids of the entry points whose calls it fits; empty means all. Calls that agents make come by none."`
	Campaigns    []string          `json:"campaigns,omitempty" doc:"Ids of the campaigns whose calls it fits; empty means all calls, also those of none."`
	Direction    Direction         `json:"direction" enum:"any,in,out" default:"any" doc:"in: calls that arrive. out: calls that agents make."`
	Percent      int               `json:"percent" minimum:"0" maximum:"100" doc:"How many of a hundred calls are recorded by themselves. 0 without on_demand: nothing is recorded where this rule fits, whatever others say."`
	OnDemand     bool              `json:"on_demand" doc:"The agent may begin a recording of calls that are not recorded by themselves."`
	Records      recording.What    `json:"records,omitempty" enum:"voice,screen,both" default:"voice" doc:"What is recorded: what is said, what the agent's screen shows while it has the call, or both. Missing: voice."`
	Consent      recording.Consent `json:"consent" enum:"none,announcement,key,both" default:"announcement" doc:"What must have happened before anything is recorded. none: nothing. announcement: the person was told the consent text, as the agent answers. key: it agreed by a key, then or in the flow's consent step. both: it agreed, and is told as the recording begins."`
	ConsentText  string            `json:"consent_text" doc:"Id of the consent text that is said; empty with consent none only."`
	AllParties   bool              `json:"all_parties" doc:"An outside number that is added to the call is told the text before it is recorded."`
	Hold         bool              `json:"hold" doc:"Also record what the person says while it is held."`
	Consultation bool              `json:"consultation" doc:"Also record what the agent and a colleague say while the person is held."`
	PauseMinutes int               `json:"pause_minutes" minimum:"0" maximum:"120" doc:"A pause that nobody ends is ended after so many minutes, and the agent is told; 0 is never."`
	KeepDays     int               `json:"keep_days,omitempty" minimum:"0" maximum:"3650" doc:"How many days after its end a recording is kept; of several rules the shortest holds. 0 or missing: as long as its conversation (conversation_days), which is the longest in any case."`
}

// Direction is who began a call.
type Direction string

const (
	AnyDirection Direction = "any"
	Incoming     Direction = "in"
	Outgoing     Direction = "out"
)

// DefaultRecordingRule records every call once its person was told a text.
func DefaultRecordingRule(name, text string) RecordingRule {
	return Clean(RecordingRule{Name: name, Enabled: true, Direction: AnyDirection, Percent: 100, Records: recording.OnlyVoice, Consent: recording.Announcement, ConsentText: text})
}

func (RecordingRule) Kind() Kind         { return KindRecordingRule }
func (r RecordingRule) Called() string   { return r.Name }
func (r RecordingRule) Unique() []Unique { return byName(r.Name) }

func (r RecordingRule) Uses() []Use {
	var u uses
	for i, q := range r.Queues {
		u.add(at("queues", i), KindQueue, q)
	}
	for i, e := range r.EntryPoints {
		u.add(at("entry_points", i), KindEntryPoint, e)
	}
	for i, m := range r.Campaigns {
		u.add(at("campaigns", i), KindCampaign, m)
	}
	u.add("consent_text", KindConsentText, r.ConsentText)
	return u
}

func (r RecordingRule) clean() Object {
	r.Name = tidy(r.Name)
	r.Records = cmp.Or(r.Records, recording.OnlyVoice)
	r.Queues, r.EntryPoints = once(r.Queues), once(r.EntryPoints)
	if len(r.Campaigns) > 0 { // rules that name none stay as they were stored
		r.Campaigns = once(r.Campaigns)
	}
	return r
}

func (r RecordingRule) Validate(refs Refs) error {
	var c checks
	c.name("name", r.Name, 1, 80)
	c.oneOf("direction", string(r.Direction), string(AnyDirection), string(Incoming), string(Outgoing))
	c.oneOf("records", string(r.Records), namesOf(recording.Whats)...)
	c.oneOf("consent", string(r.Consent), namesOf(recording.Consents)...)
	c.number("percent", r.Percent, 0, 100)
	c.number("pause_minutes", r.PauseMinutes, 0, 120)
	c.number("keep_days", r.KeepDays, 0, 3650)
	c.count("queues", len(r.Queues), 2000)
	c.count("entry_points", len(r.EntryPoints), 2000)
	c.count("campaigns", len(r.Campaigns), 2000)
	if len(r.Campaigns) > 0 && (r.Direction == Incoming || len(r.EntryPoints) > 0) {
		c.Add("campaigns", "are of calls that agents make; calls that arrive belong to none.")
	}
	if r.Direction == Outgoing && len(r.EntryPoints) > 0 {
		c.Add("entry_points", "are of calls that arrive; calls that agents make come by none.")
	}
	for i, e := range r.EntryPoints {
		if refs.Has(KindEntryPoint, e) && refs.ChannelOf(e) != acd.Voice {
			c.Add(at("entry_points", i), "is not for calls; choose entry points for calls.")
		}
	}
	switch {
	case r.Consent == recording.NoConsent && r.ConsentText != "":
		c.Add("consent_text", "is said to nobody; leave it out, or choose a consent.")
	case r.Consent != recording.NoConsent && r.ConsentText == "":
		c.Add("consent_text", "is missing; choose what the person is told.")
	}
	c.uses(r, refs)
	return c.Err()
}

// RecordedCall is a call as rules for recordings see it.
type RecordedCall struct {
	Interaction string
	Queue       string
	EntryPoint  string
	Campaign    string // "" of a call that belongs to none
	Outgoing    bool
}

// fits says whether the rule is for a call.
func (r RecordingRule) fits(c RecordedCall) bool {
	if !r.Enabled || r.Direction == Incoming && c.Outgoing || r.Direction == Outgoing && !c.Outgoing {
		return false
	}
	if len(r.Queues) > 0 && !slices.Contains(r.Queues, c.Queue) {
		return false
	}
	if len(r.Campaigns) > 0 && !slices.Contains(r.Campaigns, c.Campaign) {
		return false
	}
	return len(r.EntryPoints) == 0 || slices.Contains(r.EntryPoints, c.EntryPoint)
}

// RecordingPlan is what a tenant's rules say of a call.
func RecordingPlan(rules map[string]RecordingRule, c RecordedCall) recording.Plan {
	var fit []recording.Rule
	for _, r := range rules {
		if r.fits(c) {
			fit = append(fit, recording.Rule{Percent: r.Percent, OnDemand: r.OnDemand, What: r.Records, Consent: r.Consent, Text: r.ConsentText, AllParties: r.AllParties,
				Hold: r.Hold, Consultation: r.Consultation, PauseLimit: time.Duration(r.PauseMinutes) * time.Minute, KeepDays: r.KeepDays})
		}
	}
	return recording.Decide(c.Interaction, fit)
}
