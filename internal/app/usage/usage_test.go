package usage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/usage"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/usage"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

const (
	tenA = storetest.TenantA
	tenB = storetest.TenantB
	res  = id.Tenant("res_00000000000000000000000001")
	opr  = id.Tenant("opr_00000000000000000000000001")
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type fixture struct {
	*usage.Service
	t     *testing.T
	db    *store.DB
	clock *clock.Virtual
}

// each has an operator, a reseller below it with tenant A, and tenant B right
// below the operator.
func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		f := &fixture{t: t, db: open(), clock: clock.NewVirtual(noon)}
		f.Service = usage.New(f.db, f.clock)
		storetest.Organisations(t, f.db, tenA, tenB)
		must(t, f.db.System(t.Context(), func(tx *store.Tx) error {
			for _, o := range []store.OrganisationRow{{ID: opr, Kind: "operator", Slug: "op", Name: "Op", Status: "active"},
				{ID: res, Kind: "reseller", ParentID: opr, Slug: "res", Name: "Iberia", Status: "active"}} {
				o.Language, o.TimeZone, o.CreatedAt, o.UpdatedAt = "en", "UTC", noon, noon
				if err := tx.InsertOrganisation(o); err != nil {
					return err
				}
			}
			for t, above := range map[id.Tenant]id.Tenant{tenA: res, tenB: opr} {
				o, err := tx.OrganisationByID(t)
				if err != nil {
					return err
				}
				o.ParentID = above
				if err := tx.UpdateOrganisation(o); err != nil {
					return err
				}
			}
			return nil
		}))
		test(t, f)
	})
}

func (f *fixture) write(t id.Tenant, fn func(tx *store.Tx) error) {
	f.t.Helper()
	must(f.t, f.db.Write(f.t.Context(), t, fn))
}

// work adds a conversation that began at a time, with a call of some seconds that
// a caller began or, out, an agent.
func (f *fixture) work(t id.Tenant, name, channel string, at time.Time, seconds int, out bool) {
	f.t.Helper()
	part := map[bool]string{false: "caller", true: "callee"}[out]
	f.write(t, func(tx *store.Tx) error {
		end := at.Add(time.Duration(seconds) * time.Second)
		if err := tx.InsertInteraction(store.InteractionRow{ID: "int_" + name, Channel: channel, State: "closed", ContactID: "con_1", ArrivedAt: at, ClosedAt: end}); err != nil {
			return err
		}
		if seconds == 0 {
			return nil
		}
		leg := store.LegRow{ID: "leg_" + name, InteractionID: "int_" + name, Part: part, Way: "trunk", StartedAt: at.Add(-2 * time.Second), AnsweredAt: at, EndedAt: end}
		if err := tx.PutLeg(leg); err != nil {
			return err
		}
		// An agent's browser is no trunk, and who was not answered costs nothing.
		leg.ID, leg.Way, leg.Part = "leg_b"+name, "browser", "agent"
		if err := tx.PutLeg(leg); err != nil {
			return err
		}
		leg.ID, leg.Way, leg.AnsweredAt = "leg_u"+name, "trunk", time.Time{}
		return tx.PutLeg(leg)
	})
}

// A clock that ran ahead for a while leaves nothing that counts as the latest.
func TestAClockThatRanAhead(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		file := func(name string, size int64) {
			f.write(tenA, func(tx *store.Tx) error {
				return tx.PutPromptSound(store.PromptSoundRow{PromptID: name, SoundID: name, Size: size})
			})
		}
		file("pro_1", 1000)
		ahead := usage.New(f.db, clock.NewVirtual(noon.AddDate(0, 0, 10)))
		must(t, ahead.CountNow(t.Context(), tenA))
		must(t, ahead.CountNow(t.Context(), tenB))
		file("pro_2", 500)
		must(t, f.CountNow(t.Context(), tenA))
		must(t, f.db.Read(t.Context(), tenA, func(tx *store.Tx) error {
			if n, err := tx.StorageUsed(); n != 1500 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			later, err := tx.UsageDays("2026-11-30", "9999")
			if len(later) > 0 {
				t.Errorf("%+v", later)
			}
			return err
		}))
		must(t, f.db.Read(t.Context(), tenB, func(tx *store.Tx) error {
			later, err := tx.UsageDays("2026-11-30", "9999")
			if len(later) == 0 {
				t.Error("the other tenant's days went, too")
			}
			return err
		}))
	})
}

func (f *fixture) people(t id.Tenant) {
	f.write(t, func(tx *store.Tx) error { return tx.InsertContact(store.ContactRow{ID: "con_1"}) })
	for _, u := range []store.UserRow{{ID: "usr_1", Status: "active", Roles: []string{"agent"}}, {ID: "usr_2", Status: "active", Roles: []string{"supervisor", "monitor"}},
		{ID: "usr_3", Status: "locked", Roles: []string{"agent"}}, {ID: "usr_4", Status: "active", Roles: []string{"administrator"}}} {
		u.UserName, u.UserNameKey = u.ID, u.ID
		f.write(t, func(tx *store.Tx) error { return tx.InsertUser(u) })
	}
}

func actor(t id.Tenant, r access.Role) access.Actor {
	return access.Actor{Tenant: t, User: "usr_1", Roles: []access.Role{r}}
}

func TestWhatIsUsedIsCounted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.people(tenA)
		f.people(tenB)
		yesterday := noon.AddDate(0, 0, -1)
		f.work(tenA, "1", "voice", yesterday, 90, false)
		f.work(tenA, "2", "voice", noon.Add(-time.Hour), 30, true)
		f.work(tenA, "3", "chat", noon, 0, false)
		f.work(tenA, "4", "email", noon, 0, false)
		f.work(tenB, "1", "chat", noon, 0, false)
		f.write(tenA, func(tx *store.Tx) error {
			if err := tx.InsertTrunkNumber("trk_1", "+351210000001"); err != nil {
				return err
			}
			if err := tx.PutOfficeCall(store.OfficeCallRow{ID: "cal_1", PhoneID: "phn_1", TrunkID: "trk_1", StartedAt: noon, AnsweredAt: noon, EndedAt: noon.Add(12 * time.Second)}); err != nil {
				return err
			}
			if err := tx.InsertAttachment(store.AttachmentRow{ID: "att_1", InteractionID: "int_3", Size: 400_000}); err != nil {
				return err
			}
			if err := tx.PutPromptSound(store.PromptSoundRow{PromptID: "pro_1", SoundID: "snd_1", Size: 60_000}); err != nil {
				return err
			}
			if err := tx.PutGreeting(store.GreetingRow{UserID: "usr_1", Sealed: make(secret.Sealed, 5_000)}); err != nil {
				return err
			}
			return tx.InsertRecording(store.RecordingRow{ID: "rec_1", InteractionID: "int_2", Kind: "voice", LengthMS: 31_000, Size: 2_035_000, StartedAt: noon, EndedAt: noon.Add(31 * time.Second)})
		})
		f.write(tenB, func(tx *store.Tx) error { // which is another's
			return tx.PutPromptSound(store.PromptSoundRow{PromptID: "pro_1", SoundID: "snd_2", Size: 700})
		})
		must(t, f.Count(t.Context(), tenA))
		must(t, f.Count(t.Context(), tenB))

		want := []core.Month{{Month: "2026-11", Amounts: core.Amounts{Agents: 2, Numbers: 1, StorageBytes: 2_500_000, Voice: 2, Chat: 1, Email: 1,
			CallSecondsIn: 90, CallSecondsOut: 42, RecordedSeconds: 31}}}
		own, err := f.Own(t.Context(), actor(tenA, access.Administrator))
		must(t, err)
		if d := cmp.Diff(want, own.Months); d != "" {
			t.Error(d)
		}
		if n := own.Now; n.Agents != 2 || n.Numbers != 1 || n.StorageBytes != 2_500_000 {
			t.Errorf("%+v", n)
		}

		// The reseller has the same, the operator both; nobody else anything.
		of, err := f.Own(t.Context(), actor(res, access.ResellerRole))
		must(t, err)
		if d := cmp.Diff(want, of.Months); d != "" {
			t.Error(d)
		}
		all, err := f.Own(t.Context(), actor(opr, access.OperatorRole))
		must(t, err)
		if m := all.Months; len(m) != 1 || m[0].Chat != 2 || m[0].Agents != 4 {
			t.Errorf("%+v", m)
		}
		_, err = f.Of(t.Context(), actor(res, access.ResellerRole), tenA)
		must(t, err)
		for _, o := range []id.Tenant{tenB, opr, res, "ten_none"} {
			if _, err = f.Of(t.Context(), actor(res, access.ResellerRole), o); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", o, err)
			}
		}
		if _, err = f.Of(t.Context(), actor(tenB, access.Administrator), tenA); !errs.Is(err, errs.Forbidden) {
			t.Error(err)
		}
		if _, err = f.Own(t.Context(), actor(tenA, access.Agent)); !errs.Is(err, errs.Forbidden) {
			t.Error(err)
		}
	})
}

// What was counted stays when it is forgotten, also when the organisation ends;
// what happened while nobody counted is counted later.
func TestWhatIsForgottenHasBeenCounted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.people(tenA)
		f.work(tenA, "1", "chat", noon.Add(-time.Hour), 0, false)
		must(t, f.Count(t.Context(), tenA))
		f.work(tenA, "2", "chat", noon, 0, false)
		must(t, f.Count(t.Context(), tenA)) // within the hour: not again
		chats := func() int64 {
			own, err := f.Own(t.Context(), actor(tenA, access.Administrator))
			must(t, err)
			var n int64
			for _, m := range own.Months {
				n += m.Chat
			}
			return n
		}
		if n := chats(); n != 1 {
			t.Errorf("counted again within the hour: %d", n)
		}
		// The server stands still for three days, and what came before it stopped is counted.
		f.clock.Advance(3 * 24 * time.Hour)
		must(t, f.Count(t.Context(), tenA))
		if n := chats(); n != 2 {
			t.Errorf("after it stood still: %d", n)
		}
		f.write(tenA, func(tx *store.Tx) error {
			for _, i := range []string{"int_1", "int_2"} {
				if _, err := tx.DeleteInteraction(i); err != nil {
					return err
				}
			}
			return nil
		})
		f.clock.Advance(time.Hour)
		must(t, f.Count(t.Context(), tenA))
		if n := chats(); n != 2 {
			t.Errorf("after it was forgotten: %d", n)
		}

		must(t, f.db.System(t.Context(), func(tx *store.Tx) error {
			o, err := tx.OrganisationByID(tenA)
			if err != nil {
				return err
			}
			o.Status = "closed"
			return tx.UpdateOrganisation(o)
		}))
		f.clock.Advance(time.Hour)
		must(t, f.Count(t.Context(), tenA))
		var lines []usage.AccountLine
		account := func(month string) {
			lines = nil
			must(t, f.Account(t.Context(), actor(opr, access.OperatorRole), month, func(l usage.AccountLine) error { lines = append(lines, l); return nil }))
		}
		if account("2026-11"); len(lines) != 1 || lines[0].Organisation != tenA || lines[0].Above != "Iberia" || lines[0].Chat != 2 {
			t.Errorf("%+v", lines)
		}
		f.clock.Advance(usage.Kept)
		must(t, f.Count(t.Context(), tenA))
		if account("2026-11"); len(lines) != 0 {
			t.Errorf("after two years: %+v", lines)
		}
		err := f.Account(t.Context(), actor(opr, access.OperatorRole), "2026-13", nil)
		if !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		err = f.Account(t.Context(), actor(tenA, access.Administrator), "2026-11", nil)
		if !errs.Is(err, errs.Forbidden) {
			t.Error(err)
		}
	})
}

// What happened since the last count is counted as an organisation ends, and stays
// when the end sweeps once more over what is left: nothing.
func TestAnEndIsCounted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.people(tenA)
		must(t, f.Count(t.Context(), tenA))
		f.clock.Advance(time.Minute)
		f.work(tenA, "1", "voice", f.clock.Now(), 30, false)
		f.write(tenA, func(tx *store.Tx) error {
			return tx.InsertRecording(store.RecordingRow{ID: "rec_1", InteractionID: "int_1", Kind: "voice", LengthMS: 30_000, Size: 5_000, StartedAt: noon, EndedAt: f.clock.Now()})
		})
		must(t, f.db.System(t.Context(), func(tx *store.Tx) error {
			o, err := tx.OrganisationByID(tenA)
			if err != nil {
				return err
			}
			o.Status = "closed"
			return tx.UpdateOrganisation(o)
		}))
		must(t, f.Count(t.Context(), tenA))
		months := func() []core.Month {
			t.Helper()
			own, err := f.Own(t.Context(), actor(tenA, access.Administrator))
			must(t, err)
			return own.Months
		}
		must(t, f.CountNow(t.Context(), tenA))
		want := []core.Month{{Month: "2026-11", Amounts: core.Amounts{Agents: 2, StorageBytes: 5_000, Voice: 1, CallSecondsIn: 30, RecordedSeconds: 30}}}
		if d := cmp.Diff(want, months()); d != "" {
			t.Error(d)
		}
		f.write(tenA, func(tx *store.Tx) error {
			for _, gone := range []error{tx.DeleteRecording("rec_1"), tx.EraseUser("usr_1", noon), tx.EraseUser("usr_2", noon)} {
				if gone != nil {
					return gone
				}
			}
			_, err := tx.DeleteInteraction("int_1")
			return err
		})
		f.clock.Advance(10 * time.Minute)
		must(t, f.CountNow(t.Context(), tenA))
		if d := cmp.Diff(want, months()); d != "" {
			t.Errorf("after its rows went: %s", d)
		}
		f.clock.Advance(3 * 24 * time.Hour) // into another month
		must(t, f.CountNow(t.Context(), tenA))
		if d := cmp.Diff(want, months()); d != "" {
			t.Errorf("a month in which it was not there: %s", d)
		}
	})
}
