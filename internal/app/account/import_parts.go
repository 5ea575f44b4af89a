package account

import (
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/userfile"
)

// In a file of users, a role that is given for some teams, queues and campaigns only says so behind it:
//
//	supervisor [team North, queue Sales]
//
// and one that is given for everything whatever it was for before: supervisor [everything].
const partOpens, partCloses, partSign = " [", "]", ","

var (
	teamWords     = []string{"team", "equipa"}
	queueWords    = []string{"queue", "fila"}
	campaignWords = []string{"campaign", "campanha"}
	wholeWords    = []string{"everything", "tudo"}
)

// readRole is the role of a word, and what stands in its brackets.
func (d *roster) readRole(word string) (r access.Role, inside string, narrowed bool) {
	if r = d.role(word); r != "" { // one of its own may be called so
		return r, "", false
	}
	at := strings.LastIndex(word, "[")
	if at < 0 || !strings.HasSuffix(word, partCloses) {
		return "", "", false
	}
	return d.role(strings.TrimSpace(word[:at])), word[at+1 : len(word)-1], true
}

// readPart reads what stands in a role's brackets.
func (d *roster) readPart(f *errs.Fields, r access.Role, inside string, parts RoleParts) {
	if slices.Contains(wholeWords, userfile.Fold(inside)) {
		delete(parts, r)
		return
	}
	if !d.narrowable(r) {
		f.Add("roles", "%q is a role that is given for everything", d.callRole(r))
		return
	}
	var part access.RolePart
	for one := range strings.SplitSeq(inside, partSign) {
		word, name, _ := strings.Cut(strings.TrimSpace(one), " ")
		name = strings.TrimSpace(name)
		switch word = userfile.Fold(word); {
		case slices.Contains(teamWords, word):
			if team := d.teams.find(name); team != "" {
				part.Teams = append(part.Teams, team)
			} else {
				f.Add("roles", "%q is no team here, or several are called so", name)
			}
		case slices.Contains(queueWords, word):
			if queue := d.queues.find(name); queue != "" {
				part.Queues = append(part.Queues, queue)
			} else {
				f.Add("roles", "%q is no queue here, or several are called so", name)
			}
		case slices.Contains(campaignWords, word):
			if campaign := d.campaigns.find(name); campaign != "" {
				part.Campaigns = append(part.Campaigns, campaign)
			} else {
				f.Add("roles", "%q is no campaign here, or several are called so", name)
			}
		default:
			f.Add("roles", "%q says neither a team, a queue nor a campaign; write it such as supervisor [team North, queue Sales]", strings.TrimSpace(one))
		}
	}
	if part.Size() > mostOfPart {
		f.Add("roles", "must be at most %d teams, queues and campaigns", mostOfPart)
	}
	part = part.And(access.RolePart{}) // sorted, each once
	if was, ok := parts[r]; ok && was.Equal(part) {
		return // as it was, in whatever order
	}
	parts[r] = part
}

// partsHad are the parts of who is called so now.
func (d *roster) partsHad(name string) RoleParts {
	if at, ok := d.byKey[nameKey(name)]; ok {
		return partsOf(d.users[at].Roles, d.users[at].Parts)
	}
	return RoleParts{}
}

func (d *roster) narrowable(r access.Role) bool {
	for _, o := range d.roles {
		if o.ID == string(r) {
			return access.Narrowable(r, access.Role(o.Base))
		}
	}
	return access.Narrowable(r, r)
}

// callRolePart is what a file calls a role with what it is given for.
func (d *roster) callRolePart(r access.Role, parts RoleParts) string {
	part, ok := parts[r]
	if !ok {
		return d.callRole(r)
	}
	name := func(p places, object string) string {
		if name := p.call(object); !strings.ContainsAny(name, partSign+"[]") {
			return name
		}
		return object
	}
	var said []string
	for _, t := range part.Teams {
		said = append(said, teamWords[0]+" "+name(d.teams, t))
	}
	for _, q := range part.Queues {
		said = append(said, queueWords[0]+" "+name(d.queues, q))
	}
	for _, c := range part.Campaigns {
		said = append(said, campaignWords[0]+" "+name(d.campaigns, c))
	}
	slices.Sort(said)
	behind := partOpens + strings.Join(said, partSign+" ") + partCloses
	if word := d.callRole(r) + behind; d.role(word) == "" {
		return word
	}
	return string(r) + behind
}
