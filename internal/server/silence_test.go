package server

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"nubitalk/internal/channel/voice"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// unanswered is how long signalling may take that nobody answers.
const unanswered = 3 * time.Minute

// A caller whose end is gone without a BYE is found by its silence, also if it was silent,
// and there, before: the session is offered anew, nobody answers, the call ends as lost, and
// its agent has an end of the work.
func TestASilentCallEndsAndItsAgentIsFree(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	node := telephony(t, conf)
	n := start(t, conf, func(s *Server) { s.silence = 2 * time.Second })
	acme, _ := house(t, n)
	ctx := t.Context()
	entry := acme.telephone(t, acme.signIn(t, "ana"))
	op := newExchange(t, node, nil)
	acme.trunk(t, op, "+351210000001", entry, nil)
	acme.agent(t, "bo")
	bo, _ := acme.ready(t, "bo")
	call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
	must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
	call.Talk(500)
	must(t, call.Press('2'))
	offer, interaction := acme.offered(t, bo)
	must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
	agent := acme.agentSound(t, bo, interaction)
	agent.Talk(900)
	listens(t, "the agent", agent, []float64{500})
	call.hears(t, "the caller", []float64{900})

	// Whose sound stops and who still answers is still there.
	there := func() {
		t.Helper()
		call.Hush()
		o := await[sip.Offered](t, call)
		body, err := call.Answer(o.Body.Data)
		must(t, err)
		call.leg.AnswerOffer(sip.SDP(body))
	}
	there()
	call.Talk(500)
	listens(t, "the agent, after the silence", agent, []float64{500})

	there()
	must(t, op.ep.Suspend(ctx)) // no BYE
	call.Close()
	ended := func() (l store.LegRow) {
		for _, l = range acme.legs(t, interaction) {
			if l.Part == "caller" {
				break
			}
		}
		return l
	}
	withinTime(t, unanswered, "the call of who is gone goes on", func() bool { return !ended().EndedAt.IsZero() })
	if l := ended(); l.EndedBy != "lost" {
		t.Errorf("its leg was ended by %q", l.EndedBy)
	}
	wrapsUp(t, bo, interaction)
	must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))
	if d := desk(t, bo); len(d.Work) != 0 {
		t.Errorf("the agent still has %+v", d.Work)
	}
}

// away shuts the database of a node that has one of its own.
type away struct {
	admin *pgx.Conn
	name  string
}

func newAway(t *testing.T, conf *config.Config) *away {
	t.Helper()
	u, err := url.Parse(conf.Database.URL.Reveal())
	must(t, err)
	a := &away{name: strings.TrimPrefix(u.Path, "/")}
	u.Path = "/postgres"
	a.admin, err = pgx.Connect(t.Context(), u.String())
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, _ = a.admin.Exec(ctx, "ALTER DATABASE "+pgx.Identifier{a.name}.Sanitize()+" ALLOW_CONNECTIONS true") // for what is cleaned up after a failure
		_ = a.admin.Close(ctx)
	})
	return a
}

func (a *away) set(t *testing.T, gone bool) {
	t.Helper()
	allow := "true"
	if gone {
		allow = "false"
	}
	_, err := a.admin.Exec(t.Context(), "ALTER DATABASE "+pgx.Identifier{a.name}.Sanitize()+" ALLOW_CONNECTIONS "+allow)
	must(t, err)
	if gone {
		_, err = a.admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", a.name)
		must(t, err)
	}
}

// Who leaves a call while the database is away has an end in its record, once it is back.
func TestALegThatEndsWhileTheDatabaseIsAwayIsNoted(t *testing.T) {
	on(t, store.Postgres, func(t *testing.T, conf *config.Config) { // an embedded database is not away
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		sueID := acme.user(t, "sue", access.Supervisor)
		sue := acme.signIn(t, "sue")
		v, _, err := drive.Chat(ctx, drive.Client(), n.URL(), entry, "rita", "", "", "c1")
		must(t, err)
		caller := acme.callerSound(t, v)
		caller.Talk(500)
		_, err = v.Choose(ctx, "k1", "one")
		must(t, err)
		take(t, bo, v.Interaction)
		agent := acme.agentSound(t, bo, v.Interaction)
		listens(t, "the agent", agent, []float64{500})
		must(t, sue.Do(ctx, "PUT", "floor/interactions/"+v.Interaction+"/monitor", m{"how": "listen"}, nil))
		listens(t, "the supervisor", acme.agentSound(t, sue, v.Interaction), []float64{500})
		ended := func() bool {
			for _, l := range acme.legs(t, v.Interaction) {
				if l.Part == "supervisor" && !l.EndedAt.IsZero() {
					return true
				}
			}
			return false
		}
		withinTime(t, unanswered, "the supervisor's leg is not noted", func() bool { return len(acme.legs(t, v.Interaction)) == 3 && n.parts.voice.Notes().Waiting == 0 })

		db := newAway(t, conf)
		before := n.parts.voice.Notes()
		db.set(t, true)
		_, err = n.parts.voice.Monitor(ctx, acme.ID, v.Interaction, sueID, voice.MonitorNone)
		must(t, err)
		withinTime(t, unanswered, "it is not tried again and again", func() bool { return n.parts.voice.Notes().Failed > before.Failed+7 })
		if now := n.parts.voice.Notes(); now.Lost != before.Lost {
			t.Errorf("while the database is away: %+v", now)
		}
		db.set(t, false)
		withinTime(t, unanswered, "the leg has no end", func() bool { return n.parts.voice.Notes().Waiting == 0 && ended() })
	})
}
