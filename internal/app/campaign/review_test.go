package campaign

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// However many contacts of a list must not be called, the first that may be is found.
func TestManyWhoMustNotBeCalledHoldNobodyUp(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		const many = 2*dropped + 1
		h.must(h.DB.Write(ctx, tenA, func(tx *store.Tx) error {
			for n := range many + 1 {
				_, index, err := h.number(tx, fmt.Sprintf("+35191%07d", n))
				if err != nil {
					return err
				}
				who := fmt.Sprintf("con_%04d", n)
				if err := tx.InsertContact(store.ContactRow{ID: who, ProfileSealed: []byte("N"), CreatedAt: h.clock.Now()}); err != nil {
					return err
				}
				if _, _, err := tx.AddAddress(store.AddressRow{ContactID: who, Kind: "phone", AddressIndex: index, AddressSealed: []byte("+351"), CreatedAt: h.clock.Now()}); err != nil {
					return err
				}
				if _, err := tx.InsertListContact(store.ListContactRow{ID: fmt.Sprintf("lco_%04d", n), ListID: "lst_1", Seq: int64(n + 1), ContactID: who, AddressIndex: index, AddedAt: h.clock.Now()}); err != nil {
					return err
				}
				if n < many {
					if _, err := tx.PutDoNotCall(store.DoNotCallRow{AddressIndex: index, AddedAt: h.clock.Now(), AddedBy: "usr_boss"}); err != nil {
						return err
					}
				}
			}
			return nil
		}))
		if p := h.next(ana); p.ID != fmt.Sprintf("lco_%04d", many) {
			t.Errorf("%s is next", p.ID)
		}
		if all, err := h.Progress(ctx, boss); err != nil || all[0].Excluded != many {
			t.Errorf("%+v %v", all, err)
		}
	})
}

// One step to the next contact takes a part of a list, also where nothing may be called now.
func TestOneStepTakesAPartOfAList(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		m := h.plan.Campaigns["cmp_1"]
		m.Hours = "hou_1"
		h.plan.Campaigns["cmp_1"] = m
		h.must(h.DB.Write(ctx, tenA, func(tx *store.Tx) error {
			for n := range 2*pulled + 1 {
				if _, err := tx.InsertListContact(store.ListContactRow{ID: fmt.Sprintf("lco_%04d", n), ListID: "lst_1", Seq: int64(n + 1), ContactID: fmt.Sprintf("con_%04d", n),
					AddressIndex: secret.Index(fmt.Sprint(n)), TimeZone: "Pacific/Auckland", AddedAt: h.clock.Now()}); err != nil {
					return err
				}
			}
			return nil
		}))
		for step, want := range []int{pulled, 2 * pulled, 2*pulled + 1, 2*pulled + 1} {
			var more bool
			h.must(h.DB.Write(ctx, tenA, func(tx *store.Tx) (err error) {
				_, more, err = h.Service.next(tx, ana, "cmp_1", m, h.plan)
				return err
			}))
			var got int
			h.must(h.DB.Read(ctx, tenA, func(tx *store.Tx) error {
				counts, err := tx.CampaignCounts("cmp_1")
				got = counts[0].Count
				return err
			}))
			if got != want || more != (step < 3) {
				t.Errorf("step %d: %d contacts came in, want %d; more: %v", step, got, want, more)
			}
		}
		if o := h.nobody("hours"); o.At.IsZero() {
			t.Errorf("%+v", o)
		}
	})
}

// late puts a number on the do-not-call list when a call was let out already.
type late struct {
	*house
	number string
}

func (l late) CallFor(ctx context.Context, t id.Tenant, agent, queue string, number, name secret.Text, caller, campaign string, called func(tx *store.Tx, interaction string) error) (string, error) {
	if _, err := l.AddNever(ctx, boss, []string{l.number}); err != nil {
		return "", err
	}
	return l.house.CallFor(ctx, t, agent, queue, number, name, caller, campaign, called)
}

func TestDoNotCallIsAskedWithTheCall(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351910000001,Ana")
		p := h.next(ana)
		h.Calls = late{h, "+351910000001"}
		_, err := h.Call(ctx, ana, "cmp_1", p.ID)
		code(t, "a number that came onto the list as it was called", err, errs.Conflict)
		h.must(h.DB.Read(ctx, tenA, func(tx *store.Tx) error {
			_, err := tx.Interaction("int_1")
			code(t, "its call", err, errs.NotFound)
			return nil
		}))
		h.Calls = h
		h.nobody("empty")
		h.is(p.ID, "excluded", "do_not_call")
	})
}

// Who asked in a call never to be called again is not, whatever is taken out of use meanwhile.
func TestNeverAgainHoldsWhateverIsTakenAway(t *testing.T) {
	never := func(h *house, want bool) {
		h.t.Helper()
		got, err := h.AskNever(h.t.Context(), boss, "+351910000001")
		h.must(err)
		if got.Listed != want {
			h.t.Errorf("on the do-not-call list: %v, want %v", got.Listed, want)
		}
	}
	t.Run("the contact out of its list", func(t *testing.T) {
		each(t, func(h *house) {
			h.list("lst_1", "+351910000001,Ana")
			entry, call := h.call(ana)
			code(t, "while it is called", h.RemoveListed(t.Context(), boss, "lst_1", entry), errs.Conflict)
			h.ends(call, 200, "dis_never")
			h.must(h.RemoveListed(t.Context(), boss, "lst_1", entry))
			never(h, true)
		})
	})
	t.Run("the campaign", func(t *testing.T) {
		each(t, func(h *house) {
			h.list("lst_1", "+351910000001,Ana")
			_, call := h.call(ana)
			h.must(h.DB.Write(t.Context(), tenA, func(tx *store.Tx) error {
				row, err := tx.Setup(string(setup.KindCampaign), "cmp_1")
				if err != nil {
					return err
				}
				row.ArchivedAt = h.clock.Now()
				return tx.UpdateSetup(row)
			}))
			delete(h.plan.Campaigns, "cmp_1")
			never(h, false)
			h.ends(call, 200, "dis_never")
			never(h, true)
		})
	})
}

// A list that a campaign calls no more is not called, and goes on where it was if it is
// called again.
func TestAListThatWasTakenOutIsNotCalled(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		h.list("lst_1", "+351910000001,Ana", "+351910000002,Rui")
		h.list("lst_2", "+351910000003,Eva")
		first := h.next(ana)
		of := func(lists ...string) {
			m := h.plan.Campaigns["cmp_1"]
			m.Lists = lists
			h.plan.Campaigns["cmp_1"] = m
		}
		of("lst_2")
		if d, err := h.Desk(ctx, ana); err != nil || d.Next != nil {
			t.Errorf("%+v %v", d, err)
		}
		_, err := h.Call(ctx, ana, "cmp_1", first.ID)
		code(t, "a contact of a list that was taken out", err, errs.Conflict)
		if p := h.next(ana); p.Name != "Eva" {
			t.Errorf("%s is given out", p.Name)
		}
		h.must(h.Skip(ctx, ana, "cmp_1", h.next(ana).ID, Skipping{Why: "refused"}))
		h.nobody("empty")
		of("lst_1", "lst_2")
		if p := h.next(ana); p.ID != first.ID {
			t.Errorf("%s is given out", p.Name)
		}
	})
}

// What was seen is the file, and not only how many lines of it can be used.
func TestAnotherFileWasNotSeen(t *testing.T) {
	each(t, func(h *house) {
		seen, err := h.PreviewImport(t.Context(), boss, "lst_1", []byte("phone\n+351910000001\n"))
		h.must(err)
		_, err = h.Import(t.Context(), boss, "lst_1", []byte("phone\n+351910000002\n"), seen.Seen)
		code(t, "another file", err, errs.Conflict)
	})
}

// Who manages one campaign only has that, and the lists that it calls; a list that another
// campaign calls, too, it sees and leaves as it is.
func TestWhoManagesOneCampaign(t *testing.T) {
	each(t, func(h *house) {
		ctx := t.Context()
		one := h.plan.Campaigns["cmp_1"]
		one.Lists = []string{"lst_1", "lst_2"}
		h.plan.Campaigns["cmp_1"] = one
		h.plan.Campaigns["cmp_2"] = setup.Campaign{Name: "Other", State: setup.CampaignRunning, Queue: "que_other", Lists: []string{"lst_2", "lst_3"}}
		h.plan.Lists["lst_3"] = setup.ContactList{Name: "Theirs"}
		lead := boss
		lead.Parts = map[access.Role]access.RolePart{access.Supervisor: {Campaigns: []string{"cmp_1"}}}
		file := func(n int) []byte { return []byte(fmt.Sprintf("phone\n+35191000000%d\n", n)) }
		add := func(a access.Actor, list string, n int) error {
			p, err := h.PreviewImport(ctx, a, list, file(n))
			if err == nil {
				_, err = h.Import(ctx, a, list, file(n), p.Seen)
			}
			return err
		}
		h.must(add(lead, "lst_1", 1))
		h.must(add(boss, "lst_2", 2))
		h.must(add(boss, "lst_3", 3))
		code(t, "a file for a shared list", add(lead, "lst_2", 4), errs.Forbidden)
		code(t, "a file for another's list", add(lead, "lst_3", 4), errs.NotFound)
		sizes, err := h.Sizes(ctx, lead)
		h.must(err)
		if !slices.Equal(sizes, []ListSize{{"lst_1", 1}, {"lst_2", 1}}) {
			t.Errorf("%v", sizes)
		}
		shared, _, err := h.ListContacts(ctx, lead, "lst_2", "", 10)
		h.must(err)
		_, _, err = h.ListContacts(ctx, lead, "lst_3", "", 10)
		code(t, "another's contacts", err, errs.NotFound)
		own, _, err := h.ListContacts(ctx, lead, "lst_1", "", 10)
		h.must(err)
		theirs, _, err := h.ListContacts(ctx, boss, "lst_3", "", 10)
		h.must(err)
		code(t, "out of a shared list", h.RemoveListed(ctx, lead, "lst_2", shared[0].ID), errs.Forbidden)
		code(t, "out of another's list", h.RemoveListed(ctx, lead, "lst_3", theirs[0].ID), errs.NotFound)
		code(t, "another's out of its own", h.RemoveListed(ctx, lead, "lst_1", theirs[0].ID), errs.NotFound)
		h.must(h.RemoveListed(ctx, lead, "lst_1", own[0].ID))
		progress, err := h.Progress(ctx, lead)
		h.must(err)
		if len(progress) != 1 || progress[0].Campaign != "cmp_1" {
			t.Errorf("%+v", progress)
		}
		_, err = h.AddNever(ctx, lead, []string{"+351910000003"})
		code(t, "the do-not-call list", err, errs.Forbidden)
		_, err = h.AskNever(ctx, lead, "+351910000003")
		code(t, "a number of it", err, errs.Forbidden)
		_, err = h.CountNever(ctx, lead)
		code(t, "its length", err, errs.Forbidden)
		code(t, "off it", h.EndNever(ctx, lead, "+351910000003"), errs.Forbidden)
		lead.Parts[access.Supervisor] = access.RolePart{Queues: []string{one.Queue}}
		if sizes, err := h.Sizes(ctx, lead); err != nil || len(sizes) != 0 {
			t.Errorf("who has a queue manages %v %v", sizes, err)
		}
	})
}
