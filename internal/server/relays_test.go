package server

import (
	"context"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/relay"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
)

// Names and passwords of TURN servers are given to who is in a running call, or
// may be in one, and to nobody else.
func TestRelaysAreForThoseInCalls(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		conf.Sound.ICE = config.ICE{Servers: []string{"turn:127.0.0.1:3478"}, Secret: config.Secret{Text: secret.New("kanarienvogel in a cage")}, Relay: "only", Lifetime: config.Duration(time.Hour)}
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		admin := acme.signIn(t, "ana")
		entry := acme.chatToTalk(t, admin, setup.CallsAgent)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		v := acme.chatWith(t, bo, entry, "rita")
		spoken := "interactions/" + v.Interaction + "/spoken"

		seen := map[string]bool{}
		ways := func(do func(context.Context, string, string, any, any) error, path string) {
			t.Helper()
			var w relay.Ways
			must(t, do(ctx, "GET", path, nil, &w))
			if !w.Only || w.Seconds != 3600 || len(w.Servers) != 1 || len(w.Servers[0].Credential) < 20 || seen[w.Servers[0].Username] {
				t.Errorf("%s: %+v", path, w)
			}
			seen[w.Servers[0].Username] = true
		}
		ways(bo.Do, "calls/relays")
		ways(bo.Do, "calls/relays")
		books.agent(t, "bo")
		ways(books.signIn(t, "bo").Do, "calls/relays")

		// A visitor gets them while the chat is spoken, and not before or after.
		refused(t, v.Do(ctx, "GET", "/relays", nil, nil), 410)
		must(t, bo.Do(ctx, "PUT", spoken, m{"wanted": true}, nil))
		refused(t, v.Do(ctx, "GET", "/relays", nil, nil), 410)
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": true}, nil))
		ways(v.Do, "/relays")
		must(t, bo.Do(ctx, "PUT", spoken, m{"wanted": false}, nil))
		refused(t, v.Do(ctx, "GET", "/relays", nil, nil), 410)

		// Who is signed in no more gets none.
		must(t, bo.Do(ctx, "POST", "sign-out", m{}, nil))
		refused(t, bo.Do(ctx, "GET", "calls/relays", nil, nil), 401)
	})
}
