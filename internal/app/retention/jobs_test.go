package retention_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/retention"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

func (f *fixture) job(t testing.TB, tenant id.Tenant, kind string) string {
	t.Helper()
	job := store.JobRow{ID: f.ids.New(id.Job), Kind: kind, ObjectID: "con_1", RunAt: f.clock.Now(), CreatedAt: f.clock.Now()}
	f.write(t, tenant, func(tx *store.Tx) error { return tx.InsertJob(job) })
	return job.ID
}

func (f *fixture) waiting(t testing.TB, tenant id.Tenant, kind string) (jobs []store.JobRow) {
	t.Helper()
	must(t, f.db.Read(t.Context(), tenant, func(tx *store.Tx) (err error) {
		jobs, err = tx.Jobs(kind)
		return err
	}))
	return jobs
}

func TestJobsRunOnceEach(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var mu sync.Mutex
		ran := map[string]int{}
		f.Handle("note", func(_ context.Context, j store.JobRow) error {
			mu.Lock()
			defer mu.Unlock()
			ran[string(j.Tenant)+j.ID]++
			return nil
		})
		want := map[string]int{}
		for range 11 {
			want[string(tenA)+f.job(t, tenA, "note")] = 1
			want[string(tenB)+f.job(t, tenB, "note")] = 1
		}
		second := retention.New(f.deps) // another node at the same time
		second.Handle("note", func(ctx context.Context, j store.JobRow) error {
			mu.Lock()
			defer mu.Unlock()
			ran[string(j.Tenant)+j.ID]++
			return nil
		})
		var both sync.WaitGroup
		for _, s := range []*retention.Service{f.Service, second} {
			both.Go(func() {
				if err := s.RunJobs(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if diff := cmp.Diff(want, ran); diff != "" {
			t.Error(diff)
		}
		if n := len(f.waiting(t, tenA, "note")) + len(f.waiting(t, tenB, "note")); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}

func TestAFailedJobIsTriedAgainLaterEachTime(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var fail error = errors.New("no luck")
		runs := 0
		f.Handle("note", func(context.Context, store.JobRow) error { runs++; return fail })
		f.job(t, tenA, "note")
		run := func(wantRuns int, wantIn time.Duration, wantError string) {
			t.Helper()
			must(t, f.RunJobs(t.Context()))
			jobs := f.waiting(t, tenA, "note")
			if runs != wantRuns || len(jobs) != 1 || jobs[0].LastError != wantError {
				t.Fatalf("%d runs, %+v; want %d runs and %q", runs, jobs, wantRuns, wantError)
			}
			if in := jobs[0].RunAt.Sub(f.clock.Now()); in != wantIn {
				t.Errorf("again in %v, want %v", in, wantIn)
			}
		}
		run(1, 5*time.Second, "internal")
		run(1, 5*time.Second, "internal") // not before its time
		f.clock.Advance(5 * time.Second)
		run(2, 10*time.Second, "internal")
		f.clock.Advance(10 * time.Second)
		fail = &errs.Error{Code: errs.Limited, Text: "Slower.", RetryAfter: 90 * time.Second}
		run(3, 90*time.Second, "rate_limited")
		fail = errors.New("no luck")
		for i := range 20 {
			f.clock.Advance(2 * time.Hour)
			must(t, f.RunJobs(t.Context()))
			if runs != 4+i {
				t.Fatalf("%d runs", runs)
			}
		}
		run(23, time.Hour, "internal")
		fail = nil
		f.clock.Advance(time.Hour)
		must(t, f.RunJobs(t.Context()))
		if n := len(f.waiting(t, tenA, "note")); n != 0 || runs != 24 {
			t.Errorf("%d left after %d runs", n, runs)
		}
	})
}

func TestJobsNobodyKnowsAndJobsThatPanic(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.Handle("bad", func(context.Context, store.JobRow) error { panic("ana@example.org") })
		f.job(t, tenA, "bad")
		f.job(t, tenA, "unknown")
		must(t, f.RunJobs(t.Context()))
		bad, unknown := f.waiting(t, tenA, "bad"), f.waiting(t, tenA, "unknown")
		if len(bad) != 1 || bad[0].LastError != "internal" {
			t.Errorf("%+v", bad)
		}
		if len(unknown) != 1 || unknown[0].LastError != "unsupported" || unknown[0].RunAt.Sub(f.clock.Now()) != time.Hour {
			t.Errorf("%+v", unknown)
		}
	})
}

func TestAJobMayFinishItself(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.Handle("note", func(ctx context.Context, j store.JobRow) error {
			return f.db.Write(ctx, j.Tenant, func(tx *store.Tx) error { return tx.FinishJob(j) })
		})
		f.job(t, tenA, "note")
		must(t, f.RunJobs(t.Context()))
		if n := len(f.waiting(t, tenA, "note")); n != 0 {
			t.Errorf("%d left", n)
		}
	})
}

// A node that dies while it runs a job: the claim ends, and another runs it.
func TestAJobOfADeadNodeIsTakenOver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.job(t, tenA, "note")
		must(t, f.db.System(t.Context(), func(tx *store.Tx) error { // the node that will die
			_, err := tx.ClaimJobs(f.clock.Now(), 5*time.Minute, 1)
			return err
		}))
		runs := 0
		f.Handle("note", func(context.Context, store.JobRow) error { runs++; return nil })
		must(t, f.RunJobs(t.Context()))
		if runs != 0 {
			t.Error("it was taken from a node that may be at it")
		}
		f.clock.Advance(5*time.Minute + time.Second)
		must(t, f.RunJobs(t.Context()))
		if runs != 1 {
			t.Errorf("%d runs", runs)
		}
	})
}

// lines is a log that hands on what is written.
type lines chan string

func (l lines) Write(b []byte) (int, error) { l <- string(b); return len(b), nil }

func TestStartRunsBothAndStopEndsThem(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		k := f.talk(t, tenA, start)
		f.clock.Set(start.Add(100 * day))
		ran, ended := make(chan string, 10), make(lines, 10)
		f.deps.Log = slog.New(slog.NewTextHandler(ended, nil))
		f.Service = retention.New(f.deps)
		f.Handle("note", func(_ context.Context, j store.JobRow) error { ran <- j.ID; return nil })
		first := f.job(t, tenA, "note")
		for range 2 {
			must(t, f.Start(t.Context()))
		}
		if got := <-ran; got != first {
			t.Errorf("ran %s", got)
		}
		second := f.job(t, tenA, "note")
		f.Kick()
		if got := <-ran; got != second {
			t.Errorf("ran %s", got)
		}
		if line := <-ended; !strings.Contains(line, "retention ended what was due") { // the first round began with Start
			t.Errorf("logged %s", line)
		}
		if got := f.left(t, tenA, k); got != "record" {
			t.Errorf("%s is left", got)
		}
		for range 2 {
			must(t, f.Stop(t.Context()))
		}
		f.job(t, tenA, "note")
		f.Kick()
		if len(ran) != 0 {
			t.Error("a job ran after Stop")
		}
		must(t, f.Start(t.Context()))
		<-ran
		must(t, f.Stop(t.Context()))
	})
}

// A job that waits for a system outside holds up no other, and where too many wait the rest
// are given back.
func TestJobsApartHoldUpNoOthers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		gate, ended := make(chan struct{}), make(chan struct{}, 200)
		f.HandleApart("far", func(context.Context, store.JobRow) error {
			<-gate
			ended <- struct{}{}
			return nil
		})
		ran := 0
		f.Handle("near", func(context.Context, store.JobRow) error { ran++; return nil })
		for range 70 { // more than there is room for
			f.job(t, tenA, "far")
		}
		f.clock.Advance(time.Second)
		f.job(t, tenB, "near")
		must(t, f.RunJobs(t.Context()))
		if ran != 1 {
			t.Errorf("the other ran %d times", ran)
		}
		back := 0
		for _, j := range f.waiting(t, tenA, "far") {
			if j.LockedUntil.IsZero() && j.RunAt.After(f.clock.Now()) {
				back++
			}
		}
		if back != 70-64 {
			t.Errorf("%d were given back", back)
		}
		close(gate)
		for range 64 {
			<-ended
		}
		must(t, f.Stop(t.Context()))
	})
}
