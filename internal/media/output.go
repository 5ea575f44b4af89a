package media

import (
	"encoding/binary"
	"time"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

// headerSize is that of an RTP packet of ours: no sources, no extensions.
const headerSize = 12

// packetRoom holds any packet of ours with what encryption adds.
const packetRoom = 1600

// carrier takes packets to the other end. It is called with the bridge's lock.
type carrier interface {
	// send seals and sends a whole RTP packet; the array behind it has room for
	// the seal, and is the callee's until it returns.
	send(packet []byte)
}

// packet is what came: parsed, open, checked.
type packet struct {
	ssrc      uint32
	timestamp uint32
	sequence  uint16
	marker    bool
	event     bool // a key, else sound
	pressed   bool // the first packet of a key that came
	law       g711.Law
	payload   []byte
}

// output is a leg's outgoing stream. Whatever the sound comes from, the receiver
// sees one source with one time line: numbers go on without a gap where sources
// change, losses of a relayed source stay losses, and no number is used twice,
// which AES-GCM would not forgive.
type output struct {
	ready   bool
	ssrc    uint32
	payload uint8
	event   uint8
	events  bool
	law     g711.Law

	buffer [packetRoom]byte

	started  bool
	next     uint16 // sequence number after the highest sent
	seen     uint64 // which of the 64 below next were sent; bit 0 is next-1
	clock    uint32 // timestamp that stands for the moment at
	at       time.Duration
	length   uint32 // samples of the packet at clock
	from     *line  // whose packets are relayed; nil is our own sound
	own      bool   // our own sound was the last source
	source   uint32 // SSRC of the relayed
	numbers  uint16 // what is added to the relayed sequence number
	times    uint32 // … and timestamp
	base     uint16 // sequence number that the source began with, as sent
	lastIn   uint32 // highest timestamp of the source, as it came
	inKey    bool   // the source's last key began by these numbers
	keyStart uint32 // timestamp of the key being sent

	packets uint64
	// show sees sound before it is sealed; nil when nobody looks.
	show func(octets []byte, timestamp uint32, now time.Duration)
}

// resume gives the timestamp of a source that begins now.
func (o *output) resume(now time.Duration) uint32 {
	if !o.started {
		o.started = true
		// The first number is in the lower half, so that a loss at the beginning
		// does not confuse the roll-over counter (RFC 3711 section 3.3.1).
		o.next, o.clock = uint16(random32())&0x7FFF, random32()
		return o.clock
	}
	// A packet that waited for the lock came before the frame that was sent.
	passed := uint32(audio.SamplesIn(max(now-o.at, 0)))
	return o.clock + max(passed, o.length)
}

// relay sends a packet of another leg as it is, under our numbers.
func (o *output) relay(c carrier, from *line, p *packet, now time.Duration) {
	if !o.ready || p.event && !o.events || len(p.payload) > packetRoom-headerSize-64 {
		return
	}
	marker := p.marker
	sequence := p.sequence + o.numbers
	ahead := int16(sequence - o.next)
	if o.from != from || o.own || o.source != p.ssrc || !o.started || ahead > 3000 || ahead < -3000 {
		o.inKey = false
		if p.event && !p.pressed {
			return // the rest of a key that was meant for what was heard before
		}
		start := o.resume(now)
		o.from, o.own, o.source = from, false, p.ssrc
		o.numbers, o.times = o.next-p.sequence, start-p.timestamp
		o.base, o.lastIn = o.next, p.timestamp
		sequence, ahead, marker = o.next, 0, true
	}
	if p.pressed {
		o.inKey = true
	} else if p.event && !o.inKey {
		return // its beginning went elsewhere, or by another clock: it would be a key of its own
	}
	if ahead < 0 {
		// Late: only where its place is of this source and still free.
		back := -int(ahead) - 1
		if int16(sequence-o.base) < 0 || back >= 64 || o.seen>>back&1 == 1 {
			return
		}
		o.seen |= 1 << back
	} else {
		o.advance(uint16(ahead) + 1)
	}
	timestamp := p.timestamp + o.times
	if int32(p.timestamp-o.lastIn) >= 0 {
		o.lastIn = p.timestamp
		o.clock, o.at, o.length = timestamp, now, uint32(len(p.payload))
		if p.event { // its timestamp stands still
			o.clock += uint32(binary.BigEndian.Uint16(p.payload[2:4]))
			o.length = audio.Samples
		}
	}
	number, payload := o.payload, o.buffer[headerSize:headerSize+len(p.payload)]
	if p.event {
		number = o.event
		copy(payload, p.payload)
	} else if p.law == o.law {
		copy(payload, p.payload)
	} else {
		table := g711.Transcoder(p.law, o.law)
		for i, b := range p.payload {
			payload[i] = table[b]
		}
	}
	if o.show != nil && !p.event {
		o.show(payload, timestamp, now)
	}
	o.write(c, number, marker, sequence, timestamp, len(payload))
}

// advance moves the window of used numbers up and marks the newest.
func (o *output) advance(by uint16) {
	o.next += by
	if by >= 64 {
		o.seen = 0
	} else {
		o.seen <<= by
	}
	o.seen |= 1
}

// sound sends a frame of our own; frames is how many have passed since the last.
func (o *output) sound(c carrier, f *audio.Frame, frames int, now time.Duration) {
	timestamp, marker := o.tick(frames, now)
	payload := o.buffer[headerSize : headerSize+audio.Samples]
	o.law.EncodeTo(payload, f[:])
	number := o.next
	o.advance(1)
	if o.show != nil {
		o.show(payload, timestamp, now)
	}
	o.write(c, o.payload, marker, number, timestamp, len(payload))
}

// tick moves our own sound's clock on.
func (o *output) tick(frames int, now time.Duration) (timestamp uint32, marker bool) {
	if !o.own || !o.started {
		timestamp, marker = o.resume(now), true
		o.own, o.from = true, nil
	} else {
		// After a stall the sound that was left out is a pause.
		timestamp, marker = o.clock+uint32(frames)*audio.Samples, frames > 1
	}
	o.clock, o.at, o.length = timestamp, now, audio.Samples
	return timestamp, marker
}

// key sends an event packet of ours; offset is from the key's beginning.
func (o *output) key(c carrier, event [4]byte, offset uint32, marker bool, frames int, now time.Duration) {
	timestamp, _ := o.tick(frames, now)
	if marker {
		o.keyStart = timestamp
	}
	copy(o.buffer[headerSize:], event[:])
	number := o.next
	o.advance(1)
	o.write(c, o.event, marker, number, o.keyStart+offset, len(event))
}

func (o *output) write(c carrier, number uint8, marker bool, sequence uint16, timestamp uint32, payload int) {
	b := &o.buffer
	b[0], b[1] = 0x80, number
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], sequence)
	binary.BigEndian.PutUint32(b[4:], timestamp)
	binary.BigEndian.PutUint32(b[8:], o.ssrc)
	o.packets++
	c.send(b[:headerSize+payload])
}
