package server

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/core/access"
	rules "nubitalk/internal/core/recording"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// A call whose sound is at one of two nodes is recorded, paused and shown by requests that
// the other takes. That node, the real program, is killed while the recording is paused: the
// other takes the call, the pause still holds there, and what is said afterwards is in a
// recording of its own. What the first had on its disk opens when it is back; until then
// nothing of it is taken for missing.
func TestARecordingWithTwoNodes(t *testing.T) {
	node := clusterSettings(t)
	conf := node("a")
	a := start(t, conf, nil)
	acme, books := house(t, a)
	ctx := t.Context()
	ana := acme.signIn(t, "ana")
	entry := acme.telephone(t, ana)
	acme.rule(t, ana, m{"consent": "none", "records": "both", "entry_points": []string{entry}})
	boID := acme.agent(t, "bo")
	books.user(t, "sue", access.Supervisor)
	a.stop(t)

	bin, err := drive.Build(t.TempDir())
	must(t, err)
	listen, err := freeport.Address()
	must(t, err)
	first := func() *drive.Program {
		args := []string{"--database-driver", "postgres", "--database-url", conf.Database.URL.Reveal(), "--keys-driver", "postgres", "--keys-url", conf.Keys.URL.Reveal(),
			"--keys-root", conf.Keys.Root, "--bus-url", conf.Bus.URL.Reveal(), "--files-folder", conf.Files.Folder}
		p, err := drive.Serve(ctx, bin, conf.Data, listen, args...)
		must(t, err)
		t.Cleanup(p.Kill)
		return p
	}
	p := first()
	b := start(t, node("b"), func(s *Server) { s.absence = time.Minute })
	acme.node, books.node = b, b // all doors are the second node's from now on
	within(t, "the first node does not hold the floor", func() bool { return b.parts.cluster.elsewhere(ctx, acme.ID) != "" })
	bo, _ := acme.ready(t, "bo")
	theirs := books.signIn(t, "sue")

	v, caller, agent := acme.talks(t, entry, bo)
	path := "interactions/" + v.Interaction
	acme.recording(t, bo, v.Interaction, "recording")
	listens(t, "the agent", agent, []float64{500})
	passes(t, agent, 2*time.Second)
	acme.screen(t, bo, v.Interaction, "wanted")
	var shown struct{ Recording string }
	must(t, bo.Do(ctx, "POST", path+"/screen", m{}, &shown))
	film, err := os.ReadFile("../media/screen/testdata/piece.webm")
	must(t, err)
	if status, said := screened(t, bo, v.Interaction, shown.Recording, 1, time.Now().Add(-time.Second), film); status != 200 || !said.Kept {
		t.Fatalf("the screen: %d %+v", status, said)
	}
	if status, _ := screened(t, bo, v.Interaction, shown.Recording, 2, time.Now().Add(-time.Second), bytes.Repeat([]byte("no film "), 3<<17)); status != 413 && status != 415 {
		t.Errorf("three megabytes that are no film: %d", status) // and no call that is not known here
	}
	if b.parts.recording.Stats().Running != 0 {
		t.Error("it is the second node that records")
	}

	var got recordedView
	refused(t, theirs.Do(ctx, "POST", "calls/recording", m{"action": "pause", "agent": boID}, nil), 404)
	must(t, bo.Do(ctx, "POST", "calls/recording", m{"action": "pause", "reason": "card", "agent": boID}, &got))
	if got.Interaction != v.Interaction || got.Recording.Status != "paused" || got.Recording.By != boID {
		t.Errorf("%+v", got)
	}
	caller.Talk(1100)
	listens(t, "the agent", agent, []float64{1100}, 500)
	passes(t, agent, time.Second)
	p.Kill()

	// The second node has the call.
	within(t, "the second node does not take the floor", func() bool {
		return bo.Do(ctx, "GET", path+"/call", nil, nil) == nil && b.parts.cluster.elsewhere(ctx, acme.ID) == ""
	})
	caller = acme.callerSound(t, v)
	caller.Talk(1100)
	agent = acme.agentSound(t, bo, v.Interaction)
	agent.Talk(900)
	listens(t, "the agent", agent, []float64{1100})
	if st := acme.recording(t, bo, v.Interaction, "paused"); st.Recording.By != boID || st.Recording.Reason != "card" {
		t.Errorf("at the second node: %+v", st)
	}
	passes(t, agent, time.Second)
	caller.Talk(1300)
	listens(t, "the agent", agent, []float64{1300}, 1100)
	must(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "resume"}, nil))
	acme.recording(t, bo, v.Interaction, "recording")
	passes(t, agent, 2*time.Second)
	must(t, v.Do(ctx, "POST", "/end", m{}, nil))
	wrapsUp(t, bo, v.Interaction)

	// What the first node still has is not missing; once it is back, it is whole.
	rows, err := b.parts.recording.Of(ctx, acme.ID, v.Interaction)
	must(t, err)
	for _, row := range rows {
		o, err := b.parts.recording.Open(ctx, acme.ID, row.ID)
		must(t, err)
		if faults, err := b.parts.recording.Examine(ctx, o); err == nil && len(faults) > 0 {
			t.Errorf("%s of the first node is taken for damaged: %v", row.Kind, faults)
		}
	}
	first()
	within(t, "not all is to be read at the second node", func() bool {
		rows, err := b.parts.recording.Of(ctx, acme.ID, v.Interaction)
		must(t, err)
		return len(rows) == 3 && !slices.ContainsFunc(rows, func(r store.RecordingRow) bool {
			o, err := b.parts.recording.Open(ctx, acme.ID, r.ID)
			must(t, err)
			_, err = b.parts.recording.Examine(ctx, o)
			return r.EndedAt.IsZero() || err != nil
		})
	})
	for i, one := range acme.recordings(t, v.Interaction) {
		paused := slices.ContainsFunc(one.entries, func(e rules.Entry) bool { return e.Kind == rules.Paused && e.By == boID && e.Reason == "card" })
		if one.row.Kind != "voice" {
			if one.row.ID != shown.Recording || !paused {
				t.Errorf("the screen: %+v", one.entries)
			}
			continue
		}
		before, after := has(one.pcm["person"], 500), has(one.pcm["person"], 1300)
		if d := has(one.pcm["person"], 1100); d > 0 {
			t.Errorf("recording %d has %v of the pause", i, d)
		}
		if made := one.row.Spool != rows[0].Spool; made && (before > 0 || after < time.Second) || !made && (before < time.Second || after > 0) || !paused {
			t.Errorf("recording %d: %v before, %v after, %+v", i, before, after, one.entries)
		}
	}
}
