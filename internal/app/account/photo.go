package account

import (
	"context"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/photo"
	"nubitalk/internal/store"
)

// A photo is a small square: what colleagues recognise somebody by on a screen, and
// no more of a face than that takes.
const MaxPhotoBytes = photo.MaxBytes

// Photo says that a user has a photo, and which.
type Photo struct {
	User  string `json:"user" doc:"User id."`
	Photo string `json:"photo" doc:"Changes with the photo: to be sent along when it is fetched, so that an earlier one is not shown."`
}

// seesPhoto says whether an actor sees the photo of a user: its own, and those of
// whom it meets by name at the desk, on the board or in the list of users.
func seesPhoto(a access.Actor, user string, teams []string) bool {
	if user == a.User || access.Reach(a, access.DeskUse) > access.None {
		return true
	}
	thing := access.Some(a.Tenant, access.RolePart{Teams: teams})
	return access.May(a, access.FloorWatch, thing) || access.May(a, access.UserRead, thing)
}

// Photos are those that the actor sees.
func (s *Service) Photos(ctx context.Context, a access.Actor) ([]Photo, error) {
	out := []Photo{}
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.Photos()
		out = out[:0]
		for _, r := range rows {
			if seesPhoto(a, r.UserID, r.Teams) {
				out = append(out, Photo{r.UserID, strconv.FormatInt(r.SetAt.UnixMicro(), 36)})
			}
		}
		return err
	})
	return out, err
}

// Photo is a user's, a JPEG picture; NotFound without one.
func (s *Service) Photo(ctx context.Context, a access.Actor, user string) (secret.Bytes, error) {
	var row store.PhotoRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		u, err := tx.User(user)
		if err == nil && !seesPhoto(a, user, u.Teams) {
			err = noSuchUser()
		}
		if err != nil {
			return err
		}
		row, err = tx.Photo(user)
		return err
	})
	if err != nil {
		return secret.Bytes{}, err
	}
	return s.Vault.OpenTenant(ctx, a.Tenant, photoAt(user), row.Sealed)
}

// SetPhoto gives a user a photo, in the place of one that it had: its own, or as who
// manages users. Only its pixels are kept.
func (s *Service) SetPhoto(ctx context.Context, a access.Actor, user string, file []byte) error {
	if err := mayPhoto(a, user); err != nil {
		return err
	}
	pixels, err := photo.Bare(file)
	if err != nil {
		return err
	}
	row := store.PhotoRow{UserID: user, SetBy: a.User, SetAt: s.now()}
	if row.Sealed, err = s.Vault.SealTenant(ctx, a.Tenant, photoAt(user), pixels); err != nil {
		return err
	}
	return s.changePhoto(ctx, a, user, "photo.set", func(tx *store.Tx) (bool, error) {
		before, err := tx.Photo(user)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return false, err
		}
		if !row.SetAt.After(before.SetAt) { // two in one moment are two
			row.SetAt = before.SetAt.Add(time.Microsecond)
		}
		return true, tx.PutPhoto(row)
	})
}

// RemovePhoto takes a user's photo away; repeats are harmless.
func (s *Service) RemovePhoto(ctx context.Context, a access.Actor, user string) error {
	if err := mayPhoto(a, user); err != nil {
		return err
	}
	return s.changePhoto(ctx, a, user, "photo.removed", func(tx *store.Tx) (bool, error) { return tx.DeletePhoto(user) })
}

func mayPhoto(a access.Actor, user string) error {
	if user == a.User {
		return nil
	}
	return may(a, access.UserWrite)
}

// changePhoto makes a change and tells of it; fn says whether it is one.
func (s *Service) changePhoto(ctx context.Context, a access.Actor, user, action string, fn func(*store.Tx) (bool, error)) error {
	changed := false
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		u, err := tx.User(user)
		if err == nil && u.Status == string(Deleted) {
			err = noSuchUser()
		}
		if err == nil {
			err = mayManage(a, u)
		}
		if err != nil {
			return err
		}
		if changed, err = fn(tx); err != nil || !changed {
			return err
		}
		return s.Audit.Record(tx, a, action, "user", user, nil)
	})
	if err == nil && changed {
		s.tellPhotos(a.Tenant)
	}
	return err
}

// tellPhotos lets screens ask again who has which photo.
func (s *Service) tellPhotos(t id.Tenant) {
	s.publish(bus.Event{Tenant: t, Kind: "photos.changed", Watch: access.SetupRead, Hint: true, Data: []byte("{}")})
}

func photoAt(user string) string { return "photos.photo/" + user }
