package account

import (
	"context"
	"maps"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// SetSkill gives an agent a skill at a level from 1 to 10, or takes it away (0),
// for who runs the floor. was is the level that the caller saw: when somebody was
// faster with this skill it is Conflict, and the answer is the level in force;
// other skills changed meanwhile are left alone.
func (s *Service) SetSkill(ctx context.Context, a access.Actor, user, skill string, level, was int) (int, error) {
	if err := maySome(a, access.FloorManage); err != nil {
		return 0, err
	}
	if level < 0 || level > 10 {
		return 0, errs.Bad("level", "must be a proficiency from 1 to 10, or 0 for none")
	}
	var now int
	same := errs.New(errs.Conflict, "This skill has this level already.")
	_, err := s.update(ctx, a, user, 0, "user.changed", func(tx *store.Tx, u *store.UserRow) (map[string]string, error) {
		if u.Status != string(Active) || !u.UsesDesk() || !reaches(a, access.FloorManage, *u) {
			return nil, noSuchUser()
		}
		if level > 0 {
			if _, err := tx.Setup("skills", skill); errs.Is(err, errs.NotFound) {
				return nil, errs.New(errs.NotFound, "There is no such skill.")
			} else if err != nil {
				return nil, err
			}
		}
		switch now = u.Skills[skill]; {
		case now == level:
			return nil, same
		case now != was:
			return nil, errs.New(errs.Conflict, "Somebody else changed this skill in the meantime. It is at level %d now.", now)
		}
		before := *u
		u.Skills = maps.Clone(u.Skills)
		if level == 0 {
			delete(u.Skills, skill)
		} else {
			if u.Skills == nil {
				u.Skills = map[string]int{}
			}
			u.Skills[skill] = level
		}
		d := changed(before, *u)
		d["skill"] = skill
		return d, nil
	})
	switch {
	case err == same:
		return level, nil
	case err != nil:
		return now, err
	}
	s.tellSetup(a.Tenant, user)
	return level, nil
}
