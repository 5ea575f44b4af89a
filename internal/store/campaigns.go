package store

import (
	"cmp"
	"slices"
	"time"

	"nubitalk/internal/base/secret"
)

// ListContactRow is one contact of a contact list.
type ListContactRow struct {
	ID           string
	ListID       string
	Seq          int64 // its place in the list
	ContactID    string
	AddressIndex secret.Index // of the number that is called
	TimeZone     string       // "" is that of the hours
	AddedAt      time.Time
}

const listContactColumns = "entry_id, list_id, seq, contact_id, address_index, time_zone, added_at"

func scanListContact(r row, c *ListContactRow) error {
	return r.Scan(&c.ID, &c.ListID, &c.Seq, &c.ContactID, indexed(&c.AddressIndex), &c.TimeZone, at(&c.AddedAt))
}

// InsertListContact adds a contact to a list; false if it is in it already. Conflict
// where somebody else took its place in the list.
func (tx *Tx) InsertListContact(c ListContactRow) (added bool, err error) {
	n, err := tx.exec(`INSERT INTO list_contacts (tenant_id, `+listContactColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant_id, list_id, contact_id) DO NOTHING`, string(tx.scope.Tenant), c.ID, c.ListID, c.Seq, c.ContactID, raw(c.AddressIndex), c.TimeZone, us(c.AddedAt))
	return n > 0, err
}

// LastOfList is the highest place of a list; 0 if it is empty.
func (tx *Tx) LastOfList(listID string) (seq int64, err error) {
	_, err = tx.one(`SELECT coalesce(max(seq), 0) FROM list_contacts WHERE tenant_id = $1 AND list_id = $2`, []any{string(tx.scope.Tenant), listID}, &seq)
	return seq, err
}

// ListContacts are at most limit contacts of a list after a place.
func (tx *Tx) ListContacts(listID string, after int64, limit int) ([]ListContactRow, error) {
	return list(tx, scanListContact, `SELECT `+listContactColumns+` FROM list_contacts WHERE tenant_id = $1 AND list_id = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
		string(tx.scope.Tenant), listID, after, limit)
}

// ListContact is one contact of a list.
func (tx *Tx) ListContact(entryID string) (ListContactRow, error) {
	return get(tx, "contact", scanListContact, `SELECT `+listContactColumns+` FROM list_contacts WHERE tenant_id = $1 AND entry_id = $2`, string(tx.scope.Tenant), entryID)
}

// ListsOf are the lists that a contact is in.
func (tx *Tx) ListsOf(contactID string) ([]ListContactRow, error) {
	return list(tx, scanListContact, `SELECT `+listContactColumns+` FROM list_contacts WHERE tenant_id = $1 AND contact_id = $2 ORDER BY list_id`, string(tx.scope.Tenant), contactID)
}

// InList says whether a contact is in a list.
func (tx *Tx) InList(listID, contactID string) (bool, error) {
	var n int
	_, err := tx.one(`SELECT count(*) FROM list_contacts WHERE tenant_id = $1 AND list_id = $2 AND contact_id = $3`, []any{string(tx.scope.Tenant), listID, contactID}, num(&n))
	return n > 0, err
}

// ListSize is how many contacts a list has.
type ListSize struct {
	ListID string
	Size   int
}

// ListSizes are those of all lists that are not empty.
func (tx *Tx) ListSizes() ([]ListSize, error) {
	return list(tx, func(r row, s *ListSize) error { return r.Scan(&s.ListID, num(&s.Size)) },
		`SELECT list_id, count(*) FROM list_contacts WHERE tenant_id = $1 GROUP BY list_id ORDER BY list_id`, string(tx.scope.Tenant))
}

// DeleteListContact takes a contact out of its list, and of the campaigns that call it.
func (tx *Tx) DeleteListContact(entryID string) error {
	if _, err := tx.exec(`DELETE FROM campaign_contacts WHERE tenant_id = $1 AND entry_id = $2`, string(tx.scope.Tenant), entryID); err != nil {
		return err
	}
	n, err := tx.exec(`DELETE FROM list_contacts WHERE tenant_id = $1 AND entry_id = $2`, string(tx.scope.Tenant), entryID)
	return must("contact", n, err)
}

// CampaignContactRow is how a contact stands in a campaign.
type CampaignContactRow struct {
	CampaignID    string
	EntryID       string // of the list
	ListID        string
	Seq           int64 // its place in the list
	Place         int64 // … and in the campaign
	ContactID     string
	TimeZone      string
	State         string
	Reason        string
	AgentID       string
	KeptFor       string // while an agent has it: who had agreed to call it
	Until         time.Time
	DueAt         time.Time
	Attempts      int
	Outcome       string    // the last disposition
	InteractionID string    // of the last call
	AgainAt       time.Time // the time that was agreed in that call
	AgainOwn      bool      // … with its agent itself
	ChangedAt     time.Time
	Version       int64
}

const campaignContactColumns = "campaign_id, entry_id, list_id, seq, place, contact_id, time_zone, state, reason, agent_id, kept_for, until, due_at, attempts, outcome, interaction_id, again_at, again_own, changed_at, version"

func scanCampaignContact(r row, c *CampaignContactRow) error {
	return r.Scan(&c.CampaignID, &c.EntryID, &c.ListID, &c.Seq, &c.Place, &c.ContactID, &c.TimeZone, &c.State, &c.Reason, &c.AgentID, &c.KeptFor, at(&c.Until), at(&c.DueAt), num(&c.Attempts),
		&c.Outcome, &c.InteractionID, at(&c.AgainAt), yes(&c.AgainOwn), at(&c.ChangedAt), &c.Version)
}

// InsertCampaignContact adds a contact to a campaign, at version 1; false if it is there
// already.
func (tx *Tx) InsertCampaignContact(c CampaignContactRow) (bool, error) {
	n, err := tx.exec(`INSERT INTO campaign_contacts (tenant_id, `+campaignContactColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, 1)
		ON CONFLICT (tenant_id, campaign_id, entry_id) DO NOTHING`, string(tx.scope.Tenant), c.CampaignID, c.EntryID, c.ListID, c.Seq, c.Place, c.ContactID, c.TimeZone, c.State, c.Reason,
		c.AgentID, c.KeptFor, us(c.Until), us(c.DueAt), c.Attempts, c.Outcome, c.InteractionID, us(c.AgainAt), bit(c.AgainOwn), us(c.ChangedAt))
	return n > 0, err
}

// UpdateCampaignContact changes how a contact stands if its version still is c.Version.
func (tx *Tx) UpdateCampaignContact(c CampaignContactRow) error {
	n, err := tx.exec(`UPDATE campaign_contacts SET state = $5, reason = $6, agent_id = $7, until = $8, due_at = $9, attempts = $10, outcome = $11, interaction_id = $12, again_at = $13, again_own = $14,
		changed_at = $15, kept_for = $16, version = version + 1 WHERE tenant_id = $1 AND campaign_id = $2 AND entry_id = $3 AND version = $4`, string(tx.scope.Tenant), c.CampaignID, c.EntryID, c.Version,
		c.State, c.Reason, c.AgentID, us(c.Until), us(c.DueAt), c.Attempts, c.Outcome, c.InteractionID, us(c.AgainAt), bit(c.AgainOwn), us(c.ChangedAt), c.KeptFor)
	return tx.swapped("contact", n, err, `SELECT version FROM campaign_contacts WHERE tenant_id = $1 AND campaign_id = $2 AND entry_id = $3`, string(tx.scope.Tenant), c.CampaignID, c.EntryID)
}

// CampaignContact is how a contact stands in a campaign.
func (tx *Tx) CampaignContact(campaignID, entryID string) (CampaignContactRow, error) {
	return get(tx, "contact", scanCampaignContact, `SELECT `+campaignContactColumns+` FROM campaign_contacts WHERE tenant_id = $1 AND campaign_id = $2 AND entry_id = $3`,
		string(tx.scope.Tenant), campaignID, entryID)
}

// CampaignsOf is how a contact stands in all campaigns that got to it.
func (tx *Tx) CampaignsOf(contactID string) ([]CampaignContactRow, error) {
	return list(tx, scanCampaignContact, `SELECT `+campaignContactColumns+` FROM campaign_contacts WHERE tenant_id = $1 AND contact_id = $2 ORDER BY campaign_id, entry_id`,
		string(tx.scope.Tenant), contactID)
}

// CampaignCall is the contact of a campaign whose last call an interaction is.
func (tx *Tx) CampaignCall(interactionID string) (CampaignContactRow, error) {
	return get(tx, "contact", scanCampaignContact, `SELECT `+campaignContactColumns+` FROM campaign_contacts WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID)
}

// TwiceLeft are at most limit contacts of a campaign that were left out for being in another
// of its lists, though that one is called no more and had not got to them.
func (tx *Tx) TwiceLeft(campaignID string, lists []string, limit int) ([]CampaignContactRow, error) {
	if len(lists) == 0 {
		return nil, nil
	}
	args := []any{string(tx.scope.Tenant), campaignID, limit}
	in := binder(&args).list(lists)
	return list(tx, scanCampaignContact, `SELECT `+campaignContactColumns+` FROM campaign_contacts AS c WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'excluded' AND reason = 'twice' AND list_id IN `+in+`
		AND NOT EXISTS (SELECT 1 FROM campaign_contacts AS o WHERE o.tenant_id = $1 AND o.contact_id = c.contact_id AND o.campaign_id = $2 AND o.reason <> 'twice' AND (o.state <> 'pending' OR o.attempts > 0 OR o.list_id IN `+in+`)) LIMIT $3`, args...)
}

// CampaignHas says whether a contact came into a campaign already, by any list.
func (tx *Tx) CampaignHas(campaignID, contactID string) (bool, error) {
	var n int
	_, err := tx.one(`SELECT count(*) FROM campaign_contacts WHERE tenant_id = $1 AND contact_id = $2 AND campaign_id = $3`, []any{string(tx.scope.Tenant), contactID, campaignID}, num(&n))
	return n > 0, err
}

// Reached is how far a campaign got in a list.
func (tx *Tx) Reached(campaignID, listID string) (seq int64, err error) {
	_, err = tx.one(`SELECT coalesce(max(seq), 0) FROM campaign_contacts WHERE tenant_id = $1 AND campaign_id = $2 AND list_id = $3`, []any{string(tx.scope.Tenant), campaignID, listID}, &seq)
	return seq, err
}

// ZoneAfter is the next time zone of a campaign's contacts by name; false if there is
// none. Before the first, after is "" and from says so.
func (tx *Tx) ZoneAfter(campaignID, after string, from bool) (zone string, found bool, err error) {
	compare := ">"
	if from {
		compare = ">="
	}
	found, err = tx.one(`SELECT time_zone FROM campaign_contacts WHERE tenant_id = $1 AND campaign_id = $2 AND time_zone `+compare+` $3 ORDER BY time_zone LIMIT 1`,
		[]any{string(tx.scope.Tenant), campaignID, after}, &zone)
	return zone, found, err
}

// CalledListAfter is the next of the lists that a campaign got to, by id; false if there is
// none.
func (tx *Tx) CalledListAfter(campaignID, after string) (listID string, found bool, err error) {
	found, err = tx.one(`SELECT list_id FROM campaign_contacts WHERE tenant_id = $1 AND campaign_id = $2 AND list_id > $3 ORDER BY list_id LIMIT 1`, []any{string(tx.scope.Tenant), campaignID, after}, &listID)
	return listID, found, err
}

// DueContacts are at most limit contacts of a campaign's lists in a state and a time zone
// that are due, the longest due first. Those kept for another agent come after ownUntil only.
func (tx *Tx) DueContacts(campaignID, zone string, lists []string, state, agentID string, now, ownUntil time.Time, limit int) ([]CampaignContactRow, error) {
	if len(lists) == 0 {
		return nil, nil
	}
	args := []any{string(tx.scope.Tenant), campaignID, zone, state, us(now), agentID, us(ownUntil), limit}
	return list(tx, scanCampaignContact, `SELECT `+campaignContactColumns+` FROM campaign_contacts WHERE tenant_id = $1 AND campaign_id = $2 AND time_zone = $3 AND state = $4
		AND due_at <= $5 AND (agent_id = '' OR agent_id = $6 OR due_at <= $7) AND list_id IN `+binder(&args).list(lists)+` ORDER BY due_at, place LIMIT $8`, args...)
}

// HeldContacts are all contacts that agents have or call; of one agent, or with "" of
// all.
func (tx *Tx) HeldContacts(agentID string) ([]CampaignContactRow, error) {
	args := []any{string(tx.scope.Tenant)}
	own := ""
	if agentID != "" {
		own = " AND agent_id = " + binder(&args)(agentID)
	}
	out, err := list(tx, scanCampaignContact, `SELECT `+campaignContactColumns+` FROM campaign_contacts WHERE tenant_id = $1 AND state IN ('claimed', 'dialing')`+own, args...)
	slices.SortFunc(out, func(a, b CampaignContactRow) int { // here, or an engine walks over all to have their order
		return cmp.Or(cmp.Compare(a.CampaignID, b.CampaignID), cmp.Compare(a.EntryID, b.EntryID))
	})
	return out, err
}

// NextDue is when the next contact of a campaign's lists is to be called again; zero: none is.
func (tx *Tx) NextDue(campaignID, zone string, lists []string, now time.Time) (due time.Time, err error) {
	if len(lists) == 0 {
		return due, nil
	}
	args := []any{string(tx.scope.Tenant), campaignID, zone, us(now)}
	_, err = tx.one(`SELECT coalesce(min(due_at), 0) FROM campaign_contacts WHERE tenant_id = $1 AND campaign_id = $2 AND time_zone = $3 AND state = 'retry_at' AND due_at > $4
		AND list_id IN `+binder(&args).list(lists), args, at(&due))
	return due, err
}

// CampaignCount is how many contacts of a campaign stand somehow.
type CampaignCount struct {
	State    string
	Reason   string
	Outcome  string
	Count    int
	Attempts int
}

// CampaignCounts are those of one campaign.
func (tx *Tx) CampaignCounts(campaignID string) ([]CampaignCount, error) {
	return list(tx, func(r row, c *CampaignCount) error {
		return r.Scan(&c.State, &c.Reason, &c.Outcome, num(&c.Count), num(&c.Attempts))
	}, `SELECT state, reason, outcome, count(*), CAST(coalesce(sum(attempts), 0) AS BIGINT) FROM campaign_contacts WHERE tenant_id = $1 AND campaign_id = $2
		GROUP BY state, reason, outcome ORDER BY 1, 2, 3`, string(tx.scope.Tenant), campaignID)
}

// DoNotCallRow is a number that campaigns do not call, by its blind index alone.
type DoNotCallRow struct {
	AddressIndex secret.Index
	AddedAt      time.Time
	AddedBy      string
}

// PutDoNotCall adds a number; false if it is there already.
func (tx *Tx) PutDoNotCall(d DoNotCallRow) (bool, error) {
	n, err := tx.exec(`INSERT INTO do_not_call (tenant_id, address_index, added_at, added_by) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, address_index) DO NOTHING`,
		string(tx.scope.Tenant), raw(d.AddressIndex), us(d.AddedAt), d.AddedBy)
	return n > 0, err
}

// DoNotCall is the entry of a number; NotFound if there is none.
func (tx *Tx) DoNotCall(index secret.Index) (DoNotCallRow, error) {
	return get(tx, "number", func(r row, d *DoNotCallRow) error {
		return r.Scan(indexed(&d.AddressIndex), at(&d.AddedAt), &d.AddedBy)
	}, `SELECT address_index, added_at, added_by FROM do_not_call WHERE tenant_id = $1 AND address_index = $2`, string(tx.scope.Tenant), raw(index))
}

// DeleteDoNotCall takes a number off the list.
func (tx *Tx) DeleteDoNotCall(index secret.Index) error {
	n, err := tx.exec(`DELETE FROM do_not_call WHERE tenant_id = $1 AND address_index = $2`, string(tx.scope.Tenant), raw(index))
	return must("number", n, err)
}

// CountDoNotCall is how many numbers the list has.
func (tx *Tx) CountDoNotCall() (n int, err error) {
	_, err = tx.one(`SELECT count(*) FROM do_not_call WHERE tenant_id = $1`, []any{string(tx.scope.Tenant)}, num(&n))
	return n, err
}
