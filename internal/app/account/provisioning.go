package account

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Provisioning is what an organisation's own directory does here by SCIM.
type Provisioning struct {
	Removal string      `json:"removal" enum:"lock,delete" doc:"What becomes of a user whom the directory removes: locked, and kept for its records, or deleted."`
	Display bool        `json:"display" doc:"Keep displayName as the user's display name, sealed. Personal data; nothing needs it."`
	Email   bool        `json:"email" doc:"Keep the user's email address, sealed. Personal data; nothing needs it."`
	Role    access.Role `json:"role" doc:"Of users whom no group gives one."`
	Roles   []ClaimRole `json:"roles" maxItems:"100" doc:"Which group, by its name or the directory's id of it, gives which role; empty: the roles of single sign-on, if it has any, else roles are given here."`
	Teams   []GroupTeam `json:"teams" maxItems:"100" doc:"Which group puts its users into which team."`
}

// GroupTeam puts who is in a group into a team.
type GroupTeam struct {
	Value string `json:"value" minLength:"1" maxLength:"200"`
	Team  string `json:"team" maxLength:"64"`
}

// ProvisioningView is an organisation's as administrators see it.
type ProvisioningView struct {
	Provisioning
	Address string     `json:"address" doc:"Of SCIM, for the directory."`
	Keys    []APIKey   `json:"keys" nullable:"false" doc:"For the directory, that have not ended."`
	Groups  int        `json:"groups" doc:"How many groups the directory sent."`
	Created int64      `json:"created" doc:"Users that it made, so far."`
	Changed int64      `json:"changed"`
	Locked  int64      `json:"locked"`
	Removed int64      `json:"removed"`
	Refused int64      `json:"refused" doc:"Changes that were refused."`
	Held    []HeldUser `json:"held" nullable:"false" doc:"Whom the directory wants open and an administrator locked: the lock stays. The first 50."`
	AskedAt time.Time  `json:"asked_at,omitzero" doc:"When it last asked something, to five minutes."`
	Version int64      `json:"version" doc:"0: nothing was chosen yet."`
}

// HeldUser is somebody whom an administrator locked and the directory wants open.
type HeldUser struct {
	User     string    `json:"user"`
	UserName string    `json:"user_name"`
	Since    time.Time `json:"since" doc:"When the directory first said so."`
}

const mostHeld = 50

// longestProvisioningKey is how long a directory's key is good, at most.
const longestProvisioningKey = 2 * 366 * 24 * time.Hour

// readProvisioning is an organisation's, the usual one if it chose none.
func readProvisioning(tx *store.Tx) (Provisioning, store.ProvisioningRow, error) {
	p := Provisioning{Removal: "lock", Role: access.Agent}
	row, err := tx.Provisioning()
	if errs.Is(err, errs.NotFound) {
		return p, row, nil
	}
	if err == nil && json.Unmarshal([]byte(row.Config), &p) != nil {
		err = errs.New(errs.Internal, "The provisioning could not be read.")
	}
	return p, row, err
}

func provisions(k store.APIKeyRow) bool {
	return slices.Contains(k.Scopes, string(access.UserProvision))
}

// Provisioning is the organisation's.
func (s *Service) Provisioning(ctx context.Context, in Session, address string) (ProvisioningView, error) {
	v := ProvisioningView{Address: address, Keys: []APIKey{}, Held: []HeldUser{}}
	if err := mayRuleSignIn(in); err != nil {
		return v, err
	}
	err := s.Store.Read(ctx, in.Actor.Tenant, func(tx *store.Tx) error {
		p, row, err := readProvisioning(tx)
		if err != nil {
			return err
		}
		groups, err := tx.ProvisionedGroups()
		if err != nil {
			return err
		}
		keys, err := tx.APIKeys("", 1000)
		if err != nil {
			return err
		}
		if v.Held, err = heldUsers(tx); err != nil {
			return err
		}
		v.Keys = []APIKey{}
		v.Provisioning, v.Groups, v.AskedAt, v.Version = p, len(groups), row.AskedAt, row.Version
		v.Created, v.Changed, v.Locked, v.Removed, v.Refused = row.Did.Created, row.Did.Changed, row.Did.Locked, row.Did.Removed, row.Did.Refused
		for _, k := range keys {
			if !provisions(k) {
				continue
			}
			if k.UsedAt.After(v.AskedAt) {
				v.AskedAt = k.UsedAt
			}
			if k.Good(s.now()) {
				v.Keys = append(v.Keys, keyView(k))
			}
		}
		return err
	})
	v.Roles, v.Teams = append([]ClaimRole{}, v.Roles...), append([]GroupTeam{}, v.Teams...)
	return v, err
}

// heldUsers are whom the directory wants open and an administrator locked.
func heldUsers(tx *store.Tx) ([]HeldUser, error) {
	out := []HeldUser{}
	rows, err := tx.ProvisionedUsers()
	if err != nil {
		return nil, err
	}
	for _, p := range rows {
		if p.HeldAt.IsZero() || !p.GoneAt.IsZero() {
			continue
		}
		u, err := tx.User(p.UserID)
		if err != nil {
			return nil, err
		}
		if out = append(out, HeldUser{u.ID, u.UserName, p.HeldAt}); len(out) == mostHeld {
			break
		}
	}
	return out, nil
}

// PutProvisioning changes it, and gives the users of the directory's groups the roles
// and teams that they have by it then.
func (s *Service) PutProvisioning(ctx context.Context, in Session, version int64, p Provisioning) error {
	if err := mayRuleSignIn(in); err != nil {
		return err
	}
	a := in.Actor
	var f errs.Fields
	if p.Removal != "lock" && p.Removal != "delete" {
		f.Add("removal", "must be lock or delete")
	}
	checkRoles(&f, "role", KindTenant, []access.Role{p.Role})
	for i, r := range p.Roles {
		p.Roles[i].Value = checkText(&f, fmt.Sprintf("roles[%d].value", i), r.Value, 1, 200)
		checkRoles(&f, fmt.Sprintf("roles[%d].role", i), KindTenant, []access.Role{r.Role})
	}
	teams := []string{}
	for i, t := range p.Teams {
		p.Teams[i].Value = checkText(&f, fmt.Sprintf("teams[%d].value", i), t.Value, 1, 200)
		teams = append(teams, t.Team)
	}
	if err := f.Err(); err != nil {
		return err
	}
	org, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return err
	}
	config, err := json.Marshal(p)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The provisioning could not be written.")
	}
	var done regrouped
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		done = regrouped{}
		was, row, err := readProvisioning(tx)
		if err != nil {
			return err
		}
		if row.Version != version {
			return errs.New(errs.Conflict, "This was changed by someone else in the meantime.")
		}
		if err := s.knownPlaces(tx, teams, ""); err != nil {
			return err
		}
		gives := store.UserRow{Roles: []string{string(p.Role)}}
		if err := s.mayGive(tx, a, store.UserRow{}, &gives, "role"); err != nil {
			return err
		}
		if err := s.mayGiveByTable(tx, a, was.Roles, p.Roles); err != nil {
			return err
		}
		row.Config, row.UpdatedAt = string(config), s.now()
		if err := tx.PutProvisioning(row); err != nil {
			return err
		}
		if err := s.Audit.Record(tx, a, "provisioning.changed", "organisation", string(a.Tenant), map[string]string{"removal": p.Removal}); err != nil {
			return err
		}
		members, err := tx.ProvisionedMembers()
		if err != nil {
			return err
		}
		users := map[string]bool{}
		for _, m := range members {
			users[m.UserID] = true
		}
		return s.regroup(ctx, tx, a, org, p, users, &done)
	})
	if err == nil {
		s.tellRegrouped(a, done)
	}
	return err
}

// CreateProvisioningKey makes the key by which the directory asks, shown once. It may do
// nothing else.
func (s *Service) CreateProvisioningKey(ctx context.Context, in Session, expires time.Time) (APIKey, secret.Text, error) {
	if err := mayRuleSignIn(in); err != nil {
		return APIKey{}, secret.Text{}, err
	}
	if now := s.now(); expires.After(now.Add(longestProvisioningKey)) || !expires.After(now) {
		return APIKey{}, secret.Text{}, errs.Bad("expires_at", "must lie in the future, and within two years")
	}
	return s.CreateAPIKey(ctx, in.Actor, NewAPIKey{Name: "SCIM", Roles: []access.Role{access.Administrator}, Scopes: []access.Permission{access.UserProvision}, ExpiresAt: expires})
}

// table is which group gives which role: the organisation's choice, else that of its
// single sign-on.
func (p Provisioning) table(tx *store.Tx) ([]ClaimRole, error) {
	if len(p.Roles) > 0 {
		return p.Roles, nil
	}
	o, _, err := readSignOn(tx)
	if errs.Is(err, errs.NotFound) || err == nil && o.RolesClaim == "" {
		return nil, nil
	}
	return o.Roles, err
}

// byGroups is what a user's groups make of it.
func (p Provisioning) byGroups(tx *store.Tx, u store.UserRow) (c UserChange, err error) {
	groups, err := tx.ProvisionedGroupsOf(u.ID)
	if err != nil {
		return c, err
	}
	in := func(value string) bool {
		return slices.ContainsFunc(groups, func(g store.ProvisionedGroupRow) bool {
			return g.NameKey == nameKey(value) || g.ExternalID != "" && g.ExternalID == value
		})
	}
	table, err := p.table(tx)
	if err != nil {
		return c, err
	}
	if len(table) > 0 {
		by := claimedBy(table, in)
		if len(by.roles) == 0 {
			by.withWhole(p.Role)
		}
		parts := by.over(u.Parts)
		c.Roles, c.Parts = &by.roles, &parts
	}
	if len(p.Teams) > 0 {
		teams := slices.DeleteFunc(slices.Clone(u.Teams), func(t string) bool { // those that groups give; others are given here
			return slices.ContainsFunc(p.Teams, func(g GroupTeam) bool { return g.Team == t })
		})
		for _, g := range p.Teams {
			if in(g.Value) && !slices.Contains(teams, g.Team) {
				teams = append(teams, g.Team)
			}
		}
		slices.Sort(teams)
		c.Teams = &teams
	}
	return c, nil
}

// regrouped is what came of a change of groups, to be told after the commit.
type regrouped struct {
	users    []string
	sessions []string
}

// regroup gives users what their groups give them.
func (s *Service) regroup(ctx context.Context, tx *store.Tx, a access.Actor, org store.OrganisationRow, p Provisioning, users map[string]bool, done *regrouped) error {
	for _, user := range slices.Sorted(maps.Keys(users)) {
		u, err := tx.User(user)
		if err != nil {
			return err
		}
		if u.Status == string(Deleted) {
			continue
		}
		c, err := p.byGroups(tx, u)
		if err != nil {
			return err
		}
		before := u
		if c.Roles != nil && slices.Equal(words(*c.Roles), slices.Sorted(slices.Values(before.Roles))) && sameParts(*c.Parts, before.Parts) {
			c.Roles, c.Parts = nil, nil
		}
		if c.Teams != nil && slices.Equal(*c.Teams, slices.Sorted(slices.Values(before.Teams))) {
			c.Teams = nil
		}
		if c.Roles == nil && c.Teams == nil {
			continue
		}
		detail, ended, err := s.changeIn(ctx, tx, a, org, &u, c, &agentRoom{s: s, tx: tx})
		if err != nil {
			return err
		}
		u.UpdatedAt = s.now()
		noteEndRight(before, &u, s.now())
		if err := tx.UpdateUser(u); err != nil {
			return err
		}
		if err := s.Audit.Record(tx, a, "user.changed", "user", u.ID, detail); err != nil {
			return err
		}
		done.users, done.sessions = append(done.users, u.ID), append(done.sessions, ended...)
	}
	return nil
}

func (s *Service) tellRegrouped(a access.Actor, done regrouped) {
	for _, u := range done.users {
		s.tell(a.Tenant, Change{User: u, Reason: EndedByAdmin})
		s.tellSetup(a.Tenant, u)
	}
}

// replaceProvisionedRole puts another role in the place of one that the directory's
// groups give.
func (s *Service) replaceProvisionedRole(tx *store.Tx, role, replacement string) error {
	p, row, err := readProvisioning(tx)
	gives := func(r ClaimRole) bool { return string(r.Role) == role }
	if err != nil || string(p.Role) != role && !slices.ContainsFunc(p.Roles, gives) {
		return err
	}
	if replacement == "" {
		return errs.New(errs.Conflict, "The organisation's directory gives this role. Change that first, under Single sign-on, or say which role it gives instead.")
	}
	if string(p.Role) == role {
		p.Role = access.Role(replacement)
	}
	if err := replaceInTable(tx, p.Roles, role, replacement); err != nil {
		return err
	}
	config, err := json.Marshal(p)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The provisioning could not be written.")
	}
	row.Config, row.UpdatedAt = string(config), s.now()
	return tx.PutProvisioning(row)
}
