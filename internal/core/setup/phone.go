package setup

import (
	"regexp"
	"strings"
)

// Phone is a SIP telephone that registers with the service. Its password is made
// by the service, and no part of it (Secrets).
type Phone struct {
	Name       string     `json:"name" minLength:"1" maxLength:"80"`
	Enabled    bool       `json:"enabled" default:"true" doc:"Switched off, it can neither register nor call, and is not rung."`
	User       string     `json:"user" doc:"Id of the user whose phone it is; empty for one that is nobody's, such as at a door."`
	Extension  string     `json:"extension" maxLength:"6" doc:"The number by which other phones call it, two to six digits, the first 2 to 8; empty: it has none."`
	Encryption Encryption `json:"encryption" default:"required" enum:"required,plain" doc:"required: it registers by TLS and speaks SRTP, anything else is refused. plain: names, numbers and voices may pass unencrypted; it needs confirm_plain and is noted in the audit log."`
	AllowMD5   bool       `json:"allow_md5" doc:"It proves its password with MD5, because it knows nothing better than that. Its user name ends with .md5 then."`
	AutoAnswer bool       `json:"auto_answer" doc:"It is asked to pick up by itself when its user is offered a call (Call-Info, Alert-Info)."`
}

// MD5Name is how the user name of a phone ends that proves its password with MD5.
// Strangers learn nothing by it: whoever uses such a name is asked so, whether
// the phone exists or not.
const MD5Name = ".md5"

// PhoneAccount is the user name of a phone.
func (p Phone) PhoneAccount(phone string) string {
	if p.AllowMD5 {
		return phone + MD5Name
	}
	return phone
}

// PhoneOf is the phone that an account's name belongs to, if there is one.
func PhoneOf(account string) string { return strings.TrimSuffix(account, MD5Name) }

// Extensions are two to six digits and begin with 2 to 8, so that none is an
// emergency number, and 0 and 9 may lead out of the house as people are used to.
var extensionForm = regexp.MustCompile(`^[2-8][0-9]{1,5}$`)

func (Phone) Kind() Kind       { return KindPhone }
func (p Phone) Called() string { return p.Name }

func (p Phone) Unique() []Unique {
	return append(byName(p.Name), extensionOf(p.Extension)...)
}

func (p Phone) Uses() []Use {
	var u uses
	u.add("user", KindUser, p.User)
	return u
}

func (p Phone) clean() Object {
	p.Name, p.User, p.Extension = tidy(p.Name), strings.TrimSpace(p.User), strings.TrimSpace(p.Extension)
	if p.Encryption == "" {
		p.Encryption = EncryptionRequired
	}
	return p
}

func (p Phone) Validate(refs Refs) error {
	var c checks
	c.name("name", p.Name, 1, 80)
	if p.Extension != "" && !extensionForm.MatchString(p.Extension) {
		c.Add("extension", "is %q; two to six digits are accepted, of which the first is 2 to 8.", short(p.Extension))
	}
	c.oneOf("encryption", string(p.Encryption), string(EncryptionRequired), string(EncryptionPlain))
	c.uses(p, refs)
	return c.Err()
}

// Plain says whether voices may pass unencrypted.
func (t Trunk) Plain() bool { return t.Encryption == EncryptionPlain }

// Plain says whether names, numbers and voices may pass unencrypted.
func (p Phone) Plain() bool { return p.Encryption == EncryptionPlain }

// MayBePlain is an object whose voices may pass unencrypted.
type MayBePlain interface {
	Object
	Plain() bool
}
