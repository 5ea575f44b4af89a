package acd

// Subject is what a coming event is about: whose it is, which work, and into which
// queue work comes. What it does not concern is "".
type Subject struct {
	Agent, Work, Queue string
}

// ahead is how many events Expect looks at together: what they need fits into a
// processor's first cache.
const ahead = 32

// Expect reads what the next events will need, for many of them side by side. In a
// large organisation each such read waits for memory, and one event's reads wait
// for one another: what an agent holds is known once the agent is there. Here the
// waits of all overlap. It changes nothing; an event may come unexpected, and an
// expected one not.
func (e *Engine) Expect(next []Subject) {
	var (
		agents [ahead]*agent
		works  [4 * ahead]*work
		queues [ahead]*queue
	)
	for len(next) > 0 {
		n := min(len(next), ahead)
		as, ws, qs := agents[:0], works[:0], queues[:0]
		for i := range next[:n] {
			s := &next[i]
			if s.Agent != "" {
				if a := e.agents.peek(s.Agent); a != nil {
					as = append(as, a)
				}
			}
			if s.Work != "" {
				if w := e.works.peek(s.Work); w != nil {
					ws = append(ws, w)
				}
			}
			if s.Queue != "" {
				if q := e.queues.peek(s.Queue); q != nil {
					qs = append(qs, q)
				}
			}
		}
		for _, a := range as {
			if e.read += int(a.inIdle) + len(a.tops); a.held != nil {
				ws = append(ws, a.held)
			}
		}
		for _, q := range qs {
			e.read += q.waiting + len(q.keys) + int(q.pace.last) + q.cfg.Priority + int(q.cfg.ServiceLevel)
		}
		for _, w := range ws {
			if e.read += int(w.state) + int(w.answered); w.state == wrapping { // it ends: all of it is cleared
				e.read += int(w.due) + w.priority
			}
		}
		found := ws
		for _, a := range as {
			if e.read += letter(a.id); a.held == nil || a.held.state == wrapping {
				if w := e.likely(a); w != nil {
					found = append(found, w)
				}
			}
		}
		found = found[len(ws):]
		for _, w := range found {
			e.read += int(w.state) + int(w.answered) + int(w.due)
		}
		for _, w := range ws {
			q := w.q
			if e.read += q.waiting + int(q.pace.last) + int(q.cfg.WrapUp) + letter(w.id) + letter(w.offer); w.state == wrapping {
				e.read += int(e.works.slots[e.works.home(w.tag)].tag)
			}
		}
		for _, w := range found {
			e.read += w.q.waiting + int(w.q.cfg.OfferTimeout) + letter(w.id) + w.cls.line.size
		}
		for _, w := range found {
			e.read += w.cls.line.begin()
		}
		for _, q := range qs {
			for _, c := range q.classes[:min(len(q.classes), 4)] {
				e.read += c.line.end()
			}
		}
		next = next[n:]
	}
}

// likely is the work that a would get now if it had room in every channel.
func (e *Engine) likely(a *agent) *work {
	first, at := int64(none), uint32(0)
	for _, t := range a.tops {
		if due := e.tops[t>>channelBits]; due < first {
			first, at = due, t>>channelBits
		}
	}
	if first == none {
		return nil
	}
	return e.firsts[at]
}

// letter reads the first of an id.
func letter(id string) int {
	if id == "" {
		return 0
	}
	return int(id[0])
}

// begin and end read where work leaves and where it comes.
func (l *line) begin() int {
	due, _ := l.first()
	return int(due)
}

func (l *line) end() int {
	if l.size == 0 {
		return 0
	}
	at := l.blocks[len(l.blocks)-1].at
	return int(at[len(at)-1].due)
}
