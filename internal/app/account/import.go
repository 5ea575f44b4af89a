package account

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/userfile"
	"nubitalk/internal/store"
)

// UserImport is what an import of a file of users would do, or has done.
type UserImport struct {
	Encoding  string            `json:"encoding" enum:"utf-8,utf-16,windows-1252"`
	Separator string            `json:"separator" doc:"The sign between the cells."`
	Columns   []userfile.Column `json:"columns" nullable:"false" enum:"user_name,roles,teams,site,skills,language,display_name,email,phone"`
	Ignored   []string          `json:"ignored" nullable:"false" doc:"Headings that are none of them; what stands there is not read."`
	Users     []UserEffect      `json:"users" nullable:"false" doc:"By line of the file."`
	Count     EffectCount       `json:"count"`
	Seen      string            `json:"seen" doc:"To send along when it is to be done."`
}

// NewPassword is the one-time password of a user that an import made.
type NewPassword struct {
	User     string `json:"user"`
	UserName string `json:"user_name"`
	Password string `json:"password,omitempty" doc:"Shown once: the first sign-in must choose another."`
	Code     string `json:"code,omitempty" doc:"Of the user's invitation, instead. Shown once, good once. The page is /app/invitation#organisation.code."`
}

// PreviewImport says what a file of users would do, line by line, and does nothing.
func (s *Service) PreviewImport(ctx context.Context, a access.Actor, file []byte) (UserImport, error) {
	out, _, _, err := s.planImport(ctx, a, file)
	return out, err
}

// Import does what PreviewImport said, of all lines or of some. Nothing of the
// file is kept but what the users have of it. Seen is Conflict when something else
// would be done than what was seen; the first result is what would be then. Without
// lines, one that is refused refuses the file. With invite, who is new is invited.
func (s *Service) Import(ctx context.Context, a access.Actor, file []byte, lines []int, seen string, invite *Inviting) (UserImport, []NewPassword, error) {
	if invite != nil {
		var f errs.Fields
		checkInvitationDays(&f, &invite.Days)
		if err := f.Err(); err != nil {
			return UserImport{}, nil, err
		}
	}
	out, d, list, err := s.planImport(ctx, a, file)
	if err != nil {
		return out, nil, err
	}
	if out.Seen != seen {
		return out, nil, otherThanSeen()
	}
	if lines == nil && out.Count.Refused > 0 {
		return out, nil, errs.Bad("lines", "must be named, because %d lines are refused", out.Count.Refused)
	}
	if lines != nil {
		chosen := map[int]bool{}
		for _, line := range lines {
			chosen[line] = true
		}
		list = slices.DeleteFunc(list, func(p *planned) bool { return !chosen[p.Line] })
	}
	passwords := map[*planned]NewPassword{}
	for _, p := range list {
		if p.Verdict == WillBeNew {
			if passwords[p], err = s.newOfFile(ctx, d.org, p, invite); err != nil {
				return out, nil, err
			}
		}
	}
	if err := s.carryOut(ctx, a, d, list); err != nil {
		return out, nil, err
	}
	out.Users = effects(list)
	out.Count = countEffects(out.Users)
	made := []NewPassword{}
	for i, p := range list {
		if p.Verdict == WillBeNew {
			out.Users[i].User = p.after.ID
			made = append(made, passwords[p])
		}
	}
	// After the users, whose own lines say what was changed; one that is missing is none of theirs.
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "users.imported", "organisation", string(a.Tenant), out.Count.detail())
	})
	if err != nil {
		s.Log.Warn("an import of users was not noted", "tenant", a.Tenant, "error", err)
	}
	return out, made, nil
}

// newOfFile makes the row of who is new, and what it comes in with.
func (s *Service) newOfFile(ctx context.Context, org store.OrganisationRow, p *planned, invite *Inviting) (made NewPassword, err error) {
	hash := ""
	if invite == nil {
		password := recoveryCode()
		if hash, err = s.longHash(ctx, password); err != nil {
			return made, err
		}
		made.Password = password.Reveal()
	}
	if p.after, err = s.rowOf(ctx, org, p.made, hash, invite == nil); err != nil {
		return made, err
	}
	if invite != nil {
		made.Code = s.newInvitation(org, &p.after, invite.Days).Code
	}
	made.User, made.UserName = p.after.ID, p.after.UserName
	return made, nil
}

func (c EffectCount) detail() map[string]string {
	return map[string]string{"new": strconv.Itoa(c.New), "changed": strconv.Itoa(c.Changed), "unchanged": strconv.Itoa(c.Unchanged), "refused": strconv.Itoa(c.Refused)}
}

func effects(list []*planned) []UserEffect {
	out := make([]UserEffect, len(list))
	for i, p := range list {
		out[i] = p.UserEffect
	}
	return out
}

func (s *Service) planImport(ctx context.Context, a access.Actor, file []byte) (out UserImport, d *roster, list []*planned, err error) {
	if err := may(a, access.UserWrite); err != nil {
		return out, nil, nil, err
	}
	read, err := userfile.Read(file)
	if err != nil {
		return out, nil, nil, err
	}
	err = s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		d, err = s.readRoster(tx)
		return err
	})
	if err != nil {
		return out, nil, nil, err
	}
	lines := map[string]int{}
	for _, row := range read.Rows {
		p := d.planRow(row, lines)
		if len(p.faults) > mostSaid {
			p.faults = slices.Clone(p.faults[:mostSaid])
		}
		list = append(list, p)
	}
	if err := s.judge(ctx, d, a, list); err != nil {
		return out, nil, nil, err
	}
	out = UserImport{Encoding: read.Encoding, Separator: read.Separator, Columns: read.Columns, Ignored: append([]string{}, read.Ignored...), Users: effects(list)}
	out.Count, out.Seen = countEffects(out.Users), seenWord(out.Users)
	return out, d, list, nil
}

// mostSaid is how many problems of a line are told.
const mostSaid = 10

// planRow is what a line of the file asks for.
func (d *roster) planRow(row userfile.Row, lines map[string]int) *planned {
	p := &planned{UserEffect: UserEffect{Line: row.Line, UserName: row.Cells[userfile.UserName]}}
	if row.Problem != "" {
		p.faults.Add("", "%s", row.Problem)
	}
	c := d.readCells(&p.faults, row.Cells)
	if at, ok := d.byKey[nameKey(p.UserName)]; ok {
		p.before = d.users[at]
	}
	if p.before.ID == "" {
		p.made = newOf(p.UserName, c)
		var f errs.Fields
		checkNew(&f, d.org, &p.made)
		p.faults = append(p.faults, columned(f)...)
		p.UserName = p.made.UserName
		if p.Mail = p.made.Profile.Email != ""; p.Mail {
			p.Language = p.made.Language
		}
		p.after = store.UserRow{UserName: p.made.UserName, UserNameKey: nameKey(p.made.UserName), Status: string(Active), Roles: words(p.made.Roles), Parts: p.made.Parts}
	} else {
		var f errs.Fields
		checkChanged(&f, d.org, &c)
		p.faults = append(p.faults, columned(f)...)
		p.change, p.after = c, p.before
		apply(&p.after, c)
	}
	if key := nameKey(p.UserName); lines[key] > 0 {
		p.faults.Add("user_name", "stands in line %d already", lines[key])
	} else if key != "" {
		lines[key] = row.Line
	}
	return p
}

// readCells makes a change of what stands in a line. What is empty empties, but
// for roles and language, which everybody has.
func (d *roster) readCells(f *errs.Fields, cells map[userfile.Column]string) (c UserChange) {
	if cell := cells[userfile.Roles]; cell != "" {
		roles, parts := []access.Role{}, d.partsHad(cells[userfile.UserName])
		for _, word := range userfile.List(cell) {
			r, inside, narrowed := d.readRole(word)
			if r == "" {
				f.Add("roles", "%q is not a role here; %s", word, roleList(rolesOf(Kind(d.org.Kind))))
				continue
			}
			roles = append(roles, r)
			if narrowed {
				d.readPart(f, r, inside, parts)
			}
		}
		parts = partsOf(words(roles), parts)
		c.Roles, c.Parts = &roles, &parts
	}
	if cell, ok := cells[userfile.Teams]; ok {
		teams := []string{}
		for _, word := range userfile.List(cell) {
			if team := d.teams.find(word); team != "" {
				teams = append(teams, team)
			} else {
				f.Add("teams", "%q is no team here, or several are called so", word)
			}
		}
		teams = slices.Compact(slices.Sorted(slices.Values(teams)))
		c.Teams = &teams
	}
	if cell, ok := cells[userfile.Site]; ok {
		site := d.sites.find(cell)
		if site == "" && cell != "" {
			f.Add("site", "%q is no site here, or several are called so", cell)
		}
		c.Site = &site
	}
	if cell, ok := cells[userfile.Skills]; ok {
		skills := d.readSkills(f, cell)
		c.Skills = &skills
	}
	if cell := cells[userfile.Language]; cell != "" {
		language := languageWord(cell)
		c.Language = &language
	}
	var profile ProfileChange
	for column, to := range map[userfile.Column]**string{userfile.DisplayName: &profile.DisplayName, userfile.Email: &profile.Email, userfile.Phone: &profile.Phone} {
		if cell, ok := cells[column]; ok {
			*to = &cell
		}
	}
	if profile != (ProfileChange{}) {
		c.Profile = &profile
	}
	return c
}

// readSkills reads English=8 | Portuguese=5.
func (d *roster) readSkills(f *errs.Fields, cell string) map[string]int {
	out := map[string]int{}
	for _, part := range userfile.List(cell) {
		at := strings.LastIndexAny(part, "=:")
		if at < 0 {
			f.Add("skills", "%q has no level; write a skill and a level from 1 to 10, such as English=8", part)
			continue
		}
		skill := d.skills.find(strings.TrimSpace(part[:at]))
		level, err := strconv.Atoi(strings.TrimSpace(part[at+1:]))
		switch {
		case skill == "":
			f.Add("skills", "%q is no skill here, or several are called so", strings.TrimSpace(part[:at]))
		case err != nil || level < 1 || level > 10:
			f.Add("skills", "%q has no level; write a skill and a level from 1 to 10, such as English=8", part)
		case out[skill] != 0:
			f.Add("skills", "%q stands there twice", strings.TrimSpace(part[:at]))
		default:
			out[skill] = level
		}
	}
	return out
}

// languageWord is the code of a language that a person wrote.
func languageWord(s string) string {
	switch word := userfile.Fold(s); word {
	case "english", "ingles":
		return "en"
	case "portuguese", "portugues":
		return "pt"
	default:
		return word
	}
}

// newOf is a new user of what a line says.
func newOf(name string, c UserChange) NewUser {
	n := NewUser{UserName: name, Profile: c.Profile.Of(Profile{})}
	if c.Roles != nil {
		n.Roles, n.Parts = *c.Roles, *c.Parts
	}
	if c.Teams != nil {
		n.Teams = *c.Teams
	}
	if c.Site != nil {
		n.Site = *c.Site
	}
	if c.Skills != nil {
		n.Skills = *c.Skills
	}
	if c.Language != nil {
		n.Language = *c.Language
	}
	return n
}

// columned says of faults in which column they are.
func columned(f errs.Fields) errs.Fields {
	for i := range f {
		f[i].Path = columnOfPath(f[i].Path)
	}
	return f
}

func columnOfPath(path string) string {
	path = strings.TrimPrefix(path, "profile.")
	if at := strings.IndexAny(path, ".["); at >= 0 {
		path = path[:at]
	}
	return path
}

// ExportUsers writes the organisation's users as a file that Import takes; what
// they told of themselves only if withProfile is set.
func (s *Service) ExportUsers(ctx context.Context, a access.Actor, withProfile bool, w io.Writer) error {
	if err := may(a, access.UserWrite); err != nil {
		return err
	}
	var d *roster
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		d, err = s.readRoster(tx)
		return err
	})
	if err != nil {
		return err
	}
	columns := userfile.Work
	if withProfile {
		columns = slices.Concat(userfile.Work, userfile.Personal)
	}
	order.By(d.users, func(x, y store.UserRow) int { return strings.Compare(x.UserNameKey, y.UserNameKey) })
	rows := make([]map[userfile.Column]string, 0, len(d.users))
	for _, u := range d.users {
		cells := d.cells(u)
		if withProfile {
			p, err := s.openProfile(ctx, a.Tenant, u.ID, u.ProfileSealed)
			if err != nil {
				return err
			}
			personal(cells, p)
		}
		rows = append(rows, cells)
	}
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "users.exported", "organisation", string(a.Tenant),
			map[string]string{"users": strconv.Itoa(len(rows)), "profiles": strconv.FormatBool(withProfile)})
	})
	if err != nil {
		return err // what cannot be noted is not given
	}
	return userfile.Write(w, columns, rows)
}
