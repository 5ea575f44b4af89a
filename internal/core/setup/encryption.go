package setup

import (
	"slices"

	"nubitalk/internal/base/errs"
)

// EncryptionRule is what the operator asks of all connections of the installation; ""
// is RuleChosen.
type EncryptionRule string

const (
	// RuleChosen leaves trunks and phones to their organisations.
	RuleChosen EncryptionRule = "chosen"
	// RuleRequired lets nothing pass unencrypted.
	RuleRequired EncryptionRule = "required"
	// RuleStrong is RuleRequired, with nothing that gives less than 128 bits of security
	// or rests on SHA-1 or MD5 where the protocol has something better: SRTP by AES-GCM
	// (RFC 7714), digests by SHA-256 (RFC 8760).
	RuleStrong EncryptionRule = "strong"
)

// Encrypted says whether nothing may pass unencrypted.
func (r EncryptionRule) Encrypted() bool { return r == RuleRequired || r == RuleStrong }

// Strong says whether nothing weak may be spoken.
func (r EncryptionRule) Strong() bool { return r == RuleStrong }

// StrongSuites are those of SRTPSuites that RuleStrong allows, the strongest first.
var StrongSuites = SRTPSuites[:2]

// Breaks are the fields of a trunk or a phone that the rule does not allow: it carries
// no calls with any. Other objects reach nothing unencrypted whatever they say.
func (r EncryptionRule) Breaks(o Object) errs.Fields {
	var f errs.Fields
	switch o := o.(type) {
	case Trunk:
		r.trunkBreaks(&f, o)
	case Phone:
		if r.Encrypted() && o.Plain() {
			f.Add("encryption", "must be required: the operator of this installation allows encrypted connections only.")
		}
		if r.Strong() && o.AllowMD5 {
			f.Add("allow_md5", "is not allowed by the operator of this installation; passwords are proven with SHA-256.")
		}
	}
	return f
}

func (r EncryptionRule) trunkBreaks(f *errs.Fields, t Trunk) {
	if r.Encrypted() && t.Plain() {
		f.Add("encryption", "must be required: the operator of this installation allows encrypted connections only.")
	}
	for i, g := range t.Gateways {
		if r.Encrypted() && g.Transport != "tls" {
			f.Add(at("gateways", i)+".transport", "must be tls: the operator of this installation allows encrypted connections only.")
		}
	}
	if r.Strong() && t.AllowMD5 {
		f.Add("allow_md5", "is not allowed by the operator of this installation; passwords are proven with SHA-256.")
	}
	for i, s := range t.SRTP {
		if r.Strong() && !slices.Contains(StrongSuites, s) {
			f.Add(at("srtp", i), "is not allowed by the operator of this installation; accepted are AEAD_AES_256_GCM and AEAD_AES_128_GCM.")
		}
	}
}

// Bound gives a trunk as it works under the rule: where it names no suites, with those
// that the rule allows.
func (r EncryptionRule) Bound(t Trunk) Trunk {
	if r.Strong() && len(t.SRTP) == 0 {
		t.SRTP = slices.Clone(StrongSuites)
	}
	return t
}
