package wording

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said is one sentence of the source: its format and where it stands.
type said struct{ format, at string }

// own are folders and files whose texts are read in a terminal or a test's
// output, by who starts the program.
var own = []string{
	"cmd/", "internal/server/config/", "internal/server/command/", "internal/server/demo/", "internal/server/drive/", "internal/server/verify/", "internal/app/recording/archive.go", "internal/app/recording/proof.go", "internal/server/transport/",
	"internal/server/keepers.go", "internal/server/datadir.go", "internal/server/files.go", "internal/blob/check.go", "internal/blob/s3.go", "internal/blob/azure.go", "internal/vault/root.go", "internal/vault/vaulttest/",
	"internal/store/engine/postgres.go", "internal/store/engine/migrate.go", "internal/store/engine/engine.go", "internal/store/storetest/", "internal/core/acd/acdsim/",
}

// source collects every sentence that a part gives to errs.
func source(t *testing.T) (list []said, odd []string) {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		fset := token.NewFileSet()
		files := folder(t, fset, path)
		consts := constants(files)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			rel, _ := filepath.Rel(root, name)
			rel = filepath.ToSlash(rel)
			if slices.ContainsFunc(own, func(prefix string) bool { return strings.HasPrefix(rel, prefix) }) {
				continue
			}
			r := reader{consts: consts, faults: strings.Contains(rel, "core/expression/") || strings.Contains(rel, "core/setup/"),
				place: func(n ast.Node) string { return rel + ":" + strconv.Itoa(fset.Position(n.Pos()).Line) }}
			ast.Inspect(files[name], r.node)
			list, odd = append(list, r.said...), append(odd, r.odd...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, odd
}

// folder parses a package's files, without its tests, by path.
func folder(t *testing.T, fset *token.FileSet, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(fset, name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// constants are a package's string constants.
func constants(files map[string]*ast.File) map[string]string {
	out := map[string]string{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				for i, name := range v.Names {
					if i < len(v.Values) {
						if s, ok := literal(v.Values[i]); ok {
							out[name.Name] = s
						}
					}
				}
			}
			return true
		})
	}
	return out
}

func literal(e ast.Expr) (string, bool) {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, err := strconv.Unquote(l.Value)
		return s, err == nil
	}
	return "", false
}

type reader struct {
	consts map[string]string
	faults bool // a package with texts of its own kind: faults of expressions
	place  func(ast.Node) string
	said   []said
	odd    []string
}

// node reads errs.New, Wrap, Bad and Error{Text}, Fields.Add and
// Field{Problem}, and the faults of expressions.
func (r *reader) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		r.call(n)
	case *ast.ReturnStmt:
		if len(n.Results) == 1 && r.faults {
			if sum, ok := n.Results[0].(*ast.BinaryExpr); ok && strings.Contains(r.place(n), "/expression/") && sum.Op == token.ADD {
				r.take(sum)
			}
		}
	case *ast.CompositeLit:
		name := typeWord(n.Type)
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				key := typeWord(kv.Key)
				if name == "Error" && key == "Text" && !internal(n) || name == "Field" && key == "Problem" || name == "Language" && key == "Help" || name == "Expression" && key == "Fault" {
					r.take(kv.Value)
				}
			}
		}
	}
	return true
}

func (r *reader) call(n *ast.CallExpr) {
	if fn, ok := n.Fun.(*ast.Ident); ok && fn.Name == "away" { // of store/engine
		r.take(n.Args[1])
		return
	}
	fn, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	pkg, _ := fn.X.(*ast.Ident)
	fromErrs := pkg != nil && pkg.Name == "errs"
	at := -1
	switch {
	case fromErrs && fn.Sel.Name == "New":
		at = 1
	case fromErrs && fn.Sel.Name == "Wrap":
		at = 2
	case fromErrs && fn.Sel.Name == "Bad", fn.Sel.Name == "At" && pkg != nil && pkg.Name != "errs":
		at = 1
	case fn.Sel.Name == "Add" && len(n.Args) > 1 && !header(fn.X) && !strings.Contains(r.place(n), "/voice/sip/"): // there messages' headers
		at = 1
	case fn.Sel.Name == "refuse" && r.faults: // of core/expression and core/setup
		at = 1
	case fn.Sel.Name == "Sprintf" && r.faults && strings.Contains(r.place(n), "/expression/"):
		at = 0
	}
	if at < 0 || at >= len(n.Args) || fromErrs && typeWord(n.Args[0]) == "Internal" && fn.Sel.Name != "Bad" {
		return
	}
	r.take(n.Args[at])
}

// header says that x.Add adds to something else than faults.
func header(x ast.Expr) bool {
	if call, ok := x.(*ast.CallExpr); ok {
		return typeWord(call.Fun) == "Header"
	}
	word := typeWord(x)
	return slices.Contains([]string{"q", "h", "head", "group", "wg", "lru", "store"}, word)
}

func internal(n *ast.CompositeLit) bool {
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && typeWord(kv.Key) == "Code" && typeWord(kv.Value) == "Internal" {
			return true
		}
	}
	return false
}

func typeWord(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return typeWord(e.X)
	}
	return ""
}

// take notes the format in an expression; what is not constant in it is a
// placeholder.
func (r *reader) take(e ast.Expr) {
	format, constant := r.format(e)
	if !constant {
		r.odd = append(r.odd, r.place(e))
		return
	}
	r.said = append(r.said, said{format, r.place(e)})
}

func (r *reader) format(e ast.Expr) (string, bool) {
	if s, ok := literal(e); ok {
		return s, true
	}
	switch e := e.(type) {
	case *ast.Ident:
		s, ok := r.consts[e.Name]
		return s, ok
	case *ast.CallExpr:
		if typeWord(e.Fun) == "Sprintf" {
			return r.format(e.Args[0])
		}
	case *ast.BinaryExpr:
		left, ok := r.format(e.X)
		right, ok2 := r.format(e.Y)
		if !ok {
			left = "%s"
		}
		if !ok2 {
			right = "%s"
		}
		return left + right, e.Op == token.ADD && (ok || ok2)
	}
	return "", false
}

// framework are huma's own messages.
func framework(t *testing.T) []said {
	t.Helper()
	const path = "github.com/danielgtaylor/huma/v2/validation"
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []said
	for name, format := range constants(folder(t, token.NewFileSet(), strings.TrimSpace(string(dir)))) {
		list = append(list, said{format, path + "." + name})
	}
	if len(list) < 30 {
		t.Fatalf("only %d messages were found in %s", len(list), path)
	}
	return list
}

// passed are files that pass on what another part said or wrap errs themselves.
var passed = []string{
	"internal/base/errs/errs.go", "internal/bus/request.go", "internal/core/setup/arrival.go", "internal/core/expression/expression.go",
	"internal/store/engine/errors.go",
}
