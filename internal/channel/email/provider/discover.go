package provider

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Found is what is known of an address's provider.
type Found struct {
	IMAP, SMTP Server
	User       string // the account's name; empty if that is not known
	By         string // known, autoconfig, srv, none
}

// big are providers of many domains or without records of their own, by what their mail
// servers (MX) or domains end with.
var big = []struct {
	ends       []string
	imap, smtp Server
}{
	{[]string{"gmail.com", "googlemail.com", "google.com"}, Server{"imap.gmail.com", 993, TLS}, Server{"smtp.gmail.com", 465, TLS}},
	{[]string{"outlook.com", "hotmail.com", "live.com", "office365.com"}, Server{"outlook.office365.com", 993, TLS}, Server{"smtp.office365.com", 587, STARTTLS}},
	{[]string{"yahoo.com", "yahoodns.net"}, Server{"imap.mail.yahoo.com", 993, TLS}, Server{"smtp.mail.yahoo.com", 465, TLS}},
	{[]string{"icloud.com", "me.com", "mac.com"}, Server{"imap.mail.me.com", 993, TLS}, Server{"smtp.mail.me.com", 587, STARTTLS}},
	{[]string{"sapo.pt"}, Server{"imap.sapo.pt", 993, TLS}, Server{"smtp.sapo.pt", 465, TLS}},
}

// discovery is how long finding a provider takes at most.
const discovery = 10 * time.Second

// Discover finds the servers of an address. What it finds is a proposal: whoever runs
// the domain, or its DNS, can say anything, so it is shown before it is used.
func (n *Network) Discover(ctx context.Context, address string) Found {
	ctx, cancel := context.WithTimeout(ctx, discovery)
	defer cancel()
	at := strings.LastIndexByte(address, '@')
	domain := strings.ToLower(strings.TrimSuffix(address[at+1:], "."))
	if _, err := mail.ParseAddress(address); err != nil || at < 1 || !strings.Contains(domain, ".") {
		return Found{By: "none"}
	}
	if f, ok := known(domain, address); ok {
		return f
	}
	for _, where := range []string{"https://autoconfig." + domain + "/mail/config-v1.1.xml", "https://" + domain + "/.well-known/autoconfig/mail/config-v1.1.xml"} {
		if f, ok := n.autoconfig(ctx, where, address); ok {
			return f
		}
	}
	if f, ok := n.services(ctx, domain); ok {
		return f
	}
	if servers, err := n.records().LookupMX(ctx, domain); err == nil {
		for _, s := range servers {
			if f, ok := known(strings.ToLower(strings.TrimSuffix(s.Host, ".")), address); ok {
				return f
			}
		}
	}
	return Found{By: "none"}
}

func known(host, address string) (Found, bool) {
	for _, p := range big {
		if slices.ContainsFunc(p.ends, func(end string) bool { return host == end || strings.HasSuffix(host, "."+end) }) {
			return Found{IMAP: p.imap, SMTP: p.smtp, User: address, By: "known"}, true
		}
	}
	return Found{}, false
}

// services asks for SRV records (RFC 6186, 8314).
func (n *Network) services(ctx context.Context, domain string) (Found, bool) {
	f := Found{By: "srv"}
	for _, one := range []struct {
		name string
		to   *Server
		how  Security
	}{{"imaps", &f.IMAP, TLS}, {"imap", &f.IMAP, STARTTLS}, {"submissions", &f.SMTP, TLS}, {"submission", &f.SMTP, STARTTLS}} {
		if one.to.Host != "" {
			continue
		}
		_, found, err := n.records().LookupSRV(ctx, one.name, "tcp", domain)
		if err == nil {
			*one.to = offered(found, one.how)
		}
	}
	return f, f.IMAP.Host != "" && f.SMTP.Host != ""
}

// offered is the server that SRV records offer, the first of them, if they do: "." says
// that there is none (RFC 2782), and what is no host's name is not believed.
func offered(records []*net.SRV, how Security) Server {
	if len(records) == 0 || records[0].Port == 0 {
		return Server{}
	}
	host := strings.ToLower(strings.TrimSuffix(records[0].Target, "."))
	if !isHost(host) {
		return Server{}
	}
	return Server{Host: host, Port: int(records[0].Port), Security: how}
}

type clientConfig struct {
	Provider struct {
		Incoming []configServer `xml:"incomingServer"`
		Outgoing []configServer `xml:"outgoingServer"`
	} `xml:"emailProvider"`
}

type configServer struct {
	Type   string `xml:"type,attr"`
	Host   string `xml:"hostname"`
	Port   int    `xml:"port"`
	Socket string `xml:"socketType"`
	User   string `xml:"username"`
}

// mostConfig is how large a domain's settings may be.
const mostConfig = 64 << 10

// autoconfig reads the settings that a domain publishes, in Mozilla's format.
func (n *Network) autoconfig(ctx context.Context, where, address string) (Found, bool) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil || q.URL.Port() != "" || q.URL.User != nil { // an address is no way to other doors
		return Found{}, false
	}
	p, err := n.Browser().Do(q)
	if err != nil {
		return Found{}, false
	}
	defer func() { _ = p.Body.Close() }()
	if p.StatusCode != http.StatusOK {
		return Found{}, false
	}
	return readConfig(io.LimitReader(p.Body, mostConfig), address)
}

func readConfig(r io.Reader, address string) (Found, bool) {
	var c clientConfig
	d := xml.NewDecoder(r)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Found{}, false
	}
	f := Found{By: "autoconfig"}
	local, domain, _ := strings.Cut(address, "@")
	pick := func(list []configServer, kind string) (Server, string) {
		for _, how := range []Security{TLS, STARTTLS} {
			for _, s := range list {
				socket := map[string]Security{"SSL": TLS, "STARTTLS": STARTTLS}[s.Socket]
				host := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s.Host)), "%emaildomain%", domain)
				if s.Type == kind && socket == how && isHost(host) && s.Port > 0 && s.Port < 1<<16 && len(s.User) < 255 {
					return Server{host, s.Port, how}, strings.NewReplacer("%EMAILADDRESS%", address, "%EMAILLOCALPART%", local, "%EMAILDOMAIN%", domain).Replace(s.User)
				}
			}
		}
		return Server{}, ""
	}
	f.IMAP, f.User = pick(c.Provider.Incoming, "imap")
	f.SMTP, _ = pick(c.Provider.Outgoing, "smtp")
	return f, f.IMAP.Host != "" && f.SMTP.Host != ""
}

// isHost says whether a text looks like the name of a host.
func isHost(s string) bool {
	return s != "" && len(s) < 254 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-')
	})
}
