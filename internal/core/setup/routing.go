package setup

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/core/acd"
)

// Routing is the queue as core/acd takes it, with the members that it has among
// the agents: serving, as Serving gives them. Whether it is open is not known
// here (acd.Queue.Closed).
func (q Queue) Routing(id string, serving []string, agents []Agent) acd.Queue {
	r := acd.Queue{
		ID: id, Priority: q.Priority, Needs: q.Needs, Wants: q.Wants, Choice: q.Choice, Members: set(serving),
		OfferTimeout: seconds(q.OfferSeconds), WrapUp: seconds(q.WrapUpSeconds), WrapUpOpen: q.WrapUpOpen,
		MaxMissed: q.MaxMissed, ServiceLevel: seconds(q.ServiceSeconds),
		Affinity: seconds(q.AffinitySeconds), AutoAccept: q.AutoAccept, CloseWaiting: q.CloseWaiting,
	}
	for _, s := range q.Steps {
		r.Steps = append(r.Steps, acd.Step{After: seconds(s.AfterSeconds), Needs: eased(q.Needs, s.Ease), Ease: s.Ease, Members: set(members(s.Members, s.MemberRule, agents))})
	}
	for _, o := range q.Overflow {
		r.Overflow = append(r.Overflow, acd.Overflow{When: o.When, After: seconds(o.AfterSeconds), Length: o.Length, ToQueue: o.ToQueue})
	}
	return r
}

// BlendRule is the blended rule as core/acd takes it.
func (r Rules) BlendRule() acd.Blend {
	b := acd.Blend{}
	for _, x := range r.Blend {
		b[x.Holding] = map[acd.Channel]bool{}
		for _, n := range x.Not {
			b[x.Holding][n] = true
		}
	}
	return b
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func set(ids []string) map[string]bool {
	m := make(map[string]bool, len(ids))
	for _, id := range ids {
		m[id] = true
	}
	return m
}

// eased takes levels off needs; one at or below 0 is dropped.
func eased(needs []acd.SkillNeed, off int) []acd.SkillNeed {
	var out []acd.SkillNeed
	for _, n := range needs {
		if n.Level -= off; n.Level > 0 {
			out = append(out, n)
		}
	}
	return out
}

// checkRouting checks the rules of routing by themselves.
func (q Queue) checkRouting(c *checks) {
	c.oneOf("choice", cmp.Or(string(q.Choice), string(acd.LongestIdle)), string(acd.LongestIdle), string(acd.MostProficient), string(acd.LeastLoaded), string(acd.RoundRobin))
	c.oneOf("service_hours", cmp.Or(string(q.ServiceHours), string(HoursOfEmail)), string(HoursOfEmail), string(HoursOfAll), string(HoursOfNone))
	c.number("affinity_seconds", q.AffinitySeconds, 0, 3600)
	if q.CallBackSeconds != 0 {
		c.number("call_back_seconds", q.CallBackSeconds, 10, 900)
	}
	if q.CallBackKey != "" {
		c.oneOf("call_back_key", q.CallBackKey, "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "*", "#")
	}
	c.count("steps", len(q.Steps), acd.MaxSteps)
	after, ease := 0, 0
	for i, s := range q.Steps {
		path := at("steps", i)
		c.number(path+".after_seconds", s.AfterSeconds, 1, 86400)
		c.number(path+".ease", s.Ease, 0, 10)
		switch {
		case s.AfterSeconds <= after:
			c.Add(path+".after_seconds", "is not later than the step before it.")
		case s.Ease < ease:
			c.Add(path+".ease", "asks for more than the step before it; a step only loosens.")
		case s.Ease == ease && len(s.Members) == 0 && s.MemberRule == "":
			c.Add(path+".ease", "changes nothing: take levels off, or say which agents join.")
		}
		after, ease = s.AfterSeconds, max(ease, s.Ease)
	}
	c.count("overflow", len(q.Overflow), 10)
	for i, o := range q.Overflow {
		q.checkOverflow(c, at("overflow", i), o, q.Overflow[:i])
	}
}

func (q Queue) checkOverflow(c *checks, path string, o Overflow, before []Overflow) {
	c.oneOf(path+".when", string(o.When), string(acd.OnWait), string(acd.OnLength), string(acd.OnNobody), string(acd.OnClosed))
	c.number(path+".after_seconds", o.AfterSeconds, 0, 86400)
	c.number(path+".length", o.Length, 0, 100000)
	switch {
	case o.When == acd.OnWait && o.AfterSeconds == 0:
		c.Add(path+".after_seconds", "is missing: after how long a wait does the work go on?")
	case o.When == acd.OnLength && o.Length == 0:
		c.Add(path+".length", "is missing: at how many who wait does the next one go on?")
	case o.When == acd.OnClosed && q.Hours == "":
		c.Add(path+".when", "needs opening hours, which this queue has not; without them it is never closed.")
	}
	for _, b := range before {
		if b.When != o.When {
			continue
		}
		if o.When == acd.OnClosed || o.When == acd.OnLength && b.Length <= o.Length || o.When != acd.OnLength && b.AfterSeconds <= o.AfterSeconds {
			c.Add(path+".when", "never comes to it: a rule before it applies first.")
			return
		}
	}
}

// checkAmong checks the queue beside the others and the agents there are: work
// must not go round in circles, and somebody must be able to take it.
func (q Queue) checkAmong(c *checks, refs Refs) {
	queues := refs.Queues()
	for i, o := range q.Overflow {
		if o.ToQueue == "" {
			continue
		}
		if o.ToQueue == refs.Self() {
			c.Add(at("overflow", i)+".to_queue", "is this queue itself.")
		} else if way := wayBack(queues, o.ToQueue, refs.Self(), nil); way != nil {
			names := []string{quoted(q.Name)}
			for _, id := range way {
				names = append(names, quoted(queues[id].Name))
			}
			c.Add(at("overflow", i)+".to_queue", "leads back here: %s. Work would go round in circles.", strings.Join(append(names, quoted(q.Name)), " → "))
		}
	}
	q.checkSkills(c, refs)
}

// wayBack follows overflow rules from a queue to another and gives the queues on
// the way, nil if there is none.
func wayBack(queues map[string]Queue, from, to string, visited []string) []string {
	if to == "" || slices.Contains(visited, from) {
		return nil
	}
	visited = append(visited, from)
	for _, o := range queues[from].Overflow {
		if o.ToQueue == to {
			return visited
		}
		if o.ToQueue != "" {
			if way := wayBack(queues, o.ToQueue, to, visited); way != nil {
				return way
			}
		}
	}
	return nil
}

// checkMemberRules checks the rules by which agents become members, and all else
// that the queue points at.
func (q Queue) checkMemberRules(c *checks, refs Refs) {
	q.checkOwn(c, refs)
	plain := q
	plain.MemberRule, plain.Steps = "", slices.Clone(q.Steps)
	for i, s := range q.Steps {
		checkMemberRule(c, at("steps", i)+".member_rule", s.MemberRule, refs)
		plain.Steps[i].MemberRule = ""
	}
	c.uses(plain, refs)
}

func (q Queue) checkOwn(c *checks, refs Refs) {
	c.count("members", len(q.Members), 10000)
	checkMemberRule(c, "member_rule", q.MemberRule, refs)
}

// CheckMembers tells the faults of the queue's own members alone.
func (q Queue) CheckMembers(refs Refs) error {
	var c checks
	q.checkOwn(&c, refs)
	c.uses(Queue{Members: q.Members}, refs)
	return c.Err()
}

// checkSkills names the skills for which no agent of the queue has the level, at
// any step. An organisation without agents yet, or a rule that takes nobody yet,
// is not held against it.
func (q Queue) checkSkills(c *checks, refs Refs) {
	all := refs.Agents()
	if len(all) == 0 || len(q.Needs) == 0 {
		return
	}
	serving, rule := set(q.Serving(all)), q.MemberRule != ""
	if someone(all, q.Needs, serving) {
		return
	}
	for _, s := range q.Steps {
		rule = rule || s.MemberRule != ""
		for _, m := range members(s.Members, s.MemberRule, all) {
			serving[m] = true
		}
		if someone(all, eased(q.Needs, s.Ease), serving) {
			return
		}
	}
	if rule && !someone(all, nil, serving) {
		return
	}
	blamed := false
	for i, n := range q.Needs {
		if !someone(all, []acd.SkillNeed{n}, serving) {
			c.Add(at("needs", i)+".skill", "%s at level %d: none of this queue's agents has it, so no work could ever be taken.", quoted(cmp.Or(refs.Names(KindSkill)[n.Skill], n.Skill)), n.Level)
			blamed = true
		}
	}
	if !blamed {
		c.Add("needs", "no agent of this queue has all these skills together, so no work could ever be taken.")
	}
}

// someone says whether an agent who serves has the skills.
func someone(all []Agent, needs []acd.SkillNeed, serving map[string]bool) bool {
	return slices.ContainsFunc(all, func(a Agent) bool {
		return serving[a.ID] && !slices.ContainsFunc(needs, func(n acd.SkillNeed) bool { return a.Skills[n.Skill] < n.Level })
	})
}

func quoted(s string) string { return "“" + s + "”" }
