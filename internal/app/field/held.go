package field

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Exported is a value as it is handed over to the person whom it is about.
type Exported struct {
	Key   string          `json:"key"`
	Label string          `json:"label"`
	Value json.RawMessage `json:"value"`
}

// Export gives all values of a contact or of one of its interactions, also those in
// fields that are out of use, to the part that makes a person's archive.
func (s *Service) Export(tx *store.Tx, e setup.FieldEntity, object, contact string) ([]Exported, error) {
	rows, err := tx.FieldValues(string(e), object)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids, fields, err := defined(tx, e, true)
	if err != nil {
		return nil, err
	}
	o := owner{e, object, contact}
	var out []Exported
	for _, field := range ids {
		i := slices.IndexFunc(rows, func(r store.FieldValueRow) bool { return r.FieldID == field })
		if i < 0 {
			continue
		}
		value, err := s.open(tx, o, rows[i])
		if err != nil {
			return nil, err
		}
		out = append(out, Exported{fields[field].Key, fields[field].Called(), value})
	}
	return out, nil
}

// Held says what a field holds, before somebody takes it out of use or empties it.
type Held struct {
	Values  int64            `json:"values" doc:"How many contacts, users, interactions or queues have a value."`
	Choices map[string]int64 `json:"choices,omitempty" doc:"Of a choice that tells nothing about a person: how many have each value."`
}

// Held counts the values of a field.
func (s *Service) Held(ctx context.Context, a access.Actor, field string) (h Held, err error) {
	if access.Reach(a, access.SetupWrite) != access.Tenant {
		return h, errs.New(errs.Forbidden, "Your roles do not allow this.")
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		f, err := one(tx, field)
		if err != nil {
			return err
		}
		if h.Values, err = tx.CountFieldValues(field); err != nil || f.Sealed() || f.Type != setup.FieldChoice {
			return err
		}
		h.Choices = map[string]int64{}
		for _, c := range f.Choices {
			if h.Choices[c.Value], err = tx.CountFieldValue(field, strconv.Quote(c.Value)); err != nil {
				return err
			}
		}
		return nil
	})
	return h, err
}

func one(tx *store.Tx, field string) (setup.Field, error) {
	row, err := tx.Setup(string(setup.KindField), field)
	if err != nil {
		return setup.Field{}, errs.Wrap(errs.As(err).Code, err, "There is no %s with this id.", setup.KindField.Word())
	}
	o, err := setup.Stored(setup.KindField, row.Body)
	if err != nil {
		return setup.Field{}, errs.Wrap(errs.Internal, err, "A stored field cannot be read.")
	}
	return o.(setup.Field), nil
}

// Empty takes away what everybody has in a field; that cannot be undone. values is how
// many the caller saw that there were: Conflict if there are others by now.
func (s *Service) Empty(ctx context.Context, a access.Actor, field string, values int64) error {
	if access.Reach(a, access.SetupWrite) != access.Tenant {
		return errs.New(errs.Forbidden, "Your roles do not allow this.")
	}
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if _, err := one(tx, field); err != nil {
			return err
		}
		n, err := tx.EmptyField(field)
		if err != nil {
			return err
		}
		if n != values {
			return errs.New(errs.Conflict, "The field has %d values by now. Look again before you erase them.", n)
		}
		return s.Audit.Record(tx, a, "field.emptied", "field", field, map[string]string{"values": strconv.FormatInt(n, 10)})
	})
	if err != nil {
		return err
	}
	if s.Changed != nil {
		s.Changed(a.Tenant, field)
	}
	return s.DB.Scrub(ctx)
}

// Advice is what somebody should know who makes a field.
type Advice struct {
	Looks []Looking `json:"looks" doc:"What its words look like; may be empty."`
	// Class and Masked are what to choose then.
	Class  privacy.Class `json:"class" enum:"none,pseudonym,address,display_name,content"`
	Masked bool          `json:"masked"`
}

// Looking is one of them.
type Looking struct {
	Look    privacy.Look `json:"look" enum:"name,home_address,email,phone,birth,identity_number,bank_account,card_number,password,picture,location,online_identifier,family,income,health,religion,politics,trade_union,ethnic_origin,sexual_life,biometric,offence"`
	Special bool         `json:"special,omitempty" doc:"The law allows it only for few reasons (GDPR Art. 9 and 10)."`
	Unfit   bool         `json:"unfit,omitempty" doc:"No field is the place for it."`
}

// Advise says what a field looks like, as somebody writes it; nothing is stored.
func Advise(f setup.Field) Advice {
	out := Advice{Looks: []Looking{}, Class: privacy.None}
	for _, l := range f.Advice() {
		out.Looks = append(out.Looks, Looking{l, l.Special(), l.Unfit()})
		if out.Class == privacy.None || l.Special() {
			out.Class = l.Class()
		}
		out.Masked = out.Masked || l.Masked()
	}
	return out
}

// FillFromFlow takes over what a flow found out, into the fields that ask for its
// attributes, where they are empty and the value fits. It changes nothing else and
// refuses nothing: nobody is there who could answer.
func (s *Service) FillFromFlow(tx *store.Tx, interaction, contact string, attributes map[string]string) error {
	ids, fields, err := defined(tx, setup.OfInteraction, false)
	ids = slices.DeleteFunc(ids, func(field string) bool { return attributes[fields[field].Attribute] == "" })
	if err != nil || len(ids) == 0 {
		return err
	}
	org, err := tx.Organisation()
	if err != nil {
		return err
	}
	rows, err := tx.FieldValues(string(setup.OfInteraction), interaction)
	if err != nil {
		return err
	}
	o := owner{setup.OfInteraction, interaction, contact}
	for _, field := range ids {
		f := fields[field]
		if f.Sealed() && contact == "" || slices.ContainsFunc(rows, func(r store.FieldValueRow) bool { return r.FieldID == field }) {
			continue
		}
		var faults errs.Fields
		value := f.Value(&faults, "value", asType(f, attributes[f.Attribute]), privacy.RegionOf(org.TimeZone), false)
		if len(faults) > 0 || value == nil {
			continue
		}
		_, err := s.put(tx, o, field, f, rows, value, 0)
		if err != nil && !errs.Is(err, errs.Gone) && !errs.Is(err, errs.Conflict) { // the person is being erased, or somebody was faster
			return err
		}
	}
	return nil
}

// Searched finds the field of interactions or contacts that somebody searches by, and the
// value as it is stored.
func (s *Service) Searched(ctx context.Context, a access.Actor, of setup.FieldEntity, key, said string) (field, plain string, err error) {
	everywhere, _ := holding(a, func(access.RolePart) (bool, error) { return false, nil }) // it is asked of all of them
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		ids, fields, err := defined(tx, of, false)
		if err != nil {
			return err
		}
		for _, id := range ids {
			f := fields[id]
			if f.Key != key || !f.Searched() || !f.SeenByActor(everywhere) {
				continue
			}
			var faults errs.Fields
			value := f.Value(&faults, "query.value", asType(f, said), "", true)
			if value == nil && len(faults) == 0 {
				faults.Add("query.value", "is missing.")
			}
			field, plain = id, string(value)
			return faults.Err()
		}
		return errs.Bad("query.field", "is not a field by which these are found")
	})
	return field, plain, err
}

// asType writes what somebody said, which is a text, as the field's type has it.
func asType(f setup.Field, said string) json.RawMessage {
	text, err := json.Marshal(said)
	if err != nil {
		return nil
	}
	switch f.Type {
	case setup.FieldNumber, setup.FieldWhole, setup.FieldYesNo:
		if json.Valid([]byte(said)) {
			return json.RawMessage(said)
		}
	case setup.FieldChoices:
		list, _ := json.Marshal([]string{said})
		return list
	}
	return text
}
