package contact_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/contact"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// person is a contact with a closed conversation of two messages and a file.
type person struct {
	contact, work, file, key string
	body                     secret.Sealed
}

func (f *fixture) person(t testing.TB, tenant id.Tenant, email string) person {
	t.Helper()
	p := person{file: f.ids.New(id.Attachment)}
	p.contact, p.work = f.arrive(t, tenant, arrival("Ana", "email", email, "visitor", "v-"+email[:1]))
	p.key = blob.Key("attachments", tenant, p.file)
	ctx := t.Context()
	var err error
	p.body, err = f.vault.SealContact(ctx, tenant, p.contact, "here", []byte("olá"))
	must(t, err)
	must(t, f.blobs.Put(ctx, p.key, p.body))
	must(t, f.db.Write(ctx, tenant, func(tx *store.Tx) error {
		if err := tx.InsertChat(store.ChatRow{InteractionID: p.work, TokenHash: []byte(p.work)}); err != nil {
			return err
		}
		for _, m := range []string{"1", "2"} {
			row := store.MessageRow{InteractionID: p.work, ID: f.ids.New(id.Message), AuthorKind: "visitor", Kind: "text", ClientID: m, BodySealed: p.body, At: f.clock.Now()}
			if _, _, err := tx.InsertMessage(row, nil); err != nil {
				return err
			}
		}
		if err := tx.InsertTokens(p.work, [][]byte{[]byte("token one"), []byte("token two")}); err != nil {
			return err
		}
		return tx.InsertAttachment(store.AttachmentRow{ID: p.file, InteractionID: p.work, AuthorKind: "visitor", NameSealed: p.body, MediaType: "image/png", Size: 3, BlobKey: p.key,
			Seq: 2, CreatedAt: f.clock.Now()})
	}))
	f.close(t, tenant, p.work)
	return p
}

// wantGone says that nothing of the person is left and nothing can be opened.
func (f *fixture) wantGone(t *testing.T, tenant id.Tenant, p person) {
	t.Helper()
	ctx := t.Context()
	_, err := f.vault.OpenContact(ctx, tenant, p.contact, "here", p.body)
	wantCode(t, err, errs.Gone)
	_, err = f.blobs.Get(ctx, p.key)
	wantCode(t, err, errs.NotFound)
	must(t, f.db.Read(ctx, tenant, func(tx *store.Tx) error {
		_, err := tx.Contact(p.contact)
		wantCode(t, err, errs.NotFound)
		_, err = tx.Interaction(p.work)
		wantCode(t, err, errs.NotFound)
		messages, err := tx.Messages(p.work, 0, 0, 10)
		must(t, err)
		addresses, err := tx.AddressesOf(p.contact)
		must(t, err)
		jobs, err := tx.Jobs(contact.JobErase)
		must(t, err)
		if len(messages)+len(addresses)+len(jobs) > 0 {
			t.Errorf("left: %d messages, %d addresses, %d jobs", len(messages), len(addresses), len(jobs))
		}
		return nil
	}))
}

func (f *fixture) wantThere(t *testing.T, tenant id.Tenant, p person) {
	t.Helper()
	if got, err := f.vault.OpenContact(t.Context(), tenant, p.contact, "here", p.body); err != nil || string(got.Reveal()) != "olá" {
		t.Errorf("another person's data: %v", err)
	}
	if _, err := f.blobs.Get(t.Context(), p.key); err != nil {
		t.Errorf("another person's file: %v", err)
	}
	f.contact(t, tenant, p.contact)
}

func wantReceipt(t *testing.T, r contact.Receipt, p person, at time.Time) {
	t.Helper()
	want := []contact.ErasedCount{{"the contact's key, name and settings", 1}, {"addresses", 2}, {"values of custom fields", 0}, {"consents", 0}, {"interactions with their times and labels", 1},
		{"conversations", 1}, {"messages", 2}, {"search tokens", 2}, {"files", 1}, {"recordings", 0}, {"evaluations of recordings", 0}, {"who took part in calls, with the number", 0}, {"parts of interactions held by agents and queues", 0}, {"offers to agents", 0}}
	if diff := cmp.Diff(want, r.Erased); diff != "" {
		t.Error(diff)
	}
	if r.Contact != p.contact || !r.ErasedAt.Equal(at) || len(r.Kept) != 2 || r.Kept[0].Count != 2 || r.Kept[0].Why == "" || r.Kept[1].Why == "" {
		t.Errorf("%+v", r)
	}
}

func TestErase(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, bob, theirs := f.person(t, tenA, "ana@example.org"), f.person(t, tenA, "bob@example.org"), f.person(t, tenB, "ana@example.org")
		f.clock.Advance(time.Hour)
		ctx := t.Context()
		r, err := f.Erase(ctx, officer(tenA), ana.contact)
		must(t, err)
		wantReceipt(t, r, ana, start.Add(time.Hour))
		f.wantGone(t, tenA, ana)
		f.wantThere(t, tenA, bob)
		f.wantThere(t, tenB, theirs)

		f.clock.Advance(time.Hour)
		again, err := f.Erase(ctx, officer(tenA), ana.contact) // the receipt can be had again
		must(t, err)
		if diff := cmp.Diff(r, again); diff != "" {
			t.Error(diff)
		}
		if back, _ := f.arrive(t, tenA, arrival("Ana", "email", "ana@example.org")); back == ana.contact {
			t.Error("who comes back is the erased contact")
		}
		_, err = f.Contact(ctx, officer(tenA), ana.contact)
		wantCode(t, err, errs.NotFound)
		_, err = f.Erase(ctx, officer(tenA), f.ids.New(id.Contact))
		wantCode(t, err, errs.NotFound)
		_, err = f.Erase(ctx, officer(tenB), bob.contact)
		wantCode(t, err, errs.NotFound)
		_, err = f.Receipt(ctx, officer(tenB), ana.contact)
		wantCode(t, err, errs.NotFound)
		for _, role := range []access.Role{access.Administrator, access.Supervisor, access.Agent} {
			_, err = f.Erase(ctx, as(tenA, agent, role), bob.contact)
			wantCode(t, err, errs.Forbidden)
		}
		f.wantThere(t, tenA, bob)
	})
}

func TestErasingWaitsForTheEndOfAConversation(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana := f.person(t, tenA, "ana@example.org")
		_, work := f.arrive(t, tenA, arrival("Ana", "email", "ana@example.org"))
		_, err := f.Erase(t.Context(), officer(tenA), ana.contact)
		wantCode(t, err, errs.Conflict)
		f.wantThere(t, tenA, ana)
		if got := f.contact(t, tenA, ana.contact).Addresses; len(got) != 2 {
			t.Errorf("a refused erasure took addresses: %v", got)
		}
		f.close(t, tenA, work)
		_, err = f.Erase(t.Context(), officer(tenA), ana.contact)
		must(t, err)
		f.wantGone(t, tenA, ana)
	})
}

// An email that was merged into another person's is in a conversation as long as that is.
func TestErasingWaitsForWhereAnEmailGoesOn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana := f.person(t, tenA, "ana@example.org")
		_, merged := f.arrive(t, tenA, arrival("Ana", "email", "ana@example.org"))
		_, into := f.arrive(t, tenA, arrival("Bob", "email", "bob@example.org"))
		f.close(t, tenA, merged)
		must(t, f.db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			r, err := tx.Interaction(merged)
			must(t, err)
			r.MergedInto = into
			return tx.UpdateInteraction(r)
		}))
		_, err := f.Erase(t.Context(), officer(tenA), ana.contact)
		wantCode(t, err, errs.Conflict)
		f.wantThere(t, tenA, ana)
		f.close(t, tenA, into)
		_, err = f.Erase(t.Context(), officer(tenA), ana.contact)
		must(t, err)
		f.wantGone(t, tenA, ana)
	})
}

// A legal hold on a recording of the person refuses the erasure as a whole, and
// says then that one was asked for; it is done when the hold has ended.
func TestErasingWaitsForTheEndOfAHold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		ana, bob := f.person(t, tenA, "ana@example.org"), f.person(t, tenA, "bob@example.org")
		hold := store.RecordingHoldRow{ID: f.ids.New(id.RecordingHold), ContactID: ana.contact, RecordingID: "rec_1", Reason: "claim", SetAt: f.clock.Now()}
		must(t, f.db.Write(ctx, tenA, func(tx *store.Tx) error { return tx.InsertRecordingHold(hold) }))
		f.clock.Advance(time.Hour)
		_, err := f.Erase(ctx, officer(tenA), ana.contact)
		wantCode(t, err, errs.Conflict)
		f.wantThere(t, tenA, ana)
		if got := f.contact(t, tenA, ana.contact).Addresses; len(got) != 2 {
			t.Errorf("a refused erasure took addresses: %v", got)
		}
		must(t, f.db.Read(ctx, tenA, func(tx *store.Tx) error {
			h, err := tx.RecordingHold(hold.ID)
			noted, err2 := tx.Audit(store.AuditFilter{ObjectID: ana.contact, Action: "contact.erasure_refused"})
			if !h.ErasureAskedAt.Equal(f.clock.Now()) || len(noted) != 1 {
				t.Errorf("asked at %v, %d times in the log", h.ErasureAskedAt, len(noted))
			}
			return errors.Join(err, err2)
		}))
		if gone, err := f.EraseIdle(ctx, tenA, ana.contact, f.clock.Now().Add(time.Hour)); gone || err != nil {
			t.Errorf("retention erased it: %v, %v", gone, err)
		}
		_, err = f.Erase(ctx, officer(tenA), bob.contact) // nobody else waits
		must(t, err)
		must(t, f.db.Write(ctx, tenA, func(tx *store.Tx) error { return tx.DeleteRecordingHold(hold.ID) }))
		_, err = f.Erase(ctx, officer(tenA), ana.contact)
		must(t, err)
		f.wantGone(t, tenA, ana)
	})
}

// broken fails where told, as a crash or a full disk at that moment would.
type broken struct {
	contact.Keys
	contact.Blobs
	at *string
}

var errBroken = errors.New("broken off")

func (b broken) DestroyContact(ctx context.Context, t id.Tenant, c string) error {
	if *b.at == "before the key" {
		return errBroken
	}
	if err := b.Keys.DestroyContact(ctx, t, c); err != nil || *b.at != "after the key" {
		return err
	}
	return errBroken
}

func (b broken) Delete(ctx context.Context, key string) error {
	if *b.at == "before the file" {
		return errBroken
	}
	if err := b.Blobs.Delete(ctx, key); err != nil || *b.at != "after the file" {
		return err
	}
	return errBroken
}

type brokenLog struct {
	journal
	at *string
}

func (b brokenLog) Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error {
	if *b.at == "with the rows" && action == "contact.erased" {
		return errBroken
	}
	return b.journal.Record(tx, a, action, objectKind, object, detail)
}

func TestAnErasureBrokenOffAnywhereGoesOn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, where := range []string{"before the key", "after the key", "before the file", "after the file", "with the rows"} {
			t.Run(where, func(t *testing.T) {
				at := where
				ana := f.person(t, tenA, "ana@example.org")
				deps := f.deps
				deps.Keys, deps.Blobs, deps.Audit = broken{f.vault, f.blobs, &at}, broken{f.vault, f.blobs, &at}, brokenLog{journal{f.clock}, &at}
				s := contact.New(deps)
				_, err := s.Erase(t.Context(), officer(tenA), ana.contact)
				wantCode(t, err, errs.Unavailable)
				if _, err := s.Receipt(t.Context(), officer(tenA), ana.contact); !errs.Is(err, errs.NotFound) {
					t.Errorf("a receipt for what is not done: %v", err)
				}
				_, err = s.Erase(t.Context(), officer(tenA), ana.contact)
				wantCode(t, err, errs.Conflict) // it goes on by itself
				// Meanwhile she may come back, as somebody new.
				if back, _ := f.arrive(t, tenA, arrival("Ana", "email", "ana@example.org")); back == ana.contact {
					t.Error("an arrival found the contact that is being erased")
				}
				if where != "before the key" {
					_, err := f.vault.OpenContact(t.Context(), tenA, ana.contact, "here", ana.body)
					wantCode(t, err, errs.Gone)
				}
				at = ""
				f.resume(t, s)
				f.wantGone(t, tenA, ana)
				r, err := s.Erase(t.Context(), officer(tenA), ana.contact)
				must(t, err)
				wantReceipt(t, r, ana, f.clock.Now())
				must(t, f.db.Write(t.Context(), tenA, func(tx *store.Tx) error { // the newcomer goes, for the next case
					rows, err := tx.ContactsAfter("", store.ContactFilter{}, 10)
					for _, c := range rows {
						if err == nil {
							_, err = tx.DeleteContact(c.ID)
						}
					}
					return err
				}))
			})
		}
	})
}

// resume runs the jobs that are due, as app/retention does.
func (f *fixture) resume(t *testing.T, s *contact.Service) {
	t.Helper()
	var jobs []store.JobRow
	must(t, f.db.System(t.Context(), func(tx *store.Tx) (err error) {
		jobs, err = tx.ClaimJobs(f.clock.Now(), time.Minute, 10)
		return err
	}))
	if len(jobs) != 1 || jobs[0].Kind != contact.JobErase {
		t.Fatalf("jobs due: %+v", jobs)
	}
	must(t, s.RunErase(t.Context(), jobs[0]))
}

func TestEraseIdle(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana := f.person(t, tenA, "ana@example.org")
		f.clock.Advance(24 * time.Hour)
		erased := func(before time.Time) bool {
			t.Helper()
			ok, err := f.EraseIdle(t.Context(), tenA, ana.contact, before)
			must(t, err)
			return ok
		}
		if erased(f.clock.Now()) {
			t.Error("erased with an interaction left")
		}
		must(t, f.db.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.DeleteInteraction(ana.work); return err }))
		must(t, f.blobs.Delete(t.Context(), ana.key))
		if erased(start) {
			t.Error("erased although it was seen since")
		}
		yes, no := true, false
		c, err := f.Update(t.Context(), officer(tenA), ana.contact, f.contact(t, tenA, ana.contact).Version, contact.Change{Restricted: &yes})
		must(t, err)
		if erased(f.clock.Now()) {
			t.Error("erased although it is restricted")
		}
		_, err = f.Update(t.Context(), officer(tenA), ana.contact, c.Version, contact.Change{Restricted: &no})
		must(t, err)
		if !erased(f.clock.Now()) {
			t.Error("not erased")
		}
		f.wantGone(t, tenA, ana)
		if erased(f.clock.Now()) {
			t.Error("erased twice")
		}
	})
}

// Arrivals and the erasure of the same person at the same time: whoever arrives
// gets a contact that lives.
func TestArrivalsDuringAnErasure(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for range 5 {
			ana := f.person(t, tenA, "ana@example.org")
			var all sync.WaitGroup
			all.Go(func() {
				if _, err := f.Erase(t.Context(), officer(tenA), ana.contact); err != nil && !errs.Is(err, errs.Conflict) {
					t.Error(err)
				}
			})
			for range 4 {
				all.Go(func() {
					c, work := f.arrive(t, tenA, arrival("Ana", "email", "ana@example.org"))
					if _, err := f.vault.SealContact(t.Context(), tenA, c, "here", []byte("x")); err != nil {
						t.Errorf("an arrival got a contact that cannot be worked with: %v", err)
					}
					f.close(t, tenA, work)
				})
			}
			all.Wait()
			for _, c := range f.everyone(t) {
				if _, err := f.Erase(t.Context(), officer(tenA), c); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func (f *fixture) everyone(t *testing.T) (ids []string) {
	t.Helper()
	must(t, f.db.Read(t.Context(), tenA, func(tx *store.Tx) error {
		rows, err := tx.ContactsAfter("", store.ContactFilter{}, 100)
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		return err
	}))
	return ids
}

// A backup brings back rows of someone who was erased since; the key is gone.
func TestRowsFromABackupOfAnErasedPerson(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana := f.person(t, tenA, "ana@example.org")
		must(t, f.vault.DestroyContact(t.Context(), tenA, ana.contact)) // the rows are as in the backup
		back, work := f.arrive(t, tenA, arrival("Ana", "email", "ana@example.org"))
		if back == ana.contact {
			t.Error("the erased contact came back to life")
		}
		f.close(t, tenA, work)
		if again, _ := f.arrive(t, tenA, arrival("", "email", "ana@example.org")); again != back {
			t.Error("the address does not lead to the new contact")
		}
		items, _, err := f.Find(t.Context(), officer(tenA), "", secret.Text{}, "", 10)
		if err != nil || len(items) != 1 || items[0].ID != back {
			t.Errorf("the list has %d, %v; want the living one", len(items), err)
		}
		_, err = f.Contact(t.Context(), officer(tenA), ana.contact)
		wantCode(t, err, errs.Gone)
		_, err = f.Erase(t.Context(), officer(tenA), ana.contact) // and can be tidied away
		must(t, err)
		f.wantGone(t, tenA, ana)
	})
}
