package asvs

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of log lines anew")

const listOfLines = "docs/log-lines.md"

// logLine is a place where a line of the log is written.
type logLine struct{ folder, level, message, fields string }

// loggingMethods are the methods of a logger; "" is one that is told the level.
var loggingMethods = map[string]string{"Debug": "debug", "Info": "info", "Warn": "warn", "Error": "error", "Log": "", "LogAttrs": ""}

// linesOf are the lines that a file writes, by what is said to something called a log.
func linesOf(folder string, f *ast.File) (out []logLine) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		level, ok := loggingMethods[method.Sel.Name]
		if !ok || !isLog(method.X) {
			return true
		}
		args := call.Args
		if level == "" && len(args) >= 3 { // a context, the level
			level, args = levelSaid(args[1]), args[2:]
		}
		if len(args) == 0 {
			return true
		}
		l := logLine{folder: folder, level: level, message: said(args[0])}
		var fields []string
		for i := 1; i < len(args); i++ {
			switch a := args[i].(type) {
			case *ast.BasicLit, *ast.BinaryExpr:
				fields = append(fields, said(a))
				i++ // its value
			case *ast.CallExpr: // slog.Int("n", 1)
				if len(a.Args) > 0 {
					fields = append(fields, said(a.Args[0]))
				}
			default:
				fields = append(fields, "…")
			}
		}
		l.fields = strings.Join(fields, ", ")
		out = append(out, l)
		return true
	})
	return out
}

// isLog says whether an expression is a log by its name: s.log, c.s.Log, log.With(…).
func isLog(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return slices.Contains([]string{"log", "logger", "slog"}, strings.ToLower(x.Name))
	case *ast.SelectorExpr:
		return slices.Contains([]string{"log", "logger"}, strings.ToLower(x.Sel.Name))
	case *ast.CallExpr:
		s, ok := x.Fun.(*ast.SelectorExpr)
		return ok && (s.Sel.Name == "With" || s.Sel.Name == "WithGroup" || s.Sel.Name == "Default") && isLog(s.X)
	}
	return false
}

// said is a text as the list has it, with … for what is known only when it runs.
func said(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(x.Value); err == nil && x.Kind == token.STRING {
			return s
		}
	case *ast.BinaryExpr:
		return said(x.X) + said(x.Y)
	}
	return "…"
}

func levelSaid(x ast.Expr) string {
	if s, ok := x.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Level") {
		return strings.ToLower(strings.TrimPrefix(s.Sel.Name, "Level"))
	}
	return "by the case"
}

// The page lists every line that the program can log, and no other.
func TestTheListOfLogLinesIsTrue(t *testing.T) {
	var all []logLine
	program(t, func(folder, name string, f *ast.File) {
		if path.Base(name) != "leak_on.go" { // in no build but the test's of the search for leaks
			all = append(all, linesOf(folder, f)...)
		}
	})
	if len(all) < 100 {
		t.Fatalf("only %d lines were found, so the check proves nothing", len(all))
	}
	slices.SortFunc(all, func(a, b logLine) int {
		return strings.Compare(a.folder+"\x00"+a.message+"\x00"+a.level+"\x00"+a.fields, b.folder+"\x00"+b.message+"\x00"+b.level+"\x00"+b.fields)
	})
	all = slices.Compact(all)
	var b bytes.Buffer
	fmt.Fprintf(&b, `# All lines of the log

What the program can log, by the package that does: %d lines. Made by `+"`scripts/generate`"+` from the source; do not change it by hand. What the levels mean, where lines go and
how long they are kept is in [log.md](log.md). Each line has `+"`time`, `level` and `msg`"+` besides, and the fields that its part always has (`+"`part`"+`). `+"`…`"+` is known only
when it is written, a line of a library's for one; values are ids, codes, counts and times.
`, len(all))
	folder := ""
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, l := range all {
		if l.folder != folder {
			folder = l.folder
			fmt.Fprintf(&b, "\n## `%s`\n\n| level | line | fields |\n|---|---|---|\n", folder)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", l.level, cell.Replace(l.message), cell.Replace(l.fields))
	}
	file := path.Join(root, listOfLines)
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, b.Bytes()) {
		t.Errorf("%s is not what the source says; run scripts/generate", listOfLines)
	}
}
