package account_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// face is a JPEG picture of one grey.
func face(t *testing.T, width, height int, grey uint8) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = grey
	}
	var out bytes.Buffer
	must(t, jpeg.Encode(&out, picture, nil))
	return out.Bytes()
}

// tagged is a picture with a comment, as cameras and programs write them.
func tagged(file []byte, words string) []byte {
	n := len(words) + 2
	return append(append([]byte{0xff, 0xd8, 0xff, 0xfe, byte(n >> 8), byte(n)}, words...), file[2:]...)
}

// A photo is kept as pixels alone, sealed; colleagues see it, other organisations do
// not, and it goes with its user.
func TestPhotos(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		ana, _ := f.user("ana", access.Agent)
		bob, _ := f.user("bob", access.Agent)
		as := func(u account.User) access.Actor {
			return access.Actor{Tenant: f.a.admin.Tenant, User: u.ID, Roles: u.Roles}
		}
		must(t, f.SetPhoto(ctx, as(ana), ana.ID, tagged(face(t, 128, 128, 200), "taken at home")))
		seen, err := f.Photo(ctx, as(bob), ana.ID)
		must(t, err)
		if bytes.Contains(seen.Reveal(), []byte("home")) {
			t.Error("what was beside the pixels was kept")
		}
		picture, err := jpeg.Decode(bytes.NewReader(seen.Reveal()))
		must(t, err)
		if g, _ := color.GrayModel.Convert(picture.At(64, 64)).(color.Gray); g.Y < 195 || g.Y > 205 || picture.Bounds().Dx() != 128 {
			t.Errorf("%v of %v", g, picture.Bounds())
		}
		must(t, f.db.Read(ctx, f.a.admin.Tenant, func(tx *store.Tx) error {
			row, err := tx.Photo(ana.ID)
			if bytes.Contains(row.Sealed, []byte("JFIF")) || bytes.HasPrefix(row.Sealed, []byte{0xff, 0xd8}) {
				t.Error("it is not sealed")
			}
			return err
		}))
		list, err := f.Photos(ctx, as(bob))
		must(t, err)
		if len(list) != 1 || list[0].User != ana.ID || list[0].Photo == "" {
			t.Errorf("colleagues see %+v", list)
		}
		must(t, f.SetPhoto(ctx, f.a.admin, ana.ID, face(t, 64, 64, 10))) // in the same moment, by the clock that stands
		if again, err := f.Photos(ctx, as(ana)); err != nil || len(again) != 1 || again[0].Photo == list[0].Photo {
			t.Errorf("another photo is not told apart: %+v, %v", again, err)
		}

		wantCode(t, f.SetPhoto(ctx, as(ana), ana.ID, []byte("<svg>")), errs.Invalid)

		// Others.
		wantCode(t, f.SetPhoto(ctx, as(bob), ana.ID, face(t, 64, 64, 1)), errs.Forbidden)
		wantCode(t, f.RemovePhoto(ctx, as(bob), ana.ID), errs.Forbidden)
		_, err = f.Photo(ctx, f.b.admin, ana.ID)
		wantCode(t, err, errs.NotFound)
		wantCode(t, f.SetPhoto(ctx, f.b.admin, ana.ID, face(t, 64, 64, 1)), errs.NotFound)
		wantCode(t, f.RemovePhoto(ctx, f.b.admin, ana.ID), errs.NotFound)
		if theirs, err := f.Photos(ctx, f.b.admin); err != nil || len(theirs) != 0 {
			t.Errorf("another organisation sees %+v, %v", theirs, err)
		}
		north := access.Actor{Tenant: f.a.admin.Tenant, User: "usr_x", Roles: []access.Role{access.Monitor}, Parts: map[access.Role]access.RolePart{access.Monitor: {Teams: []string{"team_north"}}}}
		if part, err := f.Photos(ctx, north); err != nil || len(part) != 0 {
			t.Errorf("who watches another team sees %+v, %v", part, err)
		}
		_, err = f.Photo(ctx, north, ana.ID)
		wantCode(t, err, errs.NotFound)

		// Gone, and gone with the user.
		must(t, f.RemovePhoto(ctx, as(ana), ana.ID))
		must(t, f.RemovePhoto(ctx, as(ana), ana.ID))
		_, err = f.Photo(ctx, as(bob), ana.ID)
		wantCode(t, err, errs.NotFound)
		must(t, f.SetPhoto(ctx, as(ana), ana.ID, face(t, 64, 64, 1)))
		must(t, f.DeleteUser(ctx, f.a.admin, ana.ID))
		wantCode(t, f.SetPhoto(ctx, f.a.admin, ana.ID, face(t, 64, 64, 1)), errs.NotFound)
		if left, err := f.Photos(ctx, as(bob)); err != nil || len(left) != 0 {
			t.Errorf("a deleted user's photo is left: %+v, %v", left, err)
		}
		said := 0
		for _, e := range f.bus.sent {
			if e.Kind == "photos.changed" && e.Tenant == f.a.admin.Tenant {
				said++
			}
		}
		if said != 5 { // set, set, removed, set, deleted
			t.Errorf("%d changes were told", said)
		}
	})
}
