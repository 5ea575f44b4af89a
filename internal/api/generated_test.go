package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/api"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
)

var update = flag.Bool("update", false, "write the generated files")

// unchanged compares a committed file with what is generated now.
func unchanged(t *testing.T, path string, now []byte) {
	t.Helper()
	path = filepath.Join("..", "..", filepath.FromSlash(path))
	if *update {
		must(t, os.WriteFile(path, now, 0o644))
		return
	}
	was, err := os.ReadFile(path)
	must(t, err)
	if string(was) != string(now) {
		t.Errorf("%s is not what the code says; run go test ./internal/api -run Generated -update", path)
	}
}

func TestGeneratedDocument(t *testing.T) {
	unchanged(t, "web/api/openapi.json", api.New(api.Config{Version: "1"}, api.Parts{}).Document())
}

func TestGeneratedPermissionsPage(t *testing.T) {
	unchanged(t, "docs/permissions.md", permissionsPage(api.New(api.Config{Version: "1"}, api.Parts{}).Routes()))
}

// permissionsPage shows the table of core/access and which routes ask for what.
func permissionsPage(routes []api.Route) []byte {
	var b strings.Builder
	b.WriteString("# Who may do what\n\nGenerated from `internal/core/access` and the routes of `internal/api`; do not edit.\n\n" +
		"**own**: what the user holds itself. **all**: everything of the user's own organisation. **below**: organisations right below its own, " +
		"never their content. Empty: not at all. Nothing reaches another tenant.\n\n")
	roles := access.Roles()
	b.WriteString("| permission | means |")
	for _, r := range roles {
		b.WriteString(" " + strings.ReplaceAll(string(r), "_", " ") + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(roles)) + "\n")
	words := map[access.Scope]string{access.None: "", access.Own: "own", access.Tenant: "all", access.Below: "below"}
	for _, rule := range access.Table() {
		if rule.Permission == access.Public {
			continue
		}
		fmt.Fprintf(&b, "| `%s` | %s |", rule.Permission, rule.Means)
		for _, r := range roles {
			b.WriteString(" " + words[rule.Grants[r]] + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## A part of the organisation\n\nA role can be given to somebody for some teams, queues and campaigns only ([roles.md](roles.md)). Then its permissions reach this; what is not listed " +
		"it does not give, but **own** stays own.\n\n| permission | reaches |\n|---|---|\n")
	for _, rule := range access.Table() {
		if part, ok := access.NarrowedOf(rule.Permission); ok {
			fmt.Fprintf(&b, "| `%s` | %s |\n", rule.Permission, part.Of.English)
		}
	}
	b.WriteString("\n## Routes\n\n| permission | routes |\n|---|---|\n")
	list := func(name string, is func(api.Guard) bool) {
		var at []string
		for _, r := range routes {
			if is(r.Guard) {
				at = append(at, "`"+r.Method+" "+r.Path+"`")
			}
		}
		if len(at) > 0 {
			slices.Sort(at)
			b.WriteString("| " + name + " | " + strings.Join(at, "<br>") + " |\n")
		}
	}
	for _, rule := range access.Table() {
		name := "`" + string(rule.Permission) + "`"
		if rule.Permission == access.Public {
			name = "nobody needs to sign in"
		}
		list(name, func(g api.Guard) bool { return g.Permission == rule.Permission })
	}
	list("a conversation's own token", func(g api.Guard) bool { return g.Visitor })
	return []byte(b.String())
}

// The document and the registry have the same routes, and every one says who
// may use it.
func TestDocumentAndRegistryAgree(t *testing.T) {
	doors := api.New(api.Config{Version: "1"}, api.Parts{})
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Description string
			Security    *[]any
		}
	}
	must(t, json.Unmarshal(doors.Document(), &doc))
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	known := map[string]bool{}
	for _, r := range doors.Routes() {
		known[strings.ToLower(r.Method)+" "+r.Path] = true
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths {
		for method, op := range item {
			if !known[method+" "+path] {
				t.Errorf("%s %s is in the document but not in the registry", method, path)
			}
			delete(known, method+" "+path)
			if ids[op.OperationID] || op.OperationID == "" {
				t.Errorf("%s %s has the name %q", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
			if !strings.Contains(op.Description, "Needs ") || op.Security == nil {
				t.Errorf("%s %s does not say who may use it", method, path)
			}
		}
	}
	for r := range known {
		t.Errorf("%s is in the registry but not in the document", r)
	}
}

// Every {name} of a path is a parameter of its operation.
func TestPathParametersAreDocumented(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	must(t, json.Unmarshal(api.New(api.Config{Version: "1"}, api.Parts{}).Document(), &doc))
	for path, item := range doc.Paths {
		for method, op := range item {
			for part := range strings.SplitSeq(path, "/") {
				name, ok := strings.CutPrefix(part, "{")
				name = strings.TrimSuffix(name, "}")
				found := slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.In == "path" && p.Name == name })
				if ok && !found {
					t.Errorf("%s %s does not document %s", method, path, name)
				}
			}
		}
	}
}

// Whatever form a value must have, a person is told in words and not by a pattern.
func TestEveryPatternIsSaidInWords(t *testing.T) {
	var document any
	must(t, json.Unmarshal(api.New(api.Config{Version: "1"}, api.Parts{}).Document(), &document))
	found := 0
	var look func(any)
	look = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				look(x)
			}
		case map[string]any:
			if pattern, ok := v["pattern"].(string); ok {
				found++
				for _, l := range []wording.Language{wording.English, wording.Portuguese} {
					if said, _ := wording.In(l, "expected string to match pattern "+pattern); strings.Contains(said, pattern) {
						t.Errorf("%s: %q", l, said)
					}
				}
			}
			for _, x := range v {
				look(x)
			}
		}
	}
	look(document)
	if found < 5 {
		t.Errorf("only %d patterns were found", found)
	}
}
