package acd

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"strings"
)

// class is all waiting work of a queue that the same agents can take: one
// channel and one set of needs, or one channel and the only agent who may have
// it. It keeps that work in order, and those of its agents who have room now in
// the order in which they are chosen. Matching looks at the first of each
// instead of at all work or all agents. Making a class costs a look at all of
// the queue's agents; it is kept for the next work of its kind.
type class struct {
	line    line
	idle    []idleItem
	number  int32   // its entry in Engine.tops
	serving int32   // agents who are at work here, with room or without
	refused []*work // waiting works that some agent declined or missed

	q     *queue
	ch    int8
	level int8 // steps of loosening in force
	key   string
	needs []SkillNeed // the queue's and the work's, the highest level of each
	wants []SkillNeed
	only  *agent // who alone may have it, or for whom it is kept
}

// slot is an agent's place in a class.
type slot struct {
	cls  *class
	pos  int32 // place in cls.idle, plus one; 0 when not in it
	prof int32 // proficiency: the sum of the agent's levels in the class's needs
	want int32 // the sum of its levels in the wants that it meets
}

// idleItem is an agent's place in the choice (doc.go, Choice).
type idleItem struct {
	rank  int64 // lower goes first; holds what the queue's Choice asks first
	since int64 // then who was idle, or last offered work, longest ago
	prof  int32 // then the most proficient
	slot  int32
	a     *agent
}

func (x *idleItem) before(y *idleItem) bool {
	switch {
	case x.rank != y.rank:
		return x.rank < y.rank
	case x.since != y.since:
		return x.since < y.since
	case x.prof != y.prof:
		return x.prof > y.prof
	}
	return x.a.id < y.a.id
}

// rankBits is room for one figure in a rank.
const rankBits = 20

// item is the agent's place in the choice of slot i's class now.
func (a *agent) item(i int) idleItem {
	s := &a.slots[i]
	x := idleItem{since: a.idleSince, prof: s.prof, slot: int32(i), a: a}
	figure := func(n int64) int64 { return min(n, 1<<rankBits-1) }
	const most = 1<<rankBits - 1
	x.rank = (most - figure(int64(s.want))) << (2 * rankBits)
	switch s.cls.q.cfg.Choice {
	case MostProficient:
		x.rank |= (most-figure(int64(s.prof)))<<rankBits | figure(int64(a.load()))
	case LeastLoaded:
		x.rank |= figure(int64(a.load()) * 1000 / int64(max(a.places(), 1)))
	case RoundRobin:
		x.since = a.lastOffer
	default:
		x.rank |= figure(int64(a.load()))
	}
	return x
}

// maxClasses is how many classes without waiting work a queue keeps.
const maxClasses = 128

// classOf finds or makes the class in which w waits.
func (e *Engine) classOf(w *work) *class {
	q, level := w.q, e.level(w)
	only := w.only
	if only == nil && w.kept {
		only = e.agents.get(w.preferred)
	}
	e.key = append(e.key[:0], byte(w.ch))
	if only != nil {
		e.key = append(append(e.key, 0), only.id...)
	} else {
		e.needs = canonical(eased(e.needs[:0], w.needs, q.ease(level)))
		e.wants = canonical(append(e.wants[:0], w.wants...))
		e.key = append(e.key, byte(level)+1)
		e.key = appendNeeds(e.key, e.needs)
		if len(e.wants) > 0 {
			e.key = appendNeeds(append(e.key, 0), e.wants) // a level is never 0
		}
	}
	hash := maphash.Bytes(e.seed, e.key)
	for i, h := range q.keys {
		if c := q.classes[i]; h == hash && c.key == string(e.key) {
			return c
		}
	}
	e.trimClasses(q)
	c := e.newClass(class{q: q, ch: w.ch, level: level, key: string(e.key), only: only})
	q.classes, q.keys = append(q.classes, c), append(q.keys, hash)
	if c.only != nil {
		e.attach(c.only, c)
		return c
	}
	c.needs = canonical(append(slices.Clone(q.needs(level)), e.needs...))
	c.wants = canonical(append(slices.Clone(q.cfg.Wants), e.wants...))
	for _, a := range q.members {
		e.admitTo(c, a)
	}
	for _, h := range q.helpers {
		if h.level <= level {
			e.admitTo(c, h.a)
		}
	}
	return c
}

// admitTo makes a one of the agents of c if it has the skills.
func (e *Engine) admitTo(c *class, a *agent) {
	if c.only == nil && a.known && a.meets(c.needs) {
		e.attach(a, c)
	}
}

func appendNeeds(key []byte, needs []SkillNeed) []byte {
	for _, n := range needs {
		key = binary.AppendUvarint(key, uint64(n.Level))
		key = append(binary.AppendUvarint(key, uint64(len(n.Skill))), n.Skill...)
	}
	return key
}

// eased appends the needs with so many levels off; one at or below 0 is dropped.
func eased(to, needs []SkillNeed, off int) []SkillNeed {
	for _, n := range needs {
		if n.Level = max(n.Level, 1) - off; n.Level > 0 {
			to = append(to, n)
		}
	}
	return to
}

// none is the top of a class in which nothing waits: after everything.
const none = math.MaxInt64

// newClass numbers a class. The due times of the first in each class stand side
// by side in Engine.tops, so that an agent finds its best work without touching
// every class that it serves.
func (e *Engine) newClass(c class) *class {
	if n := len(e.freeTops); n > 0 {
		c.number = e.freeTops[n-1]
		e.freeTops = e.freeTops[:n-1]
	} else {
		c.number = int32(len(e.tops))
		e.tops = append(e.tops, none)
		e.firsts = append(e.firsts, nil)
	}
	return &c
}

// noteTop is called after a change of what waits in c.
func (e *Engine) noteTop(c *class) {
	e.tops[c.number], e.firsts[c.number] = c.line.first()
}

// canonical sorts needs by skill, keeps the highest level of each and takes a
// level below 1 as 1. It works in place.
func canonical(needs []SkillNeed) []SkillNeed {
	for i := range needs {
		needs[i].Level = max(needs[i].Level, 1)
	}
	slices.SortFunc(needs, func(a, b SkillNeed) int {
		if c := strings.Compare(a.Skill, b.Skill); c != 0 {
			return c
		}
		return b.Level - a.Level
	})
	return slices.CompactFunc(needs, func(a, b SkillNeed) bool { return a.Skill == b.Skill })
}

// trimClasses drops the queue's oldest empty class when it has too many.
func (e *Engine) trimClasses(q *queue) {
	if len(q.classes) < maxClasses {
		return
	}
	for _, c := range q.classes {
		if c.line.size == 0 {
			e.dropClass(c)
			return
		}
	}
}

// dropClass takes an empty class out of its queue and its agents.
func (e *Engine) dropClass(c *class) {
	e.freeTops = append(e.freeTops, c.number)
	i := slices.Index(c.q.classes, c)
	c.q.classes, c.q.keys = slices.Delete(c.q.classes, i, i+1), slices.Delete(c.q.keys, i, i+1)
	drop := func(a *agent) {
		if i := a.slotOf(c); i >= 0 {
			e.detach(a, i)
		}
	}
	if c.only != nil {
		drop(c.only)
		return
	}
	for _, a := range c.q.members {
		drop(a)
	}
	for _, h := range c.q.helpers {
		drop(h.a)
	}
}

// attach makes a one of the agents of c, which a must be able to serve.
func (e *Engine) attach(a *agent, c *class) {
	s := slot{cls: c}
	for _, n := range c.needs {
		s.prof += int32(a.skills[n.Skill])
	}
	for _, n := range c.wants {
		if has := a.skills[n.Skill]; has >= n.Level {
			s.want += int32(has)
		}
	}
	a.slots = append(a.slots, s)
	a.tops = append(a.tops, uint32(c.number)<<channelBits|uint32(c.ch))
	if a.serves&(1<<c.ch) != 0 {
		c.serving++
	}
	if a.room&(1<<c.ch) != 0 {
		c.pushIdle(a, len(a.slots)-1)
	}
}

// detach takes a out of the class of its slot i.
func (e *Engine) detach(a *agent, i int) {
	c := a.slots[i].cls
	c.dropIdle(&a.slots[i])
	if a.serves&(1<<c.ch) != 0 {
		c.serving--
		e.recheck(c)
	}
	last := len(a.slots) - 1
	a.slots[i] = a.slots[last]
	a.slots = a.slots[:last]
	a.tops[i] = a.tops[last]
	a.tops = a.tops[:last]
	if i < last && a.slots[i].pos > 0 {
		a.slots[i].cls.idle[a.slots[i].pos-1].slot = int32(i)
	}
}

// recheck is called when an agent left the class: work that waited for somebody
// else than those who refused it may have nobody else now.
func (e *Engine) recheck(c *class) {
	for _, w := range c.refused {
		e.dirtyWork(w)
	}
}

// pushIdle puts the agent into the class's choice, or corrects its place.
func (c *class) pushIdle(a *agent, i int) {
	s, item := &a.slots[i], a.item(i)
	if s.pos == 0 {
		c.idle = append(c.idle, item)
		a.inIdle++
		c.idleUp(len(c.idle)-1, item)
		return
	}
	at := int(s.pos - 1)
	if !c.idleUp(at, item) {
		c.idleDown(at, item)
	}
}

func (c *class) dropIdle(s *slot) {
	if s.pos == 0 {
		return
	}
	i, last := int(s.pos-1), len(c.idle)-1
	s.pos = 0
	c.idle[i].a.inIdle--
	moved := c.idle[last]
	c.idle[last] = idleItem{}
	c.idle = c.idle[:last]
	if i == last {
		return
	}
	if !c.idleUp(i, moved) {
		c.idleDown(i, moved)
	}
}

func (c *class) putIdle(i int, item idleItem) {
	c.idle[i] = item
	item.a.slots[item.slot].pos = int32(i + 1)
}

func (c *class) idleUp(i int, item idleItem) bool {
	moved := false
	for i > 0 {
		parent := (i - 1) / 2
		if !item.before(&c.idle[parent]) {
			break
		}
		c.putIdle(i, c.idle[parent])
		i, moved = parent, true
	}
	c.putIdle(i, item)
	return moved
}

func (c *class) idleDown(i int, item idleItem) {
	for {
		child := 2*i + 1
		if child >= len(c.idle) {
			break
		}
		if child+1 < len(c.idle) && c.idle[child+1].before(&c.idle[child]) {
			child++
		}
		if !c.idle[child].before(&item) {
			break
		}
		c.putIdle(i, c.idle[child])
		i = child
	}
	c.putIdle(i, item)
}

// stand puts w into the class's line.
func (e *Engine) stand(w *work, c *class) {
	c.line.insert(w)
	if len(w.refused) > 0 {
		c.refused = append(c.refused, w)
	}
	e.noteTop(c)
	w.cls = c
	if c.q.waiting++; c.q.waiting == 1 {
		c.q.pace.since = e.now
	}
}

// leaveLine takes a waiting work out of line; the caller gives it a new state.
func (e *Engine) leaveLine(w *work) {
	c := w.cls
	c.line.remove(w)
	if len(w.refused) > 0 {
		at, end := slices.Index(c.refused, w), len(c.refused)-1
		c.refused[at], c.refused[end] = c.refused[end], nil
		c.refused = c.refused[:end]
	}
	e.noteTop(c)
	w.cls = nil
	c.q.waiting--
	e.timers.stopWork(w)
}
