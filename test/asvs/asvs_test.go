package asvs

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

var (
	rows   = regexp.MustCompile(`(?m)^\| (\d+\.\d+\.\d+)(?:–(\d+))? \| (.+?) \| (met|partly|not|does not apply) \| (.+) \|$`)
	quoted = regexp.MustCompile("`([^`]+)`")
	goTest = regexp.MustCompile(`^((?:internal|test|cmd)(?:/[a-z0-9]+)*)\.((?:Test|Fuzz)\w+)(?:/(.+))?$`)
	pages  = regexp.MustCompile(`\]\(([a-z0-9/-]+\.md)[^)]*\)`)
)

// A table that names a test which is not there, or forgets a requirement, is wrong.
func TestTheTableIsTrue(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	all := standard()
	byLevel, index := [4]int{}, map[string]requirement{}
	for _, r := range all {
		byLevel[r.level]++
		index[r.id] = r
	}
	if byLevel != [4]int{0, 70, 183, 92} {
		t.Fatalf("the standard has 70, 183 and 92 requirements, not %v", byLevel[1:])
	}
	seen, states := map[string]bool{}, map[string]int{}
	for _, row := range rows.FindAllStringSubmatch(string(page), -1) {
		first, last, state, why := row[1], row[2], row[4], row[5]
		for _, id := range upTo(t, first, last) {
			r, known := index[id]
			if !known || seen[id] {
				t.Errorf("%s is not in the standard, or is here twice", id)
			}
			seen[id] = true
			states[state]++
			if state == "met" && !shown(t, r, why) {
				t.Errorf("%s is said to be met, and no test shows it", id)
			}
		}
		check(t, first, why)
	}
	for _, r := range all {
		if r.asked && !seen[r.id] {
			t.Errorf("%s (level %d) is missing", r.id, r.level)
		}
	}
	sum := fmt.Sprintf("%d requirements: %d met, %d partly, %d not, %d that do not apply.", len(seen), states["met"], states["partly"], states["not"], states["does not apply"])
	if !strings.Contains(string(page), sum) {
		t.Errorf("the page does not say: %s", sum)
	}
}

// A rule for a field that names no test, or one that is not there, is only words.
func TestTheRulesOfFieldsAreShown(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/field-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := 0
	for _, line := range strings.Split(string(page), "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasSuffix(line, " shown by |") {
			continue
		}
		rules++
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		what, why := cells[0], cells[len(cells)-1]
		if !shown(t, requirement{}, why) {
			t.Errorf("%s: no test shows it", what)
		}
		check(t, what, why)
	}
	if rules < 40 {
		t.Errorf("only %d rules were seen", rules)
	}
}

// upTo are the requirements of a row, which may stand for several of a section.
func upTo(t *testing.T, first, last string) []string {
	t.Helper()
	if last == "" {
		return []string{first}
	}
	section, from, to := path.Ext(first), 0, 0
	if _, err := fmt.Sscanf(section+" "+last, ".%d %d", &from, &to); err != nil || to <= from {
		t.Fatalf("%s–%s: %v", first, last, err)
	}
	var out []string
	for n := from; n <= to; n++ {
		out = append(out, fmt.Sprintf("%s.%d", strings.TrimSuffix(first, section), n))
	}
	return out
}

// shown says whether a row names what shows it: a test, or a page where the standard
// asks for words.
func shown(t *testing.T, r requirement, why string) bool {
	t.Helper()
	for _, q := range quoted.FindAllStringSubmatch(why, -1) {
		if isTest(q[1]) {
			return true
		}
	}
	return documents[r.section] && pages.MatchString(why)
}

func isTest(name string) bool {
	return goTest.MatchString(name) || strings.HasPrefix(name, "web/") && strings.HasSuffix(name, ".test.ts")
}

// check finds each test and page that a row names.
func check(t *testing.T, id, why string) {
	t.Helper()
	for _, p := range pages.FindAllStringSubmatch(why, -1) {
		if _, err := os.Stat(path.Join(root, "docs", p[1])); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, q := range quoted.FindAllStringSubmatch(why, -1) {
		switch m := goTest.FindStringSubmatch(q[1]); {
		case m != nil:
			if !holds(t, m[1], m[2], m[3]) {
				t.Errorf("%s names %s, which does not exist", id, q[1])
			}
		case isTest(q[1]):
			if _, err := os.Stat(path.Join(root, q[1])); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
}

// holds says whether a folder's tests have a function, and a case of that name.
func holds(t *testing.T, folder, name, part string) bool {
	t.Helper()
	files, err := fs.Glob(os.DirFS(root), folder+"/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	function, named := false, part == ""
	for _, f := range files {
		text, err := os.ReadFile(path.Join(root, f))
		if err != nil {
			t.Fatal(err)
		}
		function = function || strings.Contains(string(text), "\nfunc "+name+"(")
		named = named || strings.Contains(string(text), `"`+part+`"`)
	}
	return function && named
}
