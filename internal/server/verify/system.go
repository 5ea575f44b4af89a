package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// secureTransport asks the program itself to listen beyond loopback without
// TLS: it must refuse before it listens. The address is of a block reserved for
// documentation (RFC 5737), so nothing could be reached there anyway.
func secureTransport(ctx context.Context, w *world) (string, error) {
	if w.binary == "" {
		return "", errors.New("not proven: it needs the program itself")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	dir := filepath.Join(w.dir, "refused")
	cmd := exec.CommandContext(ctx, w.binary, "serve", "--data", dir, "--listen", "192.0.2.1:8443", "--tls-mode", "off")
	cmd.Env = drive.Environment(os.Environ())
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		return "", errors.New("the program did not refuse to serve plain HTTP beyond loopback")
	}
	if !strings.Contains(strings.ToLower(string(out)), "loopback") {
		return "", fmt.Errorf("the program ended for another reason: %.300s", out)
	}
	return "the program refused to start with plain HTTP on an address beyond loopback, and says why", nil
}

// engineAlone runs the routing engine with nothing of the service around it.
func engineAlone(context.Context, *world) (string, error) {
	now := time.Unix(1_800_000_000, 0)
	e := acd.New(acd.Options{})
	e.Step(acd.SetQueue{Queue: acd.Queue{ID: "q", Members: map[string]bool{"a": true}, OfferTimeout: time.Minute}}, now)
	e.Step(acd.SetAgent{Agent: acd.Agent{ID: "a", Capacity: map[acd.Channel]int{acd.Chat: 1}}}, now)
	e.Step(acd.Connected{Agent: "a", N: 1}, now)
	e.Step(acd.SetPresence{Agent: "a", Presence: acd.Ready}, now)
	for _, c := range e.Step(acd.Enqueue{Work: acd.Work{ID: "w", Channel: acd.Chat, Queue: "q", Arrived: now, Queued: now}}, now) {
		if o, ok := c.(*acd.OfferMade); ok && o.Agent == "a" && o.Work == "w" {
			return "a queue, an agent and one piece of work were routed by the engine alone, without store, network or tenant", nil
		}
	}
	return "", errors.New("the engine made no offer")
}

func noticeReachable(ctx context.Context, w *world) (string, error) {
	page, err := drive.Get(ctx, w.http, w.demo.BaseURL+"/notice")
	if err != nil {
		return "", err
	}
	for _, c := range privacy.Clauses {
		if !strings.Contains(string(page), `id="`+c.ID+`"`) {
			return "", fmt.Errorf("the page lacks clause %s", c.ID)
		}
	}
	return fmt.Sprintf("its page is served without sign-in and shows all %d clauses", len(privacy.Clauses)), nil
}

func nothingInTheClear(ctx context.Context, w *world) (string, error) {
	if _, err := w.talked(); err != nil {
		return "", err
	}
	files, size, finds, err := w.scan(ctx)
	if err != nil {
		return "", err
	}
	if len(finds) > 0 {
		return "", fmt.Errorf("found in the clear: %s", strings.Join(finds, "; "))
	}
	if files == 0 || size == 0 {
		return "", errors.New("there was nothing to look at")
	}
	also := ""
	if w.program != nil {
		also += ", the log"
	}
	if w.demo.MetricsURL != "" {
		also += " and the metrics"
	}
	return fmt.Sprintf("none of %d values (raw, base64, hex, UTF-16) is in %d files (%.1f MB, write-ahead log included)%s", len(w.values()), files, float64(size)/1e6, also), nil
}

// everythingClassified compares the inventory with the running database.
func everythingClassified(ctx context.Context, w *world) (string, error) {
	db, err := store.Open(ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(w.data, "nubitalk.db")})
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	columns, err := db.Columns(ctx)
	if err != nil {
		return "", err
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Table + "." + c.Name
	}
	if err := privacy.CompareColumns(names); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d columns, each with class, purpose, retention and way of erasure", len(columns)), nil
}
