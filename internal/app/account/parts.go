package account

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// RoleParts are the roles that somebody has for a part of the organisation only.
type RoleParts = map[access.Role]access.RolePart

// mostOfPart is how many teams, queues and campaigns a part names at most.
const mostOfPart = 100

// checkParts checks what roles are given for; knownParts looks at the rest.
func checkParts(f *errs.Fields, path string, roles []access.Role, parts RoleParts) {
	for _, r := range slices.Sorted(maps.Keys(parts)) {
		at, p := path+"."+string(r), parts[r]
		switch {
		case !slices.Contains(roles, r):
			f.Add(at, "is none of the roles")
		case p.Empty():
			f.Add(at, "must name a team, a queue or a campaign; leave it out to give the role for everything")
		case p.Size() > mostOfPart:
			f.Add(at, "must be at most %d teams, queues and campaigns", mostOfPart)
		}
	}
}

// partsOf are those of the parts whose roles are held.
func partsOf(roles []string, parts RoleParts) RoleParts {
	out := RoleParts{}
	for r, p := range parts {
		if slices.Contains(roles, string(r)) {
			out[r] = p
		}
	}
	return out
}

func sameParts(a, b RoleParts) bool { return maps.EqualFunc(a, b, access.RolePart.Equal) }

// knownParts adds what is wrong with parts that are new: a role that is given for
// everything or not at all, a team, a queue or a campaign that is not there.
func (s *Service) knownParts(tx *store.Tx, f *errs.Fields, path string, before RoleParts, a access.Actor) error {
	leased := false
	fresh := RoleParts{}
	for r, part := range a.Parts {
		if was, ok := before[r]; !ok || !was.Equal(part) {
			fresh[r] = part
		}
	}
	checkParts(f, path, a.Roles, fresh)
	for _, r := range slices.Sorted(maps.Keys(fresh)) {
		part := fresh[r]
		if !slices.Contains(a.Roles, r) || before[r].Covers(part) {
			continue
		}
		at := path + "." + string(r)
		if i := slices.IndexFunc(a.Custom, func(c access.Custom) bool { return c.ID == r }); i >= 0 && !access.Narrowable(r, a.Custom[i].Base) || i < 0 && !access.Narrowable(r, r) {
			f.Add(at, "is a role that is given for everything")
			continue
		}
		if !leased { // it makes this wait for a change of the set-up that is under way
			if _, _, err := tx.Lease("setup", "setup", time.Second, s.now()); err != nil {
				return err
			}
			leased = true
		}
		for _, of := range []struct {
			kind  setup.Kind
			field string
			ids   []string
		}{{setup.KindTeam, "teams", part.Teams}, {setup.KindQueue, "queues", part.Queues}, {setup.KindCampaign, "campaigns", part.Campaigns}} {
			for i, one := range of.ids {
				row, err := tx.Setup(string(of.kind), one)
				if errs.Is(err, errs.NotFound) || err == nil && !row.ArchivedAt.IsZero() {
					f.Add(fmt.Sprintf("%s.%s[%d]", at, of.field, i), "must be one of this organisation")
				} else if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// had says whether somebody had a role as far as it is given now.
func had(before store.UserRow, now access.Actor, r access.Role) bool {
	if !slices.Contains(before.Roles, string(r)) {
		return false
	}
	was, part := before.Parts[r]
	if !part {
		return true
	}
	is, part := now.Parts[r]
	return part && was.Covers(is)
}

// rolesSaid are roles with what they are given for, in ids and words of ours.
func rolesSaid(roles []string, parts RoleParts) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = r
		if p, ok := parts[access.Role(r)]; ok {
			out[i] += ":" + strings.Join(slices.Concat(p.Teams, p.Queues, p.Campaigns), ",")
		}
	}
	return strings.Join(out, " ")
}
