package account

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/brand"
	"nubitalk/internal/store"
)

// BrandShown is what the pages of an organisation look like. Stamp is another for
// another look.
type BrandShown struct {
	Look  *brand.Appearance `json:"look,omitempty"`
	Stamp string            `json:"stamp" doc:"Another for another look. Where it is what the caller has already, nothing else is answered."`
	Link  string            `json:"link,omitempty" doc:"By which who has not signed in sees this brand (link of brand/public). Absent where no organisation chose one."`
}

// BrandOrigin says from whom a value comes.
type BrandOrigin struct {
	Own  bool   `json:"own"`
	Name string `json:"name,omitempty" doc:"Of the organisation whose value it is; absent: it is Nubitalk's own."`
}

// BrandOrigins says it of each value.
type BrandOrigins struct {
	Product BrandOrigin `json:"product"`
	Accent  BrandOrigin `json:"accent"`
	Logo    BrandOrigin `json:"logo"`
	Support BrandOrigin `json:"support"`
	Privacy BrandOrigin `json:"privacy"`
}

// OwnBrand is an organisation's brand for who may change it.
type OwnBrand struct {
	Own       brand.Brand      `json:"own"`
	OwnLogo   string           `json:"own_logo,omitempty" doc:"A PNG in base64; absent: none of its own."`
	Shown     brand.Appearance `json:"shown"`
	From      BrandOrigins     `json:"from"`
	HeldBy    string           `json:"held_by,omitempty" doc:"Name of the organisation above whose brand holds here: then the own one is not shown, and not changed."`
	MayHold   bool             `json:"may_hold" doc:"It may have organisations below it, and say that its brand holds there."`
	Link      string           `json:"link,omitempty" doc:"Of the nearest brand: /app/at/ and this is a sign-in page that shows it. It names nobody."`
	UpdatedAt time.Time        `json:"updated_at,omitzero"`
	Version   int64            `json:"version" doc:"0: it chose nothing yet."`
}

// BrandPreview is what a brand would do.
type BrandPreview struct {
	Shown  brand.Appearance    `json:"shown"`
	From   BrandOrigins        `json:"from"`
	Faults []brand.ColourFault `json:"faults" nullable:"false" doc:"Colours with too little contrast; they would be refused."`
	Others int                 `json:"others" doc:"Organisations below that would look otherwise than now."`
}

// brandLevel is one of those that have a say in an organisation's look.
type brandLevel struct {
	id    id.Tenant
	name  string
	brand brand.Brand
	row   store.BrandRow
}

// brandLevels are an organisation, last, and those above it, from the operator
// down (System).
func brandLevels(tx *store.Tx, t id.Tenant) ([]brandLevel, error) {
	var out []brandLevel
	for range organisationLevels {
		org, err := tx.OrganisationByID(t)
		if err != nil {
			return nil, err
		}
		level := brandLevel{id: t, name: org.Name}
		if level.row, err = tx.Brand(t); err == nil {
			level.brand, err = readBrand(level.row)
		}
		if err != nil && !errs.Is(err, errs.NotFound) {
			return nil, err
		}
		out = append(out, level)
		if t = org.ParentID; t == "" {
			break
		}
	}
	slices.Reverse(out)
	return out, nil
}

// organisationLevels are the operator, a reseller, one below that, and a tenant.
const organisationLevels = 4

func readBrand(row store.BrandRow) (b brand.Brand, err error) {
	if json.Unmarshal([]byte(row.Config), &b) != nil {
		return b, errs.New(errs.Internal, "The brand could not be read.")
	}
	b.Logo = base64.StdEncoding.EncodeToString(row.Logo)
	return b, nil
}

func brandsOf(levels []brandLevel) []brand.Brand {
	out := make([]brand.Brand, len(levels))
	for i, l := range levels {
		out[i] = l.brand
	}
	return out
}

func originsOf(levels []brandLevel, f brand.From) BrandOrigins {
	of := func(i int) BrandOrigin {
		if i < 0 {
			return BrandOrigin{}
		}
		return BrandOrigin{i == len(levels)-1, levels[i].name}
	}
	return BrandOrigins{of(f.Product), of(f.Accent), of(f.Logo), of(f.Support), of(f.Privacy)}
}

// linkOf is that of the nearest level that has one and a say.
func linkOf(levels []brandLevel) (link string) {
	if h := brand.Holder(brandsOf(levels)); h >= 0 {
		levels = levels[:h+1]
	}
	for _, l := range levels {
		link = cmp.Or(l.row.Link, link)
	}
	return link
}

func shownOf(levels []brandLevel) BrandShown {
	s, _ := brand.Resolve(brandsOf(levels))
	text, _ := json.Marshal(s) // strings alone, which always have one
	sum := sha256.Sum256(text)
	return BrandShown{&s, hex.EncodeToString(sum[:8]), linkOf(levels)}
}

// unless leaves out what the caller has already.
func (b BrandShown) unless(known string) BrandShown {
	if b.Stamp == known {
		b.Look = nil
	}
	return b
}

// BrandOf is what the pages of an organisation look like; known is the stamp of
// what the caller has already.
func (s *Service) BrandOf(ctx context.Context, t id.Tenant, known string) (BrandShown, error) {
	var levels []brandLevel
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		levels, err = brandLevels(tx, t)
		return err
	})
	return shownOf(levels).unless(known), err
}

// BrandForVisitors is what visitors see of an organisation's brand. from says which
// of its values somebody chose.
func (s *Service) BrandForVisitors(ctx context.Context, t id.Tenant) (shown brand.Appearance, from brand.From, err error) {
	err = s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		levels, err := brandLevels(tx, t)
		shown, from = brand.Resolve(brandsOf(levels))
		return err
	})
	return shown, from, err
}

// PublicBrand is what a link shows to who has not signed in. A link that is not
// known shows the installation's own, as does none: nobody learns by it who is here.
func (s *Service) PublicBrand(ctx context.Context, link, known string) (BrandShown, error) {
	var levels []brandLevel
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		row, err := tx.BrandByLink(link)
		if errs.Is(err, errs.NotFound) {
			row.Tenant, err = tx.OperatorID()
		}
		if err == nil {
			levels, err = brandLevels(tx, row.Tenant)
		}
		if errs.Is(err, errs.NotFound) { // an installation without an operator, yet
			levels, err = nil, nil
		}
		return err
	})
	return shownOf(levels).unless(known), err
}

func mayBrand(a access.Actor) error {
	if access.Reach(a, access.BrandManage) < access.Tenant {
		return errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	return nil
}

// Brand is that of the actor's own organisation.
func (s *Service) Brand(ctx context.Context, a access.Actor) (OwnBrand, error) {
	if err := mayBrand(a); err != nil {
		return OwnBrand{}, err
	}
	var levels []brandLevel
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		levels, err = brandLevels(tx, a.Tenant)
		return err
	})
	if err != nil {
		return OwnBrand{}, err
	}
	own := levels[len(levels)-1]
	shown, from := brand.Resolve(brandsOf(levels))
	out := OwnBrand{Own: own.brand, OwnLogo: own.brand.Logo, Shown: shown, From: originsOf(levels, from), MayHold: mayHold(a.Tenant), Link: linkOf(levels),
		UpdatedAt: own.row.UpdatedAt, Version: own.row.Version}
	if h := brand.Holder(brandsOf(levels)); h >= 0 {
		out.HeldBy = levels[h].name
	}
	return out, nil
}

func mayHold(t id.Tenant) bool { return id.Kind(string(t)) != id.TenantKind }

// checkBrand makes a brand of what was asked for. logo is a PNG in base64; nil: the
// one that is there stays; "": none of its own.
func checkBrand(t id.Tenant, old, b brand.Brand, logo *string) (brand.Brand, []byte, error) {
	var f errs.Fields
	b.Check(&f)
	if b.Holds && !mayHold(t) {
		f.Add("holds", "is for resellers and operators")
	}
	if err := f.Err(); err != nil {
		return b, nil, err
	}
	if logo == nil {
		logo = &old.Logo
	}
	b.Plate, b.Logo = "", ""
	if *logo == "" {
		return b, nil, nil
	}
	if b.Mark {
		return b, nil, errs.Bad("mark", "cannot be chosen together with a logo")
	}
	picture, err := base64.StdEncoding.DecodeString(*logo)
	if err != nil {
		return b, nil, errs.Bad("logo", "must be a PNG of true colour with 8 bits a channel, not interlaced")
	}
	clean, plate, err := brand.CleanPNG(picture)
	b.Plate, b.Logo = plate, base64.StdEncoding.EncodeToString(clean)
	return b, clean, err
}

// PreviewBrand says what a brand of the actor's own organisation would do.
func (s *Service) PreviewBrand(ctx context.Context, a access.Actor, b brand.Brand, logo *string) (BrandPreview, error) {
	out := BrandPreview{Faults: []brand.ColourFault{}}
	if err := mayBrand(a); err != nil {
		return out, err
	}
	var levels []brandLevel
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		if levels, err = brandLevels(tx, a.Tenant); err != nil {
			return err
		}
		own := len(levels) - 1
		before := brandsOf(levels)
		if levels[own].brand, _, err = checkBrand(a.Tenant, levels[own].brand, b, logo); err != nil {
			return err
		}
		out.Others = 0
		if mayHold(a.Tenant) {
			out.Others, err = s.lookOtherwise(tx, a.Tenant, before, brandsOf(levels))
		}
		return err
	})
	if err != nil {
		return out, err
	}
	var from brand.From
	out.Shown, from = brand.Resolve(brandsOf(levels))
	out.From, out.Faults = originsOf(levels, from), levels[len(levels)-1].brand.Faults()
	return out, nil
}

// lookOtherwise counts the organisations below one whose pages look otherwise
// after a change of it (System).
func (s *Service) lookOtherwise(tx *store.Tx, t id.Tenant, before, after []brand.Brand) (int, error) {
	lines, _, err := s.Lines.All(tx)
	if err != nil {
		return 0, err
	}
	rows, err := tx.BrandsBelow(t)
	if err != nil {
		return 0, err
	}
	chose := make(map[id.Tenant]brand.Brand, len(rows))
	for _, row := range rows {
		if chose[row.Tenant], err = readBrand(row); err != nil {
			return 0, err
		}
	}
	children := map[id.Tenant][]store.OrganisationLine{}
	for _, l := range lines {
		children[l.ParentID] = append(children[l.ParentID], l)
	}
	n := 0
	var look func(t id.Tenant, before, after []brand.Brand)
	look = func(t id.Tenant, before, after []brand.Brand) {
		for _, o := range children[t] {
			if o.Status == string(Closed) {
				continue
			}
			was, is := append(slices.Clone(before), chose[o.ID]), append(slices.Clone(after), chose[o.ID])
			x, _ := brand.Resolve(was)
			y, _ := brand.Resolve(is)
			if x != y {
				n++
			}
			look(o.ID, was, is)
		}
	}
	look(t, before, after)
	return n, nil
}

// PutBrand changes the brand of the actor's own organisation, which is at version.
// Colours that cannot be read are refused.
func (s *Service) PutBrand(ctx context.Context, a access.Actor, version int64, b brand.Brand, logo *string) (OwnBrand, error) {
	now, err := s.Brand(ctx, a)
	if err != nil {
		return OwnBrand{}, err
	}
	if now.HeldBy != "" {
		return now, errs.New(errs.Conflict, "The brand of %s holds here. Please ask there.", now.HeldBy)
	}
	if now.Version != version { // what stays is that of the one the caller saw
		return now, errs.New(errs.Conflict, "This was changed by someone else in the meantime.")
	}
	old := now.Own
	b, picture, err := checkBrand(a.Tenant, old, b, logo)
	if err != nil {
		return now, err
	}
	var f errs.Fields
	for _, fault := range b.Faults() {
		f.Add(fault.Path, "cannot be read: its contrast is %.1f:1, and 4.5:1 is needed; %s can", fault.Ratio, fault.Nearest[0])
	}
	if err := f.Err(); err != nil {
		return now, err
	}
	config, err := json.Marshal(b)
	if err != nil {
		return now, errs.Wrap(errs.Internal, err, "The brand could not be written.")
	}
	row := store.BrandRow{Link: randomWords(7).Reveal(), Config: string(config), Logo: picture, UpdatedAt: s.now(), Version: version}
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := tx.PutBrand(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "brand.changed", "organisation", string(a.Tenant), changedBrand(old, b))
	})
	if err != nil {
		return now, err
	}
	return s.Brand(ctx, a)
}

// changedBrand says which values were changed, and not to what.
func changedBrand(old, now brand.Brand) map[string]string {
	out := map[string]string{}
	for _, v := range []struct {
		name    string
		changed bool
	}{
		{"product", old.Product != now.Product}, {"accent", old.Accent != now.Accent || old.AccentDark != now.AccentDark}, {"logo", old.Logo != now.Logo || old.Mark != now.Mark},
		{"support", old.Support != now.Support}, {"privacy", old.Privacy != now.Privacy}, {"holds", old.Holds != now.Holds},
	} {
		if v.changed {
			out[v.name] = "changed"
		}
	}
	return out
}
