package provider

import (
	"fmt"
	"strings"
	"testing"

	"nubitalk/internal/base/secret"
)

func TestAccountsAndLettersAreNotPrinted(t *testing.T) {
	for _, one := range []any{Account{User: "canary@example.org"}, &Account{User: "canary@example.org"}, Letter{From: "canary@x.example", To: []string{"canary@y.example"}, Octets: []byte("canary")}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, one); strings.Contains(got, "canary") || !strings.Contains(got, secret.Mask) {
				t.Errorf("%s of %T: %s", verb, one, got)
			}
		}
	}
}
