package setup

import (
	"testing"

	"nubitalk/internal/base/errs"
)

func TestPhone(t *testing.T) {
	if p := Clean(Phone{Name: " Hall ", Extension: " 21 "}); p.Name != "Hall" || p.Extension != "21" || p.Encryption != EncryptionRequired || p.Plain() {
		t.Errorf("%+v", p)
	}
	for extension, ok := range map[string]bool{"": true, "21": true, "200000": true, "2": false, "112": false, "021": false, "911": false, "2000000": false, "2a": false, "+21": false} {
		err := Clean(Phone{Name: "Hall", Extension: extension}).Validate(phoneRefs{})
		if (err == nil) != ok {
			t.Errorf("extension %q: %v", extension, err)
		}
	}
	err := Clean(Phone{User: "usr_2", Encryption: "some"}).Validate(phoneRefs{})
	if got := errs.As(err).Fields; len(got) != 3 || got[0].Path != "name" || got[1].Path != "encryption" || got[2].Path != "user" {
		t.Errorf("%v", got)
	}
	for md5, want := range map[bool]string{false: "phn_1", true: "phn_1.md5"} {
		account := Phone{AllowMD5: md5}.PhoneAccount("phn_1")
		if account != want || PhoneOf(account) != "phn_1" {
			t.Errorf("the account is %s", account)
		}
	}
}

// phoneRefs knows one user.
type phoneRefs struct{ Refs }

func (phoneRefs) Has(k Kind, id string) bool { return k == KindUser && id == "usr_1" }
