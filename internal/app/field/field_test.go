package field

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
)

const (
	tenA = storetest.TenantA
	tenB = storetest.TenantB
)

// house is the service over real keepers, with two tenants that have a contact with an
// interaction, a user and a queue each, all of the same ids.
type house struct {
	*Service
	t     *testing.T
	vault *vault.Vault
	clock *clock.Virtual
	dsn   string
	audit []string
	fails map[string]errs.Code // what Contact and Interaction answer, by permission
}

func (h *house) Record(_ *store.Tx, a access.Actor, action, kind, object string, detail map[string]string) error {
	h.audit = append(h.audit, fmt.Sprint(action, " ", kind, " ", object, " ", detail))
	return nil
}

func each(t *testing.T, test func(h *house)) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) { test(newHouse(t, driver)) })
	}
}

func newHouse(t *testing.T, driver string) *house {
	c := storetest.Config(t, driver)
	h := &house{t: t, clock: clock.NewVirtual(time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)), dsn: c.DSN, fails: map[string]errs.Code{}}
	db := storetest.Reopen(t, c)
	storetest.Organisations(t, db, tenA, tenB)
	if driver == store.SQLite {
		c.DSN += ".keys"
	}
	keys, err := keystore.Open(t.Context(), keystore.Config{Driver: c.Driver, DSN: c.DSN})
	h.must(err)
	t.Cleanup(func() { keys.Close() })
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	h.must(err)
	h.vault, err = vault.Open(vault.Config{Root: root, Store: keys})
	h.must(err)
	h.Service = New(Deps{DB: db, Keys: h.vault, Audit: h, Clock: h.clock,
		Contact: func(tx *store.Tx, _ access.Actor, p access.Permission, contact string) error {
			if code := h.fails[string(p)]; code != "" {
				return errs.New(code, "No.")
			}
			_, err := tx.Contact(contact)
			return err
		},
		Seen: func(_ context.Context, _ access.Actor, contact string) error {
			h.audit = append(h.audit, "seen "+contact)
			return nil
		},
		Interaction: func(_ context.Context, _ access.Actor, p access.Permission, _ string) (string, error) {
			if code := h.fails[string(p)]; code != "" {
				return "", errs.New(code, "No.")
			}
			return "con_1", nil
		}})
	for _, tenant := range []id.Tenant{tenA, tenB} {
		h.must(h.vault.CreateTenant(t.Context(), tenant))
		h.must(h.vault.CreateContact(t.Context(), tenant, "con_1"))
		h.must(db.Write(t.Context(), tenant, func(tx *store.Tx) error {
			for _, err := range []error{
				tx.InsertContact(store.ContactRow{ID: "con_1"}),
				tx.InsertInteraction(store.InteractionRow{ID: "int_1", ContactID: "con_1", State: "active", ArrivedAt: h.clock.Now()}),
				tx.InsertUser(store.UserRow{ID: "usr_1", UserName: "ana", UserNameKey: "ana", Status: "active"}),
				tx.InsertSetup(store.SetupRow{Kind: "queues", ID: "que_1", Body: json.RawMessage(`{}`)}),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) want(err error, code errs.Code, says string) {
	h.t.Helper()
	if !errs.Is(err, code) || !strings.Contains(err.Error(), says) && !strings.Contains(fmt.Sprint(errs.As(err).Fields), says) {
		h.t.Errorf("got %v %v, want %s with %q", err, errs.As(err), code, says)
	}
}

// field sets one up, in both tenants.
func (h *house) field(key string, change func(*setup.Field)) {
	h.t.Helper()
	f := setup.Field{Entity: setup.OfContact, Key: key, Label: map[string]string{"en": key}, Type: setup.FieldText, Class: privacy.Content}
	if change != nil {
		change(&f)
	}
	body, err := json.Marshal(setup.Clean(f))
	h.must(err)
	for _, tenant := range []id.Tenant{tenA, tenB} {
		h.must(h.DB.Write(h.t.Context(), tenant, func(tx *store.Tx) error {
			return tx.InsertSetup(store.SetupRow{Kind: "fields", ID: "fld_" + key, Body: body})
		}))
	}
}

func everything(tenant id.Tenant) access.Actor {
	return access.Actor{Tenant: tenant, User: "usr_9", Roles: []access.Role{access.Administrator, access.Supervisor, access.PrivacyOfficer}}
}

func (h *house) set(tenant id.Tenant, e setup.FieldEntity, object string, changes ...Change) ([]Value, error) {
	return h.Set(h.t.Context(), everything(tenant), e, object, changes)
}

func (h *house) get(tenant id.Tenant, e setup.FieldEntity, object, show string) []Value {
	h.t.Helper()
	out, err := h.Values(h.t.Context(), everything(tenant), e, object, show)
	h.must(err)
	return out
}

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func find(values []Value, key string) Value {
	i := slices.IndexFunc(values, func(v Value) bool { return v.Key == key })
	if i < 0 {
		return Value{Key: "no " + key}
	}
	return values[i]
}

// Every entity has its own fields; a value comes back as it was set, for its tenant
// alone, and lies sealed unless it tells nothing about a person.
func TestValuesOfEveryEntity(t *testing.T) {
	each(t, func(h *house) {
		for e, object := range map[setup.FieldEntity]string{setup.OfContact: "con_1", setup.OfUser: "usr_1", setup.OfInteraction: "int_1", setup.OfQueue: "que_1"} {
			h.field("secret_"+string(e), func(f *setup.Field) { f.Entity = e })
			h.field("open_"+string(e), func(f *setup.Field) { f.Entity, f.Class, f.Type = e, privacy.None, setup.FieldWhole })
			got, err := h.set(tenA, e, object, Change{Key: "secret_" + string(e), Value: raw("Canary of " + e)}, Change{Key: "open_" + string(e), Value: raw(7)})
			h.must(err)
			if len(got) != 2 || string(find(got, "secret_"+string(e)).Value) != `"Canary of `+string(e)+`"` || string(find(got, "open_"+string(e)).Value) != `7` {
				h.t.Errorf("%s: %v", e, got)
			}
			if again := h.get(tenA, e, object, ""); string(find(again, "secret_"+string(e)).Value) != string(find(got, "secret_"+string(e)).Value) || find(again, "open_"+string(e)).Version == 0 {
				h.t.Errorf("%s read again: %v", e, again)
			}
			if theirs := h.get(tenB, e, object, ""); len(theirs) != 2 || theirs[0].Value != nil || theirs[0].Version != 0 {
				h.t.Errorf("the other tenant's %s: %v", e, theirs)
			}
			h.must(h.DB.Read(h.t.Context(), tenA, func(tx *store.Tx) error {
				rows, err := tx.FieldValues(string(e), object)
				for _, r := range rows {
					if strings.Contains(r.Plain+string(r.Sealed), "Canary") || (r.Plain == "") != (r.FieldID == "fld_secret_"+string(e)) {
						h.t.Errorf("stored in the clear: %+v", r)
					}
				}
				if len(rows) != 2 {
					h.t.Errorf("%s: %d rows", e, len(rows))
				}
				return err
			}))
		}
		if said := strings.Join(h.audit, "\n"); !strings.Contains(said, "fields.changed contact con_1 map[fields:open_contact secret_contact]") || strings.Contains(said, "Canary") {
			h.t.Errorf("audit: %s", said)
		}
		for _, said := range []string{fmt.Sprintf("%v %+v", Value{Key: "k", Value: raw("Canary")}, Change{Key: "k", Value: raw("Canary")})} {
			if strings.Contains(said, "Canary") {
				h.t.Errorf("printed: %s", said)
			}
		}
	})
}

// Two people change the same object: different fields both stay, of the same field the
// second is told.
func TestTwoAtOnce(t *testing.T) {
	each(t, func(h *house) {
		h.field("a", nil)
		h.field("b", func(f *setup.Field) { f.Class = privacy.None })
		first, err := h.set(tenA, setup.OfContact, "con_1", Change{Key: "a", Value: raw("1")})
		h.must(err)
		seen := find(first, "a").Version
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "b", Value: raw("2")})
		h.must(err)
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "a", Value: raw("3"), Version: seen}) // the clock stands
		h.must(err)
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "b", Value: raw("9"), Version: find(h.get(tenA, setup.OfContact, "con_1", ""), "b").Version}, Change{Key: "a", Value: raw("4"), Version: seen})
		h.want(err, errs.Conflict, "changed by someone else")
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "a", Value: raw(nil), Version: seen})
		h.want(err, errs.Conflict, "")
		now := h.get(tenA, setup.OfContact, "con_1", "")
		if string(find(now, "a").Value) != `"3"` || string(find(now, "b").Value) != `"2"` {
			h.t.Errorf("%s, %s", find(now, "a").Value, find(now, "b").Value)
		}
		before := len(h.audit)
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "a", Value: raw("3"), Version: find(now, "a").Version})
		h.must(err)
		if slices.ContainsFunc(h.audit[before:], func(said string) bool { return strings.HasPrefix(said, "fields.changed") }) {
			h.t.Errorf("nothing changed, and was noted: %v", h.audit[before:])
		}
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "a", Value: raw(nil), Version: find(now, "a").Version})
		h.must(err)
		if got := find(h.get(tenA, setup.OfContact, "con_1", ""), "a"); got.Value != nil || got.Version != 0 {
			h.t.Errorf("emptied: %s %d", got.Value, got.Version)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	each(t, func(h *house) {
		h.field("short", func(f *setup.Field) { f.MaxLength = 3 })
		h.field("must", func(f *setup.Field) { f.Required = true })
		h.field("leads", func(f *setup.Field) { f.SeenBy = []access.Role{access.Monitor} })
		h.field("fixed", func(f *setup.Field) { f.ChangedBy = []access.Role{access.Monitor} })
		h.field("flat", func(f *setup.Field) { f.Class = privacy.None })
		for _, c := range []struct {
			changes []Change
			says    string
		}{
			{[]Change{{Key: "none", Value: raw("x")}}, "is not one of the fields"},
			{[]Change{{Key: "leads", Value: raw("x")}}, "is not one of the fields"},
			{[]Change{{Key: "fixed", Value: raw("x")}}, "cannot be changed with your roles"},
			{[]Change{{Key: "short", Value: raw("x")}, {Key: "short", Value: raw("y")}}, "listed twice"},
			{[]Change{{Key: "must", Value: raw("x")}, {Key: "short", Value: raw("long")}}, "changes[1].value has 4 characters"},
			{[]Change{{Key: "flat", Value: raw("ana@example.org")}}, "email address"},
			{make([]Change, 51), "at most 50"},
		} {
			_, err := h.set(tenA, setup.OfContact, "con_1", c.changes...)
			h.want(err, errs.Invalid, strings.TrimPrefix(c.says, "changes[1].value "))
		}
		_, err := h.set(tenA, setup.OfContact, "con_1", Change{Key: "flat", Value: raw("ana@example.org"), Sure: true}, Change{Key: "must", Value: raw(nil)}) // nothing waits for it
		h.must(err)
		got, err := h.set(tenA, setup.OfContact, "con_1", Change{Key: "must", Value: raw("x")})
		h.must(err)
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "must", Value: raw(nil), Version: find(got, "must").Version})
		h.want(err, errs.Invalid, "not emptied")
		if v := find(got, "leads"); v.Field != "" {
			h.t.Errorf("a field of others is seen: %v", v)
		}
		if v := find(got, "fixed"); v.Changeable || !find(got, "short").Changeable {
			h.t.Error("what may be changed is told wrongly")
		}

		nobody := access.Actor{Tenant: tenA, User: "usr_8", Roles: []access.Role{access.Monitor}}
		_, err = h.Values(h.t.Context(), nobody, setup.OfContact, "con_1", "")
		h.want(err, errs.Forbidden, "")
		_, err = h.Set(h.t.Context(), nobody, setup.OfQueue, "que_1", nil)
		h.want(err, errs.Forbidden, "")
		_, err = h.Held(h.t.Context(), nobody, "fld_flat")
		h.want(err, errs.Forbidden, "")
		h.want(h.Empty(h.t.Context(), nobody, "fld_flat", 1), errs.Forbidden, "")
		for e, object := range map[setup.FieldEntity]string{setup.OfContact: "con_2", setup.OfUser: "usr_2", setup.OfQueue: "que_2"} {
			_, err = h.set(tenA, e, object)
			h.want(err, errs.NotFound, "")
		}
		h.fails[string(access.ContactWrite)] = errs.NotFound
		if got := h.get(tenA, setup.OfContact, "con_1", ""); find(got, "short").Changeable {
			h.t.Error("who may not change the contact may change its fields")
		}
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "short", Value: raw("x")})
		h.want(err, errs.NotFound, "")
	})
}

// A masked value is shown to who asks for it, and that is noted; looking at a person's
// fields is noted as looking at the person.
func TestMaskedValues(t *testing.T) {
	each(t, func(h *house) {
		h.field("health", func(f *setup.Field) { f.Masked = true })
		_, err := h.set(tenA, setup.OfContact, "con_1", Change{Key: "health", Value: raw("Canary")})
		h.must(err)
		h.audit = nil
		if got := h.get(tenA, setup.OfContact, "con_1", ""); !got[0].Hidden || got[0].Value != nil || got[0].Version == 0 {
			h.t.Errorf("%v %s", got, got[0].Value)
		}
		if want := []string{"seen con_1"}; !slices.Equal(h.audit, want) {
			h.t.Errorf("noted: %v", h.audit)
		}
		if got := h.get(tenA, setup.OfContact, "con_1", "health"); got[0].Hidden || string(got[0].Value) != `"Canary"` {
			h.t.Errorf("%v %s", got, got[0].Value)
		}
		if want := []string{"seen con_1", "field.shown contact con_1 map[field:health]", "seen con_1"}; !slices.Equal(h.audit, want) {
			h.t.Errorf("noted: %v", h.audit)
		}
	})
}

// A field that supervisors see is seen and changed by who is one for a part of the tenant
// in that part alone, and nobody searches all interactions by it.
func TestARoleForAPartShowsFieldsOfThePart(t *testing.T) {
	each(t, func(h *house) {
		objects := map[setup.FieldEntity]string{setup.OfContact: "con_1", setup.OfUser: "usr_1", setup.OfInteraction: "int_1", setup.OfQueue: "que_1"}
		h.must(h.DB.Write(h.t.Context(), tenA, func(tx *store.Tx) error {
			w, err := tx.Interaction("int_1")
			if err != nil {
				return err
			}
			w.QueueID, w.AgentID = "que_1", "usr_1"
			if err := tx.UpdateInteraction(w); err != nil {
				return err
			}
			u, err := tx.User("usr_1")
			if err != nil {
				return err
			}
			u.Teams = []string{"tea_1"}
			return tx.UpdateUser(u)
		}))
		for e, object := range objects {
			key := "led_" + string(e)
			h.field(key, func(f *setup.Field) {
				f.Entity, f.SeenBy = e, []access.Role{access.Supervisor}
				if e == setup.OfInteraction {
					f.Class, f.Type = privacy.None, setup.FieldWhole
				}
			})
			for _, c := range []struct {
				part access.RolePart
				sees bool
			}{{access.RolePart{Teams: []string{"tea_1"}, Queues: []string{"que_1"}}, true}, {access.RolePart{Teams: []string{"tea_2"}, Queues: []string{"que_2"}}, false}} {
				a := access.Actor{Tenant: tenA, User: "usr_9", Roles: []access.Role{access.Administrator, access.Agent, access.Supervisor}, Parts: map[access.Role]access.RolePart{access.Supervisor: c.part}}
				got, err := h.Values(h.t.Context(), a, e, object, "")
				if err != nil || (len(got) == 1) != c.sees {
					h.t.Errorf("%s of one for %v: %v %v", e, c.part, got, err)
				}
				_, err = h.Set(h.t.Context(), a, e, object, []Change{{Key: key, Value: raw(7)}})
				if e != setup.OfInteraction {
					_, err = h.Set(h.t.Context(), a, e, object, []Change{{Key: key, Value: raw("x")}})
				}
				if (err == nil) != c.sees {
					h.t.Errorf("%s changed by one for %v: %v", e, c.part, err)
				}
				if _, _, err := h.Searched(h.t.Context(), a, setup.OfInteraction, key, "7"); err == nil {
					h.t.Errorf("%s: one for %v searches by it", e, c.part)
				}
			}
		}
	})
}

// Who changes fields sees what stands in the others only as one who may see it, and that
// is noted as any look is.
func TestChangingIsLooking(t *testing.T) {
	each(t, func(h *house) {
		for e, object := range map[setup.FieldEntity]string{setup.OfContact: "con_1", setup.OfInteraction: "int_1"} {
			h.field("known_"+string(e), func(f *setup.Field) { f.Entity = e })
			_, err := h.set(tenA, e, object, Change{Key: "known_" + string(e), Value: raw("Canary")})
			h.must(err)
			h.audit = nil
			got, err := h.set(tenA, e, object)
			h.must(err)
			if string(got[0].Value) != `"Canary"` || !slices.Equal(h.audit, []string{"seen con_1"}) {
				h.t.Errorf("%s: %v, noted: %v", e, got, h.audit)
			}
			h.audit = nil
			h.fails = map[string]errs.Code{string(Reads(e)): errs.NotFound}
			if got, err := h.set(tenA, e, object); err != nil || len(got) != 0 || len(h.audit) != 0 {
				h.t.Errorf("%s of one who may not look: %v %v, noted: %v", e, got, err, h.audit)
			}
			h.fails = map[string]errs.Code{}
		}
	})
}

// The floor is asked for an interaction outside of transactions: of an interaction that is
// closed it reads, and where all readers waited for one more nobody would be answered.
func TestTheFloorIsAskedOutsideOfTransactions(t *testing.T) {
	h := newHouse(t, store.SQLite)
	h.DB = storetest.Reopen(t, store.Config{Driver: store.SQLite, DSN: h.dsn, Connections: 1})
	h.field("known", func(f *setup.Field) { f.Entity = setup.OfInteraction })
	h.Interaction = func(ctx context.Context, a access.Actor, _ access.Permission, _ string) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute) // only where nobody else gives the reader back
		defer cancel()
		return "con_1", h.DB.Read(ctx, a.Tenant, func(*store.Tx) error { return nil })
	}
	if got := h.get(tenA, setup.OfInteraction, "int_1", ""); len(got) != 1 || !got[0].Changeable {
		t.Errorf("%v", got)
	}
}

// What a field holds is told before it is erased, for all, and only that many.
func TestEmptyingAField(t *testing.T) {
	each(t, func(h *house) {
		h.field("tier", func(f *setup.Field) {
			f.Type, f.Class, f.Choices = setup.FieldChoice, privacy.None, []setup.FieldOption{{Value: "gold"}, {Value: "silver"}}
		})
		for _, tenant := range []id.Tenant{tenA, tenB} {
			_, err := h.set(tenant, setup.OfContact, "con_1", Change{Key: "tier", Value: raw("gold")})
			h.must(err)
		}
		held, err := h.Held(h.t.Context(), everything(tenA), "fld_tier")
		h.must(err)
		if held.Values != 1 || held.Choices["gold"] != 1 || held.Choices["silver"] != 0 {
			h.t.Errorf("%+v", held)
		}
		h.want(h.Empty(h.t.Context(), everything(tenA), "fld_tier", 0), errs.Conflict, "1 values by now")
		h.want(h.Empty(h.t.Context(), everything(tenA), "fld_none", 0), errs.NotFound, "")
		h.must(h.Empty(h.t.Context(), everything(tenA), "fld_tier", 1))
		if got := h.get(tenA, setup.OfContact, "con_1", ""); got[0].Version != 0 {
			h.t.Errorf("%v", got)
		}
		if got := h.get(tenB, setup.OfContact, "con_1", ""); string(got[0].Value) != `"gold"` {
			h.t.Errorf("the other tenant's: %s", got[0].Value)
		}
		if !slices.Contains(h.audit, "field.emptied field fld_tier map[values:1]") {
			h.t.Errorf("noted: %v", h.audit)
		}
	})
}

// Nothing personal is added to a conversation that was erased; with the person's key
// its values are unreadable at once.
func TestFieldsAfterErasure(t *testing.T) {
	each(t, func(h *house) {
		h.field("note", func(f *setup.Field) { f.Entity = setup.OfInteraction })
		h.field("kind", func(f *setup.Field) { f.Entity, f.Class = setup.OfInteraction, privacy.None })
		h.field("own", nil)
		_, err := h.set(tenA, setup.OfInteraction, "int_1", Change{Key: "note", Value: raw("Canary")}, Change{Key: "kind", Value: raw("k")})
		h.must(err)
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "own", Value: raw("Canary")})
		h.must(err)
		h.must(h.DB.Write(h.t.Context(), tenA, func(tx *store.Tx) error {
			out, err := h.Export(tx, setup.OfInteraction, "int_1", "con_1")
			if len(out) != 2 || err != nil {
				h.t.Errorf("exported: %v, %v", out, err)
			}
			if _, err := tx.DeleteConversation("int_1", h.clock.Now()); err != nil {
				return err
			}
			return nil
		}))
		got := h.get(tenA, setup.OfInteraction, "int_1", "")
		if find(got, "note").Version != 0 || string(find(got, "kind").Value) != `"k"` {
			h.t.Errorf("%v", got)
		}
		_, err = h.set(tenA, setup.OfInteraction, "int_1", Change{Key: "note", Value: raw("again")})
		h.want(err, errs.Gone, "erased")
		_, err = h.set(tenA, setup.OfInteraction, "int_1", Change{Key: "kind", Value: raw("l"), Version: find(got, "kind").Version})
		h.must(err)
		h.must(h.vault.DestroyContact(h.t.Context(), tenA, "con_1"))
		_, err = h.Values(h.t.Context(), everything(tenA), setup.OfContact, "con_1", "")
		h.want(err, errs.Gone, "")
	})
}

// A flow fills what asks for its attributes, where it is empty and the value fits.
func TestFieldsFromAFlow(t *testing.T) {
	each(t, func(h *house) {
		from := func(attribute string, kind setup.FieldType) func(*setup.Field) {
			return func(f *setup.Field) { f.Entity, f.Type, f.Attribute = setup.OfInteraction, kind, attribute }
		}
		h.field("order", from("order", setup.FieldText))
		h.field("count", from("count", setup.FieldWhole))
		h.field("wrong", from("order", setup.FieldDate))
		h.field("had", from("order", setup.FieldText))
		h.field("card", from("card", setup.FieldText))
		h.field("other", func(f *setup.Field) { f.Entity = setup.OfInteraction })
		_, err := h.set(tenA, setup.OfInteraction, "int_1", Change{Key: "had", Value: raw("mine")})
		h.must(err)
		h.must(h.DB.Write(h.t.Context(), tenA, func(tx *store.Tx) error {
			return h.FillFromFlow(tx, "int_1", "con_1", map[string]string{"order": "A-17", "count": "3", "card": "4111 1111 1111 1111", "more": "x"})
		}))
		got := h.get(tenA, setup.OfInteraction, "int_1", "")
		for key, want := range map[string]string{"order": `"A-17"`, "count": `3`, "wrong": ``, "had": `"mine"`, "card": ``, "other": ``} {
			if v := string(find(got, key).Value); v != want {
				h.t.Errorf("%s is %s, want %s", key, v, want)
			}
		}
	})
}

// between does something between the reading of what a field holds and the writing.
type between struct {
	Keys
	do func()
}

func (b *between) SealContact(ctx context.Context, t id.Tenant, contact, where string, plain []byte) (secret.Sealed, error) {
	if do := b.do; do != nil {
		b.do = nil
		do()
	}
	return b.Keys.SealContact(ctx, t, contact, where, plain)
}

// An agent who fills in a field at the moment in which a flow does is faster: what else the
// floor writes with what the flow found out is written all the same.
func TestAFlowGivesWayToAPerson(t *testing.T) {
	h := newHouse(t, store.Postgres) // SQLite has one writer at a time
	h.field("order", func(f *setup.Field) { f.Entity, f.Attribute = setup.OfInteraction, "order" })
	keys := &between{Keys: h.vault}
	h.Keys = keys
	keys.do = func() {
		_, err := h.set(tenA, setup.OfInteraction, "int_1", Change{Key: "order", Value: raw("mine")})
		h.must(err)
	}
	h.must(h.DB.Write(t.Context(), tenA, func(tx *store.Tx) error {
		return h.FillFromFlow(tx, "int_1", "con_1", map[string]string{"order": "A-17"})
	}))
	if got := h.get(tenA, setup.OfInteraction, "int_1", ""); keys.do != nil || string(got[0].Value) != `"mine"` {
		t.Errorf("%s", got[0].Value)
	}
}

// Interactions are found by what tells nothing about a person, by whoever sees it.
func TestSearchedFields(t *testing.T) {
	each(t, func(h *house) {
		of := func(kind setup.FieldType, change func(*setup.Field)) func(*setup.Field) {
			return func(f *setup.Field) {
				f.Entity, f.Type, f.Class = setup.OfInteraction, kind, privacy.None
				if change != nil {
					change(f)
				}
			}
		}
		h.field("count", of(setup.FieldWhole, nil))
		h.field("done", of(setup.FieldYesNo, nil))
		h.field("text", of(setup.FieldText, nil))
		h.field("leads", of(setup.FieldWhole, func(f *setup.Field) { f.SeenBy = []access.Role{access.Monitor} }))
		h.field("sealed", of(setup.FieldWhole, func(f *setup.Field) { f.Class = privacy.Content }))
		h.field("masked", of(setup.FieldWhole, func(f *setup.Field) { f.Masked = true }))
		_, err := h.set(tenA, setup.OfInteraction, "int_1", Change{Key: "masked", Value: raw(7)}, Change{Key: "count", Value: raw(7)}, Change{Key: "done", Value: raw(false)}, Change{Key: "sealed", Value: raw(7)})
		h.must(err)
		found := func(tenant id.Tenant, key, said string) int {
			h.t.Helper()
			field, plain, err := h.Searched(h.t.Context(), everything(tenant), setup.OfInteraction, key, said)
			h.must(err)
			var rows []store.InteractionRow
			h.must(h.DB.Read(h.t.Context(), tenant, func(tx *store.Tx) error {
				rows, err = tx.SearchInteractions(store.InteractionFilter{Field: field, Value: plain})
				return err
			}))
			return len(rows)
		}
		if found(tenA, "count", "7") != 1 || found(tenA, "count", "7.0") != 1 || found(tenA, "count", "8") != 0 || found(tenA, "done", "false") != 1 || found(tenA, "done", "true") != 0 || found(tenB, "count", "7") != 0 {
			h.t.Error("found wrongly")
		}
		h.field("rank", func(f *setup.Field) { f.Entity, f.Type, f.Class = setup.OfContact, setup.FieldWhole, privacy.None })
		_, err = h.set(tenA, setup.OfContact, "con_1", Change{Key: "rank", Value: raw(7)})
		h.must(err)
		for _, tenant := range []id.Tenant{tenA, tenB} {
			for said, want := range map[string]int{"7": 1, "8": 0} {
				field, plain, err := h.Searched(h.t.Context(), everything(tenant), setup.OfContact, "rank", said)
				h.must(err)
				h.must(h.DB.Read(h.t.Context(), tenant, func(tx *store.Tx) error {
					rows, err := tx.ContactsAfter("", store.ContactFilter{Field: field, Value: plain}, 10)
					if tenant == tenB {
						want = 0
					}
					if len(rows) != want || want == 1 && rows[0].ID != "con_1" {
						h.t.Errorf("%s: contacts with rank %s: %+v", tenant, said, rows)
					}
					return err
				}))
			}
		}
		_, _, err = h.Searched(h.t.Context(), everything(tenA), setup.OfInteraction, "rank", "7")
		h.want(err, errs.Invalid, "")
		for key, said := range map[string]string{"text": "x", "leads": "7", "sealed": "7", "masked": "7", "none": "7", "count": "seven"} {
			_, _, err := h.Searched(h.t.Context(), everything(tenA), setup.OfInteraction, key, said)
			h.want(err, errs.Invalid, "")
		}
	})
}
