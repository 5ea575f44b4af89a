package setup

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/core/acd"
)

// Routing is the queue as core/acd takes it, with the given members. Whether it
// is open is not known here (acd.Queue.Closed).
func (q Queue) Routing(id string, members []string) acd.Queue {
	r := acd.Queue{
		ID: id, Priority: q.Priority, Needs: q.Needs, Wants: q.Wants, Choice: q.Choice, Members: set(members),
		OfferTimeout: seconds(q.OfferSeconds), WrapUp: seconds(q.WrapUpSeconds), WrapUpOpen: q.WrapUpOpen,
		MaxMissed: q.MaxMissed, ServiceLevel: seconds(q.ServiceSeconds),
		Affinity: seconds(q.AffinitySeconds), AutoAccept: q.AutoAccept, CloseWaiting: q.CloseWaiting,
	}
	for _, s := range q.Steps {
		r.Steps = append(r.Steps, acd.Step{After: seconds(s.AfterSeconds), Needs: eased(q.Needs, s.Ease), Ease: s.Ease, Members: set(s.Members)})
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
	c.number("affinity_seconds", q.AffinitySeconds, 0, 3600)
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
		case s.Ease == ease && len(s.Members) == 0:
			c.Add(path+".ease", "changes nothing: take levels off, or name agents who join.")
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

// checkSkills names the skills for which no agent of the queue has the level, at
// any step. An organisation without agents yet is not held against it.
func (q Queue) checkSkills(c *checks, refs Refs) {
	all := refs.Agents()
	if len(all) == 0 || q.someone(all, q.Needs, q.Members) {
		return
	}
	members := q.Members
	for _, s := range q.Steps {
		if len(members) > 0 {
			members = append(slices.Clone(members), s.Members...)
		}
		if q.someone(all, eased(q.Needs, s.Ease), members) {
			return
		}
	}
	blamed := false
	for i, n := range q.Needs {
		if !q.someone(all, []acd.SkillNeed{n}, members) {
			c.Add(at("needs", i)+".skill", "%s at level %d: none of this queue's agents has it, so no work could ever be taken.", quoted(refs.SkillName(n.Skill)), n.Level)
			blamed = true
		}
	}
	if !blamed && len(q.Needs) > 0 {
		c.Add("needs", "no agent of this queue has all these skills together, so no work could ever be taken.")
	}
}

// someone says whether an agent among the members (empty: all) has the skills.
func (q Queue) someone(all []Agent, needs []acd.SkillNeed, members []string) bool {
	return slices.ContainsFunc(all, func(a Agent) bool {
		if len(members) > 0 && !slices.Contains(members, a.ID) {
			return false
		}
		return !slices.ContainsFunc(needs, func(n acd.SkillNeed) bool { return a.Skills[n.Skill] < n.Level })
	})
}

func quoted(s string) string { return "“" + s + "”" }
