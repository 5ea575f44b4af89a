package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

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

// Segments that end and begin together are written together; the later of one
// that is given twice holds, on both engines.
func TestSegmentsAreWrittenTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		for _, tenant := range []id.Tenant{tenA, tenB} {
			talk(t, db, tenant, "con_1", "int_1", at(0))
			talk(t, db, tenant, "con_1", "int_2", at(0))
		}
		begun := func(interaction string, n int64) store.SegmentRow {
			return store.SegmentRow{InteractionID: interaction, Number: n, HolderKind: "queue", HolderID: "que_1", StartedAt: at(int(n))}
		}
		ended := func(s store.SegmentRow) store.SegmentRow {
			s.EndedAt, s.Cause = s.StartedAt.Add(time.Second), "moved"
			return s
		}
		first, want := begun("int_1", 1), []store.SegmentRow{}
		write(t, db, tenA, func(tx *store.Tx) error { return tx.PutSegments([]store.SegmentRow{first, begun("int_2", 1)}) })
		batch := []store.SegmentRow{ended(first)}
		for n := int64(2); n <= 80; n++ { // more than two statements take
			batch = append(batch, begun("int_1", n), ended(begun("int_1", n)))
		}
		batch[len(batch)-1] = begun("int_2", 2)
		write(t, db, tenA, func(tx *store.Tx) error { return tx.PutSegments(batch) })
		for n := int64(1); n < 80; n++ {
			want = append(want, ended(begun("int_1", n)))
		}
		want = append(want, begun("int_1", 80))
		read(t, db, tenA, func(tx *store.Tx) error {
			got, err := tx.Segments("int_1")
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			other, err2 := tx.Segments("int_2")
			if len(other) != 2 || !other[0].EndedAt.IsZero() {
				t.Errorf("%+v", other)
			}
			return firstOf(err, err2)
		})
		read(t, db, tenB, func(tx *store.Tx) error {
			got, err := tx.Segments("int_1")
			if len(got) != 0 {
				t.Errorf("another tenant has %+v", got)
			}
			return err
		})
		write(t, db, tenA, func(tx *store.Tx) error { return tx.PutSegments(nil) })
	})
}
