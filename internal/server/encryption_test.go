package server

import (
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"nubitalk/internal/api"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
)

// overTLS is an exchange that calls by TLS and is called so.
func overTLS(t *testing.T, node sip.Target, cert tls.Certificate, incoming func(*sip.Leg)) *exchange {
	t.Helper()
	o := &exchange{node: node}
	o.ep = sip.New(sip.Config{Listeners: []sip.Listener{{Transport: sip.TLS, Address: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}},
		ClientTLS: func(string) *tls.Config { return &tls.Config{InsecureSkipVerify: true} }, // whoever this node is, is not what is tried
		Timers:    dialog.Usual}, everybody{incoming})
	must(t, o.ep.Start(t.Context()))
	t.Cleanup(func() { _ = o.ep.Stop(t.Context()) })
	o.here = netip.MustParseAddrPort(o.ep.Address(0))
	return o
}

// What organisations set up while they might choose does not work under the operator's
// rule, and says why; no other of the kind can be made; what is encrypted by today's ways
// works. Before, the operator sees what would stop.
func TestTheEncryptionRuleHoldsForEverybody(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		cert, authority := private(t)
		safe, plain := freePort(t), freePort(t)
		conf.SIP.Authority = authority
		conf.SIP.Listen = []string{"tls://127.0.0.1:" + strconv.Itoa(safe), "udp://127.0.0.1:" + strconv.Itoa(plain)}
		byTLS, byUDP := sip.Target{Transport: sip.TLS, Host: "127.0.0.1", Port: safe, Fixed: true}, sip.Target{Transport: sip.UDP, Host: "127.0.0.1", Port: plain}
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		op, old := overTLS(t, byTLS, cert, nil), newExchange(t, byUDP, nil)
		acme.agent(t, "bo")

		oldTrunk := setup.Trunk{Name: "Old lines", Enabled: true, Country: "PT", Sources: []string{"127.0.0.1"}, Encryption: setup.EncryptionPlain, AllowMD5: true,
			Gateways: []setup.TrunkGateway{{Host: "127.0.0.1", Port: int(old.here.Port()), Transport: "udp"}}, Numbers: []setup.TrunkNumber{{Number: "+351210000002", EntryPoint: entry}}}
		made, err := n.parts.setup.CreateWith(ctx, acme.admin, setup.KindTrunk, mustJSON(t, oldTrunk), appsetup.Extra{Plain: true})
		must(t, err)
		acme.works(t, made.ID)
		bare, bareWord := acme.plainPhone(t, "Plain", "", "31")
		weak, weakWord := books.phone(t, setup.Phone{Name: "Weak", Enabled: true, Encryption: setup.EncryptionRequired, AllowMD5: true})
		off, err := n.parts.setup.CreateWith(ctx, books.admin, setup.KindPhone, mustJSON(t, setup.Phone{Name: "Off", Encryption: setup.EncryptionPlain}), appsetup.Extra{Plain: true})
		must(t, err)
		call := old.dial(t, "+351210000002", "+351930000007", negotiate.Policy{Security: negotiate.Plain})
		await[sip.Answered](t, call)
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)

		operator := access.Actor{}
		would, err := n.Encryption(ctx, operator)
		must(t, err)
		acmes, bookss := api.EncryptionBroken{ID: string(acme.ID), Name: acme.Name, Trunks: 1, Phones: 1}, api.EncryptionBroken{ID: string(books.ID), Name: books.Name, Phones: 1}
		want := api.EncryptionView{Connections: "chosen", Memory: "any", Rules: []api.EncryptionEffect{
			{Rule: "required", Settings: []string{"sip.listen"}, Trunks: 1, Phones: 1, Organisations: []api.EncryptionBroken{acmes}},
			{Rule: "strong", Settings: []string{"sip.listen"}, Trunks: 1, Phones: 2, Organisations: []api.EncryptionBroken{acmes, bookss}},
		}}
		if conf.Database.Driver == "postgres" {
			want.Rules[1].Settings = []string{"sip.listen", "database.url", "keys.url"}
		}
		if got, wanted := string(mustJSON(t, would)), string(mustJSON(t, want)); got != wanted {
			t.Errorf("what would stop: %s\nand not %s", got, wanted)
		}

		n.stop(t)
		conf.Encryption.Connections = "strong"
		n = start(t, conf, nil) // config.Check refuses the listener for UDP; a request that comes by one all the same gets nowhere
		acme.node, books.node = n, n
		view, err := n.System(ctx, operator)
		must(t, err)
		if view.Encrypts != "strong" {
			t.Errorf("the operator is told %q", view.Encrypts)
		}
		within(t, "the trunk does not say why it stands still", func() bool {
			st, err := n.parts.telephone.TrunkState(ctx, acme.ID, made.ID)
			return err == nil && !st.Running && slices.Equal(st.NotAllowed, []string{"encryption", "gateways[0].transport", "allow_md5"})
		})
		for account, c := range map[string]*company{bare: acme, weak: books} {
			st, err := n.parts.telephone.PhoneState(ctx, c.ID, setup.PhoneOf(account))
			if err != nil || len(st.NotAllowed) != 1 {
				t.Errorf("%s: %v, %v", account, st.NotAllowed, err)
			}
		}
		if logged := n.logs.String(); !strings.Contains(logged, "a trunk carries no calls") || !strings.Contains(logged, "a phone is not let in") {
			t.Error("the log does not say what stands still")
		}

		// Nothing of the kind is made, changed but for the better, or taken into use again.
		refusedAt := func(what string, err error, paths ...string) {
			t.Helper()
			var got []string
			for _, f := range errs.As(err).Fields {
				got = append(got, f.Path)
			}
			if !errs.Is(err, errs.Invalid) || !slices.Equal(got, paths) {
				t.Errorf("%s: %v", what, err)
			}
		}
		oldTrunk.Name, oldTrunk.Numbers = "More old lines", nil
		_, err = n.parts.setup.CreateWith(ctx, books.admin, setup.KindTrunk, mustJSON(t, oldTrunk), appsetup.Extra{Plain: true})
		refusedAt("another old trunk", err, "encryption", "gateways[0].transport", "allow_md5")
		now, err := n.parts.setup.Get(ctx, acme.admin, setup.KindTrunk, made.ID)
		must(t, err)
		_, err = n.parts.setup.Put(ctx, acme.admin, setup.KindTrunk, made.ID, now.Version, json.RawMessage(strings.Replace(string(now.Body), "Old lines", "Lines", 1)))
		refusedAt("a change of another field", err, "encryption", "gateways[0].transport", "allow_md5")
		must(t, n.parts.setup.Archive(ctx, books.admin, setup.KindPhone, off.ID, off.Version))
		_, err = n.parts.setup.Restore(ctx, books.admin, setup.KindPhone, off.ID, off.Version+1)
		refusedAt("a plain phone from the archive", err, "encryption")
		short := setup.Trunk{Name: "Short tags", Enabled: true, Country: "PT", SRTP: []string{"AES_CM_128_HMAC_SHA1_80"}}
		_, err = n.parts.setup.CreateWith(ctx, books.admin, setup.KindTrunk, mustJSON(t, short), appsetup.Extra{})
		refusedAt("a suite with short tags", err, "srtp[0]")

		// The old trunk carries nothing, and the old phones are not let in.
		fails := func(what string, d *dialled, code int) {
			t.Helper()
			if f := await[sip.Failed](t, d); f.Code != code {
				t.Errorf("%s: %d", what, f.Code)
			}
		}
		fails("a call to the old trunk", op.dial(t, "+351210000002", "+351930000007", negotiate.Policy{}), 401)
		acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Name, v.Gateways[0].Transport = "New lines", "tls" })
		fails("sound in the clear", op.dial(t, "+351210000001", "+351930000007", negotiate.Policy{Security: negotiate.Plain}), 488)
		fails("short tags", op.dial(t, "+351210000001", "+351930000007", negotiate.Policy{Suites: []negotiate.Suite{negotiate.AESCM80, negotiate.AESCM32}}), 488)
		fails("a call by UDP", old.dial(t, "+351210000001", "+351930000007", negotiate.Policy{}), 403)
		handsets := map[string]*sip.Registering{
			"a plain phone":      op.register(t, bare, conf.SIP.Realm, bareWord),
			"a phone with MD5":   md5(t, op, weak, conf.SIP.Realm, weakWord),
			"one that is no-one": op.register(t, "phn_nobody.md5", conf.SIP.Realm, weakWord),
		}
		for what, r := range handsets {
			within(t, what+" is not refused", func() bool { code, _ := r.Answer(); return code == 403 || code == 401 })
			if r.State() == gateway.Registered {
				t.Errorf("%s is registered", what)
			}
		}

		// By TLS, SHA-256 and AES-GCM all works: tones both ways, and a phone that registers.
		bo, _ := acme.ready(t, "bo")
		call = op.dial(t, "+351210000001", "+351930000007", negotiate.Policy{})
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		if suite := call.Agreed().Suite; suite != negotiate.AES256GCM {
			t.Errorf("the call is encrypted by %q", suite)
		}
		call.Talk(500)
		must(t, call.Press('2'))
		offer, interaction := acme.offered(t, bo)
		agent := acme.agentSound(t, bo, interaction)
		agent.Talk(900)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		listens(t, "the agent", agent, []float64{500}, 900)
		call.hears(t, "the caller", []float64{900}, 500)
		call.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, interaction)
		account, password := acme.phone(t, setup.Phone{Name: "New", Enabled: true, Encryption: setup.EncryptionRequired})
		registered(t, op.register(t, account, conf.SIP.Realm, password))
		fromUDP := old.register(t, account, conf.SIP.Realm, password)
		within(t, "a phone is let in by UDP", func() bool { code, _ := fromUDP.Answer(); return code == 403 })
		if p, ok := n.parts.telephone.Phone(account); !ok || !slices.Equal(p.Media.Suites, negotiate.Strong()) {
			t.Errorf("a phone may speak %v", p.Media.Suites)
		}
	})
}

// md5 has a phone register that would prove its password with MD5, too.
func md5(t *testing.T, o *exchange, account, realm string, password secret.Text) *sip.Registering {
	t.Helper()
	aor := wire.NewURI("sip", account, "house.example", 0, "")
	r := o.ep.Register(sip.RegisterRequest{Registrar: wire.NewURI("sip", "", o.node.Host, o.node.Port, ""), AOR: aor, ContactUser: account, Hop: o.node,
		Credentials: auth.Credentials{Realms: []string{realm}, Username: secret.New(account), Password: password, MD5: true}}, nil)
	t.Cleanup(r.Stop)
	return r
}

// A machine whose memory may not be encrypted is refused where the operator asks for one
// that is, before anything is opened.
func TestAMachineWithoutEncryptedMemoryIsRefused(t *testing.T) {
	ordinary := fstest.MapFS{}
	confidential := fstest.MapFS{"sys/class/misc/sev-guest/dev": &fstest.MapFile{}}
	for name, c := range map[string]struct {
		memory  string
		machine fstest.MapFS
		starts  bool
	}{
		"nobody asks":   {"any", ordinary, true},
		"it is not":     {"encrypted", ordinary, false},
		"AMD encrypts":  {"encrypted", confidential, true},
		"both are well": {"any", confidential, true},
	} {
		t.Run(name, func(t *testing.T) {
			conf := settings(t, t.TempDir())
			conf.Encryption.Memory = c.memory
			must(t, conf.Check(nil))
			if c.starts {
				n := start(t, conf, func(s *Server) { s.machine = c.machine })
				if v, err := n.System(t.Context(), access.Actor{}); err != nil || (v.Memory != "") != (len(c.machine) > 0) {
					t.Error(v.Memory, err)
				}
				return
			}
			s := New(conf, slog.New(slog.DiscardHandler))
			s.machine = c.machine
			if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "encryption.memory") {
				t.Error(err)
			}
			if s.data != nil {
				t.Error("the folder of data was opened")
			}
		})
	}
}
