package audit_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nubitalk/internal/app/audit"
)

// Every action that the source can write is among Actions, and every one of
// Actions is written by something.
func TestActionsAreAllThatIsWritten(t *testing.T) {
	written := map[string]string{audit.Trimmed: "the log itself", audit.Unusual: "the log itself", audit.Refused: "the log itself"}
	err := filepath.WalkDir("../..", func(dir string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && dir != filepath.Join("..", "..", "app", "audit") {
			read(t, dir, written)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for action, at := range written {
		if !slices.Contains(audit.Actions, action) {
			t.Errorf("%s writes %q, which is not among audit.Actions", at, action)
		}
	}
	for _, action := range audit.Actions {
		if written[action] == "" {
			t.Errorf("nothing writes %q", action)
		}
	}
}

// source is one package, read for what it writes to the log.
type source struct {
	t       *testing.T
	fset    *token.FileSet
	files   []*ast.File
	words   map[string]string
	written map[string]string
	asked   map[string]bool // functions and the argument that carries an action
}

func read(t *testing.T, dir string, written map[string]string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	s := &source{t: t, fset: token.NewFileSet(), words: map[string]string{}, written: written, asked: map[string]bool{}}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(s.fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				for i, value := range v.Values {
					if word, ok := word(value); ok {
						s.words[v.Names[i].Name] = word
					}
				}
			}
			return true
		})
	}
	s.calls(func(call *ast.CallExpr, name string, in *ast.FuncDecl) {
		if x, ok := call.Fun.(*ast.SelectorExpr); ok && (name == "Record" || name == "Append") && len(call.Args) >= 5 && strings.HasSuffix(fmt.Sprint(x.X), "Audit}") {
			s.take(call.Args[2], in)
		}
	})
}

// calls goes through every call with the function that it stands in.
func (s *source) calls(do func(call *ast.CallExpr, name string, in *ast.FuncDecl)) {
	for _, f := range s.files {
		for _, d := range f.Decls {
			in, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(in, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				switch fn := call.Fun.(type) {
				case *ast.SelectorExpr:
					do(call, fn.Sel.Name, in)
				case *ast.Ident:
					do(call, fn.Name, in)
				}
				return true
			})
		}
	}
}

// take notes an action: a word, a constant, a variable of the function, or its
// parameter, whose words are those of the calls.
func (s *source) take(e ast.Expr, in *ast.FuncDecl) {
	at := s.fset.Position(e.Pos()).String()
	if word, ok := word(e); ok {
		s.written[word] = at
		return
	}
	name, ok := e.(*ast.Ident)
	if !ok {
		s.t.Errorf("%s: an action that cannot be read", at)
		return
	}
	if word := s.words[name.Name]; word != "" {
		s.written[word] = at
		return
	}
	if i := parameter(in, name.Name); i >= 0 {
		key := fmt.Sprint(in.Name.Name, i)
		if s.asked[key] {
			return
		}
		s.asked[key] = true
		found := false
		s.calls(func(call *ast.CallExpr, called string, caller *ast.FuncDecl) {
			if called == in.Name.Name && i < len(call.Args) {
				found = true
				s.take(call.Args[i], caller)
			}
		})
		if !found {
			s.t.Errorf("%s: nobody calls %s, so its action is not known", at, in.Name.Name)
		}
		return
	}
	found := false
	ast.Inspect(in, func(n ast.Node) bool { // what is assigned to it
		if a, ok := n.(*ast.AssignStmt); ok {
			for i, left := range a.Lhs {
				if id, ok := left.(*ast.Ident); ok && id.Name == name.Name && len(a.Rhs) == len(a.Lhs) {
					found = true
					s.take(a.Rhs[i], in)
				}
			}
		}
		return true
	})
	if !found {
		s.t.Errorf("%s: where %s comes from is not known", at, name.Name)
	}
}

func word(e ast.Expr) (string, bool) {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, err := strconv.Unquote(l.Value)
		return s, err == nil
	}
	return "", false
}

// parameter is the place of a parameter, or -1.
func parameter(in *ast.FuncDecl, name string) int {
	i := 0
	for _, field := range in.Type.Params.List {
		for _, n := range field.Names {
			if n.Name == name {
				return i
			}
			i++
		}
	}
	return -1
}
