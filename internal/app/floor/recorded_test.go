package floor_test

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store"
)

// What a flow wants of the recording is stored with the step that wants it, for a chat
// too: a call that the chat may become is then not recorded. What was stored before
// stays.
func TestAFlowsWordOnTheRecordingIsStored(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		stands := func(tenant id.Tenant, interaction string) (row store.RecordingStateRow) {
			t.Helper()
			err := h.db.Read(ctx, tenant, func(tx *store.Tx) (err error) {
				row, err = tx.RecordingState(interaction)
				return err
			})
			if err != nil && !errs.Is(err, errs.NotFound) {
				t.Fatal(err)
			}
			return row
		}
		h.run(a, `{"start":"p","nodes":{"p":{"type":"recording","action":"pause","reason":"card","next":"ask"},
			"ask":{"type":"collect","into":"x","text":{"en":"Well?"},"next":"r"},
			"r":{"type":"recording","action":"resume","next":"s"},"s":{"type":"recording","action":"stop","next":"q"},"q":{"type":"queue","queue":"que_1"}}}`)
		v := h.arrive(a, "Maria")
		if got := stands(a, v.Interaction); !got.Paused || got.Stopped || got.By != "flow" || got.Reason != "card" || got.ChangedAt.IsZero() {
			t.Errorf("at first: %+v", got)
		}
		h.no(h.db.Write(ctx, a, func(tx *store.Tx) error {
			row, err := tx.RecordingState(v.Interaction)
			row.Agreed = []string{"cst_1"}
			h.no(err)
			return tx.PutRecordingState(row)
		}))
		h.takeOver("nod_2")
		if _, err := h.chat.Say(ctx, v, "c1", secret.New("go on")); err != nil {
			t.Fatal(err)
		}
		if got := stands(a, v.Interaction); got.Paused || !got.Stopped || got.Reason != "" || len(got.Agreed) != 1 {
			t.Errorf("afterwards: %+v", got)
		}
		other := h.arrive(b, "Rui")
		if got := stands(b, other.Interaction); got.InteractionID != "" {
			t.Errorf("another tenant's: %+v", got)
		}
	})
}
