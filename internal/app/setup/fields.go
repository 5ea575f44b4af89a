package setup

import (
	"slices"

	"nubitalk/internal/base/errs"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// fieldChange refuses what would make the values of a field wrong, and says how many
// there are.
func fieldChange(tx *store.Tx, object string, was, now core.Field) error {
	var faults errs.Fields
	if was.Entity != now.Entity {
		faults.Add("entity", "cannot be changed; make another field.")
	}
	if was.Key != now.Key {
		faults.Add("key", "cannot be changed: programs know the field by it.")
	}
	if err := faults.Err(); err != nil {
		return err
	}
	resealed := was.Sealed() != now.Sealed()
	gone := slices.DeleteFunc(slices.Clone(was.Choices), func(c core.FieldOption) bool {
		return slices.ContainsFunc(now.Choices, func(o core.FieldOption) bool { return o.Value == c.Value })
	})
	if was.Type.BecomesType(now.Type) && !resealed && len(gone) == 0 {
		return nil
	}
	n, err := tx.CountFieldValues(object)
	if err != nil || n == 0 {
		return err
	}
	if !was.Type.BecomesType(now.Type) {
		faults.Add("type", "cannot be changed to this: %d values would not fit. Erase them first, or make another field.", n)
	}
	if resealed {
		faults.Add("class", "cannot be changed to this: %d values are kept in the other way. Erase them first, or make another field.", n)
	}
	if len(gone) > 0 && was.Type == now.Type {
		if !was.Sealed() && was.Type == core.FieldChoice {
			n = 0
			for _, c := range gone {
				has, err := tx.CountFieldValue(object, `"`+c.Value+`"`)
				if err != nil {
					return err
				}
				n += has
			}
		}
		if n > 0 {
			faults.Add("choices", "cannot lose %q: %d values may be it. Give it another label, or erase the values first.", gone[0].Value, n)
		}
	}
	return faults.Err()
}
