package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
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

// The matrix of the doors proves permissions with parts that are made up. Here
// every route of the whole program is walked with the ids of another tenant.
func TestNoRouteReachesAnotherTenant(t *testing.T) {
	engines(t, func(t *testing.T, c *config.Config) {
		c.Limits.Calls = 0
		n := start(t, c, nil)
		seed := &demo.Seeder{Parts: n.contents()}
		must(t, seed.Put(t.Context(), demo.Organisations()[0]))
		a, b := putToWork(t, n, seed, "acme"), putToWork(t, n, seed, "brio")
		operator, err := drive.SignIn(t.Context(), drive.Client(), n.URL(), drive.Login{Organisation: demo.OperatorSlug, UserName: demo.Organisations()[0].Administrator, Password: demo.Password})
		must(t, err)
		routes := inOrder(n.parts.api.Routes())
		before := b.state()

		from := []asker{a.session1(), a.keyed(), {"the operator", "Cookie", operator.Cookie.String()}, {"a visitor", "Authorization", "Bearer " + a.visitor.Token}}
		for _, r := range routes {
			if r.Guard.Permission == access.Public || r.Socket {
				continue
			}
			if strings.Contains(r.Path, "{") {
				for _, who := range from {
					stranger(t, a, b, r, who)
				}
			} else if r.Method == http.MethodGet {
				lists(t, a, b, r)
			}
		}
		t.Run("foreign ids in bodies", func(t *testing.T) { bodies(t, a, b) })
		t.Run("foreign ids in filters", func(t *testing.T) { filters(t, a, b) })
		t.Run("what is another's in searches", func(t *testing.T) { searches(t, a, b) })
		t.Run("cursors", func(t *testing.T) { cursors(t, a) })
		if after := b.state(); after != before {
			t.Errorf("the other tenant has changed:\n%s", difference(before, after))
		}
		t.Run("let in to one conversation", func(t *testing.T) { letIn(t, n, b) })
		t.Run("a live watch", func(t *testing.T) { watching(t, a, b) })
		controls(t, b, routes)
	})
}

// inOrder puts what only looks first, and what ends things last.
func inOrder(routes []api.Route) []api.Route {
	rank := func(r api.Route) int {
		last := []string{"/finish", "/extend", "/transfer", "/move", "/empty", "/complete", "/erase", "/receipt"}
		for i, end := range last {
			if strings.HasSuffix(r.Path, end) {
				return 4 + i
			}
		}
		switch {
		case r.Method == http.MethodDelete && strings.HasSuffix(r.Path, "/{id}"):
			return 3
		case r.Method == http.MethodDelete:
			return 2
		case r.Method == http.MethodGet:
			return 0
		}
		return 1
	}
	routes = slices.Clone(routes)
	slices.SortStableFunc(routes, func(x, y api.Route) int { return cmp.Compare(rank(x), rank(y)) })
	return routes
}

// stranger asks for what is b's, alone and through what is a's.
func stranger(t *testing.T, a, b *party, r api.Route, who asker) {
	t.Helper()
	if who.name == "the operator" && strings.HasPrefix(r.Path, "/api/v1/organisations/") {
		return // both tenants are below it
	}
	body, query := b.body(r.Method, r.Path)
	paths := []string{b.path(r.Path, b) + query}
	if strings.Count(r.Path, "{") > 1 {
		paths = append(paths, a.path(r.Path, b)+query)
	}
	for i, path := range paths {
		status, answer := a.ask(who, r.Method, path, body)
		fine := status == 403 || status == 404 || status == 401 && r.Guard.Visitor != (who.name == "a visitor")
		switch {
		case i == 1 && strings.HasSuffix(r.Path, "/consult/{user}"):
			fine = fine || status == 200 // ending what is not there is done
		case i == 1 && (strings.HasSuffix(r.Path, "/files/{number}") || strings.HasSuffix(r.Path, "/files/{file}") || strings.HasSuffix(r.Path, "/reply/{client_id}")):
			fine = fine || status == 409 // a number is nobody's, and a's conversation is no email
		case i == 1 && strings.HasSuffix(r.Path, "/volumes/{volume}"):
			fine = fine || status == 200 // a number is nobody's, and the export is a's
		case strings.HasPrefix(r.Path, "/api/v1/offers/"):
			fine = fine || status == 409 // an offer that nobody knows has ended
		}
		if !fine {
			t.Errorf("%s: %s %s: %d %s", who.name, r.Method, path, status, answer)
		}
		// Nor does an answer tell that the id is one.
		made := b.madeUp(path)
		if otherwise, other := a.ask(who, r.Method, made, body); i == 0 && (otherwise != status || other != answer) {
			t.Errorf("%s: %s %s: %d %s, but for %s: %d %s", who.name, r.Method, path, status, answer, made, otherwise, other)
		}
		if what := b.leaks(answer); what != "" {
			t.Errorf("%s: %s %s tells %q: %s", who.name, r.Method, path, what, answer)
		}
	}
}

// lists asks for what is a's and looks for anything of b's.
func lists(t *testing.T, a, b *party, r api.Route) {
	t.Helper()
	for _, who := range []asker{a.session1(), a.keyed(), {"a visitor", "Authorization", "Bearer " + a.visitor.Token}} {
		if _, answer := a.ask(who, r.Method, r.Path, nil); b.leaks(answer) != "" {
			t.Errorf("%s: %s %s tells %q: %s", who.name, r.Method, r.Path, b.leaks(answer), answer)
		}
	}
}

// bodies names what is b's in changes of what is a's.
func bodies(t *testing.T, a, b *party) {
	interaction := "/api/v1/interactions/" + a.visitor.Interaction
	queue := b.setups[setup.KindQueue]["id"]
	with := func(kind setup.Kind, field string, value any) m {
		body := own(a.setups[kind])
		body[field] = value
		return body
	}
	flow := strings.ReplaceAll(encode(t, own(a.setups[setup.KindFlow])), a.setups[setup.KindQueue]["id"].(string), queue.(string))
	var graph m
	must(t, json.Unmarshal([]byte(flow), &graph))
	put := func(kind setup.Kind) string { return "/api/v1/" + string(kind) + "/" + a.setups[kind]["id"].(string) }
	for _, c := range []struct {
		method, path string
		body         m
	}{
		{"POST", interaction + "/transfer", m{"queue": queue}},
		{"POST", interaction + "/transfer", m{"user": b.user}},
		{"POST", interaction + "/transfer", m{"flow": b.setups[setup.KindFlow]["id"]}},
		{"POST", interaction + "/consult", m{"user": b.user}},
		{"PUT", interaction + "/result", m{"disposition": b.setups[setup.KindDisposition]["id"], "labels": []any{}}},
		{"PUT", interaction + "/result", m{"disposition": "", "labels": []any{b.setups[setup.KindLabel]["id"]}}},
		{"POST", interaction + "/complete", m{"disposition": b.setups[setup.KindDisposition]["id"]}},
		{"POST", interaction + "/complete", m{"labels": []any{b.setups[setup.KindLabel]["id"]}}},
		{"POST", "/api/v1/floor/interactions/" + a.visitor.Interaction + "/move", m{"queue": queue}},
		{"POST", "/api/v1/floor/interactions/" + a.visitor.Interaction + "/move", m{"user": b.user}},
		{"PUT", "/api/v1/desk/presence", m{"presence": "not_ready", "reason": b.setups[setup.KindReason]["id"]}},
		{"PUT", "/api/v1/floor/agents/" + a.user + "/presence", m{"presence": "not_ready", "reason": b.setups[setup.KindReason]["id"]}},
		{"PUT", "/api/v1/floor/agents/" + a.user + "/skills/" + b.setups[setup.KindSkill]["id"].(string), m{"level": 5, "was": 0}},
		{"PUT", "/api/v1/floor/agents/" + a.user + "/queues/" + queue.(string), m{"member": true}},
		{"POST", "/api/v1/users", m{"user_name": "third", "roles": []string{"agent"}, "skills": m{b.setups[setup.KindSkill]["id"].(string): 5}}},
		{"POST", "/api/v1/users", m{"user_name": "third", "roles": []string{"agent"}, "teams": []any{b.setups[setup.KindTeam]["id"]}}},
		{"POST", "/api/v1/users", m{"user_name": "third", "roles": []string{"agent"}, "site": b.setups[setup.KindSite]["id"]}},
		{"PUT", put(setup.KindQueue), with(setup.KindQueue, "members", []any{b.user})},
		{"PUT", put(setup.KindQueue), with(setup.KindQueue, "member_rule", fmt.Sprintf("%q in teams", b.setups[setup.KindTeam]["id"]))},
		{"PUT", put(setup.KindQueue), with(setup.KindQueue, "member_rule", fmt.Sprintf("site == %q", b.setups[setup.KindSite]["id"]))},
		{"POST", "/api/v1/queues/members", m{"member_rule": fmt.Sprintf("skill(%q) > 1", b.setups[setup.KindSkill]["id"])}},
		{"POST", "/api/v1/queues/members", m{"members": []any{b.user}}},
		{"PUT", put(setup.KindQueue), with(setup.KindQueue, "hours", b.setups[setup.KindHours]["id"])},
		{"PUT", put(setup.KindQueue), with(setup.KindQueue, "dispositions", []any{b.setups[setup.KindDisposition]["id"]})},
		{"PUT", put(setup.KindQueue), with(setup.KindQueue, "needs", []any{m{"skill": b.setups[setup.KindSkill]["id"], "level": 1}})},
		{"PUT", put(setup.KindEntryPoint), with(setup.KindEntryPoint, "flow", b.setups[setup.KindFlow]["id"])},
		{"PUT", put(setup.KindEntryPoint), with(setup.KindEntryPoint, "consent_text", b.setups[setup.KindConsentText]["id"])},
		{"PUT", put(setup.KindCanned), with(setup.KindCanned, "queue", queue)},
		{"PUT", put(setup.KindAlertRule), with(setup.KindAlertRule, "teams", []any{b.setups[setup.KindTeam]["id"]})},
		{"PUT", put(setup.KindAlertRule), with(setup.KindAlertRule, "queues", []any{queue})},
		{"PUT", put(setup.KindTrunk), with(setup.KindTrunk, "numbers", []any{m{"number": b.number()}})},
		{"PUT", put(setup.KindTrunk), with(setup.KindTrunk, "numbers", []any{m{"number": "+351220000000", "entry_point": b.setups[setup.KindEntryPoint]["id"]}})},
		{"PUT", put(setup.KindTrunk), with(setup.KindTrunk, "outgoing", m{"allowed": false, "hours": b.setups[setup.KindHours]["id"]})},
		{"PUT", put(setup.KindTrunk), with(setup.KindTrunk, "caller", m{"queues": []any{m{"queue": queue, "number": a.number()}}})},
		{"PUT", put(setup.KindMailbox), with(setup.KindMailbox, "entry_point", b.setups[setup.KindMailbox]["entry_point"])},
		{"POST", "/api/v1/mailboxes/try", m{"id": b.setups[setup.KindMailbox]["id"], "name": "x", "address": "x@shop.example", "imap": m{"host": "imap.example"}, "smtp": m{"host": "smtp.example"}, "entry_point": "ent_1"}},
		{"POST", "/api/v1/trunks/try", m{"number": "112", "id": b.setups[setup.KindTrunk]["id"], "trunk": m{"name": "x", "country": "PT"}}},
		{"PUT", put(setup.KindFlow), graph},
		{"POST", "/api/v1/queues/try", m{"queue": m{"name": "x"}, "id": queue, "works": []any{m{"channel": "chat"}}}},
		{"POST", "/api/v1/queues/try", m{"queue": m{"name": "x", "members": []any{b.user}}, "works": []any{m{"channel": "chat"}}}},
		{"POST", "/api/v1/queues/try", m{"queue": m{"name": "x"}, "agents": []any{m{"user": b.user}}, "works": []any{m{"channel": "chat"}}}},
		{"POST", "/api/v1/queues/try", m{"queue": m{"name": "x"}, "works": []any{m{"channel": "chat", "last_agent": b.user}}}},
		{"POST", "/api/v1/recordings/" + a.recording + "/shares", m{"users": []any{b.user}, "reason": "quality"}},
		{"POST", "/api/v1/evaluations", m{"recording": b.recording, "form": a.setups[setup.KindQualityForm]["id"]}},
		{"POST", "/api/v1/evaluations", m{"recording": a.recording, "form": b.setups[setup.KindQualityForm]["id"], "agent": a.user}},
		{"POST", "/api/v1/evaluations", m{"recording": a.recording, "form": a.setups[setup.KindQualityForm]["id"], "evaluator": b.user}},
		{"POST", "/api/v1/calibrations", m{"recording": b.recording, "form": a.setups[setup.KindQualityForm]["id"], "evaluators": []any{a.user, a.second}}},
		{"PUT", put(setup.KindQualitySample), with(setup.KindQualitySample, "form", b.setups[setup.KindQualityForm]["id"])},
		{"PUT", put(setup.KindQualitySample), with(setup.KindQualitySample, "evaluators", []any{b.user})},
		{"PUT", put(setup.KindCampaign), with(setup.KindCampaign, "queue", queue)},
		{"PUT", put(setup.KindCampaign), with(setup.KindCampaign, "lists", []any{b.setups[setup.KindContactList]["id"]})},
		{"PUT", put(setup.KindCampaign), with(setup.KindCampaign, "hours", b.setups[setup.KindHours]["id"])},
		{"PUT", put(setup.KindCampaign), with(setup.KindCampaign, "outcomes", []any{m{"disposition": b.setups[setup.KindDisposition]["id"], "then": "done"}})},
		{"PUT", put(setup.KindRecordingRule), with(setup.KindRecordingRule, "campaigns", []any{b.setups[setup.KindCampaign]["id"]})},
		{"POST", "/api/v1/recording-holds", m{"recording": b.recording, "reason": "claim"}},
		{"POST", "/api/v1/recording-holds", m{"contact": b.contact, "reason": "claim"}},
		{"PUT", "/api/v1/queues/order", m{"ids": []any{queue}}},
	} {
		status, answer := a.ask(a.session1(), c.method, c.path, c.body)
		if status != 404 && status != 422 && status != 409 {
			t.Errorf("%s %s %v: %d %s", c.method, c.path, c.body, status, answer)
		}
		if strings.Contains(answer, b.canary) {
			t.Errorf("%s %s tells %s", c.method, c.path, answer)
		}
	}
}

// filters searches a's lists for what is b's.
func filters(t *testing.T, a, b *party) {
	for _, query := range []string{"interactions?person=" + b.contact, "interactions?agent=" + b.user, "interactions?queue=" + b.setups[setup.KindQueue]["id"].(string),
		"alerts?user=" + b.user, "alerts?rule=" + b.setups[setup.KindAlertRule]["id"].(string)} {
		for _, p := range []*party{a, b} {
			status, answer := p.ask(p.session1(), "GET", "/api/v1/"+query, nil)
			var list struct{ Items []any }
			must(t, json.Unmarshal([]byte(answer), &list))
			if found := len(list.Items) > 0; found != (p == b) || status != 200 {
				t.Errorf("%s asks %s: %d %s", p.canary, query, status, answer)
			}
		}
	}
}

// searches asks for what is b's by what a body says.
func searches(t *testing.T, a, b *party) {
	address := strings.ToLower(b.canary) + "@example.com"
	for _, c := range []struct {
		path string
		body m
	}{
		{"interactions/search", m{"words": b.canary}}, {"interactions/search", m{"address": address}}, {"interactions/search", m{"person": b.contact}},
		{"interactions/search", m{"agent": b.user}}, {"contacts/search", m{"kind": "email", "address": address}}, {"users/search", m{"find": b.canary}},
	} {
		for _, p := range []*party{a, b} {
			status, answer := p.ask(p.session1(), "POST", "/api/v1/"+c.path, c.body)
			var list struct{ Items []any }
			must(t, json.Unmarshal([]byte(answer), &list))
			if found := len(list.Items) > 0; found != (p == b) || status != 200 {
				t.Errorf("%s asks %s %v: %d %s", p.canary, c.path, c.body, status, answer)
			}
		}
	}
}

// cursors that no list gave, another list's among them, are named where they stand.
func cursors(t *testing.T, a *party) {
	for _, list := range []string{"interactions", "contacts", "audit", "users", "alerts"} {
		if status, answer := a.ask(a.session1(), "GET", "/api/v1/"+list+"?cursor=zzz", nil); status != 422 || !strings.Contains(answer, `"location":"query.cursor"`) {
			t.Errorf("%s: %d %s", list, status, answer)
		}
	}
}

// letIn grants a person of the operator one conversation of b's: it is readable,
// and nothing beside it is.
func letIn(t *testing.T, n *node, b *party) {
	ctx, accounts := t.Context(), n.parts.accounts
	once, err := accounts.ResetPassword(ctx, access.Actor{Tenant: b.helper.Tenant, Roles: []access.Role{access.OperatorRole}}, b.helper.User)
	must(t, err)
	who, err := accounts.User(ctx, access.Actor{Tenant: b.helper.Tenant, Roles: []access.Role{access.OperatorRole}}, b.helper.User)
	must(t, err)
	own, err := accounts.SignIn(ctx, account.From{}, demo.OperatorSlug, who.UserName, once)
	must(t, err)
	const chosen = "a lamp beside the door"
	_, err = accounts.SetPassword(ctx, own.Session, once, secret.New(chosen))
	must(t, err)
	admin := access.Actor{Tenant: b.id, User: b.user, Roles: []access.Role{access.Administrator}}
	g, err := accounts.GrantSupport(ctx, admin, b.helper.Tenant, who.UserName, account.SupportTerms{Scopes: []access.SupportScope{access.SupportInteraction}, Interaction: b.visitor.Interaction, Minutes: 60, Reason: "help"})
	must(t, err)
	token, _, err := accounts.OpenSupport(ctx, own.Session, g.ID)
	must(t, err)
	name := b.all.Cookie.Name
	helper := asker{"the helper", "Cookie", name + "=" + own.Token.Reveal() + "; " + name + "-support=" + token.Reveal()}
	for path, want := range map[string]int{
		"interactions/" + b.visitor.Interaction:                                  200,
		"interactions/" + b.visitor.Interaction + "/messages":                    200,
		"interactions/" + b.visitor.Interaction + "/attachments/" + b.attachment: 200,
		"interactions/" + b.next.Interaction:                                     404,
		"interactions/" + b.next.Interaction + "/messages":                       404,
		"interactions":          403,
		"contacts/" + b.contact: 403,
		"users":                 403,
		"queues":                403,
		"floor":                 403,
	} {
		if status, answer := b.ask(helper, "GET", "/api/v1/"+path, nil); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, answer, want)
		}
	}
	if _, answer := b.ask(helper, "GET", "/api/v1/interactions/"+b.visitor.Interaction+"/messages", nil); !strings.Contains(answer, b.canary) {
		t.Errorf("the conversation is not there: %s", answer)
	}
	_, err = accounts.EndSupport(ctx, admin, g.ID)
	must(t, err)
	if status, answer := b.ask(helper, "GET", "/api/v1/interactions/"+b.visitor.Interaction, nil); status != 401 {
		t.Errorf("after the end: %d %s", status, answer)
	}
}

// watching follows a conversation that is b's.
func watching(t *testing.T, a, b *party) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	line, err := a.all.Live(ctx, "")
	must(t, err)
	defer line.Close()
	must(t, line.Send(ctx, m{"type": "watch", "interaction": b.visitor.Interaction}))
	_, err = b.visitor.Say(ctx, "w1", b.canary+" says more")
	must(t, err)
	must(t, line.Send(ctx, m{"type": "ping"}))
	for refused := false; ; {
		f, err := line.Next(ctx)
		must(t, err)
		if strings.Contains(string(f.Data), b.canary) {
			t.Errorf("the live connection told %s %s", f.Type, f.Data)
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

// controls makes b's own people call every route in the same way: what was
// hidden from a stranger is there for them.
func controls(t *testing.T, b *party, routes []api.Route) {
	t.Helper()
	for _, r := range routes {
		if !strings.Contains(r.Path, "{") || r.Guard.Permission == access.Public || r.Socket ||
			strings.HasPrefix(r.Path, "/api/v1/organisations/") || strings.HasPrefix(r.Path, "/api/v1/sign-up-links/") || strings.HasPrefix(r.Path, "/api/v1/support-access/") || strings.HasSuffix(r.Path, "/decline") || strings.HasSuffix(r.Path, "/email/split") ||
			strings.HasPrefix(r.Path, "/api/v1/evaluations/") && (strings.HasSuffix(r.Path, "/acknowledge") || strings.HasSuffix(r.Path, "/dispute")) {
			continue // organisations are the operator's; the one offer was accepted; nothing was merged; whose work it is answers
		}
		if strings.HasSuffix(r.Path, "/erase") {
			must(t, b.all.Do(t.Context(), "POST", "interactions/"+b.next.Interaction+"/complete", m{}, nil)) // its work must be done
		}
		body, query := b.body(r.Method, r.Path)
		who := b.session1()
		if r.Guard.Visitor {
			who = asker{"the visitor", "Authorization", "Bearer " + b.visitor.Token}
		}
		status, answer := b.ask(who, r.Method, b.path(r.Path, b)+query, body)
		if status == 401 || status == 403 || status == 404 || status == 422 || status >= 500 {
			t.Errorf("its own people: %s %s: %d %s", r.Method, r.Path, status, answer)
		}
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	must(t, err)
	return string(raw)
}

// difference is the lines of two states that are not the same.
func difference(before, after string) string {
	var out []string
	now := strings.Split(after, "\n")
	for i, line := range strings.Split(before, "\n") {
		if i < len(now) && now[i] != line {
			out = append(out, "- "+line, "+ "+now[i])
		}
	}
	return strings.Join(out, "\n")
}
