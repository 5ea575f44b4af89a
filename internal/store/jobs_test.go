package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// Of many workers each job has one at a time, and none is forgotten.
func TestJobsAreClaimedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		const n = 40
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error {
				for i := range n {
					if err := tx.InsertJob(store.JobRow{ID: fmt.Sprintf("job_%02d", i), Kind: "erase", ObjectID: "con_1", RunAt: at(i), CreatedAt: t0}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		var mu sync.Mutex
		claims := map[string]int{}
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				for {
					var got []store.JobRow
					err := db.System(t.Context(), func(tx *store.Tx) (err error) {
						got, err = tx.ClaimJobs(at(n-1), time.Minute, 7)
						return err
					})
					if err != nil {
						t.Error(err)
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, j := range got {
						claims[string(j.Tenant)+j.ID]++
						if j.Attempts != 1 || !j.LockedUntil.Equal(at(n-1).Add(time.Minute)) {
							t.Errorf("claimed: %+v", j)
						}
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(claims) != 2*n {
			t.Errorf("%d of %d jobs were claimed", len(claims), 2*n)
		}
		for j, c := range claims {
			if c != 1 {
				t.Errorf("%s was claimed %d times", j, c)
			}
		}
	})
}

func TestJobsAreFinishedByTheirHolder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		write(t, db, tenA, func(tx *store.Tx) error {
			return firstOf(tx.InsertJob(store.JobRow{ID: "job_1", Kind: "erase", ObjectID: "con_1", RunAt: at(0), CreatedAt: t0}),
				tx.InsertJob(store.JobRow{ID: "job_2", Kind: "erase", ObjectID: "con_2", RunAt: at(500)}))
		})
		claim := func(now int) (out []store.JobRow) {
			err := db.System(t.Context(), func(tx *store.Tx) (err error) {
				out, err = tx.ClaimJobs(at(now), 10*time.Second, 10)
				return err
			})
			wantCode(t, "claim", err, "")
			return out
		}
		finish := func(tenant id.Tenant, j store.JobRow) error {
			return db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.FinishJob(j) })
		}
		if early := claim(-1); len(early) != 0 {
			t.Errorf("claimed before it was due: %+v", early)
		}
		first := claim(1)[0]
		if again := claim(5); len(again) != 0 {
			t.Errorf("claimed twice: %+v", again)
		}
		second := claim(11)[0] // the first holder took too long
		if second.Attempts != 2 {
			t.Errorf("attempt %d", second.Attempts)
		}
		wantCode(t, "finish by who lost it", finish(tenA, first), errs.Conflict)
		wantCode(t, "finish by another tenant", finish(tenB, second), errs.Conflict)
		write(t, db, tenA, func(tx *store.Tx) error { return tx.RetryJob(second, at(100), "unavailable") })
		wantCode(t, "retry again", db.Write(t.Context(), tenA, func(tx *store.Tx) error { return tx.RetryJob(second, at(200), "x") }), errs.Conflict)
		if early := claim(99); len(early) != 0 {
			t.Error("claimed before its second time")
		}
		third := claim(100)[0]
		if third.LastError != "unavailable" || third.Attempts != 3 || third.Tenant != tenA {
			t.Errorf("third: %+v", third)
		}
		wantCode(t, "finish", finish(tenA, third), "")
		err := db.SystemRead(t.Context(), func(tx *store.Tx) error {
			all, due, oldest, err := tx.JobCounts(at(600))
			if all != 1 || due != 1 || !oldest.Equal(at(500)) {
				t.Errorf("%d jobs, %d due, since %v", all, due, oldest)
			}
			return err
		})
		wantCode(t, "counts", err, "")
		write(t, db, tenA, func(tx *store.Tx) error {
			n, err := tx.DeleteJobs("erase", "con_2")
			if n != 1 {
				t.Errorf("%d taken back", n)
			}
			return err
		})
	})
}

// A lease has one holder; its fence grows with each change, and only the holder
// of the newest may write.
func TestLeases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		take := func(tenant id.Tenant, holder string, now int) (fence int64, held bool) {
			write(t, db, tenant, func(tx *store.Tx) (err error) {
				fence, held, err = tx.Lease("floor", holder, 10*time.Second, at(now))
				return err
			})
			return fence, held
		}
		check := func(tenant id.Tenant, fence int64) error {
			return db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.CheckFence("floor", fence) })
		}
		for _, c := range []struct {
			holder string
			now    int
			fence  int64
			held   bool
		}{
			{"a", 0, 1, true}, {"b", 5, 0, false}, {"a", 8, 1, true}, {"b", 17, 0, false}, {"b", 18, 2, true}, {"a", 19, 0, false}, {"b", 100, 2, true},
		} {
			if fence, held := take(tenA, c.holder, c.now); held != c.held || (held && fence != c.fence) {
				t.Errorf("%s at %d: %d %v", c.holder, c.now, fence, held)
			}
		}
		if fence, held := take(tenB, "a", 0); fence != 1 || !held {
			t.Error("the other tenant's lease is not its own")
		}
		wantCode(t, "old fence", check(tenA, 1), errs.Fenced)
		wantCode(t, "fence", check(tenA, 2), "")
		wantCode(t, "fence to come", check(tenA, 3), errs.Fenced)
		wantCode(t, "no lease", db.Write(t.Context(), tenA, func(tx *store.Tx) error { return tx.CheckFence("other", 1) }), errs.Fenced)
		write(t, db, tenA, func(tx *store.Tx) error { return firstOf(tx.ReleaseLease("floor", "a"), tx.ReleaseLease("floor", "b")) })
		if fence, held := take(tenA, "c", 101); fence != 3 || !held {
			t.Error("a released lease is not free")
		}
		err := db.SystemRead(t.Context(), func(tx *store.Tx) error {
			all, err := tx.Leases("floor")
			same(t, "all", []store.LeaseRow{{tenA, "floor", "c", 3, at(111)}, {tenB, "floor", "a", 1, at(10)}}, all)
			return err
		})
		wantCode(t, "list", err, "")
		read(t, db, tenB, func(tx *store.Tx) error {
			l, err := tx.LeaseOf("floor")
			same(t, "own", store.LeaseRow{Tenant: tenB, Name: "floor", Holder: "a", Fence: 1, ExpiresAt: at(10)}, l)
			return err
		})
	})
}

// A claimed lease goes by what its claimant has seen, not by clocks: another's is
// taken when it is still as it was seen, or was given up.
func TestClaimedLeases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		claim := func(tenant id.Tenant, holder string, now int, unchanged store.LeaseRow) (l store.LeaseRow, held bool) {
			write(t, db, tenant, func(tx *store.Tx) (err error) {
				l, held, err = tx.ClaimLease("floor", holder, 10*time.Second, at(now), unchanged)
				return err
			})
			return l, held
		}
		lease := func(holder string, fence int64, expires int) store.LeaseRow {
			return store.LeaseRow{Tenant: tenA, Name: "floor", Holder: holder, Fence: fence, ExpiresAt: at(expires)}
		}
		none := store.LeaseRow{}
		same(t, "the other tenant's", true, func() bool { _, held := claim(tenB, "c", 0, none); return held }())
		for _, c := range []struct {
			what      string
			holder    string
			now       int
			unchanged store.LeaseRow
			want      store.LeaseRow
			held      bool
		}{
			{"a new one", "a", 0, none, lease("a", 1, 10), true},
			{"after its end by the clock", "b", 1000, none, lease("a", 1, 10), false},
			{"a renewal", "a", 5, none, lease("a", 1, 15), true},
			{"as it was before", "b", 20, lease("a", 1, 10), lease("a", 1, 15), false},
			{"another holder's", "b", 20, lease("c", 1, 15), lease("a", 1, 15), false},
			{"as it was seen", "b", 20, lease("a", 1, 15), lease("b", 2, 30), true},
			{"as it was seen before that", "a", 50, lease("a", 1, 15), lease("b", 2, 30), false},
		} {
			if got, held := claim(tenA, c.holder, c.now, c.unchanged); held != c.held || got != c.want {
				t.Errorf("%s: %+v %v", c.what, got, held)
			}
		}
		// A holder whose clock was set back renews nevertheless.
		if got, held := claim(tenA, "b", 3, none); !held || got.Fence != 2 || !got.ExpiresAt.After(at(30)) {
			t.Errorf("with the clock set back: %+v %v", got, held)
		}
		write(t, db, tenA, func(tx *store.Tx) error { return tx.ReleaseLease("floor", "b") })
		if got, held := claim(tenA, "a", 4, none); !held || got != lease("a", 3, 14) {
			t.Errorf("given up: %+v %v", got, held)
		}
	})
}

// Of many who want a free lease one gets it.
func TestLeaseRace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA)
		var last store.LeaseRow
		for round := range 5 {
			var mu sync.Mutex
			var winners []int64
			var all sync.WaitGroup
			for w := range 8 {
				all.Go(func() {
					var fence int64
					var held bool
					err := db.Write(t.Context(), tenA, func(tx *store.Tx) (err error) {
						var l store.LeaseRow
						l, held, err = tx.ClaimLease("floor", fmt.Sprintf("%d-%d", round, w), time.Second, at(10*round), last)
						fence = l.Fence
						return err
					})
					wantCode(t, "lease", err, "")
					mu.Lock()
					defer mu.Unlock()
					if held {
						winners = append(winners, fence)
					}
				})
			}
			all.Wait()
			same(t, "winners", []int64{int64(round + 1)}, winners)
			read(t, db, tenA, func(tx *store.Tx) (err error) { last, err = tx.LeaseOf("floor"); return err })
		}
	})
}

func TestIdempotencyKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		k := store.IdempotencyRow{ActorID: "usr_1", KeyHash: []byte("key"), RequestHash: []byte("request"), CreatedAt: t0}
		reserve := func(tenant id.Tenant) (in store.IdempotencyRow, reserved bool) {
			write(t, db, tenant, func(tx *store.Tx) (err error) { in, reserved, err = tx.ReserveKey(k); return err })
			return in, reserved
		}
		if _, ok := reserve(tenA); !ok {
			t.Error("not reserved")
		}
		if in, ok := reserve(tenA); ok || in.Status != 0 {
			t.Error("reserved twice")
		}
		if _, ok := reserve(tenB); !ok {
			t.Error("the other tenant's key is in the way")
		}
		write(t, db, tenA, func(tx *store.Tx) error { return tx.FinishKey("usr_1", k.KeyHash, 201, []byte("reply")) })
		in, _ := reserve(tenA)
		want := k
		want.Status, want.ReplySealed = 201, []byte("reply")
		same(t, "in force", want, in)
		write(t, db, tenB, func(tx *store.Tx) error { return tx.ReleaseKey("usr_1", k.KeyHash) })
		if _, ok := reserve(tenB); !ok {
			t.Error("a released key is not free")
		}
		write(t, db, tenA, func(tx *store.Tx) error {
			n, err := tx.DeleteKeys(at(1))
			if n != 1 {
				t.Errorf("%d deleted", n)
			}
			return err
		})
	})
}
