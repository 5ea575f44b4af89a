package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	rules "nubitalk/internal/core/recording"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

type recordedView struct {
	Interaction string
	Recording   struct {
		Status, Why, By, Reason string
		Start, Trouble          bool
	}
}

// rule makes a rule for recordings, and gives its id.
func (c *company) rule(t *testing.T, u *drive.User, fields m) string {
	t.Helper()
	var made struct{ ID string }
	body := m{"name": "Calls", "percent": 100}
	for k, v := range fields {
		body[k] = v
	}
	must(t, u.Do(t.Context(), "POST", "recording-rules", body, &made))
	return made.ID
}

// tracks are what an interaction's recordings hold, sample by sample, with each
// recording's manifest; nothing may be wrong with one.
type tracks struct {
	row     store.RecordingRow
	entries []rules.Entry
	pcm     map[string][]int16 // by party
}

func (c *company) recordings(t *testing.T, interaction string) (all []tracks) {
	t.Helper()
	ctx, made := t.Context(), c.node.parts.recording
	rows, err := made.Of(ctx, c.ID, interaction)
	must(t, err)
	for _, row := range rows {
		o, err := made.Open(ctx, c.ID, row.ID)
		must(t, err)
		if faults := made.Check(ctx, o); len(faults) > 0 {
			t.Errorf("%v", faults)
		}
		pieces, err := made.Pieces(ctx, o, 0, time.Hour)
		must(t, err)
		one := tracks{row, o.Entries, map[string][]int16{}}
		for _, p := range pieces {
			for i, tr := range p.Tracks {
				at := int(p.At.Milliseconds()) * 8
				pcm := one.pcm[row.Parties[i]]
				if more := at + int(p.Length.Milliseconds())*8 - len(pcm); more > 0 {
					pcm = append(pcm, make([]int16, more)...)
				}
				law := g711.A
				if tr.Codec == g711.Mu.PayloadType() {
					law = g711.Mu
				}
				if len(tr.Data) > 0 {
					law.DecodeTo(pcm[at:at+len(tr.Data)], tr.Data)
				}
				one.pcm[row.Parties[i]] = pcm
			}
		}
		all = append(all, one)
	}
	return all
}

// has says for how long a track has a tone, in its loud tenths of a second.
func has(pcm []int16, hertz float64) (d time.Duration) {
	for ; len(pcm) >= 800; pcm = pcm[800:] {
		if audio.Power(pcm[:800], hertz) > -40 {
			d += 100 * time.Millisecond
		}
	}
	return d
}

// phoned is a call from a page that an agent has taken; the person speaks at 500 Hz.
func (c *company) phoned(t *testing.T, entry string, agent *drive.User) (v *drive.Visitor, caller *mediatest.Browser) {
	t.Helper()
	v, _, err := drive.Chat(t.Context(), drive.Client(), c.node.URL(), entry, "rita", "", "", "c1")
	must(t, err)
	caller = c.callerSound(t, v)
	caller.Talk(500)
	_, err = v.Choose(t.Context(), "k1", "one")
	must(t, err)
	take(t, agent, v.Interaction)
	return v, caller
}

// talks is such a call to which the agent listens, and speaks at 900 Hz.
func (c *company) talks(t *testing.T, entry string, agent *drive.User) (v *drive.Visitor, caller, sound *mediatest.Browser) {
	t.Helper()
	v, caller = c.phoned(t, entry, agent)
	sound = c.agentSound(t, agent, v.Interaction)
	sound.Talk(900)
	return v, caller, sound
}

// recording waits until the recording of a call that a user sees stands so.
func (c *company) recording(t *testing.T, u *drive.User, interaction, status string) (st recordedView) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("it is %+v", st)
		}
	}()
	within(t, "the recording is not "+status, func() bool {
		must(t, u.Do(t.Context(), "GET", "interactions/"+interaction+"/call", nil, &st))
		return st.Recording.Status == status
	})
	return st
}

// passes waits until somebody has heard so much more.
func passes(t *testing.T, b *mediatest.Browser, d time.Duration) {
	t.Helper()
	want := len(b.Heard()) + int(d/audio.FrameTime)
	within(t, "nothing is heard", func() bool { return len(b.Heard()) >= want })
}

// A call is recorded once its person was told, both sides apart; nothing is kept of
// what was said before, nor of what was said while it was paused: by the agent, by a
// supervisor, or by a system with a key. A system may name the agent or the person.
// Nobody learns anything of another tenant's call.
func TestCallsAreRecorded(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		boID := acme.agent(t, "bo")
		acme.agent(t, "cy")
		acme.user(t, "sue", access.Supervisor)
		books.user(t, "sue", access.Supervisor)
		bo, _ := acme.ready(t, "bo")
		sue, cy, theirs := acme.signIn(t, "sue"), acme.signIn(t, "cy"), books.signIn(t, "sue")
		var texts struct{ Items []struct{ ID string } }
		must(t, ana.Do(ctx, "GET", "consent-texts", nil, &texts))
		acme.rule(t, ana, m{"consent": "announcement", "consent_text": texts.Items[0].ID, "entry_points": []string{entry}, "keep_days": 30})

		v, caller, agent := acme.talks(t, entry, bo)
		path := "interactions/" + v.Interaction
		acme.recording(t, bo, v.Interaction, "asking")
		if all := acme.recordings(t, v.Interaction); len(all) != 0 {
			t.Errorf("recorded before the person was told: %d", len(all))
		}
		acme.recording(t, bo, v.Interaction, "recording")
		caller.Talk(700) // what was said before is not in it
		listens(t, "the agent", agent, []float64{700}, 500)
		passes(t, agent, 2*time.Second)

		// Paused: by the agent, twice; who has no part in it may not.
		var got recordedView
		refused(t, theirs.Do(ctx, "POST", path+"/recording", m{"action": "pause"}, nil), 404)
		refused(t, cy.Do(ctx, "POST", path+"/recording", m{"action": "pause"}, nil), 404)
		refused(t, theirs.Do(ctx, "POST", "calls/recording", m{"action": "pause", "agent": boID}, nil), 404)
		for range 2 {
			must(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "pause", "reason": "card"}, &got))
			if got.Recording.Status != "paused" || got.Recording.By != boID || got.Recording.Reason != "card" {
				t.Errorf("%+v", got)
			}
		}
		caller.Talk(1100)
		listens(t, "the agent", agent, []float64{1100})
		passes(t, agent, time.Second)
		caller.Talk(1300)
		listens(t, "the agent", agent, []float64{1300}, 1100)
		must(t, sue.Do(ctx, "POST", "calls/recording", m{"action": "resume", "agent": boID}, &got))
		if got.Recording.Status != "recording" || got.Interaction != v.Interaction {
			t.Errorf("%+v", got)
		}
		passes(t, agent, 2*time.Second)

		// Stopped for good.
		must(t, sue.Do(ctx, "POST", path+"/recording", m{"action": "stop"}, &got))
		if got.Recording.Status != "stopped" || got.Recording.Start {
			t.Errorf("%+v", got)
		}
		refused(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "start"}, nil), 409)
		caller.Talk(1500)
		listens(t, "the agent", agent, []float64{1500}, 1300)
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		wrapsUp(t, bo, v.Interaction)
		refused(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "pause"}, nil), 410)

		var all []tracks
		within(t, "the recording does not end", func() bool {
			all = acme.recordings(t, v.Interaction)
			return len(all) == 1 && !all[0].row.EndedAt.IsZero()
		})
		one := all[0]
		if one.row.KeepDays != 30 || !one.row.KeepUntil.Equal(one.row.EndedAt.Add(30*24*time.Hour)) {
			t.Errorf("it is kept for %d days, until %s", one.row.KeepDays, one.row.KeepUntil)
		}
		if !slices.Equal(one.row.Parties, []string{"person", "agent"}) {
			t.Fatalf("%v", one.row.Parties)
		}
		for hertz, least := range map[float64]time.Duration{700: time.Second, 1300: time.Second, 500: 0, 1100: 0, 1500: 0, 900: 0} {
			if d := has(one.pcm["person"], hertz); d < least || least == 0 && hertz != 500 && d > 0 {
				t.Errorf("%v of %v Hz from the person", d, hertz)
			}
		}
		for hertz, least := range map[float64]time.Duration{900: 3 * time.Second, 500: 0, 700: 0, 1300: 0} {
			if d := has(one.pcm["agent"], hertz); d < least || least == 0 && d > 0 {
				t.Errorf("%v of %v Hz from the agent", d, hertz)
			}
		}
		var kinds []string
		for _, e := range one.entries {
			if e.Kind != rules.Recorded {
				kinds = append(kinds, string(e.Kind)+" "+e.Reason)
			}
			if e.Kind == rules.Paused && (e.By != boID || e.Length < time.Second) {
				t.Errorf("%+v", e)
			}
		}
		slices.Sort(kinds)
		if want := []string{"consent told", "pause card", "stop "}; !slices.Equal(kinds, want) {
			t.Errorf("%v", kinds)
		}
		noted := map[string]int{}
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{})
			for _, r := range rows {
				noted[r.Action]++
			}
			return err
		}))
		if noted["recording.paused"] != 1 || noted["recording.resumed"] != 1 || noted["recording.stopped"] != 1 {
			t.Errorf("%v", noted)
		}
	})
}

// What a call is before its person agreed, and how it goes on after a restart: a
// pause is in force until somebody ends it, a rule that is asked for by key waits
// for the key.
func TestAPausedRecordingOutlivesTheProgram(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		acme.rule(t, ana, m{"consent": "none", "queues": []string{acme.queue}})
		v, _, agent := acme.talks(t, entry, bo)
		path := "interactions/" + v.Interaction
		acme.recording(t, bo, v.Interaction, "recording")
		passes(t, agent, 1500*time.Millisecond)
		must(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "pause"}, nil))

		n.stop(t)
		n = start(t, conf, nil)
		acme.node, bo.Base, v.Base = n, n.URL(), n.URL()
		atDesk(t, bo)
		caller := acme.callerSound(t, v)
		caller.Talk(1100)
		agent = acme.agentSound(t, bo, v.Interaction)
		agent.Talk(900)
		listens(t, "the agent", agent, []float64{1100})
		acme.recording(t, bo, v.Interaction, "paused")
		passes(t, agent, time.Second)
		caller.Talk(1300)
		listens(t, "the agent", agent, []float64{1300}, 1100)
		must(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "resume"}, nil))
		passes(t, agent, 1500*time.Millisecond)
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		wrapsUp(t, bo, v.Interaction)
		var all []tracks
		within(t, "the recordings do not end", func() bool {
			all = acme.recordings(t, v.Interaction)
			return len(all) == 2 && !all[0].row.EndedAt.IsZero() && !all[1].row.EndedAt.IsZero()
		})
		for i, want := range []map[float64]bool{{500: true, 1100: false, 1300: false}, {500: false, 1100: false, 1300: true}} {
			for hertz, is := range want {
				if d := has(all[i].pcm["person"], hertz); (d >= 500*time.Millisecond) != is || !is && d > 0 {
					t.Errorf("recording %d: %v of %v Hz", i, d, hertz)
				}
			}
		}
	})
}

// Whoever does not agree is not recorded; who agrees by key is from then on. The
// agent sees which, live. On demand a call is recorded when its agent wishes.
func TestWhoDoesNotAgreeIsNotRecorded(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		var texts struct{ Items []struct{ ID string } }
		must(t, ana.Do(ctx, "GET", "consent-texts", nil, &texts))
		acme.rule(t, ana, m{"consent": "key", "consent_text": texts.Items[0].ID, "percent": 0, "on_demand": true})
		line, err := bo.Live(ctx, "")
		must(t, err)
		line.Stay()
		defer line.Close()
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		for _, c := range []struct {
			key    byte
			status string
		}{{'2', "refused"}, {'1', "recording"}} {
			call := op.dial(t, "+351210000001", "+35193000000"+string(c.key), negotiate.Policy{})
			must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
			call.Talk(500)
			must(t, call.Press('1'))
			offer, interaction := acme.offered(t, bo)
			must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
			agent := acme.agentSound(t, bo, interaction)
			agent.Talk(900)
			listens(t, "the agent", agent, []float64{500})
			within(t, "it cannot be begun", func() bool {
				st := acme.recording(t, bo, interaction, "off")
				return st.Recording.Why == "on_demand" && st.Recording.Start
			})
			var got recordedView
			must(t, bo.Do(ctx, "POST", "calls/recording", m{"action": "start", "address": "93000000" + string(c.key)}, &got))
			if got.Interaction != interaction {
				t.Errorf("%+v", got)
			}
			acme.recording(t, bo, interaction, "asking")
			if all := acme.recordings(t, interaction); len(all) != 0 {
				t.Errorf("%d recordings before an answer", len(all))
			}
			must(t, call.Press(c.key))
			told := func() bool {
				ctx, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				f, err := line.Next(ctx)
				must(t, err)
				var st recordedView
				return f.Type == "call.changed" && json.Unmarshal(f.Data, &st) == nil && st.Interaction == interaction && st.Recording.Status == c.status
			}
			for !told() {
			}
			var consents int
			must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
				work, err := tx.Interaction(interaction)
				if err != nil {
					return err
				}
				all, err := tx.ConsentsOf(work.ContactID)
				consents = len(all)
				return err
			}))
			if made := len(acme.recordings(t, interaction)); (made == 1) != (c.status == "recording") || consents != made {
				t.Errorf("%s: %d recordings, %d consents", c.status, made, consents)
			}
			call.leg.Hangup(sip.Reason{Q850: 16})
			wrapsUp(t, bo, interaction)
			must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))
		}
	})
}

// unkept is a store that takes no changes for a while.
type unkept struct {
	voice.Recorder
	fails atomic.Bool
}

func (u *unkept) Keep(ctx context.Context, who voice.Caller, s rules.Standing, did voice.Deed) error {
	if u.fails.Load() {
		return errs.New(errs.Unavailable, "The disk is full.")
	}
	return u.Recorder.Keep(ctx, who, s, did)
}

// What cannot be stored does not hold where more would be recorded by it: a restart
// would not know of it. A pause holds all the same.
func TestARecordingGoesOnOnlyIfThatIsStored(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		acme.rule(t, ana, m{"consent": "none", "pause_minutes": 0})
		store := &unkept{Recorder: n.parts.voice.Recorder}
		n.parts.voice.Recorder = store

		v, caller, agent := acme.talks(t, entry, bo)
		path := "interactions/" + v.Interaction + "/recording"
		acme.recording(t, bo, v.Interaction, "recording")
		listens(t, "the agent", agent, []float64{500})
		passes(t, agent, time.Second)

		store.fails.Store(true)
		refused(t, bo.Do(ctx, "POST", path, m{"action": "pause"}, nil), 503)
		acme.recording(t, bo, v.Interaction, "paused")
		caller.Talk(1100)
		listens(t, "the agent", agent, []float64{1100}, 500)
		refused(t, bo.Do(ctx, "POST", path, m{"action": "resume"}, nil), 503)
		acme.recording(t, bo, v.Interaction, "paused")
		passes(t, agent, time.Second)
		caller.Talk(1300)
		listens(t, "the agent", agent, []float64{1300}, 1100)

		store.fails.Store(false)
		must(t, bo.Do(ctx, "POST", path, m{"action": "resume"}, nil))
		acme.recording(t, bo, v.Interaction, "recording")
		passes(t, agent, time.Second)
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		wrapsUp(t, bo, v.Interaction)
		var all []tracks
		within(t, "the recording does not end", func() bool {
			all = acme.recordings(t, v.Interaction)
			return len(all) == 1 && !all[0].row.EndedAt.IsZero()
		})
		person := all[0].pcm["person"]
		if has(person, 500) == 0 || has(person, 1300) == 0 || has(person, 1100) > 0 {
			t.Errorf("%v of before, %v of the pause, %v of after", has(person, 500), has(person, 1100), has(person, 1300))
		}
	})
}

// What is asked of a call's recording by who has no part in it is answered, to the octet, as
// of a call that does not exist: by interaction, by agent and by the person's address. The
// recording goes on, and nothing is noted.
func TestNothingIsLearnedOfAnothersRecording(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		acme.rule(t, ana, m{"consent": "none"})
		boID := acme.agent(t, "bo")
		acme.agent(t, "cy")
		books.user(t, "sue", access.Supervisor)
		bo, _ := acme.ready(t, "bo")
		cy, theirs := acme.signIn(t, "cy"), books.signIn(t, "sue")
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		_, agent, interaction := acme.talking(t, op, bo)
		acme.recording(t, bo, interaction, "recording")
		said := func(u *drive.User, path string, body m) string {
			t.Helper()
			raw, err := json.Marshal(body)
			must(t, err)
			r, err := http.NewRequestWithContext(ctx, "POST", u.Base+"/api/v1/"+path, bytes.NewReader(raw))
			must(t, err)
			r.Header.Set("Content-Type", "application/json")
			r.AddCookie(u.Cookie)
			res, err := u.HTTP.Do(r)
			must(t, err)
			defer func() { _ = res.Body.Close() }()
			b, err := io.ReadAll(res.Body)
			must(t, err)
			if res.StatusCode != http.StatusNotFound || len(b) < 10 {
				t.Errorf("%s: %d %s", path, res.StatusCode, b)
			}
			for name := range res.Header {
				b = append(b, "\n"+name...)
			}
			lines := strings.Split(string(b), "\n")
			slices.Sort(lines)
			return strings.Join(lines, "\n")
		}
		const none, nobody = "int_00000000000000000000000001", "usr_00000000000000000000000001"
		for _, action := range rules.Actions {
			for who, u := range map[string]*drive.User{"another organisation": theirs, "an agent who has no part": cy} {
				if is, unknown := said(u, "interactions/"+interaction+"/recording", m{"action": action}), said(u, "interactions/"+none+"/recording", m{"action": action}); is != unknown {
					t.Errorf("%s, %s: of the call %s, of none %s", who, action, is, unknown)
				}
			}
			if is, unknown := said(theirs, "calls/recording", m{"action": action, "agent": boID}), said(theirs, "calls/recording", m{"action": action, "agent": nobody}); is != unknown {
				t.Errorf("%s, by agent: of the call %s, of none %s", action, is, unknown)
			}
			if is, unknown := said(theirs, "calls/recording", m{"action": action, "address": "+351930000007"}), said(theirs, "calls/recording", m{"action": action, "address": "+351930000008"}); is != unknown {
				t.Errorf("%s, by address: of the call %s, of none %s", action, is, unknown)
			}
		}
		passes(t, agent, 200*time.Millisecond)
		if st := acme.recording(t, bo, interaction, "recording"); st.Recording.By != "" {
			t.Errorf("somebody changed it: %+v", st)
		}
		for _, c := range []*company{acme, books} {
			must(t, n.keepers.db.Read(ctx, c.ID, func(tx *store.Tx) error {
				rows, err := tx.Audit(store.AuditFilter{})
				for _, r := range rows {
					if strings.HasPrefix(r.Action, "recording.") && r.ObjectID == interaction {
						t.Errorf("%s is noted", r.Action)
					}
				}
				return err
			}))
		}
	})
}
