package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/setup"
)

// What a rule for all connections does not allow of the settings is refused with each, and
// a stricter one is looked at before it is set.
func TestTheEncryptionRuleHoldsForTheSettings(t *testing.T) {
	dir := t.TempDir()
	lines := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("lines:\n  - name: lisbon\n    country: PT\n    sources: [203.0.113.1]\n"+content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, weak := pair(t, dir, "good", ecdsaKey(t, elliptic.P256())), pair(t, dir, "weak", rsaKey(t, 2048))
	gateway := "    gateways: [{host: sip.operator.example, transport: "
	for name, c := range map[string]struct {
		set              func(*Config)
		required, strong []string
	}{
		"nothing":            {func(*Config) {}, nil, nil},
		"SIP by TLS":         {func(c *Config) { c.SIP.Listen = []string{"tls://127.0.0.1:5061"} }, nil, nil},
		"SIP by UDP":         {func(c *Config) { c.SIP.Listen = []string{"tls://127.0.0.1:5061", "udp://127.0.0.1:5060"} }, []string{"sip.listen"}, []string{"sip.listen"}},
		"SIP by TCP":         {func(c *Config) { c.SIP.Listen = []string{"tcp://127.0.0.1:5060"} }, []string{"sip.listen"}, []string{"sip.listen"}},
		"challenges by HTTP": {func(c *Config) { c.TLS.ACME.Listen = "0.0.0.0:80" }, []string{"tls.acme.listen"}, []string{"tls.acme.listen"}},
		"TURN by TLS":        {turn("turns:turn.example.com:5349"), nil, nil},
		"STUN by TLS":        {turn("stuns:turn.example.com:5349", "turns:turn.example.com:5349"), nil, nil},
		"TURN in the clear":  {turn("turn:turn.example.com:3478", "turns:turn.example.com:5349"), []string{"sound.ice.servers"}, []string{"sound.ice.servers"}},
		"STUN in the clear":  {turn("stun:turn.example.com:3478", "turns:turn.example.com:5349"), []string{"sound.ice.servers"}, []string{"sound.ice.servers"}},
		"lines by TLS":       {func(c *Config) { c.SIP.Lines = lines("tls.yaml", gateway+"tls}]\n") }, nil, nil},
		"lines by UDP":       {func(c *Config) { c.SIP.Lines = lines("udp.yaml", gateway+"udp}]\n") }, []string{"lines[0].gateways[0].transport"}, []string{"lines[0].gateways[0].transport"}},
		"plain lines": {func(c *Config) {
			c.SIP.Lines = lines("plain.yaml", gateway+"tls}]\n    encryption: plain\n    confirm_plain: true\n")
		}, []string{"lines[0].encryption"}, []string{"lines[0].encryption"}},
		"lines with MD5": {func(c *Config) { c.SIP.Lines = lines("md5.yaml", gateway+"tls}]\n    allow_md5: true\n") }, nil, []string{"lines[0].allow_md5"}},
		"lines with CM": {func(c *Config) {
			c.SIP.Lines = lines("cm.yaml", gateway+"tls}]\n    srtp: [AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_32]\n")
		}, nil, []string{"lines[0].srtp[1]"}},
		"a strong key": {func(c *Config) { c.TLS.Certificate, c.TLS.Key = good+".pem", good+".key" }, nil, nil},
		"a weak key":   {func(c *Config) { c.TLS.Certificate, c.TLS.Key = weak+".pem", weak+".key" }, nil, []string{"tls.certificate"}},
		"a weak key for logs": {func(c *Config) {
			c.Log.Syslog, c.Log.Certificate, c.Log.Key = "tls://logs.example:6514", weak+".pem", weak+".key"
		}, nil, []string{"log.certificate"}},
		"no file of a key":  {func(c *Config) { c.TLS.Certificate, c.TLS.Key = good+".none", good+".none" }, nil, nil},
		"any password":      {postgres("postgres://u@db.example/n?sslmode=verify-full"), nil, []string{"database.url"}},
		"MD5 among others":  {postgres("postgres://u@db.example/n?require_auth=scram-sha-256,md5"), nil, []string{"database.url"}},
		"anything but none": {postgres("postgres://u@db.example/n?require_auth=!none"), nil, []string{"database.url"}},
		"SCRAM":             {postgres("postgres://u@db.example/n?require_auth=scram-sha-256"), nil, nil},
		"a certificate":     {postgres("postgres://u@db.example/n?require_auth=none"), nil, nil},
		"anything but MD5":  {postgres("postgres://u@db.example/n?require_auth=!md5,!password"), nil, nil},
	} {
		for rule, want := range map[setup.EncryptionRule][]string{setup.RuleChosen: nil, setup.RuleRequired: c.required, setup.RuleStrong: c.strong} {
			conf, err := Default()
			if err != nil {
				t.Fatal(err)
			}
			c.set(conf)
			if err := conf.Check(nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			would := conf.Broken(rule)
			if rule != setup.RuleChosen && !slices.Equal(would, want) {
				t.Errorf("%s: %s would refuse %v, and not %v", name, rule, would, want)
			}
			conf.Encryption.Connections = string(rule)
			var got []string
			if err := conf.Check(nil); err != nil {
				for _, m := range err.(Mistakes) {
					got = append(got, m.Key)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s refuses %v, and not %v", name, rule, got, want)
			}
		}
	}
	if _, err := parse(t, "--encryption-connections", "sometimes"); err == nil {
		t.Error("a rule that is none was taken")
	}
	if c, err := parse(t); err != nil || c.Encryption.Rule() != setup.RuleChosen || c.Encryption.Memory != "any" {
		t.Error(err)
	}
}

func turn(servers ...string) func(*Config) {
	return func(c *Config) {
		c.Sound.ICE.Servers, c.Sound.ICE.Secret = servers, Secret{secret.New("sixteen characters")}
	}
}

func postgres(url string) func(*Config) {
	return func(c *Config) { c.Database.Driver, c.Database.URL = "postgres", Secret{secret.New(url)} }
}

func ecdsaKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificate(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// pair writes a certificate and its key, and gives the path without .pem and .key.
func pair(t *testing.T, dir, name string, key crypto.Signer) string {
	t.Helper()
	path := filepath.Join(dir, name)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for end, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: certificate(t, key)}, ".key": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(path+end, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// Keys count by their security, as NIST does (SP 800-57 part 1, table 2).
func TestKeysOfCertificatesCountByTheirSecurity(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key    crypto.Signer
		strong bool
	}{
		"P-224": {ecdsaKey(t, elliptic.P224()), false}, "P-256": {ecdsaKey(t, elliptic.P256()), true}, "P-384": {ecdsaKey(t, elliptic.P384()), true},
		"RSA 2048": {rsaKey(t, 2048), false}, "RSA 3072": {rsaKey(t, 3072), true}, "Ed25519": {edwards, true},
	} {
		if err := StrongKey(&tls.Certificate{Certificate: [][]byte{certificate(t, c.key)}}); (err == nil) != c.strong {
			t.Errorf("%s: %v", name, err)
		}
	}
	if StrongKey(&tls.Certificate{}) == nil || StrongKey(&tls.Certificate{Certificate: [][]byte{{1}}}) == nil {
		t.Error("what is no certificate is strong")
	}
}
