package voice

import "time"

// How often a caller who waits is told its place.
const (
	placeEvery = 45 * time.Second // at most
	placeAgain = 2 * time.Minute  // also when nothing has changed
)

// told is what a caller who waits was told of its place, and what is known now.
// Its zero value is of a caller who comes to a queue.
type told struct {
	known    bool
	position int // 1 is next
	estimate int // seconds; below 0 is unknown
	said     string
	saidAt   time.Time
	due      time.Time // when a timer looks again
}

// next is when what is known now is to be said.
func (w told) next(text string) time.Time {
	switch w.said {
	case "":
		return w.saidAt
	case text:
		return w.saidAt.Add(placeAgain)
	}
	return w.saidAt.Add(placeEvery)
}

// place takes a caller's place in the queue.
func (c *call) place(position, estimate int) {
	w := &c.menu.told
	w.known, w.position, w.estimate = true, position, estimate
	c.tellPlace()
}

// tellPlace says a waiting caller's place when it is time to, else later.
func (c *call) tellPlace() {
	m, w := &c.menu, &c.menu.told
	if c.over || c.work.State != queued || !w.known || m.talking() { // after it talked this is asked again
		return
	}
	text, now := c.words().place(w.position, w.estimate), time.Now()
	if next := w.next(text); next.After(now) {
		if w.due.Equal(next) {
			return
		}
		w.due = next
		c.later(next.Sub(now), func() {
			if c.menu.told.due.Equal(next) {
				c.tellPlace()
			}
		})
		return
	}
	w.said, w.saidAt, w.due = text, now, time.Time{}
	m.script = append(m.script, text)
	c.speak()
}
