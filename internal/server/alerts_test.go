package server

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
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
		line.Stay()
		defer line.Close()
		next := func(ok func(alertView) bool) alertView {
			t.Helper()
			ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
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

// A trunk whose registrar refuses the account is alarming for who watches the room,
// until it accepts it; agents are not told.
func TestATrunkThatDoesNotRegisterIsAlarming(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, func(s *Server) { s.hold = time.Millisecond })
		acme, _ := house(t, n)
		ctx := t.Context()
		acme.agent(t, "bo")
		bo := acme.signIn(t, "bo")
		ana := acme.signIn(t, "ana")
		acme.user(t, "sue", access.Supervisor)
		sue := acme.signIn(t, "sue")
		entry := acme.telephone(t, ana)
		op := newExchange(t, node, nil)
		var made struct{ ID string }
		must(t, ana.Do(ctx, "POST", "trunks", m{"name": "Operator", "enabled": true, "country": "PT", "sources": []string{"127.0.0.1"}, "username": "acme", "password": "0123456789abcdef",
			"registration": m{"on": true, "domain": "operator.example"}, "gateways": []m{{"host": "127.0.0.1", "port": op.here.Port(), "transport": "udp"}},
			"numbers": []m{{"number": "210000001", "entry_point": entry}}}, &made))
		type list struct {
			Items []struct{ Measure, Trunk, Called, Level, Cause string }
		}
		alerts := func(state string) (l list) {
			t.Helper()
			must(t, sue.Do(ctx, "GET", "alerts?state="+state, nil, &l))
			return l
		}
		within(t, "it is not alarming", func() bool { return len(alerts("open").Items) > 0 })
		if one := alerts("open").Items[0]; one.Measure != "trunk_registration" || one.Trunk != made.ID || one.Called != "Operator" || one.Level != "critical" {
			t.Errorf("%+v", one)
		}
		refused(t, bo.Do(ctx, "GET", "alerts", nil, nil), 403)
		v, err := appsetup.Get[setup.Trunk](ctx, n.parts.setup, acme.admin, made.ID)
		must(t, err)
		v.Value.Registration = setup.TrunkRegistration{}
		_, err = appsetup.Update(ctx, n.parts.setup, acme.admin, made.ID, v.Version, v.Value)
		must(t, err)
		within(t, "it is alarming still", func() bool { return len(alerts("open").Items) == 0 })
		if past := alerts("cleared").Items; len(past) != 1 || past[0].Cause != "back" {
			t.Errorf("%+v", past)
		}
	})
}
