package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
)

// partRoles are all roles that can be given for a part of a tenant.
var partRoles = []access.Role{access.Supervisor, access.Monitor, access.PrivacyOfficer}

// Who has its roles for some teams, queues and campaigns only is a stranger to all else of its
// own tenant: every route of the whole program is walked by somebody of another team,
// queue and campaign, and by somebody of the right ones.
func TestNoRouteReachesAnotherPart(t *testing.T) {
	engines(t, func(t *testing.T, c *config.Config) {
		c.Limits.Calls = 0
		n := start(t, c, nil)
		seed := &demo.Seeder{Parts: n.contents()}
		must(t, seed.Put(t.Context(), demo.Organisations()[0]))
		a := putToWork(t, n, seed, "acme")
		near, far := a.teamAndQueue(t, "near"), a.teamAndQueue(t, "far")
		near.Queues = []string{a.setups[setup.KindQueue]["id"].(string)}
		near.Campaigns = []string{a.setups[setup.KindCampaign]["id"].(string)}
		far.Campaigns = []string{a.campaign(t, "far", far.Queues[0])}
		a.joins(t, near.Teams[0])

		stranger1, friend := a.partly(t, n, "stranger", far), a.partly(t, n, "friend", near)
		who := asker{"another part's supervisor", "Cookie", stranger1.Cookie.String()}
		before := a.settled()
		actor := access.Actor{Tenant: a.id, Roles: partRoles, Parts: map[access.Role]access.RolePart{}}
		for _, r := range partRoles {
			actor.Parts[r] = far
		}
		tried := 0
		for _, r := range inOrder(n.parts.api.Routes()) {
			reach := access.Reach(actor, r.Guard.Permission)
			if r.Guard.Visitor || r.Socket || reach != access.SomeOf && reach != access.None {
				continue
			}
			tried++
			switch {
			case strings.Contains(r.Path, "{") && !strings.HasPrefix(r.Path, "/api/v1/roles/"):
				stranger(t, a, a, r, who)
			case r.Method == http.MethodGet && !slices.Contains([]string{"/api/v1/roles", "/api/v1/secure-flows"}, r.Path): // names of the set-up
				if _, answer := a.ask(who, r.Method, r.Path, nil); a.leaks(answer) != "" {
					t.Errorf("%s %s tells %q: %s", r.Method, r.Path, a.leaks(answer), answer)
				}
			}
		}
		if tried < 100 {
			t.Errorf("only %d routes were tried", tried)
		}
		for path, body := range map[string]m{
			"evaluations":            {"recording": a.recording, "form": a.setups[setup.KindQualityForm]["id"]},
			"recordings/export":      {"recordings": []any{a.recording}, "reason": "a claim"},
			"call-legs/export":       {"format": "json"},
			"evaluations/export":     {"format": "json", "reason": "quality"},
			"recording-holds":        {"recording": a.recording, "reason": "claim"},
			"calibrations":           {"recording": a.recording, "form": a.setups[setup.KindQualityForm]["id"], "evaluators": []any{a.user, a.second}},
			"interactions/x/consult": {"user": a.user},
		} {
			if status, answer := a.ask(who, "POST", "/api/v1/"+path, body); a.leaks(answer) != "" || status == 201 || status >= 500 {
				t.Errorf("%s: %d %s", path, status, answer)
			}
		}
		if after := a.settled(); after != before {
			t.Errorf("what is not its own has changed:\n%s", difference(before, after))
		}
		t.Run("live", func(t *testing.T) { livePart(t, a, stranger1, friend) })
		t.Run("its own part", func(t *testing.T) { insidePart(t, a, friend, n.parts.api.Routes(), near) })
		t.Run("another part now", func(t *testing.T) { movedPart(t, n, a, stranger1, near) })
	})
}

// settled is state without what a desk does by itself meanwhile.
func (p *party) settled() string {
	lines := strings.Split(p.state(), "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "desk\t") }), "\n")
}

// teamAndQueue makes a team and a queue.
func (p *party) teamAndQueue(t *testing.T, name string) access.RolePart {
	t.Helper()
	var team, queue struct{ ID string }
	must(t, p.all.Do(t.Context(), "POST", "teams", m{"name": name}, &team))
	must(t, p.all.Do(t.Context(), "POST", "queues", m{"name": name, "channels": []string{"chat", "voice"}, "member_rule": `language == "pt"`}, &queue))
	return access.RolePart{Teams: []string{team.ID}, Queues: []string{queue.ID}}
}

// campaign makes a campaign without lists.
func (p *party) campaign(t *testing.T, name, queue string) string {
	t.Helper()
	var made struct{ ID string }
	must(t, p.all.Do(t.Context(), "POST", "campaigns", m{"name": name, "state": "draft", "queue": queue, "lists": []any{}}, &made))
	return made.ID
}

// joins puts the tenant's people into a team.
func (p *party) joins(t *testing.T, team string) {
	t.Helper()
	for _, user := range []string{p.user, p.second} {
		var u struct{ Version int64 }
		must(t, p.all.Do(t.Context(), "GET", "users/"+user, nil, &u))
		must(t, p.all.Do(t.Context(), "PATCH", "users/"+user, m{"version": u.Version, "teams": []string{team}}, nil))
	}
}

// partly is a signed-in user who has roles for a part of the tenant.
func (p *party) partly(t *testing.T, n *node, name string, part access.RolePart) *drive.User {
	t.Helper()
	ctx, parts := t.Context(), account.RoleParts{}
	for _, r := range partRoles {
		parts[r] = part
	}
	_, once, err := n.parts.accounts.CreateUser(ctx, access.Actor{Tenant: p.id, User: p.user, Roles: []access.Role{access.Administrator}},
		account.NewUser{UserName: name, Roles: partRoles, Parts: parts})
	must(t, err)
	in, err := n.parts.accounts.SignIn(ctx, account.From{}, "acme", name, once)
	must(t, err)
	_, err = n.parts.accounts.SetPassword(ctx, in.Session, once, secret.New(demo.Password))
	must(t, err)
	u, err := drive.SignIn(ctx, drive.Client(), n.URL(), drive.Login{Organisation: "acme", UserName: name, Password: demo.Password})
	must(t, err)
	return u
}

// livePart has something happen in one part: who has that hears it, who has another
// hears nothing of it.
func livePart(t *testing.T, a *party, stranger, friend *drive.User) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lines := map[*drive.User]*drive.Live{}
	for _, u := range []*drive.User{stranger, friend} {
		line, err := u.Live(ctx, "")
		must(t, err)
		defer line.Close()
		lines[u] = line
	}
	must(t, lines[stranger].Send(ctx, m{"type": "watch", "interaction": a.visitor.Interaction}))
	must(t, a.all.Do(ctx, "PUT", "desk/presence", m{"presence": "not_ready"}, nil))
	for heard := false; !heard; {
		f, err := lines[friend].Next(ctx)
		must(t, err)
		heard = f.Type == "agent.changed" && strings.Contains(string(f.Data), a.user)
	}
	must(t, lines[stranger].Send(ctx, m{"type": "ping"}))
	for refused := false; ; {
		f, err := lines[stranger].Next(ctx)
		must(t, err)
		if what := a.leaks(string(f.Data)); what != "" {
			t.Errorf("%s tells %q: %s", f.Type, what, f.Data)
		}
		refused = refused || f.Type == "error"
		if f.Type == "pong" {
			if !refused {
				t.Error("the watch was not refused")
			}
			return
		}
	}
}

// insidePart looks at everything of the part: what was hidden from the stranger is
// there.
func insidePart(t *testing.T, a *party, friend *drive.User, routes []api.Route, part access.RolePart) {
	who := asker{"its own supervisor", "Cookie", friend.Cookie.String()}
	var opened struct{ Ticket string }
	must(t, friend.Do(t.Context(), "POST", "recordings/"+a.recording+"/listen", m{}, &opened))
	actor := access.Actor{Tenant: a.id, Roles: []access.Role{access.Supervisor, access.PrivacyOfficer}, Parts: map[access.Role]access.RolePart{access.Supervisor: part, access.PrivacyOfficer: part}}
	for _, r := range routes {
		if r.Method != http.MethodGet || r.Socket || access.Reach(actor, r.Guard.Permission) != access.SomeOf {
			continue
		}
		query := ""
		if strings.Contains(r.Path, "{") {
			_, query = a.body(r.Method, r.Path)
		}
		status, answer := a.ask(who, r.Method, a.path(r.Path, a)+strings.ReplaceAll(query, a.ticket, opened.Ticket), nil)
		if strings.HasPrefix(r.Path, "/api/v1/calibrations") || r.Path == "/api/v1/do-not-call" { // those are of the whole tenant
			if status != 403 && status != 404 {
				t.Errorf("%s: %d %s", r.Path, status, answer)
			}
		} else if status == 401 || status == 403 || status == 404 || status == 422 || status >= 500 {
			t.Errorf("%s: %d %s", r.Path, status, answer)
		}
	}
	for _, list := range []string{"interactions", "contacts", "floor", "alerts", "users", "evaluations"} {
		if _, answer := a.ask(who, "GET", "/api/v1/"+list, nil); a.leaks(answer) == "" {
			t.Errorf("%s has nothing of the part: %s", list, answer)
		}
	}
}

// movedPart gives somebody another part: it holds at once, in the session that is
// open and on its live connection.
func movedPart(t *testing.T, n *node, a *party, u *drive.User, to access.RolePart) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	line, err := u.Live(ctx, "")
	must(t, err)
	defer line.Close()
	var me struct{ User account.User }
	must(t, u.Do(ctx, "GET", "me", nil, &me))
	parts := account.RoleParts{access.Supervisor: to}
	_, err = n.parts.accounts.UpdateUser(ctx, access.Actor{Tenant: a.id, User: a.user, Roles: []access.Role{access.Administrator}}, me.User.ID, me.User.Version,
		account.UserChange{Roles: &[]access.Role{access.Supervisor}, Parts: &parts})
	must(t, err)
	for told := false; !told; {
		f, err := line.Next(ctx)
		must(t, err)
		told = f.Type == "resync"
	}
	if status, answer := a.ask(asker{"the moved one", "Cookie", u.Cookie.String()}, "GET", "/api/v1/interactions/"+a.visitor.Interaction, nil); status != 200 {
		t.Errorf("%d %s", status, answer)
	}
}
