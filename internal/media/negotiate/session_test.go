package negotiate

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"nubitalk/internal/media/g711"
)

var (
	here  = netip.MustParseAddrPort("192.0.2.1:20000")
	there = netip.MustParseAddrPort("198.51.100.7:30000")
	here6 = netip.MustParseAddrPort("[2001:db8::1]:20000")
)

func session(t *testing.T, p Policy, at netip.AddrPort) *Session {
	t.Helper()
	s, err := New(p, at, rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inline is a key of a suite, made of one octet.
func inline(s Suite, octet byte) string {
	return "inline:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{octet}, s.KeyLen()+s.SaltLen()))
}

// body makes an SDP of lines.
func body(lines ...string) []byte {
	head := []string{"v=0", "o=x 1 1 IN IP4 198.51.100.7", "s=x", "c=IN IP4 198.51.100.7", "t=0 0"}
	return []byte(strings.Join(append(head, lines...), "\r\n") + "\r\n")
}

func has(t *testing.T, body []byte, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains("\r\n"+string(body), "\r\n"+l+"\r\n") {
			t.Errorf("no line %q in\n%s", l, body)
		}
	}
}

func TestTwoOfOursAgree(t *testing.T) {
	for _, suite := range append(Suites(), None) {
		p := Policy{Suites: []Suite{suite}}
		if suite == None {
			p = Policy{Security: Plain}
		}
		a, b := session(t, p, here), session(t, Policy{Security: p.Security}, there)
		offer, err := a.Offer()
		if err != nil {
			t.Fatal(err)
		}
		answer, atB, err := b.Answer(offer)
		if err != nil {
			t.Fatalf("%v: %v\n%s", suite, err, offer)
		}
		atA, err := a.Accept(answer)
		if err != nil {
			t.Fatalf("%v: %v\n%s", suite, err, answer)
		}
		if atA.Suite != suite || atB.Suite != suite || !atA.Own.Equal(atB.Theirs) || !atB.Own.Equal(atA.Theirs) {
			t.Errorf("%v: keys or suites differ", suite)
		}
		if suite != None && len(atA.Own.Material.Reveal()) != suite.KeyLen()+suite.SaltLen() {
			t.Errorf("%v: a key of %d octets", suite, len(atA.Own.Material.Reveal()))
		}
		if atA.Remote != there || atB.Remote != here || atA.RemoteRTCP != there || !atA.Mux || !atB.Mux {
			t.Errorf("%v: %v %v", suite, atA.Remote, atB.Remote)
		}
		if !atA.Events || atA.Event != 101 || atB.EventIn != 101 || atA.Law != g711.A || atB.Law != g711.A {
			t.Errorf("%v: %+v", suite, atA)
		}
		if !atA.Sends || !atA.Receives || !atB.Sends || !atB.Receives {
			t.Errorf("%v: somebody is silent", suite)
		}
	}
}

func TestSecurityOfAnswers(t *testing.T) {
	cm80, gcm := inline(AESCM80, 1), inline(AES256GCM, 2)
	for name, c := range map[string]struct {
		security Security
		lines    []string
		want     error
		suite    Suite
		answer   []string
	}{
		"plain where SRTP is required":   {Required, []string{"m=audio 4000 RTP/AVP 8"}, RefusedPlain, None, nil},
		"plain where it is accepted":     {Accepted, []string{"m=audio 4000 RTP/AVP 8"}, nil, None, []string{"m=audio 20000 RTP/AVP 8"}},
		"secured where plain is offered": {Plain, []string{"m=audio 4000 RTP/SAVP 8", "a=crypto:3 AES_CM_128_HMAC_SHA1_80 " + cm80}, nil, AESCM80, []string{"m=audio 20000 RTP/SAVP 8"}},
		"secured without a key":          {Accepted, []string{"m=audio 4000 RTP/SAVP 8"}, RefusedCrypto, None, nil},
		"secured with an unknown suite":  {Accepted, []string{"m=audio 4000 RTP/SAVP 8", "a=crypto:1 F8_128_HMAC_SHA1_80 " + cm80}, RefusedCrypto, None, nil},
		"our order of suites":            {Required, []string{"m=audio 4000 RTP/SAVP 8", "a=crypto:7 AES_CM_128_HMAC_SHA1_80 " + cm80 + "|2^20|1:4", "a=crypto:9 AEAD_AES_256_GCM " + gcm}, nil, AES256GCM, nil},
		"less than the suite":            {Required, []string{"m=audio 4000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + cm80 + " UNENCRYPTED_SRTP"}, RefusedCrypto, None, nil},
		"a key too short":                {Required, []string{"m=audio 4000 RTP/SAVP 8", "a=crypto:1 AEAD_AES_256_GCM " + cm80}, RefusedCrypto, None, nil},
		"plain with keys":                {Required, []string{"m=audio 4000 RTP/AVP 8", "a=crypto:2 AES_CM_128_HMAC_SHA1_80 " + cm80}, nil, AESCM80, []string{"m=audio 20000 RTP/AVP 8"}},
		"secured beside plain":           {Accepted, []string{"m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + cm80}, nil, AESCM80, []string{"m=audio 0 RTP/AVP 8", "m=audio 20000 RTP/SAVP 8"}},
		"DTLS":                           {Accepted, []string{"m=audio 4000 UDP/TLS/RTP/SAVPF 8", "a=fingerprint:sha-256 AA"}, RefusedCrypto, None, nil},
		"feedback profile":               {Required, []string{"m=audio 4000 RTP/SAVPF 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + cm80}, nil, AESCM80, []string{"m=audio 20000 RTP/SAVPF 8"}},
	} {
		s := session(t, Policy{Security: c.security}, here)
		answer, a, err := s.Answer(body(c.lines...))
		if !errors.Is(err, c.want) || err == nil && a.Suite != c.suite {
			t.Errorf("%s: %v, %+v", name, err, a)
			continue
		}
		has(t, answer, c.answer...)
		if strings.Contains(string(answer), "RTP/AVP") && !strings.Contains(strings.Join(c.lines, ""), "RTP/AVP") {
			t.Errorf("%s: SAVP was answered with AVP", name)
		}
	}
}

func TestTheChosenTagIsEchoed(t *testing.T) {
	s := session(t, Policy{}, here)
	answer, _, err := s.Answer(body("m=audio 4000 RTP/SAVP 8",
		"a=crypto:4 AES_CM_128_HMAC_SHA1_80 "+inline(AESCM80, 1), "a=crypto:17 AEAD_AES_128_GCM "+inline(AES128GCM, 1)))
	if err != nil || !strings.Contains(string(answer), "\r\na=crypto:17 AEAD_AES_128_GCM inline:") || strings.Count(string(answer), "a=crypto") != 1 {
		t.Errorf("%v\n%s", err, answer)
	}
}

func TestAnAnswerMustHaveChosenWhatWasOffered(t *testing.T) {
	for name, lines := range map[string][]string{
		"other tag":     {"m=audio 4000 RTP/SAVP 8", "a=crypto:9 AEAD_AES_256_GCM " + inline(AES256GCM, 1)},
		"other suite":   {"m=audio 4000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + inline(AESCM80, 1)},
		"no key":        {"m=audio 4000 RTP/SAVP 8"},
		"plain":         {"m=audio 4000 RTP/AVP 8"},
		"plain and key": {"m=audio 4000 RTP/AVP 8", "a=crypto:1 AEAD_AES_256_GCM " + inline(AES256GCM, 1)},
		"other codec":   {"m=audio 4000 RTP/SAVP 18", "a=crypto:1 AEAD_AES_256_GCM " + inline(AES256GCM, 1)},
		"refused":       {"m=audio 0 RTP/SAVP 8"},
		"two for one":   {"m=audio 4000 RTP/SAVP 8", "a=crypto:1 AEAD_AES_256_GCM " + inline(AES256GCM, 1), "m=audio 0 RTP/AVP 8"},
		"nothing":       nil,
	} {
		s := session(t, Policy{}, here)
		if _, err := s.Offer(); err != nil {
			t.Fatal(err)
		}
		if a, err := s.Accept(body(lines...)); err == nil {
			t.Errorf("%s was taken: %+v", name, a)
		}
	}
}

func TestOtherMediaKeepTheirPlaces(t *testing.T) {
	s := session(t, Policy{Security: Accepted}, here)
	answer, a, err := s.Answer(body("m=video 5000 RTP/AVP 96", "a=rtpmap:96 VP8/90000", "m=image 6000 udptl t38",
		"m=audio 4000/2 RTP/AVP 9 0 8 96", "a=rtpmap:96 telephone-event/8000", "a=ptime:30", "m=application 1 TCP/X *"))
	if err != nil {
		t.Fatal(err)
	}
	order := strings.Index(string(answer), "m=video 0 RTP/AVP 96\r\nm=image 0 udptl t38\r\nm=audio 20000 RTP/AVP 8 96\r\n")
	if order < 0 || !strings.Contains(string(answer), "m=application 0 TCP/X *\r\n") {
		t.Errorf("answer\n%s", answer)
	}
	if a.Law != g711.A || a.Payload != 8 || a.Event != 96 || a.EventIn != 96 {
		t.Errorf("%+v", a)
	}
	again, err := s.Offer()
	if err != nil {
		t.Fatal(err)
	}
	has(t, again, "m=video 0 RTP/AVP 96", "m=image 0 udptl t38", "m=audio 20000 RTP/AVP 8 0 96", "m=application 0 TCP/X *")
}

func TestPayloadTypes(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		law   g711.Law
		pt    uint8
		want  error
	}{
		"static without a map":       {[]string{"m=audio 4 RTP/AVP 0"}, g711.Mu, 0, nil},
		"a static number remapped":   {[]string{"m=audio 4 RTP/AVP 8 0", "a=rtpmap:8 X/8000"}, g711.Mu, 0, nil},
		"a dynamic number":           {[]string{"m=audio 4 RTP/AVP 98", "a=rtpmap:98 pcma/8000/1"}, g711.A, 98, nil},
		"16 kHz":                     {[]string{"m=audio 4 RTP/AVP 98", "a=rtpmap:98 PCMA/16000"}, 0, 0, RefusedCodec},
		"keys alone":                 {[]string{"m=audio 4 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"}, 0, 0, RefusedCodec},
		"our preference over theirs": {[]string{"m=audio 4 RTP/AVP 0 8"}, g711.A, 8, nil},
		"no sound":                   {[]string{"m=video 4 RTP/AVP 0"}, 0, 0, RefusedMedia},
		"no media":                   {nil, 0, 0, RefusedMedia},
	} {
		_, a, err := session(t, Policy{Security: Accepted}, here).Answer(body(c.lines...))
		if !errors.Is(err, c.want) || err == nil && (a.Law != c.law || a.Payload != c.pt || a.In[0].Number != c.pt) {
			t.Errorf("%s: %v %+v", name, err, a)
		}
	}
}

func TestDirections(t *testing.T) {
	for _, c := range []struct {
		theirs          string
		sends, receives bool
		answer          string
	}{
		{"a=sendrecv", true, true, "a=sendrecv"},
		{"a=sendonly", false, true, "a=recvonly"},
		{"a=recvonly", true, false, "a=sendonly"},
		{"a=inactive", false, false, "a=inactive"},
		{"c=IN IP4 0.0.0.0", false, true, "a=recvonly"},
	} {
		answer, a, err := session(t, Policy{Security: Accepted}, here).Answer(body("m=audio 4 RTP/AVP 8", c.theirs))
		if err != nil || a.Sends != c.sends || a.Receives != c.receives {
			t.Errorf("%s: %v %+v", c.theirs, err, a)
		}
		has(t, answer, c.answer)
	}
	// Said once for all media.
	_, a, err := session(t, Policy{Security: Accepted}, here).Answer(body("a=sendonly", "m=audio 4 RTP/AVP 8"))
	if err != nil || a.Sends {
		t.Errorf("%v %+v", err, a)
	}
}

func TestARefreshKeepsTheKeyAndAChangeIsSeen(t *testing.T) {
	s := session(t, Policy{}, here)
	key := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + inline(AESCM80, 1)
	first, a, err := s.Answer(body("m=audio 4000 RTP/SAVP 8", key))
	if err != nil {
		t.Fatal(err)
	}
	second, b, err := s.Answer(body("m=audio 4000 RTP/SAVP 8", key, "a=crypto:2 AEAD_AES_256_GCM "+inline(AES256GCM, 1)))
	if err != nil || !a.Own.Equal(b.Own) || b.Suite != AESCM80 || !bytes.Equal(first, second) {
		t.Errorf("%v: a refresh changed\n%s\ninto\n%s", err, first, second)
	}
	held, c, err := s.Answer(body("c=IN IP4 198.51.100.8", "m=audio 4002 RTP/SAVP 0", "a=sendonly", key))
	if err != nil || !a.Own.Equal(c.Own) || c.Remote.String() != "198.51.100.8:4002" || c.Law != g711.Mu {
		t.Errorf("%v %+v", err, c)
	}
	version := func(b []byte) (v uint64) {
		var id uint64
		if _, err := fmt.Sscanf(string(b), "v=0\r\no=- %d %d", &id, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if version(held) != version(first)+1 {
		t.Errorf("version %d follows %d", version(held), version(first))
	}
	offer, err := s.Offer()
	if err != nil || !strings.Contains(string(offer), base64.StdEncoding.EncodeToString(a.Own.Material.Reveal())) || strings.Count(string(offer), "a=crypto") != 1 {
		t.Errorf("%v: our own re-offer has another key\n%s", err, offer)
	}
	if _, _, err := s.Answer(body("m=audio 4000 RTP/AVP 8")); !errors.Is(err, RefusedPlain) {
		t.Errorf("a call that was encrypted became plain: %v", err)
	}
	if s.Agreed().Suite != AESCM80 {
		t.Error("a refused offer changed the agreement")
	}
	other, d, err := s.Answer(body("m=audio 4000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+inline(AESCM80, 9)))
	if err != nil || d.Theirs.Equal(a.Theirs) || !d.Own.Equal(a.Own) {
		t.Errorf("their new key: %v\n%s", err, other)
	}
}

func TestASessionGoesOnAfterARestart(t *testing.T) {
	s := session(t, Policy{}, here)
	if _, _, err := s.Answer(body("m=audio 4000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+inline(AESCM80, 1))); err != nil {
		t.Fatal(err)
	}
	was := s.Origin()
	next, err := New(Policy{}, here, rand.NewChaCha8([32]byte{2}))
	if err != nil {
		t.Fatal(err)
	}
	next.Resume(was)
	offer, err := next.Offer()
	if want := fmt.Sprintf("o=- %d %d IN IP4", was.ID, was.Version+1); err != nil || !strings.Contains(string(offer), want) {
		t.Errorf("%v: no %q in\n%s", err, want, offer)
	}
}

// A suite that may not be spoken any more ends with the process: the call is offered others.
func TestASessionGoesOnWithNothingThatIsNotAllowedNow(t *testing.T) {
	s := session(t, Policy{}, here)
	if _, _, err := s.Answer(body("m=audio 4000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+inline(AESCM80, 1))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		policy Policy
		goesOn bool
	}{"all are allowed": {Policy{}, true}, "it is": {Policy{Suites: []Suite{AESCM80}}, true}, "it is not": {Policy{Suites: Strong()}, false}} {
		next, err := New(c.policy, here, rand.NewChaCha8([32]byte{2}))
		if err != nil {
			t.Fatal(err)
		}
		next.Resume(s.Origin())
		offer, err := next.Offer()
		if got := string(offer); err != nil || strings.Contains(got, "AES_CM_128_HMAC_SHA1_80") != c.goesOn || strings.Contains(got, "AEAD_AES_256_GCM") == c.goesOn {
			t.Errorf("%s: %v\n%s", name, err, offer)
		}
	}
}

func TestAFork(t *testing.T) {
	s := session(t, Policy{Suites: []Suite{AESCM80, AES128GCM}}, here)
	if _, err := s.Offer(); err != nil {
		t.Fatal(err)
	}
	a, err := s.Accept(body("m=audio 4000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+inline(AESCM80, 1)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Accept(body("m=audio 5000 RTP/SAVP 0", "a=crypto:2 AEAD_AES_128_GCM "+inline(AES128GCM, 2)))
	if err != nil || b.Suite != AES128GCM || b.Remote.Port() != 5000 || b.Law != g711.Mu {
		t.Errorf("%v %+v after %+v", err, b, a)
	}
}

func TestAddresses(t *testing.T) {
	six := func(lines ...string) []byte {
		return []byte("v=0\r\no=x 1 1 IN IP6 2001:db8::2\r\ns=-\r\nc=IN IP6 2001:db8::2\r\nt=0 0\r\n" + strings.Join(lines, "\r\n"))
	}
	answer, a, err := session(t, Policy{Security: Accepted}, here6).Answer(six("m=audio 4000 RTP/AVP 8"))
	if err != nil || a.Remote.String() != "[2001:db8::2]:4000" || a.RemoteRTCP.Port() != 4001 {
		t.Errorf("%v %+v", err, a)
	}
	has(t, answer, "c=IN IP6 2001:db8::1")
	for name, lines := range map[string][]string{
		"other family": {"m=audio 4 RTP/AVP 8", "c=IN IP6 2001:db8::2"},
		"multicast":    {"m=audio 4 RTP/AVP 8", "c=IN IP4 224.0.1.1/127"},
		"broadcast":    {"m=audio 4 RTP/AVP 8", "c=IN IP4 255.255.255.255"},
		"a name":       {"m=audio 4 RTP/AVP 8", "c=IN IP4 media.example.com"},
	} {
		if _, _, err := session(t, Policy{Security: Accepted}, here).Answer(body(lines...)); !errors.Is(err, RefusedAddress) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, a, err = session(t, Policy{Security: Accepted}, here).Answer(body("m=audio 4000 RTP/AVP 8", "a=rtcp:4007 IN IP4 198.51.100.9"))
	if err != nil || a.RemoteRTCP.String() != "198.51.100.9:4007" {
		t.Errorf("%v %v", err, a)
	}
}

func TestMalformed(t *testing.T) {
	many := make([]string, 40)
	for i := range many {
		many[i] = "m=audio 4 RTP/AVP 8"
	}
	for name, b := range map[string][]byte{
		"empty":      nil,
		"no version": []byte("o=x\r\n"),
		"version 1":  []byte("v=1\r\nm=audio 4 RTP/AVP 8\r\n"),
		"short":      []byte("v"),
		"binary":     {0, 1, 2, 3},
		"port":       body("m=audio 99999 RTP/AVP 8"),
		"words":      body("m=audio 4"),
		"c":          body("c=IN IP5 1", "m=audio 4 RTP/AVP 8"),
		"rtpmap":     body("m=audio 4 RTP/AVP 8", "a=rtpmap:300 x/1"),
		"media":      body(many...),
		"size":       body("a=" + strings.Repeat("x", maxBody)),
		"lines":      body(strings.Split(strings.Repeat("a=x\n", 600), "\n")...),
	} {
		if _, _, err := session(t, Policy{Security: Accepted}, here).Answer(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	s := session(t, Policy{}, here)
	_, a, err := s.Answer(body("m=audio 4000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+inline(AESCM80, 'k')))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(verb, *a); strings.Contains(out, "kkkk") || strings.Contains(out, "107 107") {
			t.Errorf("%s prints the key: %s", verb, out)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(body("m=audio 4000 RTP/SAVP 8 0 101", "a=rtpmap:101 telephone-event/8000", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+inline(AESCM80, 1)+"|2^20|1:4 WSH=64", "a=rtcp-mux", "a=sendonly"))
	f.Add(body("m=video 4000 RTP/AVP 96", "m=image 0 udptl t38", "m=audio 4 RTP/AVP 0", "a=rtcp:5 IN IP4 192.0.2.9"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, security := range []Security{Required, Accepted} {
			s, err := New(Policy{Security: security}, here, rand.NewChaCha8([32]byte{}))
			if err != nil {
				t.Fatal(err)
			}
			answer, a, err := s.Answer(b)
			if err == nil {
				if security == Required && a.Suite == None {
					t.Errorf("plain was agreed")
				}
				if !a.Remote.Addr().Is4() || a.Remote.Port() == 0 {
					t.Errorf("remote %v", a.Remote)
				}
				if d, err := read(answer); err != nil || strings.Contains(d.media[s.audio].protocol, "SAVP") != (strings.Contains(s.protocol, "SAVP")) {
					t.Errorf("our own answer: %v", err)
				}
			}
			if _, err := s.Offer(); err != nil {
				t.Fatal(err)
			}
			_, _ = s.Accept(b)
		}
	})
}
