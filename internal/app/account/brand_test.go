package account_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/brand"
	"nubitalk/internal/store"
)

// logo is a PNG in base64, of one colour.
func logo(t *testing.T, c color.NRGBA) *string {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 40, 20))
	for i := range 20 * 20 {
		m.SetNRGBA(i%20, i/20, c)
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, m))
	s := base64.StdEncoding.EncodeToString(b.Bytes())
	return &s
}

// reseller makes a reseller below the operator, with a tenant of its own.
func (f *fixture) reseller() (reseller access.Actor, below tenant) {
	f.t.Helper()
	n := newTenant("iberia")
	n.Kind, n.Name = account.KindReseller, "Iberia"
	_, user, once, err := f.CreateOrganisation(f.t.Context(), f.operator, n)
	must(f.t, err)
	reseller = f.settle("iberia", user.UserName, once).Session.Actor
	org, user, once, err := f.CreateOrganisation(f.t.Context(), reseller, newTenant("below"))
	must(f.t, err)
	return reseller, tenant{org, f.settle("below", user.UserName, once).Session.Actor}
}

func (f *fixture) brand(a access.Actor, b brand.Brand, logo *string) account.OwnBrand {
	f.t.Helper()
	now, err := f.Brand(f.t.Context(), a)
	must(f.t, err)
	out, err := f.PutBrand(f.t.Context(), a, now.Version, b, logo)
	must(f.t, err)
	return out
}

func (f *fixture) shown(t tenant) brand.Appearance {
	f.t.Helper()
	s, err := f.BrandOf(f.t.Context(), t.ID, "")
	must(f.t, err)
	return *s.Look
}

func TestBrandIsInherited(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		reseller, below := f.reseller()
		if s := f.shown(below); s.Product != "Nubitalk" || s.Light.Accent != "#0b6e6e" || s.Logo != "" {
			t.Errorf("before anybody chose: %+v", s)
		}
		f.brand(f.operator, brand.Brand{Support: "https://help.cloud.example/"}, nil)
		first := f.brand(reseller, brand.Brand{Product: "Iberia Talk", Accent: "#7A1FA2"}, logo(t, color.NRGBA{10, 10, 10, 255}))
		if first.Own.Plate != brand.Dark || first.Shown.Logo == "" || !first.From.Product.Own || first.From.Support != (account.BrandOrigin{Name: "The operator"}) || !first.MayHold || first.Version != 1 {
			t.Errorf("%+v", first)
		}
		s := f.shown(below)
		if s.Product != "Iberia Talk" || s.Light.Accent != "#7a1fa2" || s.Support != "https://help.cloud.example/" || s.Logo == "" {
			t.Errorf("%+v", s)
		}
		if other := f.shown(f.a); other.Product != "Nubitalk" || other.Support != "https://help.cloud.example/" {
			t.Errorf("another's tenant: %+v", other)
		}
		// Its own, and back.
		own := f.brand(below.admin, brand.Brand{Product: "Água", Mark: true}, nil)
		if own.Shown.Product != "Água" || own.Shown.Logo != "" || own.Shown.Light.Accent != "#7a1fa2" || own.From.Accent != (account.BrandOrigin{Name: "Iberia"}) || own.From.Privacy != (account.BrandOrigin{}) || own.MayHold {
			t.Errorf("%+v", own)
		}
		f.brand(below.admin, brand.Brand{}, nil)
		if again := f.shown(below); again != s {
			t.Errorf("reset: %+v", again)
		}
		// The logo stays while nothing is said of it.
		if kept := f.brand(reseller, brand.Brand{Product: "Iberia Voz"}, nil); kept.OwnLogo != first.OwnLogo || kept.Own.Plate != brand.Dark || kept.Link != first.Link {
			t.Errorf("%+v", kept)
		}
		none := ""
		if gone := f.brand(reseller, brand.Brand{Product: "Iberia Voz"}, &none); gone.OwnLogo != "" || gone.Shown.Logo != "" {
			t.Errorf("%+v", gone)
		}
		if f.audited(below.ID, "brand.changed") != 2 || f.audited(reseller.Tenant, "brand.changed") != 3 {
			t.Error("it is not in the logs")
		}
		// Who has it already is not sent it again.
		b, err := f.BrandOf(ctx, below.ID, "")
		must(t, err)
		if same, err := f.BrandOf(ctx, below.ID, b.Stamp); err != nil || same.Look != nil || same.Stamp != b.Stamp {
			t.Errorf("%+v %v", same, err)
		}
	})
}

func TestABrandHolds(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		reseller, below := f.reseller()
		f.brand(below.admin, brand.Brand{Product: "Own", Accent: "#7a1fa2"}, nil)
		hold := brand.Brand{Product: "Iberia", Holds: true}
		preview, err := f.PreviewBrand(ctx, reseller, hold, nil)
		must(t, err)
		if preview.Others != 1 || preview.Shown.Product != "Iberia" {
			t.Errorf("%+v", preview)
		}
		if s := f.shown(below); s.Product != "Own" {
			t.Errorf("a preview changed something: %+v", s)
		}
		f.brand(reseller, hold, nil)
		if s := f.shown(below); s.Product != "Iberia" || s.Light.Accent != "#0b6e6e" {
			t.Errorf("%+v", s)
		}
		now, err := f.Brand(ctx, below.admin)
		must(t, err)
		if now.HeldBy != "Iberia" || now.Own.Product != "Own" {
			t.Errorf("%+v", now)
		}
		_, err = f.PutBrand(ctx, below.admin, now.Version, brand.Brand{Product: "Mine"}, nil)
		wantCode(t, err, errs.Conflict)
		if again, err := f.PreviewBrand(ctx, reseller, hold, nil); err != nil || again.Others != 0 {
			t.Errorf("what is so already: %+v %v", again, err)
		}
		f.brand(reseller, brand.Brand{Product: "Iberia"}, nil)
		if s := f.shown(below); s.Product != "Own" || s.Light.Accent != "#7a1fa2" {
			t.Errorf("what was its own is not there any more: %+v", s)
		}
		_, err = f.PutBrand(ctx, below.admin, now.Version, brand.Brand{Holds: true}, nil)
		wantCode(t, err, errs.Invalid)
	})
}

func TestPreviewCountsWhoLooksOtherwise(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		_, below := f.reseller()
		f.brand(below.admin, brand.Brand{Product: "Own"}, nil)
		for _, c := range []struct {
			b    brand.Brand
			want int
		}{
			{brand.Brand{}, 0},
			{brand.Brand{Product: "Cloudline"}, 3},              // two tenants and the reseller; one has a name of its own
			{brand.Brand{Product: "Cloudline", Holds: true}, 4}, // and that one
			{brand.Brand{Accent: "#7a1fa2"}, 4},
			{brand.Brand{Product: "Nubitalk"}, 0}, // as it is
		} {
			if p, err := f.PreviewBrand(ctx, f.operator, c.b, nil); err != nil || p.Others != c.want {
				t.Errorf("%+v: %d look otherwise, want %d (%v)", c.b, p.Others, c.want, err)
			}
		}
		if p, err := f.PreviewBrand(ctx, f.a.admin, brand.Brand{Product: "A"}, nil); err != nil || p.Others != 0 {
			t.Errorf("a tenant's own: %+v %v", p, err)
		}
		p, err := f.PreviewBrand(ctx, f.a.admin, brand.Brand{Accent: "#ffd400"}, nil)
		must(t, err)
		if len(p.Faults) != 1 || p.Faults[0].Path != "accent" || len(p.Faults[0].Nearest) == 0 {
			t.Errorf("%+v", p.Faults)
		}
	})
}

func TestABrandThatIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		bad, none := "PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+", "%"
		for name, c := range map[string]struct {
			b     brand.Brand
			logo  *string
			field string
		}{
			"a colour that cannot be read": {brand.Brand{Accent: "#ffd400"}, nil, "accent"},
			"one on dark pages":            {brand.Brand{Accent: "#7a1fa2", AccentDark: "#222222"}, nil, "accent_dark"},
			"a script for help":            {brand.Brand{Support: "javascript:alert(1)"}, nil, "support"},
			"no picture":                   {brand.Brand{}, &bad, "logo"},
			"no base64":                    {brand.Brand{}, &none, "logo"},
			"a logo and the mark":          {brand.Brand{Mark: true}, logo(t, color.NRGBA{200, 0, 0, 255}), "mark"},
		} {
			_, err := f.PutBrand(ctx, f.a.admin, 0, c.b, c.logo)
			if !errs.Is(err, errs.Invalid) || len(errs.As(err).Fields) == 0 || errs.As(err).Fields[0].Path != c.field {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, agent := f.user("agent-1", access.Agent)
		_, err := f.PutBrand(ctx, agent.Session.Actor, 0, brand.Brand{}, nil)
		wantCode(t, err, errs.Forbidden)
		_, err = f.Brand(ctx, agent.Session.Actor)
		wantCode(t, err, errs.Forbidden)
		if f.audited(f.a.ID, "brand.changed") != 0 {
			t.Error("what was refused is in the log")
		}
	})
}

// Of those who change it at once, one does; the others are told.
func TestTwoChangeABrandAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var wg sync.WaitGroup
		results := make(chan error, 4)
		for _, name := range []string{"A", "B", "C", "D"} {
			wg.Go(func() {
				_, err := f.PutBrand(t.Context(), f.a.admin, 0, brand.Brand{Product: name}, nil)
				results <- err
			})
		}
		wg.Wait()
		close(results)
		done := 0
		for err := range results {
			if err == nil {
				done++
			} else {
				wantCode(t, err, errs.Conflict)
			}
		}
		if now, err := f.Brand(t.Context(), f.a.admin); done != 1 || err != nil || now.Version != 1 {
			t.Errorf("%d changed it: %+v %v", done, now, err)
		}
	})
}

// A link shows a brand and names nobody; whatever is not known looks like the installation.
func TestBrandBeforeTheSignIn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.brand(f.operator, brand.Brand{Product: "Cloudline"}, nil)
		own := f.brand(f.a.admin, brand.Brand{Product: "Acme Talk"}, nil)
		if own.Link == "" || strings.Contains(own.Link, "acme") {
			t.Errorf("link %q", own.Link)
		}
		by, err := f.PublicBrand(ctx, own.Link, "")
		must(t, err)
		if by.Look.Product != "Acme Talk" || by.Link != own.Link {
			t.Errorf("%+v", by)
		}
		usual, err := f.PublicBrand(ctx, "", "")
		must(t, err)
		for _, unknown := range []string{"acme", "books", string(f.a.ID), "nobody", own.Link + "x"} {
			got, err := f.PublicBrand(ctx, unknown, "")
			if err != nil || *got.Look != *usual.Look || got.Stamp != usual.Stamp || got.Link != usual.Link || got.Look.Product != "Cloudline" {
				t.Errorf("%q: %+v %v", unknown, got, err)
			}
		}
		// Who inherits has the link of whom it inherits from.
		if b, err := f.Brand(ctx, f.b.admin); err != nil || b.Link != usual.Link {
			t.Errorf("%+v %v", b, err)
		}
	})
}

func TestABrandOnThePagesOfStrangers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		reseller, _ := f.reseller()
		f.brand(reseller, brand.Brand{Product: "Iberia Talk"}, nil)
		_, code := f.link(reseller, account.SignUpTerms{Most: 1, Days: 7})
		if offer, err := f.Offer(t.Context(), code); err != nil || offer.Brand.Look.Product != "Iberia Talk" {
			t.Errorf("%+v %v", offer, err)
		}
		f.brand(f.a.admin, brand.Brand{Product: "Acme Talk"}, nil)
		_, invited, err := f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "raposa"}, account.Inviting{})
		must(t, err)
		if w, err := f.Welcome(t.Context(), "acme", secret.New(invited.Code)); err != nil || w.Brand.Look.Product != "Acme Talk" {
			t.Errorf("%+v %v", w, err)
		}
	})
}

// A brand that was moved below another looks like that one; one that ended is gone.
func TestABrandFollowsAMove(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		reseller, _ := f.reseller()
		f.brand(reseller, brand.Brand{Product: "Iberia Talk"}, nil)
		org, err := f.Organisation(ctx, f.operator, f.a.ID)
		must(t, err)
		_, err = f.MoveOrganisation(ctx, f.operator, f.a.ID, org.Version, reseller.Tenant)
		must(t, err)
		if s := f.shown(f.a); s.Product != "Iberia Talk" {
			t.Errorf("%+v", s)
		}
		must(t, f.db.SystemRead(ctx, func(tx *store.Tx) error {
			_, err := tx.Brand(f.a.ID)
			wantCode(t, err, errs.NotFound)
			return nil
		}))
	})
}

func TestWhatVisitorsSeeOfABrand(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		shown, from, err := f.BrandForVisitors(ctx, f.a.ID)
		must(t, err)
		if shown.Product != brand.Product || from.Product >= 0 || from.Accent >= 0 || shown.Logo != "" {
			t.Errorf("nobody chose one: %+v %+v", shown, from)
		}
		// What one above chose is seen, and the tenant's own before it.
		f.brand(f.operator, brand.Brand{Product: "Cloudline", Accent: "#7a1fa2"}, nil)
		picture := logo(t, color.NRGBA{200, 0, 0, 255})
		f.brand(f.a.admin, brand.Brand{Product: "Acme"}, picture)
		shown, from, err = f.BrandForVisitors(ctx, f.a.ID)
		must(t, err)
		if shown.Product != "Acme" || shown.Light.Accent != "#7a1fa2" || from.Accent < 0 || shown.Logo == "" {
			t.Errorf("%+v %+v", shown, from)
		}
		other, _, err := f.BrandForVisitors(ctx, f.b.ID)
		must(t, err)
		if other.Product != "Cloudline" || other.Logo != "" {
			t.Errorf("another tenant: %+v", other)
		}
	})
}
