package server

import (
	"context"
	"encoding/json"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/contact"
	"nubitalk/internal/app/floor"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Where a part and who uses it do not meet by themselves. Nothing is decided
// here.

// accountDoors is the accounts as the doors need them: a new tenant's floor
// opens at once.
type accountDoors struct {
	*account.Service
	founded func(context.Context, id.Tenant)
	changed func(id.Tenant)
	reload  func(context.Context, id.Tenant) // the floor, if it is here
}

func (d accountDoors) CreateOrganisation(ctx context.Context, a access.Actor, n account.NewOrganisation) (account.Organisation, account.User, secret.Text, error) {
	org, user, password, err := d.Service.CreateOrganisation(ctx, a, n)
	if err == nil {
		d.founded(ctx, org.ID)
	}
	return org, user, password, err
}

func (d accountDoors) SignUp(ctx context.Context, from account.From, code secret.Text, n account.NewSignUp) (account.Organisation, account.SignedIn, error) {
	org, in, err := d.Service.SignUp(ctx, from, code, n)
	if err == nil {
		d.founded(ctx, org.ID)
	}
	return org, in, err
}

// runTrial lets floors and entry points see at once that a trial is over.
func (d accountDoors) runTrial(ctx context.Context, job store.JobRow) error {
	err := d.Service.RunTrial(ctx, job)
	if err == nil {
		d.changed(job.Tenant)
	}
	return err
}

// UpdateOrganisation lets floors and entry points see at once that a tenant is
// suspended or works again.
func (d accountDoors) UpdateOrganisation(ctx context.Context, a access.Actor, org id.Tenant, version int64, c account.OrganisationChange) (account.Organisation, error) {
	o, err := d.Service.UpdateOrganisation(ctx, a, org, version, c)
	if err == nil && c.Status != nil {
		d.changed(org)
		if o.Status == account.Active {
			d.founded(ctx, org)
		}
	}
	return o, err
}

// BeginEnd lets floors and entry points see at once that nothing arrives any more.
func (d accountDoors) BeginEnd(ctx context.Context, a access.Actor, org id.Tenant, version int64, terms account.EndTerms) (account.Organisation, error) {
	o, err := d.Service.BeginEnd(ctx, a, org, version, terms)
	if err == nil {
		d.changed(org)
	}
	return o, err
}

// CallOffEnd lets them see that the tenant works again.
func (d accountDoors) CallOffEnd(ctx context.Context, a access.Actor, org id.Tenant, version int64) (account.Organisation, error) {
	o, err := d.Service.CallOffEnd(ctx, a, org, version)
	if err == nil {
		d.changed(org)
		if o.Status == account.Active {
			d.founded(ctx, org)
		}
	}
	return o, err
}

// AskEnd lets floors and entry points see at once that nothing arrives any more.
func (d accountDoors) AskEnd(ctx context.Context, a access.Actor, terms account.EndTerms) (account.Ending, error) {
	e, err := d.Service.AskEnd(ctx, a, terms)
	if err == nil && !e.EndsAt.IsZero() {
		d.changed(a.Tenant)
	}
	return e, err
}

// TakeBackEnd lets them see that the tenant works again.
func (d accountDoors) TakeBackEnd(ctx context.Context, a access.Actor) (account.Ending, error) {
	e, err := d.Service.TakeBackEnd(ctx, a)
	if err == nil {
		d.changed(a.Tenant)
		d.founded(ctx, a.Tenant)
	}
	return e, err
}

// SetSkill answers when the floor has taken the change, so that what is asked of
// it next is true.
func (d accountDoors) SetSkill(ctx context.Context, a access.Actor, user, skill string, level, was int) (int, error) {
	now, err := d.Service.SetSkill(ctx, a, user, skill, level, was)
	if err == nil {
		d.reload(ctx, a.Tenant)
	}
	return now, err
}

// setupDoors is the set-up as the doors need it.
type setupDoors struct {
	*appsetup.Service
	reload func(context.Context, id.Tenant)
}

// SetMember answers when the floor has taken the change.
func (d setupDoors) SetMember(ctx context.Context, a access.Actor, queue, user string, member bool) error {
	err := d.Service.SetMember(ctx, a, queue, user, member)
	if err == nil {
		d.reload(ctx, a.Tenant)
	}
	return err
}

// closed hears on every node that an organisation ended: its floor, its live
// connections and all that is kept in memory of it end here.
func (p *parts) closed(e bus.Event) {
	var c account.Closing
	if e.Kind != account.OrganisationClosed || json.Unmarshal(e.Data, &c) != nil {
		return
	}
	changed := bus.Event{Tenant: c.Organisation, Kind: setupChanged}
	p.setups.hear(changed)
	p.people.hear(changed)
	p.contacts.ForgetTenant(c.Organisation)
	p.live.End(c.Organisation, account.EndedClosed)
}

// leavers takes a deleted user out of the set-up that names it.
type leavers struct{ setup *appsetup.Service }

var _ account.Leavers = leavers{}

func (l leavers) DropUser(tx *store.Tx, a access.Actor, user string) (func(), error) {
	changes, err := l.setup.DropUser(tx, a, user)
	return func() { l.setup.Tell(changes) }, err
}

// reader says whether an actor may read an interaction now (live.Reader).
type reader struct {
	floor    *floor.Manager
	contacts *contact.Service
}

// MayRead also notes in the audit log that the actor reads along.
func (r reader) MayRead(ctx context.Context, a access.Actor, interaction string) error {
	w, err := r.floor.Work(ctx, a, access.WorkRead, interaction)
	if err != nil {
		return err
	}
	return r.contacts.Seen(ctx, a, w.Contact)
}

func each[A, B any](list []A, fn func(A) B) []B {
	out := make([]B, len(list))
	for i, v := range list {
		out[i] = fn(v)
	}
	return out
}
