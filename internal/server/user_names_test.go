package server

import (
	"encoding/csv"
	"maps"
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
)

// Who has a user name and nothing else stands by it in every list, report and export.
func TestListsAndReportsNeedUserNamesAlone(t *testing.T) {
	c := settings(t, t.TempDir())
	c.TLS.Mode = "off"
	n := demonstrate(t, c, demo.Terms{UserNamesAlone: true})
	w := &walk{node: n, http: drive.Client()}
	logins := map[string]drive.Login{}
	for _, l := range n.Demo().Logins {
		if l.Organisation == demo.DemoSlug {
			logins[l.UserName] = drive.Login{Organisation: l.Organisation, UserName: l.UserName, Password: l.Password}
		}
	}
	all, err := w.everyRole(logins["administrator"])
	must(t, err)
	get := func(method, path string, in, out any) {
		t.Helper()
		if err := all.Do(t.Context(), method, path, in, out); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}

	// The users have no more, and each list that names them has all of them by their user names, in order.
	var users struct{ Items []account.User }
	get("GET", "users?limit=200", nil, &users)
	names, ids := map[string]string{}, map[string]string{}
	for _, u := range users.Items {
		if u.Profile != (account.Profile{}) {
			t.Errorf("%s has more than a user name", u.UserName)
		}
		names[u.ID], ids[u.UserName] = u.UserName, u.ID
	}
	if got := slices.Sorted(maps.Keys(ids)); !slices.Equal(got, slices.Sorted(maps.Keys(logins))) {
		t.Fatalf("the users are %q", got)
	}
	for path, whom := range map[string]func(u account.User) bool{
		"users/search": func(account.User) bool { return true },
		"floor": func(u account.User) bool {
			return slices.Contains(u.Roles, access.Agent) || slices.Contains(u.Roles, access.Supervisor)
		},
	} {
		var found any
		if path == "users/search" {
			get("POST", path, m{"order": "name", "limit": 200}, &found)
		} else {
			get("GET", path, nil, &found)
		}
		var want []string
		for _, u := range users.Items {
			if whom(u) {
				want = append(want, u.UserName)
			}
		}
		slices.Sort(want)
		if got := texts(found, "user_name"); !slices.Equal(got, want) {
			t.Errorf("%s has %q, not %q", path, got, want)
		}
	}

	// The file of all users has a line for each; what nobody has is empty, and not a word in its place.
	var raw []byte
	get("GET", "users/export?profile=true", nil, &raw)
	listed := map[string]bool{}
	for _, row := range table(t, raw) {
		listed[row["user_name"]] = true
		if row["display_name"]+row["email"]+row["phone"] != "" {
			t.Errorf("users.csv: %q", row)
		}
	}
	if got := slices.Sorted(maps.Keys(listed)); !slices.Equal(got, slices.Sorted(maps.Keys(logins))) {
		t.Errorf("users.csv has %q", got)
	}

	// Scores name who was evaluated and who evaluated, where names are asked for; else there are ids alone.
	for _, asked := range []string{"clear", "pseudonyms"} {
		get("POST", "evaluations/export", m{"format": "csv", "reason": "quality", "names": asked}, &raw)
		rows := table(t, raw)
		if len(rows) == 0 {
			t.Fatal("the demonstration has no evaluations")
		}
		for _, row := range rows {
			agent, evaluator := names[row["agent"]], names[row["evaluator"]]
			if agent == "" || evaluator == "" {
				t.Errorf("scores.csv names somebody whom nobody knows: %q", row)
			}
			if asked == "pseudonyms" {
				agent, evaluator = "", ""
			}
			if row["agent_name"] != agent || row["evaluator_name"] != evaluator {
				t.Errorf("scores.csv, %s: %q", asked, row)
			}
		}
	}

	// Who spoke in a conversation is there by the user name.
	var found struct {
		Items []struct{ ID, Agent, Contact string }
	}
	get("GET", "interactions?limit=50", nil, &found)
	spoke := 0
	for _, i := range found.Items {
		if i.Agent == "" {
			continue
		}
		var said struct {
			Items []struct {
				AuthorKind string `json:"author_kind"`
				Author     string `json:"author"`
				AuthorName string `json:"author_name"`
			}
		}
		get("GET", "interactions/"+i.ID+"/messages", nil, &said)
		for _, one := range said.Items {
			if one.AuthorKind != "agent" {
				continue
			}
			spoke++
			if names[one.Author] == "" || one.AuthorName != names[one.Author] {
				t.Errorf("%s said something as %q", names[one.Author], one.AuthorName)
			}
		}
	}
	if spoke == 0 {
		t.Error("no agent said anything in the conversations of the week")
	}

	// Nothing that lists people, or what people did, has a name that is empty.
	for _, path := range []string{"me", "me/sessions", "users", "roles", "audit?limit=200", "evaluations", "evaluations/scores", "calibrations", "interactions?limit=50", "interactions/" + found.Items[0].ID, "call-legs",
		"phone-calls", "recordings/shared", "desk", "desk/colleagues", "desk/campaigns", "floor", "floor/handed-over", "parked-calls", "shelved", "alerts", "support-grants", "support-providers", "exports", "usage", "api-keys"} {
		var body any
		get("GET", path, nil, &body)
		for _, key := range []string{"user_name", "agent_name", "by_name", "author_name", "evaluator_name"} {
			if slices.Contains(texts(body, key), "") {
				t.Errorf("%s: an empty %s in %v", path, key, body)
			}
		}
	}
}

// table is a file with a heading, a map for each line.
func table(t *testing.T, raw []byte) (rows []map[string]string) {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff"))).ReadAll()
	must(t, err)
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// texts are the values of a key, wherever it stands in an answer, in their order.
func texts(in any, key string) (all []string) {
	switch v := in.(type) {
	case []any:
		for _, one := range v {
			all = append(all, texts(one, key)...)
		}
	case map[string]any:
		if text, ok := v[key].(string); ok {
			all = append(all, text)
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			all = append(all, texts(v[k], key)...)
		}
	}
	return all
}
