package server

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/voice/sip"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/privacy/canary"
	rules "nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// readings are what bytes may be as sound: octets of either law, or samples that
// begin at an even or an odd place.
func readings(b []byte) (all [][]int16) {
	for _, law := range []g711.Law{g711.A, g711.Mu} {
		pcm := make([]int16, len(b))
		law.DecodeTo(pcm, b)
		all = append(all, pcm)
	}
	for at := range min(2, len(b)) {
		var pcm []int16
		for i := at; i+1 < len(b); i += 2 {
			pcm = append(pcm, int16(uint16(b[i])|uint16(b[i+1])<<8))
		}
		all = append(all, pcm)
	}
	return all
}

// What a caller keys in for a sensitive question, as events (RFC 4733) and as sound that
// is left in beside them,
// is in no recording, file, log or live event, on no screen, and reaches no agent,
// though the call is recorded as soon as the agent has it; nor is what it keys in
// while the flow has the recording paused in the recording. The same decoder finds
// what is keyed in besides: in the recording, and at the agent's.
func TestSensitiveDigitsAreNowhere(t *testing.T) {
	const asSound, asEvents, paused, open, openEvents = "5105105105105100", "4929123412341238", "7766", "2580", "7531"
	engines(t, func(t *testing.T, conf *config.Config) {
		gate := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		find, err := canary.New(canary.Canary{Name: "sound", Value: asSound}, canary.Canary{Name: "events", Value: asEvents})
		must(t, err)
		var mu sync.Mutex
		var live []byte
		t.Cleanup(n.keepers.bus.Subscribe(func(e bus.Event) {
			raw, _ := json.Marshal(e)
			mu.Lock()
			defer mu.Unlock()
			live = append(append(live, raw...), append(e.Data, e.Visitor...)...)
		}))
		ana := acme.signIn(t, "ana")
		both := func(s string) m { return m{"en": s, "pt": s} }
		var flow struct{ ID string }
		must(t, ana.Do(ctx, "POST", "flows", m{"name": "Card", "graph": m{"start": "card", "nodes": m{
			"card":  m{"type": "collect", "into": "card", "sensitive": true, "digits": m{"min": 12, "max": 19, "terminator": "#"}, "text": both("Your card, please."), "next": "pause"},
			"pause": m{"type": "recording", "action": "pause", "reason": "card", "next": "queue"},
			"queue": m{"type": "queue", "queue": acme.queue}}}}, &flow))
		point := setup.DefaultEntryPoint("Card telephone", flow.ID, "")
		point.Channel = acd.Voice
		entry, err := appsetup.Create(ctx, n.parts.setup, acme.admin, point)
		must(t, err)
		must(t, n.parts.floor.Reload(ctx, acme.ID))
		acme.rule(t, ana, m{"consent": "none", "entry_points": []string{entry.ID}})
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		op := newExchange(t, gate, nil)
		acme.trunk(t, op, "+351210000001", entry.ID, nil)

		call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		must(t, call.Press(asEvents[0])) // from now on its sound is no keys
		must(t, call.Key(asSound))
		for _, k := range []byte(asEvents[1:] + "#") {
			must(t, call.Press(k))
		}
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		path := "interactions/" + interaction
		agent := acme.agentSound(t, bo, interaction)
		agent.Talk(900)
		call.hears(t, "the caller", []float64{900})
		st := acme.recording(t, bo, interaction, "paused")
		if st.Recording.By != "flow" || st.Recording.Reason != "card" {
			t.Errorf("%+v", st)
		}
		must(t, call.Key(paused))
		call.Talk(500) // what it keyed in came before this
		listens(t, "the agent", agent, []float64{500})
		must(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "resume"}, nil))
		acme.recording(t, bo, interaction, "recording")
		acme.taken(t, interaction, false)
		passes(t, agent, time.Second) // it is silent for a moment only, or what it keys in had its place in the pause
		call.Hush()
		must(t, call.Key(open))
		for _, k := range []byte(openEvents) {
			must(t, call.Press(k))
		}
		call.Talk(500)
		passes(t, agent, time.Second)
		var shown, written any
		must(t, bo.Do(ctx, "GET", "desk", nil, &shown))
		must(t, bo.Do(ctx, "GET", path+"/messages", nil, &written))
		call.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, interaction)
		var all []tracks
		within(t, "the recording does not end", func() bool {
			all = acme.recordings(t, interaction)
			return len(all) == 1 && !all[0].row.EndedAt.IsZero()
		})
		heard := agent.Heard()

		// Here they are: the control.
		if got := mediatest.KeysIn(all[0].pcm["person"]); !fewerOf(got, open) {
			t.Errorf("in the recording: %q", got)
		}
		if got := mediatest.KeysIn(mediatest.Sound(heard, ofSound(heard))); !fewerOf(got, paused+open) {
			t.Errorf("what the agent heard: %q", got)
		}
		if got := mediatest.Keys(heard); got != openEvents {
			t.Errorf("keys that came to the agent: %q", got)
		}
		if !slices.ContainsFunc(all[0].entries, func(e rules.Entry) bool {
			return e.Kind == rules.Paused && e.By == "flow" && e.Reason == "card" && e.Length > 0
		}) {
			t.Errorf("%+v", all[0].entries)
		}
		noted := 0
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{})
			for _, r := range rows {
				if r.Action == "recording.paused" && r.ActorID == "flow" && r.ObjectID == interaction {
					noted++
				}
			}
			return err
		}))
		if noted != 1 {
			t.Errorf("the audit log has the pause %d times", noted)
		}

		// And nowhere else.
		n.stop(t)
		desk, _ := json.Marshal(shown)
		talk, _ := json.Marshal(written)
		mu.Lock()
		defer mu.Unlock()
		plain := make([]byte, len(all[0].pcm["person"]))
		g711.A.EncodeTo(plain, all[0].pcm["person"])
		if !slices.ContainsFunc(readings(plain), func(pcm []int16) bool { return fewerOf(mediatest.KeysIn(pcm), open) }) {
			t.Error("a file that holds the recording as it is would not be found")
		}
		nowhere(t, conf, find, map[string][]byte{"desk": desk, "conversation": talk, "live events": live, "log": n.logs.Bytes()}, asSound, open)
	})
}

// nowhere fails when some keys are in one of the places or in a file that a node left:
// as they are written (find), or as sound.
func nowhere(t *testing.T, conf *config.Config, find *canary.Scanner, places map[string][]byte, sounds ...string) {
	t.Helper()
	for name, b := range places {
		if len(b) < 10 {
			t.Errorf("%s: nothing was looked at", name)
		}
	}
	files := 0
	must(t, filepath.WalkDir(conf.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		files++
		places[strings.TrimPrefix(path, conf.Data)] = b
		for _, pcm := range readings(b) {
			if keys := mediatest.KeysIn(pcm); len(keys) >= 4 && slices.ContainsFunc(sounds, func(s string) bool { return strings.Contains(s, keys) }) {
				t.Errorf("%s sounds like %q", path, keys)
			}
		}
		return err
	}))
	if files < 3 {
		t.Errorf("%d files were looked at", files)
	}
	for where, b := range places {
		if found := find.Bytes(b); len(found) > 0 {
			t.Errorf("%s: %v", where, found)
		}
	}
}

// ofSound counts the packets of sound.
func ofSound(heard []mediatest.Heard) (n int) {
	for _, h := range heard {
		if !h.Event {
			n++
		}
	}
	return n
}
