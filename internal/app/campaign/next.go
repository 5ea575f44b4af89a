package campaign

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/campaign"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// CallingCampaign is a campaign as an agent works in it.
type CallingCampaign struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Queue        string   `json:"queue"`
	Notes        string   `json:"notes" doc:"What to read beside each contact."`
	Dispositions []string `json:"dispositions" nullable:"false" doc:"Ids of the results to choose from; empty: those of the queue."`
}

// ContactPreview is a contact that an agent has, to be called. It goes to its agent alone, never
// to a log.
type ContactPreview struct {
	ID       string      `json:"id"`
	Campaign string      `json:"campaign"`
	Contact  string      `json:"contact"`
	Name     string      `json:"name" doc:"May be empty."`
	Number   string      `json:"number"`
	TimeZone string      `json:"time_zone,omitempty" doc:"The contact's own, where its list gives one."`
	Attempts int         `json:"attempts" doc:"Calls so far."`
	Most     int         `json:"most" doc:"Calls at most."`
	Reason   core.Reason `json:"reason,omitempty" doc:"What the last one came to."`
	Outcome  string      `json:"outcome,omitempty" doc:"The disposition of the last one."`
	Until    time.Time   `json:"until" doc:"It goes to somebody else then."`
	own      secret.Text
}

// String shows nothing of the contact.
func (p ContactPreview) String() string { return p.ID }

// NextContact is what an agent gets who asks for the next contact.
type NextContact struct {
	Next *ContactPreview `json:"next,omitempty" doc:"Absent: there is none now."`
	Why  string          `json:"why,omitempty" enum:"hours,later,empty" doc:"Why there is none. hours: out of the hours in which is called. later: the next is to be called again, at. empty: nobody is left."`
	At   time.Time       `json:"at,omitzero" doc:"With later: when the next is due; with hours: when calling begins again, if that is known."`
}

// CallingDesk is what an agent's desk shows of campaigns.
type CallingDesk struct {
	Campaigns []CallingCampaign `json:"campaigns" nullable:"false"`
	Next      *ContactPreview   `json:"next,omitempty" doc:"The contact that I have."`
}

// Desk lists the campaigns in which an agent may call now, and the contact that it has.
func (s *Service) Desk(ctx context.Context, a access.Actor) (CallingDesk, error) {
	out := CallingDesk{Campaigns: []CallingCampaign{}}
	plan, err := s.Setup.Campaigning(ctx, a.Tenant)
	if err != nil {
		return out, err
	}
	if !anyRunning(plan) {
		return out, nil
	}
	queues, err := s.Floor.Serves(ctx, a.Tenant, a.User)
	if err != nil {
		return out, err
	}
	for campaign, m := range plan.Campaigns {
		if m.State == setup.CampaignRunning && slices.Contains(queues, m.Queue) {
			out.Campaigns = append(out.Campaigns, CallingCampaign{campaign, m.Name, m.Queue, m.Notes, append([]string{}, m.Dispositions()...)})
		}
	}
	slices.SortFunc(out.Campaigns, func(x, y CallingCampaign) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		out.Next = nil
		held, err := tx.HeldContacts(a.User)
		for _, r := range held {
			m, ok := plan.Campaigns[r.CampaignID]
			if r.State != string(core.Claimed) || !s.Clock.Now().Before(r.Until) || !ok || !slices.Contains(m.Lists, r.ListID) {
				continue
			}
			p, why, err := s.preview(tx, r, m)
			if err != nil || why != "" {
				return err
			}
			out.Next = &p
			return nil
		}
		return err
	})
	return out, err
}

func anyRunning(p Plan) bool {
	for _, m := range p.Campaigns {
		if m.State == setup.CampaignRunning {
			return true
		}
	}
	return false
}

// preview reads a contact; why says that it must not be called.
func (s *Service) preview(tx *store.Tx, r store.CampaignContactRow, m setup.Campaign) (p ContactPreview, why core.Reason, err error) {
	e, err := tx.ListContact(r.EntryID)
	if errs.Is(err, errs.NotFound) {
		return p, core.BadNumber, nil // it was taken out as it came into the campaign
	}
	if err != nil {
		return p, "", err
	}
	name, phone, restricted, err := s.Contacts.Callee(tx, r.ContactID, e.AddressIndex)
	switch {
	case errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone):
		return p, core.BadNumber, nil // it was erased, or has another number now
	case err != nil:
		return p, "", err
	case restricted:
		return p, core.Restricted, nil
	}
	switch _, err := tx.DoNotCall(e.AddressIndex); {
	case err == nil:
		return p, core.DoNotCall, nil
	case !errs.Is(err, errs.NotFound):
		return p, "", err
	}
	if twice, err := called(tx, r, m); err != nil || twice {
		return p, core.Twice, err
	}
	return ContactPreview{ID: r.EntryID, Campaign: r.CampaignID, Contact: r.ContactID, Name: name.Reveal(), Number: phone.Reveal(), TimeZone: r.TimeZone, Attempts: r.Attempts, Most: m.MaxAttempts,
		Reason: core.Reason(r.Reason), Outcome: r.Outcome, Until: r.Until, own: phone}, "", nil
}

// called says whether the campaign has a contact by another of its lists: its order, or
// having got to it there, goes before.
func called(tx *store.Tx, r store.CampaignContactRow, m setup.Campaign) (bool, error) {
	all, err := tx.CampaignsOf(r.ContactID)
	return slices.ContainsFunc(all, func(o store.CampaignContactRow) bool {
		if o.CampaignID != r.CampaignID || o.EntryID == r.EntryID || o.Reason == string(core.Twice) {
			return false
		}
		return o.State != string(core.Pending) || o.Attempts > 0 || o.Place < r.Place && slices.Contains(m.Lists, o.ListID)
	}), err
}

// What one transaction does at most, so that nobody else waits long for the database.
const (
	pulled  = 200 // contacts of a list that come into a campaign
	looked  = 10  // contacts of a time zone that are looked at
	dropped = 50  // contacts that are found not to be called
)

// Next gives an agent the contact to be called next in a campaign: the one that it has, if
// its time is not over. One agent has one contact.
func (s *Service) Next(ctx context.Context, a access.Actor, campaign string) (NextContact, error) {
	plan, m, err := s.running(ctx, a, campaign)
	if err != nil {
		return NextContact{}, err
	}
	if err := s.settle(ctx, a.Tenant, plan); err != nil {
		return NextContact{}, err
	}
	var out NextContact
	more := true
	for lost := 0; more && err == nil; {
		err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
			out, more, err = s.next(tx, a, campaign, m, plan)
			return err
		})
		if errs.Is(err, errs.Conflict) && lost < 20 { // another agent has it
			lost, more, err = lost+1, true, nil
		}
	}
	if err == nil && out.Next != nil {
		err = s.Contacts.Seen(ctx, a, out.Next.Contact)
	}
	return out, err
}

// next is one step to the next contact; more says that others are to follow.
func (s *Service) next(tx *store.Tx, a access.Actor, campaign string, m setup.Campaign, plan Plan) (out NextContact, more bool, err error) {
	now := s.Clock.Now()
	held, err := tx.HeldContacts(a.User)
	if err != nil {
		return out, false, err
	}
	for _, r := range held { // one at a time, also over campaigns
		if r.State == string(core.Claimed) && r.CampaignID != campaign {
			if err := s.put(tx, r, core.Release(contactOf(r))); err != nil {
				return out, false, err
			}
		}
	}
	open := plan.open(m, now)
	for range dropped {
		rows, zones, pulled, err := s.candidates(tx, a.User, campaign, m, open, now)
		if err != nil || pulled {
			return out, pulled, err
		}
		contacts := make([]core.Contact, len(rows))
		for i, r := range rows {
			contacts[i] = contactOf(r)
		}
		i := core.Next(contacts, a.User, now, open)
		if i < 0 {
			out, err = s.none(tx, campaign, m, plan, zones, now)
			return out, false, err
		}
		c := contacts[i]
		p, why, err := s.preview(tx, rows[i], m)
		if err != nil {
			return out, false, err
		}
		if why != "" {
			if err := s.put(tx, rows[i], core.Skip(c, why, 0, now)); err != nil {
				return out, false, err
			}
			continue
		}
		if c.State != core.Claimed || c.Agent != a.User || !now.Before(c.Until) {
			c = m.Decides().Claim(c, a.User, now)
			if err := s.put(tx, rows[i], c); err != nil {
				return out, false, err
			}
		}
		p.Until = c.Until
		return NextContact{Next: &p}, false, nil
	}
	return out, true, nil
}

// candidates are the contacts among which the next is, and the time zones of all; more says
// that the campaign took others of its lists instead, to be looked at in another step.
func (s *Service) candidates(tx *store.Tx, agent, campaign string, m setup.Campaign, open func(string) bool, now time.Time) (rows []store.CampaignContactRow, zones []string, more bool, err error) {
	held, err := tx.HeldContacts("")
	if err != nil {
		return nil, nil, false, err
	}
	own := false
	for _, r := range held {
		if r.State == string(core.Claimed) && r.CampaignID == campaign && slices.Contains(m.Lists, r.ListID) {
			rows, own = append(rows, r), own || r.AgentID == agent && now.Before(r.Until)
		}
	}
	if zones, err = zonesOf(tx, campaign); err != nil || own {
		return rows, zones, false, err
	}
	found := false
	for _, zone := range zones {
		if !open(zone) {
			continue
		}
		for _, state := range []core.State{core.RetryAt, core.Pending} {
			due, err := tx.DueContacts(campaign, zone, m.Lists, string(state), agent, now, now.Add(-core.OwnFor), looked)
			if err != nil {
				return nil, nil, false, err
			}
			rows, found = append(rows, due...), found || len(due) > 0
		}
	}
	if !found {
		more, err = s.pull(tx, campaign, m)
	}
	return rows, zones, more, err
}

func zonesOf(tx *store.Tx, campaign string) (zones []string, err error) {
	zone, found, err := tx.ZoneAfter(campaign, "", true)
	for found && err == nil {
		zones = append(zones, zone)
		zone, found, err = tx.ZoneAfter(campaign, zone, false)
	}
	return zones, err
}

// pull takes more of a campaign's lists into it; false if it has all.
func (s *Service) pull(tx *store.Tx, campaign string, m setup.Campaign) (bool, error) {
	for n, list := range m.Lists {
		after, err := tx.Reached(campaign, list)
		if err != nil {
			return false, err
		}
		entries, err := tx.ListContacts(list, after, pulled)
		if err != nil {
			return false, err
		}
		for _, e := range entries {
			row := store.CampaignContactRow{CampaignID: campaign, EntryID: e.ID, ListID: list, Seq: e.Seq, Place: int64(n)<<40 + e.Seq, ContactID: e.ContactID, TimeZone: e.TimeZone,
				State: string(core.Pending), ChangedAt: s.Clock.Now()}
			has, err := tx.CampaignHas(campaign, e.ContactID)
			if err != nil {
				return false, err
			}
			if has { // by another list
				row.State, row.Reason = string(core.Excluded), string(core.Twice)
			}
			if _, err := tx.InsertCampaignContact(row); err != nil {
				return false, err
			}
		}
		if len(entries) > 0 {
			return true, nil
		}
	}
	return s.pullTwice(tx, campaign, m)
}

// pullTwice takes those into a campaign that it left out for being in a list that it does
// not call any more; false if there are none.
func (s *Service) pullTwice(tx *store.Tx, campaign string, m setup.Campaign) (bool, error) {
	out := false
	list, found, err := tx.CalledListAfter(campaign, "")
	for found && !out && err == nil {
		out = !slices.Contains(m.Lists, list)
		list, found, err = tx.CalledListAfter(campaign, list)
	}
	if err != nil || !out {
		return false, err
	}
	rows, err := tx.TwiceLeft(campaign, m.Lists, pulled)
	for _, r := range rows {
		if err := s.put(tx, r, m.Decides().Readmit(contactOf(r))); err != nil {
			return false, err
		}
	}
	return len(rows) > 0, err
}

// none says why there is no contact.
func (s *Service) none(tx *store.Tx, campaign string, m setup.Campaign, plan Plan, zones []string, now time.Time) (NextContact, error) {
	out := NextContact{Why: "empty"}
	sooner := func(why string, at time.Time) {
		if out.At.IsZero() || !at.IsZero() && at.Before(out.At) {
			out.Why, out.At = why, at
		}
	}
	open := plan.open(m, now)
	for _, zone := range zones {
		due, err := tx.NextDue(campaign, zone, m.Lists, now)
		if err != nil {
			return out, err
		}
		if open(zone) {
			if !due.IsZero() {
				sooner("later", due)
			}
			continue
		}
		waiting := !due.IsZero()
		for _, state := range []core.State{core.RetryAt, core.Pending} {
			rows, err := tx.DueContacts(campaign, zone, m.Lists, string(state), "", now, now.Add(-core.OwnFor), 1)
			if err != nil {
				return out, err
			}
			waiting = waiting || len(rows) > 0
		}
		if !waiting {
			continue
		}
		h := plan.Hours[m.Hours]
		if zone != "" {
			h.TimeZone = zone
		}
		opens, _ := setup.NextChange(h, now)
		sooner("hours", opens)
	}
	return out, nil
}

// had is a contact that an agent has, whose time is not over.
func (s *Service) had(tx *store.Tx, a access.Actor, campaign, entry string) (store.CampaignContactRow, error) {
	r, err := tx.CampaignContact(campaign, entry)
	if errs.Is(err, errs.NotFound) || err == nil && r.AgentID != a.User {
		return r, errs.New(errs.NotFound, "You do not have this contact.")
	}
	if err == nil && (r.State != string(core.Claimed) || !s.Clock.Now().Before(r.Until)) {
		err = errs.New(errs.Conflict, "The time for this contact is over. Ask for the next one.")
	}
	return r, err
}

func mustNot() error {
	return errs.New(errs.Conflict, "This contact must not be called any more. Ask for the next one.")
}

// Call calls the contact that an agent has. Whether it may be called is asked once more:
// the do-not-call list, the person's restriction, the campaign's state and its hours.
func (s *Service) Call(ctx context.Context, a access.Actor, campaign, entry string) (interaction string, err error) {
	plan, m, err := s.running(ctx, a, campaign)
	if err != nil {
		return "", err
	}
	if err := s.settle(ctx, a.Tenant, plan); err != nil {
		return "", err
	}
	var p ContactPreview
	var why core.Reason
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		r, err := s.had(tx, a, campaign, entry)
		if err != nil {
			return err
		}
		if !plan.open(m, s.Clock.Now())(r.TimeZone) {
			return errs.New(errs.Conflict, "It is out of the hours in which this contact may be called.")
		}
		if !slices.Contains(m.Lists, r.ListID) {
			return mustNot()
		}
		p, why, err = s.preview(tx, r, m)
		return err
	})
	if err != nil {
		return "", err
	}
	if why != "" {
		err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
			r, err := s.had(tx, a, campaign, entry)
			if err == nil {
				err = s.put(tx, r, core.Skip(contactOf(r), why, 0, s.Clock.Now()))
			}
			return err
		})
		if err == nil {
			err = mustNot()
		}
		return "", err
	}
	return s.Calls.CallFor(ctx, a.Tenant, a.User, m.Queue, p.own, secret.New(p.Name), m.Caller, campaign, func(tx *store.Tx, interaction string) error {
		r, err := s.had(tx, a, campaign, entry)
		if err != nil {
			return err
		}
		_, why, err := s.preview(tx, r, m)
		if err == nil && why != "" { // since a moment ago
			err = mustNot()
		}
		if err != nil {
			return err
		}
		r.InteractionID = interaction
		return s.put(tx, r, core.Dial(contactOf(r)))
	})
}

// Skipping is why an agent does not call a contact.
type Skipping struct {
	Why     core.Reason `json:"why" enum:"later,refused,bad_number,do_not_call" doc:"later: it comes back after minutes. refused: it is not called in this campaign. bad_number: it cannot be called. do_not_call: its number is put on the do-not-call list."`
	Minutes int         `json:"minutes,omitempty" minimum:"0" maximum:"43200" doc:"With later; 0 is an hour."`
}

// Skip puts the contact off that an agent has, or takes it out of the campaign.
func (s *Service) Skip(ctx context.Context, a access.Actor, campaign, entry string, how Skipping) error {
	after := time.Duration(how.Minutes) * time.Minute
	if after == 0 {
		after = time.Hour
	}
	return s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		r, err := s.had(tx, a, campaign, entry)
		if err != nil {
			return err
		}
		if err := s.put(tx, r, core.Skip(contactOf(r), how.Why, after, s.Clock.Now())); err != nil || how.Why != core.DoNotCall {
			return err
		}
		return s.never(tx, entry, a.User)
	})
}

// furthest is how far off a time may be that is agreed with a person.
const furthest = 90 * 24 * time.Hour

// Again notes the time that was agreed with the person of a call; the zero time takes it
// back. Who may handle the call has been asked.
func (s *Service) Again(ctx context.Context, a access.Actor, interaction string, at time.Time, own bool) error {
	if now := s.Clock.Now(); !at.IsZero() && (at.Before(now) || at.After(now.Add(furthest))) {
		return errs.Bad("at", "must be a time within the next 90 days")
	}
	return s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		r, err := tx.CampaignCall(interaction)
		if errs.Is(err, errs.NotFound) || err == nil && r.State != string(core.Dialing) {
			return errs.New(errs.Conflict, "This is no call of a campaign, or it has ended.")
		}
		if err != nil {
			return err
		}
		r.AgainAt, r.AgainOwn, r.AgentID, r.ChangedAt = at, own, a.User, s.Clock.Now()
		return tx.UpdateCampaignContact(r)
	})
}
