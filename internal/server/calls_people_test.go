package server

import (
	"encoding/json"
	"maps"
	"testing"

	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// Several people in a call, each with a tone of its own: a colleague is asked
// aside and joins, a supervisor listens, whispers and barges in. Everybody hears
// exactly those whom it should.
func TestSeveralPeopleInACall(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		acme.user(t, "sue", access.Supervisor)
		books.user(t, "sue", access.Supervisor)
		sue, theirs := acme.signIn(t, "sue"), books.signIn(t, "sue")
		acme.agent(t, "bo")
		cyID := acme.agent(t, "cy")
		acme.agent(t, "di")
		bo, _ := acme.ready(t, "bo")
		cy, di := acme.signIn(t, "cy"), acme.signIn(t, "di")

		v, _, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, "rita", "", "", "c1")
		must(t, err)
		caller := acme.callerSound(t, v)
		caller.Talk(500)
		_, err = v.Choose(ctx, "k1", "one")
		must(t, err)
		take(t, bo, v.Interaction)
		path := "interactions/" + v.Interaction
		agent := acme.agentSound(t, bo, v.Interaction)
		agent.Talk(900)
		listens(t, "the caller", caller, []float64{900}, 500)

		// A colleague: asked, waits with music, aside, all together.
		refused(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "colleague"}, nil), 409)
		must(t, bo.Do(ctx, "POST", path+"/consult", m{"user": cyID}, nil))
		colleague := acme.agentSound(t, cy, v.Interaction)
		colleague.Talk(1300)
		hearsMusic(t, colleague, 900)
		listens(t, "the caller meanwhile", caller, []float64{900}, 1300)
		refused(t, cy.Do(ctx, "PUT", path+"/talk", m{"with": "all"}, nil), 404)
		must(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "colleague"}, nil))
		listens(t, "the colleague aside", colleague, []float64{900}, 500)
		listens(t, "the agent aside", agent, []float64{1300}, 500)
		hearsMusic(t, caller, 900)
		must(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "all"}, nil))
		listens(t, "the caller in the conference", caller, []float64{900, 1300}, 500)
		listens(t, "the agent in the conference", agent, []float64{500, 1300}, 900)
		listens(t, "the colleague in the conference", colleague, []float64{500, 900}, 1300)

		// A supervisor.
		monitor := func(u *drive.User, how string) error {
			return u.Do(ctx, "PUT", "floor/"+path+"/monitor", m{"how": how}, nil)
		}
		refused(t, monitor(di, "listen"), 403)
		refused(t, monitor(theirs, "listen"), 404)
		refused(t, sue.Do(ctx, "POST", path+"/sound", m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, nil), 409)
		must(t, monitor(sue, "listen"))
		var st struct {
			Parties []struct{ User, Sound, Monitor string }
		}
		must(t, bo.Do(ctx, "GET", path+"/call", nil, &st))
		if len(st.Parties) != 1 || st.Parties[0].User != cyID {
			t.Errorf("before her sound is there: %+v", st)
		}
		ear := acme.agentSound(t, sue, v.Interaction)
		ear.Talk(1700)
		listens(t, "the supervisor", ear, []float64{500, 900, 1300})
		listens(t, "the caller, listened to", caller, []float64{900, 1300}, 1700)
		listens(t, "the agent, listened to", agent, []float64{500, 1300}, 1700)
		must(t, bo.Do(ctx, "GET", path+"/call", nil, &st))
		if len(st.Parties) != 2 || st.Parties[0].Monitor+st.Parties[1].Monitor != "listen" {
			t.Errorf("who listens is not told: %+v", st)
		}
		must(t, monitor(sue, "whisper"))
		listens(t, "the agent, whispered to", agent, []float64{500, 1300, 1700})
		listens(t, "the caller meanwhile", caller, []float64{900, 1300}, 1700)
		listens(t, "the colleague meanwhile", colleague, []float64{500, 900}, 1700)
		must(t, monitor(sue, "barge"))
		listens(t, "the caller with the supervisor", caller, []float64{900, 1300, 1700})
		must(t, monitor(sue, "none"))
		listens(t, "the caller without", caller, []float64{900, 1300}, 1700)
		refused(t, sue.Do(ctx, "POST", path+"/sound", m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, nil), 409)

		// What the tenant's rule says.
		rule := func(how setup.Monitoring) {
			t.Helper()
			var rules struct {
				Version int64 `json:"version"`
				setup.Rules
			}
			must(t, ana.Do(ctx, "GET", "rules", nil, &rules))
			rules.Monitoring = how
			must(t, ana.Do(ctx, "PUT", "rules", rules, nil))
		}
		rule(setup.MonitoringSilent)
		must(t, monitor(sue, "listen"))
		ear = acme.agentSound(t, sue, v.Interaction)
		listens(t, "the supervisor, silently", ear, []float64{500, 900, 1300})
		must(t, bo.Do(ctx, "GET", path+"/call", nil, &st))
		if len(st.Parties) != 1 {
			t.Errorf("silent listening is told: %+v", st)
		}
		must(t, monitor(sue, "none"))
		// Whoever listens is told when the call is over.
		line, err := sue.Live(ctx, "")
		must(t, err)
		line.Stay()
		defer line.Close()
		must(t, monitor(sue, "listen"))
		acme.agentSound(t, sue, v.Interaction)
		var noted int
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{Action: "call.monitored"})
			noted = len(rows)
			return err
		}))
		if noted != 5 {
			t.Errorf("%d times in the audit log", noted)
		}

		// The colleague leaves; then the caller.
		must(t, bo.Do(ctx, "DELETE", path+"/consult/"+cyID, nil, nil))
		listens(t, "the agent after the conference", agent, []float64{500}, 1300)
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		for over := false; !over; {
			f, err := line.Next(ctx)
			must(t, err)
			var st callView
			over = f.Type == "call.changed" && json.Unmarshal(f.Data, &st) == nil && st.Ended
		}
		rule(setup.MonitoringOff)
		refused(t, monitor(sue, "listen"), 403)
		within(t, "the legs are not noted", func() bool {
			open, all := 0, acme.legs(t, v.Interaction)
			for _, l := range all {
				if l.EndedAt.IsZero() {
					open++
				}
			}
			parts := map[string]int{}
			for _, l := range all {
				parts[l.Part]++
			}
			return open == 0 && maps.Equal(parts, map[string]int{"caller": 1, "agent": 1, "colleague": 1, "supervisor": 3})
		})
		for name, parts := range map[string]map[string]int{"bo": {"caller": 1, "agent": 1, "colleague": 1}, "sue": {"caller": 1, "agent": 1, "colleague": 1, "supervisor": 3}} {
			var d struct{ Legs []struct{ Part, Way string } }
			must(t, acme.signIn(t, name).Do(ctx, "GET", path, nil, &d))
			seen := map[string]int{}
			for _, l := range d.Legs {
				seen[l.Part]++
			}
			if !maps.Equal(seen, parts) {
				t.Errorf("%s sees %v", name, seen)
			}
		}
	})
}
