package store_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// life gives a contact one row of everything that a contact can have, twice.
func life(tx *store.Tx, contact string) error {
	if err := tx.InsertContact(store.ContactRow{ID: contact, CreatedAt: t0}); err != nil {
		return err
	}
	if _, err := tx.InsertListContact(store.ListContactRow{ID: "lco_" + contact, ListID: "lst_" + contact, Seq: 1, ContactID: contact, AddressIndex: []byte(contact + "0")}); err != nil {
		return err
	}
	if _, err := tx.InsertCampaignContact(store.CampaignContactRow{CampaignID: "cmp_1", EntryID: "lco_" + contact, ContactID: contact, State: "done", InteractionID: fmt.Sprintf("int_%s_1", contact)}); err != nil {
		return err
	}
	for n := range 2 {
		interaction := fmt.Sprintf("int_%s_%d", contact, n)
		if _, _, err := tx.AddAddress(store.AddressRow{ContactID: contact, Kind: "email", AddressIndex: []byte(contact + fmt.Sprint(n))}); err != nil {
			return err
		}
		if err := tx.InsertConsent(store.ConsentRow{ID: "cns_" + interaction, ContactID: contact}); err != nil {
			return err
		}
		if err := tx.InsertInteraction(store.InteractionRow{ID: interaction, ContactID: contact, State: "active", ArrivedAt: t0, NameSealed: []byte("name"), FlowSealed: []byte("flow")}); err != nil {
			return err
		}
		for _, v := range []store.FieldValueRow{{Entity: "interaction", ObjectID: interaction, FieldID: "fld_plain", Plain: "1", ChangedAt: t0}, {Entity: "interaction", ObjectID: interaction, FieldID: "fld_sealed", Sealed: []byte("s"), ChangedAt: t0},
			{Entity: "contact", ObjectID: contact, FieldID: fmt.Sprint("fld_", n), Sealed: []byte("s"), ChangedAt: t0}} {
			if err := tx.PutFieldValue(v, time.Time{}); err != nil {
				return err
			}
		}
		if err := tx.InsertChat(store.ChatRow{InteractionID: interaction, TokenHash: []byte(interaction)}); err != nil {
			return err
		}
		if _, _, err := say(tx, interaction, "usr_1", "1", "one", "two"); err != nil {
			return err
		}
		if err := tx.InsertAttachment(store.AttachmentRow{ID: "att_" + interaction, InteractionID: interaction}); err != nil {
			return err
		}
		if err := tx.PutSegment(store.SegmentRow{InteractionID: interaction, Number: 1, HolderKind: "queue"}); err != nil {
			return err
		}
		if err := tx.PutLeg(store.LegRow{ID: "leg_" + interaction, InteractionID: interaction}); err != nil {
			return err
		}
		if err := tx.InsertOffer(store.OfferRow{ID: "off_" + interaction, InteractionID: interaction}); err != nil {
			return err
		}
		if err := recorded(tx, interaction); err != nil {
			return err
		}
		if err := tx.PutVoicemail(store.VoicemailRow{InteractionID: interaction, UserID: "usr_1", LeftAt: t0}); err != nil {
			return err
		}
		if err := tx.InsertEmail(store.EmailRow{InteractionID: interaction, Identity: []byte(interaction), MailboxID: "mbx_1", Folder: "INBOX"}); err != nil {
			return err
		}
		if _, err := tx.ClaimAcknowledgement(store.AcknowledgementRow{Sender: []byte(interaction), InteractionID: interaction, SentAt: t0}, t0); err != nil {
			return err
		}
		if err := tx.BeginEmailSend(store.EmailSendRow{InteractionID: interaction, ClientID: "1", UserID: "usr_1", State: "sent"}); err != nil {
			return err
		}
		if err := tx.InsertEvaluation(store.EvaluationRow{ID: "eva_" + interaction, InteractionID: interaction, AgentID: "usr_1", EvaluatorID: "usr_2", Origin: "sample", State: "assigned", Answers: "[]", WordsSealed: []byte("words")}); err != nil {
			return err
		}
		if err := tx.InsertCalibration(store.CalibrationRow{ID: "cal_" + interaction, InteractionID: interaction, AgentID: "usr_1"}); err != nil {
			return err
		}
	}
	return tx.InsertRecordingHold(store.RecordingHoldRow{ID: "hld_" + contact, ContactID: contact})
}

// recorded gives an interaction a recording of one segment with a pause.
func recorded(tx *store.Tx, interaction string) error {
	if err := tx.InsertRecording(store.RecordingRow{ID: "rec_" + interaction, InteractionID: interaction}); err != nil {
		return err
	}
	if err := tx.PutRecordingState(store.RecordingStateRow{InteractionID: interaction, Paused: true, By: "usr_1"}); err != nil {
		return err
	}
	if err := tx.InsertRecordingEntry(store.RecordingEntryRow{RecordingID: "rec_" + interaction, Number: 1, InteractionID: interaction, FileID: "rcf_" + interaction}); err != nil {
		return err
	}
	if err := tx.PutRecordingShare(store.RecordingShareRow{ID: "shr_" + interaction, RecordingID: "rec_" + interaction, InteractionID: interaction, UserID: "usr_2"}); err != nil {
		return err
	}
	return tx.InsertRecordingEntry(store.RecordingEntryRow{RecordingID: "rec_" + interaction, Number: 2, InteractionID: interaction, Kind: "pause"})
}

// What an interaction leaves in files is named for those who delete it, and a
// recording needs its interaction.
func TestFilesAreNamed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error { return life(tx, "con_1") })
		}
		write(t, db, tenA, func(tx *store.Tx) error {
			return tx.InsertAttachment(store.AttachmentRow{ID: "att_x", InteractionID: "int_con_1_0", BlobKey: "attachments/ten_a/att_x"})
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			keys, err := tx.Blobs("int_con_1_0")
			slices.Sort(keys)
			same(t, "of an interaction", []string{"", "attachments/ten_a/att_x", "recordings/" + string(tenA) + "/rcf_int_con_1_0"}, keys)
			if err != nil {
				return err
			}
			all, err := tx.BlobsOfContact("con_1")
			if len(all) != 5 || err != nil {
				t.Errorf("of a contact: %v, %v", all, err)
			}
			for file, want := range map[string]bool{"rcf_int_con_1_0": true, "rcf_other": false, "": false} {
				if got, err := tx.HasRecordingFile(file); got != want || err != nil {
					t.Errorf("file %q: %v, %v", file, got, err)
				}
			}
			for file, want := range map[string]bool{"att_x": true, "att_y": false} {
				if got, err := tx.HasAttachment(file); got != want || err != nil {
					t.Errorf("file %q: %v, %v", file, got, err)
				}
			}
			running, err := tx.RunningRecordings()
			if len(running) != 2 || err != nil {
				t.Errorf("%+v, %v", running, err)
			}
			return nil
		})
		write(t, db, tenA, func(tx *store.Tx) error {
			return tx.UpdateRecording(store.RecordingRow{ID: "rec_int_con_1_0", EndedAt: at(3), Serial: 2, LengthMS: 5, PausedBy: "usr_1"})
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			o, err := tx.Recording("rec_int_con_1_0")
			if !o.EndedAt.Equal(at(3)) || o.Serial != 2 || o.LengthMS != 5 || o.PausedBy != "usr_1" || o.InteractionID != "int_con_1_0" {
				t.Errorf("%+v", o)
			}
			running, _ := tx.RunningRecordings()
			if len(running) != 1 {
				t.Errorf("%d run", len(running))
			}
			return err
		})
		for what, step := range map[string]func(*store.Tx) error{
			"a recording of nothing": func(tx *store.Tx) error {
				return tx.InsertRecording(store.RecordingRow{ID: "rec_x", InteractionID: "int_none"})
			},
			"one that is not there": func(tx *store.Tx) error { return tx.UpdateRecording(store.RecordingRow{ID: "rec_none"}) },
		} {
			wantCode(t, what, db.Write(t.Context(), tenA, step), errs.NotFound)
		}
	})
}

// census counts the rows of every table for a tenant.
func census(t *testing.T, db *store.DB, tenant id.Tenant) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, table := range tenantTables(t, db) {
		read(t, db, tenant, func(tx *store.Tx) error {
			rows, err := tx.RawRows(1, "SELECT tenant_id FROM "+table+" WHERE tenant_id = $1", string(tenant))
			if len(rows) > 0 {
				out[table] = len(rows)
			}
			return err
		})
	}
	return out
}

// Erasing a contact leaves nothing of it, and everything of everyone else.
func TestErasingAContact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		empty := census(t, db, tenA)
		write(t, db, tenB, func(tx *store.Tx) error { return life(tx, "con_1") })
		write(t, db, tenA, func(tx *store.Tx) error { return life(tx, "con_1") })
		alone, other := census(t, db, tenA), census(t, db, tenB)
		write(t, db, tenA, func(tx *store.Tx) error { return life(tx, "con_2") })
		write(t, db, tenA, func(tx *store.Tx) error {
			e, err := tx.DeleteContact("con_2")
			same(t, "receipt", store.Erased{Contacts: 1, Addresses: 2, Consents: 2, Interactions: 2, Segments: 2, Offers: 2, Legs: 2, Chats: 2, Messages: 2, Tokens: 4, Attachments: 2, Recordings: 2, RecordingEntries: 4, Evaluations: 2, Fields: 6}, e)
			return err
		})
		same(t, "the rest of the tenant", alone, census(t, db, tenA))
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.DeleteContact("con_2"); return err })
		wantCode(t, "again", err, errs.NotFound)
		write(t, db, tenA, func(tx *store.Tx) error { _, err := tx.DeleteContact("con_1"); return err })
		same(t, "nothing left", empty, census(t, db, tenA))
		same(t, "the other tenant", other, census(t, db, tenB))
	})
}

func TestErasingAnInteractionAndAConversation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error { return life(tx, "con_1") })
		}
		other := census(t, db, tenB)
		write(t, db, tenA, func(tx *store.Tx) error {
			e, err := tx.DeleteConversation("int_con_1_0", at(9))
			same(t, "conversation", store.Erased{Chats: 1, Messages: 1, Tokens: 2, Attachments: 1, Recordings: 1, RecordingEntries: 2, Fields: 1}, e)
			return err
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			i, err := tx.Interaction("int_con_1_0")
			if i.NameSealed != nil || i.FlowSealed != nil || !i.ErasedAt.Equal(at(9)) || i.Version != 2 {
				t.Errorf("left: %+v", i)
			}
			e, err2 := tx.Evaluation("eva_int_con_1_0")
			if len(e.WordsSealed) != 0 || e.Version != 2 || err2 != nil {
				t.Errorf("left of what an evaluation says: %+v, %v", e, err2)
			}
			return err
		})
		write(t, db, tenA, func(tx *store.Tx) error {
			e, err := tx.DeleteInteraction("int_con_1_1")
			same(t, "interaction", store.Erased{Interactions: 1, Segments: 1, Offers: 1, Legs: 1, Chats: 1, Messages: 1, Tokens: 2, Attachments: 1, Recordings: 1, RecordingEntries: 2, Evaluations: 1, Fields: 2}, e)
			return err
		})
		same(t, "left", map[string]int{"organisations": 1, "contacts": 1, "contact_addresses": 2, "consents": 2, "field_values": 3, "interactions": 1, "segments": 1, "offers": 1, "call_legs": 1, "recording_holds": 1, "evaluations": 1, "calibrations": 1, "emails": 1, "email_sends": 1, "email_acknowledgements": 1, "list_contacts": 1, "campaign_contacts": 1}, census(t, db, tenA))
		read(t, db, tenA, func(tx *store.Tx) error {
			c, err := tx.CampaignContact("cmp_1", "lco_con_1")
			if c.InteractionID != "" {
				t.Errorf("a campaign still names a call that is gone: %+v", c)
			}
			return err
		})
		same(t, "the other tenant", other, census(t, db, tenB))
		for what, del := range map[string]func(*store.Tx) error{
			"interaction":  func(tx *store.Tx) error { _, err := tx.DeleteInteraction("int_none"); return err },
			"conversation": func(tx *store.Tx) error { _, err := tx.DeleteConversation("int_none", t0); return err },
		} {
			wantCode(t, what, db.Write(t.Context(), tenA, del), errs.NotFound)
		}
	})
}

func TestIdleContacts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		write(t, db, tenA, func(tx *store.Tx) error {
			for n := range 4 {
				if err := tx.InsertContact(store.ContactRow{ID: fmt.Sprintf("con_idle%d", n), SeenAt: at(n)}); err != nil {
					return err
				}
			}
			return tx.TouchContact("con_idle0", at(50))
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			var got []string
			rows, err := tx.IdleContacts(at(3), 10) // con_1 and con_2 have interactions
			for _, c := range rows {
				got = append(got, c.ID)
			}
			same(t, "idle", []string{"con_idle1", "con_idle2"}, got)
			page, err2 := tx.ContactsAfter("con_idle1", store.ContactFilter{}, 2)
			same(t, "page", []string{"con_idle2", "con_idle3"}, []string{page[0].ID, page[1].ID})
			return firstOf(err, err2)
		})
	})
}

// After an erasure and Scrub no file of an SQLite database holds what was
// erased, though it held it before.
func TestErasedBytesAreOverwritten(t *testing.T) {
	c := storetest.Config(t, store.SQLite)
	db := storetest.Reopen(t, c)
	storetest.Organisations(t, db, tenA)
	bodies := make([][]byte, 200)
	for i := range bodies {
		bodies[i] = make([]byte, 60+40*i) // some need overflow pages
		_, _ = rand.Read(bodies[i])
	}
	for _, contact := range []string{"con_1", "con_2"} {
		talk(t, db, tenA, contact, "int_"+contact, t0)
	}
	for i, body := range bodies {
		write(t, db, tenA, func(tx *store.Tx) error {
			m := store.MessageRow{InteractionID: []string{"int_con_1", "int_con_2"}[i%2], ID: "msg", AuthorKind: "agent", Kind: "text", BodySealed: body}
			_, _, err := tx.InsertMessage(m, nil)
			return err
		})
	}
	seen := func() (mine, others int) {
		files, err := filepath.Glob(c.DSN + "*")
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		for i, body := range bodies {
			if !bytes.Contains(all, body[:48]) {
				continue
			}
			if i%2 == 0 {
				mine++
			} else {
				others++
			}
		}
		return mine, others
	}
	if mine, others := seen(); mine != 100 || others != 100 {
		t.Fatalf("%d and %d bodies are seen before, so the check proves nothing", mine, others)
	}
	write(t, db, tenA, func(tx *store.Tx) error { _, err := tx.DeleteContact("con_1"); return err })
	if err := db.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if mine, others := seen(); mine != 0 || others != 100 {
		t.Errorf("%d erased bodies are still in a file; of the others %d", mine, others)
	}
}
