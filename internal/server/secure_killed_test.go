package server

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/freeport"
	"nubitalk/internal/core/privacy/canary"
	rules "nubitalk/internal/core/recording"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/server/drive"
)

// While a person keys in its card's number the agent's network goes and comes back, and
// the program is killed, as by a power cut. Sound and screen are recorded, the real
// program makes the recordings. No digit of what was keyed in, before the kill and after
// it, as events and as sound, is at the agent's or in anything that was stored; sound and
// screen have a hole each.
func TestASecureFlowThatAKillInterrupts(t *testing.T) {
	const events, tones, eventsAfter, tonesAfter, open = "49291234", "51051051", "98761234", "24682468", "2580"
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	ctx := t.Context()
	find, err := canary.New(canary.Canary{Name: "events", Value: events}, canary.Canary{Name: "sound", Value: tones}, canary.Canary{Name: "events after", Value: eventsAfter}, canary.Canary{Name: "sound after", Value: tonesAfter})
	must(t, err)
	ana := acme.signIn(t, "ana")
	card := acme.pays(t, ana, &provider{})
	entry := acme.telephone(t, ana)
	acme.rule(t, ana, m{"consent": "none", "records": "both", "entry_points": []string{entry}})
	acme.agent(t, "bo")
	bo := acme.signIn(t, "bo")
	n.stop(t)

	bin, err := drive.Build(t.TempDir())
	must(t, err)
	listen, err := freeport.Address()
	must(t, err)
	film, err := os.ReadFile("../media/screen/testdata/piece.webm")
	must(t, err)
	serve := func() *drive.Program {
		p, err := drive.Serve(ctx, bin, conf.Data, listen)
		must(t, err)
		t.Cleanup(p.Kill)
		return p
	}
	p := serve()
	bo.Base = p.BaseURL
	line, err := bo.Live(ctx, "")
	must(t, err)
	line.Stay()
	t.Cleanup(line.Close)
	within(t, "the desk is not there", func() bool { return desk(t, bo).Me.Online })
	must(t, bo.Do(ctx, "PUT", "desk/presence", m{"presence": "ready"}, nil))
	v, _, err := drive.Chat(ctx, drive.Client(), p.BaseURL, entry, "rita", "", "", "c1")
	must(t, err)
	caller := acme.callerSound(t, v)
	caller.Talk(500)
	_, err = v.Choose(ctx, "k1", "one")
	must(t, err)
	take(t, bo, v.Interaction)
	path := "interactions/" + v.Interaction
	agent := acme.agentSound(t, bo, v.Interaction)
	listens(t, "the agent", agent, []float64{500})
	acme.recording(t, bo, v.Interaction, "recording")
	acme.screen(t, bo, v.Interaction, "wanted")
	var shown struct{ Recording string }
	must(t, bo.Do(ctx, "POST", path+"/screen", m{}, &shown))
	acme.screen(t, bo, v.Interaction, "recording")
	passes(t, agent, 2*time.Second)
	if status, said := screened(t, bo, v.Interaction, shown.Recording, 1, time.Now().Add(-time.Second), film); status != 200 || !said.Kept {
		t.Fatalf("the screen: %d %+v", status, said)
	}
	caller.Hush()
	must(t, caller.Key(open)) // the control: the decoder finds these
	within(t, "the agent does not hear what is keyed in while they talk", func() bool {
		came := agent.Heard()
		return fewerOf(mediatest.KeysIn(mediatest.Sound(came, ofSound(came))), open)
	})

	// The agent is without network in the midst of it.
	must(t, bo.Do(ctx, "POST", path+"/secure-flow", m{"flow": card}, nil))
	acme.screen(t, bo, v.Interaction, "paused")
	press := func(keys string) {
		for _, k := range []byte(keys) {
			must(t, caller.Press(k))
		}
	}
	press(events[:4])
	acme.secured(t, bo, v.Interaction, "four keys are shown", keyed("card", 4, false))
	agent.Close()
	line.Close()
	for i, k := range []byte(events[4:]) { // without a pause that would end what is keyed in
		must(t, caller.Key(tones[2*i:2*i+2]))
		must(t, caller.Press(k))
	}
	acme.secured(t, bo, v.Interaction, "eight keys are shown", keyed("card", 8, false))
	atDesk(t, bo)
	back := acme.agentSound(t, bo, v.Interaction)
	if status, said := screened(t, bo, v.Interaction, shown.Recording, 2, time.Now().Add(-time.Second), film); status != 200 || said.Kept {
		t.Errorf("a piece of the screen meanwhile: %d %+v", status, said)
	}
	passes(t, back, time.Second)
	p.Kill()
	killed, said := time.Now(), p.Log()

	// What is keyed in after that is nobody's either, until the person has stopped.
	p = serve()
	atDesk(t, bo)
	caller = acme.callerSound(t, v)
	stopped := keysOn(caller, tonesAfter, eventsAfter)
	again := acme.agentSound(t, bo, v.Interaction)
	st := acme.secured(t, bo, v.Interaction, "stands", func(v secureView) bool { return v.Secure.By != "" })
	must(t, stopped())
	if st.Secure.Outcome == "" && st.Recording.Status == "recording" {
		t.Errorf("it is recorded while they are apart: %+v", st)
	}
	acme.secured(t, bo, v.Interaction, "is over", cameTo("interrupted"))
	caller.Talk(500)
	listens(t, "the agent again", again, []float64{500})
	acme.recording(t, bo, v.Interaction, "recording")
	var anew struct{ Recording string }
	within(t, "the screen is not recorded any more", func() bool { return bo.Do(ctx, "POST", path+"/screen", m{}, &anew) == nil })
	passes(t, again, 2*time.Second)
	if status, said := screened(t, bo, v.Interaction, anew.Recording, 1, time.Now().Add(-time.Second), film); status != 200 || !said.Kept {
		t.Errorf("the screen afterwards: %d %+v", status, said)
	}
	var desktop, written any
	must(t, bo.Do(ctx, "GET", "desk", nil, &desktop))
	must(t, bo.Do(ctx, "GET", path+"/messages", nil, &written))
	must(t, v.Do(ctx, "POST", "/end", m{}, nil))
	wrapsUp(t, bo, v.Interaction)
	p.Kill()
	said += p.Log()

	n = start(t, conf, nil)
	acme.node = n
	var all []tracks
	within(t, "the recordings do not end", func() bool {
		all = acme.recordings(t, v.Interaction)
		return len(all) == 4 && !slices.ContainsFunc(all, func(one tracks) bool { return one.row.EndedAt.IsZero() })
	})
	heard := ""
	for _, one := range all {
		paused := slices.ContainsFunc(one.entries, func(e rules.Entry) bool { return e.Kind == rules.Paused && e.Reason == reasonSensitive })
		kept := slices.ContainsFunc(one.entries, func(e rules.Entry) bool { return e.Kind == rules.Recorded })
		if before := one.row.StartedAt.Before(killed) && one.row.ID != anew.Recording; before && !paused {
			t.Errorf("%s has no hole: %+v", one.row.Kind, one.entries)
		}
		if !kept {
			t.Errorf("%s %s holds nothing: %+v", one.row.Kind, one.row.ID, one.entries)
		}
		if one.row.Kind == recording.Voice {
			heard += mediatest.KeysIn(one.pcm["person"]) + mediatest.KeysIn(one.pcm["agent"])
		}
	}
	if !fewerOf(heard, open) {
		t.Errorf("in the recordings: %q", heard)
	}
	for who, b := range map[string]*mediatest.Browser{"before": agent, "back": back, "after the kill": again} {
		came := b.Heard()
		got := mediatest.KeysIn(mediatest.Sound(came, ofSound(came)))
		if who == "before" && !fewerOf(got, open) || who != "before" && got != "" || mediatest.Keys(came) != "" {
			t.Errorf("what the agent heard %s: %q, %q", who, got, mediatest.Keys(came))
		}
	}
	n.stop(t)
	view, _ := json.Marshal(desktop)
	talk, _ := json.Marshal(written)
	places := map[string][]byte{"desk": view, "conversation": talk}
	if said != "" {
		places["log"] = bytes.Repeat([]byte(said), 2)
	}
	nowhere(t, conf, find, places, tones, tonesAfter, open)
}

// reasonSensitive is that of the hole that a secure flow makes.
const reasonSensitive = "sensitive_digits"
