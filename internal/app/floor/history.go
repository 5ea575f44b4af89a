package floor

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// Search are the filters of a search; the zero value of each means any.
type Search struct {
	Person   string      // contact id
	Address  secret.Text // exact address of any kind
	Agent    string
	Queue    string
	From     time.Time // arrived at or after
	To       time.Time // arrived before
	Words    secret.Text
	State    string // one of the states, or "open"
	Recorded bool   // has a recording
	Field    string // id of a custom field with a value, as it is stored
	Value    string
	Cursor   string
	Limit    int
}

// Segment is the part of an interaction that one agent, flow or queue held.
type Segment struct {
	Number     int64     `json:"number"`
	HolderKind string    `json:"holder_kind" enum:"flow,queue,agent"`
	Holder     string    `json:"holder"`
	StartedAt  time.Time `json:"started_at"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	Cause      string    `json:"cause" doc:"Why it ended or moved on."`
}

// Work answers with an interaction, open or closed, that the actor may do p to.
// NotFound when it does not exist or is not the actor's business.
func (m *Manager) Work(ctx context.Context, a access.Actor, p access.Permission, interaction string) (Interaction, error) {
	none := errs.New(errs.NotFound, "This interaction does not exist.")
	if !id.Valid(id.Interaction, interaction) {
		return Interaction{}, none
	}
	it, err := m.Interaction(ctx, a.Tenant, interaction)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Unavailable) {
		it, err = m.stored(ctx, a.Tenant, interaction)
	}
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
		return Interaction{}, none
	}
	if err != nil {
		return Interaction{}, err
	}
	if it.Mailbox != "" && it.Mailbox != a.User { // nobody else's business
		return Interaction{}, none
	}
	thing := access.Thing{Tenant: a.Tenant, Holders: holders(it, p), Interaction: it.ID}
	if access.Reach(a, p) == access.SomeOf {
		err := m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
			thing.In, err = tx.Belongs(it.Queue, it.Agent, it.Campaign)
			return err
		})
		if err != nil {
			return Interaction{}, err
		}
	}
	if !access.May(a, p, thing) {
		if p != access.WorkRead || it.MergedInto == "" {
			return Interaction{}, none
		}
		if _, err := m.Work(ctx, a, p, it.MergedInto); err != nil { // who reads the one in which it goes on reads it
			return Interaction{}, err
		}
	}
	return it, nil
}

// holders are the users for whom an interaction is their own: who holds it or
// was offered it; who was asked for help may read and write notes.
func holders(it Interaction, p access.Permission) []string {
	if p == access.WorkHandle || p == access.RecControl {
		return []string{it.Agent}
	}
	return append(slices.Clone(it.Consulted), it.Agent, it.Mailbox)
}

func (m *Manager) stored(ctx context.Context, t id.Tenant, interaction string) (Interaction, error) {
	var row store.InteractionRow
	err := m.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.Interaction(interaction)
		return err
	})
	if err != nil {
		return Interaction{}, err
	}
	return m.reveal(ctx, t, row)
}

func (m *Manager) reveal(ctx context.Context, t id.Tenant, row store.InteractionRow) (Interaction, error) {
	name, err := m.Vault.OpenContact(ctx, t, row.ContactID, nameAt(row.ID), row.NameSealed)
	if err != nil {
		return Interaction{}, err
	}
	return View(row, reveal(name)), nil
}

// Search lists the newest first. An actor with Own reach sees only what it held,
// one with a part of the tenant that part, too.
func (m *Manager) Search(ctx context.Context, a access.Actor, q Search) ([]Interaction, string, error) {
	before, err := store.ReadCursor(q.Cursor, id.Interaction)
	if err != nil {
		return nil, "", err
	}
	f := store.InteractionFilter{Reader: a.User, Agent: q.Agent, Queue: q.Queue, From: q.From, To: q.To, Recorded: q.Recorded, Field: q.Field, Value: q.Value, Before: before, Limit: limitOf(q.Limit) + 1}
	f.Within = store.WithinOf(a, access.WorkSearch)
	if access.Reach(a, access.WorkSearch) == access.None {
		return nil, "", errs.New(errs.Forbidden, "You may not search conversations.")
	}
	if q.State == "open" {
		f.States = openStates
	} else if q.State != "" {
		f.States = []string{q.State}
	}
	ok, err := m.narrow(ctx, a.Tenant, q, &f)
	if err != nil || !ok {
		return nil, "", err
	}
	var rows []store.InteractionRow
	err = m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.SearchInteractions(f)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	next := ""
	if n := f.Limit - 1; len(rows) > n {
		rows = rows[:n]
		next = store.Cursor{At: rows[n-1].ArrivedAt, ID: rows[n-1].ID}.String()
	}
	found := m.revealAll(ctx, a.Tenant, rows)
	return found, next, m.markRecorded(ctx, a.Tenant, found)
}

// markRecorded says which interactions have a recording.
func (m *Manager) markRecorded(ctx context.Context, t id.Tenant, list []Interaction) error {
	ids := make([]string, len(list))
	for i, it := range list {
		ids[i] = it.ID
	}
	var recorded []string
	err := m.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		recorded, err = tx.Recorded(ids)
		return err
	})
	for i := range list {
		list[i].Recorded = slices.Contains(recorded, list[i].ID)
	}
	return err
}

// openStates are all states but closed.
var openStates = []string{"arriving", "in_flow", "queued", "offered", "active", "held", "wrapping"}

// limitOf bounds the length of a page.
func limitOf(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, 200)
}

// revealAll leaves out those whose person is being erased.
func (m *Manager) revealAll(ctx context.Context, t id.Tenant, rows []store.InteractionRow) []Interaction {
	out := make([]Interaction, 0, len(rows))
	for _, r := range rows {
		if it, err := m.reveal(ctx, t, r); err == nil {
			out = append(out, it)
		}
	}
	return out
}

// narrow turns what is personal in a query into keyed indexes; false means that
// nothing can match.
func (m *Manager) narrow(ctx context.Context, t id.Tenant, q Search, f *store.InteractionFilter) (bool, error) {
	if q.Person != "" {
		f.Contacts = []string{q.Person}
	}
	if !q.Address.Empty() {
		ids, err := m.contactsOf(ctx, t, q.Address)
		if err != nil || len(ids) == 0 {
			return false, err
		}
		if q.Person != "" && !slices.Contains(ids, q.Person) {
			return false, nil
		}
		if q.Person == "" {
			f.Contacts = ids
		}
	}
	if q.Words.Empty() {
		return true, nil
	}
	words := privacy.QueryWords(q.Words.Reveal())
	if len(words) == 0 {
		return false, nil
	}
	tokens, err := m.Vault.WordTokens(ctx, t, words)
	f.Tokens = tokens
	return true, err
}

func (m *Manager) contactsOf(ctx context.Context, t id.Tenant, address secret.Text) ([]string, error) {
	var out []string
	for _, kind := range privacy.AddressKinds {
		plain, err := privacy.NormalAddress(kind, address.Reveal(), privacy.RegionOf(m.zone(ctx, t)))
		if err != nil {
			continue // not an address of this kind
		}
		index, err := m.Vault.AddressIndex(ctx, t, kind, plain)
		if err != nil {
			return nil, err
		}
		err = m.DB.Read(ctx, t, func(tx *store.Tx) error {
			row, err := tx.AddressByIndex(kind, index)
			if errs.Is(err, errs.NotFound) {
				return nil
			}
			if err == nil && !slices.Contains(out, row.ContactID) {
				out = append(out, row.ContactID)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// zone is the tenant's time zone, which tells the region of short phone numbers.
func (m *Manager) zone(ctx context.Context, t id.Tenant) string {
	f, err := m.need(ctx, t)
	if err != nil {
		return ""
	}
	return f.zone.Load().(string)
}

// Segments are the parts of an interaction in order. Work has been asked.
func (m *Manager) Segments(ctx context.Context, a access.Actor, interaction string) ([]Segment, error) {
	out := []Segment{}
	err := m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.Segments(interaction)
		out = out[:0]
		for _, r := range rows {
			out = append(out, Segment{Number: r.Number, HolderKind: r.HolderKind, Holder: r.HolderID, StartedAt: r.StartedAt, EndedAt: r.EndedAt, Cause: r.Cause})
		}
		return err
	})
	return out, err
}

// Earlier are a contact's other interactions, the newest first, as far as the
// actor may know of them: whoever handles the person now sees its history, and who
// sees a part of the tenant otherwise the part of it.
func (m *Manager) Earlier(ctx context.Context, a access.Actor, contact, except string, limit int) ([]Interaction, error) {
	var rows []store.InteractionRow
	part := access.Reach(a, access.WorkRead) == access.SomeOf
	if part {
		now, err := m.Interaction(ctx, a.Tenant, except)
		part = err != nil || !slices.Contains(holders(now, access.WorkRead), a.User)
	}
	err := m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if part {
			rows, err = tx.SearchInteractions(store.InteractionFilter{Within: store.WithinOf(a, access.WorkRead), Contacts: []string{contact}, Limit: limit + 1})
			return err
		}
		rows, err = tx.InteractionsOf(contact, store.Cursor{}, limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.InteractionRow) bool { return r.ID == except || r.Mailbox != "" && r.Mailbox != a.User })
	if len(rows) > limit {
		rows = rows[:limit]
	}
	return m.revealAll(ctx, a.Tenant, rows), nil
}
