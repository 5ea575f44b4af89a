package setup

import (
	"fmt"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Who manages some campaigns only sees and changes those, and the contact lists that they
// call (core/access). What would change something for another campaign it leaves alone.

// campaigns are those in use.
type campaigns map[string]core.Campaign

func campaignsOf(rows []store.SetupRow) (campaigns, error) {
	out := campaigns{}
	for _, r := range rows {
		if !r.ArchivedAt.IsZero() {
			continue
		}
		o, err := core.Stored(core.KindCampaign, r.Body)
		if err != nil {
			return nil, errs.Wrap(errs.Internal, err, "A stored %s cannot be read.", core.KindCampaign.Word())
		}
		out[r.ID] = o.(core.Campaign)
	}
	return out, nil
}

// with is to which campaigns a campaign or a contact list belongs.
func (c campaigns) with(k core.Kind, object string) []string {
	if k == core.KindCampaign {
		return []string{object}
	}
	return core.Calling(c, object)
}

// partly says whether an actor manages some campaigns only, and the kind is about them.
func partly(a access.Actor, k core.Kind) bool {
	return (k == core.KindCampaign || k == core.KindContactList) && access.Reach(a, access.CampaignManage) == access.SomeOf
}

// seenBy are the rows of a kind that an actor sees.
func seenBy(tx *store.Tx, a access.Actor, k core.Kind, rows []store.SetupRow) ([]store.SetupRow, error) {
	if !partly(a, k) {
		return rows, nil
	}
	all, err := tx.SetupOf(string(core.KindCampaign))
	if err != nil {
		return nil, err
	}
	c, err := campaignsOf(all)
	return slices.DeleteFunc(rows, func(r store.SetupRow) bool { return !core.Manages(a, c.with(k, r.ID)) }), err
}

func (st *state) campaigns() campaigns {
	all := campaigns{}
	for id, o := range st.objects[core.KindCampaign] {
		all[id] = o.(core.Campaign)
	}
	return all
}

// changesIn refuses who manages some campaigns only what belongs to others. It is asked
// before anything is said of the object.
func changesIn(st *state, a access.Actor, k core.Kind, object string) error {
	if !partly(a, k) {
		return nil
	}
	own := st.campaigns().with(k, object)
	if !core.Manages(a, own) {
		return errs.New(errs.NotFound, "There is no %s with this id.", k.Word())
	}
	if !core.ManagesAll(a, own) {
		return errs.New(errs.Forbidden, "This contact list is called by campaigns that your role does not reach, too. Ask who manages them all.")
	}
	return nil
}

// reachesNoFurther refuses who manages some campaigns only to make one of them a way to
// other lists or agents.
func reachesNoFurther(st *state, a access.Actor, before, after core.Object) error {
	was, is := before.(core.Campaign)
	if !is || !partly(a, core.KindCampaign) {
		return nil
	}
	all, m := st.campaigns(), after.(core.Campaign)
	var f errs.Fields
	for i, list := range m.Lists {
		if !slices.Contains(was.Lists, list) && !core.Manages(a, core.Calling(all, list)) {
			f.Add(fmt.Sprintf("lists[%d]", i), "is not one that your role reaches")
		}
	}
	if m.Queue != was.Queue {
		f.Add("queue", "cannot be changed by who manages this campaign only; leave it as it is")
	}
	return f.Err()
}
