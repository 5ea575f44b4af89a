package setup

import (
	"context"
	"fmt"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/dialplan"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// plain wants a confirmation for a trunk or a phone that begins to let voices
// pass unencrypted, and notes in the audit log when it does and when it ends.
func (s *Service) plain(tx *store.Tx, a access.Actor, object string, before, o core.Object, confirmed bool) error {
	now, ok := o.(core.MayBePlain)
	if !ok {
		return nil
	}
	was, _ := before.(core.MayBePlain) // nil: it is new
	old := was != nil && was.Plain()
	allowed, ended := ActionPlain, ActionEncrypted
	if o.Kind() == core.KindPhone {
		allowed, ended = ActionPlainPhone, ActionEncryptedPhone
	}
	switch {
	case now.Plain() == old:
		return nil
	case old:
		return s.Audit.Record(tx, a, ended, thing(o.Kind()), object, nil)
	case confirmed:
		return s.Audit.Record(tx, a, allowed, thing(o.Kind()), object, nil)
	case o.Kind() == core.KindPhone:
		return errs.Bad("confirm_plain", "is missing: with encryption plain, voices pass to this phone unencrypted. Confirm that, or require encryption.")
	}
	return errs.Bad("confirm_plain", "is missing: with encryption plain, voices pass this trunk unencrypted. Confirm that, or require encryption.")
}

// lines are the operator's.
func (s *Service) lines() core.Lines {
	if s.Lines == nil {
		return nil
	}
	return s.Lines()
}

// numbers gives a trunk its numbers and takes others away; o is nil for one that
// is archived. A number that any other trunk has, or that a line of the operator's
// gives to somebody else, is refused, without a word about whose it is.
func (s *Service) numbers(tx *store.Tx, k core.Kind, object string, o core.Object) error {
	if k != core.KindTrunk {
		return nil
	}
	t, _ := o.(core.Trunk)
	org, err := tx.Organisation()
	if err != nil {
		return err
	}
	if err := t.CheckLine(s.lines(), org.Slug); err != nil {
		return err
	}
	has, err := tx.TrunkNumbers(object)
	if err != nil {
		return err
	}
	for _, n := range has {
		if !slices.ContainsFunc(t.Numbers, func(w core.TrunkNumber) bool { return w.Number == n }) {
			if err := tx.DeleteTrunkNumber(object, n); err != nil {
				return err
			}
		}
	}
	for i, n := range t.Numbers {
		if slices.Contains(has, n.Number) {
			continue
		}
		err := tx.InsertTrunkNumber(object, n.Number)
		if errs.Is(err, errs.Conflict) {
			return errs.Bad(fmt.Sprintf("numbers[%d].number", i), "is in use already; a number belongs to one trunk.")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Trunk is a trunk in use, as the part that makes calls works with it: over its
// line, if it names one. Its password is had by Service.Secret, or is its line's.
type Trunk struct {
	ID      string
	Version int64
	core.Trunk
	Plan dialplan.Trunk
	// Gone says that the line it names is not there.
	Gone bool
	// Breaks are its fields that the operator's rule does not allow; with any it is as
	// one that is switched off.
	Breaks []string
}

// Trunks are a tenant's trunks in use, in their order, with those that are
// switched off. It asks for no permission: it is for the parts that run calls.
func (s *Service) Trunks(ctx context.Context, t id.Tenant) ([]Trunk, error) {
	var list []Trunk
	err := s.DB.Read(ctx, t, func(tx *store.Tx) error {
		st, err := loadObjects(tx, core.KindTrunk, core.KindHours)
		if err == nil {
			list = st.trunks(t, s.lines(), s.Encryption)
		}
		return err
	})
	return list, err
}

func (st *state) trunks(t id.Tenant, lines core.Lines, rule core.EncryptionRule) []Trunk {
	hours := typed[core.Hours](st)
	list := []Trunk{}
	for object, v := range typed[core.Trunk](st) {
		v, there := lines.Carried(v, st.slug)
		breaks := pathsOf(rule.Breaks(v))
		v = rule.Bound(v)
		v.Enabled = v.Enabled && len(breaks) == 0
		one := Trunk{object, st.rows[core.KindTrunk][object].Version, v, v.Plan(object, t, hours), !there, breaks}
		one.Plan.Enabled = v.Enabled && there
		list = append(list, one)
	}
	order.By(list, func(a, b Trunk) int {
		return int(st.rows[core.KindTrunk][a.ID].Position - st.rows[core.KindTrunk][b.ID].Position)
	})
	return list
}

func pathsOf(faults errs.Fields) (paths []string) {
	for _, f := range faults {
		paths = append(paths, f.Path)
	}
	return paths
}

// Broken counts a tenant's trunks and phones that are switched on and that a rule would
// not let work. It asks for no permission, and tells nothing else of them.
func (s *Service) Broken(ctx context.Context, t id.Tenant, rule core.EncryptionRule) (trunks, phones int, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) error {
		trunks, phones = 0, 0
		st, err := loadObjects(tx, core.KindTrunk, core.KindPhone)
		if err != nil {
			return err
		}
		for _, v := range typed[core.Trunk](st) {
			if v, _ := s.lines().Carried(v, st.slug); v.Enabled && len(rule.Breaks(v)) > 0 {
				trunks++
			}
		}
		for _, v := range typed[core.Phone](st) {
			if v.Enabled && len(rule.Breaks(v)) > 0 {
				phones++
			}
		}
		return nil
	})
	return trunks, phones, err
}
