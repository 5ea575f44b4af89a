package account_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/unusual"
	"nubitalk/internal/store"
)

func TestUnusualSignInsAreToldAndEnded(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		at := func(address string, devices secret.Text) account.From {
			return account.From{Address: netip.MustParseAddr(address), Devices: devices}
		}
		sign := func(from account.From) account.SignedIn {
			t.Helper()
			in, err := f.try(from, "acme", "ana", goodPassword)
			must(t, err)
			return in
		}
		office := at("192.0.2.10", in.Devices)
		for range 4 {
			f.clock.Advance(24 * time.Hour)
			in = sign(office)
			office.Devices = in.Devices
		}
		told := func(want int) {
			t.Helper()
			me, err := f.Me(t.Context(), in.Session)
			must(t, err)
			if me.UnusualSessions != want {
				t.Errorf("told of %d unusual sessions, want %d", me.UnusualSessions, want)
			}
		}
		sign(at("192.0.2.99", secret.Text{}))   // another browser in the same network
		sign(at("203.0.113.5", office.Devices)) // the same browser on a journey
		told(0)
		thief := sign(at("2001:db8::7", secret.Text{}))
		told(1)
		if me, err := f.Me(t.Context(), thief.Session); err != nil || me.UnusualSessions != 0 {
			t.Errorf("who is unusual is told of %d others, %v", me.UnusualSessions, err)
		}
		for range 3 {
			_, _ = f.try(at("192.0.2.11", secret.Text{}), "acme", "ana", wrongPassword)
		}
		sign(at("192.0.2.11", secret.Text{}))
		told(2)
		list, err := f.Sessions(t.Context(), in.Session.Actor)
		must(t, err)
		why := map[string]int{}
		for _, s := range list {
			why[fmt.Sprint(s.Unusual)]++
		}
		if why[fmt.Sprint([]unusual.Reason{unusual.Place})] != 1 || why[fmt.Sprint([]unusual.Reason{unusual.Failures})] != 1 {
			t.Errorf("sessions are %v", why)
		}
		if n := f.audited(f.a.ID, "sign_in.unusual"); n != 2 {
			t.Errorf("the log has %d", n)
		}
		// What is kept of where somebody was is no address.
		must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{Action: "sign_in", Limit: 200})
			for _, r := range rows {
				for _, part := range []string{"192.0.2", "203.0.113", "2001:"} {
					if strings.Contains(r.Detail, part) {
						t.Errorf("the log has %s", r.Detail)
					}
				}
			}
			return err
		}))
		// This was not me: whoever it was is out, also where a new password is not chosen yet.
		did, err := f.NotMe(t.Context(), in.Session)
		must(t, err)
		if did.Ended < 2 || !did.MustChange || f.audited(f.a.ID, "sign_in.disowned") != 1 {
			t.Errorf("%+v", did)
		}
		told(0)
		if _, err := f.Recognise(t.Context(), thief.Token); err == nil {
			t.Error("the session of the thief lasts")
		}
		if back, err := f.Recognise(t.Context(), in.Token); err != nil || !back.MustChange {
			t.Errorf("who said so is asked for a password: %t, %v", back.MustChange, err)
		}
		if again := sign(at("203.0.113.80", secret.Text{})); !again.Session.MustChange {
			t.Error("who comes in by the password meanwhile does more than change it")
		}
		must(t, errOf(f.SetPassword(t.Context(), in.Session, secret.New(goodPassword), secret.New("eight yellow bicycles"))))
		told(0)
		if back, err := f.Recognise(t.Context(), in.Token); err != nil || back.MustChange {
			t.Errorf("a password is asked for still: %t, %v", back.MustChange, err)
		}
	})
}

// Failures are noted with the network that they came from, as a word that says nothing but
// whether it is the same one, and where no browser is known by which a user is recognised:
// app/audit finds by it what belongs together.
func TestFailuresAreNotedWithTheirNetwork(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		f.user("bo", access.Agent)
		fails := func(address, user string, devices secret.Text) {
			t.Helper()
			if _, err := f.try(account.From{Address: netip.MustParseAddr(address), Devices: devices}, "acme", user, wrongPassword); err == nil {
				t.Fatal("a wrong password is right")
			}
			f.clock.Advance(2 * time.Minute) // so that nothing is closed
		}
		noted := func() (networks map[string]int) {
			t.Helper()
			networks = map[string]int{}
			must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
				rows, err := tx.Audit(store.AuditFilter{Action: "sign_in.refused", Limit: 200})
				for _, r := range rows {
					for _, part := range []string{"192.0", "198.51", "2001:"} {
						if strings.Contains(r.Detail, part) {
							t.Errorf("the log has %s", r.Detail)
						}
					}
					var detail struct{ Network string }
					if len(r.Detail) > 0 {
						must(t, json.Unmarshal([]byte(r.Detail), &detail))
					}
					networks[detail.Network]++
				}
				return err
			}))
			return networks
		}
		fails("192.0.2.1", "ana", secret.Text{})
		fails("192.0.2.77", "bo", secret.Text{}) // the same network
		fails("192.0.3.1", "ana", secret.Text{})
		fails("2001:db8::7", "ana", secret.Text{})
		was := noted()
		var times []int
		for network, n := range was {
			if network == "" {
				t.Errorf("%d have no network", n)
			}
			times = append(times, n)
		}
		if slices.Sort(times); !slices.Equal(times, []int{1, 1, 2}) {
			t.Errorf("the networks are noted %v times", times)
		}
		fails("198.51.100.1", "ana", in.Devices)    // its own browser on a journey
		fails("192.0.9.1", "nobody", secret.Text{}) // who is nobody's
		now := noted()
		delete(now, "")
		if !maps.Equal(now, was) {
			t.Errorf("networks were %v and are %v", was, now)
		}
	})
}
