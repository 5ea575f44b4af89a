package floor_test

import (
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

// calls drives calls that nobody hears; asked is how often a message was asked for,
// by interaction.
type calls struct{ asked map[string]int }

func (c calls) Carry(_ *store.Tx, w channel.Work, acts []channel.Act) (func(), error) {
	for _, a := range acts {
		if a.Kind == channel.ActMessage {
			c.asked[w.ID]++
		}
	}
	return nil, nil
}
func (calls) Waits(id.Tenant, string, []string, int) {}

// What a caller said before the node ended is the message; also while the other node,
// which has it in its spool, is not back. Without any the caller is asked again.
func TestAMessageIsWhatWasSaidBeforeACrash(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, driver := t.Context(), calls{map[string]int{}}
		h.floor.Drive(acd.Voice, driver)
		call := func(tenant id.Tenant) string {
			t.Helper()
			i, _, err := h.floor.Arrive(ctx, channel.Arrival{Tenant: tenant, Channel: acd.Voice, Language: "en", Name: secret.New("Rita"), Mailbox: agent(0)})
			h.no(err)
			if driver.asked[i] != 1 {
				t.Fatalf("asked %d times for a message", driver.asked[i])
			}
			return i
		}
		said := func(i string, length time.Duration, ended bool) {
			row := store.RecordingRow{ID: h.ids.New(id.Recording), InteractionID: i, Kind: "message", Spool: "spo_1", StartedAt: h.clock.Now(), LengthMS: length.Milliseconds()}
			h.no(h.db.Write(ctx, a, func(tx *store.Tx) error {
				err := tx.InsertRecording(row)
				if err == nil && ended {
					row.EndedAt = h.clock.Now()
					err = tx.UpdateRecording(row)
				}
				return err
			}))
		}
		whole, far, breath, none := call(a), call(a), call(a), call(a)
		theirs := call(b)
		said(whole, 3*time.Second, true)
		said(far, 0, false)
		said(breath, 300*time.Millisecond, true)

		h.takeOver("nod_2")
		for name, c := range map[string]struct {
			interaction string
			tenant      id.Tenant
			kept        bool
		}{"whole": {whole, a, true}, "in another node's spool": {far, a, true}, "a breath": {breath, a, false}, "none": {none, a, false}, "another tenant's": {theirs, b, false}} {
			err := h.db.Read(ctx, c.tenant, func(tx *store.Tx) error {
				row, err := tx.Voicemail(c.interaction)
				if err == nil && row.UserID != agent(0) {
					t.Errorf("%s: it is for %s", name, row.UserID)
				}
				return err
			})
			if kept := err == nil; kept != c.kept || err != nil && !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: kept %v, %v", name, kept, err)
			}
			it, err := h.floor.Interaction(ctx, c.tenant, c.interaction)
			if over := errs.Is(err, errs.NotFound) || it.State == "closed"; over != c.kept {
				t.Errorf("%s: %+v, %v", name, it, err)
			}
		}
	})
}
