package server

import (
	"slices"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// chatToTalk makes an entry point for chats that may be spoken, and gives its id.
func (c *company) chatToTalk(t *testing.T, u *drive.User, calls setup.Calls) string {
	t.Helper()
	var flow struct{ ID string }
	must(t, u.Do(t.Context(), "POST", "flows", m{"name": "Talk " + string(calls), "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": c.queue}}}}, &flow))
	point := setup.DefaultEntryPoint("Talk "+string(calls), flow.ID, "")
	point.Calls = calls
	made, err := appsetup.Create(t.Context(), c.node.parts.setup, c.admin, point)
	must(t, err)
	must(t, c.node.parts.floor.Reload(t.Context(), c.ID))
	return made.ID
}

// talkView is what a visitor is told of talking.
type talkView struct {
	State struct {
		State string
		Ended bool
		Talk  *struct {
			Stage  string
			MayAsk bool `json:"may_ask"`
			Secure bool
		}
	}
	Messages []struct{ Event string }
}

func (v talkView) stage() string {
	if v.State.Talk == nil {
		return "none"
	}
	return v.State.Talk.Stage
}

func talkOf(t *testing.T, v *drive.Visitor) (out talkView) {
	t.Helper()
	must(t, v.Do(t.Context(), "GET", "", nil, &out))
	return out
}

// chatWith begins a chat that an agent takes.
func (c *company) chatWith(t *testing.T, u *drive.User, entry, name string) *drive.Visitor {
	t.Helper()
	v, _, err := drive.Chat(t.Context(), drive.Client(), c.node.URL(), entry, name, "", "", "c1")
	must(t, err)
	var offer string
	within(t, "the chat was not offered", func() bool {
		for _, o := range desk(t, u).Offers {
			offer = o.ID
		}
		return offer != ""
	})
	must(t, u.Do(t.Context(), "POST", "offers/"+offer+"/accept", m{}, nil))
	return v
}

// The story of a chat that is spoken for a while: asked and declined, asked and
// agreed, tones both ways, the place of a call, hold, a reload, the end of the
// talk and of the chat; and what others may not.
func TestAChatIsSpoken(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		admin, theirs := acme.signIn(t, "ana"), books.signIn(t, "ana")
		entry, phone := acme.chatToTalk(t, admin, setup.CallsAgent), acme.telephone(t, admin)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		v := acme.chatWith(t, bo, entry, "rita")
		spoken := "interactions/" + v.Interaction + "/spoken"

		// The visitor may not ask here, nobody else may offer, and nothing is connected yet.
		refused(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": true}, nil), 403)
		refused(t, theirs.Do(ctx, "PUT", spoken, m{"wanted": true}, nil), 404)
		refused(t, v.Do(ctx, "POST", "/sound", m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, nil), 410)
		if got := talkOf(t, v).stage(); got != "none" {
			t.Fatalf("before anybody asked: %q", got)
		}
		must(t, bo.Do(ctx, "PUT", spoken, m{"wanted": true}, nil))
		if got := talkOf(t, v).stage(); got != "asked_by_agent" {
			t.Fatalf("the visitor is told %q", got)
		}
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": false}, nil))
		if got := talkOf(t, v).stage(); got != "none" {
			t.Fatalf("after it was declined: %q", got)
		}

		// Agreed: each hears the other.
		must(t, bo.Do(ctx, "PUT", spoken, m{"wanted": true}, nil))
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": true}, nil))
		caller, agent := acme.callerSound(t, v), acme.agentSound(t, bo, v.Interaction)
		caller.Talk(500)
		agent.Talk(900)
		listens(t, "the agent", agent, []float64{500}, 900)
		listens(t, "the visitor", caller, []float64{900}, 500)
		refused(t, theirs.Do(ctx, "POST", "interactions/"+v.Interaction+"/sound", m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, nil), 404)

		// It takes the place of a call: one by telephone waits.
		waits, _, err := drive.Chat(ctx, drive.Client(), n.URL(), phone, "carl", "", "", "c2")
		must(t, err)
		_, err = waits.Choose(ctx, "k1", "one")
		must(t, err)
		within(t, "the call does not wait", func() bool { return talkOf(t, waits).State.State == "queued" })
		if offers := desk(t, bo).Offers; len(offers) != 0 {
			t.Fatalf("an agent who talks is offered a call: %+v", offers)
		}
		must(t, waits.Do(ctx, "POST", "/end", m{}, nil))

		must(t, bo.Do(ctx, "PUT", "interactions/"+v.Interaction+"/hold", m{"held": true}, nil))
		hearsMusic(t, caller, 900)
		must(t, bo.Do(ctx, "PUT", "interactions/"+v.Interaction+"/hold", m{"held": false}, nil))
		page := acme.callerSound(t, v) // reloaded
		page.Talk(700)
		listens(t, "the agent after the visitor's reload", agent, []float64{700}, 500)

		// The talk ends, the chat goes on; and may be spoken again.
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": false}, nil))
		if got := talkOf(t, v); got.stage() != "none" || got.State.State != "active" {
			t.Fatalf("after the talk: %+v", got.State)
		}
		refused(t, v.Do(ctx, "POST", "/sound", m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, nil), 410)
		_, err = v.Say(ctx, "m1", "thank you")
		must(t, err)
		must(t, bo.Do(ctx, "PUT", spoken, m{"wanted": true}, nil))
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": true}, nil))
		second := acme.agentSound(t, bo, v.Interaction)
		page2 := acme.callerSound(t, v)
		page2.Talk(600)
		listens(t, "the agent in the second talk", second, []float64{600})

		// The end of the chat is the end of the call.
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		wrapsUp(t, bo, v.Interaction)
		refused(t, v.Do(ctx, "POST", "/sound", m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, nil), 410)
		var events []string
		for _, one := range talkOf(t, v).Messages {
			if one.Event != "" {
				events = append(events, one.Event)
			}
		}
		if want := []string{"queued", "agent_joined", "call_asked", "call_declined", "call_asked", "call_begun", "call_ended", "call_asked", "call_begun", "ended"}; !slices.Equal(events, want) {
			t.Errorf("noted in the conversation: %v", events)
		}
	})
}

// listensTo connects both sides, and has the agent hear the visitor.
func listensTo(t *testing.T, c *company, u *drive.User, v *drive.Visitor, hertz float64) *mediatest.Browser {
	t.Helper()
	caller := c.callerSound(t, v)
	caller.Talk(hertz)
	listens(t, "the agent", c.agentSound(t, u, v.Interaction), []float64{hertz})
	return caller
}

// A chat that is spoken is one after a restart, with the place of a call; a
// visitor whose sound stays away goes back to the chat.
func TestAChatIsSpokenOverARestart(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.chatToTalk(t, acme.signIn(t, "ana"), setup.CallsBoth)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		v := acme.chatWith(t, bo, entry, "rita")
		must(t, v.Do(ctx, "PUT", "/spoken", m{"wanted": true}, nil))
		must(t, bo.Do(ctx, "PUT", "interactions/"+v.Interaction+"/spoken", m{"wanted": true}, nil))
		listensTo(t, acme, bo, v, 500)

		n.stop(t)
		n = start(t, conf, func(s *Server) { s.absence = 25 * time.Second })
		acme.node, bo.Base, v.Base = n, n.URL(), n.URL()
		line, err := bo.Live(ctx, "")
		must(t, err)
		line.Stay()
		defer line.Close()
		page := listensTo(t, acme, bo, v, 700)
		page.Close() // the visitor's tab is in another page, which does not talk
		within(t, "who talks no more is not back in the chat", func() bool {
			now := talkOf(t, v)
			return now.stage() == "" && now.State.State == "active"
		})
	})
}
