package privacy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEveryEntryIsWhole(t *testing.T) {
	seen := map[string]bool{}
	kinds := map[Kind]int{}
	for _, e := range Inventory() {
		if seen[string(e.Kind)+e.Place] {
			t.Errorf("%s %s is there twice", e.Kind, e.Place)
		}
		seen[string(e.Kind)+e.Place] = true
		kinds[e.Kind]++
		if e.Place == "" || e.Purpose == "" || e.Retention == "" || e.Erased == "" {
			t.Errorf("%s %s lacks something: %+v", e.Kind, e.Place, e)
		}
		if !slices.Contains(Classes, e.Class) || !slices.Contains(Kinds, e.Kind) {
			t.Errorf("%s: class %q, kind %q", e.Place, e.Class, e.Kind)
		}
	}
	for _, k := range Kinds {
		if kinds[k] == 0 {
			t.Errorf("nothing of kind %s", k)
		}
	}
}

// Rules of the code (privacy.md, rules 1 to 3) that the inventory itself shows.
func TestPersonalValuesAtRestAreSealed(t *testing.T) {
	open := map[string]string{
		"interactions.rating": "a number without words; it is counted in reports",
	}
	for _, e := range Inventory() {
		if e.Kind != Column && e.Kind != File {
			continue
		}
		sealed := e.Guard == byTenant || e.Guard == byContact
		if strings.HasSuffix(e.Place, "_sealed") != sealed && e.Kind == Column {
			t.Errorf("%s: its name and its guard %q disagree", e.Place, e.Guard)
		}
		switch e.Class {
		case Address, DisplayName, Content, Credential:
			if e.Guard == "" && open[e.Place] == "" {
				t.Errorf("%s is %s and lies open", e.Place, e.Class)
			}
		}
	}
}

// columnsOf reads the tables of a migration: "table.column".
func columnsOf(text string) []string {
	var out []string
	table := regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\)`)
	column := regexp.MustCompile(`(?m)^ {4}(\w+) +(TEXT|BIGINT|BYTEA)\b`)
	for _, t := range table.FindAllStringSubmatch(text, -1) {
		for _, c := range column.FindAllStringSubmatch(t[2], -1) {
			out = append(out, t[1]+"."+c[1])
		}
	}
	for _, c := range regexp.MustCompile(`ALTER TABLE (\w+) ADD COLUMN (\w+)`).FindAllStringSubmatch(text, -1) {
		out = append(out, c[1]+"."+c[2])
	}
	return out
}

// The same comparison runs on both engines' real schemas in app/retention; this
// one needs no database and tells at once.
func TestTheInventoryKnowsEveryColumnOfTheMigrations(t *testing.T) {
	const dir = "../../store/migrations/"
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"schema_versions.id", "schema_versions.version_id", "schema_versions.is_applied", "schema_versions.tstamp"}
	for _, f := range files {
		text, err := os.ReadFile(dir + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		columns = append(columns, columnsOf(string(text))...)
	}
	slices.Sort(columns)
	columns = slices.Compact(columns) // a table that is made again, with another check
	if len(columns) < 100 {
		t.Fatalf("only %d columns were read, so the check proves nothing", len(columns))
	}
	if err := CompareColumns(columns); err != nil {
		t.Error(err)
	}
}

// published are the kinds of all events that the source gives to the bus, also
// those that only nodes hear.
func published(t *testing.T) []string {
	t.Helper()
	kinds := map[string]bool{}
	err := filepath.WalkDir("../..", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || d.Name() == "bus" { // which has an event of its own, for its subscribers
			return err
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return err
		}
		words, events := map[string]string{}, map[string]ast.Expr{}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					for i, v := range n.Values {
						if l, ok := v.(*ast.BasicLit); ok && l.Kind == token.STRING {
							words[n.Names[i].Name], _ = strconv.Unquote(l.Value)
						}
					}
				case *ast.CompositeLit:
					if s, ok := n.Type.(*ast.SelectorExpr); !ok || s.Sel.Name != "Event" || fmt.Sprint(s.X) != "bus" {
						return true
					}
					at := fset.Position(n.Pos()).String()
					events[at] = nil
					for _, e := range n.Elts {
						if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Kind" {
							events[at] = kv.Value
						}
					}
				}
				return true
			})
		}
		for at, kind := range events {
			switch k := kind.(type) {
			case *ast.BasicLit:
				s, _ := strconv.Unquote(k.Value)
				kinds[s] = true
			case *ast.Ident:
				if words[k.Name] == "" {
					t.Errorf("%s: the kind %s is no constant of the package", at, k.Name)
				}
				kinds[words[k.Name]] = true
			default:
				t.Errorf("%s: an event whose kind cannot be read", at)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(kinds) < 12 {
		t.Fatalf("only %v were found: the reader of the source is blind", kinds)
	}
	return slices.Collect(maps.Keys(kinds))
}

func TestTheInventoryKnowsEveryEvent(t *testing.T) {
	text, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, live, ok := strings.Cut(string(text), "## The live connection")
	live, visitor, ok2 := strings.Cut(live, "## The visitor's side")
	if !ok || !ok2 {
		t.Fatal("docs/api.md has other headings than this test knows")
	}
	var events []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z.]+)` \\|").FindAllStringSubmatch(live, -1) {
		events = append(events, m[1])
	}
	if len(events) < 5 {
		t.Errorf("docs/api.md names only %v", events)
	}
	for _, kind := range published(t) {
		if !slices.Contains(events, kind) {
			events = append(events, kind)
		}
	}
	if err := CompareEvents(events); err != nil {
		t.Error(err)
	}
	socket := regexp.MustCompile("(?s)of types (.*?); sends").FindStringSubmatch(visitor)
	if socket == nil {
		t.Fatal("docs/api.md names no frames of the visitor's socket")
	}
	var frames []string
	for _, m := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(socket[1], ""), -1) {
		frames = append(frames, m[1])
	}
	if err := CompareFrames(frames); err != nil {
		t.Error(err)
	}
}

func TestDifferencesAreTold(t *testing.T) {
	var columns []string
	for _, e := range Inventory() {
		if e.Kind == Column {
			columns = append(columns, e.Place)
		}
	}
	if err := CompareColumns(columns); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		columns []string
		say     string
	}{
		"new column":  {append(slices.Clone(columns), "users.birthday"), "users.birthday has no class"},
		"gone column": {columns[1:], columns[0] + " is in the inventory"},
		"nothing":     {nil, "is in the inventory"},
	} {
		if err := CompareColumns(c.columns); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
