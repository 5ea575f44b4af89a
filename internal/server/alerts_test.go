package server

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"nubitalk/internal/server/config"
)

type alertView struct {
	ID, Rule, Queue, Level, Cause string
	Value                         int
	AcknowledgedBy                string    `json:"acknowledged_by"`
	ClearedAt                     time.Time `json:"cleared_at"`
}

// A threshold set by a supervisor, from the rule over the alert that is told live
// to what history and the audit log say.
func TestAlertsOverTheWire(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		boss, other, ctx := acme.signIn(t, "ana"), books.signIn(t, "ana"), t.Context()
		var rule struct {
			ID      string
			Version int
		}
		must(t, boss.Do(ctx, "POST", "alert-rules", m{"name": "Somebody waits", "measure": "waiting", "warning": m{"at": 1}, "hold_seconds": 0}, &rule))
		line, err := boss.Live(ctx, "")
		must(t, err)
		defer line.Close()
		next := func(ok func(alertView) bool) alertView {
			t.Helper()
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			for {
				f, err := line.Next(ctx)
				must(t, err)
				var a alertView
				if f.Type == "alert.changed" && json.Unmarshal(f.Data, &a) == nil && ok(a) {
					return a
				}
			}
		}
		v := acme.visitor(t, "rita")
		raised := next(func(a alertView) bool { return a.Level == "warning" })
		if raised.Rule != rule.ID || raised.Value != 1 || raised.Queue == "" {
			t.Errorf("%+v", raised)
		}
		var floor struct{ Alerts []alertView }
		must(t, boss.Do(ctx, "GET", "floor", nil, &floor))
		if len(floor.Alerts) != 1 || floor.Alerts[0].ID != raised.ID {
			t.Errorf("%+v", floor)
		}
		for range 2 {
			var a alertView
			must(t, boss.Do(ctx, "POST", "alerts/"+raised.ID+"/acknowledge", m{}, &a))
			if a.AcknowledgedBy == "" {
				t.Errorf("%+v", a)
			}
		}
		next(func(a alertView) bool { return a.AcknowledgedBy != "" })
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		next(func(a alertView) bool { return a.Cause == "back" })
		var past, theirs struct{ Items []alertView }
		must(t, boss.Do(ctx, "GET", "alerts?state=cleared&queue="+raised.Queue, nil, &past))
		must(t, other.Do(ctx, "GET", "alerts", nil, &theirs))
		if len(past.Items) != 1 || past.Items[0].ID != raised.ID || past.Items[0].ClearedAt.IsZero() || len(theirs.Items) > 0 {
			t.Errorf("%+v, the other tenant: %+v", past, theirs)
		}
		var audit struct {
			Items []struct{ Action, Object string }
		}
		must(t, boss.Do(ctx, "GET", "audit?object="+raised.ID, nil, &audit))
		if len(audit.Items) != 1 || audit.Items[0].Action != "alert.acknowledged" {
			t.Errorf("audit: %+v", audit)
		}
		// A rule with an alert of the past can go, and its name can still be read.
		must(t, boss.Do(ctx, "DELETE", "alert-rules/"+rule.ID+"?version=1", nil, nil))
		must(t, boss.Do(ctx, "GET", "alert-rules/"+rule.ID, nil, &rule))
	})
}
