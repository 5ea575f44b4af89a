package campaign

import (
	"context"
	"slices"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/campaign"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// list is nil where a list is in use and the actor manages it: a part of the campaigns that
// call it to see it, all of them to change it.
func (s *Service) list(ctx context.Context, a access.Actor, list string, change bool) error {
	plan, err := s.Setup.Campaigning(ctx, a.Tenant)
	if err != nil {
		return err
	}
	return plan.list(a, list, change)
}

func (p Plan) list(a access.Actor, list string, change bool) error {
	calling := setup.Calling(p.Campaigns, list)
	if _, ok := p.Lists[list]; !ok || access.Reach(a, access.CampaignManage) != access.Tenant && !setup.Manages(a, calling) {
		return errs.New(errs.NotFound, "There is no contact list with this id.")
	}
	if change && !setup.ManagesAll(a, calling) {
		return errs.New(errs.Forbidden, "This contact list is called by campaigns that your role does not reach, too. Ask who manages them all.")
	}
	return nil
}

// whole refuses who manages some campaigns only what is about all of them.
func whole(a access.Actor) error {
	if access.Reach(a, access.CampaignManage) != access.Tenant {
		return errs.New(errs.Forbidden, "Your roles do not allow this.")
	}
	return nil
}

// ListedContact is a contact of a list, for who manages it: its number masked.
type ListedContact struct {
	ID       string    `json:"id"`
	Contact  string    `json:"contact"`
	Name     string    `json:"name"`
	Number   string    `json:"number" doc:"Masked."`
	TimeZone string    `json:"time_zone,omitempty"`
	AddedAt  time.Time `json:"added_at"`
}

// String shows nothing of the contact.
func (l ListedContact) String() string { return l.ID }

// ListContacts are at most limit contacts of a list after a place, and where the next begin.
func (s *Service) ListContacts(ctx context.Context, a access.Actor, list, cursor string, limit int) (items []ListedContact, next string, err error) {
	if err := s.list(ctx, a, list, false); err != nil {
		return nil, "", err
	}
	after := int64(0)
	if cursor != "" {
		if after, err = strconv.ParseInt(cursor, 10, 64); err != nil || after < 0 {
			return nil, "", errs.Bad("cursor", "is not one that this list gave")
		}
	}
	if limit <= 0 {
		limit = 50
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		items, next = []ListedContact{}, ""
		rows, err := tx.ListContacts(list, after, limit+1)
		if err != nil {
			return err
		}
		if len(rows) > limit {
			rows, next = rows[:limit], strconv.FormatInt(rows[limit-1].Seq, 10)
		}
		for _, r := range rows {
			l := ListedContact{ID: r.ID, Contact: r.ContactID, TimeZone: r.TimeZone, AddedAt: r.AddedAt}
			name, phone, _, err := s.Contacts.Callee(tx, r.ContactID, r.AddressIndex)
			switch {
			case err == nil:
				l.Name, l.Number = name.Reveal(), privacy.MaskAddress(privacy.Phone, phone.Reveal())
			case !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Gone):
				return err
			}
			items = append(items, l)
		}
		return nil
	})
	return items, next, err
}

// RemoveListed takes a contact out of a list, and of the campaigns that call it.
func (s *Service) RemoveListed(ctx context.Context, a access.Actor, list, entry string) error {
	plan, err := s.Setup.Campaigning(ctx, a.Tenant)
	if _, known := plan.Lists[list]; err == nil && (known || access.Reach(a, access.CampaignManage) != access.Tenant) {
		err = plan.list(a, list, true)
	}
	if err == nil {
		err = s.settle(ctx, a.Tenant, plan)
	}
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		e, err := tx.ListContact(entry)
		if errs.Is(err, errs.NotFound) || err == nil && e.ListID != list {
			return errs.New(errs.NotFound, "This contact is not in the list.")
		}
		if err == nil {
			err = notCalled(tx, e)
		}
		var before []store.CampaignContactRow
		if err == nil {
			before, err = tx.CampaignsOf(e.ContactID)
		}
		if err == nil {
			err = tx.DeleteListContact(entry)
		}
		if err == nil {
			err = s.notTwice(tx, plan, e, before)
		}
		if err == nil {
			err = s.Audit.Record(tx, a, "contact_list.removed", "contact_list", list, map[string]string{"contact": e.ContactID})
		}
		return err
	})
}

// notTwice has campaigns call a contact by another list, if they had not got to it by the one
// that it was taken out of. before is how it stood in campaigns.
func (s *Service) notTwice(tx *store.Tx, plan Plan, e store.ListContactRow, before []store.CampaignContactRow) error {
	return s.readmit(tx, plan, e.ContactID, core.Twice, func(r store.CampaignContactRow) (bool, error) {
		return slices.ContainsFunc(before, func(b store.CampaignContactRow) bool {
			return b.EntryID == e.ID && b.CampaignID == r.CampaignID && b.Attempts == 0 && (b.State == string(core.Pending) || b.State == string(core.Claimed))
		}), nil
	})
}

// notCalled is nil for a contact of a list with which no call runs: what that comes to must
// have its place, also that nobody is to call again.
func notCalled(tx *store.Tx, e store.ListContactRow) error {
	all, err := tx.CampaignsOf(e.ContactID)
	for _, r := range all {
		if r.EntryID == e.ID && r.State == string(core.Dialing) {
			return errs.New(errs.Conflict, "This contact is being called. Take it out once the call is over.")
		}
	}
	return err
}

// ListSize is how many contacts a list has.
type ListSize struct {
	List     string `json:"list"`
	Contacts int    `json:"contacts"`
}

// Sizes are those of the lists that are not empty.
func (s *Service) Sizes(ctx context.Context, a access.Actor) (out []ListSize, err error) {
	plan, err := s.Setup.Campaigning(ctx, a.Tenant)
	if err != nil {
		return nil, err
	}
	every := access.Reach(a, access.CampaignManage) == access.Tenant
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		out = []ListSize{}
		rows, err := tx.ListSizes()
		for _, r := range rows {
			if !every && plan.list(a, r.ListID, false) != nil {
				continue
			}
			out = append(out, ListSize{r.ListID, r.Size})
		}
		return err
	})
	return out, err
}
