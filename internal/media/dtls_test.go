package media_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pion/dtls/v3"
	"github.com/pion/webrtc/v4"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/media"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
)

var fingerprint = regexp.MustCompile(`(?m)^a=fingerprint:\S+ (\S+)`)

// announced is the certificate that a description names.
func announced(t *testing.T, sdp string) string {
	t.Helper()
	m := fingerprint.FindStringSubmatch(sdp)
	if m == nil {
		t.Fatalf("no certificate is named: %s", sdp)
	}
	return m[1]
}

// differently is a browser that connects as set says, and a leg that has answered it.
func differently(t *testing.T, h *media.Host, change func(offer string) string, set ...func(*webrtc.SettingEngine)) (*agent, *mediatest.Browser) {
	t.Helper()
	a := newAgent(t, h, g711.A)
	b, err := mediatest.NewBrowser(set...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	offer, err := b.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Answer(within(t), change(offer))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Accept(answer); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func asItIs(offer string) string { return offer }

func neverConnected(t *testing.T, a *agent) {
	t.Helper()
	if all := a.log.all(); slices.Contains(all, media.Event(media.Connected{})) {
		t.Errorf("it was connected: %v", all)
	}
}

// The keys of media come only by a certificate that the call's own signalling named: with
// another one, the host ends the handshake, and nothing is heard or sent.
func TestACertificateIsTheOneThatWasAnnounced(t *testing.T) {
	h := host(t, media.Config{})
	other, err := mediatest.NewBrowser()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	offer, err := other.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	anothers := announced(t, offer)
	a, b := differently(t, h, func(offer string) string {
		return strings.ReplaceAll(offer, announced(t, offer), anothers)
	})
	if err := b.Refused(within(t)); err != nil {
		t.Error(err)
	}
	neverConnected(t, a)
	// The same as it was announced is connected.
	_, b = differently(t, h, asItIs)
	if err := b.Connected(within(t)); err != nil {
		t.Error(err)
	}
}

// Of DTLS, only suites that encrypt and authenticate in one are spoken, with keys that are
// agreed anew; of DTLS-SRTP, AES.
func TestOnlyApprovedSuitesOfDTLSAreSpoken(t *testing.T) {
	h := host(t, media.Config{})
	for _, suite := range []dtls.CipherSuiteID{dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, dtls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256} {
		_, b := differently(t, h, asItIs, func(s *webrtc.SettingEngine) { s.SetDTLSCipherSuites(suite) })
		if err := b.Connected(within(t)); err != nil {
			t.Errorf("%v: %v", suite, err)
		}
	}
	for what, set := range map[string]func(*webrtc.SettingEngine){
		"CBC":          func(s *webrtc.SettingEngine) { s.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA) },
		"a tag of 64":  func(s *webrtc.SettingEngine) { s.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8) },
		"SRTP's short": func(s *webrtc.SettingEngine) { s.SetSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_32) },
		"SRTP's null":  func(s *webrtc.SettingEngine) { s.SetSRTPProtectionProfiles(dtls.SRTP_NULL_HMAC_SHA1_80) },
	} {
		a, b := differently(t, h, asItIs, set)
		if err := b.Refused(within(t)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		neverConnected(t, a)
	}
}

// Where the installation allows nothing older, SRTP is by AES-GCM alone, and a browser that
// knows only the suite with short tags is refused.
func TestStrongSRTPIsByAESGCMAlone(t *testing.T) {
	h := host(t, media.Config{Browser: media.BrowserConfig{Strong: true}})
	for _, profile := range []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM} {
		_, b := differently(t, h, asItIs, func(s *webrtc.SettingEngine) { s.SetSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80, profile) })
		if err := b.Connected(within(t)); err != nil {
			t.Errorf("%v: %v", profile, err)
		}
	}
	short := func(s *webrtc.SettingEngine) { s.SetSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80) }
	a, b := differently(t, h, asItIs, short)
	if err := b.Refused(within(t)); err != nil {
		t.Error(err)
	}
	neverConnected(t, a)
	// Elsewhere it is spoken.
	_, b = differently(t, host(t, media.Config{}), asItIs, short)
	if err := b.Connected(within(t)); err != nil {
		t.Error(err)
	}
}

// A certificate that is named by a hash for which another certificate could be found is
// not taken for named; beside a better one such a name is passed over.
func TestACertificateIsNamedByAStrongHash(t *testing.T) {
	h := host(t, media.Config{})
	b, err := mediatest.NewBrowser()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	offer, err := b.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	name := announced(t, offer)
	for _, hash := range []string{"sha-1", "SHA-1", "md5", "sha-224"} {
		a := newAgent(t, h, g711.A)
		weak := strings.ReplaceAll(offer, "a=fingerprint:sha-256 "+name, "a=fingerprint:"+hash+" "+name[:59])
		if weak == offer {
			t.Fatal("the offer names no certificate")
		}
		if _, err := a.Answer(within(t), weak); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", hash, err)
		}
	}
	a := newAgent(t, h, g711.A)
	both := strings.ReplaceAll(offer, "a=fingerprint:sha-256 "+name, "a=fingerprint:sha-1 "+name[:59]+"\r\na=fingerprint:sha-256 "+name)
	answer, err := a.Answer(within(t), both)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Accept(answer); err != nil {
		t.Fatal(err)
	}
	if err := b.Connected(within(t)); err != nil {
		t.Error(err)
	}
}

// The key of a host's certificate is made at its start and is nowhere else: another start
// has another, and all of one start's legs have the same (docs/keys.md).
func TestTheKeyOfDTLSIsOfOneStart(t *testing.T) {
	names := map[string]bool{}
	for range 2 {
		h := host(t, media.Config{})
		var of string
		for range 2 {
			a := newAgent(t, h, g711.A)
			b, err := mediatest.NewBrowser()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.Close)
			name := announced(t, a.signal(t, b, false))
			if of != "" && name != of {
				t.Errorf("one start has %s and %s", of, name)
			}
			of = name
		}
		if names[of] {
			t.Errorf("%s is of two starts", of)
		}
		names[of] = true
	}
}
