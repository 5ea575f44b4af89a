package floor

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

// arrival is what comes to a floor, until it is stored.
type arrival struct {
	channel.Arrival
	it      *item
	contact string // once it is settled
}

// Arrive stores the interaction with its contact and consent, and starts its flow: in
// one transaction, or where transactions may run again (PostgreSQL) in two. After a crash
// between these, the flow starts when the floor is rebuilt.
func (m *Manager) Arrive(ctx context.Context, a channel.Arrival) (interaction, contact string, err error) {
	f, err := m.need(ctx, a.Tenant)
	if err != nil {
		return "", "", err
	}
	if a.Outgoing != nil {
		if err := m.mayBegin(ctx, a.Tenant, a.Channel, *a.Outgoing); err != nil {
			return "", "", err
		}
	}
	if a.Placed != nil {
		if err := m.mayPlace(ctx, a.Tenant, *a.Placed); err != nil {
			return "", "", err
		}
	}
	campaign := ""
	if a.Outgoing != nil {
		campaign = a.Outgoing.Campaign
	}
	it := &item{Interaction: Interaction{ID: m.IDs.New(id.Interaction), Tenant: a.Tenant, Channel: a.Channel, EntryPoint: a.EntryPoint,
		Name: a.Name.Reveal(), State: "arriving", Language: a.Language, LeftMessage: a.LeftMessage, Outgoing: a.Outgoing != nil, Campaign: campaign, Mailbox: a.Mailbox, ArrivedAt: m.Clock.Now(), Version: 1}, greeting: a.Greeting, parking: a.Parking, mail: a.Mail}
	n := &arrival{Arrival: a, it: it}
	unheard := false
	enter := func(f *floor, now time.Time) error {
		if f.items[it.ID] != nil { // a rebuild may have found it already
			return nil
		}
		if unheard = !unheard && a.Outgoing == nil && a.Placed == nil && !f.hasFlow(it); unheard {
			return nil
		}
		f.items[it.ID] = it
		f.allowTalk(it)
		if a.Outgoing != nil {
			return f.callOut(it, *a.Outgoing, now)
		}
		if a.Placed != nil {
			f.placed(it, *a.Placed, now)
			return nil
		}
		f.begin(it, now)
		return nil
	}
	c := &call{about: acd.Subject{Work: it.ID}, fn: enter, done: make(chan struct{})}
	if m.DB.Once() {
		c.arrival = n
		if err = f.hand(ctx, c); errs.Is(err, errs.Fenced) {
			err = moving()
		}
	} else if err = m.storeApart(ctx, f, n); err == nil {
		err = m.doAbout(ctx, a.Tenant, c.about, enter)
	}
	if err == nil && unheard {
		// Its entry point was made a moment ago, and who saw it arrive heard of that before the floor.
		if err = m.Reload(ctx, a.Tenant); err == nil {
			err = m.doAbout(ctx, a.Tenant, c.about, enter)
		}
	}
	if n.contact == "" { // it was not stored
		return "", "", err
	}
	return it.ID, n.contact, err
}

// storeApart stores an arrival in a transaction of its own.
func (m *Manager) storeApart(ctx context.Context, f *floor, n *arrival) error {
	err := m.DB.Write(ctx, f.tenant, func(tx *store.Tx) error {
		if err := tx.CheckFence(leaseName, f.fence); err != nil { // its floor would not hear of it here
			return err
		}
		if err := m.settle(tx, n); err != nil {
			return err
		}
		return n.insert(tx)
	})
	switch {
	case errs.Is(err, errs.Fenced):
		return moving()
	case err != nil && m.arrived(ctx, f.tenant, n.it.ID):
		return nil
	}
	return err
}

// arrived says whether an arrival is stored although its commit was answered
// with an error: then it must go on, or nobody would ever serve it.
func (m *Manager) arrived(ctx context.Context, t id.Tenant, interaction string) bool {
	return m.DB.Read(ctx, t, func(tx *store.Tx) error { _, err := tx.Interaction(interaction); return err }) == nil
}

// settle finds out whose an arrival is, and makes its row.
func (m *Manager) settle(tx *store.Tx, n *arrival) error {
	a, it := n.Arrival, n.it
	ctx := tx.Context()
	contact, err := m.Contacts.Resolve(tx, a, it.ID)
	if err != nil {
		return err
	}
	name, err := m.Vault.SealContact(ctx, a.Tenant, contact, nameAt(it.ID), []byte(a.Name.Reveal()))
	if err != nil {
		return err
	}
	none, err := m.Vault.SealContact(ctx, a.Tenant, contact, flowAt(it.ID), []byte("{}"))
	if err != nil {
		return err
	}
	last, err := tx.LastAgent(contact)
	if err != nil {
		return err
	}
	if a.Prefers != "" {
		last = a.Prefers
	}
	n.contact, it.Contact = contact, contact
	it.row = store.InteractionRow{ID: it.ID, Channel: string(a.Channel), EntryPointID: a.EntryPoint, FlowSealed: none, ContactID: contact, NameSealed: name, PreferredID: last,
		State: it.State, Language: a.Language, LeftMessage: a.LeftMessage, Outgoing: a.Outgoing != nil, CampaignID: it.Campaign, Mailbox: a.Mailbox, ArrivedAt: it.ArrivedAt, Version: 1}
	return nil
}

// insert stores an arrival as it came.
func (n *arrival) insert(tx *store.Tx) error {
	if err := tx.InsertInteraction(n.it.row); err != nil {
		return err
	}
	n.it.stored = n.it.row
	return n.open(tx)
}

// open stores what the channel needs beside the interaction.
func (n *arrival) open(tx *store.Tx) error {
	if n.Open == nil {
		return nil
	}
	return n.Open(tx, n.it.ID, n.it.Contact)
}

// put stores an interaction as it is now.
func (it *item) put(tx *store.Tx, r store.InteractionRow) error {
	if it.unstored == nil {
		return tx.ChangeInteraction(it.stored, r)
	}
	if err := tx.InsertInteraction(r); err != nil {
		return err
	}
	if err := it.unstored.open(tx); err != nil || r.ClosedAt.IsZero() {
		return err
	}
	return tx.ConversationClosed(it.ID)
}

// arrives says whether a call brings something that is still to be stored.
func (c *call) arrives() bool { return c.arrival != nil && c.err == nil }

// decide lets the calls of a turn decide, and commits what came of it. What arrives is
// stored in the same transaction: before anything is decided, so that one that is refused
// keeps no other from it; what cannot be refused is stored as its flow left it.
func (f *floor) decide(ctx context.Context, calls []*call, now time.Time) (outcome, error) {
	for slices.ContainsFunc(calls, (*call).arrives) {
		decided := false
		var refused *call
		out, err := f.store(ctx, func(tx *store.Tx) error {
			for _, c := range calls {
				if !c.arrives() {
					continue
				}
				refused = c
				err := f.m.settle(tx, c.arrival)
				if err == nil && !c.arrival.Sure {
					err = c.arrival.insert(tx)
				}
				if err != nil {
					return err
				}
			}
			decided = true
			f.answer(calls, now)
			return f.insertUnheard(tx, calls)
		})
		if decided {
			return out, err
		}
		for _, c := range calls {
			if c.arrives() && (refused == nil || refused == c) { // none: no transaction could begin
				c.err = err
			}
		}
		if errs.Is(err, errs.Fenced) {
			return out, err
		}
	}
	f.answer(calls, now)
	return f.commit(ctx)
}

// answer lets the calls of a turn decide.
func (f *floor) answer(calls []*call, now time.Time) {
	for _, c := range calls {
		if c.err != nil {
			continue
		}
		if c.arrival != nil && c.arrival.Sure {
			c.arrival.it.unstored = c.arrival
		}
		c.err = c.fn(f, now)
	}
	f.comesBack(now)
	f.summarise(now)
}

// insertUnheard stores what arrived and that no flow has begun for.
func (f *floor) insertUnheard(tx *store.Tx, calls []*call) error {
	for _, c := range calls {
		if c.arrival == nil || c.arrival.it.unstored == nil || f.batch.items[c.arrival.it.ID] != nil {
			continue
		}
		if err := c.arrival.insert(tx); err != nil {
			return err
		}
		c.arrival.it.unstored = nil
	}
	return nil
}
