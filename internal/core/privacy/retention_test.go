package privacy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDueAt(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	before := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	fixed := Due{Deleted: before(1), Forwards: before(1), Sessions: before(1), Replies: before(1), Uploads: before(1), StrayFiles: before(7)}
	for name, c := range map[string]struct {
		r    Rules
		want func(*Due)
	}{
		"usual": {Rules{ConversationDays: 90, RecordDays: 365, AuditDays: 730}, func(d *Due) {
			d.Conversations, d.Records, d.Contacts, d.AgentStates, d.Alerts, d.Audit, d.APIKeys = before(90), before(365), before(365), before(365), before(365), before(730), before(730)
		}},
		"a conversation goes with its record": {Rules{ConversationDays: 90, RecordDays: 30, AuditDays: 730}, func(d *Due) {
			d.Conversations, d.Records, d.Contacts, d.AgentStates, d.Alerts, d.Audit, d.APIKeys = before(30), before(30), before(30), before(30), before(30), before(730), before(730)
		}},
		"lost rules erase nothing": {Rules{}, func(*Due) {}},
		"damaged rules neither":    {Rules{-1, -365, -9}, func(*Due) {}},
		"only one is known":        {Rules{ConversationDays: 90}, func(d *Due) { d.Conversations = before(90) }},
	} {
		want := fixed
		c.want(&want)
		if diff := cmp.Diff(want, DueAt(c.r, now)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWhatIsDueStaysDueAndLongerRulesKeepMore(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		days := rapid.IntRange(1, 3650)
		rules := Rules{days.Draw(r, "conversations"), days.Draw(r, "records"), days.Draw(r, "audit")}
		now := time.Unix(rapid.Int64Range(1_600_000_000, 4_000_000_000).Draw(r, "now"), 0)
		later := now.Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(r, "later")))
		a, b := DueAt(rules, now), DueAt(rules, later)
		if b.Conversations.Before(a.Conversations) || b.Records.Before(a.Records) || b.Audit.Before(a.Audit) {
			r.Fatal("what was due is not due any more")
		}
		if a.Conversations.Before(a.Records) {
			r.Fatal("a conversation outlives its record")
		}
		if !a.Conversations.Before(now) || !a.Records.Before(now) || !a.Audit.Before(now) {
			r.Fatal("something is due before it ended")
		}
	})
}
