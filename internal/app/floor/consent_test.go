package floor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/channel"
	"nubitalk/internal/store"
)

// A flow's consent is recorded with the text, the version and the language that
// were shown, once, for its contact and tenant; who refuses is in no record.
func TestAFlowRecordsConsent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.plans.of(a)
		p.ConsentTexts = map[string]floor.PlannedConsent{"cst_1": {Version: 3, Purpose: "recording", Words: map[string]string{"en": "May we record this?"}}}
		h.plans.set(a, p)
		h.run(a, `{"start":"rec","nodes":{"rec":{"type":"consent","consent":"cst_1","seconds":30,"yes":"q","no":"q","none":"q"},"q":{"type":"queue","queue":"que_1"}}}`)
		yes, no := h.arrive(a, "Rita"), h.arrive(a, "Rui")
		h.takeOver("nod_2") // a restart before the answer
		for range 2 {       // the page says it twice
			if _, err := h.chat.Choose(t.Context(), yes, "c1", "yes"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.chat.Choose(t.Context(), no, "c1", "no"); err != nil {
			t.Fatal(err)
		}
		if got := h.texts(yes); !cmp.Equal(got[1:3], []string{"bot:May we record this?", "visitor:Yes, I agree"}) {
			t.Errorf("%q", got)
		}
		h.no(h.db.Read(t.Context(), a, func(tx *store.Tx) error {
			given, err := tx.ConsentsOf(yes.Contact)
			if err != nil || len(given) != 1 || given[0].ConsentTextID != "cst_1" || given[0].TextVersion != 3 || given[0].Purpose != "recording" || given[0].Language != "en" || given[0].InteractionID != yes.Interaction {
				t.Errorf("%+v %v", given, err)
			}
			refused, err := tx.ConsentsOf(no.Contact)
			if len(refused) != 0 {
				t.Errorf("who refused: %+v", refused)
			}
			return err
		}))
	})
}

// The made-up days of the simulation ask nobody for consent.
func (simSetup) Consented(*store.Tx, string, string, channel.Consent) error { return nil }
