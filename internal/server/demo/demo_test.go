package demo

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/account"
	app "nubitalk/internal/app/setup"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

var now = time.Date(2026, 11, 23, 15, 30, 0, 0, time.UTC) // a Monday

type noAudit struct{}

func (noAudit) Record(*store.Tx, access.Actor, string, string, string, map[string]string) error {
	return nil
}

// The content fits together: every tenant's set-up is accepted, twice, and the
// second time changes nothing.
func TestSetUp(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "rows.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	ids := id.NewSource(clock.Real{}.Now, nil)
	changes := 0
	service := app.New(app.Deps{DB: db, Clock: clock.NewVirtual(now), IDs: ids, Audit: noAudit{}, Changed: func(app.Change) { changes++ }})
	for _, o := range Organisations() {
		if o.Tenant == nil {
			continue
		}
		ten := id.Tenant(ids.New(id.TenantKind))
		row := store.OrganisationRow{ID: ten, Kind: "tenant", Slug: o.Slug, Name: o.Name, Status: "active", Language: o.Language, TimeZone: o.TimeZone, CreatedAt: now, UpdatedAt: now}
		if err := db.System(ctx, func(tx *store.Tx) error { return tx.InsertOrganisation(row) }); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, ten, func(tx *store.Tx) error { return service.Prepare(tx, o.Language, o.TimeZone) }); err != nil {
			t.Fatal(err)
		}
		users := map[string]string{}
		makeUsers := func(made map[setup.Kind]map[string]string) (map[string]string, error) {
			if len(users) > 0 {
				return users, nil
			}
			return users, db.Write(ctx, ten, func(tx *store.Tx) error {
				for _, u := range o.Users {
					named := map[setup.Kind][]string{setup.KindSkill: slices.Collect(maps.Keys(u.Skills)), setup.KindTeam: u.Teams}
					if u.Site != "" {
						named[setup.KindSite] = []string{u.Site}
					}
					for kind, list := range named {
						for _, name := range list {
							if made[kind][name] == "" {
								t.Errorf("%s has the %s %q, which is not made", u.Name, kind.Word(), name)
							}
						}
					}
					users[u.Name] = ids.New(id.User)
					if err := tx.InsertUser(store.UserRow{ID: users[u.Name], UserName: u.Name, UserNameKey: u.Name, Status: "active", CreatedAt: now, UpdatedAt: now}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		admin := access.Actor{Tenant: ten, User: "usr_admin", Roles: []access.Role{access.Administrator}}
		made, err := SetUp(ctx, service, admin, o.Tenant, makeUsers)
		if err != nil {
			t.Fatalf("%s: %v", o.Slug, err)
		}
		changes = 0
		again, err := SetUp(ctx, service, admin, o.Tenant, makeUsers)
		if err != nil || changes != 0 || !cmp.Equal(made, again) {
			t.Errorf("%s: the second time %v, %d changes\n%s", o.Slug, err, changes, cmp.Diff(made, again))
		}
		snap, err := service.Snapshot(ctx, ten)
		if err != nil {
			t.Fatal(err)
		}
		if o.Slug == DemoSlug {
			checkDemoTenant(t, made, snap)
		}
	}
}

func checkDemoTenant(t *testing.T, made Made, snap app.Snapshot) {
	if len(snap.Queues) != 3 || len(snap.EntryPoints) != 4 {
		t.Errorf("%d queues, %d entry points", len(snap.Queues), len(snap.EntryPoints))
	}
	world := flow.World{Now: now, Languages: []string{"en", "pt"}, IsOpen: func(h string) bool { return setup.IsOpen(snap.Hours[h], now) }}
	for entry, want := range map[string]bool{ShopEntry: false, ClosedEntry: true} {
		point, ok := snap.EntryPoints[made.ID(setup.KindEntryPoint, entry)]
		if !ok {
			t.Fatalf("no %q", entry)
		}
		_, actions, err := flow.Start(snap.Flows[point.Flow].Graph, "en", nil, world)
		if err != nil || actions[len(actions)-1].Form != want {
			t.Errorf("%s: %v %+v", entry, err, actions)
		}
	}
	for _, c := range History(now, 1) {
		for k, name := range map[setup.Kind]string{setup.KindQueue: c.Queue, setup.KindDisposition: c.Disposition, setup.KindEntryPoint: c.EntryPoint, setup.KindFlow: c.Flow} {
			if name != "" && made.ID(k, name) == "" {
				t.Fatalf("history names the %s %q", k.Word(), name)
			}
		}
		for _, l := range c.Labels {
			if made.ID(setup.KindLabel, l) == "" {
				t.Fatalf("history names the label %q", l)
			}
		}
		if c.Agent != "" && made.Users[c.Agent] == "" {
			t.Fatalf("history names the agent %q", c.Agent)
		}
	}
}

// Every log-in is a pseudonym: nobody has an email, a phone or a full name.
func TestUsersArePseudonymous(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Organisations() {
		if seen[o.Slug] || o.Parent != "" && !seen[o.Parent] {
			t.Errorf("%s comes twice or before its parent", o.Slug)
		}
		seen[o.Slug] = true
		if o.Users[0].Name != o.Administrator {
			t.Errorf("%s: the first user is %q", o.Slug, o.Users[0].Name)
		}
		if o.Kind == account.KindTenant && o.Tenant == nil {
			t.Errorf("%s has no set-up", o.Slug)
		}
		for _, u := range o.Users {
			if strings.ContainsAny(u.Display, "@+ ") || len(u.Roles) == 0 {
				t.Errorf("%s/%s: %q", o.Slug, u.Name, u.Display)
			}
		}
	}
}

// fingerprint is everything of a conversation, revealed.
func fingerprint(t *testing.T, c Conversation) string {
	t.Helper()
	s := c.Name.Reveal() + "|" + c.Email.Reveal() + "|" + c.Comment.Reveal()
	for _, m := range c.Messages {
		s += "|" + m.Text.Reveal()
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return s + string(raw)
}

func TestHistoryIsDeterministic(t *testing.T) {
	a, b := History(now, 7), History(now, 7)
	if len(a) != len(b) {
		t.Fatal(len(a), len(b))
	}
	for i := range a {
		if fingerprint(t, a[i]) != fingerprint(t, b[i]) {
			t.Fatalf("conversation %d differs", i)
		}
	}
	if c := History(now, 8); len(c) == len(a) && fingerprint(t, c[0]) == fingerprint(t, a[0]) {
		t.Error("another seed gives the same")
	}
}

// Each conversation is one that could have happened: times in order, segments
// without gaps, nobody with more chats at once than allowed or out of a shift.
func TestHistoryIsPossible(t *testing.T) {
	for seed := range uint64(5) {
		list := History(now, seed)
		type busy struct{ from, to time.Time }
		work := map[string][]busy{}
		for i, c := range list {
			if c.ArrivedAt.Before(now.AddDate(0, 0, -8)) || !c.ClosedAt.Before(now) || i > 0 && c.ArrivedAt.Before(list[i-1].ArrivedAt) {
				t.Fatalf("%d: %v to %v", i, c.ArrivedAt, c.ClosedAt)
			}
			last := c.ArrivedAt
			times := []time.Time{c.QueuedAt, c.OfferedAt, c.AnsweredAt, c.WrapFrom, c.ClosedAt}
			if c.OfferedAt.After(c.AnsweredAt) { // it was handed over
				times = []time.Time{c.QueuedAt, c.AnsweredAt, c.OfferedAt, c.ClosedAt}
			}
			for _, at := range times {
				if at.IsZero() {
					continue
				}
				if at.Before(last) || at.Location() != time.UTC {
					t.Fatalf("%d: %v after %v: %+v", i, at, last, c)
				}
				last = at
			}
			at := c.ArrivedAt
			for _, s := range c.Segments {
				if !s.StartedAt.Equal(at) || s.EndedAt.Before(s.StartedAt) || s.Holder == "" || s.Cause == "" {
					t.Fatalf("%d: segment %+v should begin at %v", i, s, at)
				}
				at = s.EndedAt
				if s.HolderKind == "agent" {
					work[s.Holder] = append(work[s.Holder], busy{s.StartedAt, s.EndedAt})
				}
			}
			if !at.Equal(c.ClosedAt) {
				t.Fatalf("%d: the last segment ends at %v, the conversation at %v", i, at, c.ClosedAt)
			}
			for j, m := range c.Messages {
				if j > 0 && m.At.Before(c.Messages[j-1].At) || m.At.Before(c.ArrivedAt) || m.At.After(c.ClosedAt) {
					t.Fatalf("%d: message %d out of order", i, j)
				}
				if text := m.Text.Reveal(); strings.ContainsAny(text, "{}") || (text == "") != (m.Kind == chat.KindEvent) || strings.Contains(text, " ,") {
					t.Fatalf("%d: message %d is %q (%s)", i, j, text, m.Kind)
				}
			}
			if (c.CloseReason == acd.Abandoned) != (c.WrapFrom.IsZero() && !c.LeftMessage) {
				t.Fatalf("%d: %+v", i, c)
			}
		}
		for agent, spans := range work {
			for _, s := range spans {
				at := 0
				for _, o := range spans {
					if !o.from.After(s.from) && o.to.After(s.from) {
						at++
					}
				}
				if at > chatsAtOnce {
					t.Fatalf("%s has %d chats at %v", agent, at, s.from)
				}
			}
		}
	}
}

// The week has something of everything that screens and reports show.
func TestHistoryIsRich(t *testing.T) {
	list := History(now, 1)
	count := func(is func(Conversation) bool) int {
		return len(slices.DeleteFunc(slices.Clone(list), func(c Conversation) bool { return !is(c) }))
	}
	figures := map[string]int{
		"all":           len(list),
		"portuguese":    count(func(c Conversation) bool { return c.Language == "pt" }),
		"abandoned":     count(func(c Conversation) bool { return c.CloseReason == acd.Abandoned }),
		"rated":         count(func(c Conversation) bool { return c.Rating > 0 }),
		"unhappy":       count(func(c Conversation) bool { return c.Rating > 0 && c.Rating < 3 }),
		"commented":     count(func(c Conversation) bool { return !c.Comment.Empty() }),
		"transferred":   count(func(c Conversation) bool { return len(c.Segments) > 4 }),
		"left messages": count(func(c Conversation) bool { return c.LeftMessage }),
		"missed":        count(func(c Conversation) bool { return len(c.Offers) > 0 && c.Offers[0].Outcome == acd.Expired }),
		"in time": count(func(c Conversation) bool {
			return !c.AnsweredAt.IsZero() && c.AnsweredAt.Sub(c.QueuedAt) <= time.Minute
		}),
	}
	t.Log(figures)
	for what, least := range map[string]int{"all": 200, "portuguese": 60, "abandoned": 8, "rated": 60, "unhappy": 2, "commented": 15, "transferred": 5, "left messages": 8, "missed": 3, "in time": 100} {
		if figures[what] < least {
			t.Errorf("%s: %d", what, figures[what])
		}
	}
	if figures["all"] > 900 {
		t.Error("too many for a start within seconds:", figures["all"])
	}
	if n := count(func(c Conversation) bool {
		return c.Email.Reveal() != "" && !strings.HasSuffix(c.Email.Reveal(), "@example.com")
	}); n > 0 {
		t.Error("addresses that could be someone's:", n)
	}
}

// A printed conversation shows nothing of a person.
func TestHistoryDoesNotPrint(t *testing.T) {
	c := History(now, 1)[0]
	raw, _ := json.Marshal(c)
	if strings.Contains(string(raw), "example.com") || !strings.Contains(string(raw), secret.Mask) {
		t.Error(string(raw))
	}
}

var links = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)

// Every link of the shop leads somewhere, under any prefix, in both languages.
func TestShop(t *testing.T) {
	shop := httptest.NewServer(http.StripPrefix("/demo/shop", ShopHandler("http://127.0.0.1:8080", "ent_1")))
	defer shop.Close()
	root := shop.URL + "/demo/shop/"
	seen := map[string]bool{}
	todo := []string{root, root + "bag?shoe=farol&size=42", root + "pt/bag?shoe=farol&size=42"}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		status, body, header := fetch(t, at)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", at, status)
		}
		if p := header.Get("Content-Security-Policy"); !strings.Contains(p, "script-src 'self' http://127.0.0.1:8080;") || !strings.Contains(p, "connect-src 'self' http://127.0.0.1:8080 ws://127.0.0.1:8080;") ||
			strings.Contains(p, "unsafe") || !strings.Contains(p, "default-src 'none'") {
			t.Fatal(p)
		}
		if header.Get("Set-Cookie") != "" {
			t.Error("a cookie at", at)
		}
		if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			continue
		}
		if !strings.Contains(body, `<script src="http://127.0.0.1:8080/widget.js" data-entry="ent_1" async></script>`) || strings.Count(body, "<script") != 1 || strings.Contains(body, " style=") {
			t.Errorf("%s: scripts or styles are not as they should be", at)
		}
		for _, m := range links.FindAllStringSubmatch(body, -1) {
			to, err := http.NewRequest(http.MethodGet, at, nil)
			if err != nil {
				t.Fatal(err)
			}
			u, err := to.URL.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
			if err != nil {
				t.Fatal(m[1])
			}
			u.Fragment = ""
			if strings.HasPrefix(u.String(), root) {
				todo = append(todo, u.String())
			} else if u.String() != "http://127.0.0.1:8080/widget.js" {
				t.Errorf("%s leads away: %s", at, u)
			}
		}
	}
	for _, page := range []string{"", "shoes", "story", "help", "bag", "shoe-mare"} {
		if !seen[root+page] || !seen[root+"pt/"+page] {
			t.Errorf("nothing leads to %q", page)
		}
	}
	t.Log(len(seen), "addresses")
	for _, gone := range []string{"nothing", "shoe-nothing", "pt/a/b", "../x"} {
		if status, body, _ := fetch(t, root+gone); status != http.StatusNotFound || gone != "../x" && !strings.Contains(body, "<h1>") {
			t.Errorf("%s: %d", gone, status)
		}
	}
	if _, body, _ := fetch(t, root+"bag?shoe=%22%3E%3Cscript%3E&size=42"); strings.Count(body, "<script") != 1 {
		t.Error("markup got through")
	}
}

func fetch(t *testing.T, address string) (int, string, http.Header) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	buf := make([]byte, 32<<10)
	for {
		n, err := res.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return res.StatusCode, b.String(), res.Header
		}
	}
}
