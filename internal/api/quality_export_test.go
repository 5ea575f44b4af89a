package api_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"nubitalk/internal/core/access"
)

// Scores come as a file with pseudonyms, by permission and with a reason.
func TestScoresAreAFile(t *testing.T) {
	h := found(t, noLimits)
	const path = "/api/v1/evaluations/export"
	for _, role := range []access.Role{access.Agent, access.Administrator, access.PrivacyOfficer, access.Monitor} {
		if got := h.ask(h.a.users[role], "POST", path, m{"format": "csv", "reason": "quality"}); got.status != http.StatusForbidden {
			t.Errorf("%s: %d", role, got.status)
		}
	}
	sue := h.a.users[access.Supervisor]
	for what, body := range map[string]m{"no reason": {"format": "csv"}, "a reason of its own": {"format": "csv", "reason": "Ann again"}, "no format": {"reason": "quality"}} {
		if got := h.ask(sue, "POST", path, body); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", what, got.status)
		}
	}
	for lines, want := range map[string][]string{
		"evaluations": {"evl_1", "'=Calls", "usr_1", "", "64.25", "no"},
		"questions":   {"evl_1", "'=Calls", "usr_1", "", "64.25", "no", "q1", "Did it greet?", "20", "", ""},
	} {
		got := h.ask(sue, "POST", path, m{"format": "csv", "reason": "quality", "lines": lines})
		rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
		if got.status != http.StatusOK || err != nil || len(rows) != 2 {
			t.Fatalf("%d %s %v", got.status, got.body, err)
		}
		var cells []string
		for i, name := range rows[0] {
			switch name {
			case "evaluation", "form_name", "agent", "agent_name", "score_percent", "passed", "question", "question_text", "weight", "answer", "question_percent":
				cells = append(cells, rows[1][i])
			}
		}
		if strings.Join(cells, "|") != strings.Join(want, "|") {
			t.Errorf("%s: %q, want %q", lines, cells, want)
		}
	}
}
