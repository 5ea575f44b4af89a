package media

import (
	"time"
)

// keep reports for all legs and notices who fell silent, a part of them at a time.
func (h *Host) keep() {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	var lines []*line
	for {
		select {
		case <-h.stop:
			return
		case <-ticker.C:
		}
		h.mu.Lock()
		clear(lines)
		lines = lines[:0]
		for l := range h.lines {
			lines = append(lines, l)
		}
		h.mu.Unlock()
		now := h.now()
		for _, l := range lines {
			l.keep(now)
		}
	}
}

// rarer is how often the time until Silent comes again doubles.
const rarer = 3

// keep does what is due for one leg.
func (l *line) keep(now time.Duration) {
	b := l.lock()
	if quiet := now - max(l.last, l.toldAt); !l.closed && l.begun && l.expects && quiet > l.host.config.SilentAfter<<min(l.silences, rarer) {
		l.silences++
		l.toldAt = now
		l.events.note(Silent{now - l.last})
	}
	if !l.closed && l.begun && now >= l.reportAt {
		if l.reportAt > 0 {
			// A report that cannot be sent is not missed: the next one says it all.
			_ = l.keeper(now)
		}
		every := l.host.config.ReportEvery
		// Half to one and a half, so that legs do not report together.
		l.reportAt = now + every/2 + time.Duration(random32())%every
	}
	b.mu.Unlock()
	l.events.flush()
}
