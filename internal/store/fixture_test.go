package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

const tenA, tenB = storetest.TenantA, storetest.TenantB

// t0 is when the fixtures begin.
var t0 = time.Date(2026, 11, 2, 9, 0, 0, 123456000, time.UTC)

func at(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }

// write and read run fn for a tenant and fail the test on an error.
func write(t testing.TB, db *store.DB, tenant id.Tenant, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), tenant, fn); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, db *store.DB, tenant id.Tenant, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Read(t.Context(), tenant, fn); err != nil {
		t.Fatal(err)
	}
}

// wantCode fails unless err carries the code; "" means no error.
func wantCode(t testing.TB, what string, err error, code errs.Code) {
	t.Helper()
	switch {
	case code == "" && err != nil:
		t.Errorf("%s: %v", what, err)
	case code != "" && !errs.Is(err, code):
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// fill gives every field of a row its own value, none of them zero, so that two
// columns that change places are seen.
func fill[R any](n int) R {
	var r R
	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("store") == "read" {
			continue // is no column
		}
		fillField(v.Field(i), v.Type().Field(i).Name, 1000*n+i+1)
	}
	return r
}

func fillField(f reflect.Value, name string, n int) {
	switch f.Interface().(type) {
	case time.Time:
		f.Set(reflect.ValueOf(t0.Add(time.Duration(n) * time.Microsecond)))
		return
	case [][]byte:
		f.Set(reflect.ValueOf([][]byte{{byte(n), 0, 1}, {255}}))
		return
	}
	switch f.Kind() {
	case reflect.String:
		f.SetString(fmt.Sprintf("%s é 😀 %d", name, n))
	case reflect.Int, reflect.Int64:
		f.SetInt(int64(n))
	case reflect.Bool:
		f.SetBool(true)
	case reflect.Slice:
		if f.Type().Elem().Kind() == reflect.Uint8 {
			f.SetBytes([]byte(fmt.Sprintf("%s\x00\xff%d", name, n)))
			return
		}
		f.Set(reflect.MakeSlice(f.Type(), 2, 2))
		fillField(f.Index(0), name, n)
		fillField(f.Index(1), name, n+500)
	case reflect.Map:
		f.Set(reflect.MakeMap(f.Type()))
		value := reflect.New(f.Type().Elem()).Elem()
		fillField(value, name, n)
		f.SetMapIndex(reflect.ValueOf(name).Convert(f.Type().Key()), value)
	case reflect.Struct:
		for i := range f.NumField() {
			fillField(f.Field(i), f.Type().Field(i).Name, 20*n+i)
		}
	case reflect.Pointer:
		f.Set(reflect.New(f.Type().Elem()))
		fillField(f.Elem(), name, n)
	default:
		panic("no value for a field of kind " + f.Kind().String())
	}
}

// people adds to both tenants a user, a contact, an open interaction and its
// chat, with the same ids, so that a forgotten tenant is seen.
func people(t testing.TB, db *store.DB) {
	t.Helper()
	storetest.Organisations(t, db, tenA, tenB)
	for _, tenant := range []id.Tenant{tenA, tenB} {
		write(t, db, tenant, func(tx *store.Tx) error {
			if err := tx.InsertUser(store.UserRow{ID: "usr_1", UserName: "Ana", UserNameKey: "ana", Status: "active", CreatedAt: t0, UpdatedAt: t0}); err != nil {
				return err
			}
			return tx.InsertUser(store.UserRow{ID: "usr_2", UserName: "Rui", UserNameKey: "rui", Status: "active", CreatedAt: t0, UpdatedAt: t0})
		})
		for n := 1; n <= 2; n++ {
			talk(t, db, tenant, fmt.Sprintf("con_%d", n), fmt.Sprintf("int_%d", n), at(n))
		}
	}
}

// talk adds a contact, if it is new, with an active interaction and its chat.
func talk(t testing.TB, db *store.DB, tenant id.Tenant, contact, interaction string, arrived time.Time) {
	t.Helper()
	write(t, db, tenant, func(tx *store.Tx) error {
		if _, err := tx.Contact(contact); errs.Is(err, errs.NotFound) {
			if err := tx.InsertContact(store.ContactRow{ID: contact, Language: "pt", CreatedAt: arrived, SeenAt: arrived}); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		i := store.InteractionRow{ID: interaction, Channel: "chat", ContactID: contact, State: "active", ArrivedAt: arrived, NameSealed: []byte("name of " + interaction)}
		if err := tx.InsertInteraction(i); err != nil {
			return err
		}
		return tx.InsertChat(store.ChatRow{InteractionID: interaction, TokenHash: []byte("token of " + interaction)})
	})
}

// say appends a message.
func say(tx *store.Tx, interaction, author, client string, tokens ...string) (store.MessageRow, bool, error) {
	m := store.MessageRow{InteractionID: interaction, ID: "msg_" + author + client, AuthorKind: "agent", AuthorID: author, Kind: "text", ClientID: client,
		BodySealed: []byte("body of " + author + client), At: t0}
	for _, w := range tokens {
		m.Tokens = append(m.Tokens, []byte(w))
	}
	return tx.InsertMessage(m, nil)
}
