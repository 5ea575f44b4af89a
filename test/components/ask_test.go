package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const audit = `{"auditReportVersion": 2, "vulnerabilities": {
 "vite": {"name": "vite", "severity": "high", "via": [{"source": 1, "name": "vite", "title": "Reads any file", "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", "severity": "high", "range": "<8.3.9"}], "range": "<8.3.9"},
 "vitest": {"name": "vitest", "severity": "high", "via": ["vite"], "range": "4.0.0 - 4.1.0"}}, "metadata": {}}`

func TestAnAuditIsRead(t *testing.T) {
	list, err := audited([]byte(audit))
	if err != nil || len(list) != 1 || list[0] != (fault{Kind: npmPackage, Name: "vite", Version: "<8.3.9", ID: "GHSA-aaaa-bbbb-cccc", What: "Reads any file (high)"}) {
		t.Errorf("%+v %v", list, err)
	}
	if list, err := audited([]byte(`{"auditReportVersion": 2, "vulnerabilities": {}}`)); err != nil || len(list) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	// No answer is no audit without a fault.
	for _, bad := range []string{``, `{}`, `{"error": {"code": "ENOTFOUND", "summary": "no such host"}}`, `{"auditReportVersion": 3, "vulnerabilities": {}}`} {
		if _, err := audited([]byte(bad)); err == nil {
			t.Errorf("%q is an audit", bad)
		}
	}
}

func TestWhatIsOutdatedIsRead(t *testing.T) {
	var later map[string]struct{ Current string }
	if err := outdated([]byte(`{"vite": {"current": "8.3.8", "wanted": "8.3.8", "latest": "8.4.0"}}`), &later); err != nil || later["vite"].Current != "8.3.8" {
		t.Errorf("%v %v", later, err)
	}
	if err := outdated([]byte(`{"error": {"code": "EAI_AGAIN", "summary": "getaddrinfo"}}`), &later); err == nil || !strings.Contains(err.Error(), "EAI_AGAIN") {
		t.Error(err)
	}
}

func TestAStreamIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		stream  string
		want    []fault
		refused bool
	}{
		"nothing was said": {"", nil, true},
		"broken off":       {`{"config": {"db": "x"}} {"osv": `, nil, true},
		"no fault":         {`{"config": {"db": "x"}} {"osv": {"id": "GO-1", "summary": "loops"}}`, nil, false}, // of another version
		"nearer and nearer": {`{"config": {"db": "x"}} {"osv": {"id": "GO-1", "summary": "loops"}} {"finding": {"osv": "GO-1", "trace": [{"module": "m", "version": "v1"}]}}
			{"finding": {"osv": "GO-1", "trace": [{"module": "m", "version": "v1", "package": "m/p", "function": "F"}, {"module": "nubitalk", "function": "main"}]}}
			{"finding": {"osv": "GO-1", "trace": [{"module": "m", "version": "v1", "package": "m/p"}]}}`,
			[]fault{{Kind: goModule, Name: "m", Version: "v1", ID: "GO-1", What: "loops", Reached: true}}, false},
		"of Go itself": {`{"config": {}} {"finding": {"osv": "GO-2", "trace": [{"module": "stdlib", "version": "v1.26.8"}]}}`, []fault{{Kind: goItself, Name: "go", Version: "v1.26.8", ID: "GO-2"}}, false},
	} {
		got, err := found(strings.NewReader(c.stream))
		if (err != nil) != c.refused || len(got) != len(c.want) || len(got) == 1 && got[0] != c.want[0] {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

// known is a fault in a module, up to a version.
func known(t *testing.T, dir, id, module, fixed string) {
	t.Helper()
	entry := `{"schema_version": "1.3.1", "id": "` + id + `", "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z", "summary": "Made up for a test", "details": "",
	 "affected": [{"package": {"ecosystem": "Go", "name": "` + module + `"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "` + fixed + `"}]}], "ecosystem_specific": {}}]}`
	if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Govulncheck itself, with a database of two faults: one that the program has, and one of
// a module that it has not. The packages are two of the program, because all take minutes.
func TestAKnownFaultIsFound(t *testing.T) {
	root, err := source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db := t.TempDir()
	known(t, db, "GO-2026-9001", "golang.org/x/text", "99.0.0")
	known(t, db, "GO-2026-9002", "golang.org/x/text", "0.0.1") // mended long ago
	known(t, db, "GO-2026-9003", "example.com/nobody/has/this", "99.0.0")
	address := url.URL{Scheme: "file", Path: db}
	a := &asks{root: root, database: address.String(), now: now}
	list := a.goFaults(t.Context(), "./internal/base/wording")
	if len(a.notes) > 0 {
		t.Fatal(a.notes)
	}
	if len(list) != 1 || list[0].ID != "GO-2026-9001" || list[0].id() != "go:golang.org/x/text" || list[0].Version == "" || list[0].What != "Made up for a test" {
		t.Fatalf("%+v", list)
	}
	if v := judge(now, nil, list, nil, nil); v.code() != 1 {
		t.Errorf("%+v", v)
	}
}

// A database that is not there was not looked at; that is no "none".
func TestADatabaseThatIsNotThereIsSaid(t *testing.T) {
	root, err := source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	address := url.URL{Scheme: "file", Path: filepath.Join(t.TempDir(), "none")}
	a := &asks{root: root, database: address.String(), now: now}
	list := a.goFaults(t.Context(), "./internal/base/errs")
	if len(list) != 0 || len(a.notes) != 1 || !strings.Contains(a.notes[0], "known faults of Go modules") {
		t.Errorf("%+v %v", list, a.notes)
	}
	if v := judge(now, nil, list, nil, a.notes); v.code() != 3 {
		t.Errorf("%+v", v)
	}
}
