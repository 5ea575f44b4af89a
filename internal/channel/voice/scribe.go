package voice

import (
	"maps"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// scribe writes what is noted of the legs of all calls, and of calls that phones made: those of a tenant that were
// noted within a moment in one write, one write after another, so that the last word
// wins and no call waits for the disk. What cannot be written while the database is
// away waits in memory, for as long as that takes.
type scribe struct {
	put  func(t id.Tenant, some []noted) error // durable; Unavailable: later
	lose func(t id.Tenant, n noted, why error) // of what is not written at all
	stop <-chan struct{}                       // closed when the process ends
	run  func(func())                          // in a goroutine that is waited for
	most int                                   // notes that may wait

	mu      sync.Mutex
	waiting map[id.Tenant]map[string]noted // by the leg's id
	held    int                            // notes in waiting
	busy    bool
	failed  int // attempts that did not write, of all times
	lost    int // notes that were not written, of all times
}

type noted struct {
	who    Caller
	leg    leg
	office *store.OfficeCallRow // a phone's call, in the place of a leg
}

// id names what is noted.
func (n noted) id() string {
	if n.office != nil {
		return n.office.ID
	}
	return n.leg.row.ID
}

// Writing what was noted of legs.
const (
	writeGather = 25 * time.Millisecond // how long a note waits for others
	writeMost   = 100                   // legs in one write
	writeTimes  = 5                     // attempts at the end
	writeAgain  = time.Second
	// notedMost is how many legs may wait for the database: some 40 MB.
	notedMost = 20_000
)

// NoteStats is how what is noted of calls fares.
type NoteStats struct {
	Waiting int // legs that wait to be written
	Failed  int // attempts that failed since the start
	Lost    int // legs that were not written, or not as they were last, since the start
}

func (s *scribe) stats() NoteStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return NoteStats{Waiting: s.held, Failed: s.failed, Lost: s.lost}
}

// note has a leg written as it is now.
func (s *scribe) note(t id.Tenant, n noted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.keep(t, n, true) {
		s.lost++
		s.lose(t, n, errs.New(errs.Limited, "Too many legs wait for the database."))
		return
	}
	if !s.busy {
		s.busy = true
		s.run(s.write)
	}
}

// keep lets a note wait, in the place of an older one of its leg. The lock is held.
func (s *scribe) keep(t id.Tenant, n noted, newer bool) bool {
	of := s.waiting[t]
	if _, known := of[n.id()]; known {
		if newer {
			of[n.id()] = n
		}
		return true
	}
	if newer && s.held >= s.most {
		return false
	}
	if s.waiting == nil {
		s.waiting = map[id.Tenant]map[string]noted{}
	}
	if of == nil {
		of = map[string]noted{}
		s.waiting[t] = of
	}
	of[n.id()] = n
	s.held++
	return true
}

// take takes all that waits; nil ends the writing.
func (s *scribe) take() map[id.Tenant]map[string]noted {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.waiting
	s.waiting, s.held, s.busy = nil, 0, len(all) > 0
	return all
}

// write writes all that was noted, until nothing waits any more.
func (s *scribe) write() {
	pause, inVain := writeGather, 0
	for {
		stopping := false
		select {
		case <-time.After(pause):
		case <-s.stop:
			stopping = true
		}
		all := s.take()
		if len(all) == 0 {
			return
		}
		pause = writeGather
		var why error
		for t, of := range all {
			left, err := s.putAll(t, slices.Collect(maps.Values(of)))
			if why = cmpErr(err, why); stopping && inVain+1 >= writeTimes {
				s.loseAll(t, left, err)
				continue
			}
			s.mu.Lock()
			for _, n := range left {
				s.keep(t, n, false)
			}
			s.mu.Unlock()
		}
		if inVain++; why == nil {
			inVain = 0
		} else {
			pause = writeAgain
		}
	}
}

// cmpErr is the first error, if there is one, else the other.
func cmpErr(one, other error) error {
	if one != nil {
		return one
	}
	return other
}

// putAll writes legs of a tenant and gives back those that are to be tried again. One
// that cannot be written does not keep the others from it.
func (s *scribe) putAll(t id.Tenant, all []noted) (left []noted, why error) {
	for len(all) > 0 {
		some := all[:min(writeMost, len(all))]
		err := s.put(t, some)
		switch {
		case errs.Is(err, errs.Unavailable):
			s.mu.Lock()
			s.failed++
			s.mu.Unlock()
			return append(left, all...), err
		case err != nil && len(some) > 1:
			for i := range some {
				again, err := s.putAll(t, some[i:i+1])
				left, why = append(left, again...), cmpErr(why, err)
			}
		case err != nil:
			s.loseAll(t, some, err)
		}
		all = all[len(some):]
	}
	return left, why
}

func (s *scribe) loseAll(t id.Tenant, some []noted, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range some {
		s.lost++
		s.lose(t, n, why)
	}
}
