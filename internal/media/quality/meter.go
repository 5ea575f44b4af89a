package quality

import (
	"time"

	"github.com/pion/rtcp"

	"nubitalk/internal/media/audio"
)

// maxDropout and maxMisorder are RFC 3550 appendix A.1's.
const (
	maxDropout  = 3000
	maxMisorder = 100
)

// Meter follows one leg in both directions. The zero value is ready.
type Meter struct {
	// in
	started  bool
	ssrc     uint32
	first    uint32 // extended sequence number
	highest  uint32
	received uint32
	jitter   float64 // samples, section 6.4.1
	transit  uint32
	// as of the last report
	expectedThen, receivedThen uint32
	senderReport               uint32 // middle of the NTP time of the last one received
	senderReportAt             time.Duration
	// of sources that are gone
	lostBefore, receivedBefore uint32

	// out
	packets, octets uint32
	out             uint32 // SSRC

	// what the other end says
	remote    bool
	theirLost uint32
	fraction  uint8
	ours      uint8 // the same of what we hear, in the last report
	theirJit  uint32
	roundTrip time.Duration
}

// Received counts a packet. now is any steady time.
func (m *Meter) Received(ssrc uint32, sequence uint16, timestamp uint32, now time.Duration) {
	arrival := uint32(audio.SamplesIn(now))
	if !m.started || ssrc != m.ssrc {
		m.begin(ssrc, sequence, arrival-timestamp)
	}
	delta := sequence - uint16(m.highest)
	switch { // appendix A.1; a double counts as received
	case delta < maxDropout:
		m.highest += uint32(delta)
	case delta < 0xFFFF-maxMisorder:
		m.begin(ssrc, sequence, arrival-timestamp) // the sender began anew
	}
	m.received++
	transit := arrival - timestamp
	d := int32(transit - m.transit)
	m.transit = transit
	if d < 0 {
		d = -d
	}
	if d < audio.Rate { // a talk spurt's new time line is no jitter
		m.jitter += (float64(d) - m.jitter) / 16
	}
}

func (m *Meter) begin(ssrc uint32, sequence uint16, transit uint32) {
	if m.started {
		m.lostBefore += m.lostNow()
		m.receivedBefore += m.received
	}
	m.started, m.ssrc = true, ssrc
	m.first, m.highest = uint32(sequence)+1<<16, uint32(sequence)+1<<16
	m.received, m.transit = 0, transit
	m.expectedThen, m.receivedThen, m.senderReport = 0, 0, 0
}

func (m *Meter) expected() uint32 { return m.highest - m.first + 1 }

func (m *Meter) lostNow() uint32 {
	if e := m.expected(); m.started && e > m.received {
		return e - m.received
	}
	return 0
}

// Sent counts a packet of ours with so many octets of payload.
func (m *Meter) Sent(ssrc uint32, octets int) {
	if ssrc != m.out {
		m.out, m.packets, m.octets = ssrc, 0, 0
	}
	m.packets++
	m.octets += uint32(octets)
}

// Report makes the packets of the compound one that is due every few seconds: a sender
// report when we sent, else a receiver report, with a source description.
// timestamp is that of an RTP packet sent now; wall is the wall clock.
func (m *Meter) Report(own uint32, name string, timestamp uint32, wall time.Time, now time.Duration) []rtcp.Packet {
	var blocks []rtcp.ReceptionReport
	if m.started && m.received > 0 {
		blocks = []rtcp.ReceptionReport{m.block(now)}
	}
	var first rtcp.Packet
	if m.packets > 0 {
		first = &rtcp.SenderReport{
			SSRC: own, NTPTime: ntp(wall), RTPTime: timestamp,
			PacketCount: m.packets, OctetCount: m.octets, Reports: blocks,
		}
	} else {
		first = &rtcp.ReceiverReport{SSRC: own, Reports: blocks}
	}
	return []rtcp.Packet{first, rtcp.NewCNAMESourceDescription(own, name)}
}

// block is section 6.4.1 and appendix A.3.
func (m *Meter) block(now time.Duration) rtcp.ReceptionReport {
	expected := m.expected() - m.expectedThen
	received := m.received - m.receivedThen
	m.expectedThen, m.receivedThen = m.expected(), m.received
	fraction := uint8(0)
	if expected > received && expected > 0 {
		fraction = uint8(min((uint64(expected-received)<<8)/uint64(expected), 255))
	}
	m.ours = fraction
	r := rtcp.ReceptionReport{
		SSRC: m.ssrc, FractionLost: fraction, TotalLost: min(m.lostNow(), 0x7FFFFF),
		LastSequenceNumber: m.highest - 1<<16, Jitter: uint32(m.jitter), LastSenderReport: m.senderReport,
	}
	if m.senderReport != 0 {
		r.Delay = uint32((now - m.senderReportAt) * 65536 / time.Second)
	}
	return r
}

// Reported reads a compound packet from the other end. Packets of foreign kinds
// are passed over. wall and now are those of its arrival. It says whether the
// other end said goodbye.
func (m *Meter) Reported(b []byte, wall time.Time, now time.Duration) (goodbye bool, err error) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return false, err
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			m.senderReport, m.senderReportAt = uint32(p.NTPTime>>16), now
			m.blocks(p.Reports, wall)
		case *rtcp.ReceiverReport:
			m.blocks(p.Reports, wall)
		case *rtcp.Goodbye:
			goodbye = true
		}
	}
	return goodbye, nil
}

func (m *Meter) blocks(reports []rtcp.ReceptionReport, wall time.Time) {
	for _, r := range reports {
		if r.SSRC != m.out || m.packets == 0 {
			continue
		}
		m.remote, m.theirLost, m.fraction, m.theirJit = true, r.TotalLost, r.FractionLost, r.Jitter
		if r.LastSenderReport != 0 {
			rtt := int32(uint32(ntp(wall)>>16) - r.LastSenderReport - r.Delay)
			if rtt >= 0 && rtt < 10*65536 {
				m.roundTrip = time.Duration(rtt) * time.Second / 65536
			}
		}
	}
}

// ntp is seconds since 1900 in 32.32 fixed point.
func ntp(t time.Time) uint64 {
	seconds := uint64(t.Unix() + 2_208_988_800)
	return seconds<<32 | uint64(t.Nanosecond())<<32/1_000_000_000
}

// Direction is the quality of one direction.
type Direction struct {
	Packets uint32        // that came
	Lost    uint32        // that did not
	Jitter  time.Duration // RFC 3550 section 6.4.1
	MOS     float64       // 1 to 4.4; 0 is unknown
	// Recent is the share that was lost between the last two reports, 0 to 1: how
	// it is now, where the others are of the whole call.
	Recent float64
}

// Loss is the share that did not come, 0 to 1.
func (d Direction) Loss() float64 {
	if d.Packets+d.Lost == 0 {
		return 0
	}
	return float64(d.Lost) / float64(d.Packets+d.Lost)
}

// Quality is that of a leg: In is what we hear of the other end, Out what it
// says that it hears of us, unknown (Packets 0) until it reports.
type Quality struct {
	In, Out   Direction
	RoundTrip time.Duration // 0 is unknown
}

// Quality gives the figures since the beginning.
func (m *Meter) Quality() Quality {
	q := Quality{RoundTrip: m.roundTrip}
	q.In = Direction{
		Packets: m.receivedBefore + m.received, Lost: m.lostBefore + m.lostNow(),
		Jitter: time.Duration(m.jitter * float64(time.Second) / audio.Rate),
	}
	if q.In.Packets > 0 {
		q.In.Recent = float64(m.ours) / 256
		q.In.MOS = MOS(q.In.Loss(), delay(q.In.Jitter, m.roundTrip))
	}
	if m.remote {
		lost := min(m.theirLost, m.packets)
		q.Out = Direction{
			Packets: m.packets - lost, Lost: lost,
			Jitter: time.Duration(m.theirJit) * time.Second / audio.Rate,
		}
		q.Out.Recent = float64(m.fraction) / 256
		q.Out.MOS = MOS(q.Out.Loss(), delay(q.Out.Jitter, m.roundTrip))
	}
	return q
}

// delay estimates mouth to ear: half the round trip, a frame to make and one to
// play, and a jitter buffer of twice the jitter.
func delay(jitter, roundTrip time.Duration) time.Duration {
	return roundTrip/2 + 2*audio.FrameTime + 2*jitter
}

// MOS is the E-model (ITU-T G.107) with its default values, G.711 with packet
// loss concealment (G.113 appendix I: Ie 0, Bpl 25.1, random loss) and the delay
// impairment in Cole and Rosenbluth's form:
//
//	R = 93.2 - (0.024 d + 0.11 (d - 177.3) H(d - 177.3)) - 95 Ppl / (Ppl + 25.1)
//	MOS = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6
//
// loss is 0 to 1, delay one way.
func MOS(loss float64, delay time.Duration) float64 {
	d := float64(delay) / float64(time.Millisecond)
	percent := 100 * loss
	r := 93.2 - 0.024*d - 95*percent/(percent+25.1)
	if d > 177.3 {
		r -= 0.11 * (d - 177.3)
	}
	r = min(max(r, 0), 100)
	return max(1+0.035*r+r*(r-60)*(100-r)*7e-6, 1)
}
