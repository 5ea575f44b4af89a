package media

import (
	"strings"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// videoRate is the clock of video's timestamps (RFC 7741, 6184).
const videoRate = 90_000

// pictureEvery bounds how often a talker is asked for a whole picture.
const pictureEvery = 200 * time.Millisecond

// view is a leg's outgoing video: the packets of the one party that it sees,
// under its own numbers. Guarded by the bridge's lock.
type view struct {
	writer webrtc.TrackLocalWriter
	ssrc   uint32
	types  map[string]uint8 // payload types by codec, lower case
	header rtp.Header       // reused

	started bool
	from    *line
	source  uint32     // SSRC of the packets that are passed on
	numbers uint16     // what is added to their sequence number
	times   uint32     // … and timestamp
	next    uint16     // after the highest sent
	base    uint16     // the source's first
	seen    [16]uint64 // which of the 1,024 below next were sent, by number
	clock   uint32     // timestamp that stands for the moment at
	at      time.Duration
}

// picture is a packet of video that came.
type picture struct {
	packet
	codec string
}

// relay passes a packet on. Lost ones stay lost until the talker sends them
// again, which the viewer asks it for.
func (v *view) relay(from *line, p *picture, now time.Duration) {
	number, known := v.types[p.codec]
	if v.writer == nil || !known {
		return
	}
	sequence := p.sequence + v.numbers
	ahead := int16(sequence - v.next)
	if !v.started || v.from != from || v.source != p.ssrc || ahead > 3000 || ahead < -3000 {
		if !v.started {
			v.started, v.next, v.clock = true, uint16(random32())&0x7FFF, random32()
		}
		start := v.clock + uint32(max(now-v.at, 0)*videoRate/time.Second) + 1
		v.from, v.source, v.base = from, p.ssrc, v.next
		v.numbers, v.times = v.next-p.sequence, start-p.timestamp
		sequence, ahead = v.next, 0
	}
	word, bit := &v.seen[sequence/64%16], uint64(1)<<(sequence%64)
	if ahead < 0 {
		if int16(sequence-v.base) < 0 || ahead <= -1024 || *word&bit != 0 {
			return
		}
	} else {
		for n := v.next; n != sequence; n++ {
			v.seen[n/64%16] &^= 1 << (n % 64)
		}
		v.next = sequence + 1
		v.clock, v.at = p.timestamp+v.times, now
	}
	*word |= bit
	v.header = rtp.Header{Version: 2, Marker: p.marker, PayloadType: number, SequenceNumber: sequence, Timestamp: p.timestamp + v.times, SSRC: v.ssrc}
	_, _ = v.writer.WriteRTP(&v.header, p.payload) // a connection that is gone says so by its state
}

// forViewer translates a report of the talker for who sees it.
func (v *view) forViewer(from *line, r *rtcp.SenderReport) *rtcp.SenderReport {
	if !v.started || v.from != from || v.source != r.SSRC {
		return nil
	}
	return &rtcp.SenderReport{SSRC: v.ssrc, NTPTime: r.NTPTime, RTPTime: r.RTPTime + v.times, PacketCount: r.PacketCount, OctetCount: r.OctetCount}
}

// forTalker translates what a viewer says of its video for the one whose it is;
// own is the SSRC that we have towards the talker.
func (v *view) forTalker(p rtcp.Packet, own uint32) (out rtcp.Packet, wholePicture bool) {
	switch p := p.(type) {
	case *rtcp.ReceiverReport:
		return v.blocks(p.Reports, own), false
	case *rtcp.SenderReport:
		return v.blocks(p.Reports, own), false
	case *rtcp.PictureLossIndication:
		return nil, p.MediaSSRC == v.ssrc
	case *rtcp.FullIntraRequest:
		return nil, len(p.FIR) > 0
	case *rtcp.TransportLayerNack:
		if p.MediaSSRC != v.ssrc {
			return nil, false
		}
		n := &rtcp.TransportLayerNack{SenderSSRC: own, MediaSSRC: v.source}
		for _, pair := range p.Nacks {
			pair.PacketID -= v.numbers
			n.Nacks = append(n.Nacks, pair)
		}
		return n, false
	default:
		return nil, false
	}
}

func (v *view) blocks(all []rtcp.ReceptionReport, own uint32) rtcp.Packet {
	for _, b := range all {
		if b.SSRC == v.ssrc {
			b.SSRC = v.source
			b.LastSequenceNumber -= uint32(v.numbers)
			return &rtcp.ReceiverReport{SSRC: own, Reports: []rtcp.ReceptionReport{b}}
		}
	}
	return nil
}

// planViews works out who sees whom: everybody who can sees the first of those
// whom it hears that sends video. The lock is held.
func (b *Bridge) planViews() {
	for _, l := range b.lines {
		var sees *line
		for _, q := range l.hears {
			if l.view != nil && q.films && sees == nil {
				sees = q
			}
		}
		if l.sees != sees {
			l.sees = sees
			if sees != nil {
				sees.wantPicture(b.host.now())
			}
		}
	}
}

// wantPicture asks a talker for a whole picture, which somebody new begins with.
func (l *line) wantPicture(now time.Duration) {
	if l.askVideo == nil || l.filmed && now-l.asked < pictureEvery {
		return
	}
	l.filmed, l.asked = true, now
	l.askVideo(&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: l.film})
}

// filmedBy takes a packet of a party's video. The lock is held.
func (b *Bridge) filmedBy(l *line, p *picture, now time.Duration) {
	l.last = now
	if !l.films || l.film != p.ssrc {
		l.films, l.film = true, p.ssrc
		l.filmed = false
		b.plan()
		l.wantPicture(now)
	}
	for _, q := range b.lines {
		if q.sees == l && q.view != nil {
			q.view.relay(l, p, now)
		}
	}
}

// readVideo takes the browser's video until its track ends.
func (p *peer) readVideo(t *webrtc.TrackRemote) {
	l := p.leg
	buffer := make([]byte, 2048)
	types := map[uint8]string{}
	for {
		n, _, err := t.Read(buffer)
		if err != nil {
			break
		}
		var in picture
		number, ok := parse(buffer[:n], &in.packet)
		if !ok {
			continue
		}
		codec, known := types[number]
		if !known {
			codec = strings.ToLower(t.Codec().MimeType)
			types[number] = codec
		}
		in.codec = codec
		now := l.host.now()
		b := l.lock()
		if l.peer == p && !l.closed && l.expects {
			if l.pictures.over(now) {
				l.counts.Flooded++
			} else {
				l.pictures.spend(time.Duration(n)*perFilm, now)
				b.filmedBy(l.line, &in, now)
			}
		}
		b.mu.Unlock()
	}
	b := l.lock()
	defer b.mu.Unlock()
	if l.peer == p && l.films {
		l.films = false
		b.plan()
	}
}

// readVideoReports takes RTCP about video, of either direction.
func (p *peer) readVideoReports(read func([]byte) (int, interceptor.Attributes, error)) {
	l := p.leg
	buffer := make([]byte, 2048)
	for {
		n, _, err := read(buffer)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buffer[:n])
		if err != nil {
			continue
		}
		now := l.host.now()
		b := l.lock()
		if l.peer == p && !l.closed && l.newsTaken(now) {
			for _, r := range packets {
				b.videoReport(l.line, r, now)
			}
		}
		b.mu.Unlock()
	}
}

// videoReport takes what a party reports to whom it concerns. The lock is held.
func (b *Bridge) videoReport(l *line, r rtcp.Packet, now time.Duration) {
	if s, ok := r.(*rtcp.SenderReport); ok {
		for _, q := range b.lines {
			if q.sees == l && q.view != nil && q.askVideo != nil {
				if out := q.view.forViewer(l, s); out != nil {
					q.askVideo(out)
				}
			}
		}
	}
	if l.view == nil || l.sees == nil || l.view.from != l.sees || l.sees.askVideo == nil {
		return
	}
	own := uint32(1)
	if l.sees.view != nil {
		own = l.sees.view.ssrc
	}
	out, whole := l.view.forTalker(r, own)
	if out != nil {
		l.sees.askVideo(out)
	}
	if whole {
		l.sees.wantPicture(now)
	}
}

// videoTrack is the peer as the video track that pion sends.
type videoTrack struct{ peer *peer }

// Bind implements webrtc.TrackLocal.
func (t videoTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	l := t.peer.leg
	b := l.lock()
	defer b.mu.Unlock()
	v := &view{writer: c.WriteStream(), ssrc: uint32(c.SSRC()), types: map[string]uint8{}}
	var first *webrtc.RTPCodecParameters
	for _, codec := range c.CodecParameters() {
		name := strings.ToLower(codec.MimeType)
		if _, twice := v.types[name]; name == mimeVP8 || name == mimeH264 && !twice {
			v.types[name] = uint8(codec.PayloadType)
			if first == nil {
				first = &codec
			}
		}
	}
	if first == nil {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	t.peer.view = v
	if l.peer == t.peer && l.out.ready {
		l.view = v
		b.plan()
	}
	return *first, nil
}

// Unbind implements webrtc.TrackLocal.
func (t videoTrack) Unbind(webrtc.TrackLocalContext) error { return nil }

// ID implements webrtc.TrackLocal.
func (t videoTrack) ID() string { return "video" }

// RID implements webrtc.TrackLocal.
func (t videoTrack) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (t videoTrack) StreamID() string { return "nubitalk" }

// Kind implements webrtc.TrackLocal.
func (t videoTrack) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeVideo }
