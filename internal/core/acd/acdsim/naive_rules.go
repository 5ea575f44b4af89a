package acdsim

import (
	"cmp"
	"slices"

	"nubitalk/internal/core/acd"
)

// serving: at work for the channel. room: and could take one more.
func (n *Naive) serving(a *agent, ch acd.Channel) bool {
	return a.presence == acd.Ready && a.browsers > 0 && a.cfg.Capacity[ch] > 0
}

func (n *Naive) room(a *agent, ch acd.Channel) bool {
	for _, held := range n.held(a.cfg.ID) {
		if held.Channel != ch && n.blend[held.Channel][ch] {
			return false
		}
	}
	return n.serving(a, ch) && n.used(a.cfg.ID, ch) < a.cfg.Capacity[ch]
}

// allowed: the set-up lets the agent have the work, and it is kept for nobody else.
func (n *Naive) allowed(a *agent, w *work) bool {
	if w.Only || w.kept && w.state == acd.Queued {
		return w.Preferred == a.cfg.ID
	}
	return n.eligible(a, w)
}

// eligible: the set-up lets the agent have the work.
func (n *Naive) eligible(a *agent, w *work) bool {
	q, ok := n.queues[w.Queue]
	if !ok {
		return false
	}
	member, needs, ease := q.Members[a.cfg.ID], q.Needs, 0
	for _, s := range q.Steps {
		if n.now.Sub(w.Entered) >= s.After {
			member, needs, ease = member || s.Members[a.cfg.ID], s.Needs, s.Ease
		}
	}
	var own []acd.SkillNeed
	for _, need := range w.Needs {
		if need.Level = max(need.Level, 1) - ease; need.Level > 0 {
			own = append(own, need)
		}
	}
	return member && able(a, needs) && able(a, own)
}

// keeps: the work is to be kept for its preferred agent.
func (n *Naive) keeps(w *work) bool {
	a := n.agents[w.Preferred]
	if a == nil || w.Only || n.now.Sub(w.Entered) >= n.queues[w.Queue].Affinity {
		return false
	}
	_, refused := w.refused[w.Preferred]
	return !refused && n.serving(a, w.Channel) && n.eligible(a, w)
}

func able(a *agent, needs []acd.SkillNeed) bool {
	for _, need := range needs {
		if a.cfg.Skills[need.Skill] < max(need.Level, 1) {
			return false
		}
	}
	return true
}

// kept: the work is kept from the agent, who declined or missed it.
func (n *Naive) kept(a *agent, w *work) bool {
	until, refused := w.refused[a.cfg.ID]
	if !refused {
		return false
	}
	if until.After(n.now) {
		return true
	}
	for id, b := range n.agents {
		if _, refused := w.refused[id]; !refused && n.serving(b, w.Channel) && n.allowed(b, w) {
			return true
		}
	}
	return false
}

func (n *Naive) can(a *agent, w *work) bool {
	return n.room(a, w.Channel) && n.allowed(a, w) && !n.kept(a, w)
}

func (n *Naive) proficiency(a *agent, w *work) int {
	best := map[string]bool{}
	sum := 0
	q := n.queues[w.Queue]
	needs, ease := q.Needs, 0
	for _, s := range q.Steps {
		if n.now.Sub(w.Entered) >= s.After {
			needs, ease = s.Needs, s.Ease
		}
	}
	needs = slices.Clone(needs)
	for _, need := range w.Needs {
		if max(need.Level, 1) > ease {
			needs = append(needs, need)
		}
	}
	for _, need := range needs {
		if !best[need.Skill] && !w.kept && !w.Only {
			best[need.Skill] = true
			sum += a.cfg.Skills[need.Skill]
		}
	}
	return sum
}

// wanted is the sum of the agent's levels in the preferred skills that it has at
// the highest level wanted of each.
func (n *Naive) wanted(a *agent, w *work) int {
	levels := map[string]int{}
	for _, want := range append(slices.Clone(n.queues[w.Queue].Wants), w.Wants...) {
		levels[want.Skill] = max(levels[want.Skill], want.Level, 1)
	}
	sum := 0
	for skill, level := range levels {
		if has := a.cfg.Skills[skill]; has >= level {
			sum += has
		}
	}
	return sum
}

// choose compares two agents as the queue's choice asks.
func (n *Naive) choose(a, b *agent, w *work) int {
	held := cmp.Compare(len(n.held(a.cfg.ID)), len(n.held(b.cfg.ID)))
	idle := a.idle.Compare(b.idle)
	proficient := cmp.Compare(n.proficiency(b, w), n.proficiency(a, w))
	switch n.queues[w.Queue].Choice {
	case acd.MostProficient:
		return cmp.Or(proficient, held, idle)
	case acd.LeastLoaded:
		return cmp.Or(cmp.Compare(n.share(a), n.share(b)), idle, proficient)
	case acd.RoundRobin:
		return cmp.Or(a.lastOffer.Compare(b.lastOffer), proficient)
	}
	return cmp.Or(held, idle, proficient)
}

// share of all places that are taken, in thousandths.
func (n *Naive) share(a *agent) int {
	places := 0
	for _, c := range a.cfg.Capacity {
		places += c
	}
	return len(n.held(a.cfg.ID)) * 1000 / max(places, 1)
}

// overflowOne sends on the first waiting work to which a rule applies.
func (n *Naive) overflowOne() bool {
	for _, w := range n.ordered() {
		q := n.queues[w.Queue]
		for _, r := range q.Overflow {
			_, there := n.queues[r.ToQueue]
			if r.ToQueue != "" && (!there || r.ToQueue == w.Queue) || !n.overflows(q, r, w) {
				continue
			}
			to, ends := r.ToQueue, r.ToQueue == ""
			if ends {
				to = w.Queue
			} else {
				to, ends = n.admit(to, w.Channel)
			}
			w.Queue = to
			if ends {
				n.closed(w, acd.Overflowed, acd.CauseOverflow, "")
				return true
			}
			w.Entered, w.Only, w.refused = n.now, false, nil
			n.requeue(w, acd.CauseOverflow, w.front)
			return true
		}
	}
	return false
}

// overflows: the rule holds for waiting work.
func (n *Naive) overflows(q acd.Queue, r acd.Overflow, w *work) bool {
	waited := n.now.Sub(w.Entered)
	switch r.When {
	case acd.OnWait:
		return r.After > 0 && waited >= r.After
	case acd.OnNobody:
		return !w.Only && waited >= r.After && !n.manned(q, w.Channel)
	case acd.OnClosed:
		return !w.Only && q.Closed && q.CloseWaiting
	}
	return false
}

// manned: a member is at work for the channel.
func (n *Naive) manned(q acd.Queue, ch acd.Channel) bool {
	for id, a := range n.agents {
		if q.Members[id] && n.serving(a, ch) {
			return true
		}
	}
	return false
}

// admit follows the rules for work that comes to a queue.
func (n *Naive) admit(id string, ch acd.Channel) (to string, ends bool) {
	visited := map[string]bool{}
	for {
		visited[id] = true
		q, next, found := n.queues[id], "", false
		for _, r := range q.Overflow {
			waiting := 0
			for _, w := range n.works {
				if w.Queue == id && w.state == acd.Queued {
					waiting++
				}
			}
			holds := r.When == acd.OnClosed && q.Closed || r.When == acd.OnNobody && r.After <= 0 && !n.manned(q, ch) ||
				r.When == acd.OnLength && r.Length > 0 && waiting >= r.Length
			if _, there := n.queues[r.ToQueue]; holds && (r.ToQueue == "" || there && !visited[r.ToQueue]) {
				next, found = r.ToQueue, true
				break
			}
		}
		if !found {
			return id, false
		}
		if next == "" {
			return id, true
		}
		id = next
	}
}
