package setup

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/alert"
)

func TestAlertRuleFaults(t *testing.T) {
	rule := func(m alert.Measure, warning, critical int, change func(*AlertRule)) AlertRule {
		r := DefaultAlertRule("Long waits", m, warning, critical)
		if change != nil {
			change(&r)
		}
		return Clean(r)
	}
	onBreak := func(r *AlertRule) { r.Activity = alert.NotReady }
	for name, c := range map[string]struct {
		r        AlertRule
		at, says string // "" for a rule without a fault
	}{
		"waiting":              {rule(alert.Waiting, 5, 10, nil), "", ""},
		"warning only":         {rule(alert.LongestWaiting, 120, 0, nil), "", ""},
		"critical only":        {rule(alert.LongestWaiting, 0, 120, nil), "", ""},
		"service level":        {rule(alert.ServiceLevel, 80, 60, nil), "", ""},
		"agents":               {rule(alert.AgentsFree, 2, 1, func(r *AlertRule) { r.Queues = []string{"que_1"} }), "", ""},
		"a break":              {rule(alert.TimeInState, 900, 1800, func(r *AlertRule) { onBreak(r); r.Teams, r.Reasons = []string{"tea_1"}, []string{"rea_1"} }), "", ""},
		"ends where it begins": {rule(alert.Waiting, 5, 0, func(r *AlertRule) { r.Warning.Clear = 5 }), "", ""},

		"no name":               {rule(alert.Waiting, 5, 0, func(r *AlertRule) { r.Name = "" }), "name", "missing"},
		"no measure":            {rule("", 5, 0, nil), "measure", "longest_waiting"},
		"no level":              {rule(alert.Waiting, 0, 0, nil), "warning.at", "missing"},
		"negative":              {rule(alert.Waiting, -1, 0, nil), "warning.at", "0 to 100000"},
		"more than all":         {rule(alert.AbandonRate, 101, 0, nil), "warning.at", "0 to 100"},
		"critical is better":    {rule(alert.Waiting, 10, 5, nil), "critical.at", "higher"},
		"critical is the same":  {rule(alert.Waiting, 5, 5, nil), "critical.at", "higher"},
		"critical is better, %": {rule(alert.ServiceLevel, 60, 80, nil), "critical.at", "lower"},
		"clears too late":       {rule(alert.Waiting, 5, 0, func(r *AlertRule) { r.Warning.Clear = 6 }), "warning.clear", "at most 5"},
		"clears too soon":       {rule(alert.ServiceLevel, 0, 60, func(r *AlertRule) { r.Critical.Clear = 59 }), "critical.clear", "at least 60"},
		"clears what is not":    {rule(alert.Waiting, 5, 0, func(r *AlertRule) { r.Critical.Clear = 6 }), "critical.clear", "not used"},
		"critical ends last":    {rule(alert.Waiting, 5, 10, func(r *AlertRule) { r.Critical.Clear = 3 }), "critical.clear", "ended already"},
		"critical ends last, %": {rule(alert.ServiceLevel, 80, 60, func(r *AlertRule) { r.Critical.Clear = 90 }), "critical.clear", "ended already"},
		"holds for days":        {rule(alert.Waiting, 5, 0, func(r *AlertRule) { r.HoldSeconds = 3601 }), "hold_seconds", "0 to 3600"},
		"too few to count":      {rule(alert.ServiceLevel, 80, 0, func(r *AlertRule) { r.MinContacts = -1 }), "min_contacts", "0 to 10000"},
		"unknown queue":         {rule(alert.Waiting, 5, 0, func(r *AlertRule) { r.Queues = []string{"que_1", "que_2"} }), "queues[1]", "does not exist"},
		"unknown team":          {rule(alert.TimeInState, 60, 0, func(r *AlertRule) { onBreak(r); r.Teams = []string{"tea_9"} }), "teams[0]", "team"},
		"unknown reason":        {rule(alert.TimeInState, 60, 0, func(r *AlertRule) { onBreak(r); r.Reasons = []string{"rea_9"} }), "reasons[0]", "reason"},
		"queues of agents":      {rule(alert.TimeInState, 60, 0, func(r *AlertRule) { onBreak(r); r.Queues = []string{"que_1"} }), "queues", "name teams"},
		"teams of queues":       {rule(alert.Waiting, 5, 0, func(r *AlertRule) { r.Teams = []string{"tea_1"} }), "teams", "agents"},
		"state of queues":       {rule(alert.Waiting, 5, 0, onBreak), "activity", "agents"},
		"no state":              {rule(alert.TimeInState, 60, 0, nil), "activity", "engaged"},
		"unknown state":         {rule(alert.TimeInState, 60, 0, func(r *AlertRule) { r.Activity = "asleep" }), "activity", "asleep"},
		"reason of work":        {rule(alert.TimeInState, 60, 0, func(r *AlertRule) { r.Activity, r.Reasons = alert.Engaged, []string{"rea_1"} }), "reasons", "not_ready"},
	} {
		err := c.r.Validate(shop)
		if c.at == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		fields := errs.As(orNil(err)).Fields
		if len(fields) != 1 || fields[0].Path != c.at || !strings.Contains(fields[0].Problem, c.says) {
			t.Errorf("%s: want %s: …%s…, got %v", name, c.at, c.says, err)
		}
	}
}

func TestAlertRuleDefaults(t *testing.T) {
	if got, want := DefaultAlertRule("W", alert.Waiting, 5, 10).Thresholds(), (alert.Thresholds{Warning: alert.Threshold{At: 5, Clear: 4},
		Critical: alert.Threshold{At: 10, Clear: 8}, Hold: 15 * time.Second}); got != want {
		t.Errorf("%+v", got)
	}
	r := DefaultAlertRule("S", alert.ServiceLevel, 80, 79)
	r.Warning.Clear = 81
	if got := r.Thresholds().Critical.Clear; got != 81 { // not 84: the warning has ended there
		t.Error(got)
	}
}

// Whatever is let through has thresholds that can be told apart: each ends on the
// good side of where it begins, and the worse level begins last and ends first.
func TestAcceptedAlertRulesMakeSense(t *testing.T) {
	number := rapid.IntRange(0, 120)
	rapid.Check(t, func(t *rapid.T) {
		r := DefaultAlertRule("R", rapid.SampledFrom(alert.Measures).Draw(t, "measure"), number.Draw(t, "warning"), number.Draw(t, "critical"))
		r.Warning.Clear, r.Critical.Clear = number.Draw(t, "warning clears"), number.Draw(t, "critical clears")
		if r.Measure.OfAgents() {
			r.Activity = alert.Ready
		}
		if r.Validate(shop) != nil {
			return
		}
		th := r.Thresholds()
		w, c := th.Warning, th.Critical
		if th.LowIsBad { // turned round, so that large is bad
			w, c = alert.Threshold{At: -w.At, Clear: -w.Clear}, alert.Threshold{At: -c.At, Clear: -c.Clear}
		}
		if w.At != 0 && w.Clear > w.At || c.At != 0 && c.Clear > c.At || w.At != 0 && c.At != 0 && (c.At <= w.At || c.Clear < w.Clear) {
			t.Fatalf("%+v means %+v", r, th)
		}
	})
}

func TestWhomAlertRulesWatch(t *testing.T) {
	queues, agents := DefaultAlertRule("Q", alert.Waiting, 5, 0), DefaultAlertRule("A", alert.TimeInState, 60, 0)
	named, team, off := queues, agents, queues
	named.Queues, team.Teams, off.Enabled = []string{"que_1"}, []string{"tea_1"}, false
	var got []bool
	for _, r := range []AlertRule{queues, named, agents, team, off} {
		got = append(got, r.Watches("que_1"), r.Watches("que_2"), r.WatchesAgent([]string{"tea_1", "tea_2"}), r.WatchesAgent(nil))
	}
	want := []bool{true, true, false, false, true, false, false, false, false, false, true, true, false, false, true, false, false, false, false, false}
	if !slices.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if o, err := Decode(KindAlertRule, json.RawMessage(`{"name":"W","measure":"waiting","warning":{"at":5}}`)); err != nil || o.(AlertRule).Warning.At != 5 {
		t.Error(o, err)
	}
}
