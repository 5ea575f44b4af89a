package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// shelf is a collector whose connection the test makes and ends.
type shelf struct {
	number uint64 // of the connection that is open
	room   int    // entries that it takes before the connection ends; below 0: all
	came   []string
	text   bytes.Buffer
}

func (s *shelf) Connection() uint64 { return s.number }

func (s *shelf) Send(number uint64, entries []audit.Sent) error {
	if s.number == 0 || number != s.number {
		return errors.New("not this connection")
	}
	for _, e := range entries {
		if s.room == 0 {
			s.number = 0
			return errors.New("the connection ended")
		}
		s.room--
		s.came = append(s.came, e.Data[0][1][len(e.Data[0][1])-1:]+e.Data[1][1])
		fmt.Fprintf(&s.text, "<109>1 2026-11-23T09:00:00.000000Z host nubitalk 1 audit - %s\n", e.Text)
	}
	return nil
}

func sender(db *store.DB, c *clock.Virtual, to *shelf, node string) *audit.Sender {
	return audit.NewSender(audit.SenderDeps{DB: db, To: to, Settled: time.Minute, Clock: c, Log: slog.New(slog.DiscardHandler), Node: node})
}

// operated makes an operator beside the two tenants.
func operated(t *testing.T, db *store.DB) {
	t.Helper()
	must(t, db.System(t.Context(), func(tx *store.Tx) error {
		return tx.InsertOrganisation(store.OrganisationRow{ID: "opr_00000000000000000000000001", Kind: "operator", Slug: "operator", Name: "Operator", Status: "active", Language: "en", TimeZone: "UTC", CreatedAt: start, UpdatedAt: start})
	}))
}

func (s *shelf) wantCame(t *testing.T, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.came); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	s.came = nil
}

// Each entry of every organisation reaches the collector at least once, whatever ends
// between: the connection, the program, the lease of the node that sent.
func TestEntriesAreSentAtLeastOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, c := setup(t, db)
		operated(t, db)
		a, b := string(tenA)[len(tenA)-1:], string(tenB)[len(tenB)-1:]
		to := &shelf{room: -1}
		one := sender(db, c, to, "one")
		round := func(s *audit.Sender) {
			t.Helper()
			if err := s.Round(t.Context()); err != nil && to.number != 0 {
				t.Fatal(err)
			}
		}
		waiting := func(s *audit.Sender, want int64) {
			t.Helper()
			if _, n := s.Stats(); n != want {
				t.Errorf("%d entries wait, want %d", n, want)
			}
		}
		noted := func(tenant id.Tenant) (sent int64) {
			t.Helper()
			must(t, db.SystemRead(t.Context(), func(tx *store.Tx) error {
				behind, err := tx.AuditsBehind()
				for _, b := range behind {
					if b.Tenant == tenant {
						sent = b.Sent
					}
				}
				return err
			}))
			return sent
		}
		for i := range 3 {
			record(t, db, l, tenA, "contact.seen", map[string]string{"n": fmt.Sprint(i)})
		}
		record(t, db, l, tenB, "other", nil)
		round(one)
		to.wantCame(t, "without a connection")
		waiting(one, 4)

		to.number = 1
		round(one)
		to.wantCame(t, "what waited", a+"1", a+"2", a+"3", b+"1")
		round(one)
		to.wantCame(t, "nothing twice while the connection lasts")
		waiting(one, 0)
		c.Advance(30 * time.Second)
		record(t, db, l, tenA, "four", nil)
		round(one)
		to.wantCame(t, "the next", a+"4")
		if n := noted(tenA); n != 0 {
			t.Errorf("%d entries count as arrived after half a minute", n)
		}

		to.number = 2 // the connection ended before that
		round(one)
		to.wantCame(t, "what nobody knows of", a+"1", a+"2", a+"3", a+"4", b+"1")
		c.Advance(40 * time.Second)
		record(t, db, l, tenA, "five", nil)
		round(one)
		to.wantCame(t, "the fifth", a+"5")
		c.Advance(20 * time.Second)
		round(one)
		if n := noted(tenA); n != 4 {
			t.Errorf("%d entries count as arrived, want those of a minute ago", n)
		}

		to.number, to.room = 3, 1 // it ends in the middle
		record(t, db, l, tenA, "six", nil)
		round(one)
		to.wantCame(t, "until it ended", a+"5")
		to.number, to.room = 4, -1
		round(one)
		to.wantCame(t, "again", a+"5", a+"6")

		// Another node waits while the first one has the lease, and begins where it is noted.
		there := &shelf{number: 1, room: -1}
		two := sender(db, c, there, "two")
		must(t, two.Round(t.Context()))
		there.wantCame(t, "while another sends")
		c.Advance(31 * time.Second)
		must(t, two.Round(t.Context()))
		there.wantCame(t, "of a node that is gone", a+"5", a+"6")
		record(t, db, l, tenA, "seven", nil)
		round(one)
		to.wantCame(t, "of the node that lost the lease")
		c.Advance(time.Minute)
		must(t, two.Round(t.Context()))
		there.wantCame(t, "the last", a+"7")
		c.Advance(time.Minute)
		must(t, two.Round(t.Context()))
		if n := noted(tenA); n != 0 {
			t.Errorf("the log is behind at %d after all has arrived", n)
		}
		wantWhole(t, l, tenA, 7)

		got, err := audit.VerifyCollected(&to.text)
		must(t, err)
		if len(got) != 2 || !got[0].Whole() || !got[1].Whole() || got[0].Entries != 6 || got[0].First != 1 || got[0].Last != 6 || got[0].Repeated != 6 || got[1].Entries != 1 || got[0].Organisation != tenA {
			t.Errorf("%+v", got)
		}
	})
}

// What retention removed before it was sent is passed over, and the rest still goes.
func TestWhatEndedBeforeItWasSentIsPassedOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, c := setup(t, db)
		operated(t, db)
		for range 3 {
			record(t, db, l, tenA, "old", nil)
		}
		c.Advance(time.Hour)
		record(t, db, l, tenA, "new", nil)
		must(t, db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			_, err := l.Trim(tx, start.Add(time.Minute))
			return err
		}))
		to := &shelf{number: 1, room: -1}
		var out bytes.Buffer
		s := sender(db, c, to, "one")
		s.Log = slog.New(slog.NewTextHandler(&out, nil))
		must(t, s.Round(t.Context()))
		a := string(tenA)[len(tenA)-1:]
		to.wantCame(t, "the rest", a+"4", a+"5")
		if !strings.Contains(out.String(), "ended before they were sent") || !strings.Contains(out.String(), "from=1 to=3") {
			t.Error(out.String())
		}
		got, err := audit.VerifyCollected(&to.text)
		must(t, err)
		if len(got) != 1 || !got[0].Whole() || got[0].First != 4 {
			t.Errorf("%+v", got)
		}
	})
}

// Whoever changes what a collector wrote down is found.
func TestWhatACollectorKeptIsVerified(t *testing.T) {
	db := storetest.Open(t, store.SQLite)
	l, c := setup(t, db)
	operated(t, db)
	for i := range 4 {
		record(t, db, l, tenA, "contact.seen", map[string]string{"n": fmt.Sprint(i)})
	}
	to := &shelf{number: 1, room: -1}
	must(t, sender(db, c, to, "one").Round(t.Context()))
	lines := strings.SplitAfter(strings.TrimSuffix(to.text.String(), "\n"), "\n")
	for what, one := range map[string]struct {
		lines []string
		fault string
	}{
		"as it came":        {lines, ""},
		"among other lines": {append([]string{"<28>1 - - - - - - {\"msg\":\"x\"}\n", "\n"}, lines...), ""},
		"again":             {append(append([]string{}, lines...), append([]string{"\n"}, lines[1:]...)...), ""},
		"one is missing":    {[]string{lines[0], lines[2], lines[3]}, "Entry 2 is missing."},
		"changed":           {[]string{lines[0], strings.Replace(lines[1], "contact.seen", "contact.exported", 1), lines[2]}, "Entry 2 was changed."},
		"changed when it came again": {append(append([]string{}, lines...), "\n", strings.Replace(lines[1], "contact.seen", "contact.exported", 1)),
			"Entry 2 was changed: it is there twice, and differs."},
		"the detail": {[]string{lines[0], strings.Replace(lines[1], `n\":\"1`, `n\":\"9`, 1)}, "Entry 2 was changed."},
	} {
		got, err := audit.VerifyCollected(strings.NewReader(strings.Join(one.lines, "")))
		must(t, err)
		if len(got) != 1 || got[0].Fault != one.fault {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if got, err := audit.VerifyCollected(strings.NewReader("nothing of it\n")); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}
