package store_test

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func TestSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error {
				for i, s := range []struct{ id, user string }{{"ses_1", "usr_1"}, {"ses_2", "usr_1"}, {"ses_3", "usr_1"}, {"ses_4", "usr_2"}} {
					if err := tx.InsertSession(store.SessionRow{ID: s.id, UserID: s.user, TokenHash: []byte(s.id), CreatedAt: at(i), SeenAt: at(i), ExpiresAt: at(100 + i)}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			return tx.InsertSession(store.SessionRow{ID: "ses_5", UserID: "usr_1", TokenHash: []byte("ses_1")})
		})
		wantCode(t, "a token twice", err, errs.Conflict)
		write(t, db, tenA, func(tx *store.Tx) error {
			if err := firstOf(tx.TouchSession("ses_1", at(50), at(500)), tx.EndSession("ses_2", at(60)), tx.EndSession("ses_2", at(70))); err != nil {
				return err
			}
			wantCode(t, "touch an ended one", tx.TouchSession("ses_2", at(80), at(800)), errs.NotFound)
			ended, err := tx.EndSessionsOf("usr_1", "ses_1", at(90))
			if len(ended) != 1 || ended[0].ID != "ses_3" || !ended[0].EndedAt.Equal(at(90)) {
				t.Errorf("ended: %+v", ended)
			}
			left, err2 := tx.SessionsOf("usr_1")
			same(t, "left", []store.SessionRow{{ID: "ses_1", UserID: "usr_1", TokenHash: []byte("ses_1"), CreatedAt: at(0), SeenAt: at(50), ExpiresAt: at(500)}}, left)
			s, err3 := tx.Session("ses_2")
			if !s.EndedAt.Equal(at(60)) {
				t.Errorf("ended at %v", s.EndedAt)
			}
			n, err4 := tx.DeleteSessions(at(85)) // ses_2 ended before; ses_3 after; ses_4 has not expired
			if n != 1 {
				t.Errorf("%d deleted", n)
			}
			return firstOf(err, err2, err3, err4)
		})
		read(t, db, tenB, func(tx *store.Tx) error {
			left, err := tx.SessionsOf("usr_1")
			if len(left) != 3 {
				t.Errorf("the other tenant has %d sessions", len(left))
			}
			return err
		})
	})
}

func TestAPIKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		key := store.APIKeyRow{ID: "key_1", Name: "n", TokenHash: []byte("k"), Roles: []string{"agent"}, CreatedBy: "usr_1", CreatedAt: t0}
		write(t, db, tenA, func(tx *store.Tx) error {
			return firstOf(tx.InsertAPIKey(key), tx.TouchAPIKey("key_1", at(5)), tx.RevokeAPIKey("key_1", at(6)), tx.RevokeAPIKey("key_1", at(7)))
		})
		key.UsedAt, key.RevokedAt = at(5), at(6)
		read(t, db, tenA, func(tx *store.Tx) error {
			all, err := tx.APIKeys("", 10)
			same(t, "keys", []store.APIKeyRow{key}, all)
			return err
		})
		for what, fn := range map[string]func(*store.Tx) error{
			"touch":  func(tx *store.Tx) error { return tx.TouchAPIKey("key_1", t0) },
			"revoke": func(tx *store.Tx) error { return tx.RevokeAPIKey("key_1", t0) },
		} {
			wantCode(t, what+" by another tenant", db.Write(t.Context(), tenB, fn), errs.NotFound)
		}
		write(t, db, tenA, func(tx *store.Tx) error {
			n, err := tx.DeleteAPIKeys(at(7))
			if n != 1 {
				t.Errorf("%d deleted", n)
			}
			return err
		})
	})
}

// An erased user keeps only the id that records point at.
func TestErasingAUser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		full := fill[store.UserRow](1)
		full.Status = "active"
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error {
				return firstOf(tx.InsertUser(full), tx.InsertSession(store.SessionRow{ID: "ses_1", UserID: full.ID, TokenHash: []byte("s")}),
					tx.InsertFactor(store.FactorRow{ID: "fac_1", UserID: full.ID, Kind: "totp"}), tx.InsertIdentity(store.IdentityRow{Subject: []byte("i"), UserID: full.ID}),
					tx.PutAgent(store.AgentRow{UserID: full.ID, Presence: "ready", Since: t0}), tx.InsertAPIKey(store.APIKeyRow{ID: "key_1", CreatedBy: full.ID, TokenHash: []byte("k")}),
					tx.PutForward(store.ForwardRow{PhoneID: "phn_1", UserID: full.ID, Sealed: []byte("s")}), tx.PutForward(store.ForwardRow{PhoneID: "phn_2", UserID: "usr_other", Sealed: []byte("s")}),
					tx.PutGreeting(store.GreetingRow{UserID: full.ID, Facts: "{}", Sealed: []byte("s")}), tx.PutPhoto(store.PhotoRow{UserID: full.ID, Sealed: []byte("s")}))
			})
		}
		write(t, db, tenA, func(tx *store.Tx) error { return tx.EraseUser(full.ID, at(9)) })
		read(t, db, tenA, func(tx *store.Tx) error {
			u, err := tx.User(full.ID)
			same(t, "left", store.UserRow{ID: full.ID, UserName: full.ID, UserNameKey: full.ID, Status: "deleted", ProfileSealed: secret.Sealed(nil), CreatedAt: full.CreatedAt,
				UpdatedAt: at(9), EndLostAt: full.EndLostAt, Version: 2}, u)
			_, err2 := tx.Session("ses_1")
			wantCode(t, "session", err2, errs.NotFound)
			if left, err := tx.FactorsOf(full.ID); err != nil || len(left) != 0 {
				t.Errorf("factors: %+v, %v", left, err)
			}
			_, err2 = tx.IdentityOf(full.ID)
			wantCode(t, "identity", err2, errs.NotFound)
			_, err2 = tx.Agent(full.ID)
			wantCode(t, "agent", err2, errs.NotFound)
			if left, err := tx.Forwards(); err != nil || len(left) != 1 || left[0].PhoneID != "phn_2" {
				t.Errorf("forwardings: %+v, %v", left, err)
			}
			if _, err := tx.Greeting(full.ID); !errs.Is(err, errs.NotFound) {
				t.Errorf("a greeting: %v", err)
			}
			if _, err := tx.Photo(full.ID); !errs.Is(err, errs.NotFound) {
				t.Errorf("a photo: %v", err)
			}
			k, err3 := tx.APIKey("key_1")
			if !k.RevokedAt.Equal(at(9)) {
				t.Error("the key is not revoked")
			}
			return firstOf(err, err3)
		})
		read(t, db, tenB, func(tx *store.Tx) error {
			u, err := tx.User(full.ID)
			if u.UserName != full.UserName {
				t.Error("the other tenant's user was erased")
			}
			_, err2 := tx.Session("ses_1")
			page, err3 := tx.UsersAfter("", nil, 10)
			if left, err := tx.FactorsOf(full.ID); err != nil || len(left) != 1 {
				t.Errorf("the other tenant's factors: %+v, %v", left, err)
			}
			if _, err := tx.IdentityOf(full.ID); err != nil {
				t.Errorf("the other tenant's identity: %v", err)
			}
			if len(page) != 1 {
				t.Errorf("%d users", len(page))
			}
			return firstOf(err, err2, err3)
		})
		wantCode(t, "nobody", db.Write(t.Context(), tenA, func(tx *store.Tx) error { return tx.EraseUser("usr_none", t0) }), errs.NotFound)
	})
}

func TestAddressesAndConsents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		a := store.AddressRow{ContactID: "con_1", Kind: "email", AddressIndex: []byte("i"), AddressSealed: []byte("sealed"), CreatedAt: t0}
		write(t, db, tenA, func(tx *store.Tx) error {
			_, added, err := tx.AddAddress(a)
			if !added {
				t.Error("not added")
			}
			mine := a
			mine.ContactID = "con_2"
			inForce, added, err2 := tx.AddAddress(mine)
			if added {
				t.Error("added twice")
			}
			same(t, "whose it is", a, inForce)
			phone := a
			phone.Kind = "phone" // the same index of another kind is another address
			_, added, err3 := tx.AddAddress(phone)
			if !added {
				t.Error("another kind was not added")
			}
			return firstOf(err, err2, err3, tx.DeleteAddress("phone", a.AddressIndex))
		})
		wantCode(t, "another tenant's address", db.Write(t.Context(), tenB, func(tx *store.Tx) error { return tx.DeleteAddress("email", a.AddressIndex) }), errs.NotFound)
		write(t, db, tenA, func(tx *store.Tx) error {
			c := store.ConsentRow{ID: "cns_1", ContactID: "con_1", Purpose: "service", ConsentTextID: "cst_1", TextVersion: 2, GivenAt: t0}
			if err := firstOf(tx.InsertConsent(c), tx.WithdrawConsent("cns_1", at(5)), tx.WithdrawConsent("cns_1", at(6))); err != nil {
				return err
			}
			got, err := tx.Consent("cns_1")
			c.WithdrawnAt = at(5)
			same(t, "withdrawn", c, got)
			return err
		})
		wantCode(t, "another tenant's consent", db.Write(t.Context(), tenB, func(tx *store.Tx) error { return tx.WithdrawConsent("cns_1", t0) }), errs.NotFound)
	})
}
