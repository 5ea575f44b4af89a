package store_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// grows are the tables that get many rows for each tenant: no statement may walk
// over all of them.
var grows = regexp.MustCompile(`\b(interactions|segments|offers|messages|message_tokens|chats|attachments|recordings|recording_entries|recording_shares|evaluations|calibrations|voicemails|emails|email_sends|email_acknowledgements|alerts|audit|contacts|contact_addresses|field_values|list_contacts|campaign_contacts|do_not_call|consents|sessions|factors|call_legs|security_alerts|webhook_deliveries|v|i|s|n|c|m|t|l|o|e|r)\b`)

var (
	scan       = regexp.MustCompile(`^SCAN (\w+)`)
	tenantOnly = regexp.MustCompile(`^SEARCH (\w+) USING .*\(tenant_id=\?\)$`)
	// inOrder are indexes that hold few rows, or give a list its order.
	inOrder = regexp.MustCompile(`sqlite_autoindex_do_not_call|interactions_arrived|interactions_open|chats_talking|chats_waiting|evaluations_newest|calibrations_newest|offers_pending|attachments_unsent|alerts_open|COVERING INDEX (recordings|attachments)_storage|COVERING INDEX sqlite_autoindex_list_contacts`)
)

func tooWide(step string) bool {
	if m := scan.FindStringSubmatch(step); m != nil {
		return grows.MatchString(m[1])
	}
	m := tenantOnly.FindStringSubmatch(step)
	return m != nil && grows.MatchString(m[1]) && !inOrder.MatchString(step)
}

// Every statement finds its rows by an index.
func TestStatementsUseIndexes(t *testing.T) {
	db := storetest.Open(t, store.SQLite)
	everything(t, db)
	statements, together := 0, false
	explained := func(run func(*store.Tx) error) {
		t.Helper()
		write(t, db, tenA, func(tx *store.Tx) error {
			return tx.Explained(func(sql string, plan []string) {
				statements++
				together = together || strings.HasPrefix(sql, "UPDATE chats SET indexed = 2")
				for _, step := range plan {
					if tooWide(step) {
						t.Errorf("%s\n\tin %s", step, sql)
					}
				}
			}, run)
		})
	}
	ignore := func(_ any, err error) error { return err }
	for _, row := range tenantRows() {
		explained(row.insert)
		explained(func(tx *store.Tx) error { _, _ = row.get(tx); return nil })
	}
	for _, e := range store.ExportedTables() { // what comes after the first page
		var rows []store.ExportedRow
		read(t, db, tenA, func(tx *store.Tx) (err error) { rows, err = tx.ExportedRows(e, nil); return err })
		if len(rows) > 0 {
			explained(func(tx *store.Tx) error { return ignore(tx.ExportedRows(e, rows[0].Cells)) })
		}
	}
	token := [][]byte{[]byte("word")}
	within := &store.Within{RolePart: access.RolePart{Teams: []string{"team_1", "team_2"}, Queues: []string{"que_1"}, Campaigns: []string{"cmp_1"}}, User: "usr_1"}
	for _, run := range []func(tx *store.Tx) error{
		func(tx *store.Tx) error { return ignore(tx.OpenInteractions()) },
		func(tx *store.Tx) error { return ignore(tx.AuditHabit("usr_1", "sign_in", t0, 10)) },
		func(tx *store.Tx) error { return ignore(tx.FactorsOf("usr_1")) },
		func(tx *store.Tx) error { return ignore(tx.CountFieldValues("fld_1")) },
		func(tx *store.Tx) error { return ignore(tx.CountFieldValue("fld_1", "1")) },
		func(tx *store.Tx) error { return ignore(tx.EmptyField("fld_2")) },
		func(tx *store.Tx) error { return tx.DeleteFieldValue("contact", "con_1", "fld_1", t0) },
		func(tx *store.Tx) error { return ignore(tx.LastOfList("lst_1")) },
		func(tx *store.Tx) error { return ignore(tx.ListContacts("lst_1", 0, 10)) },
		func(tx *store.Tx) error { return ignore(tx.InList("lst_1", "con_1")) },
		func(tx *store.Tx) error { return ignore(tx.ListSizes()) },
		func(tx *store.Tx) error { return ignore(tx.CampaignHas("cmp_1", "con_1")) },
		func(tx *store.Tx) error { return ignore(tx.Reached("cmp_1", "lst_1")) },
		func(tx *store.Tx) error { _, _, err := tx.ZoneAfter("cmp_1", "", true); return err },
		func(tx *store.Tx) error {
			return ignore(tx.DueContacts("cmp_1", "", []string{"lst_1"}, "pending", "usr_1", t0, t0, 10))
		},
		func(tx *store.Tx) error { return ignore(tx.HeldContacts("")) },
		func(tx *store.Tx) error { return ignore(tx.HeldContacts("usr_1")) },
		func(tx *store.Tx) error { return ignore(tx.NextDue("cmp_1", "", []string{"lst_1"}, t0)) },
		func(tx *store.Tx) error { return ignore(tx.CampaignCounts("cmp_1")) },
		func(tx *store.Tx) error { _, _ = tx.CampaignCall("int_1"); return nil },
		func(tx *store.Tx) error { return ignore(tx.TwiceLeft("cmp_1", []string{"lst_1"}, 10)) },
		func(tx *store.Tx) error { _, _, err := tx.CalledListAfter("cmp_1", ""); return err },
		func(tx *store.Tx) error { return ignore(tx.CountDoNotCall()) },
		func(tx *store.Tx) error { return tx.DeleteDoNotCall([]byte("i")) },
		func(tx *store.Tx) error { return tx.DeleteListContact("lco_1") },
		func(tx *store.Tx) error { return tx.UseFactor(store.FactorRow{ID: "fac_1"}, 0) },
		func(tx *store.Tx) error { return tx.DeleteFactor("usr_1", "fac_1") },
		func(tx *store.Tx) error { return ignore(tx.DeleteFactorsOf("usr_1")) },
		func(tx *store.Tx) error { return tx.SpendChallenge([]byte("c2"), t0) },
		func(tx *store.Tx) error { return tx.ProveSession("ses_1", t0) },
		func(tx *store.Tx) error { return tx.OfferToken("ses_1", []byte("n"), t0) },
		func(tx *store.Tx) error { return tx.TakeToken([]byte("n"), t0) },
		func(tx *store.Tx) error { _, _ = tx.SessionByNext([]byte("n")); return nil },
		func(tx *store.Tx) error { _, _ = tx.SessionByEarlier([]byte("n")); return nil },
		func(tx *store.Tx) error { return ignore(tx.DeletedUsers([]string{"usr_1", "usr_2"})) },
		func(tx *store.Tx) error { return ignore(tx.CountOpenInteractions()) },
		func(tx *store.Tx) error { return tx.EachOpenSegment(func(store.SegmentRow) error { return nil }) },
		func(tx *store.Tx) error { return ignore(tx.CallLegs(store.LegFilter{})) },
		func(tx *store.Tx) error { return ignore(tx.CountOpenEmails("mbx_1")) },
		func(tx *store.Tx) error { return ignore(tx.MergedEmails("int_1")) },
		func(tx *store.Tx) error { return ignore(tx.AcknowledgementOf("int_1")) },
		func(tx *store.Tx) error { return ignore(tx.DeleteAcknowledgements(t0)) },
		func(tx *store.Tx) error { return ignore(tx.DeletedVoicemails(t0, 10)) },
		func(tx *store.Tx) error { _, _, err := tx.CountVoicemails("usr_1"); return err },
		func(tx *store.Tx) error {
			in := false
			f := store.LegFilter{Queue: "que_1", Entry: "ent_1", Agent: "usr_1", Outgoing: &in, From: time.Now(), To: time.Now(), After: store.Cursor{At: time.Now(), ID: "leg_1"}}
			return ignore(tx.CallLegs(f))
		},
		func(tx *store.Tx) error {
			return ignore(tx.OfficeCallsNewest(store.OfficeCallFilter{Phone: "phn_1", Before: store.Cursor{At: time.Now(), ID: "leg_1"}}))
		},
		func(tx *store.Tx) error { return ignore(tx.OfficeCallsNewest(store.OfficeCallFilter{User: "usr_1"})) },
		func(tx *store.Tx) error { return ignore(tx.OfficeCallsNewest(store.OfficeCallFilter{})) },
		func(tx *store.Tx) error { return ignore(tx.OpenChats()) },
		func(tx *store.Tx) error { return ignore(tx.Talks("chat")) },
		func(tx *store.Tx) error { return ignore(tx.PendingOffers()) },
		func(tx *store.Tx) error { return ignore(tx.Party("int_1")) },
		func(tx *store.Tx) error { return ignore(tx.Messages("int_1", 0, 0, 10)) },
		func(tx *store.Tx) error { return ignore(tx.Messages("int_1", 0, 9, 10)) },
		func(tx *store.Tx) error { return ignore(tx.SessionsOf("usr_1")) },
		func(tx *store.Tx) error { return ignore(tx.EndSessionsOf("usr_1", "", t0)) },
		func(tx *store.Tx) error { return ignore(tx.QueueWaits("que_1", t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.EndedWaits("que_1", t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.AgentWork(t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.EndedWork(t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.AgentDays(t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.WorkOfAgent("usr_1", t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.DaysOfAgent("usr_1", t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.OutcomesOfAgent("usr_1", t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.AgentStates("usr_1", t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.CountDay(t0, at(9))) },
		func(tx *store.Tx) error { return ignore(tx.CountStorage()) },
		func(tx *store.Tx) error { return ignore(tx.CountNumbers()) },
		func(tx *store.Tx) error { return ignore(tx.CountUsers()) },
		func(tx *store.Tx) error { return ignore(tx.DeskUsers()) },
		func(tx *store.Tx) error { return ignore(tx.Roles()) },
		func(tx *store.Tx) error { return tx.UpdateRole(store.RoleRow{ID: "rol_1", Version: 1}) },
		func(tx *store.Tx) error { return tx.ReplaceKeyRoles("rol_1", "agent") },
		func(tx *store.Tx) error { return tx.DeleteRole("rol_1") },
		func(tx *store.Tx) error { return ignore(tx.StorageUsed()) },
		func(tx *store.Tx) error { return ignore(tx.DeleteUsageDaysAfter("9999")) },
		func(tx *store.Tx) error { return ignore(tx.DeleteUsageDays("2026-01-01")) },
		func(tx *store.Tx) error { return tx.PutUsageDays(store.UsageDayRow{Day: "2026-11-30"}) },
		func(tx *store.Tx) error { return ignore(tx.OpenAlerts()) },
		func(tx *store.Tx) error { return ignore(tx.Alerts(store.AlertFilter{})) },
		func(tx *store.Tx) error {
			return ignore(tx.Alerts(store.AlertFilter{Cleared: true, Rule: "alr_1", Subject: "que_1", Before: store.Cursor{At: t0, ID: "alt_1"}}))
		},
		func(tx *store.Tx) error {
			return firstOf(tx.PutAlert(store.AlertRow{ID: "alt_2", SubjectKind: "agent", RaisedAt: t0, ClearedAt: t0}), tx.AcknowledgeCleared("alt_2", "usr_1", t0))
		},
		func(tx *store.Tx) error { return tx.DropAlert("alt_1") },
		func(tx *store.Tx) error { return ignore(tx.DeleteAlerts(t0)) },
		func(tx *store.Tx) error {
			return firstOf(tx.PutSecurityAlert(store.SecurityAlertRow{ID: "alt_3", Kind: "export", RaisedAt: t0, LastAt: t0}), tx.AcknowledgeSecurityAlert("alt_3", "usr_1", t0))
		},
		func(tx *store.Tx) error { return ignore(tx.SecurityAlerts(store.SecurityAlertFilter{Open: true})) },
		func(tx *store.Tx) error {
			return ignore(tx.SecurityAlerts(store.SecurityAlertFilter{Before: store.Cursor{At: t0, ID: "alt_3"}}))
		},
		func(tx *store.Tx) error { _, _ = tx.LastSecurityAlert("export", "usr_9", ""); return nil },
		func(tx *store.Tx) error { return ignore(tx.OpenSecurityAlerts("export")) },
		func(tx *store.Tx) error { return ignore(tx.DeleteSecurityAlerts(t0)) },
		func(tx *store.Tx) error { return ignore(tx.RefusedSignIns(t0, 10)) },
		func(tx *store.Tx) error {
			_ = tx.UpdateWebhookDelivery(store.WebhookDeliveryRow{ID: "dlv_1"}, 0)
			return nil
		},
		func(tx *store.Tx) error { _, _ = tx.NextWebhookDelivery("whk_1"); return nil },
		func(tx *store.Tx) error { return ignore(tx.DropWebhookDeliveries("whk_1", 1000, "x", t0)) },
		func(tx *store.Tx) error {
			return ignore(tx.WebhookDeliveries(store.WebhookDeliveryFilter{Webhook: "whk_1", State: "failed", Open: true, Before: store.Cursor{At: t0, ID: "dlv_1"}}))
		},
		func(tx *store.Tx) error { return ignore(tx.TrimWebhookDeliveries("whk_1", 500)) },
		func(tx *store.Tx) error { return ignore(tx.DeleteWebhookDeliveries(t0)) },
		func(tx *store.Tx) error { return ignore(tx.UnsentAttachments(t0, 10)) },
		func(tx *store.Tx) error { return ignore(tx.IdleContacts(t0, 10)) },
		func(tx *store.Tx) error { return ignore(tx.ClosedInteractions(t0, 10)) },
		func(tx *store.Tx) error { return ignore(tx.ClosedConversations(t0, 10)) },
		func(tx *store.Tx) error { return ignore(tx.Audit(store.AuditFilter{Before: 9})) },
		func(tx *store.Tx) error { return ignore(tx.Audit(store.AuditFilter{ObjectID: "con_1"})) },
		func(tx *store.Tx) error { return ignore(tx.AuditAfter(0, 10)) },
		func(tx *store.Tx) error { _, _, err := tx.RaiseMarks("int_1", store.Marks{VisitorGot: 1}); return err },
		func(tx *store.Tx) error { return tx.InsertTokens("int_1", token) },
		func(tx *store.Tx) error { return ignore(tx.SearchInteractions(store.InteractionFilter{})) },
		func(tx *store.Tx) error { return ignore(tx.SearchInteractions(store.InteractionFilter{Tokens: token})) },
		func(tx *store.Tx) error {
			return ignore(tx.SearchInteractions(store.InteractionFilter{Recorded: true}))
		},
		func(tx *store.Tx) error {
			return ignore(tx.SearchInteractions(store.InteractionFilter{Field: "fld_1", Value: "7"}))
		},
		func(tx *store.Tx) error { return ignore(tx.Recorded([]string{"int_1", "int_2"})) },
		func(tx *store.Tx) error {
			return ignore(tx.SearchInteractions(store.InteractionFilter{Contacts: []string{"con_1", "con_2"}}))
		},
		func(tx *store.Tx) error {
			return ignore(tx.SearchInteractions(store.InteractionFilter{Agent: "usr_1", From: t0}))
		},
		func(tx *store.Tx) error {
			return ignore(tx.SearchInteractions(store.InteractionFilter{Within: &store.Within{User: "usr_1"}, To: t0}))
		},
		func(tx *store.Tx) error {
			return ignore(tx.SearchInteractions(store.InteractionFilter{Within: within, To: t0}))
		},
		func(tx *store.Tx) error { return ignore(tx.UsersAfter("", within, 10)) },
		func(tx *store.Tx) error {
			return ignore(tx.ContactsAfter("", store.ContactFilter{Part: &within.RolePart, Field: "fld_1", Value: "1"}, 10))
		},
		func(tx *store.Tx) error { return ignore(tx.ContactWithin("con_1", within.RolePart)) },
		func(tx *store.Tx) error { return ignore(tx.Belongs("que_1", "usr_1", "cmp_1")) },
		func(tx *store.Tx) error { return ignore(tx.Alerts(store.AlertFilter{Within: &within.RolePart})) },
		func(tx *store.Tx) error { return ignore(tx.CallLegs(store.LegFilter{Within: within, Also: within})) },
		func(tx *store.Tx) error { return ignore(tx.OfficeCallsNewest(store.OfficeCallFilter{Within: within})) },
		func(tx *store.Tx) error {
			return ignore(tx.Evaluations(store.EvaluationFilter{Within: within, Limit: 10}))
		},
		func(tx *store.Tx) error {
			return ignore(tx.CompletedEvaluations(store.ScoredFilter{Within: within, From: t0, To: t0}, store.Cursor{}, 10))
		},
		func(tx *store.Tx) error {
			return tx.EachScored(store.ScoredFilter{Within: within, From: t0, To: t0}, func(store.ScoredRow) error { return nil })
		},
		func(tx *store.Tx) error {
			return ignore(tx.SearchInteractions(store.InteractionFilter{Queue: "que_1", Before: store.Cursor{At: t0, ID: "int_1"}}))
		},
		func(tx *store.Tx) error { return ignore(tx.KeptRecordings(t0, 10)) },
		func(tx *store.Tx) error { return ignore(tx.Evaluations(store.EvaluationFilter{Limit: 10})) },
		func(tx *store.Tx) error {
			return ignore(tx.Evaluations(store.EvaluationFilter{Agent: "usr_1", Evaluator: "usr_2", Form: "qfo_1", States: []string{"assigned"}, Before: store.Cursor{At: t0, ID: "eva_1"}, Limit: 10}))
		},
		func(tx *store.Tx) error {
			return ignore(tx.Evaluations(store.EvaluationFilter{Evaluator: "-", Limit: 10}))
		},
		func(tx *store.Tx) error {
			return ignore(tx.Evaluations(store.EvaluationFilter{Interaction: "int_call", Limit: 10}))
		},
		func(tx *store.Tx) error {
			return tx.EachScored(store.ScoredFilter{From: t0, To: at(9), Agent: "usr_1"}, func(store.ScoredRow) error { return nil })
		},
		func(tx *store.Tx) error {
			return ignore(tx.CompletedEvaluations(store.ScoredFilter{From: t0, To: at(9), Queue: "que_1"}, store.Cursor{At: t0, ID: "evl_1"}, 10))
		},
		func(tx *store.Tx) error {
			_, _, err := tx.Waiting("usr_1", t0)
			return err
		},
		func(tx *store.Tx) error {
			_, _ = tx.Answerable("usr_1", "int_call", "rec_int_call", t0)
			return nil
		},
		func(tx *store.Tx) error { return ignore(tx.Drawn("qsa_1", "2026-W01")) },
		func(tx *store.Tx) error { return ignore(tx.RecordedWork(t0, at(9), 1000, 10)) },
		func(tx *store.Tx) error { return ignore(tx.Calibrated("cal_1")) },
		func(tx *store.Tx) error { return ignore(tx.Calibrations(10)) },
		func(tx *store.Tx) error { return tx.EndCalibration("cal_1", t0) },
		func(tx *store.Tx) error { return ignore(tx.RecordingBlobs("rec_1")) },
		func(tx *store.Tx) error {
			return firstOf(tx.LockRecordings("int_call"), tx.LetRecordingGo("rec_int_call", t0), tx.AskedErasure("con_1", t0), tx.DeleteRecordingHold("hld_1"))
		},
		func(tx *store.Tx) error { return tx.DeleteRecordingShare("rec_int_call", "shr_int_call") },
		func(tx *store.Tx) error { return ignore(tx.DeleteRecordingShares(t0)) },
		func(tx *store.Tx) error { return ignore(tx.DeleteSupportGrants(t0)) },
		func(tx *store.Tx) error { return ignore(tx.DeleteExports(t0)) },
		func(tx *store.Tx) error { return ignore(tx.RecordingsAfter("rec_1", "", false, 10)) },
		func(tx *store.Tx) error { return ignore(tx.AttachmentsAfter("att_1", "att_2", 10)) },
		func(tx *store.Tx) error { return tx.ForgetProviderSession("ses_1") },
		func(tx *store.Tx) error { return ignore(tx.EndProviderSessions("usr_1", "", "ses_1", t0)) },
		func(tx *store.Tx) error { return ignore(tx.OpenSupportGrants(t0)) },
		func(tx *store.Tx) error { return ignore(tx.SupportGrants("sup_2", 10)) },
		func(tx *store.Tx) error { return ignore(tx.SignUpLinks("lnk_2", 10)) },
		func(tx *store.Tx) error { return ignore(tx.SampleObjects()) },
		func(tx *store.Tx) error { return tx.DeleteSampleObject("flo_1") },
		func(tx *store.Tx) error { _, _, err := tx.Began(); return err },
		func(tx *store.Tx) error { return ignore(tx.ArrivedBy("ent_1", t0)) },
		func(tx *store.Tx) error { return ignore(tx.CountSignUpLinks()) },
		func(tx *store.Tx) error { return ignore(tx.DeleteSignUpLink("lnk_2")) },
		func(tx *store.Tx) error { return tx.DeleteRecording("rec_int_call") },
		func(tx *store.Tx) error { return closeWork(tx, "int_1", t0) },
		func(tx *store.Tx) error { return ignore(tx.DeleteConversation("int_1", t0)) },
		func(tx *store.Tx) error { return ignore(tx.DeleteInteraction("int_1")) },
		func(tx *store.Tx) error { return ignore(tx.DeleteContact("con_2")) },
		func(tx *store.Tx) error { return tx.EraseUser("usr_2", t0) },
	} {
		explained(run)
	}
	for i := range 100 { // so many that words enter the index together
		name := fmt.Sprintf("int_%03d", i)
		talk(t, db, tenA, "con_1", name, at(i))
		write(t, db, tenA, func(tx *store.Tx) error { _, _, err := say(tx, name, "usr_1", "cli_1", "word"); return err })
		explained(func(tx *store.Tx) error { return closeWork(tx, name, at(i)) })
	}
	if !together {
		t.Error("no words entered the index")
	}
	if statements < 100 {
		t.Errorf("only %d statements were seen", statements)
	}
	for _, step := range []string{"SCAN messages", "SEARCH m USING INDEX sqlite_autoindex_messages_1 (tenant_id=?)"} {
		if !tooWide(step) {
			t.Errorf("not caught: %s", step)
		}
	}
}

// Somebody who calls again and again and is never answered makes no call slower.
func TestWhoAnsweredLastIsFoundAtOnce(t *testing.T) {
	db := storetest.Open(t, store.SQLite)
	everything(t, db)
	write(t, db, tenA, func(tx *store.Tx) error {
		return tx.Explained(func(sql string, plan []string) {
			if len(plan) != 1 || !strings.Contains(plan[0], "interactions_answered") {
				t.Errorf("%q in %s", plan, sql)
			}
		}, func(tx *store.Tx) error { _, err := tx.LastAgent("con_1"); return err })
	})
}
