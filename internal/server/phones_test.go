package server

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
)

// plainPhone gives a tenant a phone that may register without TLS, and its
// password.
func (c *company) plainPhone(t *testing.T, name, user, extension string) (account string, password secret.Text) {
	t.Helper()
	id, password := c.phone(t, setup.Phone{Name: name, Enabled: true, User: user, Extension: extension, Encryption: setup.EncryptionPlain})
	return id, password
}

func (c *company) phone(t *testing.T, v setup.Phone) (account string, password secret.Text) {
	t.Helper()
	made, err := c.node.parts.setup.CreateWith(t.Context(), c.admin, setup.KindPhone, mustJSON(t, v), appsetup.Extra{Plain: true})
	must(t, err)
	password, err = c.node.parts.setup.MakePhonePassword(t.Context(), c.admin, made.ID)
	must(t, err)
	within(t, "the phone is not at work", func() bool { _, ok := c.node.parts.telephone.Phone(v.PhoneAccount(made.ID)); return ok })
	return v.PhoneAccount(made.ID), password
}

// register has a phone's own end register until the test ends.
func (o *exchange) register(t *testing.T, account, realm string, password secret.Text) *sip.Registering {
	t.Helper()
	aor := wire.NewURI("sip", account, "house.example", 0, "")
	r := o.ep.Register(sip.RegisterRequest{Registrar: wire.NewURI("sip", "", o.node.Host, o.node.Port, ""), AOR: aor, ContactUser: account, Hop: o.node,
		Credentials: auth.Credentials{Realms: []string{realm}, Username: secret.New(account), Password: password}}, nil)
	t.Cleanup(r.Stop)
	return r
}

func registered(t *testing.T, r *sip.Registering) {
	t.Helper()
	within(t, "the phone is not registered", func() bool { return r.State() == gateway.Registered })
}

func phonePlaces(t *testing.T, c *company, phone string) int {
	t.Helper()
	st, err := c.node.parts.telephone.PhoneState(t.Context(), c.ID, setup.PhoneOf(phone))
	must(t, err)
	return len(st.Bindings)
}

func TestPhonesRegister(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		boID := acme.agent(t, "bo")
		account, password := acme.plainPhone(t, "Bo's", boID, "21")
		other, _ := books.plainPhone(t, "Theirs", "", "21") // another tenant may have the same extension
		safe, safeWord := acme.phone(t, setup.Phone{Name: "Only by TLS", Enabled: true, Encryption: setup.EncryptionRequired})

		phone := newExchange(t, node, nil)
		here := phone.register(t, account, conf.SIP.Realm, password)
		registered(t, here)
		if phonePlaces(t, acme, account) != 1 || phonePlaces(t, books, account) != 0 || phonePlaces(t, books, other) != 0 {
			t.Error("the phone is not where it should be")
		}
		for what, r := range map[string]*sip.Registering{
			"a wrong password":          phone.register(t, account, conf.SIP.Realm, secret.New("guessed")),
			"another tenant's password": phone.register(t, other, conf.SIP.Realm, password),
			"nobody":                    phone.register(t, "phn_nobody", conf.SIP.Realm, password),
			"without TLS":               phone.register(t, safe, conf.SIP.Realm, safeWord),
		} {
			within(t, what+" is not refused", func() bool { code, _ := r.Answer(); return code == 403 })
		}
		// What is not asked for in the set-up is refused by it.
		_, err := n.parts.setup.CreateWith(ctx, acme.admin, setup.KindPhone, mustJSON(t, setup.Phone{Name: "Plain", Encryption: setup.EncryptionPlain}), appsetup.Extra{})
		if err == nil {
			t.Error("a plain phone was not asked to be confirmed")
		}
		_, err = n.parts.setup.CreateWith(ctx, acme.admin, setup.KindPhone, mustJSON(t, setup.Phone{Name: "Same", Extension: "21"}), appsetup.Extra{})
		if err == nil {
			t.Error("two phones have one extension")
		}

		// A new password ends the registration; so does its user's end.
		_, err = n.parts.setup.MakePhonePassword(ctx, acme.admin, account)
		must(t, err)
		within(t, "the phone is registered still", func() bool { return phonePlaces(t, acme, account) == 0 })
		again, err := n.parts.setup.MakePhonePassword(ctx, acme.admin, account)
		must(t, err)
		within(t, "the new password is not known", func() bool {
			p, _ := n.parts.telephone.Secret(conf.SIP.Realm, account)
			return p.SHA256.Equal(auth.NewSecret(account, conf.SIP.Realm, again, false).SHA256)
		})
		registered(t, phone.register(t, account, conf.SIP.Realm, again))
		must(t, n.parts.accounts.DeleteUser(ctx, acme.admin, boID))
		within(t, "the phone of a user who left is registered still", func() bool { return phonePlaces(t, acme, account) == 0 })
		o, err := n.parts.setup.Get(ctx, acme.admin, setup.KindPhone, account)
		must(t, err)
		if s := string(o.Body); !strings.Contains(s, `"enabled":false`) || !strings.Contains(s, `"user":""`) {
			t.Errorf("the phone of a user who left: %s", s)
		}
	})
}

// Who does not know a password learns from no answer whether an account exists,
// nor whose it is, and who guesses is no longer answered.
func TestPhonesAreNotEnumerated(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		known, password := acme.plainPhone(t, "Known", "", "21")
		theirs, _ := books.plainPhone(t, "Theirs", "", "22")
		off, _ := acme.phone(t, setup.Phone{Name: "Off", Enabled: true, Encryption: setup.EncryptionPlain})
		o, err := n.parts.setup.Get(t.Context(), acme.admin, setup.KindPhone, off)
		must(t, err)
		_, err = n.parts.setup.Put(t.Context(), acme.admin, setup.KindPhone, off, o.Version, []byte(strings.Replace(string(o.Body), `"enabled":true`, `"enabled":false`, 1)))
		must(t, err)
		within(t, "the phone is in use still", func() bool { _, ok := n.parts.telephone.Phone(off); return !ok })

		raw, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", node.Port))
		must(t, err)
		defer raw.Close()
		count, most := 0, 2*time.Minute
		ask := func(method, account, authorization string) string {
			t.Helper()
			count++
			if authorization != "" {
				authorization = "Authorization: " + authorization + "\r\n"
			}
			uri := "sip:house.example"
			if method == wire.Invite {
				uri = "sip:21@house.example"
			}
			if method == wire.Subscribe {
				authorization += "Event: message-summary\r\nExpires: 600\r\n"
			}
			_, err := fmt.Fprintf(raw, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: <sip:%s@house.example>;tag=1\r\nTo: <sip:%s@house.example>\r\nCall-ID: %d\r\nCSeq: 1 %s\r\nContact: <sip:x@127.0.0.1>\r\n%sContent-Length: 0\r\n\r\n",
				method, uri, count, account, account, count, method, authorization)
			must(t, err)
			buf := make([]byte, 4096)
			must(t, raw.SetReadDeadline(time.Now().Add(most)))
			for {
				size, err := raw.Read(buf)
				if err != nil {
					return "nothing"
				}
				if answer := string(buf[:size]); strings.Contains(answer, fmt.Sprintf("Call-ID: %d\r\n", count)) {
					return answer
				} // and what refuses an earlier call is repeated, as nothing acknowledges it
			}
		}
		nonce := regexp.MustCompile(`(?m)^WWW-Authenticate: (.*)\r$`)
		own := regexp.MustCompile(`(?m)(z9hG4bK\d+|rport=\d+|nonce="[^"]*"|;tag=[0-9a-f]{8,}|^Call-ID: .*|phn_[0-9a-z.]*)`)
		for _, method := range []string{wire.Register, wire.Invite, wire.Subscribe} {
			seen := map[string]bool{}
			wrong := map[string]bool{}
			for _, account := range []string{known, theirs, off, "phn_01jd0000000000000000000000", "phn_"} {
				first := ask(method, account, "")
				found := nonce.FindStringSubmatch(first)
				if found == nil {
					t.Fatalf("%s of %s: %s", method, account, first)
				}
				uri := "sip:house.example"
				if method == wire.Invite {
					uri = "sip:21@house.example"
				}
				value, _, err := auth.Answer([]string{found[1]}, auth.Request{Method: method, URI: uri, Cnonce: "c", Count: 1},
					auth.Credentials{Realms: []string{conf.SIP.Realm}, Username: secret.New(account), Password: secret.New("guessed")})
				must(t, err)
				second := ask(method, account, value)
				if !strings.HasPrefix(second, "SIP/2.0 403 ") {
					t.Errorf("%s of %s with a wrong password: %s", method, account, second)
				}
				seen[own.ReplaceAllString(first, "…")] = true
				wrong[own.ReplaceAllString(second, "…")] = true
			}
			if len(seen) != 1 || len(wrong) != 1 {
				t.Errorf("%s tells accounts apart:\n%v\n%v", method, seen, wrong)
			}
		}
		// Guessing ends without an answer; a registered phone goes on.
		phone := newExchange(t, node, nil)
		registered(t, phone.register(t, known, conf.SIP.Realm, password))
		last := ""
		most = 5 * time.Second
		for range 40 {
			found := nonce.FindStringSubmatch(ask(wire.Register, known, ""))
			if found == nil {
				last = "nothing"
				break
			}
			value, _, err := auth.Answer([]string{found[1]}, auth.Request{Method: wire.Register, URI: "sip:house.example", Cnonce: "c", Count: 1},
				auth.Credentials{Realms: []string{conf.SIP.Realm}, Username: secret.New(known), Password: secret.New("guessed")})
			must(t, err)
			if last = ask(wire.Register, known, value); last == "nothing" {
				break
			}
		}
		if last != "nothing" {
			t.Error("guessing is answered for ever")
		}
		if phonePlaces(t, acme, known) != 1 {
			t.Error("guessing ended a registration")
		}
	})
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return b
}
