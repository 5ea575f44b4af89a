package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// What is done to several users at once.
const (
	AddRole     = "add_role"
	RemoveRole  = "remove_role"
	AddTeam     = "add_team"
	RemoveTeam  = "remove_team"
	SetSite     = "set_site"
	SetSkill    = "set_skill"
	RemoveSkill = "remove_skill"
	Lock        = "lock"
	Unlock      = "unlock"
	EndAll      = "end_sessions"
	Delete      = "delete"
)

// SeveralChange is one change of several users.
type SeveralChange struct {
	Do    string `json:"do" enum:"add_role,remove_role,add_team,remove_team,set_site,set_skill,remove_skill,lock,unlock,end_sessions,delete"`
	Value string `json:"value,omitempty" maxLength:"64" doc:"The role, or the id of the team, of the site (empty: none) or of the skill."`
	Level int    `json:"level,omitempty" doc:"Of the skill, 1-10."`
	// Part is what a role is given for that is not given for everything.
	Part *access.RolePart `json:"part,omitempty" doc:"Of add_role: for these teams, queues and campaigns only."`
}

func (c SeveralChange) same(o SeveralChange) bool {
	if c.Part == nil || o.Part == nil {
		return c == o
	}
	return c.Do == o.Do && c.Value == o.Value && c.Part.Equal(*o.Part)
}

// GivesRoles says whether it is roles that change.
func (c SeveralChange) GivesRoles() bool { return c.Do == AddRole || c.Do == RemoveRole }

// Several are the users that a change is about: by id, or all that a query finds.
type Several struct {
	Users []string
	Found *UserQuery
}

// SeveralEffect is what a change of several users would do, or has done.
type SeveralEffect struct {
	Users []UserEffect `json:"users" nullable:"false" doc:"By name."`
	Count EffectCount  `json:"count"`
	Seen  string       `json:"seen" doc:"To send along when it is to be done."`
	Undo  []UndoChange `json:"undo" nullable:"false" doc:"What takes it back, once it is done. Nothing does for sessions that ended and users who were deleted."`
}

// UndoChange takes back what was done to some of the users.
type UndoChange struct {
	Users []string `json:"users" nullable:"false"`
	SeveralChange
}

// How many users are changed at once. Deleting takes each out of all that names it.
const (
	maxSeveral = 5000
	maxDeleted = 500
)

// SeveralEffect says what a change would do to each of several users, and does nothing.
func (s *Service) SeveralEffect(ctx context.Context, a access.Actor, who Several, c SeveralChange) (SeveralEffect, error) {
	_, list, err := s.planSeveral(ctx, a, who, c)
	return severalEffect(list), err
}

func severalEffect(list []*planned) SeveralEffect {
	out := SeveralEffect{Users: effects(list), Undo: []UndoChange{}}
	out.Count, out.Seen = countEffects(out.Users), seenWord(out.Users)
	return out
}

// ChangeSeveral does what SeveralEffect said, to those who are not refused. When
// something else would be done than what was seen it is Conflict.
func (s *Service) ChangeSeveral(ctx context.Context, a access.Actor, who Several, c SeveralChange, seen string) (SeveralEffect, error) {
	d, list, err := s.planSeveral(ctx, a, who, c)
	if err != nil {
		return SeveralEffect{}, err
	}
	if severalEffect(list).Seen != seen {
		return SeveralEffect{}, otherThanSeen()
	}
	ctx = context.WithoutCancel(ctx) // who asked may go away: all of it is done, and the answer told to who asks again
	switch c.Do {
	case Delete:
		eachOf(list, func(user string) error { return s.DeleteUser(ctx, a, user) })
	case EndAll:
		eachOf(list, func(user string) error { return s.EndSessions(ctx, a, user) })
	default:
		if err := s.carryOut(ctx, a, d, list); err != nil {
			return SeveralEffect{}, err
		}
	}
	out := severalEffect(list)
	out.Undo = undoOf(list, c)
	return out, nil
}

func otherThanSeen() error {
	return errs.New(errs.Conflict, "This would do something else now than what you saw. Look at it again.")
}

// eachOf does something to each user who is not refused, and notes who is then.
func eachOf(list []*planned, do func(user string) error) {
	for _, p := range list {
		if p.Verdict != WillMove {
			continue
		}
		if err := do(p.before.ID); err != nil {
			p.refuse("", errs.As(err).Text)
		}
	}
}

func (s *Service) planSeveral(ctx context.Context, a access.Actor, who Several, c SeveralChange) (d *roster, list []*planned, err error) {
	if err := may(a, access.UserWrite); err != nil {
		return nil, nil, err
	}
	open := map[string]int{}
	err = s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		if d, err = s.readRoster(tx); err != nil {
			return err
		}
		if list, err = s.chosen(ctx, d, who); err != nil || c.Do != EndAll {
			return err
		}
		clear(open)
		for _, p := range list {
			sessions, err := tx.SessionsOf(p.before.ID)
			if err != nil {
				return err
			}
			open[p.before.ID] = len(sessions)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if err := d.checkSeveral(c, len(list)); err != nil {
		return nil, nil, err
	}
	missed := map[string]error{}
	if c.Do == Delete && s.Leavers != nil {
		if missed, err = s.tryLeaving(ctx, a, list); err != nil {
			return nil, nil, err
		}
	}
	for _, p := range list {
		s.plan(d, p, c)
		if p.before.ID == a.User && (c.Do == Lock || c.Do == EndAll || c.Do == Delete) {
			p.faults.Add("", "is your own account")
		}
		if why := missed[p.before.ID]; why != nil {
			p.faults.Add("", "%s", errs.As(why).Text)
		}
	}
	if err := s.judge(ctx, d, a, list); err != nil {
		return nil, nil, err
	}
	for _, p := range list {
		if n := open[p.before.ID]; n > 0 && p.Verdict != WillNot {
			p.Verdict, p.Changes = WillMove, append(p.Changes, ValueChange{"sessions", strconv.Itoa(n), "0"})
		}
	}
	return d, list, nil
}

// chosen are the users that a change is about, by name.
func (s *Service) chosen(ctx context.Context, d *roster, who Several) ([]*planned, error) {
	var list []*planned
	if who.Found != nil {
		found, err := s.find(ctx, d.org.ID, d.users, *who.Found)
		if err != nil {
			return nil, err
		}
		for _, u := range found {
			list = append(list, &planned{before: u})
		}
	} else {
		var f errs.Fields
		chosen := map[string]bool{}
		for i, user := range who.Users {
			at, ok := d.byID[user]
			if !ok {
				f.Add("users["+strconv.Itoa(i)+"]", "must be a user of this organisation")
			} else if !chosen[user] {
				chosen[user] = true
				list = append(list, &planned{before: d.users[at]})
			}
		}
		if err := f.Err(); err != nil {
			return nil, err
		}
	}
	order.Stable(list, func(a, b *planned) int { return byName(a.before, b.before) })
	return list, nil
}

// checkSeveral refuses what cannot be done to anybody.
func (d *roster) checkSeveral(c SeveralChange, users int) error {
	var f errs.Fields
	known := func(list places, word string) {
		if _, ok := list.names[c.Value]; !ok {
			f.Add("value", "must be a %s of this organisation", word)
		}
	}
	switch c.Do {
	case AddRole, RemoveRole:
		if string(d.role(c.Value)) != c.Value || c.Value == "" {
			f.Add("value", "%q is not a role here; %s", c.Value, roleList(rolesOf(Kind(d.org.Kind))))
		}
	case AddTeam, RemoveTeam:
		known(d.teams, "team")
	case SetSite:
		if c.Value != "" {
			known(d.sites, "site")
		}
	case SetSkill, RemoveSkill:
		known(d.skills, "skill")
		if c.Do == SetSkill && (c.Level < 1 || c.Level > 10) {
			f.Add("level", "must be a proficiency from 1 to 10")
		}
	}
	if c.Part != nil && c.Do != AddRole {
		f.Add("part", "is for a role that is given")
	}
	most := maxSeveral
	if c.Do == Delete {
		most = maxDeleted
	}
	switch {
	case users == 0:
		f.Add("users", "must name at least one user")
	case users > most:
		f.Add("users", "must be at most %d", most)
	}
	return f.Err()
}

// plan is what becomes of one user.
func (s *Service) plan(d *roster, p *planned, c SeveralChange) {
	u := p.before
	p.after = u
	switch c.Do {
	case AddRole, RemoveRole:
		if roles := listWith(wordsAs[access.Role](u.Roles), access.Role(c.Value), c.Do == AddRole); roles != nil {
			p.change.Roles = &roles
			if c.Part != nil {
				parts := partsOf(u.Roles, u.Parts)
				parts[access.Role(c.Value)] = *c.Part
				p.change.Parts = &parts
			}
		}
	case AddTeam, RemoveTeam:
		if teams := listWith(u.Teams, c.Value, c.Do == AddTeam); teams != nil {
			p.change.Teams = &teams
		}
	case SetSite:
		p.change.Site = &c.Value
	case SetSkill, RemoveSkill:
		skills := maps.Clone(u.Skills)
		if skills == nil {
			skills = map[string]int{}
		}
		delete(skills, c.Value)
		if c.Do == SetSkill {
			skills[c.Value] = c.Level
		}
		p.change.Skills = &skills
	case Lock, Unlock:
		to := Active
		if c.Do == Lock {
			to = Locked
		}
		p.change.Status = &to
	}
	checkChanged(&p.faults, d.org, &p.change)
	apply(&p.after, p.change)
	if c.Do == Delete {
		p.after.Status = string(Deleted)
	}
}

// listWith is a list with a thing, or without it; nil if it is so already.
func listWith[T ~string](list []T, thing T, with bool) []T {
	switch has := slices.Contains(list, thing); {
	case has == with:
		return nil
	case with:
		return append(slices.Clone(list), thing)
	}
	return slices.DeleteFunc(slices.Clone(list), func(t T) bool { return t == thing })
}

// errTried takes back what was tried.
var errTried = errors.New("tried")

// tryLeaving finds out, in a transaction that is taken back, who cannot be taken
// out of what names it: the last member of a queue.
func (s *Service) tryLeaving(ctx context.Context, a access.Actor, list []*planned) (map[string]error, error) {
	missed := map[string]error{}
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		clear(missed)
		for _, p := range list {
			_, err := s.Leavers.DropUser(tx, a, p.before.ID)
			switch {
			case errs.Is(err, errs.Conflict) || errs.Is(err, errs.Invalid):
				missed[p.before.ID] = err
			case err != nil:
				return err
			}
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		err = nil
	}
	return missed, err
}

// undoOf is what takes a change back that was carried out.
func undoOf(list []*planned, c SeveralChange) []UndoChange {
	out := []UndoChange{}
	for _, p := range list {
		if p.Verdict != WillMove {
			continue
		}
		back := c.back(p.before)
		if back.Do == "" {
			continue
		}
		at := slices.IndexFunc(out, func(u UndoChange) bool { return u.SeveralChange.same(back) })
		if at < 0 {
			at, out = len(out), append(out, UndoChange{SeveralChange: back})
		}
		out[at].Users = append(out[at].Users, p.before.ID)
	}
	return out
}

// back is what makes of a user again what it was.
func (c SeveralChange) back(was store.UserRow) SeveralChange {
	opposite := map[string]string{AddRole: RemoveRole, AddTeam: RemoveTeam, RemoveTeam: AddTeam, Lock: Unlock}
	switch c.Do {
	case RemoveRole:
		back := SeveralChange{Do: AddRole, Value: c.Value}
		if part, ok := was.Parts[access.Role(c.Value)]; ok {
			back.Part = &part
		}
		return back
	case SetSite:
		return SeveralChange{Do: SetSite, Value: was.Site}
	case SetSkill, RemoveSkill:
		if level := was.Skills[c.Value]; level > 0 {
			return SeveralChange{Do: SetSkill, Value: c.Value, Level: level}
		}
		return SeveralChange{Do: RemoveSkill, Value: c.Value}
	case Unlock:
		if was.Status == string(Locked) { // nobody wants a lock-out back
			return SeveralChange{Do: Lock}
		}
		return SeveralChange{}
	}
	return SeveralChange{Do: opposite[c.Do], Value: c.Value}
}
