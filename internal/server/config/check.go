package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/core/outside"
	"nubitalk/internal/core/relay"
)

// Check finds what is wrong with the settings together. at says where a setting
// came from; nil is for settings made by a program.
func (c *Config) Check(at func(key, problem string) Mistake) error {
	if at == nil {
		at = func(key, problem string) Mistake { return Mistake{Key: key, Problem: problem} }
	}
	k := checker{at: at}
	k.address("listen", c.Listen, false)
	k.address("metrics.listen", c.Metrics.Listen, true)
	k.address("tls.acme.listen", c.TLS.ACME.Listen, true)
	if c.Data == "" {
		k.wrong("data", "must name a folder.")
	}
	c.checkLog(&k)
	c.checkURL(&k)
	c.checkTLS(&k)
	c.checkStorage(&k)
	c.checkFiles(&k)
	c.checkSound(&k)
	c.checkSIP(&k)
	c.checkEmail(&k)
	c.checkOutside(&k)
	c.checkSignIn(&k)
	c.checkEncryption(&k, c.Encryption.Rule())
	for _, network := range c.Proxy.Trust {
		if _, err := netip.ParsePrefix(network); err != nil {
			k.wrong("proxy.trust", "%q must be a network such as 10.0.0.0/8 or 127.0.0.1/32.", network)
		}
	}
	if c.Metrics.Listen != "" && !Loopback(c.Metrics.Listen) {
		k.wrong("metrics.listen", "must be a loopback address, because metrics are served without a password there. Set metrics.token to read them from elsewhere on the main address.")
	}
	if n := c.Metrics.Token.Len(); n > 0 && n < 16 {
		k.wrong("metrics.token", "must have at least 16 characters.")
	}
	if c.Limits.Connections < 10 {
		k.wrong("limits.connections", "must be at least 10.")
	}
	if !(c.Limits.Calls >= 0 && c.Limits.Calls <= 1000) { // NaN is neither
		k.wrong("limits.calls", "must be between 0 and 1000.")
	}
	if c.Limits.Headers < 4<<10 || c.Limits.Headers > 1<<20 {
		k.wrong("limits.headers", "must be between 4KiB and 1MiB.")
	}
	if c.Limits.Memory != 0 && c.Limits.Memory < 64<<20 {
		k.wrong("limits.memory", "must be 0 or at least 64MiB.")
	}
	if d := c.Drain(); d < time.Second || d > 10*time.Minute {
		k.wrong("stop.drain", "must be between 1s and 10m.")
	}
	return k.mistakes.Err()
}

func (c *Config) checkLog(k *checker) {
	l := &c.Log
	if l.Syslog == "" {
		if l.Audit || l.Authority != "" || l.Certificate != "" || l.Key != "" {
			k.wrong("log.syslog", "must be given, because what goes with it is: the audit log, an authority or a certificate.")
		}
		return
	}
	scheme, address, _ := strings.Cut(l.Syslog, "://")
	host, port, err := net.SplitHostPort(address)
	n, portErr := strconv.Atoi(port)
	switch {
	case scheme != "tls" && scheme != "tcp" || err != nil || portErr != nil || host == "" || n < 1 || n > 65535 || strings.ContainsAny(host, "/@ "):
		k.wrong("log.syslog", "must be an address such as tls://logs.example:6514.")
	case scheme == "tcp" && !Loopback(address):
		k.wrong("log.syslog", "must begin with tls://; what is not encrypted is for loopback only.")
	}
	if _, err := Authorities(l.Authority); err != nil {
		k.wrong("log.authority", "%s must be a file of certificates in PEM that can be read.", l.Authority)
	}
	if (l.Certificate == "") != (l.Key == "") {
		k.wrong("log.certificate", "and log.key must be given together.")
	} else if l.Certificate != "" {
		if _, err := tls.LoadX509KeyPair(l.Certificate, l.Key); err != nil {
			k.wrong("log.certificate", "%s and %s must be a certificate and its key in PEM that can be read.", l.Certificate, l.Key)
		}
	}
}

func (c *Config) checkSound(k *checker) {
	if c.Sound.Address != "" {
		if _, err := netip.ParseAddr(c.Sound.Address); err != nil {
			k.wrong("sound.address", "must be an IP address such as 192.0.2.10 or 0.0.0.0.")
		}
	}
	for _, a := range c.Sound.Public {
		if ip, err := netip.ParseAddr(a); err != nil || ip.IsUnspecified() {
			k.wrong("sound.public", "%q must be an IP address such as 192.0.2.10.", a)
		}
	}
	if c.Sound.Video < 0 || c.Sound.Video > 20_000 {
		k.wrong("sound.video", "must be between 0 and 20000 (kbit/s).")
	}
	if c.Sound.Port < 0 || c.Sound.Port > 65535 {
		k.wrong("sound.port", "must be between 0 and 65535.")
	}
	if from, to, ok := c.Sound.Range(); !ok || c.Sound.Ports != "" && to-from < 9 {
		k.wrong("sound.ports", "must be a range of at least ten ports such as 20000-29999.")
	}
	c.checkICE(k)
}

func (c *Config) checkICE(k *checker) {
	i := &c.Sound.ICE
	for _, s := range i.Servers {
		if err := relay.Check(s); err != nil {
			k.wrong("sound.ice.servers", "%q %v.", s, err)
		}
	}
	switch relays := i.Plan().Relays(); {
	case relays && i.Secret.Empty():
		k.wrong("sound.ice.secret", "must be given for TURN servers: the one that they were set up with (coturn: static-auth-secret).")
	case !relays && !i.Secret.Empty():
		k.wrong("sound.ice.secret", "is for TURN servers; name one in sound.ice.servers, or leave it out.")
	case relays && i.Secret.Len() < 16:
		k.wrong("sound.ice.secret", "must have at least 16 characters.")
	}
	if i.Relay == "only" && !i.Plan().Relays() {
		k.wrong("sound.ice.relay", "only needs a TURN server; name one in sound.ice.servers.")
	}
	if d := time.Duration(i.Lifetime); d < 10*time.Minute || d > 48*time.Hour {
		k.wrong("sound.ice.lifetime", "must be between 10m and 48h.")
	}
}

func (c *Config) checkSIP(k *checker) {
	for _, l := range c.SIP.Listen {
		transport, address, _ := SIPListener(l)
		switch _, _, err := net.SplitHostPort(address); {
		case err != nil || transport == "":
			k.wrong("sip.listen", "%q must be like tls://0.0.0.0:5061, tcp://0.0.0.0:5060 or udp://0.0.0.0:5060.", l)
		case transport == "tls" && c.TLSMode() == "off" && !Loopback(address):
			k.wrong("sip.listen", "%q needs a certificate, but tls.mode is off.", l)
		}
	}
	if strings.ContainsAny(c.SIP.Public, " /@:\"") && net.ParseIP(c.SIP.Public) == nil {
		k.wrong("sip.public", "must be a name or an address without a port, such as sip.example.com.")
	}
	if c.SIP.Realm == "" || strings.ContainsAny(c.SIP.Realm, "\"\\") {
		k.wrong("sip.realm", "must be a word such as nubitalk or a domain.")
	}
	if _, err := Authorities(c.SIP.Authority); err != nil {
		k.wrong("sip.authority", "%s must be a file of certificates in PEM that can be read.", c.SIP.Authority)
	}
	if c.SIP.Lines != "" {
		_, _, err := ReadLines(c.SIP.Lines, c.Encryption.Rule())
		var wrong Mistakes
		errors.As(err, &wrong)
		k.mistakes = append(k.mistakes, wrong...)
	}
	if c.SIP.Calls < 1 || c.SIP.Calls > 100000 {
		k.wrong("sip.calls", "must be between 1 and 100000.")
	}
}

// Authorities are those of a PEM file, besides the machine's own; nil for no file:
// the machine's own.
func Authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // there is none here
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("it holds no certificate")
	}
	return pool, nil
}

// SIPListener takes apart a SIP.Listen; transport is "" where it is none.
func SIPListener(l string) (transport, address string, ok bool) {
	transport, address, ok = strings.Cut(l, "://")
	if !ok || transport != "tls" && transport != "tcp" && transport != "udp" {
		return "", "", false
	}
	return transport, address, true
}

// Range is Ports as numbers; both are 0 for any port.
func (s Sound) Range() (from, to int, ok bool) {
	if s.Ports == "" {
		return 0, 0, true
	}
	first, last, _ := strings.Cut(s.Ports, "-")
	from, err := strconv.Atoi(strings.TrimSpace(first))
	to, toErr := strconv.Atoi(strings.TrimSpace(last))
	return from, to, err == nil && toErr == nil && from >= 1024 && from <= to && to <= 65535
}

// SoundAddress is Sound.Address, or the IP address that Listen names. Listen may
// hold a name: then it is every address.
func (c *Config) SoundAddress() netip.Addr {
	if a, err := netip.ParseAddr(c.Sound.Address); err == nil {
		return a
	}
	host, _, _ := net.SplitHostPort(c.Listen)
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a
	}
	return netip.IPv4Unspecified()
}

type checker struct {
	at       func(key, problem string) Mistake
	mistakes Mistakes
}

func (k *checker) wrong(key, problem string, args ...any) {
	k.mistakes = append(k.mistakes, k.at(key, fmt.Sprintf(problem, args...)))
}

func (k *checker) address(key, s string, mayBeEmpty bool) {
	if s == "" && mayBeEmpty {
		return
	}
	host, port, err := net.SplitHostPort(s)
	n, portErr := strconv.Atoi(port)
	if err != nil || portErr != nil || n < 0 || n > 65535 || strings.ContainsAny(host, "/ ") {
		k.wrong(key, "must be an address and a port such as 127.0.0.1:8443 or 0.0.0.0:443.")
	}
}

// Loopback says whether an address of host and port is reached from this
// machine only. A name other than localhost is not, whatever it stands for.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (c *Config) checkURL(k *checker) {
	users, visitors := checkAddress(k, "url", c.URL), checkAddress(k, "visitors", c.Visitors)
	switch {
	case visitors == nil:
	case c.URL == "":
		k.wrong("visitors", "needs url, the address of the users, on another host name.")
	case users != nil && strings.EqualFold(users.Hostname(), visitors.Hostname()):
		// Another port is no other site: cookies go to all ports of a host name.
		k.wrong("visitors", "must have another host name than url.")
	}
}

// checkAddress is what a setting says that browsers are to be led to; nil where it says nothing that can be taken.
func checkAddress(k *checker, key, address string) *url.URL {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		k.wrong(key, "must be an address without a path such as https://contact.example.")
		return nil
	case u.Scheme != "https" && (u.Scheme != "http" || !Loopback(net.JoinHostPort(u.Hostname(), "0"))):
		k.wrong(key, "must begin with https://; plain http is for loopback only.")
		return nil
	}
	return u
}

// TLSMode is TLS.Mode with "auto" decided.
func (c *Config) TLSMode() string {
	switch {
	case c.TLS.Mode != "" && c.TLS.Mode != "auto":
		return c.TLS.Mode
	case c.TLS.Certificate != "" || c.TLS.Key != "":
		return "files"
	case len(c.TLS.ACME.Domains) > 0:
		return "acme"
	default:
		return "self"
	}
}

func (c *Config) checkTLS(k *checker) {
	t := &c.TLS
	mode := c.TLSMode()
	if t.Mode == "auto" && (t.Certificate != "" || t.Key != "") && len(t.ACME.Domains) > 0 {
		k.wrong("tls.mode", "must be files or acme, because a certificate and ACME domains are both given.")
		return
	}
	switch mode {
	case "off":
		if !Loopback(c.Listen) {
			k.wrong("tls.mode", "off is for loopback only, and %s is reached from elsewhere. Give a certificate (tls.certificate and tls.key) or names for ACME (tls.acme.domains); or listen on 127.0.0.1 behind a proxy on this machine.", c.Listen)
		}
	case "self":
		if !Loopback(c.Listen) {
			k.wrong("listen", "%s is reached from other machines, and no browser would trust a certificate made here. Give one (tls.certificate and tls.key) or names for ACME (tls.acme.domains); or listen on 127.0.0.1.", c.Listen)
		}
	case "files":
		if t.Certificate == "" {
			k.wrong("tls.certificate", "must name the file of the certificate.")
		}
		if t.Key == "" {
			k.wrong("tls.key", "must name the file of the certificate's private key.")
		}
	case "acme":
		c.checkACME(k)
	}
	switch name := t.ECH; {
	case name == "":
	case !fullName(name) || len(name) > 255:
		k.wrong("tls.ech", "%q must be a full host name such as entry.example.", name)
	case mode == "off":
		k.wrong("tls.ech", "is of no use where tls.mode is off: the proxy that speaks TLS with browsers has to do it.")
	case mode == "acme" && !slices.Contains(t.ACME.Domains, name):
		k.wrong("tls.ech", "must be among tls.acme.domains: browsers whose record of DNS is old come to it.")
	}
}

func fullName(d string) bool {
	return !strings.ContainsAny(d, " /:*@") && strings.Contains(d, ".") && net.ParseIP(d) == nil
}

func (c *Config) checkACME(k *checker) {
	a := &c.TLS.ACME
	if len(a.Domains) == 0 {
		k.wrong("tls.acme.domains", "must name the hosts to get certificates for.")
	}
	for _, d := range a.Domains {
		if !fullName(d) {
			k.wrong("tls.acme.domains", "%q must be a full host name such as contact.example.", d)
		}
	}
	if !a.Agree {
		k.wrong("tls.acme.agree", "must be true: read and accept the certificate authority's terms first.")
	}
	if u, err := url.Parse(a.Directory); err != nil || u.Scheme != "https" || u.Host == "" {
		k.wrong("tls.acme.directory", "must be the https address of a certificate authority's directory.")
	}
}

func (c *Config) checkStorage(k *checker) {
	for _, s := range []struct {
		key, driver string
		url         Secret
	}{
		{"database", c.Database.Driver, c.Database.URL}, {"keys", c.Keys.Driver, c.Keys.URL},
	} {
		switch {
		case s.driver == "postgres" && s.url.Empty():
			k.wrong(s.key+".url", "must be given for PostgreSQL, e.g. postgres://nubitalk@db.example/nubitalk.")
		case s.driver == "postgres":
			u, err := url.Parse(s.url.Reveal())
			if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" && u.Query().Get("host") == "" {
				k.wrong(s.key+".url", "must be an address such as postgres://nubitalk@db.example/nubitalk.")
			}
		case !s.url.Empty():
			k.wrong(s.key+".url", "is for PostgreSQL only; set %s.driver to postgres, or leave it out.", s.key)
		}
	}
	if c.Database.Driver == "postgres" && c.Keys.Driver == "postgres" && !c.Keys.URL.Empty() && c.Keys.URL.Equal(c.Database.URL.Text) {
		k.wrong("keys.url", "must be another database than database.url, so that a backup of the one opens nothing of the other.")
	}
	if c.Keys.Root != "" && !c.Keys.Passphrase.Empty() {
		k.wrong("keys.passphrase", "and keys.root are both given; use one.")
	}
	if n := c.Keys.Passphrase.Len(); n > 0 && n < 16 {
		k.wrong("keys.passphrase", "must have at least 16 characters.")
	}
	if !c.Bus.URL.Empty() {
		for part := range strings.SplitSeq(c.Bus.URL.Reveal(), ",") {
			u, err := url.Parse(strings.TrimSpace(part))
			if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
				k.wrong("bus.url", "must be a list of addresses such as tls://nats1.example:4222.")
				break
			}
		}
		if c.Database.Driver == "sqlite" {
			k.wrong("bus.url", "is for several nodes, which need PostgreSQL: set database.driver to postgres.")
		}
	} else if c.Bus.Credentials != "" || c.Bus.Authority != "" || c.Bus.Certificate != "" {
		k.wrong("bus.url", "must be given, because credentials, an authority or a certificate for a cluster are.")
	}
	if (c.Bus.Certificate == "") != (c.Bus.Key == "") {
		k.wrong("bus.certificate", "and bus.key must be given together.")
	} else if c.Bus.Certificate != "" {
		if _, err := tls.LoadX509KeyPair(c.Bus.Certificate, c.Bus.Key); err != nil {
			k.wrong("bus.certificate", "%s and %s must be a certificate and its key in PEM that can be read.", c.Bus.Certificate, c.Bus.Key)
		}
	}
	if strings.ContainsAny(c.Bus.Prefix, ".*> ") || c.Bus.Prefix == "" {
		k.wrong("bus.prefix", "must be one word without dots.")
	}
}

func (c *Config) checkEmail(k *checker) {
	for _, network := range c.Email.Inside {
		if _, err := netip.ParsePrefix(network); err != nil {
			k.wrong("email.inside", "%q must be a network such as 10.0.0.0/8 or 127.0.0.1/32.", network)
		}
	}
	if _, err := Authorities(c.Email.Authority); err != nil {
		k.wrong("email.authority", "%s must be a file of certificates in PEM that can be read.", c.Email.Authority)
	}
}

func (c *Config) checkOutside(k *checker) {
	if _, err := outside.ReadAllowed(c.Outside.Allowed); err != nil {
		k.wrong("outside.allowed", "%v.", err)
	}
}

func (c *Config) checkSignIn(k *checker) {
	for _, network := range c.OpenID.Inside {
		if _, err := netip.ParsePrefix(network); err != nil {
			k.wrong("openid.inside", "%q must be a network such as 10.0.0.0/8 or 127.0.0.1/32.", network)
		}
	}
	if _, err := Authorities(c.OpenID.Authority); err != nil {
		k.wrong("openid.authority", "%s must be a file of certificates in PEM that can be read.", c.OpenID.Authority)
	}
}
