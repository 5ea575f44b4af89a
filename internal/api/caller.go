package api

import (
	"context"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// caller is who a request comes from, as its route's guard found out: a
// signed-in user or key, a visitor, or nobody.
type caller struct {
	access.Actor
	session account.Session
	token   secret.Text // of the session, for live connections
	visitor Visitor
	id      string // of the request
	address string // of the client, for limits only; never logged
}

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
