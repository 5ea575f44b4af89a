package campaign

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/campaign"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// NeverAdded is what became of numbers for the do-not-call list.
type NeverAdded struct {
	Added   int      `json:"added"`
	There   int      `json:"there" doc:"They were on it."`
	Refused []string `json:"refused" nullable:"false" doc:"What is no telephone number, as it was sent."`
}

// AddNever puts numbers on the do-not-call list. Nothing is kept of them but a keyed index.
func (s *Service) AddNever(ctx context.Context, a access.Actor, numbers []string) (out NeverAdded, err error) {
	if err := whole(a); err != nil {
		return out, err
	}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		out = NeverAdded{Refused: []string{}}
		for _, typed := range numbers {
			if strings.TrimSpace(typed) == "" {
				continue
			}
			_, index, err := s.number(tx, typed)
			if errs.Is(err, errs.Invalid) {
				out.Refused = append(out.Refused, typed)
				continue
			}
			if err != nil {
				return err
			}
			added, err := tx.PutDoNotCall(store.DoNotCallRow{AddressIndex: index, AddedAt: s.Clock.Now(), AddedBy: a.User})
			if err != nil {
				return err
			}
			if added {
				out.Added++
			} else {
				out.There++
			}
		}
		if out.Added == 0 {
			return nil
		}
		return s.Audit.Record(tx, a, "do_not_call.added", "organisation", string(a.Tenant), map[string]string{"numbers": strconv.Itoa(out.Added)})
	})
	return out, err
}

// AskedNever says whether a number is on the do-not-call list, and since when.
type AskedNever struct {
	Listed bool      `json:"listed"`
	Since  time.Time `json:"since,omitzero"`
}

// AskNever says whether a number is on the list.
func (s *Service) AskNever(ctx context.Context, a access.Actor, number string) (out AskedNever, err error) {
	if err := whole(a); err != nil {
		return out, err
	}
	plan, err := s.Setup.Campaigning(ctx, a.Tenant)
	if err == nil {
		err = s.settle(ctx, a.Tenant, plan) // what the last call came to holds already
	}
	if err != nil {
		return out, err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		out = AskedNever{}
		_, index, err := s.number(tx, number)
		if err != nil {
			return namedNumber(err)
		}
		row, err := tx.DoNotCall(index)
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		out = AskedNever{err == nil, row.AddedAt}
		return err
	})
	return out, err
}

// namedNumber says a fault of an address beside the field of the number.
func namedNumber(err error) error {
	if e := errs.As(err); e.Code == errs.Invalid && len(e.Fields) > 0 {
		return errs.Bad("number", "%s", e.Fields[0].Problem)
	}
	return err
}

// EndNever takes a number off the do-not-call list. Campaigns that left it out have it
// again.
func (s *Service) EndNever(ctx context.Context, a access.Actor, number string) error {
	if err := whole(a); err != nil {
		return err
	}
	plan, err := s.Setup.Campaigning(ctx, a.Tenant)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		_, index, err := s.number(tx, number)
		if err != nil {
			return namedNumber(err)
		}
		err = tx.DeleteDoNotCall(index)
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.NotFound, "This number is not on the do-not-call list.")
		}
		if err == nil {
			err = s.calledAgain(tx, plan, index)
		}
		if err == nil {
			err = s.Audit.Record(tx, a, "do_not_call.removed", "organisation", string(a.Tenant), nil)
		}
		return err
	})
}

// CountNever is how many numbers are on the do-not-call list.
func (s *Service) CountNever(ctx context.Context, a access.Actor) (n int, err error) {
	if err := whole(a); err != nil {
		return 0, err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		n, err = tx.CountDoNotCall()
		return err
	})
	return n, err
}

// calledAgain has campaigns call a number that they left out for being on the list.
func (s *Service) calledAgain(tx *store.Tx, plan Plan, number secret.Index) error {
	known, err := tx.AddressByIndex(privacy.Phone, number)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.readmit(tx, plan, known.ContactID, core.DoNotCall, func(r store.CampaignContactRow) (bool, error) {
		e, err := tx.ListContact(r.EntryID)
		if errs.Is(err, errs.NotFound) {
			return false, nil
		}
		return slices.Equal(e.AddressIndex, number), err
	})
}

// Unrestricted has campaigns call a contact that they left out while its processing was
// restricted, in the transaction that ends the restriction.
func (s *Service) Unrestricted(tx *store.Tx, contact string) error {
	return s.readmit(tx, Plan{}, contact, core.Restricted, func(store.CampaignContactRow) (bool, error) { return true, nil })
}

// readmit takes the exclusion for a reason away from a contact, where it fits. Whether it
// may be called is asked when it is given out.
func (s *Service) readmit(tx *store.Tx, plan Plan, contact string, why core.Reason, fits func(store.CampaignContactRow) (bool, error)) error {
	all, err := tx.CampaignsOf(contact)
	for _, r := range all {
		if r.State != string(core.Excluded) || r.Reason != string(why) {
			continue
		}
		if ok, err := fits(r); err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		m, err := campaignOf(tx, plan, r.CampaignID)
		if err == nil {
			err = s.put(tx, r, m.Decides().Readmit(contactOf(r)))
		}
		if err != nil {
			return err
		}
	}
	return err
}

// never puts a contact's number on the do-not-call list.
func (s *Service) never(tx *store.Tx, entry, by string) error {
	e, err := tx.ListContact(entry)
	if errs.Is(err, errs.NotFound) {
		return nil // it was erased
	}
	if err != nil {
		return err
	}
	added, err := tx.PutDoNotCall(store.DoNotCallRow{AddressIndex: e.AddressIndex, AddedAt: s.Clock.Now(), AddedBy: by})
	if err != nil || !added {
		return err
	}
	return s.Audit.Append(tx, by, "do_not_call.added", e.ContactID, "")
}
