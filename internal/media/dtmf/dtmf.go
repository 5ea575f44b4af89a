package dtmf

import (
	"encoding/binary"
	"strings"
	"time"

	"nubitalk/internal/media/audio"
)

// Size is the length of an event's payload in octets (RFC 4733 section 2.3).
const Size = 4

// keys in the order of their event codes (RFC 4733 section 3.2, table 3).
const keys = "0123456789*#ABCD"

// Valid says whether a byte is one of the sixteen keys, capitals only.
func Valid(key byte) bool { return strings.IndexByte(keys, key) >= 0 }

const (
	endBit   = 0x80
	longest  = 0xFFFF // samples of one segment (section 2.5.1.3)
	forget   = time.Second
	repeated = 3 // packets that say the end (section 2.5.1.4)
)

// Receiver tells presses apart. The zero value is ready.
type Receiver struct {
	active   bool // a key is or was pressed, whose packets may still come
	ended    bool
	code     byte
	first    uint32 // timestamp of the present segment
	duration uint32 // of it so far
	heard    time.Duration
}

// Push takes an event packet and says whether it begins a new press, and of
// which key. Every packet of one press has its timestamp (section 2.5.1.1), so
// repeated and late ones, and a lost beginning or end, count once. A press
// longer than a segment goes on with the next one (section 2.5.1.3). A second after its
// last packet a press is forgotten, but for packets of its own, which a machine that stood
// still brings late. now is any steady time.
func (r *Receiver) Push(payload []byte, timestamp uint32, marker bool, now time.Duration) (key byte, pressed bool) {
	if len(payload) < Size || payload[0] >= byte(len(keys)) {
		return 0, false
	}
	code, end := payload[0], payload[1]&endBit != 0
	duration := uint32(binary.BigEndian.Uint16(payload[2:]))
	if r.active && now-r.heard > forget && (timestamp != r.first || marker) {
		r.active = false
	}
	since := int32(timestamp - r.first)
	switch {
	case r.active && since < 0:
		return 0, false // of an earlier press, late
	case r.active && since == 0:
		if code != r.code {
			return 0, false // a sender that changes its mind within a press
		}
		r.heard = now
		r.duration = max(r.duration, duration)
		r.ended = r.ended || end
		return 0, false
	case r.active && !r.ended && !marker && code == r.code && (uint32(since) == r.duration || since == longest):
		r.heard, r.first, r.duration, r.ended = now, timestamp, duration, end
		return 0, false
	}
	*r = Receiver{active: true, ended: end, code: code, first: timestamp, duration: duration, heard: now}
	return keys[code], true
}

// Sender makes the packets of one press at a time. The zero value is idle.
type Sender struct {
	code   byte
	total  uint32 // samples that the key is pressed
	sent   uint32 // samples so far, in all segments
	start  uint32 // of the present segment
	ending int    // packets left that say the end
	busy   bool
}

// Packet is what one event packet needs beyond the payload.
type Packet struct {
	// Offset of the timestamp from that of the press's beginning, in samples.
	Offset uint32
	Marker bool
}

// Press begins a key, pressed for d, at least 40 ms and in steps of 20; it says
// no while another is being sent or for a byte that is no key.
func (s *Sender) Press(key byte, d time.Duration) bool {
	code := strings.IndexByte(keys, key)
	if s.busy || code < 0 {
		return false
	}
	frames := max(d/audio.FrameTime, 2)
	*s = Sender{code: byte(code), total: uint32(min(frames, 3000)) * audio.Samples, busy: true}
	return true
}

// Busy says whether packets are left to send; sound waits until then.
func (s *Sender) Busy() bool { return s.busy }

// Next gives the packet of the next 20 ms, and false when none is left. The end
// is said three times, 20 ms apart, so that it survives loss.
func (s *Sender) Next(payload *[Size]byte) (Packet, bool) {
	if !s.busy {
		return Packet{}, false
	}
	if s.ending == 0 {
		if s.sent-s.start+audio.Samples > longest {
			s.start = s.sent
		}
		s.sent += audio.Samples
		if s.sent >= s.total {
			s.ending = repeated
		}
	}
	payload[0], payload[1] = s.code, 10 // -10 dBm0
	if s.ending > 0 {
		payload[1] |= endBit
		s.ending--
		s.busy = s.ending > 0
	}
	binary.BigEndian.PutUint16(payload[2:], uint16(s.sent-s.start))
	return Packet{Offset: s.start, Marker: s.sent == audio.Samples}, true
}
