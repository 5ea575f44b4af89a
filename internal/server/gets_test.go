package server

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"nubitalk/internal/core/access"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// What a GET may write: that somebody looked, where the look itself is written down, and
// what is only kept so that it need not be made again. A route that is not here writes
// nothing.
var lookNotes = map[string][]string{
	"/api/v1/users/export":                  {"audit", "audit_heads", "security_alerts", "webhook_deliveries", "jobs"}, // that it is unusual, and who is told of that
	"/api/v1/contacts/{id}/export":          {"audit", "audit_heads", "security_alerts", "webhook_deliveries", "jobs"},
	"/api/v1/exports/{id}/volumes/{volume}": {"audit", "audit_heads", "organisation_exports", "security_alerts", "webhook_deliveries", "jobs"}, // that it was taken; it asks for a fresh proof
	"/api/v1/recordings/{id}/waveform":      {"recordings"},                                                                                    // the picture of its sound
	"/api/v1/interactions/{id}":             {"audit", "audit_heads"},
}

// mayWrite are the tables of a route. Whatever shows a conversation notes the look, once
// for all that is looked at in a while.
func mayWrite(path string) []string {
	if strings.HasPrefix(path, "/api/v1/interactions/{id}/") {
		path = "/api/v1/interactions/{id}"
	}
	return lookNotes[path]
}

// used is how a call notes that its session, or its key, was used.
var used = regexp.MustCompile(`^UPDATE (?:sessions SET seen_at|api_keys SET used_at)\b`)

var changes = regexp.MustCompile(`^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)`)

// No link, picture or look ahead of a browser does anything: whatever changes something is
// asked for by another method than GET.
func TestNoGETChangesAnything(t *testing.T) {
	engines(t, func(t *testing.T, c *config.Config) {
		n := start(t, c, nil)
		seed := &demo.Seeder{Parts: n.contents()}
		must(t, seed.Put(t.Context(), demo.Organisations()[0]))
		a := putToWork(t, n, seed, "acme")
		operator, err := drive.SignIn(t.Context(), drive.Client(), n.URL(), drive.Login{Organisation: demo.OperatorSlug, UserName: demo.Organisations()[0].Administrator, Password: demo.Password})
		must(t, err)
		from := []asker{a.session1(), a.keyed(), {"the operator", "Cookie", operator.Cookie.String()}, {"the visitor", "Authorization", "Bearer " + a.visitor.Token}}
		tried, answered, seen := 0, 0, []string{}
		for _, r := range n.parts.api.Routes() {
			if r.Method != http.MethodGet || r.Socket {
				continue
			}
			path := r.Path
			if strings.Contains(path, "{") {
				_, query := a.body(r.Method, r.Path)
				path = a.path(path, a) + query
			}
			wrote, fine := []string{}, false
			for _, who := range from {
				status, tables := looked(t, n, who, http.MethodGet, path, "")
				fine = fine || status < 300
				if (status == http.StatusUnauthorized || status == http.StatusForbidden) && len(tables) > 0 {
					t.Errorf("%s is refused (%d), and writes %v by GET %s", who.name, status, tables, r.Path)
				}
				wrote = append(wrote, tables...)
			}
			tried++
			if fine {
				answered++
			}
			if r.Guard.Permission == access.Public && len(wrote) > 0 {
				t.Errorf("anybody writes %v by GET %s", wrote, r.Path)
			}
			for _, table := range wrote {
				if !slices.Contains(mayWrite(r.Path), table) {
					t.Errorf("GET %s writes %v", r.Path, wrote)
					break
				}
			}
			seen = append(seen, wrote...)
		}
		// What is looked for by something that no address may say is asked for by POST, and changes as little.
		for path, body := range map[string]string{"interactions/search": `{"words":"lamp"}`, "contacts/search": `{"kind":"email","address":"a@example.com"}`, "users/search": `{"find":"a"}`} {
			if status, tables := looked(t, n, a.keyed(), http.MethodPost, "/api/v1/"+path, body); status != http.StatusOK || len(tables) > 0 {
				t.Errorf("POST %s: %d, and writes %v", path, status, tables)
			}
		}
		if answered < tried*4/5 {
			t.Errorf("%d of %d were answered, so little was checked", answered, tried)
		}
		if !slices.Contains(seen, "audit") {
			t.Error("not even a look was noted, so nothing was seen")
		}
	})
}

// looked makes one call, and gives the tables that it wrote to.
func looked(t *testing.T, n *node, who asker, method, path, body string) (status int, wrote []string) {
	t.Helper()
	var mu sync.Mutex
	tables := map[string]bool{}
	ctx := store.Watched(t.Context(), func(statement string) {
		if m := changes.FindStringSubmatch(statement); m != nil && !used.MatchString(statement) {
			mu.Lock()
			defer mu.Unlock()
			tables[m[1]] = true
		}
	})
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.Header.Set(who.header, who.value)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	n.parts.api.ServeHTTP(w, r)
	mu.Lock()
	defer mu.Unlock()
	for table := range tables {
		wrote = append(wrote, table)
	}
	slices.Sort(wrote)
	return w.Code, wrote
}
