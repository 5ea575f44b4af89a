package floor_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
)

// others keeps what other systems are told of, once that is committed.
type others struct {
	mu   sync.Mutex
	told []string
	all  []webhook.Alert
}

func (o *others) Tell(tx *store.Tx, events ...webhook.Event) error {
	tenant := tx.Tenant()
	tx.Then(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, e := range events {
			x := e.Data.(webhook.Alert)
			line := fmt.Sprintf("%s %s %s %d of %d", tenant, e.Type, x.Level, x.Value, x.Threshold)
			for _, named := range []*webhook.Named{x.Rule, x.Queue, x.Agent, x.Trunk} {
				if named != nil {
					line += fmt.Sprintf(" %s %q", named.ID, named.Name)
				}
			}
			if x.Cause != "" {
				line += " " + x.Cause
			}
			o.told, o.all = append(o.told, line), append(o.all, x)
		}
	})
	return nil
}

// take gives what was told since the last take.
func (o *others) take() (told []string, all []webhook.Alert) {
	o.mu.Lock()
	defer o.mu.Unlock()
	told, all = o.told, o.all
	o.told, o.all = nil, nil
	return told, all
}

func TestOtherSystemsAreToldOfAlerts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		says := func(what string, want ...string) []webhook.Alert {
			t.Helper()
			told, all := h.others.take()
			if d := cmp.Diff(want, told); d != "" {
				t.Errorf("%s: %s", what, d)
			}
			return all
		}
		r := setup.DefaultAlertRule("Many wait", alert.Waiting, 1, 2)
		r.HoldSeconds, r.Recipients = 10, []string{"usr_9"}
		h.rule(a, r)
		queue := fmt.Sprintf("que_1 %q", h.plans.of(a).Queues[queueID].Name)
		first := h.queue(a, "Maria")
		h.after(9 * time.Second)
		says("before the hold time")
		h.after(time.Second)
		raised := says("raised", string(a)+` alert.raised warning 1 of 1 alr_1 "Many wait" `+queue)
		h.open("nod_1") // a restart tells nothing again
		h.after(time.Second)
		says("a restart")
		if _, err := h.floor.Acknowledge(t.Context(), supervisor(a), h.open1(a)[0].ID); err != nil {
			t.Fatal(err)
		}
		seen := says("seen", string(a)+` alert.changed warning 1 of 1 alr_1 "Many wait" `+queue)
		second := h.queue(a, "Ana")
		h.after(10 * time.Second)
		says("worse", string(a)+` alert.changed critical 2 of 2 alr_1 "Many wait" `+queue)
		h.no(h.chat.End(t.Context(), first))
		h.no(h.chat.End(t.Context(), second))
		h.after(10 * time.Second)
		ended := says("ended", string(a)+` alert.ended critical 2 of 2 alr_1 "Many wait" `+queue+" back")
		if len(raised) != 1 || len(seen) != 1 || len(ended) != 1 || raised[0].ID != ended[0].ID || seen[0].Acknowledged.IsZero() || ended[0].EndedAt.IsZero() {
			t.Errorf("%+v, %+v, %+v", raised, seen, ended)
		}
		// A rule that is taken out of use ends its alert, for others, too.
		h.queue(a, "Rui")
		h.after(10 * time.Second)
		says("again", string(a)+` alert.raised warning 1 of 1 alr_1 "Many wait" `+queue)
		r.Enabled = false
		h.rule(a, r)
		h.after(time.Second)
		says("out of use", string(a)+` alert.ended warning 1 of 1 alr_1 "Many wait" `+queue+" rule")
	})
}

// Agents have no name there, whatever they are called.
func TestOtherSystemsLearnNoNameOfAnAgent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := setup.DefaultAlertRule("Idle", alert.TimeInState, 60, 0)
		r.Activity, r.HoldSeconds = alert.Ready, 0
		h.rule(a, r)
		h.clock.Advance(settled)
		h.ready(a, 0)
		h.after(time.Minute)
		told, all := h.others.take()
		if len(told) != 1 || !strings.Contains(told[0], `alert.raised warning 60 of 60 alr_1 "Idle" usr_1 ""`) {
			t.Fatalf("%q", told)
		}
		body, err := webhook.Body(webhook.Event{Type: webhook.AlertRaised, At: h.clock.Now(), Data: all[0]})
		if err != nil || !json.Valid([]byte(body)) || !strings.Contains(body, `"agent":{"id":"usr_1"}`) {
			t.Errorf("%s %v", body, err)
		}
	})
}
