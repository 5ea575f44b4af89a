package account

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/scim"
	"nubitalk/internal/store"
)

func (s *Service) groupRecord(g store.ProvisionedGroupRow, members []string) scim.Record {
	r := map[string]any{"schemas": []any{scim.GroupSchema}, "id": g.ID, "displayName": g.Name}
	if g.ExternalID != "" {
		r["externalId"] = g.ExternalID
	}
	list := make([]any, len(members))
	for i, m := range members {
		list[i] = map[string]any{"value": m, "type": "User"}
	}
	r["members"] = list
	return scim.Record{Kind: "Group", ID: g.ID, Resource: r, Version: g.Version, Created: g.CreatedAt, Updated: g.UpdatedAt}
}

func (s *Service) scimGroups(ctx context.Context, d provisioner, f scim.Filter) ([]scim.Record, error) {
	out := []scim.Record{}
	err := s.Store.Read(ctx, d.Tenant, func(tx *store.Tx) error {
		groups, err := tx.ProvisionedGroups()
		if err != nil {
			return err
		}
		members, err := tx.ProvisionedMembers()
		of := map[string][]string{}
		for _, m := range members {
			of[m.GroupID] = append(of[m.GroupID], m.UserID)
		}
		out = out[:0]
		for _, g := range groups {
			if r := s.groupRecord(g, of[g.ID]); f.Holds(r.Resource) {
				out = append(out, r)
			}
		}
		return err
	})
	return out, err
}

func (s *Service) scimGroup(ctx context.Context, d provisioner, group string) (r scim.Record, err error) {
	err = s.Store.Read(ctx, d.Tenant, func(tx *store.Tx) (err error) {
		r, _, err = s.readGroup(tx, group)
		return err
	})
	return r, err
}

func (s *Service) readGroup(tx *store.Tx, group string) (scim.Record, store.ProvisionedGroupRow, error) {
	row, err := tx.ProvisionedGroup(group)
	if err != nil {
		return scim.Record{}, row, err
	}
	list, err := tx.ProvisionedMembersOf(group)
	members := []string{}
	for _, m := range list {
		members = append(members, m.UserID)
	}
	return s.groupRecord(row, members), row, err
}

// mostGroups is how many groups of a directory an organisation may have.
const mostGroups = 1000

// scimPutGroup makes a group (group ""), or what the directory says of one.
func (s *Service) scimPutGroup(ctx context.Context, d provisioner, group string, version int64, change func(map[string]any) (map[string]any, error)) (out scim.Record, err error) {
	var done regrouped
	err = s.Store.Write(ctx, d.Tenant, func(tx *store.Tx) error {
		done = regrouped{}
		// One change of groups after another: each looks at all groups of its users.
		if _, _, err := tx.Lease("groups", "accounts", time.Minute, s.now()); err != nil {
			return err
		}
		var before scim.Record
		var row store.ProvisionedGroupRow
		var err error
		if group != "" {
			if before, row, err = s.readGroup(tx, group); err != nil {
				return err
			}
			if version != 0 && version != row.Version {
				return scim.Changed()
			}
		}
		after, err := change(before.Resource)
		if err != nil {
			return err
		}
		in, err := scim.ReadGroup(after)
		if err != nil {
			return err
		}
		var was scim.Group
		if group != "" {
			if was, err = scim.ReadGroup(before.Resource); err != nil {
				return err
			}
		}
		var f errs.Fields
		in.Name = checkText(&f, "displayName", in.Name, 1, 200)
		in.ExternalID = checkText(&f, "externalId", in.ExternalID, 0, 200)
		if err := f.Err(); err != nil {
			return err
		}
		renamed := group == "" || in.Name != was.Name || in.ExternalID != was.ExternalID
		row.Name, row.NameKey, row.ExternalID, row.UpdatedAt = in.Name, nameKey(in.Name), in.ExternalID, s.now()
		users, err := changedMembers(tx, was.Members, in.Members, renamed)
		if err != nil {
			return err
		}
		if renamed {
			if err := groupFree(tx, row, was); err != nil {
				return err
			}
		}
		action := "group.changed"
		switch {
		case group == "":
			action, row.ID, row.CreatedAt, row.Version = "group.created", s.IDs.New(id.Group), s.now(), 1
			if err := tx.InsertProvisionedGroup(row); err != nil {
				return err
			}
		case !renamed && len(users) == 0:
			out = before
			return nil
		default:
			if err := tx.UpdateProvisionedGroup(row); err != nil {
				return err
			}
			row.Version++
		}
		if err := putMembers(tx, row.ID, was.Members, in.Members); err != nil {
			return err
		}
		if err := s.regroup(ctx, tx, d.Actor, d.org, d.rules, users, &done); err != nil {
			return err
		}
		if err := s.Audit.Record(tx, d.Actor, action, "group", row.ID, nil); err != nil {
			return err
		}
		if err := tx.CountProvisioned(store.Provisioned{Changed: int64(len(done.users))}, s.now()); err != nil {
			return err
		}
		out, _, err = s.readGroup(tx, row.ID)
		return err
	})
	if err == nil {
		s.tellRegrouped(d.Actor, done)
	}
	return out, err
}

// groupFree refuses a name or an id of the directory's that another group has, and one group
// too many. What a group was called before it goes on to be called.
func groupFree(tx *store.Tx, row store.ProvisionedGroupRow, was scim.Group) error {
	all, err := tx.ProvisionedGroups()
	if err != nil {
		return err
	}
	if row.ID == "" && len(all) >= mostGroups {
		return scim.Invalid("There are %d groups already, which is the most.", mostGroups)
	}
	for _, g := range all {
		switch {
		case g.ID == row.ID:
		case g.NameKey == row.NameKey:
			return scim.Taken("There is a group of this displayName already.")
		case g.ExternalID == row.ExternalID && row.ExternalID != "" && row.ExternalID != was.ExternalID:
			return scim.Taken("There is a group of this externalId already.")
		}
	}
	return nil
}

// changedMembers are those who come or go, or with all, everybody. Who comes has to be a
// user whom the directory knows.
func changedMembers(tx *store.Tx, was, now []string, all bool) (map[string]bool, error) {
	users := map[string]bool{}
	stay := map[string]bool{}
	for _, u := range was {
		stay[u] = true
	}
	for _, u := range now {
		if stay[u] {
			delete(stay, u)
			if all {
				users[u] = true
			}
			continue
		}
		row, err := tx.User(u)
		if ignoring(err) != nil {
			return nil, err
		}
		p, err2 := tx.ProvisionedUser(u)
		if ignoring(err2) != nil {
			return nil, err2
		}
		if err != nil || row.Status == string(Deleted) || !p.GoneAt.IsZero() {
			return nil, scim.Invalid("A member is no user here.")
		}
		users[u] = true
	}
	for u := range stay { // they go
		users[u] = true
	}
	return users, nil
}

func putMembers(tx *store.Tx, group string, was, now []string) error {
	had, has := make(map[string]bool, len(was)), make(map[string]bool, len(now))
	for _, u := range was {
		had[u] = true
	}
	for _, u := range now {
		if has[u] = true; had[u] {
			continue
		}
		if err := tx.InsertProvisionedMember(store.ProvisionedMemberRow{GroupID: group, UserID: u}); err != nil {
			return err
		}
	}
	for _, u := range was {
		if has[u] {
			continue
		}
		if err := tx.DeleteProvisionedMember(store.ProvisionedMemberRow{GroupID: group, UserID: u}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) scimRemoveGroup(ctx context.Context, d provisioner, group string, version int64) error {
	var done regrouped
	err := s.Store.Write(ctx, d.Tenant, func(tx *store.Tx) error {
		done = regrouped{}
		if _, _, err := tx.Lease("groups", "accounts", time.Minute, s.now()); err != nil {
			return err
		}
		r, row, err := s.readGroup(tx, group)
		if err != nil {
			return err
		}
		if version != 0 && version != row.Version {
			return scim.Changed()
		}
		was, err := scim.ReadGroup(r.Resource)
		if err != nil {
			return err
		}
		if err := tx.DeleteProvisionedGroup(group); err != nil {
			return err
		}
		users := map[string]bool{}
		for _, u := range was.Members {
			users[u] = true
		}
		if err := s.regroup(ctx, tx, d.Actor, d.org, d.rules, users, &done); err != nil {
			return err
		}
		if err := s.Audit.Record(tx, d.Actor, "group.removed", "group", group, nil); err != nil {
			return err
		}
		return tx.CountProvisioned(store.Provisioned{Changed: int64(len(done.users))}, s.now())
	})
	if err == nil {
		s.tellRegrouped(d.Actor, done)
	}
	return err
}
