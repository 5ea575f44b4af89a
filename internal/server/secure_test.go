package server

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/privacy/canary"
	rules "nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// provider is a payment provider: it takes what a secure flow sends, and echoes the
// card's number, as some do.
type provider struct {
	mu   sync.Mutex
	sent []map[string]string
	fail bool
}

func (p *provider) Look(_ context.Context, _ id.Tenant, _ string, r flow.Request) (map[string]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body := map[string]string{}
	for name, text := range r.Body {
		body[name] = text.Reveal()
	}
	p.sent = append(p.sent, body)
	if p.fail {
		return nil, errs.New(errs.Unavailable, "It does not answer.")
	}
	return map[string]string{"reference": "A-17", "echo": body["card"]}, nil
}

// took is what it was sent last.
func (p *provider) took() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sent) == 0 {
		return nil
	}
	return maps.Clone(p.sent[len(p.sent)-1])
}

// pays makes a secure flow that takes a card's number to a provider, and gives its id.
func (c *company) pays(t *testing.T, u *drive.User, p *provider) string {
	t.Helper()
	c.node.parts.voice.Secure = secureFlows{c.node.parts.setups, c.node.clock, p}
	conn, err := appsetup.Create(t.Context(), c.node.parts.setup, c.admin, setup.Connection{Name: "Provider", Address: "https://pay.example.com"})
	must(t, err)
	both := func(s string) m { return m{"en": s, "pt": s} }
	digits := func(into string, least, most int, next string) m {
		return m{"type": "collect", "into": into, "sensitive": true, "digits": m{"min": least, "max": most, "terminator": "#"}, "text": both("Your " + into + ", please."), "next": next}
	}
	var made struct{ ID string }
	must(t, u.Do(t.Context(), "POST", "flows", m{"name": "Card payment", "graph": m{"secure": true, "takes": []string{"amount"}, "start": "card", "nodes": m{
		"card":    digits("card", 12, 19, "expires"),
		"expires": digits("expires", 4, 4, "pay"),
		"pay": m{"type": "look_up", "connection": conn.ID, "method": "POST", "path": "/pay", "seconds": 5, "body": m{"card": "{{card}}", "expires": "{{expires}}", "amount": "{{amount}}"},
			"results": m{"reference": "/reference", "echo": "/card"}, "next": "thanks", "failed": "failed"},
		"thanks": m{"type": "say", "text": both("Thank you."), "next": "paid"},
		"paid":   m{"type": "return", "end": "paid"},
		"failed": m{"type": "return", "end": "not_paid"}}}}, &made))
	return made.ID
}

type secureView struct {
	Secure struct {
		Flow, Name, By, Doing, Outcome, End string
		Answers                             []struct {
			Name string
			Keys int
			Done bool
		}
		Attributes map[string]string
	}
	Recording struct{ Status, By, Reason string }
}

// secured waits until the secure flow of a call stands so.
func (c *company) secured(t *testing.T, u *drive.User, interaction, what string, stands func(secureView) bool) (st secureView) {
	t.Helper()
	within(t, "the secure flow does not come to this: "+what, func() bool {
		st = secureView{}
		must(t, u.Do(t.Context(), "GET", "interactions/"+interaction+"/call", nil, &st))
		return stands(st)
	})
	return st
}

// keyed says that so many keys of the newest answer were pressed.
func keyed(name string, keys int, done bool) func(secureView) bool {
	return func(v secureView) bool {
		n := len(v.Secure.Answers)
		return n > 0 && v.Secure.Answers[n-1].Name == name && v.Secure.Answers[n-1].Keys == keys && v.Secure.Answers[n-1].Done == done
	}
}

func cameTo(outcome string) func(secureView) bool {
	return func(v secureView) bool { return v.Secure.Outcome == outcome }
}

// taken waits until the recording of a call takes what is said, or is paused.
func (c *company) taken(t *testing.T, interaction string, paused bool) {
	t.Helper()
	within(t, "the recording does not go on, or is not paused", func() bool {
		rows, err := c.node.parts.recording.Of(t.Context(), c.ID, interaction)
		must(t, err)
		r, runs := c.node.parts.recording.Running(c.ID, rows[len(rows)-1].ID)
		return runs && r.State().Paused == paused
	})
}

// fewerOf says whether keys are of all, in their order, and most of them: on a busy
// machine a packet that comes late may cost one, or cut it in two.
func fewerOf(keys, all string) bool {
	if len(keys) <= len(all)/2 {
		return false
	}
	for _, k := range []byte(all) {
		for len(keys) > 0 && keys[0] == k {
			keys = keys[1:]
		}
	}
	return keys == ""
}

// keysOn has a person key in, a key as sound and one as an event in turn, all of them at
// least once, until it is stopped: however slow the machine is, there is no pause in it
// that means that the person has ended.
func keysOn(b *mediatest.Browser, sounds, events string) (stop func() error) {
	enough, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			for i := range len(sounds) {
				if err := errors.Join(b.Key(sounds[i:i+1]), b.Press(events[i])); err != nil {
					done <- err
					return
				}
			}
			select {
			case <-enough:
				done <- nil
				return
			default:
			}
		}
	}()
	return func() error {
		close(enough)
		return <-done
	}
}

// What a person keys in while an agent has its call is where the flow sends it and
// nowhere else: not at the agent's, not at a supervisor's who listens, in no recording,
// file, log or live event, on no screen. The same decoder finds what is keyed in before
// and afterwards in all of these where it should be.
func TestASecureFlowKeepsDigitsFromEverybody(t *testing.T) {
	const asSound, asEvents, before, after, openEvents, lateEvents = "5105105105105100", "4929123412341238", "2580", "3691", "7531", "864"
	engines(t, func(t *testing.T, conf *config.Config) {
		gate := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
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
		pays := &provider{}
		card := acme.pays(t, ana, pays)
		acme.rule(t, ana, m{"consent": "none"})
		acme.agent(t, "bo")
		cy := acme.agent(t, "cy")
		acme.user(t, "sue", access.Supervisor)
		books.user(t, "sue", access.Supervisor)
		bo, _ := acme.ready(t, "bo")
		sue, theirs := acme.signIn(t, "sue"), books.signIn(t, "sue")
		op := newExchange(t, gate, nil)
		acme.trunk(t, op, "+351210000001", acme.telephone(t, ana), nil)
		call, agent, interaction := acme.talking(t, op, bo)
		path := "interactions/" + interaction
		acme.recording(t, bo, interaction, "recording")
		must(t, sue.Do(ctx, "PUT", "floor/"+path+"/monitor", m{"how": "listen"}, nil))
		ear := acme.agentSound(t, sue, interaction)
		listens(t, "the supervisor", ear, []float64{500})
		var boID string
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			it, err := tx.Interaction(interaction)
			boID = it.AgentID
			return err
		}))

		agent.Hush()
		listens(t, "the agent, who was told of the supervisor", agent, []float64{500}, 1400)
		call.Hush()
		must(t, call.Key(before))
		for _, k := range []byte(openEvents) {
			must(t, call.Press(k))
		}
		passes(t, agent, 200*time.Millisecond)

		wish := m{"flow": card, "attributes": m{"amount": "12.50"}}
		refused(t, theirs.Do(ctx, "POST", path+"/secure-flow", wish, nil), 404)
		refused(t, bo.Do(ctx, "POST", path+"/secure-flow", m{"flow": "flo_unknown"}, nil), 422)
		refused(t, bo.Do(ctx, "POST", path+"/secure-flow", m{"flow": card, "attributes": m{"card": "1"}}, nil), 422)
		must(t, bo.Do(ctx, "PUT", path+"/hold", m{"held": true}, nil))
		refused(t, bo.Do(ctx, "POST", path+"/secure-flow", wish, nil), 409)
		must(t, bo.Do(ctx, "PUT", path+"/hold", m{"held": false}, nil))
		must(t, bo.Do(ctx, "POST", path+"/secure-flow", wish, nil))
		for what, err := range map[string]error{
			"begin again": bo.Do(ctx, "POST", path+"/secure-flow", wish, nil),
			"hold":        bo.Do(ctx, "PUT", path+"/hold", m{"held": true}, nil),
			"transfer":    bo.Do(ctx, "POST", path+"/transfer", m{"queue": acme.queue}, nil),
			"move":        sue.Do(ctx, "POST", "floor/"+path+"/move", m{"queue": acme.queue}, nil),
			"consult":     bo.Do(ctx, "POST", path+"/consult", m{"user": cy}, nil),
			"outside":     bo.Do(ctx, "POST", path+"/outside", m{"number": "210000008"}, nil),
			"keys":        bo.Do(ctx, "POST", path+"/keys", m{"keys": "1"}, nil),
			"resume":      bo.Do(ctx, "POST", path+"/recording", m{"action": "resume"}, nil),
		} {
			t.Log(what)
			refused(t, err, 409)
		}
		st := acme.secured(t, bo, interaction, "asks", keyed("card", 0, false))
		if st.Recording.Status != "paused" || st.Recording.Reason != "sensitive_digits" || st.Recording.By != boID {
			t.Errorf("the recording: %+v", st.Recording)
		}
		agent.Talk(900)
		call.hears(t, "the person", nil, 900)

		must(t, call.Key(asSound))
		for i, k := range []byte(asEvents) {
			must(t, call.Press(k))
			acme.secured(t, bo, interaction, "each key is shown", keyed("card", i+1, false))
		}
		must(t, call.Press('#'))
		acme.secured(t, bo, interaction, "the next is asked for", keyed("expires", 0, false))
		var shown, written any
		must(t, bo.Do(ctx, "GET", "desk", nil, &shown))
		must(t, bo.Do(ctx, "GET", path+"/messages", nil, &written))
		for _, k := range []byte("1229") {
			must(t, call.Press(k))
		}
		st = acme.secured(t, bo, interaction, "is completed", cameTo("completed"))
		if st.Secure.End != "paid" || len(st.Secure.Answers) != 2 || st.Secure.Answers[0].Keys != 16 || st.Secure.Answers[1].Keys != 4 || !st.Secure.Answers[1].Done {
			t.Errorf("%+v", st.Secure)
		}
		if got, want := pays.took(), map[string]string{"card": asEvents, "expires": "1229", "amount": "12.50"}; !maps.Equal(got, want) {
			t.Errorf("the provider got %v", got)
		}
		var result struct{ Attributes map[string]string }
		must(t, bo.Do(ctx, "GET", path+"/secure-flow", nil, &result))
		if want := map[string]string{"reference": "A-17", "echo": "••••"}; !maps.Equal(result.Attributes, want) {
			t.Errorf("the result: %v", result.Attributes)
		}

		acme.recording(t, bo, interaction, "recording")
		call.hears(t, "the person, back", []float64{900})
		agent.Hush()
		acme.taken(t, interaction, false)
		// The telephone's own time stood still while it was silent, so that what it says
		// next is placed up to half a second early, in the pause.
		call.Talk(500)
		passes(t, agent, time.Second)
		call.Hush()
		must(t, call.Key(after))
		for _, k := range []byte(lateEvents) {
			must(t, call.Press(k))
		}
		call.Talk(500)
		passes(t, agent, time.Second)
		call.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, interaction)
		var all []tracks
		within(t, "the recording does not end", func() bool {
			all = acme.recordings(t, interaction)
			return len(all) == 1 && !all[0].row.EndedAt.IsZero()
		})

		// Here they are: the control.
		if got := mediatest.KeysIn(all[0].pcm["person"]); !fewerOf(got, before+after) {
			t.Errorf("in the recording: %q", got)
		}
		for who, b := range map[string]*mediatest.Browser{"the agent": agent, "the supervisor": ear} {
			heard := b.Heard()
			if got := mediatest.KeysIn(mediatest.Sound(heard, ofSound(heard))); !fewerOf(got, before+after) {
				t.Errorf("what %s heard: %q", who, got)
			}
			if got := mediatest.Keys(heard); got != openEvents { // none once the flow had begun
				t.Errorf("keys that came to %s: %q", who, got)
			}
		}
		if !slices.ContainsFunc(all[0].entries, func(e rules.Entry) bool {
			return e.Kind == rules.Paused && e.By == boID && e.Reason == "sensitive_digits" && e.Length > 2*time.Second
		}) {
			t.Errorf("%+v", all[0].entries)
		}
		noted := map[string]string{}
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{})
			for _, r := range rows {
				if r.ObjectID == interaction && r.ActorID == boID {
					noted[r.Action] = r.Detail
				}
			}
			return err
		}))
		if !strings.Contains(noted["call.secure_begun"], card) || !strings.Contains(noted["call.secure_ended"], "completed") {
			t.Errorf("the audit log: %v", noted)
		}

		// And nowhere else.
		n.stop(t)
		desk, _ := json.Marshal(shown)
		talk, _ := json.Marshal(written)
		mu.Lock()
		defer mu.Unlock()
		nowhere(t, conf, find, map[string][]byte{"desk": desk, "conversation": talk, "live events": live, "log": n.logs.Bytes()}, asSound, before, after)
	})
}

// A secure flow ends, and the recording goes on, whatever ends it: the agent takes the
// person back, the provider fails, the person hangs up; and what was paused before
// stays so. A person in a browser.
func TestHowASecureFlowEnds(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		pays := &provider{fail: true}
		card := acme.pays(t, ana, pays)
		entry := acme.telephone(t, ana)
		acme.rule(t, ana, m{"consent": "none"})
		boID := acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		v, _, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, "rita", "", "", "c1")
		must(t, err)
		caller := acme.callerSound(t, v)
		caller.Talk(500)
		_, err = v.Choose(ctx, "k1", "one")
		must(t, err)
		take(t, bo, v.Interaction)
		path := "interactions/" + v.Interaction
		agent := acme.agentSound(t, bo, v.Interaction)
		agent.Talk(900)
		acme.recording(t, bo, v.Interaction, "recording")
		refused(t, bo.Do(ctx, "GET", path+"/secure-flow", nil, nil), 404)

		// Taken back, by a payment page that knows the agent only: at once.
		must(t, bo.Do(ctx, "POST", "calls/secure-flow", m{"flow": card, "agent": boID}, nil))
		listens(t, "the agent", agent, nil, 500)
		listens(t, "the person", caller, nil, 900)
		caller.Hush()
		must(t, caller.Press('4'))
		acme.secured(t, bo, v.Interaction, "a key is shown", keyed("card", 1, false))
		must(t, bo.Do(ctx, "DELETE", path+"/secure-flow", nil, nil))
		must(t, bo.Do(ctx, "DELETE", path+"/secure-flow", nil, nil))
		caller.Talk(500)
		listens(t, "the agent again", agent, []float64{500})
		if st := acme.secured(t, bo, v.Interaction, "is cancelled", cameTo("cancelled")); st.Recording.Status != "recording" {
			t.Errorf("%+v", st.Recording)
		}

		// The provider fails; what somebody paused before stays paused.
		must(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "pause", "reason": "card"}, nil))
		within(t, "it does not begin again", func() bool { return bo.Do(ctx, "POST", path+"/secure-flow", m{"flow": card}, nil) == nil })
		caller.Hush()
		for _, k := range []byte("4929123412341238#1229") {
			must(t, caller.Press(k))
		}
		st := acme.secured(t, bo, v.Interaction, "is completed", cameTo("completed"))
		if st.Secure.End != "not_paid" || st.Recording.Status != "paused" || st.Recording.Reason != "card" {
			t.Errorf("%+v", st)
		}
		acme.taken(t, v.Interaction, true)
		must(t, bo.Do(ctx, "POST", path+"/recording", m{"action": "resume"}, nil))
		acme.recording(t, bo, v.Interaction, "recording")
		acme.taken(t, v.Interaction, false)

		// The person hangs up.
		within(t, "it does not begin again", func() bool { return bo.Do(ctx, "POST", path+"/secure-flow", m{"flow": card}, nil) == nil })
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		wrapsUp(t, bo, v.Interaction)
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			it, err := tx.Interaction(v.Interaction)
			if it.Apart {
				t.Error("its person is still apart")
			}
			return err
		}))
	})
}

// A restart in the midst of it puts the two together only when the person has stopped
// keying in: what it keys in meanwhile reaches neither agent nor recording.
func TestASecureFlowThatARestartInterrupts(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		card := acme.pays(t, ana, &provider{})
		entry := acme.telephone(t, ana)
		acme.rule(t, ana, m{"consent": "none"})
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		v, _, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, "rita", "", "", "c1")
		must(t, err)
		caller := acme.callerSound(t, v)
		caller.Talk(500)
		_, err = v.Choose(ctx, "k1", "one")
		must(t, err)
		take(t, bo, v.Interaction)
		path := "interactions/" + v.Interaction
		acme.agentSound(t, bo, v.Interaction).Talk(900)
		acme.recording(t, bo, v.Interaction, "recording")
		must(t, bo.Do(ctx, "POST", path+"/secure-flow", m{"flow": card}, nil))

		n.stop(t)
		n = start(t, conf, nil)
		acme.node, bo.Base, v.Base = n, n.URL(), n.URL()
		atDesk(t, bo)
		agent := acme.agentSound(t, bo, v.Interaction)
		agent.Talk(900)
		caller = acme.callerSound(t, v)
		stopped := keysOn(caller, "48151623", "42421234")
		st := acme.secured(t, bo, v.Interaction, "stands", func(v secureView) bool { return v.Secure.By != "" })
		must(t, stopped())
		if st.Secure.Outcome != "" || st.Recording.Status == "recording" {
			t.Errorf("they are together: %+v", st)
		}
		acme.secured(t, bo, v.Interaction, "is over", cameTo("interrupted"))
		caller.Talk(500)
		listens(t, "the agent", agent, []float64{500})
		acme.recording(t, bo, v.Interaction, "recording")
		passes(t, agent, 1500*time.Millisecond)
		heard := agent.Heard()
		if got := mediatest.KeysIn(mediatest.Sound(heard, ofSound(heard))) + mediatest.Keys(heard); got != "" {
			t.Errorf("the agent heard %q", got)
		}
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		wrapsUp(t, bo, v.Interaction)
		within(t, "the recordings do not end", func() bool {
			all := acme.recordings(t, v.Interaction)
			return len(all) == 2 && !all[1].row.EndedAt.IsZero()
		})
		for _, one := range acme.recordings(t, v.Interaction) {
			if got := mediatest.KeysIn(one.pcm["person"]); got != "" {
				t.Errorf("in the recording: %q", got)
			}
		}
	})
}

// Who talks in a chat keys in, too, and writes nothing meanwhile: a number that is
// written all the same reaches no agent and no store, and writing is possible again
// afterwards.
func TestNothingIsWrittenInASecureFlow(t *testing.T) {
	const number = "4929123412341238"
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		card := acme.pays(t, ana, &provider{})
		entry := acme.chatToTalk(t, ana, setup.CallsBoth)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		v := acme.chatWith(t, bo, entry, "rita")
		path := "interactions/" + v.Interaction
		must(t, bo.Do(ctx, "PUT", path+"/spoken", m{"wanted": true}, nil))
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": true}, nil))
		caller := acme.callerSound(t, v)
		acme.agentSound(t, bo, v.Interaction)
		within(t, "it does not begin", func() bool { return bo.Do(ctx, "POST", path+"/secure-flow", m{"flow": card}, nil) == nil })
		told := func() (secure bool) {
			var view talkView
			must(t, v.Do(ctx, "GET", "", nil, &view))
			return view.State.Talk != nil && view.State.Talk.Secure
		}
		if !told() {
			t.Error("the visitor is not told that it is asked to key in")
		}
		_, err := v.Say(ctx, "number", number)
		refused(t, err, 409)
		refused(t, drive.Upload(ctx, drive.Client(), n.URL()+"/chat/v1/conversation/attachments", v.Token, nil, "file", number+".pdf", []byte("%PDF-1.7\n"+number), nil), 409)
		must(t, bo.Do(ctx, "POST", path+"/messages", m{"client_id": "a1", "kind": "text", "text": "I am here."}, nil))
		must(t, caller.Press('4'))
		acme.secured(t, bo, v.Interaction, "a key is shown", keyed("card", 1, false))
		must(t, bo.Do(ctx, "DELETE", path+"/secure-flow", nil, nil))
		within(t, "nothing can be written afterwards", func() bool {
			_, err := v.Say(ctx, "after", "Done")
			return err == nil
		})
		if told() {
			t.Error("the visitor is told so still")
		}
		var all json.RawMessage
		must(t, bo.Do(ctx, "GET", path+"/messages", nil, &all))
		if s := string(all); strings.Contains(s, number) || !strings.Contains(s, "Done") || !strings.Contains(s, "I am here.") {
			t.Errorf("the conversation is %s", s)
		}
	})
}
