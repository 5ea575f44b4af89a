package setup

import (
	"slices"
	"strings"

	"nubitalk/internal/core/acd"
)

// Channels are all channels that work may arrive by.
var Channels = []acd.Channel{acd.Voice, acd.Chat, acd.Email, acd.Social}

func (Queue) Kind() Kind         { return KindQueue }
func (q Queue) Called() string   { return q.Name }
func (q Queue) Unique() []Unique { return byName(q.Name) }

func (q Queue) Uses() []Use {
	var u uses
	for i, n := range q.Needs {
		u.add(at("needs", i)+".skill", KindSkill, n.Skill)
	}
	for i, m := range q.Members {
		u.add(at("members", i), KindUser, m)
	}
	for i, n := range q.Wants {
		u.add(at("wants", i)+".skill", KindSkill, n.Skill)
	}
	u.rule("member_rule", q.MemberRule)
	for i, s := range q.Steps {
		u.rule(at("steps", i)+".member_rule", s.MemberRule)
		for j, m := range s.Members {
			u.add(at(at("steps", i)+".members", j), KindUser, m)
		}
	}
	for i, o := range q.Overflow {
		u.add(at("overflow", i)+".to_queue", KindQueue, o.ToQueue)
	}
	u.add("hours", KindHours, q.Hours)
	u.add("music", KindPrompt, q.Music)
	for i, d := range q.Dispositions {
		u.add(at("dispositions", i), KindDisposition, d)
	}
	return u
}

func (q Queue) clean() Object {
	q.Name = tidy(q.Name)
	q.Channels, q.Members, q.Dispositions = once(q.Channels), once(q.Members), once(q.Dispositions)
	q.Needs = append([]acd.SkillNeed{}, q.Needs...)
	if q.Choice == "" {
		q.Choice = acd.LongestIdle
	}
	q.Wants, q.Overflow = append([]acd.SkillNeed{}, q.Wants...), append([]Overflow{}, q.Overflow...)
	q.MemberRule = strings.TrimSpace(q.MemberRule)
	q.Steps = append([]Step{}, q.Steps...)
	for i := range q.Steps {
		q.Steps[i].Members, q.Steps[i].MemberRule = once(q.Steps[i].Members), strings.TrimSpace(q.Steps[i].MemberRule)
	}
	return q
}

func (q Queue) Validate(refs Refs) error {
	var c checks
	c.name("name", q.Name, 1, 80)
	for i, ch := range q.Channels {
		c.channel(at("channels", i), ch)
	}
	c.number("priority", q.Priority, 1, 10)
	c.skills("needs", q.Needs)
	c.skills("wants", q.Wants)
	c.number("offer_seconds", q.OfferSeconds, 5, 300)
	c.number("wrap_up_seconds", q.WrapUpSeconds, 0, 3600)
	c.number("max_missed", q.MaxMissed, 1, 20)
	c.number("service_seconds", q.ServiceSeconds, 1, 86400)
	c.number("service_percent", q.ServicePercent, 1, 100)
	c.number("short_seconds", q.ShortSeconds, 0, 300)
	c.count("dispositions", len(q.Dispositions), 500)
	q.checkRouting(&c)
	q.checkMemberRules(&c, refs)
	if err := c.Err(); err != nil {
		return err
	}
	q.checkAmong(&c, refs)
	return c.Err()
}

func (Skill) Kind() Kind         { return KindSkill }
func (s Skill) Called() string   { return s.Name }
func (s Skill) Unique() []Unique { return byName(s.Name) }
func (Skill) Uses() []Use        { return nil }
func (s Skill) clean() Object    { s.Name = tidy(s.Name); return s }

func (s Skill) Validate(Refs) error {
	var c checks
	c.name("name", s.Name, 1, 80)
	return c.Err()
}

func (Team) Kind() Kind         { return KindTeam }
func (t Team) Called() string   { return t.Name }
func (t Team) Unique() []Unique { return byName(t.Name) }
func (Team) Uses() []Use        { return nil }
func (t Team) clean() Object    { t.Name = tidy(t.Name); return t }

func (t Team) Validate(Refs) error {
	var c checks
	c.name("name", t.Name, 1, 80)
	return c.Err()
}

func (Site) Kind() Kind         { return KindSite }
func (s Site) Called() string   { return s.Name }
func (s Site) Unique() []Unique { return byName(s.Name) }
func (Site) Uses() []Use        { return nil }
func (s Site) clean() Object    { s.Name = tidy(s.Name); return s }

func (s Site) Validate(Refs) error {
	var c checks
	c.name("name", s.Name, 1, 80)
	return c.Err()
}

func (Disposition) Kind() Kind         { return KindDisposition }
func (d Disposition) Called() string   { return d.Name }
func (d Disposition) Unique() []Unique { return byName(d.Name) }
func (Disposition) Uses() []Use        { return nil }

func (d Disposition) clean() Object {
	d.Name, d.Group = tidy(d.Name), tidy(d.Group)
	return d
}

func (d Disposition) Validate(Refs) error {
	var c checks
	c.name("name", d.Name, 1, 80)
	c.name("group", d.Group, 0, 80)
	return c.Err()
}

func (Reason) Kind() Kind         { return KindReason }
func (r Reason) Called() string   { return r.Name }
func (r Reason) Unique() []Unique { return byName(r.Name) }
func (Reason) Uses() []Use        { return nil }
func (r Reason) clean() Object    { r.Name = tidy(r.Name); return r }

// systemStates are the presences that the system shows; a reason of the same
// name would be taken for one.
var systemStates = []string{"offline", "ready", "not ready", "offered", "engaged", "wrapping", "wrap-up", "missed",
	"disponível", "indisponível", "desligado", "ocupado"}

func (r Reason) Validate(Refs) error {
	var c checks
	c.name("name", r.Name, 1, 80)
	if slices.Contains(systemStates, strings.ReplaceAll(NameKey(r.Name), "_", " ")) {
		c.Add("name", "is a state of the system's own; a reason says why someone is not ready, such as Lunch.")
	}
	return c.Err()
}

func (Label) Kind() Kind         { return KindLabel }
func (l Label) Called() string   { return l.Name }
func (l Label) Unique() []Unique { return byName(l.Name) }
func (Label) Uses() []Use        { return nil }
func (l Label) clean() Object    { l.Name = tidy(l.Name); return l }

func (l Label) Validate(Refs) error {
	var c checks
	c.name("name", l.Name, 1, 40)
	return c.Err()
}

func (Rules) Kind() Kind     { return KindRules }
func (Rules) Called() string { return "Rules" }

// Unique are the numbers for parked calls, which no phone may have.
func (r Rules) Unique() (list []Unique) {
	if r.Park == (ParkRule{}) {
		return nil
	}
	list = extensionOf(r.Park.Number)
	for _, slot := range r.Park.Numbers() {
		list = append(list, extensionOf(slot)...)
	}
	return list
}

// Uses is the queue of calls that nobody takes back.
func (r Rules) Uses() []Use {
	if r.Park.Queue == "" {
		return nil
	}
	return []Use{{"park.queue", KindQueue, r.Park.Queue}}
}

func (r Rules) clean() Object {
	if r.Blend == nil {
		r.Blend = DefaultBlend()
	}
	if r.Monitoring == "" {
		r.Monitoring = MonitoringAnnounced
	}
	if r.Screen == (ScreenLimits{}) {
		r.Screen = DefaultScreen()
	}
	r.SignIn, r.Unusual = r.SignIn.clean(), r.Unusual.OrUsual()
	r.Blend = append([]Exclude{}, r.Blend...)
	for i := range r.Blend {
		r.Blend[i].Not = once(r.Blend[i].Not)
	}
	return r
}

// check keeps the numbers for parked calls among those that extensions may be.
func (p ParkRule) check(c *checks) {
	if !extensionForm.MatchString(p.Number) {
		c.Add("park.number", "is %q; two to six digits are accepted, of which the first is 2 to 8.", short(p.Number))
		return
	}
	c.number("park.slots", p.Slots, 1, 99)
	c.number("park.seconds", p.Seconds, 5, 3600)
	if all := p.Numbers(); len(all) > 0 && !extensionForm.MatchString(all[len(all)-1]) || len(all) > 0 && len(all[len(all)-1]) != len(p.Number) {
		c.Add("park.slots", "lead from %s beyond the numbers with as many digits; fewer are accepted.", p.Number)
	}
}

func (r Rules) Validate(refs Refs) error {
	var c checks
	c.number("conversation_days", r.ConversationDays, 1, 3650)
	c.number("message_days", r.MessageDays, 0, 3650)
	if back := r.CallBack; back != (CallBackRule{}) {
		c.number("call_back.attempts", back.Attempts, 1, 10)
		c.number("call_back.minutes", back.Minutes, 1, 1440)
	}
	if r.Evaluations != (EvaluationRule{}) {
		c.number("evaluations.answer_days", r.Evaluations.AnswerDays, 1, 90)
	}
	if p := r.Park; p != (ParkRule{}) {
		p.check(&c)
		c.uses(r, refs)
	}
	c.number("record_days", r.RecordDays, 1, 3650)
	if r.ConversationDays > r.RecordDays {
		c.Add("conversation_days", "is longer than record_days; a conversation cannot outlive its record.")
	}
	c.number("audit_days", r.AuditDays, 90, 3650)
	c.number("chat_capacity", r.ChatCapacity, 1, 20)
	c.number("idle_minutes", r.IdleMinutes, 1, 1440)
	c.number("session_hours", r.SessionHours, 1, 168)
	r.SignIn.check(&c)
	r.Unusual.OrUsual().check(&c)
	c.oneOf("monitoring", string(r.Monitoring), string(MonitoringAnnounced), string(MonitoringSilent), string(MonitoringOff))
	if r.Screen != (ScreenLimits{}) {
		r.Screen.check(&c)
	}
	held := map[acd.Channel]bool{}
	for i, x := range r.Blend {
		path := at("blend", i)
		c.channel(path+".holding", x.Holding)
		if held[x.Holding] {
			c.Add(path+".holding", "is listed twice.")
		}
		held[x.Holding] = true
		for j, n := range x.Not {
			c.channel(at(path+".not", j), n)
			if n == x.Holding {
				c.Add(at(path+".not", j), "is the channel itself; how many of one channel an agent takes is its capacity.")
			}
		}
	}
	return c.Err()
}

func (l ScreenLimits) check(c *checks) {
	c.number("screen.pictures", l.Pictures, 1, 15)
	c.number("screen.width", l.Width, 640, 3840)
	c.number("screen.height", l.Height, 360, 2160)
	c.number("screen.kilobits", l.Kilobits, 100, 4000)
	c.oneOf("screen.surface", string(l.Surface), namesOf(Surfaces)...)
}
