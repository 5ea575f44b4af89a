package server

import (
	"context"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// supervisors are who takes part in calls as one: users and keys that may manage the
// floor, or the part of it in which the call is.
type supervisors struct {
	db    *store.DB
	floor *floor.Manager
	now   func() time.Time
}

// MaySupervise reads the user anew: what a session or a screen believes may be older.
func (s supervisors) MaySupervise(ctx context.Context, t id.Tenant, user, interaction string) (may bool, until time.Time, err error) {
	var a access.Actor
	err = s.db.Read(ctx, t, func(tx *store.Tx) error {
		if id.Kind(user) == id.APIKey {
			key, err := tx.APIKey(user)
			if err == nil && !key.Good(s.now()) {
				err = errs.New(errs.Forbidden, "This key was revoked or has ended.")
			}
			a, until = key.Actor(t), key.ExpiresAt
			return err
		}
		u, err := tx.User(user)
		if err == nil && u.Status != string(account.Active) {
			err = errs.New(errs.Forbidden, "This user is locked.")
		}
		a = u.Actor(t)
		return err
	})
	if err == nil && access.Reach(a, access.FloorManage) == access.None {
		return false, until, nil
	}
	if err == nil {
		_, err = s.floor.Work(ctx, a, access.FloorManage, interaction)
	}
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Forbidden) {
		return false, until, nil
	}
	return err == nil, until, err
}
