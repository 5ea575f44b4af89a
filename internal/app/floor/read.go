package floor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/memory"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// load reads what routing needs of the set-up and the users.
func (m *Manager) load(ctx context.Context, t id.Tenant) (Plan, map[string]person, error) {
	plan, err := m.Setup.Plan(ctx, t)
	if err != nil {
		return Plan{}, nil, err
	}
	people := map[string]person{}
	err = m.DB.Read(ctx, t, func(tx *store.Tx) error {
		users, err := tx.Users()
		for _, u := range users {
			if u.Status == "deleted" {
				continue
			}
			p := person{name: u.UserName, since: u.CreatedAt, capacity: map[acd.Channel]int{acd.Chat: plan.Rules.ChatCapacity, acd.Voice: 1, acd.Email: 1}}
			for ch, n := range u.Capacity {
				if n > 0 {
					p.capacity[acd.Channel(ch)] = n
				}
			}
			p.who = setup.Agent{ID: u.ID, Skills: u.Skills, Teams: u.Teams, Site: u.Site, Language: u.Language}
			active := u.Status == "active"
			p.watches = active && access.Reach(u.Actor(t), access.FloorWatch) > access.Own
			p.serves = active && u.Serves()
			p.agent = active && u.UsesDesk()
			people[u.ID] = p
		}
		return err
	})
	return plan, people, err
}

// stored is what a floor is rebuilt from.
type stored struct {
	items    []*item           // by arrival
	flows    map[string][]byte // of those in their flow
	offers   []store.OfferRow
	agents   []store.AgentRow
	segments map[string]store.SegmentRow // the running one, or the last
	day      storedDay
	alerts   []store.AlertRow // those that last
}

// readStored begins to read what is stored, in several goroutines, and returns
// what waits for it. Nobody but this floor writes what they read, so all see the
// same.
func (f *floor) readStored(ctx context.Context, queues []string) (wait func() (stored, error)) {
	s := stored{segments: map[string]store.SegmentRow{}}
	works, rest := make(chan error, 1), make(chan error, 1)
	day := f.day
	go func() {
		var err error
		s.items, s.flows, err = f.readItems(ctx)
		works <- err
	}()
	go func() {
		rest <- f.m.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) {
			clear(s.segments) // it may run again
			if s.offers, err = tx.PendingOffers(); err != nil {
				return err
			}
			if s.agents, err = tx.Agents(); err != nil {
				return err
			}
			if s.alerts, err = tx.OpenAlerts(); err != nil {
				return err
			}
			if s.day, err = readEnded(tx, day, queues); err != nil {
				return err
			}
			return tx.EachOpenSegment(func(seg store.SegmentRow) error {
				if old, ok := s.segments[seg.InteractionID]; !ok || old.Number < seg.Number {
					s.segments[seg.InteractionID] = seg
				}
				return nil
			})
		})
	}()
	return func() (stored, error) {
		if err := errors.Join(<-works, <-rest); err != nil {
			return s, err
		}
		return s, f.lastSegments(ctx, &s)
	}
}

// expect lets the collector rest until what is going to be read fits.
func (f *floor) expect(ctx context.Context) (release func(), err error) {
	var open int64
	err = f.m.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) {
		open, err = tx.CountOpenInteractions()
		return err
	})
	if open < fewItems {
		return func() {}, err
	}
	return memory.Reserve(open * itemMemory), err
}

// lastSegments reads the last segment of those of which none runs.
func (f *floor) lastSegments(ctx context.Context, s *stored) error {
	return f.m.DB.Read(ctx, f.tenant, func(tx *store.Tx) error {
		for _, it := range s.items {
			if _, runs := s.segments[it.ID]; runs {
				continue
			}
			all, err := tx.Segments(it.ID)
			if err != nil {
				return err
			}
			if len(all) > 0 {
				s.segments[it.ID] = all[len(all)-1]
			}
		}
		return nil
	})
}

const (
	// keysTogether is how many people's keys are asked for at once.
	keysTogether = 1000
	// itemMemory is about what reading an interaction takes, in bytes: what is
	// kept of it, and what is thrown away. Of few it is not worth a thought.
	itemMemory = 6 << 10
	fewItems   = 10_000
)

// readItems reads the open interactions and opens what is sealed of them: the
// names, and where those stand that are in their flow. One whose person was
// erased is left out. There may be very many, so they are not held twice, and
// one part is opened while the next is read.
func (f *floor) readItems(ctx context.Context) (items []*item, flows map[string][]byte, err error) {
	err = f.m.DB.Read(ctx, f.tenant, func(tx *store.Tx) error {
		parts, opened := make(chan []*item, 2), make(chan error, 1)
		items, flows = nil, map[string][]byte{} // it may run again
		go func() {
			var failed error
			for some := range parts {
				if failed == nil {
					items, failed = f.openItems(ctx, items, some, flows)
				}
			}
			opened <- failed
		}()
		var some []*item
		err := tx.EachOpenInteraction(func(r store.InteractionRow) error {
			it := &item{Interaction: View(r, ""), row: r, stored: r, place: r.Place, entered: r.EnteredAt, wants: r.Wants}
			it.Tenant = f.tenant
			if some = append(some, it); len(some) == keysTogether {
				parts <- some
				some = make([]*item, 0, keysTogether)
			}
			return nil
		})
		parts <- some
		close(parts)
		return errors.Join(err, <-opened)
	})
	slices.SortFunc(items, byArrival) // they are, but for how an engine compares ids
	return items, flows, err
}

// openItems appends some to items, opened, and adds to flows.
func (f *floor) openItems(ctx context.Context, items, some []*item, flows map[string][]byte) ([]*item, error) {
	contacts := make([]string, len(some))
	for i, it := range some {
		contacts[i] = it.Contact
	}
	if err := f.m.Vault.Prepare(ctx, f.tenant, contacts); err != nil {
		return items, err
	}
	for _, it := range some {
		flow, err := f.openItem(ctx, it)
		if errs.Is(err, errs.Gone) {
			continue
		}
		if err != nil {
			return items, err
		}
		if items = append(items, it); flow != nil {
			flows[it.ID] = flow
		}
	}
	return items, nil
}

func (f *floor) openItem(ctx context.Context, it *item) (flow []byte, err error) {
	name, err := f.m.Vault.OpenContact(ctx, f.tenant, it.Contact, nameAt(it.ID), it.row.NameSealed)
	if err != nil {
		return nil, fmt.Errorf("opening the name of %s: %w", it.ID, err)
	}
	it.Name = reveal(name)
	if it.State != "in_flow" {
		return nil, nil
	}
	raw, err := f.m.Vault.OpenContact(ctx, f.tenant, it.Contact, flowAt(it.ID), it.row.FlowSealed)
	if err != nil {
		return nil, fmt.Errorf("opening the flow of %s: %w", it.ID, err)
	}
	return raw.Reveal(), nil
}
