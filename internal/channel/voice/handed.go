package voice

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Handed is a call that was handed over to an outside number and goes on without
// any of the tenant's people.
type Handed struct {
	Interaction string    `json:"interaction"`
	Queue       string    `json:"queue,omitempty"`
	Trunk       string    `json:"trunk,omitempty" doc:"Name of the trunk by which the outside number is called, or of the phone that took the call back from where it was parked."`
	Since       time.Time `json:"since" doc:"When the outside number answered: its minutes count from here on."`
	Until       time.Time `json:"until,omitzero" doc:"When the call ends, if no other call uses the trunk's minutes meanwhile, because they are used up; absent: no bound."`
	Ended       bool      `json:"ended"`
}

// HandedOver are a tenant's calls that go on with an outside number, the oldest
// first.
func (s *Service) HandedOver(t id.Tenant) []Handed {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Handed{}
	for interaction, h := range s.handed {
		if c := s.calls[interaction]; c != nil && c.who.Tenant == t {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b Handed) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Interaction, b.Interaction))
	})
	return all
}

// EndHandedOver hangs up a call that goes on with an outside number, for the user
// who wants that. It is noted in the audit log first. Gone when it does not go on.
func (s *Service) EndHandedOver(ctx context.Context, t id.Tenant, interaction, user string) error {
	goesOn := func(c *call) error {
		if !c.handed() || !c.outside.there() {
			return errs.New(errs.Conflict, "This call does not go on with an outside number.")
		}
		return nil
	}
	if _, err := s.acts(ctx, t, interaction, user, goesOn); err != nil {
		return err
	}
	if s.Audit != nil {
		if err := s.DB.Write(ctx, t, func(tx *store.Tx) error { return s.Audit.Append(tx, user, "call.ended", interaction, "") }); err != nil {
			return err
		}
	}
	_, err := s.acts(ctx, t, interaction, user, func(c *call) error {
		c.left()
		return nil
	})
	if errs.Is(err, errs.Gone) { // it ended meanwhile
		return nil
	}
	return err
}

// tellHanded shows those who watch the floor how a call that was handed over goes
// on, as far as that changed.
func (c *call) tellHanded() {
	var now Handed
	if p := c.outside.party; p != nil && c.handed() && !c.over && (c.work.Queue != "" || !isPhone(p.line.trunk)) { // what phones talk of is no work
		now = Handed{Interaction: c.who.Interaction, Queue: c.work.Queue, Since: p.noted.row.AnsweredAt.Truncate(time.Microsecond), Until: p.line.ends}
		if c.s.Network != nil {
			now.Trunk = c.s.Network.Name(p.line.trunk)
			if isPhone(p.line.trunk) && c.s.Phones != nil {
				ph, _ := c.s.Phones.PhoneByID(c.who.Tenant, p.line.trunk)
				now.Trunk = ph.Name
			}
		}
	}
	c.s.mu.Lock()
	before, was := c.s.handed[c.who.Interaction]
	switch {
	case c.s.calls[c.who.Interaction] != c || now == before: // it is not told of, or again
		c.s.mu.Unlock()
		return
	case now.Interaction == "":
		delete(c.s.handed, c.who.Interaction)
	default:
		c.s.handed[c.who.Interaction] = now
	}
	c.s.mu.Unlock()
	if now.Interaction == "" && !was {
		return
	}
	if now.Interaction == "" {
		now = before
		now.Ended = true
	}
	data, err := json.Marshal(now)
	if err != nil {
		return
	}
	e := bus.Event{Tenant: c.who.Tenant, Kind: "handed.changed", Watch: access.FloorWatch, Data: data, In: access.RolePart{Queues: []string{now.Queue}}}
	if err := c.s.Bus.Publish(e); err != nil {
		c.s.Log.Warn("a live event was not published", "tenant", e.Tenant, "kind", e.Kind, "code", errs.As(err).Code)
	}
}
