package prompt

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/store"
)

const ada = "usr_00000000000000000000000001"

// staffed has a user of the same id in both tenants, who is who acts.
func (h *house) staffed(t *testing.T) (acts func(id.Tenant) access.Actor) {
	t.Helper()
	for _, ten := range []id.Tenant{shop, books} {
		if err := h.db.Write(t.Context(), ten, func(tx *store.Tx) error {
			return tx.InsertUser(store.UserRow{ID: ada, UserName: "ada", UserNameKey: "ada", Status: "active", CreatedAt: start, UpdatedAt: start})
		}); err != nil {
			t.Fatal(err)
		}
	}
	return func(ten id.Tenant) access.Actor {
		return access.Actor{Tenant: ten, User: ada, Roles: []access.Role{access.Agent}}
	}
}

// tone1k is a tone of 1 kHz for so long, at a level.
func tone1k(level float64, length time.Duration) []byte {
	return audio.WriteWAV(audio.Tone{Hertz: []float64{1000}, Level: level, Length: length}.PCM(), audio.Rate)
}

func TestAGreetingIsRecordedHeardReplacedAndTakenBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, acts := t.Context(), h.staffed(t)
		a := acts(shop)
		if has, err := h.HasGreeting(ctx, shop, ada); has || err != nil {
			t.Errorf("%v, %v", has, err)
		}
		g, err := h.SetGreeting(ctx, a, ada, quiet())
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(g.Sound.Loudness-audio.TargetLoudness) > 0.5 || g.Sound.Lead > audio.LongestLead || g.Sound.Seconds > 6.5 || len(g.Sound.Findings) != 0 || g.SetBy != ada || !g.SetAt.Equal(start) {
			t.Errorf("%+v", g)
		}
		heard, err := h.GreetingHeard(ctx, shop, ada)
		if err != nil || !audio.Heard(heard[audio.Rate:2*audio.Rate], 1000) || math.Abs(audio.Level(heard[audio.Rate:2*audio.Rate])-audio.TargetLoudness) > 0.5 {
			t.Errorf("%v, %d samples", err, len(heard))
		}
		if has, err := h.HasGreeting(ctx, shop, ada); !has || err != nil {
			t.Errorf("%v, %v", has, err)
		}
		if known, err := h.Greeting(ctx, shop, ada); err != nil || known.Sound.Seconds != g.Sound.Seconds {
			t.Errorf("%+v, %v", known, err)
		}
		// It is this tenant's, and sealed.
		if _, err := h.GreetingHeard(ctx, books, ada); !errs.Is(err, errs.NotFound) {
			t.Errorf("another tenant's: %v", err)
		}
		row, err := h.greeting(ctx, shop, ada)
		if file, err2 := h.ListenToGreeting(ctx, shop, ada); err != nil || err2 != nil || bytes.Contains(row.Sealed, file[4000:4064]) || bytes.Contains(row.Sealed, []byte("WAVE")) {
			t.Errorf("it is not sealed: %v, %v", err, err2)
		}
		// Another takes its place.
		if _, err := h.SetGreeting(ctx, a, ada, tone1k(-30, 2*time.Second)); err != nil {
			t.Fatal(err)
		}
		if again, err := h.GreetingHeard(ctx, shop, ada); err != nil || len(again) >= len(heard) {
			t.Errorf("%v, %d samples", err, len(again))
		}
		if _, err := h.SetGreeting(ctx, acts(books), ada, tone1k(-30, time.Second)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := h.RemoveGreeting(ctx, a, ada); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Greeting(ctx, shop, ada); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if has, err := h.HasGreeting(ctx, books, ada); !has || err != nil {
			t.Errorf("another tenant's went with it: %v", err)
		}
		if want := []string{ActionGreetingSet, ActionGreetingSet, ActionGreetingSet, ActionGreetingRemoved}; !slices.Equal(h.actions, want) {
			t.Errorf("%v", h.actions)
		}
	})
}

func TestWhatIsNoGreetingIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, a := t.Context(), h.staffed(t)(shop)
		for what, file := range map[string][]byte{
			"silence": audio.WriteWAV(make([]int16, 3*audio.Rate), audio.Rate), "long": tone1k(-20, (MaxGreetingSeconds+1)*time.Second), "other": []byte("OggS and so on"),
		} {
			if _, err := h.SetGreeting(ctx, a, ada, file); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := h.SetGreeting(ctx, a, strings.Replace(ada, "1", "2", 1), tone1k(-20, time.Second)); !errs.Is(err, errs.NotFound) {
			t.Errorf("nobody's: %v", err)
		}
		// Who is deleted meanwhile gets none, and leaves none.
		if _, err := h.SetGreeting(ctx, a, ada, tone1k(-20, time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := h.db.Write(ctx, shop, func(tx *store.Tx) error { return tx.EraseUser(ada, start) }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.GreetingHeard(ctx, shop, ada); !errs.Is(err, errs.NotFound) {
			t.Errorf("a deleted user's: %v", err)
		}
		if _, err := h.SetGreeting(ctx, a, ada, tone1k(-20, time.Second)); !errs.Is(err, errs.NotFound) {
			t.Errorf("for a deleted user: %v", err)
		}
	})
}

// Where the organisation's storage is used up, no prompt and no greeting is kept, what is
// there stays, and another organisation does not notice.
func TestNoSoundIsKeptWhereTheStorageIsUsedUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		acts := h.staffed(t)
		if _, err := h.Upload(ctx, admin(shop), hello, quiet()); err != nil {
			t.Fatal(err)
		}
		before := h.files(t)
		if err := h.db.System(ctx, func(tx *store.Tx) error {
			o, err := tx.OrganisationByID(shop)
			if err != nil {
				return err
			}
			one := int64(1)
			o.Limits.StorageMB = &one
			return tx.UpdateOrganisation(o)
		}); err != nil {
			t.Fatal(err)
		}
		for _, ten := range []id.Tenant{shop, books} {
			if err := h.db.Write(ctx, ten, func(tx *store.Tx) error {
				return tx.PutUsageDays(store.UsageDayRow{Day: "2026-11-28", Amounts: usage.Amounts{StorageBytes: 1_000_000}, CountedAt: start})
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Upload(ctx, admin(shop), hello, quiet()); !errs.Is(err, errs.Conflict) {
			t.Errorf("a prompt: %v", err)
		}
		if _, err := h.SetGreeting(ctx, acts(shop), acts(shop).User, tone1k(-20, 2*time.Second)); !errs.Is(err, errs.Conflict) {
			t.Errorf("a greeting: %v", err)
		}
		if after := h.files(t); !slices.Equal(after, before) {
			t.Errorf("%v, not %v", after, before)
		}
		if _, err := h.Heard(ctx, shop, hello); err != nil {
			t.Error(err)
		}
		if _, err := h.Upload(ctx, admin(books), hello, quiet()); err != nil {
			t.Error(err)
		}
		if _, err := h.SetGreeting(ctx, acts(books), acts(books).User, tone1k(-20, 2*time.Second)); err != nil {
			t.Error(err)
		}
	})
}
