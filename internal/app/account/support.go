package account

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// SupportChanged is the kind of the event that tells a tenant's screens that a
// grant was asked for, began, is used, or ended.
const SupportChanged = "support.changed"

// SupportState is how far a grant is.
type SupportState string

const (
	SupportAsked   SupportState = "asked"
	SupportGranted SupportState = "granted"
	SupportEnded   SupportState = "ended" // declined, withdrawn, revoked, or its time is over
)

// maxSupport is how many requests and grants a tenant can have open.
const maxSupport = 50

// SupportGrant lets a person of an organisation above into a tenant's affairs
// for a time.
type SupportGrant struct {
	ID           string                `json:"id"`
	Organisation id.Tenant             `json:"organisation" doc:"The tenant whose affairs it is about."`
	Name         string                `json:"name" doc:"What the tenant is called."`
	State        SupportState          `json:"state" enum:"asked,granted,ended"`
	Home         id.Tenant             `json:"home" doc:"The person's own organisation."`
	HomeName     string                `json:"home_name"`
	User         string                `json:"user" doc:"The person."`
	UserName     string                `json:"user_name" doc:"What the person signs in with; may be a pseudonym."`
	Scopes       []access.SupportScope `json:"scopes" enum:"setup_read,setup,room,calls,interaction"`
	Interaction  string                `json:"interaction,omitempty" doc:"The one whose conversation may be read."`
	Minutes      int64                 `json:"minutes"`
	Reason       string                `json:"reason"`
	AskedAt      time.Time             `json:"asked_at,omitzero" doc:"Absent if nobody asked for it."`
	GrantedBy    string                `json:"granted_by,omitempty"`
	GrantedAt    time.Time             `json:"granted_at,omitzero"`
	EndsAt       time.Time             `json:"ends_at,omitzero"`
	EndedBy      string                `json:"ended_by,omitempty" doc:"Absent while it lasts, and if its time was over."`
	EndedAt      time.Time             `json:"ended_at,omitzero"`
	OpenedAt     time.Time             `json:"opened_at,omitzero" doc:"When the person last opened it."`
	InUse        bool                  `json:"in_use" doc:"It is open in the person's browser."`
	Version      int64                 `json:"version"`
}

// SupportProvider is an organisation above a tenant, whose people it can let in.
type SupportProvider struct {
	ID   id.Tenant `json:"id"`
	Name string    `json:"name"`
	Kind Kind      `json:"kind" enum:"operator,reseller"`
}

// SupportTerms are what a grant lets its person do, for how long, and why.
type SupportTerms struct {
	Scopes      []access.SupportScope
	Interaction string
	Minutes     int64
	Reason      string
}

func (t *SupportTerms) check(f *errs.Fields) {
	var scopes []access.SupportScope
	for _, s := range access.SupportScopes {
		if slices.Contains(t.Scopes, s) {
			scopes = append(scopes, s)
		}
	}
	t.Scopes = scopes
	if len(scopes) == 0 {
		f.Add("scopes", "must name at least one")
	}
	t.Interaction = strings.TrimSpace(t.Interaction)
	named := slices.Contains(scopes, access.SupportInteraction)
	switch {
	case named && !id.Valid(id.Interaction, t.Interaction):
		f.Add("interaction", "must be the id of an interaction, as its page shows it")
	case !named && t.Interaction != "":
		f.Add("interaction", "must be left out unless an interaction is among what is granted")
	}
	least, most := int64(access.ShortestSupport/time.Minute), int64(access.LongestSupport/time.Minute)
	if t.Minutes < least || t.Minutes > most {
		f.Add("minutes", "must be from %d to %d", least, most)
	}
}

// SupportProviders are the organisations above the actor's own, the nearest
// first.
func (s *Service) SupportProviders(ctx context.Context, a access.Actor) ([]SupportProvider, error) {
	if err := may(a, access.SupportGrant); err != nil {
		return nil, err
	}
	var out []SupportProvider
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		out = nil
		above, err := aboveOf(tx, a.Tenant)
		for _, o := range above {
			out = append(out, SupportProvider{o.ID, o.Name, Kind(o.Kind)})
		}
		return err
	})
	return out, err
}

// aboveOf are the organisations above one, the nearest first.
func aboveOf(tx *store.Tx, t id.Tenant) (out []store.OrganisationRow, err error) {
	o, err := tx.OrganisationByID(t)
	for err == nil && o.ParentID != "" {
		if o, err = tx.OrganisationByID(o.ParentID); err == nil {
			out = append(out, o)
		}
	}
	return out, err
}

// SupportGrants are the tenant's, the newest first.
func (s *Service) SupportGrants(ctx context.Context, a access.Actor, cursor string, limit int) ([]SupportGrant, string, error) {
	if err := may(a, access.SupportGrant); err != nil {
		return nil, "", err
	}
	return s.supportPage(ctx, cursor, limit, func(limit int) (rows []store.SupportGrantRow, err error) {
		err = s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
			rows, err = tx.SupportGrants(cursor, limit)
			return err
		})
		return rows, err
	})
}

// SupportOf are the actor's own grants and requests, of whatever tenant, the
// newest first.
func (s *Service) SupportOf(ctx context.Context, a access.Actor, cursor string, limit int) ([]SupportGrant, string, error) {
	if err := mayBelow(a, access.SupportUse); err != nil {
		return nil, "", err
	}
	return s.supportPage(ctx, cursor, limit, func(limit int) (rows []store.SupportGrantRow, err error) {
		err = s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
			rows, err = tx.SupportGrantsOf(a.Tenant, a.User, cursor, limit)
			return err
		})
		return rows, err
	})
}

func (s *Service) supportPage(ctx context.Context, cursor string, limit int, read func(limit int) ([]store.SupportGrantRow, error)) ([]SupportGrant, string, error) {
	if cursor != "" && !id.Valid(id.SupportGrant, cursor) {
		return nil, "", errs.Bad("query.cursor", "must be next of the page before")
	}
	limit = pageSize(limit)
	rows, err := read(limit + 1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(rows) > limit {
		rows, next = rows[:limit], rows[limit-1].ID
	}
	out := make([]SupportGrant, 0, len(rows))
	for _, row := range rows {
		v, err := s.supportView(ctx, row)
		if err != nil {
			return nil, "", err
		}
		out = append(out, v)
	}
	return out, next, nil
}

func supportWhere(grant string) string { return "support_grants.reason/" + grant }

func (s *Service) supportView(ctx context.Context, g store.SupportGrantRow) (SupportGrant, error) {
	v := SupportGrant{ID: g.ID, Organisation: g.Tenant, State: SupportState(g.State), Home: g.Home, User: g.UserID, UserName: g.UserName,
		Scopes: wordsAs[access.SupportScope](g.Scopes), Interaction: g.InteractionID, Minutes: g.Minutes, AskedAt: g.AskedAt, GrantedBy: g.GrantedBy, GrantedAt: g.GrantedAt,
		EndsAt: g.EndsAt, EndedBy: g.EndedBy, EndedAt: g.EndedAt, OpenedAt: g.OpenedAt, InUse: len(g.TokenHash) > 0, Version: g.Version}
	if v.State == SupportGranted && !s.now().Before(g.EndsAt) {
		v.State, v.EndedAt, v.InUse = SupportEnded, g.EndsAt, false
	}
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		for t, name := range map[id.Tenant]*string{g.Tenant: &v.Name, g.Home: &v.HomeName} {
			o, err := tx.OrganisationByID(t)
			if err != nil {
				return err
			}
			*name = o.Name
		}
		return nil
	})
	if err != nil {
		return SupportGrant{}, err
	}
	reason, err := s.Vault.OpenTenant(ctx, g.Tenant, supportWhere(g.ID), g.Reason)
	if errs.Is(err, errs.Gone) || errs.Is(err, errs.NotFound) { // the tenant has ended, and this with it
		return v, nil
	}
	v.Reason = string(reason.Reveal())
	return v, err
}

// AskSupport asks a tenant below the actor's own organisation to let the actor
// in.
func (s *Service) AskSupport(ctx context.Context, a access.Actor, t id.Tenant, terms SupportTerms) (SupportGrant, error) {
	if err := mayBelow(a, access.SupportUse); err != nil {
		return SupportGrant{}, err
	}
	org, err := s.tenantBelow(ctx, a, t)
	if err != nil {
		return SupportGrant{}, err
	}
	if org.Status != string(Active) {
		return SupportGrant{}, errs.New(errs.Conflict, "This organisation is not active, so nobody there can grant access.")
	}
	g := store.SupportGrantRow{State: string(SupportAsked), Home: a.Tenant, UserID: a.User, AskedAt: s.now()}
	if g.UserName, err = s.nameOf(ctx, a); err != nil {
		return SupportGrant{}, err
	}
	return s.newSupport(ctx, a, t, g, terms, "support.asked")
}

func (s *Service) nameOf(ctx context.Context, a access.Actor) (string, error) {
	var u store.UserRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		u, err = tx.User(a.User)
		return err
	})
	return u.UserName, err
}

func (s *Service) tenantBelow(ctx context.Context, a access.Actor, t id.Tenant) (row store.OrganisationRow, err error) {
	err = s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		row, err = anywhereBelow(tx, a, t)
		return err
	})
	if err == nil && row.Kind != string(KindTenant) {
		err = errs.New(errs.Conflict, "Access can be asked of tenants only.")
	}
	return row, err
}

// GrantSupport lets a named person of an organisation above in, who did not ask.
func (s *Service) GrantSupport(ctx context.Context, a access.Actor, home id.Tenant, userName string, terms SupportTerms) (SupportGrant, error) {
	if err := may(a, access.SupportGrant); err != nil {
		return SupportGrant{}, err
	}
	person, err := s.personAbove(ctx, a.Tenant, home, userName)
	if err != nil {
		return SupportGrant{}, err
	}
	now := s.now()
	g := store.SupportGrantRow{State: string(SupportGranted), Home: home, UserID: person.ID, UserName: person.UserName, GrantedBy: a.User, GrantedAt: now, EndsAt: now.Add(time.Duration(terms.Minutes) * time.Minute)}
	return s.newSupport(ctx, a, a.Tenant, g, terms, "support.granted")
}

// personAbove finds an active person of an organisation above the tenant.
func (s *Service) personAbove(ctx context.Context, t, home id.Tenant, userName string) (store.UserRow, error) {
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		below, err := tx.IsBelow(t, home)
		if err == nil && (!below || home == "") {
			err = errs.Bad("organisation", "must be the operator, or a reseller above you")
		}
		return err
	})
	if err != nil {
		return store.UserRow{}, err
	}
	var u store.UserRow
	err = s.Store.Read(ctx, home, func(tx *store.Tx) (err error) {
		u, err = tx.UserByName(nameKey(userName))
		return err
	})
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) || err == nil && u.Status != string(Active) {
		err = errs.Bad("user_name", "is nobody's there; ask the person for the name they sign in with")
	}
	return u, err
}

// newSupport stores a request or a grant, and tells both logs.
func (s *Service) newSupport(ctx context.Context, a access.Actor, t id.Tenant, g store.SupportGrantRow, terms SupportTerms, action string) (SupportGrant, error) {
	var f errs.Fields
	terms.check(&f)
	terms.Reason = checkText(&f, "reason", terms.Reason, 1, 300)
	if err := f.Err(); err != nil {
		return SupportGrant{}, err
	}
	g.Tenant, g.ID, g.Version = t, s.IDs.New(id.SupportGrant), 1
	g.Scopes, g.InteractionID, g.Minutes = words(terms.Scopes), terms.Interaction, terms.Minutes
	sealed, err := s.Vault.SealTenant(ctx, t, supportWhere(g.ID), []byte(terms.Reason))
	if err != nil {
		return SupportGrant{}, err
	}
	g.Reason = sealed
	err = s.Store.Write(ctx, t, func(tx *store.Tx) error {
		if n, err := tx.OpenSupportGrants(s.now()); err != nil || n >= maxSupport {
			if err == nil {
				err = errs.New(errs.Conflict, "There are %d requests and grants already. End those that are no longer needed.", n)
			}
			return err
		}
		if err := s.supportHas(tx, g); err != nil {
			return err
		}
		if err := tx.InsertSupportGrant(g); err != nil {
			return err
		}
		return s.noteSupport(tx, a, g, action)
	})
	if err != nil {
		return SupportGrant{}, err
	}
	return s.supportDone(ctx, a, g, action)
}

// supportHas refuses an interaction that the tenant does not have. Only the
// tenant itself is told: who asks may not find out which there are.
func (s *Service) supportHas(tx *store.Tx, g store.SupportGrantRow) error {
	if g.InteractionID == "" || g.State != string(SupportGranted) {
		return nil
	}
	_, err := tx.Interaction(g.InteractionID)
	if errs.Is(err, errs.NotFound) {
		err = errs.Bad("interaction", "is none of yours")
	}
	return err
}

// noteSupport writes the tenant's log; the actor may be of another organisation.
func (s *Service) noteSupport(tx *store.Tx, a access.Actor, g store.SupportGrantRow, action string) error {
	a.Tenant = g.Tenant
	return s.Audit.Record(tx, a, action, "support_grant", g.ID, map[string]string{"person": g.UserID, "organisation": string(g.Home), "scopes": strings.Join(g.Scopes, ","),
		"interaction": g.InteractionID, "minutes": strconv.FormatInt(g.Minutes, 10)})
}

// supportDone tells screens and, if the actor is of the person's organisation,
// that one's log. It runs after the commit.
func (s *Service) supportDone(ctx context.Context, a access.Actor, g store.SupportGrantRow, action string) (SupportGrant, error) {
	s.publish(bus.Event{Tenant: g.Tenant, Kind: SupportChanged, Watch: access.SupportGrant, Data: []byte("{}")})
	s.publish(bus.Event{Tenant: g.Home, Kind: SupportChanged, Users: []string{g.UserID}, Data: []byte("{}")})
	if a.Tenant == g.Home {
		err := s.Store.Write(ctx, g.Home, func(tx *store.Tx) error {
			return s.Audit.Record(tx, a, action, "support_grant", g.ID, map[string]string{"organisation": string(g.Tenant), "scopes": strings.Join(g.Scopes, ",")})
		})
		if err != nil {
			return SupportGrant{}, err
		}
	}
	return s.supportView(ctx, g)
}

func supportClash() error {
	return errs.New(errs.Conflict, "This was changed by someone else in the meantime.")
}

// AcceptSupport grants what was asked for, or less, or for another time.
func (s *Service) AcceptSupport(ctx context.Context, a access.Actor, grant string, version int64, terms SupportTerms) (SupportGrant, error) {
	if err := may(a, access.SupportGrant); err != nil {
		return SupportGrant{}, err
	}
	var f errs.Fields
	terms.check(&f)
	if err := f.Err(); err != nil {
		return SupportGrant{}, err
	}
	var asked store.SupportGrantRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		asked, err = tx.SupportGrant(grant)
		return err
	})
	if err == nil {
		err = s.stillAbove(ctx, asked)
		if errs.Is(err, errs.NotFound) {
			err = errs.New(errs.Conflict, "Who asked is no longer of an organisation above yours.")
		}
	}
	if err != nil {
		return SupportGrant{}, err
	}
	g, err := s.changeSupport(ctx, a, a.Tenant, grant, "support.granted", func(tx *store.Tx, g *store.SupportGrantRow) error {
		switch {
		case g.Version != version:
			return supportClash()
		case g.State != string(SupportAsked):
			return errs.New(errs.Conflict, "This was answered already.")
		}
		now := s.now()
		g.State, g.GrantedBy, g.GrantedAt = string(SupportGranted), a.User, now
		g.Scopes, g.InteractionID, g.Minutes = words(terms.Scopes), terms.Interaction, terms.Minutes
		g.EndsAt = now.Add(time.Duration(terms.Minutes) * time.Minute)
		return s.supportHas(tx, *g)
	})
	if err != nil {
		return SupportGrant{}, err
	}
	return s.supportDone(ctx, a, g, "support.granted")
}

// SupportGrant is one of the tenant's.
func (s *Service) SupportGrant(ctx context.Context, a access.Actor, grant string) (SupportGrant, error) {
	if err := may(a, access.SupportGrant); err != nil {
		return SupportGrant{}, err
	}
	var g store.SupportGrantRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		g, err = tx.SupportGrant(grant)
		return err
	})
	if err != nil {
		return SupportGrant{}, err
	}
	return s.supportView(ctx, g)
}

// EndSupport declines a request or revokes a grant. Whoever uses it is out at
// once. One that has ended stays as it is.
func (s *Service) EndSupport(ctx context.Context, a access.Actor, grant string) (SupportGrant, error) {
	if err := may(a, access.SupportGrant); err != nil {
		return SupportGrant{}, err
	}
	return s.endSupport(ctx, a, a.Tenant, grant)
}

// GiveBackSupport withdraws the actor's own request or ends its own grant.
func (s *Service) GiveBackSupport(ctx context.Context, a access.Actor, grant string) (SupportGrant, error) {
	g, err := s.ownSupport(ctx, a, grant)
	if err != nil {
		return SupportGrant{}, err
	}
	return s.endSupport(ctx, a, g.Tenant, grant)
}

func (s *Service) ownSupport(ctx context.Context, a access.Actor, grant string) (g store.SupportGrantRow, err error) {
	if err := mayBelow(a, access.SupportUse); err != nil {
		return g, err
	}
	err = s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		g, err = tx.SupportGrantFor(a.Tenant, a.User, grant)
		return err
	})
	return g, err
}

func (s *Service) endSupport(ctx context.Context, a access.Actor, t id.Tenant, grant string) (SupportGrant, error) {
	g, err := s.changeSupport(ctx, a, t, grant, "support.ended", func(_ *store.Tx, g *store.SupportGrantRow) error {
		if g.State == string(SupportEnded) || g.State == string(SupportGranted) && !s.now().Before(g.EndsAt) {
			return errUnchanged.error
		}
		g.State, g.EndedBy, g.EndedAt = string(SupportEnded), a.User, s.now()
		g.TokenHash, g.HomeSession = nil, ""
		return nil
	})
	if err == errUnchanged.error {
		return s.supportView(ctx, g)
	}
	if err != nil {
		return SupportGrant{}, err
	}
	s.tellSupport(g)
	return s.supportDone(ctx, a, g, "support.ended")
}

// tellSupport makes every node and live connection ask again who the person is.
func (s *Service) tellSupport(g store.SupportGrantRow) {
	s.tell(g.Tenant, Change{User: g.UserID, Reason: EndedSupport})
}

// changeSupport changes a grant, again from the start when someone was faster.
func (s *Service) changeSupport(ctx context.Context, a access.Actor, t id.Tenant, grant, action string, fn func(*store.Tx, *store.SupportGrantRow) error) (g store.SupportGrantRow, err error) {
	for range 5 {
		err = s.Store.Write(ctx, t, func(tx *store.Tx) (err error) {
			if g, err = tx.SupportGrant(grant); err != nil {
				return err
			}
			was := g.Version
			if err := fn(tx, &g); err != nil {
				return settled{err}
			}
			if err := tx.UpdateSupportGrant(g); err != nil {
				return err
			}
			g.Version = was + 1
			if action == "" {
				return nil
			}
			return s.noteSupport(tx, a, g, action)
		})
		var final settled
		if errors.As(err, &final) {
			return g, final.error
		}
		if err == nil || !errs.Is(err, errs.Conflict) {
			return g, err
		}
	}
	return g, err
}
