package setup

import (
	"strings"
	"testing"
)

func TestRulesOfWhatIsUnusual(t *testing.T) {
	if got := Clean(DefaultRules()).Unusual; got != DefaultUnusual() {
		t.Errorf("where nothing was chosen it is %+v", got)
	}
	none := DefaultUnusual()
	none.Exports, none.SignIns, none.Failures, none.Refusals = false, false, false, false
	if none.OrUsual() != none {
		t.Error("what is switched off is switched on")
	}
	older := none
	older.Refusals, older.RefusedOften, none.Refusals = false, 0, true
	if got := older.OrUsual(); got != none {
		t.Errorf("chosen before there were refusals: %+v", got)
	}
	for path, change := range map[string]func(*UnusualRule){
		"unusual.failed_users":     func(r *UnusualRule) { r.FailedUsers = 2 },
		"unusual.failed_networks":  func(r *UnusualRule) { r.FailedNetworks = 101 },
		"unusual.refused_often":    func(r *UnusualRule) { r.RefusedOften = 75 },
		"unusual.usual.users":      func(r *UnusualRule) { r.Usual.Users = 0 },
		"unusual.usual.contacts":   func(r *UnusualRule) { r.Usual.Contacts = 10001 },
		"unusual.usual.calls":      func(r *UnusualRule) { r.Usual.Calls = -1 },
		"unusual.usual.numbers":    func(r *UnusualRule) { r.Usual.Numbers = 0 },
		"unusual.usual.recordings": func(r *UnusualRule) { r.Usual.Recordings = 0 },
		"unusual.usual.listened":   func(r *UnusualRule) { r.Usual.Listened = 0 },
		"unusual.usual.scores":     func(r *UnusualRule) { r.Usual.Scores = 0 },
		"unusual.usual.volumes":    func(r *UnusualRule) { r.Usual.Volumes = 0 },
	} {
		rules := Clean(DefaultRules())
		change(&rules.Unusual)
		if err := rules.Validate(nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
