package flow

import (
	"slices"

	"nubitalk/internal/core/recording"
)

// Recorded is what a run wants of the recording of its interaction.
type Recorded struct {
	Action recording.Action
	Reason string // a word; "" if none is given
}

// recordingActions are those that a flow may take. None begins a recording: it
// begins with an agent, as the rules say.
var recordingActions = []recording.Action{recording.Pause, recording.Resume, recording.Stop}

func (c *checker) recorded(at string, n Node) {
	c.pointer(at+".next", n.Next, true)
	if !slices.Contains(recordingActions, n.Action) {
		c.faults.Add(at+".action", "is %q; accepted are pause, resume and stop.", clip(string(n.Action), 40))
	}
	if n.Reason != "" && !recording.IsReason(n.Reason) {
		c.faults.Add(at+".reason", "must be a word of 1 to 32 small letters and _, such as card, or be left out.")
	}
}
