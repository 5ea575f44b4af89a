package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
)

type ownPhotoInput struct {
	RawBody []byte `contentType:"image/jpeg" doc:"A square JPEG picture, 64 to 256 pixels wide."`
}

type photoInput struct {
	ByID
	RawBody []byte `contentType:"image/jpeg" doc:"A square JPEG picture, 64 to 256 pixels wide."`
}

type seePhotoInput struct {
	ByID
	Version string `query:"v" maxLength:"32" doc:"Which photo, as the list says; it changes nothing but the address."`
}

// photoRoutes are about the photos of users. Colleagues see them, customers never do.
func (s *Server) photoRoutes() {
	const tag = "Users"
	own, write := needs(access.SignedIn), needs(access.UserWrite)
	const kept = "A square JPEG picture of at most 64 kB. Only its pixels are kept, sealed. A photo is personal data that nothing needs."
	handle(s, "GET", "/api/v1/photos", own, about{id: "photos", tag: tag, summary: "Who has a photo",
		detail: "Those whom the caller meets: at the desk, on the board or in the list of users."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[account.Photo]], error) {
			items, err := s.Accounts.Photos(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "GET", "/api/v1/users/{id}/photo", own, about{id: "photo", tag: tag, summary: "A user's photo", raw: describeJPEG},
		func(ctx context.Context, c *caller, in *seePhotoInput) (*fileOutput, error) {
			b, err := s.Accounts.Photo(ctx, c.Actor, in.ID)
			if err != nil {
				return nil, err
			}
			return &fileOutput{ContentType: "image/jpeg", Disposition: "inline", CacheControl: "private, no-store", CSP: "default-src 'none'; sandbox", Body: b.Reveal()}, nil
		})
	handle(s, "PUT", "/api/v1/users/{id}/photo", write, about{id: "setPhoto", tag: tag, summary: "Give a user a photo", detail: kept, body: account.MaxPhotoBytes + 1},
		func(ctx context.Context, c *caller, in *photoInput) (*none, error) {
			return done(s.Accounts.SetPhoto(ctx, c.Actor, in.ID, in.RawBody))
		})
	handle(s, "DELETE", "/api/v1/users/{id}/photo", write, about{id: "removePhoto", tag: tag, summary: "Take a user's photo away"},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.RemovePhoto(ctx, c.Actor, in.ID))
		})
	handle(s, "PUT", "/api/v1/me/photo", own, about{id: "setMyPhoto", tag: "Own account", summary: "Choose my photo", detail: kept, body: account.MaxPhotoBytes + 1},
		func(ctx context.Context, c *caller, in *ownPhotoInput) (*none, error) {
			return done(s.Accounts.SetPhoto(ctx, c.Actor, c.User, in.RawBody))
		})
	handle(s, "DELETE", "/api/v1/me/photo", own, about{id: "removeMyPhoto", tag: "Own account", summary: "Take my photo away"},
		func(ctx context.Context, c *caller, _ *none) (*none, error) {
			return done(s.Accounts.RemovePhoto(ctx, c.Actor, c.User))
		})
}

func describeJPEG(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"image/jpeg": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
}
