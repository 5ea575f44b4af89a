package setup

import (
	"slices"
	"time"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/campaign"
)

// ContactList is a list of people to be called. Who is in it stands apart
// (store.ListContactRow).
type ContactList struct {
	Name string `json:"name" minLength:"1" maxLength:"80"`
}

func (ContactList) Kind() Kind         { return KindContactList }
func (l ContactList) Called() string   { return l.Name }
func (l ContactList) Unique() []Unique { return byName(l.Name) }
func (ContactList) Uses() []Use        { return nil }

func (l ContactList) clean() Object {
	l.Name = tidy(l.Name)
	return l
}

func (l ContactList) Validate(Refs) error {
	var c checks
	c.name("name", l.Name, 1, 80)
	return c.Err()
}

// CampaignState is whether a campaign calls.
type CampaignState string

const (
	CampaignDraft    CampaignState = "draft"
	CampaignRunning  CampaignState = "running"
	CampaignPaused   CampaignState = "paused"
	CampaignFinished CampaignState = "finished"
)

// Campaign is outbound work over contact lists, in preview: an agent sees who is next,
// and calls.
type Campaign struct {
	Name               string            `json:"name" minLength:"1" maxLength:"80"`
	State              CampaignState     `json:"state" enum:"draft,running,paused,finished" default:"draft" doc:"Contacts are given out only while it is running. What is being called goes on."`
	Lists              []string          `json:"lists" doc:"Ids of the contact lists, called in this order."`
	Queue              string            `json:"queue" doc:"Id of the queue whose agents call; its wrap-up holds."`
	Caller             string            `json:"caller" maxLength:"64" doc:"Number to show, one of those of callChoices; empty leaves it to the trunk."`
	Hours              string            `json:"hours" doc:"Id of the opening hours within which is called, read in the contact's own time zone where its list gives one, else in theirs; empty: whenever the trunks let calls out."`
	MaxAttempts        int               `json:"max_attempts" minimum:"1" maximum:"20" default:"3" doc:"Calls of one contact, at most. Times that were agreed with it are called in any case."`
	BusyMinutes        int               `json:"busy_minutes" minimum:"0" maximum:"43200" default:"15" doc:"When it is called again after it was engaged; 0: not again."`
	NoAnswerMinutes    int               `json:"no_answer_minutes" minimum:"0" maximum:"43200" default:"240" doc:"… after nobody answered."`
	UnreachableMinutes int               `json:"unreachable_minutes" minimum:"0" maximum:"43200" default:"60" doc:"… after the network did not get there."`
	PreviewSeconds     int               `json:"preview_seconds" minimum:"30" maximum:"3600" default:"300" doc:"How long an agent may look at a contact before it goes to somebody else."`
	Outcomes           []CampaignOutcome `json:"outcomes" doc:"The dispositions that agents choose from, and what follows each; empty: those of the queue, after which a contact is done."`
	Notes              string            `json:"notes" maxLength:"4000" doc:"What agents read beside each contact."`
}

// CampaignOutcome is what a campaign does after a disposition.
type CampaignOutcome struct {
	Disposition string      `json:"disposition"`
	Then        campaign.Do `json:"then" enum:"done,again,do_not_call" default:"done" doc:"done: it is not called any more. again: it is, after minutes. do_not_call: its number is put on the do-not-call list."`
	Minutes     int         `json:"minutes,omitempty" minimum:"0" maximum:"43200" doc:"Of again."`
}

func (Campaign) Kind() Kind         { return KindCampaign }
func (m Campaign) Called() string   { return m.Name }
func (m Campaign) Unique() []Unique { return byName(m.Name) }

func (m Campaign) Uses() []Use {
	var u uses
	for i, l := range m.Lists {
		u.add(at("lists", i), KindContactList, l)
	}
	u.add("queue", KindQueue, m.Queue)
	u.add("hours", KindHours, m.Hours)
	for i, o := range m.Outcomes {
		u.add(at("outcomes", i)+".disposition", KindDisposition, o.Disposition)
	}
	return u
}

func (m Campaign) clean() Object {
	m.Name, m.Caller, m.Notes, m.Lists = tidy(m.Name), tidy(m.Caller), tidyText(m.Notes), once(m.Lists)
	if m.State == "" {
		m.State = CampaignDraft
	}
	if m.MaxAttempts == 0 {
		m.MaxAttempts = 3
	}
	if m.PreviewSeconds == 0 {
		m.PreviewSeconds = 300
	}
	m.Outcomes = append([]CampaignOutcome{}, m.Outcomes...)
	for i := range m.Outcomes {
		o := &m.Outcomes[i]
		if o.Then == "" {
			o.Then = campaign.Finish
		}
		if o.Then != campaign.CallAgain {
			o.Minutes = 0
		}
	}
	return m
}

func (m Campaign) Validate(refs Refs) error {
	var c checks
	c.name("name", m.Name, 1, 80)
	c.oneOf("state", string(m.State), string(CampaignDraft), string(CampaignRunning), string(CampaignPaused), string(CampaignFinished))
	c.count("lists", len(m.Lists), 50)
	c.text("notes", m.Notes, 0, 4000)
	c.name("caller", m.Caller, 0, 64)
	c.number("max_attempts", m.MaxAttempts, 1, 20)
	c.number("busy_minutes", m.BusyMinutes, 0, 43200)
	c.number("no_answer_minutes", m.NoAnswerMinutes, 0, 43200)
	c.number("unreachable_minutes", m.UnreachableMinutes, 0, 43200)
	c.number("preview_seconds", m.PreviewSeconds, 30, 3600)
	if m.Queue == "" {
		c.Add("queue", "is missing; choose whose agents call.")
	} else if q, ok := refs.Queues()[m.Queue]; ok && len(q.Channels) > 0 && !slices.Contains(q.Channels, acd.Voice) {
		c.Add("queue", "takes no calls; choose a queue that does.")
	}
	if m.State == CampaignRunning && len(m.Lists) == 0 {
		c.Add("lists", "is empty; a campaign that runs needs whom to call.")
	}
	c.count("outcomes", len(m.Outcomes), 100)
	seen := map[string]bool{}
	for i, o := range m.Outcomes {
		path := at("outcomes", i)
		switch {
		case o.Disposition == "":
			c.Add(path+".disposition", "is missing; choose a result.")
		case seen[o.Disposition]:
			c.Add(path+".disposition", "is listed twice.")
		}
		seen[o.Disposition] = true
		c.oneOf(path+".then", string(o.Then), string(campaign.Finish), string(campaign.CallAgain), string(campaign.NeverAgain))
		if o.Then == campaign.CallAgain {
			c.number(path+".minutes", o.Minutes, 1, 43200)
		}
	}
	c.uses(m, refs)
	return c.Err()
}

// Decides is the campaign as core/campaign decides by it.
func (m Campaign) Decides() campaign.Rules {
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	r := campaign.Rules{MaxAttempts: m.MaxAttempts, Busy: minutes(m.BusyMinutes), NoAnswer: minutes(m.NoAnswerMinutes), Unreachable: minutes(m.UnreachableMinutes),
		Outcomes: map[string]campaign.Then{}, Preview: time.Duration(m.PreviewSeconds) * time.Second}
	for _, o := range m.Outcomes {
		r.Outcomes[o.Disposition] = campaign.Then{Do: o.Then, After: minutes(o.Minutes)}
	}
	return r
}

// Dispositions are those that agents choose from; nil: those of the queue.
func (m Campaign) Dispositions() []string {
	var out []string
	for _, o := range m.Outcomes {
		out = append(out, o.Disposition)
	}
	return out
}

// Calls says whether a campaign with these hours calls at a moment, in a contact's time
// zone; "" is the hours' own.
func (h Hours) Calls(zone string, at time.Time) bool {
	if zone != "" {
		h.TimeZone = zone
	}
	return IsOpen(h, at)
}
