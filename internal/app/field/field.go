package field

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Keys seals values; *vault.Vault is one.
type Keys interface {
	SealContact(ctx context.Context, t id.Tenant, contact, where string, plain []byte) (secret.Sealed, error)
	OpenContact(ctx context.Context, t id.Tenant, contact, where string, sealed secret.Sealed) (secret.Bytes, error)
	SealTenant(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error)
	OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
}

// Auditor writes the audit log inside a transaction; *audit.Log is one.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Deps is what the service works with.
type Deps struct {
	DB    *store.DB
	Keys  Keys
	Audit Auditor
	Clock clock.Clock
	// Contact is nil where the actor may do p to a contact that is there, Seen notes
	// that it was looked at; *contact.Service has both.
	Contact func(tx *store.Tx, a access.Actor, p access.Permission, contact string) error
	Seen    func(ctx context.Context, a access.Actor, contact string) error
	// Interaction says whose an interaction is, to whom may do p to it.
	Interaction func(ctx context.Context, a access.Actor, p access.Permission, interaction string) (contact string, err error)
	// Changed is called after a field was emptied; it must not wait for long.
	Changed func(t id.Tenant, field string)
}

// Service is safe for use by several goroutines.
type Service struct{ Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

// Value is what one object has in a field. It goes to authorised screens, never to a
// log.
type Value struct {
	Field      string          `json:"field" doc:"Id of the field."`
	Key        string          `json:"key"`
	Value      json.RawMessage `json:"value,omitempty" doc:"As the field's type has it: a text, a number, true or false, a date 2026-11-29, a time 17:30, the value of a choice, or a list of those. Missing: there is none, or it is hidden."`
	Hidden     bool            `json:"hidden,omitempty" doc:"There is one, shown only to who asks for it (show)."`
	Changeable bool            `json:"changeable" doc:"You may change it."`
	Version    int64           `json:"version" doc:"0: there is no value."`
}

// String shows nothing of the value.
func (v Value) String() string { return v.Key + "=•••" }

// Change sets or empties one field.
type Change struct {
	Key     string          `json:"key" maxLength:"40"`
	Value   json.RawMessage `json:"value" doc:"null empties it."`
	Version int64           `json:"version,omitempty" doc:"Of the value that you saw, 0 if there was none; 409 if someone was faster."`
	Sure    bool            `json:"sure,omitempty" doc:"It only looks like something that must not stand here."`
}

// String shows nothing of the value.
func (c Change) String() string { return c.Key + "=•••" }

// Reads and Writes are the permissions to see and to change the fields of an entity.
func Reads(e setup.FieldEntity) access.Permission {
	switch e {
	case setup.OfContact:
		return access.ContactRead
	case setup.OfUser:
		return access.UserRead
	case setup.OfInteraction:
		return access.WorkRead
	}
	return access.SetupRead
}

// Writes is the permission to change them: of an interaction as that to write notes on it.
func Writes(e setup.FieldEntity) access.Permission {
	switch e {
	case setup.OfContact:
		return access.ContactWrite
	case setup.OfUser:
		return access.UserWrite
	case setup.OfInteraction:
		return access.NoteWrite
	}
	return access.SetupWrite
}

// owner is what has fields, and the contact under whose key they are sealed; "" is
// the tenant's.
type owner struct {
	entity  setup.FieldEntity
	id      string
	contact string
}

func (o owner) place(field string) string {
	return "field_values.sealed/" + string(o.entity) + "/" + o.id + "/" + field
}

// Values are the fields of an object that the actor sees, in the order of the set-up,
// also those without a value. show names a masked field whose value it asks for, which
// the audit log notes.
func (s *Service) Values(ctx context.Context, a access.Actor, e setup.FieldEntity, object, show string) ([]Value, error) {
	o, err := s.find(ctx, a, Reads(e), e, object)
	if err != nil {
		return nil, err
	}
	may, err := s.allowed(ctx, a, Writes(e), o)
	if err != nil {
		return nil, err
	}
	var out []Value
	shown := false
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := s.exists(tx, a, Reads(e), &o); err != nil {
			return err
		}
		may, err := s.allowedIn(tx, a, Writes(e), o, may)
		if err != nil {
			return err
		}
		at, err := there(tx, a, o)
		if err != nil {
			return err
		}
		out, shown, err = s.values(tx, at, o, show, may)
		return err
	})
	if err != nil {
		return nil, err
	}
	if shown {
		err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
			return s.Audit.Record(tx, a, "field.shown", string(e), object, map[string]string{"field": show})
		})
	}
	if err == nil && o.contact != "" && len(out) > 0 {
		err = s.Seen(ctx, a, o.contact)
	}
	return out, err
}

// find says whose an object is. Interactions are asked for before the transaction,
// because those that are open are in the floor's memory.
func (s *Service) find(ctx context.Context, a access.Actor, p access.Permission, e setup.FieldEntity, object string) (owner, error) {
	o := owner{entity: e, id: object}
	if access.Reach(a, p) == access.None {
		return o, errs.New(errs.Forbidden, "Your roles do not allow this.")
	}
	var err error
	switch e {
	case setup.OfContact:
		o.contact = object
	case setup.OfInteraction:
		o.contact, err = s.Interaction(ctx, a, p, object)
	}
	return o, err
}

// exists is nil when the object is there and the actor may do p to it.
func (s *Service) exists(tx *store.Tx, a access.Actor, p access.Permission, o *owner) error {
	switch o.entity {
	case setup.OfContact:
		return s.Contact(tx, a, p, o.id)
	case setup.OfInteraction:
		return nil // it was found
	}
	in, err := belongs(tx, *o)
	if err != nil {
		return err
	}
	if !access.May(a, p, access.Some(a.Tenant, in)) {
		return errs.New(errs.Forbidden, "Your roles do not allow this.")
	}
	if o.entity == setup.OfQueue {
		_, err := tx.Setup(string(setup.KindQueue), o.id)
		return err
	}
	u, err := tx.User(o.id)
	if err == nil && u.Status == "deleted" {
		err = errs.New(errs.NotFound, "This user does not exist.")
	}
	return err
}

// allowed says whether the actor may do p to what has the fields, as far as that is known
// outside of a transaction: whoever asked the floor within one would wait for others that
// do the same.
func (s *Service) allowed(ctx context.Context, a access.Actor, p access.Permission, o owner) (bool, error) {
	if o.entity != setup.OfInteraction {
		return access.Reach(a, p) != access.None, nil
	}
	_, err := s.Interaction(ctx, a, p, o.id)
	return permits(err)
}

// allowedIn is the rest of allowed, within a transaction.
func (s *Service) allowedIn(tx *store.Tx, a access.Actor, p access.Permission, o owner, may bool) (bool, error) {
	if !may {
		return false, nil
	}
	return permits(s.exists(tx, a, p, &o))
}

// permits takes a refusal for a no.
func permits(err error) (bool, error) {
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Forbidden) {
		return false, nil
	}
	return err == nil, err
}

// defined are the fields of an entity in use, in their order.
func defined(tx *store.Tx, e setup.FieldEntity, archived bool) (ids []string, fields map[string]setup.Field, err error) {
	rows, err := tx.SetupOf(string(setup.KindField))
	if err != nil {
		return nil, nil, err
	}
	fields = map[string]setup.Field{}
	for _, r := range rows {
		o, err := setup.Stored(setup.KindField, r.Body)
		if err != nil {
			return nil, nil, errs.Wrap(errs.Internal, err, "A stored field cannot be read.")
		}
		if f := o.(setup.Field); f.Entity == e && (archived || r.ArchivedAt.IsZero()) {
			ids, fields[r.ID] = append(ids, r.ID), f
		}
	}
	return ids, fields, nil
}

func (s *Service) values(tx *store.Tx, a access.Actor, o owner, show string, may bool) (out []Value, shown bool, err error) {
	out = []Value{}
	ids, fields, err := defined(tx, o.entity, false)
	if err != nil || len(ids) == 0 {
		return out, false, err
	}
	rows, err := tx.FieldValues(string(o.entity), o.id)
	if err != nil {
		return nil, false, err
	}
	for _, field := range ids {
		f := fields[field]
		if !f.SeenByActor(a) {
			continue
		}
		v := Value{Field: field, Key: f.Key, Changeable: may && f.ChangedByActor(a)}
		if i := slices.IndexFunc(rows, func(r store.FieldValueRow) bool { return r.FieldID == field }); i >= 0 {
			v.Version = clock.Micros(rows[i].ChangedAt)
			if f.Masked && show != f.Key {
				v.Hidden = true
			} else if v.Value, err = s.open(tx, o, rows[i]); err != nil {
				return nil, false, err
			}
			shown = shown || f.Masked && !v.Hidden
		}
		out = append(out, v)
	}
	return out, shown, nil
}

func (s *Service) open(tx *store.Tx, o owner, r store.FieldValueRow) (json.RawMessage, error) {
	if r.Plain != "" {
		return json.RawMessage(r.Plain), nil
	}
	var plain secret.Bytes
	var err error
	if o.contact != "" {
		plain, err = s.Keys.OpenContact(tx.Context(), tx.Tenant(), o.contact, o.place(r.FieldID), r.Sealed)
	} else {
		plain, err = s.Keys.OpenTenant(tx.Context(), tx.Tenant(), o.place(r.FieldID), r.Sealed)
	}
	return json.RawMessage(plain.Reveal()), err
}

// MaxChanges is how many fields can be changed at once.
const MaxChanges = setup.MaxFields

// Set changes fields of an object, all or none. Each compares the version that its
// author saw. It answers with the fields as they are now to who may see them.
func (s *Service) Set(ctx context.Context, a access.Actor, e setup.FieldEntity, object string, changes []Change) ([]Value, error) {
	o, err := s.find(ctx, a, Writes(e), e, object)
	if err != nil {
		return nil, err
	}
	if len(changes) > MaxChanges {
		return nil, errs.Bad("changes", "has %d entries; at most %d are accepted.", len(changes), MaxChanges)
	}
	reads, err := s.allowed(ctx, a, Reads(e), o)
	if err != nil {
		return nil, err
	}
	out := []Value{}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := s.exists(tx, a, Writes(e), &o); err != nil {
			return err
		}
		at, err := there(tx, a, o)
		if err != nil {
			return err
		}
		keys, err := s.apply(tx, at, o, changes)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			if err := s.Audit.Record(tx, a, "fields.changed", string(e), object, map[string]string{"fields": strings.Join(keys, " ")}); err != nil {
				return err
			}
		}
		out = []Value{}
		sees, err := s.allowedIn(tx, a, Reads(e), o, reads)
		if err == nil && sees {
			out, _, err = s.values(tx, at, o, "", true)
		}
		return err
	})
	if err == nil && o.contact != "" && len(out) > 0 {
		err = s.Seen(ctx, a, o.contact)
	}
	return out, err
}

// apply makes the changes, and names the fields that are not what they were.
func (s *Service) apply(tx *store.Tx, a access.Actor, o owner, changes []Change) (keys []string, err error) {
	ids, fields, err := defined(tx, o.entity, false)
	if err != nil {
		return nil, err
	}
	org, err := tx.Organisation()
	if err != nil {
		return nil, err
	}
	rows, err := tx.FieldValues(string(o.entity), o.id)
	if err != nil {
		return nil, err
	}
	region := privacy.RegionOf(org.TimeZone)
	var faults errs.Fields
	seen, values := map[string]bool{}, make([]json.RawMessage, len(changes))
	of := make([]string, len(changes))
	for i, c := range changes {
		path := fmt.Sprintf("changes[%d]", i)
		at := slices.IndexFunc(ids, func(field string) bool { return fields[field].Key == c.Key && fields[field].SeenByActor(a) })
		if at < 0 {
			faults.Add(path+".key", "is not one of the fields.")
			continue
		}
		of[i] = ids[at]
		f := fields[of[i]]
		switch {
		case seen[c.Key]:
			faults.Add(path+".key", "is listed twice.")
		case !f.ChangedByActor(a):
			faults.Add(path+".value", "cannot be changed with your roles; leave it as it is.")
		default:
			values[i] = f.Value(&faults, path+".value", c.Value, region, c.Sure)
			had := slices.ContainsFunc(rows, func(r store.FieldValueRow) bool { return r.FieldID == of[i] })
			if f.Required && had && values[i] == nil && !named(faults, path+".value") {
				faults.Add(path+".value", "is needed; it can be changed, and not emptied.")
			}
		}
		seen[c.Key] = true
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := s.writable(tx, o, fields, of); err != nil {
		return nil, err
	}
	for i, c := range changes {
		changed, err := s.put(tx, o, of[i], fields[of[i]], rows, values[i], c.Version)
		if errs.Is(err, errs.Conflict) {
			err = errs.New(errs.Conflict, "The field %q was changed by someone else in the meantime. Look at it again before you change it.", fields[of[i]].Called())
		}
		if err != nil {
			return nil, err
		}
		if changed {
			keys = append(keys, c.Key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func named(faults errs.Fields, path string) bool {
	return slices.ContainsFunc(faults, func(f errs.Field) bool { return f.Path == path })
}

// writable refuses what would outlive the conversation that it belongs to.
func (s *Service) writable(tx *store.Tx, o owner, fields map[string]setup.Field, of []string) error {
	sealed := slices.ContainsFunc(of, func(field string) bool { return fields[field].Sealed() })
	if o.entity != setup.OfInteraction {
		return nil
	}
	row, err := tx.Interaction(o.id)
	if err != nil {
		return err
	}
	if sealed && (!row.ErasedAt.IsZero() || o.contact == "") {
		return errs.New(errs.Gone, "What was personal in this conversation is erased; nothing personal can be added to it.")
	}
	return nil
}

// put sets or empties a value, and says whether that changed anything. rows are those
// that the object has.
func (s *Service) put(tx *store.Tx, o owner, field string, f setup.Field, rows []store.FieldValueRow, value json.RawMessage, version int64) (changed bool, err error) {
	var now store.FieldValueRow
	if i := slices.IndexFunc(rows, func(r store.FieldValueRow) bool { return r.FieldID == field }); i >= 0 {
		now = rows[i]
	}
	if clock.Micros(now.ChangedAt) != version {
		return false, errs.New(errs.Conflict, "This field was changed by someone else in the meantime. Look at it again before you change it.")
	}
	if value == nil {
		if version == 0 {
			return false, nil
		}
		return true, tx.DeleteFieldValue(string(o.entity), o.id, field, now.ChangedAt)
	}
	if version != 0 {
		before, err := s.open(tx, o, now)
		if err != nil {
			return false, err
		}
		if string(before) == string(value) {
			return false, nil
		}
	}
	at := s.Clock.Now()
	if !at.After(now.ChangedAt) { // the clock was set back: a version is never used twice
		at = now.ChangedAt.Add(time.Microsecond)
	}
	row := store.FieldValueRow{Entity: string(o.entity), ObjectID: o.id, FieldID: field, ChangedAt: at}
	switch {
	case !f.Sealed():
		row.Plain = string(value)
	case o.contact != "":
		row.Sealed, err = s.Keys.SealContact(tx.Context(), tx.Tenant(), o.contact, o.place(field), value)
	default:
		row.Sealed, err = s.Keys.SealTenant(tx.Context(), tx.Tenant(), o.place(field), value)
	}
	if err != nil {
		return false, err
	}
	return true, tx.PutFieldValue(row, now.ChangedAt)
}
