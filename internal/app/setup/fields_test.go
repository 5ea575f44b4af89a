package setup

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// fieldBody is a field with some things other than usual.
func fieldBody(t *testing.T, key string, other map[string]any) json.RawMessage {
	t.Helper()
	body := map[string]any{"entity": "contact", "key": key, "label": map[string]string{"en": "Field " + key, "pt": "Campo " + key}, "type": "text", "class": "none"}
	for k, v := range other {
		body[k] = v
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// What would make values wrong is refused and says how many there are; without values
// it is not.
func TestAFieldWithValues(t *testing.T) {
	h := newHouse(t)
	ctx, a := t.Context(), admin(shop)
	choices := func(values ...string) map[string]any {
		list := []any{}
		for _, v := range values {
			list = append(list, map[string]any{"value": v, "label": map[string]string{"en": v, "pt": v}})
		}
		return map[string]any{"type": "choice", "choices": list}
	}
	text, err := h.Create(ctx, a, core.KindField, fieldBody(t, "text", nil))
	fine(t, err)
	tier, err := h.Create(ctx, a, core.KindField, fieldBody(t, "tier", choices("gold", "silver", "tin")))
	fine(t, err)
	put := func(o Object, key string, other map[string]any) error {
		now, err := h.Get(ctx, a, core.KindField, o.ID)
		fine(t, err)
		_, err = h.Put(ctx, a, core.KindField, o.ID, now.Version, fieldBody(t, key, other))
		return err
	}
	fine(t, put(text, "text", map[string]any{"type": "whole"}))
	fine(t, put(text, "text", map[string]any{"class": "content"}))
	fine(t, put(text, "text", nil))
	for what, plain := range map[string]string{text.ID: `"a"`, tier.ID: `"gold"`} {
		if err := h.DB.Write(ctx, shop, func(tx *store.Tx) error {
			return tx.PutFieldValue(store.FieldValueRow{Entity: "contact", ObjectID: "con_1", FieldID: what, Plain: plain, ChangedAt: start}, time.Time{})
		}); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, put(text, "text", map[string]any{"type": "whole"}), errs.Invalid, "1 values")
	wantCode(t, put(text, "text", map[string]any{"class": "content"}), errs.Invalid, "1 values")
	fine(t, put(text, "text", map[string]any{"type": "long_text"})) // every text is one
	wantCode(t, put(text, "other", map[string]any{"type": "long_text"}), errs.Invalid, "programs know")
	wantCode(t, put(text, "text", map[string]any{"type": "long_text", "entity": "user"}), errs.Invalid, "another field")
	fine(t, put(tier, "tier", choices("gold", "silver"))) // nobody has it
	wantCode(t, put(tier, "tier", choices("silver", "bronze")), errs.Invalid, "1 values")
	old, err := h.Versions(ctx, a, core.KindField, tier.ID)
	if fine(t, err); len(old) != 2 {
		t.Errorf("%d versions are kept", len(old))
	}
}

// An entity has 50 fields in use, each key and label once; archived ones make room.
func TestHowManyFields(t *testing.T) {
	h := newHouse(t)
	ctx, a := t.Context(), admin(shop)
	var last Object
	for n := range core.MaxFields {
		o, err := h.Create(ctx, a, core.KindField, fieldBody(t, fmt.Sprint("f", n), nil))
		if err != nil {
			t.Fatal(err)
		}
		last = o
	}
	_, err := h.Create(ctx, a, core.KindField, fieldBody(t, "more", nil))
	wantCode(t, err, errs.Invalid, "50 fields")
	_, err = h.Create(ctx, a, core.KindField, fieldBody(t, "f1", map[string]any{"entity": "user"}))
	fine(t, err)
	fine(t, h.Archive(ctx, a, core.KindField, last.ID, last.Version))
	_, err = h.Create(ctx, a, core.KindField, fieldBody(t, "f1", nil))
	wantCode(t, err, errs.Invalid, "another field")
	_, err = h.Create(ctx, a, core.KindField, fieldBody(t, "more", map[string]any{"label": map[string]string{"en": "FIELD  f1", "pt": "x"}}))
	wantCode(t, err, errs.Invalid, "another field")
	_, err = h.Create(ctx, a, core.KindField, fieldBody(t, "more", nil))
	fine(t, err)
	_, err = h.Restore(ctx, a, core.KindField, last.ID, last.Version+1)
	wantCode(t, err, errs.Invalid, "50 fields")
	if list, err := h.List(ctx, admin(books), core.KindField, true); len(list) != 0 || err != nil {
		t.Errorf("the other tenant has %d: %v", len(list), err)
	}
}
