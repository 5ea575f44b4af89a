package setup

import (
	"slices"
	"testing"
)

// What the operator's rule does not allow of a trunk or a phone is told by its field, and
// each level holds what the one before does.
func TestTheEncryptionRuleTellsWhatBreaksIt(t *testing.T) {
	gateway := func(transport string) []TrunkGateway { return []TrunkGateway{{Host: "h", Transport: transport}} }
	for what, c := range map[string]struct {
		object           Object
		required, strong []string
	}{
		"an encrypted trunk":        {Trunk{Encryption: EncryptionRequired, Gateways: gateway("tls")}, nil, nil},
		"a plain trunk":             {Trunk{Encryption: EncryptionPlain, Gateways: gateway("tls")}, []string{"encryption"}, []string{"encryption"}},
		"a gateway by UDP":          {Trunk{Encryption: EncryptionRequired, Gateways: append(gateway("tls"), gateway("udp")...)}, []string{"gateways[1].transport"}, []string{"gateways[1].transport"}},
		"a gateway by TCP":          {Trunk{Encryption: EncryptionRequired, Gateways: gateway("tcp")}, []string{"gateways[0].transport"}, []string{"gateways[0].transport"}},
		"a trunk with MD5":          {Trunk{Encryption: EncryptionRequired, AllowMD5: true}, nil, []string{"allow_md5"}},
		"a trunk with short tags":   {Trunk{Encryption: EncryptionRequired, SRTP: []string{"AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"}}, nil, []string{"srtp[1]"}},
		"a trunk with strong tags":  {Trunk{Encryption: EncryptionRequired, SRTP: []string{"AEAD_AES_128_GCM"}}, nil, nil},
		"an encrypted phone":        {Phone{Encryption: EncryptionRequired}, nil, nil},
		"a plain phone":             {Phone{Encryption: EncryptionPlain}, []string{"encryption"}, []string{"encryption"}},
		"a phone with MD5":          {Phone{Encryption: EncryptionRequired, AllowMD5: true}, nil, []string{"allow_md5"}},
		"a plain phone with MD5":    {Phone{Encryption: EncryptionPlain, AllowMD5: true}, []string{"encryption"}, []string{"encryption", "allow_md5"}},
		"what has no such choice":   {Queue{}, nil, nil},
		"a trunk of an older world": {Trunk{Encryption: EncryptionPlain, AllowMD5: true, Gateways: gateway("udp")}, []string{"encryption", "gateways[0].transport"}, []string{"encryption", "gateways[0].transport", "allow_md5"}},
	} {
		for rule, want := range map[EncryptionRule][]string{"": nil, RuleChosen: nil, RuleRequired: c.required, RuleStrong: c.strong} {
			var got []string
			for _, f := range rule.Breaks(c.object) {
				got = append(got, f.Path)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s under %q breaks it by %v, and not %v", what, rule, got, want)
			}
		}
	}
}

func TestATrunkWithoutSuitesGetsTheStrongOnes(t *testing.T) {
	for rule, want := range map[EncryptionRule]int{RuleChosen: 0, RuleRequired: 0, RuleStrong: 2} {
		if got := rule.Bound(Trunk{}); len(got.SRTP) != want || len(rule.Breaks(got)) > 0 {
			t.Errorf("%s: %v", rule, got.SRTP)
		}
	}
	if got := RuleStrong.Bound(Trunk{SRTP: []string{"AEAD_AES_128_GCM"}}); !slices.Equal(got.SRTP, []string{"AEAD_AES_128_GCM"}) {
		t.Error(got.SRTP)
	}
	for _, s := range StrongSuites {
		if !slices.Contains(SRTPSuites, s) || s == "" || s[:4] != "AEAD" {
			t.Error(s)
		}
	}
}
