package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strings"

	"nubitalk/internal/core/setup"
)

// checkEncryption tells which settings a rule for all connections does not allow. What
// is encrypted but on loopback whatever the rule says, is checked with its own setting.
func (c *Config) checkEncryption(k *checker, rule setup.EncryptionRule) {
	if rule.Encrypted() {
		for _, l := range c.SIP.Listen {
			if transport, _, ok := SIPListener(l); ok && transport != "tls" {
				k.wrong("sip.listen", "%q must be like tls://0.0.0.0:5061, because encryption.connections is %s.", l, rule)
			}
		}
		if c.TLS.ACME.Listen != "" {
			k.wrong("tls.acme.listen", "answers over plain HTTP; leave it out, because encryption.connections is %s: the authority then asks on port 443 of the main address.", rule)
		}
		for _, s := range c.Sound.ICE.Servers {
			if scheme, _, _ := strings.Cut(s, ":"); scheme != "turns" && scheme != "stuns" {
				k.wrong("sound.ice.servers", "%q must begin with turns: or stuns:, because encryption.connections is %s.", s, rule)
			}
		}
	}
	if rule.Strong() {
		c.checkStrong(k)
	}
}

func (c *Config) checkStrong(k *checker) {
	for _, f := range []struct{ setting, certificate, key string }{
		{"tls.certificate", c.TLS.Certificate, c.TLS.Key}, {"log.certificate", c.Log.Certificate, c.Log.Key}, {"bus.certificate", c.Bus.Certificate, c.Bus.Key},
	} {
		if f.certificate == "" {
			continue
		}
		// What cannot be read is told elsewhere.
		if pair, err := tls.LoadX509KeyPair(f.certificate, f.key); err == nil && StrongKey(&pair) != nil {
			k.wrong(f.setting, "%s has a key of less than 128 bits of security; with encryption.connections strong, it must be of ECDSA, Ed25519, or RSA with 3072 bits or more.", f.certificate)
		}
	}
	for _, d := range []struct {
		setting, driver string
		url             Secret
	}{{"database.url", c.Database.Driver, c.Database.URL}, {"keys.url", c.Keys.Driver, c.Keys.URL}} {
		if d.driver == "postgres" && !d.url.Empty() && mayUseMD5(d.url.Reveal()) {
			k.wrong(d.setting, "must say how the password is proven, and not with MD5, because encryption.connections is strong: add require_auth=scram-sha-256.")
		}
	}
}

// mayUseMD5 says whether an address of PostgreSQL lets the server ask for a password by
// MD5 (require_auth, as libpq has it).
func mayUseMD5(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false // told elsewhere
	}
	ways := strings.Split(u.Query().Get("require_auth"), ",")
	for i := range ways {
		ways[i] = strings.TrimSpace(ways[i])
	}
	if ways[0] == "" || strings.HasPrefix(ways[0], "!") {
		return !slices.Contains(ways, "!md5")
	}
	return slices.Contains(ways, "md5")
}

var errWeakKey = errors.New("the certificate's key has less than 128 bits of security")

// StrongKey refuses a certificate whose key gives less than 128 bits of security (NIST SP
// 800-57 part 1, table 2).
func StrongKey(c *tls.Certificate) error {
	var public crypto.PublicKey
	if leaf := c.Leaf; leaf != nil {
		public = leaf.PublicKey
	} else if len(c.Certificate) > 0 {
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			return err
		}
		public = leaf.PublicKey
	}
	switch key := public.(type) {
	case ed25519.PublicKey:
		return nil
	case *ecdsa.PublicKey:
		if key.Params().BitSize >= 256 {
			return nil
		}
	case *rsa.PublicKey:
		if key.N.BitLen() >= 3072 {
			return nil
		}
	}
	return errWeakKey
}

// Broken are the settings, each once, that a rule for all connections would not allow:
// the program would not start with them.
func (c *Config) Broken(rule setup.EncryptionRule) []string {
	k := checker{at: func(key, problem string) Mistake { return Mistake{Key: key, Problem: problem} }}
	c.checkEncryption(&k, rule)
	if c.SIP.Lines != "" {
		_, _, err := ReadLines(c.SIP.Lines, rule)
		var wrong Mistakes
		errors.As(err, &wrong)
		k.mistakes = append(k.mistakes, wrong...)
	}
	keys := []string{}
	for _, m := range k.mistakes {
		if m.Key != "" && !slices.Contains(keys, m.Key) {
			keys = append(keys, m.Key)
		}
	}
	return keys
}
