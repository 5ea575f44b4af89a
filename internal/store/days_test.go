package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func TestADaysWaitsAndWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		type held struct {
			kind, who  string
			from, till int
		}
		for i, c := range []struct {
			reason string
			held   []held
		}{
			{"completed", []held{{"flow", "flo_1", 0, 1}, {"queue", "que_1", 1, 10}, {"agent", "usr_1", 10, 90}}},                              // within 20 s
			{"completed", []held{{"queue", "que_1", 1, 21}, {"agent", "usr_1", 21, 90}}},                                                       // exactly 20 s
			{"completed", []held{{"queue", "que_1", 1, 22}, {"agent", "usr_1", 22, 90}}},                                                       // too late
			{"abandoned", []held{{"queue", "que_1", 1, 6}}},                                                                                    // exactly short
			{"abandoned", []held{{"queue", "que_1", 1, 5}}},                                                                                    // shorter
			{"completed", []held{{"queue", "que_1", 1, 5}, {"queue", "que_2", 5, 9}, {"agent", "usr_1", 9, 90}}},                               // moved on
			{"completed", []held{{"queue", "que_1", 1, 9}, {"agent", "usr_1", 9, 50}, {"queue", "que_2", 50, 60}, {"agent", "usr_2", 60, 90}}}, // transferred
			{"", []held{{"queue", "que_1", 80, 0}}},                                                                                            // still waiting
			{"completed", []held{{"queue", "que_2", 5, 9}, {"flow", store.LaterFlow, 20, 30}, {"queue", "que_2", 30, 70}}},                     // called once more
			{"completed", []held{{"queue", "que_1", -50, -40}, {"agent", "usr_1", -40, 90}}},                                                   // yesterday
		} {
			name := fmt.Sprintf("int_%d", i)
			talk(t, db, tenA, "con_1", name, at(0))
			write(t, db, tenA, func(tx *store.Tx) error {
				for n, h := range c.held {
					s := store.SegmentRow{InteractionID: name, Number: int64(n + 1), HolderKind: h.kind, HolderID: h.who, StartedAt: at(h.from)}
					if err := tx.PutSegment(s); err != nil {
						return err
					}
					if h.till != 0 {
						s.EndedAt, s.Cause = at(h.till), "moved"
						if err := tx.PutSegment(s); err != nil {
							return err
						}
					}
				}
				row, err := tx.Interaction(name)
				if c.reason == "" || err != nil {
					return err
				}
				row.State, row.CloseReason, row.ClosedAt = "closed", c.reason, at(90)
				return tx.UpdateInteraction(row)
			})
		}
		for _, c := range []struct {
			tenant id.Tenant
			queue  string
			want   measure.Counts
		}{
			{tenA, "que_1", measure.Counts{Offered: 8, Answered: 4, AnsweredInGoal: 3, Abandoned: 2, AbandonedInGoal: 1, ShortAbandoned: 1, Removed: 1,
				AnswerWait: (9 + 20 + 21 + 8) * time.Second, LongestWait: 21 * time.Second}},
			{tenA, "que_2", measure.Counts{Offered: 3, Answered: 2, AnsweredInGoal: 2, Removed: 1, AnswerWait: 14 * time.Second, LongestWait: 10 * time.Second}},
			{tenA, "que_3", measure.Counts{}},
			{tenB, "que_1", measure.Counts{}},
		} {
			read(t, db, c.tenant, func(tx *store.Tx) error {
				rows, err := tx.QueueWaits(c.queue, at(0), at(81))
				var got measure.Counts
				for _, r := range rows {
					if r.End == measure.StillWaiting {
						r.EndedAt = at(90)
					}
					got.Count(r.End, r.EndedAt.Sub(r.StartedAt), measure.Goal{Within: 20 * time.Second, Short: 5 * time.Second})
				}
				same(t, c.queue, c.want, got)
				ended, err3 := tx.EndedWaits(c.queue, at(0), at(81))
				same(t, "ended in "+c.queue, slices.DeleteFunc(rows, func(w store.WaitRow) bool { return w.End == measure.StillWaiting }), ended)
				before, err2 := tx.QueueWaits(c.queue, at(0), at(80)) // the end is not in it
				if c.want.Offered == 8 && len(before) != 7 {
					t.Errorf("%d came before", len(before))
				}
				return firstOf(err, err2, err3)
			})
		}
		read(t, db, tenA, func(tx *store.Tx) error {
			var running []store.SegmentRow
			err := tx.EachOpenSegment(func(s store.SegmentRow) error { running = append(running, s); return nil })
			same(t, "running", []store.SegmentRow{{InteractionID: "int_7", Number: 1, HolderKind: "queue", HolderID: "que_1", StartedAt: at(80)}}, running)
			all, err2 := tx.Segments("int_6")
			if len(all) != 4 || all[1].HolderID != "usr_1" || all[1].Cause != "moved" || !all[1].EndedAt.Equal(at(50)) {
				t.Errorf("segments: %+v", all)
			}
			return firstOf(err, err2)
		})
		write(t, db, tenA, func(tx *store.Tx) error {
			return tx.PutSegment(store.SegmentRow{InteractionID: "int_7", Number: 2, HolderKind: "agent", HolderID: "usr_1", StartedAt: at(81)})
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			got, err := tx.AgentWork(at(0), at(22)) // what began later is not in it
			same(t, "work", []store.AgentWorkRow{
				{UserID: "usr_1", QueueID: "que_1", StartedAt: at(9), EndedAt: at(50)},
				{UserID: "usr_1", QueueID: "que_1", StartedAt: at(-40), EndedAt: at(90)},
				{UserID: "usr_1", QueueID: "que_2", StartedAt: at(9), EndedAt: at(90)},
				{UserID: "usr_1", QueueID: "que_1", StartedAt: at(10), EndedAt: at(90)},
				{UserID: "usr_1", QueueID: "que_1", StartedAt: at(21), EndedAt: at(90)},
			}, got)
			one, err3 := tx.WorkOfAgent("usr_1", at(0), at(22))
			other, _ := tx.WorkOfAgent("usr_2", at(0), at(22))
			if len(one) != 5 || len(other) != 0 {
				t.Errorf("of one agent %d, of another %d", len(one), len(other))
			}
			rest, err2 := tx.AgentWork(at(50), at(60)) // what ended by then is not in it
			if len(rest) != 5 {
				t.Errorf("%d rows: %+v", len(rest), rest)
			}
			all, err4 := tx.AgentWork(at(50), at(90))
			ended, err5 := tx.EndedWork(at(50), at(90))
			same(t, "ended work", slices.DeleteFunc(all, func(w store.AgentWorkRow) bool { return w.EndedAt.IsZero() }), ended)
			return firstOf(err, err2, err3, err4, err5)
		})
		read(t, db, tenB, func(tx *store.Tx) error {
			got, err := tx.AgentWork(at(0), at(90))
			same(t, "another tenant's work", 0, len(got))
			err2 := tx.EachOpenSegment(func(s store.SegmentRow) error { t.Errorf("another tenant's segment: %+v", s); return nil })
			return firstOf(err, err2)
		})
	})
}

func TestAgentsDays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		for _, s := range []struct {
			user, presence string
			since          int
		}{{"usr_1", "ready", -500}, {"usr_1", "not_ready", -100}, {"usr_1", "ready", 30}, {"usr_1", "offline", 60}, {"usr_2", "ready", -900}} {
			write(t, db, tenA, func(tx *store.Tx) error {
				return tx.PutAgent(store.AgentRow{UserID: s.user, Presence: s.presence, Since: at(s.since)})
			})
		}
		days := func(tenant id.Tenant, from, to int) (out []string) {
			read(t, db, tenant, func(tx *store.Tx) error {
				rows, err := tx.AgentDays(at(from), at(to))
				for _, r := range rows {
					out = append(out, fmt.Sprintf("%s %s %v", r.UserID, r.Presence, r.Since.Sub(t0).Seconds()))
				}
				return err
			})
			return out
		}
		same(t, "the day", []string{"usr_1 not_ready -100", "usr_1 ready 30", "usr_2 ready -900"}, days(tenA, 0, 60))
		same(t, "from a change on", []string{"usr_1 ready 30", "usr_1 offline 60", "usr_2 ready -900"}, days(tenA, 30, 61))
		same(t, "before anything", []string(nil), days(tenA, -2000, -1000))
		read(t, db, tenA, func(tx *store.Tx) error {
			var out []string
			rows, err := tx.DaysOfAgent("usr_1", at(0), at(60))
			for _, r := range rows {
				out = append(out, fmt.Sprintf("%s %s %v", r.UserID, r.Presence, r.Since.Sub(t0).Seconds()))
			}
			same(t, "one agent's", []string{"usr_1 not_ready -100", "usr_1 ready 30"}, out)
			return err
		})
		same(t, "another tenant", []string(nil), days(tenB, -2000, 2000))
	})
}
