package store_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// everything gives both tenants a row in every table.
func everything(t *testing.T, db *store.DB) {
	t.Helper()
	people(t, db)
	for _, tenant := range []id.Tenant{tenA, tenB} {
		write(t, db, tenant, func(tx *store.Tx) error {
			for _, step := range []func() error{
				func() error {
					return tx.InsertSession(store.SessionRow{ID: "ses_1", UserID: "usr_1", TokenHash: []byte("s")})
				},
				func() error { return tx.InsertFactor(store.FactorRow{ID: "fac_1", UserID: "usr_1", Kind: "totp"}) },
				func() error { return tx.SpendChallenge([]byte("c"), t0) },
				func() error { return tx.InsertRole(store.RoleRow{ID: "rol_1", NameKey: "lead", Base: "supervisor"}) },
				func() error { return tx.PutSignOn(store.SignOnRow{Config: "{}"}) },
				func() error { return tx.InsertIdentity(store.IdentityRow{Subject: []byte("i"), UserID: "usr_1"}) },
				func() error { return tx.PutProvisioning(store.ProvisioningRow{Config: "{}"}) },
				func() error {
					return tx.PutProvisionedUser(store.ProvisionedUserRow{UserID: "usr_1", Index: []byte("i")})
				},
				func() error {
					return tx.InsertProvisionedGroup(store.ProvisionedGroupRow{ID: "grp_1", NameKey: "desk"})
				},
				func() error {
					return tx.InsertProvisionedMember(store.ProvisionedMemberRow{GroupID: "grp_1", UserID: "usr_1"})
				},
				func() error { return tx.InsertAPIKey(store.APIKeyRow{ID: "key_1", TokenHash: []byte("k")}) },
				func() error {
					return tx.InsertSetup(store.SetupRow{Kind: "queues", ID: "que_1", Body: json.RawMessage("{}")})
				},
				func() error {
					return tx.InsertSetupVersion(store.SetupVersionRow{Kind: "queues", ID: "que_1", Version: 1})
				},
				func() error {
					return tx.PutSetupSecret(store.SetupSecretRow{Kind: "trunks", ID: "trk_1", Field: "password", Sealed: []byte("s")})
				},
				func() error { return tx.PutPromptSound(store.PromptSoundRow{PromptID: "pro_1", SoundID: "snd_1"}) },
				func() error {
					return tx.InsertSupportGrant(store.SupportGrantRow{ID: "sup_1", State: "asked", Home: "opr_1", UserID: "usr_o", Scopes: []string{"room"}})
				},
				func() error {
					return tx.InsertSignUpLink(store.SignUpLinkRow{ID: "lnk_1", CodeHash: []byte("of " + string(tenant)), Most: 1})
				},
				func() error { return tx.PutBrand(store.BrandRow{Link: "of " + string(tenant), Config: "{}"}) },
				func() error {
					return tx.InsertSampleObject(store.SampleObjectRow{ID: "flo_1", Sample: "chat", Kind: "flows"})
				},
				func() error { return tx.PutUsageDays(store.UsageDayRow{Day: "2026-11-29"}) },
				func() error { return tx.PutEnd(store.EndRow{Facts: "{}"}) },
				func() error {
					return tx.InsertExport(store.ExportRow{ID: "exp_1", UserID: "usr_1", BegunAt: t0, EndsAt: t0})
				},
				func() error { return tx.InsertTrunkNumber("trk_1", "+351210000001 of "+string(tenant)) },
				func() error {
					_, _, err := tx.AddAddress(store.AddressRow{ContactID: "con_1", Kind: "email", AddressIndex: []byte("i")})
					return err
				},
				func() error { return tx.InsertConsent(store.ConsentRow{ID: "cns_1", ContactID: "con_1"}) },
				func() error {
					return tx.PutFieldValue(store.FieldValueRow{Entity: "contact", ObjectID: "con_1", FieldID: "fld_1", Plain: "1", ChangedAt: t0}, time.Time{})
				},
				func() error {
					_, err := tx.InsertListContact(store.ListContactRow{ID: "lco_1", ListID: "lst_1", Seq: 1, ContactID: "con_1", AddressIndex: []byte("i")})
					return err
				},
				func() error {
					_, err := tx.InsertCampaignContact(store.CampaignContactRow{CampaignID: "cmp_1", EntryID: "lco_1", ListID: "lst_1", Seq: 1, ContactID: "con_1", State: "claimed", AgentID: "usr_1"})
					return err
				},
				func() error { _, err := tx.PutDoNotCall(store.DoNotCallRow{AddressIndex: []byte("i")}); return err },
				func() error {
					return tx.PutSegment(store.SegmentRow{InteractionID: "int_1", Number: 1, HolderKind: "flow", StartedAt: t0})
				},
				func() error { return tx.InsertOffer(store.OfferRow{ID: "off_1", InteractionID: "int_1"}) },
				func() error {
					return tx.PutOfficeCall(store.OfficeCallRow{ID: "leg_1", PhoneID: "phn_1", TrunkID: "trk_1", StartedAt: t0, AnsweredAt: t0})
				},
				func() error {
					return tx.PutForward(store.ForwardRow{PhoneID: "phn_1", UserID: "usr_1", Sealed: []byte("s"), SetAt: t0})
				},
				func() error {
					return tx.PutGreeting(store.GreetingRow{UserID: "usr_1", Facts: "{}", Sealed: []byte("s"), SetAt: t0})
				},
				func() error { return tx.PutPhoto(store.PhotoRow{UserID: "usr_1", Sealed: []byte("s"), SetAt: t0}) },
				func() error {
					return tx.PutEmailFolder(store.EmailFolderRow{MailboxID: "mbx_1", Folder: "INBOX", Validity: 1, From: 1, Since: t0})
				},
				func() error {
					return tx.InsertEmail(store.EmailRow{InteractionID: "int_1", Identity: []byte("i"), MailboxID: "mbx_1", Folder: "INBOX"})
				},
				func() error {
					_, err := tx.ClaimAcknowledgement(store.AcknowledgementRow{Sender: []byte("s"), InteractionID: "int_1", SentAt: t0}, t0)
					return err
				},
				func() error {
					return tx.BeginEmailSend(store.EmailSendRow{InteractionID: "int_1", ClientID: "1", UserID: "usr_1", State: "sent"})
				},
				func() error {
					return tx.PutVoicemail(store.VoicemailRow{InteractionID: "int_1", UserID: "usr_1", LeftAt: t0})
				},
				func() error {
					return tx.PutAlert(store.AlertRow{ID: "alt_1", RuleID: "alr_1", SubjectKind: "queue", SubjectID: "que_1", Level: "warning", RaisedAt: t0})
				},
				func() error {
					return tx.PutSecurityAlert(store.SecurityAlertRow{ID: "alt_1", Kind: "export", UserID: "usr_1", RaisedAt: t0, LastAt: t0})
				},
				func() error {
					return tx.InsertWebhookDelivery(store.WebhookDeliveryRow{ID: "dlv_1", WebhookID: "whk_1", State: "waiting", CreatedAt: t0, DueAt: t0})
				},
				func() error { return tx.PutAgent(store.AgentRow{UserID: "usr_1", Presence: "ready", Since: t0}) },
				func() error { _, _, err := say(tx, "int_1", "usr_1", "1", "word"); return err },
				func() error {
					_, err := tx.RawExec("INSERT INTO message_tokens (tenant_id, token, interaction_id) VALUES ($1, $2, $3)", string(tenant), []byte("word"), "int_1")
					return err
				},
				func() error { return tx.InsertAttachment(store.AttachmentRow{ID: "att_1", InteractionID: "int_1"}) },
				func() error { _, err := tx.AppendAudit(store.AuditRow{Action: "x", At: t0}, hashAudit); return err },
				func() error { return tx.InsertJob(store.JobRow{ID: "job_1", Kind: "erase"}) },
				func() error {
					_, _, err := tx.ReserveKey(store.IdempotencyRow{ActorID: "usr_1", KeyHash: []byte("h")})
					return err
				},
				func() error {
					if err := tx.InsertInteraction(store.InteractionRow{ID: "int_call", ContactID: "con_1", State: "active", ArrivedAt: t0}); err != nil {
						return err
					}
					if err := tx.PutLeg(store.LegRow{ID: "leg_1", InteractionID: "int_call"}); err != nil {
						return err
					}
					return recorded(tx, "int_call")
				},
				func() error {
					return tx.InsertEvaluation(store.EvaluationRow{ID: "eva_1", InteractionID: "int_call", AgentID: "usr_1", EvaluatorID: "usr_2", State: "assigned", Answers: "[]"})
				},
				func() error {
					return tx.InsertCalibration(store.CalibrationRow{ID: "cal_1", InteractionID: "int_call"})
				},
				func() error { return tx.InsertRecordingHold(store.RecordingHoldRow{ID: "hld_1", ContactID: "con_1"}) },
				func() error { _, _, err := tx.Lease("floor", "node", 1e9, t0); return err },
			} {
				if err := step(); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// tenantTables are the real tables with a tenant.
func tenantTables(t *testing.T, db *store.DB) (out []string) {
	t.Helper()
	columns, err := db.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		if c.Name == "tenant_id" {
			out = append(out, c.Table)
		}
	}
	if len(out) < 23 {
		t.Fatalf("only %d tables were seen: %v", len(out), out)
	}
	return out
}

// A statement that forgets the tenant reaches only its own tenant's rows: the
// database itself holds the others back.
func TestRowSecurityHoldsAForgottenFilter(t *testing.T) {
	db := storetest.Open(t, store.Postgres)
	everything(t, db)
	for _, table := range tenantTables(t, db) {
		read(t, db, tenA, func(tx *store.Tx) error {
			rows, err := tx.RawRows(1, "SELECT tenant_id FROM "+table)
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				t.Errorf("%s: no row at all, so nothing is proven", table)
			}
			for _, r := range rows {
				if r[0] != string(tenA) {
					t.Errorf("%s: a row of %s was seen", table, r[0])
				}
			}
			return nil
		})
		for what, sql := range map[string]string{
			"insert for another tenant": "INSERT INTO " + table + " SELECT (jsonb_populate_record(x, jsonb_build_object('tenant_id', '" + string(tenB) + "'))).* FROM " + table + " x",
			"give to another tenant":    "UPDATE " + table + " SET tenant_id = '" + string(tenB) + "'",
		} {
			err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.RawExec(sql); return err })
			if err == nil || (!strings.Contains(err.Error(), "row-level security") && !strings.Contains(err.Error(), "permission denied")) {
				t.Errorf("%s: %s: %v", table, what, err)
			}
		}
	}
	count := func(tenant id.Tenant) map[string]int {
		out := map[string]int{}
		for _, table := range tenantTables(t, db) {
			read(t, db, tenant, func(tx *store.Tx) error {
				rows, err := tx.RawRows(1, "SELECT tenant_id FROM "+table)
				out[table] = len(rows)
				return err
			})
		}
		return out
	}
	before := count(tenB)
	var deferred int64
	for range tenantTables(t, db) { // until no foreign key stands in the way
		for _, table := range tenantTables(t, db) {
			_ = db.Write(t.Context(), tenA, func(tx *store.Tx) error {
				n, err := tx.RawExec("DELETE FROM " + table)
				deferred += n
				return err
			})
		}
	}
	if deferred == 0 {
		t.Error("nothing was deleted, so nothing is proven")
	}
	same(t, "the other tenant's rows after DELETE without a filter", before, count(tenB))
}

// Without a tenant, and as System, only the system's own tables answer.
func TestSystemReachesItsTablesOnly(t *testing.T) {
	db := storetest.Open(t, store.Postgres)
	everything(t, db)
	system := map[string]bool{"organisations": true, "jobs": true, "leases": true, "support_grants": true, "sign_up_links": true, "brands": true, "usage_days": true, "usage_months": true, "audit_heads": true}
	for _, table := range tenantTables(t, db) {
		err := db.SystemRead(t.Context(), func(tx *store.Tx) error {
			rows, err := tx.RawRows(1, "SELECT DISTINCT tenant_id FROM "+table)
			if want := map[bool]int{true: 2, false: 0}[system[table]]; len(rows) != want {
				t.Errorf("%s: rows of %d tenants, want %d", table, len(rows), want)
			}
			return err
		})
		wantCode(t, table, err, "")
	}
}

// The program's role cannot undo the protection, nor rewrite the audit log.
func TestTheRoleHasNoRightsOfItsOwn(t *testing.T) {
	db := storetest.Open(t, store.Postgres)
	everything(t, db)
	for _, sql := range []string{
		"ALTER TABLE users DISABLE ROW LEVEL SECURITY",
		"ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
		"DROP POLICY own_tenant ON users",
		"CREATE TABLE extra (x TEXT)",
		"UPDATE audit SET detail = 'changed'",
		"TRUNCATE messages",
		"UPDATE schema_versions SET version_id = 7",
	} {
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.RawExec(sql); return err })
		if err == nil {
			t.Errorf("%s: was allowed", sql)
		}
	}
	read(t, db, tenA, func(tx *store.Tx) error {
		rows, err := tx.RawRows(3, "SELECT current_user::text, rolsuper::text, rolbypassrls::text FROM pg_roles WHERE rolname = current_user")
		same(t, "who we are", [][]string{{"nubitalk_app", "false", "false"}}, rows)
		return err
	})
}

// A tenant's method in a system transaction, and the other way round, is refused
// on both engines, as is a transaction without a tenant or after its end.
func TestScopes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA)
		err := db.System(t.Context(), func(tx *store.Tx) error { return tx.InsertJob(store.JobRow{ID: "job_1"}) })
		wantCode(t, "a tenant's method", err, errs.Internal)
		err = db.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.Organisations(); return err })
		wantCode(t, "a system method", err, errs.Internal)
		for _, tenant := range []id.Tenant{"", "a'b", id.Tenant(strings.Repeat("x", 65))} {
			wantCode(t, "tenant "+string(tenant), db.Read(t.Context(), tenant, func(*store.Tx) error { return nil }), errs.Internal)
		}
		var kept *store.Tx
		read(t, db, tenA, func(tx *store.Tx) error { kept = tx; return nil })
		_, err = kept.Users()
		wantCode(t, "after its end", err, errs.Internal)
		err = db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			return db.Write(tx.Context(), tenA, func(*store.Tx) error { return nil })
		})
		wantCode(t, "a write inside a write", err, errs.Internal)
	})
}

// Text that one of the engines could not keep whole is refused, and the field is
// named.
func TestOnlyRealText(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA)
		for _, bad := range []string{"a\x00b", "a\xffb", "\xed\xa0\x80"} {
			err := db.Write(t.Context(), tenA, func(tx *store.Tx) error {
				return tx.InsertUser(store.UserRow{ID: "usr_1", UserName: bad, UserNameKey: "x", Status: "active"})
			})
			wantCode(t, "name", err, errs.Invalid)
			if f := errs.As(err).Fields; len(f) != 1 || f[0].Path != "user_name" {
				t.Errorf("the field is not named: %v", f)
			}
		}
		odd := "Ω\u202e😀\t\n' OR 1=1 --$1"
		write(t, db, tenA, func(tx *store.Tx) error {
			return tx.InsertUser(store.UserRow{ID: "usr_1", UserName: odd, UserNameKey: "x", Status: "active"})
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			u, err := tx.User("usr_1")
			same(t, "odd text", odd, u.UserName)
			return err
		})
	})
}

// Parameters go where their number says, whatever the order in the text.
func TestParametersOutOfOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		read(t, db, tenA, func(tx *store.Tx) error {
			rows, err := tx.RawRows(4, "SELECT CAST($3 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($1 AS TEXT)", "one", "two", "three")
			same(t, "out of order", [][]string{{"three", "one", "two", "one"}}, rows)
			return err
		})
	})
}

// An SQL error ends the transaction on both engines; what was looked for and not
// found does not.
func TestErrorsEndTheTransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA)
		user := store.UserRow{ID: "usr_1", UserNameKey: "ana", Status: "active"}
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			_, err := tx.User("usr_none")
			wantCode(t, "not found", err, errs.NotFound)
			return tx.InsertUser(user)
		})
		wantCode(t, "after not found", err, "")
		err = db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			other := user
			other.ID = "usr_2"
			wantCode(t, "name taken", tx.InsertUser(other), errs.Conflict)
			other.UserNameKey = "rui"
			wantCode(t, "afterwards", tx.InsertUser(other), errs.Conflict)
			return nil // swallowed: the transaction must fail nevertheless
		})
		wantCode(t, "swallowed", err, errs.Conflict)
		err = db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			return tx.InsertSession(store.SessionRow{ID: "ses_1", UserID: "usr_none"})
		})
		wantCode(t, "no such user", err, errs.Conflict)
		err = db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			return tx.InsertUser(store.UserRow{ID: "usr_3", UserNameKey: "x", Status: "unheard of"})
		})
		wantCode(t, "a value outside its set", err, errs.Internal)
		read(t, db, tenA, func(tx *store.Tx) error {
			users, err := tx.Users()
			if len(users) != 1 {
				t.Errorf("%d users", len(users))
			}
			return err
		})
	})
}
