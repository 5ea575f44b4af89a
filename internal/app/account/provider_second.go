package account

import (
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel/openid"
)

// secondMethods are the ways of proving who one is (amr; RFC 8176, 2) of which each says that
// something else than a password was shown: several factors or channels, a code, a key, a card
// or a telephone. What the person is (fpt, face) is not among them: with what, it does not say.
var secondMethods = []string{"mfa", "mca", "otp", "hwk", "swk", "sc", "sms", "tel", "fido"}

// shown refuses who did not show a second factor at the provider, or of whom the provider does
// not say so, where the organisation wants it. Named classes (acr) are what it says then, else
// its methods are looked at. It is asked at each sign-in: nothing of it is stored.
func (o SignOn) shown(who openid.Identity) error {
	switch {
	case !o.SecondFactor,
		len(o.Classes) > 0 && slices.Contains(o.Classes, who.Text("acr")),
		len(o.Classes) == 0 && slices.ContainsFunc(who.List("amr"), func(m string) bool { return slices.Contains(secondMethods, m) }):
		return nil
	}
	return errs.New(errs.Forbidden, "Your organisation wants a second factor, and its provider does not say that you showed one. Please sign in there with a second factor, or ask your administrator.")
}

// wanted are the classes that the provider is asked for (acr_values).
func (o SignOn) wanted() []string {
	if !o.SecondFactor {
		return nil
	}
	return o.Classes
}
