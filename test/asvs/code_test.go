package asvs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// program visits the Go files that are built into the program: no tests, and none of
// the packages that only tests use.
func program(t *testing.T, visit func(folder, name string, f *ast.File)) {
	t.Helper()
	only := regexp.MustCompile(`(test|/torture|/drive|/testdata)(/|$)`)
	files := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (path.Base(name)[0] == '.' || name == "web" || name == "test" || only.MatchString(name)):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files++
		visit(path.Dir(name), name, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 300 {
		t.Fatalf("only %d files were read, so the check proves nothing", files)
	}
}

func imports(f *ast.File) (out []string) {
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err == nil {
			out = append(out, p)
		}
	}
	return out
}

// cryptography says whether a package encrypts, signs, hashes, or makes secrets.
func cryptography(imported string) bool {
	for _, p := range []string{"crypto", "golang.org/x/crypto", "filippo.io", "github.com/pion/dtls", "github.com/pion/srtp", "github.com/go-webauthn", "github.com/coreos/go-oidc", "math/rand"} {
		if imported == p || strings.HasPrefix(imported, p+"/") {
			return imported != "crypto/x509/pkix" // names, no arithmetic
		}
	}
	return false
}

// Every package that uses cryptography is in the inventory of docs/asvs.md with what
// it uses, and the inventory has no other. Chance that can be guessed is in it, too.
func TestCryptographyIsInTheInventory(t *testing.T) {
	used := map[string]map[string]bool{}
	program(t, func(folder, _ string, f *ast.File) {
		for _, p := range imports(f) {
			if cryptography(p) {
				if used[folder] == nil {
					used[folder] = map[string]bool{}
				}
				used[folder][p] = true
			}
		}
	})
	page, err := os.ReadFile(root + "/docs/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n## Cryptographic inventory\n")
	text, _, _ = strings.Cut(text, "\n## ")
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(text, -1) {
		told[row[1]] = row[2]
	}
	for folder, packages := range used {
		var list []string
		for _, p := range slices.Sorted(maps.Keys(packages)) {
			list = append(list, "`"+p+"`")
		}
		if want := strings.Join(list, ", "); told[folder] != want {
			t.Errorf("| `%s` | %s | (the inventory says %q)", folder, want, told[folder])
		}
		delete(told, folder)
	}
	for folder := range told {
		t.Errorf("%s is in the inventory and uses none", folder)
	}
}

// What no part of the program does: take memory by hand, read objects that name their
// own type, make a pattern or a template of what somebody wrote.
func TestNothingDangerousIsUsed(t *testing.T) {
	program(t, func(_, name string, f *ast.File) {
		for _, p := range imports(f) {
			switch p {
			case "unsafe", "C", "encoding/gob", "text/template", "plugin", "net/http/pprof", "expvar", "crypto/des", "crypto/rc4", "crypto/dsa":
				t.Errorf("%s imports %s", name, p)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			switch what := called(call.Fun); what {
			case "regexp.Compile", "regexp.MustCompile", "regexp.CompilePOSIX":
				ours := []string{"internal/base/wording/wording.go", "internal/core/setup/field_pattern.go"} // of our own sentences; of an administrator's, bounded
				if _, literal := call.Args[0].(*ast.BasicLit); !literal && !slices.Contains(ours, name) {
					t.Errorf("%s makes a pattern of a value", name)
				}
			case "exec.Command", "exec.CommandContext":
				for _, a := range call.Args {
					if lit, ok := a.(*ast.BasicLit); ok && (lit.Value == `"sh"` || lit.Value == `"bash"` || lit.Value == `"-c"`) {
						t.Errorf("%s runs a shell", name)
					}
				}
			case "template.HTML", "template.JS", "template.URL", "template.CSS":
				t.Errorf("%s: %s is not escaped", name, what)
			}
			return true
		})
	})
}

func called(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s.%s", x.Name, s.Sel.Name)
}

// Nothing that is there for tests is in the program: it imports no package of tests. What
// `nubitalk notice verify` tries the program with is its own, and not imported by what serves.
func TestNothingForTestsIsInTheProgram(t *testing.T) {
	program(t, func(folder, name string, f *ast.File) {
		for _, p := range imports(f) {
			last := path.Base(p)
			if p == "testing" || strings.HasPrefix(p, "testing/") || strings.HasPrefix(p, "net/http/httptest") || strings.HasPrefix(p, "nubitalk/") && strings.HasSuffix(last, "test") {
				t.Errorf("%s imports %s", name, p)
			}
			verifies := folder == "internal/server/verify" || name == "cmd/nubitalk/notice.go"
			if strings.HasPrefix(p, "nubitalk/") && (last == "torture" || last == "acdsim" || !verifies && (last == "drive" || last == "canary")) {
				t.Errorf("%s imports %s", name, p)
			}
		}
	})
}

// linked are the folders of this house that a program is linked of, found by its imports.
func linked(t *testing.T, main string) map[string]bool {
	t.Helper()
	imported := map[string][]string{}
	program(t, func(folder, _ string, f *ast.File) {
		for _, p := range imports(f) {
			if ours, ok := strings.CutPrefix(p, "nubitalk/"); ok {
				imported[folder] = append(imported[folder], ours)
			}
		}
	})
	seen, todo := map[string]bool{}, []string{main}
	for len(todo) > 0 {
		folder := todo[0]
		if todo = todo[1:]; !seen[folder] {
			seen[folder], todo = true, append(todo, imported[folder]...)
		}
	}
	return seen
}

// The demonstration is a program of its own: the one that people run in production is
// linked of nothing that only the demonstration needs.
func TestTheDemonstrationIsNotInTheProgram(t *testing.T) {
	has, demonstration := linked(t, "cmd/nubitalk"), linked(t, "cmd/nubitalk-demo")
	if !has["internal/server"] || !has["internal/core/acd"] || len(has) < 100 {
		t.Fatalf("only %d folders were found, so the check proves nothing", len(has))
	}
	if !demonstration["internal/server/demo"] || !demonstration["internal/server"] {
		t.Fatal("the demonstration is not where this test looks for it")
	}
	for folder := range has {
		if folder == "internal/server/demo" || strings.HasPrefix(folder, "internal/server/demo/") || strings.HasPrefix(folder, "cmd/nubitalk-demo") {
			t.Errorf("the program is linked of %s", folder)
		}
	}
	for folder := range demonstration {
		if !has[folder] && !strings.HasPrefix(folder, "cmd/nubitalk-demo") && folder != "internal/server/demo" {
			t.Errorf("%s is linked into the demonstration only, and stands apart from it", folder)
		}
	}
}
