package store_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// Many who write into one conversation at once get numbers without gaps, also
// when some of them fail or send the same again.
func TestMessagesAreNumberedWithoutGaps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		const writers, each = 8, 12
		var all sync.WaitGroup
		var repeats atomic.Int64
		for w := range writers {
			all.Go(func() {
				for n := range each {
					author, client := fmt.Sprintf("usr_%d", w), fmt.Sprintf("c%d", n/2) // each client id twice
					err := db.Write(t.Context(), tenA, func(tx *store.Tx) error {
						m, added, err := say(tx, "int_1", author, client, "word")
						if err == nil && added != (n%2 == 0) {
							t.Errorf("%s %s: added %v", author, client, added)
						}
						if !added {
							repeats.Add(1)
						}
						if err == nil && string(m.BodySealed) != "body of "+author+client {
							t.Errorf("another message came back: %s", m.BodySealed)
						}
						return err
					})
					wantCode(t, "message", err, "")
					err = db.Write(t.Context(), tenA, func(tx *store.Tx) error {
						if _, _, err := say(tx, "int_1", author, fmt.Sprintf("lost %d", n)); err != nil {
							return err
						}
						return errs.New(errs.Limited, "changed my mind")
					})
					wantCode(t, "undone message", err, errs.Limited)
				}
			})
		}
		all.Wait()
		read(t, db, tenA, func(tx *store.Tx) error {
			rows, err := tx.Messages("int_1", 0, 0, 1000)
			if len(rows) != writers*each/2 || repeats.Load() < writers*each/2 {
				t.Errorf("%d messages, %d repeats", len(rows), repeats.Load())
			}
			for i, m := range rows {
				if m.Seq != int64(i+1) {
					t.Fatalf("message %d has number %d", i+1, m.Seq)
				}
			}
			c, err2 := tx.Chat("int_1")
			if c.LastSeq != int64(len(rows)) {
				t.Errorf("last is %d", c.LastSeq)
			}
			other, err3 := tx.Messages("int_2", 0, 0, 10)
			if len(other) != 0 {
				t.Error("another conversation has messages")
			}
			return firstOf(err, err2, err3)
		})
		read(t, db, tenB, func(tx *store.Tx) error {
			rows, err := tx.Messages("int_1", 0, 0, 10)
			if len(rows) != 0 {
				t.Error("another tenant has messages")
			}
			return err
		})
	})
}

func firstOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestMessagesPageByPage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		write(t, db, tenA, func(tx *store.Tx) error {
			for n := range 9 {
				if _, _, err := say(tx, "int_1", "usr_1", fmt.Sprint(n)); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			after, before int64
			limit         int
			want          []int64
		}{
			{0, 0, 4, []int64{1, 2, 3, 4}},
			{4, 0, 100, []int64{5, 6, 7, 8, 9}},
			{9, 0, 4, nil},
			{0, 4, 2, []int64{2, 3}},
			{0, 100, 3, []int64{7, 8, 9}},
			{5, 8, 100, []int64{6, 7}},
			{0, 1, 3, nil},
		} {
			read(t, db, tenA, func(tx *store.Tx) error {
				rows, err := tx.Messages("int_1", c.after, c.before, c.limit)
				var got []int64
				for _, m := range rows {
					got = append(got, m.Seq)
				}
				same(t, fmt.Sprintf("after %d before %d limit %d", c.after, c.before, c.limit), c.want, got)
				return err
			})
		}
	})
}

// The body may be sealed for its number; when that fails, no number is lost even
// if the error is swallowed.
func TestMessagesAreSealedForTheirPlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		m := store.MessageRow{InteractionID: "int_1", ID: "msg_1", AuthorKind: "bot", Kind: "text"}
		write(t, db, tenA, func(tx *store.Tx) error {
			_, _, err := tx.InsertMessage(m, func(store.Party, *store.MessageRow) error { return errs.New(errs.Gone, "no key") })
			wantCode(t, "seal", err, errs.Gone)
			return nil
		})
		for range 2 { // without a client id the same again is another message
			write(t, db, tenA, func(tx *store.Tx) error {
				_, added, err := tx.InsertMessage(m, func(p store.Party, m *store.MessageRow) error {
					m.BodySealed = secret.Sealed(fmt.Sprintf("for %d of %s", m.Seq, p.ContactID))
					return nil
				})
				if !added {
					t.Error("not added")
				}
				return err
			})
		}
		read(t, db, tenA, func(tx *store.Tx) error {
			rows, err := tx.Messages("int_1", 0, 0, 10)
			for i, want := range []string{"for 1 of con_1", "for 2 of con_1"} {
				if string(rows[i].BodySealed) != want {
					t.Errorf("message %d is sealed %s", i+1, rows[i].BodySealed)
				}
			}
			return err
		})
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { _, _, err := say(tx, "int_none", "usr_1", "1"); return err })
		wantCode(t, "no conversation", err, errs.NotFound)
	})
}

func TestMarksOnlyGoForward(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		write(t, db, tenA, func(tx *store.Tx) error {
			for n := range 5 {
				if _, _, err := say(tx, "int_1", "usr_1", fmt.Sprint(n)); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			raise, want store.Marks
			changed     bool
		}{
			{store.Marks{VisitorGot: 2}, store.Marks{VisitorGot: 2}, true},
			{store.Marks{VisitorRead: 3}, store.Marks{VisitorGot: 3, VisitorRead: 3}, true},
			{store.Marks{VisitorGot: 1, VisitorRead: 1}, store.Marks{VisitorGot: 3, VisitorRead: 3}, false},
			{store.Marks{AgentRead: 99}, store.Marks{VisitorGot: 3, VisitorRead: 3, AgentRead: 5}, true},
		} {
			write(t, db, tenA, func(tx *store.Tx) error {
				got, changed, err := tx.RaiseMarks("int_1", c.raise)
				same(t, "marks", c.want, got)
				if changed != c.changed {
					t.Errorf("%+v: changed %v", c.raise, changed)
				}
				return err
			})
		}
		err := db.Write(t.Context(), tenB, func(tx *store.Tx) error { _, _, err := tx.RaiseMarks("int_none", store.Marks{}); return err })
		wantCode(t, "missing", err, errs.NotFound)
		write(t, db, tenA, func(tx *store.Tx) error {
			return firstOf(tx.SeeVisitor("int_1", at(5), at(9)), tx.SetSurvey("int_1", secret.Sealed("survey")))
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			c, err := tx.Chat("int_1")
			same(t, "chat", store.ChatRow{InteractionID: "int_1", TokenHash: []byte("token of int_1"), LastSeq: 5, VisitorGotSeq: 3, VisitorReadSeq: 3, AgentReadSeq: 5,
				VisitorSeenAt: at(5), ExpiresAt: at(9), SurveySealed: secret.Sealed("survey")}, c)
			openChats, err2 := tx.OpenChats()
			if len(openChats) != 2 {
				t.Errorf("%d open conversations", len(openChats))
			}
			p, err3 := tx.Party("int_1")
			same(t, "party", store.Party{State: "active", ContactID: "con_1"}, p)
			return firstOf(err, err2, err3)
		})
	})
}

func TestAttachments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error {
				for n := range 3 {
					a := store.AttachmentRow{ID: fmt.Sprintf("att_%d", n), InteractionID: "int_1", BlobKey: "k", CreatedAt: at(n)}
					if err := tx.InsertAttachment(a); err != nil {
						return err
					}
				}
				return nil
			})
		}
		write(t, db, tenA, func(tx *store.Tx) error { return tx.SetAttachmentSeq("att_0", 4) })
		read(t, db, tenA, func(tx *store.Tx) error {
			rows, err := tx.UnsentAttachments(at(2), 10)
			if len(rows) != 1 || rows[0].ID != "att_1" {
				t.Errorf("given up: %+v", rows)
			}
			a, err2 := tx.Attachment("att_0")
			if a.Seq != 4 {
				t.Errorf("carried by %d", a.Seq)
			}
			return firstOf(err, err2)
		})
		write(t, db, tenA, func(tx *store.Tx) error { return tx.DeleteAttachment("att_1") })
		for tenant, want := range map[id.Tenant]int{tenA: 2, tenB: 3} {
			read(t, db, tenant, func(tx *store.Tx) error {
				rows, err := tx.AttachmentsOf("int_1")
				if len(rows) != want {
					t.Errorf("%s has %d", tenant, len(rows))
				}
				return err
			})
		}
	})
}

// Closing a conversation moves its words into the index in company; searches
// find it before, meanwhile and afterwards, and erasing it leaves no word.
func TestWordsEnterTheIndexTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		const n = 100 // more than three times what enters together
		indexed := func() int {
			var k int
			read(t, db, tenA, func(tx *store.Tx) error {
				rows, err := tx.RawRows(1, "SELECT interaction_id FROM message_tokens WHERE token = $1", []byte("common"))
				k = len(rows)
				return err
			})
			return k
		}
		for i := range n {
			name := fmt.Sprintf("int_%03d", i)
			talk(t, db, tenA, "con_1", name, at(i))
			write(t, db, tenA, func(tx *store.Tx) error {
				if _, _, err := say(tx, name, "usr_1", "1", "common", "own "+name); err != nil {
					return err
				}
				if _, _, err := say(tx, name, "usr_1", "2"); err != nil {
					return err
				}
				return tx.InsertTokens(name, [][]byte{[]byte("late")})
			})
			found(t, db, "before", "late", i+1)
			write(t, db, tenA, func(tx *store.Tx) error { return closeWork(tx, name, at(1000+i)) })
			found(t, db, "after", "late", i+1)
			found(t, db, "alone", "own "+name, 1)
			if k := indexed(); i < 31 && k != 0 {
				t.Fatalf("after %d were closed, %d are indexed", i+1, k)
			}
		}
		k := indexed()
		if k < n/2 || k == n {
			t.Errorf("%d of %d are indexed", k, n)
		}
		read(t, db, tenA, func(tx *store.Tx) error {
			rows, err := tx.RawRows(1, "SELECT DISTINCT interaction_id FROM message_tokens WHERE token = $1", []byte("late"))
			if len(rows) != k {
				t.Errorf("%d have one word in the index, %d another", k, len(rows))
			}
			return err
		})
		// words of a conversation that was indexed already
		write(t, db, tenA, func(tx *store.Tx) error { return tx.InsertTokens("int_000", [][]byte{[]byte("afterwards")}) })
		write(t, db, tenA, func(tx *store.Tx) error { _, _, err := say(tx, "int_001", "usr_1", "3", "afterwards"); return err })
		found(t, db, "afterwards", "afterwards", 2)
		for i := range n {
			write(t, db, tenA, func(tx *store.Tx) error {
				var e store.Erased
				var err error
				if i%2 == 0 {
					e, err = tx.DeleteInteraction(fmt.Sprintf("int_%03d", i))
				} else {
					e, err = tx.DeleteConversation(fmt.Sprintf("int_%03d", i), at(5000))
				}
				if e.Messages < 2 || e.Tokens < 3 || e.Chats != 1 {
					t.Errorf("erased %+v", e)
				}
				return err
			})
		}
		if k := indexed(); k != 0 {
			t.Errorf("%d are still in the index", k)
		}
		read(t, db, tenA, func(tx *store.Tx) error {
			rows, err := tx.RawRows(1, "SELECT interaction_id FROM message_tokens")
			if len(rows) != 0 {
				t.Errorf("left in the index: %v", rows)
			}
			return err
		})
	})
}

func closeWork(tx *store.Tx, interaction string, when time.Time) error {
	i, err := tx.Interaction(interaction)
	if err != nil {
		return err
	}
	i.State, i.CloseReason, i.ClosedAt = "closed", "completed", when
	return tx.UpdateInteraction(i)
}

func found(t *testing.T, db *store.DB, when, word string, want int) {
	t.Helper()
	for tenant, want := range map[id.Tenant]int{tenA: want, tenB: 0} {
		read(t, db, tenant, func(tx *store.Tx) error {
			rows, err := tx.SearchInteractions(store.InteractionFilter{Tokens: [][]byte{[]byte(word)}, Limit: 1000})
			if len(rows) != want || !slices.IsSortedFunc(rows, func(a, b store.InteractionRow) int { return b.ArrivedAt.Compare(a.ArrivedAt) }) {
				t.Errorf("%s: %q is found in %d conversations of %s, want %d", when, word, len(rows), tenant, want)
			}
			return err
		})
	}
}
