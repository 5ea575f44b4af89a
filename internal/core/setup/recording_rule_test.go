package setup

import (
	"strings"
	"testing"

	"nubitalk/internal/core/recording"
)

func TestRulesForRecordings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*RecordingRule)
		path   string // "": accepted
	}{
		"as it is":        {func(*RecordingRule) {}, ""},
		"no text":         {func(r *RecordingRule) { r.ConsentText = "" }, "consent_text"},
		"a text too many": {func(r *RecordingRule) { r.Consent = recording.NoConsent }, "consent_text"},
		"no consent":      {func(r *RecordingRule) { r.Consent, r.ConsentText = recording.NoConsent, "" }, ""},
		"unknown text":    {func(r *RecordingRule) { r.ConsentText = "cst_none" }, "consent_text"},
		"unknown queue":   {func(r *RecordingRule) { r.Queues = []string{"que_2"} }, "queues[0]"},
		"its queue":       {func(r *RecordingRule) { r.Queues = []string{"que_1", "que_1"} }, ""},
		"a chat":          {func(r *RecordingRule) { r.EntryPoints = []string{"ent_chat"} }, "entry_points[0]"},
		"a telephone":     {func(r *RecordingRule) { r.EntryPoints = []string{"ent_tel"} }, ""},
		"outgoing":        {func(r *RecordingRule) { r.EntryPoints, r.Direction = []string{"ent_tel"}, Outgoing }, "entry_points"},
		"percent":         {func(r *RecordingRule) { r.Percent = 101 }, "percent"},
		"minutes":         {func(r *RecordingRule) { r.PauseMinutes = 121 }, "pause_minutes"},
		"direction":       {func(r *RecordingRule) { r.Direction = "" }, "direction"},
		"records":         {func(r *RecordingRule) { r.Records = "all" }, "records"},
		"records nothing": {func(r *RecordingRule) { r.Records = "" }, ""},
		"the screen":      {func(r *RecordingRule) { r.Records = recording.OnlyScreen }, ""},
		"campaigns":       {func(r *RecordingRule) { r.Campaigns = []string{"cmp_9"}; r.Direction = Incoming }, "campaigns"},
		"consent":         {func(r *RecordingRule) { r.Consent = "maybe" }, "consent"},
	} {
		r := DefaultRecordingRule("Calls", "cst_1")
		c.change(&r)
		err := Clean(r).Validate(shop)
		if (err == nil) != (c.path == "") || err != nil && !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhichCallsARuleFits(t *testing.T) {
	rules := map[string]RecordingRule{"a": {Enabled: true, Percent: 100, Direction: Incoming, Queues: []string{"que_1"}, EntryPoints: []string{"ent_tel"}, Consent: recording.NoConsent}}
	for _, c := range []struct {
		call RecordedCall
		want bool
	}{
		{RecordedCall{Interaction: "int_1", Queue: "que_1", EntryPoint: "ent_tel"}, true},
		{RecordedCall{Interaction: "int_1", Queue: "que_1", EntryPoint: "ent_tel", Outgoing: true}, false},
		{RecordedCall{Interaction: "int_1", Queue: "que_2", EntryPoint: "ent_tel"}, false},
		{RecordedCall{Interaction: "int_1", Queue: "que_1", EntryPoint: "ent_2"}, false},
	} {
		if p := RecordingPlan(rules, c.call); p.Record != c.want || p.Fits != c.want {
			t.Errorf("%+v: %+v", c.call, p)
		}
	}
	campaign := map[string]RecordingRule{"a": {Enabled: true, Percent: 100, Direction: Outgoing, Campaigns: []string{"cmp_1"}, Consent: recording.NoConsent}}
	for of, want := range map[string]bool{"cmp_1": true, "cmp_2": false, "": false} {
		if p := RecordingPlan(campaign, RecordedCall{Interaction: "int_1", Queue: "que_1", Campaign: of, Outgoing: true}); p.Record != want {
			t.Errorf("a call of %q: %+v", of, p)
		}
	}
	off := rules["a"]
	off.Enabled = false
	if p := RecordingPlan(map[string]RecordingRule{"a": off}, RecordedCall{Queue: "que_1", EntryPoint: "ent_tel"}); p.Fits {
		t.Errorf("%+v", p)
	}
}

func TestLimitsOfScreens(t *testing.T) {
	for path, change := range map[string]func(*ScreenLimits){
		"":         func(l *ScreenLimits) { *l = ScreenLimits{} },
		"pictures": func(l *ScreenLimits) { l.Pictures = 16 },
		"width":    func(l *ScreenLimits) { l.Width = 639 },
		"height":   func(l *ScreenLimits) { l.Height = 2161 },
		"kilobits": func(l *ScreenLimits) { l.Kilobits = 99 },
		"surface":  func(l *ScreenLimits) { l.Surface = "all" },
	} {
		r := DefaultRules()
		r.Screen = DefaultScreen()
		change(&r.Screen)
		r = Clean(r)
		if err := r.Validate(shop); (err == nil) != (path == "") || err != nil && !strings.Contains(err.Error(), "screen."+path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
