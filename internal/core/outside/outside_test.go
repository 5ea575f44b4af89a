package outside

import (
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "100.63.255.255": true, "100.128.0.0": true, "172.32.0.1": true, "2606:4700::1111": true, "2a00:1450:4003::5": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "100.64.0.1": false, "100.127.255.255": false, "127.0.0.1": false, "127.9.9.9": false, "169.254.169.254": false,
		"172.16.0.1": false, "172.31.255.255": false, "192.0.0.1": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::7f00:1": false, "::ffff:8.8.8.8": false, "::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "100::1": false,
		"2001::1": false, "2001:20::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "3fff::1": false, "fc00::1": false, "fd12:3456::1": false, "fe80::1": false, "fec0::1": false,
		"ff02::1": false, "2606:4700::1111%eth0": false, "4000::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestAddress(t *testing.T) {
	for text, origin := range map[string]string{
		"https://api.example.com": "api.example.com:443", "https://API.example.com:8443/v1": "api.example.com:8443", "https://8.8.8.8/x": "8.8.8.8:443",
		"https://[2606:4700::1111]:444/": "2606:4700::1111:444",
	} {
		u, err := Address(text)
		if err != nil || Origin(u) != origin {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"", "api.example.com", "http://api.example.com", "ftp://api.example.com", "https://", "https:api.example.com", "https:///x", "https://user@api.example.com", "https://u:p@api.example.com",
		"https://api.example.com?x", "https://api.example.com/?", "https://api.example.com/#", "https://api.example.com/../x", "https://api.example.com/%2e%2e/x",
		"https://localhost", "https://db", "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f.0x0.0x0.0x1", "https://x.0x1", "https://[::1]", "https://[::ffff:8.8.8.8]",
		"https://[fe80::1%25eth0]", "https://metadata.internal", "https://printer.local.", "https://10.0.0.1.", "https://169.254.169.254/latest", "https://a b.com",
	} {
		if u, err := Address(text); err == nil {
			t.Errorf("%s is accepted as %s", text, u)
		}
	}
}

// Whatever is written as an address, what is accepted is https on a public host.
func FuzzAddress(f *testing.F) {
	f.Add("https://api.example.com/v1")
	f.Add("https://[::1]:443")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := Address(text)
		if err != nil {
			return
		}
		if a, err := netip.ParseAddr(u.Hostname()); u.Scheme != "https" || u.User != nil || u.RawQuery != "" || err == nil && !Public(a) {
			t.Errorf("%q is accepted", text)
		}
	})
}
