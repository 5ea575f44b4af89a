package negotiate

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"nubitalk/internal/media/g711"
)

// Security is what a trunk or an endpoint demands of its media.
type Security uint8

const (
	// Required is SRTP or nothing. The zero value.
	Required Security = iota
	// Accepted offers SRTP and answers a plain offer plainly. It takes an
	// explicit choice for the trunk.
	Accepted
	// Plain offers RTP without encryption, for gateways that know nothing else.
	// It takes an explicit choice for the trunk.
	Plain
)

// Refusal is why a well-formed body cannot be agreed with (SIP: 488).
type Refusal uint8

const (
	RefusedPlain   Refusal = iota + 1 // plain RTP, which the policy refuses
	RefusedCrypto                     // no suite in common
	RefusedCodec                      // no G.711
	RefusedMedia                      // no sound at all
	RefusedAddress                    // an address that we cannot or will not send to
)

func (r Refusal) Error() string {
	return [...]string{"", "plain RTP is refused", "no common crypto suite", "no common codec", "no audio", "unusable address"}[r]
}

// Warning is the code of a Warning header for it (RFC 3261 section 20.43).
func (r Refusal) Warning() int {
	return [...]int{0, 302, 305, 305, 304, 301}[r]
}

// Policy is what a leg may agree to.
type Policy struct {
	Security Security
	// Laws are those that may be used, the preferred one first; empty is A, then µ.
	Laws []g711.Law
	// Suites are those that may be used, the preferred one first; empty is all.
	Suites []Suite
}

// Agreed is what both ends do from here on.
type Agreed struct {
	Remote     netip.AddrPort // where sound goes to
	RemoteRTCP netip.AddrPort // where reports go to; Remote when Mux
	Mux        bool           // RTCP shares RTP's port

	Law     g711.Law // that we send
	Payload uint8    // that we send it with
	// In are the payload types that may come.
	In []Payload
	// Event is the payload type for keys that we send, EventIn the one that
	// comes; both only when Events.
	Events         bool
	Event, EventIn uint8

	Sends, Receives bool // what we do; both false is a hold on both sides

	Suite       Suite // None is plain RTP
	Own, Theirs Key   // ours encrypts what we send
}

// Payload is a payload type of sound.
type Payload struct {
	Number uint8
	Law    g711.Law
}

// Session is one leg's agreement through all its offers. Make it with New.
type Session struct {
	policy Policy
	local  netip.AddrPort
	random io.Reader

	id, version uint64
	body        string // the last one sent, without its version
	keys        map[Suite]Key
	lines       []line // of the last agreement or offer, in order
	audio       int    // ours among them
	protocol    string // of ours
	offered     []payload
	events      uint8    // our number for keys
	tags        []crypto // of our pending offer
	agreed      *Agreed
}

// line remembers a refused medium, which keeps its place (RFC 3264 section 8).
type line struct{ kind, protocol, format string }

// New makes a session for a socket at local. random makes keys and the session's id.
func New(policy Policy, local netip.AddrPort, random io.Reader) (*Session, error) {
	if len(policy.Laws) == 0 {
		policy.Laws = []g711.Law{g711.A, g711.Mu}
	}
	if len(policy.Suites) == 0 {
		policy.Suites = suites
	}
	var id [8]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return nil, fmt.Errorf("making a session id: %w", err)
	}
	return &Session{
		policy: policy, local: local, random: random, keys: map[Suite]Key{}, events: 101,
		id: binary.BigEndian.Uint64(id[:]) >> 2, version: 1,
	}, nil
}

// Origin is what a session has to keep that goes on with another's call, in
// another process: its name in the o= line (RFC 3264 section 8), and our key, which
// must not change while the call lasts.
type Origin struct {
	ID, Version uint64
	Suite       Suite
	Own         Key
}

// Origin is that of the last body.
func (s *Session) Origin() Origin {
	o := Origin{ID: s.id, Version: s.version}
	if s.agreed != nil {
		o.Suite, o.Own = s.agreed.Suite, s.agreed.Own
	}
	return o
}

// Resume has the session go on with another's origin; call it before the first
// offer. A suite that the policy does not allow any more is not gone on with.
func (s *Session) Resume(o Origin) {
	if o.ID == 0 {
		return
	}
	s.id, s.version = o.ID, o.Version+1
	if slices.Contains(s.policy.Suites, o.Suite) && len(o.Own.Material.Reveal()) == o.Suite.KeyLen()+o.Suite.SaltLen() {
		s.policy.Suites, s.keys[o.Suite] = []Suite{o.Suite}, o.Own
	}
}

// Agreed gives the agreement in force, or nil.
func (s *Session) Agreed() *Agreed { return s.agreed }

func (s *Session) key(suite Suite) (Key, error) {
	if k, ok := s.keys[suite]; ok {
		return k, nil
	}
	k, err := newKey(s.random, suite)
	if err == nil {
		s.keys[suite] = k
	}
	return k, err
}

// Offer makes an offer. A re-offer keeps the address, the agreed suite, its tag
// and key, and the places of media that were refused. laws, if given, replace
// the policy's from here on: a change of codec.
func (s *Session) Offer(laws ...g711.Law) ([]byte, error) {
	if len(laws) > 0 {
		s.policy.Laws = laws
	}
	chosen := s.policy.Suites
	switch {
	case s.agreed != nil && s.agreed.Suite == None, s.agreed == nil && s.policy.Security == Plain:
		chosen = nil
	case s.agreed != nil:
		chosen = []Suite{s.agreed.Suite}
	}
	if s.agreed == nil {
		s.protocol = "RTP/SAVP"
		if chosen == nil {
			s.protocol = "RTP/AVP"
		}
	}
	s.tags = s.tags[:0]
	for i, suite := range chosen {
		k, err := s.key(suite)
		if err != nil {
			return nil, err
		}
		s.tags = append(s.tags, crypto{tag: strconv.Itoa(i + 1), suite: suite, key: k})
	}
	s.offered = s.offered[:0]
	for _, l := range s.policy.Laws {
		s.offered = append(s.offered, payload{l.PayloadType(), l})
	}
	if len(s.lines) == 0 {
		s.lines, s.audio = []line{{kind: "audio"}}, 0
	}
	return s.write(s.offered, true, s.tags, s.agreed == nil || s.agreed.Mux, sendrecv), nil
}

// Accept takes the answer to the last offer. Another answer to the same offer, as
// from another branch of a fork, replaces the first.
func (s *Session) Accept(answer []byte) (*Agreed, error) {
	d, err := read(answer)
	if err != nil {
		return nil, err
	}
	if len(d.media) <= s.audio || len(d.media) > len(s.lines) {
		return nil, malformed("%d media answer %d", len(d.media), len(s.lines))
	}
	m := &d.media[s.audio]
	if m.kind != "audio" || m.port == 0 {
		return nil, RefusedMedia
	}
	if m.protocol != s.protocol {
		return nil, RefusedPlain // whatever it is, it is not what was offered
	}
	a := &Agreed{Mux: m.mux && (s.agreed == nil || s.agreed.Mux)}
	if len(s.tags) > 0 {
		if err := s.acceptKey(m, a); err != nil {
			return nil, err
		}
	}
	sound, event, hasEvent := m.payloads()
	i := slices.IndexFunc(sound, func(p payload) bool {
		return slices.ContainsFunc(s.offered, func(o payload) bool { return o.law == p.law })
	})
	if i < 0 {
		return nil, RefusedCodec
	}
	a.Law, a.Payload = sound[i].law, sound[i].number
	for _, o := range s.offered {
		a.In = append(a.In, Payload{o.number, o.law})
	}
	a.Events, a.Event, a.EventIn = hasEvent, event, s.events
	theirs := m.direction(d)
	a.Sends, a.Receives = theirs.receives(), theirs.sends()
	if err := s.addresses(d, m, a); err != nil {
		return nil, err
	}
	s.agreed = a
	return a, nil
}

// acceptKey finds which of our lines was chosen; the tag is the one of the offer
// (RFC 4568 section 5.1.3).
func (s *Session) acceptKey(m *medium, a *Agreed) error {
	for _, theirs := range m.crypto {
		for _, ours := range s.tags {
			if theirs.tag == ours.tag && theirs.suite == ours.suite {
				a.Suite, a.Own, a.Theirs = ours.suite, ours.key, theirs.key
				return nil
			}
		}
	}
	return RefusedCrypto
}

// Answer answers an offer.
func (s *Session) Answer(offer []byte) ([]byte, *Agreed, error) {
	d, err := read(offer)
	if err != nil {
		return nil, nil, err
	}
	if len(d.media) == 0 {
		return nil, nil, RefusedMedia
	}
	if s.agreed != nil && len(d.media) < len(s.lines) {
		return nil, nil, malformed("%d media follow %d", len(d.media), len(s.lines))
	}
	// The one in use stays if it can; else the first that suits, encrypted before plain.
	order := []int{}
	if s.agreed != nil {
		order = append(order, s.audio)
	}
	for _, secured := range []bool{true, false} {
		for i := range d.media {
			if strings.Contains(d.media[i].protocol, "SAVP") == secured {
				order = append(order, i)
			}
		}
	}
	refusal := error(RefusedMedia)
	for _, i := range order {
		body, a, err := s.answer(d, i)
		if err == nil {
			return body, a, nil
		}
		if refusal == error(RefusedMedia) {
			refusal = err
		}
	}
	return nil, nil, refusal
}

// answer tries to take medium i and refuse all others.
func (s *Session) answer(d *description, i int) ([]byte, *Agreed, error) {
	m := &d.media[i]
	if m.kind != "audio" || m.port == 0 {
		return nil, nil, RefusedMedia
	}
	a := &Agreed{Mux: m.mux}
	chosen, err := s.answerKey(m, a)
	if err != nil {
		return nil, nil, err
	}
	sound, event, hasEvent := m.payloads()
	found := false
	for _, l := range s.policy.Laws {
		if k := slices.IndexFunc(sound, func(p payload) bool { return p.law == l }); k >= 0 {
			a.Law, a.Payload, found = l, sound[k].number, true
			break
		}
	}
	if !found {
		return nil, nil, RefusedCodec
	}
	a.In = []Payload{{a.Payload, a.Law}}
	a.Events, a.Event, a.EventIn = hasEvent, event, event
	theirs := m.direction(d)
	a.Sends, a.Receives = theirs.receives(), theirs.sends()
	if err := s.addresses(d, m, a); err != nil {
		return nil, nil, err
	}
	s.lines = s.lines[:0]
	for _, o := range d.media {
		s.lines = append(s.lines, line{o.kind, o.protocol, o.formats[0]})
	}
	s.audio, s.protocol = i, m.protocol
	if hasEvent {
		s.events = event
	}
	s.agreed = a
	body := s.write([]payload{{a.Payload, a.Law}}, hasEvent, chosen, m.mux, flowOf(a.Sends, a.Receives))
	return body, a, nil
}

// answerKey decides on encryption. A secured profile without a usable key is
// refused, never answered plainly.
func (s *Session) answerKey(m *medium, a *Agreed) ([]crypto, error) {
	secured := false
	switch m.protocol {
	case "RTP/SAVP", "RTP/SAVPF":
		secured = true
	case "RTP/AVP", "RTP/AVPF":
	default: // DTLS, TCP
		return nil, RefusedCrypto
	}
	pick := -1
	if s.agreed != nil { // the suite in use first: changing it would need a new key
		pick = slices.IndexFunc(m.crypto, func(c crypto) bool { return c.suite == s.agreed.Suite })
	}
	for _, suite := range s.policy.Suites {
		if pick < 0 {
			pick = slices.IndexFunc(m.crypto, func(c crypto) bool { return c.suite == suite })
		}
	}
	switch {
	case pick >= 0:
	case secured:
		return nil, RefusedCrypto
	case s.policy.Security == Required || s.agreed != nil && s.agreed.Suite != None:
		return nil, RefusedPlain
	default:
		return nil, nil
	}
	c := m.crypto[pick]
	own, err := s.key(c.suite)
	if err != nil {
		return nil, err
	}
	a.Suite, a.Own, a.Theirs = c.suite, own, c.key
	return []crypto{{tag: c.tag, suite: c.suite, key: own}}, nil
}

func (m *medium) direction(d *description) flow {
	if m.flow != unsaid {
		return m.flow
	}
	return d.flow
}

// addresses finds where to send. The unspecified address is a hold in its old
// form (RFC 3264 section 8.4): nothing is sent.
func (s *Session) addresses(d *description, m *medium, a *Agreed) error {
	address := m.address
	if !address.IsValid() {
		address = d.address
	}
	if !address.IsValid() || address.IsMulticast() || address == nowhere {
		return RefusedAddress
	}
	if address.IsUnspecified() {
		a.Sends = false
	} else if address.Is4() != s.local.Addr().Is4() {
		return RefusedAddress
	}
	a.Remote = netip.AddrPortFrom(address, m.port)
	switch {
	case a.Mux:
		a.RemoteRTCP = a.Remote
	case m.rtcp.Port() != 0:
		report := m.rtcp.Addr()
		if !report.IsValid() {
			report = address
		}
		if report.Is4() == address.Is4() && !report.IsMulticast() && report != nowhere && !report.IsUnspecified() {
			a.RemoteRTCP = netip.AddrPortFrom(report, m.rtcp.Port())
		}
	case m.port < 65535:
		a.RemoteRTCP = netip.AddrPortFrom(address, m.port+1)
	}
	return nil
}

// write makes a body of ours, with the same version as the last one if nothing
// changed (RFC 3264 section 8).
func (s *Session) write(sound []payload, events bool, keys []crypto, mux bool, f flow) []byte {
	family := "IP4"
	if s.local.Addr().Is6() {
		family = "IP6"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "s=-\r\nc=IN %s %s\r\nt=0 0\r\n", family, s.local.Addr())
	for i, l := range s.lines {
		if i != s.audio {
			fmt.Fprintf(&b, "m=%s 0 %s %s\r\n", l.kind, l.protocol, l.format)
			continue
		}
		fmt.Fprintf(&b, "m=audio %d %s", s.local.Port(), s.protocol)
		for _, p := range sound {
			fmt.Fprintf(&b, " %d", p.number)
		}
		if events {
			fmt.Fprintf(&b, " %d", s.events)
		}
		b.WriteString("\r\n")
		for _, p := range sound {
			fmt.Fprintf(&b, "a=rtpmap:%d %s/8000\r\n", p.number, p.law.Name())
		}
		if events {
			fmt.Fprintf(&b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", s.events, s.events)
		}
		for _, k := range keys {
			fmt.Fprintf(&b, "a=crypto:%s\r\n", k.line())
		}
		fmt.Fprintf(&b, "a=ptime:20\r\na=%s\r\n", f)
		if mux {
			b.WriteString("a=rtcp-mux\r\n")
		}
	}
	if s.body != "" && s.body != b.String() {
		s.version++
	}
	s.body = b.String()
	return fmt.Appendf(nil, "v=0\r\no=- %d %d IN %s %s\r\n%s", s.id, s.version, family, s.local.Addr(), s.body)
}
