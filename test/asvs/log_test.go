package asvs

import (
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of log lines anew")

// docs/log.md lists every line that the program can log: a line that is new, or gone, is
// seen by who reads the change, and by who keeps logs.
func TestEveryLineOfTheLogIsListed(t *testing.T) {
	lines := map[string]bool{}
	program(t, func(folder, name string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			level, text := logged(call)
			if text == nil {
				return true
			}
			fields := told(call.Args[slices.Index(call.Args, text)+1:])
			said, ok := text.(*ast.BasicLit)
			if !ok || said.Kind != token.STRING {
				lines[fmt.Sprintf("| `%s` | %s | (the part's own text) | %s |", folder, level, fields)] = true
				return true
			}
			words, err := strconv.Unquote(said.Value)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			lines[fmt.Sprintf("| `%s` | %s | %s | %s |", folder, level, strings.ReplaceAll(words, "|", `\|`), fields)] = true
			return true
		})
	})
	if len(lines) < 100 {
		t.Fatalf("only %d lines were found", len(lines))
	}
	var list []string
	for l := range lines {
		list = append(list, l)
	}
	slices.Sort(list)
	want := strings.Join(list, "\n") + "\n"

	const file, begin = root + "/docs/log.md", "| part | level | text | fields |\n|---|---|---|---|\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, have, ok := strings.Cut(string(page), begin)
	if !ok {
		t.Fatal("docs/log.md has no list")
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have == want {
		return
	}
	there := strings.Split(have, "\n")
	for _, l := range list {
		if !slices.Contains(there, l) {
			t.Errorf("is not listed: %s", l)
		}
	}
	for _, l := range there {
		if l != "" && !lines[l] {
			t.Errorf("is logged no more: %s", l)
		}
	}
	t.Error("go test ./test/asvs -update writes docs/log.md")
}

// logged is the level and the text of a call that writes to a log.
func logged(call *ast.CallExpr) (string, ast.Expr) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", nil
	}
	to := ""
	switch x := method.X.(type) {
	case *ast.Ident:
		to = x.Name
	case *ast.SelectorExpr:
		to = x.Sel.Name
	}
	if to = strings.ToLower(to); to != "log" && to != "logger" && to != "slog" && to != "l" {
		return "", nil
	}
	name, at := strings.CutSuffix(method.Sel.Name, "Context")
	skip := 0
	if at {
		skip = 1
	}
	switch name {
	case "Debug", "Info", "Warn", "Error":
		if len(call.Args) <= skip || to == "l" && !text(call.Args[skip]) {
			return "", nil
		}
		return strings.ToLower(name), call.Args[skip]
	case "Log":
		if len(call.Args) > 2 && to != "l" {
			return "as it is", call.Args[2]
		}
	}
	return "", nil
}

func text(e ast.Expr) bool { lit, ok := e.(*ast.BasicLit); return ok && lit.Kind == token.STRING }

// told are the names of a line's fields.
func told(args []ast.Expr) string {
	var out []string
	for i := 0; i < len(args); i++ {
		switch a := args[i].(type) {
		case *ast.BasicLit:
			if name, err := strconv.Unquote(a.Value); err == nil {
				out = append(out, name)
				i++ // its value
			}
		case *ast.CallExpr: // slog.String("name", …)
			if len(a.Args) > 0 && text(a.Args[0]) {
				if name, err := strconv.Unquote(a.Args[0].(*ast.BasicLit).Value); err == nil {
					out = append(out, name)
				}
			}
		case *ast.Ident, *ast.SelectorExpr:
			out = append(out, "…")
		}
	}
	return strings.Join(out, ", ")
}
