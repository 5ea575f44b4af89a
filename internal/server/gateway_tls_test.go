package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/core/setup"
)

// private makes a certificate for 127.0.0.1 that only who has its file trusts.
func private(t *testing.T) (cert tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	must(t, err)
	file = filepath.Join(t.TempDir(), "operators.pem")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// A gateway of a private authority is reached by TLS where that is trusted, and
// nowhere else.
func TestGatewaysOfAPrivateAuthority(t *testing.T) {
	cert, file := private(t)
	for name, authority := range map[string]string{"trusted": file, "not trusted": ""} {
		t.Run(name, func(t *testing.T) {
			conf := settings(t, t.TempDir())
			conf.TLS.Mode, conf.SIP.Authority = "off", authority
			node := telephony(t, conf)
			must(t, conf.Check(nil))
			n := start(t, conf, nil)
			acme, _ := house(t, n)
			acme.agent(t, "bo")
			bo, _ := acme.ready(t, "bo")
			arrived := make(chan *sip.Leg, 8)
			op := &exchange{node: node}
			op.ep = sip.New(sip.Config{Listeners: []sip.Listener{{Transport: sip.TLS, Address: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}}, Timers: dialog.Usual},
				everybody{func(l *sip.Leg) { l.Events(func(sip.Event) {}); arrived <- l }})
			must(t, op.ep.Start(t.Context()))
			t.Cleanup(func() { _ = op.ep.Stop(t.Context()) })
			op.here = netip.MustParseAddrPort(op.ep.Address(0))
			acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) {
				v.Outgoing, v.Gateways[0].Transport = setup.TrunkOutgoing{Allowed: true}, "tls"
			})
			var made struct{ Interaction string }
			must(t, bo.Do(t.Context(), "POST", "calls", m{"number": "210000007", "queue": acme.queue}, &made))
			if authority == "" {
				within(t, "the call that could not leave is not noted", func() bool {
					for _, l := range acme.legs(t, made.Interaction) {
						if l.Part == "callee" && !l.EndedAt.IsZero() && l.AnsweredAt.IsZero() {
							return true
						}
					}
					return false
				})
				if len(arrived) > 0 {
					t.Error("a gateway that nobody vouches for was called")
				}
				return
			}
			leg := wait(t, arrived)
			if transport, _ := leg.Source(); transport != sip.TLS {
				t.Errorf("it came by %s", transport)
			}
			leg.Reject(486, sip.Reason{Q850: 17})
			wrapsUp(t, bo, made.Interaction)
		})
	}
}
