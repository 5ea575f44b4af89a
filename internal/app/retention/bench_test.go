package retention_test

import (
	"errors"
	"io"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"nubitalk/internal/app/retention"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// BenchmarkRound is a round over 10,000 organisations of which nothing is due: with
// rules, a user, a session, three contacts with closed conversations and three notes in
// the audit log each. The CPU is this process's: with PostgreSQL its server's is not in it.
func BenchmarkRound(b *testing.B) {
	for _, driver := range storetest.Drivers {
		b.Run(driver, func(b *testing.B) { benchmarkRound(b, driver) })
	}
}

func benchmarkRound(b *testing.B, driver string) {
	const many = 10_000
	ctx := b.Context()
	f := &fixture{db: storetest.Open(b, driver), clock: clock.NewVirtual(start)}
	var err error
	f.blobs, err = blob.OpenDir(b.TempDir())
	must(b, err)
	f.ids = id.NewSource(f.clock.Now, nil)
	all := make([]id.Tenant, many)
	for i := range all {
		all[i] = id.Tenant(f.ids.New(id.TenantKind))
	}
	storetest.Organisations(b, f.db, all...)
	for _, t := range all {
		f.rules(b, t, `{"conversation_days":90,"record_days":365,"audit_days":730}`)
		f.write(b, t, func(tx *store.Tx) error {
			user := f.ids.New(id.User)
			err := errors.Join(tx.InsertUser(store.UserRow{ID: user, UserName: "x", UserNameKey: "x", Status: "active", CreatedAt: start}),
				tx.InsertSession(store.SessionRow{ID: f.ids.New(id.Session), UserID: user, TokenHash: []byte(t), CreatedAt: start, SeenAt: start, ExpiresAt: start.Add(time.Hour)}))
			for range 3 {
				contact := f.ids.New(id.Contact)
				err = errors.Join(err, tx.InsertContact(store.ContactRow{ID: contact, CreatedAt: start, SeenAt: start}),
					tx.InsertInteraction(store.InteractionRow{ID: f.ids.New(id.Interaction), Channel: "chat", ContactID: contact, NameSealed: secret.Sealed("name"), State: "closed", ArrivedAt: start, ClosedAt: start}),
					journal{f.clock}.Record(tx, access.Actor{Tenant: t}, "act", "", "", nil))
			}
			return err
		})
	}
	deps := retention.Deps{DB: f.db, Blobs: f.blobs, Contacts: contacts{f.db, &f.fail}, Audit: journal{f.clock}, Clock: f.clock, Node: "nod_1", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	s := retention.New(deps)
	must(b, s.Round(ctx)) // compares files
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		f.clock.Advance(10 * time.Minute)
		must(b, s.Round(ctx))
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	b.ReportMetric(spent.Seconds()/float64(b.N), "cpu-s/op")
}
