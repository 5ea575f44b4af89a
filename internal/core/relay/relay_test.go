package relay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/secret"
)

func TestWays(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	p := Plan{Servers: []string{"stun:stun.example.com", "turn:a.example.com:3478", "turns:a.example.com:5349"}, Secret: secret.New("north"), Only: true, Lifetime: time.Hour}
	// echo -n 1700003600:seven | openssl dgst -sha1 -hmac north -binary | base64
	want := Ways{Only: true, Seconds: 3600, Servers: []Server{
		{URLs: []string{"stun:stun.example.com"}},
		{URLs: []string{"turn:a.example.com:3478", "turns:a.example.com:5349"}, Username: "1700003600:seven", Credential: "beqZBIJqajU3MyYCxaahnJ+tm+U="},
	}}
	if d := cmp.Diff(want, p.Ways(now, "seven")); d != "" {
		t.Error(d)
	}
	if a, b := p.Ways(now, "seven"), p.Ways(now, "eight"); a.Servers[1].Credential == b.Servers[1].Credential {
		t.Error("two have the same password")
	}
	if w := (Plan{Lifetime: time.Hour}).Ways(now, "seven"); len(w.Servers) != 0 || w.Servers == nil || w.Seconds != 0 || w.Only {
		t.Errorf("nothing set up: %+v", w)
	}
	if w := (Plan{Servers: []string{"stun:x"}, Lifetime: time.Hour}).Ways(now, "seven"); w.Seconds != 0 || w.Servers[0].Username != "" {
		t.Errorf("STUN needs no password: %+v", w)
	}
	if printed := fmt.Sprintf("%+v %v", p, p); strings.Contains(printed, "north") {
		t.Error("the secret prints")
	}
}

func TestCheck(t *testing.T) {
	for server, good := range map[string]bool{
		"turn:turn.example.com": true, "turn:turn.example.com:3478": true, "turn:192.0.2.1:3478?transport=udp": true, "turns:turn.example.com:443?transport=tcp": true,
		"turn:[2001:db8::1]": true, "turn:[2001:db8::1]:3478": true, "stun:stun.example.com:3478": true, "stuns:stun.example.com": true,
		"": false, "turn": false, "turn:": false, "turn:host:": false, "turn:host:0": false, "turn:host:65536": false, "turn:host:x": false, "turn://host": false,
		"turn:host?transport=sctp": false, "turn:host?": false, "stun:host?transport=udp": false, "http://host": false, "turn:a b": false, "turn:user@host": false,
		"turn:[::1": false, "turn:[::1]3478": false, "turn:[::1]:": false, "turn:[1.2.3.4]": false, "turn:[fe80::1%eth0]": false, "turn:::1": false, "TURN:host": false,
	} {
		if err := Check(server); (err == nil) != good {
			t.Errorf("%q: %v", server, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"turn:turn.example.com:3478?transport=udp", "stun:[::1]:1", "turns:x:443"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if Check(s) == nil && strings.ContainsAny(s, " \r\n\"@/#") {
			t.Errorf("%q", s)
		}
	})
}
