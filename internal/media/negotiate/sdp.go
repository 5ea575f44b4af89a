package negotiate

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"nubitalk/internal/media/g711"
)

// ErrMalformed says that a body is no SDP that makes sense (SIP: 400).
var ErrMalformed = errors.New("malformed session description")

// Limits of a body.
const (
	maxBody   = 16 << 10
	maxMedia  = 16
	maxLines  = 500
	maxCrypto = 32
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// description is what matters of a session description.
type description struct {
	address netip.Addr // c= of the session
	flow    flow
	media   []medium
}

// medium is an m= line with what belongs to it.
type medium struct {
	kind, protocol string
	port           uint16
	formats        []string
	address        netip.Addr // c= of its own
	flow           flow
	maps           map[uint8]string // rtpmap, lower case
	crypto         []crypto
	mux            bool
	rtcp           netip.AddrPort // a=rtcp; the address may be missing
}

// flow is a direction as its writer sees it.
type flow uint8

const (
	unsaid flow = iota
	sendrecv
	sendonly
	recvonly
	inactive
)

var flowNames = map[string]flow{"sendrecv": sendrecv, "sendonly": sendonly, "recvonly": recvonly, "inactive": inactive}

func (f flow) String() string {
	for name, v := range flowNames {
		if v == f {
			return name
		}
	}
	return "sendrecv"
}

func (f flow) sends() bool    { return f == sendrecv || f == sendonly || f == unsaid }
func (f flow) receives() bool { return f == sendrecv || f == recvonly || f == unsaid }

// of makes a flow from its two halves.
func flowOf(sends, receives bool) flow {
	switch {
	case sends && receives:
		return sendrecv
	case sends:
		return sendonly
	case receives:
		return recvonly
	default:
		return inactive
	}
}

// read takes a body apart.
func read(body []byte) (*description, error) {
	if len(body) > maxBody {
		return nil, malformed("%d octets", len(body))
	}
	d := &description{}
	lines := 0
	for line := range strings.Lines(string(body)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if lines++; lines > maxLines {
			return nil, malformed("more than %d lines", maxLines)
		}
		if len(line) < 2 || line[1] != '=' {
			return nil, malformed("line %d is none of SDP", lines)
		}
		if lines == 1 && line != "v=0" {
			return nil, malformed("it does not begin with v=0")
		}
		if err := d.line(line[0], line[2:]); err != nil {
			return nil, err
		}
	}
	if lines == 0 {
		return nil, malformed("empty")
	}
	return d, nil
}

func (d *description) line(kind byte, value string) error {
	switch kind {
	case 'm':
		if len(d.media) == maxMedia {
			return malformed("more than %d media", maxMedia)
		}
		m, err := readMedium(value)
		if err != nil {
			return err
		}
		d.media = append(d.media, m)
	case 'c':
		a, err := readAddress(value)
		if err != nil {
			return err
		}
		if len(d.media) == 0 {
			d.address = a
		} else {
			d.media[len(d.media)-1].address = a
		}
	case 'a':
		name, rest, _ := strings.Cut(value, ":")
		if f, ok := flowNames[name]; ok {
			if len(d.media) == 0 {
				d.flow = f
			} else {
				d.media[len(d.media)-1].flow = f
			}
			return nil
		}
		if len(d.media) > 0 {
			return d.media[len(d.media)-1].attribute(name, rest)
		}
	}
	return nil
}

func readMedium(value string) (medium, error) {
	f := strings.Fields(value)
	if len(f) < 4 {
		return medium{}, malformed("an m= line with %d words", len(f))
	}
	number, _, _ := strings.Cut(f[1], "/")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return medium{}, malformed("the port of an m= line")
	}
	return medium{kind: f[0], port: uint16(port), protocol: f[2], formats: f[3:]}, nil
}

// nowhere stands for an address that nothing is sent to.
var nowhere = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// readAddress reads c=. A host name gives nowhere: names are not looked up.
func readAddress(value string) (netip.Addr, error) {
	f := strings.Fields(value)
	if len(f) != 3 || f[0] != "IN" || f[1] != "IP4" && f[1] != "IP6" {
		return netip.Addr{}, malformed("a c= line")
	}
	address, _, _ := strings.Cut(f[2], "/")
	a, err := netip.ParseAddr(address)
	if err != nil || a.Zone() != "" {
		return nowhere, nil
	}
	if a = a.Unmap(); a.Is4() != (f[1] == "IP4") {
		return netip.Addr{}, malformed("a c= line of the other family")
	}
	return a, nil
}

func (m *medium) attribute(name, value string) error {
	switch name {
	case "rtpmap":
		number, encoding, ok := strings.Cut(value, " ")
		pt, err := strconv.ParseUint(number, 10, 7)
		if !ok || err != nil {
			return malformed("an rtpmap")
		}
		if m.maps == nil {
			m.maps = map[uint8]string{}
		}
		m.maps[uint8(pt)] = strings.ToLower(strings.TrimSpace(encoding))
	case "crypto":
		if len(m.crypto) == maxCrypto {
			return malformed("more than %d keys", maxCrypto)
		}
		if c, ok := readCrypto(value); ok {
			m.crypto = append(m.crypto, c)
		}
	case "rtcp-mux":
		m.mux = true
	case "rtcp":
		f := strings.Fields(value)
		if len(f) == 0 {
			return malformed("an rtcp attribute")
		}
		port, err := strconv.ParseUint(f[0], 10, 16)
		if err != nil {
			return malformed("the port of RTCP")
		}
		var a netip.Addr
		if len(f) == 4 {
			if a, err = readAddress(strings.Join(f[1:], " ")); err != nil {
				return err
			}
		}
		m.rtcp = netip.AddrPortFrom(a, uint16(port))
	}
	return nil
}

// payload is a payload type that both ends know.
type payload struct {
	number uint8
	law    g711.Law
}

// payloads finds G.711 and the telephone keys among the formats, in their order.
// A static number needs no rtpmap; a static number that is mapped to something
// else means that.
func (m *medium) payloads() (sound []payload, event uint8, hasEvent bool) {
	for _, format := range m.formats {
		n, err := strconv.ParseUint(format, 10, 7)
		if err != nil {
			continue
		}
		encoding, mapped := m.maps[uint8(n)]
		if !mapped {
			switch n {
			case 0:
				encoding = "pcmu/8000"
			case 8:
				encoding = "pcma/8000"
			}
		}
		switch strings.TrimSuffix(encoding, "/1") {
		case "pcmu/8000":
			sound = append(sound, payload{uint8(n), g711.Mu})
		case "pcma/8000":
			sound = append(sound, payload{uint8(n), g711.A})
		case "telephone-event/8000":
			if !hasEvent {
				event, hasEvent = uint8(n), true
			}
		}
	}
	return sound, event, hasEvent
}
