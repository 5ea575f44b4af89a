package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

type m = map[string]any

// party is a tenant at work: one thing of every kind that a route can name.
type party struct {
	t    *testing.T
	base string
	id   id.Tenant
	// canary is in the names of its people and set-up, and in what they write.
	canary  string
	all     *drive.User // holds all of a tenant's roles
	spare   *drive.User // another session of the same user
	user    string      // id of all
	second  string      // id of another user, an agent
	third   string      // and of one whom a directory deletes
	session string      // id of spare's
	key     string      // an API key's secret; it has all roles
	keyID   string
	// visitor has a conversation that all holds; next has one that is offered.
	visitor    *drive.Visitor
	next       *drive.Visitor
	offer      string
	contact    string
	consent    string
	attachment string
	recording  string
	share      string // of it, with second
	evaluation string
	judging    string // a calibration
	factor     string // of all
	group      string // of its directory
	role       string // that nobody has
	hold       string // on it
	export     string // of all that it has
	grant      string // that a person of the operator asked for
	helper     access.Actor
	ticket     string // of its opening
	listed     string // a contact of the contact list
	delivery   string // of a ping, to its webhook
	unusual    string // a security alert, of its first export of users
	alert      string // about user, who holds a conversation
	setups     map[setup.Kind]m
	otherQueue string // nothing is in it
}

// listed are the kinds that have routes of their own for each object.
var listed = slices.DeleteFunc(slices.Clone(setup.Kinds), func(k setup.Kind) bool { return k == setup.KindRules })

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// putToWork makes a tenant and puts it to work.
func putToWork(t *testing.T, n *node, seed *demo.Seeder, slug string) *party {
	t.Helper()
	ctx := t.Context()
	p := &party{t: t, base: n.URL(), canary: "Canary" + slug, setups: map[setup.Kind]m{}}
	org, first, err := seed.Found(ctx, demo.Organisation{Parent: demo.OperatorSlug, NewOrganisation: account.NewOrganisation{
		Kind: account.KindTenant, Slug: slug, Name: p.canary + " Ltd", Language: "en", TimeZone: "Europe/Lisbon", Administrator: "first"}})
	must(t, err)
	must(t, seed.OpenAccount(ctx, org.ID, first))
	n.founded(ctx, org.ID)
	openAlways(t, n, org)
	p.id, p.user = org.ID, first

	admin := access.Actor{Tenant: org.ID, User: first, Roles: []access.Role{access.Administrator}}
	u, err := n.parts.accounts.User(ctx, admin, first)
	must(t, err)
	_, err = n.parts.accounts.UpdateUser(ctx, admin, first, u.Version, account.UserChange{Roles: &access.TenantRoles, Profile: &account.ProfileChange{DisplayName: &p.canary}})
	must(t, err)
	other, _, err := n.parts.accounts.CreateUser(ctx, admin, account.NewUser{UserName: "second", Roles: []access.Role{access.Agent}})
	must(t, err)
	p.second = other.ID
	other, _, err = n.parts.accounts.CreateUser(ctx, admin, account.NewUser{UserName: "third", Roles: []access.Role{access.Agent}})
	must(t, err)
	p.third = other.ID
	k, token, err := n.parts.accounts.CreateAPIKey(ctx, access.Actor{Tenant: org.ID, User: first, Roles: access.TenantRoles}, account.NewAPIKey{Name: p.canary, Roles: access.TenantRoles})
	must(t, err)
	p.keyID, p.key = k.ID, token.Reveal()

	login := drive.Login{Organisation: slug, UserName: "first", Password: demo.Password}
	p.all, err = drive.SignIn(ctx, drive.Client(), n.URL(), login)
	must(t, err)
	p.spare, err = drive.SignIn(ctx, drive.Client(), n.URL(), login)
	must(t, err)
	var me struct{ Session string }
	must(t, p.spare.Do(ctx, "GET", "me", nil, &me))
	p.session = me.Session
	p.helper = access.Actor{Tenant: seed.Organisation(demo.OperatorSlug).ID, Roles: []access.Role{access.OperatorRole}}
	person, _, err := n.parts.accounts.CreateUser(ctx, p.helper, account.NewUser{UserName: "helper-" + slug, Roles: []access.Role{access.OperatorRole}})
	must(t, err)
	p.helper.User = person.ID
	asked, err := n.parts.accounts.AskSupport(ctx, p.helper, p.id, account.SupportTerms{Scopes: []access.SupportScope{access.SupportRoom}, Minutes: 60, Reason: p.canary})
	must(t, err)
	p.grant = asked.ID
	var role struct{ ID string }
	must(t, p.all.Do(ctx, "POST", "roles", m{"name": p.canary, "base": "agent", "permissions": m{"desk.use": "own"}}, &role))
	p.role = role.ID
	var exported struct{ ID string }
	must(t, p.all.Do(ctx, "POST", "exports", m{"reason": "backup"}, &exported))
	p.export = exported.ID
	for _, user := range []string{first, p.second, p.third} {
		must(t, n.parts.accounts.SetPhoto(ctx, access.Actor{Tenant: org.ID, User: first, Roles: access.TenantRoles}, user, []byte(square())))
	}
	p.furnish()
	p.list()
	p.work()
	p.record(n)
	return p
}

// furnish makes sure there is one set-up object of every kind, named for the canary.
func (p *party) furnish() {
	p.t.Helper()
	ctx := p.t.Context()
	for _, kind := range listed {
		var list struct{ Items []m }
		must(p.t, p.all.Do(ctx, "GET", string(kind), nil, &list))
		if len(list.Items) == 0 {
			var made m
			fresh := m{"name": "new"}
			if kind == setup.KindAlertRule { // holding a conversation for a second raises an alert
				fresh = m{"name": "new", "measure": "time_in_state", "activity": "engaged", "warning": m{"at": 1}, "hold_seconds": 0}
			}
			if kind == setup.KindConnection {
				fresh = m{"name": "new", "address": "https://api.example.com", "header": "Authorization", "secret": p.canary}
			}
			if kind == setup.KindWebhook {
				fresh = m{"name": "new", "address": "https://api.example.com", "events": []string{"alert.raised", "security_alert.raised"}, "secret": p.canary + " and enough for a key"}
			}
			if kind == setup.KindPrompt {
				fresh = m{"name": "new", "language": "en", "text": p.canary}
			}
			if kind == setup.KindRingGroup {
				fresh = m{"name": "new", "extension": "30", "members": []string{p.user}}
			}
			if kind == setup.KindRecordingRule {
				fresh = m{"name": "new", "percent": 100, "consent": "none"}
			}
			if kind == setup.KindQualityForm {
				fresh = m{"name": "new", "questions": []any{m{"text": p.canary, "kind": "yes_no", "weight": 1}}}
			}
			if kind == setup.KindQualitySample {
				fresh = m{"name": "new", "form": p.setups[setup.KindQualityForm]["id"]}
			}
			if kind == setup.KindCampaign {
				fresh = m{"name": "new", "state": "running", "queue": p.setups[setup.KindQueue]["id"], "lists": []any{p.setups[setup.KindContactList]["id"]}, "notes": p.canary}
			}
			if kind == setup.KindField {
				fresh = m{"entity": "contact", "key": strings.ToLower(p.canary), "label": m{"en": p.canary}, "type": "text", "class": "content"}
			}
			if kind == setup.KindMailbox {
				fresh = m{"name": "new", "enabled": false, "address": p.canary + "@shop.example", "password": p.canary, "imap": m{"host": "imap.shop.example"}, "smtp": m{"host": "smtp.shop.example"}, "entry_point": p.forEmail()}
			}
			if kind == setup.KindTrunk {
				fresh = m{"name": "new", "country": "PT", "username": "u", "password": p.canary, "numbers": []any{m{"number": fmt.Sprintf("+3512100%05d", p.canary[len(p.canary)-1])}}}
			}
			must(p.t, p.all.Do(ctx, "POST", string(kind), fresh, &made))
			list.Items = append(list.Items, made)
		}
		body := own(list.Items[0])
		for _, field := range []string{"name", "title"} {
			if _, ok := body[field]; ok {
				body[field] = p.canary
			}
		}
		switch kind {
		case setup.KindQueue:
			body["offer_seconds"] = 300     // the offer is still there when its route is tried
			body["service_seconds"] = 86400 // and no goal passes meanwhile, however slow the walk is
		case setup.KindEntryPoint:
			body["attachments"] = m{"allowed": true, "max_mb": 1, "types": []string{"text/plain", "image/png"}}
		}
		var saved m
		must(p.t, p.all.Do(ctx, "PUT", string(kind)+"/"+list.Items[0]["id"].(string), body, &saved))
		p.setups[kind] = saved
	}
	prompt := "/api/v1/prompts/" + p.setups[setup.KindPrompt]["id"].(string) + "/audio"
	if status, said := p.ask(p.session1(), "POST", prompt, soundFile); status != http.StatusOK {
		p.t.Fatalf("a prompt got no sound: %d %s", status, said)
	}
}

// list puts a contact into the contact list.
func (p *party) list() {
	p.t.Helper()
	path := "contact-lists/" + p.setups[setup.KindContactList]["id"].(string)
	file := []byte("phone,name\n+351 210 000 0" + fmt.Sprint(p.canary[len(p.canary)-1]%90+10) + "," + p.canary + "\n")
	var seen struct{ Seen string }
	must(p.t, p.all.Do(p.t.Context(), "POST", path+"/import/preview", m{"file": file}, &seen))
	must(p.t, p.all.Do(p.t.Context(), "POST", path+"/import", m{"file": file, "seen": seen.Seen}, nil))
	var in struct{ Items []struct{ ID string } }
	must(p.t, p.all.Do(p.t.Context(), "GET", path+"/contacts", nil, &in))
	p.listed = in.Items[0].ID
}

// forEmail makes an entry point for email.
func (p *party) forEmail() string {
	p.t.Helper()
	var flow, point struct{ ID string }
	var other struct{ ID string }
	must(p.t, p.all.Do(p.t.Context(), "POST", "queues", m{"name": "Other"}, &other))
	p.otherQueue = other.ID
	must(p.t, p.all.Do(p.t.Context(), "POST", "flows", m{"name": "Email", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": p.setups[setup.KindQueue]["id"]}}}}, &flow))
	must(p.t, p.all.Do(p.t.Context(), "POST", "entry-points", m{"name": "Email", "channel": "email", "flow": flow.ID, "languages": []string{"en"}, "theme": m{"title": m{}, "welcome": m{}, "accent": "#336699", "position": "right", "mode": "auto"}, "attachments": m{"allowed": false, "max_mb": 1, "types": []string{}}}, &point))
	return point.ID
}

// number is the number of the tenant's trunk.
func (p *party) number() any { return p.setups[setup.KindTrunk]["numbers"].([]any)[0].(m)["number"] }

// own is what a change sends of an object: its fields and its version.
func own(object m) m {
	body := m{}
	for k, v := range object {
		if !slices.Contains([]string{"id", "position", "created_at", "updated_at", "archived_at"}, k) {
			body[k] = v
		}
	}
	return body
}

// work lets two visitors in: the user takes one and is offered the other.
func (p *party) work() {
	p.t.Helper()
	ctx, t := p.t.Context(), p.t
	line, err := p.all.Live(ctx, "")
	must(t, err)
	t.Cleanup(func() { line.Close() })
	go func() { // pings are answered by who reads
		var err error
		for err == nil {
			_, err = line.Next(context.WithoutCancel(ctx))
		}
		if ctx.Err() == nil {
			t.Logf("the line of a user ended: %v", err)
		}
	}()
	within(t, "the desk is not seen", func() bool {
		var d deskView
		return p.all.Do(ctx, "GET", "desk", nil, &d) == nil && d.Me.Online
	})
	must(t, p.all.Do(ctx, "PUT", "desk/presence", m{"presence": "ready"}, nil))
	entry := p.setups[setup.KindEntryPoint]["id"].(string)
	for i, name := range []string{p.canary, p.canary + " Next"} {
		v, _, err := drive.Chat(ctx, drive.Client(), p.base, entry, name, strings.ToLower(p.canary)+"@example.com", p.canary+" writes", "c1")
		must(t, err)
		lead(t, v)
		offer := ""
		within(t, "no offer came", func() bool {
			var d deskView
			must(t, p.all.Do(ctx, "GET", "desk", nil, &d))
			if len(d.Offers) > 0 {
				offer = d.Offers[0].ID
			}
			return offer != ""
		})
		if i == 1 {
			p.next, p.offer = v, offer
			continue
		}
		p.visitor = v
		must(t, p.all.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		var sent struct {
			Attachment struct{ ID string }
		}
		must(t, drive.Upload(ctx, drive.Client(), p.base+"/chat/v1/conversation/attachments", v.Token, nil, "c2", "a.txt", []byte(p.canary+" file"), &sent))
		p.attachment = sent.Attachment.ID
	}
	var seen struct {
		Contact struct {
			ID       string
			Consents []struct{ ID string }
		}
	}
	must(t, p.all.Do(ctx, "GET", "interactions/"+p.visitor.Interaction, nil, &seen))
	p.contact, p.consent = seen.Contact.ID, seen.Contact.Consents[0].ID
	within(t, "no alert came", func() bool {
		var list struct{ Items []struct{ ID string } }
		must(t, p.all.Do(ctx, "GET", "alerts?state=open&user="+p.user, nil, &list))
		if len(list.Items) > 0 {
			p.alert = list.Items[0].ID
		}
		return p.alert != ""
	})
	must(t, p.all.Do(ctx, "GET", "users/export", nil, nil))
	var unusual struct{ Items []struct{ ID string } }
	must(t, p.all.Do(ctx, "GET", "security-alerts?state=open", nil, &unusual))
	if len(unusual.Items) > 0 {
		p.unusual = unusual.Items[0].ID
	}
	var sent struct{ ID string }
	must(t, p.all.Do(ctx, "POST", "webhooks/"+p.setups[setup.KindWebhook]["id"].(string)+"/try", m{}, &sent))
	p.delivery = sent.ID
	for what, thing := range map[string]string{"delivery": p.delivery, "security alert": p.unusual, "offer": p.offer, "contact": p.contact, "consent": p.consent, "attachment": p.attachment, "session": p.session} {
		if thing == "" {
			t.Fatalf("%s has no %s", p.canary, what)
		}
	}
}

// record makes a recording of the conversation, and opens it.
func (p *party) record(n *node) {
	p.t.Helper()
	r, err := n.parts.recording.Begin(p.t.Context(), recording.Start{Tenant: p.id, Interaction: p.visitor.Interaction, Contact: p.contact, Kind: recording.Voice,
		Parties: []string{"person", p.user}, Source: &tones{left: 3}})
	must(p.t, err)
	must(p.t, r.End(p.t.Context(), "system", "ended"))
	must(p.t, n.keepers.db.Write(p.t.Context(), p.id, func(tx *store.Tx) error {
		return tx.PutVoicemail(store.VoicemailRow{InteractionID: p.visitor.Interaction, UserID: p.user, LeftAt: time.Now()})
	}))
	var opened struct{ Ticket string }
	must(p.t, p.all.Do(p.t.Context(), "POST", "recordings/"+r.ID()+"/listen", m{}, &opened))
	p.recording, p.ticket = r.ID(), opened.Ticket
	var shared struct{ Items []struct{ ID string } }
	must(p.t, p.all.Do(p.t.Context(), "POST", "recordings/"+r.ID()+"/shares", m{"users": []string{p.second}, "reason": "training"}, &shared))
	p.share = shared.Items[0].ID
	var held struct{ ID string }
	must(p.t, p.all.Do(p.t.Context(), "POST", "recording-holds", m{"recording": r.ID(), "reason": "claim", "reference": p.canary}, &held))
	p.hold = held.ID
	form := p.setups[setup.KindQualityForm]["id"].(string)
	ids := n.ids
	p.evaluation, p.judging = ids.New(id.Evaluation), ids.New(id.Calibration)
	p.factor, p.group = ids.New(id.Factor), ids.New(id.Group)
	must(p.t, n.keepers.db.Write(p.t.Context(), p.id, func(tx *store.Tx) error {
		return errors.Join(
			tx.PutSignOn(store.SignOnRow{Config: `{"name":"` + p.canary + `","issuer":"https://id.example","client":"x"}`}), tx.InsertIdentity(store.IdentityRow{Subject: []byte("x"), UserID: p.second}),
			tx.InsertProvisionedGroup(store.ProvisionedGroupRow{ID: p.group, Name: p.canary, NameKey: p.canary}), tx.InsertProvisionedMember(store.ProvisionedMemberRow{GroupID: p.group, UserID: p.second}),
			tx.InsertFactor(store.FactorRow{ID: p.factor, UserID: p.user, Kind: "passkey", Name: p.canary, CreatedAt: time.Now()}),
			tx.InsertEvaluation(store.EvaluationRow{ID: p.evaluation, FormID: form, FormVersion: 1, RecordingID: r.ID(), InteractionID: p.visitor.Interaction, AgentID: ids.New(id.User), EvaluatorID: p.user,
				Origin: "hand", State: "assigned", Answers: "[]", Score: -1, AssignedAt: time.Now()}),
			tx.InsertCalibration(store.CalibrationRow{ID: p.judging, FormID: form, FormVersion: 1, RecordingID: r.ID(), InteractionID: p.visitor.Interaction, AgentID: ids.New(id.User), BegunAt: time.Now()}))
	}))
}

// thing is the id of what a route is about.
func (p *party) thing(path string) string {
	part := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if object, ok := p.setups[setup.Kind(part[2])]; ok {
		return object["id"].(string)
	}
	switch {
	case strings.HasPrefix(path, "/chat/v1/conversation/attachments/"):
		return p.attachment
	case strings.HasPrefix(path, "/api/scim/v2/Users/"):
		return p.third
	case strings.HasPrefix(path, "/api/scim/v2/Groups/"):
		return p.group
	case strings.HasPrefix(path, "/api/v1/me/sessions/"):
		return p.session
	case strings.HasPrefix(path, "/api/v1/me/factors/"):
		return p.factor
	case strings.HasPrefix(path, "/api/v1/floor/queues/"):
		return p.setups[setup.KindQueue]["id"].(string)
	case strings.HasPrefix(path, "/api/v1/desk/forwarding/"):
		return p.setups[setup.KindPhone]["id"].(string)
	case strings.HasPrefix(path, "/api/v1/desk/campaigns/"):
		return p.setups[setup.KindCampaign]["id"].(string)
	case strings.HasPrefix(path, "/api/v1/desk/voicemails/"):
		return p.visitor.Interaction
	case strings.HasPrefix(path, "/api/v1/floor/agents/"):
		return p.user
	}
	return map[string]string{"users": p.second, "api-keys": p.keyID, "roles": p.role, "exports": p.export, "organisations": string(p.id), "offers": p.offer, "recordings": p.recording, "recording-holds": p.hold, "support-grants": p.grant, "support-access": p.grant, "evaluations": p.evaluation, "calibrations": p.judging,
		"interactions": p.visitor.Interaction, "parked-calls": p.visitor.Interaction, "shelved": p.visitor.Interaction, "alerts": p.alert, "security-alerts": p.unusual, "floor": p.visitor.Interaction, "contacts": p.contact}[part[2]]
}

// path fills in a route's ids: its thing is of p, the smaller ones are of q.
func (p *party) path(route string, q *party) string {
	return strings.NewReplacer("{id}", p.thing(route), "{attachment}", q.attachment, "{number}", "0", "{volume}", "1", "{client_id}", "m1", "{file}", "f1", "{delivery}", q.delivery, "{share}", q.share, "{contact}", q.listed, "{user}", q.second, "{consent}", q.consent, "{queue}", q.setups[setup.KindQueue]["id"].(string), "{skill}", q.setups[setup.KindSkill]["id"].(string)).Replace(route)
}

// madeUp is a path with ids in it that nobody has, in place of p's.
func (p *party) madeUp(path string) string {
	own := []string{string(p.id), p.user, p.second, p.third, p.session, p.keyID, p.role, p.offer, p.contact, p.consent, p.attachment, p.recording, p.share, p.hold, p.grant, p.export, p.group, p.evaluation, p.judging, p.alert, p.unusual, p.delivery, p.listed, p.visitor.Interaction}
	for _, object := range p.setups {
		own = append(own, object["id"].(string))
	}
	for _, one := range own {
		path = strings.ReplaceAll(path, one, one[:len(one)-6]+"zzzzzz")
	}
	return path
}

// soundFile is a second of a tone.
var soundFile = string(audio.WriteWAV(audio.Tone{Hertz: []float64{500}, Level: -20, Length: time.Second}.PCM(), audio.Rate))

const fileForm = "--x\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\nf1\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"

// body is what the route's own people would send.
func (p *party) body(method, route string) (any, string) {
	part := strings.Split(strings.TrimPrefix(route, "/"), "/")
	switch {
	case strings.HasSuffix(route, "/skip"):
		return m{"why": "later"}, ""
	case strings.HasSuffix(route, "/call-again"):
		return m{}, ""
	case strings.HasSuffix(route, "/import/preview"):
		return m{"file": "cGhvbmUK"}, ""
	case strings.HasSuffix(route, "/import"):
		return m{"file": "cGhvbmUK", "seen": "x"}, ""
	case strings.HasSuffix(route, "/contacts/{contact}"):
		return nil, ""
	}
	if strings.Contains(route, "/forwarding") && method == "PUT" {
		return m{"always": "", "busy": "", "unanswered": "", "seconds": 20}, ""
	}
	if strings.Contains(route, "/voicemails/") && method == "PATCH" {
		return m{"heard": true}, ""
	}
	if strings.HasSuffix(route, "/{id}/fields") && method == "PUT" {
		return m{"changes": []any{}}, ""
	}
	if strings.HasSuffix(route, "/fields/{id}/values") {
		if method == "DELETE" {
			return nil, "?values=0"
		}
		return nil, ""
	}
	if object, ok := p.setups[setup.Kind(part[2])]; ok && method == "PUT" {
		return own(object), ""
	} else if ok && method == "DELETE" && !strings.HasSuffix(route, "/audio") {
		return nil, "?version=1"
	}
	if part[2] == "roles" && method == "DELETE" {
		return nil, "?version=1"
	}
	if part[2] == "recordings" && method == "GET" && !strings.HasSuffix(route, "/shares") {
		query := "?ticket=" + p.ticket
		if strings.HasSuffix(route, "/sound") {
			query += "&until_ms=1000"
		}
		return nil, query
	}
	if part[2] == "evaluations" && method == "DELETE" {
		return nil, "?version=1"
	}
	if route == "/api/v1/organisations/usage" {
		return nil, "?month=2026-11"
	}
	if part[2] == "evaluations" && strings.Contains(route, "{id}") && method != "GET" {
		if strings.HasSuffix(route, "/acknowledge") || strings.HasSuffix(route, "/dispute") {
			return m{"version": 1, "reply": "x"}, ""
		}
		said := m{"version": 1, "answers": []any{m{"question": quality.IDOf(p.canary), "value": 1}}}
		if strings.HasSuffix(route, "/settle") {
			said["settlement"] = "x"
		}
		return said, ""
	}
	if strings.HasSuffix(route, "/draft/files/{file}") && method == "PUT" {
		return "piece", "?from=0"
	}
	if strings.HasSuffix(route, "/screen/pieces") {
		return m{}, "?recording=rec_1&number=1&at_ms=1&length_ms=1000"
	}
	if strings.HasPrefix(route, "/api/scim/v2/Users/") {
		return m{"userName": p.canary + "3", "Operations": []any{m{"op": "replace", "path": "externalId", "value": p.canary}}}, ""
	}
	if strings.HasPrefix(route, "/api/scim/v2/Groups/") {
		return m{"displayName": p.canary + "3", "Operations": []any{m{"op": "replace", "path": "externalId", "value": p.canary}}}, ""
	}
	for end, body := range map[string]any{"/rotation": m{"overlap_hours": 1}, "/roles/{id}": m{"version": 1, "name": p.canary + "2", "permissions": m{"desk.use": "own"}}, "/effect": m{"permissions": m{"desk.use": "own"}}, "/listen": m{}, "/mailboxes/{id}/sign-in": m{"back": "https://desk.example/app/setup/mail-sign-in"}, "/shares": m{"users": []any{p.second}, "reason": "quality"}, "/attachments": fileForm, "/email/reply": m{"client_id": "m1", "text": "hello"}, "/email/merge": m{"with": p.next.Interaction}, "/email/split": m{"email": p.visitor.Interaction}, "/email/rejection": m{"reason": p.setups[setup.KindRejectReason]["id"], "version": 1}, "/email/draft": m{"version": 0, "words": m{"text": p.canary}}, "/draft/files": m{"name": "a.pdf", "size": 1}, "/messages": m{"client_id": "m1", "kind": "text", "text": "hello"}, "/read": m{"seq": 1},
		"/typing": m{}, "/audio": soundFile, "/level": m{"right": true}, "/sound": m{"description": strings.Repeat("v=0\r\n", 10)}, "/hold": m{"held": true}, "/spoken": m{"wanted": true}, "/talk": m{"with": "caller"}, "/ring": m{}, "/park": m{}, "/shelve": m{"until": "2030-01-02T09:00:00Z"}, "/empty": m{"to": p.otherQueue}, "/v1/emails": m{"mailbox": "mbx_1", "to": p.canary + "@shop.example"}, "/take": m{}, "/monitor": m{"how": "none"}, "/outside": m{"number": "210000001"}, "/call-back": m{}, "/keys": m{"keys": "1"}, "/recording": m{"action": "pause"}, "/secure-flow": m{"flow": "flw_1"}, "/screen": m{}, "/screen/end": m{"why": "closed"}, "/photo": square(), "/call-legs/export": m{"format": "json"}, "/usage/export": m{"format": "json", "month": "2026-11"}, "/evaluations/export": m{"format": "json", "reason": "quality"}, "/complete": m{}, "/result": m{"disposition": "", "labels": []string{}}, "/transfer": m{"queue": p.setups[setup.KindQueue]["id"]}, "/consult": m{"user": p.second}, "/move": m{"priority": 7},
		"/support-grants/{id}/accept": m{"version": 1, "scopes": []string{"room"}, "minutes": 30}, "/support-requests": m{"scopes": []string{"room"}, "minutes": 30, "reason": "x"},
		"/presence": m{"presence": "not_ready"}, "/contacts/{id}": m{"version": 1, "name": "x"}, "/organisations/{id}": m{"version": 1, "name": "Renamed"},
		"/users/{id}": m{"version": 0, "language": "pt"}, "/identity": m{"subject": p.canary}, "/restore": m{"version": 1}, "/skills/{skill}": m{"level": 3, "was": 0}, "/queues/{queue}": m{"member": false}, "/queues/members": m{"member_rule": `language == "pt"`}} {
		if strings.HasSuffix(route, end) && method != "GET" && method != "DELETE" {
			return body, ""
		}
	}
	return nil, ""
}

// asker is somebody with one way of showing who it is.
type asker struct{ name, header, value string }

func (p *party) session1() asker { return asker{"the user", "Cookie", p.all.Cookie.String()} }

func (p *party) keyed() asker { return asker{"the API key", "Authorization", "Bearer " + p.key} }

// ask makes one call and gives the status and all that came back.
func (p *party) ask(a asker, method, path string, body any) (int, string) {
	p.t.Helper()
	var in io.Reader = http.NoBody
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		in, kind = strings.NewReader(b), "multipart/form-data; boundary=x"
	default:
		raw, err := json.Marshal(b)
		must(p.t, err)
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, in)
	must(p.t, err)
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	if a.header != "" {
		r.Header.Set(a.header, a.value)
	}
	res, err := drive.Client().Do(r)
	must(p.t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	must(p.t, err)
	return res.StatusCode, string(b)
}

// leaks says what of p is in an answer.
func (p *party) leaks(answer string) string {
	low := strings.ToLower(answer)
	for _, own := range []string{strings.ToLower(p.canary), string(p.id), p.user, p.second, p.contact, p.offer, p.attachment, p.recording, p.share, p.hold, p.grant, p.evaluation, p.judging, p.keyID} {
		if strings.Contains(low, own) {
			return own
		}
	}
	return ""
}

// state is all that p's own people see of what could be changed.
func (p *party) state() string {
	p.t.Helper()
	interaction := "interactions/" + p.visitor.Interaction
	paths := []string{"interactions", interaction, interaction + "/messages", "contacts", "contacts/" + p.contact, "users", "roles", "api-keys", "alerts", "desk", "rules", "me"}
	for _, kind := range listed {
		paths = append(paths, string(kind)+"?archived=true")
	}
	all := ""
	for _, path := range paths {
		var raw []byte
		must(p.t, p.all.Do(p.t.Context(), "GET", path, nil, &raw))
		all += path + "\t" + string(raw) + "\n"
	}
	return all
}

// square is a photo as the doors take it.
func square() string {
	var out bytes.Buffer
	_ = jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, 64, 64)), nil) // into memory
	return out.String()
}
