package contact_test

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nubitalk/internal/app/contact"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
)

const (
	tenA  = storetest.TenantA
	tenB  = storetest.TenantB
	agent = "usr_00000000000000000000000001"
	other = "usr_00000000000000000000000002"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code errs.Code) {
	t.Helper()
	if !errs.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func as(tenant id.Tenant, user string, roles ...access.Role) access.Actor {
	return access.Actor{Tenant: tenant, User: user, Roles: roles}
}

func officer(tenant id.Tenant) access.Actor {
	return as(tenant, "usr_00000000000000000000000009", access.PrivacyOfficer)
}

// journal writes plain entries; the real log is tested in
// app/audit, and its chain by the server's tests.
type journal struct{ c clock.Clock }

func (j journal) Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error {
	return j.append(tx, a.User, action, objectKind, object, detail)
}

func (j journal) Append(tx *store.Tx, actor, action, object, detail string) error {
	return j.append(tx, actor, action, id.Kind(object), object, map[string]string{"detail": detail})
}

func (j journal) append(tx *store.Tx, actor, action, kind, object string, detail map[string]string) error {
	text := "{"
	for k, v := range detail {
		text += `"` + k + `":"` + v + `",`
	}
	text = strings.TrimSuffix(text, ",") + "}"
	_, err := tx.AppendAudit(store.AuditRow{At: j.c.Now(), ActorKind: "user", ActorID: actor, Action: action, ObjectKind: kind, ObjectID: object, Detail: text},
		func(r store.AuditRow) []byte { return []byte{byte(r.Seq)} })
	return err
}

// talks is what was said, as the chat channel would give it.
type talks struct {
	messages map[string][]chat.Message
	files    map[string]string
}

func (c talks) Messages(_ context.Context, _ id.Tenant, interaction string, after, _ int64, limit int) ([]chat.Message, error) {
	var out []chat.Message
	for _, m := range c.messages[interaction] {
		if m.Seq > after && len(out) < min(limit, 2) { // small pages
			out = append(out, m)
		}
	}
	return out, nil
}

func (c talks) Attachment(_ context.Context, _ id.Tenant, _, attachment string) (chat.Attachment, secret.Bytes, error) {
	return chat.Attachment{ID: attachment, Name: "../../foto da Ana.png", MediaType: "image/png"}, secret.NewBytes([]byte(c.files[attachment])), nil
}

// fixture is the service over real keepers on one engine, with two tenants.
type fixture struct {
	*contact.Service
	deps   contact.Deps
	db     *store.DB
	vault  *vault.Vault
	blobs  *blob.Store
	clock  *clock.Virtual
	ids    *id.Source
	talks  talks
	driver string
	dir    string // the data folder, with SQLite
}

func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) { test(t, open(t, driver)) })
	}
}

func open(t testing.TB, driver string) *fixture {
	t.Helper()
	c := storetest.Config(t, driver)
	f := &fixture{dir: filepath.Dir(c.DSN), db: storetest.Reopen(t, c), clock: clock.NewVirtual(start), driver: driver,
		talks: talks{map[string][]chat.Message{}, map[string]string{}}}
	f.ids = id.NewSource(f.clock.Now, nil)
	storetest.Organisations(t, f.db, tenA, tenB)
	if driver == store.SQLite {
		c.DSN += ".keys" // a file of its own; on PostgreSQL a schema of its own
	}
	keys, err := keystore.Open(t.Context(), keystore.Config{Driver: c.Driver, DSN: c.DSN})
	must(t, err)
	t.Cleanup(func() { keys.Close() })
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	must(t, err)
	f.vault, err = vault.Open(vault.Config{Root: root, Store: keys})
	must(t, err)
	must(t, f.vault.CreateTenant(t.Context(), tenA))
	must(t, f.vault.CreateTenant(t.Context(), tenB))
	files := t.TempDir()
	if driver == store.SQLite {
		files = filepath.Join(f.dir, "files")
	}
	f.blobs, err = blob.OpenDir(files)
	must(t, err)
	f.deps = contact.Deps{DB: f.db, Keys: f.vault, Blobs: f.blobs, Conversations: f.talks, Audit: journal{f.clock}, Clock: f.clock, IDs: f.ids,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	f.Service = contact.New(f.deps)
	return f
}

func arrival(name string, addresses ...string) channel.Arrival {
	a := channel.Arrival{Channel: acd.Chat, Language: "pt", Name: secret.New(name)}
	for i := 0; i < len(addresses); i += 2 {
		a.Addresses = append(a.Addresses, channel.Address{Kind: addresses[i], Value: secret.New(addresses[i+1])})
	}
	return a
}

// arrive resolves the arrival and stores an interaction of it, as the floor does.
func (f *fixture) arrive(t testing.TB, tenant id.Tenant, a channel.Arrival) (contact, interaction string) {
	t.Helper()
	interaction = f.ids.New(id.Interaction)
	must(t, f.db.Write(t.Context(), tenant, func(tx *store.Tx) (err error) {
		if contact, err = f.Resolve(tx, a, interaction); err != nil {
			return err
		}
		name, err := f.vault.SealContact(tx.Context(), tenant, contact, "interactions.name/"+interaction, []byte(a.Name.Reveal()))
		if err != nil {
			return err
		}
		flow, err := f.vault.SealContact(tx.Context(), tenant, contact, "interactions.flow/"+interaction, []byte(`{"node":"x","attributes":{"topic":"billing"}}`))
		if err != nil {
			return err
		}
		return tx.InsertInteraction(store.InteractionRow{ID: interaction, Channel: "chat", ContactID: contact, NameSealed: name, FlowSealed: flow, State: "active",
			AgentID: agent, Language: "pt", ArrivedAt: f.clock.Now()})
	}))
	return contact, interaction
}

func (f *fixture) close(t testing.TB, tenant id.Tenant, interaction string) {
	t.Helper()
	must(t, f.db.Write(t.Context(), tenant, func(tx *store.Tx) error {
		r, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		r.State, r.CloseReason, r.ClosedAt = "closed", "completed", f.clock.Now()
		return tx.UpdateInteraction(r)
	}))
}

func (f *fixture) contact(t testing.TB, tenant id.Tenant, contact string) contact.Contact {
	t.Helper()
	c, err := f.Contact(t.Context(), officer(tenant), contact)
	must(t, err)
	return c
}

func TestAPersonIsKnownAgainByEachAddress(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, _ := f.arrive(t, tenA, arrival("Ana", "email", "Ana@Example.org", "visitor", "v1"))
		f.clock.Advance(time.Hour)
		for _, again := range []channel.Arrival{
			arrival("", "email", " ana@EXAMPLE.org "),
			arrival("", "visitor", "v1"),
			arrival("Outro nome", "email", "ana@example.org", "phone", "210 000 000"), // and now her number is known
			arrival("", "phone", "+351210000000"),
			arrival("", "email", "not an address", "phone", "00351 210 000 000"),
		} {
			if got, _ := f.arrive(t, tenA, again); got != ana {
				t.Errorf("%d addresses: found %s, want %s", len(again.Addresses), got, ana)
			}
		}
		want := contact.Contact{ID: ana, Name: "Ana", Language: "pt", CreatedAt: start, SeenAt: start.Add(time.Hour), Consents: []contact.Consent{},
			Addresses: []contact.Address{{"email", "ana@example.org"}, {"phone", "+351210000000"}, {"visitor", "v1"}}}
		if diff := cmp.Diff(want, f.contact(t, tenA, ana), cmpopts.IgnoreFields(contact.Contact{}, "Version")); diff != "" {
			t.Error(diff)
		}
		for _, stranger := range []struct {
			tenant id.Tenant
			a      channel.Arrival
		}{{tenA, arrival("Ana")}, {tenA, arrival("Ana")}, {tenA, arrival("Ana", "email", "ana@example.com")}, {tenA, arrival("", "social", "x:ana")},
			{tenB, arrival("Ana", "email", "ana@example.org")}, {tenA, arrival("Ana", "email", "nonsense")}} {
			if got, _ := f.arrive(t, stranger.tenant, stranger.a); got == ana {
				t.Errorf("%v is taken for Ana", stranger.a.Addresses)
			}
		}
	})
}

func TestContactsAreNeverMerged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		byPhone, _ := f.arrive(t, tenA, arrival("P", "phone", "+351210000001"))
		f.clock.Advance(time.Second)
		byMail, _ := f.arrive(t, tenA, arrival("M", "email", "m@example.org"))
		f.clock.Advance(time.Second)
		byMail2, _ := f.arrive(t, tenA, arrival("M2", "email", "m2@example.org"))
		for name, c := range map[string]struct {
			a    channel.Arrival
			want string
		}{
			"email before phone, whatever is older":    {arrival("", "phone", "+351210000001", "email", "m@example.org"), byMail},
			"of two emails the older":                  {arrival("", "email", "m2@example.org", "email", "m@example.org"), byMail},
			"an unknown email, so the phone":           {arrival("", "email", "new@example.org", "phone", "+351210000001"), byPhone},
			"which is known by that email from now on": {arrival("", "email", "m2@example.org"), byMail2},
		} {
			if got, _ := f.arrive(t, tenA, c.a); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
		if got := f.contact(t, tenA, byMail).Addresses; len(got) != 1 {
			t.Errorf("addresses of others were taken over: %v", got)
		}
	})
}

func TestANameIsTakenOverWhenThereWasNone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c, _ := f.arrive(t, tenA, arrival("", "email", "a@example.org"))
		f.arrive(t, tenA, arrival("  Ana\n\u202eavliS\x00 ", "email", "a@example.org"))
		if got := f.contact(t, tenA, c).Name; got != "Ana avliS" {
			t.Errorf("name %q", got)
		}
		f.arrive(t, tenA, arrival("Berta", "email", "a@example.org"))
		if got := f.contact(t, tenA, c).Name; got != "Ana avliS" {
			t.Errorf("name %q", got)
		}
		long, _ := f.arrive(t, tenA, arrival(strings.Repeat("é", 100)))
		if got := f.contact(t, tenA, long).Name; got != strings.Repeat("é", 80) {
			t.Errorf("name %q", got)
		}
	})
}

func TestConsentIsRecordedAndWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		a := arrival("Ana", "email", "a@example.org")
		a.Consent = &channel.Consent{Purpose: "service", Text: "cst_00000000000000000000000001", Version: 3, Language: "pt"}
		ana, work := f.arrive(t, tenA, a)
		bob, _ := f.arrive(t, tenA, arrival("Bob"))
		got := f.contact(t, tenA, ana).Consents
		want := []contact.Consent{{Purpose: "service", Text: "cst_00000000000000000000000001", TextVersion: 3, Language: "pt", Interaction: work, GivenAt: start}}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(contact.Consent{}, "ID")); diff != "" {
			t.Fatal(diff)
		}
		f.clock.Advance(time.Hour)
		for range 2 { // the first time counts
			c, err := f.WithdrawConsent(t.Context(), officer(tenA), ana, got[0].ID)
			if err != nil || !c.Consents[0].WithdrawnAt.Equal(start.Add(time.Hour)) {
				t.Errorf("%v, %v", c.Consents, err)
			}
			f.clock.Advance(time.Hour)
		}
		_, err := f.WithdrawConsent(t.Context(), officer(tenA), bob, got[0].ID)
		wantCode(t, err, errs.NotFound)
		_, err = f.WithdrawConsent(t.Context(), officer(tenB), ana, got[0].ID)
		wantCode(t, err, errs.NotFound)
		wantActions(t, f, ana, "consent.given", "consent.withdrawn")
	})
}

// wantActions says that exactly these actions of a consent or by a contact are
// in the audit log.
func wantActions(t *testing.T, f *fixture, contact string, want ...string) {
	t.Helper()
	var got []string
	must(t, f.db.Read(t.Context(), tenA, func(tx *store.Tx) error {
		rows, err := tx.AuditAfter(0, 1000)
		for _, r := range rows {
			if strings.HasPrefix(r.Action, "consent.") {
				got = append(got, r.Action)
			}
		}
		return err
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhoMaySeeAContact(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, work := f.arrive(t, tenA, arrival("Ana", "email", "a@example.org"))
		f.arrive(t, tenA, arrival("Bob", "email", "b@example.org"))
		see := func(a access.Actor) error {
			_, err := f.Contact(t.Context(), a, ana)
			found, _, ferr := f.Find(t.Context(), a, "email", secret.New("A@example.org"), "", 0)
			if (err == nil) != (len(found) == 1) && !errs.Is(ferr, errs.Forbidden) {
				t.Errorf("%v: Contact says %v, Find finds %d, %v", a.Roles, err, len(found), ferr)
			}
			return err
		}
		must(t, see(officer(tenA)))
		must(t, see(as(tenA, other, access.Supervisor)))
		must(t, see(as(tenA, agent, access.Agent)))
		wantCode(t, see(as(tenA, other, access.Agent)), errs.NotFound)
		wantCode(t, see(as(tenA, agent, access.Monitor)), errs.NotFound)
		wantCode(t, see(as(tenA, agent, access.Administrator)), errs.NotFound)
		wantCode(t, see(officer(tenB)), errs.NotFound)
		wantCode(t, see(as(tenB, agent, access.Agent)), errs.NotFound)

		f.close(t, tenA, work)
		f.clock.Advance(23 * time.Hour)
		must(t, see(as(tenA, agent, access.Agent)))
		f.clock.Advance(2 * time.Hour)
		wantCode(t, see(as(tenA, agent, access.Agent)), errs.NotFound)
		must(t, see(officer(tenA)))
	})
}

// failingOnce is a log that cannot be written the first time.
type failingOnce struct {
	contact.Auditor
	failed *bool
}

func (l failingOnce) Record(tx *store.Tx, a access.Actor, action, kind, object string, detail map[string]string) error {
	if !*l.failed {
		*l.failed = true
		return errs.New(errs.Unavailable, "This could not be stored. Please try again.")
	}
	return l.Auditor.Record(tx, a, action, kind, object, detail)
}

func TestALookThatCouldNotBeNotedShowsNothingAndIsNotedTheNextTime(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, _ := f.arrive(t, tenA, arrival("Ana", "email", "a@example.org"))
		failed := false
		f.Audit = failingOnce{f.Audit, &failed}
		c, err := f.Contact(t.Context(), officer(tenA), ana)
		wantCode(t, err, errs.Unavailable)
		if c.ID != "" {
			t.Error("the contact is shown though nobody can know it")
		}
		f.contact(t, tenA, ana)
		must(t, f.db.Read(t.Context(), tenA, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{Action: "contact.seen", ObjectID: ana})
			if len(rows) != 1 {
				t.Errorf("%d looks are noted, want one", len(rows))
			}
			return err
		}))
	})
}

func TestLooksAreNotedOnceAnHour(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, _ := f.arrive(t, tenA, arrival("Ana", "email", "a@example.org"))
		looks := func() (n int) {
			must(t, f.db.Read(t.Context(), tenA, func(tx *store.Tx) error {
				rows, err := tx.Audit(store.AuditFilter{Action: "contact.seen", ObjectID: ana})
				n = len(rows)
				return err
			}))
			return n
		}
		for range 3 {
			f.contact(t, tenA, ana)
		}
		_, err := f.Contact(t.Context(), as(tenA, agent, access.Agent), ana)
		must(t, err)
		if n := looks(); n != 2 {
			t.Errorf("%d looks noted, want one per person", n)
		}
		f.clock.Advance(time.Hour)
		f.contact(t, tenA, ana)
		if n := looks(); n != 3 {
			t.Errorf("%d looks noted, want another after an hour", n)
		}
	})
}

func TestTheListIsMaskedAndPaged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var want []string
		for range 7 {
			c, _ := f.arrive(t, tenA, arrival("Ana", "email", "ana@example.org", "visitor", "v"))
			want = append(want, c)
			must(t, f.db.Write(t.Context(), tenA, func(tx *store.Tx) error { // the next arrival is another person
				rows, err := tx.AddressesOf(c)
				for _, r := range rows {
					if r.Kind == "email" || err != nil {
						continue
					}
					err = tx.DeleteAddress(r.Kind, r.AddressIndex)
				}
				if err != nil {
					return err
				}
				return tx.DeleteAddress("email", rows[0].AddressIndex)
			}))
		}
		last := want[len(want)-1]
		_, err := f.Update(t.Context(), officer(tenA), last, f.contact(t, tenA, last).Version, contact.Change{Addresses: &[]contact.Address{{"email", "ana@example.org"}}})
		must(t, err)
		var got []string
		for cursor := ""; ; {
			items, next, err := f.Find(t.Context(), officer(tenA), "", secret.Text{}, cursor, 3)
			must(t, err)
			for _, c := range items {
				got = append(got, c.ID)
				for _, a := range c.Addresses {
					if a.Value != "a•••@e•••.org" {
						t.Errorf("the list shows %q", a.Value)
					}
				}
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if items, _, err := f.Find(t.Context(), as(tenA, other, access.Agent), "", secret.Text{}, "", 3); err != nil || len(items) != 0 {
			t.Errorf("an agent who holds none sees %d, %v", len(items), err)
		}
		_, _, err = f.Find(t.Context(), officer(tenA), "", secret.Text{}, "x", 3)
		wantCode(t, err, errs.Invalid)
		_, _, err = f.Find(t.Context(), officer(tenA), "email", secret.New("nonsense"), "", 3)
		wantCode(t, err, errs.Invalid)
		_, _, err = f.Find(t.Context(), as(tenA, agent, access.Administrator), "", secret.Text{}, "", 3)
		wantCode(t, err, errs.Forbidden)
	})
}

func TestRectify(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, _ := f.arrive(t, tenA, arrival("Ana", "email", "a@example.org"))
		f.arrive(t, tenA, arrival("Bob", "email", "b@example.org"))
		ctx, before := t.Context(), f.contact(t, tenA, ana)
		name, language, yes, no := secret.New("Ana Silva"), "en", true, false
		c, err := f.Update(ctx, officer(tenA), ana, before.Version, contact.Change{Name: &name, Language: &language, Restricted: &yes,
			Addresses: &[]contact.Address{{"email", "Ana@New.example"}, {"phone", "210 000 000"}}})
		must(t, err)
		want := before
		want.Name, want.Language, want.RestrictedAt, want.Version = "Ana Silva", "en", start, before.Version+1
		want.Addresses = []contact.Address{{"email", "ana@new.example"}, {"phone", "+351210000000"}}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(want, f.contact(t, tenA, ana)); diff != "" {
			t.Error(diff)
		}
		if again, _ := f.arrive(t, tenA, arrival("", "email", "a@example.org")); again == ana {
			t.Error("she is still known by the address that was corrected")
		}
		if again, _ := f.arrive(t, tenA, arrival("", "email", "ana@new.example")); again != ana {
			t.Error("she is not known by the new address")
		}
		_, err = f.Update(ctx, officer(tenA), ana, before.Version, contact.Change{Name: &name})
		wantCode(t, err, errs.Conflict)
		c, err = f.Update(ctx, officer(tenA), ana, c.Version, contact.Change{Restricted: &no})
		if err != nil || !c.RestrictedAt.IsZero() || c.Name != "Ana Silva" || len(c.Addresses) != 2 {
			t.Errorf("%+v, %v", c, err)
		}
		_, err = f.Update(ctx, officer(tenA), ana, c.Version, contact.Change{Addresses: &[]contact.Address{{"email", "x"}, {"email", "ana@new.example"}, {"fax", "1"}, {"email", "b@example.org"}}})
		var paths []string
		for _, p := range errs.As(err).Fields {
			paths = append(paths, p.Path)
		}
		if diff := cmp.Diff([]string{"addresses[0].value", "addresses[2].kind", "addresses[3].value"}, paths); diff != "" {
			t.Error(diff, err)
		}
		long := secret.New(strings.Repeat("x", 81))
		_, err = f.Update(ctx, officer(tenA), ana, c.Version, contact.Change{Name: &long})
		wantCode(t, err, errs.Invalid)
		_, err = f.Update(ctx, as(tenA, agent, access.Agent), ana, c.Version, contact.Change{Restricted: &yes})
		wantCode(t, err, errs.Forbidden)
		_, err = f.Update(ctx, as(tenA, other, access.Agent), ana, c.Version, contact.Change{Name: &name})
		wantCode(t, err, errs.NotFound)
		_, err = f.Update(ctx, officer(tenB), ana, c.Version, contact.Change{Name: &name})
		wantCode(t, err, errs.NotFound)
		if diff := cmp.Diff(c, f.contact(t, tenA, ana)); diff != "" {
			t.Error("a refused change left something:", diff)
		}
	})
}

func TestReadyKeysAreUsed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := make(chan int, 100)
		f.deps.Keys = counting{f.vault, made}
		f.Service = contact.New(f.deps)
		must(t, f.Start(t.Context()))
		must(t, f.Start(t.Context()))
		first, _ := f.arrive(t, tenA, arrival("Ana"))
		// One by the arrival itself, a batch in the background, in either order.
		if a, b := <-made, <-made; min(a, b) != 1 || max(a, b) != 32 {
			t.Errorf("%d and %d keys were made", a, b)
		}
		must(t, f.Stop(t.Context())) // ends only when the batch is there
		seen := map[string]bool{first: true}
		for range 32 {
			c, _ := f.arrive(t, tenA, arrival("Ana"))
			if seen[c] {
				t.Errorf("%s was given twice", c)
			}
			seen[c] = true
		}
		if len(made) != 0 {
			t.Errorf("%d more writes of the key store", len(made))
		}
		f.arrive(t, tenA, arrival("Ana"))
		if n := <-made; n != 1 {
			t.Errorf("an empty reserve made %d keys", n)
		}
		must(t, f.Stop(t.Context()))
	})
}

type counting struct {
	contact.Keys
	made chan int
}

func (c counting) CreateContacts(ctx context.Context, t id.Tenant, contacts []string) error {
	err := c.Keys.CreateContacts(ctx, t, contacts)
	c.made <- len(contacts)
	return err
}
