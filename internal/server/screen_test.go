package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	rules "nubitalk/internal/core/recording"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// screened sends a second of a user's screen that ends now, and answers how the
// server took it.
func screened(t *testing.T, u *drive.User, interaction, rec string, number int, at time.Time, film []byte) (status int, said struct {
	Kept bool
	Next int
}) {
	t.Helper()
	path := fmt.Sprintf("%s/api/v1/interactions/%s/screen/pieces?recording=%s&number=%d&at_ms=%d&length_ms=1000", u.Base, interaction, rec, number, at.UnixMilli())
	r, err := http.NewRequestWithContext(t.Context(), "POST", path, bytes.NewReader(film))
	must(t, err)
	r.Header.Set("Content-Type", "video/webm")
	r.AddCookie(u.Cookie)
	res, err := u.HTTP.Do(r)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	_ = json.Unmarshal(b, &said)
	return res.StatusCode, said
}

type screenView struct {
	Recording struct {
		Status string
		Screen struct{ Status string }
	}
}

// screen waits until the recording of an agent's screen stands so.
func (c *company) screen(t *testing.T, u *drive.User, interaction, status string) {
	t.Helper()
	var st screenView
	within(t, "the screen is not "+status, func() bool {
		must(t, u.Do(t.Context(), "GET", "interactions/"+interaction+"/call", nil, &st))
		return st.Recording.Screen.Status == status
	})
}

// The screen of the agent who has a call is recorded, as a rule says: by nobody
// else, not in a pause, and no longer than the call. What is sent twice has no
// effect, what is sent out of order or is no film is refused.
func TestAnAgentsScreenIsRecorded(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		boID := acme.agent(t, "bo")
		acme.agent(t, "cy")
		acme.user(t, "sue", access.Supervisor)
		books.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		sue, cy, theirs := acme.signIn(t, "sue"), acme.signIn(t, "cy"), books.signIn(t, "bo")
		film, err := os.ReadFile("../media/screen/testdata/piece.webm")
		must(t, err)
		var desk struct{ Wanted bool }
		must(t, bo.Do(ctx, "GET", "desk/screen", nil, &desk))
		if desk.Wanted {
			t.Error("a screen is wanted without a rule")
		}
		acme.rule(t, ana, m{"consent": "none", "records": "both", "entry_points": []string{entry}})
		must(t, bo.Do(ctx, "GET", "desk/screen", nil, &desk))
		var away struct{ Wanted bool }
		must(t, theirs.Do(ctx, "GET", "desk/screen", nil, &away))
		if !desk.Wanted || away.Wanted {
			t.Errorf("%v, %v", desk, away)
		}

		v, _ := acme.phoned(t, entry, bo)
		path := "interactions/" + v.Interaction
		refused(t, bo.Do(ctx, "POST", path+"/screen", m{}, nil), 409) // before they talk
		agent := acme.agentSound(t, bo, v.Interaction)
		agent.Talk(900)
		acme.recording(t, bo, v.Interaction, "recording")
		acme.screen(t, bo, v.Interaction, "wanted")
		passes(t, agent, 2*time.Second)

		refused(t, theirs.Do(ctx, "POST", path+"/screen", m{}, nil), 404)
		refused(t, cy.Do(ctx, "POST", path+"/screen", m{}, nil), 404)
		refused(t, sue.Do(ctx, "POST", path+"/screen", m{}, nil), 409)
		var begun, again struct {
			Recording      string
			BeganMS, NowMS int64
			Next           int
		}
		must(t, bo.Do(ctx, "POST", path+"/screen", m{}, &begun))
		must(t, bo.Do(ctx, "POST", path+"/screen", m{}, &again))
		if begun.Next != 1 || again.Recording != begun.Recording {
			t.Errorf("%+v, %+v", begun, again)
		}
		acme.screen(t, sue, v.Interaction, "recording")
		first := time.Now().Add(-time.Second)
		for _, c := range []struct {
			name   string
			who    *drive.User
			rec    string
			number int
			at     time.Time
			film   []byte
			want   int
		}{
			{"another organisation", theirs, begun.Recording, 1, first, film, 404},
			{"a colleague", cy, begun.Recording, 1, first, film, 404},
			{"a supervisor", sue, begun.Recording, 1, first, film, 410},
			{"another recording", bo, "rec_1", 1, first, film, 410},
			{"no film", bo, begun.Recording, 1, first, []byte("4111 1111 1111 1111"), 415},
			{"too early", bo, begun.Recording, 2, first, film, 409},
			{"before it began", bo, begun.Recording, 1, first.Add(-time.Hour), film, 400},
			{"the future", bo, begun.Recording, 1, first.Add(time.Hour), film, 400},
		} {
			if status, _ := screened(t, c.who, v.Interaction, c.rec, c.number, c.at, c.film); status != c.want && (c.want != 400 || status != 422) {
				t.Errorf("%s: %d, not %d", c.name, status, c.want)
			}
		}
		for range 2 {
			if status, said := screened(t, bo, v.Interaction, begun.Recording, 1, first, film); status != 200 || !said.Kept || said.Next != 2 {
				t.Errorf("%d %+v", status, said)
			}
		}

		must(t, sue.Do(ctx, "POST", path+"/recording", m{"action": "pause", "reason": "card"}, nil))
		acme.screen(t, bo, v.Interaction, "paused")
		passes(t, agent, 2*time.Second)
		paused := time.Now().Add(-time.Second)
		if status, said := screened(t, bo, v.Interaction, begun.Recording, 2, paused, film); status != 200 || said.Kept {
			t.Errorf("a piece of the pause: %d %+v", status, said)
		}
		must(t, sue.Do(ctx, "POST", path+"/recording", m{"action": "resume"}, nil))
		if status, said := screened(t, bo, v.Interaction, begun.Recording, 3, paused, film); status != 200 || said.Kept {
			t.Errorf("a piece of the pause, later: %d %+v", status, said)
		}
		passes(t, agent, 2*time.Second)
		if status, said := screened(t, bo, v.Interaction, begun.Recording, 4, time.Now().Add(-time.Second), film); status != 200 || !said.Kept {
			t.Errorf("after the pause: %d %+v", status, said)
		}

		// The agent ends the share, and begins another.
		refused(t, cy.Do(ctx, "POST", path+"/screen/end", m{"why": "closed"}, nil), 404)
		for range 2 {
			must(t, bo.Do(ctx, "POST", path+"/screen/end", m{"why": "closed"}, nil))
		}
		acme.screen(t, sue, v.Interaction, "closed")
		if status, _ := screened(t, bo, v.Interaction, begun.Recording, 5, time.Now().Add(-time.Second), film); status != 410 {
			t.Errorf("after its end: %d", status)
		}
		must(t, bo.Do(ctx, "POST", path+"/screen", m{}, &again))
		if again.Recording == begun.Recording {
			t.Error("what ended goes on")
		}
		// Nothing comes, and then something does.
		acme.screen(t, sue, v.Interaction, "recording")
		acme.screen(t, sue, v.Interaction, "lost")
		if status, said := screened(t, bo, v.Interaction, again.Recording, 1, time.Now().Add(-time.Second), film); status != 200 || !said.Kept {
			t.Errorf("after a silence: %d %+v", status, said)
		}
		acme.screen(t, sue, v.Interaction, "recording")
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))
		wrapsUp(t, bo, v.Interaction)
		if status, _ := screened(t, bo, v.Interaction, again.Recording, 2, time.Now().Add(-time.Second), film); status != 410 {
			t.Errorf("after the call: %d", status)
		}

		made := n.parts.recording
		var kinds []string
		within(t, "they do not end", func() bool {
			rows, err := made.Of(ctx, acme.ID, v.Interaction)
			must(t, err)
			kinds = kinds[:0]
			for _, r := range rows {
				if r.EndedAt.IsZero() {
					return false
				}
				kinds = append(kinds, r.Kind)
			}
			return true
		})
		slices.Sort(kinds)
		if !slices.Equal(kinds, []string{recording.Screen, recording.Screen, recording.Voice}) {
			t.Errorf("%v", kinds)
		}
		o, err := made.Open(ctx, acme.ID, begun.Recording)
		must(t, err)
		if faults := made.Check(ctx, o); len(faults) > 0 {
			t.Errorf("%v", faults)
		}
		var told []string
		for _, e := range o.Entries {
			told = append(told, string(e.Kind))
			if e.Kind == rules.Paused && (e.Reason != "card" || e.Length < time.Second) || e.Kind == rules.Stopped && (e.By != boID || e.Reason != "closed") {
				t.Errorf("%+v", e)
			}
		}
		if all := strings.Join(told, " "); !strings.Contains(all, "pause") || strings.Count(all, "segment") != 2 || !strings.HasSuffix(all, "stop") {
			t.Errorf("%s", all)
		}
		var log struct{ Items []struct{ Action string } }
		must(t, ana.Do(ctx, "GET", "audit?action=recording.screen_ended", nil, &log))
		if len(log.Items) != 1 {
			t.Errorf("noted %d times", len(log.Items))
		}
	})
}

// Where the person is to agree first, no screen is wanted before, nothing that is sent of it
// is kept, and nothing of it afterwards that was shown before.
func TestNoScreenIsRecordedBeforeConsent(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		film, err := os.ReadFile("../media/screen/testdata/piece.webm")
		must(t, err)
		var texts struct{ Items []struct{ ID string } }
		must(t, ana.Do(ctx, "GET", "consent-texts", nil, &texts))
		acme.rule(t, ana, m{"consent": "key", "consent_text": texts.Items[0].ID, "records": "both"})
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		call, agent, interaction := acme.talking(t, op, bo)
		path := "interactions/" + interaction
		acme.recording(t, bo, interaction, "asking")
		acme.screen(t, bo, interaction, "waiting")
		refused(t, bo.Do(ctx, "POST", path+"/screen", m{}, nil), 409)
		if status, _ := screened(t, bo, interaction, "rec_1", 1, time.Now().Add(-time.Second), film); status != 410 {
			t.Errorf("a piece before consent: %d", status)
		}
		before := time.Now()
		if all, err := n.parts.recording.Of(ctx, acme.ID, interaction); err != nil || len(all) != 0 {
			t.Errorf("before consent: %v, %v", all, err)
		}
		must(t, call.Press('1'))
		acme.screen(t, bo, interaction, "wanted")
		var begun struct{ Recording string }
		must(t, bo.Do(ctx, "POST", path+"/screen", m{}, &begun))
		if status, _ := screened(t, bo, interaction, begun.Recording, 1, before.Add(-2*time.Second), film); status == 200 {
			t.Error("a piece of before is taken")
		}
		passes(t, agent, 2*time.Second)
		if status, said := screened(t, bo, interaction, begun.Recording, 1, time.Now().Add(-time.Second), film); status != 200 || !said.Kept {
			t.Errorf("after consent: %d %+v", status, said)
		}
		call.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, interaction)
		for _, one := range acme.ended(t, interaction, 2) {
			if one.row.StartedAt.Before(before.Add(-time.Second)) {
				t.Errorf("%s began at %s, and the person agreed after %s", one.row.Kind, one.row.StartedAt, before)
			}
		}
	})
}
