package retention_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/retention"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

const (
	tenA = storetest.TenantA
	tenB = storetest.TenantB
	day  = 24 * time.Hour
)

var start = time.Now().UTC().Truncate(time.Second) // files carry the machine's own time

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// contacts erases by deleting the rows; the whole erasure is app/contact's.
type contacts struct {
	db   *store.DB
	fail *error
}

func (c contacts) EraseIdle(ctx context.Context, t id.Tenant, contact string, _ time.Time) (bool, error) {
	if *c.fail != nil {
		return false, *c.fail
	}
	return true, c.db.Write(ctx, t, func(tx *store.Tx) error { _, err := tx.DeleteContact(contact); return err })
}

type journal struct{ c clock.Clock }

func (j journal) Record(tx *store.Tx, _ access.Actor, action, objectKind, object string, detail map[string]string) error {
	_, err := tx.AppendAudit(store.AuditRow{At: j.c.Now(), ActorKind: "system", Action: action, ObjectKind: objectKind, ObjectID: object, Detail: fmt.Sprint(detail)},
		func(r store.AuditRow) []byte { return []byte{byte(r.Seq)} })
	return err
}

func (j journal) Trim(tx *store.Tx, before time.Time) (int64, error) { return tx.DeleteAudit(before) }

type fixture struct {
	*retention.Service
	deps  retention.Deps
	db    *store.DB
	blobs *blob.Store
	clock *clock.Virtual
	ids   *id.Source
	fail  error
}

func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		f := &fixture{db: open(), clock: clock.NewVirtual(start)}
		storetest.Organisations(t, f.db, tenA, tenB)
		var err error
		f.blobs, err = blob.OpenDir(t.TempDir())
		must(t, err)
		f.ids = id.NewSource(f.clock.Now, nil)
		f.deps = retention.Deps{DB: f.db, Blobs: f.blobs, Contacts: contacts{f.db, &f.fail}, Audit: journal{f.clock}, Clock: f.clock, Node: "nod_1",
			Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
		f.Service = retention.New(f.deps)
		test(t, f)
	})
}

func (f *fixture) write(t testing.TB, tenant id.Tenant, fn func(tx *store.Tx) error) {
	t.Helper()
	must(t, f.db.Write(t.Context(), tenant, fn))
}

func (f *fixture) rules(t testing.TB, tenant id.Tenant, body string) {
	t.Helper()
	f.write(t, tenant, func(tx *store.Tx) error {
		return tx.InsertSetup(store.SetupRow{Kind: "rules", ID: "rules", Body: []byte(body), CreatedAt: start, UpdatedAt: start})
	})
}

// talk is a contact with a closed conversation of one message and one file.
type talk struct{ contact, work, file string }

func (f *fixture) talk(t testing.TB, tenant id.Tenant, closed time.Time) talk {
	t.Helper()
	k := talk{f.ids.New(id.Contact), f.ids.New(id.Interaction), f.ids.New(id.Attachment)}
	key := blob.Key("attachments", tenant, k.file)
	must(t, f.blobs.Put(t.Context(), key, secret.Sealed("sealed")))
	f.write(t, tenant, func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertContact(store.ContactRow{ID: k.contact, CreatedAt: closed, SeenAt: closed}),
			tx.InsertInteraction(store.InteractionRow{ID: k.work, Channel: "chat", ContactID: k.contact, NameSealed: secret.Sealed("name"), State: "closed",
				ArrivedAt: closed, ClosedAt: closed}),
			tx.InsertChat(store.ChatRow{InteractionID: k.work, TokenHash: []byte(k.work)}),
			func() error {
				_, _, err := tx.InsertMessage(store.MessageRow{InteractionID: k.work, ID: f.ids.New(id.Message), AuthorKind: "visitor", Kind: "text", BodySealed: secret.Sealed("b"), At: closed}, nil)
				return err
			}(),
			tx.InsertAttachment(store.AttachmentRow{ID: k.file, InteractionID: k.work, MediaType: "image/png", BlobKey: key, Seq: 1, CreatedAt: closed}))
	})
	return k
}

// what is left of a talk, in one word.
func (f *fixture) left(t testing.TB, tenant id.Tenant, k talk) (what string) {
	t.Helper()
	_, err := f.blobs.Get(t.Context(), blob.Key("attachments", tenant, k.file))
	file := err == nil
	must(t, f.db.Read(t.Context(), tenant, func(tx *store.Tx) error {
		what = "nothing"
		if _, err := tx.Contact(k.contact); err == nil {
			what = "contact"
		}
		row, err := tx.Interaction(k.work)
		if err == nil {
			what = "record"
		}
		messages, err := tx.Messages(k.work, 0, 0, 1)
		if len(messages) > 0 {
			what = "conversation"
		}
		if (what == "conversation") != file || (what == "record") != (len(row.NameSealed) == 0 && row.ID != "") {
			t.Errorf("%s: file %v, name %q", what, file, row.NameSealed)
		}
		return err
	}))
	return what
}

func (f *fixture) round(t testing.TB) {
	t.Helper()
	must(t, f.Round(t.Context()))
}

func TestWhatIsDueEndsStepByStep(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.rules(t, tenA, `{"conversation_days":10,"record_days":20,"audit_days":90}`)
		a, b := f.talk(t, tenA, start), f.talk(t, tenB, start) // B has the usual rules: 90 and 365 days
		for _, c := range []struct {
			after time.Duration
			a, b  string
		}{
			{0, "conversation", "conversation"},
			{10 * day, "conversation", "conversation"},
			{10*day + time.Second, "record", "conversation"},
			{20 * day, "record", "conversation"},
			{20*day + time.Second, "nothing", "conversation"},
			{90*day + time.Second, "nothing", "record"},
			{365 * day, "nothing", "record"},
			{365*day + time.Second, "nothing", "nothing"},
		} {
			f.clock.Set(start.Add(c.after))
			f.round(t)
			if gotA, gotB := f.left(t, tenA, a), f.left(t, tenB, b); gotA != c.a || gotB != c.b {
				t.Errorf("after %v: %s and %s are left, want %s and %s", c.after, gotA, gotB, c.a, c.b)
			}
		}
	})
}

func TestWhatIsOpenOrNewStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.rules(t, tenA, `{"conversation_days":1,"record_days":1,"audit_days":90}`)
		old := f.talk(t, tenA, start)
		open := f.talk(t, tenA, start)
		f.write(t, tenA, func(tx *store.Tx) error {
			r, err := tx.Interaction(open.work)
			if err != nil {
				return err
			}
			r.State, r.ClosedAt = "active", time.Time{}
			return tx.UpdateInteraction(r)
		})
		merged, gone := f.talk(t, tenA, start), f.talk(t, tenA, start)
		for from, into := range map[string]string{merged.work: open.work, gone.work: "int_erased"} {
			f.write(t, tenA, func(tx *store.Tx) error {
				r, err := tx.Interaction(from)
				if err != nil {
					return err
				}
				r.MergedInto = into
				return tx.UpdateInteraction(r)
			})
		}
		f.clock.Set(start.Add(30 * day))
		fresh := f.talk(t, tenA, f.clock.Now().Add(-time.Hour))
		seen := f.talk(t, tenA, start)
		f.write(t, tenA, func(tx *store.Tx) error { return tx.TouchContact(seen.contact, f.clock.Now()) })
		f.round(t)
		for name, c := range map[string]struct {
			k    talk
			want string
		}{"old": {old, "nothing"}, "open": {open, "conversation"}, "goes on in the open one": {merged, "conversation"}, "went on in one that is gone": {gone, "nothing"}, "fresh": {fresh, "conversation"}, "seen since": {seen, "contact"}} {
			if got := f.left(t, tenA, c.k); got != c.want {
				t.Errorf("%s: %s is left, want %s", name, got, c.want)
			}
		}
	})
}

func TestRestrictedContactsKeepEverythingAndHoldUpNobody(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.rules(t, tenA, `{"conversation_days":1,"record_days":1,"audit_days":90}`)
		var restricted, others []talk
		for range 60 { // more than a page, and the oldest of all
			k := f.talk(t, tenA, start)
			restricted = append(restricted, k)
			f.write(t, tenA, func(tx *store.Tx) error {
				c, err := tx.Contact(k.contact)
				if err != nil {
					return err
				}
				c.RestrictedAt = start
				return tx.UpdateContact(c)
			})
		}
		for range 60 {
			others = append(others, f.talk(t, tenA, start.Add(time.Hour)))
		}
		f.clock.Set(start.Add(30 * day))
		f.round(t)
		for _, k := range restricted {
			if got := f.left(t, tenA, k); got != "conversation" {
				t.Fatalf("restricted: %s is left", got)
			}
		}
		for _, k := range others {
			if got := f.left(t, tenA, k); got != "nothing" {
				t.Fatalf("others: %s is left", got)
			}
		}
	})
}

func TestDamagedRulesEraseNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		k := f.talk(t, tenA, start)
		other := f.talk(t, tenB, start)
		f.rules(t, tenA, `{"conversation_days":"ten"}`)
		f.rules(t, tenB, `{"conversation_days":0,"record_days":-5,"audit_days":0}`)
		f.clock.Set(start.Add(4000 * day))
		if err := f.Round(t.Context()); !errs.Is(err, errs.Internal) {
			t.Errorf("damaged rules: %v", err)
		}
		if got := f.left(t, tenA, k); got != "conversation" {
			t.Errorf("%s is left", got)
		}
		if got := f.left(t, tenB, other); got != "conversation" {
			t.Errorf("%s is left", got)
		}
	})
}

func TestTheSmallThings(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		k := f.talk(t, tenA, start)
		unsent, strayed, theirs := f.ids.New(id.Attachment), f.ids.New(id.Attachment), f.ids.New(id.Attachment)
		for tenant, file := range map[id.Tenant]string{tenA: strayed, tenB: theirs} {
			must(t, f.blobs.Put(ctx, blob.Key("attachments", tenant, file), secret.Sealed("x")))
		}
		must(t, f.blobs.Put(ctx, blob.Key("attachments", tenA, unsent), secret.Sealed("x")))
		f.write(t, tenA, func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertAttachment(store.AttachmentRow{ID: unsent, InteractionID: k.work, BlobKey: blob.Key("attachments", tenA, unsent), CreatedAt: start}),
				tx.InsertUser(store.UserRow{ID: "usr_1", UserName: "x", UserNameKey: "x", Status: "active", CreatedAt: start}),
				tx.InsertSession(store.SessionRow{ID: "ses_1", UserID: "usr_1", TokenHash: []byte("t"), CreatedAt: start, SeenAt: start, ExpiresAt: start.Add(time.Hour)}),
				func() error {
					_, _, err := tx.ReserveKey(store.IdempotencyRow{ActorID: "usr_1", KeyHash: []byte("k"), RequestHash: []byte("r"), CreatedAt: start})
					return err
				}(),
				journal{f.clock}.Record(tx, access.Actor{}, "act", "", "", nil))
		})
		check := func(after time.Duration, want retention.Done) {
			t.Helper()
			f.clock.Set(start.Add(after))
			got, err := f.Tenant(ctx, tenA)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %v: %s", after, diff)
			}
		}
		check(0, retention.Done{})
		check(day+time.Minute, retention.Done{Uploads: 1, Replies: 1})
		check(day+2*time.Hour, retention.Done{Sessions: 1})
		check(8*day, retention.Done{StrayFiles: 1})
		check(731*day, retention.Done{Conversations: 1, Records: 1, Contacts: 1, Audit: 1})
		if _, err := f.blobs.Get(ctx, blob.Key("attachments", tenB, theirs)); err != nil {
			t.Errorf("another tenant's file: %v", err)
		}
		must(t, f.db.Read(ctx, tenA, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{Action: "retention.ended"})
			if len(rows) != 1 {
				t.Errorf("%d notes in the audit log", len(rows))
			}
			return err
		}))
	})
}

// Where calls of an archived phone went on is there for a day, to be put back with it.
func TestWhereCallsWentOnIsForgottenADayAfterThePhoneIsArchived(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		phone := func(id string, archived time.Time) func(*store.Tx) error {
			return func(tx *store.Tx) error {
				return errors.Join(tx.InsertSetup(store.SetupRow{Kind: "phones", ID: id, Body: []byte("{}"), CreatedAt: start, UpdatedAt: start, ArchivedAt: archived}),
					tx.PutForward(store.ForwardRow{PhoneID: id, UserID: "usr_1", Sealed: secret.Sealed("s"), SetBy: "usr_1", SetAt: start}))
			}
		}
		f.write(t, tenA, phone("phn_used", time.Time{}))
		f.write(t, tenA, phone("phn_gone", start))
		f.write(t, tenB, phone("phn_used", start.Add(time.Hour)))
		left := func(tenant id.Tenant) (phones []string) {
			t.Helper()
			must(t, f.db.Read(t.Context(), tenant, func(tx *store.Tx) error {
				rows, err := tx.Forwards()
				for _, r := range rows {
					phones = append(phones, r.PhoneID)
				}
				return err
			}))
			return phones
		}
		for _, c := range []struct {
			after time.Duration
			a, b  []string
		}{
			{day, []string{"phn_gone", "phn_used"}, []string{"phn_used"}},
			{day + time.Minute, []string{"phn_used"}, []string{"phn_used"}},
			{day + 2*time.Hour, []string{"phn_used"}, nil},
		} {
			f.clock.Set(start.Add(c.after))
			f.round(t)
			if a, b := left(tenA), left(tenB); !slices.Equal(a, c.a) || !slices.Equal(b, c.b) {
				t.Errorf("after %v: %v and %v, want %v and %v", c.after, a, b, c.a, c.b)
			}
		}
	})
}

func TestOneNodeAtATime(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		k := f.talk(t, tenA, start)
		f.clock.Set(start.Add(100 * day))
		f.write(t, tenA, func(tx *store.Tx) error {
			_, held, err := tx.Lease("retention", "nod_2", time.Hour, f.clock.Now())
			if !held {
				t.Error("the other node did not get the lease")
			}
			return err
		})
		f.round(t)
		if got := f.left(t, tenA, k); got != "conversation" {
			t.Errorf("%s is left while another node has the lease", got)
		}
		f.clock.Advance(time.Hour)
		f.round(t)
		if got := f.left(t, tenA, k); got != "record" {
			t.Errorf("%s is left", got)
		}
	})
}

func TestAFaultOfOneTenantDoesNotStopTheOthers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		a, b := f.talk(t, tenA, start), f.talk(t, tenB, start)
		f.fail = errs.New(errs.Unavailable, "The key store does not answer.")
		f.clock.Set(start.Add(400 * day))
		if err := f.Round(t.Context()); !errs.Is(err, errs.Unavailable) {
			t.Errorf("got %v", err)
		}
		if gotA, gotB := f.left(t, tenA, a), f.left(t, tenB, b); gotA != "contact" || gotB != "contact" {
			t.Errorf("%s and %s are left", gotA, gotB)
		}
		f.fail = nil
		f.round(t)
		if gotA, gotB := f.left(t, tenA, a), f.left(t, tenB, b); gotA != "nothing" || gotB != "nothing" {
			t.Errorf("%s and %s are left", gotA, gotB)
		}
	})
}
