package setup

import (
	"encoding/json"
	"net/netip"
	"slices"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
)

func TestSignInRule(t *testing.T) {
	r := DefaultRules()
	r.SignIn.SecondFactor = []access.Role{access.Agent, access.Administrator, access.Agent}
	r.SignIn.Networks = []string{" 192.0.2.77/24 ", "", "192.0.2.0/24", "198.51.100.4", "2001:DB8::5/32", "::ffff:203.0.113.9/120"}
	r = Clean(r)
	if want := []string{"192.0.2.0/24", "198.51.100.4/32", "2001:db8::/32", "203.0.113.0/24"}; !slices.Equal(r.SignIn.Networks, want) {
		t.Errorf("%q", r.SignIn.Networks)
	}
	if want := []access.Role{access.Administrator, access.Agent}; !slices.Equal(r.SignIn.SecondFactor, want) {
		t.Errorf("%q", r.SignIn.SecondFactor)
	}
	if err := r.Validate(nil); err != nil {
		t.Error(err)
	}
	for path, spoil := range map[string]func(*SignInRule){
		"sign_in.second_factor[0]": func(s *SignInRule) { s.SecondFactor = []access.Role{access.OperatorRole} },
		"sign_in.password_length":  func(s *SignInRule) { s.PasswordLength = 9 },
		"sign_in.idle_minutes":     func(s *SignInRule) { s.IdleMinutes = 4 },
		"sign_in.networks[1]":      func(s *SignInRule) { s.Networks = []string{"192.0.2.0/24", "192.0.2.0/33"} },
		"sign_in.networks[0]":      func(s *SignInRule) { s.Networks = []string{"fe80::1%eth0"} },
	} {
		bad := r
		spoil(&bad.SignIn)
		err := Clean(bad).Validate(nil)
		if !errs.Is(err, errs.Invalid) || errs.As(err).Fields[0].Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Rules that were stored before there were any of sign-in have the usual ones.
func TestRulesWithoutASignInRule(t *testing.T) {
	var body map[string]any
	raw, err := json.Marshal(DefaultRules())
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	if err != nil {
		t.Fatal(err)
	}
	delete(body, "sign_in")
	raw, _ = json.Marshal(body)
	o, err := Stored(KindRules, raw)
	if err != nil || o.(Rules).SignIn.PasswordLength != 10 || o.(Rules).SignIn.IdleMinutes != 120 || !o.(Rules).SignIn.Allows(netip.Addr{}) {
		t.Errorf("%+v, %v", o, err)
	}
}
