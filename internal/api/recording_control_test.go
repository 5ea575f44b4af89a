package api_test

import (
	"encoding/json"
	"testing"

	"nubitalk/internal/api"
	"nubitalk/internal/core/access"
)

// A payment page that gives a card's number for a reason has its pause all the
// same, and the number is not kept.
func TestAReasonIsAWordOrNothing(t *testing.T) {
	h := found(t, noLimits)
	for reason, kept := range map[string]string{"card": "card", "bank_details": "bank_details", "": "", "4111111111111111": "", "Card of Maria": "", "card\n": ""} {
		got := h.ask(h.a.users[access.Agent], "POST", "/api/v1/interactions/"+h.a.interaction+"/recording", m{"action": "pause", "reason": reason})
		var out api.RecordedCall
		if got.status != 200 || json.Unmarshal([]byte(got.body), &out) != nil || out.Recording.Status != "paused" || out.Recording.Reason != kept {
			t.Errorf("%q: %d %s", reason, got.status, got.body)
		}
	}
}
