package bill

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"testing"
)

// The bill names what was linked in, and all that the pages are built with, each once and
// with the checksum by which it was fetched.
func TestTheBillNamesEveryComponent(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.1", Deps: []*debug.Module{
		{Path: "github.com/a/b/v2", Version: "v2.1.0", Sum: "h1:aaa="},
		{Path: "github.com/c/d", Version: "v0.0.1", Replace: &debug.Module{Path: "github.com/e/d", Version: "v0.0.2", Sum: "h1:eee="}},
	}}
	lock := []byte(`{"packages": {"": {"name": "pages"}, "node_modules/@x/y": {"version": "1.2.3", "integrity": "sha512-AAEC", "license": "MIT"},
		"node_modules/z/node_modules/@x/y": {"version": "1.2.3", "integrity": "sha512-AAEC", "license": "MIT"}, "node_modules/z": {"version": "2.0.0", "integrity": "sha512-AwQ="}}}`)
	b, err := Of("1.0.0", info, lock)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range b.Components {
		got = append(got, c.Ref)
	}
	want := []string{"pkg:golang/github.com/a/b/v2@v2.1.0", "pkg:golang/github.com/e/d@v0.0.2", "pkg:golang/std@1.26.1", "pkg:npm/%40x/y@1.2.3", "pkg:npm/z@2.0.0"}
	if !slices.Equal(got, want) || b.Metadata.Component.Version != "1.0.0" {
		t.Errorf("%q", got)
	}
	if c := b.Components[3]; c.Hashes[0] != (Hash{"SHA-512", "000102"}) || c.Licenses[0].Expression != "MIT" || c.Scope != "optional" {
		t.Errorf("%+v", c)
	}
	if c := b.Components[0]; c.Properties[0] != (Property{"go:sum", "h1:aaa="}) || c.Scope != "required" {
		t.Errorf("%+v", c)
	}
	for _, bad := range []string{"", `{"packages": {"node_modules/z": {"version": "1"}}}`, `{"packages": {"node_modules/z": {"version": "1", "integrity": "sha1-AAEC"}}}`} {
		if _, err := Of("1", info, []byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// Components come from the two registries whose checksums are in the repository, and from
// nowhere else: no module is replaced, no package is a folder, an archive or a repository.
func TestComponentsComeFromTheirRegistries(t *testing.T) {
	lock, err := os.ReadFile("../../../web/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Of("1", &debug.BuildInfo{GoVersion: "go1.26"}, lock) // a package without a checksum is refused
	if err != nil || len(b.Components) < 100 {
		t.Fatalf("%d components, %v", len(b.Components), err)
	}
	var file struct {
		Packages map[string]struct {
			Resolved string
			Link     bool
		}
	}
	if err := json.Unmarshal(lock, &file); err != nil {
		t.Fatal(err)
	}
	for name, p := range file.Packages {
		if p.Link || p.Resolved != "" { // it is named by its checksum alone
			t.Errorf("%s comes from %s", name, p.Resolved)
		}
	}
	if regexp.MustCompile(`(?m)^\s*replace\b`).Match(mod) {
		t.Error("go.mod replaces a module")
	}
	required := regexp.MustCompile(`(?m)^\t(\S+) (v\S+)`).FindAllSubmatch(mod, -1)
	if len(required) < 50 {
		t.Fatalf("only %d modules were read", len(required))
	}
	for _, m := range required {
		if !bytes.Contains(sums, []byte(string(m[1])+" "+string(m[2]))) {
			t.Errorf("%s %s has no checksum", m[1], m[2])
		}
	}
}
