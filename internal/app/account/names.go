package account

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
)

const maxUserName = 64 // characters

// nameKey is what two user names have in common when they are the same to a
// person: compatibility forms and letter case do not tell them apart.
func nameKey(userName string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(userName))))
}

// checkUserName accepts letters and digits of any script and a few signs, so
// that pseudonyms of every kind work and nothing invisible does.
func checkUserName(f *errs.Fields, path, s string) string {
	s = norm.NFC.String(strings.TrimSpace(s))
	n := utf8.RuneCountInString(s)
	ok := n >= 1 && n <= maxUserName && nameKey(s) != ""
	for _, r := range s {
		ok = ok && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || strings.ContainsRune("._-@+", r)) &&
			!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) // letters and marks that are not seen
	}
	if !ok {
		f.Add(path, "must have 1 to %d letters, digits or any of . _ - @ +", maxUserName)
	}
	return s
}

// checkSlug accepts the short name that is typed at sign-in.
func checkSlug(f *errs.Fields, path, s string) {
	ok := len(s) >= 2 && len(s) <= 40 && s[0] != '-' && s[len(s)-1] != '-'
	for _, r := range s {
		ok = ok && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
	}
	if !ok {
		f.Add(path, "must have 2 to 40 lower-case letters, digits or hyphens, and start and end with a letter or digit")
	}
}

func checkText(f *errs.Fields, path, s string, least, most int) string {
	s = norm.NFC.String(strings.TrimSpace(s))
	if n := utf8.RuneCountInString(s); n < least || n > most {
		f.Add(path, "must have %d to %d characters", least, most)
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			f.Add(path, "must not contain control characters")
			break
		}
	}
	return s
}

// checkLines checks a text of several lines.
func checkLines(f *errs.Fields, path, s string, most int) string {
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimSpace(s), "\r\n", "\n")) {
		lines = append(lines, checkText(f, path, strings.TrimRight(line, "\n"), 0, most))
	}
	s = strings.Join(lines, "\n")
	if len(lines) > 1 && utf8.RuneCountInString(s) > most {
		f.Add(path, "must have %d to %d characters", 0, most)
	}
	return s
}

func checkLanguage(f *errs.Fields, path, s string) {
	if s != "en" && s != "pt" {
		f.Add(path, "must be en or pt")
	}
}

func checkZone(f *errs.Fields, path, s string) {
	if s == "" || s == "Local" {
		f.Add(path, "must be the name of a time zone, e.g. Europe/Lisbon")
		return
	}
	if _, err := time.LoadLocation(s); err != nil {
		f.Add(path, "is not the name of a time zone, e.g. Europe/Lisbon")
	}
}

// checkRoles accepts the roles that users of a kind of organisation may hold.
// Whether a tenant's own ones exist, mayGive finds out.
func checkRoles(f *errs.Fields, path string, kind Kind, roles []access.Role) []access.Role {
	allowed := rolesOf(kind)
	if len(roles) == 0 {
		f.Add(path, "must name at least one role")
	}
	var out []access.Role
	for _, r := range roles {
		if !slices.Contains(allowed, r) && !(kind == KindTenant && access.IsCustom(r)) {
			f.Add(path, "%q is not a role here; %s", r, roleList(allowed))
			continue
		}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// rolesOf are the roles that users of a kind of organisation may hold.
func rolesOf(kind Kind) []access.Role {
	switch kind {
	case KindOperator:
		return []access.Role{access.OperatorRole}
	case KindReseller:
		return []access.Role{access.ResellerRole}
	}
	return access.TenantRoles
}

// rulerOf is the role without which nobody could manage an organisation's users.
func rulerOf(kind Kind) access.Role {
	switch kind {
	case KindOperator:
		return access.OperatorRole
	case KindReseller:
		return access.ResellerRole
	}
	return access.Administrator
}

// usual is the role of a user for whom none was named: the one that can do least.
func usual(kind Kind) access.Role {
	if kind == KindTenant {
		return access.Agent
	}
	return rulerOf(kind)
}

func roleList(roles []access.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ") + " are accepted"
}

func checkSkills(f *errs.Fields, path string, skills map[string]int) {
	if len(skills) > 100 {
		f.Add(path, "must be at most 100")
	}
	for skill, level := range skills {
		if skill == "" || len(skill) > 64 || level < 1 || level > 10 {
			f.Add(path+"."+skill, "must be a proficiency from 1 to 10")
		}
	}
}

// checkTeams gives the list in order, each team once.
func checkTeams(f *errs.Fields, path string, teams []string) []string {
	teams = slices.Compact(slices.Sorted(slices.Values(teams)))
	if len(teams) > 100 {
		f.Add(path, "must be at most 100")
	}
	return teams
}

func checkCapacity(f *errs.Fields, path string, capacity map[acd.Channel]int) {
	for c, n := range capacity {
		switch c {
		case acd.Voice, acd.Chat, acd.Email, acd.Social:
			if n < 0 || n > 50 {
				f.Add(path+"."+string(c), "must be 0 to 50")
			}
		default:
			f.Add(path, "%q is not a channel; voice, chat, email and social are", string(c))
		}
	}
}

// checkProfileChange checks what a change names.
func checkProfileChange(f *errs.Fields, path string, c ProfileChange) *ProfileChange {
	p := checkProfile(f, path, c.Of(Profile{}))
	for _, v := range []struct {
		to **string
		s  *string
	}{{&c.DisplayName, &p.DisplayName}, {&c.Email, &p.Email}, {&c.Phone, &p.Phone}, {&c.Signature, &p.Signature}} {
		if *v.to != nil {
			*v.to = v.s
		}
	}
	return &c
}

func checkProfile(f *errs.Fields, path string, p Profile) Profile {
	return Profile{
		DisplayName: checkText(f, path+".display_name", p.DisplayName, 0, 80),
		Email:       checkText(f, path+".email", p.Email, 0, 254),
		Phone:       checkText(f, path+".phone", p.Phone, 0, 40),
		Signature:   checkLines(f, path+".signature", p.Signature, 1000),
	}
}
