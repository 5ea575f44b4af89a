package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func TestSegmentsAndQueueCounts(t *testing.T) {
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
			want   store.QueueCount
		}{
			{tenA, "que_1", store.QueueCount{Offered: 8, Answered: 4, AnsweredInGoal: 3, Abandoned: 1, ShortAbandoned: 1}},
			{tenA, "que_2", store.QueueCount{Offered: 2, Answered: 2, AnsweredInGoal: 2}},
			{tenA, "que_3", store.QueueCount{}},
			{tenB, "que_1", store.QueueCount{}},
		} {
			read(t, db, c.tenant, func(tx *store.Tx) error {
				got, err := tx.QueueCounts(c.queue, at(0), 20*time.Second, 5*time.Second)
				same(t, c.queue, c.want, got)
				return err
			})
		}
		read(t, db, tenA, func(tx *store.Tx) error {
			running, err := tx.OpenSegments()
			same(t, "running", []store.SegmentRow{{InteractionID: "int_7", Number: 1, HolderKind: "queue", HolderID: "que_1", StartedAt: at(80)}}, running)
			all, err2 := tx.Segments("int_6")
			if len(all) != 4 || all[1].HolderID != "usr_1" || all[1].Cause != "moved" || !all[1].EndedAt.Equal(at(50)) {
				t.Errorf("segments: %+v", all)
			}
			return firstOf(err, err2)
		})
	})
}

func TestOffers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		offer := func(n int, interaction string) error {
			return db.Write(t.Context(), tenA, func(tx *store.Tx) error {
				return tx.InsertOffer(store.OfferRow{ID: fmt.Sprintf("off_%d", n), InteractionID: interaction, UserID: "usr_1", OfferedAt: at(n), Deadline: at(n + 20)})
			})
		}
		end := func(tenant id.Tenant, offer string) error {
			return db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.EndOffer(offer, "declined", at(9)) })
		}
		wantCode(t, "first", offer(1, "int_1"), "")
		wantCode(t, "second pending one for the same", offer(2, "int_1"), errs.Conflict)
		wantCode(t, "another interaction", offer(3, "int_2"), "")
		wantCode(t, "end by another tenant", end(tenB, "off_1"), errs.NotFound)
		wantCode(t, "end", end(tenA, "off_1"), "")
		wantCode(t, "end again", end(tenA, "off_1"), errs.Conflict)
		wantCode(t, "second after the end", offer(2, "int_1"), "")
		read(t, db, tenA, func(tx *store.Tx) error {
			o, err := tx.Offer("off_1")
			same(t, "ended", store.OfferRow{ID: "off_1", InteractionID: "int_1", UserID: "usr_1", OfferedAt: at(1), Deadline: at(21), EndedAt: at(9), Outcome: "declined"}, o)
			pending, err2 := tx.PendingOffers()
			if len(pending) != 2 || pending[0].ID != "off_2" || pending[1].ID != "off_3" {
				t.Errorf("pending: %+v", pending)
			}
			return firstOf(err, err2)
		})
	})
}

// An agent's row is where it stands; its history is made from the changes.
func TestAgentsAndTheirHistory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		put := func(tenant id.Tenant, presence, reason string, since, missed int) {
			write(t, db, tenant, func(tx *store.Tx) error {
				return tx.PutAgent(store.AgentRow{UserID: "usr_1", Presence: presence, ReasonID: reason, Since: at(since), IdleSince: at(since), Missed: missed})
			})
		}
		put(tenB, "offline", "", 3, 0)
		put(tenA, "ready", "", 0, 0)
		put(tenA, "ready", "", 0, 1) // only the counter: no new span
		put(tenA, "not_ready", "rea_1", 10, 1)
		put(tenA, "not_ready", "rea_2", 20, 1)
		put(tenA, "ready", "", 20, 0) // at the same moment: the later counts
		read(t, db, tenA, func(tx *store.Tx) error {
			a, err := tx.Agent("usr_1")
			same(t, "now", store.AgentRow{UserID: "usr_1", Presence: "ready", Since: at(20), IdleSince: at(20)}, a)
			day, err2 := tx.AgentStates("usr_1", at(0), at(100))
			same(t, "day", []store.AgentStateRow{
				{UserID: "usr_1", Since: at(0), Until: at(10), Presence: "ready"},
				{UserID: "usr_1", Since: at(10), Until: at(20), Presence: "not_ready", ReasonID: "rea_1"},
				{UserID: "usr_1", Since: at(20), Presence: "ready"},
			}, day)
			part, err3 := tx.AgentStates("usr_1", at(10), at(20))
			if len(part) != 1 || part[0].ReasonID != "rea_1" {
				t.Errorf("part of the day: %+v", part)
			}
			return firstOf(err, err2, err3)
		})
		write(t, db, tenA, func(tx *store.Tx) error {
			n, err := tx.DeleteAgentStates(at(15))
			if n != 1 {
				t.Errorf("%d spans deleted", n)
			}
			return firstOf(err, tx.DeleteAgent("usr_1"))
		})
		read(t, db, tenB, func(tx *store.Tx) error { _, err := tx.Agent("usr_1"); return err })
		err := db.Read(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.Agent("usr_1"); return err })
		wantCode(t, "forgotten", err, errs.NotFound)
	})
}

func TestSetupObjects(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		for i, pos := range []int64{3, 1, 2, 1} {
			write(t, db, tenA, func(tx *store.Tx) error {
				s := store.SetupRow{Kind: "queues", ID: fmt.Sprintf("que_%d", i), Body: json.RawMessage(`{}`), Position: pos}
				if i == 2 {
					s.ArchivedAt = t0
				}
				if err := tx.InsertSetup(s); err != nil {
					return err
				}
				for v := range int64(3) {
					if err := tx.InsertSetupVersion(store.SetupVersionRow{Kind: "queues", ID: s.ID, Version: v + 1, Body: json.RawMessage(`{}`)}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		write(t, db, tenA, func(tx *store.Tx) error {
			return tx.InsertSetup(store.SetupRow{Kind: "skills", ID: "ski_1", Body: json.RawMessage(`{}`)})
		})
		ids := func(rows []store.SetupRow, err error) (out []string) {
			wantCode(t, "list", err, "")
			for _, r := range rows {
				out = append(out, r.ID)
			}
			return out
		}
		read(t, db, tenA, func(tx *store.Tx) error {
			same(t, "of a kind", []string{"que_1", "que_3", "que_2", "que_0"}, ids(tx.SetupOf("queues")))
			same(t, "all", []string{"que_1", "que_3", "que_0", "ski_1"}, ids(tx.SetupAll()))
			same(t, "page", []string{"que_3", "que_2"}, ids(tx.SetupAfter("queues", 1, "que_1", 2)))
			versions, err := tx.SetupVersions("queues", "que_1", 0, 2)
			if len(versions) != 2 || versions[0].Version != 3 || versions[1].Version != 2 {
				t.Errorf("versions: %+v", versions)
			}
			older, err2 := tx.SetupVersions("queues", "que_1", 2, 10)
			if len(older) != 1 || older[0].Version != 1 {
				t.Errorf("older versions: %+v", older)
			}
			return firstOf(err, err2)
		})
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			return tx.InsertSetupVersion(store.SetupVersionRow{Kind: "queues", ID: "que_1", Version: 3})
		})
		wantCode(t, "a version twice", err, errs.Conflict)
		write(t, db, tenA, func(tx *store.Tx) error { return tx.DeleteSetup("queues", "que_1") })
		read(t, db, tenA, func(tx *store.Tx) error {
			same(t, "left", []string{"que_3", "que_2", "que_0"}, ids(tx.SetupOf("queues")))
			return nil
		})
		wantCode(t, "another tenant's", db.Write(t.Context(), tenB, func(tx *store.Tx) error { return tx.DeleteSetup("queues", "que_3") }), errs.NotFound)
	})
}
