package server

import (
	"context"
	"sync"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
)

// people gives the names that visitors see. They are kept in memory until the
// user changes.
type people struct {
	accounts *account.Service
	mu       sync.RWMutex
	names    map[id.Tenant]map[string]secret.Text
	stamp    uint64 // grows with each change, so that a reading that a change overtook is not kept
}

var _ chat.People = (*people)(nil)

func newPeople(a *account.Service) *people {
	return &people{accounts: a, names: map[id.Tenant]map[string]secret.Text{}}
}

// PublicName is the display name that a user chose, else its user name, which is
// a pseudonym (notice C24).
func (p *people) PublicName(ctx context.Context, t id.Tenant, user string) string {
	p.mu.RLock()
	name, ok := p.names[t][user]
	stamp := p.stamp
	p.mu.RUnlock()
	if ok {
		return name.Reveal()
	}
	name, err := p.accounts.PublicName(ctx, t, user)
	if err != nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stamp == stamp {
		if p.names[t] == nil {
			p.names[t] = map[string]secret.Text{}
		}
		p.names[t][user] = name
	}
	return name.Reveal()
}

// Signature is what stands below the emails that a user writes. It is read as each leaves.
func (p *people) Signature(ctx context.Context, t id.Tenant, user string) (secret.Text, error) {
	return p.accounts.Signature(ctx, t, user)
}

// hear forgets the names of a tenant whose users changed.
func (p *people) hear(e bus.Event) {
	if e.Kind != setupChanged && e.Kind != bus.Overflow {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stamp++
	switch {
	case e.Kind == setupChanged, e.Kind == bus.Overflow && e.Tenant != "":
		delete(p.names, e.Tenant)
	case e.Kind == bus.Overflow:
		clear(p.names)
	}
}

// desks is the floor as the doors see it: with the note that goes along with a
// transfer, which is the conversation's business.
type desks struct {
	*floor.Manager
	chat *chat.Service
	ids  *id.Source
}

// Transfer writes the note first, so that whoever gets the work finds it there.
func (d desks) Transfer(ctx context.Context, a access.Actor, interaction, queue, user string, note secret.Text) (floor.Interaction, error) {
	if err := d.writes(ctx, a, interaction, note); err != nil {
		return floor.Interaction{}, err
	}
	return d.Manager.Transfer(ctx, a, interaction, queue, user)
}

// TransferToFlow does the same: the note is for whoever has the work after the flow.
func (d desks) TransferToFlow(ctx context.Context, a access.Actor, interaction, flow string, note secret.Text) (floor.Interaction, error) {
	if err := d.writes(ctx, a, interaction, note); err != nil {
		return floor.Interaction{}, err
	}
	return d.Manager.TransferToFlow(ctx, a, interaction, flow)
}

func (d desks) writes(ctx context.Context, a access.Actor, interaction string, note secret.Text) error {
	if note.Empty() {
		return nil
	}
	_, err := d.chat.Send(ctx, a, interaction, d.ids.New(id.Message), chat.KindNote, note)
	return err
}
