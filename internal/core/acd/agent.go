package acd

const (
	channels    = 4
	channelBits = 2
	calls       = 0 // the index of Voice
)

func channelIndex(c Channel) int8 {
	switch c {
	case Voice:
		return calls
	case Chat:
		return 1
	case Email:
		return 2
	case Social:
		return 3
	}
	return -1
}

func channelName(i int8) Channel {
	return [channels]Channel{Voice, Chat, Email, Social}[i]
}

// agent is an agent as the engine holds it. One that only a queue's members
// name is kept as well, with known false, and gets nothing. It is four cache
// lines: the first two are all that a step of its own reads, unless it looks for
// work.
type agent struct {
	used                      [channels]int32 // offered, active and wrapping
	offered, active, wrapping int32
	inIdle                    int32 // slots that are in their class's idle heap
	capacity                  [channels]int16
	*stance
	browsers, missed      int16
	elsewhere             int16 // calls that are no work of the engine's
	room                  uint8 // bit per channel: could take one more now
	counted               uint8 // room as its queues count it; follows at the end of the step
	serves                uint8 // bit per channel: at work, whether or not there is room
	known, dirty, touched bool

	named
	held                        *work // the first by id, see work.next
	idleSince, lastOffer, since int64
	timer                       timer // grace

	tops   []uint32 // per slot: its class's entry in Engine.tops, and the channel in the low bits
	slots  []slot
	queues []*queue // that name it as a member
	helps  []*queue // that name it from a step on
	skills map[string]int
	_      [16]byte // to whole cache lines
}

// mostHeld bounds a capacity, and what else is counted small.
const mostHeld = 1<<15 - 1

// stance is what an agent chose or was set to, and why. Most agents share theirs.
type stance struct {
	presence      Presence
	reason, cause string
}

// mostStances is from how many on they are collected anew.
const mostStances = 1000

func (e *Engine) stance(s stance) *stance {
	if shared := e.stances[s]; shared != nil {
		return shared
	}
	if e.stances == nil || len(e.stances) >= mostStances {
		e.stances = map[stance]*stance{}
	}
	e.stances[s] = &s
	return &s
}

// places is the capacity over all channels.
func (a *agent) places() (n int) {
	for _, of := range a.capacity {
		n += int(of)
	}
	return n
}

// taken is how many places of a channel are: those of works, and of the calls that
// the agent has elsewhere.
func (a *agent) taken(ch int8) int32 {
	if ch == calls {
		return a.used[ch] + int32(a.elsewhere)
	}
	return a.used[ch]
}

func (a *agent) load() int32 { return a.offered + a.active + a.wrapping }

// meets says whether the agent has all skills at their levels.
func (a *agent) meets(needs []SkillNeed) bool {
	for _, n := range needs {
		if a.skills[n.Skill] < max(n.Level, 1) {
			return false
		}
	}
	return true
}

// meetsEased is meets with so many levels off each need.
func (a *agent) meetsEased(needs []SkillNeed, off int) bool {
	for _, n := range needs {
		if level := max(n.Level, 1) - off; level > 0 && a.skills[n.Skill] < level {
			return false
		}
	}
	return true
}

func (a *agent) slotOf(c *class) int {
	for i := range a.slots {
		if a.slots[i].cls == c {
			return i
		}
	}
	return -1
}

// agent returns an agent that is set up, or nil.
func (e *Engine) agent(id string) *agent {
	if a := e.agents.get(id); a != nil && a.known {
		return a
	}
	return nil
}

// named returns the agent of that id, making a placeholder for a member that is
// not set up yet.
func (e *Engine) named(id string) *agent {
	a := e.agents.get(id)
	if a == nil {
		a = &agent{named: named{id: id}, stance: e.stance(stance{presence: Offline})}
		e.agents.put(a)
	}
	return a
}

func (e *Engine) touch(a *agent) {
	if !a.touched {
		a.touched = true
		e.touched = append(e.touched, a)
	}
}

// dirtyAgent marks an agent whose room or place in the choice may have changed,
// and reports it.
func (e *Engine) dirtyAgent(a *agent) {
	e.touch(a)
	e.mark(a)
}

// mark marks an agent who may find work now.
func (e *Engine) mark(a *agent) {
	if !a.dirty {
		a.dirty = true
		e.dirtyA = append(e.dirtyA, a)
	}
}

// refresh works out where the agent has room: places left in the channel, and
// none held of a channel that excludes it.
func (e *Engine) refresh(a *agent) {
	var room, serves uint8
	if a.known && a.presence == Ready && a.browsers > 0 {
		var excluded uint8
		for ch := range int8(channels) {
			if a.capacity[ch] > 0 {
				serves |= 1 << ch
			}
			if a.taken(ch) < int32(a.capacity[ch]) {
				room |= 1 << ch
			}
			if a.taken(ch) > 0 {
				excluded |= e.blend[ch]
			}
		}
		room &^= excluded
	}
	a.room = room
	if changed := serves ^ a.serves; changed != 0 {
		a.serves = serves
		e.servingChanged(a, changed)
	}
}

// countReady brings the counts of the agent's queues up to date, once a step:
// one who completes and is offered the next changes none.
func (a *agent) countReady() {
	if changed := a.room ^ a.counted; changed != 0 {
		a.counted = a.room
		for _, q := range a.queues {
			q.count(&q.ready, changed, a.room)
		}
	}
}

// count adds or takes one in each channel that changed.
func (q *queue) count(n *[channels]int32, changed, now uint8) {
	for ch := range channels {
		if bit := uint8(1) << ch; changed&bit != 0 {
			if now&bit != 0 {
				n[ch]++
			} else {
				n[ch]--
			}
		}
	}
}

func (q *queue) countSlots(a *agent, changed uint8) {
	for ch := range channels {
		switch bit := uint8(1) << ch; {
		case changed&bit == 0:
		case a.serves&bit != 0:
			q.slots[ch] += int32(a.capacity[ch])
		default:
			q.slots[ch] -= int32(a.capacity[ch])
		}
	}
}

func (e *Engine) servingChanged(a *agent, changed uint8) {
	for _, q := range a.queues {
		q.count(&q.serving, changed, a.serves)
		q.countSlots(a, changed)
		for ch := range channels {
			if changed&^a.serves>>ch&1 != 0 {
				e.checkNobody(q, ch)
			}
		}
	}
	for i := range a.slots {
		c := a.slots[i].cls
		bit := uint8(1) << c.ch
		switch {
		case changed&bit == 0:
		case a.serves&bit != 0:
			c.serving++
		default:
			c.serving--
			e.recheck(c)
		}
	}
	if changed&^a.serves != 0 {
		e.reopen(a)
	}
}

// place puts the agent into, or takes it out of, the choice of each class.
func (a *agent) place() {
	if a.room == 0 && a.inIdle == 0 {
		return
	}
	for i := range a.slots {
		s := &a.slots[i]
		if a.room&(1<<s.cls.ch) != 0 {
			s.cls.pushIdle(a, i)
		} else {
			s.cls.dropIdle(s)
		}
	}
}

// setPresence takes what the agent or a supervisor chose.
func (e *Engine) setPresence(ev SetPresence) string {
	a := e.agent(ev.Agent)
	switch {
	case a == nil:
		return RefusedUnknownAgent
	case ev.Presence != Offline && ev.Presence != Ready && ev.Presence != NotReady:
		return RefusedPresence
	case a.presence == ev.Presence && a.reason == ev.Reason:
		return RefusedUnchanged
	}
	was := a.presence
	a.missed = 0
	e.present(a, ev.Presence, ev.Reason, CauseChosen)
	if a.presence == Ready && was != Ready {
		a.idleSince = e.now
	}
	if a.presence != Ready {
		e.revokeAll(a, CauseUnready)
	}
	e.watch(a)
	return RefusedNone
}

func (e *Engine) present(a *agent, p Presence, reason, cause string) {
	a.stance, a.since = e.stance(stance{p, reason, cause}), e.now
	e.dirtyAgent(a)
	e.refresh(a)
}

// connected takes the number of the agent's live browsers.
func (e *Engine) connected(ev Connected) string {
	a := e.agent(ev.Agent)
	n := int16(min(max(ev.N, 0), mostHeld))
	switch {
	case a == nil:
		return RefusedUnknownAgent
	case a.browsers == n:
		return RefusedUnchanged
	}
	if (a.browsers > 0) != (n > 0) {
		e.dirtyAgent(a)
		for _, q := range a.queues {
			if n > 0 {
				q.online++
			} else {
				q.online--
			}
		}
	}
	a.browsers = n
	e.refresh(a)
	e.watch(a)
	return RefusedNone
}

// watch runs the grace of an agent who has no browser but something to lose.
func (e *Engine) watch(a *agent) {
	switch {
	case a.browsers > 0 || a.presence == Offline && a.held == nil:
		e.timers.stopAgent(a)
	case a.timer.at == 0:
		e.timers.setAgent(a, e.now+e.grace)
	}
}

// lose takes everything from an agent who is gone: offered and active work goes
// to the front of its queue, wrap-up is closed as completed, and what waited for
// this agent only is released.
func (e *Engine) lose(a *agent, cause string) {
	e.timers.stopAgent(a)
	a.missed = 0
	if a.presence != Offline || cause != CauseLost {
		e.present(a, Offline, "", cause)
	}
	for a.held != nil {
		w := a.held
		switch w.state {
		case offered:
			e.endOffer(w, Revoked)
			e.returnToQueue(w, cause, true)
		case active:
			e.letGo(w)
			e.returnToQueue(w, cause, true)
		default:
			e.end(w, Completed, cause)
		}
	}
	var waiting []*work
	for _, c := range a.reserved() {
		c.line.each(func(w *work) bool { waiting = append(waiting, w); return true })
	}
	sortWorks(waiting)
	for _, w := range waiting {
		e.leaveLine(w)
		e.returnToQueue(w, cause, w.front)
	}
}

// reopen lets others have the work that was kept for this agent and is no more.
func (e *Engine) reopen(a *agent) {
	for _, c := range a.reserved() {
		var open []*work
		c.line.each(func(w *work) bool {
			if w.kept && !e.keeps(w) {
				open = append(open, w)
			}
			return true
		})
		for _, w := range open {
			e.leaveLine(w)
			e.stay(w)
		}
	}
}

// reserved lists the classes whose work waits for this agent only.
func (a *agent) reserved() []*class {
	var cs []*class
	for i := range a.slots {
		if c := a.slots[i].cls; c.only == a {
			cs = append(cs, c)
		}
	}
	return cs
}

// revokeAll takes back the agent's pending offers; the work keeps its place.
func (e *Engine) revokeAll(a *agent, cause string) {
	for a.offered > 0 {
		w := a.held
		for w.state != offered {
			w = w.next
		}
		e.endOffer(w, Revoked)
		e.returnToQueue(w, cause, w.front)
	}
}
