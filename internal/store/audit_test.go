package store_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"

	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func hashAudit(a store.AuditRow) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %s %s %s %s %s %s %x", a.Seq, a.At.UnixMicro(), a.ActorKind, a.ActorID, a.Action, a.ObjectKind, a.ObjectID, a.Detail, a.PrevHash)
	return h.Sum(nil)
}

// Whoever appends at the same time makes one chain, without gaps or forks.
func TestAuditIsOneChain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for n := range 10 {
					row := store.AuditRow{At: at(n), ActorKind: "user", ActorID: fmt.Sprintf("usr_%d", w), Action: "read", ObjectKind: "contacts", ObjectID: fmt.Sprintf("con_%d", n), Detail: "d"}
					err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.AppendAudit(row, hashAudit); return err })
					wantCode(t, "append", err, "")
				}
			})
		}
		all.Wait()
		write(t, db, tenB, func(tx *store.Tx) error { _, err := tx.AppendAudit(store.AuditRow{At: t0}, hashAudit); return err })
		read(t, db, tenA, func(tx *store.Tx) error {
			var chain []store.AuditRow
			for after := int64(0); ; after = chain[len(chain)-1].Seq {
				page, err := tx.AuditAfter(after, 7)
				if err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
				chain = append(chain, page...)
			}
			if len(chain) != 80 {
				t.Fatalf("%d entries", len(chain))
			}
			var prev []byte
			for i, a := range chain {
				if a.Seq != int64(i+1) || !bytes.Equal(a.PrevHash, prev) || !bytes.Equal(a.Hash, hashAudit(a)) {
					t.Fatalf("entry %d breaks the chain: %+v", i+1, a)
				}
				prev = a.Hash
			}
			seq, hash, err := tx.AuditHead()
			if seq != 80 || !bytes.Equal(hash, prev) {
				t.Errorf("the head says %d", seq)
			}
			return err
		})
	})
}

func TestAuditIsFoundAndForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		for n := range 10 {
			write(t, db, tenA, func(tx *store.Tx) error {
				_, err := tx.AppendAudit(store.AuditRow{At: at(n), ActorID: fmt.Sprintf("usr_%d", n%2), Action: "read", ObjectKind: "contacts", ObjectID: fmt.Sprintf("con_%d", n%3)}, hashAudit)
				return err
			})
		}
		seqs := func(f store.AuditFilter) (out []int64) {
			read(t, db, tenA, func(tx *store.Tx) error {
				rows, err := tx.Audit(f)
				for _, r := range rows {
					out = append(out, r.Seq)
				}
				return err
			})
			return out
		}
		for _, c := range []struct {
			name string
			f    store.AuditFilter
			want []int64
		}{
			{"all", store.AuditFilter{}, []int64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}},
			{"actor", store.AuditFilter{ActorID: "usr_1"}, []int64{10, 8, 6, 4, 2}},
			{"object", store.AuditFilter{ObjectKind: "contacts", ObjectID: "con_0"}, []int64{10, 7, 4, 1}},
			{"action", store.AuditFilter{Action: "write"}, nil},
			{"time", store.AuditFilter{From: at(2), To: at(5)}, []int64{5, 4, 3}},
			{"page", store.AuditFilter{Before: 8, Limit: 2}, []int64{7, 6}},
		} {
			same(t, c.name, c.want, seqs(c.f))
		}
		write(t, db, tenA, func(tx *store.Tx) error {
			n, err := tx.DeleteAudit(at(4))
			if n != 4 {
				t.Errorf("%d entries deleted", n)
			}
			return err
		})
		same(t, "left", []int64{10, 9, 8, 7, 6, 5}, seqs(store.AuditFilter{}))
		write(t, db, tenA, func(tx *store.Tx) error { _, err := tx.DeleteAudit(at(99)); return err })
		same(t, "none left", []int64(nil), seqs(store.AuditFilter{}))
		write(t, db, tenA, func(tx *store.Tx) error {
			a, err := tx.AppendAudit(store.AuditRow{At: at(100)}, hashAudit)
			if a.Seq != 11 || len(a.PrevHash) == 0 {
				t.Errorf("the chain began anew: %+v", a)
			}
			return err
		})
		read(t, db, tenB, func(tx *store.Tx) error {
			seq, _, err := tx.AuditHead()
			if seq != 0 {
				t.Error("the other tenant has a chain")
			}
			return err
		})
	})
}
