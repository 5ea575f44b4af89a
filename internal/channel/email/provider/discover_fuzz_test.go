package provider

import (
	"net"
	"strings"
	"testing"
)

const someConfig = `<clientConfig version="1.1"><emailProvider id="shop.example">
<incomingServer type="imap"><hostname>IMAP.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.shop.example</hostname><port>587</port><socketType>STARTTLS</socketType><username>x</username></outgoingServer>
</emailProvider></clientConfig>`

// Whatever a domain publishes: what is proposed are two hosts and ports with TLS, or
// nothing.
func FuzzReadConfig(f *testing.F) {
	f.Add(someConfig)
	f.Add(strings.ReplaceAll(someConfig, "993", "99999999999"))
	f.Add(strings.ReplaceAll(someConfig, "IMAP.", "a b\x00/"))
	f.Add(strings.ReplaceAll(someConfig, "SSL", "plain"))
	f.Add(strings.Repeat("<a>", 2000))
	f.Add(`<!DOCTYPE a [<!ENTITY b "c">]>` + someConfig)
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := readConfig(strings.NewReader(text), "help@shop.example")
		if !ok {
			return
		}
		for _, s := range []Server{got.IMAP, got.SMTP} {
			if !isHost(s.Host) || s.Port < 1 || s.Port > 65535 || s.Security != TLS && s.Security != STARTTLS {
				t.Errorf("it proposes %+v", s)
			}
		}
	})
}

func TestReadConfig(t *testing.T) {
	got, ok := readConfig(strings.NewReader(someConfig), "help@shop.example")
	want := Found{IMAP: Server{"imap.shop.example", 993, TLS}, SMTP: Server{"smtp.shop.example", 587, STARTTLS}, User: "help@shop.example", By: "autoconfig"}
	if !ok || got != want {
		t.Errorf("%+v", got)
	}
}

// Whatever SRV records say: a host and a port with TLS is proposed, or nothing.
func FuzzOffered(f *testing.F) {
	f.Add("IMAP.shop.example.", uint16(993))
	f.Add(".", uint16(0))
	f.Add("a b\x00.", uint16(1))
	f.Add("\\046.example.", uint16(143))
	f.Fuzz(func(t *testing.T, target string, port uint16) {
		if got := offered([]*net.SRV{{Target: target, Port: port}}, STARTTLS); got != (Server{}) && (!isHost(got.Host) || got.Port < 1 || got.Security != STARTTLS) {
			t.Errorf("it proposes %+v", got)
		}
	})
}

func TestOffered(t *testing.T) {
	for target, want := range map[string]Server{"IMAP.Shop.example.": {"imap.shop.example", 993, TLS}, ".": {}, "": {}, "a/b.": {}, "[::1]": {}} {
		if got := offered([]*net.SRV{{Target: target, Port: 993}, {Target: "second.example.", Port: 1}}, TLS); got != want {
			t.Errorf("%q: %+v", target, got)
		}
	}
	if got := offered([]*net.SRV{{Target: "a.example.", Port: 0}}, TLS); got != (Server{}) || offered(nil, TLS) != got {
		t.Errorf("%+v", got)
	}
}
