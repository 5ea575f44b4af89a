package campaign

import (
	"testing"
	"time"

	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/campaign"
	"nubitalk/internal/store"
)

// jobs are the calls that are still to be settled.
func (h *house) jobs() (out []store.JobRow) {
	h.t.Helper()
	h.must(h.DB.Read(h.t.Context(), tenA, func(tx *store.Tx) (err error) { out, err = tx.Jobs(JobSettle); return err }))
	return out
}

// run runs the jobs that are due, as app/retention does.
func (h *house) run() (ran int) {
	h.t.Helper()
	var due []store.JobRow
	h.must(h.DB.System(h.t.Context(), func(tx *store.Tx) (err error) {
		due, err = tx.ClaimJobs(h.clock.Now(), time.Minute, 10)
		return err
	}))
	for _, job := range due {
		h.must(h.RunSettle(h.t.Context(), job))
	}
	return len(due)
}

// What a call came to is stored as it is closed: nobody has to ask.
func TestACallIsSettledAsItIsClosed(t *testing.T) {
	each(t, func(h *house) {
		h.list("lst_1", "+351910000001,Ana", "+351910000002,Rui")
		first, call := h.call(ana)
		h.leg(call, 200)
		h.closes(call, "dis_never")
		if r := h.row(first); r.State != "excluded" || r.Reason != "do_not_call" || r.Outcome != "dis_never" {
			t.Errorf("%+v", r)
		}
		h.must(h.DB.Read(t.Context(), tenA, func(tx *store.Tx) error {
			_, index, err := h.number(tx, "+351910000001")
			if err == nil {
				_, err = tx.DoNotCall(index)
			}
			return err
		}))
		second, call := h.call(ana)
		h.leg(call, 486)
		h.closes(call, "")
		was := h.row(second)
		if was.State != "retry_at" || was.Reason != "busy" || len(h.jobs()) != 0 {
			t.Errorf("%+v, %d jobs", was, len(h.jobs()))
		}
		h.must(h.DB.Write(t.Context(), tenA, func(tx *store.Tx) error { return h.Ended(tx, call) })) // again
		h.must(h.DB.Write(t.Context(), tenB, func(tx *store.Tx) error { return h.Ended(tx, call) })) // of another tenant
		if now := h.row(second); now != was {
			t.Errorf("settled twice: %+v, and before %+v", now, was)
		}
	})
}

// Where the ends have not noted yet how a call went, it is settled by a job of the
// transaction that closed it; never again holds at once.
func TestACallWhoseEndsAreNotNotedIsSettledByAJob(t *testing.T) {
	each(t, func(h *house) {
		h.list("lst_1", "+351910000001,Ana", "+351910000002,Rui", "+351910000003,Eva", "+351910000004,Zé")
		never, call := h.call(ana)
		h.closes(call, "dis_never")
		if r := h.row(never); r.State != "excluded" || len(h.jobs()) != 0 {
			t.Errorf("%+v, %d jobs", r, len(h.jobs()))
		}
		late, call := h.call(ana)
		h.closes(call, "")
		h.is(late, "dialing", "") // also for who asks: it may have been answered
		gone, lost := h.call(rui)
		h.closes(lost, "") // its end is never noted: the call had not left
		open, running := h.call(ana)
		h.must(h.DB.Write(t.Context(), tenA, func(tx *store.Tx) error {
			return tx.InsertJob(store.JobRow{ID: "job_early", Kind: JobSettle, ObjectID: running})
		}))
		h.leg(call, 486)
		if n := h.run(); n != 1 { // that one alone is due
			t.Errorf("%d jobs ran", n)
		}
		if r := h.row(open); r.State != "dialing" {
			t.Errorf("a call that runs: %+v", r)
		}
		if r := h.row(late); r.State != "dialing" {
			t.Errorf("before its time: %+v", r)
		}
		h.clock.Advance(legsCome)
		if n := h.run(); n != 2 || len(h.jobs()) != 0 {
			t.Errorf("%d jobs ran, %d are left", n, len(h.jobs()))
		}
		if r := h.row(late); r.State != "retry_at" || r.Reason != "busy" || r.Attempts != 1 {
			t.Errorf("%+v", r)
		}
		if r := h.row(gone); r.State != "pending" || r.Attempts != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// Who asks before the job runs sees what the ends have noted by then.
func TestWhoAsksSettlesWhatIsKnown(t *testing.T) {
	each(t, func(h *house) {
		h.list("lst_1", "+351910000001,Ana")
		entry, call := h.call(ana)
		h.closes(call, "")
		h.leg(call, 486)
		h.is(entry, "retry_at", "busy")
		h.clock.Advance(legsCome)
		was := h.row(entry)
		if n := h.run(); n != 1 || h.row(entry) != was {
			t.Errorf("%d jobs; %+v, and before %+v", n, h.row(entry), was)
		}
	})
}

// A time that was agreed with an agent stays with that agent, whoever looked at the contact.
func TestAnAgreedTimeStaysWithItsAgent(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351910000001,Ana")
		entry, call := h.call(rui)
		h.must(h.Again(ctx, rui, call, h.clock.Now().Add(time.Hour), true))
		h.ends(call, 200, "")
		h.clock.Advance(time.Hour)
		if p := h.next(rui); p.ID != entry {
			t.Fatal(p)
		}
		h.clock.Advance(5 * time.Minute) // it looked at it too long
		h.nobody("empty")
		h.clock.Advance(core.OwnFor)
		if p := h.next(ana); p.ID != entry {
			t.Fatal(p)
		}
		if r := h.row(entry); r.AgentID != "usr_ana" || r.KeptFor != "usr_rui" {
			t.Errorf("%+v", r)
		}
		h.clock.Advance(5 * time.Minute)
		h.list("lst_1", "+351910000002,Eva")
		if p := h.next(rui); p.ID != entry {
			t.Errorf("%s goes before what was agreed", p)
		}
	})
}

// What kept a contact out is asked anew once it is taken away.
func TestWhatIsExcludedNoMoreIsCalled(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351910000001,Ana", "+351910000002,Rui")
		h.list("lst_2", "+351910000002,Rui")
		_, err := h.AddNever(ctx, boss, []string{"+351910000001"})
		h.must(err)
		second := h.next(ana)
		h.must(h.DB.Write(ctx, tenA, func(tx *store.Tx) error { return restrict(tx, second.Contact, h.clock.Now()) }))
		h.nobody("empty")
		h.is(second.ID, "excluded", "restricted")
		h.must(h.DB.Write(ctx, tenB, func(tx *store.Tx) error { return h.Unrestricted(tx, second.Contact) }))
		h.is(second.ID, "excluded", "restricted")
		h.must(h.DB.Write(ctx, tenA, func(tx *store.Tx) error {
			if err := restrict(tx, second.Contact, time.Time{}); err != nil {
				return err
			}
			return h.Unrestricted(tx, second.Contact)
		}))
		if p := h.next(ana); p.ID != second.ID {
			t.Errorf("%s is next", p.Name)
		}
		h.must(h.Skip(ctx, ana, "cmp_1", second.ID, Skipping{Why: core.Refused}))
		h.nobody("empty") // by its second list neither
		h.must(h.EndNever(ctx, boss, "+351910000001"))
		p := h.next(ana)
		if p.Name != "Ana" {
			t.Errorf("%s is next", p.Name)
		}
	})
}

func restrict(tx *store.Tx, contact string, at time.Time) error {
	c, err := tx.Contact(contact)
	if err != nil {
		return err
	}
	c.RestrictedAt = at
	return tx.UpdateContact(c)
}

// Who is in two lists is called by the other when the first is taken out, or it is taken out
// of the first, and once only when that comes back.
func TestWhoIsInTwoListsIsCalledByTheOther(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351910000001,Ana", "+351910000002,Rui", "+351910000003,Eva")
		h.list("lst_2", "+351910000003,Eva", "+351910000002,Rui", "+351910000001,Ana")
		ended := func(a access.Actor) string {
			t.Helper()
			p := h.next(a)
			call, err := h.Call(ctx, a, "cmp_1", p.ID)
			h.must(err)
			h.ends(call, 200, "dis_sold")
			return p.Name
		}
		of := func(lists ...string) {
			m := h.plan.Campaigns["cmp_1"]
			m.Lists = lists
			h.plan.Campaigns["cmp_1"] = m
		}
		if got := ended(ana); got != "Ana" {
			t.Fatal(got)
		}
		items, _, err := h.ListContacts(ctx, boss, "lst_1", "", 10)
		h.must(err)
		of("lst_2") // all three came into the campaign by it, too
		if got := ended(ana); got != "Eva" {
			t.Errorf("%s is called", got)
		}
		of("lst_1", "lst_2")
		if p := h.next(ana); p.Name != "Rui" || p.ID != items[1].ID {
			t.Errorf("%+v", p)
		}
		h.must(h.RemoveListed(ctx, boss, "lst_1", items[1].ID)) // while ana looks at it
		if got := ended(ana); got != "Rui" {
			t.Errorf("%s is called", got)
		}
		h.nobody("empty")
		h.must(h.RemoveListed(ctx, boss, "lst_1", items[0].ID))
		h.nobody("empty") // it was called
	})
}
