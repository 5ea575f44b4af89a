package relay

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what TURN servers expect of time-limited passwords
	"encoding/base64"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// Plan is what an installation has set up.
type Plan struct {
	// Servers are addresses as browsers take them (RFC 7064, RFC 7065), such as
	// turn:turn.example.com:3478?transport=udp.
	Servers []string
	// Secret is shared with the TURN servers, which make the same passwords of it.
	Secret secret.Text
	// Only: browsers use nothing but the TURN servers.
	Only bool
	// Lifetime is for how long a name and password hold.
	Lifetime time.Duration
}

// Server is one that a browser may ask (RTCIceServer of WebRTC).
type Server struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Ways are what a browser gets.
type Ways struct {
	Servers []Server `json:"servers" doc:"STUN and TURN servers, as RTCPeerConnection takes them (iceServers)."`
	Only    bool     `json:"relay_only" doc:"Use nothing but the TURN servers (iceTransportPolicy relay)."`
	Seconds int      `json:"valid_seconds" doc:"For how long names and passwords hold; 0: there are none."`
}

// Ways are those of one browser. Its id tells the TURN server nothing; who has
// the same one is the same there.
func (p Plan) Ways(now time.Time, id string) Ways {
	w := Ways{Servers: []Server{}, Only: p.Only}
	var asked, relays []string
	for _, s := range p.Servers {
		if strings.HasPrefix(s, "turn") {
			relays = append(relays, s)
		} else {
			asked = append(asked, s)
		}
	}
	if len(asked) > 0 {
		w.Servers = append(w.Servers, Server{URLs: asked})
	}
	if len(relays) > 0 {
		name, password := p.credentials(now, id)
		w.Servers = append(w.Servers, Server{URLs: relays, Username: name, Credential: password})
		w.Seconds = int(p.Lifetime / time.Second)
	}
	return w
}

// credentials are those of draft-uberti-behave-turn-rest-00: the name holds when
// it ends, and the password is the name's HMAC under the shared secret.
func (p Plan) credentials(now time.Time, id string) (name, password string) {
	name = strconv.FormatInt(now.Add(p.Lifetime).Unix(), 10) + ":" + id
	mac := hmac.New(sha1.New, []byte(p.Secret.Reveal()))
	mac.Write([]byte(name))
	return name, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Relays says whether any of the servers is a TURN server.
func (p Plan) Relays() bool {
	for _, s := range p.Servers {
		if strings.HasPrefix(s, "turn") {
			return true
		}
	}
	return false
}

// Check says what a browser would refuse of a server's address; such a refusal
// would end every call.
func Check(server string) error {
	wrong := errors.New("must be such as turn:turn.example.com:3478?transport=udp, turns:turn.example.com:5349 or stun:stun.example.com:3478")
	scheme, rest, _ := strings.Cut(server, ":")
	rest, query, asked := strings.Cut(rest, "?")
	switch scheme {
	case "turn", "turns":
		if asked && query != "transport=udp" && query != "transport=tcp" {
			return wrong
		}
	case "stun", "stuns":
		if asked {
			return wrong
		}
	default:
		return wrong
	}
	host, port := rest, ""
	if inner, ok := strings.CutPrefix(rest, "["); ok { // an address of IPv6
		address, after, closed := strings.Cut(inner, "]")
		a, err := netip.ParseAddr(address)
		if !closed || err != nil || !a.Is6() || a.Zone() != "" {
			return wrong
		}
		host, port = "v6", strings.TrimPrefix(after, ":")
		if after != "" && port == after || after == ":" {
			return wrong
		}
	} else if h, p, ok := strings.Cut(rest, ":"); ok {
		if host, port = h, p; port == "" {
			return wrong
		}
	}
	if host == "" || len(host) > 253 || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return wrong
	}
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return wrong
		}
	}
	return nil
}
