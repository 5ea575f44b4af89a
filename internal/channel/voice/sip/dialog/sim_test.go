package dialog

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	simSeed = flag.Uint64("sim.seed", 0, "play only this seed of the simulation, and show what happens")
	simRuns = flag.Uint64("sim.runs", 300, "how many seeds are played")
)

// TestSimulatedCalls plays calls in which both ends do what they like, over
// networks that lose, double and reorder, and holds what they were told against
// what happened.
func TestSimulatedCalls(t *testing.T) {
	for seed := uint64(1); seed <= *simRuns; seed++ {
		if *simSeed != 0 {
			seed = *simSeed
		}
		s := &sim{world: newWorld(t, seed)}
		s.play()
		if *simSeed != 0 {
			t.Log("\n" + strings.Join(s.trace, "\n"))
			return
		}
		if t.Failed() {
			t.Fatalf("seed %d (go test -run SimulatedCalls -sim.seed %d)\n%s", seed, seed, strings.Join(s.trace, "\n"))
		}
	}
}

// sim is one call with what each end believes.
type sim struct {
	*world
	a, b     *end
	caller   *Leg
	called   []*Leg
	offers   int
	sessions map[*Leg]string          // what the leg believes is in force: the offer's name
	asked    map[*Leg]string          // its offer that is not answered
	made     map[*Leg]map[string]bool // all that it offered
	answered bool
}

func (s *sim) play() {
	s.loss = []float64{0, 0.05, 0.3}[s.rng.IntN(3)]
	s.twice = []float64{0, 0.1}[s.rng.IntN(2)]
	s.delay = []time.Duration{time.Millisecond, 100 * time.Millisecond, 700 * time.Millisecond}[s.rng.IntN(3)]
	s.sessions, s.asked, s.made = map[*Leg]string{}, map[*Leg]string{}, map[*Leg]map[string]bool{}
	s.a, s.b = s.end("a"), s.end("b")
	// Short intervals, so that refreshes are part of the play.
	s.a.env.SessionExpires = []time.Duration{0, 90 * time.Second}[s.rng.IntN(2)]
	s.b.env.MinSE = []time.Duration{0, 120 * time.Second}[s.rng.IntN(2)]
	if s.rng.IntN(3) == 0 {
		s.b.env.Abilities.Methods = []string{"INVITE", "ACK", "CANCEL", "BYE", "PRACK"} // no UPDATE
	}
	s.a.hears = func(l *Leg, e Event) { s.hear(s.a, l, e) }
	s.b.hears = func(l *Leg, e Event) { s.hear(s.b, l, e) }
	s.b.arrived = s.arrived
	offer := s.offer()
	if s.rng.IntN(4) == 0 {
		offer = "" // the called end offers
	}
	s.caller = s.a.call("b", offer)
	s.ask(s.caller, offer)
	if s.rng.IntN(4) == 0 {
		s.soon(4*time.Second, func() { s.a.wish(s.caller, func(l *Leg) { l.Hangup(Reason{Q850: 16}) }) })
	}
	// The last wish is at 40 s; what is lost is repeated for 32 s.
	s.run(150 * time.Second)
	s.settledChecks()
	s.run(400 * time.Second)
	s.settledChecks()
	s.hangup()
	s.run(600 * time.Second)
	s.finalChecks()
}

func (s *sim) offer() string {
	s.offers++
	return fmt.Sprintf("offer%d", s.offers)
}

func (s *sim) ask(l *Leg, offer string) {
	s.asked[l] = offer
	if s.made[l] == nil {
		s.made[l] = map[string]bool{}
	}
	s.made[l][offer] = true
}

func (s *sim) soon(most time.Duration, do func()) {
	s.in(time.Duration(s.rng.Int64N(int64(most))), do)
}

// arrived plays the called end.
func (s *sim) arrived(l *Leg) {
	s.called = append(s.called, l)
	offer := string(l.Invite().Body)
	answer := "answer to " + offer
	if offer == "" {
		answer = s.offer()
	}
	early := s.rng.IntN(3) == 0
	if s.rng.IntN(2) == 0 {
		s.soon(time.Second, func() { s.b.wish(l, (*Leg).Ring) })
	}
	if early {
		s.soon(time.Second, func() {
			s.b.wish(l, func(l *Leg) {
				if offer == "" && l.State() == Early && s.asked[l] == "" {
					s.ask(l, answer) // its PRACK brings the answer
				}
				l.Progress(183, sdp(answer))
			})
		})
	}
	s.in(time.Second+time.Duration(s.rng.Int64N(int64(6*time.Second))), func() {
		s.b.wish(l, func(l *Leg) {
			switch s.rng.IntN(6) {
			case 0:
				l.Reject(486, Reason{Q850: 17})
			case 1:
				l.Hangup(Reason{SIP: 480})
			default:
				if l.State() == Early {
					s.answered = true
				}
				if offer == "" && s.sessions[l] == "" {
					s.ask(l, answer)
				} else if offer != "" {
					s.sessions[l] = offer
				}
				l.Answer(sdp(answer))
			}
		})
	})
}

// hear plays what an end does about what it is told.
func (s *sim) hear(e *end, l *Leg, ev Event) {
	switch ev := ev.(type) {
	case Answered:
		body := string(ev.Body.Data)
		if strings.HasPrefix(body, "offer") {
			s.sessions[l] = body
			e.wish(l, func(l *Leg) { l.Acknowledge(sdp("answer to " + body)) })
		} else if s.asked[l] != "" {
			s.sessions[l] = s.asked[l]
		}
		s.asked[l] = ""
		s.stands(e, l)
	case Acknowledged:
		if body := string(ev.Body.Data); body != "" {
			if body != "answer to "+s.asked[l] {
				s.t.Errorf("the ACK answers %q, not %q", body, s.asked[l])
			}
			s.sessions[l] = s.asked[l]
			s.asked[l] = ""
		}
		s.stands(e, l)
	case Offered:
		body := string(ev.Body.Data)
		if body == "" {
			body = s.offer()
			s.ask(l, body)
			e.wish(l, func(l *Leg) { l.AnswerOffer(sdp(body)) })
			return
		}
		answer := func() {
			e.wish(l, func(l *Leg) {
				if s.rng.IntN(5) == 0 && l.owed == nil {
					l.RefuseOffer(488)
					return
				}
				// A refresh repeats what was said, and changes nothing.
				if (l.theirs != nil || l.owed != nil) && strings.HasPrefix(body, "offer") {
					s.sessions[l] = body
				}
				l.AnswerOffer(sdp("answer to " + body))
			})
		}
		if s.rng.IntN(2) == 0 {
			answer()
		} else {
			s.soon(time.Second, answer)
		}
	case Accepted:
		body := string(ev.Body.Data)
		of, ok := strings.CutPrefix(body, "answer to ")
		switch {
		case !ok || strings.HasPrefix(of, "answer") || of == s.sessions[l]: // none, or to a refresh
		case !s.made[l][of]:
			s.t.Errorf("%s: %q is accepted, but it offered no such thing", e.name, body)
		default:
			s.sessions[l] = of
			if s.asked[l] == of {
				s.asked[l] = ""
			}
		}
	case Refused:
		s.asked[l] = ""
	}
}

// stands has an end of a standing call do what it likes.
func (s *sim) stands(e *end, l *Leg) {
	for range s.rng.IntN(4) {
		s.soon(30*time.Second, func() {
			if l.State() != Standing {
				return
			}
			e.wish(l, func(l *Leg) {
				switch s.rng.IntN(8) {
				case 0:
					l.Dial('5', time.Second)
				case 1:
					l.Reinvite(Body{})
				case 2:
					if s.rng.IntN(3) == 0 {
						l.Hangup(Reason{Q850: 16})
					}
				default:
					if s.asked[l] == "" {
						s.ask(l, s.offer())
						l.Reinvite(sdp(s.asked[l]))
					}
				}
			})
		})
	}
}

func (s *sim) hangup() {
	s.a.wish(s.caller, func(l *Leg) { l.Hangup(Reason{Q850: 16}) })
	for _, l := range s.called {
		s.b.wish(l, func(l *Leg) { l.Hangup(Reason{Q850: 16}) })
	}
}

// settledChecks holds both ends against each other after a time of rest.
func (s *sim) settledChecks() {
	for _, l := range s.called {
		if (l.State() == Standing) != (s.caller.State() == Standing) {
			s.t.Errorf("the caller's end is %v, the called one's %v", s.caller.State(), l.State())
		}
		if l.State() == Standing && s.sessions[l] != s.sessions[s.caller] {
			s.t.Errorf("the caller's session is %q, the called end's %q", s.sessions[s.caller], s.sessions[l])
		}
	}
}

func (s *sim) finalChecks() {
	for _, e := range []*end{s.a, s.b} {
		for _, l := range e.legs {
			if !l.Done() {
				s.t.Errorf("a leg of %s is not done: %v, %d of its requests, %d of the other's", e.name, l.State(), len(l.clients), len(l.servers))
			}
			last := 0
			for i, ev := range e.told[l] {
				switch ev.(type) {
				case Ended, Failed:
					last++
					if i != len(e.told[l])-1 {
						s.t.Errorf("%s hears more after the end", e.name)
					}
				}
			}
			if last != 1 && (l == s.caller || slices.Contains(s.called, l)) {
				s.t.Errorf("a leg of %s ends %d times", e.name, last)
			}
		}
	}
	if len(said[Answered](s.a, s.caller)) > 0 && !s.answered {
		s.t.Error("a call is answered that nobody answered")
	}
	if len(s.called) > 1 {
		s.t.Errorf("%d calls arrived", len(s.called))
	}
}
