package api

import (
	"cmp"
	"context"
	"net/netip"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
)

// caller is who a request comes from, as its route's guard found out: a
// signed-in user or key, a visitor, or nobody.
type caller struct {
	access.Actor
	session account.Session
	token   secret.Text // of the session, for live connections
	visitor Visitor
	id      string           // of the request
	host    string           // that the browser shows
	address string           // of the client, for limits only; never logged
	peer    netip.Addr       // of the client, for the networks that users may come from; never logged
	devices secret.Text      // what the browser keeps of earlier sign-ins
	flow    secret.Text      // … and of a sign-in with a provider that is under way
	hint    secret.Text      // … and of the provider's session, when it signs out
	earlier secret.Text      // the session that the browser has already, for sign-ins
	asks    wording.Language // by Accept-Language; "" if for none of ours
}

// language is that of the answer's sentences: what the request asks for, else
// the caller's own.
func (c *caller) language() wording.Language {
	return cmp.Or(c.asks, wording.Known(c.session.Language), wording.Known(c.visitor.Language), wording.English)
}

// liveLanguage is that of a live connection, whose page cannot set a header: the
// caller's own, else what the browser asks for.
func (c *caller) liveLanguage() wording.Language {
	return cmp.Or(wording.Known(c.session.Language), wording.Known(c.visitor.Language), c.asks, wording.English)
}

// from is where a sign-in comes from.
func (c *caller) from() account.From { return account.From{Address: c.peer, Devices: c.devices} }

type callerKey struct{}

func withCaller(ctx context.Context, c *caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

func callerOf(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	if c == nil {
		return &caller{}
	}
	return c
}
