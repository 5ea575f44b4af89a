package recording_test

import (
	"testing"
	"time"

	"nubitalk/internal/core/recording"
)

func TestWhatOfACallIsKept(t *testing.T) {
	voice, screen, both := recording.Rule{Percent: 100}, recording.Rule{Percent: 100, What: recording.OnlyScreen}, recording.Rule{Percent: 100, What: recording.VoiceAndScreen}
	wish := recording.Rule{OnDemand: true, What: recording.OnlyScreen}
	for name, c := range map[string]struct {
		rules                  []recording.Rule
		before, started, ended recording.Sides
	}{
		"voice, as rules did before": {[]recording.Rule{voice}, recording.Sides{Voice: true}, recording.Sides{Voice: true}, recording.Sides{}},
		"the screen":                 {[]recording.Rule{screen}, recording.Sides{Screen: true}, recording.Sides{Screen: true}, recording.Sides{}},
		"both":                       {[]recording.Rule{both}, recording.Sides{Voice: true, Screen: true}, recording.Sides{Voice: true, Screen: true}, recording.Sides{}},
		"two rules":                  {[]recording.Rule{voice, screen}, recording.Sides{Voice: true, Screen: true}, recording.Sides{Voice: true, Screen: true}, recording.Sides{}},
		"the screen when wished":     {[]recording.Rule{voice, wish}, recording.Sides{Voice: true}, recording.Sides{Voice: true, Screen: true}, recording.Sides{}},
		"forbidden":                  {[]recording.Rule{both, {}}, recording.Sides{}, recording.Sides{}, recording.Sides{}},
	} {
		p := recording.Decide("int_1", c.rules)
		var s recording.Standing
		if got := s.Kept(p); got != c.before {
			t.Errorf("%s: %+v", name, got)
		}
		if next, _, err := s.After(recording.Start, p, "usr_1", "", time.Time{}); err == nil {
			s = next
		}
		if got := s.Kept(p); got != c.started {
			t.Errorf("%s, begun: %+v", name, got)
		}
		s, _, _ = s.After(recording.Stop, p, "usr_1", "", time.Time{})
		if got := s.Kept(p); got != c.ended {
			t.Errorf("%s, stopped: %+v", name, got)
		}
	}
}
