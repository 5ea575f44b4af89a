package voice

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// shelf is a database of legs that can be away.
type shelf struct {
	mu   sync.Mutex
	away bool
	bad  map[string]bool
	sip  map[string]int // by tenant and leg
	lost map[string]int
}

func (s *shelf) put(t id.Tenant, some []noted) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errs.New(errs.Unavailable, "It is away.")
	}
	for _, n := range some {
		if s.bad[n.id()] {
			return errs.New(errs.NotFound, "Its contact is gone.")
		}
	}
	for _, n := range some {
		s.sip[string(t)+"/"+n.id()] = n.leg.row.SIPCode
		if n.office != nil {
			s.sip[string(t)+"/"+n.id()] = n.office.Q850
		}
	}
	return nil
}

func (s *shelf) lose(t id.Tenant, n noted, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost[string(t)+"/"+n.id()]++
}

func (s *shelf) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// scribes gives a scribe over such a database. Close its stop to end it.
func scribes(most int) (*scribe, *shelf, chan struct{}, *sync.WaitGroup) {
	db := &shelf{bad: map[string]bool{}, sip: map[string]int{}, lost: map[string]int{}}
	stop, running := make(chan struct{}), &sync.WaitGroup{}
	return &scribe{put: db.put, lose: db.lose, stop: stop, run: running.Go, most: most}, db, stop, running
}

func legNote(key string, sip int) noted {
	return noted{leg: leg{row: store.LegRow{ID: key, SIPCode: sip}}}
}

// However long the database is away, legs are noted once it is back, as they were last;
// one that cannot be noted keeps no other from it.
func TestLegsAreNotedHoweverLongTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, db, _, running := scribes(notedMost)
		db.set(true)
		want := map[string]int{}
		for i := range 250 {
			s.note("ten_1", legNote(fmt.Sprint(i), 100))
			want[fmt.Sprint("ten_1/", i)] = 100
		}
		s.note("ten_2", legNote("0", 180))
		time.Sleep(3 * time.Hour)
		s.note("ten_1", legNote("7", 200)) // ended meanwhile
		s.note("ten_1", legNote("bad", 200))
		want["ten_1/7"], want["ten_2/0"] = 200, 180
		if n := s.stats(); n.Waiting+len(db.sip) != 252 || n.Lost != 0 || n.Failed < 3000 {
			t.Errorf("while it is away: %+v", n)
		}
		db.bad["bad"] = true
		db.set(false)
		running.Wait()
		if !maps.Equal(db.sip, want) {
			t.Errorf("%d legs are noted, want %d; leg 7 as %d", len(db.sip), len(want), db.sip["ten_1/7"])
		}
		if n := s.stats(); n.Waiting != 0 || n.Lost != 1 || db.lost["ten_1/bad"] != 1 {
			t.Errorf("afterwards: %+v, lost %v", n, db.lost)
		}
		s.note("ten_1", legNote("later", 100))
		running.Wait()
		if db.sip["ten_1/later"] != 100 {
			t.Error("it does not write any more")
		}
	})
}

// What waits is bounded: more is counted as lost, and what waits still gets its last word.
func TestLegsThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, db, _, running := scribes(10)
		db.set(true)
		for i := range 12 {
			s.note("ten_1", legNote(fmt.Sprint(i), 100))
		}
		s.note("ten_1", legNote("3", 200))
		if n := s.stats(); n.Waiting != 10 || n.Lost != 2 || db.lost["ten_1/10"]+db.lost["ten_1/11"] != 2 {
			t.Errorf("%+v, lost %v", n, db.lost)
		}
		db.set(false)
		running.Wait()
		if len(db.sip) != 10 || db.sip["ten_1/3"] != 200 {
			t.Errorf("noted %v", db.sip)
		}
	})
}

// The end of the process waits for a database that is away only a few attempts.
func TestTheEndDoesNotWaitForADatabaseThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, db, stop, running := scribes(10)
		db.set(true)
		s.note("ten_1", legNote("1", 100))
		time.Sleep(time.Minute)
		close(stop)
		began := time.Now()
		running.Wait()
		if took := time.Since(began); took > 2*writeAgain || db.lost["ten_1/1"] != 1 {
			t.Errorf("after %s, lost %v", took, db.lost)
		}
	})
}

// Calls of phones wait among the legs, in one goroutine however long the database is
// away, and as many as may; what was said of one last is what is written.
func TestCallsOfPhonesWaitAmongTheLegs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, db, stop, running := scribes(3)
		db.set(true)
		goroutines := 0
		run := s.run
		s.run = func(fn func()) {
			goroutines++
			run(fn)
		}
		call := func(id string, q850 int) { s.note("ten_1", noted{office: &store.OfficeCallRow{ID: id, Q850: q850}}) }
		call("a", 1)
		call("b", 2)
		s.note("ten_1", noted{leg: leg{row: store.LegRow{ID: "c", SIPCode: 3}}})
		call("d", 4)
		call("a", 16)
		time.Sleep(time.Hour)
		if st := s.stats(); st.Waiting != 3 || st.Lost != 1 || goroutines != 1 {
			t.Errorf("%+v, by %d goroutines", st, goroutines)
		}
		db.set(false)
		time.Sleep(time.Minute)
		if got := fmt.Sprint(db.sip, db.lost); got != "map[ten_1/a:16 ten_1/b:2 ten_1/c:3] map[ten_1/d:1]" {
			t.Errorf("what is stored, and lost: %s", got)
		}
		close(stop)
		running.Wait()
	})
}
