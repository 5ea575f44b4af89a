package server

import (
	"testing"

	"nubitalk/internal/server/config"
)

// What may be left out of a new object must also be accepted by the set-up's own
// checks, not only by the door.
func TestNewObjectsNeedLittle(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		admin, ctx := acme.signIn(t, "ana"), t.Context()
		for path, body := range map[string]map[string]any{
			"queues":         {"name": "Returns"},
			"dispositions":   {"name": "Returned"},
			"canned-replies": {"title": "Returns", "body": "Send it back.", "language": "en"},
			"consent-texts":  {"name": "Short", "purpose": "service", "text": map[string]string{"en": "We keep this."}},
			"hours":          {"name": "Week", "time_zone": "Europe/Lisbon", "weekly": []map[string]any{{"day": 1, "from": "09:00", "to": "18:00"}}},
			"alert-rules":    {"name": "Long waits", "measure": "longest_waiting", "warning": map[string]int{"at": 120}},
			"trunks":         {"name": "Lines", "country": "PT"},
			"phones":         {"name": "Hall"},
			"ring-groups":    {"name": "Front desk", "extension": "30", "members": []string{acme.agent(t, "bo")}},
			"users":          {"user_name": "raposa-7"},
		} {
			if err := admin.Do(ctx, "POST", path, body, nil); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		var queues struct{ Items []struct{ Name string } }
		if err := books.signIn(t, "ana").Do(ctx, "GET", "queues", nil, &queues); err != nil || len(queues.Items) != 1 {
			t.Errorf("the other tenant has %v, %v", queues, err)
		}
	})
}
