package server

import (
	"context"

	"nubitalk/internal/api"
	"nubitalk/internal/app/forward"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/office"
)

// forwardLines are the extensions as those ask who choose where calls go on.
type forwardLines struct{ *handsets }

var (
	_ forward.Lines  = forwardLines{}
	_ api.Forwarding = (*forward.Service)(nil)
)

// Forwarders are a tenant's phones in use that have an extension, as they are stored:
// one that was set up a moment ago is among them.
func (f forwardLines) Forwarders(t id.Tenant) (list []forward.Phone) {
	stored, err := f.setups.app.Phones(context.Background(), t)
	if err != nil {
		return nil
	}
	var own []*phone
	for _, one := range stored {
		own = append(own, f.telephone.phoneOf(t, one))
	}
	return forwarders(own)
}

// forwarders are those of phones that are in use and have an extension.
func forwarders(phones []*phone) (list []forward.Phone) {
	for _, ph := range phones {
		if ph.enabled && ph.Extension != "" {
			list = append(list, forward.Phone{ID: ph.ID, Name: ph.Name, Extension: ph.Extension, User: ph.User})
		}
	}
	return list
}

// Named is what a phone or a ring group is called.
func (f forwardLines) Named(ctx context.Context, t id.Tenant, object string) string {
	if ph, ok := f.telephone.PhoneByID(t, object); ok {
		return ph.Name
	}
	groups, err := f.setups.app.RingGroups(ctx, t)
	for _, g := range groups {
		if err == nil && g.ID == object {
			return g.Name
		}
	}
	return ""
}

// Prompt is a recorded prompt in use.
func (f forwardLines) Prompt(ctx context.Context, t id.Tenant, prompt string) office.Words {
	snap, err := f.setups.of(ctx, t)
	if err != nil {
		return office.Words{}
	}
	p, known := snap.Prompts[prompt]
	if !known {
		return office.Words{}
	}
	return office.Words{Prompt: prompt, Language: p.Language, Text: p.Text}
}

// Extensions and Outside say what may be chosen.
func (f forwardLines) Extensions(t id.Tenant) *office.Directory { return f.telephone.Extensions(t) }

// Outside gives a number as E.164 that a user's calls may go on to.
func (f forwardLines) Outside(ctx context.Context, t id.Tenant, user string, number secret.Text) (secret.Text, error) {
	to, err := f.telephone.Reaches(ctx, t, number)
	if err != nil {
		return secret.Text{}, err
	}
	if user != "" {
		may, err := phoneAgents(f).MayCall(ctx, t, user)
		if err != nil {
			return secret.Text{}, err
		}
		if may {
			return to, nil
		}
	}
	return secret.Text{}, errs.New(errs.Forbidden, "The phone's user may not call outside numbers.")
}
