package server

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// A pause that is forgotten ends by the rule's limit, also over a restart, and the agent
// is told by whom and why; where the rule says never, it does not.
func TestAForgottenPauseEndsByTheLimit(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		type talk struct {
			*company
			v     *drive.Visitor
			agent *drive.User
		}
		var talks []talk
		for i, of := range []*company{acme, books} {
			ana := of.signIn(t, "ana")
			entry := of.telephone(t, ana)
			of.rule(t, ana, m{"consent": "none", "pause_minutes": 1 - i})
			of.agent(t, "bo")
			u, _ := of.ready(t, "bo")
			v, _, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, "rita", "", "", "c1")
			must(t, err)
			of.callerSound(t, v).Talk(500)
			_, err = v.Choose(ctx, "k1", "one")
			must(t, err)
			take(t, u, v.Interaction)
			of.agentSound(t, u, v.Interaction).Talk(900)
			of.recording(t, u, v.Interaction, "recording")
			must(t, u.Do(ctx, "POST", "interactions/"+v.Interaction+"/recording", m{"action": "pause", "reason": "card"}, nil))
			talks = append(talks, talk{of, v, u})
		}

		n.stop(t)
		n = start(t, conf, func(s *Server) { s.clock = ahead(2 * time.Minute) })
		for _, c := range talks {
			c.node, c.agent.Base, c.v.Base = n, n.URL(), n.URL()
			atDesk(t, c.agent)
		}
		line, err := talks[0].agent.Live(ctx, "")
		must(t, err)
		line.Stay()
		defer line.Close()
		for _, c := range talks {
			c.callerSound(t, c.v).Talk(1100)
			c.agentSound(t, c.agent, c.v.Interaction).Talk(900)
		}
		late, cancel := context.WithTimeout(ctx, 3*time.Minute)
		defer cancel()
		told := func() bool {
			f, err := line.Next(late)
			must(t, err)
			var st recordedView
			return f.Type == "call.changed" && json.Unmarshal(f.Data, &st) == nil && st.Interaction == talks[0].v.Interaction && st.Recording.Status == "recording" && st.Recording.Reason == "limit"
		}
		for !told() {
		}
		st := talks[0].recording(t, talks[0].agent, talks[0].v.Interaction, "recording")
		if st.Recording.By != "system" || st.Recording.Reason != "limit" {
			t.Errorf("%+v", st)
		}
		st = talks[1].recording(t, talks[1].agent, talks[1].v.Interaction, "paused")
		if st.Recording.Reason != "card" {
			t.Errorf("%+v", st)
		}
	})
}

// An agent sees at once that what it says may be missing from the recording, because it
// cannot be written, and that it is written again; that the caller's time line lags, as
// it does when its clock stood still, changes neither.
func TestAnAgentSeesThatARecordingIsNotWritten(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, func(s *Server) { s.hold = time.Millisecond })
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		theirs := books.signIn(t, "ana")
		alarmed := func(u *drive.User) (all []string) {
			t.Helper()
			var room struct {
				Alerts []struct{ Measure, Level string }
			}
			must(t, u.Do(ctx, "GET", "floor", nil, &room))
			for _, a := range room.Alerts {
				all = append(all, a.Measure+" "+a.Level)
			}
			return all
		}
		entry := acme.telephone(t, ana)
		acme.rule(t, ana, m{"consent": "none"})
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		folder := filepath.Join(conf.Folder("spool"), string(acme.ID))
		must(t, os.WriteFile(folder, nil, 0o600)) // no folder can be made here
		v, _, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, "rita", "", "", "c1")
		must(t, err)
		caller := acme.callerSound(t, v)
		caller.Talk(500)
		_, err = v.Choose(ctx, "k1", "one")
		must(t, err)
		take(t, bo, v.Interaction)
		acme.agentSound(t, bo, v.Interaction).Talk(900)
		stands := func(trouble bool) {
			t.Helper()
			within(t, "it is not told", func() bool {
				return acme.recording(t, bo, v.Interaction, "recording").Recording.Trouble == trouble
			})
		}
		stands(true)
		response, page := get(t, browser(t), "http://"+n.figures.at.String()+"/metrics")
		if response.StatusCode != 200 || !strings.Contains(page, "nubitalk_recordings_troubled 1\n") || !strings.Contains(page, "nubitalk_recordings_running 1\n") {
			t.Errorf("%d: %s", response.StatusCode, page)
		}
		within(t, "the room is not told", func() bool { return slices.Contains(alarmed(ana), "recordings_lost critical") })
		if got := alarmed(theirs); len(got) > 0 {
			t.Errorf("another organisation is told of %q", got)
		}
		caller.Lag(400 * time.Millisecond)
		must(t, os.Remove(folder))
		stands(false)
		within(t, "the room is not told that it is over", func() bool { return len(alarmed(ana)) == 0 })
	})
}

// What the flow of a chat paused is paused when the chat becomes a call.
func TestAFlowOfAChatPausesTheCallThatItBecomes(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		var flow struct{ ID string }
		must(t, ana.Do(ctx, "POST", "flows", m{"name": "Pauses", "graph": m{"start": "pause", "nodes": m{
			"pause": m{"type": "recording", "action": "pause", "reason": "card", "next": "queue"}, "queue": m{"type": "queue", "queue": acme.queue}}}}, &flow))
		point := setup.DefaultEntryPoint("Pauses", flow.ID, "")
		point.Calls = setup.CallsAgent
		entry, err := appsetup.Create(ctx, n.parts.setup, acme.admin, point)
		must(t, err)
		must(t, n.parts.floor.Reload(ctx, acme.ID))
		acme.rule(t, ana, m{"consent": "none"})
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		v := acme.chatWith(t, bo, entry.ID, "rita")
		must(t, bo.Do(ctx, "PUT", "interactions/"+v.Interaction+"/spoken", m{"wanted": true}, nil))
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": true}, nil))
		acme.callerSound(t, v).Talk(500)
		acme.agentSound(t, bo, v.Interaction).Talk(900)
		if st := acme.recording(t, bo, v.Interaction, "paused"); st.Recording.By != "flow" || st.Recording.Reason != "card" {
			t.Errorf("%+v", st)
		}
		must(t, bo.Do(ctx, "POST", "interactions/"+v.Interaction+"/recording", m{"action": "resume"}, nil))
		acme.recording(t, bo, v.Interaction, "recording")
	})
}

// What somebody stopped in a chat's first call was of that call: the second is recorded,
// over a restart too.
func TestAStopIsOfOneCallOfAChat(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.chatToTalk(t, ana, setup.CallsBoth)
		acme.rule(t, ana, m{"consent": "none"})
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		v := acme.chatWith(t, bo, entry, "rita")
		path := "interactions/" + v.Interaction
		talks := func() {
			t.Helper()
			must(t, bo.Do(ctx, "PUT", path+"/spoken", m{"wanted": true}, nil))
			must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": true}, nil))
			acme.callerSound(t, v).Talk(500)
			acme.agentSound(t, bo, v.Interaction).Talk(900)
		}
		talks()
		acme.recording(t, bo, v.Interaction, "recording")
		must(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "stop"}, nil))
		acme.recording(t, bo, v.Interaction, "stopped")
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": false}, nil))
		talks()
		acme.recording(t, bo, v.Interaction, "recording")
		within(t, "that it is not stopped any more is not stored", func() bool {
			st, err := n.parts.voice.Recorder.Standing(ctx, acme.ID, v.Interaction)
			must(t, err)
			return !st.Stopped
		})
	})
}
