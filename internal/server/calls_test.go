package server

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

type soundView struct{ Description string }

type callView struct {
	Interaction, Caller, Agent string
	Held, Ended                bool
}

// sound connects a browser's microphone and loudspeaker by post.
func sound(t *testing.T, post func(offer any, answer *soundView) error) *mediatest.Browser {
	t.Helper()
	b, err := mediatest.NewBrowser()
	must(t, err)
	t.Cleanup(b.Close)
	offer, err := b.Offer(false)
	must(t, err)
	var a soundView
	must(t, post(m{"description": offer}, &a))
	must(t, b.Accept(a.Description))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	must(t, b.Connected(ctx))
	return b
}

func (c *company) callerSound(t *testing.T, v *drive.Visitor) *mediatest.Browser {
	return sound(t, func(offer any, answer *soundView) error { return v.Do(t.Context(), "POST", "/sound", offer, answer) })
}

func (c *company) agentSound(t *testing.T, u *drive.User, interaction string) *mediatest.Browser {
	return sound(t, func(offer any, answer *soundView) error {
		return u.Do(t.Context(), "POST", "interactions/"+interaction+"/sound", offer, answer)
	})
}

// telephone makes an entry point for calls, with a menu before the queue, and
// gives its id.
func (c *company) telephone(t *testing.T, u *drive.User) string {
	t.Helper()
	var flow struct{ ID string }
	both := func(s string) m { return m{"en": s, "pt": s} }
	must(t, u.Do(t.Context(), "POST", "flows", m{"name": "Telephone", "graph": m{"start": "ask", "nodes": m{
		"ask":   m{"type": "ask", "text": both("Sales or a person?"), "options": []m{{"value": "one", "label": both("One"), "next": "queue"}, {"value": "two", "label": both("Two"), "next": "queue"}}},
		"queue": m{"type": "queue", "queue": c.queue}}}}, &flow))
	point := setup.DefaultEntryPoint("Telephone", flow.ID, "")
	point.Channel = acd.Voice
	made, err := appsetup.Create(t.Context(), c.node.parts.setup, c.admin, point)
	must(t, err)
	must(t, c.node.parts.floor.Reload(t.Context(), c.ID))
	return made.ID
}

func listens(t *testing.T, who string, b *mediatest.Browser, hertz []float64, not ...float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := b.Hears(ctx, hertz, not...); err != nil {
		t.Fatalf("%s: %v", who, err)
	}
}

// hearsMusic waits for sound without a frequency in it.
func hearsMusic(t *testing.T, b *mediatest.Browser, not float64) {
	t.Helper()
	within(t, "no music is heard", func() bool {
		pcm := mediatest.Sound(b.Heard(), 25)
		return pcm != nil && audio.Measure(pcm).Peak > -30 && audio.Power(pcm, not) < -50
	})
}

// wrapsUp waits until an agent does not talk in a call any more.
func wrapsUp(t *testing.T, u *drive.User, interaction string) {
	t.Helper()
	within(t, "the work does not wrap up", func() bool {
		for _, w := range desk(t, u).Work {
			if w.ID == interaction {
				return w.State == "wrapping" || w.State == "closed"
			}
		}
		return true
	})
}

// The story of a call between two browsers: a menu, a queue with music, an
// offer, tones both ways, hold, connections that are replaced, the end; and what
// another tenant and another agent may not.
func TestACallFromBrowserToBrowser(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		admin, theirs := acme.signIn(t, "ana"), books.signIn(t, "ana")
		entry := acme.telephone(t, admin)
		acme.agent(t, "bo")
		acme.agent(t, "cy")
		bo, line := acme.ready(t, "bo")

		v, c, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, "rita", "", "", "c1")
		must(t, err)
		if len(c.Messages) != 1 || len(c.Messages[0].Buttons) != 2 {
			t.Fatalf("the menu is not written: %+v", c.Messages)
		}
		caller := acme.callerSound(t, v)
		caller.Talk(500)
		_, err = v.Choose(ctx, "k1", "two")
		must(t, err)
		hearsMusic(t, caller, 900)

		// While it is offered the agent's browser may connect, and hears nothing.
		var offer string
		within(t, "the call was not offered", func() bool {
			for _, o := range desk(t, bo).Offers {
				offer = o.ID
			}
			return offer != ""
		})
		agent := acme.agentSound(t, bo, v.Interaction)
		agent.Talk(900)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		listens(t, "the agent", agent, []float64{500}, 900)
		listens(t, "the caller", caller, []float64{900}, 500)
		state := func(ok func(callView) bool) {
			t.Helper()
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			for {
				f, err := line.Next(ctx)
				must(t, err)
				var st callView
				if f.Type == "call.changed" && json.Unmarshal(f.Data, &st) == nil && ok(st) {
					return
				}
			}
		}
		state(func(st callView) bool { return st.Caller == "connected" && st.Agent == "connected" })

		var st callView
		must(t, bo.Do(ctx, "PUT", "interactions/"+v.Interaction+"/hold", m{"held": true}, &st))
		if !st.Held {
			t.Errorf("%+v", st)
		}
		hearsMusic(t, caller, 900)
		must(t, bo.Do(ctx, "PUT", "interactions/"+v.Interaction+"/hold", m{"held": false}, &st))
		listens(t, "the caller after hold", caller, []float64{900}, 500)

		// Both reload their pages.
		again := acme.agentSound(t, bo, v.Interaction)
		again.Talk(1300)
		listens(t, "the caller after the agent's reload", caller, []float64{1300}, 900)
		listens(t, "the agent after its reload", again, []float64{500})
		page := acme.callerSound(t, v)
		page.Talk(700)
		listens(t, "the agent after the caller's reload", again, []float64{700}, 500)
		listens(t, "the caller after its reload", page, []float64{1300})

		// Nobody else is let in.
		cy := acme.signIn(t, "cy")
		for who, u := range map[string]*drive.User{"a colleague": cy, "another tenant": theirs} {
			for path, body := range map[string]any{"/sound": m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, "/keys": m{"keys": "1"}} {
				t.Log(who, path)
				refused(t, u.Do(ctx, "POST", "interactions/"+v.Interaction+path, body, nil), 404)
			}
			refused(t, u.Do(ctx, "PUT", "interactions/"+v.Interaction+"/hold", m{"held": true}, nil), 404)
		}
		refused(t, v.Do(ctx, "POST", "/sound", m{"description": "this is no session description"}, nil), 422)

		// The caller hangs up.
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		state(func(st callView) bool { return st.Ended })
		wrapsUp(t, bo, v.Interaction)
		refused(t, v.Do(ctx, "POST", "/sound", m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, nil), 410)
	})
}

// A call goes on after a restart: in its menu, and between two browsers. One
// whose caller does not come back ends.
func TestCallsSurviveARestart(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		dial := func(name string) (*drive.Visitor, *mediatest.Browser) {
			v, _, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, name, "", "", "c1")
			must(t, err)
			return v, acme.callerSound(t, v)
		}
		talking, caller := dial("rita")
		caller.Talk(500)
		_, err := talking.Choose(ctx, "k1", "one")
		must(t, err)
		take(t, bo, talking.Interaction)
		listens(t, "the agent", acme.agentSound(t, bo, talking.Interaction), []float64{500})
		asked, _ := dial("rui")
		lost, _ := dial("rosa")

		n.stop(t)
		n = start(t, conf, func(s *Server) { s.absence = 25 * time.Second })
		acme.node, bo.Base, talking.Base, asked.Base, lost.Base = n, n.URL(), n.URL(), n.URL(), n.URL()
		line, err := bo.Live(ctx, "")
		must(t, err)
		line.Stay()
		defer line.Close()
		acme.callerSound(t, asked)
		caller = acme.callerSound(t, talking)
		caller.Talk(700)
		agent := acme.agentSound(t, bo, talking.Interaction)
		agent.Talk(900)
		listens(t, "the agent after the restart", agent, []float64{700})
		listens(t, "the caller after the restart", caller, []float64{900})
		_, err = asked.Choose(ctx, "k2", "two")
		must(t, err)
		ends := func(v *drive.Visitor) bool {
			c, err := v.Conversation(ctx, 0)
			must(t, err)
			return c.State.Ended
		}
		within(t, "who does not come back stays in the call", func() bool { return ends(lost) })
		for name, v := range map[string]*drive.Visitor{"who talks": talking, "who waits": asked} {
			if ends(v) {
				t.Errorf("%s has no call any more", name)
			}
		}
	})
}
