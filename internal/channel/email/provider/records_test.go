package provider_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"nubitalk/internal/channel/email/provider"
)

// nameServer answers what is asked for by DNS over UDP (RFC 1035), and that there is no
// such name of all else.
func nameServer(t *testing.T, records map[string]dnsmessage.ResourceBody) *net.Resolver {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		in := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(in)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(in[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true, RCode: dnsmessage.RCodeNameError}, Questions: m.Questions}
			if body := records[q.Type.String()+" "+q.Name.String()]; body != nil {
				out.RCode = dnsmessage.RCodeSuccess
				out.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}, Body: body}}
			}
			if packed, err := out.Pack(); err == nil {
				_, _ = c.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", c.LocalAddr().String())
	}}
}

// What a domain publishes is read from its DNS: SRV records of its servers (RFC 6186), or
// the mail servers (MX) of a large provider. What says that there is none, or is no name of
// a host, is not believed.
func TestServersAreFoundByTheirRecords(t *testing.T) {
	name := dnsmessage.MustNewName
	srv := func(host string, port uint16) dnsmessage.ResourceBody {
		return &dnsmessage.SRVResource{Priority: 1, Weight: 1, Port: port, Target: name(host)}
	}
	mx := func(host string) dnsmessage.ResourceBody { return &dnsmessage.MXResource{Pref: 10, MX: name(host)} }
	n := &provider.Network{
		Resolve: func(context.Context, string) ([]netip.Addr, error) { return nil, &net.DNSError{IsNotFound: true} }, // nothing is published on the web
		Records: nameServer(t, map[string]dnsmessage.ResourceBody{
			"TypeSRV _imaps._tcp.shop.example.":        srv("imap.shop.example.", 993),
			"TypeSRV _submission._tcp.shop.example.":   srv("mail.shop.example.", 587),
			"TypeSRV _imap._tcp.plain.example.":        srv("imap.plain.example.", 143),
			"TypeSRV _submissions._tcp.plain.example.": srv("smtp.plain.example.", 465),
			"TypeSRV _imaps._tcp.none.example.":        srv(".", 0),
			"TypeSRV _submission._tcp.none.example.":   srv("mail.none.example.", 587),
			"TypeMX google.example.":                   mx("aspmx.l.google.com."),
			"TypeMX microsoft.example.":                mx("microsoft-example.mail.protection.outlook.com."),
			"TypeMX own.example.":                      mx("mx.own.example."),
			"TypeMX liar.example.":                     mx("google.com.liar.example."),
		}),
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	google := provider.Server{Host: "imap.gmail.com", Port: 993, Security: provider.TLS}
	for address, want := range map[string]struct {
		by         string
		imap, smtp provider.Server
	}{
		"help@shop.example":  {"srv", provider.Server{Host: "imap.shop.example", Port: 993, Security: provider.TLS}, provider.Server{Host: "mail.shop.example", Port: 587, Security: provider.STARTTLS}},
		"help@Plain.example": {"srv", provider.Server{Host: "imap.plain.example", Port: 143, Security: provider.STARTTLS}, provider.Server{Host: "smtp.plain.example", Port: 465, Security: provider.TLS}},
		"a@google.example":   {"known", google, provider.Server{Host: "smtp.gmail.com", Port: 465, Security: provider.TLS}},
		"a@microsoft.example": {"known", provider.Server{Host: "outlook.office365.com", Port: 993, Security: provider.TLS},
			provider.Server{Host: "smtp.office365.com", Port: 587, Security: provider.STARTTLS}},
		"a@none.example":  {by: "none"},
		"a@own.example":   {by: "none"},
		"a@liar.example":  {by: "none"},
		"a@empty.example": {by: "none"},
	} {
		got := n.Discover(ctx, address)
		if got.By != want.by || want.by != "none" && (got.IMAP != want.imap || got.SMTP != want.smtp) {
			t.Errorf("%s: %+v", address, got)
		}
	}
}
