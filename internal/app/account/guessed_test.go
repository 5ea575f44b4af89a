package account_test

import (
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// The first are in lists of breaches and in no rule of ours; the last only look
// like them.
func TestPasswordsFromBreachesAreRefused(t *testing.T) {
	for password, refused := range map[string]bool{
		"mercedes2024!": true, "Jennifer-1987": true, "chocolate1234": true, "manchester": true, "Letmein12345": true, "1qaz2wsx3edc": true,
		"seven green bicycles": false, "mercedes drives to Faro": false, "xk-jennifer-of-brass": false, "línguas à moda do Porto": false, "a\nmanchester\nb": false,
	} {
		err := account.CheckNewPassword("p", "ana", secret.New(password), 0)
		if errs.Is(err, errs.Invalid) != refused {
			t.Errorf("%q: %v", password, err)
		}
	}
}

// What an organisation is called, with digits and signs around it, is guessed first.
func TestAnOrganisationsNameIsNoPassword(t *testing.T) {
	for password, refused := range map[string]bool{"acme-books2024": true, "12 Acme & Books!": true, "AcmeBooks1999": true, "shelf-x-20242024": true,
		"acme sells seven books": false, "20242024!!xyz": false} {
		err := account.CheckNewPassword("p", "ana", secret.New(password), 0, "shelf-x", "Acme Books", "")
		if errs.Is(err, errs.Invalid) != refused {
			t.Errorf("%q: %v", password, err)
		}
	}
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		wantCode(t, errOf(f.SetPassword(t.Context(), in.Session, secret.New(goodPassword), secret.New("Acme-2024-2026"))), errs.Invalid)
	})
}
