package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/server/verify"
)

// checksWithin bounds a run of the notice's checks.
const checksWithin = 10 * time.Minute

// privacyDoors is the record of processing and the notice's checks as the doors
// need them. The checks run against a private instance of this same program,
// when somebody first asks; their result holds as long as the program runs,
// because it is about the program and not about anybody's data.
type privacyDoors struct {
	binary string // of this program; "" where there is none, as in tests
	log    *slog.Logger

	mu      sync.Mutex
	running bool
	results []api.Clause
	cancel  context.CancelFunc
	ended   sync.WaitGroup
}

// Inventory lists every stored thing with its class.
func (d *privacyDoors) Inventory(context.Context, access.Actor) ([]api.InventoryEntry, error) {
	return each(privacy.Inventory(), func(e privacy.Entry) api.InventoryEntry {
		return api.InventoryEntry{Place: e.Place, Class: string(e.Class), Purpose: e.Purpose, Retention: e.Retention, Erased: e.Erased}
	}), nil
}

// Notice answers each clause with its evidence. While the checks run it is
// Unavailable, and says when to ask again.
func (d *privacyDoors) Notice(context.Context, access.Actor) ([]api.Clause, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.results != nil {
		return d.results, nil
	}
	if d.binary == "" {
		return nil, errs.New(errs.Unavailable, "The notice's checks cannot be run here.")
	}
	if !d.running {
		d.running = true
		ctx, cancel := context.WithTimeout(context.Background(), checksWithin)
		d.cancel = cancel
		d.ended.Go(func() { defer cancel(); d.run(ctx) })
	}
	return nil, &errs.Error{Code: errs.Unavailable, Text: "The notice's checks are running. They take about half a minute.", RetryAfter: 5 * time.Second}
}

func (d *privacyDoors) run(ctx context.Context) {
	results, err := verify.Run(ctx, verify.Options{Binary: d.binary})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running = false
	if err != nil {
		d.log.Error("the notice's checks could not be run", "error", err)
		return
	}
	d.results = each(results, func(r verify.Result) api.Clause {
		return api.Clause{ID: r.ID, Title: r.Title, Status: string(r.Status), Evidence: r.Evidence}
	})
}

// stop ends a run that is under way.
func (d *privacyDoors) stop(context.Context) error {
	d.mu.Lock()
	if d.cancel != nil {
		d.cancel()
	}
	d.mu.Unlock()
	d.ended.Wait()
	return nil
}
