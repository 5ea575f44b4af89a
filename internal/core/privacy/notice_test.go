package privacy

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated parts of docs anew")

const docs = "../../../docs/"

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// line makes one line of a text, whatever its line breaks.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestClausesAreTheNoticesOwnWords(t *testing.T) {
	notice := line(read(t, docs+"notice/notice.txt"))
	titles := map[string]bool{}
	for i, c := range Clauses {
		if want := "C" + itoa(i+1); c.ID != want {
			t.Errorf("clause %d is %s, want %s", i+1, c.ID, want)
		}
		if c.Title == "" || c.Group == "" || titles[c.Title] {
			t.Errorf("%s: title %q, page %q", c.ID, c.Title, c.Group)
		}
		titles[c.Title] = true
		if c.Words == "" || !strings.Contains(notice, line(c.Words)) {
			t.Errorf("%s: the notice does not say %q", c.ID, c.Words)
		}
	}
	if len(Clauses) != 60 {
		t.Errorf("%d clauses, want 60", len(Clauses))
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

// Sentences that promise nothing a program could keep: headings, definitions,
// examples of what stands before them, and what the Customer answers for.
var noPromise = []string{
	"Nubitalk Data Privacy Notice",
	"Some of our Services (“Services”) allow you (“Customer”) to upload",
	"These might include, but are not limited to, insuring",
	"Some customizations of our Services are allowed to the Customers.",
	"Collab cannot be made accountable for any underlying bad practices",
	"These include, but are not limited to, queueing, routing, delivering, processing and answering",
	"Bellow we describe how",
	"The integration may work in one of two ways.",
	"This means that contextualized information is only available if the Customer uses an integration",
	"Our Services are hosted on the Microsoft Azure.",
	"For more details, please consult the following links:",
}

// Every sentence of the notice is a clause's, or is named above.
func TestNoSentenceIsForgotten(t *testing.T) {
	text := strings.NewReplacer("e.g., ", "e.g. ").Replace(read(t, docs+"notice/notice.txt"))
	seen := 0
	for _, paragraph := range strings.Split(text, "\n") {
		for _, s := range regexp.MustCompile(`[^.]*(e\.g\.[^.]*)*[^.]*\.?`).FindAllString(line(paragraph), -1) {
			s = line(s)
			if !strings.HasSuffix(s, ".") && len(strings.Fields(s)) < 8 { // a heading
				continue
			}
			seen++
			if !spokenFor(s) {
				t.Errorf("no clause and no reason for: %q", s)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d sentences were seen, so the check proves nothing", seen)
	}
}

func spokenFor(sentence string) bool {
	bare := func(s string) string { return strings.ReplaceAll(line(s), "e.g., ", "e.g. ") }
	for _, n := range noPromise {
		if strings.Contains(sentence, bare(n)) {
			return true
		}
	}
	for _, c := range Clauses {
		w := bare(c.Words)
		if len(w) > 15 && (strings.Contains(sentence, w) || strings.Contains(w, strings.TrimSuffix(sentence, "."))) {
			return true
		}
	}
	return false
}

// checkNames reads from the checks of `nubitalk notice verify` which bear on
// which clause; the package itself stands above this one.
func checkNames(t *testing.T) map[string][]string {
	t.Helper()
	text := read(t, "../../server/verify/checks.go")
	out := map[string][]string{}
	id := regexp.MustCompile(`"(C\d+)"`)
	rows := regexp.MustCompile(`(?m)^\t\{\[\]string\{([^}]*)\}, "([^"]*)"`).FindAllStringSubmatch(text, -1)
	if len(rows) < 10 {
		t.Fatalf("only %d checks were read: the table in internal/server/verify/checks.go has another form than this test knows", len(rows))
	}
	for _, row := range rows {
		for _, c := range id.FindAllStringSubmatch(row[1], -1) {
			out[c[1]] = append(out[c[1]], row[2])
		}
	}
	return out
}

// TestThePagesSayWhatProvesEachClause compares docs/notice with the clauses and
// the checks. With -update it writes the lines that name the checks.
func TestThePagesSayWhatProvesEachClause(t *testing.T) {
	checks := checkNames(t)
	pages := map[string]string{}
	for _, c := range Clauses {
		file := docs + "notice/" + c.Group + ".md"
		if pages[file] == "" {
			pages[file] = read(t, file)
		}
		from := strings.Index(pages[file], "\n## "+c.ID+" "+c.Title+"\n")
		if from < 0 {
			t.Errorf("%s has no heading %q", file, "## "+c.ID+" "+c.Title)
			continue
		}
		to := len(pages[file])
		if next := strings.Index(pages[file][from+4:], "\n## "); next >= 0 {
			to = from + 4 + next
		}
		section := pages[file][from:to]
		if quote := line(strings.ReplaceAll(section, "\n>", "\n")); !strings.Contains(quote, line(c.Words)) {
			t.Errorf("%s: %s does not quote its own words", file, c.ID)
		}
		if !strings.Contains(section, "\n**Does.** ") {
			t.Errorf("%s: %s does not say what the service does", file, c.ID)
		}
		fresh := checkLine.ReplaceAllLiteralString(section, "\n"+checkText(checks[c.ID]))
		if fresh == section {
			continue
		}
		if !*update {
			t.Errorf("%s: %s names other checks than exist; run: go test ./internal/core/privacy -update", file, c.ID)
		}
		pages[file] = pages[file][:from] + fresh + pages[file][to:]
	}
	for file, text := range pages {
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(text, "\n## "); n != strings.Count(text, "\n**Check.** ") {
			t.Errorf("%s: %d headings and another number of checks", file, n)
		}
	}
	known := []string{"README.md", "notice.txt"}
	for file := range pages {
		known = append(known, filepath.Base(file))
	}
	files, err := os.ReadDir(docs + "notice")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(known, f.Name()) {
			t.Errorf("docs/notice/%s belongs to no clause", f.Name())
		}
	}
}

var checkLine = regexp.MustCompile(`(?s)\n\*\*Check\.\*\* .*?\n$`)

func checkText(names []string) string {
	if len(names) == 0 {
		return "**Check.** None yet: `nubitalk notice verify` says *not built*.\n"
	}
	out := "**Check.** `nubitalk notice verify`:\n\n"
	for _, n := range names {
		out += "- " + n + "\n"
	}
	return out
}
