package server

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"nubitalk/internal/app/quality"
	"nubitalk/internal/app/recording"
	"nubitalk/internal/core/access"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// An agent is told at once of an evaluation of its work, hears the recording by it
// until it has answered, though agents do not listen here, and nobody else does; the
// audit log has by which evaluation. The score goes into an export.
func TestAnEvaluationReachesItsAgent(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		acme.user(t, "sue", access.Supervisor)
		books.user(t, "sue", access.Supervisor)
		acme.agent(t, "cy")
		boID := acme.agent(t, "bo")
		bo, desk := acme.ready(t, "bo")
		sue, theirs, cy := acme.signIn(t, "sue"), books.signIn(t, "sue"), acme.signIn(t, "cy")
		v := acme.visitor(t, "rita")
		take(t, bo, v.Interaction)
		var work struct {
			Interaction struct{ Contact string }
		}
		must(t, sue.Do(ctx, "GET", "interactions/"+v.Interaction, nil, &work))
		r, err := n.parts.recording.Begin(ctx, recording.Start{Tenant: acme.ID, Interaction: v.Interaction, Contact: work.Interaction.Contact, Kind: recording.Voice, Parties: []string{"person", "agent"}, Source: &tones{left: 3}})
		must(t, err)
		must(t, r.End(ctx, "system", "ended"))
		listen := "recordings/" + r.ID() + "/listen"

		var form struct{ ID string }
		must(t, sue.Do(ctx, "POST", "quality-forms", m{"name": "Calls", "mark": 80, "questions": []any{m{"id": "greet", "text": "Did it greet?", "kind": "yes_no", "weight": 1}}}, &form))
		var one quality.Evaluation
		must(t, sue.Do(ctx, "POST", "evaluations", m{"recording": r.ID(), "form": form.ID}, &one))
		refused(t, bo.Do(ctx, "POST", listen, m{}, nil), 403)
		must(t, sue.Do(ctx, "POST", "evaluations/"+one.ID+"/complete", m{"version": one.Version, "answers": []any{m{"question": "greet", "value": 0}}}, nil))

		for told := false; !told; {
			f, err := desk.Next(ctx)
			must(t, err)
			told = f.Type == quality.Changed
		}
		var waits quality.WaitingEvaluations
		must(t, bo.Do(ctx, "GET", "evaluations/waiting", nil, &waits))
		if waits.Answer != 1 {
			t.Errorf("%+v", waits)
		}
		var whole struct {
			Hears   bool
			Version int64
		}
		must(t, bo.Do(ctx, "GET", "evaluations/"+one.ID, nil, &whole))
		var opened recording.Listening
		must(t, bo.Do(ctx, "POST", listen, m{}, &opened))
		sound := "recordings/" + r.ID() + "/sound?until_ms=1000&ticket=" + opened.Ticket
		if status, _, wav := fetch(t, bo, sound); !whole.Hears || status != http.StatusOK || len(wav) < 8_000 {
			t.Errorf("hears: %v; %d, %d bytes", whole.Hears, status, len(wav))
		}
		refused(t, cy.Do(ctx, "POST", listen, m{}, nil), 404)
		refused(t, theirs.Do(ctx, "POST", listen, m{}, nil), 404)
		var noted []string
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{Action: recording.ActionListened})
			noted = noted[:0]
			for _, row := range rows {
				noted = append(noted, row.ActorID+" "+row.Detail)
			}
			return err
		}))
		if len(noted) != 1 || !strings.HasPrefix(noted[0], boID) || !strings.Contains(noted[0], `"evaluation":"`+one.ID+`"`) || !strings.Contains(noted[0], `"reason":"quality"`) {
			t.Errorf("the audit log has %v", noted)
		}
		must(t, bo.Do(ctx, "POST", "evaluations/"+one.ID+"/acknowledge", m{"version": whole.Version}, nil))
		if status, _, _ := fetch(t, bo, sound); status != http.StatusForbidden {
			t.Errorf("after it was answered: %d", status)
		}
		refused(t, bo.Do(ctx, "POST", listen, m{}, nil), 403)

		refused(t, bo.Do(ctx, "POST", "evaluations/export", m{"format": "csv", "reason": "quality"}, nil), 403)
		var raw []byte
		must(t, sue.Do(ctx, "POST", "evaluations/export", m{"format": "csv", "reason": "quality", "lines": "questions", "agent": boID}, &raw))
		rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
		if err != nil || len(rows) != 2 || !strings.Contains(strings.Join(rows[1], ","), "Did it greet?,1,no,0.00") || strings.Contains(string(raw), "bo,") {
			t.Errorf("%v %s", err, raw)
		}
		must(t, theirs.Do(ctx, "POST", "evaluations/export", m{"format": "json", "reason": "quality"}, &raw))
		if json.Unmarshal(raw, &[]any{}) != nil || string(raw) != "[]\n" {
			t.Errorf("another organisation's: %s", raw)
		}
	})
}
