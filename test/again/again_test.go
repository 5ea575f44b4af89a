// Package again tries scripts/test: what failed is run once more, and only then.
package again

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A go or npm of the test's own: its first run says what the case says, those after it fail when asked for by name.
const stub = `#!/usr/bin/env bash
echo "$*" >>"$TOLD"
if [ "$(wc -l <"$TOLD")" -eq 1 ]; then
  printf '%s' "$FILES" >"${FAILED:-/dev/null}"
  printf '%s' "$SAID"
  exit 1
fi
case " $* " in *" $STEADY "*) exit 1 ;; esac
`

func TestWhatFailedIsRunOnceMore(t *testing.T) {
	const one = "ok  \ta\t1.0s\n--- FAIL: TestOne (0.00s)\n    one_test.go:1: no\nFAIL\nFAIL\tb\t2.0s\nok  \tc\t1.0s\nFAIL\n"
	for _, test := range []struct {
		name, of    string
		said, files string
		steady      string // a word of the second run that fails again
		again       []string
		passes      bool
	}{
		{"a test", "go", one, "", "none", []string{"test -count=1 -timeout 40m -run ^TestOne$ b"}, true},
		{"a test that fails again", "go", one, "", "^TestOne$", []string{"test -count=1 -timeout 40m -run ^TestOne$ b"}, false},
		{
			"two of a package, one of which fails again", "go",
			"--- FAIL: TestOne (0.00s)\n--- FAIL: TestTwo (0.00s)\nFAIL\tb\t2.0s\nFAIL\n", "", "^TestOne$",
			[]string{"test -count=1 -timeout 40m -run ^TestOne$ b"}, false,
		},
		{
			"a package that ended", "go",
			"--- FAIL: TestOne (0.00s)\npanic: none\nFAIL\tb\t2.0s\n--- FAIL: TestThree (0.00s)\nFAIL\td\t2.0s\nFAIL\n", "", "none",
			[]string{"test -count=1 -timeout 40m b", "test -count=1 -timeout 40m -run ^TestThree$ d"}, true,
		},
		{"one that was not built", "go", "FAIL\tb [build failed]\nFAIL\n", "", "b", []string{"test -count=1 -timeout 40m b"}, false},
		{
			"four", "go",
			"--- FAIL: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n--- FAIL: TestC (0.00s)\n--- FAIL: TestD (0.00s)\nFAIL\tb\t2.0s\nFAIL\n",
			"", "none", nil, false,
		},
		{"nothing that is named", "go", "signal: killed\n", "", "none", nil, false},
		{"two files", "web", "", "talk.test.ts\nkeys.test.ts\n", "none", []string{"run test:browser -- --maxWorkers=1 talk.test.ts keys.test.ts"}, true},
		{"a file that fails again", "web", "", "talk.test.ts\n", "talk.test.ts", []string{"run test:browser -- --maxWorkers=1 talk.test.ts"}, false},
		{"no file", "web", "", "", "none", nil, false},
	} {
		t.Run(test.of+"/"+test.name, func(t *testing.T) {
			places := t.TempDir()
			told := filepath.Join(places, "told")
			for _, name := range []string{"go", "npm"} {
				if err := os.WriteFile(filepath.Join(places, name), []byte(stub), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			run := exec.Command("../../scripts/test", test.of)
			run.Env = append(os.Environ(), "PATH="+places+string(os.PathListSeparator)+os.Getenv("PATH"),
				"TOLD="+told, "SAID="+test.said, "FILES="+test.files, "STEADY="+test.steady)
			out, err := run.CombinedOutput()
			if (err == nil) != test.passes {
				t.Errorf("it ended with %v:\n%s", err, out)
			}
			if named := strings.Contains(string(out), "== Failed, and passed by themselves:"); named != test.passes {
				t.Errorf("that it passed is told: %v:\n%s", named, out)
			}
			lines, err := os.ReadFile(told)
			if err != nil {
				t.Fatal(err)
			}
			ran := strings.Split(strings.TrimSpace(string(lines)), "\n")
			if got, want := strings.Join(ran[1:], "\n"), strings.Join(test.again, "\n"); got != want {
				t.Errorf("once more it ran:\n%s\nnot:\n%s", got, want)
			}
		})
	}
}
