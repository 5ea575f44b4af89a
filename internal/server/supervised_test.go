package server

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// Who may take part in a call no more hears it no more, though its browser stays: a
// supervisor who is locked, whose role is narrowed, or whom the tenant's rule forbids it; a
// colleague and an agent who are locked.
func TestWhoMayTakePartInACallNoMoreHearsItNoMore(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		bo, _ := acme.ready(t, "bo")
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
		must(t, bo.Do(ctx, "POST", path+"/consult", m{"user": cyID}, nil))
		colleague := acme.agentSound(t, acme.signIn(t, "cy"), v.Interaction)
		must(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "all"}, nil))
		listens(t, "the colleague", colleague, []float64{500, 900})

		ears, ids := map[string]*mediatest.Browser{}, map[string]string{}
		for name, how := range map[string]string{"sue": "listen", "sam": "whisper", "tom": "barge"} {
			ids[name] = acme.user(t, name, access.Supervisor)
			who := acme.signIn(t, name)
			must(t, who.Do(ctx, "PUT", "floor/"+path+"/monitor", m{"how": how}, nil))
			ears[name] = acme.agentSound(t, who, v.Interaction)
			listens(t, name, ears[name], []float64{500, 900})
		}
		change := func(user string, c account.UserChange) {
			t.Helper()
			u, err := n.parts.accounts.User(ctx, acme.admin, user)
			must(t, err)
			_, err = n.parts.accounts.UpdateUser(ctx, acme.admin, user, u.Version, c)
			must(t, err)
		}
		gone := func(who string, ear *mediatest.Browser) {
			t.Helper()
			within(t, who+" still hears the call", func() bool { return ear.Conn.ConnectionState() != webrtc.PeerConnectionStateConnected })
		}
		locked := account.Locked

		theirs := books.user(t, "sue", access.Supervisor) // of the same name, elsewhere
		u, err := n.parts.accounts.User(ctx, books.admin, theirs)
		must(t, err)
		_, err = n.parts.accounts.UpdateUser(ctx, books.admin, theirs, u.Version, account.UserChange{Status: &locked})
		must(t, err)
		change(ids["sue"], account.UserChange{Status: &locked})
		gone("a supervisor who is locked", ears["sue"])
		change(ids["sam"], account.UserChange{Roles: &[]access.Role{access.Agent}})
		gone("who whispers and is no supervisor any more", ears["sam"])
		listens(t, "who may still", ears["tom"], []float64{500, 900})
		var rules struct {
			Version int64 `json:"version"`
			setup.Rules
		}
		must(t, ana.Do(ctx, "GET", "rules", nil, &rules))
		rules.Monitoring = setup.MonitoringOff
		must(t, ana.Do(ctx, "PUT", "rules", rules, nil))
		gone("who joined, where nobody may any more", ears["tom"])
		within(t, "parts of supervisors have no end", func() bool {
			ended := 0
			for _, l := range acme.legs(t, v.Interaction) {
				if l.Part == "supervisor" && !l.EndedAt.IsZero() {
					ended++
				}
			}
			return ended == 3
		})

		listens(t, "the colleague meanwhile", colleague, []float64{500, 900})
		change(cyID, account.UserChange{Status: &locked})
		gone("a colleague who is locked", colleague)
		listens(t, "the agent without", agent, []float64{500})
		change(boID, account.UserChange{Status: &locked})
		gone("the agent who is locked", agent)
		hearsMusic(t, caller, 900)
	})
}

// A key that takes part in a call as a supervisor takes part no more once it is revoked, or
// has reached its end in the midst of the call.
func TestAKeyThatHasEndedHearsACallNoMore(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	ctx := t.Context()
	ana := acme.signIn(t, "ana")
	entry := acme.telephone(t, ana)
	acme.agent(t, "bo")
	bo, _ := acme.ready(t, "bo")
	v, _, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, "rita", "", "", "c1")
	must(t, err)
	acme.callerSound(t, v).Talk(500)
	_, err = v.Choose(ctx, "k1", "one")
	must(t, err)
	take(t, bo, v.Interaction)
	acme.agentSound(t, bo, v.Interaction)
	maker := acme.admin
	maker.Roles = access.TenantRoles
	ids, ears := map[string]string{}, map[string]*mediatest.Browser{}
	for _, name := range []string{"revoked", "ending", "good"} {
		k, token, err := n.parts.accounts.CreateAPIKey(ctx, maker, account.NewAPIKey{Name: name, Roles: []access.Role{access.Supervisor}})
		must(t, err)
		key := &drive.User{Base: n.URL(), HTTP: drive.Client(), Token: token.Reveal()}
		must(t, key.Do(ctx, "PUT", "floor/interactions/"+v.Interaction+"/monitor", m{"how": "listen"}, nil))
		ids[name], ears[name] = k.ID, acme.agentSound(t, key, v.Interaction)
		listens(t, name, ears[name], []float64{500})
	}
	gone := func(name string) {
		t.Helper()
		within(t, "a key still hears the call: "+name, func() bool {
			return ears[name].Conn.ConnectionState() != webrtc.PeerConnectionStateConnected
		})
	}
	must(t, n.parts.accounts.RevokeAPIKey(ctx, acme.admin, ids["revoked"]))
	gone("revoked")
	for _, later := range []time.Duration{time.Hour, 2 * time.Second} { // the nearer end counts, nothing tells of it
		_, _, err := n.parts.accounts.RotateAPIKey(ctx, maker, ids["ending"], time.Hour, n.clock.Now().Add(later))
		must(t, err)
	}
	gone("ending")
	listens(t, "a key that may take part", ears["good"], []float64{500})
}
