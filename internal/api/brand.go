package api

import (
	"context"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/brand"
)

// BrandChoice is a brand as it is asked for: all of it, and what is left out is as
// above.
type BrandChoice struct {
	Product    string  `json:"product,omitempty" maxLength:"80" doc:"Name of the product, at most 40 characters."`
	Accent     string  `json:"accent,omitempty" maxLength:"20" doc:"Colour of what can be pressed on light pages, as #0b6e6e. It must have a contrast of 4.5:1 there."`
	AccentDark string  `json:"accent_dark,omitempty" maxLength:"20" doc:"The same on dark pages. Absent: the nearest to accent that can be read there."`
	Support    string  `json:"support,omitempty" maxLength:"400" doc:"Where users find help: an https address, or an email address of a function. Needs no personal data."`
	Privacy    string  `json:"privacy,omitempty" maxLength:"400" doc:"The provider's privacy page, an https address."`
	Mark       bool    `json:"mark,omitempty" doc:"No logo, also where one above has one: the mark in the accent colour with the product's name."`
	Holds      bool    `json:"holds,omitempty" doc:"Organisations below show this brand, whatever they chose. For resellers and operators."`
	Logo       *string `json:"logo,omitempty" maxLength:"90000" doc:"A PNG of true colour in base64: at most 64 kB, 480 by 160 pixels. Absent: the one that is there stays. Empty: none of its own."`
}

func (c BrandChoice) brand() brand.Brand {
	return brand.Brand{Product: c.Product, Accent: c.Accent, AccentDark: c.AccentDark, Support: c.Support, Privacy: c.Privacy, Mark: c.Mark, Holds: c.Holds}
}

type brandInput struct {
	Body struct {
		BrandChoice
		Version int64 `json:"version" doc:"As it was read; 0 for the first."`
	} `nameHint:"BrandInput"`
}

type brandPreviewInput struct {
	Body BrandChoice
}

type shownBrandInput struct {
	Known string `query:"known" maxLength:"64" doc:"Stamp of what the caller has."`
}

type publicBrandInput struct {
	Link  string `query:"link" maxLength:"64" doc:"Absent, or not known: the installation's own brand."`
	Known string `query:"known" maxLength:"64" doc:"Stamp of what the caller has."`
}

func (s *Server) brandRoutes() {
	const tag = "Brand"
	manage := needs(access.BrandManage)
	handle(s, "GET", "/api/v1/brand", manage, about{id: "brand", tag: tag, summary: "What my organisation chose for the look of its pages", detail: "With what is shown, and from whom each value comes."},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.OwnBrand], error) {
			return answer(s.Accounts.Brand(ctx, c.Actor))
		})
	handle(s, "PUT", "/api/v1/brand", manage, about{id: "putBrand", tag: tag, summary: "Change my organisation's brand", status: 200,
		detail: "All of it: what is left out is as above, but for the logo. Colours that cannot be read are refused, with the nearest that can."},
		func(ctx context.Context, c *caller, in *brandInput) (*reply[account.OwnBrand], error) {
			b := in.Body
			out, err := s.Accounts.PutBrand(ctx, c.Actor, b.Version, b.brand(), b.Logo)
			return answer(out, conflicting(err, func() (account.OwnBrand, error) { return s.Accounts.Brand(ctx, c.Actor) }))
		})
	handle(s, "POST", "/api/v1/brand/preview", manage, about{id: "previewBrand", tag: tag, summary: "What a brand would do", status: 200, once: true, detail: "Nothing is changed."},
		func(ctx context.Context, c *caller, in *brandPreviewInput) (*reply[account.BrandPreview], error) {
			return answer(s.Accounts.PreviewBrand(ctx, c.Actor, in.Body.brand(), in.Body.Logo))
		})
	handle(s, "GET", "/api/v1/brand/shown", Guard{Permission: access.SignedIn, Support: true}, about{id: "shownBrand", tag: tag, summary: "What my organisation's pages look like"},
		func(ctx context.Context, c *caller, in *shownBrandInput) (*reply[account.BrandShown], error) {
			return answer(s.Accounts.BrandOf(ctx, c.Tenant, in.Known))
		})
	handle(s, "GET", "/api/v1/brand/public", needs(access.Public), about{id: "publicBrand", tag: tag, summary: "What pages look like before the sign-in",
		detail: "By the link of a brand, which names nobody. What is not known is answered with the installation's own brand, so nobody learns by it which organisations there are."},
		func(ctx context.Context, _ *caller, in *publicBrandInput) (*reply[account.BrandShown], error) {
			return answer(s.Accounts.PublicBrand(ctx, in.Link, in.Known))
		})
}
