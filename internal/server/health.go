package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// checkEvery is how long an answer of readiness stands, so that asking costs
// nothing; checkWithin is how long a part may take.
const (
	checkEvery  = time.Second
	checkWithin = 3 * time.Second
)

// health knows whether the node should get work.
type health struct {
	mu       sync.Mutex
	checks   []check
	stopping bool
	at       time.Time
	last     readiness
	now      func() time.Time
}

type check struct {
	name string
	ask  func(context.Context) error
}

// readiness is what /readyz answers. It names parts, never their faults: those
// are in the log.
type readiness struct {
	Status string       `json:"status"` // ready, unready, stopping
	Parts  []partHealth `json:"parts"`
}

type partHealth struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
}

func (h *health) add(name string, ask func(context.Context) error) {
	h.checks = append(h.checks, check{name, ask})
}

// stop makes the node unready, so that a balancer sends no more.
func (h *health) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopping = true
}

func (h *health) read(ctx context.Context) readiness {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return readiness{Status: "stopping", Parts: []partHealth{}}
	}
	if age := h.now().Sub(h.at); age >= 0 && age < checkEvery && h.last.Status != "" {
		return h.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkWithin)
	defer cancel()
	r := readiness{Status: "ready", Parts: []partHealth{}}
	for _, c := range h.checks {
		ok := c.ask(ctx) == nil
		if !ok {
			r.Status = "unready"
		}
		r.Parts = append(r.Parts, partHealth{c.name, ok})
	}
	h.at, h.last = h.now(), r
	return r
}

// live answers that the process runs: a failing database is no reason to
// restart it.
func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ready answers whether the node should get work.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	state, code := h.read(r.Context()), http.StatusOK
	if state.Status != "ready" {
		code = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, code, state)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the reader may be gone; there is nobody else to tell
}
