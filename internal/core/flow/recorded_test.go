package flow

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/core/recording"
)

const records = `{"start":"a","nodes":{"a":{"type":"recording","action":"pause","reason":"card","next":"b"},
	"b":{"type":"recording","action":"resume","next":"c"},"c":{"type":"recording","action":"stop","next":"d"},"d":{"type":"queue","queue":"que_sales"}}}`

// What is wanted of the recording is said in the order of the steps, in any channel.
func TestRecording(t *testing.T) {
	g := parse(t, records)
	if err := Check(g, shop); err != nil {
		t.Fatal(err)
	}
	s, actions, err := Start(g, "en", nil, open(true))
	want := []Action{{Recording: &Recorded{recording.Pause, "card"}}, {Recording: &Recorded{recording.Resume, ""}}, {Recording: &Recorded{recording.Stop, ""}}, {Queue: "que_sales"}}
	if diff := cmp.Diff(want, actions); diff != "" || err != nil || !s.Done {
		t.Error(diff, err, s)
	}
}
