package account_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

const wrongPassword = "not the password"

func (f *fixture) try(from account.From, org, name, password string) (account.SignedIn, error) {
	return f.SignIn(f.t.Context(), from, org, name, secret.New(password))
}

// Strangers who guess close an account to strangers, and not to the devices in
// which its user has signed in.
func TestStrangersCannotLockAKnownDeviceOut(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		known := account.From{Devices: in.Devices}
		for range 3 { // again and again
			for range 5 {
				_, _ = f.try(account.From{}, "acme", "ana", wrongPassword)
			}
			_, err := f.try(account.From{}, "acme", "ana", goodPassword)
			wantCode(t, err, errs.Limited)
			again, err := f.try(known, "acme", "ana", goodPassword)
			must(t, err)
			known.Devices = again.Devices
			// It opens to nobody else by that.
			_, err = f.try(account.From{}, "acme", "ana", goodPassword)
			wantCode(t, err, errs.Limited)
			// Who is signed in may still choose another password or prove who it is.
			must(t, errOf(f.Confirm(t.Context(), again.Session, secret.New(goodPassword))))
			f.clock.Advance(6 * time.Minute)
		}
	})
}

// A known device has a count of its own, with the same answers.
func TestAKnownDeviceIsCountedByItself(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		known := account.From{Devices: in.Devices}
		refusals := f.audited(f.a.ID, "sign_in.refused")
		var fromHere, fromElsewhere []string
		for range 6 {
			_, err := f.try(known, "acme", "ana", wrongPassword)
			fromHere = append(fromHere, errs.As(err).Text)
		}
		// Elsewhere nothing was counted.
		_, err := f.try(account.From{}, "acme", "ana", goodPassword)
		must(t, err)
		for range 6 {
			_, err := f.try(account.From{}, "acme", "ana", wrongPassword)
			fromElsewhere = append(fromElsewhere, errs.As(err).Text)
		}
		for i := range fromHere {
			if fromHere[i] != fromElsewhere[i] {
				t.Errorf("%d: %q and %q", i, fromHere[i], fromElsewhere[i])
			}
		}
		_, err = f.try(known, "acme", "ana", goodPassword)
		wantCode(t, err, errs.Limited)
		if got := f.audited(f.a.ID, "sign_in.refused") - refusals; got != 8 {
			t.Errorf("%d refusals are in the audit log, want 4 of each", got)
		}
		if got := f.audited(f.a.ID, "sign_in.locked"); got != 2 {
			t.Errorf("%d closings are in the audit log", got)
		}
		f.clock.Advance(5 * time.Minute)
		_, err = f.try(known, "acme", "ana", goodPassword)
		must(t, err)
		// What succeeded ends the counting.
		for range 4 {
			_, err = f.try(known, "acme", "ana", wrongPassword)
			wantCode(t, err, errs.Unauthorised)
		}
		_, err = f.try(known, "acme", "ana", goodPassword)
		must(t, err)
		_, err = f.try(known, "acme", "ana", wrongPassword)
		wantCode(t, err, errs.Unauthorised)
	})
}

// A device is one user's: it opens nothing to others, and not what was made up.
func TestADeviceIsKnownForItsUsersOnly(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ana", access.Agent)
		_, rui := f.user("rui", access.Agent)
		for range 5 {
			_, _ = f.try(account.From{}, "acme", "ana", wrongPassword)
		}
		stolen := rui.Devices.Reveal()
		foreign, err := f.try(account.From{}, "books", "admin", goodPassword)
		must(t, err)
		for _, devices := range []string{stolen, foreign.Devices.Reveal(), "", "~~", "nbt_", stolen[:len(stolen)-3],
			strings.Replace(foreign.Devices.Reveal(), f.b.ID.String(), f.a.ID.String(), 1), strings.Repeat("nbt_"+f.a.ID.String()+".x~", 2000)} {
			_, err := f.try(account.From{Devices: secret.New(devices)}, "acme", "ana", goodPassword)
			wantCode(t, err, errs.Limited)
		}
		// A second step's ticket is no device.
		_, eva := f.user("eva", access.Agent)
		f.addApp(eva.Session)
		half := f.password("eva")
		for range 5 {
			_, _ = f.try(account.From{}, "acme", "eva", wrongPassword)
		}
		_, err = f.try(account.From{Devices: secret.New(half.Second.State)}, "acme", "eva", goodPassword)
		wantCode(t, err, errs.Limited)
	})
}

// A desk has several users, one after the other; it remembers the last ones.
func TestOneBrowserRemembersSeveralUsers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var names []string
		for _, name := range []string{"u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"} {
			f.user(name, access.Agent)
			names = append(names, name)
		}
		var desk account.From
		for _, name := range append(names, names[8]) { // the last one twice: it is kept once
			in, err := f.try(desk, "acme", name, goodPassword)
			must(t, err)
			desk.Devices = in.Devices
		}
		if n := len(strings.Split(desk.Devices.Reveal(), "~")); n != 8 {
			t.Errorf("it keeps %d", n)
		}
		if n := len(desk.Devices.Reveal()); n > 3500 {
			t.Errorf("its %d bytes are too many for a cookie", n)
		}
		for i, name := range names {
			for range 5 {
				_, _ = f.try(account.From{}, "acme", name, wrongPassword)
			}
			_, err := f.try(desk, "acme", name, goodPassword)
			if known := err == nil; known != (i > 0) {
				t.Errorf("%s: %v", name, err)
			}
		}
		f.clock.Advance(account.DeviceTime) // and forgets
		for range 5 {
			_, _ = f.try(account.From{}, "acme", "u9", wrongPassword)
		}
		_, err := f.try(desk, "acme", "u9", goodPassword)
		wantCode(t, err, errs.Limited)
	})
}

// The second step belongs to the device of the first.
func TestCodesFromAKnownDeviceAreCountedByItself(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		phone, added := f.addApp(in.Session)
		known := account.From{Devices: in.Devices}
		for range 5 {
			_, _ = f.try(account.From{}, "acme", "ana", wrongPassword)
		}
		half, err := f.try(known, "acme", "ana", goodPassword)
		must(t, err)
		f.clock.Advance(30 * time.Second)
		full, err := f.SignInSecond(t.Context(), known, secret.New(half.Second.State), phone.code(0))
		must(t, err)
		if full.Devices.Empty() {
			t.Error("nothing is remembered after a second step")
		}
		half, err = f.try(known, "acme", "ana", goodPassword)
		must(t, err)
		for range 4 {
			_, err = f.SignInSecond(t.Context(), known, secret.New(half.Second.State), "000000")
			wantCode(t, err, errs.Unauthorised)
		}
		_, err = f.SignInSecond(t.Context(), known, secret.New(half.Second.State), "000000")
		wantCode(t, err, errs.Limited)
		_, err = f.SignInSecond(t.Context(), known, secret.New(half.Second.State), added.RecoveryCodes[0])
		wantCode(t, err, errs.Limited)
	})
}

func TestRecoveryCodesAreLong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		_, added := f.addApp(in.Session)
		for _, code := range added.RecoveryCodes {
			wantBits(t, code)
		}
		_, err := f.second(f.password("ana"), added.RecoveryCodes[9])
		must(t, err)
	})
}

// wantBits refuses what could be guessed: it has 128 random bits, of 31 characters, and fits
// where it is typed.
func wantBits(t *testing.T, code string) {
	t.Helper()
	plain := strings.ReplaceAll(code, "-", "")
	if bits := float64(len(plain)) * math.Log2(31); bits < 128 || len(code) > 40 || strings.Trim(plain, "abcdefghjkmnpqrstuvwxyz23456789") != "" {
		t.Errorf("%q has %.0f bits", code, bits)
	}
}

// What is given once, to be typed by somebody else, is not guessed either.
func TestWhatIsTypedOnceIsLong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, once, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: "ana"})
		must(t, err)
		wantBits(t, once.Reveal())
		again, err := f.ResetPassword(t.Context(), f.a.admin, ana.ID)
		must(t, err)
		wantBits(t, again.Reveal())
		if again.Equal(once) {
			t.Error("the password is the same")
		}
		_, user, first, err := f.CreateOrganisation(t.Context(), f.operator, account.NewOrganisation{Kind: account.KindTenant, Slug: "cars", Name: "Cars", Language: "pt", TimeZone: "Europe/Lisbon", Administrator: "admin"})
		must(t, err)
		wantBits(t, first.Reveal())
		f.settle("cars", user.UserName, first) // it is typed with its hyphens
	})
}
