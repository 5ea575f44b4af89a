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

// keep does what is due for one leg.
func (l *line) keep(now time.Duration) {
	b := l.lock()
	if quiet := now - l.last; !l.closed && l.begun && l.expects && !l.silent && quiet > l.host.config.SilentAfter {
		l.silent = true
		l.events.note(Silent{quiet})
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
