package email

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"log/slog"
	"strings"
	"testing"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func openStore(t *testing.T) *store.DB { return storetest.Open(t, store.SQLite) }

var ids = id.NewSource(clock.Real{}.Now, nil)

func newTenant(t *testing.T, db *store.DB) id.Tenant {
	t.Helper()
	tenant := id.Tenant(ids.New(id.TenantKind))
	err := db.System(t.Context(), func(tx *store.Tx) error {
		return tx.InsertOrganisation(store.OrganisationRow{ID: tenant, Kind: "tenant", Slug: string(tenant), Status: "active", Version: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// digests stands for the vault.
type digests struct{}

func (digests) Digest(_ context.Context, t id.Tenant, where string, value []byte) ([]byte, error) {
	mac := hmac.New(sha256.New, []byte(string(t)+where))
	mac.Write(value)
	return mac.Sum(nil), nil
}

func (digests) SealTenant(_ context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error) {
	return secret.Sealed(string(t) + where + "\x00" + string(plain)), nil
}

func (digests) OpenTenant(_ context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error) {
	plain, ok := strings.CutPrefix(string(sealed), string(t)+where+"\x00")
	if !ok {
		return secret.Bytes{}, errs.New(errs.Invalid, "another's")
	}
	return secret.NewBytes([]byte(plain)), nil
}

func testDeps(_ *testing.T, db *store.DB) Deps {
	return Deps{DB: db, Vault: digests{}, Clock: clock.Real{}, IDs: ids, Setup: noSetup{}, People: named{}, Contacts: named{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// noSetup has no mailboxes and no entry points.
type noSetup struct{}

func (noSetup) Mailboxes(context.Context, id.Tenant) (map[string]setup.Mailbox, error) {
	return nil, nil
}
func (noSetup) MailboxSecret(context.Context, id.Tenant, string, string) (secret.Text, error) {
	return secret.Text{}, nil
}
func (noSetup) KeepToken(context.Context, id.Tenant, string, setup.Mailbox, secret.Text) error {
	return nil
}
func (noSetup) SignedIn(context.Context, access.Actor, string, setup.Mailbox, secret.Text) error {
	return nil
}
func (noSetup) EntryPointOf(context.Context, id.Tenant, string) (setup.EntryPoint, error) {
	return setup.EntryPoint{Languages: []string{"en"}}, nil
}

func (named) Signature(context.Context, id.Tenant, string) (secret.Text, error) {
	return secret.Text{}, nil
}

func (named) AddressesOf(context.Context, id.Tenant, string, string) ([]secret.Text, error) {
	return []secret.Text{secret.New("first@example.org"), secret.New("second@example.org")}, nil
}

// named knows every agent by one name, and every contact by two addresses.
type named struct{}

func (named) PublicName(context.Context, id.Tenant, string) string { return "Bo" }

func (noSetup) RejectReasons(context.Context, id.Tenant) (map[string]RejectReason, error) {
	return nil, nil
}

// noFloor ends nothing.
type noFloor struct{ channel.Sink }

func (noFloor) Reject(context.Context, access.Actor, string, string, string, int64) error { return nil }

func (noFloor) Mergeable(context.Context, access.Actor, string, int) ([]string, error) {
	return nil, nil
}

func (noFloor) MayMerge(context.Context, access.Actor, string, string) error { return nil }

func (noFloor) Merge(context.Context, access.Actor, string, string) error { return nil }
